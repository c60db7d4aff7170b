"""More variance than Poisson's: found where it was planted, and not where it was not."""

import numpy as np
import pyarrow as pa
import pytest
import scipy.stats

from coauth.stats.incidence import incidence
from coauth.stats.overdispersion import PRIOR, Dispersion, stretch, tail
from tests.support.toy_worlds import tables


def dispersion(yearly, **same):
    """Of `A b` works, so many each year from 2011 on, beside 1,000 of `C d`."""
    works = [
        {"on": "A b", "year": 2011 + t} | same for t, n in enumerate(yearly) for _ in range(int(n))
    ]
    works += [{"on": "C d", "year": 2011 + t} for t in range(len(yearly)) for _ in range(1000)]
    return Dispersion.of(incidence(*tables(works)), "newman")


def test_by_hand():
    """100, 160, 100: d = 120, its Poisson variance 100 + 4·160 + 100 = 840; `C d` varies by
    nothing. With A and b, C and d alike, θ = 2(14,400 − 840 − 6,000) / 2(10,000 + 4·25,600 + 10,000
    + 6·10⁶), and one second difference is one degree.
    """
    found = dispersion([100, 160, 100])
    theta = (14_400 - 840 - 6_000) / (122_400 + 6e6)
    assert found.theta["count"] == pytest.approx(theta)
    assert found.freedom == PRIOR + 1
    pooled = 1 + theta * (2 * 100**2 + 160**2) / 360
    expected = np.sqrt((14_400 / 840 + PRIOR * pooled) / (PRIOR + 1))
    widened = found.factors((2011, 2013)).of("count", np.array(["A", "C", "nobody"], object))
    assert widened[0] == pytest.approx(expected)
    assert widened[1] == pytest.approx(
        np.sqrt(max(PRIOR * (1 + theta * 3e6 / 3e3) / (PRIOR + 1), 1))
    )
    assert widened[2] == 1


def test_trend_is_no_dispersion():
    """A steady rise has no second differences."""
    assert dispersion(range(100, 240, 10)).theta == {"count": 0.0, "share": 0.0}


def test_share_leaves_out_what_all_have_in_common():
    """Years in which everybody has more: dispersed as counts, not as shares."""
    works = [
        {"on": on, "year": 2011 + t}
        for t, n in enumerate([100, 180] * 5)
        for on in ("A b", "C d")
        for _ in range(n)
    ]
    found = Dispersion.of(incidence(*tables(works)), "newman")
    assert found.theta["count"] > 0.05
    assert found.theta["share"] == 0


@pytest.mark.parametrize(
    ("years", "found"), [([2011, 2012], 0), ([2011, 2012, 2014, 2015], 0), ([2011, 2012, 2013], 1)]
)
def test_years_on_end_are_needed(years, found):
    """A gap is no year of few works; without three years on end nothing is widened and tails are
    normal.
    """
    works = [{"on": "A b", "year": y} for y in years for _ in range(30 + 40 * (y % 2))]
    told = Dispersion.of(incidence(*tables(works)), "newman")
    assert np.isfinite(told.freedom) == bool(found)
    widened = told.factors((2011, 2015)).of("count", np.array(["A"], object))[0]
    assert (widened > 1) == bool(found)


def pairs(yearly):
    """WORKS and AFFILIATIONS of institutions × years: so many works of each with a partner of its
    own.
    """
    works, links = tables(
        [{"on": f"A{i} b{i}", "year": 2011 + t} for i, t in np.ndindex(yearly.shape)]
    )
    ids = pa.array([f"W{n:06d}" for n in range(yearly.sum())])
    cell = np.repeat(np.arange(yearly.size), yearly.ravel())
    both = np.concatenate([2 * cell, 2 * cell + 1])
    return (
        table.take(at).set_column(table.column_names.index("work_id"), "work_id", of)
        for table, at, of in (
            (works, cell, ids),
            (links, both, pa.concat_arrays([ids, ids])),
        )
    )


@pytest.mark.slow
def test_planted_dispersion_is_found():
    """Negative binomial years with θ = 0.04 and mean 200: its estimate is right on average; Poisson
    years give next to none.
    """
    draw = np.random.default_rng(1)
    estimates = {theta: [] for theta in (0.0, 0.04)}
    for theta, found in estimates.items():
        for _ in range(40):
            rate = draw.gamma(1 / theta, theta, (4, 14)) if theta else np.ones((4, 14))
            yearly = draw.poisson(200 * rate)
            found.append(Dispersion.of(incidence(*pairs(yearly)), "newman").theta["count"])
    assert np.mean(estimates[0.04]) == pytest.approx(0.04, abs=0.01)
    assert np.mean(estimates[0.0]) < 0.002


def test_a_loss_that_weights_make_good_is_no_dispersion():
    """From 2017 on every other work is lost: a jump in what is left, none in what it stands for."""
    works = [
        {"on": on, "year": 2011 + t} for t in range(14) for on in ("A b", "C d") for _ in range(200)
    ]
    late = np.array([w["year"] >= 2017 for w in works])
    lost = late & (np.arange(len(works)) % 2 == 1)
    world = incidence(*tables(works))
    left, weighted = (
        Dispersion.of(world, "newman", weight)
        for weight in (np.where(lost, 0.0, 1.0), np.where(lost, 0.0, np.where(late, 2.0, 1.0)))
    )
    assert left.theta["count"] > 0.004
    assert weighted.theta["count"] == 0


def test_tails_are_scipys():
    z = np.linspace(-5, 5, 11)
    assert tail(z, 23.0) == pytest.approx(2 * scipy.stats.t.sf(np.abs(z), 23))
    assert tail(z, np.inf) == pytest.approx(2 * scipy.stats.norm.sf(np.abs(z)))
    assert stretch(0.9, 23.0) == pytest.approx(
        scipy.stats.t.ppf(0.95, 23) / scipy.stats.norm.ppf(0.95)
    )
