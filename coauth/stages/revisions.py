"""What became of each work between two vintages, and what that does to the headline counts.

OpenAlex is rebuilt every night and each vintage is a full harvest, so last quarter's figure for
2019 is not this quarter's. `works` says of every id whether it is new, removed or changed, and in
what; `compare` splits the change of each count by what happened to its works, or to the questions
asked of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from coauth.openalex import titles
from coauth.openalex.eras import MATCHER, Eras, Relation
from coauth.queries.scope import codes
from coauth.tables.schemas import MATCHER_CAUSES, REVISIONS, Tables

ASPECTS = ("year", "type", "inclusion", "affiliations", "topics")
"""What of a work can have changed, besides its being there; a work may have changed in several."""

RESTS_ON = {"affiliations": "affiliation_matcher", "topics": "topic_model"}
"""Aspects that OpenAlex's models assign, by the border they cannot be compared across."""


@dataclass(frozen=True)
class Counted:
    """How a vintage was counted: all that two counts may differ by, besides OpenAlex."""

    as_of: date
    version: str
    """Of coauth."""
    scope: Mapping[str, Any]
    """`countries`, `types` and `first_year` say which records were asked for."""
    parts: Mapping[str, str]
    """Digests of the questions behind the counts (`Queries.parts`), a series by its own name."""
    eras: Eras
    level: str = "unified"
    """Whether institutions were rolled up."""

    def otherwise(self, other: Counted) -> bool:
        """Counted by another method: another version of coauth, other statements or another scope."""
        return self.version != other.version or any(
            self.parts[p] != other.parts[p] for p in ("queries/scope", "queries/sql")
        )

    def differs(self, other: Counted, series: str) -> bool:
        """The series is defined in another way, or in one of the two only."""
        return self.parts.get(series) != other.parts.get(series)


def incomparable(relations: Mapping[str, Relation]) -> tuple[str, ...]:
    """Aspects in which works of two vintages differ because a model was replaced between them
    (`Eras.relations`).

    >>> incomparable({"affiliation_matcher": "replaced", "topic_model": "unknown"})
    ('affiliations',)
    """
    return tuple(aspect for aspect, border in RESTS_ON.items() if relations[border] == "replaced")


def works(
    old: Mapping[str, pa.Table], new: Mapping[str, pa.Table], incomparable: Collection[str] = ()
) -> pd.DataFrame:
    """A row for every work that is not as it was: `work_id`, `kind` (new, removed, changed) and a
    column per aspect.

    `old` and `new` hold the tables works and affiliations. Affiliations are compared as OpenAlex
    has them (institutions before the roll-up, and how many authors have one), so that an edit of
    queries/institutions.toml is no change of a work; topics by the primary topic. Of new and
    removed works every aspect is false: there is nothing to compare. Aspects that are
    `incomparable` are null, and make no work a changed one.
    """
    both = pd.merge(
        _aspects(old),
        _aspects(new),
        "outer",
        on="work_id",
        suffixes=("_old", "_new"),
        indicator="there",
    )
    kind = (
        both["there"]
        .map({"left_only": "removed", "right_only": "new", "both": "changed"})
        .astype(str)
    )
    rows = pd.DataFrame({"work_id": both["work_id"], "kind": kind})
    for aspect in ASPECTS:
        before, after = both[f"{aspect}_old"], both[f"{aspect}_new"]
        same = (before == after) | (before.isna() & after.isna())
        rows[aspect] = (kind == "changed") & ~same.astype(bool)
    rows = rows[
        (kind != "changed") | rows[[a for a in ASPECTS if a not in incomparable]].any(axis=1)
    ]
    rows = rows.assign(**dict.fromkeys(incomparable))
    return rows.sort_values("work_id", ignore_index=True)


def counts(rows: pd.DataFrame, incomparable: Collection[str] = ()) -> dict[str, int | None]:
    """Works by kind, and changed works by aspect; these overlap, so they do not add up to
    `changed`. None: incomparable.
    """
    kinds = {kind: int((rows["kind"] == kind).sum()) for kind in ("new", "removed", "changed")}
    return kinds | {
        f"changed {aspect}": None if aspect in incomparable else int(rows[aspect].sum())
        for aspect in ASPECTS
    }


def _aspects(tables: Mapping[str, pa.Table]) -> pd.DataFrame:
    """One comparable value per work and aspect."""
    frame = (
        tables["works"]
        .select(
            [
                "work_id",
                "year",
                "type",
                "included",
                "exclusion_reason",
                "primary_topic_id",
                "n_authors_with_institution",
            ]
        )
        .to_pandas()
    )
    places = (
        tables["affiliations"]
        .select(["work_id", "harvested_ids"])
        .to_pandas()
        .explode("harvested_ids")
    )
    sets = places.groupby("work_id")["harvested_ids"].agg(lambda ids: " ".join(sorted(set(ids))))
    with_institution = frame["n_authors_with_institution"].astype(str)
    return pd.DataFrame(
        {
            "work_id": frame["work_id"],
            "year": frame["year"],
            "type": frame["type"],
            "inclusion": frame["included"].astype(str) + " " + frame["exclusion_reason"].fillna(""),
            "affiliations": frame["work_id"].map(sets).fillna("") + " " + with_institution,
            "topics": frame["primary_topic_id"],
        }
    )


def compare(
    against: str,
    old: Tables,
    new: Tables,
    before: Counted,
    after: Counted,
    recounted: pa.Table | None = None,
) -> pa.Table:
    """`REVISIONS`: for each series and year, the change in works by cause; the causes of a series
    and year add up to it.

    `old` and `new` hold the tables works, affiliations, countries and memberships; `recounted` the
    memberships of the old works under the lists of today, where these are not the old ones. The
    change has two steps, each work one cause in each:

        memberships of old ── lists ──► recounted ── works ──► memberships of new

    *Lists.* "changed lists", or "changed method" in a series that is defined as it was.

    *Works.* An id in one vintage only: "new publications" where it was published after the old
    vintage was taken, else "added"; "removed"; "changed method" where the other scope did not ask
    for it. An id in both: "re-dated" where its year differs; "excluded differently" where it is
    included in one only, as its record or that of its duplicate changed; "re-affiliated" where its
    institutions or countries as harvested changed. What is left has the same record in both:
    "changed lists" if institutions are rolled up otherwise, else "changed method" if there was
    another, else OpenAlex moved one of its institutions: "re-affiliated". Two changes of the same
    work are told as the first of these.

    *Across the border of the affiliation matcher* a work enters a national harvest, leaves it, has
    other institutions or another duplicate because of the matcher as well as for itself, and
    nothing tells which. "Added", "removed" and "re-affiliated" works, and those excluded
    differently under an unchanged record, then have one cause: "affiliation matcher replaced", or
    "… not known" where nobody said when the records of either side were taken.
    """
    both = _records(old, new)
    otherwise, rolled = before.otherwise(after), before.differs(after, "queries/institutions")
    same = both[[a for a in both.columns if a.startswith("same_")]].all(axis=1)
    matcher = MATCHER_CAUSES.get(
        MATCHER.between(before.eras.affiliation_matcher, after.eras.affiliation_matcher)
    )
    own = both[[f"same_{f}" for f in _RECORD]].all(axis=1)
    cause = pd.Series(
        "changed lists" if rolled else "changed method" if otherwise else "re-affiliated",
        index=both.index,
    )
    for name, holds in (
        (matcher or "re-affiliated", ~both["same_places"]),
        ("excluded differently", both["included_old"] != both["included_new"]),
        *(
            [
                (
                    matcher,
                    (both["included_old"] != both["included_new"])
                    & own
                    & ~_beside_a_change(both, own),
                )
            ]
            if matcher
            else []
        ),
        (
            "changed method",
            (both["included_old"] != both["included_new"])
            & same
            & otherwise
            & ~_beside_a_change(both, same),
        ),
        ("re-dated", both["year_old"] != both["year_new"]),
        (matcher or "removed", both["year_new"].isna()),
        ("changed method", both["year_new"].isna() & ~_asked_for(both, "old", after.scope)),
        (matcher or "added", both["year_old"].isna()),
        ("new publications", both["year_old"].isna() & _published_after(both, before.as_of)),
        ("changed method", both["year_old"].isna() & ~_asked_for(both, "new", before.scope)),
    ):
        cause[holds] = name
    start = old["memberships"] if recounted is None else recounted
    by_lists = _net(old["memberships"], start)
    by_lists["cause"] = [
        "changed lists" if before.differs(after, s) else "changed method"
        for s in by_lists["series"]
    ]
    by_works = _net(start, new["memberships"])
    by_works["cause"] = by_works["work_id"].map(cause)
    rows = (
        pd.concat([by_lists, by_works])
        .groupby(["series", "year", "cause"], as_index=False)["works"]
        .sum()
    )
    rows["against"] = against
    return REVISIONS.check(
        pa.Table.from_pandas(
            rows[[c.name for c in REVISIONS.columns]], schema=None, preserve_index=False
        )
        if len(rows)
        else REVISIONS.empty()
    )


def _beside_a_change(both: pd.DataFrame, same: pd.Series[bool]) -> pd.Series[bool]:
    """Whether another work of the same DOI or title is new, gone or changed: what it is a duplicate
    of may be in one vintage only.
    """
    found = pd.Series(data=False, index=both.index)
    for said in ("doi", "title"):
        key = both[f"{said}_new"].where(both[f"{said}_new"].notna(), both[f"{said}_old"])
        key = key.map(titles.key, na_action="ignore") if said == "title" else key
        found |= key.isin(set(key[~same].dropna()))
    return found


_RECORD = ["type", "doi", "title", "is_retracted", "publication_date"]


def _records(old: Tables, new: Tables) -> pd.DataFrame:
    """A row for every work of either vintage: its facts in both, and which of them are the same; by
    work_id.
    """
    sides = []
    for made in (old, new):
        facts = (
            made["works"]
            .select(["work_id", "year", "included", "n_authors_with_institution", *_RECORD])
            .to_pandas()
            .set_index("work_id")
        )
        facts["places"] = _joined(made["affiliations"], ["harvested_ids"]).reindex(facts.index)
        facts["countries"] = _joined(made["countries"], ["country_code", "basis"]).reindex(
            facts.index
        )
        sides.append(facts)
    both = sides[0].merge(
        sides[1], how="outer", left_index=True, right_index=True, suffixes=("_old", "_new")
    )
    equal = {
        f: _same(both[f"{f}_old"], both[f"{f}_new"])
        for f in (*_RECORD, "places", "countries", "n_authors_with_institution")
    }
    places = equal.pop("places") & equal.pop("countries") & equal.pop("n_authors_with_institution")
    told: pd.DataFrame = both.assign(
        same_places=places, **{f"same_{f}": same for f, same in equal.items()}
    )
    return told


def _joined(table: pa.Table, columns: list[str]) -> pd.Series[str]:
    """What a work has of these columns, as one text to compare."""
    frame = table.select(["work_id", *columns]).to_pandas().explode(columns[0])
    said = frame[columns[0]]
    for column in columns[1:]:
        said = said.str.cat(frame[column], sep=" ")
    joined: pd.Series[str] = said.groupby(frame["work_id"]).agg(
        lambda each: "; ".join(sorted(set(each)))
    )
    return joined


def _same(before: pd.Series[Any], after: pd.Series[Any]) -> pd.Series[bool]:
    return ((before == after) | (before.isna() & after.isna())).astype(bool)


def _published_after(both: pd.DataFrame, day: date) -> pd.Series[bool]:
    """By the new record; one without a date by its year."""
    published = pd.to_datetime(both["publication_date_new"])
    later: pd.Series[bool] = (published > pd.Timestamp(day)) | (
        published.isna() & (both["year_new"] > day.year)
    )
    return later


def _asked_for(both: pd.DataFrame, side: str, scope: Mapping[str, Any]) -> pd.Series[bool]:
    """Whether a scope asks for the record of this side: its type, its year, and an institution of
    the countries.
    """
    home = {f"{country} institution" for country in codes(scope["countries"])}
    at_home = np.array(
        [
            isinstance(said, str) and bool(home & set(said.split("; ")))
            for said in both[f"countries_{side}"]
        ],
        bool,
    )
    asked: pd.Series[bool] = (
        both[f"type_{side}"].isin(list(scope["types"]))
        & (both[f"year_{side}"] >= scope["first_year"])
        & at_home
    )
    return asked


def _net(before: pa.Table, after: pa.Table) -> pd.DataFrame:
    """Works that entered (1) or left (-1) a series between two tables of memberships."""
    counted = pd.concat([_signed(after, 1), _signed(before, -1)])
    net: pd.Series[int] = counted.groupby(["series", "year", "work_id"])["works"].sum()
    return net[net != 0].reset_index()


def _signed(memberships: pa.Table, sign: int) -> pd.DataFrame:
    """Each figure's own basis: countries as the union, watchlists by institution."""
    rows: pd.DataFrame = memberships.select(["group_id", "basis", "year", "work_id"]).to_pandas()
    own = (rows["basis"] == "union") | rows["group_id"].str.startswith("list:")
    return (
        rows.loc[own, ["group_id", "year", "work_id"]]
        .rename(columns={"group_id": "series"})
        .assign(works=sign)
    )
