"""Measures on shortest paths: harmonic closeness and betweenness, exact, in one pass over the
sources.

Lengths are whole numbers held in float64 (`coauth.stats.distance`), so that ties are ties.
Sources are worked on in blocks that depend on the graph alone and are summed in their order: the
same bytes with one process and with several.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import joblib
import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import dijkstra

from coauth.stages.centrality.basis import Basis, Blocks, Names, Values
from coauth.stages.centrality.reduction import Skeleton
from coauth.stats.distance import UNIT
from coauth.stats.distance import distance as distances
from coauth.stats.incidence import ONE, Floats, Integers

__all__ = ["UNIT", "betweenness", "distance", "of_graph", "shortest_paths"]

_HUBS = 64
_CELLS = 1 << 20  # nodes and edges × sources worked on at once: a few ten megabytes
_TASK = 16  # blocks of sources handed to a process together


def of_graph(basis: Basis, names: Names, blocks: Blocks) -> Values:
    """`degree` (the number of j with w_ij > 0), `harmonic` and `betweenness`, of one graph for each
    column of weights, the last two of one pass over its paths.
    """
    pivots = basis.pivots if "betweenness" in names else 0
    how = {"seed": basis.seed, "workers": basis.workers}
    for block in blocks:
        columns = []
        for weights in block.T:
            graph = basis.counting.project(weights)
            values = {"degree": np.diff(graph.indptr).astype(np.float64)}
            if "harmonic" in names:
                paths = shortest_paths(distance(graph), pivots=pivots, **how)
                values["harmonic"], values["betweenness"] = paths
            elif "betweenness" in names:
                values["betweenness"] = betweenness(distance(graph), pivots=pivots, **how)
            columns.append(values)
        yield {name: np.column_stack([values[name] for values in columns]) for name in names}


def distance(graph: sp.csr_array) -> sp.csr_array:
    """`coauth.stats.distance.distance` of the edges of a graph whose weights are in units of
    1/2⁴⁰ work.
    """
    return sp.csr_array(
        (distances(graph.data / ONE), graph.indices, graph.indptr), shape=graph.shape
    )


def shortest_paths(
    lengths: sp.csr_array, *, pivots: int | None = None, seed: int = 0, workers: int = 1
) -> tuple[Floats, Floats]:
    """(harmonic, betweenness) of every node of an undirected graph with edge lengths > 0 in
    `UNIT`s.

    harmonic_i = Σ_j 1/d_ij / (n−1), in works: d is in 1/works, and unreachable pairs add 0
    (Marchiori & Latora 2000, doi 10.1016/S0378-4371(00)00311-3). Exact, whatever `pivots`,
    and with 0 of them no path is counted, which is the larger half of the work. Betweenness is as in `betweenness`, which leaves out the half of the work that harmonic
    closeness takes when betweenness has pivots. Both 0 where n is too small.

    `workers` processes share the sources; the result is the same to the last bit.

    >>> path = sp.csr_array(np.array([[0, 1, 0], [1, 0, 2], [0, 2, 0]]) * float(UNIT))
    >>> harmonic, between = shortest_paths(path)          # middle: (1/1 + 1/2)/2; ends: (1/1 + 1/3)/2, (1/2 + 1/3)/2
    >>> harmonic.round(6).tolist(), between.tolist()
    ([0.666667, 0.75, 0.416667], [0.0, 1.0, 0.0])
    """
    return _Pass(lengths, pivots, seed, harmonic=True).run(workers)


def betweenness(
    lengths: sp.csr_array, *, pivots: int | None = None, seed: int = 0, workers: int = 1
) -> Floats:
    """Σ_{s<t} σ_st(i)/σ_st / ((n−1)(n−2)/2): the mean share of the shortest paths between two
    others that pass through i.

    Freeman 1977, doi 10.2307/3033543; accumulated as in Brandes 2001, doi
    10.1080/0022250X.2001.9990249. Edge lengths > 0 as in `shortest_paths`; exact while the longest
    shortest path is below 2⁵³.

    With `pivots` an unbiased estimate: only the pairs that begin at so many nodes, drawn at random
    without replacement (seeded), each standing for n/pivots of them (Brandes & Pich 2007, doi
    10.1142/S0218127407018403). Pairs with a leaf of i at an end stay exact. All nodes as pivots are
    the exact value.

    >>> star = sp.csr_array(np.array([[0, 1, 1, 1], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]]) * float(UNIT))
    >>> betweenness(star).tolist(), betweenness(star, pivots=1).tolist()
    ([1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0])
    """
    return _Pass(lengths, pivots, seed, harmonic=False).run(workers)[1]


class _Pass:
    """One pass over the sources of a graph. It is what is sent to the processes that share the
    work.
    """

    def __init__(
        self, lengths: sp.csr_array, pivots: int | None, seed: int, *, harmonic: bool
    ) -> None:
        self.n = n = lengths.shape[0]
        self.skeleton = Skeleton.of(lengths, min(_HUBS, 1 + n // 16))
        self.graph = self.skeleton.graph
        self.stands_for = self.skeleton.members.astype(np.float64)
        """per position in the core: the sources that one pass from there speaks for"""
        if pivots is not None and pivots < n:
            drawn = np.argsort(np.random.Generator(np.random.PCG64(seed)).random(n), kind="stable")[
                :pivots
            ]
            self.stands_for = np.bincount(
                self.skeleton.anchor[drawn], minlength=len(self.stands_for)
            ) * (n / max(pivots, 1))
        self.closeness = _Closeness(self.skeleton) if harmonic else None
        sources = np.flatnonzero((self.stands_for > 0) | harmonic)
        width = max(_CELLS // max(len(self.stands_for) + len(self.skeleton.edges[0]), 1), 1)
        self.blocks = [sources[s : s + width] for s in range(0, len(sources), width)]

    def run(self, workers: int) -> tuple[Floats, Floats]:
        n, core = self.n, self.skeleton.core
        harmonic, through = np.zeros(n), self.skeleton.passing.astype(np.float64)
        for nearness, part in self._shared(workers):
            harmonic += nearness
            through += part
        between = np.zeros(n)
        between[core] = through / max((n - 1) * (n - 2), 1)
        return harmonic / max(n - 1, 1), between

    def _shared(self, workers: int) -> Iterator[tuple[Floats, Floats]]:
        """What `block` gives for each block, in their order."""
        tasks = [self.blocks[first : first + _TASK] for first in range(0, len(self.blocks), _TASK)]
        shared = joblib.Parallel(min(workers, len(tasks)) or 1, return_as="generator")
        for done in shared(joblib.delayed(self.several)(task) for task in tasks):
            yield from done

    def several(self, blocks: Iterable[Integers]) -> list[tuple[Floats, Floats]]:
        return [self.block(sources) for sources in blocks]

    def block(self, sources: Integers) -> tuple[Floats, Floats]:
        """Σ_j 1/d_ij per node i that stands at one of the sources, and what passes through each
        node of the core.
        """
        reached = np.ascontiguousarray(dijkstra(self.graph, indices=sources).T)
        nearness = (
            np.zeros(self.n) if self.closeness is None else self.closeness.of(sources, reached)
        )
        speaking = np.flatnonzero(self.stands_for[sources])
        if not len(speaking):
            return nearness, np.zeros(len(reached))
        return nearness, self._through(
            np.ascontiguousarray(reached[:, speaking]), sources[speaking]
        )

    def _through(self, reached: Floats, sources: Integers) -> Floats:
        """Σ over these sources s, each as often as it stands for, of δ_s(v) = Σ_t members_t
        σ_st(v)/σ_st.

        Edge and source together are a link of the source's tree of shortest paths iff the distance
        of its start and its length make the distance of its end: the sum that `dijkstra` made.
        Counting paths is pushing ones along the links, step by step until none is left.
        """
        n, width = reached.shape
        reached[np.isinf(reached)] = (
            np.nan
        )  # equal to nothing: no link leads where the source does not
        tails, heads, length = self.skeleton.edges
        from_tail, from_head = reached[tails], reached[heads]
        onto = np.nonzero(from_tail + length[:, None] == from_head)
        back = np.nonzero(from_head + length[:, None] == from_tail)
        edge, source = (np.concatenate(both) for both in zip(onto, back, strict=True))
        split = len(onto[0])
        start = np.concatenate([tails[edge[:split]], heads[edge[split:]]]) * width + source
        end = np.concatenate([heads[edge[:split]], tails[edge[split:]]]) * width + source
        links = sp.csr_array((np.ones(len(edge)), (start, end)), shape=(n * width, n * width))
        own = sources * width + np.arange(width)

        paths = np.zeros(n * width)
        step = sp.csr_array(
            (np.ones(width), (np.zeros(width, np.int64), own)), shape=(1, n * width)
        )
        while step.nnz:
            paths[step.indices] += step.data
            step = step @ links

        links.data = np.repeat(paths, np.diff(links.indptr)) / paths[links.indices]
        against = sp.csr_array(links.T)
        onward = links @ np.repeat(self.skeleton.members.astype(np.float64), width)
        step = sp.csr_array(onward[None, :])
        while (step := step @ against).nnz:
            onward[step.indices] += step.data
        onward[own] = 0.0
        return np.asarray((onward.reshape(n, width) * self.stands_for[sources]).sum(axis=1))


class _Closeness:
    """Sums of 1/d over all nodes. Leaves equally far from the same neighbour stand together at a
    station.
    """

    def __init__(self, skeleton: Skeleton) -> None:
        where = np.column_stack([skeleton.anchor, skeleton.offset])
        stations, self.station, self.count = np.unique(
            where, axis=0, return_inverse=True, return_counts=True
        )
        self.anchor, self.offset = stations[:, 0].astype(np.int64), stations[:, 1]

    def of(self, sources: Integers, reached: Floats) -> Floats:
        """Per node Σ_j UNIT/d_ij if its anchor is among the sources, else 0; `reached` is core ×
        sources.
        """
        total = np.zeros(len(self.offset))
        here = np.flatnonzero(np.isin(self.anchor, sources))
        column = np.searchsorted(sources, self.anchor)
        width = max(_CELLS // len(self.offset), 1)
        for some in (here[s : s + width] for s in range(0, len(here), width)):
            away = reached[self.anchor][:, column[some]] + self.offset[:, None] + self.offset[some]
            near = np.divide(UNIT, away, out=np.zeros_like(away), where=away > 0)
            total[some] = (near * self.count[:, None]).sum(axis=0)
        leaves = here[self.offset[here] > 0]
        total[leaves] -= UNIT / (
            2 * self.offset[leaves]
        )  # a leaf counted the way to its neighbour and back to itself
        return np.asarray(total[self.station.ravel()])
