"""The network of the public profile: no pair of fewer than 5 works, every weight rounded by the works
behind it, nothing made of other counts.
"""

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from coauth import public
from coauth.engine.duck import DuckDB
from coauth.errors import DisclosureError, NotFound
from coauth.export import formats
from coauth.network import aggregate, build
from coauth.pipeline import networks
from coauth.pipeline.project import Project
from coauth.pipeline.vintage_tables import VintageTables
from coauth.public import Rounding
from coauth.tables import schemas
from tests.support.commands import coauth
from tests.support.public_worlds import ABROAD, BEIHANG, KU, tables, with_groups, works
from tests.support.small_network import AS_OF, COLUMNS, measured, shifted

SECRET = Rounding(b"a secret")
WORKS = (
    *works(2020, 33, "US"),
    *works(2021, 3, "US"),
    *works(2021, 52, "CN", listed=True),
    *works(2021, 61, "DE SE"),
    *works(2022, 4, "SE"),
    *works(2022, 2, "IR"),
)


@pytest.fixture(scope="module")
def own(asked):
    return with_groups(asked, (2020, 2022), west="US DE", iran="IR")


def counted(some, own):
    """The tables of a network of these works, with what only an internal one may show."""
    given = tables(some, own)
    engine = DuckDB(own.sql, own.tables(), threads=1)
    edges = engine.run(
        "edges", schemas.EDGES, works=given["works"], affiliations=given["affiliations"]
    )
    return given | {
        "edges": edges,
        "centrality": schemas.CENTRALITY.of([measured((2020, 2022), KU, "pagerank", 2.0)]),
        "shifts": schemas.SHIFTS.of([shifted(KU, (2015, 2017), (2020, 2022), -0.05)]),
    }


def rounded(some):
    ids = [w.id for w in some]
    return SECRET.round([len(ids)], [int(SECRET.keys(ids).sum())]).item()


def test_pairs_are_rounded_by_their_works_and_small_ones_are_gone(own):
    edges = public.public(counted(WORKS, own), own, SECRET)["edges"].to_pylist()
    told = {(r["year"], frozenset((r["source"], r["target"]))): r for r in edges}
    expected = {
        (2020, frozenset((KU, ABROAD["US"]))): rounded(works(2020, 33, "US")),
        (2021, frozenset((KU, BEIHANG))): rounded(works(2021, 52, "CN", listed=True)),
    } | {
        (2021, frozenset(ends)): rounded(works(2021, 61, "DE SE"))
        for ends in ((KU, ABROAD["DE"]), (KU, ABROAD["SE"]), (ABROAD["DE"], ABROAD["SE"]))
    }
    assert {k: r["works"] for k, r in told.items()} == expected
    for r in edges:
        assert {r[f"{c}{k}"] for c in COLUMNS for k in ("", "_k")} == {r["works"]}


def test_a_pair_that_reads_below_five_is_not_drawn(own):
    """One in ten counts of five does, though five works are no small count."""
    for secret in range(200):
        some = works(2020, 5, "US")
        given = counted(some, own)
        edges = public.public(given, own, Rounding(bytes([secret])))["edges"]
        if not edges.num_rows:
            break
    else:
        pytest.fail("none of 200 secrets moves a count of five below five")
    ids = [w.id for w in some]
    chosen = Rounding(bytes([secret]))
    assert np.isnan(chosen.round([5], [int(chosen.keys(ids).sum())])).all()


def test_measures_are_not_given(own):
    net = build(public.public(counted(WORKS, own), own, SECRET), scope=own.scope)
    assert (net.window, net.comparison) == (None, None)
    assert all(
        n[c] is None for n in net.nodes.to_pylist() for c in ("pagerank", "change", "verdict")
    )


@pytest.mark.parametrize("form", formats.FORMATS)
def test_small_cells_leave_no_trace(form, own, tmp_path):
    """Files from two worlds that differ only in pairs of one to four works are the same, byte for
    byte.
    """
    few = [w for w in WORKS if w.year != 2022 and (w.year, "US") != (2021, *w.countries)]
    other = [*few, *works(2021, 1, "US"), *works(2022, 1, "SE"), *works(2022, 3, "IR")]
    files = []
    for number, some in enumerate((WORKS, other)):
        net = build(public.public(counted(some, own), own, SECRET), scope=own.scope)
        paths = formats.write(
            net,
            form,
            tmp_path / str(number) / "n",
            positions={},
            as_of=AS_OF,
            provenance={},
            synthetic=False,
        )
        files.append([p.read_bytes() for p in paths])
    assert files[0] == files[1]


def test_groups_are_those_of_the_queries(own):
    """Nodes of `--by group` are groups.toml's, and the same works are the same number as by country."""
    given = counted(WORKS, own)
    engine = DuckDB(own.sql, own.tables(), threads=1)
    told = {}
    for unit, wholes in (
        ("country", aggregate.by_country(given["institutions"])),
        ("group", aggregate.by_group(given["institutions"], given["listed"], own.partners)),
    ):
        joined = aggregate.join(given, wholes, engine)
        told[unit] = {
            (r["year"], r["source"], r["target"]): r["works"]
            for r in public.public(joined, own, SECRET)["edges"].to_pylist()
        }
    assert {end for _, *ends in told["group"] for end in ends} == {
        "domestic",
        "west",
        "listed",
        "elsewhere",
    }
    assert told["group"][2020, "domestic", "west"] == told["country"][2020, "DK", "US"]
    assert told["group"][2021, "elsewhere", "west"] == told["country"][2021, "DE", "SE"]


def test_a_group_that_a_smaller_one_takes_countries_from_is_called_so(asked):
    own = with_groups(asked, (2020, 2022), asia="CN IR IN", iran="IR")
    given = counted(WORKS, own)
    wholes = aggregate.by_group(given["institutions"], given["listed"], own.partners)
    names = {whole[0]: whole[1] for whole in wholes.values()}
    assert names["asia"] == "Asia (the rest)"
    assert names["iran"] == "Iran"


def test_an_institution_of_small_cells_cannot_be_asked_for(own):
    with pytest.raises(NotFound, match="nothing of 'I20' may be published"):
        public.public(counted(WORKS, own), own, SECRET, ABROAD["IR"])
    assert public.public(counted(WORKS, own), own, SECRET, KU)


# -- on the sample


@pytest.fixture(scope="module")
def sample(sample_root):
    project = Project(sample_root)
    vintage = project.cache.find()
    return project, vintage, VintageTables(vintage)


@pytest.mark.parametrize("unit", ["institution", "country", "group"])
def test_totals_are_sums_of_published_years(sample, unit):
    project, vintage, given = sample
    net = networks.network(project, vintage, tables=given, unit=unit, profile="public")
    years = net.edge_years.to_pandas()
    assert (years["works"] % 5 == 0).all()
    assert years["works"].min() >= 5
    sums = years.groupby(["source", "target"])["works"].sum()
    edges = net.edges.to_pandas().set_index(["source", "target"])
    assert edges["works"].sort_index().equals(sums.sort_index())
    assert edges["works"].equals(edges["works_all"])


def test_a_counting_or_cut_that_would_tell_is_refused(sample):
    project, vintage, given = sample
    for filters, why in (
        ({"counting": "strict"}, "full counting only"),
        ({"backbone": "projection"}, "no --backbone"),
    ):
        with pytest.raises(DisclosureError, match=why):
            networks.network(project, vintage, tables=given, profile="public", **filters)
    net = networks.network(project, vintage, tables=given, profile="public", backbone="disparity")
    assert net.edges.num_rows > 0
    assert net.counting == "full"
    assert net.edges["strict_weight"].null_count == net.edges.num_rows


def test_no_listed_institution_stands_by_itself(sample):
    project, vintage, given = sample
    listed = set(given["listed"]["institution_id"].to_pylist())
    told, internal = (
        set(
            networks.network(project, vintage, tables=given, profile=profile)
            .nodes["institution_id"]
            .to_pylist()
        )
        for profile in ("public", "internal")
    )
    assert listed & internal
    assert not listed & told


def test_the_command_writes_and_says_it(sample_root, tmp_path):
    """No id or name of a listed institution is in a public file; the file says what it is."""
    vintage = Project(sample_root).cache.find()
    path = tmp_path / "p.gexf"
    coauth(sample_root, "export", "gexf", "--profile", "public", "--dynamic", "-o", str(path))
    text = path.read_text("utf-8")
    assert "counts are rounded to 5 at random" in text
    assert "profile: public" in text
    institutions = vintage.read("institutions")
    ids = set(vintage.read("listed")["institution_id"].to_pylist())
    listed = institutions.filter(pc.is_in(institutions["institution_id"], value_set=pa.array(ids)))
    for name in [*ids, *listed["name"].to_pylist(), *listed["ror"].drop_null().to_pylist()]:
        assert f'"{name}"' not in text
    assert "pagerank" not in text


def test_without_its_secret_no_second_rounding_is_made(sample_root, tmp_path):
    """Two secrets would be two roundings of one count."""
    cache = tmp_path / "cache"
    cache.mkdir()
    (tmp_path / "queries").symlink_to(sample_root / "queries")
    vintage = Project(sample_root).cache.find()
    (cache / vintage.name).symlink_to(vintage.path)
    (tmp_path / "reports/2026Q3-public").mkdir(parents=True)
    path = str(tmp_path / "p.gexf")
    done = coauth(tmp_path, "export", "gexf", "--profile", "public", "-o", path, check=False)
    assert done.returncode == 1
    assert "rounding.key" in done.stderr
    (tmp_path / "reports/2026Q3-public").rmdir()
    coauth(tmp_path, "export", "gexf", "--profile", "public", "-o", path)
    key = cache / "rounding.key"
    assert key.stat().st_mode & 0o077 == 0
    assert len(json.loads(key.read_bytes())["key"]) == 64
