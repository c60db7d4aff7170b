"""Text of records where it could do something: in a cell of a spreadsheet, on a terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # a command that only answers needs none
    import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ACTIVE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
"""Control characters but tab and line feed, and marks of direction."""

Value = TypeVar("Value")


def cell(value: Value) -> Value | str:
    """A value that no spreadsheet takes for a formula: text that begins like one gets an apostrophe.

    >>> cell("=HYPERLINK(A1)"), cell("Lund"), cell(-1.5)
    ("'=HYPERLINK(A1)", 'Lund', -1.5)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def spreadsheet(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with every text as `cell` gives it."""
    escaped = rows.copy()
    for name in rows.select_dtypes(exclude=["number", "bool", "datetime"]).columns:
        escaped[name] = rows[name].map(cell)
    return escaped


def terminal(text: str) -> str:
    """Text that neither moves the cursor nor turns the direction: such a character is shown by its
    number.

    >>> terminal("Lund\\x1b[2J \\u202edk")
    'Lund\\\\u001b[2J \\\\u202edk'
    """
    return _ACTIVE.sub(lambda c: f"\\u{ord(c[0]):04x}", text)
