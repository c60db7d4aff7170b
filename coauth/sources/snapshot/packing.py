"""A file -> the texts in it as UTF-8, from a stream, whatever packs it: gzip, bzip2, xz, Zstandard,
zip, tar, or two of these (a packed tar, packed files in an archive). Told by the first bytes, never
by the name.

What would fill the disk or the memory, what is cut short and what is locked is refused with one
line.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeAlias, cast

import pyarrow as pa
from isal import igzip, igzip_lib

from coauth.errors import SourceError

CHUNK = 1 << 18
BOMB_BYTES, BOMB_RATIO = 1 << 30, 250
"""What unpacks to more bytes than this, and to more than so many times its size, is no harvest: a
part of the snapshot
comes to ten times its size, and the same record again and again to about a hundred."""

Content: TypeAlias = "Iterator[bytes] | str"
"""The chunks of a text as UTF-8, or why there is none."""

_INSIDE = "an archive inside an archive: unpack the outer one first"
_FAULTS = (
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
    cast("type[Exception]", igzip_lib.IsalError),
    pa.ArrowException,
    gzip.BadGzipFile,
    UnicodeDecodeError,
)

_OPENERS: dict[bytes, tuple[str, Callable[[Any], Any]]] = {
    b"\x1f\x8b": ("gzip", lambda raw: igzip.GzipFile(fileobj=raw)),
    b"BZh": ("bzip2", bz2.BZ2File),
    b"\xfd7zXZ\0": ("xz", lzma.LZMAFile),
    b"\x28\xb5\x2f\xfd": (
        "Zstandard",
        lambda raw: pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd"),
    ),
}
_BOMS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_NULLS: dict[tuple[int, ...], str] = {
    (1, 0, 0, 0): "utf-32-le",
    (0, 0, 0, 1): "utf-32-be",
    (1, 0, 1, 0): "utf-16-le",
    (0, 1, 0, 1): "utf-16-be",
}


def contents(file: Path) -> Iterator[tuple[str, Content]]:
    """The texts in a file, each with its name in the archive ("" where there is none); to be read
    in this order.

    Raises `SourceError` for what is no file, is cut short or damaged, locked, or unpacks without
    end.
    """
    how = file.stat()
    if not stat.S_ISREG(how.st_mode):
        raise SourceError(
            f"{file}: a pipe, device or socket, which can be read only once; "
            "save it to a file and give --from that"
        )
    guard = _Guard(file, how.st_size)
    with guard.errors(), file.open("rb") as raw:
        if raw.read(4) in (b"PK\x03\x04", b"PK\x05\x06"):
            guard.names.append("zip")
            yield from _of_zip(raw, guard)
            return
        raw.seek(0)
        stream, packed = _unpacked(raw, guard)
        ahead = _Ahead(stream, guard)
        if ahead.head[257:262] == b"ustar":
            guard.names.append("tar")
            yield from _of_tar(ahead, guard)
        else:
            yield "", _text(ahead, packed)


def _of_zip(raw: IO[bytes], guard: _Guard) -> Iterator[tuple[str, Content]]:
    with zipfile.ZipFile(raw) as archive:
        names = archive.namelist()
        if "[Content_Types].xml" in names or "mimetype" in names:
            yield (
                "",
                "an Excel workbook"
                if any(n.startswith("xl/") for n in names)
                else "an office document",
            )
            return
        for info in archive.infolist():
            if info.is_dir() or is_private(info.filename):
                continue
            if info.flag_bits & 1:
                raise SourceError(
                    f"{guard.file}: {info.filename} is locked with a password; "
                    "unpack it yourself and give --from what comes out"
                )
            try:
                opened = archive.open(info)
            except NotImplementedError as fault:
                raise SourceError(
                    f"{guard.file}: {info.filename} is packed as no reader here knows ({fault}); "
                    "unpack it yourself"
                ) from fault
            with opened:
                yield info.filename, _of_part(opened, guard)


def _of_tar(stream: _Ahead, guard: _Guard) -> Iterator[tuple[str, Content]]:
    with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|") as archive:
        for info in archive:
            if info.isdir() or is_private(info.name):
                continue
            opened = archive.extractfile(info) if info.isreg() else None
            yield info.name, "a link or device" if opened is None else _of_part(opened, guard)
        while stream.read(CHUNK):  # what is cut short there shows only here
            pass


def _of_part(opened: IO[bytes], guard: _Guard) -> Content:
    stream, packed = _unpacked(_Ahead(opened, guard), guard)
    ahead = _Ahead(stream, guard) if packed else stream
    return _INSIDE if ahead.head[257:262] == b"ustar" else _text(ahead, packed)


def _text(stream: _Ahead, packed: bool) -> Content:
    if stream.head.startswith(b"PK\x03\x04") or (
        packed and any(map(stream.head.startswith, _OPENERS))
    ):
        return _INSIDE
    return _as_utf8(stream)


def _unpacked(raw: Any, guard: _Guard) -> tuple[Any, bool]:
    """A stream of what is packed in another, or the same where nothing packs it, and whether it is
    packed."""
    if isinstance(raw, _Ahead):
        head = raw.head
    else:
        head = raw.read(6)
        raw.seek(0)
    skippable = (
        head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5
    )  # a frame of notes before the first of Zstandard
    for magic, (name, opener) in _OPENERS.items():
        if head.startswith(magic) or (name == "Zstandard" and skippable):
            guard.names.append(name)
            return opener(raw), True
    return raw, False


def is_private(name: str) -> bool:
    """Whether a file is hidden, or a note that macOS lays beside one."""
    return any(
        (part.startswith(".") and part.strip(".")) or part == "__MACOSX" for part in name.split("/")
    )


class _Guard:
    """Tells what goes wrong with a file, and counts what comes out of it."""

    def __init__(self, file: Path, size: int) -> None:
        self.file, self.names = file, list[str]()
        self._most, self._out = max(BOMB_BYTES, BOMB_RATIO * size), 0

    def count(self, size: int) -> None:
        self._out += size
        if self._out > self._most:
            raise SourceError(
                f"{self.file}: unpacks to more than {BOMB_RATIO} times its size, "
                "as no file of records does; "
                "unpack it yourself to see what it is"
            )

    @contextmanager
    def errors(self) -> Iterator[None]:
        try:
            yield
        except _FAULTS as fault:
            raise self._damaged() from fault
        except OSError as fault:
            if fault.errno is None:  # what libraries raise for what they cannot unpack
                raise self._damaged() from fault
            raise SourceError(
                f"{self.file}: cannot be read ({fault.strerror}); "
                "give rights to it, or another --from"
            ) from fault

    def _damaged(self) -> SourceError:
        what = " ".join(dict.fromkeys(self.names)) or "text"
        return SourceError(
            f"{self.file}: the {what} file is cut short or damaged; "
            "fetch it again (nothing of it was kept)"
        )


class _Ahead:
    """A stream whose begin is known before it is read."""

    def __init__(self, stream: Any, guard: _Guard) -> None:
        self._stream, self.guard = stream, guard
        self._rest = b""
        self.head = self._rest = self.read(CHUNK)

    def read(self, size: int = -1) -> bytes:
        if self._rest:
            size = len(self._rest) if size < 0 else size
            chunk, self._rest = self._rest[:size], self._rest[size:]
            return chunk
        with self.guard.errors():
            chunk = bytes(self._stream.read(CHUNK if size < 0 else size))
        self.guard.count(len(chunk))
        return chunk

    # what libraries ask of a file that they read from
    closed = False
    mode = "rb"

    def readinto(self, into: memoryview) -> int:
        chunk = self.read(len(into))
        into[: len(chunk)] = chunk
        return len(chunk)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing: who opened the stream closes it."""


def _as_utf8(stream: _Ahead) -> Iterator[bytes]:
    """The text in UTF-8; half a surrogate becomes the escape that JSON has for it."""
    head = stream.head[:4]
    nulls = _NULLS.get(tuple(int(b > 0) for b in head), "utf-8")
    bom, encoding = next(
        ((bom, name) for bom, name in _BOMS.items() if head.startswith(bom)), (b"", nulls)
    )
    stream.read(len(bom))
    chunks = iter(lambda: stream.read(CHUNK), b"")
    if encoding == "utf-8":
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    for chunk in chunks:
        with stream.guard.errors():
            text = decoder.decode(chunk)
        yield text.encode("utf-8", "backslashreplace")
    if decoder.getstate()[0]:
        yield "\ufffd".encode()  # half a letter at the end: the record that it is cut from says so
