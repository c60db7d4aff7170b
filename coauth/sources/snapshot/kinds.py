"""What a file is that holds no records of works: told by how it begins, in words that a person
knows it by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain

from coauth.openalex.split import WORK, is_json
from coauth.sources.snapshot.packing import Content
from coauth.sources.snapshot.shapes import is_work, kind, records

EMPTY, NO_RECORDS = "an empty file", "no records in it"

_CSV = "which lacks institution ids (as OpenAlex's website exports it)"
_FLAT = "whose lists cannot be read back: write it as JSON"
_BEGINS = {
    b"PAR1": "Parquet, which is read only in the snapshot's folders (works/updated_date=…/)",
    b"%PDF": "a PDF",
    b"Rar!": "a RAR archive: unpack it first",
    b"7z\xbc\xaf": "a 7-Zip archive: unpack it first",
    b'\x04"M\x18': "LZ4: unpack it first",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"SQLite format 3": "a SQLite database",
    b"\x89HDF": "HDF5",
    b"ARROW1": "Arrow (Feather)",
    b"Obj\x01": "Avro",
    b"ORC": "ORC",
    b"RDX": "R's own format: write JSON",
    b"X\n\0": "R's own format: write JSON",
    b"\x80\x04\x95": "a Python pickle: write JSON",
    b"\x80\x05\x95": "a Python pickle: write JSON",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"version https://git-lfs": "a pointer of Git LFS, without the file: run `git lfs pull`",
}
_LOOKS = {
    r"(?i)<!doctype html|<html": "a page of the web (HTML)",
    r"<\?xml|<[a-zA-Z]": "XML",
    r"\{\\rtf": "RTF",
    r"---\s*\n|%YAML": "YAML",
    r"TY  - ": "RIS",
    r"@\w+\s*\{": "BibTeX",
    r"PMID- |FN |%0 |PT J": "a list of references",
}
_BRACES = (b"{", b"[")
_CASSETTE = re.compile(r"(?m)^(?:http_)?interactions:")


def no_works(content: Content) -> str | None:
    """Why there are no works in a text, in a few words; None where there is one."""
    if isinstance(content, str):
        return content
    head = b""
    for chunk in content:
        head += chunk
        if len(head) > 1 << 16:
            break
    if (reason := _by_begin(head)) is not None:
        return reason
    return _by_records(records(chain([head], content)))


def _by_records(records: Iterator[bytes]) -> str | None:
    others: Counter[str] = Counter()
    for record in records:
        if is_work(record):
            return None
        others[kind(record)] += 1
    return f"holds {others.most_common(1)[0][0]}, no works" if others else NO_RECORDS


def _by_begin(head: bytes) -> str | None:
    """
    >>> _by_begin(b"id,title,doi\\nW1,A,"), _by_begin(b'[{"id": "W1"}]'), _by_begin(b" \\n")
    ("a CSV table, which lacks institution ids (as OpenAlex's website exports it)", None, 'an empty
    file')
    """
    text = head.lstrip()
    known = next((name for begin, name in _BEGINS.items() if head.startswith(begin)), None)
    if not text or known:
        return known or EMPTY
    start = text[:4000].decode("utf-8", "replace")
    if _CASSETTE.search(start):
        return "a recorded cassette (YAML): write the bodies of its answers as JSON"
    known = next((name for look, name in _LOOKS.items() if re.match(look, start)), None)
    return known or (None if _holds_json(text) else _table(text))


_IN_TEXT = re.compile(rb'"\s*[\[{]\s*(?:[\[{]\s*)?\\"')


def _holds_json(text: bytes) -> bool:
    if text[:1] in _BRACES or _IN_TEXT.match(text) or WORK.search(text):
        return True
    return any(is_json(line) for line in text.splitlines() if line[:1] in _BRACES)


def _table(text: bytes) -> str:
    if b"\0" in text[:1000]:
        return "binary data"
    if re.search(rb'"[\[{]\s*""', text):
        return "a table with JSON in its cells: write that column as JSONL"
    if re.search(rb'\{\s*\\"', text):
        return "JSON within texts of another format: write the JSON alone"
    if re.match(rb"(?:- )?\w+:(?: |\r?\n)", text):
        return "YAML: write it as JSON"
    first, _, second = text.partition(b"\n")
    headed = re.match(rb'"?(?:id|doi|title|display_name)\b', first, re.I)
    for sign, name in ((b"\t", "TSV"), (b",", "CSV"), (b";", "CSV")):
        if first.count(sign) and (headed or first.count(sign) <= second.count(sign)):
            lists = re.search(rb'(?:^|[,;\t"])authorships(?:$|[",;\s])', first)
            return f"a {name} table, {_FLAT if lists else _CSV}"
    return "plain text"
