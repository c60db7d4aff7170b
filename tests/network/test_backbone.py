"""The backbone of a projection: its chances meet the margins, its tails are bounds, and chance
alone passes nothing.
"""

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammainc

from coauth.errors import NotFound, TableError
from coauth.network import backbone, build
from tests.support.small_network import SCOPE, world


def tables_of(teams, years=None):
    """The tables `build` takes for the projection, for one work of each team."""
    works = [(years[n] if years else 2020, tuple(sorted(team))) for n, team in enumerate(teams)]
    ids = sorted({i for _, team in works for i in team})
    return world(works, {i: (i, "DK") for i in ids}, listed=(), technology=()) | {
        "works": pa.table(
            {
                "work_id": [f"W{n}" for n in range(len(works))],
                "year": [y for y, _ in works],
                "included": [True] * len(works),
            }
        ),
        "affiliations": pa.table(
            {
                "work_id": [f"W{n}" for n, (_, team) in enumerate(works) for _ in team],
                "institution_id": [i for _, team in works for i in team],
            }
        ),
    }


def at_random(rng, volumes, size, works):
    """Teams of `size` institutions, drawn by volume alone."""
    share = np.array(volumes) / sum(volumes)
    return [
        [f"I{i}" for i in rng.choice(len(volumes), size, replace=False, p=share)]
        for _ in range(works)
    ]


@given(st.lists(st.sets(st.integers(0, 7), min_size=2, max_size=5), min_size=2, max_size=15))
@settings(deadline=None, max_examples=60)
def test_expected_volumes_and_sizes_are_those_seen(teams):
    """Both margins of the chances are the data's, whatever the works, those with someone on every
    work too.
    """
    seen = sorted(set().union(*teams))
    volumes = [sum(i in t for t in teams) for i in seen]
    volume, institutions = np.unique(volumes, return_counts=True)
    size, works = np.unique([len(t) for t in teams], return_counts=True)
    chance = backbone.chances(volume, institutions, size, works)
    assert ((chance >= 0) & (chance <= 1)).all()
    assert chance @ works == pytest.approx(volume, rel=1e-5)
    assert institutions @ chance == pytest.approx(size, rel=1e-4)


def test_by_hand():
    """Two works of two: I1 on both, I2 and I3 on one each. p = 1, ½, ½, so the mean of I1–I2 is 1
    and of I2–I3 ½.
    """
    made = tables_of([["I1", "I2"], ["I1", "I3"]])
    world_ = backbone.incidence(made["works"], made["affiliations"])
    ids = pa.array(["I1", "I2", "I3"])
    from coauth.network.edges import Pairs

    both = Pairs.of(made["edges"], ids, counting="newman", hyper=False)
    assert backbone._expected(world_, both, ids) == pytest.approx([1, 1])
    p = backbone.projection(both, ids, made["works"], made["affiliations"], (2019, 2022), 4)
    assert p == pytest.approx([1 - np.exp(-1)] * 2)


@given(st.lists(st.floats(0.001, 0.6), min_size=3, max_size=40))
@settings(deadline=None, max_examples=80)
def test_the_poisson_tail_bounds_the_exact_one(chances):
    """Hoeffding: from μ + 1 on, a sum of independent trials has no heavier tail than the Poisson of
    its mean.
    """
    exact = np.array([1.0])
    for p in chances:
        exact = np.convolve(exact, [1 - p, p])
    mean = sum(chances)
    for n in range(int(np.ceil(mean + 1)), len(chances) + 1):
        assert exact[n:].sum() <= gammainc(n, mean) + 1e-12


def test_chance_alone_passes_nothing_and_a_planted_pair_passes():
    """Twenty worlds by volume alone: none yields a pair. Six works planted between two small
    institutions are found.
    """
    rng = np.random.default_rng(20261122)
    volumes = 1 / np.arange(1, 41)
    found = 0
    for _ in range(20):
        found += build(
            tables_of(at_random(rng, volumes, 3, 200)), scope=SCOPE, backbone="projection"
        ).edges.num_rows
    assert found <= 1  # 20 worlds at a rate of 0.05
    planted = build(
        tables_of(at_random(rng, volumes, 3, 200) + [["I38", "I39"]] * 6),
        scope=SCOPE,
        backbone="projection",
    )
    assert [(r["source"], r["target"]) for r in planted.edges.to_pylist()] == [("I38", "I39")]


def test_years_are_strata():
    """Two institutions active in the same year only because both exist then are no finding."""
    rng = np.random.default_rng(1)
    old = at_random(rng, np.ones(30), 2, 1000)
    new = [[f"I{50 + int(i)}" for i in rng.choice(8, 2, replace=False)] for _ in range(200)]
    made = tables_of(old + new, [2019] * 1000 + [2021] * 200)
    assert build(made, scope=SCOPE, backbone="projection").edges.num_rows == 0
    pooled = tables_of(old + new, [2020] * 1200)
    assert build(pooled, scope=SCOPE, backbone="projection").edges.num_rows > 5


def test_order_of_rows_does_not_matter():
    rng = np.random.default_rng(2)
    made = tables_of(at_random(rng, 1 / np.arange(1, 41), 3, 200) + [["I38", "I39"]] * 6)
    turned = {n: t.take(np.arange(t.num_rows)[::-1]) for n, t in made.items()}
    one, other = (build(m, scope=SCOPE, backbone="projection").edges for m in (made, turned))
    assert one.num_rows
    assert one.equals(other)


def test_what_is_missing_is_named():
    made = tables_of([list(p) for p in combinations(("I1", "I2", "I3"), 2)])
    with pytest.raises(TableError, match="works, affiliations"):
        build(
            {k: v for k, v in made.items() if k not in {"works", "affiliations"}},
            scope=SCOPE,
            backbone="projection",
        )
    with pytest.raises(NotFound, match="projection, disparity"):
        build(made, scope=SCOPE, backbone=True)
