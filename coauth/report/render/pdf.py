"""The report on paper: the same `Page` as the web page's, set by Typst into a tagged PDF (PDF/UA-1,
PDF/A-2a).

Typst is one wheel without system libraries. Its own Libertinus is the type of the text; the figures
keep DejaVu Sans, in which matplotlib laid them out, and which it brings. No font of the machine is
looked at: same page, same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import matplotlib as mpl
import typst
from matplotlib.ft2font import FT2Font

from coauth.report.render.html import Chart, Grid, Page, Section, Text
from coauth.report.text import Words, bare

STANDARDS: list[typst.PDFStandard] = ["a-2a", "ua-1"]
FONTS = Path(mpl.get_data_path(), "fonts", "ttf")
UNDRAWN = "\N{WHITE VERTICAL RECTANGLE}"
SOFT_HYPHEN, ZERO_WIDTH_SPACE = "\N{SOFT HYPHEN}", "\N{ZERO WIDTH SPACE}"
UNSEEN = frozenset(("\n", SOFT_HYPHEN, ZERO_WIDTH_SPACE, "\N{WORD JOINER}"))
SPACE = re.compile(r"[^\S\n\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]")
LONG_RUN = re.compile(rf"[^\s{SOFT_HYPHEN}{ZERO_WIDTH_SPACE}]{{25,}}")
"""Longer than any word a page of prose breaks well by hyphenation."""


def typeset(
    page: Page,
    sections: Sequence[tuple[Section, Sequence[Mapping[str, Any]]]],
    words: Words,
    *,
    day: date,
    mark: str,
) -> bytes:
    """The PDF of a page whose parts `Writer.draw` has drawn; `day` is its date, `mark` (or "")
    stands on every page.

    Every number of the page is in it: the tables behind the figures, folded away on the web page,
    are its appendix. What the fonts have no drawing for (Chinese signs, say) is shown as ▯, and the
    first page says how many such signs there are.
    """
    behind = [
        p for _, parts in sections for p in parts if isinstance(p["part"], Chart) and p["grid"]
    ]
    appendix = (
        [{"title": words("pdf.appendix"), "parts": [_numbers(p, words) for p in behind]}]
        if behind
        else []
    )
    report = _each(
        {
            "document": f"{f'{mark}: ' if mark else ''}{page.title}, {page.kicker}",
            "title": page.title,
            "kicker": page.kicker,
            "edition": page.edition,
            "data": page.data_line,
            "running": page.running,
            "mark": mark,
            "synthetic": words("head.synthetic"),
            "contents": words("head.contents"),
            "footer": words("head.footer"),
            "headlines": [
                {k: v for k, v in vars(h).items() if k != "facts"} for h in page.headlines
            ],
            "notes": [vars(n) for n in page.notes],
            "sections": [
                {"title": s.title, "parts": [_part(p) for p in parts]} for s, parts in sections
            ]
            + appendix,
        },
        _printable,
    )
    pictures = {
        p["number"]: _inked(p["svg"])
        for _, parts in sections
        for p in parts
        if isinstance(p["part"], Chart)
    }
    undrawn = "".join((*pictures.values(), json.dumps(report, ensure_ascii=False))).count(UNDRAWN)
    report |= {
        "undrawn": words("pdf.undrawn", count=words.bare.number(undrawn), sign=UNDRAWN)
        if undrawn
        else "",
        "language": words.language,
        "day": {"year": day.year, "month": day.month, "day": day.day},
    }
    source = files(__package__).joinpath("page.typ").read_bytes()
    given = {"report": json.dumps(report), "pictures": json.dumps(pictures)}
    document = typst.Compiler(source, font_paths=_fonts(), sys_inputs=given).compile(
        format="pdf", pdf_standards=STANDARDS
    )
    assert isinstance(document, bytes)  # noqa: S101  a PDF is one file, however many its pages
    return document


# -- the page as data


def _part(content: Mapping[str, Any]) -> dict[str, Any]:
    part = content["part"]
    if isinstance(part, Text):
        return vars(part)
    common = {
        "part": part.part,
        "number": content["number"],
        "title": part.title,
        "notes": part.notes,
        "csv": content["csv"],
    }
    return common | ({"alt": part.alt} if isinstance(part, Chart) else {"grid": _grid(part.grid)})


def _numbers(cells: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """The table behind a figure, as a listing."""
    title = words("figure.data", number=cells["number"])
    return {
        "part": "listing",
        "number": "",
        "title": title,
        "notes": (),
        "csv": "",
        "grid": _grid(cells["grid"]),
    }


def _grid(grid: Grid) -> dict[str, Any]:
    return {"columns": [vars(c) for c in grid.columns], "rows": grid.rows, "caption": grid.caption}


# -- text that can be set


def _printable(text: str) -> str:
    """`text` with ▯ for what has no drawing, and places to break in what is very long.

    >>> _printable("Łódź\\t– naïve"), _printable("DTU \N{CJK UNIFIED IDEOGRAPH-5317}"), _printable("x" * 30).split(SOFT_HYPHEN)
    ('Łódź – naïve', 'DTU ▯', ['xxxxxxxxxxxx', 'xxxxxxxxxxxx', 'xxxxxx'])
    """
    return LONG_RUN.sub(_breakable, _inked(SPACE.sub(" ", bare(text))))


def _inked(text: str) -> str:
    return text.translate(dict.fromkeys(map(ord, set(text) - _drawn()), UNDRAWN))


def _breakable(run: re.Match[str]) -> str:
    """An address or id breaks after a sign, or anywhere; a word of letters at soft hyphens."""
    joint = SOFT_HYPHEN if run[0].isalpha() else ZERO_WIDTH_SPACE
    return joint.join(re.findall(r"\w{1,12}\W?|\W", run[0]))


@cache
def _drawn() -> frozenset[str]:
    return UNSEEN | set(map(chr, FT2Font(str(FONTS / "DejaVuSans.ttf")).get_charmap()))


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, font_paths=[FONTS])


def _each(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _each(inner, change) for key, inner in value.items()}
    return [_each(inner, change) for inner in value] if isinstance(value, Sequence) else value
