"""Section on centrality: whose share of the network changed, each with a verdict, and how it got
there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from coauth.report.context import Brief
from coauth.report.data import centrality
from coauth.report.render import charts, figures
from coauth.report.render.html import Chart, Listing, Section, Text, grid, with_text
from coauth.report.sections.centrality_trends import trails
from coauth.report.text import slug


def shifts(brief: Brief) -> Section:
    """Whose share of the network changed between the windows of the last comparison, each with a
    verdict.
    """
    w = brief.words
    before, after = (w.years(p) for p in brief.queries.measures.comparisons[-1])
    rows = centrality.shifts(brief.made, brief.queries)
    if rows.empty:
        return Section(
            "shifts",
            w("shifts.title"),
            (Text(w("shifts.none", before=before, after=after), "none"),),
        )
    counts = centrality.verdicts(brief.made, brief.queries)
    told = w.listing(
        [
            w("shifts.count", verdict=_verdict(brief, v), number=w.number(n))
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
        _shift_chart(brief, rows, before, after),
        _shift_listing(brief, rows, before, after),
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
            *trails(brief),
        ),
        {"institutions": sum(counts.values())} | dict(counts),
    )


def _shift_chart(brief: Brief, rows: pd.DataFrame, before: str, after: str) -> Chart:
    w = brief.words
    drawn = rows[rows["drawn"]].reset_index(drop=True)
    named = [brief.place(i) for i in drawn["institution_id"]]
    clear = [
        f"{n}: {_verdict(brief, v)}"
        for n, v in zip(named, drawn["verdict"], strict=True)
        if v != "no clear change"
    ]
    return Chart(
        w("shifts.figure", before=before, after=after, number=w.number(len(drawn))),
        w("shifts.alt", number=w.number(len(drawn)), told="; ".join(clear) or w("shifts.alt_none")),
        drawn,
        draw=lambda narrow: figures.shifts(drawn, named, w.bare, narrow=narrow),
        notes=brief.notes(
            w("shifts.note", before=before, after=after, confidence=brief.confidence)
        ),
    )


def _shift_listing(brief: Brief, rows: pd.DataFrame, before: str, after: str) -> Listing:
    w = brief.words
    lines = [
        [
            brief.place(r["institution_id"]),
            w.percent(r["before"], 2),
            w.percent(r["after"], 2),
            _points(brief, r, ""),
            _points(brief, r, "_weighted"),
            brief.q(r["q_value_weighted"]),
            _reasoned(brief, r),
        ]
        for r in rows.to_dict("records")
    ]
    titles = [
        w("column.institution"),
        before,
        after,
        w("column.change_points", confidence=brief.confidence),
        w("column.weighted"),
        w("column.q"),
        w("column.verdict"),
    ]
    shown = with_text(grid(titles, lines), w("column.verdict"))
    data = rows.assign(name=[brief.display_name(i) for i in rows["institution_id"]])
    return Listing(
        w("shifts.table", before=before, after=after),
        shown,
        data,
        brief.notes(w("shifts.table_note")),
    )


def _points(brief: Brief, row: Mapping[Any, Any], of: str) -> str:
    """A change of share in percentage points, with its interval."""
    w = brief.words
    change, low, high = (row[f"{c}{of}"] for c in ("change", "low", "high"))
    return (
        w("format.missing")
        if np.isnan(change)
        else w("cell.with_span", value=w.points(change), span=w.points_span(low, high))
    )


def _reasoned(brief: Brief, row: Mapping[Any, Any]) -> str:
    """The verdict and why; that an interval holds 0 is so common that the note says it once."""
    verdict = _verdict(brief, row["verdict"])
    return (
        verdict
        if row["why"] == "interval"
        else brief.words("cell.verdict", verdict=verdict, why=brief.words(f"why.{row['why']}"))
    )


def _verdict(brief: Brief, verdict: str) -> str:
    return brief.words(f"verdict.{slug(verdict)}")
