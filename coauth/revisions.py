"""What became of each work between two vintages, and what that does to the headline counts.

OpenAlex is rebuilt every night and each vintage is a full harvest, so last quarter's figure for 2019 is not this
quarter's. `works` says of every id whether it is new, removed or changed, and in what; `compare` splits the change of
each count by what happened to its works.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from coauth.tables import REVISIONS

ASPECTS = ("year", "type", "inclusion", "affiliations", "topics")
"""What of a work can have changed, besides its being there; a work may have changed in several."""

CAUSES = ("added", "removed", "re-dated", "excluded differently", "re-affiliated")


def works(old: Mapping[str, pa.Table], new: Mapping[str, pa.Table]) -> pd.DataFrame:
    """A row for every work that is not as it was: `work_id`, `kind` (new, removed, changed) and a column per aspect.

    `old` and `new` hold the tables works and affiliations. Affiliations are compared as OpenAlex has them (institutions
    before the roll-up, and how many authors have one), so that an edit of queries/institutions.toml is no change of a
    work; topics by the primary topic. Of new and removed works every aspect is false: there is nothing to compare.
    """
    both = pd.merge(_aspects(old), _aspects(new), "outer", on="work_id", suffixes=("_old", "_new"), indicator="there")
    kind = both["there"].map({"left_only": "removed", "right_only": "new", "both": "changed"}).astype(str)
    rows = pd.DataFrame({"work_id": both["work_id"], "kind": kind})
    for aspect in ASPECTS:
        before, after = both[f"{aspect}_old"], both[f"{aspect}_new"]
        same = (before == after) | (before.isna() & after.isna())
        rows[aspect] = (kind == "changed") & ~same.astype(bool)
    rows = rows[(kind != "changed") | rows[list(ASPECTS)].any(axis=1)]
    return rows.sort_values("work_id", ignore_index=True)


def counts(rows: pd.DataFrame) -> dict[str, int]:
    """Works by kind, and changed works by aspect; these overlap, so they do not add up to `changed`."""
    kinds = {kind: int((rows["kind"] == kind).sum()) for kind in ("new", "removed", "changed")}
    return kinds | {f"changed {aspect}": int(rows[aspect].sum()) for aspect in ASPECTS}


def _aspects(made: Mapping[str, pa.Table]) -> pd.DataFrame:
    """One comparable value per work and aspect."""
    frame = made["works"].select(
        ["work_id", "year", "type", "included", "exclusion_reason", "primary_topic_id", "n_authors_with_institution"]
    ).to_pandas()
    places = made["affiliations"].select(["work_id", "harvested_ids"]).to_pandas().explode("harvested_ids")
    sets = places.groupby("work_id")["harvested_ids"].agg(lambda ids: " ".join(sorted(set(ids))))
    with_institution = frame["n_authors_with_institution"].astype(str)
    return pd.DataFrame({
        "work_id": frame["work_id"], "year": frame["year"], "type": frame["type"],
        "inclusion": frame["included"].astype(str) + " " + frame["exclusion_reason"].fillna(""),
        "affiliations": frame["work_id"].map(sets).fillna("") + " " + with_institution,
        "topics": frame["primary_topic_id"],
    })  # fmt: skip


def compare(against: str, old: dict[str, pa.Table], new: dict[str, pa.Table]) -> pa.Table:
    """`REVISIONS`: for each series and year, the change in works by cause; the causes of a series and year add up to it.

    `old` and `new` hold the tables works and memberships. A work counts as added (removed) when its id is in one vintage
    only; else as re-dated when its year differs; else as excluded differently when it is included in one only; else as
    re-affiliated: its institutions or their countries changed, or the lists and groups it is counted by.
    """
    both = pd.merge(_works(old["works"]), _works(new["works"]), "outer", on="work_id", suffixes=("_old", "_new"))
    cause = pd.Series("re-affiliated", index=both["work_id"])
    for name, holds in (
        ("excluded differently", both["included_old"] != both["included_new"]),
        ("re-dated", both["year_old"] != both["year_new"]),
        ("removed", both["year_new"].isna()),
        ("added", both["year_old"].isna()),
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
