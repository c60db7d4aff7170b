"""A first look at a harvest: the network its pages hold, and what is said of it."""

import gzip
import itertools
import json
from collections import Counter

import pytest

from coauth.errors import NotFound
from coauth.pipeline.preview import preview_network
from coauth.stages.works import Reader
from coauth.storage import Cache
from tests.support.commands import coauth, project, refused
from tests.support.previews import ties
from tests.support.vintages import entries
from tests.support.world import AS_OF, page, work


@pytest.fixture
def harvested(tmp_path):
    """`harvested(page, page, …)`: an unfinished vintage with these pages, each in a slice of its
    own.
    """

    def made(*pages):
        vintage = Cache(tmp_path / "cache").create("2026-11-20", **entries("2026-11-20"))
        for month, served in enumerate(pages, 1):
            vintage.slice(f"2020-{month:02d}").write(1, served)
        return vintage

    return made


def test_a_network_by_hand(asked, harvested):
    """Retracted works, paratext, works of one institution, of too many, out of scope, and ids met
    before tie nobody.
    """
    vintage = harvested(
        page(
            work(1, 2020, [["I1"], ["I10", "I1"]], updated_date="2026-08-01"),
            work(2, 2020, [["I1", "I10", "I20"]]),
            work(3, 2020, [["I1"], ["I20"]], is_retracted=True),
            work(4, 2020, [["I1"], ["I20"]], is_paratext=True),
            work(5, 2020, [["I1"], ["I1"]]),
        ),
        page(
            work(1, 2020, [["I1"], ["I30"]]),
            work(6, 2020, [["I10"], ["I20"]]),
            work(7, 2020, [["I1"], ["I10"], ["I20"], ["I30"]]),
            work(
                8,
                2020,
                [["I1"], [{"id": "I10", "display_name": "Renamed"}]],
                publication_date="2020-12-31",
            ),
        ),
    )
    seen = preview_network(vintage, asked.scope, "full", most=3)
    assert ties(seen) == {("I1", "I10"): 3, ("I1", "I20"): 1, ("I10", "I20"): 1}
    assert seen.losses.balance() == {
        "records": 9,
        "works": 7,
        "noted": {},
        "examples": {},
        "dropped": {"no institution of the scope's country": 1, "id of a newer record": 1},
    }
    assert [
        (r["institution_id"], r["name"], r["country_code"], r["works"], r["rank"])
        for r in seen.first(2)
    ] == [
        ("I1", "Place 1", "DK", 3, 1),
        ("I10", "Renamed", "CN", 3, 1),
    ]
    assert seen.pagerank.mean() == pytest.approx(1)
    assert not seen.synthetic
    newman = preview_network(vintage, asked.scope, "newman", most=3)
    assert ties(newman) == {("I1", "I10"): 2.5, ("I1", "I20"): 0.5, ("I10", "I20"): 0.5}
    assert ("I1", "I30") in ties(preview_network(vintage, asked.scope, "full"))


def test_nothing_to_see(asked, harvested):
    """No page, no work in scope, or no work of two institutions: one line that says what to do."""
    for pages in ((), (page(work(1, 2020, [["I10"], ["I20"]])),), (page(work(1, 2020, [["I1"]])),)):
        with pytest.raises(NotFound, match="run `coauth harvest`, or look at queries/scope"):
            preview_network(harvested(*pages), asked.scope, "full")


def test_links_are_those_that_tables_are_made_of(asked, sample_root):
    """Both ways of reading know the same works, reasons, institutions and pairs."""
    vintage = Cache(sample_root / "cache").find()
    records = [part.records(number) for part, number in itertools.chain(*vintage.parts(20)[:3])]
    outlines = [part.outlines(number) for part, number in itertools.chain(*vintage.parts(20)[:3])]
    batch, losses, _ = Reader(asked.scope, AS_OF).read(records)
    links, same, _ = Reader(asked.scope, AS_OF).links(outlines)
    assert same == losses
    assert losses.works > 1_000
    pairs = set(
        zip(
            *batch.authorships.select(["work_id", "institution_id"]).to_pydict().values(),
            strict=True,
        )
    )
    linked = list(zip(*links.affiliations.to_pydict().values(), strict=True))
    assert len(linked) == len(pairs)
    assert set(linked) == pairs
    assert links.institutions.equals(batch.institutions)
    assert links.works.select(["work_id", "title", "year"]).equals(
        batch.works.select(["work_id", "title", "year"])
    )


def test_the_sample_is_counted_as_by_hand(asked, sample_root):
    """Every pair of every work, one by one, from the stored JSON."""
    vintage = Cache(sample_root / "cache").find()
    pairs, met = Counter(), set()
    for file in sorted(vintage.path.glob("pages/*/[0-9]*.json.gz")):
        for told in json.loads(gzip.decompress(file.read_bytes()))["works"]:
            places = [i for a in told.get("authorships") or () for i in a.get("institutions") or ()]
            at_home = any(i.get("country_code") == "DK" for i in places)
            fit = (
                at_home
                and told.get("type") in asked.scope.types
                and 2011 <= told.get("publication_year", 0) <= vintage.as_of.year
            )
            if (
                fit
                and told["id"] not in met
                and not (told.get("is_retracted") or told.get("is_paratext"))
            ):
                pairs.update(
                    itertools.combinations(
                        sorted({i["id"].rsplit("/")[-1] for i in places if i.get("id")}), 2
                    )
                )
            met |= {told["id"]} if fit else set()
    assert ties(preview_network(vintage, asked.scope, "full")) == pairs


def test_the_verb(sample_root, tmp_path):
    """Says SYNTHETIC first and that its numbers are to see by; stores nothing; --json has the same;
    --top as many.
    """
    before = {p: p.stat().st_mtime_ns for p in (sample_root / "cache").rglob("*")}
    said = coauth(sample_root, "preview", "--top", "3").stdout
    assert said.startswith(
        "SYNTHETIC SAMPLE: none of these numbers is about the real world.\nvintage "
    )
    assert "not to quote" in said
    found = json.loads(coauth(sample_root, "preview", "--top", "3", "--json").stdout)
    assert found["complete"]
    assert (
        f"{found['institutions']:,} institutions and {found['pairs']:,} pairs of {found['works']:,} works"
        in said
    )
    assert len(found["first"]) == 3
    for row in found["first"]:
        assert (
            f"{row['pagerank']:.1f}  {row['works']:7,} works  {row['name']} ({row['country_code']})"
            in said
        )
    assert {p: p.stat().st_mtime_ns for p in (sample_root / "cache").rglob("*")} == before
    assert "no complete vintage" in refused(project(tmp_path), "preview")


def test_a_harvest_that_runs_and_one_that_broke(tmp_path, harvested):
    """What is there is shown as unfinished; a page that is cut is one line that names it."""
    root, vintage = project(tmp_path), harvested(page(work(1, 2020, [["I1"], ["I10"]])))
    assert "2 institutions and 1 pair of 1 work of 2 to 50 institutions" in (
        said := coauth(root, "preview").stdout
    )
    assert "; the harvest is not complete" in said
    (cut,) = vintage.path.glob("pages/*/*.gz")
    cut.write_bytes(cut.read_bytes()[:-20])
    assert str(cut) in refused(root, "preview")
