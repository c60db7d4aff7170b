"""GEXF as its readers take it: the schema, networkx, Gephi's rules, and Gephi Lite's parser where
Node is at hand.
"""

import io
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import networkx as nx
import pyarrow as pa
import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from coauth.errors import TableError
from coauth.export import gexf, style
from coauth.export.notice import Notice
from coauth.export.numbers import finite
from coauth.network import build
from coauth.network.model import EDGE_YEARS, EDGES, NODE_YEARS, NODES, RESERVED
from coauth.tables import schemas
from tests.support import gephi
from tests.support.commands import coauth
from tests.support.small_network import (
    AS_OF,
    BEIHANG,
    DTU,
    KU,
    PLACES,
    PROVENANCE,
    SCOPE,
    WORKS,
    measured,
    shifted,
    world,
)

FLAVOURS = ("static", "dynamic", "gephi-lite")
HOSTILE = {
    KU: ("Ærø \x0b\x00\x1f \"quoted\" 'twice' <tag> & ]]> ", "DK"),
    DTU: ("", "DK"),
    "I3": ("\n \t ", "SE"),
    BEIHANG: ("北京航空航天大学 \ufffe", "CN"),
    "I5": ("emoji \U0001f393 and \ud7ff", "US"),
}


def measures():
    """Centralities and a change, so that every attribute has a value."""
    rows = [
        measured((2020, 2022), i, m, 0.25 + n, 0.2, 1e-7)
        for n, i in enumerate((KU, DTU))
        for m in ("pagerank", "betweenness")
    ]
    return {
        "centrality": schemas.CENTRALITY.of([*rows, measured((2019, 2021), KU, "pagerank", 4.0)]),
        "shifts": schemas.SHIFTS.of([shifted(KU, (2015, 2017), (2020, 2022), -0.05)]),
    }


def network(works=WORKS, places=PLACES, **asked):
    return build(world(works, places) | measures(), scope=SCOPE, **asked)


def written(net, flavour, *, synthetic=False):
    places = {i: [float(n), -n / 3] for n, i in enumerate(net.nodes["institution_id"].to_pylist())}
    notice = Notice.of(net, AS_OF, PROVENANCE, synthetic=synthetic)
    return "".join(gexf.lines(net, places, notice, flavour))


def read_by_networkx(text):
    return nx.read_gexf(io.BytesIO(text.encode()), version="1.3")


@pytest.fixture(scope="session")
def schema(real_records):
    return xmlschema.XMLSchema(str(real_records / "gexf" / "schema" / "gexf.xsd"))


def folded(text):
    """viz elements in the gexf namespace: there the official schema declares them, elsewhere
    everyone writes them.
    """
    return re.sub(r' xmlns:viz="[^"]*"', "", text).replace("<viz:", "<")


# -- the schema


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("synthetic", [False, True])
def test_valid_against_the_official_schema(schema, flavour, synthetic):
    schema.validate(folded(written(network(), flavour, synthetic=synthetic)))


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(
    "net",
    [
        lambda: network(places=HOSTILE),
        lambda: network(ego=KU, min_weight=100),  # one node, no edge
        lambda: network(min_weight=100),  # nothing
        lambda: build(world(listed=(), technology=()), scope=SCOPE),  # no list, no measure
    ],
    ids=["hostile names", "one node", "nothing", "bare"],
)
def test_valid_on_hostile_input(schema, flavour, net):
    schema.validate(folded(written(net(), flavour)))


@pytest.mark.parametrize(
    "asked",
    [
        ["gexf"],
        ["gexf", "--dynamic"],
        ["gephi-lite"],
        ["gexf", "--by", "country", "--dynamic"],
        ["gexf", "--profile", "public"],
    ],
    ids=" ".join,
)
def test_the_sample_is_valid(schema, sample_root, tmp_path, asked):
    """As the command line writes it, cut to what a validator in Python reads in seconds."""
    coauth(sample_root, "export", *asked, "--top", "40", "-o", str(tmp_path / "n.gexf"))
    text = (tmp_path / "n.gexf").read_text("utf-8")
    schema.validate(folded(text))
    assert text.count("<node ") > 25


def test_isolated_nodes_are_written(schema):
    """Nodes whose edges are all left out of the table handed in."""
    net = replace(network(), edges=EDGES.empty())
    text = written(net, "dynamic")
    schema.validate(folded(text))
    assert len(gephi.parse(text)["nodes"]) == 5


def test_the_schema_refuses_what_networkx_writes(schema, real_records):
    """The check itself bites: networkx's file is invalid."""
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        schema.validate(
            folded(
                (real_records / "gexf" / "examples" / "networkx_plain_invalid.gexf").read_text(
                    "utf-8"
                )
            )
        )


def test_the_reader_reads_gephis_own_example(real_records):
    """Our copy of Gephi's rules agrees with the file of Gephi's own test of dynamic weights."""
    made = gephi.parse(
        (real_records / "gexf" / "examples" / "gephi_import_dynamicedgeweight.gexf").read_bytes()
    )
    assert made["edges"]["0", "1"]["weight"] == {2004: 1, 2005: 2}


# -- networkx


@pytest.mark.parametrize("flavour", ["static", "gephi-lite"])
def test_networkx_reads_the_same_network(flavour):
    """Same nodes, edges and weights; values of the declared types, under the titles people see."""
    net = network()
    graph = read_by_networkx(written(net, flavour))
    rows = {r["institution_id"]: r for r in net.nodes.to_pylist()}
    assert set(graph) == set(rows)
    assert {frozenset(e) for e in graph.edges} == {
        frozenset((r["source"], r["target"])) for r in net.edges.to_pylist()
    }
    for row in net.edges.to_pylist():
        edge = graph.edges[row["source"], row["target"]]
        assert edge["weight"] == pytest.approx(row["weight"], rel=1e-9)
        assert (type(edge["Works"]), edge["Works"]) == (int, row["works"])
        assert edge["Review cue"] is row["review_cue"]
    node = graph.nodes[KU]
    assert (node["label"], node["Country"], node["Domestic"], node["Works, all years"]) == (
        "Københavns Universitet",
        "DK",
        True,
        6,
    )
    assert (type(node["PageRank"]), node["PageRank"], node["PageRank, high"]) == (float, 0.25, 1e-7)
    assert node["Verdict on the change"] == "fell"
    assert graph.nodes[BEIHANG]["Watchlists"] == ("[miit]" if flavour == "static" else "miit")
    assert "PageRank" not in graph.nodes[BEIHANG]


def by_year(years, row, key, value="weight"):
    """The series of an element as the file says it in words."""
    mine = [y for y in years.to_pylist() if all(y[k] == row[k] for k in key)]
    return ", ".join(f"{y['year']}: {finite(y[value])}" for y in mine if y[value] is not None)


@pytest.mark.parametrize("counting", ["newman", "full"])
def test_networkx_reads_the_dynamic_file_as_a_static_one(counting):
    """Weights and totals of all years, of the declared types; the years as text."""
    net = network(counting=counting)
    graph = read_by_networkx(written(net, "dynamic"))
    assert graph.graph["mode"] == "dynamic"
    assert set(graph) == set(net.nodes["institution_id"].to_pylist())
    assert graph.number_of_edges() == net.edges.num_rows
    for row in net.edges.to_pylist():
        edge = graph.edges[row["source"], row["target"]]
        assert edge["weight"] == edge["Weight, all years"] == pytest.approx(row["weight"])
        assert edge["Works, all years"] == row["works"]
        assert edge["Weight by year"] == by_year(net.edge_years, row, ("source", "target"))
    for row in net.nodes.to_pylist():
        node = graph.nodes[row["institution_id"]]
        assert node["Strength, all years"] == pytest.approx(row["strength"])
        series = by_year(net.node_years, row, ("institution_id",), "strength")
        assert node["Strength by year"] == series


def test_networkx_reads_a_dynamic_file_of_the_sample(sample_root, tmp_path):
    path = tmp_path / "n.gexf"
    coauth(sample_root, "export", "gexf", "--dynamic", "--top", "60", "-o", str(path))
    graph = nx.read_gexf(path, version="1.3")
    assert graph.number_of_nodes() > 40
    assert all(e["weight"] > 0 for _, _, e in graph.edges(data=True))


# -- Gephi


def test_gephi_reads_the_years_of_the_tables():
    """By Gephi's rules: yearly weights and works of every edge, yearly strength and PageRank of
    every node.
    """
    net = network()
    made = gephi.parse(written(net, "dynamic"))
    for row in net.edge_years.to_pylist():
        edge = made["edges"][row["source"], row["target"]]
        assert edge["weight"][row["year"]] == pytest.approx(row["weight"], rel=1e-9)
        assert edge["works"][row["year"]] == row["works"]
        assert row["year"] in edge["spells"]
    assert sum(len(e["weight"]) for e in made["edges"].values()) == net.edge_years.num_rows
    for row in net.node_years.to_pylist():
        node = made["nodes"][row["institution_id"]]
        for measure in ("strength", "pagerank", "rank"):
            assert node.get(measure, {}).get(row["year"]) == (
                None if row[measure] is None else pytest.approx(row[measure])
            )
        assert (row["year"] in node["spells"]) == (row["strength"] is not None)
    for row in net.edges.to_pylist():
        edge = made["edges"][row["source"], row["target"]]
        assert (
            edge["weight_total"]
            == edge["static weight"]
            == pytest.approx(sum(edge["weight"].values()))
        )
    assert made["nodes"][BEIHANG]["lists"] == ["miit"]
    assert made["nodes"][KU]["strength_total"] == pytest.approx(5)


def test_years_of_what_is_not_shown_are_passed_over():
    net = network()
    shown = replace(net, edges=net.edges.slice(2, 2), nodes=net.nodes)
    made = gephi.parse(written(shown, "dynamic"))
    assert len(made["edges"]) == 2
    assert all(e["weight"] for e in made["edges"].values())


# -- Gephi Lite and graphology


def test_gephi_lite_gets_no_dynamics_and_one_block_of_each_class():
    text = written(network(), "gephi-lite")
    assert not re.search("timestamp|spell|dynamic", text)
    assert len(re.findall("<attributes ", text)) == 2
    assert not re.search(r"<viz:color [^>]*\b(a|hex)=", text)


def test_dynamic_blocks_come_before_static_ones():
    """Where a reader honours only the last block of each class, it must be the static one, whose
    types it needs.
    """
    blocks = re.findall(
        r'<((?:year:)?attributes) class="(\w+)" mode="(\w+)"', written(network(), "dynamic")
    )
    assert blocks == [
        ("year:attributes", "node", "dynamic"),
        ("year:attributes", "edge", "dynamic"),
        ("attributes", "node", "static"),
        ("attributes", "edge", "static"),
    ]


def test_no_years_on_what_networkx_and_graphology_read():
    """Start and end would be an error on every value in Gephi, a timestamp one in networkx."""
    text = written(network(), "dynamic")
    assert not re.search(r" (start|end)=|spell", text)
    assert not re.search(r"<attvalue [^>]*timestamp=", text)
    assert re.search(r"<year:attvalue [^>]*timestamp=", text)


@pytest.fixture(scope="session")
def graphology(node_packages):
    """Gephi Lite's own parser, at the version it ships: GEXF text -> what `graph.export()` gives."""
    script = (
        "const G=require('graphology'),x=require('graphology-gexf');let s='';process.stdin.on('data',d=>s+=d).on('end',()=>"
        "console.log(JSON.stringify(x.parse(G,s).export())))"
    )

    def read(text):
        done = subprocess.run(
            ["node", "-e", script],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            cwd=node_packages,
            encoding="utf-8",
        )
        assert not done.returncode, done.stderr
        return json.loads(done.stdout)

    return read


def shown(net, part, key):
    """Attributes as a reader with JavaScript's types holds them: missing and empty values are not
    there.
    """
    return {
        tuple(r[k] for k in key): {
            n: v for n, v in r.items() if n not in gexf.STRUCTURE and v is not None and v != []
        }
        for r in getattr(net, part).to_pylist()
    }


@pytest.mark.parametrize("flavour", ["static", "gephi-lite"])
@pytest.mark.parametrize("places", [PLACES, HOSTILE], ids=["plain", "hostile names"])
def test_graphology_reads_the_same_network(graphology, flavour, places):
    """Same nodes, edges, weights, values and types; colours, sizes and places where Gephi Lite
    looks for them.
    """
    net = network(places=places)
    made = graphology(written(net, flavour))
    drawn = {"label", "color", "size", "x", "y", "z"}
    nodes = {(n["key"],): n["attributes"] for n in made["nodes"]}
    edges = {(e["source"], e["target"]): e["attributes"] for e in made["edges"]}
    for read, part, key in (
        (nodes, "nodes", ("institution_id",)),
        (edges, "edges", ("source", "target")),
    ):
        expected = shown(net, part, key)
        assert set(read) == set(expected)
        for name, values in expected.items():
            got = {k: v for k, v in read[name].items() if k not in drawn | {"weight"}}
            if flavour == "gephi-lite":  # lists are text there
                values.update({k: ";".join(v) for k, v in values.items() if isinstance(v, list)})
            assert set(got) == set(values)
            assert all(
                got[k] == (pytest.approx(v) if isinstance(v, float) else v)
                for k, v in values.items()
            )
    for row in net.edges.to_pylist():
        assert edges[row["source"], row["target"]]["weight"] == pytest.approx(
            row["weight"], rel=1e-9
        )
    for number, row in enumerate(net.nodes.to_pylist()):
        node = nodes[(row["institution_id"],)]
        assert node["label"] == row["label"]
        assert node["color"] == "rgb({},{},{})".format(*style.COLOURS[row["group"]])
        assert (node["x"], node["y"]) == pytest.approx((number, -number / 3))
        assert node["size"] > 0


def test_graphology_reads_the_dynamic_file_as_a_static_one(graphology):
    """The weights of all years as numbers, totals of the declared types, the years as text."""
    net = network()
    made = graphology(written(net, "dynamic"))
    edges = {(e["source"], e["target"]): e["attributes"] for e in made["edges"]}
    for row in net.edges.to_pylist():
        edge = edges[row["source"], row["target"]]
        assert edge["weight"] == edge["weight_total"] == pytest.approx(row["weight"])
        assert edge["works_total"] == row["works"]
        assert edge["weight_by_year"] == by_year(net.edge_years, row, ("source", "target"))
    nodes = {n["key"]: n["attributes"] for n in made["nodes"]}
    for row in net.nodes.to_pylist():
        assert nodes[row["institution_id"]]["strength_total"] == pytest.approx(row["strength"])
        assert nodes[row["institution_id"]].get("lists", []) == row["lists"]


# -- ids, text, numbers


def test_no_attribute_bears_a_reserved_word():
    for flavour in FLAVOURS:
        blocks = re.findall(
            r'attributes class="(\w+)" mode="(\w+)">(.*?)</(?:year:)?attributes>',
            written(network(), flavour),
            re.DOTALL,
        )
        for kind, mode, block in blocks:
            ids = re.findall(r'attribute id="([^"]*)"', block)
            allowed = (
                {"weight"} if (kind, mode) == ("edge", "dynamic") else set()
            )  # Gephi knows its weight by this id
            assert set(ids) & RESERVED == allowed
            assert len(set(ids)) == len(ids)
            assert all(re.fullmatch("[a-z_]+", i) for i in ids)


def test_every_attribute_has_a_title_and_a_meaning():
    for contract in (NODES, EDGES):
        assert all(c.title and c.meaning for c in contract.columns)
        assert len({c.title for c in contract.columns}) == len(contract.columns)


def test_the_guide_names_columns_that_exist():
    """Ten steps; every column it names bears that title in the file, the moving ones in the dynamic
    file.
    """
    guide = (Path(gexf.__file__).parents[1] / "docs" / "gephi.md").read_text("utf-8")
    assert re.findall(r"^(\d+)\. \*\*", guide, re.MULTILINE) == [str(n) for n in range(1, 11)]
    titles = {
        c.title for contract in (NODES, EDGES, NODE_YEARS, EDGE_YEARS) for c in contract.columns
    }
    named = set(re.findall(r"`([A-Z][^`]*)`", re.sub("```.*?```", "", guide, flags=re.DOTALL)))
    assert len(named) > 8
    assert named <= titles | {series.title for series in gexf.BY_YEAR.values()}
    moving = re.findall(
        r'attribute id="[^"]*" title="([^"]*)"',
        "".join(
            re.findall(
                r'mode="dynamic">(.*?)</year:attributes>', written(network(), "dynamic"), re.DOTALL
            )
        ),
    )
    assert set(moving) == {"Strength", "PageRank", "Rank of PageRank", "Weight", "Works"} <= named


def test_the_description_says_what_must_be_said():
    meta = next(
        e
        for e in ElementTree.fromstring(written(network(), "dynamic", synthetic=True))
        if e.tag.endswith("meta")
    )
    creator, description = (e.text for e in meta)
    assert meta.get("lastmodifieddate") == "2026-10-01"
    assert re.fullmatch(r"coauth \S+", creator)
    assert description.startswith(
        "SYNTHETIC SAMPLE: Denmark's international research collaboration, 2019–2022"
    )
    for part in (
        "author from DK",
        "review cue",
        "no clearance",
        "vintage: 2026-10-01",
        "window 2020–2022",
        "mean of the yearly values",
    ):
        assert part in description
    assert "risk" not in description
    assert "SYNTHETIC" not in written(network(), "static")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_same_network_same_bytes(flavour):
    assert written(network(), flavour) == written(network(), flavour)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused(number):
    net = network()
    place = net.nodes.column_names.index("betweenness")
    values = pa.array([number] * net.nodes.num_rows)
    with pytest.raises(TableError, match="null"):
        written(replace(net, nodes=net.nodes.set_column(place, "betweenness", values)), "static")


def test_a_weight_of_nothing_is_refused():
    net = network()
    place = net.edges.column_names.index("weight")
    zero = net.edges.set_column(place, "weight", pa.array([0.0] * net.edges.num_rows))
    with pytest.raises(TableError, match="weight 0"):
        written(replace(net, edges=zero), "static")


def test_words_of_lists_that_hold_separators_are_quoted():
    net = network()
    place = net.nodes.column_names.index("lists")
    lists = pa.array([['a, "b"', "c"]] * net.nodes.num_rows, pa.list_(pa.string()))
    graph = read_by_networkx(
        written(replace(net, nodes=net.nodes.set_column(place, "lists", lists)), "static")
    )
    assert graph.nodes[KU]["Watchlists"] == r'["a, \"b\"", c]'


@pytest.mark.slow
@given(st.text(max_size=40))
@settings(deadline=None, max_examples=60)
def test_any_name_comes_back(name):
    """Well-formed whatever the name; what comes back is the name without forbidden signs, its
    spaces joined; or the id.
    """
    text = written(network(places=PLACES | {KU: (name, "DK")}), "static")
    label = read_by_networkx(text).nodes[KU]["label"]
    forbidden = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
    assert label == (" ".join(forbidden.sub("", name).split()) or KU)
