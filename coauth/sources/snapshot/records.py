"""The records of one file of OpenAlex JSON, whatever its form.

Lines are read one by one, so a file of any size costs the memory of a page. JSON that is not one record a line has to be
read whole, and is refused where it is too large.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO

import msgspec

from coauth.errors import SourceError

WHOLE = 256 * 2**20
"""Bytes of JSON that is not one record a line, and of one line: the most that is held in memory."""

_document = msgspec.json.Decoder(msgspec.Raw)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])


def records(file: Path) -> Iterator[bytes]:
    """The records of a file as bytes of JSON; a line that holds none is passed on, to be counted as damaged."""
    with _opened(file) as opened:
        lines = _lines(opened, file)
        first = next((line for line in map(bytes.strip, lines) if line), b"").removeprefix(b"\xef\xbb\xbf")
        if not first:
            return
        if _is_json(first) or file.name.endswith((".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")):
            for line in chain([first], map(bytes.strip, lines)):
                if line:
                    yield from _unfolded(line)
            return
        rest = opened.read(WHOLE + 1)
        _bounded(rest, file)
    whole = first + b"\n" + rest
    if _is_json(whole):
        yield from _unfolded(whole)
        return
    found = [line.strip() for line in whole.splitlines() if line.strip()]
    if not any(line.startswith(b"{") and _is_json(line) for line in found):
        raise SourceError(f"{file}: neither JSON nor one JSON record a line; give --from a file of OpenAlex works")
    for line in found:  # one record a line after all, the first of them broken
        yield from _unfolded(line)


def _lines(opened: IO[bytes], file: Path) -> Iterator[bytes]:
    while line := opened.readline(WHOLE + 1):
        _bounded(line, file)
        yield line


def _bounded(text: bytes, file: Path) -> None:
    if len(text) > WHOLE:
        raise SourceError(
            f"{file}: more than {WHOLE // 2**20} MB of JSON that is not one record a line; save the records as JSONL, one a line"
        )


def _opened(file: Path) -> IO[bytes]:
    with file.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    return gzip.open(file) if packed else file.open("rb")  # type: ignore[return-value]


def _is_json(text: bytes) -> bool:
    try:
        _document.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _unfolded(text: bytes) -> Iterator[bytes]:
    """The records in a JSON text: of a list, of an answer's `results`, or the text itself."""
    try:
        if text.startswith(b"["):
            yield from map(bytes, _list.decode(text))
        elif b'"results"' in text and "results" in (answer := _object.decode(text)) and "authorships" not in answer:
            yield from map(bytes, _list.decode(answer["results"]))
        else:
            yield text
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield text
