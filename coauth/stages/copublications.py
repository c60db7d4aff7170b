"""Works with partner groups by year (Figure 1) and with a watchlist's institutions (Figure 2), each
with an interval.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from coauth.engine import Engine, Rows
from coauth.errors import QueryError
from coauth.queries import Scope
from coauth.stats.counts import with_intervals
from coauth.tables.schemas import COPUBLICATIONS, MEMBERSHIPS


def members(
    works: pa.Table,
    countries: pa.Table,
    affiliations: pa.Table,
    institutions: pa.Table,
    listed: pa.Table,
    engine: Engine,
) -> pa.Table:
    """Which included works count for which group: `MEMBERSHIPS`, the rows that `count` counts and
    `revisions` compares.
    """
    return engine.run(
        "memberships",
        MEMBERSHIPS,
        works=works,
        countries=countries,
        affiliations=affiliations,
        institutions=institutions,
        listed=listed,
    )


def count(
    memberships: Rows, works: Rows, scope: Scope, confidence: float, engine: Engine
) -> pa.Table:
    """`COPUBLICATIONS`: full and author-fractional counts a year for every group, with years
    without a work as 0.

    A work counts 1 in full. Author-fractional it counts the share of its authors at the group's
    institutions, each author divided evenly over their own (Leiden Ranking: Waltman et al. 2012,
    doi:10.1002/asi.22708); authors without an institution count for nobody. So only works by
    institution have it: by union it is null.

    A share is of the year's international works where all works of the series are international; of
    all works counted where one of its works is not, as with a watchlist of domestic institutions:
    `base` says which.

    Intervals are about the chance in publishing, not about coverage or matching: exact Poisson and
    binomial ones, widened by as much as the measured years of a series vary beyond that
    (`coauth.stats.counts`).
    """
    statement = engine.statement("copublications")
    found = engine.query(
        statement, "queries/sql/copublications.sql", memberships=memberships, works=works
    ).to_pandas()
    if "base" not in found:
        raise QueryError(
            "queries/sql/copublications.sql is of an earlier coauth: it gives no `base`; move it away and run `coauth init` on this folder"
        )
    every, found = (
        found[found["group_id"] == "*"].set_index("year")["works"],
        found[found["group_id"] != "*"],
    )
    years = range(scope.first_year, max([scope.last_year, *found["year"]]) + 1)
    series = found[["group_id", "basis", "base"]].drop_duplicates()
    grid = series.merge(pd.DataFrame({"year": list(years)}), how="cross").merge(
        found, how="left", on=["year", "group_id", "basis", "base"]
    )  # in order of years
    grid["works"] = grid["works"].fillna(0).astype("int64")
    grid["author_works"] = grid["author_works"].fillna(0).where(grid["basis"] == "institution")
    all_ = grid[grid["group_id"] == "international"].set_index(["year", "basis"])["works"]
    abroad = (
        all_.reindex(pd.MultiIndex.from_frame(grid[["year", "basis"]]))
        .fillna(0)
        .to_numpy(dtype=float)
    )
    total = np.where(grid["base"] == "all", grid["year"].map(every).fillna(0), abroad)
    grid["preliminary"] = grid["year"].isin(scope.preliminary) | (grid["year"] > scope.last_year)
    grid["share"] = np.divide(grid["works"], total, out=np.full(len(grid), np.nan), where=total > 0)
    grid = with_intervals(grid.assign(total=total), confidence)
    return COPUBLICATIONS.check(
        pa.Table.from_pandas(grid[[c.name for c in COPUBLICATIONS.columns]], preserve_index=False)
    )
