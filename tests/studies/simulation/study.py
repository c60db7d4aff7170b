"""What intervals and verdicts do in worlds whose truth is known.

The truth of a measure is its mean over worlds of one design: the same institutions, habits and
expected numbers of works. It is measured as such, over the worlds of the study, so a measure is
held to its expectation at this number of works, not at infinity.

Everything below the imports was fixed before the first world of `worlds.CONFIRMATION` was made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from unittest import mock

import numpy as np
import pandas as pd
import pyarrow as pa

from coauth.stages import centrality, shifts
from coauth.stages.shifts import FELL, NOT_COMPARABLE, ROSE
from coauth.stats.bootstrap import interval
from coauth.stats.incidence import incidence
from coauth.stats.overdispersion import Dispersion
from coauth.stats.permutation import permuted
from tests.studies.simulation import worlds
from tests.studies.simulation.worlds import (
    AFTER,
    BEFORE,
    CONFIRMATION,
    DEVELOPMENT,
    Country,
    Design,
)
from tests.support.toy_worlds import asked, centralities

VOLUME = ("strength", "strength_share", "pagerank")
"""The measures that a planted shift moves."""
RATIOS = ("participation", "exposure")
PERIOD = (BEFORE, AFTER)
SCOPE, SETTING = asked(
    years=(worlds.YEARS[0], worlds.YEARS[-1]),
    window=len(worlds.YEARS) + 1,
    comparisons=(PERIOD,),
    replicates=200,
    roster_min_works=30,
)
"""No sliding window fits: only the two windows that are compared are measured."""

BASE = (0.765, 0.945)
"""Affiliations kept at publisher Q and elsewhere where nothing happens: Elsevier's share of
articles with an institution in 2018 was 76.5 %, that of 25 publishers together 87.9 % (Jahn 2025,
doi 10.59350/z3c5x-bfk63).
"""
QUIET = Design(before=BASE, after=BASE)
LOSSES = {
    "as documented": replace(QUIET, after=(0.386, 0.84)),
    "Q keeps a fifth": replace(QUIET, after=(0.19, 0.84)),
    "Q keeps a thirteenth": replace(QUIET, after=(0.0765, 0.84)),
}
"""As documented: 2024, 38.6 % at Elsevier and 68.4 % together. The others are harsher than anything
seen in a measured year.
"""
VANISHED = replace(LOSSES["as documented"], vanish=True)

SHIFTED = (
    {"D00": -0.25, "D02": 0.50, "D05": -0.50, "D08": -0.25, "D12": 0.25, "D18": -0.50},
    {"D01": -0.25, "D03": -0.10, "D04": -0.25, "D10": 0.25, "D16": 0.50, "D14": -0.25},
    {"D02": -0.25, "D00": 0.10, "D06": -0.25, "D07": -0.50, "D17": -0.25, "D09": 0.50},
    {"D03": -0.25, "D01": -0.50, "D08": 0.10, "D11": -0.25, "D00": 0.25, "D19": -0.50},
)
"""Taken in turn: 6 of about 41 institutions of the roster, one in seven."""
LOSERS = ("D02", "D06", "D12", "D20")
"""Whose strings are no longer matched, one at a time."""
SIZES = ((100, np.inf), (50, 100), (0, 50))
SPARED = 8
"""Harsher losses and oracles, and PageRank, the dearest measure, where something is lost or shifts,
are in one world in eight.
"""
PERMUTED = 8
"""The permutation test is run in one unshifted world in eight."""


@dataclass(frozen=True)
class Seen:
    """One world: SHIFTS, and the windows' intervals of variant k."""

    shifts: pd.DataFrame
    """of variant k, with those of the reweighted beside as `*_weighted`, and the permutation test
    of the shares
    """
    values: pd.DataFrame


def look(
    seed: int,
    design: Design,
    measured: tuple[str, ...] = VOLUME,
    *,
    country: Country = DEVELOPMENT,
    permutations: bool = False,
    oracle: bool = False,
) -> Seen:
    """`oracle` knows P(complete) of each work, where coauth must estimate it."""
    setting = SETTING.model_copy(update={"resampled": measured})
    works, affiliations, mentions = worlds.tables(seed, design, country)
    names = [*country.names, *(new for _, new in design.moved if new not in country.names)]
    abroad = ["DK" if name.startswith("D") else f"C{i % 12}" for i, name in enumerate(names)]
    lineage = pa.array([[name] for name in names])
    institutions = pa.table({"institution_id": names, "country_code": abroad, "lineage": lineage})
    with mock.patch.object(
        centrality, "complete_weights", _known(design) if oracle else centrality.complete_weights
    ):
        table, replicates = centralities(
            works,
            affiliations,
            SCOPE,
            setting,
            institutions,
            pa.table({"institution_id": country.listed}),
            mentions,
        )
    assert not table.num_rows  # none but the windows compared
    judged = shifts.judge(
        replicates, works, affiliations, SCOPE, setting, institutions, mentions
    ).to_pandas()
    key = ["institution_id", "measure"]
    weighted = judged.loc[judged["variant"] == "reweighted", [*key, "low", "high", "q_value"]]
    judged = (
        judged[judged["variant"] == "k"]
        .drop(columns=["reason", "variant", "counting"])
        .merge(weighted, on=key, suffixes=("", "_weighted"))
    )
    if permutations:
        judged = judged.merge(_permuted(works, affiliations, judged), how="left", on=key)
    values = []
    for measure in measured:
        for window in PERIOD:
            value, drawn = (
                values[window, "k", measure] for values in (replicates.value, replicates.draws)
            )
            low, high, *_ = interval(value, drawn, SETTING.confidence, replicates.freedom)
            told = {
                "institution_id": replicates.institutions,
                "measure": measure,
                "window": window[0],
                "value": value,
                "low": low,
                "high": high,
            }
            values.append(pd.DataFrame(told))
    values = pd.concat(values)
    return Seen(judged, values[values["institution_id"].isin(judged["institution_id"])])


def _known(design: Design) -> Callable[[pa.Table], np.ndarray]:
    def weights(works: pa.Table) -> np.ndarray:
        complete = works["affiliation_status"].to_numpy(zero_copy_only=False) == "complete"
        at_q = works["publisher"].to_numpy(zero_copy_only=False) == "Q"
        return complete / design.chance(works["year"].to_numpy(), at_q)

    return weights


def _permuted(works: pa.Table, affiliations: pa.Table, judged: pd.DataFrame) -> pd.DataFrame:
    world = incidence(works, affiliations)
    world = world.only((world.team >= 2) & (world.team <= SCOPE.max_institutions))
    names = np.array(sorted(set(judged["institution_id"])), object)
    dispersion = Dispersion.of(world, "newman")
    factors = tuple(dispersion.factors(window).of("share", names) for window in PERIOD)
    roster = np.searchsorted(world.institutions.astype(str), names.astype(str))
    p = permuted(world, "newman", roster, PERIOD, factors, 40 * len(names), SETTING.seed)
    return pd.DataFrame(
        {
            "institution_id": names,
            "measure": "strength_share",
            "q_permuted": shifts.false_discovery(p),
        }
    )


# -- what is counted


@dataclass
class Tally:
    """Means over worlds with their Monte-Carlo standard error by world."""

    by_world: dict[tuple[str, ...], dict[int, float]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def add(self, what: tuple[str, ...], share: float, seed: int | None = None) -> None:
        """Of one world; told apart by `seed` where worlds of two designs are to be compared one by
        one.
        """
        if not np.isnan(share):
            worlds_ = self.by_world[what]
            worlds_[len(worlds_) if seed is None else seed] = float(share)

    def rows(self) -> Iterator[tuple[tuple[str, ...], float, float, int]]:
        for what in self.by_world:
            yield what, *self.mean(what)

    def mean(self, what: tuple[str, ...]) -> tuple[float, float, int]:
        found = list(self.by_world[what].values())
        error = float(np.std(found, ddof=1) / np.sqrt(len(found))) if len(found) > 1 else np.nan
        return float(np.mean(found)), error, len(found)

    def ratio(self, what: tuple[str, ...], to: tuple[str, ...]) -> tuple[float, float, int]:
        """Of the means over the worlds (seeds) that both have, with the standard error of a ratio
        (delta method).
        """
        seeds = sorted(self.by_world[what].keys() & self.by_world[to].keys())
        above, below = (
            np.array([self.by_world[name][seed] for seed in seeds]) for name in (what, to)
        )
        if not below.mean() > 0:
            return np.nan, np.nan, len(seeds)
        ratio = above.mean() / below.mean()
        return (
            float(ratio),
            float(np.std(above - ratio * below, ddof=1) / np.sqrt(len(seeds)) / below.mean()),
            len(seeds),
        )


def _calls(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """+1 called a rise, −1 a fall, 0 neither: by the verdict, and by the rule it replaced (q of all
    works, each weighted interval by itself).
    """
    way = np.sign(rows["change"])
    clear, weighted = (
        (rows[f"low{w}"] > 0).astype(int) - (rows[f"high{w}"] < 0).astype(int)
        for w in ("", "_weighted")
    )
    comparable = rows["verdict"] != NOT_COMPARABLE
    calls = {
        "verdict": rows["verdict"].map({ROSE: 1, FELL: -1}).fillna(0),
        "rule before": way.where(
            (clear == way)
            & (weighted == way)
            & (rows["q_value"] <= SETTING.false_discovery_rate)
            & comparable,
            0,
        ),
        "coverage left out of account": way.where(
            (clear == way) & (rows["q_value"] <= SETTING.false_discovery_rate), 0
        ),
    }
    if "q_permuted" in rows and rows["q_permuted"].notna().any():
        calls["permuted"] = way.where(rows["q_permuted"] <= SETTING.false_discovery_rate, 0)
    return calls


def unshifted(seed: int, tally: Tally, country: Country = CONFIRMATION) -> pd.DataFrame:
    """Nobody shifts, nothing is lost: do the 95 % intervals of changes hold 0, is anybody called?
    Returns what `coverage` needs.
    """
    world = look(seed, QUIET, VOLUME + RATIOS, country=country, permutations=seed % PERMUTED == 0)
    for measure, rows in world.shifts.groupby("measure"):
        tally.add((measure, "change"), ((rows["low"] <= 0) & (rows["high"] >= 0)).mean(), seed)
        tally.add(
            (measure, "change, weighted"),
            ((rows["low_weighted"] <= 0) & (rows["high_weighted"] >= 0)).mean(),
            seed,
        )
        for by, call in _calls(rows).items():
            tally.add((measure, "any", by), (call != 0).any(), seed)
    return world.values


def coverage(seen: list[pd.DataFrame], tally: Tally) -> None:
    """Do the intervals of values, of all unshifted worlds, hold the truth?"""
    truth = (
        pd.concat(seen)
        .groupby(["measure", "window", "institution_id"])["value"]
        .mean()
        .rename("truth")
    )
    for seed, values in enumerate(seen):
        for measure, rows in values.join(truth, on=["measure", "window", "institution_id"]).groupby(
            "measure"
        ):
            tally.add(
                (measure, "value"), rows["truth"].between(rows["low"], rows["high"]).mean(), seed
            )


def lost(seed: int, tally: Tally, country: Country = CONFIRMATION) -> None:
    """Nobody shifts, but metadata are lost: a publisher's, one institution's, or whole works."""
    designs = {"as documented": LOSSES["as documented"]}
    if seed % SPARED == 0:
        loser = LOSERS[seed // SPARED % len(LOSERS)]
        designs = LOSSES | {
            "whole works vanish": VANISHED,
            "an institution's own": replace(QUIET, unmatched=(loser,)),
        }
    for name, design in designs.items():
        rows = look(
            20_000 + seed, design, VOLUME if seed % SPARED == 0 else VOLUME[:2], country=country
        ).shifts
        hit = rows["institution_id"].isin(set(design.unmatched) or country.hardest_hit)
        for measure, part in rows.groupby("measure"):
            for by, call in _calls(part).items():
                tally.add((measure, name, "fell", by), (call[hit] == -1).mean(), seed)
                tally.add((measure, name, "any", by), (call != 0).any(), seed)
            silent = part["verdict"] == NOT_COMPARABLE
            tally.add((measure, name, "not comparable"), silent[hit].mean(), seed)
            if not design.unmatched and not design.vanish:
                tally.add(
                    (measure, name, "change, weighted"),
                    ((part["low_weighted"] <= 0) & (part["high_weighted"] >= 0)).mean(),
                    seed,
                )


def shifted(seed: int, tally: Tally, country: Country = CONFIRMATION) -> None:
    """One in seven of the roster shifts, without loss and with it: who is found, and who of the
    others is called?
    """
    planted_, whole = SHIFTED[seed % len(SHIFTED)], seed // len(SHIFTED) % SPARED == 0
    designs = {"no loss": (QUIET, False), "as documented": (LOSSES["as documented"], False)}
    if whole:
        designs |= {name: (design, False) for name, design in LOSSES.items()}
        designs |= {f"{name}, oracle": (design, True) for name, design in LOSSES.items()}
    for name, (design, oracle) in designs.items():
        seen = look(
            10_000 + seed,
            replace(design, shift=planted_),
            VOLUME if whole else VOLUME[:2],
            country=country,
            oracle=oracle,
        )
        yearly = _yearly(seen)
        for measure, rows in seen.shifts.groupby("measure"):
            planted = rows["institution_id"].map(planted_).fillna(0.0)
            works = rows["institution_id"].map(yearly)
            call = _calls(rows)["verdict"]
            false = (call != 0) & (planted == 0)
            tally.add((measure, name, "false"), false.sum() / max((call != 0).sum(), 1), seed)
            tally.add((measure, name, "falls of 25%"), (call == -1)[planted == -0.25].mean(), seed)
            for low, high in SIZES:
                for size in (0.10, 0.25, 0.50):
                    here = (planted.abs().round(2) == size) & (works > low) & (works <= high)
                    tally.add(
                        (measure, name, f"{size:.0%}", sized(low, high)),
                        (call == np.sign(planted))[here].mean(),
                        seed,
                    )


def _yearly(seen: Seen) -> pd.Series:
    before = seen.values[
        (seen.values["measure"] == "strength") & (seen.values["window"] == BEFORE[0])
    ]
    return before.set_index("institution_id")["value"] / (BEFORE[1] - BEFORE[0] + 1)


def sized(low: float, high: float) -> str:
    return (
        f"over {low:g} works a year"
        if np.isinf(high)
        else f"{low:g} to {high:g} works a year"
        if low
        else f"up to {high:g} works a year"
    )
