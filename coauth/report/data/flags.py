"""Review cues as a report states them: flagged pairs, which of them are new or gone, and what their
works are about.

Like `findings`: frames without a word of any language, none of which fails on an empty table.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from coauth.queries import Queries
from coauth.report.data.frames import (
    each,
    frame,
    institutions,
    last_window,
    window_before,
)
from coauth.stats import areas, pair_changes
from coauth.stats.counts import binomial
from coauth.stats.incidence import Floats
from coauth.tables.schemas import ALL, AREAS, TECHNOLOGIES, Tables, own_basis

STRONGEST = 20
"""Pairs shown on the page; the CSV has all."""
MOVED = 10
"""Pairs shown of each kind that moved."""
_PAIR = ["domestic", "foreign", "list_id", "entry_id"]


def _cues(tables: Tables, queries: Queries) -> pd.DataFrame:
    """Watchlist flags between a domestic and a foreign institution, with the ends told apart."""
    flags = frame(tables, "flags")
    flags = flags[(flags["kind"] == "watchlist") & flags["domestic_pair"].astype(bool)]
    home = set(institutions(tables).query("is_domestic").index)
    first = flags["source"].isin(home).to_numpy(dtype=bool)
    return flags.assign(
        domestic=np.where(first, flags["source"], flags["target"]),
        foreign=np.where(first, flags["target"], flags["source"]),
    )


def cues(tables: Tables, queries: Queries) -> pd.DataFrame:
    """Domestic–listed pairs of the last window: works by year, first year, works listed, RIC;
    strongest first.
    """
    flags = _cues(tables, queries)
    first, last = last_window(queries)
    recent = flags[flags["year"].between(first, last)]
    if recent.empty:
        return pd.DataFrame()
    by_year = recent.pivot_table(
        index=_PAIR, columns="year", values="works", aggfunc="sum", fill_value=0
    )
    rows = by_year.reindex(columns=range(first, last + 1), fill_value=0)
    rows.columns = pd.Index([f"works_{y}" for y in rows.columns])
    rows.insert(0, "works", rows.sum(axis=1))
    rows["first_year"] = flags.groupby(_PAIR)["year"].min()
    # One year of which the list's dates are unknown makes the sum unknown, not smaller.
    rows["works_listed"] = recent.groupby(_PAIR)["works_listed"].sum(min_count=1).astype(float)
    rows.loc[recent[recent["works_listed"].isna()].groupby(_PAIR).size().index, "works_listed"] = (
        np.nan
    )
    pairs = frame(
        tables,
        "pairs",
        ["first_year", "last_year", "source", "target", "ric", "ric_low", "ric_high"],
    )
    pairs = pairs[(pairs["first_year"] == first) & (pairs["last_year"] == last)]
    named = pairs.rename(columns={"source": "domestic", "target": "foreign"}).drop(
        columns=["first_year", "last_year"]
    )
    joined = rows.reset_index().merge(named, how="left", on=["domestic", "foreign"])
    return joined.sort_values(
        ["works", *_PAIR], ascending=[False, True, True, True, True]
    ).reset_index(drop=True)


def cue_areas(tables: Tables, queries: Queries) -> pd.DataFrame:
    """Works of each pair of `cues` by EU-10 area; a work may count in several."""
    first, last = last_window(queries)
    evidence = frame(
        tables, "evidence", ["year", "source", "target", "kind", "list_id", "entry_id", "work_id"]
    )
    evidence = evidence[(evidence["kind"] == "watchlist") & evidence["year"].between(first, last)]
    works = (
        evidence.drop(columns=["kind", "year"])
        .drop_duplicates()
        .merge(
            areas.of_works(tables.get("technologies", TECHNOLOGIES.empty()), queries), on="work_id"
        )
    )
    return works.groupby(
        ["source", "target", "list_id", "entry_id", "area_id"], as_index=False
    ).size()


def compared(queries: Queries) -> bool:
    """Whether all years of the window before the last one are measured."""
    return window_before(queries)[0] >= queries.scope.first_year


def moved(tables: Tables, queries: Queries) -> pd.DataFrame:
    """Domestic–listed pairs of the last two windows: works in each, their change with its interval,
    and what may be said of it.

    `kind`: new or gone (in one window only), grown or shrunk (in both, and `beyond` chance), else
    as before. `beyond`: the conditional binomial test of equal rates, of works that come in bursts
    (`coauth.stats.pair_changes`; `dispersion` says how much), at the false discovery rate of
    queries/measures.toml over all pairs of this table. Empty where the first window begins
    before the measured years: a year that was not measured is no year without works.
    """
    flags = _cues(tables, queries)
    if not compared(queries):
        flags = flags.iloc[:0]
    sides = [
        flags[flags["year"].between(*window)].groupby(_PAIR)["works"].sum()
        for window in (window_before(queries), last_window(queries))
    ]
    rows = (
        pd.concat(sides, axis=1, keys=["before", "after"]).fillna(0).astype("int64").reset_index()
    )
    bursts = pair_changes.Bursts.of(_yearly(flags, queries), queries.measures.window)
    before, after = (rows[side].to_numpy(dtype=float) for side in ("before", "after"))
    change = pair_changes.compare(before, after, bursts, queries.measures.confidence)
    rows = rows.assign(ratio=change.ratio, low=change.low, high=change.high, p_value=change.p)
    rows["q_value"] = (
        stats.false_discovery_control(rows["p_value"]) if len(rows) else rows["p_value"]
    )
    rows["dispersion"] = bursts.times
    rows["beyond"] = rows["q_value"] <= queries.measures.false_discovery_rate
    up = rows["after"] > rows["before"]
    kinds = [rows["before"] == 0, rows["after"] == 0, rows["beyond"] & up, rows["beyond"] & ~up]
    rows.insert(0, "kind", np.select(kinds, ["new", "gone", "grown", "shrunk"], "as before"))
    rows["size"] = (rows["after"] - rows["before"]).abs()
    rows = rows.sort_values(
        ["kind", "size", *_PAIR], ascending=[True, False, True, True, True, True]
    )
    return rows.drop(columns="size").reset_index(drop=True)


def _yearly(flags: pd.DataFrame, queries: Queries) -> Floats:
    """Works of each pair (once, whatever the lists it is on) × measured year that is not
    preliminary.
    """
    years = list(queries.scope.settled)
    by_year = flags.pivot_table(
        index=["domestic", "foreign"], columns="year", values="works", aggfunc="max", fill_value=0
    )
    return by_year.reindex(columns=years, fill_value=0).to_numpy(dtype=np.float64)


# -- technologies


def area_profile(tables: Tables, queries: Queries) -> pd.DataFrame:
    """Of the works of each series in the last window, how many are in each EU-10 area, with the
    exact binomial interval.

    Counted from the works, or taken from the table `profiles` where there is one: a public edition
    has no works.
    """
    counted = tables.get("profiles")
    if counted is None:
        memberships, technologies = (
            tables.get(n, ALL[n].empty()) for n in ("memberships", "technologies")
        )
        counted = areas.profiles(
            memberships, technologies, areas.series(queries), last_window(queries), queries
        )
    named, area = ({x: n for n, x in enumerate(order)} for order in (areas.series(queries), AREAS))
    rows: pd.DataFrame = counted.to_pandas().drop(columns=["first_year", "last_year"])
    rows = rows.sort_values(
        ["series", "area_id"],
        key=lambda c: c.map(named if c.name == "series" else area),
        ignore_index=True,
    )
    return _with_shares(rows, queries)


def area_years(tables: Tables, queries: Queries) -> pd.DataFrame:
    """Year × side × EU-10 area: works in the area, of all of that side, and their share with the
    exact binomial interval.

    Sides: `listed`, international works with an institution of an enabled watchlist, and `others`,
    those without.
    """
    members = frame(tables, "memberships", ["year", "group_id", "basis", "work_id"])
    members = members[members["year"].between(queries.scope.first_year, queries.scope.last_year)]
    all_ = members[
        (members["group_id"] == "international") & (members["basis"] == own_basis("international"))
    ]
    listed = set(
        members.loc[
            members["group_id"].isin([f"list:{w.id}" for w in queries.watchlists if w.enabled]),
            "work_id",
        ]
    )
    works = all_[["year", "work_id"]].assign(
        side=np.where(all_["work_id"].isin(listed), "listed", "others")
    )
    totals = works.groupby(["year", "side"]).size().reset_index(name="total")
    counts = (
        works.merge(
            areas.of_works(tables.get("technologies", TECHNOLOGIES.empty()), queries), on="work_id"
        )
        .groupby(["year", "side", "area_id"])
        .size()
    )
    rows = [
        (t.year, t.side, a, counts.get((t.year, t.side, a), 0), t.total)
        for t in each(totals)
        for a in AREAS
    ]
    made_of = _with_shares(
        pd.DataFrame(rows, columns=["year", "side", "area_id", "works", "total"]), queries
    )
    return made_of.assign(preliminary=made_of["year"].isin(queries.scope.preliminary))


def _with_shares(rows: pd.DataFrame, queries: Queries) -> pd.DataFrame:
    """Beside `works` of `total` their share and its interval; nothing of a count that is not there."""
    works, total = (rows[name].to_numpy(float) for name in ("works", "total"))
    ends = (
        np.where(np.isnan(works), np.nan, end)
        for end in binomial(works, total, queries.measures.confidence)
    )
    return rows.assign(share=works / total, **dict(zip(("low", "high"), ends, strict=True)))
