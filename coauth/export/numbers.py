"""How numbers are written in every text format."""

from __future__ import annotations

import math

from coauth.errors import TableError

DIGITS = 10  # weights are sums of whole 2⁻⁴⁰: seventeen works must read 17, not 16.99999999999909


def finite(value: float) -> str:
    """A number in at most ten significant digits (Parquet keeps all). Raises `TableError` for NaN
    and infinity.

    >>> finite(16.99999999999909), finite(1 / 3), finite(2024)
    ('17', '0.3333333333', '2024')
    """
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        raise TableError(f"a number to export is {value}; what cannot be had must be null")
    return format(value, f".{DIGITS}g")
