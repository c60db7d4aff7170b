"""Records of one input into one slice, and what all slices come to."""

from __future__ import annotations

import gzip
import logging
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import joblib

from coauth.errors import SourceError
from coauth.openalex import LIST_AUTHORS, PER_PAGE, Page, of_records
from coauth.progress import Stage
from coauth.sources.tally import Tally, summed, updated
from coauth.storage import Slice

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Input:
    """What becomes one slice: a name, where it came from, its records, and what is known of them
    beforehand.
    """

    name: str
    origin: str
    records: Callable[[], Iterable[bytes]]
    cut: bool = False
    """Whether a hundred authors mean that a list cut them (so it is, except in the snapshot and in
    our own pages).
    """
    whole: bool = True
    more: Callable[[], dict[str, Any]] = dict
    """What the summary says besides, once all is read."""
    own: bool = False
    """Whether these are records of pages that coauth stored."""
    workers: int = 1
    """Processes that take out persons and write, while this one makes the records; it then holds
    the records of a few pages.
    """


def store_input(slice_: Slice, source: Input, stage: Stage, units: float = 1) -> dict[str, Any]:
    """Store one input, so many units of a stage, as a slice and close it, unless that is done. What
    cannot be read to its end leaves nothing.
    """
    if summary := slice_.checked():
        stage.add(units, slice_.name)
        return summary
    slice_.clear()
    try:
        summary = _paged(slice_, source, stage)
    except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
        raise SourceError(
            f"{source.origin}: the gzip file is cut short or damaged; fetch it again (nothing of it was kept)"
        ) from fault
    except OSError as fault:
        raise SourceError(
            f"{source.origin}: cannot be read ({fault.strerror}); give rights to it, or another --from"
        ) from fault
    finally:
        if slice_.summary is None:
            slice_.clear()
    stage.add(units, slice_.name)
    return summary


def _paged(slice_: Slice, source: Input, stage: Stage) -> dict[str, Any]:
    seen = Tally()
    for page in _shared(slice_, source) if source.workers > 1 else _one_by_one(slice_, source):
        seen.join(page)
        stage.add(0, f"{slice_.name}, {seen.works:,} works")
    summary: dict[str, Any] = {
        "status": "complete" if source.whole else "incomplete",
        "expected": seen.distinct,
        **seen.counts(),
        **seen.days(),
    }
    summary |= source.more()
    slice_.close(**summary)
    return summary


def _one_by_one(slice_: Slice, source: Input) -> Iterator[Tally]:
    for number, page in enumerate(
        of_records(source.records(), source.origin, own=source.own), start=1
    ):
        yield _put(slice_, number, page, source.cut)


def _shared(slice_: Slice, source: Input) -> Iterator[Tally]:
    records = iter(source.records())
    pages = enumerate(iter(lambda: list(islice(records, PER_PAGE)), []), start=1)
    with joblib.parallel_config("loky", idle_worker_timeout=5):  # what follows needs their memory
        shared = joblib.Parallel(source.workers, batch_size=1, return_as="generator")
    yield from shared(
        joblib.delayed(_page)(slice_, number, page, source.origin, source.cut, source.own)
        for number, page in pages
    )


def _page(
    slice_: Slice, number: int, records: list[bytes], origin: str, cut: bool, own: bool
) -> Tally:
    return _put(slice_, number, next(of_records(records, origin, own=own)), cut)


def _put(slice_: Slice, number: int, page: Page, cut: bool) -> Tally:
    if cut:
        _mark_cut(page)
    slice_.write(number, page)
    counted = Tally()
    counted.add(page)
    return counted


def _mark_cut(page: Page) -> None:
    """Mark works whose authors a list cut: it holds at most 100 authorships and does not say so.

    A record of exactly so many is taken as cut, for nothing on it proves that it is whole:
    `institutions_distinct_count` was the number of authors until the middle of 2026 and has been
    the number of institutions since, so that 100 may mean either; and as many countries as
    `countries_distinct_count` says may be named within the first hundred authors of a thousand. A
    few works of a hundred authors are so marked too much; a short list taken as whole would lose
    institutions.
    """
    for work in page.works:
        work.authors_cut |= len(work.authorships or ()) == LIST_AUTHORS


def incomplete(closed: dict[str, dict[str, Any]]) -> list[str]:
    return [name for name, summary in closed.items() if summary["status"] != "complete"]


def sum_up(source: str, closed: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The summary of a manifest: each slice in short, and all of them added up. Short ones are
    warned of.
    """
    shown = ("status", "expected", "stored", "distinct")
    for name in incomplete(closed):
        said = (closed[name][key] for key in ("status", "distinct", "expected"))
        log.warning("slice %s %s: %d records of %d counted", name, *said)
    return {
        "source": source,
        "slices": {name: {key: summary[key] for key in shown} for name, summary in closed.items()},
        "incomplete": incomplete(closed),
        **summed(closed.values()),
        **updated(closed.values()),
    }
