"""How often the intervals of sums of years, of their shares, and of the change between two periods
hold the truth; and how often `coauth count --compare` calls a change where there is none.

Every world is SYNTHETIC: as in `counts.py` the works of a group in the 14 measured years, each year's
mean times a gamma variable, counts Poisson about that; here without growth, so that nothing changes.
Each work is of publisher Q with a chance of 3 in 10, and has one to three home institutions. Q keeps all
affiliations on 90 % of its works, and on 60 % from 2022 on (*loss*); the others on 94 %. A verdict is by
the rule of `coauth.count.change`: complete works weighted for coverage decide. Families are of 40 such
groups, judged at one false discovery rate.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy import stats

from coauth.count import change
from coauth.stats import counts
from tests.studies.simulation.counts import CONFIDENCE, OTHERS, SPREADS, YEARS
from tests.support.toy_worlds import QUERIES

SEED = 31415
VOLUMES = (5, 20, 100, 1000)
PERIODS = (2018, 2020), (2022, 2024)
FAMILY = 40
MEASURED = YEARS[-1] > YEARS
"""The last year is preliminary: no spread is read from it."""
SPANS = np.array([(a <= YEARS) & (b >= YEARS) for a, b in PERIODS])


def group(chance, volume, spread, loss):
    """Works a year; complete ones weighted, with their variance; works divided among institutions,
    with theirs.
    """
    active = chance.gamma(1 / spread**2, spread**2, len(YEARS)) if spread else 1.0
    works = chance.poisson(volume * active * np.ones(len(YEARS)))
    of_q = chance.binomial(works, 0.3)
    rates = np.where(loss & (YEARS >= 2022), 0.6, 0.9), np.full(len(YEARS), 0.94)
    complete = [chance.binomial(n, p) for n, p in zip((of_q, works - of_q), rates, strict=True)]
    weight = sum(n / p for n, p in zip(complete, rates, strict=True))
    squares = sum(n / p**2 for n, p in zip(complete, rates, strict=True))
    teams = chance.multinomial(works, [0.5, 0.3, 0.2])  # works of one, two and three institutions
    parts, part_squares = teams @ (1 / np.arange(1, 4)), teams @ (1 / np.arange(1, 4) ** 2)
    return works.astype(float), weight, squares, parts, part_squares


class Tally:
    """World by world, of each volume, spread and loss: which intervals hold, and what is called."""

    def __init__(self) -> None:
        self.results = {
            cell: [] for cell in itertools.product(VOLUMES, SPREADS, ("no loss", "loss"))
        }
        self.families = {
            cell: [] for cell in itertools.product((20, 100), SPREADS, ("no loss", "loss"))
        }

    def add(self, seed: int) -> None:
        for i, (volume, name, loss) in enumerate(self.results):
            chance = np.random.default_rng([SEED, seed, i])
            works, weight, squares, parts, part_squares = group(
                chance, volume, SPREADS[name], loss == "loss"
            )
            low, high = counts.of_series(works, MEASURED, CONFIDENCE, spans=SPANS)
            total = works + chance.poisson(OTHERS, len(YEARS))
            share = volume / (volume + OTHERS)
            share_low, share_high = counts.of_shares(
                works, total, MEASURED, CONFIDENCE, spans=SPANS
            )
            (plain,), (weighted,), (divided,) = (
                change.steps(v[None], s[None], [0], MEASURED, SPANS, CONFIDENCE)
                for v, s in ((works, works), (weight, squares), (parts, part_squares))
            )
            verdict, _ = change.verdict(
                plain, weighted, plain.p, weighted.p, None, QUERIES.measures
            )
            self.results[volume, name, loss].append(
                (
                    ((low <= 3 * volume) & (3 * volume <= high)).mean(),
                    ((share_low <= share) & (share <= share_high)).mean(),
                    plain.low <= 0 <= plain.high,
                    weighted.low <= 0 <= weighted.high,
                    plain.difference_low <= 0 <= plain.difference_high,
                    divided.difference_low <= 0 <= divided.difference_high,
                    verdict in (change.ROSE, change.FELL),
                )
            )
        for i, (volume, name, loss) in enumerate(() if seed % 4 else self.families):
            chance = np.random.default_rng([SEED, 1, seed, i])
            groups = [group(chance, volume, SPREADS[name], loss == "loss") for _ in range(FAMILY)]
            works, weight, squares = (np.array([g[n] for g in groups]) for n in range(3))
            every = np.arange(FAMILY)
            pairs = [
                change.steps(v, s, every, MEASURED, SPANS, CONFIDENCE)
                for v, s in ((works, works), (weight, squares))
            ]
            q = [change.discovery(several, np.ones(FAMILY, bool)) for several in pairs]
            self.families[volume, name, loss].append(
                any(
                    change.verdict(p, w, a, b, None, QUERIES.measures)[0]
                    in (change.ROSE, change.FELL)
                    for p, w, a, b in zip(*pairs, *q, strict=True)
                )
            )


def _rate(values, low, high) -> list[str]:
    """Mean with its standard error, and whether it lies within what is asked."""
    known = np.array([v for v in values if not np.isnan(v)], float)
    mean, error = known.mean(), stats.sem(known)
    ends = mean - 1.96 * error, mean + 1.96 * error
    word = "open"
    if low <= ends[0] and ends[1] <= high:
        word = "holds"
    elif ends[1] < low:
        word = "fails"
    elif ends[0] > high:
        word = "wide" if high < 1 and low > 0.5 else "fails"
    return [f"{100 * mean:.1f} ± {100 * error:.1f} %", word]


def table(tally: Tally, layout, bounds: tuple[float, float], false: float) -> str:
    """The sections of the page."""
    titles = ("sum", "share", "ratio", "ratio, weighted", "difference", "contribution")
    lines = []
    for cell, worlds in tally.results.items():
        columns = np.array(worlds, float).T
        rates = [x for column in columns[:-1] for x in _rate(column, *bounds)]
        lines.append((*cell, *rates, *_rate(columns[-1], 0.0, false), len(worlds)))
    heads = [h for title in titles for h in (title, "")]
    families = [(*cell, *_rate(v, 0.0, false), len(v)) for cell, v in tally.families.items()]
    return "\n\n".join(
        [
            f"## Sums of years and their changes (asked: {bounds[0]:.0%}–{bounds[1]:.0%} hold the truth; changes called where there is none at most {false:.0%})",
            "Three years, and 2018–2020 to 2022–2024, in worlds where nothing changes (`periods.py`). *Wide*: more than asked hold it. Ratios are of worlds that have one; *called*: rose or fell, by `coauth count --compare`. That the t of several years has ν degrees of freedom was decided on other worlds, after 600 of these had been seen under the rule of single years, by which up to 7 % were called.",
            layout(
                ("works a year", "years vary", "metadata", *heads, "called", "", "worlds"), lines
            ),
            f"Families of {FAMILY} such groups, one in every fourth world: any of them called.",
            layout(("works a year", "years vary", "metadata", "called", "", "families"), families),
        ]
    )
