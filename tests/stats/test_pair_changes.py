"""Changes of pairs whose works come in bursts."""

import numpy as np
import pytest
from scipy import stats

from coauth.stats.counts import compare_counts
from coauth.stats.pair_changes import Bursts, compare
from tests.studies.simulation.bursts import projects


def test_without_bursts_as_two_counts_are_compared():
    """p is scipy's exact test, and the interval that of a group's counts."""
    before, after = np.array([4.0, 10, 30]), np.array([16.0, 10, 12])
    found = compare(before, after, Bursts(), 0.95)
    for b, a, ratio, low, high, p in zip(before, after, *found, strict=True):
        alone = compare_counts(int(b), int(a), 0.95)
        assert (ratio, low, high) == pytest.approx((alone.ratio, alone.low, alone.high))
        assert p == pytest.approx(stats.binomtest(int(a), int(a + b)).pvalue)


def test_p_and_interval_agree():
    """The interval leaves out 0 where p is below 0.05, whatever the bursts."""
    before, after = (x.ravel().astype(float) for x in np.meshgrid(range(1, 25), range(1, 25)))
    for bursts in (Bursts(), Bursts(1.8, 40.0), Bursts(3.0, 5.0)):
        found = compare(before, after, bursts, 0.95)
        assert (((found.low > 0) | (found.high < 0)) == (found.p < 0.05)).all()


def test_by_hand():
    """Sums of one year: 2, 6, 1, 3; d = 2 − 12 + 1 = −9 and 6 − 2 + 3 = 7, v = 27 and 13."""
    bursts = Bursts.of(np.array([[2.0, 6, 1, 3]]), 1)
    assert bursts.times == pytest.approx((81 + 49) / (27 + 13))
    assert bursts.freedom == pytest.approx(2)  # of one pair, two differences


@pytest.mark.parametrize("times", [1.0, 1.8, 2.5])
def test_bursts_are_seen(times):
    chance = np.random.default_rng(5)
    works = projects(chance, np.full(400, 3.0), times)
    assert Bursts.of(works, 3).times == pytest.approx(times, rel=0.1)


def test_bursts_that_last_are_seen_where_single_years_do_not_show_them():
    works = projects(np.random.default_rng(5), np.full(400, 3.0), 3.7, years=4)
    assert Bursts.of(works, 1).times < 1.3
    assert Bursts.of(works, 3).times > 1.6


@pytest.mark.parametrize("works", [np.zeros((0, 14)), np.zeros((3, 14)), np.ones((3, 2))])
def test_nothing_to_go_by_is_chance_alone(works):
    assert Bursts.of(works, 3) == Bursts()
    assert compare(np.zeros(0), np.zeros(0), Bursts(), 0.95).p.shape == (0,)
