"""How often the intervals at policy dates hold a planted step, and how often a placebo date is called: a printed table.

    python tests/simulation_events.py [--worlds 400] [--seed 1]

Every world is SYNTHETIC: 56 quarters of a group that grows 8 % a year, with seasons, its log level moving by an AR(1) of spread σ
and autocorrelation ρ from quarter to quarter, and counts Poisson about it; beside it others in the same seasons, a hundred
times as many (segmented) or as many, with an AR(1) of their own (did). Planted: a fall of a quarter from quarter 44 on.
Placebo: none, at a date drawn at random with two years or more on either side. Years are the quarters summed.

MISSES: the 95 % interval (Wilson) of the coverage lies below 93 %, or that of the calls above 5 %. wide: that of the coverage
lies above 97 %, so that the interval promises less than it could.
"""

import argparse

import numpy as np
from scipy import stats

from coauth.events import segmented

QUARTERS, DATE, STEP = 56, 44, np.log(0.75)
ERRORS = {"chance alone": (0.0, 0.0), "spread": (0.0, 0.2), "spread, ρ = 0.3": (0.3, 0.2), "spread, ρ = 0.6": (0.6, 0.2)}
VOLUMES = (40, 200)
"""Works of the group a year."""


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
    others = common + np.log(100) - 0.005 * t if method == "segmented" else common + levels(chance, rho, sigma)
    return chance.poisson(np.exp(group)).astype(float), chance.poisson(np.exp(others)).astype(float)


def interval(counts, others, start, a_year, method):
    """As `coauth.events.regress` has it, in years or quarters."""
    if a_year == 1:
        counts, others, start = counts.reshape(-1, 4).sum(axis=1), others.reshape(-1, 4).sum(axis=1), start // 4
    design = segmented.design(len(counts), start, a_year, trend=method == "segmented")
    return segmented.fit(design, counts, counts + others).interval(1, 0.95)


def tried(chance, worlds, volume, rho, sigma):
    """(method, period) -> worlds whose interval held the planted step, and worlds in which a placebo date was called."""
    found = {(m, p): np.zeros(2, int) for m in ("segmented", "did") for p in ("quarter", "year")}
    for _ in range(worlds):
        for method in ("segmented", "did"):
            planted = world(chance, method, volume, rho, sigma, STEP, DATE)
            placebo = 4 * int(chance.integers(2, QUARTERS // 4 - 1))
            quiet = world(chance, method, volume, rho, sigma, 0.0, placebo)
            for period, a_year in (("quarter", 4), ("year", 1)):
                low, high = interval(*planted, DATE, a_year, method)
                found[method, period][0] += low <= STEP <= high
                low, high = interval(*quiet, placebo, a_year, method)
                found[method, period][1] += not low <= 0 <= high
    return found


def main():
    told = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    told.add_argument("--worlds", type=int, default=400)
    told.add_argument("--seed", type=int, default=1)
    asked = told.parse_args()
    print(f"SYNTHETIC worlds: {asked.worlds} a line, seed {asked.seed}; 95 % intervals by Wilson in brackets\n")
    print(f"{'works a year':>12}  {'error':<16} {'method':<10} {'period':<8} {'holds a planted step':<24} placebo dates called")
    for i, volume in enumerate(VOLUMES):
        for j, (error, (rho, sigma)) in enumerate(ERRORS.items()):
            found = tried(np.random.default_rng([asked.seed, i, j]), asked.worlds, volume, rho, sigma)
            for (method, period), counts in found.items():
                shares = [stats.binomtest(int(n), asked.worlds).proportion_ci(method="wilson") for n in counts]
                word = "  MISSES" if shares[0].high < 0.93 or shares[1].low > 0.05 else "  wide" if shares[0].low > 0.97 else ""
                cells = [f"{100 * n / asked.worlds:5.1f} % ({100 * s.low:.1f}–{100 * s.high:.1f})" for n, s in zip(counts, shares, strict=True)]
                print(f"{volume:>12}  {error:<16} {method:<10} {period:<8} {cells[0]:<24} {cells[1]}{word}", flush=True)


if __name__ == "__main__":
    main()
