#!/usr/bin/env python3
"""Every collective, type and operation, pairwise with ranks, transports and how calls are made.

    perf_pairwise_test.py PROGRAM

There is one run for each collective and number of ranks, and each run goes through all types and
operations, so those meet everything. Transport, alignment, kind of memory, root and calls in a group
are dealt out to the runs such that each two values of different factors meet in one of them.
scripts/soak.sh has the full product.
"""
import functools
import itertools
import os
import subprocess
import sys
import unittest

from perf_end_to_end_test import COLLECTIVES, REDUCING, WITHOUT_IN_PLACE, environment, rows_of

PROGRAM = ""
DEADLINE_S = 100
SIZES = ("-b", "40", "-e", "12K", "-f", "301")  # less than an element a rank, and an odd length
PAIRS, TYPES = 132, 17  # of types and operations that the header defines; types

FACTORS = {
    "collective": COLLECTIVES,
    "ranks": (1, 2, 3, 4, 5, 6, 7, 8, 13),
    "transport": ("inproc", "shm", "tcp"),
    "unalign": (0, 1, 3),
    "memory": (0, 1),
    "root": ("first", "last"),
    "group": (1, 3),
}
DEALT = list(FACTORS)[2:]


def pairs_in(run):
    """What meets in a run; a run is one value of each factor, in their order."""
    return set(itertools.combinations(zip(FACTORS, run), 2))


@functools.lru_cache(maxsize=None)
def runs():
    """The runs, and the pairs that none of them has."""
    wanted = {((a, x), (b, y)) for a, b in itertools.combinations(FACTORS, 2)
              for x in FACTORS[a] for y in FACTORS[b]}
    choices = list(itertools.product(*(FACTORS[name] for name in DEALT)))
    chosen = []
    for fixed in itertools.product(FACTORS["collective"], FACTORS["ranks"]):
        best = max((fixed + choice for choice in choices), key=lambda run: len(pairs_in(run) & wanted))
        wanted -= pairs_in(best)
        chosen.append(dict(zip(FACTORS, best)))
    return chosen, wanted


def command_of(run):
    ranks = run["ranks"]
    # Ranks that share a process are threads; only they have "inproc".
    place = "-t" if run["transport"] == "inproc" else "--np"
    root = 0 if run["root"] == "first" else ranks - 1
    return [PROGRAM, run["collective"], place, str(ranks), "--transport", run["transport"], *SIZES, "-d", "all",
            "-o", "all", "-n", "1", "-w", "0", "-u", str(run["unalign"]), "-R", str(run["memory"]), "-r", str(root),
            "-m", str(run["group"])]


class Pairwise(unittest.TestCase):
    def test_each_pair_of_values_meets(self):
        chosen, missing = runs()
        self.assertEqual(missing, set())
        self.assertEqual(len(chosen), len(FACTORS["collective"]) * len(FACTORS["ranks"]))

    def test_nothing_is_wrong(self):
        elements = 0
        for run in runs()[0]:
            command = command_of(run)
            with self.subTest(command=" ".join(command[1:])):
                done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S,
                                      env=environment(INCCL_TESTS_ALLTOALLV_SPREAD="0.75"))
                self.assertEqual(done.returncode, 0, done.stderr[-2000:])
                elements += self.check_rows(run["collective"], rows_of(done.stdout))
        print(f"{len(runs()[0])} runs, {elements} rows, 0 wrong")

    def check_rows(self, collective, rows):
        expected = 1 if collective == "barrier" else 2 * (PAIRS if collective in REDUCING else TYPES)
        self.assertEqual(len(rows), expected)
        for row in rows:
            self.assertEqual(row[5][3], "0", row)
            self.assertEqual(row[5][7], "N/A" if collective in WITHOUT_IN_PLACE else "0", row)
        return len(rows)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
