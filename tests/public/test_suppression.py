"""The public profile: nothing in a file rests on a small cell, and an attack by subtraction finds
none.
"""

import re
from collections import defaultdict

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from coauth import public
from coauth.errors import DisclosureError, NotFound
from coauth.export import formats
from coauth.network import build
from coauth.pipeline import networks
from coauth.pipeline.project import Project
from coauth.pipeline.vintage_tables import VintageTables
from coauth.public import SMALLEST
from coauth.tables import schemas
from tests.support.commands import coauth
from tests.support.small_network import (
    AS_OF,
    BEIHANG,
    COLUMNS,
    DTU,
    KU,
    LUND,
    MIT,
    SCOPE,
    measured,
    shifted,
    world,
)

BY_HAND = (
    *[(2019, (KU, DTU))] * 7,
    *[(2020, (KU, DTU))] * 3,
    *[(2019, (KU, LUND))] * 4,
    *[(2020, (KU, LUND))] * 4,
    *[(2021, (DTU, BEIHANG))] * 5,
    *[(2021, (KU, DTU, LUND, BEIHANG, MIT))] * 9,
    *[(2022, (DTU, MIT))] * 2,
)


def made(works=BY_HAND):
    return world(works, technology=((2019, KU, DTU, "quantum"),)) | {
        "pairs": schemas.PAIRS.empty(),
        "centrality": schemas.CENTRALITY.of([measured((2020, 2022), KU, "pagerank", 2.0)]),
        "shifts": schemas.SHIFTS.of([shifted(KU, (2015, 2017), (2020, 2022), -0.05)]),
    }


def test_cells_of_fewer_than_five_works_are_gone():
    """KU–DTU keeps the seven of 2019 and loses the three of 2020; KU–LUND's four and four are no
    eight.
    """
    kept, taken_out = public.public(made())
    net = build(kept, scope=SCOPE)
    assert {
        (r["source"], r["target"]): (r["works"], r["works_all"], r["weight"])
        for r in net.edges.to_pylist()
    } == {
        (KU, DTU): (7, 7, 7),
        (DTU, BEIHANG): (5, 5, 5),
    }
    assert taken_out == 4  # KU–DTU 2020, KU–LUND 2019 and 2020, DTU–MIT 2022
    assert {n["institution_id"]: (n["strength"], n["partners"]) for n in net.nodes.to_pylist()} == {
        KU: (7, 1),
        DTU: (12, 2),
        BEIHANG: (5, 1),
    }


def test_measures_and_small_cues_are_not_given():
    kept, _ = public.public(made())
    net = build(kept, scope=SCOPE)
    assert (net.window, net.comparison) == (None, None)
    assert all(
        n[c] is None for n in net.nodes.to_pylist() for c in ("pagerank", "change", "verdict")
    )
    assert not any(
        e["technologies"] for e in net.edges.to_pylist()
    )  # one work of quantum behind KU–DTU


@pytest.mark.parametrize("form", formats.FORMATS)
def test_small_cells_leave_no_trace(form, tmp_path):
    """Files from two worlds that differ only in cells of one to four works are the same, byte for
    byte.
    """
    other = [
        w
        for w in BY_HAND
        if w not in {(2020, (KU, DTU)), (2020, (KU, LUND)), (2019, (KU, LUND)), (2022, (DTU, MIT))}
    ]
    other += [
        (2020, (KU, DTU)),
        (2020, (KU, LUND)),
        *[(2019, (KU, LUND))] * 2,
        *[(2022, (DTU, MIT))] * 4,
    ]
    written = []
    for number, works in enumerate((BY_HAND, other)):
        given = made(works) | {
            "institutions": made()["institutions"]
        }  # what an institution publishes in all is no cell
        kept, taken_out = public.public(given)
        assert taken_out == 4
        net = build(kept, scope=SCOPE)
        files = formats.write(
            net,
            form,
            tmp_path / str(number) / "n",
            positions={},
            as_of=AS_OF,
            provenance={},
            synthetic=False,
        )
        written.append([p.read_bytes() for p in files])
    assert written[0] == written[1]


def test_a_cell_of_works_above_k_cannot_be_had_by_subtraction():
    """KU–DTU shared one work above K; without suppression works_all − works would tell."""
    kept, _ = public.public(made([*[(2019, (KU, DTU))] * 6, (2019, (KU, DTU, LUND, BEIHANG, MIT))]))
    assert all(
        kept["edges"][n].equals(kept["edges"][f"{n}_k"])
        for n in ("works", "weight", "strict_weight", "author_weight")
    )


def test_no_weight_tells_how_many_institutions_a_work_has():
    """Newman's would: a work of more than two institutions lacks at least a half of its weight, so
    that of KU's five with MIT, weight 4.5, one has a third. Where these five are all works with
    MIT's country, DTU–MIT has then one at most, and must be held possible up to four.
    """
    works = [*[(2021, (KU, MIT))] * 4, (2021, (KU, DTU, MIT))]
    of = {(r["source"], r["target"]): r for r in made(works)["edges"].to_pylist()}
    assert 2 * (of[KU, MIT]["works_k"] - of[KU, MIT]["weight_k"]) == of[DTU, MIT]["works_k"] == 1
    (row,) = public.public(made(works))[0]["edges"].to_pylist()
    assert {row[f"{c}{k}"] for c in COLUMNS for k in ("", "_k")} == {5}


def test_a_counting_or_cut_that_would_tell_is_refused(sample):
    project, vintage, given = sample
    for asked, why in (
        ({"counting": "strict"}, "full counting only"),
        ({"backbone": "projection"}, "no --backbone"),
    ):
        with pytest.raises(DisclosureError, match=why):
            networks.network(project, vintage, tables=given, profile="public", **asked)
    assert (
        networks.network(
            project, vintage, tables=given, profile="public", backbone="disparity"
        ).edges.num_rows
        > 0
    )
    net = networks.network(project, vintage, tables=given, profile="public")
    assert net.counting == "full"
    assert net.edges["weight"].to_pylist() == net.edges["works"].to_pylist()
    assert net.edges["strict_weight"].null_count == net.edges.num_rows > 50


def test_an_institution_of_small_cells_cannot_be_asked_for():
    with pytest.raises(NotFound, match="nothing of 'I3' may be published"):
        public.public(made(), LUND)
    assert public.public(made(), KU)


# -- on the sample


@pytest.fixture(scope="module")
def sample(sample_root):
    project = Project(sample_root)
    vintage = project.cache.find()
    return project, vintage, VintageTables(vintage)


@pytest.mark.parametrize("unit", ["institution", "country"])
def test_totals_and_years_add_up_to_publishable_cells(sample, unit):
    """Attack by subtraction: every total equals the sum of the published years, and every published
    year is large.
    """
    project, vintage, given = sample
    net = networks.network(project, vintage, tables=given, unit=unit, profile="public")
    assert net.edges.num_rows > 50
    assert pc.min(net.edge_years["works"]).as_py() >= SMALLEST
    sums, strength = defaultdict(int), defaultdict(float)
    for row in net.edge_years.to_pylist():
        sums[row["source"], row["target"]] += row["works"]
    for row in net.edges.to_pylist():
        assert row["works"] == row["works_all"] == sums[row["source"], row["target"]]
        strength[row["source"]] += row["weight"]
        strength[row["target"]] += row["weight"]
    assert {n["institution_id"]: n["strength"] for n in net.nodes.to_pylist()} == pytest.approx(
        strength
    )


def test_a_shorter_window_gives_no_cell_back(sample):
    """All years less all but the last is the last year's publishable cells, and nothing else."""
    project, vintage, given = sample
    first, last = project.queries.scope.first_year, project.queries.scope.last_year

    def works(years):
        net = networks.network(project, vintage, tables=given, years=years, profile="public")
        return {(r["source"], r["target"]): r["works"] for r in net.edges.to_pylist()}

    whole, shorter = works((first, last)), works((first, last - 1))
    differences = {whole[p] - shorter.get(p, 0) for p in whole} - {0}
    assert differences
    assert min(differences) >= SMALLEST


def test_no_listed_institution_stands_by_itself(sample):
    project, vintage, given = sample
    listed = set(given["listed"]["institution_id"].to_pylist())
    net = networks.network(project, vintage, tables=given, profile="public")
    assert not listed & set(net.nodes["institution_id"].to_pylist())
    assert listed & set(
        networks.network(project, vintage, tables=given).nodes["institution_id"].to_pylist()
    )


def test_the_command_writes_and_says_it(sample_root, tmp_path):
    """No id or name of a listed institution is in any public file; the file says what it is."""
    project = Project(sample_root)
    vintage = project.cache.find()
    coauth(
        sample_root,
        "export",
        "gexf",
        "--profile",
        "public",
        "--dynamic",
        "-o",
        str(tmp_path / "p.gexf"),
    )
    text = (tmp_path / "p.gexf").read_text("utf-8")
    assert re.search(r"Public profile: \d+ cells .*fewer than 5 works", text)
    assert "profile: public" in text
    institutions = vintage.read("institutions")
    ids = set(vintage.read("listed")["institution_id"].to_pylist())
    listed = institutions.filter(pc.is_in(institutions["institution_id"], value_set=pa.array(ids)))
    for name in [*ids, *listed["name"].to_pylist(), *listed["ror"].drop_null().to_pylist()]:
        assert f'"{name}"' not in text
    assert "pagerank" not in text
