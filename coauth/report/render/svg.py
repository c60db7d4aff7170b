"""A figure as it is written: marked, laid out for good, titled for a file of its own, as SVG or
PNG, or inside a page.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine

from coauth.report.render.charts import GREY, INK, styled
from coauth.tables.contract import MARK

SHARP = 160
"""Pixels an inch of the figures as PNG."""


def mark(figure: Figure) -> None:
    """Set the mark of the synthetic world across a figure, once."""
    if not any(t.get_text() == MARK for t in figure.texts):
        width = float(figure.get_size_inches()[0])
        figure.text(
            0.5,
            0.5,
            MARK,
            ha="center",
            va="center",
            rotation=24,
            fontsize=4.6 * width,
            color="#999999",
            alpha=0.3,
            fontweight="bold",
            zorder=10,
            in_layout=False,
        )


class Frame(NamedTuple):
    """What the page prints around a figure, for a file of its own: lines above and below, and the
    room they take, in inches.
    """

    head: list[str]
    small: list[str]
    above: float
    below: float

    @classmethod
    def of(cls, width: float, title: str, foot: Sequence[str]) -> Frame:
        head = textwrap.wrap(title, int(width * 12.5))
        small = [part for line in foot for part in textwrap.wrap(line, int(width * 19))]
        return cls(head, small, 0.16 * len(head) + 0.12, 0.125 * len(small) + 0.14)


def framed(svg: str, figure: Figure, title: str, foot: Sequence[str]) -> str:
    """The SVG of a figure with its title above and its source below: written around what is drawn,
    so that it is not drawn again.
    """
    width, height = (72 * float(v) for v in figure.get_size_inches())
    frame = Frame.of(width / 72, title, foot)
    top, whole = -72 * frame.above, height + 72 * (frame.above + frame.below)
    lines = [
        (line, 9.0, INK, "font-weight: 700; ", top + 13 + 11.5 * n)
        for n, line in enumerate(frame.head)
    ]
    lines += [(line, 6.5, GREY, "", height + 9 + 9 * n) for n, line in enumerate(frame.small)]
    said = "".join(
        f'<text style="{bold}font-size: {size:g}px; font-family: \'DejaVu Sans\'; fill: {colour}" x="5.4" y="{y:.2f}">{escape(line)}</text>\n'
        for line, size, colour, bold, y in lines
    )
    paper = f'<rect x="0" y="{top:.2f}" width="{width:.2f}" height="{whole:.2f}" style="fill: #ffffff"/>\n'
    svg = re.sub(
        r'height="[^"]*" viewBox="[^"]*"',
        f'height="{whole:.2f}pt" viewBox="0 {top:.2f} {width:.2f} {whole:.2f}"',
        svg,
        count=1,
    )
    return (
        svg.replace("</defs>\n", f"</defs>\n{paper}", 1).removesuffix("</svg>\n")
        + said
        + "</svg>\n"
    )


@styled
def for_pixels(figure: Figure, title: str, foot: Sequence[str]) -> Figure:
    """The same for pixels: the figure itself, higher, with title and source in it."""
    _settle(figure)
    width, height = (float(v) for v in figure.get_size_inches())
    frame = Frame.of(width, title, foot)
    above, below = frame.above, frame.below
    whole = above + height + below
    figure.set_size_inches(width, whole)
    for axis in figure.axes:
        box = axis.get_position(original=True)
        axis.set_position(
            (box.x0, (box.y0 * height + below) / whole, box.width, box.height * height / whole)
        )
    for legend in figure.legends:
        legend.set_bbox_to_anchor((0, below / whole, 1, height / whole), figure.transFigure)
    figure.text(
        0.01,
        1 - 0.07 / whole,
        "\n".join(frame.head),
        ha="left",
        va="top",
        fontsize=9,
        fontweight="bold",
    )
    figure.text(
        0.01, 0.07 / whole, "\n".join(frame.small), ha="left", va="bottom", fontsize=6.5, color=GREY
    )
    return figure


def _settle(figure: Figure) -> None:
    """Lay the figure out once and for all. The solver of constraints is exact to 1e-9 only, and not
    the same twice.
    """
    for side in (s for axes in figure.axes for s in (axes.xaxis, axes.yaxis)):
        if not side.label.get_text():
            side.set_label_coords(
                0.5, 0.5
            )  # or every drawing looks among the ticks for the place of a label that is not there
    engine = figure.get_layout_engine()
    if engine is None or isinstance(engine, PlaceHolderLayoutEngine):
        return
    own = figure.dpi
    figure.set_dpi(
        SHARP
        # letters are hinted, and wider for their size as pixels here than at the screen's: a name
        # would
        # be cut
    )
    engine.execute(figure)
    figure.set_dpi(own)
    figure.set_layout_engine("none")
    for axis in figure.axes:
        left, bottom, width, height = (round(v, 4) for v in axis.get_position(original=True).bounds)
        axis.set_position((left, bottom, width, height))


@styled
def svg(figure: Figure) -> str:
    """As SVG without the clock; same figure, same text. Printed by its canvas: `savefig` would draw
    a figure twice to lay it out again.
    """
    _settle(figure)
    out = io.StringIO()
    FigureCanvasSVG(figure).print_svg(
        out, metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
    )  # type: ignore[no-untyped-call]
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
    """An SVG to stand inside a page: named for readers who do not see it, its ids apart from those
    of other figures.

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
