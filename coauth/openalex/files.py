"""Pages as files: gzipped JSON without a clock, so that the same page gives the same bytes."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar, cast

import msgspec
from isal import igzip, igzip_lib

from coauth.errors import CacheError
from coauth.openalex.anonymise import keep
from coauth.openalex.schema import Page, Work

_BROKEN = cast(
    "type[Exception]", igzip_lib.IsalError
)  # isal's stub takes the class for one of its instances
_page = msgspec.json.Decoder(Page)
Decoded = TypeVar("Decoded")

PER_PAGE = 100
"""Records on a page made of a stream of them."""


def of_records(records: Iterable[bytes], request: str, *, own: bool = False) -> Iterator[Page]:
    """Cut a stream of served records (JSON, one each), or of records of our `own` pages, into pages
    as they are stored. `request`, where they came from, is masked by the authors met so far: people
    name files for persons.
    """
    works: list[Work] = []
    digest = hashlib.sha256()
    beside = [request]
    for record in records:
        works.append(keep(record, own=own, beside=beside))
        digest.update(record + b"\n")
        if len(works) == PER_PAGE:
            yield Page(request=beside[0], served_sha256=[digest.hexdigest()], works=works)
            works, digest = [], hashlib.sha256()
    if works:
        yield Page(request=beside[0], served_sha256=[digest.hexdigest()], works=works)


def pack(page: Page) -> bytes:
    """A page as the bytes of its file: gzipped JSON without a clock, so that the same page gives
    the same bytes.
    """
    return gzip.compress(msgspec.json.encode(page), compresslevel=6, mtime=0)


def unpack(data: bytes, where: Any) -> Page:
    """The page in a file's bytes; raises `CacheError` naming the file if it is cut or edited."""
    return unpacked(data, _page, where)


def unpacked(data: bytes, decoder: msgspec.json.Decoder[Decoded], where: Any) -> Decoded:
    """What a decoder makes of a page file's bytes."""
    try:
        return decoder.decode(igzip.decompress(data))
    except (OSError, EOFError, _BROKEN, msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise CacheError(
            f"{where}: not a page coauth wrote ({fault}); run `coauth status --verify`, then `coauth harvest`"
        ) from fault
