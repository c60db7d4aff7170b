"""A downloaded copy of OpenAlex's snapshot: which of its files count, and the records of one
country in them.

The snapshot holds every work of the world, so almost every record is read only to be passed over.
What is special about it, beside its size:

* two layouts of the same records, gzipped JSON lines and Parquet, in folders `works/updated_date=YYYY-MM-DD/`;
* a `manifest.json` (before 2026 a `manifest`) with the number of records of every file. A copy brought up to date without deleting what is gone
  holds files of older releases too; these are not in the manifest, are left out, and are named;
* a work moves to another partition whenever it changes. Of a work in two partitions the record of the newest counts,
  even where that one is of no interest here (the work lost its last institution in the country);
* works that the API leaves out unless asked (`is_xpac`), and a list of works deleted since (`deleted_ids.csv`).

Authorships are not cut at a hundred here, as they are in lists of the API.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from coauth.engine import Engine
from coauth.errors import SourceError
from coauth.progress import Progress, Stage, ignore
from coauth.queries import Scope
from coauth.sources.snapshot.filter import Sieve, short
from coauth.sources.snapshot.kinds import EMPTY, NO_RECORDS, no_works
from coauth.sources.snapshot.packing import contents
from coauth.sources.snapshot.reconcile import settle
from coauth.sources.snapshot.store import Input, incomplete, store_input, sum_up
from coauth.storage import Slice, Vintage

log = logging.getLogger(__name__)

PLACES = (
    "data/jsonl/works",
    "jsonl/works",
    "data/parquet/works",
    "parquet/works",
    "data/works",
    "works",
    "",
)
"""Where a copy keeps works, from its root (the fifth is the layout before 2026). The first that is
there is read.
"""

_LEFT_OUT = ("elsewhere", "xpac", "moved", "deleted", "abstracts unreadable")


@dataclass
class Copy:
    """The files of a copy, oldest partition first, and what its manifest says of them."""

    folder: Path
    files: list[Path]
    counts: dict[str, int] | None
    ignored: dict[str, str] = field(default_factory=dict)
    manifest: Path | None = None

    @classmethod
    def at(cls, path: Path) -> Copy | None:
        """The copy below `path`; None if there is none. Raises `SourceError` for a manifest that
        cannot be read.
        """
        folder = next((path / p for p in PLACES if any((path / p).glob("updated_date=*"))), None)
        if folder is None:
            return None
        there = sorted(
            p for p in folder.glob("updated_date=*/*") if p.is_file() and not p.name.startswith(".")
        )
        manifest = next(
            (m for m in (folder / "manifest.json", folder / "manifest") if m.exists()), None
        )
        counts = None if manifest is None else _counts(manifest)
        if counts is None:
            log.warning("%s: no manifest.json; whether the copy is whole cannot be told", folder)
        parts = [p for p in there if p.suffix in (".gz", ".parquet")]
        listed = [p for p in parts if counts is None or name_of(p) in counts]
        reasons = dict.fromkeys(
            map(name_of, there), "no part of a snapshot, or a download that was not finished"
        )
        reasons |= dict.fromkeys(
            map(name_of, parts), "not named by the manifest: of another release"
        )
        ignored = {name: reasons[name] for name in sorted({*reasons} - {*map(name_of, listed)})}
        return cls(folder, listed, counts, ignored, manifest)

    @property
    def missing(self) -> list[str]:
        return sorted((self.counts or {}).keys() - {name_of(p) for p in self.files})


def name_of(file: Path) -> str:
    """`updated_date=2026-08-01/part_0000.gz`"""
    return f"{file.parent.name}/{file.name}"


def _counts(manifest: Path) -> dict[str, int] | None:
    if not manifest.exists():
        return None
    try:
        entries = msgspec.json.decode(manifest.read_bytes())
        files = (
            entries["files"] if "files" in entries else entries["entries"]
        )  # the layout before 2026
        return {
            "/".join(f["url"].rsplit("/", 2)[-2:]): int(f["meta"]["record_count"]) for f in files
        }
    except (
        OSError,
        msgspec.DecodeError,
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
    ) as fault:
        raise SourceError(
            f"{manifest}: not a manifest of the snapshot; fetch it again from OpenAlex"
        ) from fault


@dataclass(frozen=True)
class _Part:
    """What is left in mind of a file once it is stored."""

    summary: dict[str, Any]
    met: Collection[str]
    """Short ids of all works in the file, stored or not; none where that was judged in an earlier
    run.
    """
    stored: list[str]


def fill(
    vintage: Vintage, copy: Copy, scope: Scope | None, progress: Progress, engine: Engine | None
) -> dict[str, Any]:
    """One slice a file, oldest partition first; then what newer partitions and deletions say of
    works stored before.

    Files are stored without knowing each other, so in any order and anywhere. Which of their works
    stand in an older partition too is judged here, in order; `known` holds only works that are
    stored: it grows with the countries asked for, not with the world.
    """
    _check_works(copy)
    slices = [vintage.slice(f"from-{number:05d}") for number in range(1, len(copy.files) + 1)]
    known: dict[str, str] = {}
    held: list[tuple[Slice, list[str]]] = []
    read = 0
    for slice_, part in zip(
        slices,
        _parts(
            slices,
            copy,
            Sieve(scope.countries if scope and not scope.everywhere else ()),
            progress,
            engine,
        ),
        strict=True,
    ):
        partition = part.summary["partition"]
        if "supersedes" not in part.summary:
            slice_.note(
                supersedes=sorted(w for w in part.met if known.get(w, partition) < partition)
            )
        known |= dict.fromkeys(part.stored, partition)
        held.append((slice_, part.stored))
        read += part.summary["read"]
    if not read and not copy.missing:
        raise SourceError(
            f"{copy.folder}: no records in it; give --from a copy of the snapshot's data/jsonl or data/parquet"
        )
    settle(held, copy.folder / "deleted_ids.csv")
    closed = {slice_.name: slice_.summary or {} for slice_ in slices}
    left_out = {name: sum(int(s[name]) for s in closed.values()) for name in ("read", *_LEFT_OUT)}
    listed = {
        "ignored_files": sorted(copy.ignored),
        "ignored_reasons": copy.ignored,
        "missing_files": copy.missing,
        "manifest": copy.counts is not None,
        "manifest_file": copy.manifest and f"{copy.folder.name}/{copy.manifest.name}",
        "named_files": len(copy.counts or copy.files),
    }
    return (
        sum_up("snapshot", closed)
        | left_out
        | listed
        | {"incomplete": [*incomplete(closed), *copy.missing]}
    )


def _check_works(copy: Copy) -> None:
    """Raise `SourceError` for a copy of something else than works: the first record tells.
    Parquet's columns tell later.
    """
    for file in copy.files:
        reasons = [no_works(content) for _, content in contents(file) if file.suffix != ".parquet"]
        if None in reasons or not reasons:
            return
        if reasons[0] not in (EMPTY, NO_RECORDS):
            raise SourceError(f"{file}: {reasons[0]}; give --from a copy of the snapshot's works")


def _parts(
    slices: list[Slice], copy: Copy, sieve: Sieve, progress: Progress, engine: Engine | None
) -> Iterator[_Part]:
    """Every file stored, in order: one by one here, or as many at once as the engine takes."""
    inputs = list(zip(slices, copy.files, strict=True))
    megabytes = sum(map(_megabytes, copy.files))
    stage = Stage(progress, "harvest", "MB of files", megabytes, even=True)
    if engine is None:
        yield from (_of_part(given, copy, sieve, stage) for given in inputs)
        return
    at_once = 4 * engine.workers
    for start in range(0, len(inputs), at_once):
        batch = inputs[start : start + at_once]
        task = partial(_of_part, copy=copy, sieve=sieve)
        for (slice_, file), part in zip(batch, engine.each(task, batch), strict=True):
            stage.add(_megabytes(file), slice_.name)
            yield part


def _megabytes(file: Path) -> float:
    return file.stat().st_size / 1e6


def _of_part(
    part: tuple[Slice, Path], copy: Copy, sieve: Sieve, stage: Stage | None = None
) -> _Part:
    """Store the records of one file. It is whole if it held as many as the manifest says. Without
    a stage nobody is told: another process has none.
    """
    slice_, file = part
    seen: Counter[str] = Counter()
    met: set[str] = set()
    name = name_of(file)

    def more() -> dict[str, Any]:
        expected = seen["read"] if copy.counts is None else copy.counts[name]
        short = (
            {}
            if seen["read"] == expected
            else {
                "status": "incomplete",
                "reason": f"{seen['read']} records where the manifest counts {expected}: fetch the file again",
            }
        )
        counts = {reason: seen[reason] for reason in ("read", *_LEFT_OUT)}
        return {"partition": file.parent.name} | counts | short

    summary = slice_.checked()
    if (
        summary is None or "supersedes" not in summary
    ):  # stored, and then interrupted before it was judged
        slice_.clear()
        source = Input(slice_.name, name, lambda: sieve.of(file)(seen, met), more=more)
        summary = store_input(slice_, source, stage or Stage(ignore, "", ""), _megabytes(file))
    return _Part(
        summary, met, [short(work.id) for page in slice_.pages() for work in page.works if work.id]
    )
