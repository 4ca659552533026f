#!/usr/bin/env python3
"""Runs inccl-lab as its users do: real namespaces, real ranks, and a look at what is left behind.

    lab_end_to_end_test.py LAB PERF TOPOLOGIES EXPECTED [unittest arguments]

LAB, PERF and EXPECTED (expected_bytes.cc) are the programs. Where namespaces cannot be made the test says why and exits with 77.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

LAB = PERF = TOPOLOGIES = EXPECTED = ""
DEADLINE_S = 60
MARK = "INCCL_LAB_TEST_MARK"
NOBODY = 65534


def two_hosts():
    return os.path.join(TOPOLOGIES, "lab_two_hosts_500mbit.json")


def ring():
    return os.path.join(TOPOLOGIES, "lab_ring_of_four_hosts_200mbit.json")


def triangle():
    return os.path.join(TOPOLOGIES, "lab_triangle_of_hosts_200mbit.json")


def join(links, a, b, rate):
    links.extend({"src": src, "dst": dst, "GBps": rate, "alphaUs": 1} for src, dst in ((a, b), (b, a)))


def two_links():
    """Two hosts that are joined twice: what comes first has a quarter of the rate."""
    nodes, links = [], []
    for host in range(2):
        nodes.append({"id": f"host{host}", "kind": "host"})
        nodes.append({"id": f"rank{host}", "kind": "rank", "rank": host, "host": f"host{host}"})
        join(links, f"host{host}", f"rank{host}", 10)
        for number, name in enumerate(("slow", "fast")):
            nodes.append({"id": f"{name}{host}", "kind": "nic", "host": f"host{host}",
                          "address": f"10.79.{number}.{host + 1}"})
            join(links, f"host{host}", f"{name}{host}", 10)
    join(links, "slow0", "slow1", 0.0125)
    join(links, "fast0", "fast1", 0.05)
    return json.dumps({"name": "two_links", "source": "test", "nodes": nodes, "links": links})


def ring_of_nics(hosts):
    """As the ring of the file, but each host has a NIC with an address for each of its two links."""
    nodes, links = [], []
    for host in range(hosts):
        nodes.append({"id": f"host{host}", "kind": "host"})
        nodes.append({"id": f"rank{host}", "kind": "rank", "rank": host, "host": f"host{host}"})
        join(links, f"host{host}", f"rank{host}", 10)
    for host in range(hosts):
        following = (host + 1) % hosts
        for end, (here, there) in enumerate(((host, following), (following, host))):
            nodes.append({"id": f"host{here}.to{there}", "kind": "nic", "host": f"host{here}",
                          "address": f"10.80.{host}.{end + 1}"})
            join(links, f"host{here}", f"host{here}.to{there}", 10)
        join(links, f"host{host}.to{following}", f"host{following}.to{host}", 0.025)
    return json.dumps({"name": "ring_of_nics", "source": "test", "nodes": nodes, "links": links})


def environment(**changes):
    kept = {name: value for name, value in os.environ.items()
            if not re.match(r"(INCCL|NCCL)_|(RANK|WORLD_SIZE|MASTER_ADDR|MASTER_PORT)$", name)}
    return kept | changes


def lab(*arguments, **changes):
    return subprocess.run([LAB, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=DEADLINE_S, env=environment(**changes))


def why_not():
    """Why no lab can be built here; empty when one can."""
    run = lab("run", two_hosts(), "--", "true")
    return "" if run.returncode == 0 else run.stderr.strip()


def marked(mark):
    """Processes that were started with this mark in their environment."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if name.isdigit() and f"{MARK}={mark}\0".encode() in file.read():
                    found.append(int(name))
        except OSError:
            pass
    return [pid for pid in found if is_alive(pid)]


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def networks():
    """The network namespaces that any process is in."""
    found = set()
    for name in os.listdir("/proc"):
        try:
            if name.isdigit():
                found.add(os.readlink(f"/proc/{name}/ns/net"))
        except OSError:
            pass
    return found


def wait_until(condition, what):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {DEADLINE_S} s: {what}")
        time.sleep(0.02)


def sent_bytes(output):
    """{"host0 eth0": bytes} from the lines of --counters."""
    return {match[1]: int(match[2]) for match in re.finditer(r"^# (\S+ \S+) -> .*: (\d+) bytes$", output, re.M)}


class LabTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="inccl-lab-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.mark = uuid.uuid4().hex
        self.before = networks()
        self.seen = set()  # those of the lab
        with open("/proc/self/net/dev") as file:
            self.devices = file.read().count(":")
        self.own = {"XDG_RUNTIME_DIR": self.folder, MARK: self.mark}

    def lab(self, *arguments, **changes):
        return lab(*arguments, **(self.own | changes))

    def start(self, *arguments):
        process = subprocess.Popen([LAB, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env=environment(**self.own))
        self.addCleanup(process.communicate, timeout=DEADLINE_S)
        self.addCleanup(process.kill)
        return process

    def check_nothing_is_left(self):
        wait_until(lambda: not marked(self.mark), "all processes are gone")
        with open("/proc/self/net/dev") as file:
            self.assertEqual(file.read().count(":"), self.devices)
        # Others may come and go meanwhile, so: none of those that the lab's processes were in.
        self.assertFalse(networks() & self.seen)

    def see_networks(self):
        for pid in marked(self.mark):
            try:
                self.seen.add(os.readlink(f"/proc/{pid}/ns/net"))
            except OSError:
                pass
        self.seen -= self.before

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path


class Run(LabTest):
    def check_all_reduce(self, run, hosts, ranks):
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("[0] # Out of bounds values : 0 OK\n", run.stdout)
        devices = re.findall(r"^\[0\] #  Rank +(\d+) Group .* on +(\S+) device", run.stdout, re.M)
        self.assertEqual(len(devices), ranks)
        self.assertEqual({host for _, host in devices}, set(hosts))

    def test_all_reduce_between_two_hosts_crosses_the_wire(self):
        run = self.lab("run", "--counters", "--timeout", DEADLINE_S - 5, two_hosts(), "--", PERF, "all_reduce", "-b",
                       "256K", "-e", "1M", "-f", 4, "-n", 2)
        self.check_all_reduce(run, ("host0", "host1"), 4)
        sent = sent_bytes(run.stdout)
        self.assertEqual(len(sent), 4, run.stdout)
        # Each call brings each host what the other has: at least the smaller half of the vector.
        self.assertGreater(min(sent.values()), (1 << 20) // 2)
        self.check_nothing_is_left()

    def test_the_simulator_knows_the_bytes_on_the_wire(self):
        """Of one call: the difference between runs of more and of fewer calls, headers and all."""
        bytes_of_call = 2 << 20
        for algorithm in ("two_level", "ring"):
            sent = []
            for calls in (1, 4):  # out of place and again in place
                run = self.lab("run", "--counters", "--timeout", DEADLINE_S - 5, two_hosts(), "--", PERF, "all_reduce",
                               "-b", bytes_of_call, "-e", bytes_of_call, "-n", calls, "-w", 0, "-c", 0, "--algo",
                               algorithm)
                self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
                sent.append(sent_bytes(run.stdout)["host0 eth0"])
            measured = (sent[1] - sent[0]) / (2 * (4 - 1))
            simulated = subprocess.run([EXPECTED, two_hosts(), algorithm, str(bytes_of_call)], capture_output=True,
                                       text=True, check=True).stdout
            expected = int(re.search(r"^host0 network (\d+)$", simulated, re.M)[1])
            self.assertAlmostEqual(measured / expected, 1, delta=0.02, msg=f"{algorithm}: {measured} of {expected}")

    def test_hosts_joined_directly(self):
        run = self.lab("run", "--counters", "--timeout", DEADLINE_S - 5, ring(), "--", PERF, "all_reduce", "-b", "64K",
                       "-e", "64K", "-n", 2, INCCL_ALGO="ring")
        self.check_all_reduce(run, [f"host{i}" for i in range(4)], 4)
        sent = sent_bytes(run.stdout)
        for end in ("host0 eth0", "host1 eth1", "host2 eth1", "host3 eth1"):
            self.assertGreater(sent[end], 64 << 10, run.stdout)

    def test_the_rate_holds(self):
        """A TCP flow gets no more than the link has, headers counted; how much less is the machine's business."""
        run = self.lab("calibrate", two_hosts())
        self.assertEqual(run.returncode, 0, run.stderr)
        shares = [float(line.rsplit(" ", 1)[1]) for line in run.stdout.splitlines()]
        self.assertEqual(len(shares), 4, run.stdout)
        self.assertTrue(all(0 < share <= 1.05 for share in shares), run.stdout)

    def test_ranks_see_their_place_and_their_network_only(self):
        run = self.lab("run", two_hosts(), "--", "sh", "-c", "hostname; echo $INCCL_RANK of $INCCL_NRANKS; "
                       "ls /proc/sys/net/ipv4/conf | tr '\\n' ' '; echo")
        self.assertEqual(run.returncode, 0, run.stderr)
        lines = sorted(run.stdout.splitlines())
        self.assertIn("[3] host1", lines)
        self.assertIn("[3] 3 of 4", lines)
        self.assertIn("[0] all default eth0 lo ", lines)

    def test_the_worst_status_is_that_of_the_whole(self):
        run = self.lab("run", two_hosts(), "--", "sh", "-c", "exit $INCCL_RANK")
        self.assertEqual(run.returncode, 3)
        self.assertIn("rank 2 on host1 ended with status 2", run.stderr)
        self.assertEqual(self.lab("run", two_hosts(), "--", "/nowhere/program").returncode, 127)

    def test_time_runs_out(self):
        run = self.lab("run", "--timeout", 0.3, two_hosts(), "--", "sleep", 1000)
        self.assertEqual(run.returncode, 124)
        self.assertIn("rank 0 on host0 does not end", run.stderr)
        self.check_nothing_is_left()

    def started_sleepers(self):
        process = self.start("run", two_hosts(), "--", "sh", "-c", "sleep 1000 & sleep 1001")
        wait_until(lambda: len(marked(self.mark)) >= 2 + 4 * 3, "two of the lab, three of each rank")
        self.see_networks()
        self.assertGreaterEqual(len(self.seen), 2, "a network for each host")
        return process

    def test_signals_end_it(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.started_sleepers()
            process.send_signal(number)
            process.wait(timeout=DEADLINE_S)
            self.assertEqual(process.returncode, 128 + number)
            self.check_nothing_is_left()

    def test_a_killed_lab_leaves_nothing(self):
        process = self.started_sleepers()
        process.kill()
        process.wait(timeout=DEADLINE_S)
        self.check_nothing_is_left()

    def test_an_ordinary_user_may(self):
        if os.geteuid() != 0:
            self.skipTest("this is one already")
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", LAB, "run", two_hosts(), "--",
                   "true"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, cwd="/")
        if "Permission denied" in run.stderr or "cannot make namespaces" in run.stderr:
            self.skipTest(f"not here: {run.stderr.strip()}")
        self.assertEqual(run.returncode, 0, run.stderr)


class Standing(LabTest):
    def up(self, *arguments):
        run = self.lab("up", *arguments)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.addCleanup(lambda: self.lab("down", "lab"))
        self.see_networks()

    def test_up_exec_down(self):
        self.up(two_hosts(), "--name", "lab")
        self.assertEqual(self.lab("up", two_hosts(), "--name", "lab").returncode, 2)
        self.assertEqual(self.lab("exec", "host1", "--", "sh", "-c", "exit 7").returncode, 7)
        run = self.lab("exec", "lab", "host1", "--", "sh", "-c", "echo $INCCL_LAB_ADDRESSES; pwd")
        self.assertEqual(run.stdout, f"10.77.0.2\n{os.getcwd()}\n")
        run = self.lab("exec", "--all", "--counters", "--", PERF, "all_reduce", "-b", "64K", "-e", "64K", "-n", 2)
        self.assertIn("# Out of bounds values : 0 OK", run.stdout, run.stderr)
        shown = json.loads(self.lab("show", "lab", "--json").stdout)
        self.assertGreaterEqual(shown["spaces"][0]["interfaces"][0]["sentBytes"],
                                sent_bytes(run.stdout)["host0 eth0"])
        run = self.lab("exec", "lab", "host2", "--", "true")
        self.assertEqual(run.returncode, 2)
        self.assertIn("no host 'host2' in lab 'lab': it has host0, host1, network", run.stderr)
        sleeper = self.start("exec", "host0", "--", "sleep", "1000")
        wait_until(lambda: len(marked(self.mark)) >= 3, "the sleeper is there")
        self.see_networks()
        self.assertEqual(self.lab("down").returncode, 0)
        sleeper.wait(timeout=DEADLINE_S)
        self.assertEqual(sleeper.returncode, 128 + signal.SIGKILL)
        self.assertEqual(os.listdir(os.path.join(self.folder, "inccl-lab")), [])
        self.check_nothing_is_left()

    def test_a_killed_holder_takes_all_with_it(self):
        self.up(two_hosts(), "--name", "lab")
        sleeper = self.start("exec", "--all", "--", "sleep", "1000")
        wait_until(lambda: len(marked(self.mark)) >= 6, "the sleepers are there")
        self.see_networks()
        holder = json.loads(self.lab("status", "--json").stdout)[0]["holder"]
        os.kill(holder, signal.SIGKILL)
        sleeper.wait(timeout=DEADLINE_S)
        self.assertEqual(self.lab("status").stdout, "no lab is up\n")
        self.assertEqual(os.listdir(os.path.join(self.folder, "inccl-lab")), [])
        self.check_nothing_is_left()

    def test_a_failed_up_names_the_link_and_leaves_nothing(self):
        fake = self.write("tc", "#!/bin/sh\necho 'no such thing' >&2\necho 'Command failed -:1' >&2\nexit 1\n")
        os.chmod(fake, 0o755)
        run = self.lab("up", two_hosts(), PATH=f"{self.folder}:{os.environ['PATH']}")
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stderr, r"eth0 of host0, links\[\d+\] \(host0 -> network\): tc qdisc add dev eth0 root tbf "
                                     r"rate .*: no such thing")
        self.assertEqual(self.lab("status").stdout, "no lab is up\n")
        self.check_nothing_is_left()


class Addresses(LabTest):
    """Which link carries the data is said by the topology's addresses, and by nothing else."""
    COMMAND = ("all_reduce", "-b", "1M", "-e", "1M", "-n", 2, "-w", 0)
    PAYLOAD = 4 << 20  # and more, over every link that is used
    LITTLE = 1 << 20  # more than acknowledgements and the control channel ever are

    def sent(self, run):
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("# Out of bounds values : 0 OK", run.stdout)
        return sent_bytes(run.stdout)

    def run_ring(self, lab_file, topology_file):
        return self.lab("run", "--counters", "--timeout", DEADLINE_S - 5, lab_file, "--", PERF, *self.COMMAND,
                        INCCL_ALGO="ring", INCCL_TOPO_FILE=topology_file)

    def test_of_two_links_the_one_that_was_planned_with(self):
        path = self.write("two_links.json", two_links())
        for topology, used, idle in (("", "eth0", "eth1"), (path, "eth1", "eth0")):
            sent = self.sent(self.run_ring(path, topology))
            for host in ("host0", "host1"):
                self.assertGreater(sent[f"{host} {used}"], self.PAYLOAD, f"{topology}: {sent}")
                self.assertLess(sent[f"{host} {idle}"], self.LITTLE, f"{topology}: {sent}")

    def test_neighbours_use_their_link_whatever_the_routes_say(self):
        """host0 reaches the first address of host1 over host2, as routes of subnets would have it."""
        run = self.lab("up", triangle(), "--name", "lab")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.addCleanup(lambda: self.lab("down", "lab"))
        detour = self.lab("exec", "lab", "host0", "--", "ip", "route", "replace", "10.78.21.1", "via", "10.78.20.1",
                          "dev", "eth0", "src", "10.78.20.2")
        self.assertEqual(detour.returncode, 0, detour.stderr)
        for topology, used, idle in (("", "host2 eth0", "host0 eth1"), (triangle(), "host0 eth1", "host2 eth0")):
            run = self.lab("exec", "lab", "--all", "--counters", "--", PERF, *self.COMMAND, INCCL_ALGO="ring",
                           INCCL_TOPO_FILE=topology)
            sent = self.sent(run)
            # The ring's other two links: from host1 to host2, from there to host0.
            for end in (used, "host1 eth0", "host2 eth1"):
                self.assertGreater(sent[end], self.PAYLOAD, f"{topology} {end}: {sent}")
            self.assertLess(sent[idle], self.LITTLE, f"{topology}: {sent}")

    def test_a_ring_of_four_with_an_address_for_each_link(self):
        path = self.write("ring.json", ring_of_nics(4))
        sent = self.sent(self.run_ring(path, path))
        for host in range(4):
            self.assertGreater(sent[f"host{host} eth{int(host > 0)}"], self.PAYLOAD, sent)
            self.assertLess(sent[f"host{host} eth{int(host == 0)}"], self.LITTLE, sent)

    def test_wrong_addresses_break_nothing(self):
        with open(triangle()) as file:
            text = file.read()
        exchanged = text.replace("10.78.21.", "10.78.0.").replace("10.78.20.", "10.78.21.").replace("10.78.0.", "10.78.20.")
        nowhere = text.replace("10.78.", "10.99.")
        for name, changed in (("exchanged.json", exchanged), ("nowhere.json", nowhere)):
            run = self.run_ring(triangle(), self.write(name, changed))
            self.sent(run)
            self.assertIn("as the topology says", run.stderr + run.stdout)

    def test_an_address_that_is_none_is_refused_by_name(self):
        with open(triangle()) as file:
            path = self.write("names.json", file.read().replace("10.78.10.1", "node7"))
        run = self.run_ring(triangle(), path)
        self.assertNotEqual(run.returncode, 0)
        self.assertRegex(run.stdout + run.stderr, r"names.json: nodes\[\d+\] \(host0.to1\).address: 'node7' is no")


class Refusals(LabTest):
    def test_ranks_that_nothing_joins(self):
        path = self.write("apart.json", '{"name": "x", "links": [], "nodes": [{"id": "a", "kind": "rank", "rank": 0}, '
                                        '{"id": "b", "kind": "rank", "rank": 1}]}')
        run = self.lab("run", path, "--", "true")
        self.assertEqual(run.returncode, 1)
        self.assertIn("rank 1 on b cannot reach rank 0 on a", run.stderr)

    def test_files(self):
        cases = (("missing.json", None, "missing.json"),
                 ("broken.json", "{", "broken.json: "),
                 ("empty.json", '{"name": "x", "nodes": [], "links": []}', "no host and no rank"),
                 ("slow.json", '{"name": "x", "nodes": [{"id": "a", "kind": "host"}, {"id": "b", "kind": "host"}], '
                               '"links": [{"src": "a", "dst": "b", "GBps": 0, "alphaUs": 1}]}', "links[0].GBps"))
        for name, text, reason in cases:
            path = os.path.join(self.folder, name) if text is None else self.write(name, text)
            for arguments in (("run", path, "--", "true"), ("up", path), ("show", path)):
                run = self.lab(*arguments)
                self.assertEqual(run.returncode, 1, run.stderr)
                self.assertIn(reason, run.stderr)
                self.assertEqual(run.stdout, "")

    def test_command_lines(self):
        for arguments, reason in ((("run",), "FILE"), (("run", two_hosts()), 'after "--"'), (("exec", "--", "x"), "a host"),
                                  (("down",), "no lab is up"), (("show", "lab"), "lab 'lab' is not up")):
            run = self.lab(*arguments)
            self.assertEqual(run.returncode, 2, run.stderr)
            self.assertIn(reason, run.stderr)

    def test_a_damaged_entry_is_no_lab(self):
        os.mkdir(os.path.join(self.folder, "inccl-lab"), 0o700)
        self.write("inccl-lab/lab.json", '{"name": "lab", "holder": 1')
        self.assertEqual(self.lab("status").stdout, "no lab is up\n")


if __name__ == "__main__":
    LAB, PERF, TOPOLOGIES, EXPECTED = (os.path.abspath(sys.argv.pop(1)) for _ in range(4))
    if reason := why_not():
        print(f"skipped: no lab can be built here: {reason}")
        sys.exit(77)
    unittest.main()
