"""Whether one work makes a change: the measure again, without it (leave one out)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from coauth.stats.counting import Counting
from coauth.stats.incidence import Floats, Incidence

CANDIDATES = 20
"""Works of an institution that are left out in turn: those that tie it most, and to the least
connected partners. First-order shares of strength and of PageRank rank them; the others move a
value less.
"""


@dataclass(frozen=True)
class LeaveOneOut:
    """The complete works of one window (at most K institutions each) with their weights, to be
    measured again.
    """

    world: Incidence
    counted: Counting
    weight: Floats
    rate: Callable[[str, Floats], Floats]
    """(measure, weights works × columns) -> values institutions × columns"""

    def without(self, measure: str, institution: str) -> dict[str, float]:
        """{work: the institution's value without it} of the works that may move it most; none where
        it has no work here.

        What leaves with a work leaves for all: the value is that of the whole graph without the
        work.
        """
        at = np.flatnonzero(self.world.institutions == institution)
        if not len(at):
            return {}
        row = self.counted.strength[at]
        works, adds = row.indices, row.data * self.weight[row.indices]
        strength = np.asarray(self.counted.strength @ self.weight)
        toward = (
            self.weight[works]
            * self.counted.pair[works]
            * (
                self.counted.values[works]
                @ np.divide(1.0, strength, out=np.zeros_like(strength), where=strength > 0)
            )
        )
        most = CANDIDATES // 2
        chosen = np.unique(
            np.concatenate([works[np.lexsort((works, -by))[:most]] for by in (adds, toward)])
        )
        weights = np.tile(self.weight[:, None], len(chosen))
        weights[chosen, np.arange(len(chosen))] = 0.0
        values = self.rate(measure, weights)[at[0]]
        return dict(
            zip(self.world.works["work_id"].take(chosen).to_pylist(), values.tolist(), strict=True)
        )
