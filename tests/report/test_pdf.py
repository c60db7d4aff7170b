"""The report on paper: any page that can be said can be set, and nothing of it is lost, cut or run."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from coauth.report.render import pdf
from coauth.report.render.html import (
    Chart,
    Column,
    Grid,
    Headline,
    Listing,
    Page,
    Section,
    Text,
    Writer,
)
from coauth.report.text import Words, languages
from coauth.tables.contract import MARK
from tests.support.paper import Paper, squeezed

DAY = date(2026, 11, 20)
ABROAD = "Łódź, İstanbul, Šiauliai, Universität Zürich, Ångström, Øresund, Đà Nẵng, Χανιά, Київ – −3 → ≥ 5 × ∞"
MARGIN = 17 / 25.4 * 72


def drawn(wide: bool = True, label: str = "Works") -> Figure:
    figure = Figure(figsize=(7.5, 2 if wide else 12))
    axes = figure.subplots()
    axes.plot([1, 2], [2, 1])
    axes.set_title(label)
    return figure


def page(text: str = "Works", parts: tuple = ()) -> Page:
    frame = pd.DataFrame({"year": [2020]})
    grid = Grid(
        (Column(text, number=False), Column("Works")), [[text, "1"], ["b", "2"]], caption=text
    )
    parts = parts or (
        Text(text),
        Text(text, "note"),
        Text(text, "caution", term=text),
        Text(text, "none"),
        Text(text, "command"),
        Chart(
            text,
            f"Alt: {text}",
            frame,
            draw=lambda _: drawn(),
            grid=grid,
            notes=(text, "Source: us."),
        ),
        Chart(text, f"Still: {text}", frame, still=drawn(wide=False)),
        Listing(text, grid, frame, notes=(text,)),
    )
    headlines = tuple(
        Headline(text, text, interval, text, text, sure)
        for interval in ("", "95% interval")
        for sure in (True, False)
    )
    return Page(
        text, text, text, text, text, headlines, (Text(text),), (Section("s", text, parts),)
    )


def typeset(made: Page, folder: Path, language: str = "en", mark: str = "") -> bytes:
    words = Words(language)
    return pdf.typeset(
        made, Writer(folder, words, {}, synthetic=bool(mark)).draw(made), words, day=DAY, mark=mark
    )


def set_only(made: Page, language: str = "en") -> bytes:
    """Set a page without charts, of which no file is written."""
    numbered = [
        (s, [{"part": p, "number": "Table 1", "csv": ""} for p in s.parts]) for s in made.sections
    ]
    return pdf.typeset(made, numbered, Words(language), day=DAY, mark="")


def inside(paper: Paper) -> bool:
    """Every sign stands between the margins."""
    for n, read in enumerate(paper.read.pages):
        width = float(read.mediabox.width)
        assert all(b[0] > MARGIN - 3 and b[2] < width - MARGIN + 3 for b in paper.boxes(n)), n
    return True


def test_every_part_of_a_page_is_set(tmp_path):
    """Title, language, day, bookmarks, alt texts, tables; no author and no clock."""
    data = typeset(page(), tmp_path, "da", MARK)
    paper = Paper(data)
    about = paper.read.metadata
    assert about.title == f"{MARK}: Works, Works"
    assert about.author is None
    assert about.creation_date.date() == about.modification_date.date() == DAY
    assert paper.root["/Lang"] == "da"
    assert [o.title for o in paper.read.outline] == ["1. Works", "2. Tallene bag figurerne"]
    assert [e["/Alt"] for e in paper.elements("/Figure")] == ["Alt: Works", "Still: Works"]
    assert (
        len(paper.elements("/Table")) == 2
    )  # the listing, and the numbers behind the chart that has some
    assert all(MARK in text for text in paper.texts)
    assert 3 <= len(paper.pages) <= 6
    assert not paper.boxed
    assert inside(paper)


def test_a_part_of_an_unknown_kind_is_no_page():
    with pytest.raises(RuntimeError, match="no way to set a part of this kind: film"):
        set_only(page(parts=(Text("x", part="film"),)))


@pytest.mark.parametrize("language", languages())
def test_every_word_of_a_language_has_a_drawing(language):
    for key, sentence in Words(language).entries.items():
        assert (
            pdf._printable(sentence)
            .replace("\N{SOFT HYPHEN}", "")
            .replace("\N{ZERO WIDTH SPACE}", "")
            == sentence
        ), key


def test_names_from_abroad_are_drawn():
    paper = Paper(set_only(page(parts=(Text(ABROAD), Text(ABROAD, "command")))))
    assert paper.squeezed.count(squeezed(ABROAD)) == 2
    assert not paper.boxed


@pytest.mark.parametrize(
    ("language", "told"), [("en", "no drawing for 2 signs"), ("da", "ikke vise 2 tegn")]
)
def test_what_no_font_can_draw_is_said(language, told, monkeypatch):
    """北京 is ▯▯ with a sentence on the first page; without our look at the fonts it would be two
    boxes that nobody tells of.
    """
    made = page(parts=(Text("北京"),))
    paper = Paper(set_only(made, language))
    assert squeezed(told) in squeezed(paper.texts[0])
    assert paper.squeezed.count(pdf.UNDRAWN) == 3
    assert not paper.boxed
    monkeypatch.setattr(pdf, "_inked", lambda text: text)
    assert Paper(set_only(made, language)).boxed


def test_a_long_and_wide_table_keeps_to_the_page():
    """Heads are repeated, no sign leaves the margins, and no cell runs into its neighbour."""
    titles = ["Institution", *(f"Publications {y}–{y + 1}" for y in range(2011, 2024))]
    rows = [
        [
            f"Institute of Neuropsychopharmacology {n}",
            *(
                f"{n * k}\N{NO-BREAK SPACE}(−12\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}+34)"
                for k in range(13)
            ),
        ]
        for n in range(45)
    ]
    grid = Grid(tuple(Column(t, number=n > 0) for n, t in enumerate(titles)), rows)
    paper = Paper(set_only(page(parts=(Listing("Wide", grid, pd.DataFrame()),))))
    tables = [t for t in map(squeezed, paper.texts) if "Neuropsychopharmacology" in t]
    assert len(tables) > 2
    assert all("Publications2011" in t for t in tables)
    assert inside(paper)
    assert not overlapping(paper)


def test_a_long_table_of_short_lines_stands_in_two_columns():
    """Each thing of its first column is named once, beside the first of its rows; all rows are
    there, and none crosses the margin.
    """
    rows = [
        [f"Institute {chr(65 + n // 12)}", str(2001 + n % 12), f"w{1000 + n}"]
        for n in range(15 * 12)
    ]
    grid = Grid((Column("Institution", number=False), Column("Year"), Column("Works")), rows)
    paper = Paper(set_only(page(parts=(Listing("Long", grid, pd.DataFrame()),))))
    assert all(paper.squeezed.count(row[2]) == 1 for row in rows)
    assert [paper.squeezed.count(f"Institute{chr(65 + n)}") for n in range(15)] == [1] * 15
    start = min(b[0] for n in range(1, len(paper.pages)) for b in paper.boxes(n))
    assert any(b[0] > start + 250 for b in paper.boxes(1))
    assert inside(paper)
    assert not overlapping(paper)


def overlapping(paper: Paper) -> list[tuple]:
    """Pairs of signs that cover each other's middle."""
    found = []
    for n in range(len(paper.pages)):
        signs = sorted(paper.boxes(n))
        for i, (left, low, right, high) in enumerate(signs):
            for other in signs[i + 1 :]:
                if other[0] >= right:
                    break
                middle = ((other[0] + other[2]) / 2, (other[1] + other[3]) / 2)
                if (
                    left < middle[0] < right
                    and low < middle[1] < high
                    and other[3] - other[1] > 2
                    and high - low > 2
                ):
                    found.append((n, (left, low, right, high), other))
    return found


HOSTILE = [
    "#panic()",
    '#read("/etc/passwd")',
    "#{while true {}}",
    "$x^2$",
    "*b* _i_",
    "= Head",
    "]",
    "[",
    "@name",
    "<label>",
    "// no",
    "/* no",
    "\\",
    "\\u{41}",
    "`",
    "```",
    "{{ x }}",
    '"',
    "'",
    "~",
    "--",
    "...",
    "#",
    "https://example.org/" + "a/b" * 30,
    "x" * 90,
    "W" * 24,
    "</svg>",
    "&amp;",
    "%s",
    "\0",
    "\x1b[0m",
    "\r\n",
    "\t",
    "北京",
    "\ud800",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
]


@pytest.mark.slow
@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(HOSTILE),
            st.text(st.characters(min_codepoint=33, max_codepoint=0x24F), max_size=30),
        ),
        min_size=1,
        max_size=6,
    ).map(" ".join)
)
@example(" ".join(HOSTILE))
@example("".join(HOSTILE))
def test_nothing_in_a_text_runs_or_breaks_the_page(text):
    """Markup, code and control signs are set as they are spelt, in a title as in a cell."""
    text = f"T{text}"
    grid = Grid(
        (Column(text, number=False), Column("n")), [[text, "1"], [text, text]], caption=text
    )
    parts = (
        Text(text),
        Text(text, "command"),
        Text(text, "caution", term=text),
        Listing(text, grid, pd.DataFrame(), notes=(text,)),
    )
    paper = Paper(set_only(page(text, parts)))
    assert paper.squeezed.count(squeezed(pdf._printable(text))) >= 10
    assert not paper.boxed
    assert inside(paper)
