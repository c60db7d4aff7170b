"""A figure as it is written: marked, laid out for good, titled for a file of its own, as SVG or PNG, or inside a page."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine

from coauth.report.drawing import GREY, styled
from coauth.tables import MARK

SHARP = 160
"""Pixels an inch of the figures as PNG."""


def mark(figure: Figure) -> None:
    """Set the mark of the synthetic world across a figure, once."""
    if not any(t.get_text() == MARK for t in figure.texts):
        width = float(figure.get_size_inches()[0])
        figure.text(0.5, 0.5, MARK, ha="center", va="center", rotation=24, fontsize=4.6 * width, color="#999999", alpha=0.3,
                    fontweight="bold", zorder=10, in_layout=False)  # fmt: skip


@styled
def alone(figure: Figure, title: str, foot: Sequence[str]) -> Figure:
    """The same figure for a file of its own: higher, with the title and source that the page prints around it."""
    _settle(figure)
    width, height = (float(v) for v in figure.get_size_inches())
    head = textwrap.fill(title, int(width * 12.5))
    small = "\n".join(textwrap.fill(line, int(width * 19)) for line in foot)
    above, below = (0.16 * (head.count("\n") + 1) + 0.12, 0.125 * (small.count("\n") + 1) + 0.14)
    whole = above + height + below
    figure.set_size_inches(width, whole)
    for axis in figure.axes:
        box = axis.get_position(original=True)
        axis.set_position((box.x0, (box.y0 * height + below) / whole, box.width, box.height * height / whole))
    for legend in figure.legends:
        legend.set_bbox_to_anchor((0, below / whole, 1, height / whole), figure.transFigure)
    figure.text(0.01, 1 - 0.07 / whole, head, ha="left", va="top", fontsize=9, fontweight="bold")
    figure.text(0.01, 0.07 / whole, small, ha="left", va="bottom", fontsize=6.5, color=GREY)
    return figure


def _settle(figure: Figure) -> None:
    """Lay the figure out once and for all. The solver of constraints is exact to 1e-9 only, and not the same twice."""
    for side in (s for axes in figure.axes for s in (axes.xaxis, axes.yaxis)):
        if not side.label.get_text():
            side.set_label_coords(0.5, 0.5)  # or every drawing looks among the ticks for the place of a label that is not there
    engine = figure.get_layout_engine()
    if engine is None or isinstance(engine, PlaceHolderLayoutEngine):
        return
    own = figure.dpi
    figure.set_dpi(SHARP)  # letters are hinted, and wider for their size as pixels here than at the screen's: a name would be cut
    engine.execute(figure)
    figure.set_dpi(own)
    figure.set_layout_engine("none")
    for axis in figure.axes:
        left, bottom, width, height = (round(v, 4) for v in axis.get_position(original=True).bounds)
        axis.set_position((left, bottom, width, height))


@styled
def svg(figure: Figure) -> str:
    """As SVG without the clock; same figure, same text. Printed by its canvas: `savefig` would draw a figure twice to lay it out again."""
    _settle(figure)
    out = io.StringIO()
    FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})  # type: ignore[no-untyped-call]
    FigureCanvasAgg(figure)
    return out.getvalue()


@styled
def png(figure: Figure, dpi: int = SHARP) -> bytes:
    _settle(figure)
    out, own = io.BytesIO(), figure.dpi
    figure.set_dpi(dpi)
    FigureCanvasAgg(figure).print_png(out, metadata={"Software": None})  # type: ignore[no-untyped-call]
    figure.set_dpi(own)
    return out.getvalue()


def inline(text: str, prefix: str, alt: str, points: str = "") -> str:
    """An SVG to stand inside a page: named for readers who do not see it, its ids apart from those of other figures.

    Groups drawn as a series (`Sheet.trace`) say so, and `points` (`traces.overlay`) lie on top.
    """
    start = text.index("<svg")
    text = re.sub(r"<metadata>.*?</metadata>", "", text[start:], flags=re.DOTALL)
    text = re.sub(r'<g id="series-(\d+)-', r'<g data-series="\1" id="series-\1-', text)
    for pattern in (r'(\bid=")', r"(url\(#)", r'(xlink:href="#)'):
        text = re.sub(pattern, rf"\g<1>{prefix}-", text)
    head, body = text.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    label = alt.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return f'{head} role="img" aria-label="{label}">{body.strip().removesuffix("</svg>")}{points}</svg>'
