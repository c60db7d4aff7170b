"""The figures of a report, one function each: a frame of `findings` -> a matplotlib Figure, without pyplot and its state.

Every figure is drawn in two shapes, for a page and for a phone (`narrow`). Colours are Okabe & Ito's
(https://jfly.uni-koeln.de/color/) and never carry a meaning alone: shape, dash or hatching say the same. Axes of counts
and shares begin at zero. Text stays text in SVG, so that it can be read aloud, searched and set in the page's own type.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from coauth.queries import Admission
from coauth.report.findings import each
from coauth.report.text import Words, slug
from coauth.report.traces import Sheet, sheet

BLUE, ORANGE, GREEN, PURPLE, INK, GREY, PALE = "#0072B2", "#D55E00", "#00795A", "#8E4A75", "#222222", "#666666", "#DDDDDD"
"""Okabe & Ito's, the green and the purple darkened until they stand 4.5 : 1 on white."""
WIDE, NARROW = 7.5, 3.9
STYLE: Any = {
    "font.family": "DejaVu Sans", "font.size": 7.5, "svg.fonttype": "none", "svg.hashsalt": "coauth", "axes.edgecolor": GREY,
    "axes.linewidth": 0.6, "xtick.color": INK, "ytick.color": INK, "xtick.major.width": 0.6, "ytick.major.width": 0.6,
    "xtick.major.size": 2.5, "ytick.major.size": 0, "text.color": INK, "axes.labelcolor": INK, "hatch.linewidth": 0.5,
    "text.parse_math": False, "axes.unicode_minus": True, "axes.titley": 1.0,
}  # fmt: skip

VERDICTS: Mapping[str, tuple[str, str]] = {
    "rose": (BLUE, "^"), "fell": (ORANGE, "v"), "no clear change": (GREY, "o"), "not comparable: coverage": (PURPLE, "X"),
}  # fmt: skip

P = ParamSpec("P")
R = TypeVar("R")


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    @wraps(draw)
    def within(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context(STYLE):
            return draw(*args, **kwargs)

    return within


class Date(NamedTuple):
    """A policy date on the axis of years, with the letter the note explains."""

    at: float
    letter: str
    series: tuple[str, ...]
    """The series it is about; empty: all."""

    def concerns(self, series: str) -> bool:
        return not self.series or series in self.series


# -- Figure 1


@styled
def partners(
    rows: pd.DataFrame, titles: Mapping[str, tuple[str, str]], dates: Sequence[Date], words: Words, *, narrow: bool
) -> Figure:
    """A panel a group, each with its own scale: works a year, and below (phone: beside) the share of international works."""
    groups = list(titles)
    columns = 1 if narrow else min(3, len(groups))
    lines = -(-len(groups) // columns)
    figure = _sheet(narrow, lines * (1.75 if narrow else 2.95))
    outer = figure.add_gridspec(lines, columns)
    for n, group in enumerate(groups):
        place = outer[n // columns, n % columns]
        inner = place.subgridspec(1, 2) if narrow else place.subgridspec(2, 1, height_ratios=[3, 2])
        chosen, mine = rows[rows["group_id"] == group], [d for d in dates if d.concerns(group)]
        counts, shares = (figure.add_subplot(inner[0, 0]), figure.add_subplot(inner[0, 1] if narrow else inner[1, 0]))
        name, change = titles[group]
        counts.set_title(textwrap.fill(name, 30) + "\n", loc="left", fontweight="bold", fontsize=8, linespacing=1.15)
        _caption(counts, change)
        _series(counts, chosen, "works", BLUE, words, name, dates=mine, letters=False)
        _series(shares, chosen, "share", GREEN, words, words("figure.share_of", series=name), dates=mine, percent=True)
        _caption(shares, words("figure.share_short" if narrow else "figure.share"))
    return figure


# -- Figure 2


@styled
def watchlist(
    rows: pd.DataFrame, indices: pd.DataFrame, names: Mapping[str, str], dates: Sequence[Date], words: Words, *, narrow: bool
) -> Figure:
    """A list's works a year, their share of international works, and its index beside the country group's."""
    own = str(rows["group_id"].iloc[0])
    panels = 3 if len(indices) else 2
    figure = _sheet(narrow, 2.0 * panels if narrow else 2.55)
    axes = figure.subplots(panels, 1) if narrow else figure.subplots(1, panels)
    mine = [d for d in dates if d.concerns(own)]
    for axis, column, colour, label in zip(axes, ("works", "share"), (ORANGE, GREEN), ("figure.works", "figure.share"), strict=False):
        _series(axis, rows, column, colour, words, words(label), dates=mine, percent=column == "share")
        _caption(axis, words(label))
    if len(indices):
        _index(axes[2], indices, own, names, mine, words)
    return figure


def _index(axis: Axes, indices: pd.DataFrame, own: str, names: Mapping[str, str], dates: Sequence[Date], words: Words) -> None:
    for group, part in indices.groupby("group_id", sort=False):
        colour = ORANGE if group == own else BLUE
        _series(axis, part, "index", colour, words, names[str(group)], dates=dates if group == own else ())
        axis.plot([], [], color=colour, marker="o", markersize=3, label=textwrap.fill(names[str(group)], 26))
    axis.axhline(100, color=GREY, linewidth=0.5, linestyle=(0, (1, 2)), zorder=1)
    base = indices.loc[indices["index"].round(6) == 100, "year"]
    _caption(axis, words("figure.index", year=int(base.iloc[0])))
    axis.legend(loc="upper left", frameon=False, fontsize=6.8, handlelength=1.2, borderaxespad=0.2)
    axis.set_ylim(0, axis.get_ylim()[1] * 1.15)  # room for the legend


# -- coverage


@styled
def coverage(rows: pd.DataFrame, words: Words, *, narrow: bool) -> Figure:
    """The two shares of what has an affiliation at all, from 0 to 100 %."""
    figure = _sheet(narrow, 2.2 if narrow else 2.4)
    axis = figure.subplots()
    for column, colour, style, marker in (("share_authorships", BLUE, "-", "o"), ("share_complete", ORANGE, (0, (4, 1.5)), "s")):
        name = words(f"figure.{column}")
        line = axis.plot(rows["year"], rows[column], color=colour, linestyle=style, marker=marker, markersize=3, linewidth=1.3, label=name)
        told = [words("figure.point", series=name, at=y, value=words.percent(v, 1)) for y, v in zip(rows["year"], rows[column], strict=True)]
        figure.trace(axis, name, colour, rows["year"], rows[column], told, line)
    axis.legend(loc="lower left", frameon=False, fontsize=7.5, handlelength=3)
    _frame(axis, rows["year"], words, percent=True)
    axis.set_ylim(0, 1.08)
    axis.set_yticks([0, 0.25, 0.5, 0.75, 1.0])
    return figure


# -- technologies


@styled
def areas(profile: pd.DataFrame, names: Mapping[str, str], labels: Mapping[str, str], words: Words, *, narrow: bool) -> Figure:
    """Share of each series' works in each EU-10 area, with intervals: one mark per series, slightly apart."""
    series = list(names)
    codes = [a for a in labels if a in set(profile["area_id"])]
    figure = _sheet(narrow, 4.6 if narrow else 3.9)
    axis = figure.subplots()
    styles = [(ORANGE, "D"), (BLUE, "o"), (GREY, "s"), (GREEN, "^"), (PURPLE, "v")]
    for n, name in enumerate(series):
        rows = profile[profile["series"] == name].set_index("area_id").loc[codes]
        colour, marker = styles[n % len(styles)]
        y = np.arange(len(codes)) + (n - (len(series) - 1) / 2) * 0.22
        reach = np.abs(rows[["low", "high"]].to_numpy(dtype=float).T - rows["share"].to_numpy(dtype=float))
        marks = axis.errorbar(rows["share"], y, xerr=reach, fmt=marker, color=colour, markersize=3.6, linewidth=0.9, label=names[name])
        told = [point(words, names[name], labels[code], *ends, percent=True)
                for code, *ends in zip(codes, rows["share"], rows["low"], rows["high"], strict=True)]  # fmt: skip
        figure.trace(axis, names[name], colour, rows["share"], y, told, [marks.lines[0], *marks.lines[2]])
    axis.set_yticks(range(len(codes)), [labels[c] for c in codes], fontsize=7.5)
    axis.invert_yaxis()
    axis.set_xlim(left=0)
    axis.xaxis.set_major_locator(MaxNLocator(4 if narrow else 6))
    _percent_axis(axis.xaxis, words)
    _plain(axis, "x")
    figure.legend(loc="outside upper left", frameon=False, ncols=1 if narrow else len(series), fontsize=7.5, handletextpad=0.3)
    return figure


# -- centrality shifts


@styled
def shifts(rows: pd.DataFrame, names: Sequence[str], words: Words, *, narrow: bool) -> Figure:
    """Before -> after on the left (page only), and the change with its interval, relative to before, on the right."""
    n = len(rows)
    figure = _sheet(narrow, 0.8 + n * (0.3 if narrow else 0.235))
    both = figure.subplots(1, 1 if narrow else 2, sharey=True, squeeze=False)[0]
    y = np.arange(n)
    pairs = {} if narrow else _dumbbells(both[0], rows, words)
    axis = both[-1]
    marks = {k: _change_mark(axis, k, row) for k, row in enumerate(each(rows))}
    for verdict, (colour, _) in VERDICTS.items():
        mine = [k for k, drawn in marks.items() if drawn and rows["verdict"].iloc[k] == verdict]
        change, low, high = ((rows[c] / rows["before"]).iloc[mine] for c in ("change", "low", "high"))
        told = [point(words, words(f"verdict.{slug(verdict)}"), names[k], *ends, percent=True) for k, *ends in zip(mine, change, low, high, strict=True)]
        figure.trace(axis, words(f"verdict.{slug(verdict)}"), colour, change, mine, told, [a for k in mine for a in [*marks[k], *pairs.get(k, [])]])
    axis.axvline(0, color=GREY, linewidth=0.7, zorder=1)
    _caption(axis, words("figure.change_relative"))
    _percent_axis(axis.xaxis, words, sign=True)
    axis.xaxis.set_major_locator(MaxNLocator(5))
    for a in both:
        _plain(a, "x")
        a.spines["left"].set_visible(False)
        a.set_ylim(n - 0.4, -0.6)
    if narrow:
        axis.set_yticks([])
        for k, name in enumerate(names):
            axis.annotate(name, (0, k), (0, 4), xycoords=axis.get_yaxis_transform(), textcoords="offset points", fontsize=6.8, va="bottom",
                          bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.8})  # fmt: skip
    else:
        both[0].set_yticks(y, [textwrap.fill(name, 46) for name in names], fontsize=6.8)
    _verdict_legend(figure, list(rows["verdict"]), words, narrow)
    return figure


def _dumbbells(axis: Axes, rows: pd.DataFrame, words: Words) -> dict[int, list[Line2D]]:
    """Open: before; filled: after. A logarithmic axis, since the largest is often a hundred times the smallest."""
    drawn = {}
    for k, row in enumerate(each(rows)):
        colour = VERDICTS.get(str(row.verdict), (GREY, "o"))[0]
        drawn[k] = [
            *axis.plot([row.before, row.after], [k, k], color=colour, linewidth=1.6, zorder=2),
            *axis.plot(row.before, k, "o", markersize=4, markerfacecolor="white", markeredgecolor=colour, zorder=3),
            *axis.plot(row.after, k, "o", markersize=4, color=colour, zorder=3),
        ]
    if (rows[["before", "after"]] > 0).all(axis=None):
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5), numticks=12))
        axis.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())
        axis.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda v, _: words.number(100 * v, 0 if v >= 0.0099 else 1 if v > 0.00099 else 2)))
    _caption(axis, words("figure.strength_share"))
    return drawn


def _change_mark(axis: Axes, k: int, row: Any) -> list[Artist]:
    """Draw a change and its interval; the marks drawn, none where there is no interval."""
    if not row.before:
        return []
    colour, marker = VERDICTS.get(row.verdict, (GREY, "o"))
    change, low, high = (v / row.before for v in (row.change, row.low, row.high))
    if row.verdict == "not comparable: coverage":
        axis.add_patch(Rectangle((0, k - 0.42), 1, 0.84, transform=axis.get_yaxis_transform(), fill=False, hatch="////",
                                 edgecolor="#C9B3C1", linewidth=0, zorder=0))  # fmt: skip
    if np.isnan(low):
        return []
    return [
        *axis.plot([low, high], [k, k], color=colour, linewidth=1.2, zorder=2),
        *axis.plot(change, k, marker, markersize=5, color=colour, zorder=3),
    ]


def _verdict_legend(figure: Figure, found: Sequence[str], words: Words, narrow: bool) -> None:
    shown = [v for v in VERDICTS if v in found]
    marks = [mpl.lines.Line2D([], [], color=VERDICTS[v][0], marker=VERDICTS[v][1], markersize=5, linewidth=1.2,
                              label=words(f"verdict.{slug(v)}")) for v in shown]  # fmt: skip
    figure.legend(handles=marks, loc="outside upper left", frameon=False, ncols=2 if narrow else len(marks), fontsize=7.5)


# -- Figure 3


@styled
def admissions(
    rows: pd.DataFrame, titles: Mapping[str, str], stated: Mapping[str, Admission], words: Words, *, narrow: bool
) -> Figure:
    """A panel a series, with its change under its name; a suppressed year is hatched and has no point, never a zero; open marks are what a brief states."""
    columns = min(len(titles), 2 if narrow else 4)
    lines = -(-len(titles) // columns)
    figure = _sheet(narrow, 1.5 * lines + (0.1 if columns > 1 else 0.5))
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    years = range(int(rows["year"].min()), int(rows["year"].max()) + 1)
    for axis, (name, change) in zip(axes, titles.items(), strict=False):
        mine = rows[rows["series"] == name].set_index("year")
        chosen = mine["admissions"].reindex(years)
        told = [words("figure.point", series=name, at=y, value=words.number(v)) for y, v in chosen.items()]
        drawn = axis.plot(chosen.index, chosen, color=BLUE, marker="o", markersize=2.5, linewidth=1.2)
        figure.trace(axis, name, BLUE, chosen.index, chosen, told, drawn)
        for year in mine.index[mine["suppressed"]]:
            axis.axvspan(year - 0.5, year + 0.5, fill=False, hatch="////", edgecolor="#C9B3C1", linewidth=0, zorder=0)
        axis.set_title(textwrap.fill(name, 104 // columns) + ("\n" if change else ""), loc="left", fontweight="bold", fontsize=7.5)
        _caption(axis, change)
        if said := stated.get(name):
            at = [min(max(y, years[0]), years[-1]) for y in said.years]
            axis.plot(at, [said.persons] * 2, "D", color=ORANGE, markersize=4, markerfacecolor="white", linestyle=(0, (4, 2)), linewidth=0.9)
        _frame(axis, chosen.index.to_series(), words, few=columns > 1)
        highest = [v for v in (chosen.max(), said.persons if said else None) if v is not None and v > 0]
        axis.set_ylim(0, 1.12 * max(highest, default=1))
    for axis in axes[len(titles):]:
        axis.set_visible(False)
    return figure


# -- parts


def _sheet(narrow: bool, height: float) -> Sheet:
    figure = Sheet(figsize=(NARROW if narrow else WIDE, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.05, h_pad=0.05)  # type: ignore[call-arg, union-attr]
    return figure


def _series(
    axis: Axes, rows: pd.DataFrame, column: str, colour: str, words: Words, name: str, *,
    dates: Sequence[Date] = (), percent: bool = False, letters: bool = True, few: bool = False,
) -> None:  # fmt: skip
    """Line and band; a preliminary year hangs on a dashed line and has an open mark."""
    year, value = rows["year"].to_numpy(), rows[column].to_numpy(dtype=float)
    low, high = (rows[f"{column}_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
    young = rows["preliminary"].to_numpy(dtype=bool)
    joined = young | np.append(young[1:], False)
    drawn = [
        axis.fill_between(year, low, high, color=colour, alpha=0.16, linewidth=0, zorder=2),
        *axis.plot(year[~young], value[~young], color=colour, linewidth=1.4, marker="o", markersize=2.6, zorder=4),
        *axis.plot(year[joined], value[joined], color=colour, linewidth=1.0, linestyle=(0, (2, 1.5)), zorder=3),
        *axis.plot(year[young], value[young], "o", markersize=3.4, markerfacecolor="white", markeredgecolor=colour, zorder=5),
    ]
    at = [words("cell.preliminary", year=y) if late else str(y) for y, late in zip(year, young, strict=True)]
    told = [point(words, name, a, v, b, t, percent=percent) for a, v, b, t in zip(at, value, low, high, strict=True)]
    sheet(axis).trace(axis, name, colour, year, value, told, drawn)
    _frame(axis, rows["year"], words, percent=percent, few=few)
    axis.set_ylim(0, max(float(np.nanmax(high)) * 1.08 if len(high) and not np.isnan(high).all() else 1.0, axis.get_ylim()[1], 1e-9))
    _dates(axis, dates, letters)


def point(words: Words, series: str, at: str, value: float, low: float, high: float, *, percent: bool, decimals: int = 1) -> str:
    """A point in a sentence, with its interval where it has one."""
    shown = words.percent(value, decimals) if percent else words.number(value)
    if not (np.isnan(low) and np.isnan(high)):
        span = words.percent_span(low, high, decimals) if percent else words.span(low, high)
        shown = words("cell.with_span", value=shown, span=span)
    return words("figure.point", series=series, at=at, value=shown)


def _dates(axis: Axes, dates: Sequence[Date], letters: bool) -> None:
    """Thin lines; letters of dates within eight months are written together."""
    groups: list[list[Date]] = []
    for date in sorted(dates):
        axis.axvline(date.at, color=GREY, linewidth=0.5, linestyle=(0, (3, 2)), zorder=1)
        if groups and date.at - groups[-1][-1].at < 0.67:
            groups[-1].append(date)
        else:
            groups.append([date])
    for group in groups if letters else ():
        middle = sum(d.at for d in group) / len(group)
        axis.text(middle, 1.01, "".join(d.letter for d in group), transform=axis.get_xaxis_transform(), ha="center", va="bottom",
                  fontsize=6.8, color=GREY)  # fmt: skip


def _frame(axis: Axes, years: pd.Series[Any], words: Words, *, percent: bool = False, few: bool = False) -> None:
    first, last = int(years.min()), int(years.max())
    between = [] if few else [y for y in range(first + 3, last - 2) if y % 5 == 0]
    axis.set_xticks(sorted({first, *between, last}))
    axis.set_xlim(first - 0.4, last + 0.6)
    axis.yaxis.set_major_locator(MaxNLocator(4, integer=not percent))
    if percent:
        _percent_axis(axis.yaxis, words)
    else:
        axis.yaxis.set_major_formatter(FuncFormatter(lambda v, _: words.number(v)))
    _plain(axis, "y")


def _percent_axis(of: Any, words: Words, *, sign: bool = False) -> None:
    """Per cent with as many decimals as its ticks need."""

    def written(value: float, _: Any) -> str:
        low, high = sorted(of.get_view_interval())
        return words.percent(value, 0 if high - low > 0.035 else 1 if high - low > 0.0035 else 2, sign=sign)

    of.set_major_formatter(FuncFormatter(written))


def _plain(axis: Axes, lines: str) -> None:
    axis.spines[["top", "right", "left" if lines == "y" else "bottom"]].set_visible(False)
    axis.grid(axis=lines, color=PALE, linewidth=0.5)  # type: ignore[arg-type]
    axis.set_axisbelow(True)


def _caption(axis: Axes, text: str) -> None:
    """A small line right above the axes, from the left."""
    axis.annotate(text, (0, 1), (0, 2.5), xycoords="axes fraction", textcoords="offset points", fontsize=6.8, color=INK, va="bottom")
