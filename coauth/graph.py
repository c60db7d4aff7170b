"""Edges, flags and measures -> the network of some years, whole or narrowed to what a reader asked for.

Every filter (backbone, pairs, weight, strongest, ego, cues) judges an edge by the whole network of the years, and an
edge is shown when it passes all of them; so their order cannot matter, and strength never shrinks with what is shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from coauth.errors import NotFound, TableError
from coauth.network import EDGE_YEARS, EDGES, EUROPE, NODE_YEARS, NODES, NORDIC, Network, legal
from coauth.queries import Scope

if TYPE_CHECKING:
    import networkx as nx

MEASURES = ("pagerank", "eigenvector", "harmonic", "betweenness")
COUNTING, VARIANT = "newman", "k"
BACKBONE_ALPHA = 0.05
UNIT = 2**40  # weights are summed as integers, so that no sum depends on order or threads; 2⁻⁴⁰ works is the grain
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


def build(
    tables: Mapping[str, pa.Table],
    *,
    scope: Scope,
    years: tuple[int, int] | None = None,
    window: int = 3,
    flagged: bool = False,
    domestic: bool = False,
    min_weight: float = 0.0,
    top: int | None = None,
    ego: str | None = None,
    backbone: bool = False,
    include_hyper: bool = False,
) -> Network:
    """The co-authorship network of `years` (default: all of the scope).

    `tables` holds edges, institutions, listed, flags, centrality and shifts. `window` is the length in years of the
    windows whose centralities are shown: the latest that lies inside the years. Shown are the pairs with a weight from
    works of at most K institutions (`include_hyper`: of any size) that pass all that is asked: `flagged` (a watchlist or
    technology cue), `domestic` (one end domestic, the other foreign), `min_weight` (works, summed over the years), `top`
    (both ends among the strongest so many), `ego` (the institution, its partners and the pairs among them), `backbone`
    (disparity filter). An institution without an edge shown is left out, the ego excepted.

    Raises `TableError` where a table is missing or tables do not fit each other, `NotFound` for an unknown ego.
    """
    _demand(tables)
    years = years or (scope.first_year, scope.last_year)
    institutions = tables["institutions"].sort_by("institution_id")
    ids = institutions["institution_id"].combine_chunks()
    yearly = _between(tables["edges"], years)
    pairs = _Pairs.of(yearly, ids, hyper=include_hyper)
    cues = _cues(_between(tables["flags"], years))
    home = institutions["is_domestic"].to_numpy(zero_copy_only=False)

    keep = pairs.weight > 0
    weightless = int((~keep).sum())
    asked: list[str] = []
    for words, passes in _filters(pairs, home, ids, cues, flagged, domestic, min_weight, top, ego, backbone):
        keep &= passes
        asked.append(words)
    shown = pairs.select(keep)
    nodes = np.union1d(shown.source, shown.target)
    if ego is not None:
        nodes = np.union1d(nodes, [_position(ids, ego)])

    at, windows = _latest_window(tables["centrality"], years, window)
    compared, change = _latest_change(tables["shifts"])
    return Network(
        nodes=_nodes(institutions, nodes, pairs, shown, _lists(tables["listed"]), _measures(tables["centrality"], at, ids), change),
        edges=_edges(shown, ids, home, cues),
        node_years=_node_years(pairs, nodes, ids, tables["centrality"], windows),
        edge_years=_edge_years(shown, ids),
        years=years, home=tuple(scope.countries), max_institutions=scope.max_institutions, window=at, comparison=compared,
        preliminary=scope.preliminary, hyper=include_hyper, share_above_k=_share_above_k(yearly), filters=tuple(asked),
        dropped={
            f"known only from works of more than {scope.max_institutions} institutions": weightless,
            "outside the selection": len(pairs.source) - weightless - len(shown.source),
        },
    )  # fmt: skip


def to_networkx(network: Network, provenance: Mapping[str, str] | None = None) -> nx.Graph:
    """An undirected graph of plain Python values.

    Node attributes are the columns of `network.NODES`; those without a value are left out. An edge has `weight` (larger
    means closer) and `distance` = round(720720·2²⁰ / weight), an integer for shortest paths: ties between float
    distances make implementations disagree.
    """
    import networkx as nx  # noqa: PLC0415  importing coauth stays cheap

    graph = nx.Graph(**dict(provenance or {}), years=network.years, about=network.statements())
    for row in network.nodes.to_pylist():
        name = row.pop("institution_id")
        graph.add_node(name, **{k: v for k, v in row.items() if v is not None})
    for row in network.edges.to_pylist():
        ends = row.pop("source"), row.pop("target")
        graph.add_edge(*ends, **row, distance=distance(row["weight"]))
    return graph


def distance(weight: float) -> int:
    """Length of an edge for shortest paths: round(720720·2²⁰ / weight).

    720720 = lcm(1 … 16), so that the commonest sums of 1/(k−1) give whole numbers.

    >>> distance(1.0) == 2 * distance(2.0) == 720720 * 2**20
    True
    """
    return round(720720 * 2**20 / weight)


# -- pairs


@dataclass(frozen=True)
class _Pairs:
    """Pairs of the years; ends are positions in the sorted ids, weights are in 1/UNIT works."""

    source: Ints
    target: Ints
    weight: Ints
    strict: Ints
    works: Ints
    works_all: Ints
    first: Ints
    last: Ints
    yearly: pa.Table
    """year, s, t, w, n: the same by year, where the weight is not 0."""
    size: int

    @classmethod
    def of(cls, edges: pa.Table, ids: pa.Array, *, hyper: bool) -> _Pairs:
        tail = "" if hyper else "_k"
        ends = [pc.index_in(edges[end], value_set=ids) for end in ("source", "target")]
        if unknown := sum(end.null_count for end in ends):
            raise TableError(f"edges: {unknown} ends are not in institutions; build both from the same vintage")
        rows = pa.table({
            "year": edges["year"], "s": ends[0].cast(pa.int64()), "t": ends[1].cast(pa.int64()),
            "w": _fixed(edges[f"weight{tail}"]), "x": _fixed(edges[f"strict_weight{tail}"]),
            "n": edges[f"works{tail}"], "all": edges["works"],
        })  # fmt: skip
        weighty = pc.greater(rows["w"], 0)
        rows = rows.set_column(0, "year", pc.if_else(weighty, rows["year"], pa.scalar(None, pa.int64())))
        sums = [("w", "sum"), ("x", "sum"), ("n", "sum"), ("all", "sum"), ("year", "min"), ("year", "max")]
        total = rows.group_by(["s", "t"]).aggregate(sums).sort_by([("s", "ascending"), ("t", "ascending")])

        def column(name: str) -> Ints:
            return np.asarray(pc.fill_null(total[name], 0).to_numpy(), np.int64)

        return cls(
            column("s"), column("t"), column("w_sum"), column("x_sum"), column("n_sum"), column("all_sum"), column("year_min"),
            column("year_max"), rows.filter(weighty).select(["year", "s", "t", "w", "n"]), len(ids),
        )  # fmt: skip

    def select(self, keep: Mask) -> _Pairs:
        wanted = pa.table({"s": self.source[keep], "t": self.target[keep]})
        return _Pairs(
            self.source[keep], self.target[keep], self.weight[keep], self.strict[keep], self.works[keep], self.works_all[keep],
            self.first[keep], self.last[keep], self.yearly.join(wanted, ["s", "t"], join_type="inner"), self.size,
        )  # fmt: skip

    def per_node(self, values: Ints) -> Ints:
        """The sum of `values` over the pairs of each institution."""
        total = np.zeros(self.size, np.int64)
        np.add.at(total, self.source, values)
        np.add.at(total, self.target, values)
        return total

    @property
    def strength(self) -> Ints:
        return self.per_node(self.weight)

    @property
    def partners(self) -> Ints:
        return self.per_node((self.weight > 0).astype(np.int64))


def _fixed(weights: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.round(pc.multiply(weights, float(UNIT))).cast(pa.int64())


def _between(table: pa.Table, years: tuple[int, int]) -> pa.Table:
    return table.filter(pc.and_(pc.greater_equal(table["year"], years[0]), pc.less_equal(table["year"], years[1])))


def _share_above_k(edges: pa.Table) -> float:
    whole, small = (int(pc.sum(_fixed(edges[c])).as_py() or 0) for c in ("weight", "weight_k"))
    return 1 - small / whole if whole else 0.0


# -- what is shown


def _filters(
    pairs: _Pairs, home: Mask, ids: pa.Array, cues: Mapping[tuple[str, str], _Cue],
    flagged: bool, domestic: bool, min_weight: float, top: int | None, ego: str | None, backbone: bool,
) -> Iterable[tuple[str, Mask]]:  # fmt: skip
    """Each filter asked for, as words and as the pairs that pass it."""
    if domestic:
        yield "pairs of a domestic and a foreign institution", home[pairs.source] != home[pairs.target]
    if min_weight > 0:
        yield f"pairs of weight {min_weight:g} or more", pairs.weight >= round(min_weight * UNIT)
    if flagged:
        names = ids.to_pylist()
        ends = zip(pairs.source.tolist(), pairs.target.tolist(), strict=True)
        yield "pairs with a review cue", np.array([(names[s], names[t]) in cues for s, t in ends], bool)
    if top is not None:
        strongest = np.zeros(pairs.size, bool)
        strongest[np.argsort(-pairs.strength, kind="stable")[:top]] = True  # equal strength: the smaller id
        yield f"the {top} strongest institutions", strongest[pairs.source] & strongest[pairs.target]
    if ego is not None:
        near = _near(pairs, _position(ids, ego))
        yield f"{ego}, its partners and the pairs among them", near[pairs.source] & near[pairs.target]
    if backbone:
        yield f"the backbone (disparity filter, α = {BACKBONE_ALPHA:g} at either end)", disparity(pairs) < BACKBONE_ALPHA


def disparity(pairs: _Pairs) -> NDArray[np.float64]:
    """Per pair the smaller α of its two ends: (1 − w/s)^(k−1), the chance of a share w/s or more of a node's strength s
    falling on one of its k edges if strength were split at random (Serrano, Boguñá & Vespignani 2009,
    doi 10.1073/pnas.0808904106). An end with one edge says nothing and counts as 1.
    """
    strength, degree = pairs.strength, pairs.partners
    alphas = []
    for end in (pairs.source, pairs.target):
        share = pairs.weight / np.maximum(strength[end], 1)
        alphas.append(np.where(degree[end] > 1, (1 - share) ** np.maximum(degree[end] - 1, 1), 1.0))
    return np.minimum(*alphas)


def _near(pairs: _Pairs, centre: int) -> Mask:
    near = np.zeros(pairs.size, bool)
    touching = ((pairs.source == centre) | (pairs.target == centre)) & (pairs.weight > 0)
    near[pairs.source[touching]] = near[pairs.target[touching]] = True
    near[centre] = True
    return near


def _position(ids: pa.Array, institution: str) -> int:
    place = int(pc.index(ids, institution).as_py())
    if place < 0:
        raise NotFound(f"no institution '{institution}' in this vintage; give an OpenAlex id such as I96673099")
    return place


# -- review cues


@dataclass
class _Cue:
    lists: set[str]
    technologies: set[str]


def _cues(flags: pa.Table) -> dict[tuple[str, str], _Cue]:
    """Watchlists and technologies by pair. Profiles of institutions are not cues of a work and stay out."""
    wanted = flags.filter(pc.is_in(flags["kind"], value_set=pa.array(["watchlist", "technology"])))
    rows = wanted.group_by(["source", "target", "kind", "list_id", "entry_id"]).aggregate([]).to_pylist()
    cues: dict[tuple[str, str], _Cue] = defaultdict(lambda: _Cue(set(), set()))
    for row in rows:
        cue = cues[row["source"], row["target"]]
        if row["kind"] == "watchlist":
            cue.lists.add(row["list_id"])
        else:
            cue.technologies.add(row["entry_id"])
    return dict(cues)


def _lists(listed: pa.Table) -> dict[str, list[str]]:
    """Institution -> watchlists it is on."""
    lists: dict[str, set[str]] = defaultdict(set)
    for row in listed.select(["institution_id", "list_id"]).to_pylist():
        lists[row["institution_id"]].add(row["list_id"])
    return {institution: sorted(names) for institution, names in lists.items()}


# -- measures


def _latest_window(
    centrality: pa.Table, years: tuple[int, int], length: int
) -> tuple[tuple[int, int] | None, list[tuple[int, int]]]:
    """The latest window of that length inside the years, and all of them."""
    found = centrality.select(["first_year", "last_year"]).group_by(["first_year", "last_year"]).aggregate([]).to_pylist()
    ends = sorted((row["first_year"], row["last_year"]) for row in found)
    inside = [w for w in ends if w[1] - w[0] + 1 == length and years[0] <= w[0] and w[1] <= years[1]]
    return (inside[-1] if inside else None), inside


def _of_window(centrality: pa.Table, window: tuple[int, int], measure: str) -> pa.Table:
    wanted = {"first_year": window[0], "last_year": window[1], "measure": measure, "counting": COUNTING, "variant": VARIANT}
    for column, value in wanted.items():
        centrality = centrality.filter(pc.equal(centrality[column], value))
    return centrality


def _measures(centrality: pa.Table, window: tuple[int, int] | None, ids: pa.Array) -> dict[str, pa.Array]:
    """Every measure of the window with its interval, by position; null where it was not measured."""
    columns = {}
    for measure in MEASURES:
        rows = _of_window(centrality, window, measure) if window else centrality.slice(0, 0)
        place = pc.index_in(ids, value_set=rows["institution_id"].combine_chunks())
        for column, name in (("value", measure), ("low", f"{measure}_low"), ("high", f"{measure}_high")):
            columns[name] = rows[column].combine_chunks().take(place)
    return columns


def _latest_change(shifts: pa.Table) -> tuple[tuple[int, int, int, int] | None, dict[str, dict[str, Any]]]:
    """The latest comparison of windows, and each institution's change of strength share in it."""
    wanted = {"measure": "strength_share", "counting": COUNTING, "variant": VARIANT}
    for column, value in wanted.items():
        shifts = shifts.filter(pc.equal(shifts[column], value))
    rows = shifts.to_pylist()

    def windows(row: Mapping[str, Any]) -> tuple[int, int, int, int]:
        return row["before_first"], row["before_last"], row["after_first"], row["after_last"]

    latest = max(map(windows, rows), key=lambda w: (w[3], w[2], w[1], w[0]), default=None)
    return latest, {row["institution_id"]: row for row in rows if windows(row) == latest}


# -- the tables of the network


def _nodes(
    institutions: pa.Table, nodes: Ints, pairs: _Pairs, shown: _Pairs, listed: Mapping[str, list[str]],
    measures: Mapping[str, pa.Array], changes: Mapping[str, Mapping[str, Any]],
) -> pa.Table:  # fmt: skip
    rows = institutions.take(nodes)
    ids, countries, home = (rows[c].to_pylist() for c in ("institution_id", "country_code", "is_domestic"))
    lists = [listed.get(i, []) for i in ids]
    first, last = _spans(shown)
    change = [changes.get(i, {}) for i in ids]
    return NODES.check(pa.table({
        "institution_id": rows["institution_id"],
        "label": pa.array([legal(n) or i for i, n in zip(ids, rows["name"].to_pylist(), strict=True)], pa.string()),
        "ror": rows["ror"], "country": rows["country_code"], "institution_type": rows["type"], "is_domestic": rows["is_domestic"],
        "group": pa.array([_group(*x) for x in zip(lists, home, countries, strict=True)], pa.string()),
        "lists": pa.array(lists, pa.list_(pa.string())),
        "works": rows["works"],
        "first_year": pa.array(first[nodes], mask=last[nodes] < 0), "last_year": pa.array(last[nodes], mask=last[nodes] < 0),
        "strength": pairs.strength[nodes] / UNIT, "partners": pairs.partners[nodes],
        **{name: values.take(pa.array(nodes)) for name, values in measures.items()},
        "change": pa.array([c.get("change") for c in change], pa.float64()),
        "change_low": pa.array([c.get("low") for c in change], pa.float64()),
        "change_high": pa.array([c.get("high") for c in change], pa.float64()),
        "verdict": pa.array([c.get("verdict") for c in change], pa.string()),
    }))  # fmt: skip


def _spans(pairs: _Pairs) -> tuple[Ints, Ints]:
    """First and last year with an edge, by position; -1 as last year where there is none."""
    first, last = np.full(pairs.size, 9999, np.int64), np.full(pairs.size, -1, np.int64)
    for end in (pairs.source, pairs.target):
        np.minimum.at(first, end, pairs.first)
        np.maximum.at(last, end, pairs.last)
    return first, last


def _group(lists: list[str], domestic: bool, country: str | None) -> str:
    if lists:
        return "listed"
    if domestic:
        return "domestic"
    if country in NORDIC:
        return "nordic"
    return "europe" if country in EUROPE else "elsewhere"


def _edges(pairs: _Pairs, ids: pa.Array, home: Mask, cues: Mapping[tuple[str, str], _Cue]) -> pa.Table:
    source, target = ids.take(pa.array(pairs.source)), ids.take(pa.array(pairs.target))
    none = _Cue(set(), set())
    found = [cues.get(pair, none) for pair in zip(source.to_pylist(), target.to_pylist(), strict=True)]
    ends = home[pairs.source].astype(int) + home[pairs.target]
    return EDGES.check(pa.table({
        "source": source, "target": target,
        "weight": pairs.weight / UNIT, "works": pairs.works, "strict_weight": pairs.strict / UNIT, "works_all": pairs.works_all,
        "pair": pa.array(np.array(["foreign", "domestic-foreign", "domestic"], object)[ends], pa.string()),
        "review_cue": pa.array([bool(c.lists or c.technologies) for c in found], pa.bool_()),
        "lists": pa.array([sorted(c.lists) for c in found], pa.list_(pa.string())),
        "technologies": pa.array([sorted(c.technologies) for c in found], pa.list_(pa.string())),
        "first_year": pairs.first, "last_year": pairs.last,
    }))  # fmt: skip


def _edge_years(pairs: _Pairs, ids: pa.Array) -> pa.Table:
    rows = pairs.yearly
    return EDGE_YEARS.check(pa.table({
        "source": ids.take(rows["s"].combine_chunks()), "target": ids.take(rows["t"].combine_chunks()), "year": rows["year"],
        "weight": pc.divide(rows["w"].cast(pa.float64(), safe=False), float(UNIT)), "works": rows["n"],
    }))  # fmt: skip


def _node_years(pairs: _Pairs, nodes: Ints, ids: pa.Array, centrality: pa.Table, windows: list[tuple[int, int]]) -> pa.Table:
    """Strength by year over all edges, and PageRank by the last year of its window."""
    rows = pairs.yearly
    ends = pa.concat_tables([rows.select(["year", e, "w"]).rename_columns(["year", "i", "w"]) for e in ("s", "t")])
    ends = ends.filter(pc.is_in(ends["i"], value_set=pa.array(nodes)))
    sums = ends.group_by(["i", "year"]).aggregate([("w", "sum")])
    strength = pa.table({
        "institution_id": ids.take(sums["i"].combine_chunks()), "year": sums["year"],
        "strength": pc.divide(sums["w_sum"].cast(pa.float64(), safe=False), float(UNIT)),
    })  # fmt: skip
    ranks = []
    for window in windows:
        measured = _of_window(centrality, window, "pagerank").select(["institution_id", "value"])
        ranks.append(measured.append_column("year", pa.array([window[1]] * measured.num_rows, pa.int64())))
    empty = pa.schema([("institution_id", pa.string()), ("value", pa.float64()), ("year", pa.int64())]).empty_table()
    ranked = pa.concat_tables([empty, *ranks], promote_options="permissive").rename_columns({"value": "pagerank"})
    ranked = ranked.filter(pc.is_in(ranked["institution_id"], value_set=ids.take(pa.array(nodes))))
    return NODE_YEARS.check(strength.join(ranked, ["institution_id", "year"], join_type="full outer"))


def _demand(tables: Mapping[str, pa.Table]) -> None:
    if missing := [t for t in ("edges", "institutions", "listed", "flags", "centrality", "shifts") if t not in tables]:
        raise TableError(f"graph: tables missing: {', '.join(missing)}; hand in an empty one where there is nothing to show")
