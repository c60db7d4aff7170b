"""Works with partner groups by year (Figure 1) and with a watchlist's institutions (Figure 2), each with an interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from scipy import special

from coauth.engine import Engine
from coauth.queries import Scope
from coauth.tables import COPUBLICATIONS, MEMBERSHIPS


def members(
    works: pa.Table, countries: pa.Table, affiliations: pa.Table, institutions: pa.Table, listed: pa.Table, engine: Engine
) -> pa.Table:
    """Which included works count for which group: `MEMBERSHIPS`, the rows that `count` counts and `revisions` compares."""
    return engine.run(
        "memberships", MEMBERSHIPS, works=works, countries=countries, affiliations=affiliations, institutions=institutions, listed=listed
    )


def count(memberships: pa.Table, scope: Scope, confidence: float, engine: Engine) -> pa.Table:
    """`COPUBLICATIONS`: full and author-fractional counts a year for every group, with years without a work as 0.

    A work counts 1 in full. Author-fractional it counts the share of its authors at the group's institutions, each author
    divided evenly over their own (Leiden Ranking: Waltman et al. 2012, doi:10.1002/asi.22708); authors without an
    institution count for nobody. So only works by institution have it: by union it is null.

    Intervals are about the chance in publishing, not about coverage or matching: exact Poisson for counts (Garwood 1936,
    doi:10.1093/biomet/28.3-4.437), exact binomial for shares (Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404).
    """
    statement = engine.statement("copublications")
    found = engine.query(statement, "queries/sql/copublications.sql", memberships=memberships).to_pandas()
    years = range(scope.first_year, max([scope.last_year, *found["year"]]) + 1)
    series = found[["group_id", "basis"]].drop_duplicates()
    grid = series.merge(pd.DataFrame({"year": list(years)}), how="cross").merge(found, how="left", on=["year", "group_id", "basis"])
    grid["works"] = grid["works"].fillna(0).astype("int64")
    grid["author_works"] = grid["author_works"].fillna(0).where(grid["basis"] == "institution")
    all_ = grid[grid["group_id"] == "international"].set_index(["year", "basis"])["works"]
    total = all_.reindex(pd.MultiIndex.from_frame(grid[["year", "basis"]])).fillna(0).to_numpy(dtype=float)
    grid["works_low"], grid["works_high"] = poisson(grid["works"].to_numpy(), confidence)
    grid["share"] = np.divide(grid["works"], total, out=np.full(len(grid), np.nan), where=total > 0)
    grid["share_low"], grid["share_high"] = binomial(grid["works"].to_numpy(), total, confidence)
    grid["preliminary"] = grid["year"].isin(scope.preliminary) | (grid["year"] > scope.last_year)
    return COPUBLICATIONS.check(pa.Table.from_pandas(grid[[c.name for c in COPUBLICATIONS.columns]], preserve_index=False))


def poisson(counts: npt.NDArray[np.int64], confidence: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Exact interval of a Poisson mean: quantiles of gamma distributions of shape n and n+1.

    >>> low, high = poisson(np.array([0, 10]), 0.95)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 4.795], [3.689, 18.39])
    """
    tail = (1 - confidence) / 2
    low = np.where(counts > 0, special.gammaincinv(np.maximum(counts, 1), tail), 0.0)
    return low, np.asarray(special.gammaincinv(counts + 1, 1 - tail))


def binomial(
    counts: npt.NDArray[np.int64], total: npt.NDArray[np.float64], confidence: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Exact interval of a share, quantiles of beta distributions; NaN (null in the table) where the total is 0.

    >>> low, high = binomial(np.array([0, 5]), np.array([10.0, 10.0]), 0.95)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 0.187], [0.308, 0.813])
    """
    tail = (1 - confidence) / 2
    some = np.where(total > 0, total, np.nan)
    low = np.where(counts > 0, special.betaincinv(np.maximum(counts, 1), some - counts + 1, tail), 0.0)
    high = np.where(counts < some, special.betaincinv(counts + 1, np.maximum(some - counts, 0.5), 1 - tail), 1.0)
    return np.where(total > 0, low, np.nan), np.where(total > 0, high, np.nan)


class Change(NamedTuple):
    """A relative change between two counts: 0.25 is a rise of a quarter. None where a count is 0."""

    before: int
    after: int
    ratio: float | None
    low: float | None
    high: float | None


def change(before: int, after: int, confidence: float) -> Change:
    """The relative change of two independent counts, with its interval.

    Given their sum n, `after` is binomial with p = r/(1+r), r the ratio of the means: the exact binomial interval of p gives
    that of r (Przyborowski and Wilenski 1940, doi:10.1093/biomet/31.3-4.313).

    >>> change(110, 82, 0.95)
    Change(before=110, after=82, ratio=-0.2545454545454545, low=-0.4468966384149299, high=0.001304490349206766)
    """
    if before == 0 or after == 0:
        return Change(before, after, None, None, None)
    low, high = binomial(np.array([after]), np.array([float(before + after)]), confidence)
    return Change(before, after, after / before - 1, float(low[0] / (1 - low[0]) - 1), float(high[0] / (1 - high[0]) - 1))
