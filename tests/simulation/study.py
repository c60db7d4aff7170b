"""What intervals and verdicts do in worlds whose truth is known.

The truth of a measure is its mean over worlds of one design: the same institutions, habits and expected numbers of works. It is
measured as such, over the worlds of the study, so a measure is held to its expectation at this number of works, not at infinity.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
from written_down import asked

from coauth import centrality, shifts
from coauth.dispersion import Dispersion
from coauth.incidence import incidence
from coauth.permutation import permuted
from coauth.resampling import interval
from coauth.shifts import FELL, ROSE
from simulation import worlds
from simulation.worlds import AFTER, BEFORE, LISTED, NAMES, Design

VOLUME = ("strength", "strength_share", "pagerank")
"""The measures that a planted shift moves."""
RATIOS = ("participation", "exposure")
PERIOD = (BEFORE, AFTER)
SCOPE, SETTING = asked(
    years=(worlds.YEARS[0], worlds.YEARS[-1]), window=len(worlds.YEARS) + 1, comparisons=(PERIOD,), replicates=200, roster_min_works=30,
)  # fmt: skip
"""No sliding window fits: only the two windows that are compared are measured."""
SHIFTED = (
    {"D00": -0.10, "D02": 0.25, "D05": -0.50, "D12": 0.50, "D18": -0.25},
    {"D01": -0.25, "D03": 0.50, "D07": 0.10, "D11": -0.50, "D15": 0.25},
    {"D00": 0.25, "D02": -0.50, "D06": 0.10, "D08": -0.25, "D16": 0.50},
    {"D01": 0.10, "D03": -0.25, "D04": 0.50, "D10": 0.25, "D14": -0.50},
)
"""Taken in turn: 5 of about 32 institutions of the roster, one in six."""
FALLS = dict.fromkeys(("D00", "D01", "D02", "D04", "D05"), -0.25)
KEPT = {"publisher keeps half": 0.5, "publisher keeps a tenth": 0.1}
"""Half is what happened: Elsevier's articles with an institution fell from 76 to 39 % between 2018 and 2024 (doi 10.59350/z3c5x-bfk63)."""
LOSERS = ("D03", "D07", "D11", "D15")
"""Whose strings are no longer matched, one at a time."""
SIZES = ((100, np.inf), (50, 100), (0, 50))
"""Collaborative works a year."""


@dataclass(frozen=True)
class Seen:
    """One world: SHIFTS of variant k, the windows' intervals, and the permutation test of the shares beside it."""

    shifts: pd.DataFrame
    values: pd.DataFrame


def look(seed: int, design: Design, measured: tuple[str, ...] = VOLUME, *, permutations: bool = False) -> Seen:
    setting = SETTING.model_copy(update={"resampled": measured})
    works, affiliations = worlds.tables(seed, design)
    institutions = pa.table({"institution_id": NAMES, "country_code": [f"C{i % 12}" if i >= worlds.DOMESTIC else "DK" for i in range(len(NAMES))]})
    listed = pa.table({"institution_id": LISTED})
    table, replicates = centrality.measure(works, affiliations, SCOPE, setting, institutions, listed)
    assert not table.num_rows  # none but the windows compared
    judged = shifts.judge(replicates, works, affiliations, LISTED, SCOPE, setting).to_pandas()
    judged = judged[judged["variant"] == "k"].drop(columns=["reason", "variant", "counting"])
    if permutations:
        judged = judged.merge(_permuted(works, affiliations, judged), how="left", on=["institution_id", "measure"])
    values = []
    for measure in measured:
        for window in PERIOD:
            value, drawn = (kept[window, "k", measure] for kept in (replicates.value, replicates.drawn))
            low, high, *_ = interval(value, drawn, SETTING.confidence, replicates.freedom)
            told = {"institution_id": replicates.institutions, "measure": measure, "window": window[0], "value": value, "low": low, "high": high}
            values.append(pd.DataFrame(told))
    values = pd.concat(values)
    return Seen(judged, values[values["institution_id"].isin(judged["institution_id"])])


def _permuted(works: pa.Table, affiliations: pa.Table, judged: pd.DataFrame) -> pd.DataFrame:
    world = incidence(works, affiliations)
    world = world.only((world.team >= 2) & (world.team <= SCOPE.max_institutions))
    names = np.array(sorted(set(judged["institution_id"])), object)
    dispersion = Dispersion.of(world, "newman")
    factors = tuple(dispersion.factors(window).of("share", names) for window in PERIOD)
    roster = np.searchsorted(world.institutions.astype(str), names.astype(str))
    p = permuted(world, "newman", roster, PERIOD, factors, 40 * len(names), SETTING.seed)
    return pd.DataFrame({
        "institution_id": names, "measure": "strength_share", "p_permuted": p, "q_permuted": shifts.false_discovery(p),
    })  # fmt: skip


@dataclass
class Tally:
    """Means over worlds with their Monte-Carlo standard error by world."""

    by_world: dict[tuple[str, ...], list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, what: tuple[str, ...], share: float) -> None:
        if not np.isnan(share):
            self.by_world[what].append(float(share))

    def rows(self) -> Iterator[tuple[tuple[str, ...], float, float, int]]:
        for what, found in self.by_world.items():
            error = float(np.std(found, ddof=1) / np.sqrt(len(found))) if len(found) > 1 else np.nan
            yield what, float(np.mean(found)), error, len(found)


Told = Callable[[str], None]


PERMUTED = 8
"""The permutation test, the dearest part, is run in one world in eight."""


def coverage(number: int, told: Told, measured: tuple[str, ...] = VOLUME) -> Tally:
    """Worlds without a shift: do the 95 % intervals hold the truth, how often is a shift called at all?"""
    seen, tally = [], Tally()
    for seed in range(number):
        seen.append(look(seed, Design(), measured, permutations=measured == VOLUME and seed % PERMUTED == 0))
        told(f"unshifted {seed + 1}/{number}")
    every = pd.concat([s.values for s in seen])
    truth = every.groupby(["measure", "window", "institution_id"])["value"].mean().rename("truth")
    for world in seen:
        joined = world.values.join(truth, on=["measure", "window", "institution_id"])
        for measure, rows in joined.groupby("measure"):
            tally.add((measure, "value"), rows["truth"].between(rows["low"], rows["high"]).mean())
        for measure, rows in world.shifts.groupby("measure"):
            tally.add((measure, "change"), ((rows["low"] <= 0) & (rows["high"] >= 0)).mean())
            tally.add((measure, "any called"), rows["verdict"].isin([ROSE, FELL]).any())
            tally.add((measure, "any q"), (rows["q_value"] <= SETTING.false_discovery_rate).any())
        if "q_permuted" in world.shifts:
            found = world.shifts["q_permuted"].dropna() <= SETTING.false_discovery_rate
            tally.add(("strength_share", "any q, permuted"), found.any())
    return tally


def power(number: int, told: Told) -> Tally:
    """Worlds in which one in six of the roster shifts: who is found, and who of the others is called?"""
    tally = Tally()
    for seed in range(number):
        shifted = SHIFTED[seed % len(SHIFTED)]
        seen = look(10_000 + seed, Design(shift=shifted), permutations=seed // len(SHIFTED) % PERMUTED == 0)
        told(f"shifted {seed + 1}/{number}")
        for measure, rows in seen.shifts.groupby("measure"):
            planted = rows["institution_id"].map(shifted).fillna(0.0)
            way = rows["verdict"].map({ROSE: 1, FELL: -1}).fillna(0)
            ways = {"called": way}
            if measure == "strength_share" and "q_permuted" in rows:
                ways["q, permuted"] = np.sign(rows["change"]) * (rows["q_permuted"] <= SETTING.false_discovery_rate)
            for name, calls in ways.items():
                false = (calls != 0) & (planted == 0)
                tally.add((measure, f"false discoveries, {name}"), false.sum() / max((calls != 0).sum(), 1))
                works = rows["institution_id"].map(_yearly(seen))
                for low, high in SIZES:
                    for size in (0.10, 0.25, 0.50):
                        here = (planted.abs().round(2) == size) & (works > low) & (works <= high)
                        found = (calls == np.sign(planted))[here]
                        tally.add((measure, f"found, {name}", f"{size:.0%}", _size(low, high)), found.mean() if len(found) else np.nan)
    return tally


def _yearly(seen: Seen) -> pd.Series:
    before = seen.values[(seen.values["measure"] == "strength") & (seen.values["window"] == BEFORE[0])]
    return before.set_index("institution_id")["value"] / (BEFORE[1] - BEFORE[0] + 1)


def _size(low: float, high: float) -> str:
    return f"over {low:g} works a year" if np.isinf(high) else f"{low:g} to {high:g} works a year" if low else f"up to {high:g} works a year"


def losses(number: int, told: Told) -> Tally:
    """Falls made by lost metadata, of both kinds; and true falls of a quarter under the same losses and without them."""
    tally = Tally()
    atq = set(NAMES[:worlds.DOMESTIC][worlds.COUNTRY.publishers[:, 0] > 0.6])
    for seed in range(number):
        loser = LOSERS[seed % len(LOSERS)]
        lost = {
            **{f"{name}, hardest hit": (Design(kept=kept), atq) for name, kept in KEPT.items()},
            "institution's own loss": (Design(unmatched=(loser,)), {loser}),
        }  # fmt: skip
        for name, (design, hit) in lost.items():
            rows = look(20_000 + seed, design).shifts
            rows = rows[rows["institution_id"].isin(hit)]
            for measure, part in rows.groupby("measure"):
                tally.add((measure, f"{name}: called a fall"), (part["verdict"] == FELL).mean())
                tally.add((measure, f"{name}: below 0 with q ≤ 0.05"), ((part["high"] < 0) & (part["q_value"] <= 0.05)).mean())
        true = {
            "true falls, no loss": Design(shift=FALLS), **{f"true falls, {name}": Design(shift=FALLS, kept=kept) for name, kept in KEPT.items()},
            "true falls, another's own loss": Design(shift=FALLS, unmatched=(loser,)),
        }  # fmt: skip
        for name, design in true.items():
            rows = look(30_000 + seed, design).shifts
            for measure, part in rows[rows["institution_id"].isin(FALLS)].groupby("measure"):
                tally.add((measure, name), (part["verdict"] == FELL).mean())
        told(f"losses {seed + 1}/{number}")
    return tally
