"""What the network's tables say of nodes, edges and their years: cues, lists, measures, changes,
weights.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coauth.network.edges import UNIT, Ints, Mask, Pairs
from coauth.network.model import EDGE_YEARS, EDGES, EUROPE, GROUPS, NODE_YEARS, NODES, NORDIC, legal
from coauth.queries.registry import EXPORTED

MEASURES = tuple(record.name for record in EXPORTED)
VARIANT = "k"


# -- review cues


@dataclass
class Cue:
    lists: set[str]
    technologies: set[str]


def cues(flags: pa.Table) -> dict[tuple[str, str], Cue]:
    """Watchlists and technologies by pair. Profiles of institutions are not cues of a work and stay
    out.
    """
    wanted = flags.filter(pc.is_in(flags["kind"], value_set=pa.array(["watchlist", "technology"])))
    rows = (
        wanted.group_by(["source", "target", "kind", "list_id", "entry_id"])
        .aggregate([])
        .to_pylist()
    )
    cues: dict[tuple[str, str], Cue] = defaultdict(lambda: Cue(set(), set()))
    for row in rows:
        cue = cues[row["source"], row["target"]]
        if row["kind"] == "watchlist":
            cue.lists.add(row["list_id"])
        else:
            cue.technologies.add(row["entry_id"])
    return dict(cues)


def lists(listed: pa.Table) -> dict[str, list[str]]:
    """Institution -> watchlists it is on."""
    lists: dict[str, set[str]] = defaultdict(set)
    for row in listed.select(["institution_id", "list_id"]).to_pylist():
        lists[row["institution_id"]].add(row["list_id"])
    return {institution: sorted(names) for institution, names in lists.items()}


def technologies(cues: Mapping[tuple[str, str], Cue]) -> dict[str, list[str]]:
    """Institution -> critical technologies of the works behind its pairs."""
    found: dict[str, set[str]] = defaultdict(set)
    for pair, cue in cues.items():
        for end in pair:
            found[end] |= cue.technologies
    return {institution: sorted(names) for institution, names in found.items()}


def _standing(topics: list[str], standings: Mapping[str, str]) -> str | None:
    """The marks of some technologies together; None where none has one."""
    return (
        ", ".join(
            sorted({mark for t in topics for mark in standings.get(t, "").split(", ") if mark})
        )
        or None
    )


def surprise(related: pa.Table, window: tuple[int, int] | None) -> dict[tuple[str, str], float]:
    """Pair, source < target -> z of the works it shares in the window against a fixed-degree null,
    where it was computed.
    """
    rows = (
        related.filter(pc.is_valid(related["null_z"]))
        .select(["first_year", "last_year", "source", "target", "null_z"])
        .to_pylist()
    )
    return {
        (min(r["source"], r["target"]), max(r["source"], r["target"])): r["null_z"]
        for r in rows
        if (r["first_year"], r["last_year"]) == window
    }


# -- measures


def of_counting(measured: pa.Table, counting: str) -> pa.Table:
    """The rows of centrality or shifts by this counting, of works of at most K institutions."""
    return measured.filter(
        pc.and_(pc.equal(measured["counting"], counting), pc.equal(measured["variant"], VARIANT))
    )


def latest_window(
    centrality: pa.Table, years: tuple[int, int], length: int
) -> tuple[tuple[int, int] | None, list[tuple[int, int]]]:
    """The latest window of that length inside the years, and all of them; a year of which only
    counts are given is none.
    """
    centrality = centrality.filter(pc.is_in(centrality["measure"], value_set=pa.array(MEASURES)))
    found = (
        centrality.select(["first_year", "last_year"])
        .group_by(["first_year", "last_year"])
        .aggregate([])
        .to_pylist()
    )
    ends = sorted((row["first_year"], row["last_year"]) for row in found)
    inside = [
        w for w in ends if w[1] - w[0] + 1 == length and years[0] <= w[0] and w[1] <= years[1]
    ]
    return (inside[-1] if inside else None), inside


def _of_window(centrality: pa.Table, window: tuple[int, int], measure: str) -> pa.Table:
    wanted = {"first_year": window[0], "last_year": window[1], "measure": measure}
    for column, value in wanted.items():
        centrality = centrality.filter(pc.equal(centrality[column], value))
    return centrality


def measures(
    centrality: pa.Table, window: tuple[int, int] | None, ids: pa.Array
) -> dict[str, pa.Array]:
    """Every measure of the window with its interval, by position; null where it was not measured."""
    columns = {}
    for measure in MEASURES:
        rows = _of_window(centrality, window, measure) if window else centrality.slice(0, 0)
        place = pc.index_in(ids, value_set=rows["institution_id"].combine_chunks())
        for column, name in (
            ("value", measure),
            ("low", f"{measure}_low"),
            ("high", f"{measure}_high"),
        ):
            columns[name] = rows[column].combine_chunks().take(place)
    return columns


def latest_change(
    shifts: pa.Table,
) -> tuple[tuple[int, int, int, int] | None, dict[str, dict[str, Any]]]:
    """The latest comparison of windows, and each institution's change of strength share in it."""
    rows = shifts.filter(pc.equal(shifts["measure"], "strength_share")).to_pylist()

    def windows(row: Mapping[str, Any]) -> tuple[int, int, int, int]:
        return row["before_first"], row["before_last"], row["after_first"], row["after_last"]

    latest = max(map(windows, rows), key=lambda w: (w[3], w[2], w[1], w[0]), default=None)
    return latest, {row["institution_id"]: row for row in rows if windows(row) == latest}


# -- the tables


def nodes(
    institutions: pa.Table,
    nodes: Ints,
    pairs: Pairs,
    visible: Pairs,
    listed: Mapping[str, list[str]],
    topics: Mapping[str, list[str]],
    measured: Mapping[str, pa.Array],
    changes: Mapping[str, Mapping[str, Any]],
    standings: Mapping[str, str],
) -> pa.Table:
    rows = institutions.take(nodes)
    ids, countries, home = (
        rows[c].to_pylist() for c in ("institution_id", "country_code", "is_domestic")
    )
    lists = [listed.get(i, []) for i in ids]
    first, last = _spans(visible)
    change = [changes.get(i, {}) for i in ids]
    return NODES.check(
        pa.table(
            {
                "institution_id": rows["institution_id"],
                "label": pa.array(
                    [legal(n) or i for i, n in zip(ids, rows["name"].to_pylist(), strict=True)],
                    pa.string(),
                ),
                "ror": rows["ror"],
                "country": rows["country_code"],
                "institution_type": rows["type"],
                "is_domestic": rows["is_domestic"],
                "group": pa.array(
                    [
                        i if i in GROUPS else _group(*x)
                        for i, *x in zip(ids, lists, home, countries, strict=True)
                    ],
                    pa.string(),
                ),
                "lists": pa.array(lists, pa.list_(pa.string())),
                "technologies": pa.array([topics.get(i, []) for i in ids], pa.list_(pa.string())),
                "technologies_standing": pa.array(
                    [_standing(topics.get(i, []), standings) for i in ids], pa.string()
                ),
                "works": rows["works"],
                "first_year": pa.array(first[nodes], mask=last[nodes] < 0),
                "last_year": pa.array(last[nodes], mask=last[nodes] < 0),
                "strength": pairs.strength[nodes] / UNIT,
                "partners": pairs.partners[nodes],
                **{name: values.take(pa.array(nodes)) for name, values in measured.items()},
                "change": pa.array([c.get("change") for c in change], pa.float64()),
                "change_low": pa.array([c.get("low") for c in change], pa.float64()),
                "change_high": pa.array([c.get("high") for c in change], pa.float64()),
                "verdict": pa.array([c.get("verdict") for c in change], pa.string()),
            }
        )
    )


def _spans(pairs: Pairs) -> tuple[Ints, Ints]:
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


def edges(
    pairs: Pairs,
    ids: pa.Array,
    home: Mask,
    cues: Mapping[tuple[str, str], Cue],
    surprise: Mapping[tuple[str, str], float],
    standings: Mapping[str, str],
) -> pa.Table:
    source, target = ids.take(pa.array(pairs.source)), ids.take(pa.array(pairs.target))
    none = Cue(set(), set())
    named = list(zip(source.to_pylist(), target.to_pylist(), strict=True))
    found = [cues.get(pair, none) for pair in named]
    ends = home[pairs.source].astype(int) + home[pairs.target]
    return EDGES.check(
        pa.table(
            {
                "source": source,
                "target": target,
                "weight": pairs.weight / UNIT,
                "works": pairs.works,
                "strict_weight": pairs.strict / UNIT,
                "works_all": pairs.works_all,
                "pair": pa.array(
                    np.array(["foreign", "domestic-foreign", "domestic"], object)[ends], pa.string()
                ),
                "review_cue": pa.array(
                    [bool(c.lists or c.technologies) for c in found], pa.bool_()
                ),
                "lists": pa.array([sorted(c.lists) for c in found], pa.list_(pa.string())),
                "technologies": pa.array(
                    [sorted(c.technologies) for c in found], pa.list_(pa.string())
                ),
                "technologies_standing": pa.array(
                    [_standing(sorted(c.technologies), standings) for c in found], pa.string()
                ),
                "null_z": pa.array(map(surprise.get, named), pa.float64()),
                "first_year": pairs.first,
                "last_year": pairs.last,
            }
        )
    )


def edge_years(pairs: Pairs, ids: pa.Array) -> pa.Table:
    rows = pairs.yearly
    return EDGE_YEARS.check(
        pa.table(
            {
                "source": ids.take(rows["s"].combine_chunks()),
                "target": ids.take(rows["t"].combine_chunks()),
                "year": rows["year"],
                "weight": pc.divide(rows["w"].cast(pa.float64(), safe=False), float(UNIT)),
                "works": rows["n"],
            }
        )
    )


def node_years(
    pairs: Pairs, nodes: Ints, ids: pa.Array, centrality: pa.Table, windows: list[tuple[int, int]]
) -> pa.Table:
    """Strength by year over all edges, and PageRank with its rank by the last year of its window."""
    rows = pairs.yearly
    ends = pa.concat_tables(
        [rows.select(["year", e, "w"]).rename_columns(["year", "i", "w"]) for e in ("s", "t")]
    )
    ends = ends.filter(pc.is_in(ends["i"], value_set=pa.array(nodes)))
    sums = ends.group_by(["i", "year"]).aggregate([("w", "sum")])
    strength = pa.table(
        {
            "institution_id": ids.take(sums["i"].combine_chunks()),
            "year": sums["year"],
            "strength": pc.divide(sums["w_sum"].cast(pa.float64(), safe=False), float(UNIT)),
        }
    )
    ranks = []
    for window in windows:
        measured = _of_window(centrality, window, "pagerank").select(
            ["institution_id", "value", "rank"]
        )
        ranks.append(
            measured.append_column("year", pa.array([window[1]] * measured.num_rows, pa.int64()))
        )
    empty = pa.schema(
        [
            ("institution_id", pa.string()),
            ("value", pa.float64()),
            ("rank", pa.int64()),
            ("year", pa.int64()),
        ]
    ).empty_table()
    ranked = pa.concat_tables([empty, *ranks], promote_options="permissive").rename_columns(
        {"value": "pagerank"}
    )
    ranked = ranked.filter(pc.is_in(ranked["institution_id"], value_set=ids.take(pa.array(nodes))))
    return NODE_YEARS.check(
        strength.join(ranked, ["institution_id", "year"], join_type="full outer")
    )
