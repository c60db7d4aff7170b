"""Figure 3: PhD admissions. Denmark's totals as context, an extract by country of origin where one
was imported, and what the DFIR brief states of them. Nothing is filled in, and two sources are
never added up: they count the same persons.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from coauth.queries import Admission, Reference
from coauth.report.context import ReportContext
from coauth.report.data import frames
from coauth.report.render import figures
from coauth.report.render.html import Chart, Listing, Section, Text, grid, with_text
from coauth.report.sections.reference import published
from coauth.report.text import bare
from coauth.tables.schemas import STATBANK

SERIES = 8
"""Panels of the figure: the totals, then the largest; all are in the CSV."""


def admissions(context: ReportContext) -> Section:
    """What there is of totals, countries and statements; and for what is not there, why."""
    w = context.words
    danish = "DK" in context.queries.scope.countries
    rows = frames.admissions(context.tables, context.queries)
    fetched = rows["source"] == STATBANK
    parts: list[Text | Listing | Chart] = []
    if danish and not fetched.any() and not context.about.synthetic:
        parts += [
            Text(w("admissions.unanswered"), "none"),
            Text("coauth admissions fetch", "command"),
        ]
    changes = _changes(rows, *context.headline)
    if len(rows):
        parts.append(_chart(context, rows, changes))
    if fetched.all() and context.is_public:
        parts.append(Text(w("admissions.none_public"), "none"))
    elif fetched.all():
        parts += [
            Text(w(f"admissions.{'none' if danish else 'none_elsewhere'}"), "none"),
            Text("coauth admissions import FILE", "command"),
        ]
    parts += [_stated(context, reference, rows[~fetched]) for reference in _references(context)]
    return Section(
        "admissions",
        w("admissions.title"),
        tuple(parts),
        {f"{code}.{source}.change": ratio for (code, source), ratio in changes.items()},
    )


def _references(context: ReportContext) -> list[Reference]:
    """Publications that state something of these countries' admissions; invented ones are held
    against nothing.
    """
    return (
        []
        if context.about.synthetic
        else [
            r
            for r in context.queries.references
            if r.admissions and r.about(context.queries.scope.countries)
        ]
    )


def _changes(rows: pd.DataFrame, first: int, last: int) -> dict[tuple[str, str], float]:
    """Of each country and source with a number for both years; a register's numbers have no
    interval.
    """
    counts = (
        rows.dropna(subset="admissions")
        .set_index(["country_code", "source", "year"])["admissions"]
        .astype(float)
    )
    keys = sorted(
        {
            k[:2]
            for k in counts.index
            if counts.get((*k[:2], first)) and (*k[:2], last) in counts.index
        }
    )
    return {k: float(counts[*k, last] / counts[*k, first] - 1) for k in keys}


def _chart(
    context: ReportContext, rows: pd.DataFrame, changes: Mapping[tuple[str, str], float]
) -> Chart:
    w, (first, last) = context.words, context.headline
    extracts = rows.loc[rows["source"] != STATBANK, "source"].nunique()
    names = {
        key: _name(context, *key, several=extracts > 1)
        for key in sorted({(r.country_code, r.source) for r in frames.each(rows)})
    }
    drawn = rows.assign(series=[names[r.country_code, r.source] for r in frames.each(rows)])
    sums = drawn.groupby("series")["admissions"].sum()
    shown = sorted(names.values(), key=lambda name: (name != w("admissions.phd1"), -sums[name]))[
        :SERIES
    ]
    changed = {
        names[key]: w.percent(ratio, _decimals(ratio), sign=True) for key, ratio in changes.items()
    }
    titles = {name: changed.get(name, "") for name in shown}
    value = {
        (r.year, r.series): w("admissions.suppressed") if r.suppressed else w.number(r.admissions)
        for r in frames.each(drawn)
    }
    years = sorted(set(rows["year"]))
    lines = [[str(y), *(value.get((y, n), w("format.missing")) for n in shown)] for y in years]
    levels = [(r, a) for r in _references(context) for a in r.admissions if a.persons is not None]
    points = {
        names[key]: a
        for _, a in levels
        for key in names
        if key[0] == a.country_code and names[key] in shown
    }
    sources = "; ".join(
        f"{_source(context, s)} ({w.day(day)})"
        for s, day in sorted(set(zip(rows["source"], rows["retrieved"], strict=True)))
    )
    note = " ".join(
        filter(
            None,
            [
                w("admissions.phd1_note") if STATBANK in set(rows["source"]) else "",
                w("admissions.note"),
                w("admissions.hatched") if rows["suppressed"].any() else "",
                w(
                    "admissions.points",
                    reference="; ".join(
                        dict.fromkeys(w.name(r) for r, a in levels if a in points.values())
                    ),
                )
                if points
                else "",
            ],
        )
    )
    return Chart(
        w(
            "admissions.figure_changes" if any(titles.values()) else "admissions.figure",
            start=min(years),
            end=max(years),
            first=first,
            last=last,
        ),
        w(
            "admissions.alt",
            countries=w.listing(
                [w("cell.with_span", value=n, span=c) if c else n for n, c in titles.items()]
            ),
        ),
        rows,
        draw=lambda narrow: figures.admissions(
            drawn, {n: bare(c) for n, c in titles.items()}, points, w.bare, narrow=narrow
        ),
        grid=grid([w("column.year"), *shown], lines, keys=years, by="year"),
        number="3",
        notes=(w("figure.note", text=note), w("admissions.source", sources=sources)),
    )


def _name(context: ReportContext, code: str, source: str, *, several: bool) -> str:
    w = context.words
    if source == STATBANK:
        return w("admissions.phd1")
    name = w(f"admissions.{code}") if code in ("total", "international") else w.country(code)
    name = name[0].upper() + name[1:]  # "the United States"
    return f"{name}, {source}" if several else name


def _source(context: ReportContext, source: str) -> str:
    return context.words("admissions.statbank") if source == STATBANK else source


# -- what a brief states


def _stated(context: ReportContext, reference: Reference, extract: pd.DataFrame) -> Listing:
    """Each statement as it stands, and the same of the extract; numbers of a register have no
    interval.
    """
    w = context.words
    lines, rows = [], []
    for said in reference.admissions:
        found = _found(said, extract)
        rows.append(
            {
                "country_code": said.country_code,
                "first_year": said.years[0],
                "last_year": said.years[1],
                "stated": said.stated,
                "stated_change": said.change,
                "stated_persons": said.persons,
                **found,
            }
        )
        lines.append([w.name(said), _statement(context, said), _shown(context, said, found)])
    columns = [w("reference.column"), w("admissions.stated"), w("admissions.extract")]
    return Listing(
        w("admissions.table", reference=w.name(reference)),
        with_text(grid(columns, lines), *columns[1:]),
        pd.DataFrame(rows),
        (
            w("figure.note", text=w("admissions.stated_note")),
            w("admissions.source", sources=published(context, reference)),
        ),
    )


def _found(statement: Admission, extract: pd.DataFrame) -> Mapping[str, Any]:
    """Admissions of the country in the statement's first and last year; of several sources or a
    small cell, none.
    """
    mine = (
        extract[extract["country_code"] == statement.country_code]
        .groupby("year")["admissions"]
        .agg(["sum", "count", "size"])
    )
    first, last = (
        float(mine["sum"][y])
        if y in mine.index and mine["count"][y] == mine["size"][y] == 1
        else None
        for y in statement.years
    )
    return {
        "before": first,
        "after": last,
        "change": last / first - 1 if first and last is not None else None,
    }


def _statement(context: ReportContext, statement: Admission) -> str:
    w = context.words
    if statement.stated is not None:
        return w(f"admissions.{statement.stated}")
    value = (
        w.percent(statement.change, _decimals(statement.change), sign=True)
        if statement.change is not None
        else w.number(statement.persons)
    )
    return w("admissions.about", value=value) if statement.about else value


def _decimals(ratio: float) -> int:
    """As the brief writes a change."""
    return 0 if abs(ratio) >= 0.1 else 1


def _shown(context: ReportContext, statement: Admission, count: Mapping[str, Any]) -> str:
    w = context.words
    if statement.persons is not None and statement.years[0] == statement.years[1]:
        return w.number(count["after"])
    if count["before"] is None or count["after"] is None:
        return w("format.missing")
    counts = w(
        "admissions.from_to", before=w.number(count["before"]), after=w.number(count["after"])
    )
    return (
        counts
        if count["change"] is None
        else w("cell.with_span", value=counts, span=w.percent(count["change"], 1, sign=True))
    )
