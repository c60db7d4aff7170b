"""JSON of VOSviewer and VOSviewer Online
(https://app.vosviewer.com/docs/file-types/json-file-type/).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from coauth.export import style
from coauth.export.notice import Notice
from coauth.export.numbers import finite
from coauth.network.model import GROUPS, legal, rows

if TYPE_CHECKING:
    from coauth.network.model import Network

SCALE = 1000.0  # VOSviewer's maps are about one unit wide


def lines(
    network: Network, positions: Mapping[str, Sequence[float]], notice: Notice
) -> Iterator[str]:
    """The file: clusters are the groups of the colours, links the pairs with their weight."""
    info = {"title": notice.title, "description": notice.description}
    clusters = [{"cluster": n, "label": words} for n, words in enumerate(GROUPS.values(), 1)]
    yield f'{{"info":{_json(info)},\n"config":{_json(_config())},\n"network":{{"clusters":{_json(clusters)},"items":[\n'
    yield from _listed(_items(network, positions))
    yield '\n],"links":[\n'
    yield from _listed(
        {"source_id": r["source"], "target_id": r["target"], "strength": float(finite(r["weight"]))}
        for r in rows(network.edges.select(["source", "target", "weight"]))
    )
    yield "\n]}}\n"


def _listed(entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for number, entry in enumerate(entries):
        yield (",\n" if number else "") + _json(entry)


def _items(network: Network, positions: Mapping[str, Sequence[float]]) -> Iterator[dict[str, Any]]:
    cluster = {g: n for n, g in enumerate(GROUPS, 1)}
    year = _mean_years(network)
    links: dict[str, int] = dict.fromkeys(network.nodes["institution_id"].to_pylist(), 0)
    for end in ("source", "target"):
        for name in network.edges[end].to_pylist():
            links[name] += 1
    for row in rows(network.nodes):
        name = row["institution_id"]
        x, y = (round(v / SCALE, 5) for v in positions[name])
        documents = {} if row["works"] is None else {"Documents": row["works"]}
        item = {
            "id": name,
            "label": legal(row["label"]) or name,
            "x": x,
            "y": y,
            "cluster": cluster[row["group"]],
            "weights": {"Links": links[name], "Total link strength": float(finite(row["strength"]))}
            | documents,
        }
        yield item | ({"scores": {"Avg. pub. year": year[name]}} if name in year else {})


def _mean_years(network: Network) -> dict[str, float]:
    """The mean year of an institution's collaborative works."""
    years = network.node_years.filter(pc.is_valid(network.node_years["strength"]))
    total: dict[str, tuple[float, float]] = {}
    for row in rows(years):
        weight, moment = total.get(row["institution_id"], (0.0, 0.0))
        total[row["institution_id"]] = (
            weight + row["strength"],
            moment + row["strength"] * row["year"],
        )
    return {
        name: round(moment / weight, 2) for name, (weight, moment) in total.items() if weight > 0
    }


def _config() -> dict[str, Any]:
    colours = [
        {"cluster": n, "red": red, "green": green, "blue": blue}
        for n, (red, green, blue) in enumerate((style.COLOURS[g] for g in GROUPS), 1)
    ]
    words = {
        "item": "Institution",
        "items": "Institutions",
        "link": "Co-publication link",
        "links": "Co-publication links",
        "cluster": "Group",
        "clusters": "Groups",
    }
    return {
        "color_schemes": {"cluster_colors": colours},
        "terminology": words,
        "parameters": {"item_size": "Total link strength", "item_color": "Cluster"},
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
