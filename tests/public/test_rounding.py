"""How a count is told: by the works in it and a secret, unbiased, and never for certain."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coauth.public import VARIANCE, Rounding
from tests.support.attacker import chances

ROUNDING = Rounding(b"a secret")
DRAWS = 20_000


def told(n, draws=DRAWS):
    return ROUNDING.round([n] * draws, range(draws))


@pytest.mark.parametrize("n", [0, 1, 4, 5, 7, 12, 30, 101])
def test_a_count_is_told_as_often_as_the_rule_says(n):
    """Against probabilities worked out from the rule in another way."""
    seen = Counter(None if np.isnan(v) else int(v) for v in told(n))
    expected = chances(n)
    assert seen.keys() <= expected.keys()
    for value, chance in expected.items():
        sigma = np.sqrt(chance * (1 - chance) / DRAWS)
        assert abs(seen[value] / DRAWS - chance) <= 4.5 * sigma + 1e-9


@pytest.mark.parametrize("n", range(5, 400, 13))
def test_rounding_is_unbiased_and_no_wider_than_said(n):
    """ "<5" taken for 0: the mean is n, the variance at most that of r = 2 or 3 far from 5."""
    rule = chances(n)
    mean = sum((v or 0) * p for v, p in rule.items())
    assert mean == pytest.approx(n, abs=1e-9)
    assert sum(((v or 0) - n) ** 2 * p for v, p in rule.items()) <= VARIANCE + 2


def test_the_variance_is_the_mean_over_remainders():
    far = [sum(((v or 0) - n) ** 2 * p for v, p in chances(n).items()) for n in range(300, 305)]
    assert np.mean(far) == pytest.approx(VARIANCE)


def test_errors_have_the_mean_zero_within_their_error():
    counts = np.random.default_rng(1).integers(5, 200, 30_000)
    off = np.nan_to_num(ROUNDING.round(counts, range(len(counts)))) - counts
    assert abs(off.mean()) < 3 * off.std() / np.sqrt(len(off))


works = st.lists(st.integers(1, 10**10).map("W{}".format), unique=True, max_size=30)


@settings(deadline=None)
@given(works, st.randoms())
def test_the_same_works_are_the_same_number_everywhere(ids, random):
    """In any order, named twice, under any heading, beside any other cell."""
    rows = pd.DataFrame({"work_id": ids, "cell": "a"})
    mixed = random.sample(ids, len(ids)) + ids[:3]
    other = pd.DataFrame({"work_id": [*mixed, "W1", "W2"], "year": [7] * len(mixed) + [8, 8]})
    one = ROUNDING.cells(rows, ["cell"])["works"].tolist()
    two = ROUNDING.cells(other, ["year"]).query("year == 7")["works"].tolist()
    assert np.array_equal(one, two, equal_nan=True)


@settings(deadline=None)
@given(works.filter(lambda ids: len(ids) > 11), st.data())
def test_a_number_is_a_multiple_of_five_or_reads_below_five(ids, data):
    value = ROUNDING.cells(pd.DataFrame({"work_id": ids, "of": 1}), ["of"])["works"].item()
    assert np.isnan(value) or (value % 5 == 0 and value >= 5)


def test_another_secret_is_another_rounding():
    ids = [f"W{n}" for n in range(3000)]
    rows = pd.DataFrame({"work_id": ids, "of": [n // 12 for n in range(3000)]})
    one, two = (Rounding(s).cells(rows, ["of"])["works"] for s in (b"a secret", b"another"))
    assert 0.3 < (one.fillna(0) != two.fillna(0)).mean() < 0.8
    assert not np.array_equal(ROUNDING.keys(ids[:5]), Rounding(b"another").keys(ids[:5]))


def test_one_work_more_is_drawn_anew():
    """Whoever sees a cell of 52 become one of 53 sees any step; by luck alone the same number."""
    steps = Counter()
    for n in range(2000):
        ids = [f"W{n}-{k}" for k in range(53)]
        rows = pd.DataFrame({"work_id": ids + ids[:-1], "of": [1] * 53 + [0] * 52})
        before, after = ROUNDING.cells(rows, ["of"])["works"]
        steps[after - before] += 1
    assert {-10, -5, 0, 5, 10} <= steps.keys()
    assert steps[0] < 1200


@pytest.mark.parametrize("change", range(-4, 5))
def test_a_change_cannot_be_read_to_better_than_four(change):
    """Any number that a count is likely told as after a change, it may be told as without one, and
    the two overlap by more than a quarter.
    """
    same, moved = chances(40), chances(40 + change)
    assert {v for v, p in moved.items() if p >= 0.001} <= same.keys()
    assert sum(min(p, same.get(v, 0)) for v, p in moved.items()) > 0.25
