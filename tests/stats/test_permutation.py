"""The permutation test of a share: exact on a world small enough to shuffle by hand, level and
power on others.
"""

from itertools import combinations

import numpy as np
import pytest

from coauth.stats.incidence import incidence
from coauth.stats.permutation import permuted
from tests.support.toy_worlds import random_works, tables

PERIOD = ((2018, 2018), (2022, 2022))
EVEN = (np.ones(1), np.ones(1))


def p_of(works, name="A", replicates=999, factors=EVEN, seed=1):
    return p_of_each(works, [name], replicates, factors, seed)[0]


def p_of_each(works, names, replicates, factors, seed):
    world = incidence(*tables(works))
    world = world.only(world.team >= 2)
    at = np.flatnonzero(np.isin(world.institutions, names))
    return permuted(world, "newman", at, PERIOD, factors, replicates, seed)


def test_against_every_shuffle():
    """Four works then, four now; A on three of those now and on none then. Of the 70 ways to lay
    them, those as far apart are counted.
    """
    on = ["C d", "C e", "D e", "C f", "A b", "A c", "A d", "C d"]
    works = [{"on": o, "year": 2018 if i < 4 else 2022} for i, o in enumerate(on)]
    mine = np.array(["A" in o for o in on])

    def t(late):
        values = []
        for rows in (late, ~late):
            share = mine[rows].sum() / (2 * rows.sum())
            values.append((share, ((mine[rows] - 2 * share) ** 2).sum() / (2 * rows.sum()) ** 2))
        (x2, v2), (x1, v1) = values
        return abs(x2 - x1) / np.sqrt(v1 + v2) if v1 + v2 else 0.0

    every = [t(np.isin(np.arange(8), rows)) for rows in combinations(range(8), 4)]
    exact = np.mean(np.array(every) >= t(np.arange(8) >= 4) - 1e-12)
    assert 0 < exact < 0.3
    assert p_of(works, replicates=20_000) == pytest.approx(exact, abs=0.01)


def test_fields_keep_their_works():
    """All that changed is how many works each field has: A's field doubled. Within fields nothing
    moved, so p is 1.
    """
    works = [
        {"on": "A b", "field_id": "11", "year": y}
        for y, n in ((2018, 40), (2022, 80))
        for _ in range(n)
    ]
    works += [{"on": "C d", "field_id": "12", "year": y} for y in (2018, 2022) for _ in range(100)]
    assert p_of(works) == 1
    assert p_of([w | {"field_id": "11"} for w in works]) < 0.05


def test_bursts_are_allowed_for():
    """A change that is clear among single works is not where the institution's years vary by twice
    as much.
    """
    works = [
        {"on": on, "year": y}
        for y, n in ((2018, 60), (2022, 100))
        for on in ["A b"] * n + ["C d"] * 200
    ]
    assert p_of(works) < 0.02
    assert p_of(works, factors=(np.full(1, 2.0), np.full(1, 2.0))) > 0.05


@pytest.mark.slow
def test_level_without_a_shift():
    """In 60 worlds in which nothing changed, about one p in twenty is below 0.05."""
    found = []
    for seed in range(60):
        works = [
            w | {"year": int(2018 + 4 * (i % 2))} for i, w in enumerate(random_works(seed, 300, 12))
        ]
        names, even = ("A00", "a01", "A02", "a03"), (np.ones(4), np.ones(4))
        found += p_of_each(works, names, 199, even, seed).tolist()
    assert len(found) == 240
    assert 0.01 <= np.mean(np.array(found) <= 0.05) <= 0.09


def test_same_seed_same_p():
    works = [
        {"on": on, "year": y}
        for y, n in ((2018, 30), (2022, 45))
        for on in ["A b"] * n + ["C d"] * 100
    ]
    assert p_of(works, seed=3) == p_of(works, seed=3)
    assert len({p_of(works, seed=s) for s in range(5)}) > 1
