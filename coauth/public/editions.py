"""The tables of a public edition: counts rounded as `coauth.public.rounding` says, what is made of these
alone, and nothing that rests on single works.

The report is made of these tables by the same code as the internal one. What is not in them cannot
be drawn, written or worked out: no work, no pair, no centrality, no shift.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from coauth.public.rounding import VARIANCE, Rounding
from coauth.queries import Queries
from coauth.stats import areas
from coauth.stats.counts import with_intervals
from coauth.tables import schemas
from coauth.tables.schemas import Name, Tables, own_basis

COPUBLICATIONS = schemas.COPUBLICATIONS.published("works", "works_low", "works_high")
PROFILES = schemas.PROFILES.published("works")
COVERAGE = schemas.COVERAGE.published(
    "works", "works_complete", "authorships", "authorships_with_institution"
)
INTERNATIONAL = "international"


def edition(tables: Tables, queries: Queries, rounding: Rounding) -> dict[Name, pa.Table]:
    """`copublications`, `coverage`, `profiles` and `admissions` as they are published: measured years,
    the series of Figures 1 and 2 and those that their shares are of; null where the count reads "<5".
    """
    works = _measured(tables["works"].filter(tables["works"]["included"]), queries)
    members = _measured(tables["memberships"], queries)
    return {
        "copublications": _copublications(
            tables["copublications"], members, works, queries, rounding
        ),
        "coverage": _coverage(works, rounding),
        "profiles": _profiles(members, tables["technologies"], queries, rounding),
        "admissions": _admissions(tables["admissions"], queries),
    }


def revisions(now: pa.Table, before: pa.Table, against: str) -> pa.Table:
    """REVISIONS of two published `COPUBLICATIONS`, each series by its own basis, in years that both
    tell; the causes would be small cells.
    """
    one, other = (
        t.select(["group_id", "basis", "year", "works"]).to_pandas().dropna() for t in (now, before)
    )
    both = one.merge(other, on=["group_id", "basis", "year"], suffixes=("", "_before"))
    return schemas.REVISIONS.of(
        {
            "against": against,
            "series": r["group_id"],
            "year": r["year"],
            "cause": "not told",
            "works": int(r["works"] - r["works_before"]),
        }
        for r in both.to_dict("records")
        if r["basis"] == own_basis(r["group_id"])
    )


def _measured(table: pa.Table, queries: Queries) -> pd.DataFrame:
    rows: pd.DataFrame = table.to_pandas()
    return rows[rows["year"].between(queries.scope.first_year, queries.scope.last_year)]


def _published_series(queries: Queries) -> frozenset[tuple[str, str]]:
    """Series and basis of a public edition: Figure 1, the lists, and all international works, which
    shares are of.
    """
    groups = [g.id for g in queries.partners if g.figure]
    lists = [f"list:{w.id}" for w in queries.watchlists if w.enabled]
    return frozenset(
        [
            *((s, own_basis(s)) for s in (*groups, *lists)),
            (INTERNATIONAL, "union"),
            (INTERNATIONAL, "institution"),
        ]
    )


def _copublications(
    table: pa.Table,
    members: pd.DataFrame,
    works: pd.DataFrame,
    queries: Queries,
    rounding: Rounding,
) -> pa.Table:
    """Rounded counts; shares, spreads and intervals made anew of them, wider by the variance of the
    rounding.
    """
    rows = _measured(table, queries).sort_values("year")
    public = _published_series(queries)
    rows = rows[
        [key in public for key in zip(rows["group_id"], rows["basis"], strict=True)]
    ].reset_index(drop=True)
    key = ["group_id", "basis", "year"]
    cells = rounding.cells(members, key)
    every = rounding.cells(works, ["year"]).set_index("year")["works"]
    abroad = cells[cells["group_id"] == INTERNATIONAL].set_index(["basis", "year"])["works"]
    found = rows[key].merge(cells, on=key, how="left", indicator=True)
    rows["works"] = found["works"].where(found["_merge"] == "both", 0.0)
    rows["total"] = np.where(
        rows["base"] == "all",
        rows["year"].map(every).fillna(0.0),
        abroad.reindex(pd.MultiIndex.from_frame(rows[["basis", "year"]])).fillna(0.0).to_numpy(),
    )
    rows["total"] = np.maximum(rows["total"], rows["works"])  # a part rounded up, its whole down
    rows["share"] = (rows["works"] / rows["total"]).where(rows["total"] > 0)
    rows["author_works"] = np.nan  # finer than a work: it would tell a count from the next
    rows = with_intervals(rows, queries.measures.confidence, rounding=VARIANCE)
    return COPUBLICATIONS.of(_records(rows))


def _coverage(works: pd.DataFrame, rounding: Rounding) -> pa.Table:
    """By year and works only: publishers and fields are small cells by the thousand, and authorships
    count persons.
    """
    complete = works[works["affiliation_status"] == "complete"]
    counts = {
        name: rounding.cells(rows, ["year"]).set_index("year")["works"]
        for name, rows in (("works", works), ("works_complete", complete))
    }
    rows = pd.DataFrame(counts).rename_axis("year").reset_index()
    rows["works_complete"] = rows["works_complete"].where(rows["year"].isin(complete["year"]), 0)
    empty = dict.fromkeys(("publisher", "field_id", "authorships", "authorships_with_institution"))
    return COVERAGE.of(_records(rows.assign(**empty)))


def _profiles(
    members: pd.DataFrame, technologies: pa.Table, queries: Queries, rounding: Rounding
) -> pa.Table:
    """Works of each series in the last window that are in each area. The works of the window are the
    sum of the years' published ones: a number of its own, it would hold these up to a sum. Without
    one of them there is no row.
    """
    first, last = queries.scope.last_year - queries.measures.window + 1, queries.scope.last_year
    series = areas.series(queries)
    rows = members[members["year"].between(first, last) & members["group_id"].isin(series)]
    rows = rows[rows["basis"] == rows["group_id"].map(own_basis)]
    years = rounding.cells(rows, ["group_id", "year"]).groupby("group_id")["works"]
    total = years.agg(lambda w: w.sum(min_count=len(w)))
    found = rows.merge(areas.of_works(technologies, queries), on="work_id")
    counts = rounding.cells(found, ["group_id", "area_id"]).set_index(["group_id", "area_id"])
    return PROFILES.of(
        {
            "first_year": first,
            "last_year": last,
            "series": s,
            "area_id": a,
            "works": None if np.isnan(n := counts["works"].get((s, a), 0.0)) else int(n),
            "total": int(max(total[s], n if n > 0 else 0)),
        }
        for s in series
        if total.get(s, np.nan) > 0
        for a in schemas.AREAS
    )


def _admissions(table: pa.Table, queries: Queries) -> pa.Table:
    """Those that Statistics Denmark has published itself: others count persons."""
    return schemas.ADMISSIONS.of(
        r
        for r in table.to_pylist()
        if r["source"] == schemas.STATBANK
        and queries.scope.first_year <= r["year"] <= queries.scope.last_year
    )


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with None for what is not there."""
    return cast(
        list[dict[str, Any]],
        rows.astype(object).where(rows.notna(), None).to_dict("records"),
    )
