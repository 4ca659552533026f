"""The statistics: medians, bootstrap intervals, best peer, verdict."""
import unittest

from comparison.intervals import (Interval, best_of, bootstrap_median, gloo_target, limit_for, quantile,
                                  ratio_interval, verdict)


class Quantile(unittest.TestCase):
    def test_between_neighbours(self):
        self.assertEqual(quantile([1, 2, 3], 0.5), 2)
        self.assertEqual(quantile([1, 2], 0.5), 1.5)
        self.assertEqual(quantile([1, 2, 3], 0), 1)
        self.assertEqual(quantile([1, 2, 3], 1), 3)
        self.assertEqual(quantile([7], 0.3), 7)


class Bootstrap(unittest.TestCase):
    def test_equal_values_leave_no_doubt(self):
        self.assertEqual(bootstrap_median([2.0] * 5, seed=1), Interval(2.0, 2.0, 2.0))

    def test_one_value_is_its_own_interval(self):
        self.assertEqual(bootstrap_median([3.5], seed=1), Interval(3.5, 3.5, 3.5))

    def test_no_values_are_refused(self):
        with self.assertRaises(ValueError):
            bootstrap_median([], seed=1)

    def test_holds_the_median_and_stays_within_the_values(self):
        values = [1.0, 1.1, 1.2, 1.4, 1.3, 0.9, 5.0]
        interval = bootstrap_median(values, seed=7)
        self.assertEqual(interval.median, 1.2)
        self.assertLessEqual(min(values), interval.low)
        self.assertLessEqual(interval.low, interval.median)
        self.assertLessEqual(interval.median, interval.high)
        self.assertLess(interval.high, 5.0)  # one outlier of seven is no 2.5 %

    def test_same_seed_same_interval(self):
        values = [1.0, 1.3, 0.8, 1.1, 1.2]
        self.assertEqual(bootstrap_median(values, seed="a/8"), bootstrap_median(values, seed="a/8"))

    def test_more_alternations_narrow_it(self):
        few = bootstrap_median([0.9, 1.0, 1.1, 1.0, 0.95], seed=3)
        many = bootstrap_median([0.9, 1.0, 1.1, 1.0, 0.95] * 8, seed=3)
        self.assertLess(many.high - many.low, few.high - few.low)

    def test_five_alternations_reach_their_extremes(self):
        """The median of five draws is the lowest of five with probability 5.8 %, more than 2.5 %."""
        interval = bootstrap_median([1.0, 2.0, 3.0, 4.0, 5.0], seed=5)
        self.assertEqual((interval.low, interval.high), (1.0, 5.0))

    def test_covers_the_truth_about_as_often_as_it_says(self):
        """Medians of 15 draws from a known distribution: 95 % nominal, some percent less in truth."""
        import random
        generator = random.Random(11)
        held = 0
        for trial in range(200):
            values = [generator.gauss(1.0, 0.1) for _ in range(15)]
            interval = bootstrap_median(values, seed=trial, resamples=300)
            held += interval.low <= 1.0 <= interval.high
        self.assertGreater(held, 170)


class Ratio(unittest.TestCase):
    def test_is_formed_inside_each_alternation(self):
        """The machine was ten times slower in the second alternation; the ratio does not care."""
        self.assertEqual(ratio_interval([2.0, 20.0, 2.0], [1.0, 10.0, 1.0], seed=1), Interval(2.0, 2.0, 2.0))

    def test_unequal_alternations_are_refused(self):
        with self.assertRaises(ValueError):
            ratio_interval([1.0, 2.0], [1.0], seed=1)


class Text(unittest.TestCase):
    def test_a_small_ratio_is_not_written_as_zero(self):
        self.assertEqual(str(Interval(0.0016, 0.1, 12.345)), "0.0016 [0.10, 12.35]")


class Best(unittest.TestCase):
    def test_lowest_median_not_lowest_value(self):
        times = {"lucky": [1.0, 9.0, 9.0], "steady": [3.0, 3.0, 3.0]}
        self.assertEqual(best_of(times, ["lucky", "steady"]), "steady")

    def test_only_among_the_named_and_present(self):
        times = {"a": [1.0], "b": [2.0], "failed": []}
        self.assertEqual(best_of(times, ["b", "failed", "absent"]), "b")
        self.assertIsNone(best_of(times, ["absent"]))


class Verdict(unittest.TestCase):
    def test_limits(self):
        self.assertEqual(limit_for(crowded=False), 0.95)
        self.assertEqual(limit_for(crowded=True), 0.85)

    def test_words(self):
        for low, high, word in ((1.2, 1.5, "ahead"), (1.0, 1.0, "ahead"), (0.99, 1.3, "not behind"),
                                (0.95, 0.96, "not behind"), (0.94, 0.95, "unsure"), (0.5, 2.0, "unsure"),
                                (0.5, 0.949, "BEHIND")):
            self.assertEqual(verdict(Interval((low + high) / 2, low, high), 0.95), word, (low, high))

    def test_nobody_to_compare_with(self):
        self.assertEqual(verdict(None, 0.95), "-")


class GlooTarget(unittest.TestCase):
    def test_steps(self):
        for size, ratio in ((8, 10), (128 << 10, 10), ((128 << 10) + 4, 3), (8 << 20, 3), (64 << 20, 1.5)):
            self.assertEqual(gloo_target(size), ratio, size)
        self.assertIsNone(gloo_target(128 << 20))


if __name__ == "__main__":
    unittest.main()
