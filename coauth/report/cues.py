"""Review cues as a report states them: flagged pairs, which of them are new or gone, and what their works are about.

Like `findings`: frames without a word of any language, none of which fails on an empty table.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from coauth import areas
from coauth.queries import Queries
from coauth.report.findings import Made, each, frame, institutions, last_window, window_before
from coauth.tables import ALL, AREAS, TECHNOLOGIES

STRONGEST = 20
"""Pairs shown on the page; the CSV has all."""
_PAIR = ["domestic", "foreign", "list_id", "entry_id"]


def _cues(made: Made, queries: Queries) -> pd.DataFrame:
    """Watchlist flags between a domestic and a foreign institution, with the ends told apart."""
    flags = frame(made, "flags")
    flags = flags[(flags["kind"] == "watchlist") & flags["domestic_pair"].astype(bool)]
    home = set(institutions(made).query("is_domestic").index)
    first = flags["source"].isin(home).to_numpy(dtype=bool)
    return flags.assign(
        domestic=np.where(first, flags["source"], flags["target"]), foreign=np.where(first, flags["target"], flags["source"])
    )


def cues(made: Made, queries: Queries) -> pd.DataFrame:
    """Domestic–listed pairs of the last window: works by year, first year, works listed, RIC; strongest first."""
    flags = _cues(made, queries)
    first, last = last_window(queries)
    recent = flags[flags["year"].between(first, last)]
    if recent.empty:
        return pd.DataFrame()
    by_year = recent.pivot_table(index=_PAIR, columns="year", values="works", aggfunc="sum", fill_value=0)
    rows = by_year.reindex(columns=range(first, last + 1), fill_value=0)
    rows.columns = pd.Index([f"works_{y}" for y in rows.columns])
    rows.insert(0, "works", rows.sum(axis=1))
    rows["first_year"] = flags.groupby(_PAIR)["year"].min()
    # One year of which the list's dates are unknown makes the sum unknown, not smaller.
    rows["works_listed"] = recent.groupby(_PAIR)["works_listed"].sum(min_count=1).astype(float)
    rows.loc[recent[recent["works_listed"].isna()].groupby(_PAIR).size().index, "works_listed"] = np.nan
    pairs = frame(made, "pairs", ["first_year", "last_year", "source", "target", "ric", "ric_low", "ric_high"])
    pairs = pairs[(pairs["first_year"] == first) & (pairs["last_year"] == last)]
    named = pairs.rename(columns={"source": "domestic", "target": "foreign"}).drop(columns=["first_year", "last_year"])
    joined = rows.reset_index().merge(named, how="left", on=["domestic", "foreign"])
    return joined.sort_values(["works", *_PAIR], ascending=[False, True, True, True, True]).reset_index(drop=True)


def cue_areas(made: Made, queries: Queries) -> pd.DataFrame:
    """Works of each pair of `cues` by EU-10 area; a work may count in several."""
    first, last = last_window(queries)
    evidence = frame(made, "evidence", ["year", "source", "target", "kind", "list_id", "entry_id", "work_id"])
    evidence = evidence[(evidence["kind"] == "watchlist") & evidence["year"].between(first, last)]
    works = evidence.drop(columns=["kind", "year"]).drop_duplicates().merge(areas.of_works(made.get("technologies", TECHNOLOGIES.empty()), queries), on="work_id")
    return works.groupby(["source", "target", "list_id", "entry_id", "area_id"], as_index=False).size()


def turnover(made: Made, queries: Queries) -> pd.DataFrame:
    """Domestic–listed pairs that are in only one of the last two windows, with their works there."""
    flags = _cues(made, queries)
    sides = []
    for first, last in (window_before(queries), last_window(queries)):
        side = flags[flags["year"].between(first, last)]
        sides.append(side.groupby(_PAIR)["works"].sum())
    both = pd.concat(sides, axis=1, keys=["before", "after"]).fillna(0).astype("int64").reset_index()
    both = both[(both["before"] == 0) != (both["after"] == 0)]
    both["kind"] = np.where(both["before"] == 0, "new", "vanished")
    both["works"] = both["before"] + both["after"]
    columns = ["kind", *_PAIR, "works"]
    return both.sort_values(["kind", "works", *_PAIR], ascending=[True, False, True, True, True, True])[columns].reset_index(drop=True)


# -- technologies


def area_profile(made: Made, queries: Queries) -> pd.DataFrame:
    """Of the works of each series in the last window, how many are in each EU-10 area, with the exact binomial interval.

    Counted from the works, or taken from the table `profiles` where there is one: a public edition has no works.
    """
    counted = made.get("profiles")
    if counted is None:
        memberships, technologies = (made.get(n, ALL[n].empty()) for n in ("memberships", "technologies"))
        counted = areas.profiles(memberships, technologies, areas.series(queries), last_window(queries), queries)
    named, area = ({x: n for n, x in enumerate(order)} for order in (areas.series(queries), AREAS))
    rows: pd.DataFrame = counted.to_pandas().drop(columns=["first_year", "last_year"])
    rows = rows.sort_values(["series", "area_id"], key=lambda c: c.map(named if c.name == "series" else area), ignore_index=True)
    shares = [_share(r.works, r.total, queries) for r in each(rows)]
    return rows.join(pd.DataFrame(shares, columns=["share", "low", "high"], index=rows.index))


def _share(works: float, total: float, queries: Queries) -> tuple[float, float, float]:
    if np.isnan(works) or np.isnan(total):
        return (np.nan, np.nan, np.nan)
    bounds = stats.binomtest(int(works), int(total)).proportion_ci(queries.measures.confidence, "exact")
    return works / total, float(bounds.low), float(bounds.high)
