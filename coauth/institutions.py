"""Harvested institutions -> the nodes of the graph: roll-up, and what is known of each node.

Roll-up does two things so far, both on one authorship: a merged or withdrawn institution counts for its successor
(`queries/institutions.toml`), and an ancestor beside its own descendant is dropped, because one affiliation string can
match both a hospital and its region. Lineages come from OpenAlex (ROR parents); they form no tree, so a node is never
replaced by "its" ancestor.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from coauth.engine import Engine
from coauth.errors import TableError
from coauth.queries import RollUp
from coauth.tables import AFFILIATIONS, INSTITUTIONS, STRING


class RolledUp(NamedTuple):
    affiliations: pa.Table
    nodes: pa.Table
    """One row per node: institution_id, ror, name, country_code, type, lineage, rolled_up_from."""


def roll_up(harvested: pa.Table, authorships: pa.Table, strings: pa.Table, found: pa.Table, rollup: RollUp, engine: Engine) -> RolledUp:
    """Authorship-level matches as work × node rows (`AFFILIATIONS`), and the nodes.

    Raises `TableError` if the authors' shares do not add up to what they were before: roll-up moves shares, it never
    makes or loses any.
    """
    latest = found.to_pandas().sort_values(["institution_id", "seen"]).drop_duplicates("institution_id", keep="last")
    unified = _unified(latest, rollup)
    nodes = _nodes(latest, unified)
    ancestors = _ancestors(latest, unified) if rollup.drop_ancestors else _pairs([], ("institution_id", "ancestor_id"))
    affiliations = engine.run(
        "affiliations", AFFILIATIONS, harvested=harvested, authorships=authorships, strings=strings, nodes=nodes,
        ancestors=ancestors, unified=_pairs(sorted(unified.items()), ("institution_id", "unified_id")),
    )  # fmt: skip
    _conserved(harvested, affiliations)
    return RolledUp(affiliations, nodes)


def _unified(latest: pd.DataFrame, rollup: RollUp) -> dict[str, str]:
    """Harvested id -> node id. The node is the successor; while it has no works of its own, its first predecessor."""
    by_ror = dict(zip(latest["ror"], latest["institution_id"], strict=True))
    unified = {i: i for i in latest["institution_id"]}
    for successor, group in pd.DataFrame([s.model_dump() for s in rollup.successors]).groupby("successor") if rollup.successors else ():
        old = sorted(by_ror[r] for r in group["institution"] if r in by_ror)
        for institution in old:
            unified[institution] = by_ror.get(successor, old[0])
    return unified


def _nodes(latest: pd.DataFrame, unified: dict[str, str]) -> pa.Table:
    origins: dict[str, list[str]] = {}
    for institution, node in unified.items():
        origins.setdefault(node, []).extend([institution] if institution != node else [])
    frame = latest[latest["institution_id"].isin(origins)].drop(columns="seen")
    frame["rolled_up_from"] = pd.Series([sorted(origins[i]) for i in frame["institution_id"]], frame.index, dtype=object)
    schema = pa.schema([f for f in INSTITUTIONS.schema if f.name in frame.columns])
    return pa.Table.from_pandas(frame[schema.names], schema=schema.remove_metadata(), preserve_index=False)


def _ancestors(latest: pd.DataFrame, unified: dict[str, str]) -> pa.Table:
    """Every (node, ancestor node) pair, apart from a node with itself."""
    pairs = {
        (unified[i], unified.get(above, above))
        for i, lineage in zip(latest["institution_id"], latest["lineage"], strict=True)
        for above in lineage
    }
    return _pairs(sorted(p for p in pairs if p[0] != p[1]), ("institution_id", "ancestor_id"))


def _pairs(rows: list[tuple[str, str]], names: tuple[str, str]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [(), ()]
    return pa.table([pa.array(c, STRING) for c in columns], names=names)


def _conserved(harvested: pa.Table, affiliations: pa.Table) -> None:
    works = harvested.to_pandas()
    before = float((works["n_authors_with_institution"] / works["n_authors"].clip(lower=1)).sum())
    after = float(np.sum(affiliations["author_share"].to_numpy()))
    if abs(before - after) > 1e-6 * max(1.0, before):
        raise TableError(
            f"affiliations: authors' shares sum to {after:.6f} after roll-up and {before:.6f} before; roll-up must only move "
            "them: please report this with queries/institutions.toml"
        )


def describe(nodes: pa.Table, affiliations: pa.Table, works: pa.Table, technologies: pa.Table, engine: Engine) -> pa.Table:
    """`INSTITUTIONS`: the nodes with their included works here and the share of them in each EU-10 area."""
    return engine.run(
        "institutions", INSTITUTIONS, nodes=nodes, affiliations=affiliations, works=works, technologies=technologies
    )
