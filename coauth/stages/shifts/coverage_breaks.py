"""Where an institution's own coverage moved: a change beside it may be one of metadata."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coauth.queries import Measures, Period
from coauth.stats.completeness import Completeness
from coauth.stats.incidence import Flags, Incidence, Integers


@dataclass(frozen=True)
class Jump:
    """How an institution's share of partial works moved against what was to be expected of its
    works.
    """

    observed: tuple[float, float]
    expected: tuple[float, float]
    error: float

    @property
    def rise(self) -> float:
        return (self.observed[1] - self.expected[1]) - (self.observed[0] - self.expected[0])

    @property
    def z(self) -> float:
        return self.rise / self.error if self.error > 0 else 0.0

    def hides(self, gain: float, measures: Measures) -> bool:
        """Whether a gain in centrality may be one of the institution's own coverage."""
        if self.rise > measures.partial_jump and self.z > measures.partial_jump_z:
            return True
        cleared = min(
            -self.rise, self.observed[0] - self.observed[1]
        )  # expected may rise by others' losses alone
        return gain > 0 and cleared > measures.partial_jump and -self.z > measures.partial_jump_z


class OwnCoverage:
    """Partial works of one institution, against P(complete) fitted on the works of all others.

    An institution's own works are left out of the fit: at a publisher where it is most of the
    country's output, its own loss would else be what is "expected".
    """

    def __init__(self, world: Incidence, completeness: Completeness) -> None:
        self._world, self._completeness = world, completeness
        self._column = {name: i for i, name in enumerate(world.institutions)}

    def jump(self, name: str, period: Period) -> Jump | None:
        """None where a window has no work of it: there is then no rate of its own to look at."""
        index = self._world.by_institution.indptr[self._column[name] :][:2]
        own = self._world.by_institution.indices[slice(*index)].astype(np.int64)
        year = self._world.year[own]
        windows = tuple(own[(year >= first) & (year <= last)] for first, last in period)
        return jump(windows, self._world.complete, self._completeness)


def jump(windows: Sequence[Integers], complete: Flags, completeness: Completeness) -> Jump | None:
    """How the share of partial works moved from one set of works to the next, each given by its
    rows; None where one is empty.
    """
    observed, expected, variance = [], [], 0.0
    for rows in windows:
        if not len(rows):
            return None
        p, spread = completeness.without(rows)
        observed.append(1 - float(complete[rows].mean()))
        expected.append(1 - float(p.mean()))
        variance += float(spread.sum()) / len(rows) ** 2
    return Jump((observed[0], observed[1]), (expected[0], expected[1]), variance**0.5)
