"""What works are about, by the ten critical technology areas of the EU: the areas of each work, and
of a series of works.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa

from coauth.queries import Queries, Years
from coauth.tables.schemas import AREAS, PROFILES, own_basis


def of_works(technologies: pa.Table, queries: Queries) -> pd.DataFrame:
    """Work × EU-10 area, by the technologies found on it."""
    rows = [
        (s.id, t.id, a)
        for s in queries.technologies
        if s.enabled
        for t in s.technology
        for a in t.eu10
    ]
    areas = pd.DataFrame(rows, columns=["list_id", "technology_id", "area_id"])
    found = technologies.select(["work_id", "list_id", "technology_id"]).to_pandas()
    joined: pd.DataFrame = found.merge(areas, on=["list_id", "technology_id"])[
        ["work_id", "area_id"]
    ]
    return joined.drop_duplicates()


def series(queries: Queries) -> list[str]:
    """Whose works are told by area: the enabled watchlists, the country groups beside them, and all
    international works.
    """
    lists = [w.id for w in queries.watchlists if w.enabled]
    beside = dict.fromkeys(c for x in lists if (c := queries.companion(x)))
    return [*(f"list:{x}" for x in lists), *beside, "international"]


def profiles(
    memberships: pa.Table,
    technologies: pa.Table,
    names: Sequence[str],
    window: Years,
    queries: Queries,
) -> pa.Table:
    """`PROFILES` of these series in the years of the window, each by its own basis; a series
    without a work has no row.
    """
    members = memberships.select(["year", "group_id", "basis", "work_id"]).to_pandas()
    members = members[members["year"].between(*window)]
    areas = of_works(technologies, queries)
    rows = []
    for name in names:
        works = members.loc[
            (members["group_id"] == name) & (members["basis"] == own_basis(name)), "work_id"
        ]
        counts = areas.loc[areas["work_id"].isin(set(works)), "area_id"].value_counts()
        total = works.nunique()
        rows += [
            {
                "first_year": window[0],
                "last_year": window[1],
                "series": name,
                "area_id": a,
                "works": int(counts.get(a, 0)),
                "total": total,
            }
            for a in AREAS
            if total
        ]
    return PROFILES.of(rows)
