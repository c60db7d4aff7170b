"""How much memory a build may take, and who gets how much of it."""

from __future__ import annotations

import re

from coauth.errors import QueryError

UNLESS_SAID = "4GB"
SQL = 0.4
"""Of all, for DuckDB, which spills the rest to disk: the others are left to Arrow, numpy and the
processes that read pages.
"""
WINDOWS = 0.6
"""Of all, for the processes that measure windows; the engine is closed by then, and what they are
cut from takes the rest.
"""

_UNITS = {"": 1000, "i": 1024}


def part(memory: str | None, share: float) -> int:
    """This share of `memory`, in bytes.

    Raises `QueryError` for what is no number and unit.

    >>> part("2GB", 0.4), part("1.5 GiB", 1)
    (800000000, 1610612736)
    """
    if not (found := re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT])(i?)B", memory or UNLESS_SAID)):
        raise QueryError(f"memory '{memory}': give a number and a unit, such as 2GB")
    return int(share * float(found[1]) * _UNITS[found[3]] ** (1 + "KMGT".index(found[2])))
