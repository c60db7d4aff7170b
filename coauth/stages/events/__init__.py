"""Did a series break at a policy date? Tests on yearly and quarterly counts, each with its power:
-> EVENTS, MATCHES.

Method `segmented` sets a group's works against all other international works, those of institutions
at home against all other works, with a trend of its own (`coauth.stages.events.segmented`). Method `did`,
difference in differences, sets the works of a watchlist's institutions against those of
institutions like them (`coauth.stages.events.matching`), without a trend: it rests on the two having moved
alike, which `pre_trend_p` tests on the years before. All lags are given, since works appear 6 to 24
months after the collaboration, and choosing the one that fits would be a choice after the fact.

A break is a coincidence in time, never shown to be an effect: a date stands for whatever else
happened then.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from coauth.queries import Event, Events, Scope
from coauth.stages.events import segmented
from coauth.stages.events.matching import match
from coauth.stats.counts import works_needed
from coauth.tables.schemas import EVENTS, MATCHES, own_basis

log = logging.getLogger(__name__)

PERIODS = {"year": 1, "quarter": 4}
FEWEST_YEARS = 2
"""Measured years on either side of a date."""
FEWEST_WORKS = 5
"""Works a period, on average, on either side of a date: with fewer the log-odds of a period are not
near normal.
"""
SOUGHT = 0.8
"""The power that `works_needed` is about."""


class Tested(NamedTuple):
    events: pa.Table
    matches: pa.Table


@dataclass(frozen=True)
class Series:
    """Works of a group and those they are held against, as work ids."""

    name: str
    method: str
    group: frozenset[str]
    against: frozenset[str]
    left_out: int = 0


def regress(
    memberships: pa.Table,
    works: pa.Table,
    affiliations: pa.Table,
    institutions: pa.Table,
    listed: pa.Table,
    events: Events,
    scope: Scope,
    confidence: float,
) -> Tested:
    """EVENTS and MATCHES of each policy date: every series, period, method and lag for which there
    is enough to go by.

    A date of other countries than the scope's is tested on nothing.

    Measured years only. Works dated 1 January, which often stands for a year of which no more is
    known, are in no quarter; `left_out` counts them. Both sides of a comparison lose them alike, so
    what a season does to both cancels.

    No row where a side of the date has fewer than two measured years, or the group or what it is
    held against fewer than five works a period there; how many such there were, and why, is logged.
    """
    when = _when(works, scope)
    rows: list[dict[str, Any]] = []
    pairs: list[dict[str, Any]] = []
    refused = Counter[str]()
    for event in (e for e in events.event if e.concerns(scope.countries)):
        for name in event.series:
            compared = [_against_the_rest(name, memberships, when)]
            if name.startswith("list:"):
                found = _matched(
                    name.removeprefix("list:"),
                    event.date.year - scope.first_year,
                    when,
                    affiliations,
                    institutions,
                    listed,
                    events,
                )
                pairs += [{"series": name, "event_id": event.id} | pair for pair in found]
                compared += _against_the_matched(name, found, affiliations, when)
            for series in compared:
                rows += _tests(series, event, events, when, scope, confidence, refused)
    _log(rows, refused)
    return Tested(EVENTS.of(rows), MATCHES.of(pairs))


def _log(tests: list[dict[str, Any]], refused: Counter[str]) -> None:
    log.info(
        "policy dates: %d tests made; not made: %s",
        len(tests),
        "; ".join(f"{n} {why}" for why, n in sorted(refused.items())) or "none",
    )


# -- which works


def _when(works: pa.Table, scope: Scope) -> pd.DataFrame:
    """Included works of the measured years: year, field_id, and the quarter counted from the first;
    −1 where undated.
    """
    table: pd.DataFrame = (
        works.filter(works["included"])
        .select(["work_id", "year", "publication_date", "field_id"])
        .to_pandas()
    )
    table = table[table["year"].between(scope.first_year, scope.last_year)].set_index("work_id")
    date = pd.to_datetime(table["publication_date"])
    told = (date.dt.year == table["year"]) & ~((date.dt.month == 1) & (date.dt.day == 1))
    table["year"] -= scope.first_year
    table["quarter"] = np.where(told, 4 * table["year"] + date.dt.quarter.fillna(1) - 1, -1).astype(
        int
    )
    return table[["year", "quarter", "field_id"]]


def _against_the_rest(name: str, memberships: pa.Table, when: pd.DataFrame) -> Series:
    """A group against all other international works: of matched institutions for a watchlist, else
    of either basis. One with works that are not international, as of institutions at home, against
    all other works: the base its share is of (`coauth.stages.copublications`).
    """
    basis = "institution" if name.startswith("list:") else "union"
    rows = memberships.filter(pc.equal(memberships["basis"], basis))
    group, all_ = (
        frozenset(rows.filter(pc.equal(rows["group_id"], g))["work_id"].to_pylist())
        for g in (name, "international")
    )
    return Series(
        name, "segmented", group, (all_ if group <= all_ else frozenset(when.index)) - group
    )


def _matched(
    list_id: str,
    years_before: int,
    when: pd.DataFrame,
    affiliations: pa.Table,
    institutions: pa.Table,
    listed: pa.Table,
    events: Events,
) -> list[dict[str, Any]]:
    entries = listed.select(["institution_id", "list_id"]).to_pandas()
    on = (
        affiliations.select(["work_id", "institution_id"])
        .to_pandas()
        .join(when, on="work_id", how="inner")
    )
    before = on[on["year"] < years_before]
    return match(
        list(entries.loc[entries["list_id"] == list_id, "institution_id"]),
        institutions.to_pandas(),
        list(entries["institution_id"]),
        before,
        events,
    )


def _against_the_matched(
    name: str, pairs: list[dict[str, Any]], affiliations: pa.Table, when: pd.DataFrame
) -> Iterator[Series]:
    """Works of listed institutions that have a control against works of the controls; works with
    both are in neither.
    """
    pairs = [p for p in pairs if p.get("control_id")]
    if pairs:
        on = affiliations.select(["work_id", "institution_id"]).to_pandas()
        on = on[
            on["work_id"].isin(when.index)
        ]  # a work that counts nowhere is not left out of this
        group, control = (
            frozenset(on.loc[on["institution_id"].isin([p[side] for p in pairs]), "work_id"])
            for side in ("institution_id", "control_id")
        )
        yield Series(name, "did", group - control, control - group, len(group & control))


# -- the tests


def _tests(
    series: Series,
    event: Event,
    events: Events,
    when: pd.DataFrame,
    scope: Scope,
    confidence: float,
    refused: Counter[str],
) -> Iterator[dict[str, Any]]:
    group, against = (
        when.loc[when.index.intersection(list(ids), sort=False)]
        for ids in (series.group, series.against)
    )
    for period, a_year in PERIODS.items():
        length = a_year * len(scope.years)
        counts, rest = (
            np.bincount(side.loc[side[period] >= 0, period], minlength=length).astype(float)
            for side in (group, against)
        )
        left_out = int((group[period] < 0).sum()) + series.left_out
        yield from _of_counts(
            Counts(series.name, series.method, period, counts, rest, left_out),
            event,
            events,
            scope,
            confidence,
            refused,
        )


class Counts(NamedTuple):
    """Works of a group and of those it is held against, a period each."""

    series: str
    method: str
    period: str
    group: segmented.Array
    against: segmented.Array
    left_out: int = 0


def _of_counts(
    counts: Counts,
    event: Event,
    events: Events,
    scope: Scope,
    confidence: float,
    refused: Counter[str],
) -> Iterator[dict[str, Any]]:
    """A row a lag."""
    a_year, group, rest = PERIODS[counts.period], counts.group, counts.against
    for lag in events.lags:
        start = (
            a_year * (event.date.year + lag - scope.first_year)
            + (event.date.month - 1) * a_year // 12
        )
        if why := _lacking(group, rest, start, a_year):
            refused[why] += 1
            continue
        yield {
            "series": counts.series,
            "event_id": event.id,
            "period": counts.period,
            "method": counts.method,
            "lag": lag,
            "works_before": int(group[:start].sum()),
            "works_after": int(group[start:].sum()),
            "left_out": counts.left_out,
        } | _tested(counts.method, group, group + rest, start, a_year, confidence)


INTERNATIONAL = "international"
"""The series of all works with an institution at home and one abroad."""


def regress_counts(
    copublications: pa.Table, events: Events, scope: Scope, confidence: float
) -> pa.Table:
    """EVENTS of yearly counts as they are published, each group against the rest of what its share is
    of: what anyone could work out from them. Rounding makes years differ more, which the interval's
    dispersion takes in. A series with a count that is not told is not tested.
    """
    rows = copublications.to_pandas().sort_values("year")
    rows = rows[rows["year"].between(scope.first_year, scope.last_year)]
    tests: list[dict[str, Any]] = []
    refused = Counter[str]()
    for event in (e for e in events.event if e.concerns(scope.countries)):
        for name in event.series:
            series = rows[(rows["group_id"] == name) & (rows["basis"] == own_basis(name))]
            whole = rows[(rows["group_id"] == INTERNATIONAL) & (rows["basis"] == own_basis(name))]
            works, total = (
                part.set_index("year")["works"].reindex(scope.years).to_numpy(dtype=float)
                for part in (series, whole)
            )
            if "all" in set(
                series["base"]
            ):  # no series has all works of a year, only shares of them
                share = series.set_index("year")["share"].reindex(scope.years).to_numpy(dtype=float)
                with np.errstate(invalid="ignore", divide="ignore"):
                    total = np.round(works / share)
            if np.isnan(works + total).any():
                clause = "of no work, whose total is" if 0 in works else "that is"
                refused[f"for a count {clause} not told"] += 1
                continue
            # a part may be rounded up and its whole down
            counts = Counts(name, "segmented", "year", works, np.maximum(total - works, 0))
            tests += _of_counts(counts, event, events, scope, confidence, refused)
    _log(tests, refused)
    return EVENTS.of(tests)


def _lacking(counts: segmented.Array, rest: segmented.Array, start: int, a_year: int) -> str | None:
    """Why a series cannot be tested at `start`; None if it can."""
    if not FEWEST_YEARS * a_year <= start <= len(counts) - FEWEST_YEARS * a_year:
        return f"for fewer than {FEWEST_YEARS} years on a side of the date"
    if (
        min(side.mean() for whole in (counts, rest) for side in (whole[:start], whole[start:]))
        < FEWEST_WORKS
    ):
        return f"for fewer than {FEWEST_WORKS} works a period"
    return None


def _tested(
    method: str,
    counts: segmented.Array,
    total: segmented.Array,
    start: int,
    a_year: int,
    confidence: float,
) -> dict[str, Any]:
    trend = method == "segmented"
    found = segmented.fit(segmented.design(len(counts), start, a_year, trend), counts, total)
    low, high = found.interval(1, confidence)
    row = {
        "level_change": found.value(1),
        "slope_change": found.value(3) if trend else None,
        "low": low,
        "high": high,
        "power": segmented.power((high - low) / 2, confidence),
        "dispersion": found.dispersion,
        "autocorrelation": found.autocorrelation,
        "works_needed": works_needed(SOUGHT, confidence, found.beyond(a_year)),
    }
    if not trend:
        earlier = segmented.design(start, start, a_year)[
            :, [0, 2, *range(4, 3 + a_year)]
        ]  # no step before the date
        before = segmented.fit(earlier, counts[:start], total[:start])
        row |= {"pre_trend": before.value(1), "pre_trend_p": before.p_value(1)}
    return row
