"""Sections on the graph as a whole: its picture, and tests of series at policy dates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from coauth.queries.registry import MEASURES
from coauth.report.context import ReportContext
from coauth.report.data import centrality, frames
from coauth.report.explorer import Atlas, explore
from coauth.report.render.html import Chart, Listing, Section, Text, grid, with_text
from coauth.stats.counts import works_needed

LITTLE_POWER = 0.8
"""Below, a test that finds nothing has mostly shown that it could not."""
STRONG = 20

# -- the picture


def network(context: ReportContext, picture: Figure | None, atlas: Atlas | None) -> Section:
    w = context.words
    if picture is None:
        return Section("network", w("network.title"), (Text(w("network.none"), "none"),))
    window = w.years(frames.last_window(context.queries))
    title = w("network.figure", home=context.home, window=window)
    hyper = None if context.is_public else centrality.hyper_share(context.tables, context.queries)
    apart = (
        ""
        if hyper is None
        else w(
            "network.hyper",
            limit=w.number(context.queries.scope.max_institutions),
            share=w.percent(hyper, 1),
            window=window,
        )
    )
    rows, strength = centrality.strengths(context.tables, context.queries), MEASURES["strength"]
    lines = [
        [
            w.number(r.rank),
            context.place(r.institution_id),
            w.number(r.strength),
            w.span(r.low, r.high),
        ]
        for r in frames.each(rows.head(STRONG))
    ]
    titles = [
        w("column.rank"),
        w("column.institution"),
        f"{w.own(strength, 'title')} ({w.own(strength, 'unit')})",
        w("column.interval", confidence=context.confidence),
    ]
    shown = with_text(grid(titles, lines), w("column.institution"))
    walk = explore(context, atlas) if atlas else None
    chart = Chart(
        title,
        w("network.alt", home=context.home),
        pd.DataFrame() if context.is_public else rows,
        still=picture,
        grid=shown if lines else None,
        notes=context.notes(
            w("network.note", home=context.home),
            w("network.public", limit=w.number(context.queries.scope.max_institutions))
            if context.is_public
            else "",
        ),
        explorer=walk,
    )
    told = [Text(apart)] if apart else []
    return Section(
        "network",
        w("network.title"),
        (Text(w("network.lead", home=context.home)), chart, *told),
        {"share_above_k": hyper, **(walk.facts if walk else {})},
    )


# -- tests at policy dates


def events(context: ReportContext) -> Section:
    """Steps of series at policy dates, with the power without which they mean nothing."""
    w = context.words
    rows, elsewhere = frames.events(context.tables), context.queries.events_elsewhere()
    absent = (
        [
            Text(
                w(
                    "events.elsewhere",
                    dates="; ".join(
                        w("events.event", name=w.name(e), day=w.day(e.date)) for e in elsewhere
                    ),
                ),
                "note",
            )
        ]
        if elsewhere
        else []
    )
    if rows.empty:
        none = (
            "events.none"
            if any(e.series for e in context.queries.event_table())
            else "events.none_here"
        )
        return Section("events", w("events.title"), (Text(w(none), "none"), *absent))
    known = {e.id: e for e in context.queries.events.event}
    dated = {i: w.day(e.date) for i, e in known.items()}
    named = w(
        "events.dates",
        dates="; ".join(
            w("events.event", name=w.name(known[i]), day=dated[i])
            for i in dict.fromkeys(rows["event_id"])
            if i in known
        ),
    )
    lines = [
        [
            context.series_name(r.series),
            dated.get(r.event_id, r.event_id),
            _compared(context, r),
            w.number(r.lag),
            w.percent(r.step, sign=True),
            w.percent_span(r.step_low, r.step_high, sign=True),
            w.percent(r.slope, sign=True),
            w.number(r.pre_trend_p, 2),
            w.number(r.power, 2),
            _outcome(context, r.step_low, r.step_high, r.power),
        ]
        for r in frames.each(rows)
    ]
    titles = [
        w("column.series"),
        w("column.event"),
        w("column.test"),
        w("column.lag"),
        w("column.step"),
        w("column.interval", confidence=context.confidence),
        w("column.slope"),
        w("column.pre_trend"),
        w("column.power"),
        w("column.reading"),
    ]
    shown = with_text(grid(titles, lines, text=3), w("column.reading"))
    tail = "_public" if context.is_public else ""
    listing = Listing(w("events.table"), shown, rows, context.notes(named, w(f"events.note{tail}")))
    least, never = (
        works_needed(LITTLE_POWER, context.queries.measures.confidence),
        int(rows["works_needed"].isna().sum()),
    )
    sees = w("events.sees", least=w.number(least), never=w.number(never), tests=w.number(len(rows)))
    return Section(
        "events",
        w("events.title"),
        (
            Text(w(f"events.lead{tail}")),
            *_base(context, rows),
            Text(sees),
            listing,
            *_matches(context, dated),
            *absent,
        ),
        {"works_needed.least": least, "works_needed.never": never, "tests": len(rows)},
    )


def _compared(context: ReportContext, row: Any) -> str:
    """What a series is held against: other works of the base of its shares, or those of
    institutions like it.
    """
    tail = "_all" if row.method == "segmented" and context.base(row.series) == "all" else ""
    return context.words(f"events.{row.method}_{row.period}{tail}")


def _base(context: ReportContext, rows: pd.DataFrame) -> list[Text]:
    beyond = [
        context.series_name(s) for s in dict.fromkeys(rows["series"]) if context.base(s) == "all"
    ]
    return (
        [Text(context.words("events.base_all", series=context.words.listing(beyond)))]
        if beyond
        else []
    )


def _matches(context: ReportContext, dated: Mapping[str, str]) -> tuple[Listing, ...]:
    """Whom the listed institutions are compared with, and how alike they were before the date."""
    w, rows = context.words, frames.matches(context.tables)
    if rows.empty:
        return ()
    lines = [
        [
            dated.get(r.event_id, r.event_id),
            context.place(r.institution_id),
            w.number(r.works_before),
            w("events.alone") if pd.isna(r.control_id) else context.place(r.control_id),
            w.number(r.control_works_before),
            w.number(r.field_distance, 2),
        ]
        for r in frames.each(rows)
    ]
    titles = [
        w("column.event"),
        w("column.listed"),
        w("column.works_before"),
        w("column.compared"),
        w("column.works"),
        w("column.field_distance"),
    ]
    shown = with_text(grid(titles, lines, text=2), w("column.compared"))
    return (Listing(w("events.matches"), shown, rows, context.notes(w("events.matches_note"))),)


def _outcome(context: ReportContext, low: float, high: float, power: float) -> str:
    step = {"rose": "up", "fell": "down"}.get(frames.direction(low, high), "flat")
    return context.words(f"events.{step}{'_weak' if power < LITTLE_POWER else ''}")
