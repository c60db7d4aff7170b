"""A planted break is found, one that is not there is not, and a short series says how little it can
see.
"""

import datetime
import logging

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as api
from scipy import stats

from coauth.errors import MeasureFailed
from coauth.stages.events import segmented
from coauth.stages.events.matching import match
from coauth.stats import autoregression
from coauth.stats.counts import works_needed
from coauth.tables.schemas import (
    EVENTS,
    MATCHES,
)
from tests.studies.simulation import events as simulation
from tests.support.events import YEARS, Harvest, dated, harvest
from tests.support.world import rows


def one(table, **wanted):
    (row,) = [r for r in table.to_pylist() if all(r[k] == v for k, v in wanted.items())]
    return row


# -- the regression


def test_a_planted_step_and_slope_are_recovered():
    """Counts made by the formula without noise give back its step and slope, whatever the others
    do; by quarters too.
    """
    for a_year, length in ((1, 14), (4, 56)):
        t = np.arange(length) / a_year
        others, after = 20_000 * 1.07**t, t >= 8
        season = np.exp(0.2 * np.sin(np.arange(length) * 2 * np.pi / a_year))
        counts = others * season * np.exp(-3 + 0.05 * t - 0.4 * after - 0.1 * after * (t - 8))
        found = segmented.fit(segmented.design(length, 8 * a_year, a_year), counts, counts + others)
        assert found.value(1) == pytest.approx(-0.4, abs=1e-6)
        assert found.value(3) == pytest.approx(-0.1, abs=1e-6)
        low, high = found.interval(1, 0.95)
        assert low < -0.4 < high < 0


def test_without_spread_it_is_the_binomial_fit_of_others():
    """σ = 0 gives statsmodels' binomial coefficients and standard errors; σ > 0 its generalised
    least squares with AR(1).
    """
    counts = np.random.default_rng(9).poisson(np.linspace(200, 500, 14)).astype(float)
    others = np.linspace(9_000, 20_000, 14).round()
    design = segmented.design(14, 8, 1)
    mine = segmented.fit(design, counts, counts + others)
    glm = api.GLM(np.column_stack([counts, others]), design, family=api.families.Binomial()).fit(
        tol=1e-12
    )
    assert mine.coefficient[0] == pytest.approx(glm.params, rel=1e-6)
    assert mine.error[0] == pytest.approx(glm.bse, rel=1e-6)
    sigma, rho = 4, 5  # positions in SIGMA_GRID and RHO_GRID
    p = glm.fittedvalues
    information = (counts + others) * p * (1 - p)
    working = np.log(p / (1 - p)) + (counts - (counts + others) * p) / information
    lag = np.abs(np.subtract.outer(np.arange(14), np.arange(14)))
    variance = (
        np.diag(1 / information)
        + autoregression.SIGMA_GRID[sigma] ** 2 * autoregression.RHO_GRID[rho] ** lag
    )
    gls = api.GLS(working, design, sigma=variance).fit()
    at = sigma * len(autoregression.RHO_GRID) + rho
    assert mine.coefficient[at] == pytest.approx(gls.params, rel=1e-6)
    assert mine.error[at] == pytest.approx(np.sqrt(np.diag(gls.normalized_cov_params)), rel=1e-6)


def test_the_interval_is_that_of_the_mixture():
    """Its ends leave out half of the rest on either side; a p of one half is where they meet 0."""
    counts = np.random.default_rng(2).poisson(100, 14).astype(float)
    found = segmented.fit(segmented.design(14, 8, 1), counts, counts + 9_000)
    low, high = found.interval(1, 0.9)
    assert (found.below(1)(low), found.below(1)(high)) == pytest.approx((0.05, 0.95), abs=1e-6)
    assert 0 < found.p_value(1) <= 1
    assert found.dispersion >= 1
    assert 0 <= found.autocorrelation <= 0.95


def test_a_fit_that_does_not_end_is_an_error():
    """A side without any work has no finite log-odds: told, not answered by another method."""
    counts = np.where(np.arange(14) < 9, 50.0, 0.0)
    with pytest.raises(MeasureFailed, match="did not converge"):
        segmented.fit(segmented.design(14, 9, 1, trend=False), counts, counts + 1e9)


# -- what it promises


@pytest.mark.slow
@pytest.mark.parametrize("worlds", [15, pytest.param(60, marks=pytest.mark.whole)])
def test_a_planted_step_is_held_and_placebos_are_not_called(worlds):
    """Quarters with overdispersion and ρ = 0.3: coverage and false calls no worse than 93 and 5 %
    would give.

    The table of `simulation.events` has more worlds, volumes and errors.
    """
    found = simulation.tried(np.random.default_rng(6), worlds, 120, 0.3, 0.2)
    for held, called in found.values():
        assert held >= stats.binom.ppf(0.005, worlds, 0.93)
        assert called <= stats.binom.ppf(0.995, worlds, 0.05)


def test_power_is_what_is_found():
    """Among Poisson years with a fall of a quarter, the share of intervals that leave out 0 is the
    power they state.
    """
    chance, seen, said = np.random.default_rng(3), [], []
    for _ in range(150):
        counts = chance.poisson(400 * np.where(np.arange(14) < 8, 1, 0.75)).astype(float)
        low, high = segmented.fit(segmented.design(14, 8, 1), counts, counts + 10_000).interval(
            1, 0.95
        )
        seen.append(high < 0 or low > 0)
        said.append(segmented.power((high - low) / 2, 0.95))
    assert np.mean(seen) == pytest.approx(np.mean(said), abs=0.1)


def test_power_between_two_years():
    """A fall of a quarter between two single years: 80 % power from about 220 works a year, 50 %
    from about 110, more if spread.

    Counts drawn at that size are seen that often, by the plain test of two Poisson counts.
    """
    assert works_needed(0.8, 0.95) == pytest.approx(220, abs=5)
    assert works_needed(0.5, 0.95) == pytest.approx(110, abs=5)
    chance = np.random.default_rng(1)
    for sought, spread in ((0.8, 0.0), (0.5, 0.0), (0.8, 0.05)):
        a = works_needed(sought, 0.95, 2 * spread**2)
        assert seen(chance, a, spread) == pytest.approx(sought, abs=0.02)


def test_what_years_vary_beyond_chance_no_number_of_works_makes_small():
    """Two years that each vary by a fifth: a fall of a quarter between them is seldom seen, however
    many works there are.
    """
    assert works_needed(0.8, 0.95, 2 * 0.2**2) is None
    assert seen(np.random.default_rng(1), 1e6, 0.2) < 0.25
    burst = 2e4 * np.exp(0.2 * np.random.default_rng(1).normal(size=14))
    found = segmented.fit(segmented.design(14, 9, 1), burst, burst + 1e6)
    assert found.beyond(1) > 0.05
    assert works_needed(0.8, 0.95, found.beyond(1)) is None


def seen(chance, works, spread):
    """How often a fall of a quarter from so many works is told from no change, where years vary by
    `spread` beyond chance.
    """
    before, after = (
        chance.poisson(size * works * np.exp(spread * chance.normal(size=20_000)))
        for size in (1, 0.75)
    )
    return np.mean(np.log(before / after) > 1.96 * np.sqrt(1 / before + 1 / after + 2 * spread**2))


# -- the tables


def test_others_growth_is_no_break(asked):
    """A series that follows all other works has no step, even where these jump at the date; its own
    works are no part of them.
    """
    others = np.where(np.arange(14) < 9, 200, 340)
    made = harvest(others / 10, others).regress(dated("china"), asked).events
    row = one(made, period="year")
    assert row["level_change"] == pytest.approx(0, abs=1e-9)
    assert row["slope_change"] == pytest.approx(0, abs=1e-9)
    assert (row["works_before"], row["works_after"], row["left_out"]) == (180, 170, 0)


def test_the_group_is_not_among_those_it_is_held_against(asked):
    """A halving of a group that is half of all works is a halving: against all, itself included, it
    would be a third.
    """
    made = (
        harvest(np.where(np.arange(14) < 9, 80, 40), [80] * 14)
        .regress(dated("china", month=1), asked)
        .events
    )
    assert one(made, period="year")["level_change"] == pytest.approx(np.log(0.5), abs=1e-6)
    assert one(made, period="quarter")["level_change"] == pytest.approx(np.log(0.5), abs=1e-6)


def test_the_lag_moves_the_first_period_after(asked):
    """A halving in 2021 is found whole at lag 1 of a date in 2020; lags without two years after
    give no row, and are logged.
    """
    made = (
        harvest(np.where(np.arange(14) < 10, 60, 30), [300] * 14)
        .regress(dated("china", lags=(0, 1, 3, 4)), asked)
        .events
    )
    found = {(r["period"], r["lag"]): r["level_change"] for r in made.to_pylist()}
    assert {lag for period, lag in found if period == "year"} == {0, 1, 3}
    assert {lag for period, lag in found if period == "quarter"} == {0, 1}
    assert found["year", 1] == pytest.approx(np.log(0.5), abs=1e-6)
    assert abs(found["year", 0]) < abs(found["year", 1])


def test_first_of_january_is_in_no_quarter(asked):
    """Works dated 1 January, or not at all, count for the year and for no quarter, on both sides,
    and are told.
    """
    made = harvest([40] * 14, [200] * 14)
    for year in YEARS:
        made.add(year, 8, "china", date=datetime.date(year, 1, 1))
    made.add(2020, 3, "china", date=None, publication_date=None)
    table = made.regress(dated("china"), asked).events
    year, quarter = one(table, period="year"), one(table, period="quarter")
    assert year["works_before"] + year["works_after"] == 14 * 48 + 3
    assert quarter["works_before"] + quarter["works_after"] == 14 * 40
    assert (year["left_out"], quarter["left_out"]) == (0, 14 * 8 + 3)
    assert (
        quarter["works_before"] == 9 * 40 + 10
    )  # May is in the second quarter: one of 2020 is before


SILENT = {
    "a date before the series": ({}, dated("china", year=2012), "2 years"),
    "a date in the last year": ({}, dated("china", year=2024), "2 years"),
    "a date after the series": ({}, dated("china", year=2026), "2 years"),
    "few works": ({"counts": [4] * 14}, dated("china"), "5 works"),
    "none after": ({"counts": [40] * 9 + [0] * 5}, dated("china"), "5 works"),
    "a group without works": ({}, dated("russia"), "5 works"),
    "nothing beside it": ({"others": [0] * 14}, dated("china"), "5 works"),
}


@pytest.mark.parametrize("case", SILENT)
def test_where_nothing_can_be_said_there_is_no_row(asked, caplog, case):
    """No row stands for a test that could not be made, and the log says why."""
    changed, told, why = SILENT[case]
    with caplog.at_level(logging.INFO, "coauth.stages.events"):
        made = harvest(**{"counts": [40] * 14, "others": [90] * 14} | changed).regress(told, asked)
    assert (made.events.num_rows, made.events.schema, made.matches.schema) == (
        0,
        EVENTS.schema,
        MATCHES.schema,
    )
    assert why in caplog.text


def test_an_event_that_is_only_drawn(asked):
    """No series, no test."""
    assert harvest([40] * 14, [90] * 14).regress(dated(), asked).events.num_rows == 0


def test_years_beyond_the_measured_ones_are_left_out(asked):
    """A preliminary year after last_year, and works that are not counted, change nothing."""
    plain = harvest([40] * 14, [90] * 14)
    more = harvest([40] * 14, [90] * 14)
    more.add(2025, 7, "china")
    assert plain.regress(dated("china"), asked).events == more.regress(dated("china"), asked).events


@pytest.mark.slow
def test_row_order_is_irrelevant(asked):
    """The same tables in another order give the same rows."""
    made = compared()
    one, other = (made.regress(dated("list:miit", controls=2), asked, order) for order in (None, 3))
    assert one.events == other.events
    assert one.matches == other.matches


# -- difference in differences


def compared(after=1.0, country="CN"):
    """I1 is listed; I2 and I3 write as much, I2 in the same fields, I4 far more, I5 elsewhere, I6
    is no university.
    """
    made = Harvest()
    for name in ("I1", "I2", "I3", "I4"):
        made.place(name, on_list=name == "I1", country="CN" if name == "I1" else country)
    made.place("I5", country="US")
    made.place("I6", kind="company")
    for year in YEARS:
        late = after if year >= 2020 else 1
        made.add(year, 24 * late, "list:miit", on=("I1",), field_id="17")
        made.add(year, 24, on=("I2",), field_id="17")
        made.add(year, 12, on=("I3",), field_id="17")
        made.add(year, 12, on=("I3",), field_id="22")
        made.add(year, 120, on=("I4",), field_id="17")
        made.add(year, 24, on=("I5",), field_id="17")
        made.add(year, 24, on=("I6",), field_id="17")
    return made


def test_listed_institutions_are_held_against_those_like_them(asked):
    """The match by hand: I2 of the same field, then I3 (√(1 − √0.5) = 0.54 away); never I4 (5 × as
    many), I5 or I6.
    """
    made = compared(0.5).regress(dated("list:miit", controls=2), asked)
    assert rows(
        made.matches, "institution_id", "control_id", "works_before", "control_works_before"
    ) == [("I1", "I2", 216, 216), ("I1", "I3", 216, 216)]
    assert rows(made.matches, "field_distance") == pytest.approx([0, 0.5412], abs=1e-4)
    row = one(made.events, method="did", period="year")
    assert row["level_change"] == pytest.approx(np.log(0.5), abs=1e-6)
    assert row["slope_change"] is None
    assert row["pre_trend"] == pytest.approx(0, abs=1e-9)
    assert row["pre_trend_p"] == pytest.approx(1)
    assert one(made.events, method="segmented", period="year")["pre_trend_p"] is None


def test_a_trend_before_the_date_is_told(asked):
    """Where the two did not move alike before, p is small: what the step then says is not the
    date's.
    """
    made = compared()
    for year in YEARS:
        made.add(year, 6 * (year - 2011), "list:miit", on=("I1",))
    row = one(made.regress(dated("list:miit"), asked).events, method="did", period="quarter")
    assert row["pre_trend"] > 0.1
    assert row["pre_trend_p"] < 0.01


def test_works_with_both_are_in_neither(asked):
    """A work of a listed university and of one like it belongs to no side, and is told; not so one
    that counts nowhere.
    """
    made = compared()
    made.add(2015, 9, "list:miit", on=("I1", "I2"))
    made.add(2015, 4, on=("I1", "I2"), included=False)
    made.add(2025, 2, on=("I1", "I2"))
    row = one(made.regress(dated("list:miit"), asked).events, method="did", period="year")
    assert (row["works_before"], row["left_out"]) == (216, 9)


def test_nobody_alike(asked):
    """A listed institution without any like it is told, and there is no comparison."""
    made = compared(country="SE").regress(dated("list:miit"), asked)
    assert rows(made.matches, "institution_id", "control_id") == [("I1", None)]
    assert {r["method"] for r in made.events.to_pylist()} == {"segmented"}


def test_no_control_serves_two():
    """Two listed, one like both: it goes where the sum of distances is smallest, and the other
    stays alone.
    """
    place = pd.DataFrame(
        {
            "institution_id": ["I1", "I2", "I3"],
            "country_code": "CN",
            "type": "education",
            "is_domestic": False,
        }
    )
    before = pd.DataFrame(
        {"institution_id": ["I1"] * 6 + ["I2"] * 4 + ["I3"] * 4, "field_id": "17"}
    )
    found = match(["I1", "I2"], place, ["I1", "I2"], before, dated())
    assert [(f["institution_id"], f.get("control_id")) for f in found] == [
        ("I2", "I3"),
        ("I1", None),
    ]
