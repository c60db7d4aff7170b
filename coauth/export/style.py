"""Colours and sizes of institutions, the same in every format and picture.

Colours are Okabe & Ito's (https://jfly.uni-koeln.de/color/), which stay apart for readers with
impaired colour vision; the largest class is grey, so that the few that matter are seen.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

Colour = tuple[int, int, int]

COLOURS: Mapping[str, Colour] = {
    "listed": (213, 94, 0),
    "domestic": (0, 114, 178),
    "nordic": (86, 180, 233),
    "europe": (0, 158, 115),
    "elsewhere": (153, 153, 153),
}
SMALLEST, LARGEST = 6.0, 66.0


def discs(nodes: pa.Table) -> NDArray[np.float64]:
    """Diameter of each node in units of the layout: by its strength, and twice that for those on a
    watchlist, which are few and mostly small, so that they can be found.
    """
    on_a_list = np.array(nodes["group"].to_pylist(), object) == "listed"
    return diameters(nodes["strength"].to_numpy()) * np.where(on_a_list, 2, 1)


def diameters(strength: ArrayLike) -> NDArray[np.float64]:
    """Diameter of a node of such a strength: its area grows with strength, so that areas may be
    compared.
    """
    values = np.sqrt(np.asarray(strength, float))
    largest = values.max(initial=0.0)
    share = values / largest if largest > 0 else values
    return np.asarray(np.round(np.maximum(LARGEST * share, SMALLEST), 2))


def hex_colour(colour: Colour) -> str:
    """
    >>> hex_colour((213, 94, 0))
    '#D55E00'
    """
    return "#{:02X}{:02X}{:02X}".format(*colour)
