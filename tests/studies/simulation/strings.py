"""What verdicts do where nothing happened but strings lost their match, works moved to another id,
or the country grew.

Written down before the first world of `worlds.CONFIRMATION` was made with them; `CLEAR`, `EXPLAINED`
and the weights of `coauth.stats.mentions` were chosen on some 20 worlds a design of
`worlds.DEVELOPMENT`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from coauth.stages.shifts import FELL, ROSE
from tests.studies.simulation import study
from tests.studies.simulation.study import QUIET, Tally
from tests.studies.simulation.worlds import CONFIRMATION, Country, Design

MEASURES = ("strength_share", "pagerank", "participation", "exposure")
"""Those that may be compared between windows of different size."""


def designs(country: Country) -> dict[str, Design]:
    listed = dict.fromkeys(country.listed, 0.5)
    return {
        "no loss": QUIET,
        "half of two institutions' strings": replace(QUIET, strings={"D02": 0.5, "D06": 0.5}),
        "three tenths of two institutions' strings": replace(
            QUIET, strings={"D02": 0.3, "D06": 0.3}
        ),
        "half of two institutions' strings, not on the records": replace(
            QUIET, strings={"D02": 0.5, "D06": 0.5}, silent=True
        ),
        "half of the strings of all listed institutions": replace(QUIET, strings=listed),
        "an id replaced by another": replace(QUIET, moved={("D06", "Dnew"): 1.0}),
        "six tenths of the works at another id": replace(QUIET, moved={("D05", "D12"): 0.6}),
        "a country of twice the works": replace(QUIET, fewer_before=0.5),
    }


FALLS = {"D01": -0.5, "D06": -0.5, "D10": 0.5, "D03": -0.25}
"""Do the new reasons keep what is true from being called?"""


def add(seed: int, tally: Tally, country: Country = CONFIRMATION) -> None:
    """One world of each design. Whoever lost strings or an id is *affected*, and so is any exposure
    where the listed lost theirs.
    """
    for name, design in designs(country).items():
        rows = study.look(40_000 + seed, design, MEASURES, country=country).shifts
        affected = {*design.strings, *(i for pair in design.moved for i in pair)}
        hit = rows["institution_id"].isin(affected)
        hit |= (rows["measure"] == "exposure") & hit.any() & ("listed" in name)
        called = rows["verdict"].isin([ROSE, FELL])
        tally.add((name, "the whole report", "called"), called.any(), seed)
        for measure in MEASURES:
            here = rows["measure"] == measure
            tally.add((name, measure, "called"), called[here].any(), seed)
            tally.add((name, measure, "called of the affected"), called[here & hit].mean(), seed)
            silent = rows["verdict"].str.startswith("not comparable")
            tally.add((name, measure, "silent on others"), silent[here & ~hit].mean(), seed)
    planted = replace(QUIET, shift=FALLS)
    rows = study.look(40_000 + seed, planted, MEASURES[:2], country=country).shifts
    for institution, change in FALLS.items():
        for measure in MEASURES[:2]:
            row = rows[(rows["institution_id"] == institution) & (rows["measure"] == measure)]
            right = (row["verdict"] == (FELL if change < 0 else ROSE)).mean()
            tally.add((f"{institution} {change:+.0%}", measure, "found"), right, seed)


def section(
    tally: Tally, table: Callable[..., str], share: Callable[..., str], verdict: Callable[..., str]
) -> str:
    """The section of RESULTS.md."""
    return "\n\n".join(_parts(tally, table, share, verdict))


def _parts(
    tally: Tally, table: Callable[..., str], share: Callable[..., str], verdict: Callable[..., str]
) -> Iterable[str]:
    rows = [(what, *mean) for what, *mean in tally.rows()]

    def lines(kind: str, most: Callable[[str], float] | None = None) -> list[tuple[object, ...]]:
        """Name, measure, share and worlds of each; and whether it keeps to what is asked at most."""
        return [
            (name, measure, share(mean, error), n)
            + ((verdict(mean, error, 0, most(measure)),) if most else ())
            for (name, measure, of), mean, error, n in rows
            if of == kind
        ]

    yield "## Strings, ids and growth: a shift called where there is none (asked: at most 5 %, of a whole report 10 %)"
    yield table(
        ("what happened", "measure", "worlds with a call", "worlds", ""),
        lines("called", lambda measure: 0.10 if " " in measure else 0.05),
    )
    yield "Of those whose strings or ids were lost: the part that is called, of one measure."
    yield table(
        ("what happened", "measure", "called of the affected", "worlds"),
        lines("called of the affected"),
    )
    yield 'Of all others: the part that is "not comparable" (asked: at most 5 %).'
    yield table(
        ("what happened", "measure", "not comparable", "worlds", ""),
        lines("silent on others", lambda _: 0.05),
    )
    yield "Planted shifts without any loss, found with the new reasons in force."
    yield table(("shift", "measure", "found", "worlds"), lines("found"))
