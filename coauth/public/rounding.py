"""Counts as a public edition tells them: 0 is 0, 1 to 4 is "<5", any other a multiple of 5 near it.

National statistical offices publish counts of persons so (Statistics Canada and Statistics New Zealand
round to a base at random): no published count is exact, so none that is withheld can be worked out from
others, and nothing has to be solved to know it.

A work has a key, a cell the sum of the keys of its works, and the cell's key decides how it is rounded
(the cell-key method: Thompson, Broadfoot & Elazar 2013, UNECE/Eurostat work session on statistical data
confidentiality). The same works are therefore the same number in every table, language, export and
edition, and nobody learns more from seeing it twice; one work more, and the number is drawn anew. The
keys rest on a secret: who knew it could take the rounding off again.

Rounding alone has a bound, and bounds add up: three cells of 1 to 4 whose sum is published as 15 are 3
or 4 each, since no sum below 11 becomes 15; of two cells whose sum is published at all, and of which one
is at most 2, the other is 3 or 4. So one number in five is moved further, by 5 or more without a bound, up
or down, and may then read "<5" itself; its mean stays. A published number says for certain no more than
that there are at least 5 works, and "<5" no more than that there is one.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

BASE = 5
"""Published counts are multiples of it; smaller counts than it are not told, but for 0."""
MOVED = 0.2
"""Share of numbers that are moved beyond the next multiple."""
VARIANCE = (BASE**2 - 1) / 6 + MOVED * BASE**2 * 20 / 9
"""Of a published count about the true one: the mean of r(5 − r) over the remainders r = 0 … 4, and the
second moment of a move, 5² E j² with P(j) = 3·4⁻ʲ; smaller where a count is near 5.
"""

Keys = NDArray[np.uint64]


class Rounding:
    """The rounding of one project, by its `secret`."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def keys(self, ids: Iterable[str]) -> Keys:
        """A key for each work; sums of keys wrap around at 2⁶⁴."""
        return np.array([self._draw(i.encode()) for i in ids], np.uint64)

    def round(self, counts: Iterable[int], keys: Iterable[int]) -> NDArray[np.float64]:
        """Each count as it is published, by the key of its cell; NaN for "<5".

        A count n = 5m + r of 5 or more goes to 5m + 5 with probability r/5 and to 5m otherwise. One
        number in five is moved then: with j = 1, 2, 3 … of probability 3·4⁻ʲ and d the smaller of 5j and
        the number, up by 5j with probability d/(5j + d), down by d otherwise; what falls to 0 reads
        "<5". So the mean over all keys is n, "<5" taken for 0, and any n from 5 on may become any
        multiple of 5 or "<5".

        >>> Rounding(b"secret").round([0, 4, 5], [1, 2, 3]).tolist()
        [0.0, nan, 5.0]
        >>> many = np.nan_to_num(Rounding(b"secret").round([12] * 100_000, range(100_000)))
        >>> {int(n): int(times) for n, times in zip(*np.unique(many, return_counts=True)) if times > 1000}
        {0: 1775, 5: 5346, 10: 51003, 15: 36512, 20: 4084}
        >>> many.mean().round(1).item(), many.var().round().item()
        (12.0, 16.0)
        """
        return np.array(
            [self._published(int(n), int(k)) for n, k in zip(counts, keys, strict=True)]
        )

    def _published(self, count: int, key: int) -> float:
        if count < BASE:
            return np.nan if count else 0.0
        up, moved, far, side = self._lots(key.to_bytes(8, "little"))
        m = count // BASE + (up < count % BASE / BASE)
        if moved < MOVED:
            j = max(1, math.ceil(-math.log(1 - far, 4)))
            d = min(j, m)
            m += j if side < d / (j + d) else -d
        return float(BASE * m) if m else np.nan

    def cells(self, rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
        """The published number of works of each cell of `rows`, which has a row for each of its works:
        columns `by` and `works`, NaN for "<5".
        """
        keyed = rows[[*by, "work_id"]].drop_duplicates()
        keyed = keyed.assign(key=self.keys(keyed["work_id"]))
        cells = keyed.groupby(list(by), sort=True, as_index=False).agg(
            works=("key", "size"), key=("key", "sum")
        )
        return cells.assign(works=self.round(cells["works"], cells["key"])).drop(columns="key")

    def _draw(self, text: bytes) -> int:
        """A number below 2⁶⁴ that only who has the secret can tell."""
        return int.from_bytes(self._hash(text)[:8], "little")

    def _lots(self, text: bytes) -> list[float]:
        """Four such numbers of a cell, from 0 to below 1."""
        digest = self._hash(b"cell" + text)
        return [int.from_bytes(digest[8 * n : 8 * n + 8], "little") / 2.0**64 for n in range(4)]

    def _hash(self, text: bytes) -> bytes:
        return hashlib.blake2b(text, key=self._secret, digest_size=32).digest()
