"""Section on the benefit side: what works with and without a review cue bring, counted alike."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from coauth.queries import Technologies, Watchlist
from coauth.report.context import ReportContext
from coauth.report.data import benefits, frames
from coauth.report.render import charts
from coauth.report.render.charts import BLUE, GREY, ORANGE, canvas, percent_axis, plain, styled
from coauth.report.render.html import Chart, Grid, Listing, Section, Text, grid
from coauth.report.text import Words

TOP_TENTH = 0.1
"""Of the world's works, by definition."""
FIELDS_SHOWN = 8


def gains(context: ReportContext) -> Section:
    w, window = context.words, frames.last_window(context.queries)
    counts = frames.table(context.tables, "benefits")
    absent = [Text(context.no_cues, "caution")] if context.no_cues else []
    rows = benefits.shares(counts, window, context.queries.measures.confidence)
    if rows.empty:
        return Section(
            "benefits",
            w("benefits.title"),
            (Text(w("benefits.none", window=w.years(window)), "none"), *absent),
        )
    if "types" in context.about.lacking:
        rows = rows.assign(company=np.nan, company_low=np.nan, company_high=np.nan)
    kinds = [cue.partition(":")[0] for cue in rows["cue"]]
    names = {
        cue: _name(context, cue, several=kinds.count(kind) > 1)
        for cue, kind in zip(rows["cue"], kinds, strict=True)
    }
    told = "; ".join(f"{names[r.cue]}: {w.percent(r.top_10)}" for r in frames.each(rows))
    chart = Chart(
        w("benefits.figure", window=w.years(window)),
        w("benefits.alt", told=told),
        rows,
        draw=lambda narrow: _draw(rows, names, w.bare, narrow=narrow),
        grid=_grid(context, rows, names),
        notes=context.notes(
            w("benefits.note", world=w.percent(TOP_TENTH), confidence=context.confidence),
            *_unknown(context),
        ),
        statement="benefits",
    )
    return Section(
        "benefits",
        w("benefits.title"),
        (Text(w("benefits.lead")), *absent, chart, *_fields(context, counts, names)),
        {"world": TOP_TENTH},
    )


def _unknown(context: ReportContext) -> list[str]:
    """What is missing here because no record says it."""
    return [
        context.words(f"benefits.no_{field}")
        for field in ("topics", "types")
        if field in context.about.lacking
    ]


def _name(context: ReportContext, cue: str, *, several: bool) -> str:
    """What kind of cue; and of which list, where there are several of the kind."""
    kind, _, list_id = cue.partition(":")
    lists: list[Watchlist | Technologies] = [
        *context.queries.watchlists,
        *context.queries.technologies,
    ]
    named = {x.id: context.words.name(x) for x in lists}
    said = context.words(f"benefits.cue_{kind}")
    return f"{said}: {named.get(list_id, list_id)}" if several else said


def _grid(context: ReportContext, rows: pd.DataFrame, names: dict[str, str]) -> Grid:
    w = context.words
    lines = [
        [
            names[r.cue],
            w.number(r.works),
            w.number(r.works_ranked),
            w.percent(r.top_10, 1),
            w.percent_span(r.top_10_low, r.top_10_high, 1),
            w.percent(r.company, 1),
            w.percent_span(r.company_low, r.company_high, 1),
        ]
        for r in frames.each(rows)
    ]
    interval = w("column.interval", confidence=context.confidence)
    return grid(
        [
            w("column.cue"),
            w("column.works"),
            w("column.ranked"),
            w("column.top_10"),
            interval,
            w("column.company"),
            interval,
        ],
        lines,
    )


def _fields(context: ReportContext, counts: pa.Table, names: dict[str, str]) -> tuple[Listing, ...]:
    """The largest fields of all cues together, and what share each has of a cue's works."""
    w, window = context.words, frames.last_window(context.queries)
    rows = benefits.fields(counts, window)
    if rows.empty:
        return ()
    wide = rows.pivot(index="field_id", columns="cue", values=["works", "share"]).fillna(0)
    largest = wide["share"].T.max().sort_values(ascending=False, kind="stable").index
    cues = [c for c in names if c in set(rows["cue"])]
    data = pd.DataFrame({"field_id": largest})
    for cue in cues:
        data[f"works {cue}"] = wide["works"][cue].loc[largest].astype("int64").to_numpy()
        data[f"share {cue}"] = wide["share"][cue].loc[largest].to_numpy()
    lines = [
        [
            w.word_or(f"field.{r['field_id']}", str(r["field_id"])),
            *(
                w(
                    "cell.works_share",
                    works=w.number(r[f"works {c}"]),
                    share=w.percent(r[f"share {c}"]),
                )
                for c in cues
            ),
        ]
        for r in data.head(FIELDS_SHOWN).to_dict("records")
    ]
    title = w("benefits.fields", window=w.years(window))
    return (
        Listing(
            title,
            grid([w("column.field"), *(names[c] for c in cues)], lines),
            data,
            context.notes(w("benefits.fields_note")),
            "benefits",
        ),
    )


@styled
def _draw(rows: pd.DataFrame, names: dict[str, str], words: Words, *, narrow: bool) -> Figure:
    """Both shares with their intervals; the dotted line is the world's share among the most cited."""
    figure = canvas(narrow, 0.75 + 0.45 * len(rows) * (2 if narrow else 1))
    axes = figure.subplots(2, 1) if narrow else figure.subplots(1, 2, sharey=True)
    y = np.arange(len(rows))
    for axis, name, colour, marker in zip(
        axes, ("top_10", "company"), (BLUE, ORANGE), ("o", "D"), strict=True
    ):
        known = rows[name].notna().to_numpy()
        part = rows[known]
        reach = np.abs(
            part[[f"{name}_low", f"{name}_high"]].to_numpy(dtype=float).T
            - part[name].to_numpy(dtype=float)
        )
        marks = axis.errorbar(
            part[name], y[known], xerr=reach, fmt=marker, color=colour, markersize=4, linewidth=1
        )
        told = [
            charts.point(words, words(f"benefits.{name}"), names[c], *ends, percent=True)
            for c, *ends in zip(
                part["cue"], part[name], part[f"{name}_low"], part[f"{name}_high"], strict=True
            )
        ]
        figure.trace(
            axis,
            words(f"benefits.{name}"),
            colour,
            part[name],
            y[known],
            told,
            [marks.lines[0], *marks.lines[2]],
        )
        axis.set_xlim(0, max(0.2, float(part[f"{name}_high"].max()) * 1.1 if len(part) else 0.2))
        axis.set_title(words(f"benefits.{name}"), loc="left", fontsize=8, fontweight="bold")
        axis.set_yticks(
            y,
            [textwrap.shorten(names[c], 40, placeholder=" …") for c in rows["cue"]],
            fontsize=6.3 if narrow else 7.3,
        )
        axis.set_ylim(len(rows) - 0.5, -0.5)
        axis.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        percent_axis(axis.xaxis, words)
        plain(axis, "x")
    axes[0].axvline(TOP_TENTH, color=GREY, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
    return figure
