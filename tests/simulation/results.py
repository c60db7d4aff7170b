"""The study's tables: printed, and written to RESULTS.md beside this file."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from simulation import study, worlds
from simulation.study import Tally

PAGE = Path(__file__).with_name("RESULTS.md")
LOW, HIGH = 0.93, 0.97
FALSE = 0.05


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--worlds", type=int, default=1000, help="without a shift; the other parts take 2/5 and 3/20 of it")
    parser.add_argument("--quick", action="store_true", help="20 worlds: shows that it runs, proves nothing, writes nothing")
    asked = parser.parse_args(given)
    number = 20 if asked.quick else asked.worlds
    began = time.process_time()
    parts = {
        "coverage": study.coverage(number, _told), "ratios": study.coverage(max(number // 5, 2), _told, study.RATIOS),
        "power": study.power(max(number * 2 // 5, 4), _told), "losses": study.losses(max(number * 3 // 20, 4), _told),
    }  # fmt: skip
    page = written(parts)
    print(page)
    if asked.quick:
        print(f"--quick: {PAGE.name} is left as it is")
    else:
        PAGE.write_text(page, "utf-8")
    print(f"{time.process_time() - began:.0f} CPU seconds")


def _told(line: str) -> None:
    print(line, flush=True) if line.rpartition("/")[0].endswith("00") else None


def written(parts: dict[str, Tally]) -> str:
    """The page, from what was tallied."""
    d = worlds
    return "\n\n".join([
        "# What the intervals and verdicts do where the truth is known",
        f"SYNTHETIC worlds; written by `python -m tests.simulation`, every row from as many worlds as it says. Each has {d.DOMESTIC} domestic and {d.FOREIGN + d.SMALL} foreign "
        f"institutions and some {d.LEAD_WORKS + d.CONSORTIUM_WORKS:.0f} collaborative works a year, {d.YEARS[0]}–{d.YEARS[-1]}; a fifth are of 30 consortia that "
        "publish again and again. From year to year, beyond Poisson, an institution's own output varies by "
        f"{d.ACTIVITY**0.5:.0%}, a consortium's by {d.BURSTS**0.5:.0%} and the country's by {d.OUTPUT**0.5:.0%}. {study.SETTING.replicates} replicates; "
        f"windows {d.BEFORE[0]}–{d.BEFORE[1]} and {d.AFTER[0]}–{d.AFTER[1]}; a roster of about 32. The truth of a measure is its mean over such worlds: its "
        "expectation at this number of works. ± is the Monte-Carlo standard error, by world.",
        "## Coverage of 95 % intervals, worlds without a shift",
        f"A measure holds where the 95 % Monte-Carlo interval of its coverage lies within {LOW:.0%}–{HIGH:.0%}, fails where it lies outside.",
        _table(("measure", "of", "coverage", "worlds", ""), [row for name in ("coverage", "ratios") for row in _coverage(parts[name])]),
        "## A shift called where there is none",
        "Share of unshifted worlds in which anybody of the roster is called, by the verdict and by q ≤ 0.05 alone; `permuted`: the permutation test of the "
        "share in place of t. Below: false among all called, where one in six of the roster does shift.",
        _table(("measure", "by", "worlds with a call", "worlds"), [
            (m, what.removeprefix("any "), _share(mean, error), n)
            for name in ("coverage", "ratios") for (m, what), mean, error, n in parts[name].rows() if what.startswith("any")
        ]),
        _table(("measure", "by", "false among called", "worlds"), [
            (what[0], what[1].removeprefix("false discoveries, "), _share(mean, error), n)
            for what, mean, error, n in parts["power"].rows() if what[1].startswith("false")
        ]),
        "## Power: true shifts found, by size of the shift and of the institution",
        _power(parts["power"]),
        "## Falls made by lost metadata, and true falls of a quarter under the same loss",
        "Publisher's loss: from 2022 publisher Q keeps the affiliations of others than the leading institution on half or a "
        "tenth of its works; hardest hit are those with eight in ten of their works there. Own loss: six of ten authors of one institution stay unmatched. The "
        "rows `below 0 with q ≤ 0.05` show that the loss would be called a fall if coverage were left out of account.",
        _table(("measure", "", "share called", "worlds"), [
            (what[0], what[1], _share(mean, error), n) for what, mean, error, n in sorted(parts["losses"].rows())
        ]),
    ]) + "\n"  # fmt: skip


def _coverage(tally: Tally) -> list[tuple[object, ...]]:
    rows = []
    for what, mean, error, n in tally.rows():
        if what[1] in ("value", "change"):
            low, high = mean - 1.96 * error, mean + 1.96 * error
            verdict = "holds" if low >= LOW and high <= HIGH else "fails" if high < LOW or low > HIGH else "open"
            rows.append((*what, _share(mean, error), n, verdict))
    return rows


def _power(tally: Tally) -> str:
    found = {what: (mean, error, n) for what, mean, error, n in tally.rows() if what[1].startswith("found")}
    rows = []
    for measure, by in dict.fromkeys((what[0], what[1]) for what in found):
        for low, high in study.SIZES:
            size = study._size(low, high)
            cells = [found.get((measure, by, shift, size)) for shift in ("10%", "25%", "50%")]
            rows.append((measure, by.removeprefix("found, "), size, *(_share(c[0], c[1]) if c else "–" for c in cells)))
    return _table(("measure", "by", "institutions of", "10 %", "25 %", "50 %"), rows)


def _share(mean: float, error: float) -> str:
    return f"{100 * mean:.1f} ± {100 * error:.1f} %"


def _table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
