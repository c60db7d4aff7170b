"""What a reader may point at in a chart: the points of its series, each with a sentence that says
what it shows.

A figure is drawn still; its series are named and their points remembered on the way. In the page
the points are unseen discs with a title over the drawing, so that a browser tells a point's numbers
even without a script; `charts.js` makes them quicker, reaches them by keyboard and lets series be
hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import escape
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

REACH = 5
"""Radius of the unseen disc, in points."""


@dataclass(frozen=True)
class Trace:
    axes: Axes
    series: str
    colour: str
    x: Sequence[float]
    y: Sequence[float]
    texts: Sequence[str]


class Sheet(Figure):
    """A figure that remembers its series."""

    traces: list[Trace]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.traces = []

    def trace(
        self,
        axes: Axes,
        series: str,
        colour: str,
        x: Iterable[float],
        y: Iterable[float],
        texts: Iterable[str],
        artists: Iterable[Artist],
    ) -> None:
        """Remember a series and the `artists` that draw it; a point without a value is none."""
        points = [
            (a, b, t)
            for a, b, t in zip(x, y, texts, strict=True)
            if np.isfinite(a) and np.isfinite(b)
        ]
        named = [t.series for t in self.traces]
        number = named.index(series) if series in named else len(named)
        for place, artist in enumerate(artists):
            artist.set_gid(f"series-{number}-{len(self.traces)}-{place}")
        self.traces.append(
            Trace(axes, series, colour, *(list(c) for c in zip(*points, strict=True)))
            if points
            else Trace(axes, series, colour, [], [], [])
        )


def sheet(axes: Axes) -> Sheet:
    """The sheet that axes are drawn on."""
    figure = axes.figure
    if not isinstance(figure, Sheet):
        raise TypeError("the axes of a chart are those of a Sheet, which remembers its series")
    return figure


def overlay(figure: Figure) -> str:
    """The points of a figure that is laid out, as SVG: a group per series, in points from the top
    left.
    """
    if not isinstance(figure, Sheet):
        return ""
    height = 72 * float(figure.get_size_inches()[1])
    named = [t.series for t in figure.traces]
    axes = list(figure.axes)
    return "".join(
        f'<g class="points" data-series="{named.index(t.series)}" data-axes="{axes.index(t.axes)}" data-name="{escape(t.series)}" data-colour="{t.colour}">'
        + "".join(_disc(t, n, height, 72 / figure.dpi) for n in range(len(t.x)))
        + "</g>"
        for t in figure.traces
    )


def _disc(trace: Trace, n: int, height: float, scale: float) -> str:
    x, y = trace.axes.transData.transform((trace.x[n], trace.y[n])) * scale
    return f'<circle cx="{x:.1f}" cy="{height - y:.1f}" r="{REACH}"><title>{escape(trace.texts[n])}</title></circle>'
