"""Why a count changed between two vintages: new works, removed works, other years, other affiliations, other rules.

OpenAlex is rebuilt every night and each vintage is a full harvest, so last quarter's figure for 2019 is not this
quarter's. A change is split by what happened to each work, by its id.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from coauth.tables import REVISIONS

CAUSES = ("added", "removed", "re-dated", "excluded differently", "re-affiliated")


def compare(against: str, old: dict[str, pa.Table], new: dict[str, pa.Table]) -> pa.Table:
    """`REVISIONS`: for each series and year, the change in works by cause; the causes of a series and year add up to it.

    `old` and `new` hold the tables works and memberships. A work counts as added (removed) when its id is in one vintage
    only; else as re-dated when its year differs; else as excluded differently when it is included in one only; else as
    re-affiliated: its institutions or their countries changed, or the lists and groups it is counted by.
    """
    works = pd.merge(_works(old["works"]), _works(new["works"]), "outer", on="work_id", suffixes=("_old", "_new"))
    cause = pd.Series("re-affiliated", index=works["work_id"])
    for name, holds in (
        ("excluded differently", works["included_old"] != works["included_new"]),
        ("re-dated", works["year_old"] != works["year_new"]),
        ("removed", works["year_new"].isna()),
        ("added", works["year_old"].isna()),
    ):
        cause[holds.to_numpy(dtype=bool)] = name
    counted = pd.concat([_signed(new["memberships"], 1), _signed(old["memberships"], -1)])
    net = counted.groupby(["series", "year", "work_id"], as_index=False)["works"].sum().query("works != 0")
    net["cause"] = net["work_id"].map(cause)
    rows = net.groupby(["series", "year", "cause"], as_index=False)["works"].sum()
    rows["against"] = against
    return REVISIONS.check(pa.Table.from_pandas(rows[[c.name for c in REVISIONS.columns]], schema=None, preserve_index=False)
                           if len(rows) else REVISIONS.empty())  # fmt: skip


def _works(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.select(["work_id", "year", "included"]).to_pandas()
    return frame


def _signed(memberships: pa.Table, sign: int) -> pd.DataFrame:
    """Each figure's own basis: countries as the union, watchlists by institution."""
    rows: pd.DataFrame = memberships.to_pandas()
    own = (rows["basis"] == "union") | rows["group_id"].str.startswith("list:")
    return rows.loc[own, ["group_id", "year", "work_id"]].rename(columns={"group_id": "series"}).assign(works=sign)
