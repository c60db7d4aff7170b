"""A second quarter on a second vintage of the sample world: what the report says has changed is
what was planted.
"""

import datetime
import json
import shutil
from collections import Counter

import pytest

from coauth import review
from coauth.cli import coauth
from coauth.errors import NotFound
from coauth.pipeline import report_inputs, run_record
from coauth.pipeline.build import build_tables
from coauth.pipeline.compare import revised
from coauth.pipeline.harvest import Source, harvest_pages
from coauth.pipeline.project import Project
from coauth.pipeline.quarter import write_quarter
from coauth.pipeline.vintage_tables import VintageTables
from coauth.report import document
from coauth.report.context import ReportContext
from coauth.report.data import frames
from coauth.report.sections import headlines
from coauth.report.sections.revisions import revisions
from coauth.report.text import Words, bare
from coauth.sources.sample import AS_OF, truth
from coauth.sources.sample.later import PLANTED, changes, read_on
from coauth.sources.sample.plan import works
from coauth.sources.sample.records import serve
from coauth.tables.schemas import CAUSES
from tests.support.commands import project as new_project

LATER = datetime.date(2027, 1, 20)
QUICK = {
    "replicates = 400": "replicates = 100",
    "permutations = 40": "permutations = 0",
    "null_samples = 400": "null_samples = 0",
    '"degree", "pagerank", "eigenvector", "harmonic", "betweenness", "degree_rarefied", "participation", "exposure"': '"exposure"',
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Two built vintages of every fortieth work and all planted ones, three months apart."""
    root = new_project(tmp_path_factory.mktemp("quarters"))
    measures = root / "queries" / "measures.toml"
    text = measures.read_text("utf-8")
    for slow, quick in QUICK.items():
        text = text.replace(slow, quick)
    measures.write_text(text, "utf-8")
    planted = {work.number for _, work in changes(1, LATER)}
    first = list(
        serve([w for n, w in enumerate(works(1)) if n % 40 == 0 or w.number in planted], 1)
    )
    for day, records in ((AS_OF, first), (LATER, list(read_on(first, 1, LATER)))):
        file = root / "records.jsonl"
        file.write_text("\n".join(map(json.dumps, records)), "utf-8")
        vintage = harvest_pages(Project(root), Source("files", path=file), today=day, as_of=day)
        build_tables(Project(root), vintage, threads=1)
    return root


def planted(asked):
    """(series, year, cause) -> works, told off the works that were planted, never off a table."""
    groups = {g.id: set(g.countries) for g in asked.groups.group}
    net = Counter()
    for change, _ in changes(1, LATER):
        for sign, side in ((-1, change.before), (1, change.after)):
            if side:
                year, country, listed = side
                series = {
                    "international",
                    *(g for g, codes in groups.items() if country in codes),
                    *(["list:miit"] if listed else []),
                }
                net.update({(s, year, change.cause): sign for s in series})
    return {k: n for k, n in net.items() if n}


def brief_of(root, language, against=None):
    project = Project(root)
    vintage = project.cache.find()
    return ReportContext(
        VintageTables(vintage),
        project.queries,
        report_inputs.of(project, vintage, against),
        Words(language, valued=True),
    )


def test_the_truth_names_every_planted_work():
    """As many of each cause as planned, and each only once."""
    told = truth(1, LATER)["revisions"]
    assert Counter(change["cause"] for change in told) == PLANTED
    assert len({change["id"] for change in told}) == len(told)


def test_revisions_are_what_was_planted(root, asked):
    """Every series, year and cause: the table of the second vintage holds the planted changes and
    nothing else.
    """
    made = Project(root).cache.find().read("revisions").to_pylist()
    assert {
        (r["series"], r["year"], r["cause"]): r["works"] for r in made if r["works"]
    } == planted(asked)
    assert {r["cause"] for r in made} == set(PLANTED)


def test_works_of_a_list_then_and_now_are_what_explain_lists_of_each_vintage(root, asked):
    """By the years of the headline change and over all, as the section on revisions shows them."""
    vintages = {
        "then": Project(root).cache.find(AS_OF.isoformat()),
        "now": Project(root).cache.find(),
    }
    made = {side: VintageTables(v) for side, v in vintages.items()}
    spans = [
        *((y, y) for y in asked.measures.headline_change),
        (asked.scope.first_year, asked.scope.last_year),
    ]
    rows = frames.revisions(made["now"], ["list:miit"], asked, spans).to_dict("records")
    assert len(rows) == len(spans)
    assert any(r["then"] != r["now"] for r in rows)
    for row in rows:
        for side in vintages:
            assert row[side] == len(
                review.listing(made[side], "miit", asked, (row["first_year"], row["last_year"]))
            ), (row, side)


@pytest.mark.parametrize("language", ["en", "da"])
def test_the_first_page_says_what_was_planted(root, asked, language):
    """Of the number of international works: what it was, and each cause with its works."""
    context, truths, year = brief_of(root, language), planted(asked), 2023
    now = frames.series(context.tables, "international", asked).set_index("year")["works"][year]
    found = {
        cause: truths[key] for cause in CAUSES if (key := ("international", year, cause)) in truths
    }
    assert found
    w = Words(language)
    causes = w.listing(
        [
            w(
                "since.cause",
                number=w.number(n, sign=True),
                cause=w(f"cause_said.{c.replace(' ', '_').replace('-', '_')}"),
            )
            for c, n in found.items()
        ]
    )
    said = bare(headlines(context)[0].since)
    assert said == w(
        "since.count",
        against=AS_OF.isoformat(),
        then=w.number(now - sum(found.values())),
        causes=causes,
    )
    facts = headlines(context)[0].facts
    assert facts[f"international.then.{year}"] == now - sum(found.values())


def test_a_change_is_told_with_what_it_was(root, asked):
    """China's change from 2020 to 2023 with its interval, as the earlier vintage's own report says
    it.
    """
    old = VintageTables(Project(root).cache.find(AS_OF.isoformat()))
    said = frames.changes(old, ["china"], asked).iloc[0]
    facts = next(h for h in headlines(brief_of(root, "en")) if "China" in h.label).facts
    assert [facts[f"china.then.{name}"] for name in ("ratio", "low", "high")] == [
        said[name] for name in ("ratio", "low", "high")
    ]


def test_every_row_of_the_section_adds_up_to_the_counts_of_both_vintages(root, asked):
    context = brief_of(root, "en")
    listing = next(p for p in revisions(context).parts if p.part == "listing")
    sides = [
        {
            (r["group_id"], r["year"]): r["works"]
            for r in Project(root).cache.find(name).read("copublications").to_pylist()
            if r["basis"] == frames.own_basis(r["group_id"])
        }
        for name in (AS_OF.isoformat(), None)
    ]
    for row in listing.data.to_dict("records"):
        years = range(row["first_year"], row["last_year"] + 1)
        assert [row["then"], row["now"]] == [
            sum(side.get((row["series"], y), 0) for y in years) for side in sides
        ]
        assert row["then"] + sum(row[c] for c in CAUSES) == row["now"]
    assert "same as then" in " ".join(p.text for p in revisions(context).parts if p.part == "text")


def test_another_list_is_told_apart_from_openalex(root, tmp_path):
    """The list loses HIT between two builds of the second vintage: its old works leave by "changed
    lists", and the page names the list.
    """
    again = shutil.copytree(root, tmp_path / "again")
    path = again / "queries" / "watchlists" / "miit.toml"
    text = path.read_text("utf-8")
    start = text.index('[[entry]]\nid = "hit"')
    path.write_text(text[:start] + text[text.index("[[entry]]", start + 1) :], "utf-8")
    project = Project(again)
    build_tables(project, project.cache.find(), threads=1)
    context = brief_of(again, "en")
    made = [r for r in context.tables["revisions"].to_pylist() if r["cause"] == "changed lists"]
    assert {r["series"] for r in made} == {"list:miit"}
    assert sum(r["works"] for r in made) < 0
    assert "Defined otherwise than then: The seven MIIT universities." in [
        bare(p.text) for p in revisions(context).parts if p.part == "text"
    ]
    path.write_text(text, "utf-8")
    with pytest.raises(NotFound, match="queries/ changed since the newer vintage was built"):
        revised(Project(again), project.cache.find(AS_OF.isoformat()), project.cache.find())


def test_against_chooses_the_earlier_vintage(root, monkeypatch):
    """`--against` tells what changed since the vintage it names; one that is not earlier is
    refused.
    """
    seen = []
    monkeypatch.setattr(
        document,
        "build",
        lambda made, folder, **given: (
            seen.append((made, given)) or [folder / "x.html", folder / "x.pdf"]
        ),
    )
    monkeypatch.setattr(run_record, "record", lambda *_: None)
    project = Project(root)
    write_quarter(project, project.cache.find(), languages=("en",), against=AS_OF.isoformat())
    ((made, given),) = seen
    assert made["revisions"].equals(project.cache.find().read("revisions"))
    assert given["about"].since.vintage == AS_OF.isoformat()
    with pytest.raises(NotFound, match="not older"):
        report_inputs.of(project, project.cache.find(AS_OF.isoformat()), LATER.isoformat())
    assert "--against" in {o for p in coauth.commands["report"].params for o in p.opts}
