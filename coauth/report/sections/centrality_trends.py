"""How the largest universities and the listed institutions got where they are: lines with bands,
slopes, and ranks where these can be told.
"""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from coauth.queries import Years
from coauth.queries.registry import MEASURES
from coauth.report.context import ReportContext
from coauth.report.data import centrality, frames
from coauth.report.render import charts
from coauth.report.render.charts import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    VERDICTS,
    canvas,
    percent_axis,
    plain,
    styled,
)
from coauth.report.render.html import Chart, Text, grid
from coauth.report.text import Words

UNIVERSITIES = 8
NARROW_RANK = 5
"""A rank is drawn only where its interval is narrower, in every window."""


def windows(context: ReportContext) -> pd.DataFrame:
    """Share of strength and rank of the largest domestic universities and the listed institutions,
    window by window, largest first.
    """
    rows = centrality.select(
        context.tables, "centrality", context.queries, measure="strength_share"
    )
    rows = rows[
        (rows["last_year"] - rows["first_year"] + 1 == context.queries.measures.window)
        & (rows["last_year"] <= context.years[1])
    ]
    places = frames.frame(
        context.tables, "institutions", ["institution_id", "type", "is_domestic", "works"]
    )
    home = places[
        places["is_domestic"].astype(bool) & places["institution_id"].isin(rows["institution_id"])
    ]
    home = home[home["type"] == "education"] if (home["type"] == "education").any() else home
    largest = (
        home.sort_values(["works", "institution_id"], ascending=[False, True])["institution_id"]
        .head(UNIVERSITIES)
        .tolist()
    )
    listed = sorted(
        set(frames.frame(context.tables, "listed", ["institution_id"])["institution_id"])
    )
    order = {i: n for n, i in enumerate(dict.fromkeys([*largest, *listed]))}
    rows = rows[rows["institution_id"].isin(order)].assign(
        listed=rows["institution_id"].isin(listed), order=rows["institution_id"].map(order)
    )
    keep = [
        "institution_id",
        "listed",
        "first_year",
        "last_year",
        "value",
        "low",
        "high",
        "rank",
        "rank_low",
        "rank_high",
    ]
    return rows.sort_values(["order", "last_year"])[keep].reset_index(drop=True)


def trails(context: ReportContext) -> tuple[Text | Chart, ...]:
    rows = windows(context)
    if rows.empty:
        return ()
    names = {i: context.institution(i) for i in dict.fromkeys(rows["institution_id"])}
    return (
        _lines(context, rows, names),
        *_slopes(context, rows, names),
        *_ranks(context, rows, names),
    )


# -- lines with bands


def _lines(context: ReportContext, rows: pd.DataFrame, names: dict[str, str]) -> Chart:
    w, home = context.words, rows[~rows["listed"]]
    shown = home if len(home) else rows
    lines = [
        [
            names[r.institution_id],
            w.years((r.first_year, r.last_year)),
            w.percent(r.value, 2),
            w.percent_span(r.low, r.high, 2),
            w.number(r.rank),
            w.span(r.rank_low, r.rank_high),
        ]
        for r in frames.each(rows)
    ]
    interval = w("column.interval", confidence=context.confidence)
    titles = [
        w("column.institution"),
        w("column.years"),
        w.own(MEASURES["strength_share"], "title"),
        interval,
        w("column.rank"),
        interval,
    ]
    return Chart(
        w("trails.lines", years=context.queries.measures.window),
        w(
            "trails.lines_alt",
            names=w.listing([names[i] for i in dict.fromkeys(shown["institution_id"])]),
        ),
        rows.assign(name=[context.display_name(i) for i in rows["institution_id"]]),
        draw=lambda narrow: _draw_lines(shown, names, w.bare, narrow=narrow),
        grid=grid(titles, lines, text=2),
        notes=context.notes(w("trails.lines_note", confidence=context.confidence)),
    )


@styled
def _draw_lines(rows: pd.DataFrame, names: dict[str, str], words: Words, *, narrow: bool) -> Figure:
    """A panel an institution, each with its own scale from 0; a window stands at its last year."""
    ids, columns = list(dict.fromkeys(rows["institution_id"])), 2 if narrow else 4
    figure = canvas(narrow, 1.45 * -(-len(ids) // columns))
    axes = figure.subplots(-(-len(ids) // columns), columns, squeeze=False).ravel()
    for axis, i in zip(axes, ids, strict=False):
        mine = rows[rows["institution_id"] == i]
        axis.fill_between(
            mine["last_year"], mine["low"], mine["high"], color=BLUE, alpha=0.18, linewidth=0
        )
        line = axis.plot(
            mine["last_year"], mine["value"], color=BLUE, linewidth=1.3, marker="o", markersize=2.4
        )
        told = [
            charts.point(
                words,
                names[i],
                words.years((r.first_year, r.last_year)),
                r.value,
                r.low,
                r.high,
                percent=True,
                decimals=2,
            )
            for r in frames.each(mine)
        ]
        figure.trace(axis, names[i], BLUE, mine["last_year"], mine["value"], told, line)
        axis.set_title(textwrap.fill(names[i], 24), loc="left", fontweight="bold", fontsize=7.3)
        axis.set_ylim(0, float(np.nanmax([mine["high"].max(), mine["value"].max()])) * 1.12 or 1)
        axis.set_xticks(sorted({int(mine["last_year"].min()), int(mine["last_year"].max())}))
        axis.yaxis.set_major_locator(MaxNLocator(3))
        percent_axis(axis.yaxis, words)
        plain(axis, "y")
    for axis in axes[len(ids) :]:
        axis.set_visible(False)
    return figure


# -- slopes


def _slopes(context: ReportContext, rows: pd.DataFrame, names: dict[str, str]) -> tuple[Chart, ...]:
    """Before and after of the comparison whose verdicts stand above."""
    w, (before, after) = context.words, context.queries.measures.comparisons[-1]
    sides = [
        rows[(rows["first_year"] == y[0]) & (rows["last_year"] == y[1])] for y in (before, after)
    ]
    both = sides[0].merge(sides[1], on=["institution_id", "listed"], suffixes=("_before", "_after"))
    if both.empty:
        return ()
    verdicts = centrality.judged(context.tables, context.queries)
    both["verdict"] = both["institution_id"].map(verdicts).fillna("")
    lines = [
        [
            names[r.institution_id],
            w.percent(r.value_before, 2),
            w.percent_span(r.low_before, r.high_before, 2),
            w.percent(r.value_after, 2),
            w.percent_span(r.low_after, r.high_after, 2),
        ]
        for r in frames.each(both)
    ]
    interval = w("column.interval", confidence=context.confidence)
    titles = [w("column.institution"), w.years(before), interval, w.years(after), interval]
    clear = [names[r.institution_id] for r in frames.each(both) if r.verdict in ("rose", "fell")]
    return (
        Chart(
            w("trails.slopes", before=w.years(before), after=w.years(after)),
            w("trails.slopes_alt", clear=w.listing(clear) if clear else w("shifts.alt_none")),
            both.assign(name=[context.display_name(i) for i in both["institution_id"]]),
            draw=lambda narrow: _draw_slopes(both, names, before, after, w.bare, narrow=narrow),
            grid=grid(titles, lines),
            notes=context.notes(w("trails.slopes_note", confidence=context.confidence)),
        ),
    )


@styled
def _draw_slopes(
    rows: pd.DataFrame,
    names: dict[str, str],
    before: Years,
    after: Years,
    words: Words,
    *,
    narrow: bool,
) -> Figure:
    """Universities on the left (phone: above), listed institutions on the right, each with its own
    scale; colour by verdict.
    """
    sides = [part for listed in (False, True) if len(part := rows[rows["listed"] == listed])]
    figure = canvas(narrow, 3.3 * (len(sides) if narrow else 1))
    axes = (
        figure.subplots(len(sides), 1, squeeze=False).ravel()
        if narrow
        else figure.subplots(1, len(sides), squeeze=False).ravel()
    )
    for axis, part in zip(axes, sides, strict=True):
        for r in frames.each(part):
            colour, marker = VERDICTS.get(r.verdict, (GREY, "o"))
            line = axis.plot(
                [0, 1],
                [r.value_before, r.value_after],
                color=colour,
                linewidth=1.2,
                marker=marker,
                markersize=3.5,
            )
            told = [
                charts.point(
                    words, names[r.institution_id], words.years(y), *ends, percent=True, decimals=2
                )
                for y, ends in (
                    (before, (r.value_before, r.low_before, r.high_before)),
                    (after, (r.value_after, r.low_after, r.high_after)),
                )
            ]
            figure.trace(
                axis,
                names[r.institution_id],
                colour,
                [0, 1],
                [r.value_before, r.value_after],
                told,
                line,
            )
            for x, low, high in ((0, r.low_before, r.high_before), (1, r.low_after, r.high_after)):
                axis.plot(
                    [x, x],
                    [low, high],
                    color=colour,
                    linewidth=3,
                    alpha=0.25,
                    solid_capstyle="butt",
                )
        axis.set_xlim(-0.08, 2.0 if narrow else 2.25)
        axis.set_ylim(bottom=0)
        _labels(axis, [(names[r.institution_id], r.value_after) for r in frames.each(part)], 30)
        axis.set_xticks([0, 1], [words.years(before), words.years(after)])
        percent_axis(axis.yaxis, words)
        axis.set_title(
            words("trails.listed" if bool(part["listed"].iloc[0]) else "trails.universities"),
            loc="left",
            fontsize=8,
            fontweight="bold",
        )
        plain(axis, "y")
    return figure


def _labels(axis: Axes, ends: list[tuple[str, float]], width: int) -> None:
    """Names beside the ends of their lines, pushed apart until none covers another."""
    line, free = axis.get_ylim()[1] / 34, 0.0
    for name, value in sorted(ends, key=lambda end: end[1]):
        written = textwrap.fill(name, width)
        half = line * (written.count("\n") + 1.4) / 2
        at = max(value, free + half)
        free = at + half
        axis.annotate(
            written,
            (1, value),
            (1.1, at),
            fontsize=5.8,
            linespacing=1,
            va="center",
            color=INK,
            arrowprops={
                "arrowstyle": "-",
                "color": "#BBBBBB",
                "linewidth": 0.5,
                "shrinkA": 0,
                "shrinkB": 2,
                "patchA": None,
                "relpos": (0, 0.5),
            },
        )
    axis.set_ylim(0, max(axis.get_ylim()[1], free))


# -- ranks


def _ranks(
    context: ReportContext, rows: pd.DataFrame, names: dict[str, str]
) -> tuple[Text | Chart, ...]:
    """Only institutions whose rank is known closely enough in every window; else that none is. The
    ranks stand in the table behind `_lines`.
    """
    w = context.words
    wide = (
        (rows["rank_high"] - rows["rank_low"])
        .fillna(np.inf)
        .groupby(rows["institution_id"], sort=False)
        .max()
    )
    known = [i for i in names if wide[i] < NARROW_RANK]
    width = {
        "narrow": w.number(NARROW_RANK),
        "left_out": w.number(len(names) - len(known)),
        "shown": w.number(len(known)),
    }
    if len(known) < 2:
        return (Text(w("trails.no_ranks", **width), "note"),)
    drawn = rows[rows["institution_id"].isin(known)].reset_index(drop=True)
    return (
        Chart(
            w("trails.ranks"),
            w("trails.ranks_alt", names=w.listing([names[i] for i in known])),
            drawn.assign(name=[context.display_name(i) for i in drawn["institution_id"]]),
            draw=lambda narrow: _draw_ranks(drawn, names, w.bare, narrow=narrow),
            notes=context.notes(w("trails.ranks_note", confidence=context.confidence, **width)),
        ),
    )


@styled
def _draw_ranks(rows: pd.DataFrame, names: dict[str, str], words: Words, *, narrow: bool) -> Figure:
    """Rank 1 on top; bars are the intervals of the rank."""
    ids = list(dict.fromkeys(rows["institution_id"]))
    figure = canvas(narrow, 0.6 + 0.3 * len(ids))
    axis = figure.subplots()
    for n, i in enumerate(ids):
        mine, colour = rows[rows["institution_id"] == i], (BLUE, ORANGE, GREY, INK)[n % 4]
        axis.plot(
            mine["last_year"],
            mine["rank"],
            color=colour,
            linewidth=1.4,
            marker="o",
            markersize=3.5,
            linestyle=("-", "--", ":", "-.")[n // 4 % 4],
        )
        axis.vlines(
            mine["last_year"],
            mine["rank_low"],
            mine["rank_high"],
            color=colour,
            linewidth=4,
            alpha=0.22,
        )
        end = mine.iloc[-1]
        axis.annotate(
            textwrap.fill(names[i], 22 if narrow else 44),
            (end["last_year"], end["rank"]),
            (6, 0),
            textcoords="offset points",
            fontsize=6.8,
            va="center",
        )
    first, last = int(rows["last_year"].min()), int(rows["last_year"].max())
    axis.set_xlim(first - 0.3, last + (last - first) * (0.75 if narrow else 0.5))
    axis.set_xticks(range(first, last + 1, 2 if narrow else 1))
    axis.yaxis.set_major_locator(MaxNLocator(8, integer=True))
    axis.set_ylim(float(rows["rank_high"].max()) + 0.6, 0.4)
    axis.set_title(words("trails.rank_axis"), loc="left", fontsize=7)
    plain(axis, "y")
    return figure
