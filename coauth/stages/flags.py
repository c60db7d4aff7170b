"""Review cues: pairs that touch a listed institution or a critical-technology field, with the works
behind each.

A cue says where to look, never that something is wrong: a co-publication is lawful and often
wanted, and the absence of a cue is no clearance. Institutions match by OpenAlex id, ROR and
lineage; names are shown, not matched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from coauth.engine import Engine, Rows
from coauth.tables.contract import STRING
from coauth.tables.schemas import AREAS, EVIDENCE, FLAGS, LISTED


class FlagTables(NamedTuple):
    flags: pa.Table
    evidence: pa.Table


def match(institutions: pa.Table, engine: Engine) -> pa.Table:
    """`LISTED`: institutions of the graph that are an entry of an enabled watchlist, and how that
    is known.

    An institution is known by its own id and by those rolled up into it; by lineage only where the
    list says so.
    """
    rows = institutions.select(["institution_id", "lineage", "rolled_up_from"]).to_pylist()
    known = [
        (r["institution_id"], i) for r in rows for i in [r["institution_id"], *r["rolled_up_from"]]
    ]
    lineages = [
        (r["institution_id"], i) for r in rows for i in r["lineage"] if i != r["institution_id"]
    ]
    return engine.run(
        "listed",
        LISTED,
        institutions=institutions,
        known_as=_pairs(known, "known_id"),
        lineages=_pairs(lineages, "ancestor_id"),
    )


def find(
    works: Rows,
    affiliations: Rows,
    institutions: pa.Table,
    technologies: pa.Table,
    listed: pa.Table,
    engine: Engine,
) -> FlagTables:
    """`FLAGS` and `EVIDENCE`: every flag is exactly the count of the distinct works in its
    evidence.
    """
    evidence = engine.run(
        "evidence",
        EVIDENCE,
        works=works,
        affiliations=affiliations,
        technologies=technologies,
        listed=listed,
        profiles=_profiles(institutions, technologies),
        first_strings=_first_strings(affiliations, listed),
    )
    flags = engine.run("flags", FLAGS, evidence=evidence, works=works, institutions=institutions)
    return FlagTables(flags, evidence)


def ordered(evidence: pa.Table, institutions: pa.Table, marks: Mapping[str, str]) -> pd.DataFrame:
    """Domestic–foreign pairs with a cue, in the order a review would take them: by facts that can
    be counted, never by a score.

    Columns: domestic, foreign, works_both (with a watchlist and a technology cue at once),
    works_watchlist, works_technology, last_year (of any of these), standing (of the technologies
    found, by `marks`: "indicative", "unmeasured" or both; "" where none has a mark). First come
    pairs with works of both kinds, then more works with either, then the more recent.

    >>> cue = {"source": "I1", "target": "I9", "kind": "watchlist", "entry_id": "hit", "work_id": "W1", "year": 2020}
    >>> cues = [cue, cue | {"kind": "technology", "entry_id": "drones"}, cue | {"work_id": "W2", "year": 2022}, cue | {"target": "I8", "work_id": "W3"}]
    >>> places = pa.table({"institution_id": ["I1", "I8", "I9"], "is_domestic": [True, False, False]})
    >>> ordered(pa.Table.from_pylist(cues), places, {"drones": "unmeasured"}).to_numpy().tolist()
    [['I1', 'I9', 1, 2, 1, 2022, 'unmeasured'], ['I1', 'I8', 0, 1, 0, 2020, '']]
    """
    domestic = dict(
        zip(
            institutions["institution_id"].to_pylist(),
            institutions["is_domestic"].to_pylist(),
            strict=True,
        )
    )
    cues = evidence.select(["source", "target", "kind", "entry_id", "work_id", "year"]).to_pandas()
    home = cues["source"].map(domestic)
    cues = cues[
        (home != cues["target"].map(domestic)) & cues["kind"].isin(["watchlist", "technology"])
    ]
    cues["domestic"], cues["foreign"] = (
        cues["source"].where(home, cues["target"]),
        cues["target"].where(home, cues["source"]),
    )
    pair = ["domestic", "foreign"]
    by_work = (
        pd.crosstab([cues["domestic"], cues["foreign"], cues["work_id"]], cues["kind"])
        .gt(0)
        .reindex(columns=["watchlist", "technology"], fill_value=False)
    )
    counts = (
        by_work.assign(both=by_work.all(axis=1))
        .groupby(pair)
        .sum()
        .astype("int64")
        .add_prefix("works_")
    )
    rows = counts.join(cues.groupby(pair)["year"].max().rename("last_year"))
    told = cues.assign(standing=cues["entry_id"].where(cues["kind"] == "technology").map(marks))
    rows = rows.join(told.groupby(pair)["standing"].agg(_together)).reset_index()
    rows = rows.assign(
        any=rows[["works_watchlist", "works_technology"]].sum(axis=1) - rows["works_both"]
    )
    rows = rows.sort_values(
        ["works_both", "any", "last_year", *pair], ascending=[False, False, False, True, True]
    )
    return rows[
        [*pair, "works_both", "works_watchlist", "works_technology", "last_year", "standing"]
    ].reset_index(drop=True)


def _together(marks: pd.Series) -> str:
    """Marks of several technologies as one."""
    return ", ".join(sorted({m for mark in marks.dropna() for m in mark.split(", ")}))


def _pairs(rows: list[tuple[str, str]], second: str) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [(), ()]
    return pa.table([pa.array(c, STRING) for c in columns], names=["institution_id", second])


def _profiles(institutions: pa.Table, technologies: pa.Table) -> pa.Table:
    """Institution × EU-10 area: share of its works here. One set of technologies is enabled, and
    its id names the list.
    """
    wide = institutions.select(["institution_id", "works", *(a.lower() for a in AREAS)]).to_pandas()
    tall = wide.melt(["institution_id", "works"], var_name="area_id", value_name="share").dropna(
        subset="share"
    )
    sets = technologies["list_id"].unique().to_pylist()
    tall["area_id"] = tall["area_id"].str.upper()
    tall = (
        pd.concat([tall.assign(list_id=s) for s in sets])
        if sets
        else tall.assign(list_id="").iloc[:0]
    )
    schema = pa.schema(
        [
            ("institution_id", STRING),
            ("works", pa.int64()),
            ("list_id", STRING),
            ("area_id", STRING),
            ("share", pa.float64()),
        ]
    )
    return pa.Table.from_pandas(tall[schema.names], schema=schema, preserve_index=False)


def _first_strings(affiliations: Rows, listed: pa.Table) -> pa.Table:
    """The first affiliation string (in text order) that was matched to a listed institution on a
    work.
    """
    hit = (
        ds.field("institution_id").isin(listed["institution_id"].unique())
        & ds.field("strings").is_valid()
    )
    rows = (
        ds.dataset(affiliations) if isinstance(affiliations, pa.Table) else affiliations
    ).to_table(["work_id", "institution_id", "strings"], filter=hit)
    rows = rows.filter(pc.greater(pc.list_value_length(rows["strings"]), 0))
    return rows.set_column(2, "string", pc.list_element(rows["strings"], 0))
