"""What may be published: the tables of a network without the small cells that could point at persons.

A cell is the works of a year and a pair. One of fewer than `SMALLEST` works is taken out before anything is counted or
drawn, and everything in a public file is made from the cells that stay: totals, strengths, places. So every number is a
sum of publishable cells, and no total, other window or later quarter gives a small one back by subtraction.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from coauth import tables
from coauth.errors import NotFound

SMALLEST = 5


def statement(taken_out: int) -> str:
    """What a public file says of itself."""
    return (
        f"Public profile: {taken_out} cells (a pair in a year) of fewer than {SMALLEST} works were taken out before anything "
        "was counted or drawn; institutions on a watchlist are summed; centralities and changes are not given, as they rest "
        "on all cells."
    )


def public(made: Mapping[str, pa.Table], ego: str | None = None) -> tuple[dict[str, pa.Table], int]:
    """The tables of the public profile, and the number of cells taken out.

    Edges keep what works of at most K institutions say: the difference to works of any size would be a cell of its own.
    Review cues need `SMALLEST` works of their own. Centralities, shifts and z-scores rest on all cells and are left out.

    Raises `NotFound` where a network is asked for around an `ego` of which no cell is left: it would stand there alone,
    and tell that all its cells are small.
    """
    edges = made["edges"]
    enough = pc.greater_equal(edges["works_k"], SMALLEST)
    taken_out = int(pc.sum(pc.and_(pc.greater(edges["works_k"], 0), pc.invert(enough))).as_py() or 0)
    edges = edges.filter(enough)
    if ego is not None and not any(pc.any(pc.equal(edges[end], ego)).as_py() for end in ("source", "target")):
        raise NotFound(f"nothing of '{ego}' may be published: no pair of it has {SMALLEST} works in a year, or it is on a watchlist (list:…)")
    for name in edges.column_names:
        if f"{name}_k" in edges.column_names:
            edges = edges.set_column(edges.column_names.index(name), name, edges[f"{name}_k"])
    flags = made["flags"].filter(pc.greater_equal(made["flags"]["works"], SMALLEST))
    empty = {name: tables.ALL[name].empty() for name in ("centrality", "shifts", "pairs")}
    return dict(made) | empty | {"edges": edges, "flags": flags}, taken_out
