"""Relative intensity of collaboration, by hand and by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written_down import asked, random_works, shuffled, tables

from coauth import pairs


def related(works, **changes):
    return pairs.relate(*tables(works), *asked(smallest_pair=1, **changes)).to_pylist()


def test_by_hand():
    """A is on 4 of 10 works, x on 3, 2 of them with A: (2/4) / (1/6) = 3; √(1/2 − 1/4 + 1/1 − 1/6) = 1.0408."""
    works = [{"on": on} for on in ["A x"] * 2 + ["A"] * 2 + ["B x"] + ["B"] * 5]
    row = related(works)[0]
    assert (row["source"], row["target"], row["works"], row["ric"]) == ("A", "x", 2, pytest.approx(3))
    half = np.exp(1.959964 * 1.0408330)
    assert (row["ric_low"], row["ric_high"]) == (pytest.approx(3 / half), pytest.approx(3 * half))
    # full counts: A–x 2, B–x 1, so s_A = 2, s_x = 3, 2m = 6: 6·2/(2·3)
    assert row["association_strength"] == pytest.approx(2)
    assert row["null_z"] is None
    assert row["q_value"] is None


def test_only_domestic_with_foreign():
    """A–B and x–y are no pairs of this table; the source is the domestic one, whatever its id."""
    rows = related([{"on": "A B x y"}, {"on": "z"}, {"on": "B"}])
    assert [(r["source"], r["target"]) for r in rows] == [("A", "x"), ("A", "y"), ("B", "x"), ("B", "y")]


def test_infinite_and_undefined_are_null():
    """x never publishes without A: no finite ratio. C is on every work of its window: none at all."""
    row = related([{"on": "A x"}, {"on": "A"}, {"on": "B"}])[0]
    assert (row["ric"], row["ric_low"], row["ric_high"]) == (None, None, None)
    assert row["association_strength"] is not None
    assert related([{"on": "C x"}, {"on": "C"}])[0]["ric"] is None


def test_large_works_are_left_out_of_everything():
    """Above K a work counts neither for the pair, nor for its ends, nor for the total."""
    small = [{"on": on} for on in ["A x"] * 2 + ["A"] * 2 + ["B x"] + ["B"] * 5]
    assert related([*small, {"on": "A B x y z"}], k=4) == related(small, k=4)
    assert related([*small, {"on": "A x", "included": False}], k=4) == related(small, k=4)


def test_threshold_and_windows():
    works = [{"on": "A x", "year": 2020}] * 2 + [{"on": "A x", "year": 2021}] + [{"on": "B x", "year": 2021}]
    table = pairs.relate(*tables(works), *asked(years=(2020, 2022), window=2, smallest_pair=3)).to_pylist()
    assert [(r["first_year"], r["source"], r["works"]) for r in table] == [(2020, "A", 3)]


@pytest.mark.parametrize("works", [[], [{"on": "A"}], [{"on": "A B"}], [{"on": "x y"}], [{"on": "A", "included": False}]])
def test_empty_worlds(works):
    """Nobody to pair: an empty table, no warning."""
    assert related(works) == []


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_row_order_is_irrelevant(seed):
    works, affiliations = tables(random_works(seed))
    scope, measures = asked(smallest_pair=1)
    one = pairs.relate(works, affiliations, scope, measures)
    assert one.equals(pairs.relate(shuffled(works, 1), shuffled(affiliations, 2), scope, measures))
    for row in one.to_pylist():
        assert row["ric"] is None or row["ric_low"] < row["ric"] < row["ric_high"]


def test_interval_covers_the_truth():
    """A pair with RIC 2 by construction: the interval holds 2 in 95 % of 400 worlds (standard error 1.1 points)."""
    generator = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        with_a = generator.random(400) < 0.3
        with_x = generator.random(400) < np.where(with_a, 0.2, 0.1)
        both, a, x = (np.array([n.sum()], float) for n in (with_a & with_x, with_a, with_x))
        _, low, high = pairs._ric(both, a, x, 400.0, 0.95)
        held += (low <= 2 <= high).item()
    assert 0.92 <= held / 400 <= 0.98
