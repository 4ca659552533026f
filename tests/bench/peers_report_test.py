"""The record and what is made of it: tables, verdicts, picture."""
import json
import os
import shutil
import tempfile
import unittest

from comparison import picture, report
from comparison.rounds import Sample


def samples(*p50):
    return [Sample(100, value, value * 2, value / 2, value * 1.1) for value in p50]


def document(crowded=False, failed=None):
    times = {8: {"inccl": samples(1, 1, 1, 1, 1), "openmpi": samples(2, 2, 2, 2, 2),
                 "mpich": samples(0.9, 0.9, 0.9, 0.9, 0.9), "gloo": samples(20, 20, 20, 20, 20)},
             1 << 20: {"inccl": samples(100, 100, 100, 100, 100), "openmpi": samples(150, 150, 150, 150, 150),
                       "gloo": samples(250, 250, 250, 250, 250)}}
    libraries = [{"name": name, "title": title, "version": f"{title} 1.0", "command": [], "environment": {},
                  "debianMpi": name in ("openmpi", "mpich"), "pinned": name != "gloo",
                  "asleepCpuShare": 0.5 if name == "gloo" else 0.0,
                  "failed": failed if name == "mpich" else None}
                 for name, title in (("inccl", "INCCL"), ("openmpi", "Open MPI"), ("mpich", "MPICH"),
                                     ("gloo", "Gloo"))]
    return {"tool": "a test", "date": "today", "machine": {"cpu": "a 'quick' one", "cores": 2, "kernel": "Linux 6"},
            "load": {"before": 0.1, "after": 2.0}, "company": {"foreignShare": 0.0, "stolenShare": 0.0},
            "settings": {"collective": "all_reduce", "ours": "inccl", "ranks": 2, "placement": "2 ranks", "seed": 1,
                         "crowded": crowded, "alternations": 5, "buffers": "ordinary"},
            "libraries": libraries,
            "results": [report.size_record(size, of_size, "inccl", {"openmpi", "mpich"}, crowded, 1)
                        for size, of_size in times.items()]}


class SizeRecord(unittest.TestCase):
    def test_ratios_best_and_verdict(self):
        small, large = document()["results"]
        self.assertEqual(small["ratios"]["openmpi"], {"median": 2.0, "low": 2.0, "high": 2.0})
        self.assertNotIn("inccl", small["ratios"])
        self.assertEqual(small["best"]["library"], "mpich")
        self.assertEqual(small["bestDebianMpi"]["verdict"], "BEHIND")
        self.assertEqual(large["best"]["library"], "openmpi")
        self.assertEqual(large["bestDebianMpi"]["verdict"], "ahead")
        self.assertEqual(small["times"]["gloo"]["medianUs"], 20)

    def test_a_crowd_has_a_lower_limit(self):
        self.assertEqual(document(crowded=True)["results"][0]["bestDebianMpi"]["verdict"], "not behind")

    def test_alone(self):
        alone = report.size_record(8, {"inccl": samples(1, 1)}, "inccl", set(), False, 1)
        self.assertIsNone(alone["best"])
        self.assertIsNone(alone["bestDebianMpi"])

    def test_sizes_behind(self):
        self.assertEqual(report.sizes_behind(document()), [8])
        self.assertEqual(report.sizes_behind(document(crowded=True)), [])


class SeveralComparisons(unittest.TestCase):
    def test_one_is_written_as_itself(self):
        one = document()
        self.assertIs(report.record_of([one]), one)
        self.assertEqual(report.comparisons(one), [one])
        self.assertEqual(report.whole_report([one]), report.tables(one))

    def test_several_have_a_column_each_in_one_more_table(self):
        both = [document(), document(crowded=True)]
        both[1]["settings"] |= {"collective": "reduce", "ranks": 4}
        record = json.loads(json.dumps(report.record_of(both)))
        self.assertEqual(report.comparisons(record), json.loads(json.dumps(both)))
        lines = [line for line in report.summary_table(both).splitlines() if " 8 B " in line]
        self.assertEqual(len(lines), 1)
        self.assertIn("0.90 [0.90, 0.90] BEHIND", lines[0])
        self.assertIn("0.90 [0.90, 0.90] not behind", lines[0])
        self.assertIn("reduce, 4 ranks", report.whole_report(both))

    def test_a_size_that_only_one_has(self):
        both = [document(), document()]
        both[1]["results"] = both[1]["results"][1:]
        line = next(line for line in report.summary_table(both).splitlines() if " 8 B " in line)
        self.assertEqual(line.split("|")[3].strip(), "-")


class Tables(unittest.TestCase):
    def test_survive_the_file(self):
        record = document()
        self.assertEqual(report.tables(json.loads(json.dumps(record))), report.tables(record))

    def test_say_what_is_there_and_what_is_not(self):
        text = report.tables(document(failed="MPICH: a rank ended"))
        self.assertIn("| 8 B |", text.replace("  ", ""))
        self.assertIn("0.90 [0.90, 0.90] MPICH", text)
        self.assertIn("MPICH: FAILED: MPICH: a rank ended", text)
        self.assertIn("used 50.0% of a core while it should have slept", text)
        self.assertEqual(text.count("not pinned"), 1)
        million = next(line for line in text.splitlines() if "1 MiB" in line)
        self.assertIn("-", million.split("|")[4])

    def test_the_targets_against_gloo(self):
        text = report.tables(document())
        self.assertIn(">= 10: yes", text)
        self.assertIn("2.50 [2.50, 2.50] >= 3: NO", text)
        self.assertNotIn(">= 10", report.tables(document(crowded=True)))

    def test_warn_of_a_noisy_machine(self):
        noisy = document()
        self.assertNotIn("WARNING: the machine", report.tables(noisy))
        noisy["load"]["before"] = 0.9
        self.assertIn("WARNING: the machine was not quiet", report.tables(noisy))

    def test_columns_are_aligned(self):
        lines = report.aligned([["a", "bb"], ["ccc", "d"]]).splitlines()
        self.assertEqual(lines, ["|   a | bb |", "|----:|---:|", "| ccc |  d |"])


class Picture(unittest.TestCase):
    def test_script_holds_every_library_and_quotes(self):
        script = picture.script(document(), "/out/it's.svg")
        self.assertIn("'/out/it''s.svg'", script)
        self.assertIn("a ''quick'' one", script)
        self.assertEqual(script.count("with linespoints"), 4)
        self.assertEqual(script.count("with yerrorlines"), 3)

    @unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is not installed")
    def test_is_drawn(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "it's.svg")
            self.assertIsNone(picture.draw(document(), path))
            with open(path, encoding="utf-8") as drawn:
                self.assertIn("</svg>", drawn.read())

    def test_nothing_to_draw(self):
        empty = {**document(), "results": []}
        if shutil.which("gnuplot"):
            self.assertEqual(picture.draw(empty, "/nonexistent/x.svg"), "there is nothing to draw")
            self.assertIsNotNone(picture.draw(document(), "/nonexistent/x.svg"))


if __name__ == "__main__":
    unittest.main()
