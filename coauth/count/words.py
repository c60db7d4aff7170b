"""An answer in words: what everything is called, what was asked, what is to be said of it; on a
terminal, as Markdown, as a sheet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa

from coauth.count.address import openalex
from coauth.count.answer import Answer
from coauth.count.change import NONE, TOO_FEW
from coauth.count.question import AXES, Question
from coauth.queries import Queries
from coauth.report.text import NBSP, Words, slug
from coauth.tables.contract import MARK

SECTIONS = ("field", "type", "area", "status", "group", "matched")
"""Kinds of things that have their names in the words of the report."""
ROWS = 20
"""Rows on a terminal."""
PERCENT = ("share", "coverage", "change", "weighted", "part")


@dataclass(frozen=True)
class Provenance:
    """What an answer rests on."""

    vintage: str
    day: datetime
    fingerprint: str
    synthetic: bool
    no_topics: bool = False


class Labels:
    """What things are called in one language, and what the answers rest on."""

    def __init__(
        self, words: Words, queries: Queries, institutions: pa.Table, about: Provenance
    ) -> None:
        self.words, self.queries, self.about = words, queries, about
        places = institutions.select(["institution_id", "name", "ror"]).to_pylist()
        self._places = {p["institution_id"]: (p["name"], p["ror"]) for p in places}
        named = [(g.id, g) for g in queries.partners] + [(w.id, w) for w in queries.watchlists]
        named += [(f"{w.id}/{e.id}", e) for w in queries.watchlists for e in w.entry]  # type: ignore[misc]
        named += [(t.id, t) for s in queries.technologies if s.enabled for t in s.technology]  # type: ignore[misc]
        self._named: Mapping[str, Any] = dict(named)

    def __call__(self, kind: str, value: str) -> str:
        """The name of a value of a dimension or axis; the value itself where it has none."""
        w = self.words
        if value == NONE:
            return w("count.none")
        name = self._name(kind, value)
        mark = self._mark(value) if kind in ("technology", "area") else ""
        return f"{name} ({mark})" if mark else name

    def _mark(self, entry: str) -> str:
        """What has to stand beside a technology or area wherever it is shown."""
        enabled = (s for s in self.queries.technologies if s.enabled)
        mark = next((s.marked(entry) for s in enabled), None)
        return ", ".join(self.words(f"mark.{m}") for m in mark.split(", ")) if mark else ""

    def _name(self, kind: str, value: str) -> str:
        w = self.words
        if kind in ("home", "abroad", "institution") and value in self._places:
            name, ror = self._places[value]
            return w.institution(value, name, ror, (), synthetic=MARK in name or "[" in name)
        if kind in ("country", "partner"):
            named = w.country(value)
            return named.removeprefix("the ")
        if (said := w.entries.get(f"{kind}.{value}")) and kind in SECTIONS:
            return said
        return w.name(self._named[value]) if value in self._named else value

    def clauses(self, question: Question) -> list[str]:
        """Each filter with what it lets through."""
        return [
            f"{self.column(c.filter)}: {', '.join(self(t.kind, t.value) for t in c.things)}"
            for c in reversed(question.clauses)
        ]

    def column(self, name: str) -> str:
        """The title of a column, or of a filter."""
        w = self.words
        for prefix in ("before", "after"):
            if name.startswith(f"{prefix}_"):
                return w(f"count_column.{prefix}", of=self.column(name.removeprefix(f"{prefix}_")))
        for suffix in ("low", "high"):
            if name.endswith(f"_{suffix}"):
                return w(f"count_column.{suffix}", of=self.column(name.removesuffix(f"_{suffix}")))
        if name in ("low", "high"):
            return w(f"count_column.{name}", of=w("count_column.contribution"))
        if name in ("before", "after"):
            return w(f"count_column.{name}", of=w("count_column.works"))
        return w(f"count_column.{name}")


def title(answer: Answer, labels: Labels) -> str:
    """The question in one line."""
    w, q = labels.words, answer.question
    when = (
        w("count.between", before=w.years(q.periods[0]), after=w.years(q.periods[1]))
        if q.periods
        else w.years(q.years)
    )
    by = [w("count.by", by=w.listing([_inside(labels.column(b)) for b in q.by]))] if q.by else []
    return " · ".join([w("count.title"), *labels.clauses(q), when, *by])


def notes(answer: Answer, labels: Labels) -> list[str]:
    """What is to be said of the numbers, most needed first."""
    w, q = labels.words, answer.question
    said = [MARK] if labels.about.synthetic else []
    base = q.base()
    if base is not None:
        inside = [_inside(c) for c in labels.clauses(base)]
        of = w("count.share_within", clauses=", ".join(inside)) if inside else ""
        if base.axes:
            of += w(
                "count.share_same", axes=w.listing([_inside(labels.column(a)) for a in base.axes])
            )
        said.append(w("count.share_of", of=of))
    said.append(w("count.coverage"))
    said.append(w("count.interval", confidence=w.percent(labels.queries.measures.confidence)))
    if q.axes:
        said.append(w("count.overlap"))
    young = [c for c in answer.rows if str(c).endswith("preliminary")]
    if answer.rows[young].to_numpy().any():
        years = sorted(labels.queries.scope.preliminary)
        said.append(w("count.preliminary", years=w.years((years[0], years[-1]))))
    if q.periods:
        said.append(w("count.verdict", least=labels.queries.measures.roster_min_works))
    if answer.drivers is not None:
        said.append(w("count.divided"))
    if labels.about.no_topics:
        said.append(w("count.topics"))
    return [*said, w("count.caution")]


def sources(answer: Answer, labels: Labels) -> list[tuple[str, str]]:
    """How to ask again, on what it rests, the works behind it, and where OpenAlex shows them."""
    w, command = labels.words, answer.question.command(labels.about.vintage)
    url = openalex(answer.question, labels.queries)
    return [
        (w("count.again"), command),
        (w("count.vintage"), f"{labels.about.vintage}, queries {labels.about.fingerprint[:16]}"),
        (w("count.works"), f"{command} --works"),
        ("OpenAlex", f"{url} ({w('count.openalex')})" if url else w("count.no_openalex")),
    ]


def _inside(name: str) -> str:
    """A title inside a sentence; an abbreviation stays as it is."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def about(answer: Answer, labels: Labels) -> dict[str, Any]:
    """For programs: the question, what asks it again, and on what the answer rests."""
    return {
        "question": title(answer, labels),
        "command": answer.question.command(labels.about.vintage),
        "vintage": labels.about.vintage,
        "queries": labels.about.fingerprint,
        "openalex": openalex(answer.question, labels.queries),
        "notes": notes(answer, labels),
    }


def foot(answer: Answer, labels: Labels) -> list[str]:
    """What stands below a chart."""
    again, vintage, *_ = sources(answer, labels)
    return [*notes(answer, labels), ": ".join(vintage), again[1]]


# -- rows as they are read


def row_names(rows: pd.DataFrame, axes: Iterable[str], labels: Labels) -> list[str]:
    """What each row is about: its things, or its years."""
    axes = list(axes)
    if axes:
        things = zip(*(rows[a] for a in axes), strict=True)
        return [" · ".join(labels(a, v) for a, v in zip(axes, t, strict=True)) for t in things]
    if "first_year" not in rows:
        return [labels.words("count.title")] * len(rows)
    return [
        labels.words.years((a, b))
        for a, b in zip(rows["first_year"], rows["last_year"], strict=True)
    ]


def table(
    rows: pd.DataFrame, labels: Labels, limit: int = ROWS
) -> tuple[list[str], list[list[str]]]:
    """Titles and cells in print: names for ids, each number with its interval beside it."""
    w = labels.words
    shown = rows.head(limit) if limit else rows
    axes = [a for a in AXES if a in rows]
    titles, columns = [], []
    for axis in axes:
        titles.append(labels.column(axis))
        columns.append(
            [f"{labels(axis, v)} ({v})" if labels(axis, v) != v else v for v in shown[axis]]
        )
    if "first_year" in shown:
        titles.append(labels.column("years"))
        columns.append(
            [
                w.years((a, b)) + "*" * bool(p)
                for a, b, p in zip(
                    shown["first_year"], shown["last_year"], shown["preliminary"], strict=True
                )
            ]
        )
    names = [
        "before_works",
        "after_works",
        "works",
        "change",
        "weighted",
        "before_share",
        "after_share",
        "share",
    ]
    for name in (
        *names,
        "before",
        "after",
        "contribution",
        "part",
        "before_coverage",
        "after_coverage",
        "coverage",
    ):
        if name in shown:
            titles.append(labels.column(name))
            columns.append([_cell(w, name, v) for v in shown[name]])
            low, high = (
                ("low", "high") if name == "contribution" else (f"{name}_low", f"{name}_high")
            )
            if low in shown and not name.startswith(("before_", "after_")):
                titles.append(w("count_column.interval"))
                columns.append(
                    [_span(w, name, a, b) for a, b in zip(shown[low], shown[high], strict=True)]
                )
    if "q_value" in shown:
        titles.append("q")
        columns.append([w.number(v, 3) for v in shown["q_value"]])
    if "verdict" in shown:
        titles.append(labels.column("verdict"))
        columns.append(
            [verdict(w, v, y) for v, y in zip(shown["verdict"], shown["why"], strict=True)]
        )
    return titles, [list(line) for line in zip(*columns, strict=True)]


def verdict(w: Words, word: str, why: str) -> str:
    """In the words of the report, with its reason."""
    if word == TOO_FEW:
        return w("count.too_few")
    name = w(f"verdict.{slug(word)}")
    return w("cell.verdict", verdict=name, why=w(f"why.{why}")) if why else name


def _cell(w: Words, name: str, value: float) -> str:
    if name.endswith(PERCENT):
        signed = name in ("change", "weighted")
        return w.percent(value, 0 if name in ("change", "weighted", "part") else 1, sign=signed)
    decimals = 1 if name in ("before", "after", "contribution") else 0
    return w.number(value, decimals, sign=name == "contribution")


def _span(w: Words, name: str, low: float, high: float) -> str:
    if name.endswith(PERCENT):
        signed = name in ("change", "weighted")
        return w.percent_span(low, high, 0 if signed else 1, sign=signed)
    return w.span(low, high, 1 if name == "contribution" else 0)


def align(titles: list[str], lines: Iterable[list[str]]) -> list[str]:
    """Columns of a terminal: text to the left, numbers to the right."""
    every = [titles, *lines]
    wide = [max(len(line[n]) for line in every) for n in range(len(titles))]
    text = [
        all(not line[n][:1].isdigit() and line[n][:1] not in "+−–" for line in every[1:])
        for n in range(len(titles))
    ]
    return [
        "  ".join(v.ljust(k) if t else v.rjust(k) for v, k, t in zip(line, wide, text, strict=True))
        .rstrip()
        .replace(NBSP, " ")
        for line in every
    ]


def lines(answer: Answer, labels: Labels, limit: int = ROWS) -> list[str]:
    """The whole answer on a terminal."""
    w = labels.words
    said = [title(answer, labels), "", *align(*table(answer.rows, labels, limit))]
    if limit and len(answer.rows) > limit:
        said.append(w("count.more", rows=w.number(len(answer.rows) - limit)))
    if answer.drivers is not None:
        said += ["", w("count.drivers"), *align(*table(answer.drivers, labels, limit))]
        if limit and len(answer.drivers) > limit:
            said.append(w("count.more", rows=w.number(len(answer.drivers) - limit)))
    said += ["", *notes(answer, labels), ""]
    return said + [f"{name:10} {text}" for name, text in sources(answer, labels)]


def markdown(answer: Answer, labels: Labels) -> str:
    """The same as a page."""

    def grid(rows: pd.DataFrame) -> list[str]:
        titles, cells = table(rows, labels, 0)
        every = [titles, ["---"] * len(titles), *cells]
        return ["| " + " | ".join(v.replace("|", "\\|") for v in line) + " |" for line in every]

    said = [f"# {title(answer, labels)}", "", *grid(answer.rows)]
    if answer.drivers is not None:
        said += ["", f"## {labels.words('count.drivers')}", "", *grid(answer.drivers)]
    said += ["", *(f"* {n}" for n in notes(answer, labels)), ""]
    said += [
        f"* {name}: `{text}`" if "coauth" in text else f"* {name}: {text}"
        for name, text in sources(answer, labels)
    ]
    return "\n".join(said) + "\n"
