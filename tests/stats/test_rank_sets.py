"""Confidence sets of ranks against an independent implementation, and where the truth is known."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from coauth.stats import rank_sets


def by_hand(value, replicates, confidence):
    """Mogstad, Romano, Shaikh & Wilhelm's simultaneous sets, pair by pair; no line is the program's."""
    root, roots = np.sqrt(value), np.sqrt(replicates)
    largest, spread = np.zeros(replicates.shape[1]), {}
    for i, j in itertools.combinations(range(len(value)), 2):
        apart = roots[i] - roots[j]
        spread[i, j] = spread[j, i] = np.std(apart)
        if spread[i, j] > 1e-6:
            largest = np.maximum(largest, np.abs(apart - apart.mean()) / spread[i, j])
    critical = np.sort(largest)[int(np.ceil(confidence * (replicates.shape[1] - 1)))]
    sets = []
    for i in range(len(value)):
        others = [j for j in range(len(value)) if j != i]
        ahead = sum(root[j] - root[i] > critical * spread[i, j] for j in others)
        behind = sum(root[i] - root[j] > critical * spread[i, j] for j in others)
        sets.append((1 + ahead, len(value) - behind))
    return sets


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9))
def test_as_an_independent_implementation_has_them(seed, count):
    chance = np.random.default_rng(seed)
    value = chance.poisson(chance.exponential(60, count)).astype(float)
    drawn = chance.poisson(np.repeat(value[:, None], 200, 1)).astype(float)
    best, worst = rank_sets.among_few(value, drawn, 0.95)
    assert list(zip(best, worst, strict=True)) == by_hand(value, drawn, 0.95)
    ranks = stats.rankdata(-value, method="min")
    for low, high in ((best, worst), rank_sets.among_many(value, drawn, 0.95)):
        assert (low >= 1).all()
        assert (low <= ranks).all()
        assert (ranks <= high).all()
        assert (high <= count).all()


@pytest.mark.parametrize("sets", [rank_sets.among_few, rank_sets.among_many])
@pytest.mark.parametrize(
    "means", [np.arange(100.0, 130), np.full(30, 115.0), 100 * 1.5 ** np.arange(10)]
)
def test_ranks_hold_at_once_the_best_included(sets, means):
    """In 200 worlds each; percentiles of replicates held the best of thirty close ones in 67 %."""
    chance, held = np.random.default_rng(1), []
    true = stats.rankdata(-means, method="min")
    for _ in range(200):
        value = chance.poisson(means).astype(float)
        drawn = chance.poisson(np.repeat(value[:, None], 200, 1)).astype(float)
        low, high = sets(value, drawn, 0.95)
        held.append(((low <= true) & (true <= high)).all())
    assert np.mean(held) >= 0.88  # 0.93 less two standard errors and a half


def test_well_apart_the_order_is_known():
    drawn = np.random.default_rng(1).poisson([[900], [400], [100]], (3, 400)).astype(float)
    best, worst = rank_sets.sets(np.array([900.0, 400, 100]), drawn, 0.95)
    assert best.tolist() == worst.tolist() == [1, 2, 3]


def test_what_does_not_vary_decides_as_it_is():
    drawn = np.repeat([[3.0], [2.0], [2.0]], 50, axis=1)
    assert [e.tolist() for e in rank_sets.sets(np.array([3.0, 2, 2]), drawn, 0.95)] == [
        [1, 2, 2],
        [1, 3, 3],
    ]


def test_fewer_degrees_of_freedom_make_wider_sets():
    drawn = np.random.default_rng(1).poisson([[160], [100]], (2, 400)).astype(float)
    value = np.array([160.0, 100])
    assert rank_sets.sets(value, drawn, 0.95)[1].tolist() == [1, 2]
    assert rank_sets.sets(value, drawn, 0.95, 2.0)[1].tolist() == [2, 2]


def test_many_are_had_from_values_at_once():
    chance = np.random.default_rng(2)
    value = chance.poisson(50, rank_sets.MOST_PAIRED + 1).astype(float)
    drawn = chance.poisson(np.repeat(value[:, None], 100, 1)).astype(float)
    for one, other in zip(
        rank_sets.sets(value, drawn, 0.95), rank_sets.among_many(value, drawn, 0.95), strict=True
    ):
        assert (one == other).all()
