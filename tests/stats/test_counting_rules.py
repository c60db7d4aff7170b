"""Counting rules: worked by hand, against plain fractions, and the invariants that hold for each of
them.
"""

from collections import defaultdict
from fractions import Fraction
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coauth.errors import TableError
from coauth.stats.counting import Counting
from coauth.stats.incidence import ONE, incidence
from tests.support.toy_worlds import random_works, shuffled, tables

RULES = ("newman", "full", "strict", "author")
seeds = st.integers(0, 10_000)


def teams(seed, works=25):
    """A random world as [{institution: authors}], one dict a work."""
    draw = np.random.default_rng(seed)
    return [
        {name: int(draw.integers(1, 6)) for name in work["on"].split()}
        for work in random_works(seed, works)
    ]


def world_of(found):
    """The world of such teams, each author of one institution."""
    works, affiliations = tables([{"on": " ".join(team)} for team in found])
    shares = [n / sum(team.values()) for team in found for n in team.values()]
    at = affiliations.schema.get_field_index("author_share")
    written = pa.Table.from_pylist(
        [
            {"work_id": f"W{i:06d}", "institution_id": name}
            for i, team in enumerate(found)
            for name in team
        ]
    )
    ordered = written.append_column("author_share", pa.array(shares)).sort_by(
        [("work_id", "ascending"), ("institution_id", "ascending")]
    )
    return works, affiliations.set_column(
        at, affiliations.schema.field(at), ordered["author_share"]
    )


def pairs(counted, names):
    graph = counted.project().toarray() / ONE
    return {
        (a, b): graph[i, j] for (i, a), (j, b) in combinations(enumerate(names), 2) if graph[i, j]
    }


def by_fractions(found, rule):
    """{(a, b): weight} in exact fractions, straight from the definitions."""
    weight = defaultdict(Fraction)
    for team in found:
        k, authors = len(team), sum(team.values())
        spread = 1 - sum(Fraction(n, authors) ** 2 for n in team.values())
        for a, b in combinations(sorted(team), 2):
            weight[a, b] += {
                "newman": Fraction(1, k - 1),
                "full": Fraction(1),
                "strict": Fraction(2, k * (k - 1)),
                "author": 2 * Fraction(team[a], authors) * Fraction(team[b], authors) / spread,
            }[rule]
    return weight


def test_unequal_shares_by_hand():
    """Four authors, 2 + 1 + 1: 1 − Σf² = 1 − 6/16 = 5/8, so A–b is 2·½·¼·8/5 = 2/5 and b–c is
    2·¼·¼·8/5 = 1/5.
    """
    world = incidence(*world_of([{"A": 2, "b": 1, "c": 1}]))
    assert pairs(Counting.of(world, "author"), world.institutions) == pytest.approx(
        {("A", "b"): 0.4, ("A", "c"): 0.4, ("b", "c"): 0.2}
    )


@settings(max_examples=20, deadline=None)
@given(seeds, st.sampled_from(RULES))
def test_against_fractions(seed, rule):
    """Every pair within 1e-9 of the exact sum; strengths are the row sums; W is symmetric to the
    bit, without diagonal.
    """
    found = teams(seed)
    world = incidence(*world_of(found))
    counted = Counting.of(world, rule)
    expected = by_fractions(found, rule)
    assert pairs(counted, world.institutions) == pytest.approx(
        {pair: float(w) for pair, w in expected.items()}, rel=1e-9
    )
    strength = counted.strength @ np.ones(len(found))
    for i, name in enumerate(world.institutions):
        assert strength[i] == pytest.approx(
            float(sum(w for pair, w in expected.items() if name in pair)), rel=1e-9
        )
    graph = counted.project()
    assert (graph != graph.T).nnz == 0
    assert not graph.diagonal().any()


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_invariants(seed):
    """One edge set for all rules; a collaborative work adds 1 to all pairs together under strict
    and author; Newman strengths are whole numbers; a work of one institution changes no edge.
    """
    found = teams(seed)
    world = incidence(*world_of(found))
    graphs = {rule: Counting.of(world, rule).project() for rule in RULES}
    assert len({(g.indptr.tobytes(), g.indices.tobytes()) for g in graphs.values()}) == 1
    together = sum(len(team) > 1 for team in found)
    for rule in ("strict", "author"):
        assert graphs[rule].sum() / ONE / 2 == pytest.approx(together, rel=1e-9)
    newman = Counting.of(world, "newman").strength @ np.ones(len(found))
    assert newman.tolist() == [
        sum(name in team and len(team) > 1 for team in found) for name in world.institutions
    ]
    more = incidence(*world_of([*found, {"A00": 3}]))
    for rule in RULES:
        again = Counting.of(more, rule).project()
        keep = np.flatnonzero(np.isin(more.institutions, world.institutions))
        assert (again[keep][:, keep] != graphs[rule]).nnz == 0


@settings(max_examples=10, deadline=None)
@given(seeds, st.sampled_from(RULES))
def test_toward_splits_strength(seed, rule):
    """Strength towards a group and towards the rest is strength; it is the sum of the edges that
    lead there.
    """
    world = incidence(*world_of(teams(seed)))
    counted = Counting.of(world, rule)
    group = np.random.default_rng(seed).random(len(world.institutions)) < 0.4
    ones = np.ones(len(world.team))
    there = counted.toward(group) @ ones
    assert there == pytest.approx(
        (counted.project() / ONE) @ group.astype(float), rel=1e-9, abs=1e-9
    )
    assert there + counted.toward(~group) @ ones == pytest.approx(counted.strength @ ones)


def test_row_order_is_irrelevant():
    works, affiliations = world_of(teams(3))
    one, two = (
        incidence(works, affiliations),
        incidence(shuffled(works, 1), shuffled(affiliations, 2)),
    )
    for rule in RULES:
        assert (Counting.of(one, rule).project() != Counting.of(two, rule).project()).nnz == 0


@pytest.mark.parametrize("share", [0.0, None])
def test_without_shares_author_counting_is_refused(share):
    """A share of nothing would make an institution on the work no part of it; no other rule is put
    in its place.
    """
    works, affiliations = world_of([{"A": 1, "b": 1}])
    at = affiliations.schema.get_field_index("author_share")
    affiliations = (
        affiliations.remove_column(at)
        if share is None
        else affiliations.set_column(at, "author_share", pa.array([1.0, share]))
    )
    world = incidence(works, affiliations)
    with pytest.raises(TableError, match="author_share"):
        Counting.of(world, "author")
    assert Counting.of(world, "newman").pair.tolist() == [1.0]
