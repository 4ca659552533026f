"""Ratios between libraries, how sure they are, and what follows from them.

Within one alternation every library is measured once, close in time, so a ratio is formed inside
each alternation: what slowed the machine for all falls out. The figure of a size is the median of
these ratios; its 95 % interval comes from the bootstrap: alternations are drawn with replacement,
as whole units, since calls within one share buffers and moment and are not independent.

The best peer is the one with the lowest median time. It is chosen once per size, before resampling.
"""
import random
import statistics
from dataclasses import dataclass

RESAMPLES = 4000
CONFIDENCE = 0.95

# The lowest ratio (peer's time / ours) that still counts as "not behind": with more ranks than cores
# the scheduler's mood is worth more than 5 %.
LIMIT_ONE_RANK_PER_CORE = 0.95
LIMIT_CROWDED = 0.85

# What INCCL has to show against Gloo's TCP, all-reduce with one rank per core: up to these many
# bytes, this ratio.
GLOO_TARGETS = ((128 << 10, 10.0), (8 << 20, 3.0), (64 << 20, 1.5))


def ratio_text(ratio):
    """Two decimals, but never a zero that is none."""
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


@dataclass(frozen=True)
class Interval:
    median: float
    low: float
    high: float

    def __str__(self):
        return f"{ratio_text(self.median)} [{ratio_text(self.low)}, {ratio_text(self.high)}]"


def quantile(ordered, share):
    """Of a sorted list, between neighbours in proportion."""
    at = share * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])


def bootstrap_median(values, seed, resamples=RESAMPLES):
    """The median of `values` and the percentile interval of resampled medians."""
    if not values:
        raise ValueError("no values to resample")
    generator = random.Random(seed)
    medians = sorted(statistics.median(generator.choices(values, k=len(values)))
                     for _ in range(resamples))
    tail = (1 - CONFIDENCE) / 2
    return Interval(statistics.median(values), quantile(medians, tail), quantile(medians, 1 - tail))


def ratio_interval(theirs, ours, seed):
    """Time of theirs / time of ours, both lists by alternation."""
    if len(theirs) != len(ours):
        raise ValueError(f"{len(theirs)} alternations against {len(ours)}")
    return bootstrap_median([a / b for a, b in zip(theirs, ours)], seed)


def best_of(times, names):
    """Of the libraries `names` the one with the lowest median time, or None."""
    present = [name for name in names if times.get(name)]
    return min(present, key=lambda name: statistics.median(times[name]), default=None)


def limit_for(crowded):
    return LIMIT_CROWDED if crowded else LIMIT_ONE_RANK_PER_CORE


def verdict(interval, limit):
    """One of four words, from best to worst: the lower end says what is proven, the upper end what
    is excluded. 'unsure' is not behind, but more alternations should say so."""
    if interval is None:
        return "-"
    if interval.low >= 1.0:
        return "ahead"
    if interval.low >= limit:
        return "not behind"
    return "unsure" if interval.high >= limit else "BEHIND"


def gloo_target(size):
    """The ratio to Gloo that is asked for at this size, or None beyond the last."""
    return next((ratio for most, ratio in GLOO_TARGETS if size <= most), None)
