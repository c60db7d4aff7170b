"""The study's tables: printed, and written to RESULTS.md beside this file."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from tests.studies.simulation import counts, events, periods, strings, study, worlds
from tests.studies.simulation.study import SIZES, Tally, sized

PAGE = Path(__file__).with_name("RESULTS.md")
LOW, HIGH = 0.93, 0.97
FALSE, KEPT = 0.05, 0.8
SHOWN = {"value": "value", "change": "change", "change, weighted": "change, weighted for coverage"}


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.studies.simulation", description=__doc__)
    parser.add_argument(
        "--worlds",
        type=int,
        default=1000,
        help="Ctrl-C ends it sooner, with a page of what there is",
    )
    parser.add_argument(
        "--only",
        choices=("institutions", "strings", "dates", "counts", "periods"),
        help="one part; the page keeps its other sections",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="4 of the worlds the method was developed on: shows that it runs, proves nothing, writes nothing",
    )
    asked = parser.parse_args(given)
    began, seen = time.process_time(), list[pd.DataFrame]()
    parts = {"unshifted": Tally(), "lost": Tally(), "shifted": Tally()}
    dates, groups, moves, sums = events.Tally(), counts.Tally(), Tally(), periods.Tally()
    country = worlds.DEVELOPMENT if asked.quick else worlds.CONFIRMATION
    try:
        for seed in range(4 if asked.quick else asked.worlds):
            if asked.only in (None, "institutions"):
                values = study.unshifted(seed, parts["unshifted"], country)
                study.lost(seed, parts["lost"], country)
                study.shifted(seed, parts["shifted"], country)
                seen.append(values)
            if asked.only in (None, "strings"):
                strings.add(seed, moves, country)
            if asked.only in (None, "dates"):
                dates.add(seed)
            if asked.only in (None, "counts"):
                groups.add(seed)
            if asked.only in (None, "periods"):
                sums.add(seed)
            print(f"{seed + 1} worlds, {time.process_time() - began:.0f} CPU seconds", flush=True)
    except KeyboardInterrupt:
        print("ended sooner")
    sections = []
    if seen:
        study.coverage(seen, parts["unshifted"])
        sections = written(parts)
    sections += [strings.section(moves, _table, _share, _verdict)] if moves.by_world else []
    sections += [events.table(dates, _table, (LOW, HIGH, FALSE))] if dates.worlds else []
    sections += (
        [counts.table(groups, _table, (LOW, HIGH))] if asked.only in (None, "counts") else []
    )
    if asked.only in (None, "periods"):
        sections.append(periods.table(sums, _table, (LOW, HIGH), FALSE))
    page = merged(PAGE.read_text("utf-8") if asked.only else "", sections)
    print(page)
    if asked.quick:
        print(f"--quick: {PAGE.name} is left as it is")
    else:
        PAGE.write_text(page, "utf-8")


def merged(page: str, sections: list[str]) -> str:
    """The page with these sections in place of those of the same heading, others as they were; new
    ones at its end.

    >>> merged("# Page\\n\\n## A (asked: 5 %)\\n\\nold\\n\\n## B\\n\\nkept\\n", ["## A (asked: 6 %)\\n\\nnew"])
    '# Page\\n\\n## A (asked: 6 %)\\n\\nnew\\n\\n## B\\n\\nkept\\n'
    """
    kept = {_heading(text): text for text in re.split(r"\n\n(?=##? )", page.rstrip("\n")) if text}
    return "\n\n".join((kept | {_heading(text): text for text in sections}).values()) + "\n"


def _heading(section: str) -> str:
    return section.partition("\n")[0].partition(" (")[0]


def written(parts: dict[str, Tally]) -> list[str]:
    """The head of the page and the sections on institutions, from what was tallied."""
    d = worlds.CONFIRMATION
    quiet, lost, shifted = parts["unshifted"], parts["lost"], parts["shifted"]
    page = "\n\n".join(
        [
            "# What the intervals and verdicts do where the truth is known",
            "SYNTHETIC worlds; written by `python -m tests.studies.simulation`, every row from as many worlds as it says. ± is the Monte-Carlo standard error, by world. "
            "A row **holds** where the 95 % Monte-Carlo interval of its number lies within what is asked, **fails** where it lies outside, and is open where "
            "it lies across.",
            "**Which worlds.** The constants and rules of the method were chosen on other worlds (`worlds.DEVELOPMENT`), while their results were looked at. These "
            "are of `worlds.CONFIRMATION` and of the designs at the head of `study.py`, written down before the first was made; the method was not changed for "
            "what came out. The design was, twice, before any of these tables was made: a rise had found no free place, and the affiliations kept over the whole "
            "country were 87 and 65 % where 88 and 68 % are documented.",
            f"**The worlds.** {d.domestic} domestic and {d.foreign + d.small} foreign institutions, some {d.lead_works + d.consortium_works:.0f} collaborative works a year, "
            f"{worlds.YEARS[0]}–{worlds.YEARS[-1]}, a quarter of them of {d.consortia} consortia that publish again and again. From year to year, beyond Poisson, an "
            f"institution's own output varies by {d.activity**0.5:.0%}, a consortium's by {d.bursts**0.5:.0%} and the country's by {d.output**0.5:.0%}. Publisher Q has three in "
            f"ten works and keeps all affiliations on {study.BASE[0]:.0%} of them, the other 42 on {study.BASE[1]:.0%}; else those of the leading institution alone are left. "
            f"{study.SETTING.replicates} replicates; windows {worlds.BEFORE[0]}–{worlds.BEFORE[1]} and {worlds.AFTER[0]}–{worlds.AFTER[1]}; a roster of about 41. The truth of "
            "a measure is its mean over such worlds: its expectation at this number of works.",
            f"## Coverage of 95 % intervals, worlds without a shift (asked: {LOW:.0%}–{HIGH:.0%})",
            _table(
                ("measure", "of", "coverage", "worlds", ""),
                [
                    (
                        m,
                        f"{SHOWN[what[-1]]}{', loss ' + what[0] if len(what) > 1 else ''}",
                        _share(mean, error),
                        n,
                        _verdict(mean, error, LOW, HIGH),
                    )
                    for tally in (quiet, lost)
                    for (m, *what), mean, error, n in _sorted(tally)
                    if what[-1] in SHOWN
                ],
            ),
            f"## A shift called where there is none (asked: at most {FALSE:.0%})",
            "Worlds without any shift in which anybody of the roster is called. *Rule before*: q of all works and, beside it, each institution's weighted interval by "
            "itself, as coauth had it until these worlds. *Coverage left out of account*: the interval and q of all works. *Permuted*: the permutation test of the share.",
            _table(
                ("measure", "metadata", "by", "worlds with a call", "worlds", ""),
                [
                    (
                        m,
                        "no loss" if len(what) == 2 else what[0],
                        what[-1],
                        _share(mean, error),
                        n,
                        _verdict(mean, error, 0, FALSE),
                    )
                    for tally in (quiet, lost)
                    for (m, *what), mean, error, n in _sorted(tally)
                    if "any" in what
                ],
            ),
            "Where one in seven of the roster does shift: the part of all calls that is of institutions that did not.",
            _table(
                ("measure", "metadata", "false among called", "worlds", ""),
                [
                    (m, name, _share(mean, error), n, _verdict(mean, error, 0, FALSE))
                    for (m, name, *what), mean, error, n in _sorted(shifted)
                    if what == ["false"]
                ],
            ),
            f"## Falls made by lost metadata (asked: called in at most {FALSE:.0%})",
            "Publisher's loss: from 2022 Q keeps 39 % (as documented for Elsevier in 2024), a fifth or a thirteenth, all others 84 %; counted are the institutions with eight "
            "in ten of their works at Q. An institution's own: six of ten of its authors stay unmatched. *Whole works vanish*: as documented, but a work that would keep the "
            "leading institution alone keeps none and is never harvested. No weight can see that; it is measured here so that it is known.",
            _table(
                ("measure", "metadata", "by", "called a fall", "not comparable", "worlds", ""),
                [
                    (
                        m,
                        name,
                        what[-1],
                        _share(mean, error),
                        _share(*lost.mean((m, name, "not comparable"))[:2])
                        if what[-1] == "verdict"
                        else "",
                        n,
                        _verdict(mean, error, 0, FALSE),
                    )
                    for (m, name, *what), mean, error, n in _sorted(lost)
                    if what[0] == "fell"
                ],
            ),
            f"## True falls of a quarter under the same loss (asked: found at least {KEPT} times as often as without)",
            "*Oracle*: the same test by one who knows the chance P of every work to keep its affiliations, from which the weights come. Where the oracle stays below what is "
            "asked, no estimate of P can reach it: too few complete works are left.",
            _table(
                (
                    "measure",
                    "metadata",
                    "found",
                    "times as often as without loss",
                    "oracle",
                    "worlds",
                    "",
                ),
                list(_kept(shifted)),
            ),
            "## Power: true shifts found, by size of the shift and of the institution",
            _power(shifted),
        ]
    )
    return re.split(r"\n\n(?=## )", page)


def _sorted(tally: Tally) -> list[tuple[tuple[str, ...], float, float, int]]:
    order = {
        name: i
        for i, name in enumerate(
            (*study.VOLUME, *study.RATIOS, "value", *SHOWN, "no loss", *study.LOSSES)
        )
    }
    return sorted(
        tally.rows(),
        key=lambda row: [(order.get(word, len(order)), word) for word in (row[0][0], *row[0][1:])],
    )


def _kept(shifted: Tally) -> Iterable[tuple[object, ...]]:
    for measure in study.VOLUME:
        without = (measure, "no loss", "falls of 25%")
        yield (
            measure,
            "no loss",
            _share(*shifted.mean(without)[:2]),
            "",
            "",
            shifted.mean(without)[2],
            "",
        )
        for name in study.LOSSES:
            what, oracle = ((measure, f"{name}{who}", "falls of 25%") for who in ("", ", oracle"))
            ratio, error, n = shifted.ratio(what, without)
            known, known_error, _ = shifted.ratio(oracle, without)
            yield (
                measure,
                name,
                _share(*shifted.mean(what)[:2]),
                f"{ratio:.2f} ± {error:.2f}",
                f"{known:.2f} ± {known_error:.2f}",
                n,
                _verdict(ratio, error, KEPT, float("inf")),
            )


def _power(tally: Tally) -> str:
    found = {what: (mean, error) for what, mean, error, _ in tally.rows() if len(what) == 4}
    rows = []
    for measure in study.VOLUME:
        for name in ("no loss", "as documented"):
            for low, high in SIZES:
                size = sized(low, high)
                cells = [found.get((measure, name, shift, size)) for shift in ("10%", "25%", "50%")]
                rows.append(
                    (measure, name, size, *(_share(*cell) if cell else "–" for cell in cells))
                )
    return _table(("measure", "metadata", "institutions of", "10 %", "25 %", "50 %"), rows)


def _verdict(mean: float, error: float, least: float, most: float) -> str:
    low, high = mean - 1.96 * error, mean + 1.96 * error
    return (
        "holds"
        if low >= least - (1 if least == 0 else 0) and high <= most
        else "fails"
        if high < least or low > most
        else "open"
    )


def _share(mean: float, error: float) -> str:
    return f"{100 * mean:.1f} ± {100 * error:.1f} %"


def _table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
