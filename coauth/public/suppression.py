"""Which cells of tied tables must be withheld so that no small one can be worked out from the
others.

A *cell* is a count. Cells are *tied*: one holds others, and what is left of it is a count as well,
the *rest*. A cell or a rest of 1 to 4 is *small*. It is guarded when a reader who knows every cell
that is shown, every tie, and even which cells of 5 and more are withheld for the sake of others,
must still hold each number from 1 to 4 for possible. Taking out the small cells alone does not do
that: a total less the parts that are shown gives one back. So further cells are withheld, as few
and as cheap as possible: the cell suppression problem (Fischetti & Salazar 2001,
doi:10.1287/mnsc.47.7.1008.9805), solved here in whole numbers for one small cell after another,
since withholding more never narrows what was held possible before.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from coauth.errors import DisclosureError

SMALLEST = 5
"""The smallest count that is shown as a rule. So is 0, but as it may be withheld for the sake of
others, a withheld one may be 0.
"""
ROOM = 64
"""By how much a withheld cell is taken to reach above its value: a bound for the solver, larger
than any shift it needs.
"""

K = TypeVar("K", bound=Hashable)
Numbers = npt.NDArray[Any]


def small(value: int | None) -> bool:
    """A count that may be withheld for its own sake; None is one that its source withholds.

    >>> [small(n) for n in (0, 1, 4, 5, None)]
    [False, True, True, False, True]
    """
    return value is None or 0 < value < SMALLEST


@dataclass(frozen=True)
class Tie(Generic[K]):
    """`whole` holds the `parts`, which have no work in common; `exact`: and nothing else."""

    whole: K
    parts: tuple[K, ...]
    exact: bool = False

    def rest(self, values: Mapping[K, int | None]) -> int | None:
        """What is left of the whole; None where a value is not known."""
        known = [values[k] for k in (self.whole, *self.parts)]
        return None if None in known else known[0] - sum(known[1:])  # type: ignore[operator, arg-type]


def withhold(
    values: Mapping[K, int | None],
    ties: Iterable[Tie[K]],
    *,
    cost: Callable[[K], float],
    revealed: Set[K] = frozenset(),
    gone: Set[K] = frozenset(),
) -> frozenset[K]:
    """The cells to withhold, `gone` among them: every small cell, and what guards each small cell
    and small rest.

    `values` holds every cell (None: not known even here, and withheld by its source). `revealed` can no
    longer be withheld, since others have published it; `gone` is withheld already. The order of
    `values` is that in which cells are guarded, so that the same input has the same answer.

    Raises `DisclosureError` where a small cell cannot be guarded: what was told gives it back.

    A total of 12 = 3 + 9: without the nine, 12 − 9 would tell the three.

    >>> cells = {"total": 12, "a": 3, "b": 9}
    >>> sorted(withhold(cells, [Tie("total", ("a", "b"), exact=True)], cost={"total": 9, "a": 1, "b": 1}.get))
    ['a', 'b']
    """
    ties = list(dict.fromkeys(ties))
    hidden = {k for k, v in values.items() if small(v) and k not in revealed} | set(gone)
    for part in _components(values, ties, revealed):
        hidden |= part.guarded(hidden, cost)
    return frozenset(hidden)


def exposed(
    values: Mapping[K, int | None], ties: Iterable[Tie[K]], hidden: Set[K]
) -> list[tuple[K | Tie[K], int, int]]:
    """Small cells and rests of which less than 1 to 4 can be held possible, with the least and the
    most that can.

    >>> cells = {"total": 12, "a": 3, "b": 9}
    >>> exposed(cells, [Tie("total", ("a", "b"), exact=True)], {"a"})
    [('a', 3, 3)]
    """
    ties = list(dict.fromkeys(ties))
    found: list[tuple[K | Tie[K], int, int]] = []
    for part in _components(values, ties, frozenset()):
        found += part.exposed(hidden)
    return found


# -- cells that are tied to each other, in any number of steps


def _components(
    values: Mapping[K, int | None], ties: Sequence[Tie[K]], revealed: Set[K]
) -> Iterator[_Component[K]]:
    """Ties that share no cell can be looked at apart. What is told is constant and joins nothing."""
    place = {k: n for n, k in enumerate(values)}
    pairs = [(place[t.whole], place[p]) for t in ties for p in t.parts]
    pairs += [
        (place[a], place[b]) for t in ties for a, b in zip(t.parts, t.parts[1:], strict=False)
    ]
    constant = {place[k] for k in revealed}
    pairs = [(a, b) for a, b in pairs if not {a, b} & constant]
    rows, columns = (np.array([p[side] for p in pairs], dtype=int) for side in (0, 1))
    graph = sparse.coo_array((np.ones(len(pairs)), (rows, columns)), shape=(len(place), len(place)))
    _, label = sparse.csgraph.connected_components(graph, directed=False)
    cells: dict[int, list[K]] = {}
    for k, n in place.items():
        if k not in revealed:
            cells.setdefault(int(label[n]), []).append(k)
    inside: dict[int, list[Tie[K]]] = {}
    for t in ties:
        if free := [k for k in (t.whole, *t.parts) if k not in revealed]:
            inside.setdefault(int(label[place[free[0]]]), []).append(t)
    for n, members in cells.items():
        yield _Component(values, members, inside.get(n, []))


class _Component(Generic[K]):
    """Some cells and all their ties, as a programme in whole numbers: a column a cell, a row a tie."""

    def __init__(
        self, values: Mapping[K, int | None], cells: Sequence[K], ties: Sequence[Tie[K]]
    ) -> None:
        self.values, self.cells, self.ties = values, cells, ties
        place = {k: n for n, k in enumerate(cells)}
        self.rows = np.zeros((len(ties), len(cells)))
        fixed = np.zeros(len(ties))
        for row, tie in enumerate(ties):
            for sign, k in ((1, tie.whole), *((-1, p) for p in tie.parts)):
                if k in place:
                    self.rows[row, place[k]] += sign
                else:
                    fixed[row] += sign * (values[k] or 0)
        self.least = -fixed
        self.most = np.where([t.exact for t in ties], -fixed, np.inf)
        self.value = np.array([_middle(values[k]) for k in cells], dtype=float)
        self.low = np.array(
            [0.0 if small(values[k]) or values[k] == 0 else SMALLEST for k in cells]
        )
        self.high = np.array(
            [
                SMALLEST - 1.0 if values[k] is None else self.value[n] + ROOM
                for n, k in enumerate(cells)
            ]
        )

    def _aims(self) -> Iterator[tuple[K | Tie[K], int | None, int | None]]:
        """Each small cell (by column) and small rest (by row)."""
        for n, k in enumerate(self.cells):
            if small(self.values[k]):
                yield k, n, None
        for n, t in enumerate(self.ties):
            rest = t.rest(self.values)
            if not t.exact and rest is not None and small(rest):
                yield t, None, n

    def guarded(self, hidden: Set[K], cost: Callable[[K], float]) -> set[K]:
        """The cells to withhold besides `hidden`."""
        more: set[K] = set()
        if not self.ties:
            return more
        for aim, column, row in self._aims():
            taken = np.array([k in hidden or k in more for k in self.cells])
            price = np.array(
                [0.0 if t else cost(k) for k, t in zip(self.cells, taken, strict=True)]
            )
            found = self._solve(taken, price, column, row)
            if found is None:
                raise DisclosureError(
                    f"a small cell ({aim}) can be worked out from what earlier public editions show; withdraw those, "
                    "or remove them from reports/ if they were never published"
                )
            more |= {k for k, z in zip(self.cells, found, strict=True) if z}
        return more - hidden

    def _solve(
        self, taken: Numbers, price: Numbers, column: int | None, row: int | None
    ) -> Numbers | None:
        """The cheapest cells to withhold so that the aim may be 1 and may be 4: one table of
        possible values for each.
        """
        n = len(self.cells)
        none = sparse.csr_array((len(self.ties), n))
        rows, reach = sparse.csr_array(self.rows), sparse.eye_array(n, format="csr")
        down, up = (
            sparse.diags_array(self.value - self.low),
            sparse.diags_array(self.high - self.value),
        )
        blank = sparse.csr_array((n, n))
        constraints = []
        for end in (0, 1):
            tables = [blank, blank]
            tables[end] = reach
            tied = [none, none]
            tied[end] = rows
            least, most = self.least.copy(), self.most.copy()
            if row is not None:
                least[row] = most[row] = self.least[row] + (1, SMALLEST - 1)[end]
            constraints += [
                optimize.LinearConstraint(
                    sparse.hstack([down, *tables], format="csr"), self.value, np.inf
                ),  # x ≥ value − (value − low) z
                optimize.LinearConstraint(
                    sparse.hstack([-up, *tables], format="csr"), -np.inf, self.value
                ),  # x ≤ value + (high − value) z
                optimize.LinearConstraint(sparse.hstack([none, *tied], format="csr"), least, most),
            ]
        low, high = (
            np.concatenate([taken.astype(float), self.low, self.low]),
            np.concatenate([np.ones(n), self.high, self.high]),
        )
        if column is not None:
            low[n + column] = high[n + column] = 1
            low[2 * n + column] = high[2 * n + column] = SMALLEST - 1
        objective = np.concatenate([price, np.zeros(2 * n)])
        solved = optimize.milp(
            objective, integrality=1, bounds=optimize.Bounds(low, high), constraints=constraints
        )
        return None if solved.x is None else solved.x[:n].round().astype(bool)

    def exposed(self, hidden: Set[K]) -> Iterator[tuple[K | Tie[K], int, int]]:
        taken = np.array([k in hidden for k in self.cells])
        for aim, column, row in self._aims():
            least, most = (self._furthest(taken, column, row, sign) for sign in (1, -1))
            if least > 1 or most < SMALLEST - 1:
                yield aim, least, most

    def _furthest(self, taken: Numbers, column: int | None, row: int | None, sign: int) -> int:
        """The least (sign 1) or the most (−1) that a cell or a rest can be."""
        objective = np.eye(len(self.cells))[column] if column is not None else self.rows[row]
        bounds = optimize.Bounds(
            np.where(taken, self.low, self.value), np.where(taken, self.high, self.value)
        )
        tied = optimize.LinearConstraint(self.rows, self.least, self.most)
        solved = optimize.milp(
            sign * objective,
            integrality=1,
            bounds=bounds,
            constraints=[tied] if len(self.ties) else [],
        )
        return round(float(sign * solved.fun - (0 if column is not None else self.least[row])))


def _middle(value: int | None) -> int:
    return 2 if value is None else value
