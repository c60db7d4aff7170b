"""Harvested institutions -> the nodes of the graph: roll-up, and what is known of each node.

OpenAlex names every organisation that has a ROR record; a network needs those that act. What counts
for whom is data (`queries/institutions.toml`), and the rules are those of the CWTS Leiden Ranking
Open Edition (https://open.leidenranking.com/information/universities), in this order:

1. An ancestor beside its own descendant on one authorship is dropped: one affiliation string can match both a hospital
   and its region. Lineages come from OpenAlex (ROR parents), more parents from the file; they form no tree, so a node
   is never replaced by "its" ancestor.
2. A merged institution counts for its successor, a component for its whole.
3. An author's share 1/n is split evenly over the institutions left on the authorship: 1/(n q).
4. A joint institution's share goes to its owners by weight.
5. An associated one (an academic hospital) counts for its universities, divided equally, on the works that a university
   of its own is on, itself or through 1–4; on all other works it stands alone.

Shares are integers of 2⁻⁴⁰, and every division gives the last bit to someone, so that a work's
shares sum to exactly what they were. The SQL is `queries/sql/affiliations.sql`; here are only the
small tables of institutions it joins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from coauth.engine import Engine, Rows
from coauth.errors import TableError
from coauth.queries import RollUp
from coauth.tables.contract import FLOAT, STRING
from coauth.tables.schemas import AFFILIATIONS, INSTITUTIONS

_WHOLE = 2**40

_ANCESTORS = pa.schema([("institution_id", STRING), ("ancestor_id", STRING)])
_UNIFIED = pa.schema([("institution_id", STRING), ("unified_id", STRING)])
_DIVIDED = pa.schema(
    [("institution_id", STRING), ("owner_id", STRING), ("low", FLOAT), ("high", FLOAT)]
)
_SHARES = pa.schema([AFFILIATIONS.schema.field(name) for name in ("work_id", "author_share")])
_ASSOCIATED = pa.schema([("institution_id", STRING), ("university_id", STRING)])


class RolledUp(NamedTuple):
    affiliations: Iterator[pa.RecordBatch]
    nodes: pa.Table
    """One row per node: institution_id, ror, name, country_code, type, lineage, rolled_up_from."""


def roll_up(
    harvested: pa.Table,
    authorships: Rows,
    strings: Rows,
    institutions: pa.Table,
    rollup: RollUp,
    engine: Engine,
) -> RolledUp:
    """Authorship-level matches as work × node rows (`AFFILIATIONS`), and the nodes.

    An associated institution is a node of its own, of the works without its universities; it is not
    among their `rolled_up_from`, but on each work among their `harvested_ids`.

    The affiliations end with a `TableError` if the authors' shares of any work do not add up to
    what they were before: roll-up moves shares, it never makes or loses any.
    """
    described = institutions.to_pandas()
    described["whole"] = ~described["name"].str.contains(
        "[name]", regex=False
    )  # an author's name may have been masked in it
    order = described.sort_values(["institution_id", "whole", "seen"], kind="stable").drop(
        columns="whole"
    )
    latest = order.drop_duplicates("institution_id", keep="last")
    places = _Places(latest, rollup)
    affiliations = engine.stream(
        "affiliations",
        AFFILIATIONS,
        harvested=harvested,
        authorships=authorships,
        strings=strings,
        nodes=(nodes := _nodes(latest, places)),
        ancestors=_table(places.ancestors() if rollup.drop_ancestors else (), _ANCESTORS),
        unified=_table(places.unified.items(), _UNIFIED),
        divided=_table(places.divided, _DIVIDED),
        associated=_table(places.associated, _ASSOCIATED),
    )
    return RolledUp(_conserving(harvested, affiliations), nodes)


class _Places:
    """The rules of a `RollUp`, which speak of ROR ids, in terms of the institutions that were
    found.

    unified: harvested id -> node id; a joint institution is its own node until it is divided.
    divided: (joint, owner, low, high): the owner's part of the joint one's share, laid on the line
    from 0 to 1. associated: (institution, university), both nodes.
    """

    def __init__(self, latest: pd.DataFrame, rollup: RollUp) -> None:
        rors = zip(latest["ror"], latest["institution_id"], strict=True)
        self._node_of = {
            ror: i for ror, i in sorted(rors, key=lambda row: _number(row[1]), reverse=True) if ror
        }
        self._id_of = dict(self._node_of)
        self._lineages = dict(zip(latest["institution_id"], latest["lineage"], strict=True))
        self._parents = self._pairs((p.institution, p.parent) for p in rollup.parents)
        self.unified = {i: i for i in sorted(latest["institution_id"])}
        self._unify(rollup.into)
        self.divided = [
            row
            for j in rollup.joint
            if j.institution in self._id_of
            for row in self._divide(self._id_of[j.institution], j.weights)
        ]
        self.associated = sorted(
            self._pairs((a.institution, u) for a in rollup.associated for u in a.universities)
        )

    def _unify(self, into: dict[str, str]) -> None:
        """The node is the successor or the whole; while that has no work of its own, its part with
        the smallest id.
        """
        gathered: dict[str, list[str]] = defaultdict(list)
        for institution, target in into.items():
            if institution in self._id_of:
                gathered[target].append(self._id_of[institution])
        for target, parts in gathered.items():
            node = self._node_of.setdefault(target, min(parts))
            self.unified |= dict.fromkeys(parts, node)

    def _divide(self, joint: str, weights: dict[str, float]) -> list[tuple[str, str, float, float]]:
        """Owners without a work have no node: the others take their part; where none has, the joint
        one stands alone.
        """
        owned = sorted((self._node_of[r], w) for r, w in weights.items() if r in self._node_of)
        ends = [0.0, *accumulate(w for _, w in owned)]
        return [
            (joint, owner, low / ends[-1], high / ends[-1])
            for (owner, _), (low, high) in zip(owned, pairwise(ends), strict=True)
        ]

    def _pairs(self, rors: Any) -> set[tuple[str, str]]:
        return {
            (self._node_of[a], self._node_of[b])
            for a, b in rors
            if a in self._node_of and b in self._node_of
        }

    def ancestors(self) -> list[tuple[str, str]]:
        """Every (institution, what is above it), both as harvested, or what that is now; an owner
        beside its joint one stays.
        """
        lineages: dict[str, set[str]] = {i: set(above) for i, above in self._lineages.items()}
        for institution, parent in self._parents:
            lineages[institution].add(parent)
        owned = {(joint, owner) for joint, owner, *_ in self.divided}
        return sorted(
            {
                (i, a)
                for i, lineage in lineages.items()
                for above in lineage
                for a in (above, self.unified.get(above, above))
                if self.unified[i] != (node := self.unified.get(a, a)) and (i, node) not in owned
            }
        )

    def origins(self) -> dict[str, list[str]]:
        """Node -> the other institutions whose works count for it, on whatever work."""
        joint = {j for j, *_ in self.divided}
        known: dict[str, set[str]] = {
            node: set() for node in self.unified.values() if node not in joint
        }
        for institution, node in [
            *self.unified.items(),
            *((j, owner) for j, owner, *_ in self.divided),
        ]:
            if institution != node:
                known[node].add(institution)
        return {node: sorted(known[node]) for node in known}


def _number(institution: str) -> tuple[int, str]:
    """Ids grow: of two records with one ROR the older is the one that other sources know."""
    return len(institution), institution


def _table(rows: Any, schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.Table.from_arrays(
        [pa.array(c, t) for c, t in zip(columns, schema.types, strict=True)], schema=schema
    )


def _nodes(latest: pd.DataFrame, places: _Places) -> pa.Table:
    origins = places.origins()
    frame = latest[latest["institution_id"].isin(origins)].drop(columns="seen")
    frame["rolled_up_from"] = pd.Series(
        [origins[i] for i in frame["institution_id"]], frame.index, dtype=object
    )
    schema = pa.schema([f for f in INSTITUTIONS.schema if f.name in frame.columns])
    return pa.Table.from_pandas(
        frame[schema.names], schema=schema.remove_metadata(), preserve_index=False
    )


def _conserving(
    harvested: pa.Table, affiliations: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    shares = []
    for batch in affiliations:
        shares.append(batch.select(["work_id", "author_share"]))
        yield batch
    _conserved(
        harvested.select(["work_id", "n_authors", "n_authors_with_institution"]),
        pa.Table.from_batches(shares, _SHARES),
    )


def _conserved(harvested: pa.Table, affiliations: pa.Table) -> None:
    """Work by work and to the last bit: sums of up to 2⁴⁰ parts of 2⁻⁴⁰ are exact in binary
    floating point.
    """
    held = affiliations.group_by("work_id").aggregate([("author_share", "sum")])
    found = (
        held["author_share_sum"]
        .combine_chunks()
        .take(pc.index_in(harvested["work_id"], held["work_id"]).combine_chunks())
    )
    after = pc.fill_null(found, 0.0).to_numpy(zero_copy_only=False)
    authors = np.maximum(harvested["n_authors"].to_numpy(), 1)
    before = harvested["n_authors_with_institution"].to_numpy() * (_WHOLE // authors) / _WHOLE
    if (wrong := np.flatnonzero(before != after)).size:
        raise TableError(
            f"affiliations: authors' shares sum to {after.sum():.6f} after roll-up and {before.sum():.6f} before, first on "
            f"{harvested['work_id'][int(wrong[0])]}; roll-up must only move them: are two institutions each other's ancestor? "
            "`coauth build --level as-harvested` builds without; please report this with queries/institutions.toml"
        )


def describe(
    nodes: pa.Table, affiliations: Rows, works: Rows, technologies: Rows, engine: Engine
) -> pa.Table:
    """`INSTITUTIONS`: the nodes with their included works here and the share of them in each EU-10
    area.
    """
    return engine.run(
        "institutions",
        INSTITUTIONS,
        nodes=nodes,
        affiliations=affiliations,
        works=works,
        technologies=technologies,
    )
