"""Pajek: the network (.net), the groups of the colours as a partition (.clu), strength as a vector
(.vec).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from coauth.export.notice import Notice
from coauth.export.numbers import finite
from coauth.network.model import GROUPS, legal, rows

if TYPE_CHECKING:
    from coauth.network.model import Network


def lines(
    network: Network, positions: Mapping[str, Sequence[float]], notice: Notice
) -> Iterator[str]:
    """The .net file: vertices numbered from 1 in the order of their ids, places within the unit
    square Pajek draws in.
    """
    ids = network.nodes["institution_id"].to_pylist()
    place = np.array([positions[i] for i in ids], float).reshape(-1, 2)
    low, high = place.min(axis=0, initial=0.0), place.max(axis=0, initial=0.0)
    place = 0.05 + 0.9 * (place - low) / max(float((high - low).max()), 1.0)
    yield from _comments(notice)
    yield f"*Network {notice.title}\n*Vertices {len(ids)}\n"
    for number, (label, (x, y)) in enumerate(
        zip(network.nodes["label"].to_pylist(), place.tolist(), strict=True), 1
    ):
        quoted = (
            legal(label).replace('"', "'").replace("\\", "/") or ids[number - 1]
        )  # Pajek knows no escaping
        yield f'{number} "{quoted}" {x:.4f} {1 - y:.4f} 0.5\n'  # its y axis points down
    number_of = {i: n for n, i in enumerate(ids, 1)}
    yield "*Edges\n"
    for row in rows(network.edges.select(["source", "target", "weight"])):
        yield f"{number_of[row['source']]} {number_of[row['target']]} {finite(row['weight'])}\n"


def partition(network: Network, notice: Notice) -> Iterator[str]:
    """The .clu file; what the numbers mean is said in its comments."""
    number = {g: n for n, g in enumerate(GROUPS, 1)}
    yield from _comments(notice)
    yield from (f"% {number[g]} = {words}\n" for g, words in GROUPS.items())
    yield f"*Vertices {len(network.nodes)}\n"
    yield from (f"{number[g]}\n" for g in network.nodes["group"].to_pylist())


def vector(network: Network, notice: Notice) -> Iterator[str]:
    """The .vec file: strength (works)."""
    yield from _comments(notice)
    yield f"% strength (works)\n*Vertices {len(network.nodes)}\n"
    yield from (f"{finite(s)}\n" for s in network.nodes["strength"].to_pylist())


def _comments(notice: Notice) -> Iterator[str]:
    yield f"% {notice.title}\n% made by {notice.creator}\n"
    yield from (f"% {sentence}\n" for sentence in notice.sentences)
