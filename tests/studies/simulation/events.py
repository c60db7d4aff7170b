"""How often the intervals at policy dates hold a planted step, and how often a placebo date is
called.

Every world is SYNTHETIC: 56 quarters of a group that grows 8 % a year, with seasons, its log level
moving by an AR(1) of spread σ and autocorrelation ρ from quarter to quarter, and counts Poisson
about it; beside it others in the same seasons, a hundred times as many (segmented) or as many, with
an AR(1) of their own (did). Planted: a fall of a quarter from quarter 44 on. Placebo: none, at a
date drawn at random with two years or more on either side. Years are the quarters summed.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from scipy import stats

from coauth.stages.events import segmented

SEED = 31415
QUARTERS, DATE, STEP = 56, 44, np.log(0.75)
ERRORS = {
    "chance alone": (0.0, 0.0),
    "spread": (0.0, 0.2),
    "spread, ρ = 0.3": (0.3, 0.2),
    "spread, ρ = 0.6": (0.6, 0.2),
    "spread 0.1, ρ = 0.8": (0.8, 0.1),
}
VOLUMES = (40, 100, 200)
"""Works of the group a year. The prior of ρ was chosen at 40 and 200 works and σ = 0.2; 100 works,
and σ = 0.1 with ρ = 0.8, are of the confirmation.
"""
METHODS, PERIODS = ("segmented", "did"), ("quarter", "year")


class Row(NamedTuple):
    volume: int
    error: str
    method: str
    period: str
    held: int
    called: int
    worlds: int


def levels(chance, rho, sigma):
    """A stationary AR(1)."""
    level = np.empty(QUARTERS)
    level[0] = chance.normal(0, sigma)
    for t in range(1, QUARTERS):
        level[t] = rho * level[t - 1] + chance.normal(0, sigma * np.sqrt(1 - rho**2))
    return level


def world(chance, method, volume, rho, sigma, step, start):
    """Counts of the group and of those it is held against."""
    t = np.arange(QUARTERS)
    common = np.log(volume / 4) + 0.02 * (t - QUARTERS / 2) + 0.1 * np.sin(t * np.pi / 2)
    group = common + levels(chance, rho, sigma) + step * (t >= start)
    others = (
        common + np.log(100) - 0.005 * t
        if method == "segmented"
        else common + levels(chance, rho, sigma)
    )
    return chance.poisson(np.exp(group)).astype(float), chance.poisson(np.exp(others)).astype(float)


def interval(counts, others, start, a_year, method):
    """As `coauth.stages.events.regress` has it, in years or quarters."""
    if a_year == 1:
        counts, others, start = (
            counts.reshape(-1, 4).sum(axis=1),
            others.reshape(-1, 4).sum(axis=1),
            start // 4,
        )
    design = segmented.design(len(counts), start, a_year, trend=method == "segmented")
    return segmented.fit(design, counts, counts + others).interval(1, 0.95)


def tried(chance, worlds, volume, rho, sigma):
    """(method, period) -> worlds whose interval held the planted step, and worlds in which a
    placebo date was called.
    """
    found = {(m, p): np.zeros(2, int) for m in METHODS for p in PERIODS}
    for _ in range(worlds):
        for method in METHODS:
            planted = world(chance, method, volume, rho, sigma, STEP, DATE)
            placebo = 4 * int(chance.integers(2, QUARTERS // 4 - 1))
            quiet = world(chance, method, volume, rho, sigma, 0.0, placebo)
            for period, a_year in (("quarter", 4), ("year", 1)):
                low, high = interval(*planted, DATE, a_year, method)
                found[method, period][0] += low <= STEP <= high
                low, high = interval(*quiet, placebo, a_year, method)
                found[method, period][1] += not low <= 0 <= high
    return found


class Tally:
    """[worlds that held the planted step, worlds whose placebo date was called] of each cell, world
    by world.
    """

    def __init__(self) -> None:
        self.worlds = 0
        self.found = {
            cell: np.zeros(2, int) for cell in itertools.product(VOLUMES, ERRORS, METHODS, PERIODS)
        }

    def add(self, seed: int) -> None:
        for i, volume in enumerate(VOLUMES):
            for j, (error, (rho, sigma)) in enumerate(ERRORS.items()):
                for (method, period), counts in tried(
                    np.random.default_rng([SEED, seed, i, j]), 1, volume, rho, sigma
                ).items():
                    self.found[volume, error, method, period] += counts
        self.worlds += 1

    def rows(self) -> list[Row]:
        return [
            Row(*cell, int(held), int(called), self.worlds)
            for cell, (held, called) in self.found.items()
        ]


def table(tally: Tally, tabled, asked: tuple[float, float, float]) -> str:
    """The section of the page; intervals of the verdicts are Wilson's."""
    low, high, false = asked
    lines = []
    for row in tally.rows():
        held, called = (
            stats.binomtest(n, row.worlds).proportion_ci(method="wilson")
            for n in (row.held, row.called)
        )
        covered = (
            "holds"
            if held.low >= low and held.high <= high
            else "fails"
            if held.high < low
            else "wide"
            if held.low > high
            else "open"
        )
        placebo = "holds" if called.high <= false else "fails" if called.low > false else "open"
        shown = (
            f"{100 * n / row.worlds:.1f} % ({100 * s.low:.1f}–{100 * s.high:.1f})"
            for n, s in ((row.held, held), (row.called, called))
        )
        cells = [cell for pair in zip(shown, (covered, placebo), strict=True) for cell in pair]
        lines.append((row.volume, row.error, row.method, row.period, *cells, row.worlds))
    return "\n\n".join(
        [
            f"## Steps at policy dates (asked: {low:.0%}–{high:.0%} hold a planted fall of a quarter; placebo dates called in at most {false:.0%})",
            f"{QUARTERS} quarters, or the {QUARTERS // 4} years they make; beyond Poisson an AR(1) of spread σ = 0.2 where nothing else is said (`events.py`); Wilson's "
            "intervals in brackets. *wide*: more than asked hold it. The method averages over how much a series may vary by itself, so where that is "
            "nothing it promises less than it could.",
            tabled(
                (
                    "works a year",
                    "error",
                    "method",
                    "period",
                    "planted step held",
                    "",
                    "placebo called",
                    "",
                    "worlds",
                ),
                lines,
            ),
        ]
    )
