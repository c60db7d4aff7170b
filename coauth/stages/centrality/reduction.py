"""What shortest paths need of a graph: the edges that lie on one, with every leaf folded into its
neighbour.

A work's institutions are all tied to each other, so most edges are longer than the way round over
one of the big institutions: of a window of 240,000 edges a fifth remain, and more than a quarter of
its institutions then hang on one edge. What passes through a leaf's neighbour on the leaf's behalf
is counted in closed form: every pair that begins or ends at a leaf passes it. Neither step changes
a result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components, dijkstra

from coauth.stats.distance import UNIT
from coauth.stats.incidence import Floats, Integers

_BLOCK = 1 << 14


@dataclass(frozen=True)
class Skeleton:
    """The core of a graph of n nodes, and where in it each node stands."""

    edges: tuple[Integers, Integers, Floats]
    """tail, head and length of the edges of the core, each once"""
    core: Integers
    """the nodes of the core"""
    anchor: Integers
    """per node: its position in the core; a leaf's is its neighbour's"""
    offset: Floats
    """per node: how far it is from there; 0 in the core"""
    members: Integers
    """per position in the core: the node itself and its leaves"""
    passing: Floats
    """per position in the core: ordered pairs of others with a leaf of it at one end or both"""

    @classmethod
    def of(cls, lengths: sp.csr_array, hubs: int) -> Skeleton:
        """Of an undirected graph; lengths > 0. What stands on the diagonal is no way from one to
        another: left out.
        """
        n = lengths.shape[0]
        tails, heads, length = _useful(lengths, hubs)
        degree = np.bincount(tails, minlength=n) + np.bincount(heads, minlength=n)
        leaf = degree == 1
        alone = leaf[tails] & leaf[heads]  # of two who have only each other, the first is the core
        leaf[tails[alone]] = False
        hangs = leaf[tails] | leaf[heads]
        end = np.where(leaf[tails], tails, heads)[hangs]
        parent, offset = np.arange(n), np.zeros(n)
        parent[end] = (tails + heads)[hangs] - end
        offset[end] = length[hangs]

        core = np.flatnonzero(~leaf)
        position = np.cumsum(~leaf) - 1
        anchor = position[parent]
        members = np.bincount(anchor, minlength=len(core))
        edges = (position[tails[~hangs]], position[heads[~hangs]], length[~hangs])
        _, piece = connected_components(
            sp.csr_array((np.ones(len(edges[0])), edges[:2]), shape=(len(core),) * 2),
            directed=False,
        )
        others = np.bincount(piece, members)[piece] - 1
        leaves = members - 1
        # pairs of the others in its piece, without those of which neither is a leaf of it
        passing = others * (others - 1) - (others - leaves) * (others - leaves - 1)
        return cls(edges, core, anchor, offset, members, passing)

    @property
    def graph(self) -> sp.csr_array:
        tails, heads, length = self.edges
        both = (
            np.concatenate([length, length]),
            (np.concatenate([tails, heads]), np.concatenate([heads, tails])),
        )
        return sp.csr_array(both, shape=(len(self.core),) * 2)


def _useful(lengths: sp.csr_array, hubs: int) -> tuple[Integers, Integers, Floats]:
    """Edges (tail, head, length) not longer than the way over one of the hubs: the nodes with the
    shortest edges.
    """
    edges = sp.triu(lengths, k=1, format="coo")
    tails, heads = (end.astype(np.int64) for end in edges.coords)
    nearness = np.bincount(lengths.indices, UNIT / lengths.data, minlength=lengths.shape[0])
    centres = np.argsort(-nearness, kind="stable")[:hubs]
    to_hub = np.ascontiguousarray(dijkstra(lengths, indices=centres).T)
    keep = np.zeros(len(edges.data), bool)
    for start in range(0, len(keep), _BLOCK):
        part = slice(start, start + _BLOCK)
        keep[part] = edges.data[part] <= (to_hub[tails[part]] + to_hub[heads[part]]).min(axis=1)
    return tails[keep], heads[keep], edges.data[keep]
