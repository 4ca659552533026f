"""One comparison from the start of the first process to the record.

All libraries are started before the first measurement and end after the last; whatever happens in
between, Ctrl-C included, none of their processes stays behind.
"""
import contextlib
import datetime
import os
import sys
import tempfile
import time

from . import machine, report
from .libraries import Placement
from .progress import Progress
from .rounds import Plan, Rounds
from .running import LibraryFailed, RunningLibrary


def memory_folder():
    """Where the meeting points lie: in memory where possible, since a file on a disk is written back
    at moments of its own choosing."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def start_all(libraries, placement, folder, options, stack):
    """name → RunningLibrary of all, and name → why of those that did not start."""
    started, failures = {}, {}
    for library in libraries:
        process = RunningLibrary(library, placement, folder, options.buffers, options.deadline)
        stack.callback(process.stop)
        started[library.name] = process
        print(f"compare: starting {library.title}", file=sys.stderr)
        try:
            process.start()
        except (LibraryFailed, OSError) as failure:
            failures[library.name] = str(failure)
            process.stop()
            print(f"compare: {failure}", file=sys.stderr)
    return started, failures


class Watch:
    """Processor time during the measurements: of strangers, and of libraries that should sleep."""

    def __init__(self, running):
        self.running = running
        self.began = time.monotonic()
        self.at_start = self._used()
        self.company = machine.Company(lambda: time.process_time() + sum(self._used().values()))

    def _used(self):
        return {name: process.cpu_seconds() for name, process in self.running.items()}

    def end(self, awake_seconds):
        """(elapsed seconds, company, name → share of a core used while others were measured)."""
        elapsed = time.monotonic() - self.began
        company = self.company.report()
        asleep = {name: max(0.0, used - self.at_start[name] - awake_seconds[name]) / elapsed
                  for name, used in self._used().items()}
        return elapsed, company, asleep


def run_comparison(options, collective, ranks, libraries, load_before):
    """The record, as report.py describes it. LibraryFailed when the baseline itself cannot go on."""
    placement = Placement(ranks, tuple(sorted(os.sched_getaffinity(0))))
    sizes = (0,) if collective == "barrier" else options.sizes
    plan = Plan(collective, sizes, options.alternations, options.seed, options.budget)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="inccl-peers-", dir=memory_folder()))
        started, failures = start_all(libraries, placement, folder, options, stack)
        if options.ours in failures:
            raise LibraryFailed(f"{options.ours} did not start, so there is nothing to compare with")
        ready = {name: process for name, process in started.items() if name not in failures}
        progress = Progress(options.alternations)
        stack.callback(progress.close)
        rounds = Rounds(plan, ready, options.ours, progress)
        watch = Watch(ready)
        rounds.run()
        elapsed, company, asleep = watch.end(rounds.awake_seconds)
        load_after = machine.load()
    failures |= rounds.failures
    debian = {library.name for library in libraries if library.debian_mpi}
    return {
        "format": report.FORMAT_VERSION, "tool": "inccl bench/peers",
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": machine.describe(), "load": {"before": load_before, "after": load_after},
        "company": company, "settings": settings_record(options, plan, placement, elapsed),
        "libraries": [report.peer_record(process, asleep.get(name, 0.0), failures.get(name))
                      for name, process in started.items()],
        "results": [report.size_record(size, samples, options.ours, debian, placement.crowded, plan.seed)
                    for size, samples in rounds.samples.items() if options.ours in samples]}


def settings_record(options, plan, placement, elapsed):
    return {"collective": plan.collective, "ranks": placement.ranks, "ours": options.ours,
            "placement": placement.describe(), "crowded": placement.crowded,
            "alternations": plan.alternations, "seed": plan.seed, "budgetSeconds": plan.budget_seconds,
            "measuredSeconds": elapsed, "buffers": options.buffers}
