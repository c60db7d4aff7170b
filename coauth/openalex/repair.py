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
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from coauth.openalex.canonical import KINDS

PUT_RIGHT = "put right"
EMPTY = "left empty"
LISTS_OF_ONE = "values in lists of one: put right"
LIST_OF_ONE_MISSING = "lists of one without their brackets: put right"

NO_VALUE = frozenset(("", "na", "n/a", "nan", "none", "null", "<na>", "inf", "-inf", "infinity"))
"""What programs write into a column of numbers or truth values for a cell that is empty."""

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
_BOXES = (
    "$numberInt",
    "$numberLong",
    "$numberDouble",
    "$numberDecimal",
    "$oid",
    "$date",
    "$symbol",
)
_ABSTRACT_BOXES = ("InvertedIndex", "invertedIndex", "inverted_index")
_ESCAPE = re.compile(r'\\(?:(["\\/bfnrt]|u[0-9a-fA-F]{4})|)')
_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


class Unreadable(ValueError):
    """Why a record cannot be read as a work."""


def parse(record: bytes) -> Any:
    """The value of a JSON text that a strict reader refuses: NaN, half a character, wrong escapes,
    trailing commas.

    Raises `Unreadable` where it is no JSON even so.

    >>> parse(b'{"a": NaN, "b": "x\\\\ud83d", "c": "1\\\\% of it", "d": [1,],}')
    {'a': nan, 'b': 'x\\ud83d', 'c': '1\\\\% of it', 'd': [1]}
    """
    try:
        return msgspec.json.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = record.decode("utf-8", "replace")
    try:
        return json.loads(text, strict=False)
    except RecursionError:
        raise Unreadable("brackets without end") from None
    except ValueError:
        pass
    escaped = _ESCAPE.sub(lambda match: match[0] if match[1] else r"\\", text)
    try:
        return json.loads(_COMMA.sub(lambda match: match[1] or "", escaped), strict=False)
    except (ValueError, RecursionError):
        raise Unreadable("no JSON") from None


class Repair:
    """Fits values to the types of a schema; `notes` are the reasons of what it changed."""

    def __init__(self) -> None:
        self.notes: set[str] = set()

    def fit(self, value: Any, schema: type[msgspec.Struct]) -> dict[str, Any]:
        """The fields of a struct, each of its type or not there; `value` is an object."""
        fields: dict[str, Any] = self._object(value, _type(schema), "")
        return fields

    def _note(self, field: str, form: str, outcome: str) -> None:
        self.notes.add(f"{field}: {form}, {outcome}")

    def _empty(self, field: str, form: str) -> None:
        self._note(field, form, EMPTY)

    def _fit(self, value: Any, kind: inspect.Type, field: str) -> Any:
        """A value of the kind, or None; what was done is noted once."""
        kind, extra = _plain(kind)
        value, box = self._unboxed(value, kind, field)
        if value is None:
            return None
        if type(kind) in _SCALARS:
            field = extra.get("kind", field) if extra.get("kind") != "date" else field
            meaning, change = _SCALARS[type(kind)](value, extra.get("kind"))
            if isinstance(kind, inspect.FloatType) and not _within(meaning, kind):
                meaning, change = None, "a number out of range"
            if meaning is None:
                self._empty(field, change or "nothing")
            elif "\ufffd" in str(meaning) and "\ufffd" not in str(value):
                self._note(field, "half a character", "replaced")
            elif box or change:
                self._note(field, box or str(change), PUT_RIGHT)
            return meaning
        if box:
            self._note(field, box, PUT_RIGHT)
        return _CONTAINERS[type(kind)](self, value, kind, field)

    def _unboxed(self, value: Any, kind: inspect.Type, field: str) -> tuple[Any, str | None]:
        """A value taken out of what other programs put around it, and what that was."""
        wants_list = isinstance(kind, inspect.ListType)
        if isinstance(value, list) and not wants_list and len(value) <= 1:
            self.notes.add(LISTS_OF_ONE)
            value = value[0] if value else None
        elif (
            isinstance(value, list)
            and wants_list
            and len(value) == 1
            and isinstance(value[0], list)
        ):
            self.notes.add(LISTS_OF_ONE)
            value = value[0]
        if value == {} and not isinstance(kind, inspect.StructType | inspect.DictType):
            self._empty(field, "{} for nothing")
            return None, None
        if isinstance(value, dict) and len(value) == 1 and (key := next(iter(value))) in _BOXES:
            return self._unboxed(value[key], kind, field)[0], "a value in MongoDB's box"
        if isinstance(value, str) and type(kind) in _CONTAINERS and value.strip()[:1] in ("[", "{"):
            with suppress(Unreadable):  # then it is a text
                return parse(value.encode("utf-8", "replace")), "JSON within a text"
        return value, None

    def _object(self, value: Any, kind: Any, field: str) -> Any:
        members = {member.encode_name: member for member in kind.fields}
        if not isinstance(value, dict):
            if not (
                field
                and "id" in members
                and not isinstance(value, bool)
                and re.search(r"\d", str(value))
            ):
                self._empty(field, f"{form(value)} for an object")
                return None
            self._note(field, "an id for an object", PUT_RIGHT)
            value = {"id": str(value)}
        fitted = {}
        for name in sorted(members.keys() & value.keys()):
            inner = f"{field.rsplit('.', 1)[-1]}.{name}" if field else name
            if (part := self._fit(value[name], members[name].type, inner)) is not None:
                fitted[name] = part
        return fitted

    def _list(self, value: Any, kind: Any, field: str) -> Any:
        if isinstance(value, dict) and (rows := _transposed(value)) is not None:
            self._note(field, "columns for a list of objects", PUT_RIGHT)
            value = rows
        elif not isinstance(value, list):
            item, _ = _plain(kind.item_type)
            if isinstance(value, dict) != isinstance(item, inspect.StructType) or isinstance(
                value, bool
            ):
                self._empty(field, f"{form(value)} for a list")
                return None
            self.notes.add(LIST_OF_ONE_MISSING)
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


def _within(number: float | None, kind: inspect.FloatType) -> bool:
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
    return names[type(value)]


def _transposed(columns: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The rows of a table that was written by column, as R and pandas do; None where it is no such
    table.
    """
    lists = list(columns.values())
    if (
        lists
        and all(isinstance(c, list) for c in lists)
        and len({len(c) for c in lists}) == 1
        and len(lists) > 1
    ):
        return [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]
    if (
        lists
        and all(isinstance(c, dict) for c in lists)
        and all(re.fullmatch(r"\d+", key) for key in columns)
    ):
        return lists
    return None


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
