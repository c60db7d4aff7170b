"""A planted break is found, a break that is not there is not, and a short series says how little it can see."""

import datetime

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from world import rows

from coauth import events
from coauth.errors import MeasureFailed
from coauth.queries import Event, Events
from coauth.tables import COPUBLICATIONS

YEARS = range(2011, 2025)


def table(**series):
    """Yearly counts by series; `international` is the offset of both bases."""
    told = [
        {"year": y, "group_id": g.replace("list_", "list:"), "basis": b, "works": int(n), "works_low": 0.0, "works_high": 0.0, "preliminary": False}
        for g, counts in series.items()
        for b in (("union", "institution") if g == "international" else ("institution",) if g.startswith("list_") else ("union",))
        for y, n in zip(YEARS, counts, strict=False)
    ]
    return COPUBLICATIONS.of(told)


def dated(*series, year=2020, lags=(0,)):
    event = Event(id="e", date=datetime.date(year, 5, 1), name="e", name_da="e", series=series, source="-")
    return Events(lags=lags, event=(event,))


def test_a_planted_step_and_slope_are_recovered(asked):
    """Counts made by the formula without noise give back its step and slope, whatever the offset does."""
    t = np.arange(14.0)
    offset = np.round(20_000 * 1.07**t)
    after = t >= 8
    counts = np.round(offset * np.exp(-3 + 0.05 * t - 0.4 * after - 0.1 * after * (t - 8)))
    made = events.regress(table(china=counts, international=offset), dated("china", year=2019), asked.scope, 0.95)
    (row,) = made.to_pylist()
    assert (row["series"], row["event_id"], row["lag"]) == ("china", "e", 0)
    assert row["level_change"] == pytest.approx(-0.4, abs=5e-3)
    assert row["slope_change"] == pytest.approx(-0.1, abs=2e-3)
    assert row["low"] < row["level_change"] < row["high"] < 0
    assert row["power"] > 0.99


def test_growth_of_all_is_no_break(asked):
    """A series that follows all international works has no step, even where these jump at the date."""
    offset = np.where(np.arange(14) < 9, 10_000, 17_000)
    made = events.regress(table(china=offset / 10, international=offset), dated("china"), asked.scope, 0.95)
    assert rows(made, "level_change")[0] == pytest.approx(0, abs=1e-9)
    assert rows(made, "slope_change")[0] == pytest.approx(0, abs=1e-9)


def test_the_lag_moves_the_first_year_after(asked):
    """A halving in 2021 is found whole at lag 1 of a date in 2020; lags without two years after give no row."""
    counts = np.where(np.arange(14) < 10, 800, 400)
    made = events.regress(table(china=counts, international=[9_000] * 14), dated("china", lags=(0, 1, 3, 4)), asked.scope, 0.95)
    found = dict(rows(made, "lag", "level_change"))
    assert set(found) == {0, 1, 3}
    assert found[1] == pytest.approx(np.log(0.5), abs=1e-6)
    assert abs(found[0]) < abs(found[1])


def test_the_interval_holds_what_it_promises():
    """Over 400 Poisson series with a true step of a quarter down, about 95 % of intervals hold it, and power is what is found."""
    chance, years = np.random.default_rng(3), np.arange(2011.0, 2025.0)
    offset = np.full(14, 10_000.0)
    mean = 400 * np.where(years < 2019, 1, 0.75)
    made = [events.segmented(years, chance.poisson(mean).astype(float), offset, 2019, 0.95) for _ in range(400)]
    held = np.mean([m["low"] <= np.log(0.75) <= m["high"] for m in made])
    seen = np.mean([m["high"] < 0 or m["low"] > 0 for m in made])
    assert 0.93 <= held <= 0.995
    assert seen == pytest.approx(np.mean([m["power"] for m in made]), abs=0.08)


def test_without_a_break_none_is_seen_too_often():
    """Under no break an interval leaves out 0 in at most about 5 % of series, overdispersed ones included."""
    chance, years = np.random.default_rng(4), np.arange(2011.0, 2025.0)
    for shape in (None, 60):
        mean = np.full((300, 14), 300.0) if shape is None else 300 * chance.gamma(shape, 1 / shape, (300, 14))
        made = [events.segmented(years, np.maximum(c, 1.0), np.full(14, 9_000.0), 2020, 0.95) for c in chance.poisson(mean).astype(float)]
        assert np.mean([m["high"] < 0 or m["low"] > 0 for m in made]) <= 0.085


def test_small_series_have_little_power():
    """Ten works a year see a fall of a quarter hardly more often than chance; ten thousand nearly always; it is a probability."""
    years = np.arange(2011.0, 2025.0)
    power = [events.segmented(years, np.full(14, n), np.full(14, n * 10), 2022, 0.95)["power"] for n in (1.0, 10.0, 100.0, 1e4, 1e8)]
    assert power == sorted(power)
    assert 0 <= power[0] < power[1] < 0.15
    assert power[-1] == pytest.approx(1)


SILENT = {
    "a year without works": ({"china": [5] * 13 + [0]}, dated("china"), 14),
    "a series that is not there": ({"russia": [5] * 14}, dated("china"), 14),
    "a date before the series": ({"china": [5] * 14}, dated("china", year=2012), 14),
    "a date in the last year": ({"china": [5] * 14}, dated("china", year=2024), 14),
    "a date after the series": ({"china": [5] * 14}, dated("china", year=2026), 14),
    "an event that is only drawn": ({"china": [5] * 14}, dated(), 14),
    "four years for four coefficients": ({"china": [5] * 4}, dated("china", year=2013), 4),
}


@pytest.mark.parametrize("case", SILENT)
def test_where_nothing_can_be_said_there_is_no_row(asked, case):
    """No row stands for a test that could not be made."""
    series, told, length = SILENT[case]
    made = events.regress(table(**series, international=[90] * length), told, asked.scope, 0.95)
    assert made.num_rows == 0
    assert made.schema == events.EVENTS.schema


def test_lists_are_tested_by_institution_and_groups_by_union(asked):
    """A watchlist's series is held against international works by institution, a group's against the union."""
    told = table(china=[40] * 14, list_miit=[20] * 14, international=[900] * 14).to_pandas()
    told.loc[(told["group_id"] == "international") & (told["basis"] == "institution") & (told["year"] >= 2020), "works"] = 450
    made = events.regress(COPUBLICATIONS.check(pa.Table.from_pandas(told, preserve_index=False)), dated("china", "list:miit"), asked.scope, 0.95)
    found = dict(rows(made, "series", "level_change"))
    assert found["china"] == pytest.approx(0, abs=1e-9)
    assert found["list:miit"] == pytest.approx(np.log(2), abs=1e-6)


def test_years_beyond_the_measured_ones_are_left_out(asked):
    """A preliminary year after last_year changes nothing."""
    counts = [100 + n for n in range(14)]
    plain = table(china=counts, international=[900] * 14)
    later = COPUBLICATIONS.of([*plain.to_pylist(), *({**r, "year": 2025, "works": 1} for r in plain.to_pylist() if r["year"] == 2024)])
    assert events.regress(later, dated("china"), asked.scope, 0.95) == events.regress(plain, dated("china"), asked.scope, 0.95)


def test_a_fit_that_does_not_end_is_an_error(monkeypatch):
    """No convergence is told, not answered by another method."""
    monkeypatch.setattr(events.np, "max", lambda *_: 1.0)
    with pytest.raises(MeasureFailed, match="did not converge"):
        events.segmented(np.arange(2011.0, 2025.0), np.full(14, 9.0), np.full(14, 90.0), 2020, 0.95)


def test_statsmodels_agrees():
    """Coefficients and standard errors equal those of an independent quasi-Poisson fit."""
    api = pytest.importorskip("statsmodels.api")
    years = np.arange(2011.0, 2025.0)
    counts = np.random.default_rng(9).poisson(np.linspace(200, 500, 14)).astype(float)
    offset = np.linspace(9_000, 20_000, 14)
    after = (years >= 2019).astype(float)
    design = np.column_stack([np.ones(14), years - years.mean(), after, after * (years - 2019)])
    fit = api.GLM(counts, design, family=api.families.Poisson(), offset=np.log(offset)).fit(scale="X2")
    mine = events.segmented(years, counts, offset, 2019, 0.95)
    assert mine["level_change"] == pytest.approx(fit.params[2], rel=1e-7)
    assert mine["slope_change"] == pytest.approx(fit.params[3], rel=1e-7)
    error = fit.bse[2] * np.sqrt(max(1, fit.scale) / fit.scale)
    assert mine["high"] - mine["level_change"] == pytest.approx(stats.t.ppf(0.975, 10) * error, rel=1e-6)
