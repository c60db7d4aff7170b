"""Random matrices with given margins, by curveball trades: who could have been on which work, all
else being equal.

A 0/1 matrix is held as rows of columns. In a *trade* two rows keep the columns they share and deal
out the others anew between them, each row getting back as many as it had: no row total and no
column total changes (Strona et al. 2014, doi 10.1038/ncomms5114). All outcomes of a trade being
equally likely, the chain of trades tends to the uniform distribution over the matrices with these
margins (Carstens 2015, doi 10.1103/PhysRevE.91.042812). So does the chain of *rounds*, in which
every row trades once, with a partner drawn at random (global trades: Carstens, Berger & Strona
2018, doi 10.1016/j.mex.2018.06.018). A round is what numpy can do for all rows at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from coauth.errors import MeasureFailed
from coauth.stats.incidence import Flags, Integers

BLOCK = 20
"""Rounds between two looks at the distance from the observed matrix. A round is half a trade per
row, so that 20 are the 10 trades per row below which Neal found no matrix mixed (2023, arXiv
2305.04937); 5 had been the custom.
"""
_MOST_BLOCKS = 100


@dataclass
class Trades:
    """A 0/1 matrix on its walk, and the strata within which its rows trade.

    >>> matrix = Trades.of(np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 2, 0]), np.zeros(3, np.int64))
    >>> generator = np.random.default_rng(1)
    >>> for _ in range(5):
    ...     matrix.round(generator)
    >>> np.bincount(matrix.columns).tolist(), np.diff(matrix.start).tolist()   # both margins, as they were
    ([2, 2, 1], [2, 2, 1])
    """

    columns: Integers
    """the column at each place; places are the ones of the matrix, row after row"""
    start: Integers
    """the first place of each row, and the number of places: as the index pointer of a CSR matrix
    """
    stratum: Integers
    """of each row"""

    @classmethod
    def of(cls, rows: Integers, columns: Integers, stratum: Integers) -> Trades:
        """From the coordinates of the ones; each at most once."""
        order = np.lexsort((columns, rows))
        start = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(stratum)))])
        return cls(columns[order].astype(np.int64), start, stratum)

    def round(self, generator: np.random.Generator) -> None:
        """Every row that has any column trades once; in a stratum of an odd number one row, drawn
        at random, does not.

        All trades are made at once, in arrays with the trade's number in the highest bits. Each row
        keeps its columns in order, so that finding what two rows share is the merging of two sorted
        runs.
        """
        first, second = self._partners(generator)
        trades, bits = len(first), int(self.columns.max(initial=1)).bit_length()
        places, trade = spans(self.start, np.concatenate([first, second]))
        held = np.sort(
            (np.where(trade < trades, trade, trade - trades) << bits) | self.columns[places],
            kind="stable",
        )
        twice = np.zeros(len(held) + 1, bool)
        twice[1:-1] = held[1:] == held[:-1]
        shared = twice[1:] | twice[:-1]
        trade = held >> bits
        common = np.bincount(trade[shared], minlength=trades) // 2
        to_first = np.zeros(len(held), bool)
        to_first[twice[1:]] = True
        to_first[~shared] = _dealt(trade[~shared], np.diff(self.start)[first] - common, generator)
        held &= (1 << bits) - 1
        self.columns[places] = np.concatenate([held[to_first], held[~to_first]])

    def _partners(self, generator: np.random.Generator) -> tuple[Integers, Integers]:
        rows = np.flatnonzero(np.diff(self.start))
        rows = rows[np.argsort(self.stratum[rows] + generator.random(len(rows)), kind="stable")]
        stratum = self.stratum[rows]
        together = np.flatnonzero(stratum[1:] == stratum[:-1])
        chosen = together[ranks(np.bincount(stratum))[together] % 2 == 0]
        return rows[chosen], rows[chosen + 1]

    def states(self, number: int, generator: np.random.Generator) -> Iterator[Integers]:
        """`number` states of `columns`, a round from each other, once the walk has lost its
        beginning.

        It has when, over `BLOCK` rounds, the share of the ones that are not where they were
        observed is on average no larger than it was over the `BLOCK` rounds before: 20 trades per
        row at the least. Raises `MeasureFailed` if it still grows after 100 blocks.
        """
        row = np.repeat(np.arange(len(self.stratum)), np.diff(self.start))
        width = int(self.columns.max(initial=0)) + 1
        observed = np.sort(row * width + self.columns)
        reached = -1.0
        for _ in range(_MOST_BLOCKS):
            moved = 0
            for _ in range(BLOCK):
                self.round(generator)
                moved += int((~_within(row * width + self.columns, observed)).sum())
            if moved <= reached:
                break
            reached = moved
        else:
            raise MeasureFailed(
                f"pairs: the null model still moves away from the observed works after {_MOST_BLOCKS * BLOCK} rounds; "
                "set null_samples = 0 in queries/measures.toml to go on without it"
            )
        for _ in range(number):
            self.round(generator)
            yield self.columns


def _within(keys: Integers, ordered: Integers) -> Flags:
    at = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
    return np.asarray(ordered[at] == keys)


def spans(start: Integers, rows: Integers) -> tuple[Integers, Integers]:
    """Places of these rows, one after the other, and for each place which of the rows it is in."""
    size = start[rows + 1] - start[rows]
    of = np.repeat(np.arange(len(rows)), size)
    return np.repeat(start[rows], size) + ranks(size), of


def ranks(count: Integers) -> Integers:
    """0 … n−1 for each n of `count`, end to end.

    >>> ranks(np.array([2, 0, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    return np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)


def _dealt(trade: Integers, number: Integers, generator: np.random.Generator) -> Flags:
    """Of the entries of each trade (its number, in order), as many as `number` says, drawn at
    random.
    """
    count = np.bincount(trade, minlength=len(number))
    rank, rank_bits = ranks(count), int(count.max(initial=1)).bit_length()
    free = 63 - rank_bits - len(number).bit_length()
    chance = generator.integers(0, 1 << free, len(trade), dtype=np.int64)
    order = np.sort((((trade << free) | chance) << rank_bits) | rank) & ((1 << rank_bits) - 1)
    chosen = np.zeros(len(trade), bool)
    drawn = rank < number[trade]
    chosen[((np.cumsum(count) - count)[trade] + order)[drawn]] = True
    return chosen
