"""Tables -> the numbers a report states, as frames without a word of any language. What is drawn or
printed elsewhere is one of these frames, and each becomes the CSV behind its figure or table.

A frame without rows means "nothing to show" everywhere; no function raises for an empty table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from coauth.queries import Queries, Watchlist, Years
from coauth.stats import autoregression
from coauth.stats.autoregression import CHANCE, Beyond
from coauth.stats.counts import compare_counts
from coauth.tables.schemas import ALL, CAUSES, Name, Tables, own_basis

MIN_POSITIVES = 30
"""Works that truly belong to an area, below which nothing is said of its cues
(`coauth.review.labelling`).
"""
SMALLEST_Q = 0.001
"""False discovery rates below are said to be below."""
PUBLISHERS = 8
PUBLISHER_MIN_WORKS = 50
"""Works in each window from which a publisher's share of complete works is said: below, chance
alone moves it by 20 points.
"""


def table(tables: Tables, name: Name) -> pa.Table:
    """A table, or an empty one under its contract where it was not made."""
    return tables.get(name, ALL[name].empty())


def frame(tables: Tables, name: Name, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The same as a frame."""
    found = table(tables, name)
    taken: pd.DataFrame = (found.select(list(columns)) if columns else found).to_pandas()
    return taken


def each(rows: pd.DataFrame) -> Iterator[Any]:
    """The rows, with their columns as attributes."""
    return iter(rows.itertuples(index=False))


# -- series of counts (Figures 1 and 2)


def series(tables: Tables, name: str, queries: Queries, basis: str = "") -> pd.DataFrame:
    """One co-publication series over the measured years, with count, share of international works,
    intervals.
    """
    rows = frame(tables, "copublications")
    years = rows["year"].between(queries.scope.first_year, queries.scope.last_year)
    chosen = rows[
        (rows["group_id"] == name) & (rows["basis"] == (basis or own_basis(name))) & years
    ]
    return chosen.sort_values("year").reset_index(drop=True)


def partners(tables: Tables, queries: Queries) -> pd.DataFrame:
    """The series of Figure 1, one group after another in the order of queries/groups.toml."""
    parts = [series(tables, g.id, queries) for g in queries.partners if g.figure]
    return pd.concat(parts, ignore_index=True)


def changes(
    tables: Tables,
    names: Sequence[str],
    queries: Queries,
    basis: str = "",
    rounding: float = 0.0,
) -> pd.DataFrame:
    """The headline change of each series that is there; ratio, low and high are missing where a
    count is 0 or not told. `rounding` is the variance that rounding gives to each count.
    """
    first, last = queries.measures.headline_change
    rows = []
    for name in names:
        counts = series(tables, name, queries, basis).set_index("year")["works"]
        if first in counts.index and last in counts.index:
            row = {
                "group_id": name,
                "first_year": first,
                "last_year": last,
                "before": counts[first],
                "after": counts[last],
            }
            if not counts[[first, last]].isna().any():
                found = compare_counts(
                    int(counts[first]),
                    int(counts[last]),
                    queries.measures.confidence,
                    beyond(tables, name, queries, (first, last), basis),
                    rounding,
                )
                row |= {"ratio": found.ratio, "low": found.low, "high": found.high}
            rows.append(row)
    columns = ["group_id", "first_year", "last_year", "before", "after", "ratio", "low", "high"]
    made_of = pd.DataFrame(rows, columns=columns)
    return made_of.astype({"ratio": float, "low": float, "high": float})


def direction(low: float | None, high: float | None) -> str:
    """`rose`, `fell` or `unclear`, by whether the interval of a change holds 0; `unknown` without
    an interval.
    """
    if low is None or high is None or np.isnan(low) or np.isnan(high):
        return "unknown"
    return "rose" if low > 0 else "fell" if high < 0 else "unclear"


def indexed(tables: Tables, names: Sequence[str], queries: Queries) -> pd.DataFrame:
    """Each series as index, first year of the headline change = 100; a series without works in that
    year is left out.

    The band is that of the year's count; the chance in the base year is not in it.
    """
    base_year = queries.measures.headline_change[0]
    parts = []
    for name in names:
        rows = series(tables, name, queries)
        base = rows.loc[rows["year"] == base_year, "works"].sum()
        if base:
            scaled = rows[["works", "works_low", "works_high"]] * (100 / base)
            scaled.columns = pd.Index(["index", "index_low", "index_high"])
            parts.append(pd.concat([rows[["year", "group_id", "preliminary"]], scaled], axis=1))
    empty = pd.DataFrame(
        columns=["year", "group_id", "preliminary", "index", "index_low", "index_high"]
    )
    return pd.concat(parts, ignore_index=True) if parts else empty


def beyond(tables: Tables, name: str, queries: Queries, years: Years, basis: str = "") -> Beyond:
    """How much more than chance a series may change between two years, by how its years vary that
    are shown and not preliminary.
    """
    rows = series(tables, name, queries, basis)
    return _beyond(rows["works"], rows, years)


def beyond_then(tables: Tables, name: str, queries: Queries, years: Years) -> Beyond:
    """The same of the earlier vintage that `revisions` are against."""
    rows = series(tables, name, queries)
    then = revisions(tables, [name], queries, [(year, year) for year in rows["year"]])["then"]
    return _beyond(then, rows, years)


def _beyond(works: pd.Series[Any], rows: pd.DataFrame, years: Years) -> Beyond:
    measured = works.where(~rows["preliminary"].astype(bool)).set_axis(rows["year"])
    start = int(min([*rows["year"], *years]))
    every = measured.reindex(range(start, int(max([*rows["year"], *years])) + 1))
    return autoregression.beyond(every.to_numpy(dtype=float), *(year - start for year in years))


def smallest_fall(
    works: int, confidence: float, beyond: Beyond = CHANCE, rounding: float = 0.0
) -> float | None:
    """The smallest fall from `works` that can be told from chance, from how the series varies and
    from the `rounding` of counts; as a positive ratio; None where none can.
    """
    low, high = (
        0,
        works,
    )  # a fall to `low` can be told (or is no count), one to `high` cannot
    while high - low > 1:
        middle = (low + high) // 2
        end = compare_counts(works, middle, confidence, beyond, rounding).high
        low, high = (middle, high) if end is not None and end < 0 else (low, middle)
    return None if low == 0 else 1 - low / works


def works_for_quarter_fall(confidence: float, rounding: float = 0.0) -> int:
    """From how many works a year on a fall of a quarter can be told from chance and from the
    `rounding` of counts, to the nearest five.
    """
    works = 4
    while (compare_counts(works, works * 3 // 4, confidence, rounding=rounding).high or 0) >= 0:
        works += 4
    return 5 * round(works / 5)


def revisions(
    tables: Tables, names: Sequence[str], queries: Queries, spans: Sequence[Years]
) -> pd.DataFrame:
    """Series × span of years: works `then` and `now`, and a column for every cause; then + causes =
    now.
    """
    told = frame(tables, "revisions")
    rows: list[dict[str, Any]] = []
    for name in names:
        counts, own = series(tables, name, queries), told[told["series"] == name]
        for first, last in dict.fromkeys(spans) if len(counts) else ():
            now = int(counts.loc[counts["year"].between(first, last), "works"].sum())
            net = own[own["year"].between(first, last)].groupby("cause")["works"].sum()
            rows.append(
                {
                    "series": name,
                    "first_year": first,
                    "last_year": last,
                    "then": now - int(net.sum()),
                }
                | {cause: int(net.get(cause, 0)) for cause in CAUSES}
                | {"now": now}
            )
    return pd.DataFrame(rows, columns=["series", "first_year", "last_year", "then", *CAUSES, "now"])


def entries_by_year(tables: Tables, watchlist: Watchlist, queries: Queries) -> pd.DataFrame:
    """Works a year with each entry of a list, in the list's order; a work with two entries counts
    once in each.
    """
    listed = frame(tables, "listed", ["institution_id", "list_id", "entry_id"])
    listed = listed[listed["list_id"] == watchlist.id]
    works = frame(tables, "works", ["work_id", "year", "included"])
    members = frame(tables, "affiliations", ["work_id", "institution_id"])
    hits = members.merge(listed, on="institution_id").merge(works[works["included"]], on="work_id")
    counts = hits.drop_duplicates(["entry_id", "work_id"]).pivot_table(
        index="entry_id", columns="year", values="work_id", aggfunc="count"
    )
    every = pd.Index([e.id for e in watchlist.entry], name="entry_id")
    rows = (
        counts.reindex(index=every, columns=pd.Index(queries.scope.years))
        .fillna(0)
        .astype("int64")
        .rename_axis(columns=None)
    )
    return rows.reset_index()


# -- coverage


def coverage_by_year(tables: Tables, queries: Queries) -> pd.DataFrame:
    """Share of authorships with an institution and of works where every authorship has one, by
    year.
    """
    rows = frame(tables, "coverage")
    rows = rows[rows["year"].between(queries.scope.first_year, queries.scope.last_year)]
    years = rows.groupby("year", as_index=False)[
        ["works", "works_complete", "authorships", "authorships_with_institution"]
    ].sum(min_count=1)
    years["share_authorships"] = years["authorships_with_institution"] / years["authorships"].where(
        years["authorships"] > 0
    )
    years["share_complete"] = years["works_complete"] / years["works"].where(years["works"] > 0)
    return years


def publishers(tables: Tables, before: Years, after: Years) -> pd.DataFrame:
    """The publishers whose share of complete works changed most between two windows."""
    rows = frame(tables, "coverage").dropna(subset=["publisher"])
    sides = []
    for name, (first, last) in (("before", before), ("after", after)):
        side = (
            rows[rows["year"].between(first, last)]
            .groupby("publisher")[["works", "works_complete"]]
            .sum()
        )
        side["share"] = side["works_complete"] / side["works"]
        sides.append(side[["works", "share"]].add_suffix(f"_{name}"))
    both = sides[0].join(sides[1], how="inner")
    both = both[
        (both["works_before"] >= PUBLISHER_MIN_WORKS) & (both["works_after"] >= PUBLISHER_MIN_WORKS)
    ].reset_index()
    both["change"] = both["share_after"] - both["share_before"]
    both["size"] = both["change"].abs()
    return (
        both.sort_values(["size", "publisher"], ascending=[False, True])
        .head(PUBLISHERS)
        .drop(columns="size")
        .reset_index(drop=True)
    )


# -- windows and institutions


def last_window(queries: Queries) -> Years:
    return queries.scope.last_year - queries.measures.window + 1, queries.scope.last_year


def window_before(queries: Queries) -> Years:
    first, _ = last_window(queries)
    return first - queries.measures.window, first - 1


def institutions(tables: Tables) -> pd.DataFrame:
    return frame(
        tables, "institutions", ["institution_id", "ror", "name", "country_code", "is_domestic"]
    ).set_index("institution_id")


# -- events, admissions


def events(tables: Tables) -> pd.DataFrame:
    """The tests at policy dates, as relative steps instead of logs."""
    rows = frame(tables, "events")
    for column, log in (
        ("step", "level_change"),
        ("step_low", "low"),
        ("step_high", "high"),
        ("slope", "slope_change"),
    ):
        rows[column] = np.expm1(rows[log].astype(float))
    return rows[
        [
            "series",
            "event_id",
            "period",
            "method",
            "lag",
            "step",
            "step_low",
            "step_high",
            "slope",
            "power",
            "works_needed",
            "works_before",
            "works_after",
            "left_out",
            "dispersion",
            "autocorrelation",
            "pre_trend_p",
        ]
    ]


def matches(tables: Tables) -> pd.DataFrame:
    """Which institutions the listed ones are compared with; those without any first."""
    rows = frame(tables, "matches")
    return rows.sort_values(
        ["series", "event_id", "institution_id", "control_id"], na_position="first"
    ).reset_index(drop=True)


def admissions(tables: Tables, queries: Queries) -> pd.DataFrame:
    """PhD admissions by country over the measured years, as imported; suppressed cells have no
    number.
    """
    rows = frame(tables, "admissions")
    return rows[
        rows["year"].between(queries.scope.first_year, queries.scope.last_year)
    ].reset_index(drop=True)
