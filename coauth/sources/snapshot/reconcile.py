"""What a copy of the snapshot says of works that are stored already: newer records elsewhere, and
deletions.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from coauth.sources.snapshot.filter import short
from coauth.storage import Slice


def settle(slices: Iterable[tuple[Slice, Collection[str]]], deleted_ids: Path) -> None:
    """Take out works whose newest record is elsewhere, and works deleted since; each slice counts
    its own.

    `slices` holds the slices with the short ids of their works. Which works a slice has a newer
    record of stands in its summary, so that this comes out the same after any interruption, and in
    whatever order slices were read again.
    """
    closed = [(part, summary, ids) for part, ids in slices if (summary := part.summary)]
    newest: dict[str, str] = {}
    for _, summary, _ in closed:
        for work_id in summary["supersedes"]:
            newest[work_id] = max(newest.get(work_id, ""), summary["partition"])
    known = set(chain.from_iterable(ids for _, _, ids in closed))
    deleted = known.intersection(_deleted(deleted_ids))
    for part, summary, ids in closed:
        gone = {w: "deleted" for w in ids if w in deleted} | {
            w: "moved" for w in ids if newest.get(w, "") > summary["partition"]
        }
        if gone:
            _without(part, summary, gone)


def _without(part: Slice, summary: dict[str, Any], why: Mapping[str, str]) -> None:
    gone: Counter[str] = Counter()
    for number in part.numbers:
        page = part.read(number)
        reasons = [why.get(short(w.id or ""), "") for w in page.works]
        if any(reasons):
            gone.update(filter(None, reasons))
            page.works = [w for w, reason in zip(page.works, reasons, strict=True) if not reason]
            part.write(number, page)
    if gone:
        left = gone.total()
        changed = {name: summary[name] - left for name in ("expected", "stored", "distinct")}
        changed |= {name: summary[name] + gone[name] for name in ("moved", "deleted")}
        part.close(**(summary | changed))


def _deleted(file: Path) -> Iterator[str]:
    """Short ids of `work_id,deleted_date`; the list only grows, so it is never held in memory."""
    if not file.exists():
        return
    with file.open(newline="", encoding="utf-8") as opened:
        for row in csv.reader(opened):
            if row and (found := re.search(r"W?(\d+)$", row[0].strip())):
                yield f"W{found[1]}"
