"""Shortest paths on graphs worked by hand, and on random ones against networkx: ties, leaves,
pieces, self-pairs.
"""

from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from coauth.network import build, to_networkx
from coauth.queries import Pivots
from coauth.stages.centrality import paths
from coauth.stages.centrality.paths import UNIT, betweenness, shortest_paths
from coauth.stages.centrality.reduction import Skeleton
from coauth.stats.distance import distance
from coauth.stats.incidence import ONE
from tests.support.small_network import BEIHANG, DTU, KU, MIT, SCOPE, world
from tests.support.toy_worlds import asked, centralities, random_works, tables


def graph_of(n, edges):
    """Symmetric lengths of {(i, j): length in units}; (i, i) is a self-pair."""
    rows = [(i, j, d) for (i, j), d in edges.items()] + [
        (j, i, d) for (i, j), d in edges.items() if i != j
    ]
    ends = np.array([r[:2] for r in rows], np.int64).reshape(-1, 2)
    return sp.csr_array(
        (np.array([r[2] for r in rows], float) * UNIT, (ends[:, 0], ends[:, 1])), shape=(n, n)
    )


def random_graph(seed, n, edges, lengths=(1, 2, 3, 4)):
    """Lengths from a handful, so that most pairs have several shortest paths; some nodes bare, some
    tied to themselves.
    """
    draw = np.random.default_rng(seed)
    ends = np.sort(draw.integers(0, n, (edges, 2)), axis=1)
    return graph_of(n, {(int(a), int(b)): float(draw.choice(lengths)) for a, b in ends})


def agrees(lengths, rel=1e-12):
    """Both measures are networkx's."""
    n = lengths.shape[0]
    harmonic, between = shortest_paths(lengths)
    referee = nx.from_scipy_sparse_array(lengths, edge_attribute="d")
    expected = nx.betweenness_centrality(referee, weight="d")
    assert between == pytest.approx([expected[i] for i in range(n)], rel=rel, abs=1e-14)
    near = nx.harmonic_centrality(referee, distance="d")
    assert harmonic == pytest.approx([UNIT * near[i] / max(n - 1, 1) for i in range(n)], rel=rel)
    assert betweenness(lengths).tobytes() == between.tobytes()


class TestByHand:
    def test_leaves_and_their_neighbour(self):
        """0–1–2 with leaves 3, 4 on 1: 1 is on all six pairs; 3 is 1 from 1 and 2 from 0, 2 and 4
        (lengths all 1).
        """
        harmonic, between = shortest_paths(
            graph_of(5, {(0, 1): 1, (1, 2): 1, (1, 3): 1, (1, 4): 1})
        )
        assert between.tolist() == [0, 1, 0, 0, 0]
        assert harmonic.tolist() == [
            (1 + 3 / 2) / 4,
            1,
            (1 + 3 / 2) / 4,
            (1 + 3 / 2) / 4,
            (1 + 3 / 2) / 4,
        ]

    def test_a_tie_is_shared(self):
        """A ring of four: two ways to the node opposite, so each node has half of one of three
        pairs.
        """
        _, between = shortest_paths(graph_of(4, {(0, 1): 1, (1, 2): 1, (2, 3): 1, (0, 3): 1}))
        assert between == pytest.approx([1 / 6] * 4)

    def test_nothing_to_pass(self):
        """No node, one, one with itself, two apart, two together and a third: no pair passes
        anybody.
        """
        for n, edges in (
            (0, {}),
            (1, {}),
            (1, {(0, 0): 1}),
            (2, {}),
            (2, {(0, 1): 2}),
            (3, {(0, 1): 2}),
        ):
            harmonic, between = shortest_paths(graph_of(n, edges))
            assert between.tolist() == [0] * n
            assert harmonic.sum() == (2 * 0.5 / (n - 1) if (0, 1) in edges else 0)

    def test_leaves_are_folded_and_long_edges_dropped(self):
        """0–1–2 is shorter than 0–2; 3 hangs on 2; of 4–5 the first is the core; 6 is alone."""
        skeleton = Skeleton.of(
            graph_of(7, {(0, 1): 1, (1, 2): 1, (0, 2): 5, (2, 3): 2, (4, 5): 3}), 64
        )
        assert skeleton.core.tolist() == [1, 2, 4, 6]
        assert skeleton.core[skeleton.anchor].tolist() == [1, 1, 2, 2, 4, 4, 6]
        assert (skeleton.offset / UNIT).tolist() == [1, 0, 0, 2, 0, 3, 0]
        assert skeleton.members.tolist() == [2, 2, 2, 1]
        assert skeleton.passing.tolist() == [
            4,
            4,
            0,
            0,
        ]  # of the six ordered pairs of others, not the two beyond it


class TestAgainstNetworkx:
    """An independent implementation, on integer lengths."""

    @pytest.mark.parametrize("seed", range(12))
    def test_random_graphs(self, seed):
        """Dense, sparse with trees and pieces, and in between."""
        agrees(random_graph(seed, 40, (20, 40, 60, 240)[seed % 4]))

    def test_the_random_graphs_have_it_all(self):
        """Ties, leaves, pieces, bare nodes and self-pairs, or the test above is none."""
        graphs = [random_graph(seed, 40, (20, 40, 60, 240)[seed % 4]) for seed in range(12)]
        drawn = [nx.from_scipy_sparse_array(g, edge_attribute="d") for g in graphs]
        assert sum(nx.number_of_selfloops(g) for g in drawn) > 5
        assert sum(nx.number_of_isolates(g) for g in drawn) > 5
        assert sum(nx.is_connected(g) for g in drawn) > 1
        assert min(len(Skeleton.of(g, 64).core) for g in graphs) < 30
        ties = [
            len(list(nx.all_shortest_paths(drawn[3], 0, t, weight="d")))
            for t in nx.node_connected_component(drawn[3], 0) - {0}
        ]
        assert max(ties) > 1

    @settings(max_examples=40, deadline=None)
    @given(
        st.integers(1, 9).flatmap(
            lambda n: st.tuples(
                st.just(n),
                st.dictionaries(
                    st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).map(sorted).map(tuple),
                    st.integers(1, 4),
                ),
            )
        )
    )
    def test_any_small_graph(self, drawn):
        agrees(graph_of(*drawn))

    @settings(max_examples=20, deadline=None)
    @given(st.integers(0, 10_000), st.integers(2, 30))
    def test_any_tree(self, seed, n):
        """All leaves and leaves of leaves."""
        draw = np.random.default_rng(seed)
        agrees(
            graph_of(
                n, {(int(draw.integers(0, i)), i): int(draw.integers(1, 4)) for i in range(1, n)}
            )
        )

    def test_lengths_beyond_whole_numbers(self):
        """Sums above 2⁵³ are rounded; a shortest path is still one, though ties are then chance."""
        draw = np.random.default_rng(1)
        edges = {
            (i, j): float(d)
            for i in range(30)
            for j, d in zip(range(i), draw.uniform(2e4, 4e4, i), strict=True)
            if d < 3e4
        }
        lengths = graph_of(30, edges)
        assert lengths.data.min() > 2**53
        agrees(lengths, rel=1e-9)

    def test_works(self):
        """The graph of random works, through every step."""
        made, _ = centralities(
            *tables(random_works(5, 50, 20, largest=7)),
            *asked(measures=("harmonic", "betweenness")),
        )
        alone, _ = centralities(
            *tables(random_works(5, 50, 20, largest=7)), *asked(measures=("betweenness",))
        )
        assert sum(v > 0 for v in alone["value"].to_pylist()) > 3
        assert alone.equals(made.filter(np.array(made["measure"].to_pylist()) == "betweenness"))


def test_the_same_bytes_from_one_process_and_from_two(monkeypatch):
    lengths = random_graph(1, 900, 1300)
    monkeypatch.setattr(paths, "_TASK", 1)
    assert len(paths._Pass(lengths, None, 0, harmonic=True).blocks) > 1, "too small to be shared"
    one, two = (shortest_paths(lengths, workers=w) for w in (1, 2))
    assert [x.tobytes() for x in one] == [x.tobytes() for x in two]
    assert one[1].max() > 0


class TestPivots:
    LENGTHS = random_graph(2, 120, 180)

    def test_all_nodes_are_the_exact_value(self):
        exact = betweenness(self.LENGTHS)
        assert (
            betweenness(self.LENGTHS, pivots=120).tobytes()
            == betweenness(self.LENGTHS, pivots=9999).tobytes()
            == exact.tobytes()
        )

    def test_seeded(self):
        one, again, other = (
            betweenness(self.LENGTHS, pivots=20, seed=s).tobytes() for s in (1, 1, 2)
        )
        assert one == again != other

    def test_unbiased(self):
        """The mean of 150 estimates lies within four of its standard errors; what is 0 is estimated
        0.
        """
        exact = betweenness(self.LENGTHS)
        drawn = np.array([betweenness(self.LENGTHS, pivots=20, seed=s) for s in range(150)])
        error = drawn.std(axis=0, ddof=1) / np.sqrt(len(drawn))
        assert (np.abs(drawn.mean(axis=0) - exact) <= 4 * error + 1e-12).all()
        assert (error > 1e-5).any()

    def test_error_falls_with_the_number_of_pivots(self):
        """Median relative error of the 20 largest over 20 seeds: as 1/√pivots, less for drawing
        without replacement.
        """
        exact = betweenness(self.LENGTHS)
        top = np.argsort(-exact)[:20]

        def error(pivots):
            drawn = np.array(
                [betweenness(self.LENGTHS, pivots=pivots, seed=s)[top] for s in range(20)]
            )
            return np.median(np.abs(drawn / exact[top] - 1))

        few, many = error(20), error(80)
        assert few < 0.25
        assert many < few / 2

    def test_harmonic_stays_exact(self):
        harmonic, between = shortest_paths(self.LENGTHS, pivots=20, seed=3)
        assert harmonic.tobytes() == shortest_paths(self.LENGTHS)[0].tobytes()
        assert between.tobytes() == betweenness(self.LENGTHS, pivots=20, seed=3).tobytes()

    @pytest.mark.parametrize("names", [("betweenness",), ("harmonic", "betweenness")])
    def test_chosen_in_the_queries(self, names):
        """`betweenness = { pivots = … }` and the seed reach the measure; harmonic closeness is left
        alone.
        """
        works = tables(random_works(9, 60, 30, flat=True))

        def made(**changes):
            table, _ = centralities(*works, *asked(measures=names, **changes))
            return {
                name: [r["value"] for r in table.to_pylist() if r["measure"] == name]
                for name in names
            }

        exact, one, other = (
            made(),
            made(betweenness=Pivots(pivots=4), seed=1),
            made(betweenness=Pivots(pivots=4), seed=2),
        )
        assert exact["betweenness"] != one["betweenness"] != other["betweenness"]
        assert exact.get("harmonic") == one.get("harmonic")


class TestDistance:
    @pytest.mark.parametrize("k", range(2, 18))
    @pytest.mark.parametrize("works", [1, 2, 3, 7, 40])
    def test_whole_where_it_is_whole(self, k, works):
        """`works` works of k institutions: UNIT·(k−1)/works to the nearest whole number, cut-off
        weights or not.
        """
        summed = works * (ONE // (k - 1))
        exact = Fraction(UNIT * (k - 1), works)
        found = int(distance(summed / ONE))
        assert (
            found == round(exact)
            if 720720 * (k - 1) % works == 0
            else abs(found - exact) <= exact / 10**12 + 1
        )

    def test_a_reader_is_handed_the_length_that_was_measured_with(self):
        """A work of four gives each pair 1/3, and its edges are three units long in the graph of
        networkx too.
        """
        made = world([(2020, (DTU, KU, MIT, BEIHANG)), (2020, (DTU, KU))], technology=())
        graph = to_networkx(build(made, scope=SCOPE))
        assert graph.edges[DTU, MIT]["distance"] == 3 * UNIT
        assert graph.edges[DTU, KU]["distance"] == 3 * UNIT // 4
        assert graph.edges[DTU, MIT]["distance"] != round(
            UNIT / graph.edges[DTU, MIT]["weight"]
        )  # what plain rounding gives
