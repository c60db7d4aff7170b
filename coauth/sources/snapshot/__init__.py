"""Records from disk into a vintage: files of OpenAlex JSON, pages saved before, a downloaded
snapshot.

Every file is looked into; its name and ending say nothing. Read are

* works as JSON: one, a list, one a line (JSONL), one after another, answers of the API, lists of
  answers or wraps around them, works under any key or under their own id, tables by row or by
  column (pandas, R), exports of MongoDB and of Elasticsearch (`shapes`); in UTF-8, UTF-16, UTF-32
  or Latin-1;
* the same packed: gzip, bzip2, xz, Zstandard, zip, tar (`packing`);
* pages that coauth stored (a vintage, its `pages/`, or one slice);
* a copy of the snapshot, in its layouts of 2022 and of today: see `release`.

What is something else is refused with one line that says what it is (`kinds`); in a folder with
works it is passed over, by name and with the reason. Nothing of a refused path stays.

Every record of a file is kept, so that what is not in scope is counted by reason when works are
read, but for those outside of OpenAlex's core (`is_xpac`), which are counted here; of a snapshot
only records that name a country of the scope, since there are 500 million others. A record that
cannot be read costs itself and is counted as damaged. A file of any size costs the memory of a
page, unless it is a table by column or one object in many lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from coauth.engine import Engine
from coauth.errors import SourceError
from coauth.progress import Progress, Stage, ignore
from coauth.queries import Scope
from coauth.sources.snapshot import release
from coauth.sources.snapshot.inputs import COUNTS, inputs
from coauth.sources.snapshot.store import Input, store_input, sum_up
from coauth.storage import Vintage

__all__ = ["fill", "store"]


def fill(
    vintage: Vintage,
    path: Path,
    *,
    scope: Scope | None = None,
    progress: Progress = ignore,
    engine: Engine | None = None,
) -> dict[str, Any]:
    """Store the records under `path`; returns a summary for the manifest.

    One slice a file, one for many small files, or a slice for a slice where pages of a vintage are
    read. Closed slices are left alone, so an interrupted run goes on with the file it was at. With
    a `scope`, records of a snapshot that name none of its countries anywhere are counted and not
    stored. With an `engine`, files of a snapshot are read side by side, and progress is told file
    by file. Raises `SourceError` if there is nothing to read, nothing can be read, or a file is
    damaged; of files other than a snapshot's nothing of this run is then kept.
    """
    if path.is_dir() and (copy := release.Copy.at(path)):
        return release.fill(vintage, copy, scope, progress, engine)
    given, ignored = inputs(path)
    older = {i.name for i in given if vintage.slice(i.name).status != "open"}
    try:
        stage = Stage(progress, "harvest", "files", len(given))
        closed = {i.name: store_input(vintage.slice(i.name), i, stage) for i in given}
        summary = sum_up("files", closed)
        summary |= {name: sum(s.get(name, 0) for s in closed.values()) for name in COUNTS}
        if reason := _unreadable(vintage, summary):
            raise SourceError(f"{path}: {reason}; give --from a file or folder of OpenAlex works")
    except SourceError:
        for name in {i.name for i in given} - older:
            vintage.slice(name).clear()
        raise
    return summary | {"ignored_files": sorted(ignored), "ignored_reasons": ignored}


def _unreadable(vintage: Vintage, summary: dict[str, Any]) -> str | None:
    """Why none of the records can be read; None where one can."""
    stored, damaged = summary["stored"], summary["damaged"]
    if not stored:
        outside = f"its {summary['xpac']} records are all outside of OpenAlex's core (is_xpac)"
        return outside if summary["xpac"] else "no records in it"
    if damaged < stored:
        return None
    first = next(work.damage for page in vintage.pages() for work in page.works if work.damage)
    return f"none of its {stored} records can be read (the first: {first})"


def store(
    vintage: Vintage,
    records: Iterable[bytes],
    request: str,
    slice_name: str,
    workers: int = 1,
    progress: Progress = ignore,
) -> dict[str, Any]:
    """Store records made by a program (the synthetic sample) as one slice; returns a summary for
    the manifest.

    With several `workers` other processes write the pages while the records are made; no byte
    depends on their number.
    """
    made = Input(slice_name, request, lambda: records, workers=workers)
    stage = Stage(progress, "harvest", "files", 1)
    return sum_up("records", {slice_name: store_input(vintage.slice(slice_name), made, stage)})
