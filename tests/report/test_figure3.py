"""PhD admissions from StatBank to the page: fetched once for a vintage, kept, shown with their
source; and what is said where they are missing.
"""

import csv
import logging
import re
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from coauth import cli
from coauth.cli import export_report, harvest_build
from coauth.errors import CacheError, SourceError
from coauth.pipeline.admissions import fetch_totals, fetch_totals_once, totals
from coauth.pipeline.project import Project
from coauth.report.context import ReportContext
from coauth.report.render.html import Chart, Text
from coauth.report.sections import methods
from coauth.report.sections.admissions import admissions
from coauth.report.text import Words
from coauth.sources import sample, statbank
from coauth.tables import schemas
from tests.support.commands import project
from tests.support.reports import about
from tests.support.statbank import YEARS, StatBank, persons
from tests.support.vintages import vintage

DAY = date(2026, 11, 20)
NOBODY = "http://127.0.0.1:9/v1"


# -- fetched and kept


@pytest.fixture
def root(tmp_path):
    return project(tmp_path / "project")


def test_totals_are_fetched_once_and_kept(root):
    """The second report of a vintage asks nobody and reads the same bytes, whatever StatBank says
    by then.
    """
    of = vintage(root)
    with StatBank() as server:
        for _ in range(2):
            fetch_totals_once(Project(root), of, today=DAY, url=server.url)
        assert len(server.questions) == 2
    kept = (of.path / "statbank.json").read_bytes()
    fetch_totals_once(Project(root), of, today=date(2027, 1, 1), url=NOBODY)
    assert (of.path / "statbank.json").read_bytes() == kept
    assert of.totals["retrieved"] == "2026-11-20"
    assert totals(of)["admissions"].to_pylist() == [persons(y, "TOT") for y in YEARS]


def test_asked_for_by_name_they_are_fetched_anew(root):
    """`coauth admissions fetch` puts today's answer in the place of the one before; a failure
    leaves that as it was.
    """
    of = vintage(root)
    of.keep_totals(
        "PHD1", b"HOMR;KOEN;TID;INDHOLD\nSUM;TOT;2020;7\nSUM;M;2020;7\n", date(2026, 1, 1)
    )
    run = CliRunner()
    gone = run.invoke(
        cli.coauth,
        ["admissions", "fetch", "--root", str(root)],
        env={"COAUTH_STATBANK_URL": NOBODY},
    )
    assert (gone.exit_code, gone.stderr.count("\n")) == (1, 1)
    assert (
        "no connection to 127.0.0.1 of COAUTH_STATBANK_URL (connection refused); check the network"
        in gone.stderr
    )
    assert totals(of)["admissions"].to_pylist() == [7]
    with StatBank() as server:
        done = run.invoke(
            cli.coauth,
            ["admissions", "fetch", "--root", str(root)],
            env={"COAUTH_STATBANK_URL": server.url},
        )
    assert done.stdout == "PhD totals 1996–2024 kept with vintage 2026-11-20; run `coauth report`\n"
    assert totals(of).num_rows == len(YEARS)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (
            lambda p: p.write_text(p.read_text().replace("2020;7", "2020;9")),
            "changed since it was stored",
        ),
        (lambda p: p.write_text("{"), "damaged"),
        (lambda p: p.write_text("{}"), "damaged"),
    ],
    ids=["edited", "cut", "empty"],
)
def test_what_was_changed_on_disk_is_not_believed(root, harm, says):
    """The line says what to do."""
    of = vintage(root)
    of.keep_totals("PHD1", b"HOMR;KOEN;TID;INDHOLD\nSUM;TOT;2020;7\nSUM;M;2020;7\n", DAY)
    harm(of.path / "statbank.json")
    with pytest.raises(CacheError, match=rf"{says}.*coauth admissions fetch --vintage 2026-11-20"):
        totals(of)


def test_an_unreachable_statbank_is_one_line_in_the_log(root, caplog):
    """The report goes on without; nothing is stored."""
    of = vintage(root)
    with caplog.at_level(logging.WARNING, "coauth"):
        fetch_totals_once(Project(root), of, today=DAY, url=NOBODY)
    assert [r.getMessage().split(":")[0] for r in caplog.records] == [
        "the report is written without Statistics Denmark's PhD totals"
    ]
    assert of.totals is None
    assert totals(of).num_rows == 0


def test_no_network_for_invented_works_or_another_country(root):
    """Neither the sample, nor its works from a server, nor Sweden: nobody is asked, and asking by
    name is refused.
    """
    swedish = root.parent / "sweden"
    scope = (project(swedish) / "queries" / "scope.toml").read_text()
    (swedish / "queries" / "scope.toml").write_text(scope.replace('["DK"]', '["SE"]'))
    with StatBank() as server:
        for place, options in (
            (root, {"synthetic": True}),
            (root, {"synthetic": True, "kind": "sample"}),
            (swedish, {}),
        ):
            of = vintage(place, **options)
            fetch_totals_once(Project(place), of, today=DAY, url=server.url)
            with pytest.raises(SourceError, match="counts PhD admissions in Denmark"):
                fetch_totals(Project(place), of, today=DAY, url=server.url)
        assert server.questions == []
    assert set(totals(vintage(root, synthetic=True, kind="sample"))["source"].to_pylist()) == {
        "SYNTHETIC SAMPLE"
    }


@pytest.mark.parametrize("words", [["report"], ["rebuild"]], ids=" ".join)
def test_a_report_fetches_before_it_is_written(root, monkeypatch, words):
    """By the address in the environment, and the totals are there when the report is drawn."""
    of = vintage(root)
    seen = []
    for command in (export_report, harvest_build):
        monkeypatch.setattr(
            command,
            "write_quarter",
            lambda _, v, **__: seen.append(v.totals["retrieved"]) or {},
        )
    monkeypatch.setattr(harvest_build, "harvest_pages", lambda *_, **__: of)
    monkeypatch.setattr(harvest_build, "build_tables", lambda *_, **__: {"rows": {}})
    monkeypatch.setattr(harvest_build, "_summary", lambda *_: [])
    monkeypatch.setattr(of.__class__, "read", lambda *_: None)
    with StatBank() as server:
        done = CliRunner().invoke(
            cli.coauth, [*words, "--root", str(root)], env={"COAUTH_STATBANK_URL": server.url}
        )
        assert len(server.questions) == 2
    assert (len(seen), done.stderr) == (1, "")


# -- shown


def answered():
    with StatBank() as server:
        return statbank.read(statbank.fetch(url=server.url), DAY)


def extract(**cells):
    """Rows of an extract: `CN=[(2020, 231), (2023, None)]`."""
    return schemas.ADMISSIONS.of(
        {
            "year": y,
            "country_code": c,
            "admissions": n,
            "suppressed": n is None,
            "source": "Register extract",
            "retrieved": DAY,
        }
        for c, years in cells.items()
        for y, n in years
    )


def context(made, asked, language="en", **changes):
    return ReportContext(made, asked, about(**changes), Words(language))


def shown(asked, rows, language="en", **changes):
    """The section of the report on admissions: what it says, part after part, and its chart where
    it has one.
    """
    section = admissions(context({"admissions": rows}, asked, language, **changes))
    return told(section), next((p for p in section.parts if isinstance(p, Chart)), None)


def told(section):
    """All that is read in a section, cells of a row together."""
    return " | ".join(line for part in section.parts for line in said(part)).replace("\xa0", " ")


def said(part):
    if isinstance(part, Text):
        return [f"{part.term}: {part.text}"]
    grid = part.grid
    return [
        part.title,
        " ".join(c.title for c in grid.columns),
        *(" ".join(row) for row in grid.rows),
        *part.notes,
    ]


def test_totals_and_an_extract_in_one_figure(asked):
    """Denmark's totals first, countries with a suppressed and a missing year, both sources named;
    every row behind it.
    """
    both = pa.concat_tables(
        [
            extract(
                IR=[(2020, 40), (2021, None), (2022, 50), (2023, 59)], US=[(2019, 25), (2023, 24)]
            ),
            answered(),
        ]
    )
    text, chart = shown(asked, both)
    assert text.startswith(
        "PhD admissions a year, 2011–2024 (change 2020 to 2023 under each name) | Year All PhD admissions in Denmark Iran The United States | 2011 105 – – |"
    )
    assert "2021 155 suppressed –" in text
    assert "2023 165 59 24" in text
    assert "Hatched: a number its source withheld" in text
    assert "Open marks: as stated in DFIR brief no. 56" in text
    assert (
        "Source: Register extract (20 November 2026); Statistics Denmark, StatBank, table PHD1, CC BY 4.0 (20 November 2026)."
        in text
    )
    assert len(chart.data) == 14 + 6


@pytest.mark.parametrize("narrow", [False, True])
def test_the_figure_draws_what_is_there_and_nothing_else(asked, narrow):
    """A point for each number, hatching for each suppressed year, open marks where the brief states
    persons.
    """
    both = pa.concat_tables(
        [
            extract(
                IR=[(2020, 40), (2021, None), (2022, 50), (2023, 59)], US=[(2019, 25), (2023, 24)]
            ),
            answered(),
        ]
    )
    drawn = shown(asked, both)[1].draw(narrow)
    points = {t.series: list(zip(t.x, t.y, strict=True)) for t in drawn.traces}
    assert points["Iran"] == [(2020, 40), (2022, 50), (2023, 59)]
    assert points["The United States"] == [(2019, 25), (2023, 24)]
    assert points["All PhD admissions in Denmark"] == [
        (y, persons(y, "TOT")) for y in range(2011, 2025)
    ]
    hatched = {
        a.get_title(loc="left").strip(): [p.get_x() + 0.5 for p in a.patches] for a in drawn.axes
    }
    assert [years for years in hatched.values() if years] == [[2021.0]]
    marks = {
        a.get_title(loc="left").strip(): a.lines[1].get_xydata().tolist()
        for a in drawn.axes
        if len(a.lines) > 1
    }
    assert marks == {
        "Iran": [[2023, 59], [2023, 59]],
        "The United States": [[2011, 25], [2023, 25]],
    }
    changes = {
        a.get_title(loc="left").strip(): [x.get_text() for x in a.texts if x.get_text()]
        for a in drawn.axes
    }
    assert changes["Iran"] == ["+48%"]  # 40 to 59
    assert changes["The United States"] == []  # 2020 is not there
    assert all(
        a.get_ylim()[1]
        > max(y for line in a.lines for y in line.get_ydata()[~np.isnan(line.get_ydata())])
        for a in drawn.axes
        if a.lines
    )


def test_the_same_in_danish(asked):
    text, _ = shown(
        asked, pa.concat_tables([extract(IR=[(2021, None), (2023, 59)]), answered()]), "da"
    )
    for part in (
        "Optag af ph.d.-studerende om året, 2011–2024",
        "2021 155 diskretioneret",
        "Kilde: Register extract (20. november 2026); Danmarks Statistik",
        "Iran: optag i 2023, steget siden 2020 59 59",
        "Alle internationale: 15 færre fra 2020 til 2023 −1,1 pct. –",
        "omkring 25",
    ):
        assert part in text


def test_totals_alone_say_how_to_get_countries(asked):
    """What StatBank cannot give is said, with the command."""
    text, chart = shown(asked, answered())
    assert (
        "By country of origin, not shown: Statistics Denmark publishes no such PhD admissions."
        in text
    )
    assert "coauth admissions import FILE" in text
    assert "coauth admissions fetch" not in text
    assert "2024 170" in text
    assert [t.series for t in chart.draw(False).traces] == ["All PhD admissions in Denmark"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "StatBank had not answered when this report was written"),
        ("da", "Statistikbanken havde ikke svaret, da rapporten blev skrevet"),
    ],
)
def test_without_totals_the_report_says_so(asked, language, words):
    """No figure, one sentence, and the command that asks again; an extract is still shown."""
    text, chart = shown(asked, schemas.ADMISSIONS.empty(), language)
    assert words in text
    assert "coauth admissions fetch" in text
    assert chart is None
    text, chart = shown(asked, extract(CN=[(2020, 231)]), language)
    assert words in text
    assert chart is not None


def test_what_the_brief_states_is_beside_the_same_of_the_extract(asked):
    """Changes, levels and words as stated; of the extract only where it has the numbers."""
    text, _ = shown(
        asked,
        extract(
            CN=[(2020, 200), (2023, 100)],
            IR=[(2023, None)],
            international=[(2020, 0), (2023, 5)],
            RU=[(2020, 9)],
        ),
    )
    for line in (
        "China: a fall of around 90 persons from 2020 to 2023 −39% 200 to 100 (−50.0%)",
        "Iran: admissions in 2023, risen since 2020 59 –",
        "All international: 15 fewer from 2020 to 2023 −1.1% 0 to 5",
        "USA: a stable low level a year, 2011 to 2023 around 25 –",
        "Russia: stable from 2020 to 2023 stable –",
    ):
        assert f" | {line} | " in text


def test_two_extracts_are_two_series_and_not_compared(asked):
    """The same country from two sources is not added up, and nothing is picked."""
    other = extract(CN=[(2020, 90)]).to_pandas().assign(source="Another register")
    both = pa.concat_tables(
        [
            extract(CN=[(2020, 200), (2023, 100)]),
            schemas.ADMISSIONS.check(pa.Table.from_pandas(other, preserve_index=False)),
        ]
    )
    text, _ = shown(asked, both)
    assert "Year China, Register extract China, Another register" in text
    assert "China: a fall of around 90 persons from 2020 to 2023 −39% –" in text


def test_every_number_stated_is_in_the_data_it_was_carried_over_from(asked, real_records):
    """Persons and changes of the brief: no other number than those the reference file calls stated."""
    with (real_records / "reference" / "dfir_reference_values.csv").open(encoding="utf-8") as file:
        stated = {
            (r["series"], r["unit"]): r["value"]
            for r in csv.DictReader(file)
            if r["figure"] == "fig3" and r["kind"] == "stated"
        }
    names = {
        "CN": "China",
        "IR": "Iran",
        "US": "USA",
        "international": "all international",
        "RU": "Russia",
        "nordic": "Nordic",
        "europe": "Europe (EU incl. LI UK CH)",
    }
    words = {"level": "stable", "fell": "declined", "rose": "modest_increase"}
    shipped = [a for r in asked.references for a in r.admissions]
    assert len(shipped) == 7
    for a in shipped:
        series = names[a.country_code]
        if a.change is not None:
            assert float(stated[series, "percent"]) == pytest.approx(100 * a.change)
        elif a.persons is not None:
            assert int(stated[series, "persons"]) == a.persons
        else:
            assert stated[series, "qualitative"] == words[a.stated]


def test_another_country_and_an_invented_one(asked):
    """No brief and no StatBank is spoken of for the United States; the sample shows its own, and
    says what they are.
    """
    scope = asked.scope.model_copy(update={"countries": ("US",)})
    text, _ = shown(asked.model_copy(update={"scope": scope}), schemas.ADMISSIONS.empty())
    assert "no admissions were imported" in text
    assert not {"DFIR", "StatBank"} & set(re.findall(r"\w+", text))
    text, _ = shown(asked, sample.admissions(1), synthetic=True)
    assert "Source: SYNTHETIC SAMPLE (" in text
    assert "suppressed" in text
    assert not {"DFIR", "StatBank"} & set(re.findall(r"\w+", text))


# -- Figure 1 beside published counts


def method(asked, made, language="en", **changes):
    return told(methods.method(context(made, asked, language, **changes)))


def like_the_reference(asked, **changed):
    """Copublications by union as published, 5 % more of everything; `china={2016: 1}` changes a
    year.
    """
    reference = next(r for r in asked.references if r.counts)
    names = {
        (): "international",
        ("US",): "usa",
        ("CN",): "china",
        ("RU",): "russia",
        ("IR",): "iran",
    }
    rows = [
        {
            "year": y,
            "group_id": names[c.partners],
            "basis": "union",
            "works": changed.get(names[c.partners], {}).get(y, round(n * 1.05)),
            "works_low": 0.0,
            "works_high": 1e5,
            "base": "international",
            "preliminary": False,
        }
        for c in reference.counts
        for y, n in reference.works(c).items()
    ]
    return {"copublications": schemas.COPUBLICATIONS.of(rows)}


def test_the_method_note_says_how_figure_1_compares(asked):
    """Agreement, a series that differs by name, years that are not there, another country, and an
    invented world.
    """
    agreeing = method(asked, like_the_reference(asked))
    assert (
        "Figure 1 agrees with OpenAlex as of 27 August 2024: every change 2020–2023 has the same sign, and every level 2011–2022 is within 15%."
        in agreeing
    )
    assert "China +24.9% +24.9% +5% to +5% agrees" in agreeing
    differing = method(asked, like_the_reference(asked, iran={2023: 900}), "da")
    assert "Figur 1 afviger fra OpenAlex pr. 27. august 2024 for Iran:" in differing
    assert "Iran −13,5 pct. +33,3 pct. +5 til +5 pct. afviger" in differing
    late = like_the_reference(asked)
    years = late["copublications"].to_pandas()
    late["copublications"] = schemas.COPUBLICATIONS.check(
        pa.Table.from_pandas(years[years["year"] != 2020], preserve_index=False)
    )
    assert "As far as both have the same years, Figure 1 agrees" in method(asked, late)
    scope = asked.scope.model_copy(update={"countries": ("SE",)})
    abroad = method(asked.model_copy(update={"scope": scope}), like_the_reference(asked))
    assert "For works of Sweden no published counts are known here" in abroad
    assert "Invented works are held against nothing." in method(asked, {}, synthetic=True)
