"""What others have published (`queries/reference/`), beside the same question asked of these data.

Of a brief's words only directions can be compared: it rests on another database, and the numbers
printed inside its figures are not in its text. Published counts of OpenAlex are compared year by
year (`coauth.stats.coherence`). Of another country, or of invented works, they say nothing.
"""

from __future__ import annotations

import pandas as pd

from coauth.queries import Direction, Reference
from coauth.report.context import ReportContext
from coauth.report.data import frames
from coauth.report.render.html import Listing, Text, grid, with_text
from coauth.stats import coherence
from coauth.stats.coherence import Comparison
from coauth.stats.counts import compare_counts
from coauth.tables.schemas import COPUBLICATIONS


def published(context: ReportContext, reference: Reference) -> str:
    """Where it was published, in the language of the report where that is known."""
    return context.words.own(reference, "source")


def statements(context: ReportContext) -> list[Listing]:
    """A table for each publication that states directions, where it applies and a series is there."""
    if context.about.synthetic or context.about.part:
        return []
    applying = [r for r in context.queries.references if r.about(context.queries.scope.countries)]
    return [listing for r in applying if (listing := _statements(context, r))]


def _statements(context: ReportContext, reference: Reference) -> Listing | None:
    w = context.words
    rows, lines = [], []
    for said in reference.direction:
        first, last = said.years
        works = (
            frames.series(context.tables, said.series, context.queries)
            .set_index("year")["works"]
            .dropna()
        )
        if first not in works.index or last not in works.index:
            continue
        found = compare_counts(
            int(works[first]),
            int(works[last]),
            context.queries.measures.confidence,
            frames.beyond(context.tables, said.series, context.queries, said.years),
        )
        seen = frames.direction(found.low, found.high)
        rows.append(
            (
                said.series,
                first,
                last,
                found.before,
                found.after,
                found.ratio,
                found.low,
                found.high,
                said.stated,
                seen,
            )
        )
        change = (
            w("change.none")
            if found.ratio is None
            else w(
                "change.short",
                change=w.percent(found.ratio, sign=True),
                span=w.percent_span(found.low, found.high, sign=True),
            )
        )
        lines.append(
            [
                w.name(said),
                f"{first}: {w.number(found.before)}",
                f"{last}: {w.number(found.after)}",
                change,
                w(f"reference.{_agreement(said, seen)}"),
            ]
        )
    if not rows:
        return None
    columns = [
        "series",
        "first_year",
        "last_year",
        "before",
        "after",
        "ratio",
        "low",
        "high",
        "stated",
        "seen",
    ]
    titles = [
        w("reference.column"),
        w("column.works"),
        w("column.works"),
        w("column.change"),
        w("column.reading"),
    ]
    return Listing(
        w("reference.table", reference=w.name(reference)),
        with_text(grid(titles, lines), w("column.reading")),
        pd.DataFrame(rows, columns=columns),
        context.notes(w("reference.note")),
        "copublications",
    )


def _agreement(statement: Direction, reading: str) -> str:
    """An interval that holds 0 contradicts no level, and settles no direction."""
    if statement.stated == "level":
        return (
            "compatible" if reading == "unclear" else "open" if reading == "unknown" else "differs"
        )
    return (
        "agrees"
        if statement.stated == reading
        else "open"
        if reading in ("unclear", "unknown")
        else "differs"
    )


def counts(context: ReportContext) -> list[Text | Listing]:
    """Figure 1 held against published counts: one sentence, and the series it is about; or why
    there is nothing to hold it against.
    """
    w, scope = context.words, context.queries.scope
    if context.about.synthetic:
        return [Text(w("reference.synthetic"), term=w("reference.term"))]
    if context.about.part:
        return [Text(w("reference.part"), term=w("reference.term"))]
    held = coherence.hold(
        context.tables.get("copublications", COPUBLICATIONS.empty()),
        context.queries,
        scope.countries,
    )
    if not held:
        return [Text(w("reference.none", home=context.home), term=w("reference.term"))]
    parts: list[Text | Listing] = []
    for reference in context.queries.references:
        if mine := [h for h in held if h.reference == reference.id]:
            parts += [
                Text(_verdict(context, reference, mine), term=w("reference.term")),
                _counts(context, reference, mine),
            ]
    return parts


def _verdict(context: ReportContext, reference: Reference, rows: list[Comparison]) -> str:
    w = context.words
    differing = [context.series_name(h.series) for h in rows if not h.agrees]
    rule = {
        "tolerance": w.percent(reference.tolerance),
        "levels": w.years((rows[0].first_level, rows[0].last_level)),
        "change": w.years((rows[0].first_year, rows[0].last_year)),
        "reference": w.name(reference),
    }
    if differing:
        return w("reference.differing", series=w.listing(differing), **rule)
    whole = all(h.sign_agrees and h.levels_agree for h in rows)
    return w(f"reference.{'agreeing' if whole else 'partly'}", **rule)


def _counts(context: ReportContext, reference: Reference, rows: list[Comparison]) -> Listing:
    w = context.words
    lines = [
        [
            context.series_name(h.series),
            w.percent(h.change_there, 1, sign=True),
            w.percent(h.change_here, 1, sign=True),
            w.percent_span(h.lowest, h.highest, sign=True),
            w(f"reference.{'agrees' if h.agrees else 'differs'}"),
        ]
        for h in rows
    ]
    data = pd.DataFrame(
        [
            {
                "series": h.series,
                "year": year,
                "works_there": there,
                "works_here": here,
                "change_there": h.change_there,
                "change_here": h.change_here,
                "lowest": h.lowest,
                "highest": h.highest,
                "levels_agree": h.levels_agree,
                "sign_agrees": h.sign_agrees,
            }
            for h in rows
            for year, (there, here) in sorted(h.years.items())
        ]
    )
    change = w.years((rows[0].first_year, rows[0].last_year))
    titles = [
        w("column.series"),
        w("reference.there", change=change),
        w("reference.here", change=change),
        w("reference.levels", levels=w.years((rows[0].first_level, rows[0].last_level))),
        w("column.reading"),
    ]
    return Listing(
        w("reference.counts", reference=w.name(reference)),
        with_text(
            grid(titles, lines, keys=[h.series for h in rows], by="series"), w("column.reading")
        ),
        data,
        (
            w("figure.note", text=w("reference.counts_note")),
            w("admissions.source", sources=published(context, reference)),
        ),
        "copublications",
    )
