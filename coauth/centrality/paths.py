"""Measures on shortest paths: harmonic closeness and betweenness, exact, in one pass over the sources.

Distances are integers (Newman weight w becomes rint(720720·2²⁰ / w)), held in float64: sums along paths are exact, so
two paths are equally long or they are not. With float distances 1/w, 1/3 + 1/6 is not 1/2, and betweenness depends on
rounding.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import dijkstra

from coauth.incidence import ONE, Floats, Integers

UNIT = 720720 * 2**20
"""The distance across an edge of weight 1. 720720 is divisible by 1 … 16, so small fractions are exact."""
_HUBS, _BLOCK = 64, 1 << 14
_CELLS = 1 << 18  # nodes × sources worked on at once: a few ten megabytes


def distance(graph: sp.csr_array) -> sp.csr_array:
    """Lengths of the edges: rint(720720·2²⁰ / w) for weights w in units of 1/2⁴⁰ work; smaller is closer.

    The integer weights are cut off below 1/2⁴⁰, which makes 1/6 too long by a few units of the distance, enough to
    break a true tie. Where 720720/w lies as close to a whole number as that cut can explain, it is that number.

    >>> third, sixth = ONE // 3, ONE // 6
    >>> d = distance(sp.csr_array(np.array([[0, third], [sixth, 0]])))
    >>> (d.data / UNIT).tolist()
    [3.0, 6.0]
    """
    exact = 720720.0 * ONE / graph.data
    whole = np.rint(exact)
    exact = np.where(np.abs(exact - whole) <= 5e-11 * exact, whole, exact)
    return sp.csr_array((np.rint(exact * 2**20), graph.indices, graph.indptr), shape=graph.shape)


def shortest_paths(lengths: sp.csr_array) -> tuple[Floats, Floats]:
    """(harmonic, betweenness) of every node of an undirected graph with edge lengths in `UNIT`s.

    harmonic_i = Σ_j 1/d_ij / (n−1), in works: d is in 1/works, and unreachable pairs add 0 (Marchiori & Latora 2000,
    doi 10.1016/S0378-4371(00)00311-3). betweenness_i = Σ_{s<t} σ_st(i)/σ_st / ((n−1)(n−2)/2), the mean share of the
    shortest paths between two others that pass through i (Freeman 1977, doi 10.2307/3033543; accumulated as in Brandes
    2001, doi 10.1080/0022250X.2001.9990249). Both 0 where n is too small to have any.

    A work's institutions are all tied to each other, so most edges are longer than the way round over one of the big
    institutions and lie on no shortest path: they are dropped first, which changes no result.

    >>> path = sp.csr_array(np.array([[0, 1, 0], [1, 0, 2], [0, 2, 0]]) * float(UNIT))
    >>> harmonic, betweenness = shortest_paths(path)      # middle: (1/1 + 1/2)/2; ends: (1/1 + 1/3)/2, (1/2 + 1/3)/2
    >>> harmonic.round(6).tolist(), betweenness.tolist()
    ([0.666667, 0.75, 0.416667], [0.0, 1.0, 0.0])
    """
    n = lengths.shape[0]
    closeness, between = np.zeros(n), np.zeros(n)
    tails, heads, length = _useful(lengths)
    both = (np.concatenate([length, length]), (np.concatenate([tails, heads]), np.concatenate([heads, tails])))
    useful = sp.csr_array(both, shape=(n, n))
    batch = max(_CELLS // max(n, 1), 1)
    for first in range(0, n, batch):
        sources = np.arange(first, min(first + batch, n))
        reached = np.ascontiguousarray(dijkstra(useful, indices=sources).T)
        reached[np.isinf(reached)] = -1.0  # no edge leads there from a reached node, and differences stay finite
        closeness[sources] = np.divide(UNIT, reached, out=np.zeros_like(reached), where=reached > 0).sum(axis=0)
        between += _dependencies(reached, sources, tails, heads, length)
    return closeness / max(n - 1, 1), between / max((n - 1) * (n - 2), 1)


def _useful(lengths: sp.csr_array) -> tuple[Integers, Integers, Floats]:
    """Edges (tail, head, length) not longer than the way over one of the hubs: the nodes with the shortest edges."""
    edges = sp.triu(lengths, k=1, format="coo")
    tails, heads = edges.coords
    nearness = np.bincount(lengths.indices, UNIT / lengths.data, minlength=lengths.shape[0])
    hubs = np.argsort(-nearness, kind="stable")[:_HUBS]
    to_hub = np.ascontiguousarray(dijkstra(lengths, indices=hubs).T)
    keep = np.zeros(len(edges.data), bool)
    for start in range(0, len(keep), _BLOCK):
        part = slice(start, start + _BLOCK)
        keep[part] = edges.data[part] <= (to_hub[tails[part]] + to_hub[heads[part]]).min(axis=1)
    return tails[keep], heads[keep], edges.data[keep]


def _dependencies(reached: Floats, sources: Integers, tails: Integers, heads: Integers, length: Floats) -> Floats:
    """Σ over these sources s of δ_s(v) = Σ_t σ_st(v)/σ_st; `reached` is nodes × sources, −1 where not.

    Edge and source together are a link of the source's tree of shortest paths iff the distances of the edge's ends
    differ by just its length. Counting paths is pushing ones along the links, step by step until none is left.
    """
    n, width = reached.shape
    ahead = reached[heads] - reached[tails]
    edge, source = np.nonzero(np.abs(ahead) == length[:, None])
    forward = ahead[edge, source] > 0
    start = np.where(forward, tails[edge], heads[edge]) * width + source
    end = np.where(forward, heads[edge], tails[edge]) * width + source
    links = sp.csr_array((np.ones(len(edge)), (start, end)), shape=(n * width, n * width))
    own = sources * width + np.arange(len(sources))

    paths = np.zeros(n * width)
    step = sp.csr_array((np.ones(width), (np.zeros(width, np.int64), own)), shape=(1, n * width))
    while step.nnz:
        paths[step.indices] += step.data
        step = step @ links

    links.data = np.repeat(paths, np.diff(links.indptr)) / paths[links.indices]
    back = sp.csr_array(links.T)
    onward = links.sum(axis=1)
    step = sp.csr_array(onward[None, :])
    while (step := step @ back).nnz:
        onward[step.indices] += step.data
    onward[own] = 0.0
    return np.asarray(onward.reshape(n, width).sum(axis=1))
