"""Filters: a text of the query, read into tests of records."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from typing import Any

from tests.support.standin.fields import Field, Test, bare, known_field, openalex_id
from tests.support.standin.limits import OR_VALUES
from tests.support.standin.wire import bad_query


def split_filter(text: str) -> list[str]:
    """Split on the commas that do not stand in double quotes (read)."""
    return [part for part in re.findall(r'(?:[^,"]|"[^"]*"?)+', text) if part]


def parse_filter(text: str) -> list[tuple[Field, str]]:
    """`,` is AND between filters. Hyphens in names become underscores; empty and undefined values
    are refused (read).
    """
    parsed = []
    for part in split_filter(text):
        name, _, value = part.partition(":")
        if value.strip().lower() in ("", "none", "undefined"):
            raise bad_query(f"Invalid query parameter in {part}.")
        parsed.append((known_field(name.strip().replace("-", "_")), value.strip()))
    return parsed


def number_test(one: Field, value: str) -> Test:
    """`2020`, `2011-2024`, open ends, `>5`, `<5` (read; the wording of the refusal is guessed)."""
    shape = re.fullmatch(
        r"(?P<sign>[<>])?(?P<low>\d+(?:\.\d+)?)?(?P<dash>-)?(?P<high>\d+(?:\.\d+)?)?", value
    )
    if not shape or not (shape["low"] or shape["high"]) or (shape["sign"] and shape["dash"]):
        raise bad_query(f"Value for param {one.name} must be a number.")
    low = float(shape["low"]) if shape["low"] else -math.inf
    if shape["sign"] == ">":
        return lambda have: have is not None and have > low
    if shape["sign"] == "<":
        return lambda have: have is not None and have < low
    high = low if not shape["dash"] else float(shape["high"]) if shape["high"] else math.inf
    return lambda have: have is not None and low <= have <= high


def date_value(one: Field, value: str) -> str:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return dt.date.fromisoformat(value).isoformat()
        except ValueError:
            pass
    message = (
        f"Value for param {one.name} is an invalid date. Format is yyyy-mm-dd (e.g. 2020-05-17)."
    )
    raise bad_query(message)


def date_test(one: Field, value: str) -> Test:
    """From and to are inclusive; the plain date takes a day, `>` or `<` (read)."""
    if value[:1] in "<>":
        limit = date_value(one, value[1:])
        if value[0] == "<":
            return lambda have: have is not None and have < limit
        return lambda have: have is not None and have > limit
    limit = date_value(one, value)
    if one.name.startswith("from_"):
        return lambda have: have is not None and have >= limit
    if one.name.startswith("to_"):
        return lambda have: have is not None and have <= limit
    return lambda have: have == limit


def flag_test(one: Field, value: str) -> Test:
    if value.lower() not in ("true", "false"):
        choices = "true or false," if one.kind == "present" else "true, false null, or !null:"
        raise bad_query(f"Value for {one.name} must be {choices} not {value.lower()}.")
    wanted = value.lower() == "true"
    return lambda have: have is wanted


def set_test(one: Field, values: Sequence[str], every: bool) -> Test:
    wanted = frozenset(openalex_id(value) if one.kind == "id" else bare(value) for value in values)
    return (lambda have: wanted <= have) if every else (lambda have: not wanted.isdisjoint(have))


def search_test(value: str) -> Test:
    """All the words, or the quoted phrase; no stemming and no ranking, unlike the real search."""
    words = [value.strip('"').lower()] if value.startswith('"') else value.lower().split()
    return lambda have: all(word in have for word in words)


def plain_test(one: Field, values: Sequence[str], every: bool) -> Test:
    """A test for values without negation; `every` asks for all of them (`+`), otherwise one is
    enough (`|`).
    """
    if one.kind in ("term", "id"):
        return set_test(one, values, every)
    make = {"number": number_test, "date": date_test, "flag": flag_test, "present": flag_test}.get(
        one.kind
    )
    tests = [make(one, value) if make else search_test(value) for value in values]
    if len(tests) == 1:
        return tests[0]
    return (
        (lambda have: all(test(have) for test in tests))
        if every
        else (lambda have: any(t(have) for t in tests))
    )


def is_missing(have: Any) -> bool:
    return have is None or have == frozenset() or have == ""


def filter_test(one: Field, value: str) -> Test:
    """`null` and `!null`; `|` is OR; a space (a plus in the URL) is AND; `!` in front denies the
    whole (read).
    """
    if value == "null":
        return is_missing
    if value == "!null":
        return lambda have: not is_missing(have)
    denied = value.startswith("!")
    text = value.removeprefix("!")
    every = "|" not in text and one.kind in ("term", "id") and not text.startswith('"')
    values = text.split("|") if "|" in text else text.split() if every else [text]
    if len(values) > OR_VALUES:
        raise bad_query(
            f"Maximum number of values exceeded for {one.name}. Decrease values to {OR_VALUES} or below, "
            "or consider downloading the full dataset at https://docs.openalex.org/download-snapshot"
        )
    for inner in values if not denied else ():
        if inner.startswith("!"):
            raise bad_query(
                "The ! operator can only be used at the beginning of an OR query, like "
                "/works?filter=concepts.id:!C144133560|C15744967, meaning NOT (C144133560 or C15744967). "
                f"Problem value: {inner}"
            )
    test = plain_test(one, [inner.replace("!", "") for inner in values], every)
    return (lambda have: not test(have)) if denied else test
