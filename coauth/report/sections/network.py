"""Sections on the graph as a whole: its picture, and tests of series at policy dates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from coauth.report.context import Brief
from coauth.report.data import centrality, frames
from coauth.report.explorer import Atlas, explore
from coauth.report.render.html import Chart, Listing, Section, Text, grid, with_text
from coauth.stats.counts import works_needed

LITTLE_POWER = 0.8
"""Below, a test that finds nothing has mostly shown that it could not."""
STRONG = 20

# -- the picture


def network(brief: Brief, picture: Figure | None, atlas: Atlas | None) -> Section:
    w = brief.words
    if picture is None:
        return Section("network", w("network.title"), (Text(w("network.none"), "none"),))
    window = w.years(frames.last_window(brief.queries))
    title = w("network.figure", home=brief.home, window=window)
    hyper = None if brief.is_public else centrality.hyper_share(brief.made, brief.queries)
    apart = (
        ""
        if hyper is None
        else w(
            "network.hyper",
            limit=w.number(brief.queries.scope.max_institutions),
            share=w.percent(hyper, 1),
            window=window,
        )
    )
    rows = centrality.strengths(brief.made, brief.queries)
    lines = [
        [
            w.number(r.rank),
            brief.place(r.institution_id),
            w.number(r.strength),
            w.span(r.low, r.high),
        ]
        for r in frames.each(rows.head(STRONG))
    ]
    titles = [
        w("column.rank"),
        w("column.institution"),
        w("column.strength"),
        w("column.interval", confidence=brief.confidence),
    ]
    shown = with_text(grid(titles, lines), w("column.institution"))
    walk = explore(brief, atlas) if atlas else None
    chart = Chart(
        title,
        w("network.alt", home=brief.home),
        pd.DataFrame() if brief.is_public else rows,
        still=picture,
        grid=shown if lines else None,
        notes=brief.notes(
            w("network.note", home=brief.home),
            w("network.public", limit=w.number(brief.queries.scope.max_institutions))
            if brief.is_public
            else "",
        ),
        explorer=walk,
    )
    told = [Text(apart)] if apart else []
    return Section(
        "network",
        w("network.title"),
        (Text(w("network.lead", home=brief.home)), chart, *told),
        {"share_above_k": hyper, **(walk.facts if walk else {})},
    )


# -- tests at policy dates


def events(brief: Brief) -> Section:
    """Steps of series at policy dates, with the power without which they mean nothing."""
    w = brief.words
    rows, elsewhere = frames.events(brief.made), brief.queries.events_elsewhere()
    absent = (
        [
            Text(
                w(
                    "events.elsewhere",
                    dates="; ".join(
                        w("events.event", name=w.named(e), day=w.day(e.date)) for e in elsewhere
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
            if any(e.series for e in brief.queries.event_table())
            else "events.none_here"
        )
        return Section("events", w("events.title"), (Text(w(none), "none"), *absent))
    known = {e.id: e for e in brief.queries.events.event}
    dated = {i: w.day(e.date) for i, e in known.items()}
    named = w(
        "events.dates",
        dates="; ".join(
            w("events.event", name=w.named(known[i]), day=dated[i])
            for i in dict.fromkeys(rows["event_id"])
            if i in known
        ),
    )
    lines = [
        [
            brief.series_name(r.series),
            dated.get(r.event_id, r.event_id),
            _compared(brief, r),
            w.number(r.lag),
            w.percent(r.step, sign=True),
            w.percent_span(r.step_low, r.step_high, sign=True),
            w.percent(r.slope, sign=True),
            w.number(r.pre_trend_p, 2),
            w.number(r.power, 2),
            _outcome(brief, r.step_low, r.step_high, r.power),
        ]
        for r in frames.each(rows)
    ]
    titles = [
        w("column.series"),
        w("column.event"),
        w("column.test"),
        w("column.lag"),
        w("column.step"),
        w("column.interval", confidence=brief.confidence),
        w("column.slope"),
        w("column.pre_trend"),
        w("column.power"),
        w("column.reading"),
    ]
    shown = with_text(grid(titles, lines, text=3), w("column.reading"))
    tail = "_public" if brief.is_public else ""
    listing = Listing(w("events.table"), shown, rows, brief.notes(named, w(f"events.note{tail}")))
    least, never = (
        works_needed(LITTLE_POWER, brief.queries.measures.confidence),
        int(rows["works_needed"].isna().sum()),
    )
    sees = w("events.sees", least=w.number(least), never=w.number(never), tests=w.number(len(rows)))
    return Section(
        "events",
        w("events.title"),
        (
            Text(w(f"events.lead{tail}")),
            *_base(brief, rows),
            Text(sees),
            listing,
            *_matches(brief, dated),
            *absent,
        ),
        {"works_needed.least": least, "works_needed.never": never, "tests": len(rows)},
    )


def _compared(brief: Brief, row: Any) -> str:
    """What a series is held against: other works of the base of its shares, or those of
    institutions like it.
    """
    tail = "_all" if row.method == "segmented" and brief.base(row.series) == "all" else ""
    return brief.words(f"events.{row.method}_{row.period}{tail}")


def _base(brief: Brief, rows: pd.DataFrame) -> list[Text]:
    beyond = [brief.series_name(s) for s in dict.fromkeys(rows["series"]) if brief.base(s) == "all"]
    return (
        [Text(brief.words("events.base_all", series=brief.words.listing(beyond)))] if beyond else []
    )


def _matches(brief: Brief, dated: Mapping[str, str]) -> tuple[Listing, ...]:
    """Whom the listed institutions are compared with, and how alike they were before the date."""
    w, rows = brief.words, frames.matches(brief.made)
    if rows.empty:
        return ()
    lines = [
        [
            dated.get(r.event_id, r.event_id),
            brief.place(r.institution_id),
            w.number(r.works_before),
            w("events.alone") if pd.isna(r.control_id) else brief.place(r.control_id),
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
    return (Listing(w("events.matches"), shown, rows, brief.notes(w("events.matches_note"))),)


def _outcome(brief: Brief, low: float, high: float, power: float) -> str:
    step = {"rose": "up", "fell": "down"}.get(frames.direction(low, high), "flat")
    return brief.words(f"events.{step}{'_weak' if power < LITTLE_POWER else ''}")
