"""The network of some years: what is counted, what is shown, and that the filters do not lean on
each other.
"""

import json
from itertools import combinations
from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coauth.errors import NotFound, TableError
from coauth.network import build, distance, to_networkx
from coauth.openalex.eras import Eras
from coauth.pipeline import networks
from coauth.tables import schemas
from tests.support.small_network import (
    BEIHANG,
    DTU,
    KU,
    LUND,
    MIT,
    PLACES,
    SCOPE,
    measured,
    shifted,
    world,
)


def network(made=None, **asked):
    return build(made or world(), scope=SCOPE, **asked)


def pairs(net):
    return {(r["source"], r["target"]): r for r in net.edges.to_pylist()}


def nodes(net):
    return {r["institution_id"]: r for r in net.nodes.to_pylist()}


# -- counting


def test_strength_is_the_number_of_collaborative_works():
    """Newman: works of at least two and at most K institutions, each counted once."""
    strength = {i: n["strength"] for i, n in nodes(network()).items()}
    assert strength == pytest.approx({KU: 5, DTU: 3, LUND: 1, BEIHANG: 2, MIT: 1})


def test_weights_of_a_pair_in_all_countings():
    """KU–DTU: alone in 2019 and 2022, with Beihang in 2020, with everyone in 2022 (above K)."""
    edge = pairs(network())[KU, DTU]
    assert edge["weight"] == pytest.approx(1 + 0.5 + 1)
    assert edge["strict_weight"] == pytest.approx(1 + 1 / 3 + 1)
    assert (edge["works"], edge["works_all"]) == (3, 4)
    assert (edge["first_year"], edge["last_year"]) == (2019, 2022)


@pytest.mark.parametrize(
    ("counting", "weight", "strength", "above"),
    [
        ("newman", 1 + 1 / 2 + 1, 5, 2.5 / 8.5),
        ("full", 3, 1 + 2 + 1 + 2 + 1, 10 / 19),
        ("strict", 1 + 1 / 3 + 1, 1 + 2 / 3 + 1 + 2 / 3 + 1, 1 / 6),
        ("author", 1 + 6 / 11 + 1, 1 + 9 / 11 + 1 + 9 / 11 + 1, 1 / 6),
    ],
)
def test_every_rule_of_counting(counting, weight, strength, above):
    """KU–DTU and KU. With three institutions the authors are shared 3:2:1, so that pairs get 6/11,
    3/11 and 2/11 of a work.
    """
    net = network(counting=counting)
    assert pairs(net)[KU, DTU]["weight"] == pytest.approx(weight)
    assert nodes(net)[KU]["strength"] == pytest.approx(strength)
    assert net.share_above_k == pytest.approx(above)
    assert set(pairs(net)) == set(pairs(network()))
    assert sum(
        y["weight"] for y in net.edge_years.to_pylist() if (y["source"], y["target"]) == (KU, DTU)
    ) == pytest.approx(weight)
    assert (
        sum(
            f"({name})" in net.statements()[1]
            for name in ("Newman", "full", "strict", "author-fractional")
        )
        == 1
    )
    assert f"they carry {above:.1%} of all weight" in net.statements()[1]


def test_measures_by_another_counting_are_not_shown():
    """A centrality or change of full counting beside weights by authors would be of two kinds."""
    window = (2020, 2022)
    made = world() | {
        "centrality": schemas.CENTRALITY.of(
            [
                measured(window, KU, "pagerank", 1.0),
                measured(window, KU, "pagerank", 2.0, counting="author"),
            ]
        ),
        "shifts": schemas.SHIFTS.of([shifted(KU, (2017, 2019), window, 0.1)]),
    }
    seen = {c: nodes(network(made, counting=c))[KU] for c in ("newman", "author", "full")}
    assert [seen[c]["pagerank"] for c in seen] == [1.0, 2.0, None]
    assert [seen[c]["change"] for c in seen] == [0.1, None, None]
    assert network(made, counting="full").window is None


def test_an_unknown_counting_is_refused():
    with pytest.raises(
        NotFound, match=r"no counting 'half'; there are: newman, full, strict, author"
    ):
        network(counting="half")


def test_the_network_is_counted_as_the_measures_are(asked):
    """measures.toml decides, so that centralities and weights are of one kind; a reader may ask for
    another rule.
    """
    full = asked.model_copy(
        update={"scope": SCOPE, "measures": asked.measures.model_copy(update={"counting": "full"})}
    )
    project, vintage = (
        SimpleNamespace(queries=full),
        SimpleNamespace(
            manifest=SimpleNamespace(technology_quality=None, build=None), eras=Eras("3.0", "v2")
        ),
    )
    assert networks.network(project, vintage, tables=world()).counting == "full"
    assert (
        networks.network(project, vintage, tables=world(), counting="author").counting == "author"
    )


def test_a_pair_known_only_from_works_above_k_is_left_out_and_counted():
    """DTU–MIT, DTU–LUND, LUND–BEIHANG and BEIHANG–MIT share only the work of five institutions."""
    net = network()
    gone = {(DTU, MIT), (DTU, LUND), (LUND, BEIHANG), (BEIHANG, MIT)}
    assert not gone & set(pairs(net))
    assert net.dropped == {
        "known only from works of more than 4 institutions": 4,
        "outside the selection": 0,
    }
    assert net.share_above_k == pytest.approx(
        2.5 / (6 + 2.5)
    )  # ten pairs of weight 1/4 beside six works' 1 + 1.5 + 1 + 1.5 + 1
    with_them = network(include_hyper=True)
    assert gone <= set(pairs(with_them))
    assert pairs(with_them)[DTU, MIT]["weight"] == pytest.approx(0.25)


def test_years_narrow_everything():
    net = network(years=(2020, 2021))
    assert set(pairs(net)) == {
        (KU, DTU),
        (KU, BEIHANG),
        (DTU, BEIHANG),
        (KU, LUND),
        (KU, MIT),
        (LUND, MIT),
    }
    assert nodes(net)[KU]["strength"] == pytest.approx(3)
    assert set(net.edge_years["year"].to_pylist()) == {2020, 2021}


def test_years_of_nodes_and_edges_add_up_to_the_totals():
    net = network()
    for table, whole, key, value in (
        (net.node_years, nodes(net), ("institution_id",), "strength"),
        (net.edge_years, pairs(net), ("source", "target"), "weight"),
    ):
        sums = {}
        for row in table.to_pylist():
            name = tuple(row[k] for k in key)
            sums[name] = sums.get(name, 0) + row[value]
        assert sums == pytest.approx(
            {k if isinstance(k, tuple) else (k,): v[value] for k, v in whole.items()}
        )


def test_an_institution_without_a_weight_is_not_a_node():
    lonely = PLACES | {"I9": ("Nobody's partner", "NO")}
    assert "I9" not in nodes(network(world(places=lonely)))


# -- what is shown


def test_domestic_keeps_pairs_of_a_domestic_and_a_foreign_institution():
    assert set(pairs(network(domestic=True))) == {
        (KU, LUND),
        (KU, BEIHANG),
        (KU, MIT),
        (DTU, BEIHANG),
    }


def test_flagged_keeps_pairs_with_a_cue():
    assert set(pairs(network(flagged=True))) == {(KU, BEIHANG), (DTU, BEIHANG), (KU, DTU)}


def test_min_weight_includes_its_bound():
    assert set(pairs(network(min_weight=1.5))) == {(KU, DTU), (KU, BEIHANG)}


def test_top_takes_the_smaller_id_at_equal_strength():
    """LUND and MIT are equally strong."""
    assert set(nodes(network(top=4))) == {KU, DTU, BEIHANG, LUND}


def test_top_keeps_those_on_a_watchlist():
    assert BEIHANG not in set(nodes(network(world(listed=()), top=2)))
    assert set(nodes(network(top=2))) == {KU, DTU, BEIHANG}


def test_each_filter_says_how_many_pairs_pass_it():
    """By itself, whatever the others say."""
    net = network(min_weight=1.5, flagged=True)
    assert net.pairs == len(pairs(network()))
    assert list(net.passing.values()) == [len(pairs(network(min_weight=1.5))), 3]
    assert net.account[-1] == f"all together: {net.edges.num_rows}"


def test_ego_keeps_partners_and_the_pairs_among_them():
    assert set(pairs(network(ego=LUND))) == {(KU, LUND), (KU, MIT), (LUND, MIT)}
    assert set(nodes(network(ego=LUND, min_weight=5))) == {LUND}


def test_ego_must_be_known():
    with pytest.raises(NotFound, match="I404"):
        network(ego="I404")


def test_backbone_against_the_formula():
    """Each end's α counted again with loops; an end with one edge says nothing."""
    hub = (
        [(2020, ("I1", f"I{n}")) for n in range(10, 30)]
        + [(2020, ("I1", "I2"))] * 30
        + [(2020, ("I2", "I10"))]
    )
    made = world(
        hub, {i: (i, "DK") for i in {m for _, ms in hub for m in ms}}, listed=(), technology=()
    )
    whole = network(made)
    strength, degree = {}, {}
    for (s, t), edge in pairs(whole).items():
        for end in (s, t):
            strength[end] = strength.get(end, 0) + edge["weight"]
            degree[end] = degree.get(end, 0) + 1
    expected = {
        pair
        for pair, e in pairs(whole).items()
        if min(
            (1 - e["weight"] / strength[i]) ** (degree[i] - 1) if degree[i] > 1 else 1 for i in pair
        )
        < 0.05
    }
    assert set(pairs(network(made, backbone="disparity"))) == expected == {("I1", "I2")}


@pytest.mark.parametrize(
    "two",
    [
        *combinations(
            ({"domestic": True}, {"flagged": True}, {"min_weight": 0.6}, {"top": 3}, {"ego": DTU}),
            2,
        )
    ],
)
def test_filters_are_judged_on_the_whole_network(two):
    """Asking for two gives what both give: neither sees the other's work."""
    one, other = two
    assert set(pairs(network(**one, **other))) == set(pairs(network(**one))) & set(
        pairs(network(**other))
    )


def test_strength_does_not_shrink_with_what_is_shown():
    assert nodes(network(domestic=True))[KU]["strength"] == nodes(network())[KU]["strength"]
    assert nodes(network(domestic=True))[KU]["partners"] == 4


def test_a_selection_that_fits_nothing_is_an_empty_network():
    net = network(min_weight=1000)
    assert (net.nodes.num_rows, net.edges.num_rows) == (0, 0)


# -- cues


def test_lists_are_on_the_listed_end_only():
    assert {i: n["lists"] for i, n in nodes(network()).items() if n["lists"]} == {BEIHANG: ["miit"]}
    assert {i: n["group"] for i, n in nodes(network()).items()} == {
        KU: "domestic",
        DTU: "domestic",
        LUND: "nordic",
        BEIHANG: "listed",
        MIT: "elsewhere",
    }


def test_cues_of_pairs():
    edges = pairs(network())
    assert edges[KU, BEIHANG]["lists"] == ["miit"]
    assert edges[KU, DTU]["technologies"] == ["quantum"]
    assert not edges[KU, LUND]["review_cue"]
    assert pairs(network(years=(2021, 2022)))[KU, DTU]["technologies"] == []


def test_technologies_carry_the_standing_of_their_definitions():
    """Beside every technology of a node or pair stands how good its definition is; none where it
    was measured, and the network says so.
    """
    net = network(standings={"quantum": "indicative, unmeasured", "another": "indicative"})
    assert (
        {i for i, n in nodes(net).items() if n["technologies_standing"]}
        == {i for i, n in nodes(net).items() if n["technologies"]}
        == {KU, DTU}
    )
    assert pairs(net)[KU, DTU]["technologies_standing"] == "indicative, unmeasured"
    assert pairs(net)[KU, BEIHANG]["technologies_standing"] is None
    assert any(
        "found by definitions that are indicative, unmeasured" in s for s in net.statements()
    )
    good = network()
    assert not any(
        n["technologies_standing"] for n in (*nodes(good).values(), *pairs(good).values())
    )
    assert not any("definitions" in s for s in good.statements())


# -- measures


def test_centralities_are_of_the_latest_window_inside_the_years():
    made = world() | {
        "centrality": schemas.CENTRALITY.of(
            [
                measured((2019, 2021), KU, "pagerank", 1.0),
                measured((2020, 2022), KU, "pagerank", 2.0, 1.5, 2.5),
                measured((2020, 2022), KU, "pagerank", 9.0, variant="all"),
                measured((2022, 2022), KU, "pagerank", 7.0),
                measured((2020, 2022), DTU, "harmonic", 3.0),
            ]
        )
    }
    net = network(made)
    assert net.window == (2020, 2022)
    assert [
        nodes(net)[KU][c] for c in ("pagerank", "pagerank_low", "pagerank_high", "harmonic")
    ] == [2.0, 1.5, 2.5, None]
    assert nodes(net)[DTU]["harmonic"] == 3.0
    ranked = {
        (r["institution_id"], r["year"]): r["pagerank"]
        for r in net.node_years.to_pylist()
        if r["pagerank"] is not None
    }
    assert ranked == {(KU, 2021): 1.0, (KU, 2022): 2.0}
    assert network(made, years=(2019, 2021)).window == (2019, 2021)
    assert network(made, years=(2019, 2020)).window is None


def test_change_is_of_the_latest_comparison():
    made = world() | {
        "shifts": schemas.SHIFTS.of(
            [
                shifted(KU, (2011, 2013), (2020, 2022), 0.3),
                shifted(KU, (2017, 2019), (2020, 2022), 0.1),
                shifted(KU, (2017, 2019), (2020, 2022), 0.9, variant="all"),
            ]
        )
    }
    net = network(made)
    assert net.comparison == (2017, 2019, 2020, 2022)
    assert nodes(net)[KU]["change"] == 0.1
    assert nodes(net)[KU]["verdict"] == "rose"
    assert nodes(net)[DTU]["change"] is None


# -- whole


def test_order_of_rows_does_not_matter():
    made = world()
    turned = {name: t.take(np.arange(t.num_rows)[::-1]) for name, t in made.items()}
    one, other = network(made), network(turned)
    for part in ("nodes", "edges", "node_years", "edge_years"):
        assert getattr(one, part).equals(getattr(other, part))


def test_missing_and_unfitting_tables_are_refused():
    made = world()
    with pytest.raises(TableError, match="listed"):
        network({k: v for k, v in made.items() if k != "listed"})
    with pytest.raises(TableError, match="not in institutions"):
        network(made | {"institutions": made["institutions"].slice(1)})


def test_networkx_gets_plain_values_and_both_readings_of_an_edge():
    graph = to_networkx(network(), {"vintage": "2026-10-01"})
    assert graph.graph["vintage"] == "2026-10-01"
    assert any("not of the world" in said for said in graph.graph["about"])
    json.dumps([graph.graph["about"], list(graph.nodes(data=True)), list(graph.edges(data=True))])
    edge = graph.edges[KU, DTU]
    assert type(edge["distance"]) is int
    assert edge["distance"] == distance(edge["weight"]) == round(720720 * 2**20 / 2.5)
    assert nx.shortest_path(graph, DTU, MIT, weight="distance") == [DTU, KU, MIT]


def test_words():
    """Every network says whose it is, that a cue is a cue, and what was left out."""
    said = " ".join(network(domestic=True).statements())
    for part in (
        "author from DK",
        "review cue",
        "lawful and often wanted",
        "no clearance",
        "Preliminary, still growing: 2022",
        "more than 4 institutions",
        "29.4%",
        "Left out: 2 pairs outside the selection",
    ):
        assert part in said
    assert "risk" not in said


@given(
    st.lists(
        st.tuples(
            st.integers(2019, 2022), st.sets(st.sampled_from(list(PLACES)), min_size=2, max_size=4)
        ),
        min_size=1,
        max_size=25,
    )
)
@settings(deadline=None, max_examples=40)
def test_any_works(works):
    """Strength counts works; weights of all pairs add up to half of all strength."""
    net = network(world([(y, tuple(m)) for y, m in works], technology=()))
    strength = {i: n["strength"] for i, n in nodes(net).items()}
    assert strength == pytest.approx({i: sum(i in m for _, m in works) for i in strength})
    assert sum(strength.values()) == pytest.approx(2 * np.sum(net.edges["weight"].to_numpy()))
