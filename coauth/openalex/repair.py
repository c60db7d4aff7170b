"""A served record that does not fit the schema, made to fit: each field read for what it means, or
left empty.

Other people save OpenAlex's records with other programs, and these write a number as a text, a
truth value as 0 or 1, nothing as `{}`, every scalar as a list of one. Such a field is put right
where its meaning is plain and left empty where it is not; either is noted by field and reason, and
neither costs the work. Only what a work cannot do without does: `Unreadable` says which.

A reason names a field and a form, never a value, so that nothing of a person can get into it.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from coauth.openalex import split
from coauth.openalex.canonical import KINDS

PUT_RIGHT = "put right"
EMPTY = "left empty"
LISTS_OF_ONE = "values in lists of one: put right"
LIST_OF_ONE_MISSING = "lists of one without their brackets: put right"
ONE, ONE_MISSING = "a list of one", "a list of one without brackets"
_EVERYWHERE = {ONE: LISTS_OF_ONE, ONE_MISSING: LIST_OF_ONE_MISSING}
LENIENT = "not strict JSON: put right"
LATIN = "bytes of Latin-1: put right"
NO_UTF8 = "bytes that are no UTF-8: replaced"

MOST_FIELDS = 3
"""Fields named with a form that is a program's habit; where more are, it is how the whole record
was written."""

NO_VALUE = frozenset(("", "na", "n/a", "nan", "none", "null", "<na>", "inf", "-inf", "infinity"))
"""What programs write into a column of numbers or truth values for a cell that is empty."""

BRACKETS_WITHOUT_END = "brackets without end"

_TRUTH = {
    "true": True,
    "false": False,
    "t": True,
    "f": False,
    "yes": True,
    "no": False,
    "1": True,
    "0": False,
    "1.0": True,
    "0.0": False,
}
BOXES = {
    key: f"a value in {whose} box"
    for whose, keys in {
        "MongoDB's": (
            *("$numberInt", "$numberLong", "$numberDouble", "$numberDecimal"),
            *("$oid", "$date", "$symbol"),
        ),
        "Parquet's": ("list", "element", "array", "bag", "array_element", "item"),
        "Avro's": ("string", "int", "long", "float", "double", "boolean"),
        "DynamoDB's": ("S", "N", "BOOL", "L", "M", "SS"),
        "Firestore's": (
            *("stringValue", "integerValue", "doubleValue", "booleanValue"),
            *("arrayValue", "values", "mapValue", "fields"),
        ),
        "Crossref's": ("date-parts",),
        "XML's": ("#text", "$t", "_"),
        "a program's": ("value", "v"),
    }.items()
    for key in keys
}
"""The one key of an object in which a program wraps a value, and what that is called."""
_NOTHINGS = ("NULL", "nullValue")
_NAMES = ("id", "code", "value", "name", "display_name", "label", "openalex", "date")
"""Keys under which an object in the place of a text says what it is."""
_ABSTRACT_BOXES = ("InvertedIndex", "invertedIndex", "inverted_index")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Unreadable(ValueError):
    """Why a record cannot be read as a work."""


# -- a text of JSON


def parse(record: bytes) -> Any:
    """The value of a JSON text, strict or not (`read`)."""
    return read(record)[0]


def read(record: bytes) -> tuple[Any, set[str]]:
    r"""The value of a JSON text, and what had to be put right of a text that a strict reader
    refuses.

    Read are NaN, half a character, wrong escapes, trailing commas, comments, single quotes, keys
    without quotes, Python's and JavaScript's words, calls of MongoDB's shell, a bracket too many;
    Latin-1. A member that is nested without end is `...`. Raises `Unreadable` where it is no JSON
    even so.

    >>> parse(b'{"a": NaN, "b": "x\\ud83d", "c": "1\\% of it", "d": [1,],}')
    {'a': nan, 'b': 'x\ud83d', 'c': '1\\% of it', 'd': [1]}
    >>> parse(b"{_id: ObjectId('5f'), 'a': None, /* b */ \"n\": NumberLong(7), \"m\": {}}, \"o\": True}")
    {'_id': '5f', 'a': None, 'n': 7, 'm': {}, 'o': True}
    """
    notes: set[str] = set()
    try:
        try:
            return msgspec.json.decode(record), notes
        except (msgspec.DecodeError, UnicodeDecodeError):
            text = _decoded(record, notes)
        try:
            return json.loads(text, strict=False), notes
        except ValueError:
            notes.add(LENIENT)
            return _loaded(_TOKEN.sub(_strict, text)), notes
    except RecursionError:
        return _without_depth(record), notes
    except ValueError:
        raise Unreadable("no JSON") from None


def _decoded(record: bytes, notes: set[str]) -> str:
    """The text of bytes that may be Latin-1 (or Windows-1252), or UTF-8 but for some of them."""
    try:
        return record.decode()
    except UnicodeDecodeError:
        if not record.decode("utf-8", "ignore").isascii():
            notes.add(NO_UTF8)
            return record.decode("utf-8", "replace")
    notes.add(LATIN)
    try:
        return record.decode("cp1252")
    except UnicodeDecodeError:  # five bytes stand for nothing there
        return record.decode("latin-1")


_QUOTED = r"'(?:[^'\\\n]|\\.)*'"
_TEXT = r'"(?:[^"\\]|\\.)*"'
_COMMENT = r"//[^\n]*|/\*.*?\*/|\#[^\n]*"
_TOKEN = re.compile(
    rf"(?P<text>{_TEXT}|{_QUOTED})|(?P<nothing>{_COMMENT}|,(?=(?:\s|{_COMMENT})*[}}\]]))"
    rf"|(?:new\s+)?[A-Za-z_$][\w.$]*\((?P<argument>\s*(?:{_TEXT}|{_QUOTED}|[^()\"']*)\s*)\)"
    r"|(?P<key>[A-Za-z_$][\w$]*)(?=\s*:)|(?P<word>[A-Za-z_$][\w$]*)",
    re.DOTALL,
)
_ESCAPE = re.compile(r"""\\(?:(["\\/bfnrt]|u[0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(')|)""")
_WORDS = dict.fromkeys(("none", "undefined", "nil", "null", "na"), "null") | {
    "true": "true",
    "false": "false",
    "nan": "NaN",
    "inf": "Infinity",
    "infinity": "Infinity",
}


def _strict(token: re.Match[str]) -> str:
    """What a token that JSON does not know is in JSON."""
    kind, text = token.lastgroup, token[0]
    if kind == "text":
        inner = text[1:-1]
        if text[0] == "'":
            inner = re.sub(r'(\\.)|"', lambda m: m[1] or r"\"", inner, flags=re.DOTALL)
        return f'"{_ESCAPE.sub(_escape, inner)}"'
    if kind == "argument":
        one = _TOKEN.sub(_strict, token["argument"]).strip()
        return one if one and (one[0] == '"' or "," not in one) else "null"
    if kind == "key":
        return f'"{text}"'
    return _WORDS.get(text.lower(), text) if kind == "word" else ""


def _escape(match: re.Match[str]) -> str:
    known, code, quote = match.groups()
    return match[0] if known else f"\\u00{code}" if code else quote or r"\\"


_lenient = json.JSONDecoder(strict=False)


def _loaded(text: str) -> Any:
    """The value of a text in which some brackets too many may close it early, or follow it."""
    text = text.strip()
    for _ in range(3):
        value, end = _lenient.raw_decode(text)
        rest = text[end:]
        if not rest.strip(" \t\r\n,;)}]\0"):
            return value
        if rest.lstrip()[:1] != "," or text[end - 1] != "}":
            break
        text = text[: end - 1] + rest
    raise ValueError("more than a value")


def _without_depth(record: bytes) -> dict[str, Any]:
    """The members of an object, `...` for what is nested without end."""
    members: dict[str, Any] = {}
    object_ = split.inside(record) if record.lstrip()[:1] == b"{" else None
    if object_ is None or record.rstrip()[-1:] != b"}":
        raise Unreadable(BRACKETS_WITHOUT_END)
    for key, value in object_:
        if not isinstance(value, bytes):
            raise Unreadable(BRACKETS_WITHOUT_END)
        try:
            members[key or ""] = msgspec.json.decode(value)
        except RecursionError:
            members[key or ""] = ...
        except (msgspec.DecodeError, UnicodeDecodeError):
            members[key or ""] = parse(value)
    return members


class Repair:
    """Fits values to the types of a schema; `notes` are the reasons of what it changed."""

    def __init__(self) -> None:
        self._notes: set[str] = set()
        self._habits: defaultdict[str, set[str]] = defaultdict(set)

    def fit(self, value: Any, schema: type[msgspec.Struct]) -> dict[str, Any]:
        """The fields of a struct, each of its type or not there; `value` is an object."""
        fields: dict[str, Any] = self._object(value, _type(schema), "")
        return fields

    @property
    def notes(self) -> set[str]:
        """What is a program's habit (lists of one, boxes) by field only where these are few."""
        notes = set(self._notes)
        for habit, fields in self._habits.items():
            few = {f"{field}: {habit}, {PUT_RIGHT}" for field in fields}
            every = {_EVERYWHERE.get(habit, f"{habit}: {PUT_RIGHT}")}
            notes |= few if len(fields) <= MOST_FIELDS else every
        return notes

    def _note(self, field: str, form: str, outcome: str) -> None:
        self._notes.add(f"{field}: {form}, {outcome}")

    def _empty(self, field: str, form: str) -> None:
        self._note(field, form, EMPTY)

    def _fit(self, value: Any, kind: inspect.Type, field: str) -> Any:
        """A value of the kind, or None; what was done is noted once."""
        kind, extra = _plain(kind)
        if value is ...:
            return self._empty(field, BRACKETS_WITHOUT_END)
        value, box = self._unboxed(value, kind, field)
        if value is None:
            return None
        if type(kind) in _SCALARS:
            meant = extra.get("kind")
            if isinstance(value, dict) and meant and (name := _name_in(value, meant)):
                value, box = name, "an object for a text"
            field = meant if meant and meant != "date" else field
            return self._scalar(value, kind, field, meant, box)
        if box:
            self._habits[box].add(field)
        return _CONTAINERS[type(kind)](self, value, kind, field)

    def _scalar(self, value: Any, kind: Any, field: str, meant: str | None, box: str | None) -> Any:
        meaning, change = _SCALARS[type(kind)](value, meant)
        if isinstance(kind, inspect.FloatType | inspect.IntType) and not _within(meaning, kind):
            meaning, change = None, "a number out of range"
        if meaning is None:
            self._empty(field, change or "nothing")
        elif "\ufffd" in str(meaning) and "\ufffd" not in str(value):
            self._note(field, "half a character", "replaced")
        elif box:
            self._habits[box].add(field)
        elif change:
            self._note(field, change, PUT_RIGHT)
        return meaning

    def _unboxed(self, value: Any, kind: inspect.Type, field: str) -> tuple[Any, str | None]:
        """A value taken out of what other programs put around it, and what that was."""
        wants_list = isinstance(kind, inspect.ListType)
        if isinstance(value, list) and len(value) <= 1:
            if not wants_list:
                self._habits[ONE].add(field)
                value = value[0] if value else None
            elif value and isinstance(value[0], list):
                self._habits[ONE].add(field)
                value = value[0]
        if value == {} and not isinstance(kind, inspect.StructType | inspect.DictType):
            self._empty(field, "{} for nothing")
            return None, None
        if isinstance(value, dict) and len(value) == 1:
            ((key, inner),) = value.items()
            if key in _NOTHINGS:
                return None, None
            if key in BOXES and not _is_own(key, inner, kind):
                return self._unboxed(inner, kind, field)[0], BOXES[key]
        if isinstance(value, str) and type(kind) in _CONTAINERS and value.strip()[:1] in ("[", "{"):
            with suppress(Unreadable):  # then it is a text
                return parse(value.encode("utf-8", "replace")), "JSON within a text"
        return value, None

    def _object(self, value: Any, kind: Any, field: str) -> Any:
        members = {member.encode_name: member for member in kind.fields}
        id_of = _plain(members["id"].type)[1].get("kind") if "id" in members else None
        if not isinstance(value, dict):
            if not (field and "id" in members and _is_id(value, id_of)):
                self._empty(field, f"{form(value)} for an object")
                return None
            self._note(field, "an id for an object", PUT_RIGHT)
            value = {"id": _text(value, None)[0]}
        if id_of == "institution id" and _AUTHOR.fullmatch(str(value.get("id"))):
            self._empty(field, "an author for an institution")
            return None
        fitted = {}
        for name in sorted(members.keys() & value.keys()):
            inner = f"{field.rsplit('.', 1)[-1]}.{name}" if field else name
            if (part := self._fit(value[name], members[name].type, inner)) is not None:
                fitted[name] = part
        return fitted

    def _list(self, value: Any, kind: Any, field: str) -> Any:
        item, _ = _plain(kind.item_type)
        if isinstance(value, dict):
            members = (
                {m.encode_name: m for m in item.fields}
                if isinstance(item, inspect.StructType)
                else {}
            )
            rows, change = _rows(value, members)
            if rows is None:
                self._empty(field, f"{form(value)} for a list")
                return None
            if change:
                self._note(field, change, PUT_RIGHT)
            else:
                self._habits[ONE_MISSING].add(field)
            value = rows
        elif not isinstance(value, list):
            if isinstance(item, inspect.StructType) or isinstance(value, bool):
                self._empty(field, f"{form(value)} for a list")
                return None
            self._habits[ONE_MISSING].add(field)
            value = [value]
        return [self._fit(item, kind.item_type, field) for item in value]

    def _map(self, value: Any, kind: Any, field: str) -> Any:
        """A word -> its positions."""
        if isinstance(value, dict) and (
            box := next((b for b in _ABSTRACT_BOXES if isinstance(value.get(b), dict | str)), None)
        ):
            self._note(field, "wrapped", PUT_RIGHT)
            return self._fit(value[box], kind, field)
        if not isinstance(value, dict):
            self._empty(field, f"{form(value)} for an object")
            return None
        fitted = {}
        for key, part in value.items():
            inner = self._fit(part, kind.value_type, field)
            if inner is None or None in inner:
                self._empty(field, "something else than positions of words")
                return None
            fitted[_whole_characters(key)] = inner
        return fitted


_CONTAINERS: dict[type, Callable[[Repair, Any, Any, str], Any]] = {
    inspect.StructType: Repair._object,
    inspect.ListType: Repair._list,
    inspect.DictType: Repair._map,
}


# -- scalars: what a value means, and what had to be changed (None: nothing); no meaning: why there
# is none


def _text(value: Any, kind: str | None) -> tuple[str | None, str | None]:
    if kind == "date" and isinstance(value, list) and all(type(part) is int for part in value[:3]):
        return _text("-".join(f"{part:02d}" for part in value[:3]), kind)[0], "a list for a date"
    if isinstance(value, bool | list | dict) or (
        isinstance(value, float) and not math.isfinite(value)
    ):
        return None, f"{form(value)} for a text"
    change = None
    if isinstance(value, int | float):
        change = "a number for a text"
        value = str(int(value) if isinstance(value, int) or value.is_integer() else value)
    text = _whole_characters(value)
    if kind is None or re.search(KINDS[kind].pattern, text):
        return text, change
    meaning = KINDS[kind].canonical(text)
    if meaning is None:
        return None, f"no {kind}" if text.strip() else "an empty text"
    if meaning == text:  # a date without a day
        return text, change
    return meaning, change or KINDS[kind].reason(text)


def _number(value: Any, *, whole: bool) -> tuple[int | float | None, str | None]:
    if isinstance(value, bool | list | dict):
        return None, f"{form(value)} for a number"
    change = "a text for a number" if isinstance(value, str) else None
    number = _number_in(value) if isinstance(value, str) else value
    if number is None or (fault := _no_number(number, whole)):
        return None, change if number is None else fault
    if not whole:
        return float(number), change
    return int(number), change or (
        "a whole number with a point" if isinstance(number, float) else None
    )


def _within(number: float | None, kind: inspect.FloatType | inspect.IntType) -> bool:
    return number is None or (
        (kind.ge is None or kind.ge <= number) and (kind.le is None or number <= kind.le)
    )


def _no_number(number: float, whole: bool) -> str | None:
    """Why a number cannot stand in a table."""
    if isinstance(number, float) and not math.isfinite(number):
        return "no number"
    if not -(2**63) <= number < 2**63:
        return "a number too large"
    return "a number that is not whole" if whole and number != int(number) else None


def _number_in(text: str) -> int | float | None:
    """The number that a text is; NaN for an empty cell, None for another text."""
    text = text.strip()
    if text.lower() in NO_VALUE:
        return math.nan
    try:
        return int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else float(text)
    except ValueError:
        return None


def _truth(value: Any) -> tuple[bool | None, str | None]:
    if isinstance(value, bool):
        return value, None
    if (isinstance(value, str) and value.strip().lower() in NO_VALUE) or (
        isinstance(value, float) and not math.isfinite(value)
    ):
        return None, "no truth value"
    return _TRUTH.get(str(value).strip().lower()), f"{form(value)} for a truth value"


_SCALARS: dict[type, Callable[[Any, str | None], tuple[Any, str | None]]] = {
    inspect.StrType: _text,
    inspect.IntType: lambda value, _: _number(value, whole=True),
    inspect.FloatType: lambda value, _: _number(value, whole=False),
    inspect.BoolType: lambda value, _: _truth(value),
}


def _whole_characters(text: str) -> str:
    """The text with halves of a character joined where two belong together, and replaced where one
    stands alone.
    """
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def form(value: Any) -> str:
    """What a value is, in words.

    >>> [form(value) for value in ("x", 1, True, [], {})]
    ['a text', 'a number', 'a truth value', 'a list', 'an object']
    """
    names = {
        str: "a text",
        bool: "a truth value",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), BRACKETS_WITHOUT_END)


def _rows(value: dict[str, Any], members: Mapping[str, Any]) -> tuple[list[Any] | None, str | None]:
    """The elements of a list that stands as an object, and how it was written; an object that is
    one element without brackets has no such way; None where it is no list.

    >>> _rows({"id": [1, 2], "name": ["A", "B"]}, {"id": 0})
    ([{'id': 1, 'name': 'A'}, {'id': 2, 'name': 'B'}], 'columns for a list of objects')
    >>> _rows({"I1": {"name": "A"}, "I2": {}}, {"id": 0})
    ([{'id': 'I1', 'name': 'A'}, {'id': 'I2'}], 'keys around the elements of a list')
    """
    parts = list(value.values())
    sizes = {len(p) for p in parts if isinstance(p, list)}
    if len(parts) > 1 and len(sizes) == 1 and all(isinstance(p, list) for p in parts):
        rows = [dict(zip(value, row, strict=True)) for row in zip(*parts, strict=True)]
        return rows, "columns for a list of objects"
    if members.keys() & value.keys():
        return [value], None
    if len(parts) == 1 and isinstance(parts[0], list):
        return parts[0], "an object around a list"
    numbered = all(re.fullmatch(r"\d+", key) for key in value)
    if parts and (numbered or (members and all(isinstance(p, dict) for p in parts))):
        keyed = "id" in members and not numbered
        rows = [{"id": key} | p if keyed else p for key, p in value.items()]
        return rows, "keys around the elements of a list"
    return None, None


def _is_own(key: str, inner: Any, kind: inspect.Type) -> bool:
    """Whether what looks like a box may be a member of the kind itself, or a word of an abstract."""
    if isinstance(kind, inspect.StructType):
        return any(member.encode_name == key for member in kind.fields)
    return isinstance(kind, inspect.DictType) and not isinstance(inner, dict)


def _name_in(value: dict[str, Any], kind: str) -> str | None:
    """The one meaning of this kind that an object in the place of a text names."""
    texts = [value[name] for name in _NAMES if isinstance(value.get(name), str)]
    meanings = {KINDS[kind].canonical(text) for text in texts} - {None}
    return meanings.pop() if len(meanings) == 1 else None


def _is_id(value: Any, kind: str | None) -> bool:
    """Whether what stands in the place of an object is its id."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    return _text(value, kind)[0] is not None if kind else bool(re.search(r"\d", str(value)))


_AUTHOR = re.compile(r"(?:.*/)?A\d{4,}/?", re.IGNORECASE)


@cache
def _type(schema: type[msgspec.Struct]) -> inspect.Type:
    return inspect.type_info(schema)


def _plain(kind: inspect.Type) -> tuple[inspect.Type, dict[str, Any]]:
    """A kind without its `| None` and its notes, and these notes."""
    extra: dict[str, Any] = {}
    while True:
        if isinstance(kind, inspect.UnionType):
            kind = next(k for k in kind.types if not isinstance(k, inspect.NoneType))
        elif isinstance(kind, inspect.Metadata):
            extra |= kind.extra or {}
            kind = kind.type
        else:
            return kind, extra
