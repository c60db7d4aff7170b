"""What is said of pairs, of changes between two years and of ranks, where nothing changed and works
come in bursts: `python -m tests.studies.simulation.bursts [--worlds 1000] [--only ranks]` writes its
sections of RESULTS.md.

Every world is SYNTHETIC. The designs, written down before the first run that is tabled; while the
method was chosen, other seeds were looked at (200 to 400 worlds of each kind).

*Pairs.* 60 pairs over 14 years, the last preliminary; a pair's mean works a year are lognormal about
2.5 with σ = 1. Works come by projects of geometric size, whose number is Poisson, φ = E size² /
E size = 1 (single works), 1.8, 2.5 and 3.7; a project's works fall into one year, or each into any of
four years. Compared are the last three years with the three before. Unlike: one pair in four has
φ = 6, the others 1. True: one pair in ten has its mean tripled or cut to a third in the last three
years.

*Intensity.* 24 domestic and 140 foreign institutions, sizes lognormal with σ = 1.2, 2,500 meetings a
window; a pair's works are by projects in one year, φ = 1, 1.8 and 2.5, over 12 years, the last
preliminary. Its mean is that of independence times a taste: 1; gamma of mean 1 and variance 1;
lognormal with σ = 0.8; or 4 for one pair in ten, others 1 (a fifth of the worlds). The truth is a pair's mean over what margins of the
means would give it. Pairs are shown from 5 works on.

*Change between two years.* 14 years of a group with a mean that does not change, its log level
moving by an AR(1) of spread σ = 0.1 and 0.2 and autocorrelation ρ = 0, 0.6 and 0.8 from year to year,
counts Poisson about it; 12, 100 and 300 works a year; change from 2020 to 2023. True: 40 % fewer from
2022.

*Ranks.* Poisson counts of 30 institutions of 100 to 129 works; of 30 of 115; of 10, each half as large
again as the last; of 30 of 5 to 34. 400 replicates, each count drawn again.
"""

from __future__ import annotations

import argparse
import itertools

import numpy as np
from scipy import stats

from coauth.stages.intensity.shrinkage import Margins, Tastes
from coauth.stats import counts, rank_sets
from coauth.stats.autoregression import CHANCE, beyond
from coauth.stats.pair_changes import Bursts, compare
from tests.studies.simulation.results import PAGE, merged

SEED = 161803
CONFIDENCE, RATE, WINDOW, SMALLEST = 0.95, 0.05, 3, 5
YEARS = 14


def projects(chance, mean, times, years=1, length=YEARS):
    """Works of each row × year: projects of geometric size with E size²/E size = `times`."""
    share = 2 / (times + 1)
    if years == 1:
        begun = chance.poisson(np.repeat(mean[..., None] * share, length, -1))
        more = chance.negative_binomial(np.maximum(begun, 1), share) if times > 1 else 0
        return (begun + more * (begun > 0)).astype(float)
    begun = chance.poisson(np.repeat(mean[:, None] * share, length + years - 1, 1))
    row, year = (np.repeat(at, begun[begun > 0]) for at in np.nonzero(begun))
    size = chance.geometric(share, len(row))
    row, year = np.repeat(row, size), np.repeat(year, size)
    works = np.zeros((len(mean), length + 2 * years))
    np.add.at(works, (row, year + chance.integers(0, years, len(year))), 1)
    return works[:, years - 1 : years - 1 + length]


# -- pairs

PAIRS = {
    **{
        f"φ = {times:g}, in {'one year' if years == 1 else 'four years'}": (times, years)
        for times in (1, 1.8, 2.5, 3.7)
        for years in (1, 4)
    },
    "one pair in four φ = 6, others 1": (None, 1),
}


def pairs(chance, name):
    """[any called by Poisson, any called, any called grown or shrunk, share of true changes found]."""
    times, years = PAIRS[name]

    def world(mean):
        if times is not None:
            return projects(chance, mean, times, years)
        singly, burst = projects(chance, mean, 1), projects(chance, mean, 6)
        return np.where(np.arange(len(mean))[:, None] % 4 == 0, burst, singly)

    def called(works, bursts):
        before, after = works[:, -2 * WINDOW : -WINDOW].sum(axis=1), works[:, -WINDOW:].sum(axis=1)
        some = before + after > 0
        p = compare(before[some], after[some], bursts, CONFIDENCE).p
        beyond_chance = np.zeros(len(works), bool)
        beyond_chance[some] = stats.false_discovery_control(p) <= RATE
        return beyond_chance, beyond_chance & (before > 0) & (after > 0)

    def read(works):
        return Bursts.of(works[:, :-1], WINDOW)

    mean = np.exp(chance.normal(np.log(2.5), 1, 60))
    works = world(mean)
    any_, moved = called(works, read(works))
    changed = works.copy()
    factor = np.where(np.arange(60) % 20 == 0, 3.0, 1 / 3)
    true = np.arange(60) % 10 == 0
    changed[true, -WINDOW:] = world(mean * factor)[true, -WINDOW:]
    found, _ = called(changed, read(changed))
    return called(works, Bursts())[1].any(), any_.any(), moved.any(), found[true].mean()


# -- intensity

TASTES = {
    "independent": lambda chance, shape: np.ones(shape),
    "gamma": lambda chance, shape: chance.gamma(1.0, 1.0, shape),
    "lognormal": lambda chance, shape: np.exp(chance.normal(-0.32, 0.8, shape)),
    "one in ten 4": lambda chance, shape: np.where(chance.random(shape) < 0.1, 4.0, 1.0),
}
EXPECTED = {"below 3": (0, 3), "3 to 6": (3, 6), "6 and more": (6, np.inf)}


def intensity(chance, taste, times):
    """By expectation: [pairs shown, plain RIC above 1, above 1, above 1 though the truth is not,
    holds the truth].
    """
    sizes = [np.exp(chance.normal(0, 1.2, n)) for n in (24, 140)]
    independent = np.outer(*(s / s.sum() for s in sizes)) * 2500 / WINDOW
    mean = independent * TASTES[taste](chance, independent.shape)
    works = projects(chance, mean, times, length=12)
    yearly = works.reshape(-1, 12)
    bursts = Bursts.of(yearly[yearly.sum(axis=1) >= SMALLEST, :-1], WINDOW)
    shared = works[..., -WINDOW:].sum(axis=-1)
    ours, theirs, total = shared.sum(axis=1), shared.sum(axis=0), shared.sum()
    able = ours >= SMALLEST, theirs >= SMALLEST
    margins = Margins((ours / total)[able[0], None], theirs[able[1], None])
    shared, mean = (table[np.ix_(*able)] for table in (shared, mean))
    expected = margins.domestic @ margins.foreign.T
    some, shown = shared > 0, shared >= SMALLEST
    tastes = Tastes.of(shared[some], expected[some], margins, bursts.times)
    low, high = (tastes.quantile(shared[shown], expected[shown], share) for share in (0.025, 0.975))
    truth = (mean / np.outer(mean.sum(axis=1), mean.sum(axis=0)) * mean.sum())[shown]
    both = shared[shown]
    x, y = (
        np.broadcast_to(margin, shared.shape)[shown]
        for margin in (ours[able[0], None], theirs[None, able[1]])
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        ric = both / x / ((y - both) / (total - x))
        away = 1.96 * np.sqrt(1 / both - 1 / x + 1 / (y - both) - 1 / (total - x))
        plain = np.where(y > both, ric * np.exp(-away), np.nan) > 1
    rows = []
    for least, most in EXPECTED.values():
        here = (expected[shown] >= least) & (expected[shown] < most)
        above = low[here] > 1
        held = (low[here] <= truth[here]) & (truth[here] <= high[here])
        rows.append(
            [
                here.sum(),
                plain[here].sum(),
                above.sum(),
                (above & (truth[here] <= 1 + 1e-9)).sum(),
                held.sum(),
            ]
        )
    return rows


# -- the change between two years


def change(chance, sigma, rho, volume):
    """[called by Poisson, called, a true fall called a fall]."""
    level = np.empty(YEARS)
    level[0] = chance.normal(0, sigma)
    for t in range(1, YEARS):
        level[t] = rho * level[t - 1] + chance.normal(0, sigma * np.sqrt(1 - rho**2))
    works = chance.poisson(volume * np.exp(level)).astype(float)
    fallen = works.copy()
    fallen[11:] = chance.binomial(works[11:].astype(int), 0.6)

    def side(series, wander):
        found = counts.compare_counts(
            int(series[9]),
            int(series[12]),
            CONFIDENCE,
            beyond(series, 9, 12) if wander else CHANCE,
        )
        return 0 if found.low is None else int(found.low > 0) - int(found.high < 0)

    return side(works, False) != 0, side(works, True) != 0, side(fallen, True) == -1


# -- ranks

RANKS = {
    "30 of 100 to 129 works": np.arange(100.0, 130),
    "30 of 115": np.full(30, 115.0),
    "10, each half as large again": 100 * 1.5 ** np.arange(10),
    "30 of 5 to 34": np.arange(5.0, 35),
}


def ranks(chance, name):
    """[a rank, the truly best one's, that of the one seen as best, all at once] by percentiles, by
    `among_few` and by `among_many`, each with the mean width.
    """
    mean = RANKS[name]
    true = 1 + (mean[None] > mean[:, None]).sum(axis=1)
    seen = chance.poisson(mean).astype(float)
    drawn = chance.poisson(np.repeat(seen[:, None], 400, 1)).astype(float)
    places = stats.rankdata(-drawn, method="min", axis=0)
    percentiles = np.quantile(places, 0.025, axis=1), np.quantile(places, 0.975, axis=1)
    rows = []
    for low, high in (
        (np.floor(percentiles[0]), np.ceil(percentiles[1])),
        rank_sets.among_few(seen, drawn, CONFIDENCE),
        rank_sets.among_many(seen, drawn, CONFIDENCE),
    ):
        held = (low <= true) & (true <= high)
        best = held[np.argmax(mean)], held[np.argmax(seen)]
        rows.append([held.mean(), *best, held.all(), (high - low).mean()])
    return rows


# -- the page


def _share(values):
    values = np.asarray(values, float)
    return f"{100 * values.mean():.1f} ± {100 * values.std() / np.sqrt(len(values)):.1f} %"


def _part(above, of):
    """Of pairs, with the error by worlds."""
    above, of = (np.asarray(x, float) for x in (above, of))
    if not of.sum():
        return "–"
    share = above.sum() / of.sum()
    return (
        f"{100 * share:.1f} ± {100 * np.sqrt(((above - share * of) ** 2).sum()) / of.sum():.1f} %"
    )


def _table(head, rows):
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def many(worlds, part, *given):
    number = list(map(ord, f"{part.__name__}{given}"))
    return [part(np.random.default_rng([SEED, *number, seed]), *given) for seed in range(worlds)]


def pairs_section(worlds):
    rows = [
        (name, *map(_share, np.array(many(worlds, pairs, name), float).T), worlds) for name in PAIRS
    ]
    return (
        "## Pairs that grew or shrank (asked: at most 5 % of worlds with a false one)",
        "*Poisson*: no bursts allowed for, as coauth had it. *Any*: new and gone pairs beyond chance counted too. *Found*: of the pairs whose mean tripled or fell "
        "to a third, one pair in ten.",
        _table(("60 pairs", "Poisson", "any", "grown or shrunk", "found", "worlds"), rows),
    )


def change_section(worlds):
    rows = [
        (*cell, *map(_share, np.array(many(worlds, change, *cell), float).T), worlds)
        for cell in itertools.product((0.05, 0.1, 0.2), (0, 0.6, 0.8), (12, 100, 300))
    ]
    return (
        "## Change between two years (asked: called where there is none in at most 6 %)",
        "*Poisson*: by chance alone. *Found*: 40 % fewer.",
        _table(("σ", "ρ", "works a year", "Poisson", "called", "found", "worlds"), rows),
    )


def ranks_section(worlds):
    rows = []
    for name in RANKS:
        found = np.array(many(worlds, ranks, name), float)
        for at, way in enumerate(("percentiles", "all differences", "all values at once")):
            *held, width = found[:, at].T
            rows.append((name, way, *map(_share, held), f"{width.mean():.1f}", worlds))
    head = ("institutions", "by", "a rank", "the best one's", "that of the one seen as best")
    return (
        "## Ranks (asked: at least 93 % hold, the best one's included)",
        "*Percentiles*: of the replicates' ranks, as coauth had it. *Width*: mean number of places from the best to the worst.",
        _table((*head, "all at once", "width", "worlds"), rows),
    )


def intensity_section(worlds):
    rows = []
    for taste, times in itertools.product(TASTES, (1, 1.8, 2.5)):
        of = worlds if taste == "independent" else -(-worlds // 5)
        found = np.array(many(of, intensity, taste, times), float)
        for at, name in enumerate(EXPECTED):
            shown, *parts = found[:, at].T
            counted = (_part(part, shown) for part in parts)
            rows.append((taste, times, name, int(shown.sum()), *counted, of))
    head = ("tastes", "φ", "works expected", "pairs", "plain above 1", "above 1", "wrongly")
    return (
        "## Intensity of pairs (asked: interval above 1 in at most 3.5 % under independence, at any expectation)",
        "*Plain*: the log-normal interval of RIC, as coauth had it. *Wrongly*: above 1 where the truth is not. Where tastes have a heavy tail and few works are "
        "expected, the interval lies too near to 1: it is silent, not wrong.",
        _table((*head, "holds the truth", "worlds"), rows),
    )


SECTIONS = {
    "change": change_section,
    "pairs": pairs_section,
    "ranks": ranks_section,
    "intensity": intensity_section,
}
WRITTEN = (
    "Written by `python -m tests.studies.simulation.bursts`, designs at its head; ± is the Monte-Carlo "
    "standard error, by world."
)


def main(given=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--only", choices=SECTIONS, help="one part; the page keeps its others")
    parser.add_argument("--quick", action="store_true", help="shows that it runs, writes nothing")
    asked = parser.parse_args(given)
    for name in (asked.only,) if asked.only else SECTIONS:
        title, said, table = SECTIONS[name](2 if asked.quick else asked.worlds)
        text = "\n\n".join([title, f"{WRITTEN} {said}", table])
        print(text, flush=True)
        if not asked.quick:
            PAGE.write_text(merged(PAGE.read_text("utf-8"), [text]), "utf-8")


if __name__ == "__main__":
    main()
