#!/usr/bin/env python3
"""Runs inccl-perf as its users do and looks at table, files, exit status and what is left behind.

    perf_end_to_end_test.py PROGRAM [unittest arguments]

Every run has a deadline. Ranks are few and sizes small: speed is not tested here.
"""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = ""
DEADLINE_S = 100
COLLECTIVES = ("all_reduce", "all_gather", "broadcast", "reduce_scatter", "reduce", "alltoall", "alltoallv",
               "gather", "scatter", "sendrecv", "barrier")
REDUCING = ("all_reduce", "reduce", "reduce_scatter")
ROOTED = ("broadcast", "reduce", "gather", "scatter")
WITHOUT_IN_PLACE = ("alltoall", "alltoallv", "sendrecv", "barrier")
BLOCKS = ("all_gather", "reduce_scatter", "alltoall", "gather", "scatter")  # count is one rank's
ROW = re.compile(r"^ *(\d+) +(\d+) +(\w+) +(\w+) +(-?\d+)((?: +\S+)+)$")


def environment(**changes):
    """The tester's environment without a launcher's, so that runs are what their flags say."""
    kept = {name: value for name, value in os.environ.items()
            if not re.match(r"(INCCL|NCCL|OMPI|PMI|PMIX|SLURM)_|(RANK|WORLD_SIZE|MASTER_ADDR|MASTER_PORT)$", name)}
    return kept | changes


def perf(*arguments, **changes):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                          timeout=DEADLINE_S, env=environment(**changes))


def rows_of(output):
    """Each row as (size, count, type, redop, root, values)."""
    rows = []
    for line in output.splitlines():
        match = ROW.match(line)
        if match and not line.startswith("#"):
            size, count, type_name, redop, root, values = match.groups()
            rows.append((int(size), int(count), type_name, redop, int(root), values.split()))
    return rows


def pids_of(output):
    return [int(pid) for pid in re.findall(r"^#  Rank +\d+ Group +\d+ Pid +(\d+) on", output, re.M)]


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Table(unittest.TestCase):
    def check_success(self, run, ranks):
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("# Out of bounds values : 0 OK\n", run.stdout)
        self.assertRegex(run.stdout, r"# Avg bus bandwidth    : [\d.e+-]+ \n")
        self.assertIn("# Collective test concluded: ", run.stdout)
        self.assertEqual(len(pids_of(run.stdout)), ranks)

    def test_each_collective_on_one_two_and_three_ranks(self):
        for collective in COLLECTIVES:
            for ranks in (1, 2, 3):
                with self.subTest(collective=collective, ranks=ranks):
                    run = perf(collective, "-b", 8, "-e", "64K", "-f", 8, "--np", ranks, "-n", 3)
                    self.check_success(run, ranks)
                    rows = rows_of(run.stdout)
                    self.assertEqual(len(rows), 1 if collective == "barrier" else 5)
                    for size, count, type_name, redop, root, values in rows:
                        self.check_row(collective, ranks, size, count, redop, root, values)

    def check_row(self, collective, ranks, size, count, redop, root, values):
        self.assertEqual(redop, "sum" if collective in REDUCING else "none")
        self.assertEqual(root, 0 if collective in ROOTED else -1)
        if collective == "alltoallv":
            self.assertLessEqual(size, 4 * count * ranks)
        else:
            self.assertEqual(size, 4 * count * (ranks if collective in BLOCKS else 1))
        self.assertEqual(len(values), 8)
        self.assertEqual(values[3], "0", "wrong elements out of place")
        self.assertEqual(values[7], "N/A" if collective in WITHOUT_IN_PLACE else "0")
        time_us, algbw, busbw = map(float, values[:3])
        self.assertGreater(time_us, 0)
        if size >= 4096 and algbw >= 1:
            self.assertAlmostEqual(algbw, size / time_us / 1e3, delta=0.1 * algbw + 0.02)
            factor = 1 if collective in ("broadcast", "reduce", "sendrecv") else (ranks - 1) / ranks
            factor *= 2 if collective == "all_reduce" else 1
            self.assertAlmostEqual(busbw, algbw * factor, delta=0.02)

    def test_all_types_and_operations_are_right(self):
        for mode in (("--np", 2), ("-t", 3)):
            run = perf("all_reduce", "-b", 4, "-e", "256K", "-f", 251, "-d", "all", "-o", "all", "-n", 2, *mode)
            self.check_success(run, mode[1])
            rows = rows_of(run.stdout)
            self.assertEqual(len({row[2:4] for row in rows}), 132)
            self.assertLessEqual({("float", "mulsum"), ("int16", "bxor"), ("bool", "land"), ("complex64", "avg")},
                                 {row[2:4] for row in rows})
            self.assertTrue(all(row[5][3] == row[5][7] == "0" for row in rows))

    def test_runs_of_threads_side_by_side_do_not_meet(self):
        command = [PROGRAM, "all_reduce", "-b", "1K", "-e", "1K", "-n", "200", "-N", "20"]
        both = [subprocess.Popen([*command, "-t", str(ranks)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 env=environment()) for ranks in (2, 3)]
        outputs = [run.communicate(timeout=DEADLINE_S) for run in both]
        self.assertEqual([run.returncode for run in both], [0, 0], outputs)

    def test_each_forced_algorithm(self):
        for collective in ("all_reduce", "broadcast", "all_gather", "barrier"):
            for algorithm in ("ring", "rd", "direct", "half", "tree", "bruck"):
                with self.subTest(collective=collective, algorithm=algorithm):
                    run = perf(collective, "-b", 8, "-e", "512K", "-f", 256, "--np", 3, "-n", 2, "--algo", algorithm)
                    self.check_success(run, 3)

    def test_every_root(self):
        for collective in ROOTED:
            run = perf(collective, "-b", "1K", "-e", "1K", "-r", -1, "--np", 3, "-n", 2)
            self.check_success(run, 3)
            self.assertEqual([row[4] for row in rows_of(run.stdout)], [0, 1, 2])

    def test_the_spread_of_an_alltoallv(self):
        for spread, size in (("0", 3072), ("1", 3072), ("0.5", 3072)):
            run = perf("alltoallv", "-b", "3K", "-e", "3K", "--np", 3, "-n", 2, INCCL_TESTS_ALLTOALLV_SPREAD=spread)
            self.check_success(run, 3)
            self.assertEqual([row[:2] for row in rows_of(run.stdout)], [(size, 256)])

    def test_modes_of_timing_and_memory(self):
        for flags in (("-m", 3), ("-z", 1), ("-z", 2), ("-z", 3), ("-z", 1, "-m", 2), ("-u", 1), ("-u", 3, "-R", 1),
                      ("-R", 1), ("--rotate",), ("-c", 3), ("-w", 0), ("-N", 2), ("-a", 0), ("-a", 2), ("-a", 3),
                      ("-T", 60), ("-p", 1), ("-y", 1)):
            for collective in ("all_reduce", "alltoallv"):
                with self.subTest(flags=flags, collective=collective):
                    run = perf(collective, "-b", 1000, "-e", 9000, "-i", 4000, "--np", 2, "-n", 3, *flags)
                    self.check_success(run, 2)
                    self.assertEqual(len(rows_of(run.stdout)), 6 if "-N" in flags else 3)

    def test_sizes_of_nothing(self):
        for collective in COLLECTIVES:
            run = perf(collective, "-b", 0, "-e", 3, "-i", 1, "--np", 2, "-n", 2)
            self.check_success(run, 2)

    def test_unchecked_is_not_available(self):
        run = perf("all_reduce", "-b", 64, "-e", 64, "-c", 0, "--np", 2)
        self.check_success(run, 2)
        self.assertEqual([rows_of(run.stdout)[0][5][i] for i in (3, 7)], ["N/A", "N/A"])

    def test_columns_of_iterations_and_time_of_day(self):
        run = perf("all_reduce", "-b", 64, "-e", 64, "-I", 1, "-K", 2, "-n", 6, "-S", 1, "--np", 2)
        self.check_success(run, 2)
        values = rows_of(run.stdout)[0][5]
        self.assertEqual(len(values), 18)
        self.assertLessEqual(float(values[4]), float(values[5]))
        self.assertRegex(" ".join(values[16:]), r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")

    def test_hashes_are_equal_over_ranks_placements_cycles_and_runs(self):
        for collective in COLLECTIVES:
            with self.subTest(collective=collective):
                seen = set()
                for cycles in (1, 2):
                    run = perf(collective, "-b", "100K", "-e", "100K", "--np", 3, "-n", 2, "--hash", "-N", cycles, "-c", cycles)
                    self.check_success(run, 3)
                    self.assertIn("# Unequal hashes       : 0 OK\n", run.stdout)
                    seen |= {value for row in rows_of(run.stdout) for value in row[5][8:]}
                seen.discard("N/A")
                self.assertEqual(len(seen), 0 if collective == "barrier" else 1, seen)
                self.assertTrue(all(re.fullmatch("[0-9a-f]{16}", value) for value in seen))

    def test_minimum_bandwidth_decides_the_exit_status(self):
        slow = perf("all_reduce", "-b", 64, "-e", 64, "--np", 2, INCCL_TESTS_MIN_BW="100000")
        self.assertEqual(slow.returncode, 1)
        self.assertRegex(slow.stdout, r"# Avg bus bandwidth    : [\d.e+-]+ FAILED\n")
        fast = perf("all_reduce", "-b", "64K", "-e", "64K", "--np", 2, NCCL_TESTS_MIN_BW="0.0000001")
        self.assertEqual(fast.returncode, 0)
        self.assertRegex(fast.stdout, r"# Avg bus bandwidth    : [\d.e+-]+ OK\n")

    def test_ranks_of_a_launcher(self):
        root = f"127.0.0.1:{free_port()}"
        command = [PROGRAM, "all_gather", "-b", "1K", "-e", "4K", "-f", "2", "-n", "3"]
        ranks = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  env=environment(INCCL_RANK=str(rank), INCCL_NRANKS="2", INCCL_ROOT=root,
                                                  INCCL_SECRET="of this test"))
                 for rank in range(2)]
        outputs = [rank.communicate(timeout=DEADLINE_S) for rank in ranks]
        self.assertEqual([rank.returncode for rank in ranks], [0, 0], outputs)
        self.assertEqual(len(rows_of(outputs[0][0])), 3)
        self.assertEqual(outputs[1][0], "", "only rank 0 prints")


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="inccl-perf-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def test_json_says_what_the_table_says(self):
        file = self.path("out.json")
        run = perf("all_reduce", "-b", "1K", "-e", "64K", "-f", 8, "--np", 2, "-d", "double", "-o", "max", "-I", 1,
                   "-n", 4, "--json", file, INCCL_SECRET="hush", HOME_MARK="private")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn(f"# Writing JSON output to {file}\n", run.stdout)
        with open(file) as handle:
            text = handle.read()
        self.assertNotIn("hush", text)
        self.assertNotIn("HOME_MARK", text)
        data = json.loads(text)
        self.assertEqual(data["version"], 3)
        self.assertEqual(len(data["config"]["devices"]), 2)
        rows = rows_of(run.stdout)
        self.assertEqual(len(data["results"]), len(rows))
        for result, row in zip(data["results"], rows):
            self.assertEqual((result["size"], result["count"], result["type"], result["redop"], int(result["root"])),
                             row[:5])
            for key, values in (("out_of_place", row[5][:8]), ("in_place", row[5][8:])):
                self.assertAlmostEqual(result[key]["time"], float(values[0]), delta=0.006 + 0.001 * float(values[0]))
                self.assertAlmostEqual(result[key]["bus_bw"], float(values[2]), delta=0.006)
                self.assertEqual(result[key]["nwrong"], 0)
                self.assertEqual(len(result[f"{key}_per_iter"]["times_us"]), 4)
            for key in ("library", "transport", "algorithm", "protocol", "planId"):
                self.assertTrue(result[key], key)
        self.assertEqual(data["out_of_bounds"], {"count": 0, "okay": "true"})
        self.assertEqual(data["errors"], [])

    def test_an_existing_file_is_kept(self):
        file = self.path("out.json")
        with open(file, "w") as handle:
            handle.write("mine")
        for name in ("out.json.0", "out.json.1"):
            run = perf("barrier", "--np", 1, "-J", file)
            self.assertEqual(run.returncode, 0, run.stderr)
            with open(self.path(name)) as handle:
                self.assertIsNone(json.load(handle)["results"][0]["in_place"]["time"])
        with open(file) as handle:
            self.assertEqual(handle.read(), "mine")

    def test_a_file_that_cannot_be_made_ends_the_run_before_it_starts(self):
        run = perf("barrier", "--np", 2, "-J", self.path("missing/out.json"))
        self.assertEqual(run.returncode, 3)
        self.assertIn("missing/out.json: No such file", run.stderr)
        self.assertEqual(run.stdout, "")

    def test_a_picture_is_drawn(self):
        if shutil.which("gnuplot") is None:
            self.skipTest("gnuplot is not installed")
        file = self.path("out.svg")
        run = perf("all_reduce", "-b", 8, "-e", "8K", "-f", 2, "--np", 2, "-n", 2, "--plot", file)
        self.assertEqual(run.returncode, 0, run.stderr)
        with open(file) as handle:
            picture = handle.read()
        self.assertIn("<svg", picture)
        self.assertIn("bus bandwidth (GB/s)", picture)
        self.assertEqual(run.stderr, "")

    def test_without_gnuplot_it_says_so_and_measures(self):
        run = perf("barrier", "--np", 1, "--plot", self.path("out.svg"), PATH="/nowhere")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("gnuplot is not installed", run.stderr)


class Failures(unittest.TestCase):
    def test_wrong_command_lines_are_refused_before_anything_runs(self):
        for flags, word in ((("-b", 9, "-e", 8), "-b,--minbytes"), (("-n", 0), "--iters"), (("-d", "f"), "--datatype"),
                            (("-o", "xor"), "mulsum, band"), (("--np", -1), "--np"), (("--bogus",), "--bogus"),
                            (("-g", 2), "--ngpus"), (("-z", 9), "--blocking"), (("--np", 2, "--algo", "oak"), "'oak'"),
                            (("--np", 2, "--transport", "pigeon"), "auto inproc shm tcp")):
            with self.subTest(flags=flags):
                run = perf("all_reduce", *flags)
                self.assertEqual(run.returncode, 2)
                self.assertEqual(run.stdout, "")
                self.assertIn(word, run.stderr)
                self.assertEqual(run.stderr.count("\n"), 1, run.stderr)
        self.assertEqual(perf().returncode, 2)
        pair = perf("all_reduce", "-d", "half", "-o", "bxor", "--np", 2)
        self.assertEqual(pair.returncode, 2)
        self.assertIn("half/bxor is not defined", pair.stderr)
        root = perf("broadcast", "-r", 1)
        self.assertEqual(root.returncode, 2)
        self.assertIn("1 is not a rank", root.stderr)

    def test_what_the_library_refuses_is_told(self):
        run = perf("all_reduce", "--np", 2, "-b", 8, "-e", 8, INCCL_TRANSPORT="pigeon")
        self.assertEqual(run.returncode, 3)
        self.assertIn("pigeon", run.stderr)
        self.assertEqual(rows_of(run.stdout), [])

    def start_endless(self, *arguments):
        """A run that goes on for ever, and the pids of its ranks once it is in its first rows."""
        process = subprocess.Popen([PROGRAM, "all_reduce", "-b", "256K", "-e", "256K", "-N", "0", "--np", "3",
                                    *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=environment())
        self.addCleanup(process.kill)
        head = ""
        while not rows_of(head):
            line = process.stdout.readline()
            self.assertNotEqual(line, "", process.stderr.read() if line == "" else "")
            head += line
        return process, pids_of(head)

    def finish(self, process, pids):
        output, errors = process.communicate(timeout=DEADLINE_S)
        deadline = time.monotonic() + 5
        while any(map(is_alive, pids)) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual([pid for pid in pids if is_alive(pid)], [], "ranks left behind")
        return errors

    def test_a_killed_rank_is_named_and_the_others_end(self):
        process, pids = self.start_endless()
        os.kill(pids[1], signal.SIGKILL)
        errors = self.finish(process, pids)
        self.assertEqual(process.returncode, 3)
        self.assertRegex(errors, rf"rank 1 \(pid {pids[1]}\) was killed by signal 9")

    def test_interrupts_end_all_ranks(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process, pids = self.start_endless()
            process.send_signal(number)
            errors = self.finish(process, pids)
            self.assertEqual(process.returncode, 128 + number, errors)

    def test_ranks_do_not_outlive_a_killed_parent(self):
        process, pids = self.start_endless()
        process.kill()
        self.finish(process, pids)

    def test_a_row_that_takes_too_long_is_ended(self):
        run = perf("all_reduce", "-b", "1M", "-e", "1M", "-n", 1000000000, "--np", 2, "-T", 1)
        self.assertEqual(run.returncode, 3)
        self.assertIn("took longer than 1 s (-T)", run.stderr)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
