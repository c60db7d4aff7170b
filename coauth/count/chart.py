"""An answer as a chart: years as lines with bands, anything else as points with their intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from coauth.count import words
from coauth.count.answer import Answer
from coauth.count.words import Labels
from coauth.errors import NotFound
from coauth.report.render import charts
from coauth.report.render import svg as pictures

CURVES, POINTS = 6, 20
"""Cells in a chart at most: the first of the answer."""


def svg(answer: Answer, labels: Labels) -> bytes:
    figure = draw(answer, labels)
    title, foot = words.title(answer, labels), words.foot(answer, labels)
    return pictures.framed(pictures.svg(figure), figure, title, foot).encode()


def png(answer: Answer, labels: Labels) -> bytes:
    figure = draw(answer, labels)
    title, foot = words.title(answer, labels), words.foot(answer, labels)
    return pictures.png(pictures.for_pixels(figure, title, foot))


@charts.styled
def draw(answer: Answer, labels: Labels) -> Figure:
    """The figure, marked where the works are invented."""
    rows, axes = answer.main, answer.axes
    figure = (
        _years(rows, axes, labels) if "year" in answer.question.by else _points(rows, axes, labels)
    )
    if labels.about.synthetic:
        pictures.mark(figure)
    return figure


def _years(rows: pd.DataFrame, axes: list[str], labels: Labels) -> Figure:
    groups = list(rows.groupby(axes, sort=False))[:CURVES] if axes else [((), rows)]
    figure = charts.canvas(False, 1.9 * len(groups))
    panels = np.atleast_1d(figure.subplots(len(groups), 1))
    column = "share" if "share" in rows else "works"
    for axis, (key, part) in zip(panels, groups, strict=True):
        name = " · ".join(labels(a, str(k)) for a, k in zip(axes, key, strict=True))
        years = part.assign(year=part["first_year"])
        charts.curve(
            axis, years, column, charts.BLUE, labels.words, name, percent=column == "share"
        )
        charts.caption(axis, f"{name}: {labels.column(column)}" if name else labels.column(column))
    return figure


def _points(rows: pd.DataFrame, axes: list[str], labels: Labels) -> Figure:
    value = next(c for c in ("contribution", "change", "share", "works") if c in rows)
    low, high = ("low", "high") if value == "contribution" else (f"{value}_low", f"{value}_high")
    part = rows.dropna(subset=[value, low, high]).head(POINTS)
    if part.empty:
        raise NotFound("no number of this answer has an interval to draw; write a table instead")
    figure = charts.canvas(False, 0.8 + 0.24 * len(part))
    axis, at = figure.subplots(), np.arange(len(part))[::-1]
    axis.hlines(at, part[low], part[high], color=charts.BLUE, linewidth=1.4)
    axis.plot(part[value], at, "o", color=charts.BLUE, markersize=4)
    axis.set_yticks(at, words.row_names(part, axes, labels))
    changed = value in ("contribution", "change")
    if changed:
        axis.axvline(0, color=charts.GREY, linewidth=0.8)
    else:
        axis.set_xlim(0, float(part[high].max()) * 1.08)
    if value in ("share", "change"):
        charts.percent_axis(axis.xaxis, labels.words, sign=changed)
    charts.plain(axis, "x")
    charts.caption(axis, labels.column(value))
    return figure
