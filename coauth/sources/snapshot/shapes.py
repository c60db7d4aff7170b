"""Values of JSON -> the records in them, in whatever shape people save what OpenAlex served.

A record is an object with a work's id, or with authorships. Records stand in lists, in answers of
the API, in wraps around answers, under any key of an object, or under their own id or DOI; a table
may be written by row (names of columns once) or by column (pandas, R). What is none of this is
passed on as it is, to be counted by the decoder.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from coauth.openalex import SELECT
from coauth.openalex.repair import BOXES
from coauth.openalex.split import WORK, Container, Value, inside, is_json, values

_DEEP = 16
"""Objects around a record, at most."""

_LISTS = {
    "results",
    "works",
    "data",
    "items",
    "records",
    "hits",
    "docs",
    "documents",
    "rows",
    "entries",
    "publications",
    "response",
    "articles",
    "papers",
}
_ROWS = ("data", "values", "rows")

_ID = re.compile(
    rb'\[?\s*"(?:https?:(?:\\?/){2}(?:api\.)?openalex\.org\\?/(?:works\\?/)?)?[Ww]\d+\\?/?"'
    rb"\s*\]?\Z",
    re.I,
)
_BOXED_ID = re.compile(
    rb'\{\s*"(?:'
    + "|".join(map(re.escape, BOXES)).encode()
    + rb')"\s*:\s*'
    + _ID.pattern.replace(rb"\Z", rb"\s*\}\Z"),
    re.I,
)
_WORK_IN = re.compile(rb'"_?id"\s*:\s*' + _ID.pattern.replace(rb"\Z", b""), re.I)
_IDS = re.compile(
    rb"\[?\s*"
    + _ID.pattern.replace(rb"\[?\s*", b"", 1).replace(rb"\s*\]?\Z", b"")
    + rb"\s*(?:\]|\Z|,\s*\"[^\"]*[Ww]\d+\")",
    re.I,
)
_KEYED = re.compile(r"(?:.*/)?[Ww]?\d+|(?:https?://(?:dx\.)?doi\.org/)?10\.\d+/.*|doi:.*", re.I)
_XPAC = re.compile(rb'"is_xpac"\s*:\s*\[?\s*(?:true|1\b|"true"|"1")', re.I)
_OTHER = re.compile(
    rb'"id"\s*:\s*"?(?:https?:[\\/]+(?:api\.)?openalex\.org[\\/]+)?'
    rb"(?:(authors|institutions|sources|topics|funders|publishers|concepts|keywords"
    rb"|fields|subfields|domains|venues)[\\/]+|([AISTFPCV])\d+\b)",
    re.I,
)
_LETTERS = {
    "A": "authors",
    "I": "institutions",
    "S": "sources",
    "T": "topics",
    "F": "funders",
    "P": "publishers",
    "C": "concepts",
    "V": "venues",
}

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])
_names = msgspec.json.Decoder(list[str])
_string = msgspec.json.Decoder(str)
_encode = msgspec.json.Encoder().encode


def records(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The records in a text of JSON, as bytes of JSON each. Raises `TooLong` for one value that
    cannot be held.

    >>> list(records([b'[{"meta": {}, "results": [{"id": "W1"}]}, {"response": {"id": "W2", "doi": ""}}]']))
    [b'{"id": "W1"}', b'{"id": "W2", "doi": ""}']
    >>> list(records([b'{"columns": ["id", "title"], "index": [0], "data": [["W1", "A"]]}']))
    [b'{"id":"W1","title":"A"}']
    """
    for value in values(chunks):
        yield from _within(value, _DEEP)


def is_work(record: bytes) -> bool:
    """Whether a record is meant to be a work, readable or not: more stands in it than an id.

    >>> is_work(b'{"id": "W1", "title": null}'), is_work(b'{"id": "W1", "error": "gone"}'), is_work(b'{"id": "W1", "ti')
    (True, False, True)
    """
    if b'"authorships"' in record:
        return True
    if not (WORK.match(record) or _WORK_IN.search(record)):
        return False
    return not is_json(record) or bool(_OF_WORK & _fields(record).keys() - {"id"})


def between(record: bytes) -> str | None:
    """What a piece is that stands between records and is none; None for a record, a row of one, and
    `null` in the place of one.

    >>> between(b'{"index": {"_id": "W1"}}'), between(b"INFO: page 2"), between(b'{"id": "A1", "display_name": "B"}')
    ('objects that are no records', 'text between records', None)
    """
    if b'"authorships"' in record or record[:1] == b"[" or record == b"null":
        return None
    if record[:1] != b"{":
        return None if _WORK_IN.search(record) else "ids alone" if _IDS.match(record) else TEXT
    if not is_json(record) or _OF_WORK & (keys := _fields(record).keys()) - {"id"}:
        return None
    if keys & {"error", "message", "detail"}:
        return "error messages"
    return "ids alone" if keys <= {"id", "_id"} else "objects that are no records"


def is_nothing(piece: bytes) -> bool:
    """Whether a piece is signs alone, such as the brackets that end a wrap."""
    return not re.search(rb"[\w\x80-\xff{\[]", piece)


def is_xpac(record: bytes) -> bool:
    """Whether OpenAlex holds the work outside of its core, and leaves it out unless asked."""
    return b'"is_xpac"' in record and bool(_XPAC.search(record))


def kind(record: bytes) -> str:
    """What a record is that is no work.

    >>> kind(b'{"id": "https://openalex.org/I96673099"}'), kind(b'["W1", 2020]')
    ('institutions', 'rows without names of columns')
    """
    if record[:1] == b"{" and not re.match(rb"\{\s*'", record):
        if known := _OTHER.search(record[:2000]):
            return known[1].decode().lower() if known[1] else _LETTERS[known[2].decode().upper()]
        return (
            "an error message"
            if re.match(rb'\{\s*"(?:error|message|detail)"', record)
            else "records without an OpenAlex work id"
        )
    if re.match(rb"[\[{]\s*[\[{]*\s*'", record):
        return "Python's own notation (single quotes), which is no JSON"
    if _IDS.match(record):
        return "ids alone"
    return "rows without names of columns" if record[:1] == b"[" else "values that are no records"


def _within(value: Value, deep: int) -> Iterator[bytes]:
    """The records in a value; the value itself where it holds none."""
    if isinstance(value, Container):
        yield from _of_container(value, deep)
    elif (head := WORK.match(value)) and b'"_id"' not in head[1] and _goes_on(value, head.end()):
        yield value
    elif value[:1] == b"{":
        yield from _of_object(value, deep)
    elif value[:1] == b"[" and deep >= 0:
        yield from _of_list(value, deep)
    elif deep > 0 and (text := _text_in(value)):
        for inner in values([text]):
            yield from _within(inner, deep - 1)
    else:
        yield value


_QUOTED = re.compile(rb'"\s*(?:\\[nrt]|\s)*[\[{]')


def _text_in(value: bytes) -> bytes | None:
    """The JSON that is written as a text; None for another value."""
    if not _QUOTED.match(value):
        return None
    try:
        return _string.decode(value).encode("utf-8", "surrogatepass")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


_BEHIND = re.compile(rb'["\s/]*,\s*"(\w+)"\s*:')
_OF_WORK = {*SELECT, "display_name", "ids", "abstract"}
TEXT = "text between records"


def _goes_on(value: bytes, end: int) -> bool:
    """Whether what follows an id is a field of a work, and no wrap around one."""
    key = _BEHIND.match(value, end)
    return not key or key[1].decode() in _OF_WORK


def _out_of_wrap(value: bytes, fields: Mapping[str, bytes]) -> bytes:
    """The one work in an object that repeats its id beside it (CouchDB, JSON:API); else the object
    itself.
    """
    if "authorships" in fields:
        return value
    works = [v for v in fields.values() if v[:1] == b"{" and "authorships" in _fields(v)]
    return _with_id(works[0], fields["id"]) if len(works) == 1 else value


def _of_container(container: Container, deep: int) -> Iterator[bytes]:
    if deep < 0:
        yield container.rest()
    elif container.is_list:
        for _, element in container:
            yield from _within(element, deep - (isinstance(element, Container) and element.is_list))
    else:
        yield from _of_large(container, deep)


def _of_list(value: bytes, deep: int) -> Iterator[bytes]:
    if not is_json(value) and WORK.search(value) and (torn := inside(value)):
        yield from _of_container(torn, deep)
        return
    listed = _elements(value)
    first = next((v for v in listed if v != b"null"), b"{")
    if first[:1] in (b"{", b"[") or _QUOTED.match(first):
        for element in listed:
            yield from _within(element, deep - (element[:1] == b"["))
    else:  # a row
        yield value


def _elements(value: bytes) -> list[bytes]:
    """Those of a list; what stands in it, undivided, where it is broken."""
    try:
        return [bytes(v) for v in _list.decode(value)]
    except (msgspec.DecodeError, RecursionError):
        return [value[1:]]


def _fields(value: bytes) -> dict[str, bytes]:
    """The members of an object, sound or not."""
    try:
        return {k: bytes(v) for k, v in _object.decode(value).items()}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {k or "": v for k, v in inside(value) or () if isinstance(v, bytes)}


def _of_large(container: Container, deep: int) -> Iterator[bytes]:
    """The records in an object that is too large to be held, or is never closed."""
    if container.columns_lie_ahead() and (whole := container.whole()):
        yield from _of_object(whole, deep)
        return
    columns: list[str] = []
    for key, value in container:
        if key in ("id", "_id") and isinstance(value, bytes) and _ID.match(value):
            yield b'{"id":' + value  # a record that is torn around others: to be counted as that
        elif key == "columns" and isinstance(value, bytes):
            columns = _columns(value) or []
        elif columns and key in _ROWS:
            rows = [(None, v) for v in _elements(value)] if isinstance(value, bytes) else value
            for _, row in rows:
                yield _of_row(columns, row) if isinstance(row, bytes) else row.rest()
        elif isinstance(value, Container):
            yield from _within(value, deep - 1)
        else:
            yield from _of_member(key or "", value, deep) or ()


def _of_object(value: bytes, deep: int) -> Iterator[bytes]:
    fields = _fields(value)
    source = fields.get("_source", b"")
    if fields.get("encoding") == b'"base64"' and (body := _base64(fields.get("text", b""))):
        fields["text"] = _encode(body)  # an answer in a browser's log (HAR)
    if source[:1] == b"{":  # a hit of Elasticsearch
        yield _with_id(source, fields.get("_id", b""))
    elif _ID.match(fields.get("id", b"")):
        yield _out_of_wrap(value, fields)
    elif _ID.match(fields.get("_id", b"")):
        yield _with_id(value, fields["_id"])
    elif _BOXED_ID.match(fields.get("id", b"")):  # so are its other fields, for the decoder
        yield value
    elif _ID.match(fields.get("ID", b"")) and "AUTHORSHIPS" in fields:  # columns of a database
        yield _encode({name.lower(): msgspec.Raw(v) for name, v in fields.items()})
    elif rows := _by_column(fields) or _by_row(fields):
        yield from rows()
    elif "authorships" in fields or deep < 1:
        yield value
    elif not is_json(value):
        found = list(_of_large(torn, deep)) if (torn := inside(value)) else []
        yield from found if any(map(is_work, found)) else [value]
    else:
        parts = [
            part for key, v in fields.items() if (part := _of_member(key, v, deep)) is not None
        ]
        yield from (record for part in parts for record in part)
        if not parts:
            yield value


def _base64(value: bytes) -> str | None:
    try:
        return base64.b64decode(_string.decode(value)).decode()
    except (msgspec.DecodeError, ValueError):
        return None


def _of_member(key: str, value: bytes, deep: int) -> list[bytes] | None:
    """The records under a key of an object; None where what stands there is no place for
    records."""
    keyed = bool(_KEYED.fullmatch(key))
    if value[:1] not in (b"{", b"[") and not _QUOTED.match(value):
        return [value] if keyed and value == b"null" else None
    part = list(_within(value, deep - 1))
    if keyed and value[:1] == b"{" and key.rpartition("/")[2][:1] in "Ww":
        part = [_with_id(record, _encode(key)) for record in part]
    listed = value[:1] == b"[" and key in _LISTS
    return part if listed or keyed or any(map(is_work, part)) else None


def _with_id(record: bytes, other: bytes) -> bytes:
    """The record under the id that stands beside or around it, if it has no work's id itself.

    >>> _with_id(b'{"title": "A"}', b'"W1"'), _with_id(b'{"id": null, "title": "A"}', b'"W1"')
    (b'{"id":"W1","title": "A"}', b'{"id":"W1","title":"A"}')
    """
    fields = _fields(record)
    if _ID.match(fields.get("id", b"")) or not _ID.match(other):
        return record
    if "id" in fields:
        return _encode({k: msgspec.Raw(v) for k, v in (fields | {"id": other}).items()})
    return b'{"id":' + other + b"," * bool(fields) + record.lstrip()[1:]


Rows = Callable[[], Iterator[bytes]]


def _by_row(fields: Mapping[str, bytes]) -> Rows | None:
    """Rows of a table that names its columns once (pandas, orient="split"); None for another
    object."""
    columns = _columns(fields.get("columns", b""))
    rows = next((fields[name] for name in _ROWS if fields.get(name, b"")[:1] == b"["), None)
    if not columns or rows is None:
        return None
    return lambda: (_of_row(columns, row) for row in _elements(rows))


def _columns(value: bytes) -> list[str] | None:
    try:
        return _names.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _of_row(columns: list[str], row: bytes) -> bytes:
    cells = _elements(row) if row[:1] == b"[" else []
    if len(cells) != len(columns):
        return row
    return _encode({c: msgspec.Raw(v) for c, v in zip(columns, cells, strict=True)})


def _by_column(fields: Mapping[str, bytes]) -> Rows | None:
    """Rows of a table written by column, each a list (R) or an object by index (pandas); None for
    another object, as for a record with a list for its id beside a plain title."""
    name = next((n for n in ("id", "_id") if fields.get(n, b"")[:1] in (b"{", b"[")), None)
    ids = _cells(fields[name]) if name else {}
    if not any(_ID.match(v) for v in ids.values()) or (
        len(ids) < 2 and fields[name or ""][:1] == b"["
    ):
        return None
    plain = {c for c, v in fields.items() if v[:1] not in (b"{", b"[") and v != b"null"}
    if plain.intersection(SELECT):
        return None

    def rows() -> Iterator[bytes]:
        table = {
            ("id" if c == name else c): cells for c, v in fields.items() if (cells := _cells(v))
        }
        for index in ids:
            yield _encode(
                {c: msgspec.Raw(cells[index]) for c, cells in table.items() if index in cells}
            )

    return rows


def _cells(column: bytes) -> dict[str, bytes]:
    """The cells of a column by index."""
    if column[:1] == b"[":
        return {str(n): v for n, v in enumerate(_elements(column))}
    return (
        {k or "": v for k, v in inside(column) or () if isinstance(v, bytes)}
        if column[:1] == b"{"
        else {}
    )
