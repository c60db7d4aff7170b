"""One run over the plan: every slice walked, and the years held against OpenAlex's own counts of
them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from math import ceil
from typing import Any

from coauth.progress import Progress, Stage
from coauth.sources.api.plan import Part
from coauth.sources.api.requests import PYALEX, Questions, credits_left
from coauth.sources.api.transport import API, NoAnswer, Refused, Transport
from coauth.sources.api.walk import CLOSED, TooLarge, Walk
from coauth.sources.api.workers import together
from coauth.sources.tally import summed
from coauth.storage import Vintage

log = logging.getLogger(__name__)

LARGE = 9_000
"""A slice counting more works than this is cut up. OpenAlex's other paging ends at 10,000; ours
does not, but a walk of 90 pages is long enough for one that may have to be walked again.
"""

DRIFT = 0.01
"""The share by which a slice closed in an earlier run may have grown without being walked again."""

CONTROLS = {
    "publication_year": ("publication_year", False),
    "type": ("type", False),
    "address_without_institution": ("publication_year", True),
}
"""Control totals by name: the field they are grouped by, and whether works without a matched
institution are meant.
"""

Controls = dict[str, dict[str, int] | None]
Leaf = tuple[Part, dict[str, Any]]


class Harvest:
    """One run over the plan."""

    def __init__(
        self,
        vintage: Vintage,
        line: Transport,
        countries: Iterable[str],
        plan: list[Part],
        progress: Progress,
        settled: bool,
        today: Callable[[], date],
    ) -> None:
        self.today = today
        self.vintage, self.line, self.plan, self.settled = vintage, line, plan, settled
        self.progress = progress
        self.stage = Stage(progress, "harvest", "works")  # of how many is known once it is counted
        self.ask = partial(Questions, line, tuple(countries))
        self.everything = self.ask(Part("all", plan[0].first, plan[-1].last, plan[0].types))
        self.controls: Controls = dict.fromkeys(CONTROLS)
        self.there = {s.name for s in vintage.slices()}
        self.now_closed: set[str] = set()

    def run(self, workers: int, *, ask_budget: bool) -> dict[str, Any]:
        self._count()
        budget = self._budget(ask_budget)
        self.vintage.record(
            plan={
                "slices": [p.name for p in self.plan],
                "controls": self.controls,
                "budget": budget,
            }
        )
        leaves = _flat(together(self.harvest, self.plan, workers, self.line))
        self._count()
        leaves |= _flat(together(self._anew, self._short_of(leaves), workers, self.line))
        return self._summary(leaves, budget)

    def _count(self) -> None:
        """Ask for the control totals that are not there yet. They only check: a run goes on without
        an answer, and says so.
        """
        for name, (by, unmatched) in CONTROLS.items():
            if self.controls[name] is None:
                try:
                    self.controls[name] = self.everything.grouped(by, unmatched=unmatched)
                except NoAnswer as fault:
                    log.warning(
                        "no control total by %s (%s); slices are still checked one by one",
                        name,
                        fault.reason,
                    )

    def _budget(self, ask: bool) -> dict[str, int | None]:
        """What the run will cost, and what is there for it. Too little is said, not refused: what
        is fetched stays.
        """
        done = [c for s in self.vintage.slices() if s.status in CLOSED and (c := s.summary)]
        works_left = max(
            0,
            sum((self.controls["publication_year"] or {}).values())
            - sum(int(c.get("distinct", 0)) for c in done),
        )
        cost = ceil(works_left / 100) + max(
            0, len(self.plan) - len(done)
        )  # the last page of a slice is half empty
        left = _credits_if_told(self.line) if ask else None
        log.info(
            "about %s works to fetch, %s credits%s",
            f"{works_left:,}",
            f"{cost:,}",
            "" if left is None else f", {left:,} credits left today",
        )
        self.stage = Stage(self.progress, "harvest", "works", works_left or None, even=True)
        return {"estimated_cost": cost, "left_before": left}

    def harvest(self, part: Part) -> list[Leaf]:
        """Fill one part, cut up if it is large or was cut up before (a count moves around the
        limit; slices must not).
        """
        finer = part.split()
        if any(name.startswith((f"{part.name}-", f"{part.name}.")) for name in self.there):
            return [leaf for piece in finer for leaf in self.harvest(piece)]
        slice_ = self.vintage.slice(part.name)
        summary = slice_.checked()
        if summary and summary.get("status") in CLOSED:
            return [(part, summary)]
        walk = Walk(
            self.ask(part),
            slice_,
            most=LARGE if finer and not slice_.numbers else None,
            tell=lambda page: self.stage.add(
                len(page.works),
                f"{part.name}, {len(self.now_closed)} slices, {self.line.credits} credits",
            ),
            today=self.today,
        )
        try:
            summary = walk.fill()
        except TooLarge:
            return [leaf for piece in finer for leaf in self.harvest(piece)]
        self.now_closed.add(part.name)
        if summary["status"] != "complete":
            log.warning(
                "slice %s %s: %d works of %d counted",
                part.name,
                *(summary[name] for name in ("status", "distinct", "expected")),
            )
        return [(part, summary)]

    def _short_of(self, leaves: dict[str, Leaf]) -> list[Part]:
        """Slices that hold less than OpenAlex counts for them now, in years whose slices do not add
        up.

        A slice closed minutes ago must hold all; one closed in an earlier run may have drifted a
        little since.
        """
        short: list[Part] = []
        control = self.controls["publication_year"]
        if control is None:
            return short
        for year, members in _by_year(leaves).items():
            if any(s["status"] not in CLOSED for _, s in members) or _distinct(
                members
            ) == control.get(year, 0):
                continue
            for part, summary in members:
                if self.settled and part.name not in self.now_closed:
                    continue
                try:
                    missing = self.ask(part).count() - int(summary["distinct"])
                except NoAnswer:
                    return short  # the summary shows the years that do not add up
                if missing > (
                    0 if part.name in self.now_closed else DRIFT * int(summary["distinct"])
                ):
                    short.append(part)
        return short

    def _anew(self, part: Part) -> list[Leaf]:
        self.vintage.slice(part.name).clear()
        return self.harvest(part)

    def _summary(self, leaves: dict[str, Leaf], budget: dict[str, int | None]) -> dict[str, Any]:
        closed = {name: summary for name, (_, summary) in sorted(leaves.items())}
        shown = ("status", "expected", "expected_first", "stored", "distinct")
        by_year = {year: _distinct(members) for year, members in _by_year(leaves).items()}
        counted = self.controls["publication_year"] or by_year
        return {
            "source": "api",
            "address": "api.openalex.org" if self.line.address == API else "another address",
            "pyalex": PYALEX,
            "slices": {
                name: {key: summary[key] for key in shown} for name, summary in closed.items()
            },
            "incomplete": [
                name for name, summary in closed.items() if summary["status"] not in CLOSED
            ],
            "drifted": [name for name, summary in closed.items() if summary["status"] == "drifted"],
            **summed(closed.values()),
            "requests": self.line.requests,
            "credits": self.line.credits,
            "retries": dict(sorted(self.line.retries.items())),
            "controls": self.controls,
            "controls_unanswered": sorted(
                name for name, control in self.controls.items() if control is None
            ),
            "years_off_control": {
                year: {"control": counted.get(year, 0), "distinct": by_year.get(year, 0)}
                for year in sorted(by_year.keys() | counted.keys())
                if by_year.get(year, 0) != counted.get(year, 0)
            },
            "budget": budget,
        }


def _flat(parts: Iterable[list[Leaf]]) -> dict[str, Leaf]:
    return {leaf[0].name: leaf for leaves in parts for leaf in leaves}


def _by_year(leaves: dict[str, Leaf]) -> dict[str, list[Leaf]]:
    years: dict[str, list[Leaf]] = {}
    for name, leaf in sorted(leaves.items()):
        years.setdefault(name[:4], []).append(leaf)
    return years


def _distinct(members: Iterable[Leaf]) -> int:
    return sum(int(summary["distinct"]) for _, summary in members)


def _credits_if_told(line: Transport) -> int | None:
    """What the key may still spend today; None where the server does not tell (a mirror)."""
    try:
        return credits_left(line)
    except (Refused, NoAnswer):
        return None
