"""Records of one input into one slice, and what all slices come to."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from coauth.errors import SourceError
from coauth.pages import LIST_AUTHORS, Page, of_records
from coauth.sources.progress import Progress
from coauth.sources.tally import Tally, summed
from coauth.vintage import Slice


@dataclass(frozen=True)
class Input:
    """What becomes one slice: a name, where it came from, its records, and what is known of them beforehand."""

    name: str
    origin: str
    records: Callable[[], Iterable[bytes]]
    cut: bool = False
    """Whether a hundred authors mean that a list cut them (so it is, except in the snapshot and in our own pages)."""
    whole: bool = True


def stored(slice_: Slice, given: Input, progress: Progress, more: Callable[[], dict[str, Any]] = dict) -> dict[str, Any]:
    """Store one input as a slice and close it, unless that is done. What cannot be read to its end leaves nothing.

    `more` is what the summary says besides, once all is read.
    """
    if summary := slice_.checked():
        return summary
    slice_.clear()
    try:
        summary = _paged(slice_, given, progress, more)
    except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
        raise SourceError(
            f"{given.origin}: the gzip file is cut short or damaged; fetch it again (nothing of it was kept)"
        ) from fault
    except OSError as fault:
        raise SourceError(f"{given.origin}: cannot be read ({fault.strerror}); give rights to it, or another --from") from fault
    finally:
        if slice_.summary is None:
            slice_.clear()
    progress.closed(slice_.name, summary["status"], summary["distinct"], summary["expected"])
    return summary


def _paged(slice_: Slice, given: Input, progress: Progress, more: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    seen = Tally()
    for number, page in enumerate(of_records(given.records(), given.origin), start=1):
        if given.cut:
            _mark_cut(page)
        seen.add(page)
        slice_.write(number, page)
        progress.page(slice_.name, len(page.works), 0)
    summary: dict[str, Any] = {"status": "complete" if given.whole else "incomplete", "expected": seen.distinct, **seen.counts()}
    summary |= more()
    slice_.close(**summary)
    return summary


def _mark_cut(page: Page) -> None:
    """Saved list answers hold at most 100 authorships of a work, and the file does not say that they are cut.

    OpenAlex counts a work's institutions over all its authors, so a record of 100 that names that many is taken as whole.
    """
    for work in page.works:
        if len(work.authorships or ()) == LIST_AUTHORS and not work.authors_cut:
            named = {i.id for a in work.authorships or () if a for i in a.institutions or () if i and i.id}
            work.authors_cut = len(named) != work.institutions_distinct_count


def incomplete(closed: dict[str, dict[str, Any]]) -> list[str]:
    return [name for name, summary in closed.items() if summary["status"] != "complete"]


def sum_up(source: str, closed: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The summary of a manifest: each slice in short, and all of them added up."""
    shown = ("status", "expected", "stored", "distinct")
    return {
        "source": source,
        "slices": {name: {key: summary[key] for key in shown} for name, summary in closed.items()},
        "incomplete": incomplete(closed),
        **summed(closed.values()),
    }
