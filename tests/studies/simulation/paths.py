"""Do the intervals of measures on the pattern of ties hold the truth? `python -m
tests.studies.simulation.paths [--worlds 300]` writes PATHS.md, `--country confirmation`
PATHS.confirmation.md, of a country that nothing was chosen on. `--keep FOLDER` lets a stopped run
go on.

Eigenvector, rarefied degree, and harmonic closeness and betweenness among the strongest
institutions, in the worlds of the study. A third of the worlds is looked at again with thrice the
works: whether an interval holds may hang on how full a graph is.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import joblib
import numpy as np
import pyarrow as pa

from coauth.stages.centrality.basis import Partners
from coauth.stages.centrality.measures import patterns, resampled
from coauth.stages.centrality.path_bootstrap import strongest
from coauth.stats.bootstrap import draw, interval, spread, within
from coauth.stats.incidence import incidence
from coauth.stats.overdispersion import Dispersion
from tests.studies.simulation import worlds
from tests.studies.simulation.study import PERIOD, Tally
from tests.support.toy_worlds import asked

PAGES = {
    "development": Path(__file__).with_name("PATHS.md"),
    "confirmation": Path(__file__).with_name("PATHS.confirmation.md"),
}
LOW, HIGH = 0.93, 0.97
STRONGEST = 50
SCOPE, SETTING = asked(
    replicates=200,
    path_replicates=200,
    strongest=STRONGEST,
    measures=("degree_rarefied",),
    resampled=("degree_rarefied",),
)
NONE = Partners.of(None, None)
COUNTRIES = {"development": worlds.DEVELOPMENT, "confirmation": worlds.CONFIRMATION}
BOTH = 1
"""Paths are followed in both windows, so that changes can be had, in one world of so many; in the
others in the later window.
"""
THRICE = 100_000
"""Seeds of worlds of thrice the works: three at a time."""


def world_of(seed, times=1, country="development"):
    """The works of two institutions or more of `times` worlds laid over one another, and of how
    many the roster consists.
    """
    made = [worlds.tables(seed * times + i, country=COUNTRIES[country])[:2] for i in range(times)]
    tables = []
    for kind in zip(*made, strict=True):
        named = [
            t.set_column(
                t.schema.get_field_index("work_id"),
                "work_id",
                pa.array([f"{i}{w}" for w in t["work_id"].to_pylist()]),
            )
            for i, t in enumerate(kind)
        ]
        tables.append(pa.concat_tables(named))
    world = incidence(*tables)
    return world.only((world.team >= 2) & (world.team <= SCOPE.max_institutions))


def look(seed, times=1, both=True, country="development"):
    """{(measure, window): (values, low, high)} by name of institution, the windows being 0 and 1;
    {measure: (low, high)} of changes; the roster.
    """
    world, seen, names = world_of(seed, times, country), {}, COUNTRIES[country].names
    dispersion = Dispersion.of(world, "newman")
    parts = [world.only(world.within(window)) for window in PERIOD]
    rarefied_to = int(SETTING.rarefied_share * min(len(p.team) for p in parts))

    def keep(at, rating, name=None):
        low, high, *_ = rating.ends or interval(
            rating.value, rating.draws, SETTING.confidence, dispersion.freedom
        )
        columns = (rating.value, low, high, rating.draws.reshape(len(low), -1))
        rows = np.searchsorted(names.astype(str), rating.institutions.astype(str))
        seen[name or rating.measure, at] = tuple(_everybody(c, rows, len(names)) for c in columns)

    for at, (window, part) in enumerate(zip(PERIOD, parts, strict=True)):
        factors, every = dispersion.factors(window), {"k": np.ones(len(part.team))}
        for rating in resampled(
            part,
            every,
            draw(len(part.team), window, SETTING),
            ("eigenvector",),
            "newman",
            {"k": factors},
            NONE,
        ):
            keep(at, rating)
        for rating in patterns(part, SETTING, NONE, rarefied_to):
            keep(at, rating)
        if at or both:
            for rating in strongest(
                part, window, ("harmonic", "betweenness"), SETTING, factors, dispersion.freedom
            ):
                keep(at, rating)
    year = (PERIOD[1][1],) * 2
    part = world.only(world.within(year))
    for rating in resampled(
        part,
        {"k": np.ones(len(part.team))},
        draw(len(part.team), year, SETTING),
        ("strength",),
        "newman",
        {"k": dispersion.factors(year)},
        NONE,
    ):
        keep(1, rating, "strength of one year")
    roster = sum(world.count(world.within(window)) for window in PERIOD) >= 30
    judged = set(world.institutions[roster]) & {
        *names[: COUNTRIES[country].domestic],
        *COUNTRIES[country].listed,
    }
    ends = _changes(seen, dispersion.freedom)
    return (
        {what: columns[:3] for what, columns in seen.items()},
        ends,
        np.array([name in judged for name in names]),
    )


def _everybody(column, rows, number):
    filled = np.full((number, *column.shape[1:]), np.nan)
    filled[rows] = column
    return filled


def _changes(seen, freedom):
    """{measure: (low, high)} of the change, where both windows were looked at."""
    found = {}
    for measure in {m for m, at in seen if at == 0}:
        (before, *_, was), (after, *_, became) = seen[measure, 0], seen[measure, 1]
        change = after - before
        if measure == "degree_rarefied":  # a jackknife: variances add
            variance = sum(
                ((high - value) / 1.959964) ** 2
                for value, _, high, _ in (seen[measure, 0], seen[measure, 1])
            )
            moved = within(np.zeros_like(change), variance, SETTING.confidence).high
            found[measure] = change - moved, change + moved
        elif measure == "harmonic":
            away = (
                spread(
                    np.full_like(change, 1e9), became - was + 1e9, SETTING.confidence, freedom
                ).high
                - 1e9
            )
            found[measure] = change - away, change + away
        else:
            found[measure] = interval(change, became - was, SETTING.confidence, freedom)[:2]
    return found


def study(number, workers, country="development", keep=None):
    """Coverage of values by their mean over the worlds, and of changes by 0, in `number` worlds and
    a third as many of thrice the works.
    """
    tally, looked = Tally(), joblib.Memory(keep, verbose=0).cache(look)
    for times, first, many in ((1, 0, number), (3, THRICE, max(number // 3, 2))):
        seeds = [first + i for i in range(many)]
        seen = joblib.Parallel(workers)(
            joblib.delayed(looked)(seed, times, times == 1 and i % BOTH == 0, country)
            for i, seed in enumerate(seeds)
        )
        works = "" if times == 1 else ", thrice the works"
        for what in seen[0][0]:
            _values(tally, what, [(s[0][what], s[2]) for s in seen if what in s[0]], works)
        for _, changes, roster in seen:
            for measure, (low, high) in changes.items():
                held = ((low <= 0) & (high >= 0))[roster & ~np.isnan(low)]
                tally.add((measure, "change" + works), held.mean())
    return tally


def _values(tally, what, seen, works):
    measure, _ = what
    value = np.array([columns[0] for columns, _ in seen])
    known = ~np.isnan(value)
    truth = np.divide(
        np.nansum(value, axis=0),
        known.sum(axis=0),
        out=np.full(value.shape[1], np.nan),
        where=known.any(axis=0),
    )
    roster = np.array([r for _, r in seen]) & known
    top = truth >= np.nanquantile(truth[roster.any(axis=0)], 2 / 3)
    for (_, low, high), mine in zip((columns for columns, _ in seen), roster, strict=True):
        held = (low <= truth) & (truth <= high)
        tally.add((measure, "value" + works), held[mine].mean())
        tally.add((measure, "value, largest third" + works), held[mine & top].mean())


def written(tally, country="development"):
    rows = ["| measure | of | coverage | windows of worlds | |", "| --- | --- | --- | --- | --- |"]
    for (measure, of), mean, error, n in sorted(tally.rows()):
        low, high = mean - 1.96 * error, mean + 1.96 * error
        verdict = (
            "holds"
            if low >= LOW and high <= HIGH
            else "fails"
            if high < LOW or low > HIGH
            else "open"
        )
        rows.append(
            f"| {measure} | {of} | {100 * mean:.1f} ± {100 * error:.1f} % | {n} | {verdict} |"
        )
    return (
        "\n\n".join(
            [
                "# Intervals of measures on the pattern of ties, where the truth is known",
                f"SYNTHETIC worlds, of `worlds.{country.upper()}`; written by `python -m tests.studies.simulation.paths --country {country}`. {SETTING.replicates} replicates, paths {SETTING.path_replicates} among "
                f"the {STRONGEST} strongest of {len(COUNTRIES[country].names)} institutions; rarefied degree to {SETTING.rarefied_share:.0%} of the works of the smaller window. The truth of a value is its "
                "mean over the worlds, of a change 0; ± is the Monte-Carlo standard error, by world. `thrice the works`: three worlds laid over one another. A row holds "
                f"where the 95 % Monte-Carlo interval of its coverage lies within {LOW:.0%}–{HIGH:.0%}, fails where it lies outside.",
                "\n".join(rows),
            ]
        )
        + "\n"
    )


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.studies.simulation.paths", description=__doc__
    )
    parser.add_argument("--worlds", type=int, default=300)
    parser.add_argument("--workers", type=int, default=joblib.cpu_count())
    parser.add_argument(
        "--quick",
        action="store_true",
        help="8 worlds: shows that it runs, proves nothing, writes nothing",
    )
    parser.add_argument("--country", choices=list(COUNTRIES), default="development")
    parser.add_argument("--keep", type=Path, help="folder for what was seen of each world")
    given = parser.parse_args()
    began = time.monotonic()
    page = written(
        study(8 if given.quick else given.worlds, given.workers, given.country, given.keep),
        given.country,
    )
    print(page)
    if not given.quick:
        PAGES[given.country].write_text(page, "utf-8")
    print(f"{time.monotonic() - began:.0f} seconds")


if __name__ == "__main__":
    main()
