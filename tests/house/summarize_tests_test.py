"""scripts/summarize_tests.py: what a test run is reduced to must be true."""
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import summarize_tests  # noqa: E402

SKIPPING = """[ RUN      ] Net.V6
/src/net_test.cc:12: Skipped
no IPv6 on
this machine

[  SKIPPED ] Net.V6 (0 ms)
[  PASSED  ] 3 tests.
[  SKIPPED ] 1 test, listed below:
[  SKIPPED ] Net.V6
"""
FAILING = """[  PASSED  ] 5 tests.
[  FAILED  ] 2 tests, listed below:
[  FAILED  ] A.B
[  FAILED  ] A.C
"""


class Summary(unittest.TestCase):
    def summary(self, *cases):
        """Of ctest entries (name, status, output)."""
        summary = summarize_tests.Summary()
        for name, status, output in cases:
            case = ElementTree.Element("testcase", name=name, status=status)
            ElementTree.SubElement(case, "system-out").text = output
            if status == "skip":
                case.set("status", "notrun")
                ElementTree.SubElement(case, "skipped", message="SKIP_RETURN_CODE=77")
            summary.add_entry("dev", case)
        return summary

    def test_programs_count_by_their_tests(self):
        summary = self.summary(("net_test", "run", SKIPPING), ("a_test", "fail", FAILING))
        self.assertEqual(summary.counts, {"passed": 8, "failed": 2, "skipped": 1})
        self.assertEqual(summary.skips, ["Net.V6: no IPv6 on this machine"])
        self.assertEqual(summary.failures, ["dev a_test: 2 tests"])

    def test_other_entries_count_as_one(self):
        summary = self.summary(("house_floors", "run", "floors: fine"), ("house_sizes", "fail", "too long"),
                               ("house_format", "skip", "look:\nskipped: no clang-format\nbye"))
        self.assertEqual(summary.counts, {"passed": 1, "failed": 1, "skipped": 1})
        self.assertEqual(summary.skips, ["dev house_format: no clang-format"])

    def test_a_program_that_was_not_built_is_a_failure(self):
        summary = self.summary(("a_test", "notrun", "Unable to find executable: a_test"))
        self.assertEqual(summary.counts, {"passed": 0, "failed": 1, "skipped": 0})
        self.assertEqual(summary.failures, ["dev a_test: Unable to find executable: a_test"])

    def test_a_crash_is_a_failure(self):
        before_the_end = self.summary(("a_test", "fail", "[ RUN      ] A.B\nSegmentation fault"))
        self.assertEqual(before_the_end.counts, {"passed": 0, "failed": 1, "skipped": 0})
        after_the_end = self.summary(("a_test", "fail", "[  PASSED  ] 5 tests.\nleak"))
        self.assertEqual(after_the_end.counts, {"passed": 5, "failed": 1, "skipped": 0})

    def test_nothing_run_is_no_success(self):
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
            file.write("<testsuite></testsuite>")
            file.flush()
            self.assertEqual(summarize_tests.main([f"dev={file.name}"]), 1)


if __name__ == "__main__":
    unittest.main()
