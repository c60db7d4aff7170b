"""Years that resemble their neighbours."""

import numpy as np
import pytest

from coauth.stats import autoregression
from coauth.stats.autoregression import CHANCE, beyond
from coauth.stats.counts import compare_counts
from tests.studies.simulation.bursts import change


def size(extra):
    return float(extra.weight @ extra.variance)


@pytest.mark.parametrize(
    "works", [np.array([5.0, 6]), np.zeros(14), np.full(14, np.nan), np.array([3.0, np.nan, 4])]
)
def test_nothing_to_go_by_is_chance_alone(works):
    assert beyond(works, 0, 1) is CHANCE


def test_a_series_that_begins_with_nothing_has_a_spread():
    found = beyond(np.array([0.0] * 13 + [5]), 9, 12)
    assert found.weight.sum() == pytest.approx(1)
    assert np.isfinite(found.variance).all()


def test_years_that_are_not_to_be_used_are_not():
    """The tail that still grows is no variance."""
    works = np.random.default_rng(1).poisson(200, 14).astype(float)
    cut = works.copy()
    cut[-2:] = 20.0
    left_out = np.where(np.arange(14) < 12, works, np.nan)
    assert size(beyond(cut, 6, 9)) > 2 * size(beyond(left_out, 6, 9))
    assert size(beyond(left_out, 6, 9)) == pytest.approx(size(beyond(works[:12], 6, 9)), rel=1e-9)


def test_a_true_step_between_the_years_is_no_spread():
    works = np.where(np.arange(14) < 11, 300.0, 150.0)
    assert size(beyond(works, 9, 12)) < 0.01
    assert compare_counts(300, 150, 0.95, beyond(works, 9, 12)).high < 0


def test_the_mixture_is_the_exact_interval_where_nothing_is_beyond_chance():
    one, other = (
        compare_counts(40, 90, 0.95, given)
        for given in (
            CHANCE,
            autoregression.Beyond(np.full(4, 0.25), np.zeros(4)),
        )
    )
    assert one == pytest.approx(other)


def test_unchanged_series_are_not_called():
    """ρ = 0.8, 100 worlds: by chance alone more than one in ten would be."""
    called = np.array(
        [change(np.random.default_rng([7, seed]), 0.2, 0.8, 100) for seed in range(100)]
    )
    poisson, found, _ = called.mean(axis=0)
    assert poisson > 0.1
    assert found <= 0.1
