"""What a report is made of (sections of text, tables and charts), and how that becomes files.

`sections` says what stands in it; here it is numbered, drawn, and written: one page that needs
nothing beside it, and a picture, a CSV and the statement behind every figure and table.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from coauth.report.explorer import Explorer
from coauth.report.render import svg as pictures
from coauth.report.render import traces
from coauth.report.text import Words, bare, html
from coauth.storage import atomic
from coauth.tables.contract import MARK, marked
from coauth.tables.escape import spreadsheet

STYLES = ("render/style.css", "render/charts.css", "explorer/explorer.css")
SCRIPTS = (
    "explorer/windows.js",
    "explorer/camera.js",
    "explorer/map.js",
    "explorer/panel.js",
    "explorer/explorer.js",
    "render/charts.js",
)
"""In the page they are one module, so that nothing of them is global."""

Facts = Mapping[str, float | None]
"""Numbers that are said in a text: name -> value. All of a page are in tables/text.csv."""

FIXED = ("1", "2", "3")
"""Figures 1, 2 and 3 are those of the DFIR brief: partners, listed institutions, PhD admissions."""


@dataclass(frozen=True)
class Text:
    """A paragraph; `kind` is plain, note, caution, none (nothing to show), command (typed in a
    terminal) or file (beside the page).
    """

    text: str
    kind: str = "plain"
    term: str = ""
    """What the paragraph is about, set before it in bold."""
    part: str = "text"


@dataclass(frozen=True)
class Column:
    title: str
    number: bool = True


@dataclass(frozen=True)
class Grid:
    """A table as shown: every cell already in words."""

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    keys: Sequence[Any] = ()
    """What each row is made of: the numbers of rows of the CSV behind it (its first ones, where
    nothing is said), or values of the column `by`. Every number in the row is a number of these
    rows.
    """
    by: str = ""


@dataclass(frozen=True)
class Listing:
    """A numbered table with the frame behind it. `statement` names the SQL in queries/sql its
    numbers come from.
    """

    title: str
    grid: Grid
    data: pd.DataFrame
    notes: tuple[str, ...] = ()
    statement: str = ""
    part: str = "listing"


@dataclass(frozen=True)
class Chart:
    """A numbered figure. `draw(narrow)` makes it anew in the shape asked for; `still` is a picture
    made elsewhere.
    """

    title: str
    alt: str
    data: pd.DataFrame
    draw: Callable[[bool], Figure] | None = None
    still: Figure | None = None
    grid: Grid | None = None
    notes: tuple[str, ...] = ()
    statement: str = ""
    explorer: Explorer | None = None
    """What sits on top of the picture in the page, for a reader with a script."""
    part: str = "chart"
    number: str = ""
    """Of one of the figures that have their number from the brief (`FIXED`); the others are
    numbered after these.
    """


@dataclass(frozen=True)
class Headline:
    """A number of the first page; `sure` is false where it cannot be told from chance, and it then
    is no number.
    """

    label: str
    value: str
    interval: str
    sentence: str
    beside: str = ""
    """What keeps the number from being misread: its change, or its share of all."""
    sure: bool = True
    since: str = ""
    """What it was last quarter, and why it is not that now."""
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True)
class Section:
    id: str
    title: str
    parts: tuple[Text | Listing | Chart, ...]
    facts: Facts = field(default_factory=dict)
    """Numbers of its text that stand in none of its CSVs, by a name that says what they are."""


@dataclass(frozen=True)
class Page:
    """The whole report, before anything is drawn."""

    title: str
    kicker: str
    edition: str
    running: str
    """What stands at the head of every printed page: which report this is, of which data and for
    whom.
    """
    data_line: str
    headlines: tuple[Headline, ...]
    notes: tuple[Text, ...]
    sections: tuple[Section, ...]
    links: Mapping[str, str] = field(default_factory=dict)
    facts: Facts = field(default_factory=dict)
    """Numbers of the first page that are no headline's."""


class Writer:
    """Writes the parts of one page into a folder, in order, and remembers what it wrote."""

    def __init__(
        self,
        folder: Path,
        words: Words,
        statements: Mapping[str, str],
        *,
        synthetic: bool,
        counts: str = "",
    ) -> None:
        self.folder, self.words, self.statements = folder, words, statements
        self.synthetic, self.counts = synthetic, counts
        self.paths: list[Path] = []
        self._charts, self._listings = len(FIXED), 0

    def draw(self, page: Page) -> list[tuple[Section, list[dict[str, Any]]]]:
        """The sections with their parts numbered and drawn, for `html` and for `pdf.typeset`;
        figures and tables are written on the way.
        """
        self._facts(page)
        return [(s, [self._shown(p) for p in s.parts]) for s in page.sections]

    def html(
        self, page: Page, sections: Sequence[tuple[Section, Sequence[Mapping[str, Any]]]]
    ) -> str:
        """The page with its parts drawn, as HTML."""
        source = jinja2.Environment(
            loader=jinja2.FunctionLoader(_template),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=lambda text: html(text) if type(text) is str else text,
        ).get_template("render/page.html")
        source.globals["bare"] = bare
        script = "\n".join(map(_template, SCRIPTS))
        return source.render(
            page=page,
            sections=sections,
            words=self.words,
            mark=MARK if self.synthetic else "",
            style=Markup("\n".join(map(_template, STYLES))),  # noqa: S704
            script=Markup(script),  # noqa: S704
            script_hash=_hash(script),
        )

    def _shown(self, part: Text | Listing | Chart) -> dict[str, Any]:
        if isinstance(part, Text):
            return {"part": part}
        return self._listing(part) if isinstance(part, Listing) else self._chart(part)

    def _listing(self, listing: Listing) -> dict[str, Any]:
        self._listings += 1
        csv = self._data(f"table-{self._listings}", listing.data, listing.statement)
        return {
            "part": listing,
            "number": self.words("table.number", number=self._listings),
            "csv": csv,
            "grid": listing.grid,
        }

    def _chart(self, chart: Chart) -> dict[str, Any]:
        self._charts += not chart.number
        which = chart.number or str(self._charts)
        name, number, alt = (
            f"figure-{which}",
            self.words("figure.number", number=which),
            bare(chart.alt),
        )
        csv = self._data(name, chart.data, chart.statement) if len(chart.data.columns) else ""
        if chart.draw is not None:
            wide, narrow = chart.draw(False), chart.draw(True)
            svg = self._svg(wide)
            images = [
                self._inline(drawn, figure, f"f{which}{shape}", alt)
                for shape, drawn, figure in (("w", svg, wide), ("n", self._svg(narrow), narrow))
            ]
            around = bare(f"{number}. {chart.title}"), [bare(note) for note in chart.notes]
            self._picture(
                name, pictures.framed(svg, wide, *around), pictures.for_pixels(wide, *around)
            )
        else:
            assert chart.still is not None  # noqa: S101  a chart has one of the two
            images, svg = [self._embedded(chart.still, alt)], self._svg(chart.still)
            self._picture(name, svg, chart.still)
        return {
            "part": chart,
            "number": number,
            "csv": csv,
            "grid": chart.grid,
            "images": images,
            "svg": svg,
        }

    def _svg(self, figure: Figure) -> str:
        if self.synthetic:
            pictures.mark(figure)
        return pictures.svg(figure)

    def _inline(self, svg: str, figure: Figure, prefix: str, alt: str) -> Markup:
        """`svg` is the figure as SVG: drawing laid it out, so that its points have a place."""
        return Markup(pictures.inline(svg, prefix, alt, traces.overlay(figure)))  # noqa: S704

    def _embedded(self, figure: Figure, alt: str) -> Markup:
        """Thousands of ties weigh less as pixels."""
        if self.synthetic:
            pictures.mark(figure)
        data = base64.b64encode(pictures.png(figure, 130)).decode()
        return Markup('<img alt="{}" src="data:image/png;base64,{}">').format(alt, data)

    def _picture(self, name: str, svg: str, figure: Figure) -> None:
        """The figure as files of its own: as SVG, and as pixels."""
        suffix = "" if self.words.language == "en" else f".{self.words.language}"
        self._write(f"figures/{self._marked(name)}{suffix}.svg", svg.encode())
        self._write(f"figures/{self._marked(name)}{suffix}.png", pictures.png(figure))

    def _data(self, name: str, data: pd.DataFrame, statement: str) -> str:
        """The CSV behind a part (the same in every language), and the SQL beside it; returns the
        CSV's place.
        """
        if self.counts:  # said in every row, so that it goes along with any that is copied
            data = data.assign(counts=self.counts)
        titles = [str(c) for c in data.columns]
        if self.synthetic:
            titles[0] = f"{MARK}: {titles[0]}"
        place = f"tables/{self._marked(name)}.csv"
        text = spreadsheet(data).to_csv(
            index=False, header=titles, lineterminator="\n", float_format="%.10g"
        )
        self._write(place, text.encode())
        if statement in self.statements:
            self._write(place.removesuffix(".csv") + ".sql", self.statements[statement].encode())
        return place

    def _facts(self, page: Page) -> None:
        """tables/text.csv: what is said outside of tables and figures."""
        of = [("head", page.facts), *(("head", h.facts) for h in page.headlines)] + [
            (s.id, s.facts) for s in page.sections
        ]
        rows = [
            (section, name, value)
            for section, facts in of
            for name, value in facts.items()
            if not pd.isna(value)
        ]
        self._data("text", pd.DataFrame(rows, columns=["section", "name", "value"]), "")

    def _marked(self, name: str) -> str:
        return marked(name) if self.synthetic else name

    def _write(self, place: str, data: bytes) -> None:
        path = self.folder / place
        atomic.write({path: data}, atomic.ADVICE)
        self.paths.append(path)


def _hash(script: str) -> str:
    """What a Content-Security-Policy knows the page's one script by."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _template(name: str) -> str:
    return resources.files("coauth.report").joinpath(name).read_text("utf-8")


def grid(
    titles: Iterable[str],
    rows: Sequence[Sequence[str]],
    *,
    text: int = 1,
    caption: str = "",
    keys: Sequence[Any] = (),
    by: str = "",
) -> Grid:
    """A grid whose first `text` columns are words and whose others are numbers."""
    return Grid(
        tuple(Column(t, number=n >= text) for n, t in enumerate(titles)),
        rows,
        caption,
        keys or range(len(rows)),
        by,
    )


def with_text(table: Grid, *titles: str) -> Grid:
    """The grid with the named columns set as words."""
    columns = tuple(
        c if c.title not in titles else type(c)(c.title, number=False) for c in table.columns
    )
    return replace(table, columns=columns)
