"""Section on centrality: whose share of the network changed, each with a verdict, and how it got
there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from coauth.report.context import ReportContext
from coauth.report.data import centrality
from coauth.report.render import charts, figures
from coauth.report.render.html import Chart, Listing, Section, Text, grid, with_text
from coauth.report.sections.centrality_trends import trails
from coauth.report.text import slug
from coauth.stages.shifts import FELL, ROSE, UNCLEAR
from coauth.stages.shifts.wording import TELLING


def shifts(context: ReportContext) -> Section:
    """Whose share of the network changed between the windows of the last comparison, each with a
    verdict.
    """
    w = context.words
    before, after = (w.years(p) for p in context.queries.measures.comparisons[-1])
    rows = centrality.shifts(context.tables, context.queries)
    if rows.empty:
        return Section(
            "shifts",
            w("shifts.title"),
            (Text(w("shifts.none", before=before, after=after), "none"),),
        )
    counts = centrality.verdicts(context.tables, context.queries)
    told = w.listing(
        [
            w("shifts.count", verdict=_verdict(context, v), number=w.number(n))
            for v in charts.VERDICTS
            if (n := counts.get(v))
        ]
    )
    lead = Text(
        w(
            "shifts.lead",
            before=before,
            after=after,
            total=w.number(sum(counts.values())),
            told=told,
        )
    )
    chart, listing = (
        _shift_chart(context, rows, before, after),
        _shift_listing(context, rows, before, after),
    )
    return Section(
        "shifts",
        w("shifts.title"),
        (
            Text(w("shifts.what")),
            lead,
            chart,
            listing,
            Text(w("shifts.rules"), "note"),
            *trails(context),
        ),
        {"institutions": sum(counts.values()), "drawn": int(rows["drawn"].sum())} | dict(counts),
    )


def _shift_chart(context: ReportContext, rows: pd.DataFrame, before: str, after: str) -> Chart:
    w = context.words
    drawn = rows[rows["drawn"]].reset_index(drop=True)
    named = [context.place(i) for i in drawn["institution_id"]]
    clear = [
        f"{n}: {_verdict(context, v)}"
        for n, v in zip(named, drawn["verdict"], strict=True)
        if v != "no clear change"
    ]
    return Chart(
        w("shifts.figure", before=before, after=after, number=w.number(len(drawn))),
        w("shifts.alt", number=w.number(len(drawn)), told="; ".join(clear) or w("shifts.alt_none")),
        drawn,
        draw=lambda narrow: figures.shifts(drawn, named, w.bare, narrow=narrow),
        notes=context.notes(
            w("shifts.note", before=before, after=after, confidence=context.confidence)
        ),
    )


def _shift_listing(context: ReportContext, rows: pd.DataFrame, before: str, after: str) -> Listing:
    w = context.words
    lines = [
        [
            context.place(r["institution_id"]),
            w.percent(r["before"], 2),
            w.percent(r["after"], 2),
            _points(context, r, ""),
            _points(context, r, "_weighted"),
            context.q(r["q_value_weighted"]),
            _reasoned(context, r),
        ]
        for r in rows.to_dict("records")
    ]
    titles = [
        w("column.institution"),
        before,
        after,
        w("column.change_points", confidence=context.confidence),
        w("column.weighted"),
        w("column.q"),
        w("column.verdict"),
    ]
    shown = with_text(grid(titles, lines), w("column.verdict"))
    data = rows.assign(name=[context.display_name(i) for i in rows["institution_id"]])
    return Listing(
        w("shifts.table", before=before, after=after),
        shown,
        data,
        context.notes(w("shifts.table_note")),
    )


def _points(context: ReportContext, row: Mapping[Any, Any], of: str) -> str:
    """A change of share in percentage points, with its interval."""
    w = context.words
    change, low, high = (row[f"{c}{of}"] for c in ("change", "low", "high"))
    return (
        w("format.missing")
        if np.isnan(change)
        else w("cell.with_span", value=w.points(change), span=w.points_span(low, high))
    )


def _reasoned(context: ReportContext, row: Mapping[Any, Any]) -> str:
    """The verdict and why, and what would overturn it or how large a change there may have been;
    that an interval holds 0 is so common that the note says it once.
    """
    w, verdict = context.words, _verdict(context, row["verdict"])
    if row["why"] != "interval":
        verdict = w("cell.verdict", verdict=verdict, why=w(f"why.{row['why']}"))
    tipping, bound = row["tipping_weighted"], row["bound_weighted"]
    if row["verdict"] in (ROSE, FELL) and not np.isnan(tipping):
        return w("cell.undone", verdict=verdict, part=w.percent(tipping, 0))
    if row["verdict"] == UNCLEAR and not np.isnan(bound):
        return w(
            "cell.bounded" if bound <= TELLING else "cell.untold",
            verdict=verdict,
            part=w.percent(bound, 0),
        )
    return verdict


def _verdict(context: ReportContext, verdict: str) -> str:
    return context.words(f"verdict.{slug(verdict)}")
