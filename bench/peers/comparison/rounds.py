"""The order of measurements, and the time that each gets.

Per size every library is verified once; then come the alternations, in each of which every library
is measured once, in an order that the seed shuffles anew, so that no library always follows the
same neighbour. All libraries of one size get equal slices of time. The slice is what is left of the
budget, spread over the measurements that are left: small sizes reach their maximum of calls early
and leave their time to the large ones. Libraries that are very slow overrun their slices; then the
run overruns its budget, since a slice that is too short would show nothing.
"""
import random
import time
from dataclasses import dataclass

from .running import LibraryFailed

MIN_CALLS = 5
MAX_CALLS = 20000
SHORTEST_SLICE_SECONDS = 0.1
LONGEST_SLICE_SECONDS = 2.0


@dataclass(frozen=True)
class Sample:
    """One measurement: microseconds of the slowest rank, over `calls` calls."""
    calls: int
    p50: float
    p95: float
    lowest: float
    mean: float


@dataclass(frozen=True)
class Plan:
    collective: str
    sizes: tuple[int, ...]
    alternations: int
    seed: int
    budget_seconds: float


def orders(names, alternations, seed):
    """For each alternation a permutation of the names."""
    generator = random.Random(seed)
    return [generator.sample(names, len(names)) for _ in range(alternations)]


def parse_sample(answer):
    """Of rank 0: calls, then nanoseconds."""
    return Sample(int(answer[0]), *(float(word) / 1000 for word in answer[1:5]))


class Rounds:
    """Runs a plan. `progress(size, alternation, name, measurements_left)` is told before each
    measurement."""

    def __init__(self, plan, running, ours, progress, clock=time.monotonic):
        self.plan = plan
        self.running = dict(running)  # shrinks as libraries fail
        self.ours = ours
        self.progress = progress
        self.clock = clock
        self.samples = {size: {} for size in plan.sizes}  # size → name → list by alternation
        self.failures = {}                                # name → why it left
        self.awake_seconds = dict.fromkeys(self.running, 0.0)

    def run(self):
        started = self.clock()
        even_share = self.plan.budget_seconds / self._measurements_left(0, 0)
        shortest = min(SHORTEST_SLICE_SECONDS, even_share)
        for index, size in enumerate(self.plan.sizes):
            left = self.plan.budget_seconds - (self.clock() - started)
            share = left / self._measurements_left(index, 0)
            slice_seconds = min(max(share, shortest), LONGEST_SLICE_SECONDS)
            self._verify(size)
            self._alternate(index, slice_seconds)

    def _verify(self, size):
        for name in list(self.running):
            answers = self._ask(name, f"verify {self.plan.collective} {size}")
            wrong = sum(int(answer[0]) for answer in answers or [])
            if wrong:
                self._drop(name, f"{self.running[name].peer.title}: {wrong} wrong elements at {size} bytes")

    def _alternate(self, index, slice_seconds):
        size = self.plan.sizes[index]
        command = (f"measure {self.plan.collective} {size} {int(slice_seconds * 1e9)} "
                   f"{MIN_CALLS} {MAX_CALLS}")
        seed = f"{self.plan.seed}/{size}"
        for number, order in enumerate(orders(list(self.running), self.plan.alternations, seed)):
            left = self._measurements_left(index, number)
            for position, name in enumerate(order):
                if name not in self.running:
                    continue
                self.progress(size, number, name, left - position)
                answers = self._ask(name, command)
                if answers:
                    self.samples[size].setdefault(name, []).append(parse_sample(answers[0]))
        for name in self.failures:
            if len(self.samples[size].get(name, [])) < self.plan.alternations:
                self.samples[size].pop(name, None)

    def _measurements_left(self, index, number):
        """From this alternation of the index-th size on, if no other library fails."""
        alternations = (len(self.plan.sizes) - index) * self.plan.alternations - number
        return alternations * len(self.running)

    def _ask(self, name, command):
        """The answers by rank, or None when the library failed and has been dropped."""
        library = self.running[name]
        before = library.cpu_seconds()
        try:
            answers = library.ask(command)
        except LibraryFailed as failure:
            self._drop(name, str(failure))
            return None
        self.awake_seconds[name] += library.cpu_seconds() - before
        return answers

    def _drop(self, name, why):
        self.failures[name] = why
        self.running.pop(name).stop()
        if name == self.ours:
            raise LibraryFailed(why)
