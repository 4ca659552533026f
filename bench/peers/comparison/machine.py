"""What the comparison ran on, and whether it had the machine for itself.

A loaded machine does not make all libraries slower alike: it hits those that yield or block hardest.
So a run waits for quiet, says loudly when it did not get it, and counts afterwards what processor
time went to strangers (from /proc/stat, less what the run's own processes used) and to the
hypervisor's other guests.
"""
import os
import platform
import sys
import time

QUIET_LOAD = 0.5
LONGEST_WAIT_SECONDS = 180
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def first_line_with(path, key):
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")
    except OSError:
        return ""


def describe():
    return {
        "cpu": first_line_with("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "memory": first_line_with("/proc/meminfo", "MemTotal"),
        "hypervisor": "hypervisor" in first_line_with("/proc/cpuinfo", "flags").split(),
    }


def load():
    return os.getloadavg()[0]


def wait_for_quiet(longest=LONGEST_WAIT_SECONDS, now=time.monotonic, sleep=time.sleep, read=load):
    """Returns the load in the end; says what it waits for, and warns when it waited in vain."""
    deadline = now() + longest
    current = read()
    told = False
    while current > QUIET_LOAD and now() < deadline:
        if not told:
            print(f"compare: load is {current:.2f}, waiting up to {longest} s for {QUIET_LOAD}",
                  file=sys.stderr)
            told = True
        sleep(1)
        current = read()
    if current > QUIET_LOAD:
        print(f"compare: WARNING: the machine is not quiet (load {current:.2f} > {QUIET_LOAD}); "
              "these figures prove nothing", file=sys.stderr)
    return current


def processor_seconds():
    """(busy without steal, stolen) of all cores since boot."""
    with open("/proc/stat", encoding="ascii") as stat:
        user, nice, system, _, _, irq, softirq, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq) / CLOCK_TICKS, steal / CLOCK_TICKS


class Company:
    """How much of the machine others had between start and report()."""

    def __init__(self, own_seconds):
        """`own_seconds` returns the processor time of everything that belongs to the run."""
        self.own_seconds = own_seconds
        self.start = (time.monotonic(), *processor_seconds(), own_seconds())

    def report(self):
        elapsed, busy, stolen, own = (
            b - a for a, b in zip(self.start,
                                  (time.monotonic(), *processor_seconds(), self.own_seconds())))
        available = max(elapsed * len(os.sched_getaffinity(0)), 1e-9)
        return {"foreignShare": max(0.0, busy - own) / available, "stolenShare": stolen / available}
