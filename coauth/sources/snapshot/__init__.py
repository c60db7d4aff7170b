"""Records from disk into a vintage: files of OpenAlex JSON, pages saved before, a downloaded snapshot.

What may lie there, told apart by looking into it rather than by its name:

* one work, a list of works, or an answer of the API with `meta` and `results`, as JSON;
* the same, one a line (JSONL), which is how the snapshot comes;
* pages that coauth stored (a vintage, its `pages/`, or one slice);
* each of them gzipped, alone or anywhere under a folder;
* a copy of the snapshot, in either layout: see `release`.

Every record of a file is kept, so that what is not in scope is counted by reason when works are read; of a snapshot
only records that name a country of the scope, since there are 500 million others.

Lines are read one by one, so a file of any size costs the memory of a page. A line that is no JSON costs itself and is
counted as damaged; a gzip file that ends too early is refused, since nobody can say what was behind its end, and
nothing of it stays. JSON that is not one record a line has to be read whole, and is refused where it is too large.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from coauth.engine import Engine
from coauth.errors import SourceError
from coauth.queries import Scope
from coauth.sources.progress import Progress, Silent
from coauth.sources.snapshot import release
from coauth.sources.snapshot.inputs import RECORDS, inputs
from coauth.sources.snapshot.storing import Input, stored, sum_up
from coauth.vintage import Vintage

__all__ = ["fill", "store"]


def fill(
    vintage: Vintage, path: Path, *, scope: Scope | None = None, progress: Progress | None = None, engine: Engine | None = None
) -> dict[str, Any]:
    """Store the records under `path`; returns a summary for the manifest.

    One slice a file, or a slice for a slice where pages of a vintage are read. Closed slices are left alone, so an
    interrupted run goes on with the file it was at. With a `scope`, records of a snapshot that name none of its
    countries anywhere are counted and not stored. With an `engine`, files of a snapshot are read side by side, and
    progress is told file by file. Raises `SourceError` if there is nothing to read, or a file is cut
    short or damaged.
    """
    if path.is_dir() and (copy := release.Copy.at(path)):
        return release.fill(vintage, copy, scope, progress or Silent(), engine)
    given, ignored = inputs(path)
    if not given:
        raise SourceError(
            f"{path}: no file of OpenAlex records ({', '.join(RECORDS)}); give --from a file of works as JSON or JSONL, "
            "a folder of them, a vintage, or a copy of the snapshot's data/jsonl"
        )
    closed = {i.name: stored(vintage.slice(i.name), i, progress or Silent()) for i in given}
    if not any(summary["stored"] for summary in closed.values()):
        for name in closed:
            vintage.slice(name).clear()
        raise SourceError(f"{path}: no records in it; give --from a file or folder of OpenAlex works")
    return sum_up("files", closed) | {"ignored_files": ignored}


def store(vintage: Vintage, records: Iterable[bytes], request: str, slice_name: str, workers: int = 1) -> dict[str, Any]:
    """Store records made by a program (the synthetic sample) as one slice; returns a summary for the manifest.

    With several `workers` other processes write the pages while the records are made; no byte depends on their number.
    """
    made = Input(slice_name, request, lambda: records, workers=workers)
    return sum_up("records", {slice_name: stored(vintage.slice(slice_name), made, Silent())})
