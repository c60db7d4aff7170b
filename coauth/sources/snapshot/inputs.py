"""What there is to read under a path, told apart by looking into it rather than by its name."""

from __future__ import annotations

import gzip
import re
import zlib
from functools import partial
from pathlib import Path

import msgspec

from coauth.errors import SourceError
from coauth.pages import unpack
from coauth.sources.snapshot.records import records
from coauth.sources.snapshot.storing import Input
from coauth.vintage import Slice

RECORDS = (".json", ".jsonl", ".ndjson", ".gz")
_NO_RECORDS = {"manifest.json", "slice.json", "layout.json"}

_encode = msgspec.json.Encoder().encode


def inputs(path: Path) -> tuple[list[Input], list[str]]:
    """Inputs in a fixed order, and files that were left alone."""
    if not path.exists():
        raise SourceError(f"{path}: no such file or folder; give --from a file or folder of OpenAlex records")
    if path.is_file():
        return [_of_page(path) if _is_page(path) else _of_file("from", path, path.name)], []
    folder = path
    if (path / "manifest.json").is_file() and (path / "pages").is_dir():
        folder = path / "pages"
    files = [f for f in sorted(folder.rglob("*")) if f.is_file() and not f.name.startswith(".")]
    if pages := [f for f in files if re.fullmatch(r"\d{4,}\.json\.gz", f.name) and _is_page(f)]:
        return [_of_slice(Slice(part)) for part in sorted({f.parent for f in pages})], []
    good = [f for f in files if f.name.endswith(RECORDS) and f.name not in _NO_RECORDS]
    if parquet := next((f for f in files if f.suffix == ".parquet"), None):
        raise SourceError(
            f"{parquet}: Parquet is read only in the snapshot's folders (works/updated_date=…/); give --from the folder "
            "above them, or save the records as JSONL"
        )
    found = [
        _of_file(f"from-{n:05d}" if len(good) > 1 else "from", f, f.relative_to(folder).as_posix())
        for n, f in enumerate(good, start=1)
    ]
    return found, sorted({f.name for f in files} - {f.name for f in good} - _NO_RECORDS)


def _of_file(name: str, file: Path, origin: str) -> Input:
    return Input(name, origin, partial(records, file), cut="updated_date" not in str(file))


def _of_page(file: Path) -> Input:
    return Input("from", file.name, lambda: map(_encode, unpack(file.read_bytes(), file).works))


def _of_slice(part: Slice) -> Input:
    """A slice of pages coauth stored. What was not whole there is not whole here."""
    summary = part.summary
    whole = summary is not None and summary.get("status") in ("complete", "drifted")
    works = lambda: (_encode(work) for page in part.pages() for work in page.works)  # noqa: E731
    return Input(part.name, f"pages of slice {part.name}", works, whole=whole)


def _is_page(file: Path) -> bool:
    try:
        with gzip.open(file) as opened:
            return opened.read(12).startswith(b'{"request":')
    except (OSError, EOFError, zlib.error):
        return False
