"""The network as one still picture: who stands where, how strong, and the strongest ties among
them.

Drawn without pyplot, so nothing outside the figure changes. The same input gives the same SVG
bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from coauth.export import style
from coauth.network.model import GROUPS

if TYPE_CHECKING:
    from coauth.network.model import Network

Array = NDArray[np.float64]
FONT = "DejaVu Sans"  # comes with matplotlib: the same letters everywhere
STYLE: Any = {"svg.hashsalt": "coauth", "svg.fonttype": "path", "font.family": FONT, "font.size": 8}
INK, PAPER = "#222222", "white"
_ORDER = ("elsewhere", "europe", "nordic", "domestic", "listed")


def draw(
    network: Network,
    positions: Mapping[str, Sequence[float]],
    target: Path | Axes | None = None,
    *,
    title: str | None = None,
    note: str = "",
    labels: int = 25,
    ties: int = 1500,
    groups: Mapping[str, str] = GROUPS,
) -> Figure:
    """Draw `network` at `positions` (institution -> [x, y]) and return the figure.

    `target` is a file to write (its suffix names the format: .svg, .png, .pdf), axes to draw on, or
    nothing. Discs grow in area with strength; those on a watchlist are drawn twice as wide. Of the
    edges only the `ties` heaviest are drawn, and the heaviest of each institution: a picture of all
    of them shows none. The `labels` strongest institutions and those on a watchlist are named where
    there is room. `groups` gives the words of the legend, `note` the small print.
    """
    with mpl.rc_context(STYLE):
        axes = target if isinstance(target, Axes) else _canvas()
        figure = cast(Figure, axes.figure)
        place = np.array(
            [positions[i] for i in network.nodes["institution_id"].to_pylist()], float
        ).reshape(-1, 2)
        group = np.array(network.nodes["group"].to_pylist(), object)
        sizes = style.discs(network.nodes)
        _frame(axes, place, sizes)
        _ties(axes, network, place, group, ties)
        _discs(axes, place, sizes, group)
        _legend(axes, group, groups)
        if title:
            axes.set_title(
                title, loc="left", fontsize=12, color=INK, fontweight="bold", parse_math=False
            )
        if note:
            axes.text(
                0,
                -0.01,
                note,
                transform=axes.transAxes,
                va="top",
                fontsize=7,
                color="#555555",
                wrap=True,
                parse_math=False,
            )
        _name(axes, network, place, sizes, group, labels)
        if isinstance(target, Path):
            save(figure, target)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure without the clock in it: same figure, same bytes."""
    with mpl.rc_context(STYLE):
        figure.savefig(
            path,
            dpi=160,
            metadata={".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix),
        )


def _canvas() -> Axes:
    figure = Figure(figsize=(11, 8.2), facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure.add_axes((0.02, 0.05, 0.96, 0.89))


def _frame(axes: Axes, place: Array, sizes: Array) -> None:
    """Limits that hold every disc, widened on one side so that discs are round."""
    axes.set_axis_off()
    margin = sizes.max(initial=1.0)
    low, high = (place.min(axis=0), place.max(axis=0)) if len(place) else (np.zeros(2), np.zeros(2))
    half, middle = (high - low) / 2 + margin, (high + low) / 2
    wide = axes.bbox.width / axes.bbox.height
    half = np.array([max(half[0], half[1] * wide), max(half[1], half[0] / wide)])
    axes.set_xlim(middle[0] - half[0], middle[0] + half[0])
    axes.set_ylim(middle[1] - half[1], middle[1] + half[1])


def _ties(
    axes: Axes, network: Network, place: Array, group: NDArray[np.object_], most: int
) -> None:
    at = {i: k for k, i in enumerate(network.nodes["institution_id"].to_pylist())}
    ends = np.array(
        [[at[i] for i in network.edges[e].to_pylist()] for e in ("source", "target")], np.int64
    )
    weight = network.edges["weight"].to_numpy()
    heavy = np.argsort(-weight, kind="stable")
    drawn = np.zeros(len(weight), bool)
    drawn[heavy[:most]] = True
    for end in ends:
        drawn[heavy[np.unique(end[heavy], return_index=True)[1]]] = True
    chosen = heavy[drawn[heavy]][::-1]  # heaviest last, on top
    if not len(chosen):
        return
    share = np.sqrt(weight[chosen] / weight.max())
    rank = np.array([_ORDER.index(g) for g in group], int)
    ink = np.array([style.COLOURS[g] for g in _ORDER], float) / 255
    # a tie takes the colour of its rarer end: of a domestic and a foreign institution the foreign
    # one's
    rarer = np.where((rank == _ORDER.index("domestic"))[ends], -1, rank[ends]).max(axis=0)[chosen]
    colours = np.column_stack(
        [ink[np.where(rarer < 0, _ORDER.index("domestic"), rarer)], 0.10 + 0.45 * share]
    )
    lines = _bows(place[ends[0, chosen]], place[ends[1, chosen]])
    axes.add_collection(
        LineCollection(
            list(lines), colors=colours, linewidths=0.25 + 2.6 * share, capstyle="round", zorder=1
        )
    )


def _bows(start: Array, end: Array, bend: float = 0.12, steps: int = 12) -> Array:
    """Slightly bent lines: parallel straight ones merge into a blot."""
    t = np.linspace(0, 1, steps)[None, :, None]
    chord = end - start
    knee = (start + end) / 2 + bend * np.stack([-chord[:, 1], chord[:, 0]], axis=1)
    bow = (1 - t) ** 2 * start[:, None] + 2 * t * (1 - t) * knee[:, None] + t**2 * end[:, None]
    return np.asarray(bow, float)


def _discs(axes: Axes, place: Array, sizes: Array, group: NDArray[np.object_]) -> None:
    for layer, name in enumerate(_ORDER):
        mine = np.flatnonzero(group == name)
        mine = mine[np.argsort(-sizes[mine], kind="stable")]
        axes.add_collection(
            EllipseCollection(
                sizes[mine],
                sizes[mine],
                np.zeros(len(mine)),
                units="xy",
                offsets=place[mine],
                offset_transform=axes.transData,
                facecolors=style.hex_colour(style.COLOURS[name]),
                edgecolors=PAPER,
                linewidths=0.4,
                zorder=2 + layer / 10,
            )
        )


def _legend(axes: Axes, group: NDArray[np.object_], words: Mapping[str, str]) -> None:
    shown = [g for g in GROUPS if (group == g).any()]
    marks = [
        Line2D(
            [],
            [],
            marker="o",
            linestyle="",
            color=style.hex_colour(style.COLOURS[g]),
            markersize=6,
            label=f"{words.get(g, GROUPS[g])}: {int((group == g).sum())}",
        )
        for g in shown
    ]
    if marks:
        axes.legend(
            handles=marks,
            loc="upper left",
            frameon=False,
            fontsize=8,
            labelcolor=INK,
            handletextpad=0.2,
            borderaxespad=0,
        )


# -- names


def _name(
    axes: Axes, network: Network, place: Array, sizes: Array, group: NDArray[np.object_], count: int
) -> None:
    """Names, strongest first, each at the first spot where it covers no other name and no disc half
    as large as its own.
    """
    order = np.argsort(-network.nodes["strength"].to_numpy(), kind="stable").tolist()
    named = order[:count]
    named += [k for k in order[count:] if group[k] == "listed"][:count]
    names = network.nodes["label"].to_pylist()
    discs = {k: _box(axes, place[k], sizes[k] / 2) for k in order[: 2 * count]}
    legend = axes.get_legend()
    taken = [legend.get_window_extent(_renderer(axes))] if legend else []
    for k in named:
        if text := _drawable(names[k]):
            inviolate = taken + [
                box for n, box in discs.items() if n != k and sizes[n] > sizes[k] / 2
            ]
            taken += _written(
                axes,
                text,
                place[k],
                sizes[k] / 2,
                inviolate,
                large=group[k] == "domestic" and sizes[k] > 25,
            )


def _written(
    axes: Axes, text: str, at: Array, radius: float, inviolate: list[Bbox], *, large: bool
) -> list[Bbox]:
    """Write a name and return the room it takes; nothing is written where there is no room."""
    written = axes.annotate(
        text,
        (float(at[0]), float(at[1])),
        (0, 0),
        textcoords="offset points",
        fontsize=8.5 if large else 6.5,
        color=INK,
        fontweight="bold" if large else "normal",
        parse_math=False,
        zorder=5,
        annotation_clip=False,
        path_effects=[withStroke(linewidth=2.0, foreground=PAPER, alpha=0.85)],
        arrowprops={
            "arrowstyle": "-",
            "linewidth": 0.5,
            "color": "#666666",
            "shrinkA": 0,
            "shrinkB": _points(axes, radius),
        },
    )
    renderer, frame = _renderer(axes), axes.bbox
    for offset, across, up in _spots(
        _points(axes, radius) + 2, (0, 8, 16, 28, 42, 58) if large else (0, 8, 16)
    ):
        written.set_position(offset)
        written.set(ha=across, va=up)
        written.update_positions(renderer)
        box = Text.get_window_extent(written, renderer).padded(
            1.5
        )  # of the words, without the line to the disc
        inside = (
            frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
        )
        if inside and not any(box.overlaps(other) for other in inviolate):
            return [box]
    written.remove()
    return []


def _spots(
    beside: float, further_off: Sequence[int]
) -> Iterator[tuple[tuple[float, float], str, str]]:
    """Offsets in points with their alignment: right, left, above, below, the corners; then the same
    further off.
    """
    near = beside * 0.75
    yield (beside, 0), "left", "center"
    yield (-beside, 0), "right", "center"
    for further in further_off:
        yield (0, beside + further), "center", "bottom"
        yield (0, -beside - further), "center", "top"
        for x, across in ((near + further, "left"), (-near - further, "right")):
            for y, up in ((near + further, "bottom"), (-near - further, "top")):
                yield (x, y), across, up


def _points(axes: Axes, radius: float) -> float:
    return float(_box(axes, np.zeros(2), radius).width / 2 * 72 / cast(Figure, axes.figure).dpi)


def _renderer(axes: Axes) -> Any:
    return cast(Any, axes.figure.canvas).get_renderer()


def _box(axes: Axes, at: Array, radius: float) -> Bbox:
    return Bbox(axes.transData.transform([at - radius, at + radius]))


def _drawable(text: str) -> str:
    """`text` without the signs the font has no drawing for (they would be drawn as boxes)."""
    font = get_font(findfont(FontProperties(family=FONT)))
    return "".join(c for c in text if font.get_char_index(ord(c))).strip()
