"""Weights are as uneven as an institution's publishers are spoiled, whether or not any of its
spoiled works remains to show it.

An institution that has one work in four at a publisher that keeps one in thirteen has, by chance,
often no complete work there at all. What is left of it then has small and even weights, replicates
of it hardly vary, and it seems to have fallen for sure.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coauth.queries import Years
from coauth.stats.incidence import Floats, Incidence, Integers

SMALLEST = 20
"""Works in a window from which a publisher's own weights are looked at; smaller ones are taken
together.
"""


def design_effect_ratio(world: Incidence, works_weight: Floats, window: Years) -> Floats:
    """Inflation of each institution's standard error for the unevenness of its works' weights in
    `window`: √(expected/seen), at least 1; larger means less certain.

    Kish's design effect (1965, Survey Sampling, ch. 11.7): works that stand for w each add w² to a
    variance and w to a number, so the variance is Σw²/Σw times that of as many works of weight 1.
    *Seen* is that of the institution's own complete works in the window; *expected* the mean, over
    all its works of all years, complete or not, of the mean weight its publisher's complete works
    have in the window. `works_weight` is each work's weight, 0 if not complete.

    >>> import scipy.sparse as sp
    >>> on = sp.csr_array(np.array([[1.0, 0]] * 20 + [[0, 1]] * 20 + [[1, 1]] * 20))       # A has half of its works at Q, b none
    >>> works = pa.table({"year": [2020] * 20 + [2022] * 40, "publisher": ["Q"] * 20 + ["Q"] * 20 + ["P"] * 20})
    >>> world = Incidence(on, np.array(["A", "b"], object), works)
    >>> weights = np.array([1.0] * 20 + [10.0, 10.0] + [0.0] * 18 + [1.0] * 20)             # A has no complete work at Q in 2022
    >>> (design_effect_ratio(world, weights, (2022, 2022)) ** 2).round(2).tolist()                      # A: (10 + 1)/2; b: (10 + 1)/2 over 220/40
    [5.5, 1.0]
    """
    publisher = _codes(world.works["publisher"])
    weight = np.where(world.within(window), works_weight, 0.0)
    known, complete = (np.bincount(publisher, x).astype(np.float64) for x in (weight, weight > 0))
    few = (known < SMALLEST) | (complete == 0)
    known[few], complete[few] = known[few].sum(), complete[few].sum()
    mean = np.divide(known, complete, out=np.ones_like(known), where=complete > 0)
    by = world.by_institution
    works, numbers, squares = (by @ x for x in (np.ones(len(weight)), weight, weight**2))
    expected = (by @ mean[publisher]) / np.maximum(works, 1)
    seen = np.divide(squares, numbers, out=expected.copy(), where=numbers > 0)
    return np.asarray(
        np.sqrt(
            np.maximum(np.divide(expected, seen, out=np.ones_like(expected), where=seen > 0), 1.0)
        )
    )


def _codes(column: pa.ChunkedArray) -> Integers:
    """An unknown publisher is one of its own."""
    return (
        np.asarray(pc.rank(pc.fill_null(column, ""), tiebreaker="dense").to_numpy(), np.int64) - 1
    )
