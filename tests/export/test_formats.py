"""The other formats, the files on disk, the layout and the picture."""

import csv
import io
import json
import shutil
from dataclasses import replace

import matplotlib as mpl
import networkx as nx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coauth.errors import CacheError, NotFound, TableError
from coauth.export import formats, layout, picture, style
from coauth.network import build, to_networkx
from coauth.network.model import EDGES, GROUPS
from coauth.pipeline.export import export_network
from coauth.pipeline.project import Project
from coauth.storage import Vintage
from tests.support.small_network import AS_OF, BEIHANG, KU, PLACES, PROVENANCE, SCOPE, WORKS, world

MARK = "SYNTHETIC SAMPLE"


def network(works=WORKS, places=PLACES, **asked):
    return build(world(works, places), scope=SCOPE, **asked)


@pytest.fixture
def write(tmp_path):
    def write(form, net=None, name=None, *, synthetic=False, positions=None):
        net = net or network()
        places = (
            positions
            if positions is not None
            else {i: [float(n), -n / 3] for n, i in enumerate(PLACES)}
        )
        path = tmp_path / (name or f"network.{form}")
        return formats.write(
            net,
            form,
            path,
            positions=places,
            as_of=AS_OF,
            provenance=PROVENANCE,
            synthetic=synthetic,
        )

    return write


def rows(path):
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))


# -- every format


@pytest.mark.parametrize("form", formats.FORMATS)
def test_main_file_first_dictionary_last_nothing_else(write, tmp_path, form):
    files = write(form)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in files)
    assert files[-1].name == "network.dictionary.csv"


@pytest.mark.parametrize("form", formats.FORMATS)
def test_every_file_says_whose_it_is(write, form):
    """Provenance and the sentences that must be said are in every file that has room for them."""
    for path in write(form)[:-1]:
        if form == "csv":
            continue  # a CSV has no place for it: its dictionary lies beside it
        held = (
            pq.read_schema(path).metadata[b"description"].decode()
            if form == "parquet"
            else path.read_text("utf-8")
        )
        for part in ("vintage: 2026-10-01", "review cue", "no clearance", "author from DK"):
            assert part in held, path.name
        assert MARK not in held


@pytest.mark.parametrize("form", formats.FORMATS)
def test_every_file_says_how_good_its_technologies_are(write, form):
    """What is known of the definitions stands in every file: beside the technologies where the
    format tells them, and in its description.
    """
    for path in write(form, network(standings={"quantum": "indicative, unmeasured"}))[:-1]:
        if path.suffix == ".csv" and "years" in path.name:
            continue  # strengths and weights by year name no technology
        held = (
            str(pq.read_table(path).to_pylist())
            if form == "parquet" and "years" not in path.name
            else path.read_bytes().decode("utf-8", "replace")
        )
        assert "indicative, unmeasured" in held, path.name


@pytest.mark.parametrize("form", formats.FORMATS)
def test_every_file_of_the_synthetic_world_bears_its_mark(write, form):
    for path in write(form, synthetic=True):
        if path.suffix == ".csv":
            assert path.name.startswith("SYNTHETIC-SAMPLE-")
            assert path.read_text("utf-8").startswith(MARK)
        elif form == "parquet":
            assert pq.read_schema(path).metadata[b"notice"] == MARK.encode()
        else:
            assert MARK in path.read_text("utf-8"), path.name


@pytest.mark.parametrize("form", formats.FORMATS)
def test_twice_is_the_same(write, form):
    first = {p: p.read_bytes() for p in write(form)}
    assert {p: p.read_bytes() for p in write(form)} == first


@pytest.mark.parametrize("form", formats.FORMATS)
def test_an_empty_network_is_no_file(write, tmp_path, form):
    """Of every format: what matched nothing is an error that says how many pairs each cut leaves, and
    what was there stays as it was.
    """
    before = {p: p.read_bytes() for p in write(form)}
    with pytest.raises(
        NotFound,
        match=r"no pair is left by these cuts \(2020–2021: 6 pairs; pairs of weight 1000 or more: 0 of 6 pairs pass\); nothing was written",
    ):
        write(form, network(years=(2020, 2021), min_weight=1000))
    with pytest.raises(NotFound, match="nothing was written"):
        write(form, network(ego=KU, min_weight=1000))  # an institution alone is no network
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_from_python_an_empty_network_is_a_value():
    """A graph without a node can be asked how large it is; a file of one would be taken for a
    result.
    """
    assert to_networkx(network(min_weight=1000)).number_of_nodes() == 0


@pytest.mark.parametrize("form", formats.FORMATS)
def test_whole_or_not_at_all(write, tmp_path, form):
    """A number that cannot be written leaves the files of the last run as they were, and no litter."""
    if form == "parquet":
        pytest.skip("Parquet keeps what Arrow holds")
    before = {p: p.read_bytes() for p in write(form)}
    net = network()
    for part, column in (("edges", "weight"), ("nodes", "strength")):
        table = getattr(net, part)
        place = table.column_names.index(column)
        broken = table.set_column(
            place, column, pa.array([*table[column].to_pylist()[:-1], float("nan")])
        )
        with pytest.raises(TableError):
            write(form, replace(net, **{part: broken}))
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_what_cannot_be_written_is_said_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CacheError, match=r"cannot write .*make room or give rights"):
        formats.write(
            network(),
            "csv",
            tmp_path / "file" / "n.csv",
            positions={},
            as_of=AS_OF,
            provenance={},
            synthetic=False,
        )


def test_an_unknown_format_names_the_known_ones(write):
    with pytest.raises(NotFound, match="gexf-dynamic"):
        write("dot")


def test_institutions_without_a_place_are_placed(write):
    assert "NaN" not in write("gexf", positions={KU: [1.0, 2.0]})[0].read_text("utf-8")


def test_the_dictionary_explains_every_column(write):
    *parts, dictionary = write("csv")
    told = {(r["part"], r["column"]) for r in rows(dictionary)}
    written = {(p.name.split(".")[1], c) for p in parts for c in rows(p)[0]}
    assert told == written
    assert all(r["meaning"] for r in rows(dictionary))


# -- one by one


def test_graphml_is_read_by_networkx(write):
    graph = nx.read_graphml(write("graphml")[0])
    expected = to_networkx(network())
    assert set(graph) == set(expected)
    assert graph.nodes[KU]["label"] == "Københavns Universitet"
    assert (
        graph.nodes[BEIHANG]["lists"],
        graph.nodes[KU]["is_domestic"],
        graph.nodes[KU]["works"],
    ) == ("miit", True, 6)
    for s, t, edge in expected.edges(data=True):
        assert graph.edges[s, t]["weight"] == pytest.approx(edge["weight"])


def test_pajek_is_read_by_networkx(write):
    net, clu, vec, _ = write("pajek")
    graph = nx.Graph(nx.read_pajek(net))
    names = network().nodes["label"].to_pylist()
    assert sorted(graph) == sorted(n.replace('"', "'") for n in names)
    assert graph.edges["Københavns Universitet", "Technical University of Denmark"][
        "weight"
    ] == pytest.approx(2.5)
    values = [read_pajek(p) for p in (clu, vec)]
    assert values[0] == [1 + list(GROUPS).index(g) for g in network().nodes["group"].to_pylist()]
    assert values[1] == pytest.approx(network().nodes["strength"].to_pylist())


def test_vosviewer_has_the_shape_of_its_documentation(write):
    made = json.loads(write("vosviewer")[0].read_text("utf-8"))
    assert set(made) == {"network", "config", "info"}
    items = {i["id"]: i for i in made["network"]["items"]}
    assert items[KU]["weights"] == {
        "Links": 4,
        "Total link strength": pytest.approx(5),
        "Documents": 6,
    }
    assert items[KU]["scores"]["Avg. pub. year"] == pytest.approx(
        (2019 + 2020 + 2 * 2021 + 2022) / 5, abs=0.01
    )
    assert items[BEIHANG]["cluster"] == 1
    assert {(link["source_id"], link["target_id"]) for link in made["network"]["links"]} <= {
        (a, b) for a in items for b in items
    }
    assert [c["label"] for c in made["network"]["clusters"]] == list(GROUPS.values())


HOSTILE = {
    KU: ("Ærø \x0b\x00\x1f \"quoted\" 'twice' <tag> & ]]> \\", "DK"),
    "I2": ("", "DK"),
    "I3": ("\n \t ", "SE"),
    BEIHANG: ("北京航空航天大学, \ufffe; *Edges", "CN"),
    "I5": ("emoji \U0001f393 % comment", "US"),
}


def vosviewer_refuses(made):
    """What VOSviewer Online's reader of JSON files objects to, by the list of its own error
    messages.
    """
    items, links = made["network"]["items"], made["network"]["links"]
    number = (int, float)
    faults = {
        "less than three items": len(items) < 3,
        "id or label missing": not all(i["id"] and i["label"] for i in items),
        "id not unique": len({i["id"] for i in items}) < len(items),
        "x or y not a number": not all(isinstance(i[a], number) for i in items for a in "xy"),
        "all coordinates the same": len({(i["x"], i["y"]) for i in items}) == 1,
        "cluster not 1 to 1000": not all(
            type(i["cluster"]) is int and 1 <= i["cluster"] <= 1000 for i in items
        ),
        "weight negative or no number": not all(
            isinstance(w, number) and w >= 0 for i in items for w in i["weights"].values()
        ),
        "score not a number": not all(
            isinstance(s, number) for i in items for s in i.get("scores", {}).values()
        ),
        "unknown end": not {link[e] for link in links for e in ("source_id", "target_id")}
        <= {i["id"] for i in items},
        "strength negative or no number": not all(
            isinstance(link["strength"], number) and link["strength"] >= 0 for link in links
        ),
    }
    return {name for name, found in faults.items() if found}


@pytest.mark.parametrize("places", [PLACES, HOSTILE], ids=["plain", "hostile names"])
def test_vosviewer_is_accepted_and_shaped_as_cwts_shapes_its_own(write, places):
    """Keys and types are those of the co-authorship examples that come with VOSviewer Online."""
    made = json.loads(write("vosviewer", network(places=places))[0].read_text("utf-8"))
    assert not vosviewer_refuses(made)
    example = {"id", "label", "x", "y", "cluster", "weights", "scores"}
    assert all(
        set(i) == example and set(i["scores"]) == {"Avg. pub. year"} and "Documents" in i["weights"]
        for i in made["network"]["items"]
    )
    assert all(
        set(link) == {"source_id", "target_id", "strength"} for link in made["network"]["links"]
    )
    assert all(abs(i[a]) < 2 for i in made["network"]["items"] for a in "xy")
    assert {"title", "description"} == set(made["info"])


def test_the_reader_of_vosviewers_rules_bites(write):
    made = json.loads(write("vosviewer")[0].read_text("utf-8"))
    made["network"]["items"][0] |= {
        "cluster": 0,
        "x": None,
        "id": made["network"]["items"][1]["id"],
    }
    assert vosviewer_refuses(made) == {
        "id not unique",
        "x or y not a number",
        "cluster not 1 to 1000",
        "unknown end",
    }


def read_pajek(path):
    """A .clu or .vec by Pajek's manual: comments begin with %, then *Vertices n, then one value a
    line.
    """
    head, *values = [
        line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("%")
    ]
    assert head == f"*Vertices {len(values)}"
    return list(map(float, values))


def test_pajek_survives_hostile_names(write):
    """networkx reads as many vertices and edges as there are; partition and vector have a value for
    each.
    """
    net = network(places=HOSTILE)
    path, clu, vec, _ = write("pajek", net)
    graph = nx.read_pajek(path)
    assert (len(graph), graph.number_of_edges()) == (net.nodes.num_rows, net.edges.num_rows)
    assert sorted(d["weight"] for *_, d in graph.edges(data=True)) == pytest.approx(
        sorted(net.edges["weight"].to_pylist())
    )
    assert len(read_pajek(clu)) == len(read_pajek(vec)) == net.nodes.num_rows


def test_graphml_survives_hostile_names(write):
    graph = nx.read_graphml(write("graphml", network(places=HOSTILE))[0])
    assert graph.nodes[KU]["label"] == "Ærø \"quoted\" 'twice' <tag> & ]]> \\"
    assert graph.nodes["I2"]["label"] == "I2"


def test_csv_holds_the_tables(write):
    nodes, edges, node_years, edge_years, _ = write("csv")
    net = network()
    assert [r["institution_id"] for r in rows(nodes)] == net.nodes["institution_id"].to_pylist()
    assert [float(r["weight"]) for r in rows(edges)] == pytest.approx(
        net.edges["weight"].to_pylist()
    )
    assert {r["institution_id"]: r["strength"] for r in rows(nodes)}[
        KU
    ] == "5"  # not 4.999999999999
    assert rows(nodes)[0]["pagerank"] == ""
    assert (len(rows(node_years)), len(rows(edge_years))) == (
        net.node_years.num_rows,
        net.edge_years.num_rows,
    )


def test_parquet_holds_the_tables_with_their_meaning(write):
    for path, table in zip(write("parquet"), (network().nodes, network().edges), strict=False):
        held = pq.read_table(path)
        assert held.equals(table)
        assert all(held.schema.field(n).metadata[b"meaning"] for n in held.column_names)


# -- the layout


def crowd(n=150, seed=3):
    """Two fields of work with a hub each and a few works between them."""
    rng = np.random.default_rng(seed)
    ids = [f"I{k}" for k in range(1, n + 1)]
    field = np.arange(n) % 2
    works = []
    for _ in range(12 * n):
        f = int(rng.integers(2))
        mine = [i for i, g in zip(ids, field, strict=True) if g == f]
        works.append((2020, (ids[f], *rng.choice(mine[1:], 2, replace=False).tolist())))
    works += [(2021, ("I1", "I2"))] * 5
    places = {i: (f"Institution {i}", "DK" if k < 4 else "SE") for k, i in enumerate(ids)}
    return build(world(works, places, listed=(), technology=()), scope=SCOPE), dict(
        zip(ids, field.tolist(), strict=True)
    )


def test_fields_of_work_stand_apart():
    """Institutions of one field lie nearer to each other than to those of the other."""
    net, field = crowd()
    at = layout.place(net)
    middle = [np.mean([at[i] for i in at if field[i] == f], axis=0) for f in (0, 1)]
    right = sum(
        np.hypot(*(np.array(at[i]) - middle[field[i]]))
        < np.hypot(*(np.array(at[i]) - middle[1 - field[i]]))
        for i in at
    )
    assert right > 0.95 * len(at)


def test_layout_is_the_same_twice_and_another_with_another_seed():
    net, _ = crowd()
    assert layout.place(net) == layout.place(net)
    assert layout.place(net) != layout.place(net, seed=2)


def test_a_new_layout_keeps_everyone_in_place():
    """With last quarter's places most move by less than a tenth of the drawing's radius, newcomers
    included.
    """
    net, _ = crowd()
    first = layout.place(net)
    known = {i: xy for i, xy in first.items() if i not in {"I7", "I8"}}
    second = layout.place(net, known)
    moved = [np.hypot(*np.subtract(first[i], second[i])) for i in first]
    assert np.median(moved) < 0.1 * layout.RADIUS
    assert all(np.hypot(*np.subtract(first[i], second[i])) < layout.RADIUS for i in ("I7", "I8"))


def test_discs_do_not_cover_each_other():
    net, _ = crowd()
    at = np.array(list(layout.place(net).values()))
    size = style.diameters(net.nodes["strength"].to_numpy())
    gap = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1)) - (size[:, None] + size) / 2
    np.fill_diagonal(gap, 0)
    assert (gap < -1).sum() <= 0.001 * gap.size


def test_institutions_beyond_the_core_stand_beside_their_partners(monkeypatch):
    """Those laid out without forces have places of their own, near the middle of their partners."""
    monkeypatch.setattr(layout, "CORE", 60)
    net, field = crowd()
    at = layout.place(net)
    assert len(at) == len({tuple(xy) for xy in at.values()}) == 150
    middle = [np.mean([at[i] for i in at if field[i] == f], axis=0) for f in (0, 1)]
    right = sum(
        np.hypot(*(np.array(at[i]) - middle[field[i]]))
        < np.hypot(*(np.array(at[i]) - middle[1 - field[i]]))
        for i in at
    )
    assert right > 0.9 * len(at)


@pytest.mark.parametrize(
    "asked", [{"min_weight": 1000}, {"ego": KU, "min_weight": 1000}, {"top": 2}, {}]
)
def test_small_networks_are_placed(asked):
    net = network(**asked)
    at = layout.place(net)
    assert list(at) == net.nodes["institution_id"].to_pylist()
    assert np.isfinite(list(at.values())).all()
    assert len({tuple(xy) for xy in at.values()}) == len(at)


def test_institutions_without_an_edge_are_placed():
    net = replace(network(), edges=EDGES.empty())
    at = layout.place(net)
    assert np.isfinite(list(at.values())).all()
    assert len({tuple(xy) for xy in at.values()}) == len(at)


@pytest.fixture
def two_vintages(sample_root, tmp_path):
    """A project whose newer vintage was never drawn; the older one's drawing is upside down."""
    shutil.copytree(sample_root / "queries", tmp_path / "queries")
    (old,) = (sample_root / "cache").glob("*/manifest.json")
    for name, completed in (("older", "2026-06-30"), ("newer", "2026-09-30")):
        shutil.copytree(
            old.parent,
            tmp_path / "cache" / name,
            ignore=shutil.ignore_patterns("pages", "layout.json"),
        )
        Vintage(tmp_path / "cache" / name).record(completed=completed)
    older, newer = (Vintage(tmp_path / "cache" / n) for n in ("older", "newer"))
    older.layout = {i: [-x, -y] for i, (x, y) in Vintage(old.parent).layout.items()}
    return Project(tmp_path), older, newer


def test_a_quarter_is_drawn_where_the_last_one_was(two_vintages, tmp_path):
    """Not where the seed alone would put it; and the second export of a vintage moves nobody."""
    project, older, newer = two_vintages
    export_network(project, newer, "csv", tmp_path / "n.csv", years=(2022, 2024))
    first = newer.layout
    moved = [np.hypot(*np.subtract(older.layout[i], first[i])) for i in first]
    assert np.median(moved) < 0.1 * layout.RADIUS
    export_network(project, newer, "csv", tmp_path / "n.csv", years=(2011, 2013))
    assert newer.layout == first


def test_an_export_reads_each_table_once(two_vintages, tmp_path, monkeypatch):
    project, _, newer = two_vintages
    read, names = Vintage.read, []
    monkeypatch.setattr(Vintage, "read", lambda self, name: names.append(name) or read(self, name))
    export_network(project, newer, "csv", tmp_path / "n.csv", top=5)
    assert len(names) == len(set(names))


# -- the picture


@pytest.mark.slow
def test_the_picture_is_the_same_twice(tmp_path):
    net, _ = crowd()
    at = layout.place(net)
    for suffix in ("svg", "png", "pdf"):
        one, other = tmp_path / f"one.{suffix}", tmp_path / f"other.{suffix}"
        picture.draw(net, at, one, title="Title")
        picture.draw(net, at, other, title="Title")
        assert one.read_bytes() == other.read_bytes()


def test_names_lie_apart_and_inside(tmp_path):
    net, _ = crowd()
    figure = picture.draw(net, layout.place(net), tmp_path / "p.png", title="Title", labels=25)
    renderer = figure.canvas.get_renderer()
    (axes,) = figure.axes
    for text in axes.texts:
        text.update_positions(renderer)
    boxes = [super(type(t), t).get_window_extent(renderer) for t in axes.texts if t.get_text()]
    assert len(boxes) >= 15
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[:n])
    assert all(axes.bbox.x0 <= b.x0 and b.x1 <= axes.bbox.x1 for b in boxes)


def test_names_no_font_can_draw_are_left_out():
    """Signs without a drawing would be boxes and a warning; a dollar sign is no formula."""
    odd = PLACES | {KU: ("Københavns 大学 $x$", "DK"), BEIHANG: ("北京航空航天大学", "CN")}
    net = network(places=odd)
    figure = picture.draw(net, layout.place(net), title="$5 & <all>")
    figure.canvas.draw()
    (axes,) = figure.axes
    said = {t.get_text() for t in axes.texts}
    assert "Københavns  $x$" in said
    assert not any("北" in text for text in said)


@pytest.mark.parametrize(
    "asked", [{"min_weight": 1000}, {"ego": KU, "min_weight": 1000}, {"top": 2}]
)
def test_small_networks_are_drawn(asked, tmp_path):
    net = network(**asked)
    picture.draw(net, layout.place(net), tmp_path / "p.svg", title="Small")
    assert (tmp_path / "p.svg").stat().st_size > 1000


def test_a_picture_leaves_the_global_style_alone():
    before = dict(mpl.rcParams)
    picture.draw(network(), layout.place(network()), title="Title")
    assert dict(mpl.rcParams) == before


def test_colours_are_told_apart_in_every_class():
    assert set(style.COLOURS) == set(GROUPS)
    assert len(set(style.COLOURS.values())) == len(GROUPS)
