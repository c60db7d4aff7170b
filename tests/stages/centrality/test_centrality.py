"""Centralities of small worlds worked out by hand, and of random ones against networkx."""

import joblib
import networkx as nx
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from coauth.errors import MeasureFailed
from coauth.stages import centrality
from coauth.stages.centrality import window
from coauth.stages.centrality.measures import Rating
from coauth.stages.centrality.paths import UNIT, distance, shortest_paths
from coauth.stages.centrality.spectral import eigenvector, pagerank
from coauth.stats.bootstrap import Interval, draw, interval
from coauth.stats.completeness import Completeness, complete_weights
from coauth.stats.counting import Counting
from coauth.stats.incidence import ONE, Incidence, incidence
from coauth.tables.schemas import AFFILIATIONS, CENTRALITY, WORKS
from tests.support.toy_worlds import asked, centralities, random_works, shuffled, tables

RULES = ("newman", "full", "strict", "author")
RESAMPLED = ("strength", "strength_share", "pagerank", "eigenvector")


def ties(graph):
    """Each edge of a graph as a work of two institutions, and its weight as that of the work."""
    edges = sp.triu(graph, k=1, format="coo")
    rows = np.repeat(np.arange(edges.nnz), 2)
    on = sp.csr_array(
        (np.ones(len(rows)), (rows, np.column_stack(edges.coords).ravel())),
        shape=(edges.nnz, graph.shape[0]),
    )
    return Counting.of(
        Incidence(on, np.arange(graph.shape[0]).astype(str).astype(object), None), "newman"
    ), edges.data[:, None] / ONE


def measured(works, **changes):
    """CENTRALITY as {(measure, variant): {institution: value}}."""
    table, _ = centralities(*tables(works), *asked(**changes))
    found = {}
    for row in table.to_pylist():
        found.setdefault((row["measure"], row["variant"]), {})[row["institution_id"]] = row["value"]
    return found


def world_of(works):
    return incidence(*tables(works))


def project(world, rule):
    return Counting.of(world, rule).project()


def graph_of(graph, name="weight"):
    return nx.from_scipy_sparse_array(graph, edge_attribute=name)


class TestByHand:
    """Values one can derive on paper."""

    def test_path(self):
        """A–B–C, one work each: B lies on the only path between A and C."""
        found = measured([{"on": "A B"}, {"on": "B C"}])
        assert found["strength", "k"] == {"A": 1, "B": 2, "C": 1}
        assert found["strength_share", "k"] == {"A": 0.25, "B": 0.5, "C": 0.25}
        assert found["degree", "k"] == {"A": 1, "B": 2, "C": 1}
        assert found["betweenness", "k"] == {"A": 0, "B": 1, "C": 0}
        # harmonic: A reaches B at 1 and C at 2: (1 + 1/2)/2; B reaches both at 1
        assert found["harmonic", "k"] == {"A": 0.75, "B": 1, "C": 0.75}
        # λ = √2: x_B = √2·x_A, so (1/2, 1/√2, 1/2)
        assert found["eigenvector", "k"] == pytest.approx({"A": 0.5, "B": 0.5**0.5, "C": 0.5})
        # x_A = .05 + .85·x_B/2, x_B = .05 + .85·(x_A + x_C): x_B = .135/.2775, times N = 3
        b = 3 * (0.05 + 0.85 * 0.1) / (1 - 0.85**2)
        assert found["pagerank", "k"] == pytest.approx({"A": (3 - b) / 2, "B": b, "C": (3 - b) / 2})

    def test_star(self):
        """Centre with four leaves: it is on all six paths between leaves; a leaf is on none."""
        found = measured([{"on": f"H l{i}"} for i in range(4)])
        assert found["betweenness", "k"] == {"H": 1} | {f"l{i}": 0 for i in range(4)}
        assert found["harmonic", "k"]["l0"] == (1 + 3 / 2) / 4
        assert found["eigenvector", "k"]["H"] == pytest.approx(0.5**0.5)

    def test_weight_is_not_distance(self):
        """A–B and B–C share 10 works, A–C one: by distance 1/w the way A–B–C (0.2) is shorter than
        A–C (1), so B is between them. Who mistakes weight for distance finds A–C (1) shorter than
        A–B–C (20), and B nowhere.
        """
        found = measured(
            [{"on": "A B"}] * 0 + [{"on": on} for on in ["A B"] * 10 + ["B C"] * 10 + ["A C"]]
        )
        assert found["betweenness", "k"] == {"A": 0, "B": 1, "C": 0}
        assert found["harmonic", "k"]["A"] == pytest.approx((10 + 5) / 2)  # B at 1/10, C at 2/10
        assert found["strength", "k"] == {"A": 11, "B": 20, "C": 11}

    def test_equal_paths_are_equal(self):
        """A work of 7 gives each pair 1/6: A–C direct is 6. Over B it is 2 (two works of 5: 2/4) +
        4 (one of 5) = 6 too, so half of A–C's traffic passes B. In floats, or with 1/6 cut off at
        2⁻⁴⁰ and left so, the tie would break.
        """
        works = [
            {"on": "A C a b c d e"},
            {"on": "A B f g h"},
            {"on": "A B i j k"},
            {"on": "B C m n o"},
        ]
        world = world_of(works)
        lengths = graph_of(distance(project(world, "newman")), "d")
        a, b, c = (world.institutions.tolist().index(name) for name in "ABC")
        assert lengths[a][c]["d"] == 6 * UNIT
        assert lengths[a][b]["d"] + lengths[b][c]["d"] == 6 * UNIT
        assert len(list(nx.all_shortest_paths(lengths, a, c, weight="d"))) == 2

    def test_counting(self):
        """A work of three: full gives each pair 1, strict 1/3, newman 1/2; strengths 2, 2/3, 1."""
        for counting, strength in (("full", 2.0), ("strict", 2 / 3), ("newman", 1.0)):
            found = measured([{"on": "A b c"}], counting=counting)
            assert found["strength", "k"] == pytest.approx(dict.fromkeys("Abc", strength))
            graph = project(world_of([{"on": "A b c"}]), counting)
            assert graph.data / ONE == pytest.approx(strength / 2)

    def test_variants(self):
        """k leaves out works above K, complete those with gaps; reweighted lets complete works
        speak for the others.
        """
        works = [
            {"on": "A b"},
            {"on": "A b", "affiliation_status": "partial"},
            {"on": "A b c"},
            {"on": "A"},
        ]
        found = measured(works, k=2)
        strengths = {variant: found["strength", variant] for variant in ("all", "k", "complete")}
        assert strengths == {
            "all": {"A": 3, "b": 3, "c": 1},
            "k": {"A": 2, "b": 2},
            "complete": {"A": 1, "b": 1},
        }
        # all four works are one cell of coverage, three of them complete: the one complete work of
        # k counts 4/3
        assert found["strength", "reweighted"] == pytest.approx({"A": 4 / 3, "b": 4 / 3})

    def test_windows_and_ranks(self):
        """Windows slide by one year; ties share the better rank."""
        works = [
            {"on": on, "year": y}
            for y, on in ((2020, "A b"), (2021, "A b"), (2022, "A c"), (2023, "D e"))
        ]
        table, _ = centralities(*tables(works), *asked(years=(2020, 2023), window=3))
        rows = [r for r in table.to_pylist() if r["measure"] == "strength" and r["variant"] == "k"]
        assert [(r["first_year"], r["institution_id"], r["value"], r["rank"]) for r in rows] == [
            (2020, "A", 3, 1),
            (2020, "b", 2, 2),
            (2020, "c", 1, 3),
            (2021, "A", 2, 1),
            (2021, "D", 1, 2),
            (2021, "b", 1, 2),
            (2021, "c", 1, 2),
            (2021, "e", 1, 2),
        ]

    def test_eigenvector_is_of_the_giant_component(self):
        """Four against three: only the four have a value."""
        found = measured(
            [{"on": "A b"}, {"on": "b c"}, {"on": "c d"}, {"on": "X y"}, {"on": "y z"}]
        )
        assert set(found["eigenvector", "k"]) == {"A", "b", "c", "d"}
        assert set(found["harmonic", "k"]) == set("Abcd") | set("Xyz")


class TestAgainstNetworkx:
    """An independent implementation agrees, on connected worlds and on worlds in pieces."""

    WORLDS = tuple(range(6))

    def world(self, seed):
        dense = seed % 2
        return world_of(
            random_works(seed, 40, 14)
            if dense
            else random_works(seed, 24, 30, largest=3, flat=True)
        )

    @pytest.fixture(params=WORLDS)
    def graph(self, request):
        world = self.world(request.param)
        return project(world.only(world.team >= 2), "newman")

    def test_worlds_differ_in_kind(self):
        """Half of them are in pieces, or nothing is tested."""
        pieces = []
        for seed in self.WORLDS:
            world = self.world(seed)
            pieces.append(
                nx.number_connected_components(
                    graph_of(project(world.only(world.team >= 2), "newman"))
                )
            )
        assert min(pieces) == 1
        assert max(pieces) > 1

    def test_paths(self, graph):
        """Betweenness and harmonic closeness, with the same integer distances."""
        lengths = distance(graph)
        harmonic, between = shortest_paths(lengths)
        referee = graph_of(lengths, "d")
        n = len(referee)
        assert between == pytest.approx(
            list(nx.betweenness_centrality(referee, weight="d").values()), abs=1e-12
        )
        expected = nx.harmonic_centrality(referee, distance="d")
        assert harmonic == pytest.approx(
            [UNIT * expected[i] / (n - 1) for i in range(n)], rel=1e-12
        )

    def test_paths_in_batches(self, graph, monkeypatch):
        """The result does not hang on how many sources go together, or on how many hubs prune."""
        whole = shortest_paths(distance(graph))
        monkeypatch.setattr("coauth.stages.centrality.paths._CELLS", 1)
        monkeypatch.setattr("coauth.stages.centrality.paths._HUBS", 2)
        assert np.allclose(shortest_paths(distance(graph)), whole, rtol=1e-12, atol=1e-15)

    @pytest.mark.parametrize("seed", WORLDS)
    @pytest.mark.parametrize("counting", RULES)
    def test_pagerank(self, seed, counting):
        world = self.world(seed)
        world = world.only(world.team >= 2)
        mine = pagerank(Counting.of(world, counting), np.ones((len(world.team), 1)))[:, 0]
        referee = graph_of(project(world, counting) / ONE)
        expected = nx.pagerank(referee, alpha=0.85, tol=1e-14, max_iter=10_000)
        assert mine / len(mine) == pytest.approx([expected[i] for i in range(len(mine))], abs=1e-11)
        assert mine.mean() == pytest.approx(1)

    def test_eigenvector(self, graph):
        nodes, values = eigenvector(*ties(graph))
        referee = graph_of(graph / ONE).subgraph(nodes.tolist())
        assert len(nodes) == max(len(c) for c in nx.connected_components(graph_of(graph)))
        expected = nx.eigenvector_centrality_numpy(referee, weight="weight")
        assert values[:, 0] == pytest.approx([expected[i] for i in nodes.tolist()], abs=1e-9)
        assert (values > 0).all()

    def test_eigenvector_of_many_weightings_at_once(self, graph):
        """Each column is networkx's for its own weights, whatever stands beside it and wherever it
        starts.
        """
        counted, weights = ties(graph)
        weights = weights * np.random.default_rng(1).exponential(size=(len(weights), 3))
        nodes, values = eigenvector(counted, weights)
        for column in range(3):
            referee = nx.from_scipy_sparse_array(counted.among(nodes).project() * 0.0)
            for (a, b), w in zip(
                counted.values.indices.reshape(-1, 2).tolist(), weights[:, column], strict=True
            ):
                if a in nodes:
                    referee.add_edge(*np.searchsorted(nodes, (a, b)).tolist(), weight=w)
            expected = nx.eigenvector_centrality_numpy(referee, weight="weight")
            assert values[:, column] == pytest.approx(
                [expected[i] for i in range(len(nodes))], abs=1e-9
            )
        _, warm = eigenvector(counted, weights, start=values[:, :1])
        assert warm == pytest.approx(values, abs=1e-9)

    def test_unconverged_is_an_error(self, graph):
        """Nothing is returned that is not the answer."""
        with pytest.raises(MeasureFailed, match="measures"):
            eigenvector(*ties(graph), most=2)
        world = self.world(1)
        with pytest.raises(MeasureFailed, match="PageRank"):
            pagerank(
                Counting.of(world.only(world.team >= 2), "newman"),
                np.ones(((world.team >= 2).sum(), 1)),
                most=1,
            )


class TestProperties:
    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 10_000))
    def test_strength_is_a_count(self, seed):
        """Newman: each institution's strength is its number of works with another, and row sums of
        W agree.
        """
        works = random_works(seed, works=25)
        found = measured(works, measures=("strength",), resampled=("strength",)).get(
            ("strength", "k"), {}
        )
        counts = {}
        for names in (work["on"].split() for work in works):
            for name in names if len(names) > 1 else ():
                counts[name] = counts.get(name, 0) + 1
        assert found == counts
        world = world_of(works)
        assert project(world, "newman").sum(axis=1) / ONE == pytest.approx(
            [counts.get(i, 0) for i in world.institutions], abs=1e-9
        )

    @pytest.mark.slow
    @settings(max_examples=10, deadline=None)
    @given(st.integers(0, 10_000))
    def test_row_order_is_irrelevant(self, seed):
        works, affiliations = tables(random_works(seed, years=(2020, 2021)))
        one, _ = centralities(works, affiliations, *asked(years=(2020, 2021)))
        two, _ = centralities(
            shuffled(works, 1), shuffled(affiliations, 2), *asked(years=(2020, 2021))
        )
        assert one.equals(two)

    @pytest.mark.slow
    @settings(max_examples=10, deadline=None)
    @given(st.integers(0, 10_000))
    def test_renaming_only_renames(self, seed):
        """New ids in another order: every value and rank stays with its institution."""
        works, affiliations = tables(random_works(seed))
        old = pc.unique(affiliations["institution_id"]).sort().to_pylist()
        new = dict(
            zip(
                old,
                [f"Z{i:02d}" for i in np.random.default_rng(seed).permutation(len(old))],
                strict=True,
            )
        )
        renamed = [new[i] for i in affiliations["institution_id"].to_pylist()]
        at = affiliations.schema.get_field_index("institution_id")
        again = AFFILIATIONS.check(affiliations.set_column(at, "institution_id", pa.array(renamed)))
        keys = ["institution_id", "measure", "variant"]

        def by_key(links, names):
            rows = centralities(works, links, *asked())[0].to_pandas()
            rows = rows[rows["measure"] != "eigenvector"]  # of two equal components the ids decide
            return (
                rows.assign(institution_id=rows["institution_id"].map(names))
                .set_index(keys)
                .sort_index()
            )

        one, two = by_key(affiliations, new), by_key(again, {i: i for i in new.values()})
        assert one.index.equals(two.index)
        for column in ("value", "rank", "low", "high", "rank_low", "rank_high"):
            assert one[column].to_numpy() == pytest.approx(
                two[column].to_numpy(), nan_ok=True, rel=1e-6
            )

    @pytest.mark.parametrize(
        "works",
        [
            [],
            [{"on": "A"}],
            [{"on": "A"}, {"on": "b"}],
            [{"on": "A b"}],
            [{"on": "A b"}, {"on": "C d"}],
            [{"on": "A b", "included": False, "exclusion_reason": "paratext"}],
            [{"on": "A b c"}],
            [{"on": "A b", "affiliation_status": "partial"}],
            [{"on": "A b", "publisher": None, "field_id": None}],
        ],
    )
    def test_small_and_empty_worlds(self, works):
        """Nothing, one node, no edge, one edge, two pieces, only works above K: a valid table and
        no warning.
        """
        for k in (2, 50):
            table, kept = centralities(
                *tables(works),
                *asked(k=k, comparisons=(((2019, 2019), (2020, 2020)),), years=(2019, 2020)),
            )
            assert CENTRALITY.check(table).num_rows == table.num_rows
            assert all(len(v) == len(kept.institutions) for v in kept.value.values())

    def test_only_resampled_measures_have_intervals(self):
        """Degree and what rests on the paths of the whole graph are reported without; rarefied
        degree has one without replicates.
        """
        table, _ = centralities(*tables(random_works(3)), *asked(path_windows="all"))
        seen = set()
        for row in table.to_pylist():
            drawn = row["measure"] in RESAMPLED or row["variant"] == "strongest"
            given_ = [row[c] is not None for c in ("low", "high", "rank_low", "rank_high")]
            assert given_ == [drawn or row["measure"] == "degree_rarefied"] * 2 + [drawn] * 2
            if drawn:
                assert row["low"] <= row["high"]
                assert 1 <= row["rank_low"] <= row["rank_high"]
            seen.add((row["measure"], row["variant"]))
        assert {
            ("harmonic", "strongest"),
            ("harmonic", "k"),
            ("betweenness", "k"),
            ("degree", "k"),
        } <= seen
        assert ("betweenness", "strongest") not in seen

    def test_every_value_lies_in_its_interval(self):
        """The plug-in of a concave ratio is smaller in every replicate: participation's percentiles
        alone leave out the value where partners are few. No end is outside of the measure's range.
        """
        places = pa.table(
            {"institution_id": ["A", "C", *"bdefg"], "country_code": ["DK", "DK", *"ABCDE"]}
        )
        works = [{"on": f"A {other}"} for other in "bdefg"] + [{"on": "C b"}, {"on": "A C d e f g"}]
        table, _ = centralities(
            *tables(works),
            *asked(measures=("participation", "exposure"), resampled=("participation", "exposure")),
            places,
            pa.table({"institution_id": ["b"]}),
        )
        rows = table.to_pandas()
        assert (rows["low"] <= rows["value"]).all()
        assert (rows["value"] <= rows["high"]).all()
        assert rows["low"].min() >= 0
        assert rows["high"].max() <= 1
        value, drawn = np.array([0.8]), np.random.default_rng(1).uniform(0.3, 0.7, (1, 400))
        ends = interval(value, drawn, 0.95)
        assert ends.low[0] < 0.8 < ends.high[0]
        assert np.quantile(drawn, 0.975) < 0.8

    def test_a_value_outside_of_its_interval_stops_the_build(self):
        ends = Interval(*(np.array([x]) for x in (0.1, 0.4, 0.0, 0.0)))
        rating = Rating("participation", "k", np.array(["A"], object), np.array([0.5]), ends=ends)
        with pytest.raises(
            MeasureFailed, match=r"A with 0\.5 not in 0\.1 to 0\.4; take 'participation'"
        ):
            window._about(rating, ends)

    def test_nothing_asked_no_interval(self):
        table, _ = centralities(*tables(random_works(3)), *asked(resampled=(), path_windows="all"))
        assert table["low"].null_count == table.num_rows
        assert set(table["variant"].to_pylist()) == {"k"}


class TestResampling:
    @pytest.mark.slow
    def test_same_bytes_twice(self):
        """Values, intervals and kept replicates are those of the seed; another seed gives others."""
        data = tables(random_works(7, works=200, years=(2018, 2021)))
        setting = {"years": (2018, 2021), "comparisons": (((2018, 2018), (2021, 2021)),)}
        (one, a), (two, b), (other, _) = (
            centralities(*data, *asked(**setting, seed=s)) for s in (1, 1, 2)
        )
        assert one.equals(two)
        assert all(a.draws[key].tobytes() == b.draws[key].tobytes() for key in a.draws)
        assert a.draws.keys() == b.draws.keys()
        assert not one.equals(other)

    def test_another_seed_moves_ends_by_no_more_than_is_stated(self):
        """Of all interval ends at most one in twenty lies further off than 1.96·√2 of its stated
        standard error.
        """
        data = tables(random_works(9, works=1500, institutions=40))
        setting = {"measures": RESAMPLED, "replicates": 400}
        one, two = (centralities(*data, *asked(**setting, seed=s))[0].to_pandas() for s in (1, 2))
        ends = [
            np.abs(one[e] - two[e]) > 1.96 * 2**0.5 * one[f"{e}_error"] for e in ("low", "high")
        ]
        assert np.mean(ends) <= 0.05
        assert any((one[e] != two[e]).mean() > 0.5 for e in ("low", "high"))

    def test_a_window_does_not_depend_on_the_others(self):
        """The draws of 2021 are the same whether or not 2020 is measured. Two years tell nothing of
        bursts, which are read from all measured years.
        """
        data = tables(random_works(8, works=200, years=(2020, 2021)))
        long, _ = centralities(*data, *asked(years=(2020, 2021)))
        short, _ = centralities(*data, *asked(years=(2021, 2021)))
        assert long.filter(pc.equal(long["first_year"], 2021)).equals(short)

    def test_the_number_of_works_is_left_to_chance(self):
        """Each work is drawn Poisson(1) times, so that the total of any stratum varies like a count
        of its size.
        """
        times = draw(4_000, (2020, 2021), asked(replicates=400)[1]).astype(float)
        assert np.bincount(times.astype(int).ravel())[:4] / times.size == pytest.approx(
            [0.3679, 0.3679, 0.1839, 0.0613], abs=0.002
        )
        totals = times.reshape(40, 100, 400).sum(axis=1)
        assert totals.var(axis=1).mean() == pytest.approx(100, rel=0.05)

    def test_a_replicate_is_the_measure_of_the_works_drawn(self):
        """PageRank with each work counted as often as drawn equals networkx on those works, where
        nobody drops out.
        """
        world = world_of(random_works(2, works=300))
        world = world.only(world.team >= 2)
        times = draw(len(world.team), (2020, 2020), asked()[1])[:, :3].astype(float)
        found = pagerank(Counting.of(world, "newman"), times)
        for r in range(3):
            scaled = sp.csr_array(
                world.matrix.T @ sp.diags_array(times[:, r] / (world.team - 1)) @ world.matrix
            )
            scaled.setdiag(0)
            scaled.eliminate_zeros()
            assert (scaled.sum(axis=1) > 0).all()
            expected = nx.pagerank(graph_of(scaled), tol=1e-14, max_iter=10_000)
            assert found[:, r] / len(expected) == pytest.approx(list(expected.values()), abs=1e-10)

    def test_an_institution_drawn_without_works_keeps_its_place(self):
        """It has (1−d)/N, and the mean stays 1."""
        world = world_of([{"on": "A b"}, {"on": "A c"}, {"on": "A c"}])
        found = pagerank(Counting.of(world, "newman"), np.array([[0.0], [1.0], [1.0]]))[:, 0]
        assert found[1] == pytest.approx(0.15)
        assert found.mean() == pytest.approx(1)

    def test_intervals_cover_the_truth(self):
        """300 worlds of about 240 works from one known urn: the 95 % interval of a strength holds
        the truth in 95 % of them.

        The number of works is itself a chance (Poisson), and one institution is on most of them.

        With 300 × 5 intervals the standard error is below 1.3 points; half as wide an interval
        covers two thirds.
        """
        urn = world_of(random_works(5, works=2000))
        urn = urn.only(urn.team >= 2)
        generator = np.random.default_rng(11)
        odds = np.bincount(urn.matrix.indices) / len(urn.team)
        some = np.argsort(-odds)[:5]
        held, halved = [], []
        for sample in range(300):
            rows = np.sort(generator.integers(0, len(urn.team), generator.poisson(240)))
            part = Incidence(
                sp.csr_array(urn.matrix[rows]), urn.institutions, urn.works.take(pa.array(rows))
            )
            times = draw(len(rows), (sample, sample), asked(replicates=200)[1])
            low, high, *_ = interval(
                part.by_institution @ np.ones(len(rows)), part.by_institution @ times, 0.95
            )
            truth, middle = 240 * odds, (low + high) / 2
            held.append((low <= truth) & (truth <= high))
            halved.append(np.abs(truth - middle) <= (high - low) / 4)
        assert 0.92 <= np.mean(np.array(held)[:, some]) <= 0.98
        assert np.mean(np.array(halved)[:, some]) < 0.8

    def test_resampling_does_not_shift_pagerank(self):
        """The mean replicate lies at the value for large and middling institutions, though many
        small ones drop out.
        """
        world = world_of(random_works(4, works=400, institutions=120, largest=3))
        world = world.only(world.team >= 2)
        value = pagerank(Counting.of(world, "newman"), np.ones((len(world.team), 1)))[:, 0]
        times = draw(len(world.team), (2020, 2020), asked(replicates=300)[1]).astype(float)
        replicates = pagerank(Counting.of(world, "newman"), times, 1e-8)
        large = np.argsort(-value)[:30]
        assert (replicates[large].mean(axis=1) / value[large]).mean() == pytest.approx(1, abs=0.03)


class TestCompleteness:
    def planted(self, works, seed=0):
        """Two publishers, two years, small and large teams; publisher Q spoils large teams in the
        second year.
        """
        generator = np.random.default_rng(seed)
        rows, truth = [], []
        for _ in range(works):
            publisher, year, authors = (
                generator.choice(["P", "Q"]),
                int(generator.integers(2020, 2022)),
                int(generator.choice([2, 10])),
            )
            p = 0.3 if (publisher, year, authors) == ("Q", 2021, 10) else 0.9
            truth.append(p)
            status = "complete" if generator.random() < p else "partial"
            rows.append(
                {
                    "on": "A b",
                    "publisher": str(publisher),
                    "year": year,
                    "n_authors": authors,
                    "affiliation_status": status,
                }
            )
        return tables(rows)[0], np.array(truth)

    def test_recovers_what_was_planted(self):
        works, truth = self.planted(8000)
        assert Completeness.of(works).probability() == pytest.approx(truth, abs=0.04)

    def test_weights_add_up_in_each_publisher_and_year(self):
        """Complete works stand for all works of their publisher and year, however spoiled; a small
        publisher's with the other small ones'.
        """
        works, _ = self.planted(4000)
        few = [
            {
                "on": "A b",
                "publisher": f"T{i}",
                "year": 2020,
                "affiliation_status": "complete" if i % 3 else "partial",
            }
            for i in range(60)
        ]
        works = pa.concat_tables(
            [works, tables([{"work_id": f"X{i}"} | row for i, row in enumerate(few)])[0]]
        )
        weights = complete_weights(works)
        frame = (
            works.select(["publisher", "year", "affiliation_status"])
            .to_pandas()
            .assign(weight=weights)
        )
        assert (frame.loc[frame["affiliation_status"] != "complete", "weight"] == 0).all()
        frame["publisher"] = frame["publisher"].where(frame["publisher"].isin(["P", "Q"]), "few")
        cells = frame.groupby(["publisher", "year"])["weight"]
        assert cells.sum().to_numpy() == pytest.approx(cells.size().to_numpy())

    def test_a_spoiled_publisher_is_not_taken_for_likelier(self):
        """One in ten of Q's works is complete, all of P's: Q's complete works weigh ten each, not
        the five that drawing towards P would give.
        """
        rows = [{"on": "A b"}] * 400 + [
            {
                "on": "A b",
                "publisher": "Q",
                "affiliation_status": "partial" if i % 10 else "complete",
            }
            for i in range(40)
        ]
        weights = complete_weights(tables(rows)[0])
        assert weights[400::10] == pytest.approx(10.0)
        assert weights[:400] == pytest.approx(1.0)

    def test_cells_that_are_alike_speak_for_themselves(self):
        """ρ by hand: four years of 10 works, half of them all complete, half none. Σ(c − 5)² = 100
        and Σp′(1−p′) = 10 in all, Σ(10·½)² = 100: ρ = (100 − 10)/(100 − 10) = 1. Mixed evenly, (0 −
        10)/90 < 0: cells then say what the level above says.
        """
        apart = [
            {
                "on": "A b",
                "year": 2020 + i // 10,
                "affiliation_status": ["complete", "partial"][i // 10 % 2],
            }
            for i in range(40)
        ]
        even = [
            {
                "on": "A b",
                "year": 2020 + i // 10,
                "affiliation_status": ["complete", "partial"][i % 2],
            }
            for i in range(40)
        ]
        for rows, alike in ((apart, 1.0), (even, 0.0)):
            found = Completeness.of(tables(rows)[0])
            assert found._levels[1][1] == pytest.approx(alike)
            assert found.probability() == pytest.approx(
                [
                    1.0 if alike and r["affiliation_status"] == "complete" else 0.5 * (1 - alike)
                    for r in rows
                ]
            )

    def test_a_small_cell_is_drawn_to_its_publisher(self):
        """One partial work in a new field is not proof that the field has no complete works."""
        rows = [{"on": "A b", "field_id": str(i % 5)} for i in range(100)] + [
            {"on": "A b", "affiliation_status": "partial", "field_id": "99"}
        ]
        p = Completeness.of(tables(rows)[0]).probability()
        assert p[-1] > 0.9
        assert p[-1] <= p[0]

    def test_without_is_a_fit_without(self):
        """Taking works out of the counts gives what fitting on the others gives, but for how alike
        cells are, taken from all.
        """
        works, _ = self.planted(400)
        rows = np.arange(0, 400, 7)
        p, variance = Completeness.of(works).without(rows)
        left = works.set_column(
            works.schema.get_field_index("included"), "included", pa.array(np.arange(400) % 7 != 0)
        )
        assert p == pytest.approx(Completeness.of(left).probability()[rows], abs=0.02)
        assert (variance >= p * (1 - p)).all()

    def test_works_of_an_unknown_cell_vary_together(self):
        """30 works of one's own at a publisher of which nothing else is known: their complete works
        vary as one draw of its rate.
        """
        rows = [
            {
                "on": "A b",
                "publisher": f"P{i // 20}",
                "affiliation_status": "partial" if i // 20 % 2 else "complete",
            }
            for i in range(200)
        ]
        rows += [{"on": "C d", "publisher": "new"}] * 30
        p, variance = Completeness.of(tables(rows)[0]).without(np.arange(200, 230))
        assert variance.sum() / (p * (1 - p)).sum() > 15

    def test_edge_cases(self):
        """No works, none complete, none included: numbers, no warnings."""
        assert complete_weights(WORKS.empty()).tolist() == []
        none = tables([{"on": "A b", "affiliation_status": "partial"}])[0]
        assert Completeness.of(none).probability().tolist() == [0]
        assert complete_weights(none).tolist() == [0]
        hidden = tables([{"on": "A b", "included": False}])[0]
        assert Completeness.of(hidden).probability().tolist() == [0.5]
        assert complete_weights(hidden).tolist() == [0]
        alone, _ = Completeness.of(tables([{"on": "A b"}])[0]).without(np.array([0]))
        assert alone.tolist() == [0.5]


def test_windows_are_measured_side_by_side_as_far_as_memory_allows(monkeypatch):
    """Three windows of 2 institutions and at most 40 works: 0.25 GB of a process each, however
    little is allowed for all; the same rows.
    """
    started = []

    def counted(n_jobs, *args, _parallel=joblib.Parallel, **options):
        started.append(n_jobs)
        return _parallel(n_jobs, *args, **options)

    monkeypatch.setattr(centrality.joblib, "Parallel", counted)
    setting = asked(
        years=(2019, 2021), measures=("strength",), resampled=("strength",)
    )  # paths start processes of their own
    data = tables(random_works(3, years=(2019, 2021)))
    every = [
        centralities(*data, *setting, workers=2, memory=memory)[0]
        for memory in (0, 0.4e9, 0.6e9, 2e9)
    ]
    assert started == [1, 1, 2, 2]
    assert all(
        table.equals(CENTRALITY.check(every[0])) for table in every
    )  # in order, too: windows are written as they come
