"""How long an edge is for shortest paths: one definition, for the measures and for the graph a
reader is handed.
"""

from __future__ import annotations

import numpy as np

from coauth.stats.incidence import Floats

UNIT = 720720 * 2**20
"""The distance across an edge of weight 1. 720720 is divisible by 1 … 16, so small fractions are
exact.
"""


def distance(weight: float | Floats) -> Floats:
    """rint(720720·2²⁰ / w) for weights w > 0 in works: whole numbers, held in float64; smaller is
    closer.

    Whole, because sums along paths are then exact (below 2⁵³) and two paths are equally long or
    they are not: with float distances 1/w, 1/3 + 1/6 is not 1/2, and what lies between depends on
    rounding. Weights are summed in units of 1/2⁴⁰ work, cut off below, which makes 1/6 too long by
    a few units of the distance, enough to break a true tie. Where 720720/w lies as close to a whole
    number as that cut can explain, it is that number.

    >>> third, sixth = 2**40 // 3 / 2**40, 2**40 // 6 / 2**40
    >>> (distance(np.array([2.0, 1.0, third, sixth])) / UNIT).tolist()
    [0.5, 1.0, 3.0, 6.0]
    """
    exact = 720720.0 / np.asarray(weight, np.float64)
    whole = np.rint(exact)
    exact = np.where(np.abs(exact - whole) <= 5e-11 * exact, whole, exact)
    return np.asarray(np.rint(exact * 2**20))
