"""The order of measurements, the slices, what happens when a library fails; quiet; flags."""
import argparse
import collections
import types
import unittest

from comparison import command_line, machine
from comparison.libraries import Library, Placement, known_libraries
from comparison.progress import Progress, seconds_text, size_text
from comparison.rounds import Plan, Rounds, orders
from comparison.running import LibraryFailed


class Orders(unittest.TestCase):
    def test_each_alternation_has_every_library_once(self):
        for order in orders(["a", "b", "c"], 20, seed=1):
            self.assertEqual(sorted(order), ["a", "b", "c"])

    def test_the_seed_decides(self):
        names = ["a", "b", "c", "d"]
        self.assertEqual(orders(names, 9, seed=1), orders(names, 9, seed=1))
        self.assertNotEqual(orders(names, 9, seed=1), orders(names, 9, seed=2))

    def test_nobody_always_comes_first(self):
        first = collections.Counter(order[0] for order in orders(["a", "b", "c"], 60, seed=4))
        self.assertEqual(len(first), 3)
        self.assertGreater(min(first.values()), 5)


class FakeRunning:
    """Answers like a library; `wrong_at` and `fails_at` are sizes."""

    def __init__(self, name, nanoseconds, wrong_at=None, fails_at=None, ranks=2):
        self.peer = types.SimpleNamespace(title=name)
        self.nanoseconds, self.wrong_at, self.fails_at, self.ranks = nanoseconds, wrong_at, fails_at, ranks
        self.asked, self.stopped = [], False

    def cpu_seconds(self):
        return float(len(self.asked))

    def stop(self):
        self.stopped = True

    def ask(self, command):
        self.asked.append(command)
        verb, _, size, *_ = command.split()
        if int(size) == self.fails_at and verb == "measure":
            raise LibraryFailed(f"{self.peer.title}: a rank ended")
        if verb == "verify":
            return [["1" if int(size) == self.wrong_at else "0"]] * self.ranks
        return [["10", str(self.nanoseconds), "2", "3", "4.5"]] + [[]] * (self.ranks - 1)


def run(running, sizes=(8, 64), alternations=3, ours="a", budget=10.0):
    told = []
    rounds = Rounds(Plan("all_reduce", sizes, alternations, 1, budget), running, ours,
                    lambda *words: told.append(words), clock=lambda: 0.0)
    return rounds, told


class RoundsTest(unittest.TestCase):
    def test_every_library_is_verified_then_measured_in_each_alternation(self):
        running = {"a": FakeRunning("a", 1000), "b": FakeRunning("b", 2000)}
        rounds, told = run(running)
        rounds.run()
        for library in running.values():
            verbs = [command.split()[0] for command in library.asked]
            self.assertEqual(verbs, (["verify"] + ["measure"] * 3) * 2)
        self.assertEqual([sample.p50 for sample in rounds.samples[64]["b"]], [2.0] * 3)
        self.assertEqual(rounds.samples[8]["a"][0].calls, 10)
        self.assertEqual([words[3] for words in told], list(range(12, 0, -1)))

    def test_slices_share_what_is_left_of_the_budget(self):
        running = {"a": FakeRunning("a", 1), "b": FakeRunning("b", 1)}
        run(running, sizes=(8,), alternations=5, budget=2.0)[0].run()
        self.assertEqual(running["a"].asked[-1], "measure all_reduce 8 200000000 5 20000")
        running = {"a": FakeRunning("a", 1)}
        run(running, sizes=(8,), alternations=1, budget=1e5)[0].run()
        self.assertEqual(running["a"].asked[-1].split()[3], "2000000000")

    def test_an_overrun_does_not_starve_the_later_sizes(self):
        moments = iter((0.0, 0.0, 900.0))
        running = {"a": FakeRunning("a", 1)}
        plan = Plan("all_reduce", (8, 64), 1, 1, 100.0)
        Rounds(plan, running, "a", lambda *_: None, clock=lambda: next(moments)).run()
        self.assertEqual(running["a"].asked[-1], "measure all_reduce 64 100000000 5 20000")

    def test_wrong_results_take_a_library_out_before_it_is_timed(self):
        running = {"a": FakeRunning("a", 1), "b": FakeRunning("b", 1, wrong_at=64)}
        rounds, _ = run(running)
        rounds.run()
        self.assertEqual(rounds.failures, {"b": "b: 2 wrong elements at 64 bytes"})
        self.assertIn("b", rounds.samples[8])
        self.assertNotIn("b", rounds.samples[64])
        self.assertTrue(running["b"].stopped)

    def test_a_failure_in_the_middle_leaves_no_half_size(self):
        running = {"a": FakeRunning("a", 1), "b": FakeRunning("b", 1, fails_at=8)}
        rounds, _ = run(running)
        rounds.run()
        self.assertEqual(list(rounds.samples[8]), ["a"])
        self.assertEqual(len(rounds.samples[64]["a"]), 3)
        self.assertIn("a rank ended", rounds.failures["b"])

    def test_without_the_baseline_there_is_no_run(self):
        running = {"a": FakeRunning("a", 1, fails_at=64), "b": FakeRunning("b", 1)}
        with self.assertRaises(LibraryFailed):
            run(running)[0].run()


class QuietTest(unittest.TestCase):
    def wait(self, loads):
        moments, readings = iter(range(1000)), iter(loads)
        return machine.wait_for_quiet(5, now=lambda: next(moments), sleep=lambda _: None,
                                      read=lambda: next(readings))

    def test_waits_until_it_is_quiet(self):
        self.assertEqual(self.wait([2.0, 1.0, 0.4, 9.0]), 0.4)

    def test_goes_on_with_a_warning_in_the_end(self):
        self.assertEqual(self.wait([3.0] * 100), 3.0)

    def test_does_not_wait_on_a_quiet_machine(self):
        self.assertEqual(self.wait([0.5]), 0.5)


class Placing(unittest.TestCase):
    def arguments(self, ranks, **more):
        return Library("x", "X", "/x", **more).arguments(Placement(ranks, (0, 3)))

    def test_one_rank_per_core_is_pinned(self):
        self.assertEqual(self.arguments(2), ["--ranks", "2", "--cores", "0,3"])

    def test_a_crowd_is_not_pinned_and_yields(self):
        self.assertEqual(self.arguments(3), ["--ranks", "3", "--yield"])

    def test_nor_is_a_library_with_threads_of_its_own(self):
        self.assertEqual(self.arguments(2, own_threads=True), ["--ranks", "2", "--yield"])

    def test_open_mpi_yields_in_a_crowd_only(self):
        library = next(library for library in known_libraries("/a", "/e") if library.name == "openmpi5")
        for ranks, flag in ((2, "0"), (4, "1")):
            words, _ = library.launch(Placement(ranks, (0, 1)))
            self.assertEqual(words[words.index("mpi_yield_when_idle") + 1], flag)
            self.assertEqual(words[:3], ["/e/openmpi/bin/mpirun", "-n", str(ranks)])

    def test_names_are_unique(self):
        names = [library.name for library in known_libraries("/a", "/e")]
        self.assertEqual(len(names), len(set(names)))


class Flags(unittest.TestCase):
    def test_sizes(self):
        self.assertEqual(command_line.size_list("2K,8,1m,8"), (8, 2048, 1 << 20))
        self.assertEqual(command_line.size_list("8:512:4"), (8, 32, 128, 512))
        self.assertEqual(command_line.size_list("8:600:4"), (8, 32, 128, 512))
        for wrong in ("", "0", "8,", "-8", "8:64", "8:64:1", "8:64:x", "1T", "8.5"):
            with self.assertRaises(argparse.ArgumentTypeError, msg=wrong):
                command_line.size_list(wrong)

    def test_default_sizes_span_the_range(self):
        sizes = command_line.parser().parse_args([]).sizes
        self.assertEqual((sizes[0], sizes[-1]), (8, 64 << 20))
        self.assertTrue({8, 512, 2 << 10, 8 << 10, 32 << 10, 128 << 10, 512 << 10, 2 << 20, 8 << 20, 32 << 20,
                         64 << 20} <= set(sizes))

    def test_collectives(self):
        self.assertEqual(command_line.contest_list("reduce,alltoall@4,reduce"),
                         (("reduce", None), ("alltoall", 4)))
        table = command_line.parser().parse_args(["--collectives", "table"]).collectives
        self.assertEqual({name for name, _ in table}, set(command_line.COLLECTIVES) - {"barrier"})
        self.assertIn(("all_reduce", 4), table)

    def test_pictures_of_several_have_names_of_their_own(self):
        document = {"settings": {"collective": "reduce", "ranks": 4}}
        self.assertEqual(command_line.picture_path("/a/run.svg", document, True), "/a/run.svg")
        self.assertEqual(command_line.picture_path("/a/run.svg", document, False), "/a/run-reduce-4.svg")

    def test_environment_reaches_its_library_only(self):
        options = command_line.parser().parse_args(["--env", "inccl:A=b=c", "--env", "inccl:D=", "--ours", "inccl"])
        libraries = command_line.contestants(options)
        self.assertEqual(libraries["inccl"].extra_environment, {"A": "b=c", "D": ""})
        self.assertEqual(libraries["gloo"].extra_environment, {})

    def test_wrong_flags_end_with_status_2(self):
        for words in (["--ranks", "0"], ["--ranks", "65"], ["--alternations", "x"], ["--budget", "-1"],
                      ["--collective", "sum"], ["--collectives", "reduce,"], ["--collectives", "reduce@0"],
                      ["--env", "A=b"], ["--program", "x"], ["--unknown"]):
            with self.assertRaises(SystemExit, msg=words) as ended:
                command_line.parser().parse_args(words)
            self.assertEqual(ended.exception.code, 2)
        self.assertEqual(command_line.main(["--env", "nobody:A=b"]), 2)
        self.assertEqual(command_line.main(["--peers", "nobody"]), 2)
        self.assertEqual(command_line.main(["--show", "/nonexistent"]), 2)
        self.assertEqual(command_line.main(["--adapters", "/nonexistent", "--no-wait"]), 2)


class Texts(unittest.TestCase):
    def test_sizes(self):
        self.assertEqual([size_text(size) for size in (0, 8, 2048, 1500, 64 << 20)],
                         ["0 B", "8 B", "2 KiB", "1500 B", "64 MiB"])

    def test_seconds(self):
        self.assertEqual([seconds_text(seconds) for seconds in (0, 59.4, 61, 600)],
                         ["0 s", "59 s", "1 min 01 s", "10 min 00 s"])

    def test_progress_tells_the_time_left(self):
        lines = []
        stream = types.SimpleNamespace(isatty=lambda: False, write=lines.append, flush=lambda: None)
        moments = iter((0, 2, 4, 6))
        progress = Progress(5, stream, clock=lambda: next(moments))
        for left in (30, 29, 28):
            progress(8 if left > 28 else 32, 0, "gloo", left)
        told = [line for line in lines if line.strip()]
        self.assertEqual(len(told), 2)  # one a size
        self.assertIn("32 B, alternation 1 of 5, gloo, about 56 s left", told[1])


if __name__ == "__main__":
    unittest.main()
