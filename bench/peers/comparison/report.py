"""The record of a run (JSON) and the tables for people (Markdown, so that they go into the docs).

The record is the whole truth: every alternation of every library, with the commands and settings
that made it. The tables are computed from the record alone, so `compare --show run.json` prints the
same again. A run over several collectives is a record with a list of such comparisons, and gets one
more table: the ratio to the best Debian MPI, a column for each of them.
"""
import statistics

from . import intervals
from .progress import size_text

FORMAT_VERSION = 1


def record_of(documents):
    """What is written: the comparison itself, or a list of several."""
    if len(documents) == 1:
        return documents[0]
    return {"format": FORMAT_VERSION, "tool": documents[0]["tool"], "comparisons": documents}


def comparisons(record):
    return record.get("comparisons", [record])


def contest_name(document):
    settings = document["settings"]
    return f"{settings['collective']}, {settings['ranks']} ranks"


def interval_record(interval):
    return {"median": interval.median, "low": interval.low, "high": interval.high}


def interval_of(record):
    return intervals.Interval(record["median"], record["low"], record["high"]) if record else None


def times_record(samples):
    return {"medianUs": statistics.median(sample.p50 for sample in samples),
            "p50Us": [sample.p50 for sample in samples],
            "p95Us": [sample.p95 for sample in samples],
            "lowestUs": [sample.lowest for sample in samples],
            "meanUs": [sample.mean for sample in samples],
            "calls": [sample.calls for sample in samples]}


def size_record(size, samples, ours, debian_mpis, crowded, seed):
    """samples: name → list of Sample, all of one length. `ours` must be among them."""
    p50 = {name: [sample.p50 for sample in of_name] for name, of_name in samples.items()}
    peers = [name for name in p50 if name != ours]
    ratios = {name: interval_record(intervals.ratio_interval(p50[name], p50[ours], f"{seed}/{size}/{name}"))
              for name in peers}
    limit = intervals.limit_for(crowded)

    def against(names):
        best = intervals.best_of(p50, names)
        if best is None:
            return None
        return {"library": best, **ratios[best],
                "verdict": intervals.verdict(interval_of(ratios[best]), limit)}

    return {"size": size, "times": {name: times_record(of_name) for name, of_name in samples.items()},
            "ratios": ratios, "limit": limit, "best": against(peers),
            "bestDebianMpi": against([name for name in peers if name in debian_mpis])}


def peer_record(running, asleep_share, failure):
    library = running.peer
    return {"name": library.name, "title": library.title, "version": running.version,
            "command": running.command, "environment": running.environment,
            "debianMpi": library.debian_mpi, "pinned": "--cores" in running.command,
            "asleepCpuShare": asleep_share, "failed": failure}


def aligned(rows):
    """Rows of cells as a Markdown table; the first row is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(row):
        return "| " + " | ".join(cell.rjust(width) for cell, width in zip(row, widths)) + " |"

    return "\n".join([line(rows[0]), "|" + "|".join("-" * (width + 1) + ":" for width in widths) + "|",
                      *map(line, rows[1:])])


def microseconds(value):
    return "-" if value is None else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def peer_text(record, titles):
    return "-" if record is None else f"{interval_of(record)} {titles[record['library']]}"


def gloo_text(document, result):
    """The ratio to Gloo and whether it is what is asked for; only where something is asked for."""
    record = result["ratios"].get("gloo")
    if record is None:
        return "-"
    settings = document["settings"]
    asked = intervals.gloo_target(result["size"])
    if settings["crowded"] or settings["collective"] != "all_reduce" or asked is None:
        return str(interval_of(record))
    met = "yes" if record["low"] >= asked else "NO"
    return f"{interval_of(record)} >= {asked:g}: {met}"


def times_table(document):
    names = [library["name"] for library in document["libraries"]]
    titles = {library["name"]: library["title"] for library in document["libraries"]}
    ours = document["settings"]["ours"]
    rows = [["size", *(titles[name] for name in names), f"best peer / {titles[ours]}",
             f"best Debian MPI / {titles[ours]}", "verdict"]]
    for result in document["results"]:
        debian = result["bestDebianMpi"]
        rows.append([size_text(result["size"]),
                     *(microseconds(result["times"].get(name, {}).get("medianUs")) for name in names),
                     peer_text(result["best"], titles), peer_text(debian, titles),
                     debian["verdict"] if debian else "-"])
    return aligned(rows)


def ratios_table(document):
    ours = document["settings"]["ours"]
    peers = [library for library in document["libraries"] if library["name"] != ours]
    rows = [["size", *(library["title"] for library in peers)]]
    for result in document["results"]:
        cells = []
        for library in peers:
            record = result["ratios"].get(library["name"])
            cells.append(gloo_text(document, result) if library["name"] == "gloo"
                         else str(interval_of(record)) if record else "-")
        rows.append([size_text(result["size"]), *cells])
    return aligned(rows)


def headline(document):
    settings, machine, load = document["settings"], document["machine"], document["load"]
    company = document["company"]
    lines = [
        f"{settings['collective']}, float32 sum, {settings['placement']}, {settings['buffers']} buffers, "
        f"{settings['alternations']} alternations, seed {settings['seed']}",
        f"{machine['cpu']}, {machine['cores']} cores, {machine['kernel']}, {document['date']}",
        f"load before {load['before']:.2f}, after {load['after']:.2f}; others used "
        f"{company['foreignShare']:.1%} of the cores, the hypervisor took {company['stolenShare']:.1%}"]
    if load["before"] > 0.5 or company["foreignShare"] > 0.05 or company["stolenShare"] > 0.05:
        lines.append("WARNING: the machine was not quiet; these figures prove nothing")
    if settings["alternations"] < 5:
        lines.append("WARNING: fewer than 5 alternations; the intervals mean little")
    for library in document["libraries"]:
        asleep = library["asleepCpuShare"]
        state = f"FAILED: {library['failed']}" if library["failed"] else library["version"]
        if not library["pinned"] and not settings["crowded"]:
            state += "; not pinned"
        if asleep > 0.01:
            state += f"; WARNING: used {asleep:.1%} of a core while it should have slept"
        lines.append(f"{library['title']}: {state}")
    return lines


def tables(document):
    ours = next(library["title"] for library in document["libraries"]
                if library["name"] == document["settings"]["ours"])
    return "\n".join([
        *headline(document), "",
        "Median time of a call, us (slowest rank; median over the alternations of each one's p50), and the",
        f"ratio to the best peer with its 95 % interval (above 1: {ours} is faster). Verdict against the best",
        "Debian MPI: ahead (interval from 1.0), not behind (from the limit), unsure (across it), BEHIND.", "",
        times_table(document), "", f"Each peer's time / {ours}'s, with its 95 % interval", "",
        ratios_table(document)])


def summary_table(documents):
    """Ratio to the best Debian MPI: a row for each size, a column for each comparison."""
    sizes = sorted({result["size"] for document in documents for result in document["results"]})
    rows = [["size", *map(contest_name, documents)]]
    for size in sizes:
        cells = []
        for document in documents:
            of_size = next((result for result in document["results"] if result["size"] == size), None)
            debian = of_size["bestDebianMpi"] if of_size else None
            cells.append(f"{interval_of(debian)} {debian['verdict']}" if debian else "-")
        rows.append([size_text(size), *cells])
    return aligned(rows)


def whole_report(documents):
    parts = [tables(document) for document in documents]
    if len(documents) > 1:
        parts.append("Best Debian MPI / ours, with its 95 % interval and verdict\n\n" + summary_table(documents))
    return "\n\n".join(parts)


def sizes_behind(document):
    """Sizes whose verdict against the best Debian MPI is the worst word."""
    return [result["size"] for result in document["results"]
            if result["bestDebianMpi"] and result["bestDebianMpi"]["verdict"] == "BEHIND"]
