"""Institutions joined into larger wholes - countries, groups, the institutions of a watchlist - and
works counted anew.

Joining is done on the works, not on the pairs: a work with three German institutions and two French
ones is one German- French work, where the sum over pairs of institutions would be six. k is then
the number of wholes on a work, and strength the number of works that two or more wholes share.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from coauth.engine import Engine
from coauth.network.model import GROUPS
from coauth.queries import Group
from coauth.tables import schemas
from coauth.tables.schemas import Name, Tables

Wholes = Mapping[str, tuple[str, str, str | None, str]]
"""Institution -> id, name, country and type of the whole it is part of; those without an entry stay
as they are.
"""

AUTHORED = ("author_works", "author_works_matched")
"""Counts by authors: a work's authors are at one institution or shared out among several, so these
add up.
"""

LIST = "list:"
UNKNOWN = "ZZ"  # ISO 3166-1 leaves it to users, and CLDR calls it the unknown region


def by_country(institutions: pa.Table) -> Wholes:
    """Every institution to its country; those without one are one whole."""
    return {
        r["institution_id"]: (
            r["country_code"] or UNKNOWN,
            r["country_code"] or "Country not known",
            r["country_code"],
            "country",
        )
        for r in institutions.select(["institution_id", "country_code"]).to_pylist()
    }


def by_group(institutions: pa.Table, listed: pa.Table, groups: Sequence[Group]) -> Wholes:
    """Every institution to one node: on a watchlist, at home, or in the smallest of the `groups`
    (of queries/groups.toml) that its country is in, so that nodes do not overlap. A group that
    smaller ones take countries from is called so.
    """
    on_list = set(listed["institution_id"].to_pylist())
    place = {c: g for g in sorted(groups, key=_size, reverse=True) for c in g.countries}

    def node(row: Mapping[str, Any]) -> tuple[str, str]:
        own = (
            "listed"
            if row["institution_id"] in on_list
            else "domestic"
            if row["is_domestic"]
            else "elsewhere"
        )
        if own == "elsewhere" and (group := place.get(row["country_code"])):
            whole = all(place[c] is group for c in group.countries)
            return group.id, group.name if whole else f"{group.name} (the rest)"
        return own, GROUPS[own]

    rows = institutions.select(["institution_id", "country_code", "is_domestic"]).to_pylist()
    return {r["institution_id"]: (*node(r), None, "group") for r in rows}


def _size(group: Group) -> int:
    return len(group.countries)


def by_list(listed: pa.Table) -> Wholes:
    """The institutions of each watchlist to one whole; one that is on several lists goes to the
    first by name.
    """
    rows = sorted(
        listed.select(["institution_id", "list_id"]).to_pylist(),
        key=lambda r: r["list_id"],
        reverse=True,
    )
    return {
        r["institution_id"]: (
            f"{LIST}{r['list_id']}",
            f"Watchlist {r['list_id']}, summed",
            None,
            "watchlist",
        )
        for r in rows
    }


def join(tables: Tables, wholes: Wholes, engine: Engine) -> dict[Name, pa.Table]:
    """The tables with `wholes` in the place of their parts; edges and flags are counted again by
    their own statements.

    What was measured on institutions (centrality, shifts, pairs) is of none of the wholes, and
    comes back empty.
    """
    rename = {institution: whole[0] for institution, whole in wholes.items()}
    affiliations = _affiliations(tables["affiliations"], rename)
    works = _sized(tables["works"], affiliations)
    institutions = _institutions(tables["institutions"], wholes, works, affiliations)
    listed = _listed(tables["listed"], wholes)
    evidence = _evidence(tables["evidence"], rename)
    return dict(tables) | {
        "works": works,
        "affiliations": affiliations,
        "institutions": institutions,
        "listed": listed,
        "edges": engine.run("edges", schemas.EDGES, works=works, affiliations=affiliations),
        "flags": engine.run(
            "flags", schemas.FLAGS, evidence=evidence, works=works, institutions=institutions
        ),
        **{
            name: schemas.ALL[name].empty()
            for name in ("centrality", "shifts", "pairs", "evidence")
        },
    }


def _listed(listed: pa.Table, wholes: Wholes) -> pa.Table:
    """Each summed list as its own entry; listed today as long as one of its institutions is."""
    entries = listed.select(["list_id", "standing", "listed_today"]).to_pylist()
    whole = {w[0].removeprefix(LIST): w[0] for w in wholes.values() if w[0].startswith(LIST)}
    today = {e["list_id"] for e in entries if e["listed_today"]}
    return schemas.LISTED.of(
        {
            "institution_id": whole[name],
            "list_id": name,
            "entry_id": name,
            "match_method": "id",
            "standing": standing,
            "listed_today": name in today,
        }
        for name, standing in {
            e["list_id"]: e["standing"] for e in entries if e["list_id"] in whole
        }.items()
    )


def _renamed(ids: pa.ChunkedArray, rename: Mapping[str, str]) -> pa.ChunkedArray:
    parts = pa.array(list(rename), pa.string())
    place = pc.index_in(ids, value_set=parts)
    return pc.if_else(
        pc.is_valid(place), pa.array(list(rename.values()), pa.string()).take(place), ids
    )


def _affiliations(affiliations: pa.Table, rename: Mapping[str, str]) -> pa.Table:
    """One row per work and whole; author shares are whole multiples of 2⁻⁴⁰, so their sum does not
    depend on order.
    """
    renamed = pa.table(
        {
            "work_id": affiliations["work_id"],
            "institution_id": _renamed(affiliations["institution_id"], rename),
            "author_share": affiliations["author_share"],
            "is_domestic": affiliations["is_domestic"],
        }
    )
    merged = renamed.group_by(["work_id", "institution_id"], use_threads=False).aggregate(
        [("author_share", "sum"), ("is_domestic", "max")]
    )
    return merged.rename_columns(
        {"author_share_sum": "author_share", "is_domestic_max": "is_domestic"}
    ).sort_by([("work_id", "ascending"), ("institution_id", "ascending")])


def _sized(works: pa.Table, affiliations: pa.Table) -> pa.Table:
    """Works with the number of wholes on each as their size k."""
    size = affiliations.group_by("work_id").aggregate([("institution_id", "count")])
    k = size["institution_id_count"].take(
        pc.index_in(works["work_id"], value_set=size["work_id"].combine_chunks())
    )
    return works.set_column(
        works.column_names.index("n_institutions"), "n_institutions", pc.fill_null(k, 0)
    )


def _evidence(evidence: pa.Table, rename: Mapping[str, str]) -> pa.Table:
    """Evidence of pairs of wholes; that of pairs inside one whole is gone, and a watchlist's
    entries are the list itself.
    """
    one, other = (_renamed(evidence[end], rename) for end in ("source", "target"))
    swapped = pc.greater(one, other)
    renamed = {
        "source": pc.if_else(swapped, other, one),
        "target": pc.if_else(swapped, one, other),
        "entry_id": pc.if_else(
            pc.equal(evidence["kind"], "watchlist"), evidence["list_id"], evidence["entry_id"]
        ),
    }
    for name, values in renamed.items():
        evidence = evidence.set_column(evidence.column_names.index(name), name, values)
    return evidence.filter(pc.not_equal(one, other))


def _institutions(
    institutions: pa.Table, wholes: Wholes, works: pa.Table, affiliations: pa.Table
) -> pa.Table:
    counted = works.filter(works["included"])["work_id"].combine_chunks()
    here = affiliations.filter(pc.is_in(affiliations["work_id"], value_set=counted))
    number = {
        r["institution_id"]: r["work_id_count"]
        for r in here.group_by("institution_id").aggregate([("work_id", "count")]).to_pylist()
    }
    rows = institutions.filter(
        pc.invert(
            pc.is_in(institutions["institution_id"], value_set=pa.array(list(wholes), pa.string()))
        )
    )
    known = {
        r["institution_id"]: r
        for r in institutions.select(["institution_id", "is_domestic", *AUTHORED]).to_pylist()
    }
    parts: dict[tuple[str, str, str | None, str], list[str]] = {}
    for institution, whole in wholes.items():
        parts.setdefault(whole, []).append(institution)
    joined = [
        {
            "institution_id": whole[0],
            "name": whole[1],
            "country_code": whole[2],
            "type": whole[3],
            "lineage": [],
            "is_domestic": all(known[i]["is_domestic"] for i in members),
            "rolled_up_from": sorted(members),
            "works": number.get(whole[0], 0),
        }
        | {name: math.fsum(known[i][name] for i in members) for name in AUTHORED}
        for whole, members in parts.items()
    ]
    return schemas.INSTITUTIONS.check(pa.concat_tables([rows, schemas.INSTITUTIONS.of(joined)]))
