"""The figures of a report, one function each: a frame of `findings` -> a matplotlib Figure, without
pyplot and its state.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from coauth.queries import Admission
from coauth.report.data.frames import each
from coauth.report.render.charts import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERDICTS,
    Date,
    canvas,
    caption,
    curve,
    percent_axis,
    plain,
    point,
    styled,
    years_axis,
)
from coauth.report.text import Words, slug

# -- Figure 1


@styled
def partners(
    rows: pd.DataFrame,
    titles: Mapping[str, tuple[str, str]],
    dates: Sequence[Date],
    words: Words,
    *,
    narrow: bool,
) -> Figure:
    """A panel a group, each with its own scale: works a year, and below (phone: beside) the share
    of international works.
    """
    groups = list(titles)
    columns = 1 if narrow else min(3, len(groups))
    lines = -(-len(groups) // columns)
    figure = canvas(narrow, lines * (1.75 if narrow else 2.95))
    outer = figure.add_gridspec(lines, columns)
    for n, group in enumerate(groups):
        place = outer[n // columns, n % columns]
        inner = place.subgridspec(1, 2) if narrow else place.subgridspec(2, 1, height_ratios=[3, 2])
        chosen, mine = rows[rows["group_id"] == group], [d for d in dates if d.concerns(group)]
        counts, shares = (
            figure.add_subplot(inner[0, 0]),
            figure.add_subplot(inner[0, 1] if narrow else inner[1, 0]),
        )
        name, change = titles[group]
        counts.set_title(
            textwrap.fill(name, 30) + "\n",
            loc="left",
            fontweight="bold",
            fontsize=8,
            linespacing=1.15,
        )
        caption(counts, change)
        curve(counts, chosen, "works", BLUE, words, name, dates=mine, letters=False)
        curve(
            shares,
            chosen,
            "share",
            GREEN,
            words,
            words("figure.share_of", series=name),
            dates=mine,
            percent=True,
        )
        caption(shares, words("figure.share_short" if narrow else "figure.share"))
    return figure


# -- Figure 2


@styled
def watchlist(
    rows: pd.DataFrame,
    indices: pd.DataFrame,
    names: Mapping[str, str],
    dates: Sequence[Date],
    words: Words,
    *,
    narrow: bool,
) -> Figure:
    """A list's works a year, their share of international works (or of all: their base), and its
    index beside the country group's.
    """
    share = "figure.share_all" if rows["base"].iloc[0] == "all" else "figure.share"
    own = str(rows["group_id"].iloc[0])
    panels = 3 if len(indices) else 2
    figure = canvas(narrow, 2.0 * panels if narrow else 2.55)
    axes = figure.subplots(panels, 1) if narrow else figure.subplots(1, panels)
    mine = [d for d in dates if d.concerns(own)]
    for axis, column, colour, label in zip(
        axes, ("works", "share"), (ORANGE, GREEN), ("figure.works", share), strict=False
    ):
        curve(
            axis, rows, column, colour, words, words(label), dates=mine, percent=column == "share"
        )
        caption(axis, words(label))
    if len(indices):
        _index(axes[2], indices, own, names, mine, words)
    return figure


def _index(
    axis: Axes,
    indices: pd.DataFrame,
    own: str,
    names: Mapping[str, str],
    dates: Sequence[Date],
    words: Words,
) -> None:
    for group, part in indices.groupby("group_id", sort=False):
        colour = ORANGE if group == own else BLUE
        curve(
            axis,
            part,
            "index",
            colour,
            words,
            names[str(group)],
            dates=dates if group == own else (),
        )
        axis.plot(
            [],
            [],
            color=colour,
            marker="o",
            markersize=3,
            label=textwrap.fill(names[str(group)], 26),
        )
    axis.axhline(100, color=GREY, linewidth=0.5, linestyle=(0, (1, 2)), zorder=1)
    base = indices.loc[indices["index"].round(6) == 100, "year"]
    caption(axis, words("figure.index", year=int(base.iloc[0])))
    axis.legend(loc="upper left", frameon=False, fontsize=6.8, handlelength=1.2, borderaxespad=0.2)
    axis.set_ylim(0, axis.get_ylim()[1] * 1.15)  # room for the legend


# -- coverage


@styled
def coverage(rows: pd.DataFrame, words: Words, *, narrow: bool) -> Figure:
    """The shares of what has an affiliation, those that are there, from 0 to 100 %."""
    figure = canvas(narrow, 2.2 if narrow else 2.4)
    axis = figure.subplots()
    for column, colour, style, marker in (
        ("share_authorships", BLUE, "-", "o"),
        ("share_complete", ORANGE, (0, (4, 1.5)), "s"),
    ):
        if rows[column].isna().all():
            continue
        name = words(f"figure.{column}")
        line = axis.plot(
            rows["year"],
            rows[column],
            color=colour,
            linestyle=style,
            marker=marker,
            markersize=3,
            linewidth=1.3,
            label=name,
        )
        told = [
            words("figure.point", series=name, at=y, value=words.percent(v, 1))
            for y, v in zip(rows["year"], rows[column], strict=True)
        ]
        figure.trace(axis, name, colour, rows["year"], rows[column], told, line)
    axis.legend(loc="lower left", frameon=False, fontsize=7.5, handlelength=3)
    years_axis(axis, rows["year"], words, percent=True)
    axis.set_ylim(0, 1.08)
    axis.set_yticks([0, 0.25, 0.5, 0.75, 1.0])
    return figure


# -- technologies


@styled
def areas(
    profile: pd.DataFrame,
    names: Mapping[str, str],
    labels: Mapping[str, str],
    words: Words,
    *,
    narrow: bool,
) -> Figure:
    """Share of each series' works in each EU-10 area, with intervals: one mark per series, slightly
    apart.
    """
    series = list(names)
    codes = [a for a in labels if a in set(profile["area_id"])]
    figure = canvas(narrow, 4.6 if narrow else 3.9)
    axis = figure.subplots()
    styles = [(ORANGE, "D"), (BLUE, "o"), (GREY, "s"), (GREEN, "^"), (PURPLE, "v")]
    for n, name in enumerate(series):
        rows = profile[profile["series"] == name].set_index("area_id").loc[codes]
        colour, marker = styles[n % len(styles)]
        y = np.arange(len(codes)) + (n - (len(series) - 1) / 2) * 0.22
        reach = np.abs(
            rows[["low", "high"]].to_numpy(dtype=float).T - rows["share"].to_numpy(dtype=float)
        )
        marks = axis.errorbar(
            rows["share"],
            y,
            xerr=reach,
            fmt=marker,
            color=colour,
            markersize=3.6,
            linewidth=0.9,
            label=names[name],
        )
        told = [
            point(words, names[name], labels[code], *ends, percent=True)
            for code, *ends in zip(codes, rows["share"], rows["low"], rows["high"], strict=True)
        ]
        figure.trace(
            axis, names[name], colour, rows["share"], y, told, [marks.lines[0], *marks.lines[2]]
        )
    axis.set_yticks(range(len(codes)), [labels[c] for c in codes], fontsize=7.5)
    axis.invert_yaxis()
    axis.set_xlim(left=0)
    axis.xaxis.set_major_locator(MaxNLocator(4 if narrow else 6))
    percent_axis(axis.xaxis, words)
    plain(axis, "x")
    figure.legend(
        loc="outside upper left",
        frameon=False,
        ncols=1 if narrow else len(series),
        fontsize=7.5,
        handletextpad=0.3,
    )
    return figure


# -- centrality shifts


@styled
def shifts(rows: pd.DataFrame, names: Sequence[str], words: Words, *, narrow: bool) -> Figure:
    """Before -> after on the left (page only), and the change with its interval, relative to
    before, on the right.
    """
    n = len(rows)
    figure = canvas(narrow, 0.8 + n * (0.3 if narrow else 0.235))
    both = figure.subplots(1, 1 if narrow else 2, sharey=True, squeeze=False)[0]
    y = np.arange(n)
    pairs = {} if narrow else _dumbbells(both[0], rows, words)
    axis = both[-1]
    marks = {k: _change_mark(axis, k, row) for k, row in enumerate(each(rows))}
    for verdict, (colour, _) in VERDICTS.items():
        mine = [k for k, drawn in marks.items() if drawn and rows["verdict"].iloc[k] == verdict]
        change, low, high = (
            (rows[c] / rows["before"]).iloc[mine] for c in ("change", "low", "high")
        )
        told = [
            point(words, words(f"verdict.{slug(verdict)}"), names[k], *ends, percent=True)
            for k, *ends in zip(mine, change, low, high, strict=True)
        ]
        figure.trace(
            axis,
            words(f"verdict.{slug(verdict)}"),
            colour,
            change,
            mine,
            told,
            [a for k in mine for a in [*marks[k], *pairs.get(k, [])]],
        )
    axis.axvline(0, color=GREY, linewidth=0.7, zorder=1)
    caption(axis, words("figure.change_relative"))
    percent_axis(axis.xaxis, words, sign=True)
    axis.xaxis.set_major_locator(MaxNLocator(5))
    for a in both:
        plain(a, "x")
        a.spines["left"].set_visible(False)
        a.set_ylim(n - 0.4, -0.6)
    if narrow:
        axis.set_yticks([])
        for k, name in enumerate(names):
            axis.annotate(
                name,
                (0, k),
                (0, 4),
                xycoords=axis.get_yaxis_transform(),
                textcoords="offset points",
                fontsize=6.8,
                va="bottom",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.8},
            )
    else:
        both[0].set_yticks(y, [textwrap.fill(name, 46) for name in names], fontsize=6.8)
    _verdict_legend(figure, list(rows["verdict"]), words, narrow)
    return figure


def _dumbbells(axis: Axes, rows: pd.DataFrame, words: Words) -> dict[int, list[Line2D]]:
    """Open: before; filled: after. A logarithmic axis, since the largest is often a hundred times
    the smallest.
    """
    drawn = {}
    for k, row in enumerate(each(rows)):
        colour = VERDICTS.get(str(row.verdict), (GREY, "o"))[0]
        drawn[k] = [
            *axis.plot([row.before, row.after], [k, k], color=colour, linewidth=1.6, zorder=2),
            *axis.plot(
                row.before,
                k,
                "o",
                markersize=4,
                markerfacecolor="white",
                markeredgecolor=colour,
                zorder=3,
            ),
            *axis.plot(row.after, k, "o", markersize=4, color=colour, zorder=3),
        ]
    if (rows[["before", "after"]] > 0).all(axis=None):
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5), numticks=12))
        axis.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())
        axis.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    axis.xaxis.set_major_formatter(
        FuncFormatter(
            lambda v, _: words.number(100 * v, 0 if v >= 0.0099 else 1 if v > 0.00099 else 2)
        )
    )
    caption(axis, words("figure.strength_share"))
    return drawn


def _change_mark(axis: Axes, k: int, row: Any) -> list[Artist]:
    """Draw a change and its interval; the marks drawn, none where there is no interval."""
    if not row.before:
        return []
    colour, marker = VERDICTS.get(row.verdict, (GREY, "o"))
    change, low, high = (v / row.before for v in (row.change, row.low, row.high))
    if row.verdict.startswith("not comparable"):
        axis.add_patch(
            Rectangle(
                (0, k - 0.42),
                1,
                0.84,
                transform=axis.get_yaxis_transform(),
                fill=False,
                hatch="////",
                edgecolor="#C9B3C1",
                linewidth=0,
                zorder=0,
            )
        )
    if np.isnan(low):
        return []
    return [
        *axis.plot([low, high], [k, k], color=colour, linewidth=1.2, zorder=2),
        *axis.plot(change, k, marker, markersize=5, color=colour, zorder=3),
    ]


def _verdict_legend(figure: Figure, verdicts: Sequence[str], words: Words, narrow: bool) -> None:
    shown = [v for v in VERDICTS if v in verdicts]
    marks = [
        mpl.lines.Line2D(
            [],
            [],
            color=VERDICTS[v][0],
            marker=VERDICTS[v][1],
            markersize=5,
            linewidth=1.2,
            label=words(f"verdict.{slug(v)}"),
        )
        for v in shown
    ]
    figure.legend(
        handles=marks,
        loc="outside upper left",
        frameon=False,
        ncols=2 if narrow else len(marks),
        fontsize=7.5,
    )


# -- Figure 3


@styled
def admissions(
    rows: pd.DataFrame,
    titles: Mapping[str, str],
    stated: Mapping[str, Admission],
    words: Words,
    *,
    narrow: bool,
) -> Figure:
    """A panel a series, with its change under its name; a suppressed year is hatched and has no
    point, never a zero; open marks are what a brief states.
    """
    columns = min(len(titles), 2 if narrow else 4)
    lines = -(-len(titles) // columns)
    figure = canvas(narrow, 1.5 * lines + (0.1 if columns > 1 else 0.5))
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    years = range(int(rows["year"].min()), int(rows["year"].max()) + 1)
    for axis, (name, change) in zip(axes, titles.items(), strict=False):
        mine = rows[rows["series"] == name].set_index("year")
        chosen = mine["admissions"].reindex(years)
        told = [
            words("figure.point", series=name, at=y, value=words.number(v))
            for y, v in chosen.items()
        ]
        drawn = axis.plot(
            chosen.index, chosen, color=BLUE, marker="o", markersize=2.5, linewidth=1.2
        )
        figure.trace(axis, name, BLUE, chosen.index, chosen, told, drawn)
        for year in mine.index[mine["suppressed"]]:
            axis.axvspan(
                year - 0.5,
                year + 0.5,
                fill=False,
                hatch="////",
                edgecolor="#C9B3C1",
                linewidth=0,
                zorder=0,
            )
        axis.set_title(
            textwrap.fill(name, 104 // columns) + ("\n" if change else ""),
            loc="left",
            fontweight="bold",
            fontsize=7.5,
        )
        caption(axis, change)
        if said := stated.get(name):
            at = [min(max(y, years[0]), years[-1]) for y in said.years]
            axis.plot(
                at,
                [said.persons] * 2,
                "D",
                color=ORANGE,
                markersize=4,
                markerfacecolor="white",
                linestyle=(0, (4, 2)),
                linewidth=0.9,
            )
        years_axis(axis, chosen.index.to_series(), words, few=columns > 1)
        highest = [
            v for v in (chosen.max(), said.persons if said else None) if v is not None and v > 0
        ]
        axis.set_ylim(0, 1.12 * max(highest, default=1))
    for axis in axes[len(titles) :]:
        axis.set_visible(False)
    return figure
