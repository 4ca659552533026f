"""Whole runs of the comparison with a fake library: right, slow, wrong, dying, silent."""
import contextlib
import io
import json
import os
import tempfile
import unittest

from comparison import command_line

FAKE = os.environ["PEERS_FAKE_PEER"]


def processes_of(program):
    """Ids of the processes that run this program now."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as words:
            if words.read().split(b"\0")[0] == program.encode():
                found.append(int(pid))
    return found


class Run(unittest.TestCase):
    def compare(self, *words, faults=(), ranks=2, peers="peer"):
        """(exit status, record or None, everything printed). The baseline is a right fake, `ours`."""
        # A name of its own per run: links to the one program, so that its processes can be told apart.
        with tempfile.TemporaryDirectory() as folder:
            names = ["ours", *peers.split(",")]
            for name in names:
                os.symlink(FAKE, os.path.join(folder, name))
            programs = [part for name in names for part in ("--program", f"{name}={folder}/{name}")]
            settings = [part for name, fault in faults for part in ("--env", f"{name}:FAKE_PEER={fault}")]
            record = os.path.join(folder, "run.json")
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                status = command_line.main(
                    ["--ours", "ours", "--peers", peers, "--no-wait", "--budget", "0.4", "--alternations", "2",
                     "--sizes", "8,4000", "--ranks", str(ranks), "--json", record, *programs, *settings, *words])
            for name in names:
                self.assertEqual(processes_of(f"{folder}/{name}"), [], "a rank stayed behind")
            if not os.path.exists(record):
                return status, None, printed.getvalue()
            with open(record, encoding="utf-8") as file:
                return status, json.load(file), printed.getvalue()

    def test_two_right_ones(self):
        status, record, printed = self.compare()
        self.assertEqual(status, 0, printed)
        self.assertEqual([result["size"] for result in record["results"]], [8, 4000])
        for result in record["results"]:
            self.assertEqual(set(result["times"]), {"ours", "peer"})
            self.assertEqual(len(result["times"]["peer"]["p50Us"]), 2)
            self.assertGreaterEqual(min(result["times"]["peer"]["calls"]), 1)
        self.assertEqual(record["libraries"][0]["version"], "fake 1.0 of no worth")
        self.assertIn("| 4000 B |", printed)

    def test_more_ranks_than_cores(self):
        status, record, printed = self.compare(ranks=len(os.sched_getaffinity(0)) + 1)
        self.assertEqual(status, 0, printed)
        self.assertTrue(record["settings"]["crowded"])

    def test_every_collective(self):
        names = command_line.COLLECTIVES
        status, record, printed = self.compare("--collectives", ",".join(names), ranks=3)
        self.assertEqual(status, 0, printed)
        self.assertEqual([document["settings"]["collective"] for document in record["comparisons"]], list(names))
        for document in record["comparisons"]:
            collective = document["settings"]["collective"]
            self.assertEqual(len(document["results"]), 1 if collective == "barrier" else 2)

    def test_collectives_with_ranks_of_their_own(self):
        status, record, printed = self.compare("--collectives", "reduce,alltoall@3", ranks=1)
        self.assertEqual(status, 0, printed)
        self.assertEqual([document["settings"]["ranks"] for document in record["comparisons"]], [1, 3])
        self.assertIn("alltoall, 3 ranks", printed)

    def test_a_slow_peer_is_measured_as_slow(self):
        status, record, printed = self.compare(faults=[("peer", "slow")])
        self.assertEqual(status, 0, printed)
        for result in record["results"]:
            self.assertGreaterEqual(min(result["times"]["peer"]["lowestUs"]), 2000)

    def test_a_failing_peer_leaves_and_the_others_go_on(self):
        for fault, words in (("wrong", "wrong elements at 8 bytes"), ("error", "it was told to fail"),
                             ("death", "a rank ended")):
            status, record, printed = self.compare(faults=[("bad", fault)], peers="bad,good")
            self.assertEqual(status, 1, printed)
            failures = {library["name"]: library["failed"] for library in record["libraries"]}
            self.assertIn(words, failures["bad"])
            self.assertIsNone(failures["good"])
            for result in record["results"]:
                self.assertEqual(set(result["times"]), {"ours", "good"})

    def test_a_silent_peer_is_out_at_the_deadline(self):
        status, record, printed = self.compare("--deadline", "1", faults=[("peer", "silence")])
        self.assertEqual(status, 1, printed)
        self.assertIn("within 1.0 s", record["libraries"][1]["failed"])
        self.assertEqual(len(record["results"]), 2)

    def test_without_a_baseline_there_is_no_record(self):
        status, record, printed = self.compare(faults=[("ours", "wrong")])
        self.assertEqual((status, record), (1, None), printed)

    def test_a_peer_that_cannot_start(self):
        status, record, printed = self.compare(faults=[("peer", "no such fault")])
        self.assertEqual(status, 1, printed)
        self.assertIn("FAKE_PEER names no fault", record["libraries"][1]["failed"])


if __name__ == "__main__":
    unittest.main()
