"""The report: every number on the page is one of the tables', in both languages, for full, thin and
empty worlds.
"""

from __future__ import annotations

import ast
import csv
import html
import re
import tomllib
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matplotlib.figure import Figure

from coauth import queries
from coauth.errors import NotFound
from coauth.report import document, text
from coauth.report.data import flags as cues
from coauth.report.data import frames
from coauth.report.render.html import Chart, Text
from coauth.report.sections import compose
from coauth.stats import counts as counted
from coauth.tables import schemas
from coauth.tables.contract import MARK
from tests.support import disclosure_audit, page_reader
from tests.support.commands import CHECKOUT
from tests.support.paper import Paper, squeezed
from tests.support.reports import about
from tests.support.sheets import empty_sheets
from tests.support.world import WORK_ROW

ROOT = CHECKOUT
PACKAGE = ROOT / "coauth" / "report"
YEARS = range(2011, 2025)
KU, DTU, BEIHANG, HIT, LUND = "I1", "I2", "I82880672", "I204983213", "I5"
COUNTS = {
    "europe": 7000,
    "nordic": 2500,
    "usa": 3000,
    "russia": 300,
    "iran": 200,
    "international": 10000,
}


@pytest.fixture(scope="session")
def asked() -> queries.Queries:
    return queries.load(ROOT / "queries")


def copublished() -> list[dict[str, object]]:
    """China rises by a quarter, as evenly in all years, the list falls by a sixth from 96: too few
    to be told from chance.
    """
    rows = []
    for year in YEARS:
        works = COUNTS | {
            "china": round(2996 + (3742 - 2996) * (year - 2020) / 3),
            "list:miit": {2020: 96, 2023: 80}.get(year, 60),
        }
        for group, n in works.items():
            for basis in (
                ("institution",) if group.startswith("list:") else ("institution", "union")
            ):
                share = n / COUNTS["international"]
                rows.append(
                    {
                        "year": year,
                        "group_id": group,
                        "basis": basis,
                        "works": n,
                        "works_low": n * 0.9,
                        "works_high": n * 1.1,
                        "base": "international",
                        "share": share,
                        "share_low": share * 0.9,
                        "share_high": min(1.0, share * 1.1),
                        "preliminary": year >= 2024,
                    }
                )
    return rows


def work(i: int, year: int) -> dict[str, object]:
    return WORK_ROW | {"work_id": f"W{i}", "title": f"Work {i}", "year": year}


def institution(i: str, name: str, country: str, **more: object) -> dict[str, object]:
    return {
        "institution_id": i,
        "name": name,
        "country_code": country,
        "is_domestic": country == "DK",
        "lineage": [i],
        "rolled_up_from": [],
        "works": 10,
        "author_works": 2.5,
        "author_works_matched": 2.5,
    } | more


def shift(
    i: str,
    before: float,
    after: float,
    low: float,
    high: float,
    verdict: str,
    q: float,
    variant: str = "k",
) -> dict[str, object]:
    return {
        "institution_id": i,
        "measure": "strength_share",
        "counting": "newman",
        "variant": variant,
        "before_first": 2018,
        "before_last": 2020,
        "after_first": 2022,
        "after_last": 2024,
        "before": before,
        "after": after,
        "change": after - before,
        "low": low,
        "high": high,
        "p_value": q,
        "q_value": q,
        "verdict": verdict,
        "reason": "because",
    }


def flagged(
    year: int, foreign: str, entry: str, works: int, listed: int | None
) -> dict[str, object]:
    return {
        "year": year,
        "source": DTU,
        "target": foreign,
        "domestic_pair": True,
        "kind": "watchlist",
        "list_id": "miit",
        "entry_id": entry,
        "works": works,
        "works_listed": listed,
        "weight": float(works),
    }


def full() -> dict[str, pa.Table]:
    """A world worked out by hand: 42 works, four institutions, every section with something to say."""
    works = [work(i, 2011 + i % 14) for i in range(42)]
    first = works[12]["work_id"]  # of 2023, with Beihang
    ends = {"source": DTU, "target": BEIHANG}
    evidence = {
        "kind": "watchlist",
        "list_id": "miit",
        "entry_id": "beihang",
        "work_id": first,
        "matched_id": BEIHANG,
        "match_method": "id",
        "listed_at_publication": "unknown",
    }
    window = {"first_year": 2022, "last_year": 2024}
    return {
        "works": schemas.WORKS.of(works),
        "institutions": schemas.INSTITUTIONS.of(
            [
                institution(KU, "University of Copenhagen", "DK", ror="https://ror.org/035b05819"),
                institution(DTU, "Technical <University> of Denmark", "DK"),
                institution(BEIHANG, "Beihang University", "CN"),
                institution(HIT, "Harbin Institute of Technology", "CN"),
                institution(LUND, "Lund University", "SE"),
            ]
        ),
        "affiliations": schemas.AFFILIATIONS.of(
            [
                {
                    "work_id": first,
                    "institution_id": i,
                    "harvested_ids": [i],
                    "author_share": 0.5,
                    "is_domestic": i == DTU,
                }
                for i in (DTU, BEIHANG)
            ]
        ),
        "listed": schemas.LISTED.of(
            [
                {
                    "institution_id": i,
                    "list_id": "miit",
                    "entry_id": e,
                    "match_method": "id",
                    "standing": "assessment",
                    "listed_today": True,
                }
                for i, e in ((BEIHANG, "beihang"), (HIT, "hit"))
            ]
        ),
        "copublications": schemas.COPUBLICATIONS.of(copublished()),
        "memberships": schemas.MEMBERSHIPS.of(
            [
                {
                    "year": w["year"],
                    "group_id": g,
                    "basis": "institution" if g == "list:miit" else "union",
                    "work_id": w["work_id"],
                }
                for w in works
                if w["year"] >= 2022
                for g in ("international", "china", "list:miit")  # type: ignore[operator]
            ]
        ),
        "technologies": schemas.TECHNOLOGIES.of(
            [
                {
                    "work_id": first,
                    "list_id": "aspi44",
                    "technology_id": "nanoscale_materials",
                    "basis": "topic",
                    "topic_id": "T1",
                    "title_only": False,
                }
            ]
        ),
        "coverage": schemas.COVERAGE.of(
            [
                {
                    "year": y,
                    "publisher": p,
                    "field_id": None,
                    "works": 100,
                    "authorships": 1000,
                    "authorships_with_institution": 950 if y < 2021 else 900,
                    "works_complete": 80 if y < 2021 else 60,
                }
                for y in YEARS
                for p in ("Press A", None)
            ]
        ),
        "flags": schemas.FLAGS.of(
            [
                flagged(2019, HIT, "hit", 2, None),
                flagged(2022, BEIHANG, "beihang", 3, 3),
                flagged(2023, BEIHANG, "beihang", 4, 2),
            ]
        ),
        "evidence": schemas.EVIDENCE.of([{"year": 2023, **ends, **evidence}]),
        "pairs": schemas.PAIRS.of(
            [
                {
                    **window,
                    **ends,
                    "works": 7,
                    "ric": 2.53,
                    "ric_low": 1.2,
                    "ric_high": 5.3,
                    "association_strength": 1.0,
                }
            ]
        ),
        "edges": schemas.EDGES.of(
            [
                {
                    "year": 2023,
                    **ends,
                    "works": 7,
                    "weight": 10.0,
                    "strict_weight": 7.0,
                    "author_weight": 7.0,
                    "works_k": 6,
                    "weight_k": 9.0,
                    "strict_weight_k": 6.0,
                    "author_weight_k": 6.0,
                }
            ]
        ),
        "centrality": schemas.CENTRALITY.of(
            [
                {
                    **window,
                    "institution_id": KU,
                    "measure": "strength",
                    "counting": "newman",
                    "variant": "k",
                    "value": 1234.0,
                    "low": 1200.0,
                    "high": 1270.0,
                    "rank": 1,
                },
                *(
                    {
                        "first_year": y - 2,
                        "last_year": y,
                        "institution_id": i,
                        "measure": "strength_share",
                        "counting": "newman",
                        "variant": "k",
                        "value": 0.08 / n,
                        "low": 0.07 / n,
                        "high": 0.09 / n,
                        "rank": n,
                        "rank_low": max(1, n - wide),
                        "rank_high": n + wide,
                    }
                    for y in (2020, 2024)
                    for n, (i, wide) in enumerate(((KU, 0), (DTU, 1), (BEIHANG, 3)), 1)
                ),
            ]
        ),
        "benefits": schemas.BENEFITS.of(
            [
                {
                    "year": 2023,
                    "cue": c,
                    "field_id": f,
                    "works": n,
                    "works_ranked": n - 1,
                    "works_top_10": t,
                    "works_company": 2,
                }
                for c, f, n, t in (
                    ("none", "17", 30, 3),
                    ("none", None, 5, 1),
                    ("watchlist:miit", "25", 7, 2),
                )
            ]
        ),
        "shifts": schemas.SHIFTS.of(
            [
                shift(KU, 0.08, 0.07, -0.015, -0.005, "fell", 0.01),
                shift(KU, 0.08, 0.071, -0.014, -0.004, "fell", 0.01, "reweighted"),
                shift(DTU, 0.05, 0.06, -0.002, 0.022, "no clear change", 0.3),
                shift(BEIHANG, 0.0, 0.001, 0.0005, 0.002, "rose", 0.0001),
                shift(LUND, 0.02, 0.01, -0.012, -0.008, "not comparable: coverage", 0.0001),
            ]
        ),
        "events": schemas.EVENTS.of(
            [
                {
                    "series": "china",
                    "event_id": "uris",
                    "period": "year",
                    "method": "segmented",
                    "lag": 1,
                    "level_change": -0.2,
                    "slope_change": 0.01,
                    "low": -0.5,
                    "high": 0.1,
                    "power": 0.31,
                    "works_needed": None,
                    "works_before": 1500,
                    "works_after": 300,
                    "left_out": 0,
                    "dispersion": 2.0,
                    "autocorrelation": 0.4,
                },
                {
                    "series": "list:miit",
                    "event_id": "uris",
                    "period": "quarter",
                    "method": "did",
                    "lag": 0,
                    "level_change": -0.2,
                    "low": -0.5,
                    "high": 0.1,
                    "power": 0.31,
                    "works_needed": 221.0,
                    "works_before": 300,
                    "works_after": 80,
                    "left_out": 12,
                    "dispersion": 1.0,
                    "autocorrelation": 0.4,
                    "pre_trend": 0.01,
                    "pre_trend_p": 0.4,
                },
            ]
        ),
        "matches": schemas.MATCHES.of(
            [
                {
                    "series": "list:miit",
                    "event_id": "uris",
                    "institution_id": BEIHANG,
                    "control_id": LUND,
                    "works_before": 40,
                    "control_works_before": 50,
                    "field_distance": 0.31,
                },
                {
                    "series": "list:miit",
                    "event_id": "uris",
                    "institution_id": HIT,
                    "works_before": 70,
                },
            ]
        ),
        "admissions": schemas.ADMISSIONS.of(
            [
                {
                    "year": y,
                    "country_code": c,
                    "admissions": None if (c, y) == ("IR", 2021) else 50 + y - 2011,
                    "suppressed": (c, y) == ("IR", 2021),
                    "source": "register extract",
                    "retrieved": date(2026, 1, 2),
                }
                for y in range(2018, 2024)
                for c in ("CN", "IR", "total")
            ]
        ),
        "revisions": schemas.REVISIONS.of(
            [
                {"against": "2026-08-20", "series": "china", "year": 2023, "cause": c, "works": n}
                for c, n in (("added", 41), ("removed", -7))
            ]
        ),
    }


def picture() -> Figure:
    figure = Figure(figsize=(4, 3))
    figure.subplots().plot([1, 2], [2, 1])
    return figure


def build(
    made: dict[str, pa.Table],
    folder: Path,
    asked: queries.Queries,
    language: str = "en",
    **changes: object,
) -> str:
    paths = document.build(
        made,
        folder,
        queries=asked,
        about=about(**changes),
        language=language,
        picture=picture() if made else None,
        links={"gexf": "network.gexf"},
    )
    assert all(p.exists() for p in paths)
    return paths[0].read_text("utf-8")


@pytest.fixture(scope="session")
def page(asked: queries.Queries, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("report")
    return build(full(), folder, asked), folder


@pytest.fixture(scope="session")
def danish(asked: queries.Queries, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("rapport")
    return build(full(), folder, asked, "da"), folder


@pytest.fixture(scope="session")
def marked(
    asked: queries.Queries, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str, Path]:
    """The synthetic edition in English and Danish, side by side in one folder."""
    folder = tmp_path_factory.mktemp("sample")
    english = build(full(), folder, asked, "en", synthetic=True)
    with empty_sheets():
        return english, build(full(), folder, asked, "da", synthetic=True), folder


def thin() -> dict[str, pa.Table]:
    return {k: t for k, t in full().items() if k in ("works", "coverage", "copublications")}


def plain(page: str) -> str:
    """What a reader sees, figures apart."""
    kept = re.sub(r"<(style|svg|script)\b.*?</\1>", " ", page, flags=re.DOTALL)
    kept = re.sub(r"</?data\b[^>]*>", "", kept)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", kept)).replace("\xa0", " ").split())


# -- words


def test_both_languages_have_the_same_keys_and_fill_the_same_places() -> None:
    english, danish = (text.Words(x).entries for x in ("en", "da"))
    assert set(english) == set(danish)
    for key, sentence in english.items():
        wanted, given = (set(re.findall(r"{(\w+)}", s)) for s in (sentence, danish[key]))
        assert given <= wanted | ({"home"} if key == "head.title" else set()), key


def test_every_word_is_used_and_every_word_asked_for_is_there() -> None:
    literal, patterns = (
        set(),
        [
            re.compile(
                r"(legend|country|institution|field|reason|type|format_name|topic_model|status|group|matched)\..+"
            )
        ],
    )
    for path in [*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "count").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                literal.add(node.value)
            if isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(v.value) if isinstance(v, ast.Constant) else "[A-Za-z0-9_-]*"
                    for v in node.values
                ]
                if parts and re.match(r"[a-z_]+\\\.", parts[0]):
                    patterns.append(re.compile("".join(parts)))
    for template in PACKAGE.rglob("*.html"):
        asked = template.read_text("utf-8")
        literal |= set(re.findall(r"""words\(["']([\w.]+)["']""", asked))
        patterns += [
            re.compile(f"{re.escape(start)}[A-Za-z0-9_-]*")
            for start in re.findall(r"""words\(["']([\w.]+_)["'] ~""", asked)
        ]
    known = set(text.Words("en").entries)
    unused = sorted(
        k for k in known if k not in literal and not any(p.fullmatch(k) for p in patterns)
    )
    assert not unused
    sections = set(tomllib.loads((PACKAGE / "words" / "en.toml").read_text("utf-8")))
    asked_for = {
        k
        for k in literal
        if re.fullmatch(r"[a-z_]+\.[a-z0-9_]*[a-z0-9]", k) and k.split(".")[0] in sections
    }
    assert sorted(asked_for - known) == []


def test_no_text_speaks_of_risk_scores(page: tuple[str, Path], danish: tuple[str, Path]) -> None:
    for shown in (page[0], danish[0]):
        assert "risk" not in plain(shown).lower()
        assert "risiko" not in plain(shown).lower()


def test_an_unknown_language_names_those_there_are(asked: queries.Queries, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there are: da, en"):
        build(full(), tmp_path, asked, "sv")


# -- numbers


def test_the_headlines_are_the_tables_numbers(
    page: tuple[str, Path], asked: queries.Queries
) -> None:
    shown = plain(page[0])
    told = counted.compare_counts(
        2996, 3742, 0.95, frames.beyond(full(), "china", asked, (2020, 2023))
    )
    assert (
        f"China: works, 2020 to 2023 +{100 * told.ratio:.0f}% 95% interval: +{100 * told.low:.0f}% to +{100 * told.high:.0f}%"
        in shown
    )
    assert "2,996 works in 2020, 3,742 in 2023: a rise larger than chance" in shown
    assert (
        "International works, 2023 10,000 95% interval: 9,000 to 11,000" in shown
    )  # 2024 is preliminary


def test_what_cannot_be_told_from_chance_is_no_number(page: tuple[str, Path]) -> None:
    found = re.search(
        r'<div class="headline unsure">\s*<h2>The seven MIIT universities.*?<p class="value">(.*?)</p>',
        page[0],
        re.DOTALL,
    )
    assert found
    assert found[1] == "No clear change"
    low, high = counted.compare_counts(96, 80, 0.95)[3:5]
    assert low < 0 < high


def test_the_smallest_fall_is_the_smallest() -> None:
    fall = frames.smallest_fall(96, 0.95)
    assert fall is not None
    after = round(96 * (1 - fall))
    assert (
        counted.compare_counts(96, after, 0.95).high
        < 0
        <= counted.compare_counts(96, after + 1, 0.95).high
    )
    assert frames.smallest_fall(0, 0.95) is None
    assert frames.smallest_fall(3, 0.95) is None
    assert frames.works_for_quarter_fall(0.95) == 115


def test_a_flagged_pair_is_told_with_all_it_rests_on(page: tuple[str, Path]) -> None:
    shown = plain(page[0])
    assert (
        "Technical <University> of Denmark Beihang University 7 3, 4, 0 2022 Materials (indicative) 1 2.5 (1.2 to 5.3) 5"
        in shown
    )
    assert "coauth explain I2 I82880672 --year 2022-2024" in shown
    assert (
        "Of 2 flagged pairs with works in 2019–2021 or 2022–2024, 1 have them in 2022–2024 only (new) and 1 in 2019–2021 only (gone); 0 grew and 0 shrank"
        in shown
    )
    # of two pairs whose works come in one year each, nothing is beyond what bursts do
    assert "New Technical <University> of Denmark Beihang University 0 7 –" in shown
    assert "Gone Technical <University> of Denmark Harbin Institute of Technology 2 0 –" in shown


def test_pairs_are_not_compared_with_years_that_were_not_measured(asked: queries.Queries) -> None:
    """Measured from 2020 on, the three years before 2022 are two: fewer works in them say nothing."""
    late = asked.model_copy(update={"scope": asked.scope.model_copy(update={"first_year": 2020})})
    assert len(cues.moved(full(), asked)) == 2
    assert cues.moved(full(), late).empty


def test_a_year_without_list_dates_makes_the_sum_unknown(asked: queries.Queries) -> None:
    flags = schemas.FLAGS.of(
        [flagged(2022, BEIHANG, "beihang", 3, 3), flagged(2023, BEIHANG, "beihang", 4, None)]
    )
    row = cues.cues(full() | {"flags": flags}, asked).iloc[0]
    assert row["works"] == 7
    assert row["works_listed"] != row["works_listed"]
    dated = schemas.FLAGS.of(
        [flagged(2022, BEIHANG, "beihang", 3, 3), flagged(2023, BEIHANG, "beihang", 4, 1)]
    )
    assert cues.cues(full() | {"flags": dated}, asked).iloc[0]["works_listed"] == 4


def test_coverage_is_said_beside_the_first_numbers(
    page: tuple[str, Path], danish: tuple[str, Path]
) -> None:
    header = page[0].split("<nav")[0]
    assert (
        "Coverage fell: 95.0% of authorships had an institution in 2020, 90.0% in 2023."
        in plain(header)
    )
    assert (
        "Dækningen faldt: 95,0 pct. af forfatterskaberne havde en institution i 2020, 90,0 pct. i 2023."
        in plain(danish[0])
    )


def test_verdicts_and_power_are_in_words(page: tuple[str, Path], danish: tuple[str, Path]) -> None:
    shown = plain(page[0])
    assert (
        "University of Copenhagen 8.00% 7.00% −1.00 (−1.50 to −0.50) −0.90 (−1.40 to −0.40) 0.010 fell: also when weighted"
        in shown
    )
    assert (
        "of 4 institutions: 1 rose, 1 fell, 1 no clear change and 1 not comparable (coverage)."
        in shown
    )
    assert "no step seen (weak)" in shown
    assert "1 steg, 1 faldt, 1 ingen klar ændring og 1 kan ikke sammenlignes (dækning)." in plain(
        danish[0]
    )


def test_the_dfir_statements_stand_beside_real_data_only(
    page: tuple[str, Path], marked: tuple[str, str, Path]
) -> None:
    assert "China: still rising, more slowly (2020 to 2023) 2020: 2,996 2023: 3,742" in plain(
        page[0]
    )
    assert "Beside DFIR" not in marked[0]


def test_revisions_admissions_and_losses_are_told(page: tuple[str, Path]) -> None:
    shown = plain(page[0])
    assert "China 2023 3,708 +41 −7 3,742" in shown
    assert "suppressed" in shown
    assert "Records read 12,400 Left out: type not asked for −55 Works in scope 12,345" in shown
    assert "Works counted 12,340" in shown


def test_danish_numbers_and_names_are_danish(danish: tuple[str, Path]) -> None:
    shown = plain(danish[0])
    assert "2.996 publikationer i 2020, 3.742 i 2023" in shown
    assert "Københavns Universitet" in shown
    assert "foreløbige tal (2024)" in shown
    for word in ("Figur 1.", "Tabel 1.", "Kilde:", "Anm.:", "egne beregninger"):
        assert word in shown
    assert not re.search(r"pct\.\.|\d%", shown)


def test_no_english_is_left_in_the_danish_edition(sample_root: Path) -> None:
    """Names of institutions apart: neither where it is read nor in what is told to a screen page_reader."""
    folder = next((sample_root / "reports").glob("SYNTHETIC-SAMPLE-*"))
    made = pq.read_table(
        next((sample_root / "cache").glob("*/tables")) / "institutions.parquet", columns=["name"]
    )
    named = sorted({n.partition(" [")[0] for n in made["name"].to_pylist()}, key=len, reverse=True)
    names = re.compile("|".join(map(re.escape, named)))
    english = re.compile(
        r"\b(the|of|and|with|works?|from|not|shares?|years?|this|which|are|unknown|source|invented)\b",
        re.IGNORECASE,
    )
    page = disclosure_audit.page(folder / "report.da.html")
    told = page.xpath(
        "//text()[not(ancestor::script or ancestor::style or ancestor::code or parent::*[name() = 'text' or name() = 'tspan'])]"
    )
    told += [
        value
        for e in page.iter("*")
        for name, value in e.items()
        if name in disclosure_audit.SPOKEN
    ]
    left = {
        m[0]: str(t) for t in told if (m := english.search(names.sub("", " ".join(str(t).split()))))
    }
    assert left == {}
    assert english.search("coauth: share of works")


@empty_sheets()
def test_an_incomplete_harvest_says_so_first(asked: queries.Queries, tmp_path: Path) -> None:
    shown = build(thin(), tmp_path, asked, complete=False)
    assert "No number here is final." in shown.split("<nav")[0]
    assert "NOT complete" in shown


# -- form


class Balanced(HTMLParser):
    """Every tag closed by its own, ids given once, cells as many as columns."""

    VOID = frozenset(("meta", "img", "br", "hr", "link", "input"))

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.anchors: list[str] = []
        self.resources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self._attributes(attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._attributes(attrs)

    def _attributes(self, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.anchors += [
            a[1:]
            for a in (found.get("href") or "", found.get("xlink:href") or "")
            if a.startswith("#")
        ]
        self.resources += [str(found[k]) for k in ("src", "href", "xlink:href") if k in found]

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag


@pytest.mark.parametrize("which", [0, 1, None])
def test_the_page_is_well_formed_and_loads_nothing(
    which: int | None, marked: tuple[str, str, Path], asked: queries.Queries, tmp_path: Path
) -> None:
    folder = tmp_path if which is None else marked[2]
    shown = build({}, folder, asked, synthetic=True) if which is None else str(marked[which])
    parsed = Balanced()
    parsed.feed(shown)
    assert parsed.open == []
    assert len(parsed.ids) == len(set(parsed.ids))
    assert set(parsed.anchors) <= set(parsed.ids)
    assert not [
        r
        for r in parsed.resources
        if re.match(r"[a-z]+:", r) and not r.startswith("data:image/png")
    ]
    assert all((folder / r).exists() for r in parsed.resources if r.startswith("tables/"))
    assert not re.search(
        r'<script(?! type="(module|application/json)")|<link|@import|url\((?!#)', shown
    )
    assert str(folder) not in shown
    assert str(ROOT) not in shown


def test_every_figure_has_words_and_a_table_behind_it(page: tuple[str, Path]) -> None:
    shown, folder = page
    parts = re.findall(r"<figure>.*?</figure>", shown, re.DOTALL)
    assert re.findall(r"Figure (\d+)\.", "".join(p[:200] for p in parts)) == [
        "1",
        "2",
        "3",
        *map(str, range(4, 4 + len(parts) - 3)),
    ]
    assert len(parts) == 13
    for n, part in enumerate(parts, 1):
        assert re.search(r'(aria-label|alt)="[^"]{30,}"', part)
        assert "<figcaption>" in part
        with (folder / "tables" / f"figure-{n}.csv").open(encoding="utf-8") as file:
            assert len(list(csv.reader(file))) > 1
        for suffix in ("svg", "png"):
            assert (folder / "figures" / f"figure-{n}.{suffix}").stat().st_size > 500


def test_figures_carry_the_statement_their_numbers_come_from(
    page: tuple[str, Path], asked: queries.Queries
) -> None:
    assert (page[1] / "tables" / "figure-1.sql").read_text("utf-8") == asked.sql["copublications"]


def test_the_csv_is_the_table(page: tuple[str, Path]) -> None:
    with (page[1] / "tables" / "figure-1.csv").open(encoding="utf-8") as file:
        rows = {(r["group_id"], r["year"]): r for r in csv.DictReader(file)}
    assert len(rows) == 6 * len(YEARS)
    assert rows["china", "2023"]["works"] == "3742"
    assert rows["china", "2024"]["preliminary"] == "True"


def test_rows_have_as_many_cells_as_columns(page: tuple[str, Path]) -> None:
    for table in re.findall(r"<table\b.*?</table>", page[0], re.DOTALL):
        counts = {
            len(re.findall(r"<t[hd]\b", row))
            for row in re.findall(r"<tr\b.*?</tr>", table, re.DOTALL)
        }
        assert len(counts) == 1


# -- paper


@pytest.mark.parametrize("language", ["en", "da"])
def test_the_pdf_holds_all_that_the_page_does(
    language: str, page: tuple[str, Path], danish: tuple[str, Path], asked: queries.Queries
) -> None:
    """Headlines, paragraphs, captions, notes and every row of every table, the ones folded away
    behind figures included.
    """
    words = text.Words(language)
    folder, name = (page[1], "report.pdf") if language == "en" else (danish[1], "report.da.pdf")
    made = compose(
        full(),
        asked,
        about(),
        words,
        picture(),
        None,
        {"pdf": name, "gexf": "network.gexf"},
    )
    paper = Paper((folder / name).read_bytes())
    parts = [p for s in made.sections for p in s.parts]
    charts, grids = (
        [p for p in parts if isinstance(p, Chart)],
        [p.grid for p in parts if not isinstance(p, Text) and p.grid],
    )
    told = [
        made.title,
        made.kicker,
        made.edition,
        made.data_line,
        words("head.footer"),
        *(n.text for n in made.notes),
    ]
    told += [v for h in made.headlines for v in (h.label, h.value, h.interval, h.sentence, h.since)]
    told += [
        v for p in parts for v in ((p.term, p.text) if isinstance(p, Text) else (p.title, *p.notes))
    ]
    told += [
        "".join(row) for grid in grids for row in ([c.title for c in grid.columns], *grid.rows)
    ]
    assert [
        t for t in told if squeezed(t) not in paper.squeezed and squeezed(t) not in paper.flow
    ] == []
    assert len(told) > 150
    assert [e["/Alt"] for e in paper.elements("/Figure")] == [c.alt for c in charts]
    assert len(paper.elements("/Table")) == len(grids)
    assert [o.title.partition(". ")[2] for o in paper.read.outline] == [
        *(s.title for s in made.sections),
        words("pdf.appendix"),
    ]
    assert paper.root["/Lang"] == language
    assert str(paper.read.metadata.creation_date)[:10] == "2026-11-20"
    assert paper.read.metadata.author is None
    assert not re.search(r"\b([Nn]a[Nn]|None|inf)\b|\{\w+\}", " ".join(paper.texts))
    assert not paper.boxed
    assert 8 <= len(paper.pages) <= 20
    assert min(map(len, paper.texts)) > 300


# -- worlds


def test_a_synthetic_world_is_marked_in_every_file(marked: tuple[str, str, Path]) -> None:
    for shown in marked[:2]:
        assert re.search(f"<title>{MARK}", shown)
        assert f'class="mark" role="note"><strong>{MARK}' in shown
        for figure in re.findall(r"<svg\b.*?</svg>", shown, re.DOTALL):
            assert MARK in figure
    for name in ("report.pdf", "report.da.pdf"):
        paper = Paper((marked[2] / name).read_bytes())
        assert paper.read.metadata.title.startswith(f"{MARK}: ")
        assert all(MARK in text for text in paper.texts)
    files = [p for p in marked[2].rglob("*") if p.is_file() and not p.name.startswith("report.")]
    assert all(p.name.startswith("SYNTHETIC-SAMPLE-") for p in files)
    for path in files:
        if path.suffix == ".csv":
            assert path.read_text("utf-8").lstrip('"').startswith(f"{MARK}: ")
        if path.suffix == ".svg":
            assert MARK in path.read_text("utf-8")


@pytest.mark.parametrize("language", ["en", "da"])
def test_an_empty_world_says_so_in_every_section(
    language: str, asked: queries.Queries, tmp_path: Path
) -> None:
    shown = build({}, tmp_path, asked, language, records=0, works=0, dropped={}, excluded={})
    assert shown.count("<section") == 16
    assert "<figure>" not in shown
    assert "nan" not in plain(shown).lower().split()


@empty_sheets()
def test_another_country_with_next_to_nothing(asked: queries.Queries, tmp_path: Path) -> None:
    scope = asked.scope.model_copy(update={"countries": ("US",)})
    rows = [
        r | {"works": n, "works_low": 0.0, "works_high": 4.0}
        for r in copublished()
        if r["group_id"] in ("international", "china")
        for n in [1 if r["year"] == 2015 else 0]
    ]
    made = {
        "copublications": schemas.COPUBLICATIONS.of(rows),
        "works": schemas.WORKS.of([work(1, 2015)]),
    }
    shown = plain(
        build(
            made,
            tmp_path,
            asked.model_copy(update={"scope": scope}),
            title="The United States' works",
        )
    )
    assert "an institution in the United States" in shown
    assert "Denmark" not in shown.replace("Statistics Denmark", "")
    assert "from or to 0 no relative change can be given" in shown
    assert (
        "International works, 2023 0 95% interval: 0 to 4 No works with an institution in the United States"
        in shown
    )
    assert "–%" not in shown


@empty_sheets()
def test_no_lists_no_technologies_no_preliminary_year(
    asked: queries.Queries, tmp_path: Path
) -> None:
    bare = asked.model_copy(
        update={
            "watchlists": (),
            "technologies": (),
            "scope": asked.scope.model_copy(update={"preliminary_years": 0}),
        }
    )
    shown = plain(build(thin(), tmp_path, bare))
    assert "No watchlist is enabled" in shown
    assert "International works, 2024" in shown


def test_same_tables_same_bytes(
    marked: tuple[str, str, Path], asked: queries.Queries, tmp_path: Path
) -> None:
    build(full(), tmp_path, asked, synthetic=True)
    with empty_sheets():
        build(full(), tmp_path, asked, "da", synthetic=True)
    again = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert len(again) > 60
    assert [
        p.name
        for p in again
        if p.read_bytes() != (marked[2] / p.relative_to(tmp_path)).read_bytes()
    ] == []


# -- every number


def names(asked: queries.Queries, made: dict[str, pa.Table]) -> set[str]:
    """Texts that may hold digits of their own: names, sources and versions of the queries, and
    names in the tables.
    """
    return {
        asked.model_dump_json(exclude={"sql"}),
        *made["institutions"]["name"].to_pylist(),
        *made["works"]["publisher"].drop_null().to_pylist(),
    }


@pytest.mark.parametrize("language", ["en", "da"])
def test_every_number_is_a_cell_of_its_csv(
    language: str, page: tuple[str, Path], danish: tuple[str, Path], asked: queries.Queries
) -> None:
    shown, folder = page if language == "en" else danish
    assert page_reader.wrong(shown, folder, language) == []
    assert page_reader.bare_digits(shown, language, names(asked, full())) == set()
    assert not re.search(r"\b(NaN|nan|None|inf)\b|[\ue000-\ue002]", plain(shown))


@pytest.mark.parametrize("language", ["en", "da"])
def test_every_number_of_the_sample_is_a_cell_of_its_csv(
    language: str, sample_root: Path, asked: queries.Queries
) -> None:
    folder = next((sample_root / "reports").glob("SYNTHETIC-SAMPLE-*"))
    vintage = next((sample_root / "cache").glob("*/tables"))
    made = {name: pq.read_table(vintage / f"{name}.parquet") for name in ("institutions", "works")}
    shown = (folder / ("report.html" if language == "en" else "report.da.html")).read_text("utf-8")
    assert page_reader.wrong(shown, folder, language) == []
    assert (
        page_reader.bare_digits(
            shown, language, names(asked, made) | {(folder / "run.json").read_text("utf-8")}
        )
        == set()
    )
    assert not re.search(r"\b(NaN|nan|None|inf)\b|[\ue000-\ue002]", plain(shown))


def test_a_wrong_number_is_found(page: tuple[str, Path]) -> None:
    shown, folder = page
    marks = list(re.finditer(r'<data value="([^"]+)"', shown.split("<script")[0]))
    assert len(marks) > 500
    for mark in marks[:: len(marks) // 12]:
        assert page_reader.wrong(
            f"{shown[: mark.start(1)]}{2 * float(mark[1]) + 0.37}{shown[mark.end(1) :]}",
            folder,
            "en",
        )
    assert page_reader.wrong(shown.replace(">2,996<", ">2,997<", 1), folder, "en")
    assert page_reader.bare_digits(
        shown.replace("Coverage fell", "Coverage fell by 8.7", 1), "en", set()
    ) >= {"8.7"}
