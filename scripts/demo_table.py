#!/usr/bin/env python3
"""One table out of several runs of inccl-perf --json: a row for each size, a column for each run.

    demo_table.py NAME=FILE.json …

Times are of one call out of place, in microseconds. Exit status 1 when a run has a wrong element, or
other sizes than the first.
"""
import json
import sys


def read(argument):
    """('ring', {size: (microseconds, wrong elements)}) of 'ring=FILE'."""
    name, _, path = argument.partition("=")
    with open(path, encoding="utf-8") as file:
        results = json.load(file)["results"]
    return name, {r["size"]: (r["out_of_place"]["time"], r["out_of_place"]["nwrong"] + r["in_place"]["nwrong"])
                  for r in results}


def size_text(size):
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit and size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size} B"


def table(runs):
    lines = ["  " + f"{'size':>9}" + "".join(f"{name:>24}" for name, _ in runs)]
    for size in runs[0][1]:
        cells = "".join(f"{times[size][0]:>21.1f} us" for _, times in runs)
        lines.append("  " + f"{size_text(size):>9}" + cells)
    return "\n".join(lines)


def main(arguments):
    if not arguments or any("=" not in argument for argument in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    runs = [read(argument) for argument in arguments]
    if any(times.keys() != runs[0][1].keys() for _, times in runs):
        print("demo_table.py: the runs have different sizes", file=sys.stderr)
        return 1
    print(table(runs))
    wrong = sum(bad for _, times in runs for _, bad in times.values())
    print(f"  wrong elements: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
