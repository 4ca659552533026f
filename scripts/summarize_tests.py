#!/usr/bin/env python3
"""Counts what ran, from ctest's JUnit files, and prints every skip with its reason.

    summarize_tests.py PRESET=FILE.xml …

A GoogleTest program is one entry to ctest and many tests to us, so its own closing lines are read
where they are there: a program that skips half of its tests must not look like one that ran them
all. Prints 'N passed, N failed, N skipped' last; exit status 1 when something failed.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter

PASSED = re.compile(r"^\[  PASSED  \] (\d+) tests?\.", re.M)
FAILED = re.compile(r"^\[  FAILED  \] (\d+) tests?, listed below", re.M)
SKIPPED = re.compile(r"^\[  SKIPPED \] (\d+) tests?, listed below", re.M)
# "file:12: Skipped", the reason, then the line that closes the test.
REASON = re.compile(r"^\S+:\d+: Skipped\n(.*?)\n\[  SKIPPED \] (\S+) \(", re.M | re.S)


def first_number(pattern, text):
    found = pattern.search(text)
    return int(found.group(1)) if found else 0


def skip_reason(output):
    """What a test that is no GoogleTest said: its line 'skipped: …', else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    said = [line for line in lines if line.lower().startswith("skipped:")]
    return said[-1][len("skipped:"):].strip() if said else (lines[-1] if lines else "no reason given")


class Summary:
    def __init__(self):
        self.counts = Counter(passed=0, failed=0, skipped=0)
        self.skips = []
        self.failures = []

    def add_program(self, name, output, program_failed):
        """A GoogleTest program that came to its closing lines."""
        failures = first_number(FAILED, output)
        self.counts["passed"] += first_number(PASSED, output)
        self.counts["skipped"] += first_number(SKIPPED, output)
        self.counts["failed"] += max(failures, 1 if program_failed else 0)
        if program_failed:
            self.failures.append(f"{name}: {failures} tests")
        for reason, test in REASON.findall(output):
            self.skips.append(f"{test}: {' '.join(reason.split())}")

    def add_entry(self, preset, case):
        name = f"{preset} {case.get('name')}"
        output = case.findtext("system-out") or ""
        status = case.get("status")
        mark = case.find("skipped")
        # Of "notrun" only what skipped itself is a skip; a program that is not there is a failure.
        if status == "disabled" or (mark is not None and mark.get("message", "").startswith("SKIP_")):
            self.counts["skipped"] += 1
            self.skips.append(f"{name}: {skip_reason(output)}")
        elif PASSED.search(output):
            self.add_program(name, output, status == "fail")
        elif status != "run":
            self.counts["failed"] += 1
            self.failures.append(name if status == "fail" else f"{name}: {output.strip()}")
        else:
            self.counts["passed"] += 1

    def print(self):
        for title, lines in (("skipped", self.skips), ("failed", self.failures)):
            for line, times in Counter(lines).items():
                print(f"  {title}: {line}" + (f" ({times} times)" if times > 1 else ""))
        print("{passed} passed, {failed} failed, {skipped} skipped".format(**self.counts))


def main(arguments):
    summary = Summary()
    for argument in arguments:
        preset, path = argument.split("=", 1)
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            summary.add_entry(preset, case)
    summary.print()
    return 1 if summary.counts["failed"] or not summary.counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
