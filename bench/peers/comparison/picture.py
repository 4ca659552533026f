"""The picture of a run: time over size above, ratio to ours with its interval below (SVG, gnuplot).

Sizes are categories, not a logarithmic axis, so that a barrier (size 0) is drawn as well.
"""
import shutil
import subprocess

from .progress import size_text

COLOURS = ("#0060ad", "#dd181f", "#e69f00", "#f4a6c0", "#56b4e9", "#009e73", "#7b3294", "#7f7f7f", "#8b1a1a")


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def data_block(name, rows):
    return "\n".join([f"${name} << EOD", *(" ".join(map(str, row)) for row in rows), "EOD"])


def tics(results):
    return "(" + ", ".join(f"{quoted(size_text(r['size']))} {i}" for i, r in enumerate(results)) + ")"


def script(document, path):
    """The gnuplot program that draws `document` into `path`."""
    results, libraries = document["results"], document["libraries"]
    settings, ours = document["settings"], document["settings"]["ours"]
    blocks, times, ratios = [], [], []
    for index, library in enumerate(libraries):
        name, colour = library["name"], COLOURS[index % len(COLOURS)]
        rows = [(i, r["times"][name]["medianUs"]) for i, r in enumerate(results) if name in r["times"]]
        if not rows:
            continue
        width = 3 if name == ours else 1.5
        style = f"lc rgb {quoted(colour)} lw {width} pt 7 ps 0.5 title {quoted(library['title'])}"
        blocks.append(data_block(f"times{index}", rows))
        times.append(f"$times{index} using 1:2 with linespoints {style}")
        if name == ours:
            continue
        offset = (index - len(libraries) / 2) * 0.06
        rows = [(i + offset, r["ratios"][name]["median"], r["ratios"][name]["low"], r["ratios"][name]["high"])
                for i, r in enumerate(results) if name in r["ratios"]]
        blocks.append(data_block(f"ratios{index}", rows))
        ratios.append(f"$ratios{index} using 1:2:3:4 with yerrorlines {style}")
    title = f"{settings['collective']}, {settings['placement']}, {document['machine']['cpu']}"
    ours_title = next(library["title"] for library in libraries if library["name"] == ours)
    lines = [
        "set terminal svg size 1000,900 dynamic background rgb 'white' font 'sans,13'",
        f"set output {quoted(path)}", *blocks, "set multiplot layout 2,1",
        f"set xtics {tics(results)}", f"set xrange [-0.5:{len(results) - 0.5}]",
        "set key outside right", "set grid", "set logscale y",
        f"set title {quoted(title)} noenhanced", "set ylabel 'time of a call, us (median)'",
        "plot " + ", ".join(times)]
    if ratios:
        limit = results[0]["limit"]
        lines += [f"set title {quoted(f'time / time of {ours_title}, with 95 % interval')}",
                  f"set ylabel {quoted(f'above 1: {ours_title} is faster')}",
                  "plot " + ", ".join([*ratios, "1 lc rgb 'black' lw 1 notitle",
                                       f"{limit} lc rgb 'black' dt 2 title 'limit {limit:g}'"])]
    return "\n".join([*lines, "unset multiplot", ""])


def draw(document, path):
    """None, or why there is no picture."""
    gnuplot = shutil.which("gnuplot")
    if gnuplot is None:
        return "gnuplot is not installed (Debian: gnuplot-nox)"
    if not document["results"]:
        return "there is nothing to draw"
    drawn = subprocess.run([gnuplot], input=script(document, path), text=True, capture_output=True,
                           check=False, timeout=60)
    return drawn.stderr.strip() or "gnuplot failed" if drawn.returncode != 0 else None
