"""Views of a pair against what was to be expected: by hand, against exact enumeration, others' code
and simulation.
"""

from collections import Counter
from itertools import product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import Table2x2

from coauth.errors import MeasureFailed
from coauth.stages import intensity
from coauth.stages.intensity import curveball, null_model
from coauth.stages.intensity.curveball import Trades
from coauth.stages.intensity.shrinkage import Margins, Tastes
from coauth.stats.incidence import incidence
from tests.support.toy_worlds import asked, random_works, shuffled, tables


def related(works, **changes):
    return intensity.relate(
        *tables(works), *asked(**({"smallest_pair": 1, "null_samples": 0} | changes))
    ).to_pylist()


ANYTHING = Tastes(np.array([1e-9]), np.ones(1), 1.0)
"""Pairs of any intensity: nothing is drawn towards 1."""


def counted(works, expected, of_target):
    columns = {"works": works, "expected": expected, "of_target": of_target}
    return {name: np.array([value], float) for name, value in columns.items()} | {
        "first_year": np.array([2020])
    }


def test_by_hand():
    """A is on 4 of 10 works, x on 3, 2 of them with A, of 4·3/10 expected: (2/4) / (1/6) = 3 where
    nothing is drawn towards 1; and where all pairs are alike, 1.
    """
    works = [{"on": on} for on in ["A x"] * 2 + ["A"] * 2 + ["B x"] + ["B"] * 5]
    row = related(works)[0]
    assert (row["source"], row["target"], row["works"]) == ("A", "x", 2)
    assert row["expected"] == pytest.approx(1.2)
    assert row["ric_low"] < 1 < row["ric"] < 3
    plain = intensity._intensity(counted(2, 1.2, 3), [ANYTHING], 0.95)
    assert plain["ric"].item() == pytest.approx(3)
    alike = Tastes(np.array([1e12]), np.ones(1), 1.0)
    assert [
        end.item() for end in intensity._intensity(counted(2, 1.2, 3), [alike], 0.95).values()
    ] == pytest.approx([1, 1, 1], abs=1e-4)
    # full counts: A–x 2, B–x 1, so s_A = 2, s_x = 3, 2m = 6: 6·2/(2·3)
    assert row["association_strength"] == pytest.approx(2)


def test_only_domestic_with_foreign():
    """A–B and x–y are no pairs of this table; the source is the domestic one, whatever its id."""
    rows = related([{"on": "A B x y"}, {"on": "z"}, {"on": "B"}])
    assert [(r["source"], r["target"]) for r in rows] == [
        ("A", "x"),
        ("A", "y"),
        ("B", "x"),
        ("B", "y"),
    ]


def test_infinite_and_undefined_are_null():
    """x never publishes without A, and may go on so: no upper end. C is on every work of its window:
    nothing at all.
    """
    row = related([{"on": "A x"}, {"on": "A"}, {"on": "B"}])[0]
    assert row["ric_low"] < 1 < row["ric"]
    assert row["ric_high"] is None
    assert row["association_strength"] is not None
    row = related([{"on": "C x"}, {"on": "C"}])[0]
    assert (row["ric"], row["ric_low"], row["ric_high"]) == (None, None, None)


def test_large_works_are_left_out_of_everything():
    """Above K a work counts neither for the pair, nor for its ends, nor for the total."""
    small = [{"on": on} for on in ["A x"] * 2 + ["A"] * 2 + ["B x"] + ["B"] * 5]
    assert related([*small, {"on": "A B x y z"}], k=4) == related(small, k=4)
    assert related([*small, {"on": "A x", "included": False}], k=4) == related(small, k=4)


def test_threshold_and_windows():
    works = (
        [{"on": "A x", "year": 2020}] * 2
        + [{"on": "A x", "year": 2021}]
        + [{"on": "B x", "year": 2021}]
    )
    table = intensity.relate(
        *tables(works), *asked(years=(2020, 2022), window=2, smallest_pair=3)
    ).to_pylist()
    assert [(r["first_year"], r["source"], r["works"]) for r in table] == [(2020, "A", 3)]


@pytest.mark.parametrize(
    "works", [[], [{"on": "A"}], [{"on": "A B"}], [{"on": "x y"}], [{"on": "A", "included": False}]]
)
def test_empty_worlds(works):
    """Nobody to pair: an empty table, no warning."""
    assert related(works) == []


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_row_order_is_irrelevant(seed):
    works, affiliations = tables(random_works(seed))
    scope, measures = asked(smallest_pair=1, null_samples=20)
    one = intensity.relate(works, affiliations, scope, measures)
    assert one.equals(
        intensity.relate(shuffled(works, 1), shuffled(affiliations, 2), scope, measures)
    )
    for row in one.to_pylist():
        assert row["ric"] is None or row["ric_low"] < row["ric"] < (row["ric_high"] or np.inf)


def test_interval_covers_the_truth_of_pairs_chosen_for_their_works():
    """Ratios gamma about 1: of pairs with 5 works or more, few of which were expected, intervals hold
    the ratio in 95 % (standard error 0.6 points).
    """
    chance = np.random.default_rng(3)
    margins = Margins(chance.exponential(0.5, (120, 1)), chance.exponential(2.0, (400, 1)))
    expected = (margins.domestic @ margins.foreign.T).ravel()
    ratio = chance.gamma(1.0, 1.0, len(expected))
    works = chance.poisson(expected * ratio).astype(float)
    tastes = Tastes.of(works[works > 0], expected[works > 0], margins, 1.0)
    shown = (works >= 5) & (expected < 3)
    low, high = (tastes.quantile(works[shown], expected[shown], q) for q in (0.025, 0.975))
    assert shown.sum() > 1_000
    assert 0.93 <= ((low <= ratio[shown]) & (ratio[shown] <= high)).mean() <= 0.97


def test_independent_pairs_are_not_called_intense():
    """Whatever was expected of them, though their plain ratios are above 2."""
    chance = np.random.default_rng(4)
    margins = Margins(chance.exponential(0.5, (40, 1)), chance.exponential(2.0, (400, 1)))
    expected = (margins.domestic @ margins.foreign.T).ravel()
    works = chance.poisson(expected).astype(float)
    tastes = Tastes.of(works[works > 0], expected[works > 0], margins, 1.0)
    shown = (works >= 5) & (expected < 3)
    assert np.median(works[shown] / expected[shown]) > 2
    assert (tastes.quantile(works[shown], expected[shown], 0.025) > 1).mean() <= 0.035


def test_risk_ratio_of_others():
    """Where nothing is drawn towards 1, RIC is the risk ratio of the 2 × 2 table, as statsmodels
    gives it.
    """
    ratio = intensity._intensity(counted(7, 40 * 25 / 500, 25), [ANYTHING], 0.95)["ric"]
    assert ratio.item() == pytest.approx(Table2x2(np.array([[7, 33], [18, 442]])).riskratio)


def test_margins_expect_what_the_null_model_does():
    """In independent worlds the two differ by less than a tenth, and add up to the same works."""
    rows = related(independent(1), smallest_pair=12, null_samples=400)
    drawn = np.array([r["expected"] for r in rows])
    margins = np.array(
        [r["expected"] for r in related(independent(1), smallest_pair=12, null_samples=0)]
    )
    assert margins == pytest.approx(drawn, rel=0.1)


def test_association_strength_as_vosviewer_defines_it():
    """2m·c_ij/(c_i·c_j): c_ij links of i and j, c_i all links of i, m all links; over the whole
    network, by networkx.
    """
    works = [w | {"field_id": "17"} for w in random_works(4, works=80)]
    graph = nx.Graph()
    for work in works:
        ids = work["on"].split()
        for i, j in ((i, j) for i in ids for j in ids if i < j):
            graph.add_edge(i, j, weight=graph.get_edge_data(i, j, {"weight": 0})["weight"] + 1)
    links, m = dict(graph.degree(weight="weight")), graph.size(weight="weight")
    rows = related(works)
    assert len(rows) > 20
    for row in rows:
        i, j = row["source"], row["target"]
        assert row["association_strength"] == pytest.approx(
            2 * m * graph[i][j]["weight"] / (links[i] * links[j])
        )


# -- the null model


def walked(rows, columns, stratum, rounds, seed=1):
    """A matrix after some rounds, as {row: columns}."""
    trades, generator = (
        Trades.of(np.array(rows), np.array(columns), np.array(stratum)),
        np.random.default_rng(seed),
    )
    for _ in range(rounds):
        trades.round(generator)
    return {
        r: tuple(trades.columns[a:b])
        for r, (a, b) in enumerate(zip(trades.start, trades.start[1:], strict=False))
    }


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 12))
def test_rounds_keep_both_margins_in_every_stratum(seed, strata, rows):
    """Every row keeps its number of columns, every column its number of rows in every stratum, and
    no cell is filled twice.
    """
    draw = np.random.default_rng(seed)
    cells = np.argwhere(draw.random((rows, 7)) < draw.random())
    stratum = draw.integers(0, strata, rows)
    after = walked(cells[:, 0], cells[:, 1], stratum, 7, seed)
    assert [len(set(after[r])) for r in range(rows)] == np.bincount(
        cells[:, 0], minlength=rows
    ).tolist()
    assert [len(after[r]) for r in range(rows)] == [len(set(after[r])) for r in range(rows)]
    before = Counter((int(stratum[r]), int(c)) for r, c in cells)
    assert Counter((int(stratum[r]), int(c)) for r, held in after.items() for c in held) == before


MARGINS = {
    "(2,2,1,1)": ((2, 2, 1, 1), (2, 2, 1, 1)),
    "(3,2,2,1)": ((3, 2, 2, 1), (2, 2, 2, 2)),
    "(1,1,1,1)": ((1,) * 4, (1,) * 4),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MARGINS)
def test_uniform_over_every_matrix_of_four_by_four(name):
    """Against exact enumeration: each 4 × 4 matrix with these margins is met equally often (χ²,
    seeded).
    """
    across, down = MARGINS[name]
    every = [
        m
        for m in (np.reshape(cells, (4, 4)) for cells in product((0, 1), repeat=16))
        if tuple(m.sum(axis=1)) == across and tuple(m.sum(axis=0)) == down
    ]
    known = {tuple(tuple(np.flatnonzero(r)) for r in m): i for i, m in enumerate(every)}
    start = np.argwhere(every[0])
    trades, generator = (
        Trades.of(start[:, 0], start[:, 1], np.zeros(4, int)),
        np.random.default_rng(7),
    )
    met, states = np.zeros(len(every)), 40 * len(every)
    for _ in range(states):
        for _ in range(8):
            trades.round(generator)
        met[
            known[
                tuple(
                    tuple(trades.columns[a:b])
                    for a, b in zip(trades.start, trades.start[1:], strict=False)
                )
            ]
        ] += 1
    assert len(every) >= 24
    assert stats.chisquare(met).pvalue > 0.01


@pytest.mark.slow
def test_a_pair_alone_is_hypergeometric():
    """One domestic and one foreign institution on each of 60 works: C_XY is hypergeometric, in
    mean, spread and both tails.
    """
    works = [{"on": f"{'A' if i < 24 else 'B'} {'x' if 14 <= i < 32 else 'y'}"} for i in range(60)]
    row = next(
        r for r in related(works, null_samples=6_000) if (r["source"], r["target"]) == ("A", "x")
    )
    exact = stats.hypergeom(60, 24, 18)
    assert row["works"] == 10
    assert row["expected"] == pytest.approx(exact.mean(), abs=0.06)
    assert row["null_z"] == pytest.approx((10 - exact.mean()) / exact.std(), abs=0.08)
    assert row["p_value"] == pytest.approx(2 * exact.sf(9), abs=0.03)


def test_strata_do_not_trade():
    """A and x meet on all works of field 11 and on none of field 12, with others' works there:
    expected is by field.
    """
    works = [{"on": "A x", "field_id": "11"}] * 4 + [{"on": "B y", "field_id": "12"}] * 40
    row = related(works, null_samples=50)[0]
    assert (row["expected"], row["null_z"], row["p_value"], row["q_value"]) == (4, None, 1, 1)


def independent(seed, works=250):
    """Every work draws one or two domestic and none to three foreign institutions, without regard
    to each other.
    """
    draw = np.random.default_rng(seed)
    odds = 1 / np.arange(1, 9)
    ours, theirs = [f"D{i}" for i in range(8)], [f"f{i}" for i in range(8)]
    pick = lambda names, n: draw.choice(names, n, False, odds / odds.sum())  # noqa: E731
    return [
        {"on": " ".join([*pick(ours, draw.integers(1, 3)), *pick(theirs, draw.integers(0, 4))])}
        for _ in range(works)
    ]


def compared(works, apart=True):
    """z of every domestic–foreign pair, met or not; `apart=False` deals both sides together, as the
    textbook null does.
    """
    _, measures = asked(smallest_pair=1, null_samples=200)
    world = incidence(*tables(works))
    domestic = np.array([i[0].isupper() for i in world.institutions])
    both = world.by_institution @ world.matrix
    source, target = (
        a.ravel() for a in np.meshgrid(np.flatnonzero(domestic), np.flatnonzero(~domestic))
    )
    pair = {
        "first_year": np.full(len(source), 2020),
        "last_year": np.full(len(source), 2020),
        "source": source,
        "target": target,
        "works": both.toarray()[source, target].astype(int),
    }
    if apart:
        return null_model.compare(world, domestic, pair, measures)
    rows, columns = world.matrix.tocoo().coords
    trades = Trades.of(rows.astype(int), columns.astype(int), np.zeros(world.matrix.shape[0], int))
    seen = []
    for state in trades.states(200, np.random.default_rng(1)):
        table = np.zeros(world.matrix.shape)
        table[rows, state] = 1
        seen.append((table.T @ table)[source, target])
    return {"null_z": (pair["works"] - np.mean(seen, axis=0)) / np.std(seen, axis=0)}


@pytest.mark.slow
def test_sides_are_dealt_apart():
    """Where nobody prefers anybody, z is around 0 with spread 1; dealing both sides together puts
    all pairs above chance.
    """
    apart = np.concatenate([compared(independent(seed))["null_z"] for seed in range(12)])
    assert np.mean(apart) == pytest.approx(0, abs=0.12)
    assert np.std(apart) == pytest.approx(1, abs=0.12)
    assert (
        np.mean([compared(independent(seed), apart=False)["null_z"].mean() for seed in range(3)])
        > 0.2
    )


@pytest.mark.slow
def test_without_affinity_no_pair_is_called_and_a_planted_one_is():
    """q ≤ 0.05 in at most one of twenty worlds without affinity, though the pairs listed are those
    that chance made many.
    """
    called = []
    for seed in range(30):
        q = [r["q_value"] for r in related(independent(seed), smallest_pair=12, null_samples=100)]
        called.append(min(q, default=1) <= 0.05)
    assert sum(called) <= 4  # of 30 at 0.05 each, five or more happen in 1.6 % of runs
    planted = independent(1) + [{"on": "D6 f6"}] * 30
    best = min(related(planted, smallest_pair=12, null_samples=200), key=lambda r: r["q_value"])
    assert (best["source"], best["target"]) == ("D6", "f6")
    assert best["q_value"] < 0.001
    assert best["null_z"] > 5


def test_one_seed_one_answer():
    """The same seed gives the same numbers; another seed others, within their Monte-Carlo error."""
    one, same, other = (related(independent(1), null_samples=300, seed=s) for s in (1, 1, 2))
    assert one == same
    z, w = (np.array([r["null_z"] for r in rows]) for rows in (one, other))
    assert not np.array_equal(z, w)
    assert np.abs(z - w).max() < 0.15 * (2 + np.abs(z).max())


def test_no_samples_no_null():
    """Nothing was compared: empty, not zero; what was expected is from margins."""
    row = related([{"on": "A x"}, {"on": "B x"}])[0]
    assert [row[c] for c in ("expected", "null_z", "p_value", "q_value")] == [1, None, None, None]


def test_a_walk_that_never_settles_is_an_error(monkeypatch):
    """The number of rounds is bounded, and reaching it is told."""
    growing = iter(range(10**6))
    monkeypatch.setattr(curveball, "_within", lambda keys, _: np.arange(len(keys)) >= next(growing))
    with pytest.raises(MeasureFailed, match="still moves away"):
        next(
            Trades.of(
                np.repeat(np.arange(50), 50), np.tile(np.arange(50), 50), np.zeros(50, int)
            ).states(1, np.random.default_rng(1))
        )
