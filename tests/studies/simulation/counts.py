"""How often the intervals of yearly counts, of shares, and of the change between two years hold the
truth.

Every world is SYNTHETIC: the works of a group in the 14 measured years, whose mean grows 5 % a
year, the mean of a year times a gamma variable of mean 1 and coefficient of variation as said,
counts Poisson about that; beside them all others, thirty thousand a year. Truth of a count is its
mean without the gamma variable, of a share that mean over all means, of a change the ratio of the
means of 2023 and 2020.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy import stats

from coauth.stats import counts
from tests.support.toy_worlds import QUERIES

SEED = 27182
YEARS = np.arange(2011, 2025)
SPREADS = {"chance alone": 0.0, "5 % beyond": 0.05, "10 % beyond": 0.1, "20 % beyond": 0.2}
FALL = "10 % beyond, a quarter fewer from 2022"
VOLUMES = (10, 40, 200, 1000, 5000)
OTHERS = 30_000
BEFORE, AFTER = (int(np.flatnonzero(year == YEARS)[0]) for year in QUERIES.measures.headline_change)
CONFIDENCE = QUERIES.measures.confidence


def world(chance, volume, spread, fall=False):
    """Means of the group, its counts, and those of all others with their mean."""
    mean = volume * np.exp(0.05 * (np.arange(len(YEARS)) - len(YEARS) / 2))
    mean = mean * np.where(fall & (YEARS >= 2022), 0.75, 1.0)
    active = chance.gamma(1 / spread**2, spread**2, len(YEARS)) if spread else np.ones(len(YEARS))
    others = np.full(len(YEARS), float(OTHERS))
    return (
        mean,
        chance.poisson(mean * active).astype(float),
        chance.poisson(others).astype(float),
        others,
    )


class Tally:
    """Of each volume and spread: shares of the years whose interval holds the truth, and whether
    that of the change does, world by world.
    """

    def __init__(self) -> None:
        self.found = {cell: [] for cell in itertools.product(VOLUMES, (*SPREADS, FALL))}

    def add(self, seed: int) -> None:
        measured = np.ones(len(YEARS), bool)
        for i, (volume, name) in enumerate(self.found):
            mean, works, others, rest = world(
                np.random.default_rng([SEED, seed, i]), volume, SPREADS.get(name, 0.1), name == FALL
            )
            low, high = counts.of_series(works, measured, CONFIDENCE)
            plain = counts.poisson(works, CONFIDENCE)
            share_low, share_high = counts.of_shares(works, works + others, measured, CONFIDENCE)
            share = mean / (mean + rest)
            change = counts.compare_counts(
                int(works[BEFORE]), int(works[AFTER]), CONFIDENCE, counts.spread_of(works)
            )
            ratio = mean[AFTER] / mean[BEFORE] - 1
            self.found[volume, name].append(
                (
                    ((low <= mean) & (mean <= high)).mean(),
                    ((share_low <= share) & (share <= share_high)).mean(),
                    np.nan if change.ratio is None else change.low <= ratio <= change.high,
                    ((plain.low <= mean) & (mean <= plain.high)).mean(),
                )
            )


def table(tally: Tally, tabled, asked: tuple[float, float]) -> str:
    """The section of the page."""
    lines = []
    for (volume, name), worlds in tally.found.items():
        cells = []
        for column in np.array(worlds, float).T:
            known = column[~np.isnan(column)]
            mean, error = known.mean(), stats.sem(known)
            low, high = mean - 1.96 * error, mean + 1.96 * error
            cells += [
                f"{100 * mean:.1f} ± {100 * error:.1f} %",
                "holds"
                if asked[0] <= low and high <= asked[1]
                else "fails"
                if high < asked[0]
                else "wide"
                if low > asked[1]
                else "open",
            ]
        lines.append((volume, name, *cells[:-1], len(worlds)))
    return "\n\n".join(
        [
            f"## Counts of a group, their shares and changes (asked: {asked[0]:.0%}–{asked[1]:.0%} hold the truth)",
            f"{len(YEARS)} years, each varying by so much beyond chance, one year as likely up as down whatever its neighbours did (`counts.py`); change: "
            f"{YEARS[BEFORE]} to {YEARS[AFTER]}. *Wide*: more than asked hold it. *Poisson*: what the exact Poisson interval of the count, used before, would hold.",
            tabled(
                (
                    "works a year",
                    "years vary",
                    "count",
                    "",
                    "share",
                    "",
                    "change",
                    "",
                    "Poisson",
                    "worlds",
                ),
                lines,
            ),
        ]
    )
