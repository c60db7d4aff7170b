"""Where works moved from one id to another: a fall beside a rise that is not two institutions'
doing.

OpenAlex and ROR replace ids, merge records and move works between a parent and its parts. The one
id then falls and the other rises, as sure as can be, and nothing happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from numpy.typing import NDArray

from coauth.queries import Period
from coauth.stats.incidence import Floats, Incidence, Integers

LEAST = 10.0
"""Works by which an id has to fall or rise before its partners and fields can be told from
another's.
"""
PART = 0.2
"""The part of its works that an id has to lose, or to gain, at least."""
CLEAR = 0.9
"""How much nearer than any other past, its own included, the giver's has to be. Of works that moved
the nearest is at 0.6 to 0.88 of the next, by chance at 0.93 and more (worlds of
tests/studies/simulation).
"""
BALANCE = 2.0
"""How many times the one may have moved by what the other did: others' works come and go too."""


@dataclass(frozen=True)
class Move:
    """Works that seem to have gone from one id to another."""

    source: str
    target: str
    distance: float
    """Hellinger's, between what the target gained and the source's past: 0 the same, 1 nothing alike"""

    def other(self, name: str) -> str:
        return self.target if name == self.source else self.source


class Moves:
    """The moves between ids of one country, or of one lineage, from one window to another."""

    def __init__(self, world: Incidence, period: Period, institutions: pa.Table) -> None:
        self._names = world.institutions.astype(str)
        before, after = (np.flatnonzero(world.within(window)) for window in period)
        self._matrix = [world.matrix[before], world.matrix[after]]
        fields = _fields(world)
        self._fields = [fields[before], fields[after]]
        self._grown = len(after) / max(len(before), 1)
        self._works = [np.asarray(part.sum(axis=0), np.float64).ravel() for part in self._matrix]
        self._kin = _Kin(institutions)

    @cached_property
    def moves(self) -> list[Move]:
        """Each rise with the fall that its new works resemble most, where they resemble that more
        than the riser's own past.

        Of an id that rose, what it gained is held against the past of all that may have given it:
        partners and fields of works, each a distribution, by Hellinger's distance √(1 − Σ√(pq)).
        The nearest past has to be `CLEAR`, and that of an id that fell by about as much.
        """
        expected = self._grown * self._works[0]
        moved = self._works[1] - expected
        least = np.maximum(LEAST, PART * np.maximum(expected, self._works[1]))
        fell, rose = np.flatnonzero(-moved >= least), np.flatnonzero(moved >= least)
        return [move for target in rose for move in self._into(int(target), fell, moved)]

    def of(self, name: str) -> Move | None:
        """The move that a change of this institution may be."""
        return next((m for m in self.moves if name in (m.source, m.target)), None)

    def _into(self, target: int, fell: Integers, moved: Floats) -> Iterator[Move]:
        pasts = self._kin.of(self._names, target)
        pasts = pasts[(self._works[0][pasts] >= LEAST) | (pasts == target)]
        gained = self._gained(target)
        distance = {int(past): _hellinger(gained, self._past(past, target)) for past in pasts}
        if not distance:
            return
        nearest = min(distance, key=lambda past: distance[past])
        next_ = min((d for past, d in distance.items() if past != nearest), default=1.0)
        balanced = BALANCE >= -moved[nearest] / moved[target] >= 1 / BALANCE
        if nearest in fell and balanced and distance[nearest] <= CLEAR * next_:
            yield Move(
                str(self._names[nearest]),
                str(self._names[target]),
                distance[nearest],
            )

    def _past(self, institution: int, target: int) -> tuple[Floats, Floats]:
        return self._profile(0, institution, (institution, target))

    def _gained(self, target: int) -> tuple[Floats, Floats]:
        was, became = (self._profile(n, target, (target,)) for n in (0, 1))
        return tuple(np.maximum(a - self._grown * b, 0.0) for b, a in zip(was, became, strict=True))  # type: ignore[return-value]

    def _profile(
        self, window: int, institution: int, without: tuple[int, ...]
    ) -> tuple[Floats, Floats]:
        """Works of an institution with each partner, and in each field."""
        matrix, fields = self._matrix[window], self._fields[window]
        rows = self._rows(window, institution)
        partners = np.asarray(matrix[rows].sum(axis=0), np.float64).ravel()
        partners[list(without)] = 0.0
        return partners, np.asarray(fields[rows].sum(axis=0), np.float64).ravel()

    def _rows(self, window: int, institution: int) -> Integers:
        by = self._by[window]
        rows = by.indices[by.indptr[institution] : by.indptr[institution + 1]]
        return np.asarray(rows, np.int64)

    @cached_property
    def _by(self) -> list[sp.csr_array]:
        return [sp.csr_array(matrix.T) for matrix in self._matrix]


class _Kin:
    """Which ids may be the same institution: those of one country, and those of one lineage."""

    def __init__(self, institutions: pa.Table) -> None:
        rows = institutions.select(["institution_id", "country_code", "lineage"]).to_pylist()
        self._country = {r["institution_id"]: r["country_code"] for r in rows}
        self._lineage = {r["institution_id"]: frozenset(r["lineage"] or ()) for r in rows}

    def of(self, names: NDArray[np.str_], target: int) -> Integers:
        name = str(names[target])
        country, lineage = self._country.get(name), self._lineage.get(name, frozenset())
        return np.array(
            [
                n
                for n, other in enumerate(names)
                if (country and self._country.get(other) == country)
                or name in self._lineage.get(other, ())
                or other in lineage
            ],
            np.int64,
        )


def _fields(world: Incidence) -> sp.csr_array:
    """works × fields."""
    code = pc.rank(
        pc.fill_null(world.works["field_id"].combine_chunks(), ""), tiebreaker="dense"
    ).to_numpy()
    n = len(code)
    return sp.csr_array((np.ones(n), code.astype(np.int64) - 1, np.arange(n + 1)))


def _hellinger(one: tuple[Floats, Floats], two: tuple[Floats, Floats]) -> float:
    """Root mean square over partners and fields.

    >>> even, first = np.array([1.0, 1.0]), np.array([2.0, 0.0])
    >>> round(_hellinger((even, even), (first, even)), 4)       # √((1 − √½)/2)
    0.3827
    """
    return float(np.sqrt(np.mean([1 - _alike(p, q) for p, q in zip(one, two, strict=True)])))


def _alike(p: Floats, q: Floats) -> float:
    """Bhattacharyya's coefficient of two lists of counts; 0 where one of them is empty."""
    total = np.sqrt(p.sum() * q.sum())
    return min(1.0, float(np.sqrt(p * q).sum() / total)) if total > 0 else 0.0
