"""A public edition of the sample, by the command: every file tells only what its tables tell, and
these name no work and no listed institution.
"""

import json
import os
import re
import shutil

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from coauth.pipeline.project import Project
from coauth.storage.disk import seal
from tests.support import disclosure_audit, page_reader
from tests.support.commands import coauth


@pytest.fixture(scope="module")
def edition(sample_root, tmp_path_factory):
    """A project of its own with the sample, its vintage and the folder of the edition."""
    root = tmp_path_factory.mktemp("sample") / "project"
    leave = shutil.ignore_patterns("pages", "reports")
    shutil.copytree(sample_root, root, copy_function=os.link, ignore=leave)
    project = Project(root)
    vintage = project.cache.find()
    (root / "cache/rounding.key").write_bytes(seal({"key": bytes(range(32)).hex()}))
    coauth(root, "report", "--profile", "public")
    return project, vintage, next(project.reports.glob("*-public"))


def test_no_work_and_no_listed_institution_is_named_in_any_file(edition):
    """Nor any loss or hash of a table, from which a guess could be checked."""
    project, vintage, folder = edition
    works = vintage.read("works", ["work_id", "doi", "title"])
    listed = set(vintage.read("listed")["institution_id"].to_pylist())
    institutions = vintage.read("institutions")
    institutions = institutions.filter(
        pc.is_in(institutions["institution_id"], value_set=pa.array(listed))
    )
    names = {
        n
        for c in ("institution_id", "ror", "name")
        for n in institutions[c].drop_null().to_pylist()
    }
    names |= {e.name for w in project.queries.watchlists if w.enabled for e in w.entry} - {None}
    forbidden = re.compile("|".join(re.escape(n) + r"(?!\w)" for n in sorted(names)))
    ids, dois, titles = (set(works[c].drop_null().to_pylist()) for c in ("work_id", "doi", "title"))
    files = [p for p in folder.rglob("*") if p.is_file() and p.suffix != ".png"]
    assert {p.suffix for p in files} >= {".html", ".csv", ".svg", ".gexf", ".json", ".sql"}
    for path in files:
        text = printed(path)
        assert not forbidden.search(text), (path, forbidden.search(text))
        assert not set(re.findall(r"\bW\d+\b", text)) & ids
        assert not set(re.findall(r"10\.\d{4,}/[^\s\"<>]+", text)) & dois
        assert not any(t in text for t in sorted(titles)[::40]), path
    run = json.loads((folder / "run.json").read_text("utf-8"))
    assert run["profile"] == "public"
    assert not run.keys() & {"losses", "rows", "tables_sha256"}


def printed(path):
    """The text of a file, that of a PDF as it is set."""
    return (
        "\n".join(disclosure_audit.paper(path))
        if path.suffix == ".pdf"
        else path.read_text("utf-8")
    )


@pytest.fixture(scope="module", params=["en", "da"])
def report(edition, request):
    """In a language: folder, language, suffix of its files, its page, and the numbers it shows."""
    _, _, folder = edition
    language = request.param
    suffix = "" if language == "en" else ".da"
    page = disclosure_audit.page(folder / f"report{suffix}.html")
    return folder, language, suffix, page, disclosure_audit.shown(page, folder, language)


def test_the_page_tells_only_cells_of_its_tables(report):
    folder, language, suffix, page, shown = report
    text = (folder / f"report{suffix}.html").read_text("utf-8")
    assert page_reader.wrong(text, folder, language) == []
    assert disclosure_audit.spoken(page) <= shown
    assert len(disclosure_audit.values(page)) > 500
    assert disclosure_audit.values(page) == disclosure_audit.values(
        disclosure_audit.page(folder / "report.html")
    )
    assert (
        disclosure_audit.data(page)
        == disclosure_audit.data(disclosure_audit.page(folder / "report.html"))
        != []
    )


def test_drawings_tell_only_values_of_the_table_behind_them(report):
    """By the places of their points, by the sentences of these, and by what is written in them;
    pixels come without words.
    """
    folder, language, suffix, page, shown = report
    drawings = sorted(folder.glob(f"figures/*figure-[0-9]{suffix}.svg"))
    looked = 0
    for path in drawings:
        name = path.name.removesuffix(".svg").removesuffix(suffix)
        table = folder / "tables" / f"{name}.csv"
        assert disclosure_audit.written(path) <= shown, path
        if not table.exists():  # the picture of the network, whose places come from what is shown
            assert "series-" not in path.read_text("utf-8")
            continue
        far, points = disclosure_audit.strays(path, table, along=name.endswith("-5"))
        assert far == [], path
        assert points >= 14
        figure = next(
            f for f in page.iter("figure") if table.name in (f.xpath(".//a/@href") or [""])[0]
        )
        unknown, said = disclosure_audit.pointed(figure, table, language)
        assert unknown == set(), path
        looked += said
    assert looked > 300
    assert len(drawings) == 5
    assert {c for p in folder.glob("figures/*.png") for c in disclosure_audit.chunks(p)} == set()


def test_print_tells_no_number_that_the_page_does_not(report):
    folder, _, suffix, _, shown = report
    text, alts, own, attached = disclosure_audit.printed(folder / f"report{suffix}.pdf")
    scales = set().union(
        *(disclosure_audit.ticks(p) for p in folder.glob(f"figures/*figure-[0-9]{suffix}.svg"))
    )
    assert len(text) > 200
    assert text - scales <= shown
    assert len(alts) > 10
    assert alts <= shown
    assert set(own) == {"/Title", "/Creator", "/CreationDate", "/ModDate"}
    assert attached == []


def test_networks_tell_only_works_of_pairs_by_year_and_their_sums(edition):
    """A weight is a count of works, so that none tells how many institutions a work has; a strength
    is a sum of weights.
    """
    project, _, folder = edition
    asked = project.queries
    first, last = asked.scope.last_year - asked.measures.window + 1, asked.scope.last_year
    nodes, pairs = disclosure_audit.network(folder / "network-dynamic.gexf")
    for years, (around, ties) in [
        (range(9999), (nodes, pairs)),
        *(
            (range(first, last + 1), disclosure_audit.network(folder / f"network{x}.gexf"))
            for x in ("", "-all", "-gephi-lite")
        ),
    ]:
        for ends, tie in ties.items():
            works = {y: n for y, n in pairs[ends]["works"].items() if y in years}
            told = {
                k: tie[k]
                for k in tie.keys()
                - {"works", "weight", "weight_", "weight_by_year", "pair", "review_cue", "lists"}
            } | {"weight_": tie["weight_"]}
            total = {k: float(v) for k, v in told.items() if k not in ("first_year", "last_year")}
            assert total.keys() <= {"weight_", "weight_total", "works_total", "works_all"}
            assert set(total.values()) == {sum(works.values())}
            assert (int(tie["first_year"]), int(tie["last_year"])) == (min(works), max(works))
        strengths, partners = (
            disclosure_audit.strengths(ties, lambda t: t["weight_"]),
            disclosure_audit.strengths(ties, lambda t: 1),
        )
        for node, of in around.items():
            assert float(of.get("strength_total", of["strength"])) == strengths[node]
            assert int(of["partners"]) == partners[node]
    assert all(n % 5 == 0 and n >= 5 for tie in pairs.values() for n in tie["works"].values())
    assert all(tie["weight"] == tie["works"] for tie in pairs.values())
    assert all(
        tie["weight_by_year"] == ", ".join(f"{y}: {n:.0f}" for y, n in tie["works"].items())
        for tie in pairs.values()
    )
    for year in asked.scope.years:
        strengths = disclosure_audit.strengths(pairs, lambda t, y=year: t["works"].get(y, 0))
        assert all(of["strength"].get(year, 0) == strengths[node] for node, of in nodes.items())


def test_what_is_neither_table_page_drawing_print_nor_network_is_no_count(edition, sample_root):
    """Statements and dictionaries are those of any edition; the record of the run tells what was
    asked and with what, and no more.
    """
    project, _, folder = edition
    files = [p for p in folder.rglob("*") if p.is_file()]
    assert {p.suffix for p in files} == {
        ".csv",
        ".sql",
        ".html",
        ".svg",
        ".png",
        ".pdf",
        ".gexf",
        ".json",
    }
    internal = next(p for p in (sample_root / "reports").iterdir() if p.is_dir())
    for path in folder.glob("*.dictionary.csv"):
        assert path.read_bytes() == (internal / path.name).read_bytes()
    assert all(
        path.read_text("utf-8") in project.queries.sql.values() for path in folder.rglob("*.sql")
    )
    assert set(json.loads((folder / "run.json").read_text("utf-8"))) == {
        "against",
        "as_of",
        "coauth",
        "complete",
        "counts",
        "files_sha256",
        "profile",
        "quarter",
        "queries_sha256",
        "scope",
        "seal",
        "seed",
        "source",
        "statbank",
        "synthetic",
        "topic_model",
        "versions",
        "vintage",
        "affiliation_matcher",
    }


def test_the_page_says_what_it_is_and_what_is_left_out(edition):
    page = re.sub(
        r"<script\b.*?</script>",
        " ",
        (edition[2] / "report.html").read_text("utf-8"),
        flags=re.DOTALL,
    )
    assert '<p class="edition">Public edition.</p>' in page
    assert "Counts are rounded" in page
    assert not re.search(r'<section id="(cues|shifts)"', page)
    assert "coauth explain" not in page
    assert "Internal edition" not in page


def test_counts_of_the_tables_are_rounded(edition):
    """Every count of works in every table of the edition; and the true one is not beside it."""
    _, vintage, folder = edition
    true = vintage.read("copublications").to_pandas().set_index(["year", "group_id"])
    rows = page_reader.table(folder, "tables/SYNTHETIC-SAMPLE-figure-1.csv")
    counts = {(int(r["year"]), r["group_id"]): r["works"] for r in rows}
    assert len(counts) > 60
    for cell, text in counts.items():
        works = true[true["basis"] == "union"].loc[cell, "works"]
        assert (not text and works < 20) or int(text) % 5 == 0
        assert abs(int(text or 0) - works) < 30
    assert (
        sum(
            int(text or 0) != true[true["basis"] == "union"].loc[cell, "works"]
            for cell, text in counts.items()
        )
        > 40
    )


def test_same_vintage_same_bytes(edition):
    project, _, folder = edition
    files = [
        p for p in sorted(folder.rglob("*")) if p.suffix in (".csv", ".html", ".gexf", ".json")
    ]
    before = {p: p.read_bytes() for p in files}
    coauth(project.root, "report", "--profile", "public", "--language", "en")
    assert all(p.read_bytes() == before[p] for p in files if p.suffix in (".csv", ".gexf"))
