"""What every figure is drawn with: its sheet, colours and marks, lines over years, policy dates,
axes in per cent.

Every figure is drawn in two shapes, for a page and for a phone (`narrow`). Colours are Okabe &
Ito's (https://jfly.uni-koeln.de/color/) and never carry a meaning alone: shape, dash or hatching
say the same. Axes of counts and shares begin at zero. Text stays text in SVG, so that it can be
read aloud, searched and set in the page's own type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.ticker import FuncFormatter, MaxNLocator

from coauth.report.render.traces import Sheet, sheet
from coauth.report.text import Words

BLUE, ORANGE, GREEN, PURPLE, INK, GREY, PALE = (
    "#0072B2",
    "#D55E00",
    "#00795A",
    "#8E4A75",
    "#222222",
    "#666666",
    "#DDDDDD",
)
"""Okabe & Ito's, the green and the purple darkened until they stand 4.5 : 1 on white."""
WIDE, NARROW = 7.5, 3.9
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "coauth",
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "hatch.linewidth": 0.5,
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "axes.titley": 1.0,
}

VERDICTS: Mapping[str, tuple[str, str]] = {
    "rose": (BLUE, "^"),
    "fell": (ORANGE, "v"),
    "no clear change": (GREY, "o"),
    "not comparable: coverage": (PURPLE, "X"),
    "not comparable: strings": (PURPLE, "P"),
    "not comparable: identity": (PURPLE, "D"),
}

P = ParamSpec("P")
R = TypeVar("R")


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Drawn in the report's style, whatever is set elsewhere."""

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


def canvas(narrow: bool, height: float) -> Sheet:
    """An empty figure of the page's width or the phone's; `height` in inches."""
    figure = Sheet(
        figsize=(NARROW if narrow else WIDE, height), layout="constrained", facecolor="white"
    )
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.05, h_pad=0.05)  # type: ignore[call-arg, union-attr]
    return figure


def curve(
    axis: Axes,
    rows: pd.DataFrame,
    column: str,
    colour: str,
    words: Words,
    name: str,
    *,
    dates: Sequence[Date] = (),
    percent: bool = False,
    letters: bool = True,
    few: bool = False,
) -> None:
    """Line and band; a preliminary year hangs on a dashed line and has an open mark."""
    year, value = rows["year"].to_numpy(), rows[column].to_numpy(dtype=float)
    low, high = (rows[f"{column}_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
    young = rows["preliminary"].to_numpy(dtype=bool)
    joined = young | np.append(young[1:], False)
    drawn = [
        axis.fill_between(year, low, high, color=colour, alpha=0.16, linewidth=0, zorder=2),
        *axis.plot(
            year[~young],
            value[~young],
            color=colour,
            linewidth=1.4,
            marker="o",
            markersize=2.6,
            zorder=4,
        ),
        *axis.plot(
            year[joined],
            value[joined],
            color=colour,
            linewidth=1.0,
            linestyle=(0, (2, 1.5)),
            zorder=3,
        ),
        *axis.plot(
            year[young],
            value[young],
            "o",
            markersize=3.4,
            markerfacecolor="white",
            markeredgecolor=colour,
            zorder=5,
        ),
    ]
    at = [
        words("cell.preliminary", year=y) if late else str(y)
        for y, late in zip(year, young, strict=True)
    ]
    told = [
        point(words, name, a, v, b, t, percent=percent)
        for a, v, b, t in zip(at, value, low, high, strict=True)
    ]
    sheet(axis).trace(axis, name, colour, year, value, told, drawn)
    years_axis(axis, rows["year"], words, percent=percent, few=few)
    axis.set_ylim(
        0,
        max(
            float(np.nanmax(high)) * 1.08 if len(high) and not np.isnan(high).all() else 1.0,
            axis.get_ylim()[1],
            1e-9,
        ),
    )
    _dates(axis, dates, letters)


def point(
    words: Words,
    series: str,
    at: str,
    value: float,
    low: float,
    high: float,
    *,
    percent: bool,
    decimals: int = 1,
) -> str:
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
        axis.text(
            middle,
            1.01,
            "".join(d.letter for d in group),
            transform=axis.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize=6.8,
            color=GREY,
        )


def years_axis(
    axis: Axes, years: pd.Series[Any], words: Words, *, percent: bool = False, few: bool = False
) -> None:
    """The axis of years below, of numbers beside; `few` names only the first year and the last."""
    first, last = int(years.min()), int(years.max())
    between = [] if few else [y for y in range(first + 3, last - 2) if y % 5 == 0]
    axis.set_xticks(sorted({first, *between, last}))
    axis.set_xlim(first - 0.4, last + 0.6)
    axis.yaxis.set_major_locator(MaxNLocator(4, integer=not percent))
    if percent:
        percent_axis(axis.yaxis, words)
    else:
        axis.yaxis.set_major_formatter(FuncFormatter(lambda v, _: words.number(v)))
    plain(axis, "y")


def percent_axis(of: Any, words: Words, *, sign: bool = False) -> None:
    """Per cent with as many decimals as its ticks need."""

    def percent(value: float, _: Any) -> str:
        ticks = 100 * of.get_majorticklocs()
        exact = (d for d in (0, 1) if np.allclose(ticks.round(d), ticks, rtol=0, atol=1e-9))
        return words.percent(value, next(exact, 2), sign=sign)

    of.set_major_formatter(FuncFormatter(percent))


def plain(axis: Axes, lines: str) -> None:
    """Without a box, with pale lines along one axis."""
    axis.spines[["top", "right", "left" if lines == "y" else "bottom"]].set_visible(False)
    axis.grid(axis=lines, color=PALE, linewidth=0.5)  # type: ignore[arg-type]
    axis.set_axisbelow(True)


def caption(axis: Axes, text: str) -> None:
    """A small line right above the axes, from the left."""
    axis.annotate(
        text,
        (0, 1),
        (0, 2.5),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=6.8,
        color=INK,
        va="bottom",
    )
