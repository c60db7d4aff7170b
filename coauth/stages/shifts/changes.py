"""What a measure changed by between two windows: interval, p and q, over the roster of
institutions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coauth.queries import Measures, Period, Years
from coauth.queries.registry import MEASURES
from coauth.stats.bootstrap import Interval, Replicates, interval
from coauth.stats.incidence import Floats, Integers
from coauth.stats.overdispersion import tail


def two_sided(change: Floats, replicates: NDArray[np.float64], freedom: float) -> Floats:
    """p of no change: 2·P(T > |change|/sd), sd that of the replicates (rows: institutions), T
    Student's with `freedom` degrees.

    Counting replicates on the far side of zero resolves no less than 1/R, which could never make q
    ≤ 0.05 for a single true shift in a large roster. Replicates that do not vary tell nothing: p =
    1.

    >>> two_sided(np.array([0.0, 9.0, 1.0]), np.array([[-1.0, 1.0] * 200, [8.0, 10.0] * 200, [1.0] * 400]), np.inf).round(4).tolist()
    [1.0, 0.0, 1.0]
    """
    spread = replicates.std(axis=1)
    return tail(np.divide(change, spread, out=np.zeros_like(change), where=spread > 0), freedom)


def false_discovery(p: Floats) -> Floats:
    """Benjamini–Hochberg q (1995, doi 10.1111/j.2517-6161.1995.tb02031.x): the least rate at which
    each is called.

    >>> false_discovery(np.array([0.01, 0.04, 0.03, 0.5])).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]
    """
    order = np.argsort(-p, kind="stable")
    scaled = p[order] * len(p) / np.arange(len(p), 0, -1)
    q = np.empty_like(p)
    q[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return q


@dataclass(frozen=True)
class Changes:
    """One measure and variant between two windows, one entry for each of the roster."""

    measure: str
    variant: str
    period: Period
    before: Floats
    after: Floats
    ends: Interval
    p: Floats
    q: Floats
    scale: tuple[float, float] = (1.0, 1.0)
    """what the two values were divided by: the mean of a `pooled` measure over the roster"""

    @classmethod
    def between(
        cls,
        replicates: Replicates,
        roster: Integers,
        period: Period,
        measure: str,
        variant: str,
        measures: Measures,
    ) -> Changes:
        def of(window: Years) -> tuple[Floats, Floats]:
            key = (window, variant, measure)
            if key not in replicates.value:  # no work of this variant in the window
                absent, shape = MEASURES[measure].absent, (len(roster), measures.replicates)
                return np.full(len(roster), absent), np.full(shape, absent)
            return replicates.value[key][roster], replicates.draws[key][roster].astype(np.float64)

        (before, was), (after, became) = of(period[0]), of(period[1])
        scale = (1.0, 1.0)
        if MEASURES[measure].pooled and before.any() and after.any():
            scale = float(before.mean()), float(after.mean())
            before, after = before / scale[0], after / scale[1]
            was, became = was / was.mean(axis=0), became / became.mean(axis=0)
        ends = interval(after - before, became - was, measures.confidence, replicates.freedom)
        p = two_sided(after - before, became - was, replicates.freedom)
        return cls(measure, variant, period, before, after, ends, p, false_discovery(p), scale)

    def by(self, i: int) -> float:
        """After − before."""
        return float(self.after[i] - self.before[i])

    def tipping(self, i: int) -> float | None:
        """The part of an institution's works that would have had to lose their match in one of the
        windows for the interval to reach 0: x with after/(1 − x) for a fall, before/(1 − x) for a
        rise. None where the interval holds 0, or the measure does not grow with the works.

        >>> from types import SimpleNamespace as Some
        >>> fell = Changes("strength", "k", ((2018, 2020), (2022, 2024)), np.array([100.0]), np.array([60.0]),
        ...     Some(low=np.array([-60.0]), high=np.array([-20.0])), np.zeros(1), np.zeros(1))
        >>> fell.tipping(0)                 # 60/(1 − 0.25) = 80: the change would be −20, its upper end 0
        0.25
        """
        if not (way := self.sign(i)) or not MEASURES[self.measure].volume:
            return None
        near = float(self.ends.low[i] if way > 0 else -self.ends.high[i])
        window = float((self.before if way > 0 else self.after)[i])
        return near / (window + near)

    def bound(self, i: int) -> float | None:
        """No change was larger than this part of the value before, at the interval's confidence;
        None where there was nothing before.
        """
        farthest = max(abs(float(self.ends.low[i])), abs(float(self.ends.high[i])))
        return farthest / float(self.before[i]) if self.before[i] > 0 else None

    def gain(self, i: int) -> float:
        """The change towards the central: where smaller values are more central, before − after."""
        return MEASURES[self.measure].sign * self.by(i)

    def sign(self, i: int) -> int:
        """+1 or −1 where the interval excludes 0 and the change lies on that side, else 0."""
        return int(self.by(i) > 0 and self.ends.low[i] > 0) - int(
            self.by(i) < 0 and self.ends.high[i] < 0
        )

    def row(self, name: str, i: int) -> dict[str, object]:
        (b0, b1), (a0, a1) = self.period
        return {
            "institution_id": name,
            "measure": self.measure,
            "variant": self.variant,
            "before_first": b0,
            "before_last": b1,
            "after_first": a0,
            "after_last": a1,
            "before": self.before[i],
            "after": self.after[i],
            "change": self.by(i),
            **{name: end[i] for name, end in self.ends._asdict().items()},
            "tipping": self.tipping(i),
            "bound": self.bound(i),
            "p_value": self.p[i],
            "q_value": self.q[i],
        }
