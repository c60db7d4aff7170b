"""Edges, flags and measures -> the network of some years, whole or narrowed to what a reader asked
for.

Every filter (backbone, pairs, weight, strongest, ego, cues) judges an edge by the whole network of
the years, and an edge is shown when it passes all of them; so their order cannot matter, and
strength never shrinks with what is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from coauth.errors import TableError
from coauth.network import attributes, filters
from coauth.network import backbone as significance
from coauth.network.edges import Pairs, between, share_above_k
from coauth.network.model import Network
from coauth.queries import Scope
from coauth.stats.distance import UNIT, distance
from coauth.tables.schemas import Tables

if TYPE_CHECKING:
    import networkx as nx


def build(
    tables: Tables,
    *,
    scope: Scope,
    years: tuple[int, int] | None = None,
    window: int = 3,
    flagged: bool = False,
    domestic: bool = False,
    min_weight: float = 0.0,
    top: int | None = None,
    ego: str | None = None,
    backbone: filters.Backbone | None = None,
    include_hyper: bool = False,
    counting: str = "newman",
    standings: Mapping[str, str] | None = None,
) -> Network:
    """The co-authorship network of `years` (default: all of the scope).

    `tables` holds edges, institutions, listed, flags, centrality and shifts. `counting` (newman,
    full, strict or author; formulas in `coauth.stages.edges`) is the rule behind every weight, strength,
    centrality and change shown; centralities and changes are null where they were measured by
    another. `window` is the length in years of the windows whose centralities are shown: the latest
    that lies inside the years. Shown are the pairs with a weight from works of at most K
    institutions (`include_hyper`: of any size) that pass all that is asked: `flagged` (a watchlist
    or technology cue), `domestic` (one end domestic, the other foreign), `min_weight` (works,
    summed over the years), `top` (both ends among the strongest so many, or on a watchlist), `ego` (the institution,
    its partners and the pairs among them), `backbone` (see `graph.backbone`; "projection" also
    needs works and affiliations in `tables`). `pairs`, where it is there, gives edges their z
    against chance. `standings` says of technologies what must stand beside them (`Queries.marks`).
    An institution without an edge shown is left out, the ego excepted.

    Raises `TableError` where a table is missing or tables do not fit each other, `NotFound` for an
    unknown ego or counting.
    """
    _demand(tables, "edges", "institutions", "listed", "flags", "centrality", "shifts")
    years = years or (scope.first_year, scope.last_year)
    institutions = tables["institutions"].sort_by("institution_id")
    ids = institutions["institution_id"].combine_chunks()
    yearly = between(tables["edges"], years)
    pairs = Pairs.of(yearly, ids, counting=counting, hyper=include_hyper)
    cues = attributes.cues(between(tables["flags"], years))
    home = institutions["is_domestic"].to_numpy(zero_copy_only=False)

    on_lists = attributes.lists(tables["listed"])
    listed = np.array([i in on_lists for i in ids.to_pylist()], bool)

    weighty = pairs.weight > 0
    keep, weightless = weighty.copy(), int((~weighty).sum())
    passing: dict[str, int] = {}

    def chance() -> NDArray[np.float64]:
        _demand(tables, "works", "affiliations")
        largest = None if include_hyper else scope.max_institutions
        return significance.projection(
            pairs, ids, tables["works"], tables["affiliations"], years, largest
        )

    for words, passes in filters.filters(
        pairs, home, listed, ids, cues, flagged, domestic, min_weight, top, ego, backbone, chance
    ):
        keep &= passes
        passing[words] = int((weighty & passes).sum())
    shown = pairs.select(keep)
    nodes = np.union1d(shown.source, shown.target)
    if ego is not None:
        nodes = np.union1d(nodes, [filters.position(ids, ego)])

    centrality = attributes.of_counting(tables["centrality"], counting)
    at, windows = attributes.latest_window(centrality, years, window)
    compared, change = attributes.latest_change(attributes.of_counting(tables["shifts"], counting))
    return Network(
        nodes=attributes.nodes(
            institutions,
            nodes,
            pairs,
            shown,
            on_lists,
            attributes.technologies(cues),
            attributes.measures(centrality, at, ids),
            change,
            standings or {},
        ),
        edges=attributes.edges(
            shown,
            ids,
            home,
            cues,
            attributes.surprise(tables["pairs"], at) if "pairs" in tables else {},
            standings or {},
        ),
        node_years=attributes.node_years(pairs, nodes, ids, centrality, windows),
        edge_years=attributes.edge_years(shown, ids),
        years=years,
        home=tuple(scope.countries),
        max_institutions=scope.max_institutions,
        window=at,
        comparison=compared,
        preliminary=scope.preliminary,
        counting=counting,
        hyper=include_hyper,
        share_above_k=share_above_k(yearly, counting),
        pairs=int(weighty.sum()),
        passing=passing,
        dropped={
            f"known only from works of more than {scope.max_institutions} institutions": weightless,
            "outside the selection": len(pairs.source) - weightless - len(shown.source),
        },
    )


def to_networkx(network: Network, provenance: Mapping[str, str] | None = None) -> nx.Graph:
    """An undirected graph of plain Python values.

    Node attributes are the columns of `network.NODES`; those without a value are left out. An edge
    has `weight` (in works; larger means closer) and `distance` = round(720720·2²⁰ / weight), a
    whole number for shortest paths (smaller means closer): that of the measures, see
    `coauth.stats.distance`. `graph.graph["units"]` says the unit of both.
    """
    import networkx as nx  # noqa: PLC0415  importing coauth stays cheap

    units = {"weight": "works", "distance": f"1/{UNIT} of an edge of weight 1"}
    about = {"years": network.years, "about": network.statements(), "units": units}
    graph = nx.Graph(**dict(provenance or {}), **about)
    for row in network.nodes.to_pylist():
        name = row.pop("institution_id")
        graph.add_node(name, **{k: v for k, v in row.items() if v is not None})
    lengths = distance(network.edges["weight"].to_numpy()).astype(np.int64).tolist()
    for row, length in zip(network.edges.to_pylist(), lengths, strict=True):
        graph.add_edge(row.pop("source"), row.pop("target"), **row, distance=length)
    return graph


def _demand(tables: Tables, *names: str) -> None:
    if missing := [t for t in names if t not in tables]:
        raise TableError(
            f"graph: tables missing: {', '.join(missing)}; hand in an empty one where there is nothing to show"
        )
