"""Betweenness and harmonic closeness among the strongest institutions: the graph they are of, and
what a replicate is.
"""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coauth.stages.centrality.path_bootstrap import strongest
from coauth.stats.bootstrap import weigh
from coauth.stats.distance import UNIT, distance
from coauth.stats.incidence import incidence
from coauth.stats.overdispersion import Factors
from tests.support.toy_worlds import asked, centralities, random_works, tables

PLAIN = Factors({"count": {}, "share": {}})
BOTH = ("harmonic", "betweenness")
WINDOW = (2020, 2020)


def rated(works, names=BOTH, workers=1, **changes):
    """{measure: rating} of works that all lie in 2020, nothing widened."""
    world = incidence(*tables(works))
    world = world.only(world.team >= 2)
    ratings = strongest(world, WINDOW, names, asked(**changes)[1], PLAIN, np.inf, workers)
    return {rating.measure: rating for rating in ratings}


def referee(works, members, weights=None):
    """networkx on the ties of `members`, each work weighted: Newman's 1/(k − 1), k the whole team."""
    graph = nx.Graph()
    graph.add_nodes_from(members)
    for work, weight in zip(
        works, np.ones(len(works)) if weights is None else weights, strict=True
    ):
        team = work["on"].split()
        on = [name for name in team if name in members]
        for a, b in ((a, b) for i, a in enumerate(on) for b in on[:i]):
            before = graph.get_edge_data(a, b, {"w": 0.0})["w"]
            graph.add_edge(a, b, w=before + weight / (len(team) - 1))
    for _, _, edge in graph.edges(data=True):
        edge["d"] = float(distance(edge["w"])) / UNIT
    near = nx.harmonic_centrality(graph, distance="d")
    return {
        "harmonic": {i: near[i] / max(len(members) - 1, 1) for i in members},
        "betweenness": nx.betweenness_centrality(graph, weight="d"),
    }


@pytest.mark.parametrize("most", [4, 8, 99])
def test_the_value_is_that_of_the_induced_graph(most):
    """Of the m strongest, their ties weighted by whole teams; with m beyond everybody it is the
    exact value.
    """
    works = [w for w in random_works(3, 50, 14, flat=True) if len(w["on"].split()) > 1]
    found = rated(works, strongest=most)
    strength = {}
    for name in (name for work in works for name in work["on"].split()):
        strength[name] = strength.get(name, 0) + 1
    members = sorted(sorted(strength), key=lambda name: -strength[name])[:most]
    for measure, expected in referee(works, members).items():
        rating = found[measure]
        assert sorted(members) == rating.institutions.tolist()
        assert rating.among == len(members)
        assert rating.value == pytest.approx(
            [expected[i] for i in sorted(members)], rel=1e-6, abs=1e-12
        )
    if most == 99:
        exact, _ = centralities(*tables(works), *asked(measures=BOTH, resampled=()))
        of = {(r["measure"], r["institution_id"]): r["value"] for r in exact.to_pylist()}
        assert all(
            of[m, i] == v
            for m, r in found.items()
            for i, v in zip(r.institutions, r.value, strict=True)
        )


def test_a_replicate_is_the_measure_of_weighted_works():
    """Every work counts, each as much as drawn; networkx agrees, also where two institutions are on
    the same works only.
    """
    works = [
        *({"on": on} for on in ("A B c", "B c D", "A e", "D e", "A B c f", "f g", "g D")),
        *random_works(4, 20, 8, flat=True),
    ]
    works = [
        {**w, "work_id": f"W{i:03d}"}
        for i, w in enumerate(w for w in works if len(w["on"].split()) > 1)
    ]
    found = rated(works)
    members = found["betweenness"].institutions.tolist()
    _, measures = asked()
    for replicate in (0, 1, 17):
        expected = referee(works, members, weigh(len(works), WINDOW, replicate, measures))
        drawn = found["betweenness"].draws[:, replicate]
        assert drawn == pytest.approx([expected["betweenness"][i] for i in members], abs=1e-9)
        assert found["harmonic"].draws[:, replicate] == pytest.approx(
            [expected["harmonic"][i] for i in members], rel=1e-6
        )
    assert len({column.tobytes() for column in found["betweenness"].draws.T}) > 10


def test_what_no_weights_can_change_has_no_width():
    """The centre of a star is on all shortest paths, whatever its works weigh."""
    rating = rated(
        [{"on": "A b"}, {"on": "A c"}, {"on": "A d"}, {"on": "A d"}], names=("betweenness",)
    )["betweenness"]
    assert list(zip(rating.ends.low, rating.ends.high, strict=True)) == [
        (1, 1),
        (0, 0),
        (0, 0),
        (0, 0),
    ]


def test_the_same_bytes_from_one_process_and_from_two():
    works = random_works(6, 60, 15)
    one, two, other = (rated(works, workers=w, seed=s) for w, s in ((1, 1), (2, 1), (1, 2)))
    assert all(one[m].draws.tobytes() == two[m].draws.tobytes() for m in BOTH)
    assert all(one[m].value.tobytes() == other[m].value.tobytes() for m in BOTH)
    assert one["harmonic"].draws.tobytes() != other["harmonic"].draws.tobytes()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_invariants(seed):
    """Ends are in order and not below 0, betweenness is a share, and harmonic closeness lies within
    its interval.
    """
    for rating in rated(random_works(seed, 25, 8)).values():
        assert (rating.draws >= 0).all()
        assert (rating.ends.low >= 0).all()
        assert (rating.ends.low <= rating.ends.high).all()
        if rating.measure == "betweenness":
            assert (rating.draws <= 1).all()
        else:
            assert (rating.ends.low <= rating.value).all()
            assert (rating.value <= rating.ends.high).all()


def test_in_the_table():
    """Rows of their own beside those of the whole graph, in the windows compared or in all, and no
    shift is judged by them.
    """
    works = random_works(5, 120, 12, years=(2019, 2021))
    setting = {
        "years": (2019, 2021),
        "comparisons": (((2019, 2019), (2021, 2021)),),
        "measures": BOTH,
        "resampled": BOTH,
        "strongest": 6,
    }
    for windows, years in (("compared", {2019, 2021}), ("all", {2019, 2020, 2021})):
        table, kept = centralities(*tables(works), *asked(**setting, path_windows=windows))
        rows = table.to_pandas()
        mine = rows[rows["variant"] == "strongest"]
        assert set(mine["first_year"]) == years
        assert (mine["among"] == 6).all()
        assert (mine.groupby(["first_year", "measure"]).size() == 6).all()
        assert rows[rows["variant"] == "k"]["among"].isna().all()
        assert rows[rows["variant"] == "k"]["low"].isna().all()
        assert not kept.value
