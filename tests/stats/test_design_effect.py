"""Spoiled publishers whose works an institution has lost altogether still count in how unsure it
is.
"""

import numpy as np
import pytest

from coauth.stats.completeness import complete_weights
from coauth.stats.design_effect import design_effect_ratio
from coauth.stats.incidence import incidence
from tests.support.toy_worlds import asked, centralities, tables


def world_of(works):
    world = incidence(*tables(works))
    return world, complete_weights(world.works)


def spoiled(of_a):
    """In 2020 A has 40 of its 80 works at Q; in 2022 Q keeps one in ten of 200, of A's `of_a` works
    there none.
    """
    works = [{"on": "A b", "year": 2020, "publisher": p} for p in "QP" for _ in range(40)]
    works += [{"on": "A b", "year": 2022, "publisher": "P"}] * 40
    works += [{"on": "A", "year": 2022, "publisher": "Q", "affiliation_status": "partial"}] * of_a
    works += [
        {
            "on": "C d",
            "year": 2022,
            "publisher": "Q",
            "affiliation_status": "complete" if i % 10 == 0 else "partial",
        }
        for i in range(200 - of_a)
    ]
    return works


def test_by_hand():
    """A's complete works of 2022 all weigh 1; Q's weigh 200 over the 20 or fewer complete ones. A
    third of A's works is at Q.
    """
    world, weights = world_of(spoiled(40))
    heavy = 200 / 16
    expected = (40 * 1 + 40 * heavy + 40 * 1 + 40 * heavy) / 160
    found = dict(
        zip(world.institutions, design_effect_ratio(world, weights, (2022, 2022)) ** 2, strict=True)
    )
    assert found["A"] == pytest.approx(expected)
    assert found["C"] == pytest.approx(1.0)  # only at Q: its own weights show it


def test_nothing_is_widened_where_nothing_is_lost():
    works = [
        {"on": on, "year": y, "publisher": p}
        for on in ("A b", "C d")
        for y in (2020, 2022)
        for p in "PQ"
        for _ in range(15)
    ]
    assert (design_effect_ratio(*world_of(works), (2022, 2022)) == 1).all()


def test_small_publishers_are_one():
    """30 publishers of one work a year, every other one complete: none of them is looked at by
    itself.
    """
    works = [
        {
            "on": "A b",
            "year": 2022,
            "publisher": f"T{i}",
            "affiliation_status": ["complete", "partial"][i % 2],
        }
        for i in range(30)
    ]
    world, weights = world_of(works)
    assert weights.sum() == pytest.approx(30)
    assert design_effect_ratio(world, weights, (2022, 2022)) == pytest.approx(1.0)


def test_nobody():
    world, weights = world_of([])
    assert design_effect_ratio(world, weights, (2022, 2022)).tolist() == []


def test_only_the_weighted_interval_is_wider():
    """By √(expected/seen), against a world in which A was never at Q."""
    lost = spoiled(0)
    elsewhere = [w | {"publisher": "P"} if w["on"] == "A b" else w for w in lost]
    widths = []
    for works in (lost, elsewhere):
        scope, measures = asked(
            years=(2020, 2022),
            comparisons=(((2020, 2020), (2022, 2022)),),
            resampled=("strength",),
            measures=(),
            window=9,
        )
        data = tables(works)
        _, kept = centralities(*data, scope, measures)
        at = list(kept.institutions).index("A")
        widths.append(
            [
                float(np.std(kept.draws[(2022, 2022), variant, "strength"][at]))
                for variant in ("k", "reweighted")
            ]
        )
    assert widths[0][0] == pytest.approx(widths[1][0])
    heavy = 200 / 20
    assert widths[0][1] / widths[1][1] == pytest.approx(np.sqrt((80 + 40 * heavy) / 120), rel=0.02)
