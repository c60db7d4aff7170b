"""Tables of the graph -> frames of where institutions stand: shifts with their verdicts, strengths,
and what large works weigh.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from coauth.queries import Queries
from coauth.report.data.frames import direction, each, frame, institutions, last_window
from coauth.stages.shifts import IDENTITY, NOT_COMPARABLE, STRINGS
from coauth.tables.schemas import Name, Tables

REASONS = {
    NOT_COMPARABLE: "own_coverage",
    STRINGS: "strings",
    IDENTITY: "identity",
}
"""Verdict -> why, in the words of the report."""

ROSTER = 22
"""Institutions in the figure of centrality shifts: as many as fit a page and stay readable."""


def select(tables: Tables, name: Name, queries: Queries, **values: Any) -> pd.DataFrame:
    """Rows of CENTRALITY or SHIFTS by the counting of the queries in which columns have these values,
    of works of at most K institutions unless another variant is named.
    """
    rows = frame(tables, name)
    for column, value in ({"counting": queries.measures.counting, "variant": "k"} | values).items():
        rows = rows[rows[column] == value]
    return rows


def _compared(tables: Tables, queries: Queries, variant: str) -> pd.DataFrame:
    """The rows of SHIFTS for the share of strength, over the last comparison of
    queries/measures.toml.
    """
    (b0, b1), (a0, a1) = queries.measures.comparisons[-1]
    before, after = (
        {"before_first": b0, "before_last": b1},
        {"after_first": a0, "after_last": a1},
    )
    return select(
        tables, "shifts", queries, variant=variant, measure="strength_share", **before, **after
    )


def shifts(tables: Tables, queries: Queries) -> pd.DataFrame:
    """Shifts of the share of strength, works up to K: the `ROSTER` largest institutions (`drawn`)
    and all listed ones.

    Beside each the change of complete works weighted for coverage, and `why`: which rule of
    `coauth.stages.shifts` decided.
    """
    rows = _compared(tables, queries, "k")
    if rows.empty:  # pandas 3.1 cannot join on an empty column of strings
        return pd.DataFrame()
    listed = set(frame(tables, "listed", ["institution_id"])["institution_id"])
    rows = rows.assign(
        size=np.maximum(rows["before"], rows["after"]), listed=rows["institution_id"].isin(listed)
    )
    rows = rows.sort_values(["size", "institution_id"], ascending=[False, True]).reset_index(
        drop=True
    )
    rows["drawn"] = rows.index < ROSTER
    weighted = _compared(tables, queries, "reweighted")[
        ["institution_id", "change", "low", "high", "q_value", "tipping", "bound"]
    ]
    rows = rows.merge(weighted, how="left", on="institution_id", suffixes=("", "_weighted"))
    rows = rows.merge(
        institutions(tables)[["country_code", "is_domestic"]],
        how="left",
        left_on="institution_id",
        right_index=True,
    )
    rows["why"] = [_why(r, queries.measures.false_discovery_rate) for r in each(rows)]
    keep = [
        "institution_id",
        "country_code",
        "is_domestic",
        "listed",
        "drawn",
        "before_first",
        "before_last",
        "after_first",
        "after_last",
        "before",
        "after",
        "change",
        "low",
        "high",
        "change_weighted",
        "low_weighted",
        "high_weighted",
        "p_value",
        "q_value",
        "q_value_weighted",
        "verdict",
        "why",
        "reason",
        "verdict_complete_coverage",
        "tipping_weighted",
        "bound_weighted",
    ]
    return rows.loc[rows["drawn"] | rows["listed"], keep].reset_index(drop=True)


def _why(row: Any, rate: float) -> str:
    """The rule behind a verdict, read from its numbers, so that it can be said in any language."""
    if row.verdict in REASONS:
        return REASONS[row.verdict]
    alone, weighted = (
        direction(*ends) not in ("unclear", "unknown")
        for ends in ((row.low, row.high), (row.low_weighted, row.high_weighted))
    )
    if row.verdict in ("rose", "fell"):
        return "stands" if alone else "only_weighted"
    if not weighted:
        return "weighted" if alone else "interval"
    return "discovery" if row.q_value_weighted > rate else "weighted"


def judged(tables: Tables, queries: Queries) -> dict[str, str]:
    """Institution -> verdict, in the comparison of `shifts`."""
    rows = _compared(tables, queries, "k")
    return dict(zip(rows["institution_id"], rows["verdict"], strict=True))


def verdicts(tables: Tables, queries: Queries) -> dict[str, int]:
    """How many institutions of the whole roster got each verdict, in the comparison of `shifts`."""
    return {
        str(k): int(n)
        for k, n in _compared(tables, queries, "k")["verdict"].value_counts().sort_index().items()
    }


def strengths(tables: Tables, queries: Queries) -> pd.DataFrame:
    """Institutions of the last window by strength, strongest first."""
    first, last = last_window(queries)
    window = {"first_year": first, "last_year": last}
    rows = select(tables, "centrality", queries, measure="strength", **window)
    rows = rows[rows["value"] > 0]
    keep = [
        "institution_id",
        "name",
        "country_code",
        "first_year",
        "last_year",
        "value",
        "low",
        "high",
        "rank",
    ]
    if rows.empty:
        return pd.DataFrame(columns=keep)
    rows = rows.merge(
        institutions(tables)[["name", "country_code"]],
        how="left",
        left_on="institution_id",
        right_index=True,
    )
    return (
        rows.sort_values(["rank", "institution_id"])[keep]
        .rename(columns={"value": "strength"})
        .reset_index(drop=True)
    )


def leaders(tables: Tables, queries: Queries) -> pd.DataFrame:
    """The most central institution of the last window by each measure of queries/measures.toml, its
    value and interval, and `may_be_first`: of how many the confidence set of the rank holds the
    first (`coauth.stats.rank_sets`), null where ranks have none. Of several equal ones the one
    with the smallest id; null where none was measured. Of the fixed roster, since a ratio is largest
    where works are few.
    """
    first, last = last_window(queries)
    rows = select(tables, "centrality", queries, first_year=first, last_year=last)
    able = rows[rows["fixed_rank_low"] == 1].groupby("measure").size().rename("may_be_first")
    rows = rows[rows["fixed_rank"] == 1]
    rows = rows.sort_values("institution_id").drop_duplicates("measure").set_index("measure")
    rows = rows.join(able)
    kept = ["first_year", "last_year", "institution_id", "value", "low", "high", "may_be_first"]
    return rows[kept].reindex(list(queries.measures.measures)).rename_axis("measure").reset_index()


def hyper_share(tables: Tables, queries: Queries) -> float | None:
    """Share of the weight of all edges, last window, that works of more than K institutions carry."""
    first, last = last_window(queries)
    edges = frame(tables, "edges", ["year", "weight", "weight_k"])
    edges = edges[edges["year"].between(first, last)]
    total = float(edges["weight"].sum())
    return 1 - float(edges["weight_k"].sum()) / total if total > 0 else None
