"""Every number on the page: what is read is the value beside it, and the value is a cell of the CSV
it claims to come from.
"""

from __future__ import annotations

import csv
import itertools
import math
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from coauth.report.text import Words

VOID = frozenset(("meta", "img", "br", "hr", "link", "input"))
UNREAD = frozenset(("style", "script", "svg", "code", "head", "nav"))
YEAR = r"(?<!\d)(?:19|20)\d\d(?!\d)"


@dataclass
class Said:
    """A run of text with the values of the numbers in it; the numbers themselves are cut out of
    `rest`.
    """

    values: list[tuple[float, str]] = field(default_factory=list)
    rest: str = ""


@dataclass
class Shown:
    """A table of the page: its CSV, the column its rows are named by, and the rows."""

    section: str
    csv: str
    by: str
    rows: list[tuple[str, list[tuple[bool, Said]]]] = field(default_factory=list)


class Reader(HTMLParser):
    """The page as a reader without a script meets it: texts by section, and tables."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[tuple[str, Said]] = []
        self.tables: list[Shown] = []
        self.section, self._unread, self._value, self._table = "head", 0, "", False
        self._said = Said()
        self.feed(html)
        self._end()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {k: v or "" for k, v in attrs}
        if tag in UNREAD:
            self._unread += 1
        elif tag == "data":
            self._value = told["value"]
        elif tag not in ("strong", "span", "a", "em") and tag not in VOID:
            self._end()
        if tag == "section" and "id" in told:
            self.section = told["id"]
        if tag == "table":
            self._table = True
            self.tables.append(Shown(self.section, told["data-from"], told.get("data-by", "")))
        if tag == "tr":
            self.tables[-1].rows.append((told.get("data-row", ""), []))
        if tag in ("td", "th"):
            self.tables[-1].rows[-1][1].append((told.get("class") == "n", self._said))

    def handle_endtag(self, tag: str) -> None:
        if tag in UNREAD:
            self._unread -= 1
        elif tag == "data":
            self._value = ""
        elif tag not in ("strong", "span", "a", "em"):
            self._end(caption=tag == "caption")
        self._table = self._table and tag != "table"

    def handle_data(self, data: str) -> None:
        if self._unread:
            return
        if self._value:
            self._said.values.append((float(self._value), data))
        else:
            self._said.rest += data

    def _end(self, *, caption: bool = False) -> None:
        """Keep what was read, if it belongs to no cell."""
        if (caption or not self._table) and (self._said.values or self._said.rest.strip()):
            self.texts.append((self.section, self._said))
        self._said = Said()


def number(text: str, language: str) -> tuple[float, int]:
    """What a reader reads, and with how many decimals."""
    thousands, point = (".", ",") if language == "da" else (",", ".")
    assert re.fullmatch(
        rf"[+−]?\d{{1,3}}(?:{re.escape(thousands)}?\d{{3}})*(?:{re.escape(point)}\d+)?", text
    ), text
    plain = text.replace(thousands, "").replace(point, ".").replace("−", "-")
    return float(plain), len(plain.partition(".")[2])


def table(folder: Path, place: str) -> list[dict[str, str]]:
    with (folder / place).open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    titles = [t.removeprefix("SYNTHETIC SAMPLE: ") for t in rows[0]]
    return [dict(zip(titles, row, strict=True)) for row in rows[1:]]


def numbers(rows: list[dict[str, str]]) -> set[float]:
    """Every cell that is a number, to the ten digits a CSV has; and, as the page says them, counts
    left out and differences.
    """
    found = set()
    for cell in itertools.chain.from_iterable(r.values() for r in rows):
        try:
            found.add(float(cell))
        except ValueError:
            continue
    return {rounded(v) for v in found if math.isfinite(v)}


def rounded(value: float) -> float:
    return float(f"{value:.9g}")


def of_row(shown: Shown, key: str, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows of the CSV that a row of the page is made of."""
    return (
        [r for r in rows if r[shown.by] == key] if shown.by else [rows[int(k)] for k in key.split()]
    )


def wrong(html: str, folder: Path, language: str) -> list[str]:
    """Everything about the page's numbers that does not hold."""
    page, faults = Reader(html), []
    text = {}
    for r in table(
        folder, next(str(p.relative_to(folder)) for p in (folder / "tables").glob("*text.csv"))
    ):
        text.setdefault(r["section"], set()).add(rounded(float(r["value"])))
    cells = {t.csv: table(folder, t.csv) for t in page.tables}
    sections: dict[str, set[float]] = {
        s: text.get(s, set()) | text["method"] for s, _ in page.texts
    }
    for shown in page.tables:
        sections.setdefault(shown.section, set()).update(numbers(cells[shown.csv]))
    for section, said in page.texts:
        faults += [
            f"{section}: {value} ({read}) is in no table of the section: {said.rest[:60]}"
            for value, read in said.values
            if rounded(value) not in sections[section]
        ]
    for shown in page.tables:
        for key, row in shown.rows:
            known = (
                numbers(of_row(shown, key, cells[shown.csv])) | text["method"]
                if key
                else sections[shown.section]
            )
            faults += [
                f"{shown.csv} row {key}: {value} ({read}) is not in it"
                for _, said in row
                for value, read in said.values
                if rounded(value) not in known
            ]
            faults += [
                f"{shown.csv} row {key}: bare number: {said.rest}"
                for n, said in row
                if key and n and re.search(r"\d", re.sub(f"{YEAR}|^<5$", "", said.rest))
            ]
            if key and any(n and said.rest == "<5" for n, said in row):
                of = of_row(shown, key, cells[shown.csv])
                empty = any(not cell for r in of for cell in r.values())
                faults += [] if empty else [f"{shown.csv} row {key}: <5 where nothing is small"]
    every = [said for _, said in page.texts] + [
        said for t in page.tables for _, row in t.rows for _, said in row
    ]
    for value, read in itertools.chain.from_iterable(said.values for said in every):
        seen, decimals = number(read, language)
        half = 0.5000001 * 10**-decimals
        if min(abs(seen - value), abs(seen - 100 * value)) > half + 1e-9 * abs(value):
            faults.append(f"{read} is not {value}")
    return faults


ANY = r"\d[\d.,]*"


def bare_digits(html: str, language: str, names: set[str]) -> set[str]:
    """Runs of digits in the text of the page that neither carry a value nor stand in its words, a
    year, a date or a name.
    """
    page = Reader(html)
    words = " ".join(Words(language).entries.values())
    allowed = set(re.findall(ANY, words)) | {d for n in names for d in re.findall(ANY, n)}
    ordinal = (
        Words(language)("figure.number", number=0).split()[0],
        Words(language)("table.number", number=0).split()[0],
    )
    rest = " ".join(
        said.rest
        for said in [s for _, s in page.texts]
        + [s for t in page.tables for _, row in t.rows for n, s in row if not n]
    )
    rest = re.sub(
        rf"(?:{'|'.join(ordinal)})\s\d+[a-z]?", " ", rest.replace("\xa0", " ").replace("\u2060", "")
    )
    rest = re.sub(
        r"\S*(?:\.csv|\.gexf|\.pdf|[0-9a-f]{12,})\S*|\d+(?:\.\d+){2,}[\w.]*|\d{4}-\d\d-\d\d",
        " ",
        rest,
    )
    months = "|".join(Words(language).entries[f"month.{m}"] for m in range(1, 13))
    rest = re.sub(rf"\d+\.? (?:{months}) {YEAR}|(?:{months}) \d+, {YEAR}|{YEAR}", " ", rest)
    return {
        d for d in re.findall(ANY, rest) if d.rstrip(".,") not in {a.rstrip(".,") for a in allowed}
    }
