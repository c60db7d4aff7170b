"""What a public edition counts, cell by cell, and which cells hold which others.

Every number of the edition is one of these cells or is made from them, so what is withheld here is
withheld everywhere. Series overlap (a work counts once for every group it touches); what ties them
is that one may hold another: Europe holds no Nordic country outside it, but China holds a list of
Chinese universities, and all international works hold China.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from coauth.public.suppression import Tie
from coauth.queries import Queries
from coauth.stats import areas
from coauth.tables.schemas import Tables, own_basis

COVERAGE = {
    "works": ("works", "all"),
    "works_complete": ("works", "complete"),
    "authorships": ("authorships", "all"),
    "authorships_with_institution": ("authorships", "with institution"),
}
"""Columns of the table `coverage` as unit and series of a cell."""
INTERNATIONAL = "international"
LIST = "list:"
TOTAL = "total"


class Cell(NamedTuple):
    """A count of the edition. Ids are those of the tables; `first_year` and `last_year` are the
    same for a single year.
    """

    unit: str
    """works, authorships or admissions"""
    series: str
    """all, complete, international, a group, `list:…`; with institution (authorships); a country or
    total (admissions)
    """
    basis: str
    """union or institution (works with partners); the source (admissions); else empty"""
    first_year: int
    last_year: int
    area: str = ""
    """area of the EU-10; empty: works of any"""


Counts = dict[Cell, int | None]
"""None: withheld by the source."""


def count(tables: Tables, queries: Queries) -> Counts:
    """Every cell of the measured years: series, coverage, technology areas of the last window,
    admissions.
    """
    first, last = queries.scope.first_year, queries.scope.last_year
    return dict(
        sorted(
            (
                *_series(tables, queries, first, last),
                *_coverage(tables, first, last),
                *_areas(tables, queries),
                *_admissions(tables, first, last),
            )
        )
    )


def _within(table: pa.Table, first: int, last: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.filter(
        pc.and_(pc.greater_equal(table["year"], first), pc.less_equal(table["year"], last))
    ).to_pylist()
    return rows


def shown_series(queries: Queries) -> frozenset[tuple[str, str]]:
    """Series and basis of a public edition: Figure 1, the lists, and all international works, which
    shares are of.
    """
    groups = [g.id for g in queries.partners if g.figure]
    lists = [f"list:{w.id}" for w in queries.watchlists if w.enabled]
    return frozenset(
        [
            *((s, own_basis(s)) for s in (*groups, *lists)),
            (INTERNATIONAL, "union"),
            (INTERNATIONAL, "institution"),
        ]
    )


def _series(tables: Tables, queries: Queries, first: int, last: int) -> Iterator[tuple[Cell, int]]:
    shown = shown_series(queries)
    for r in _within(
        tables["copublications"].select(["year", "group_id", "basis", "works"]), first, last
    ):
        if (r["group_id"], r["basis"]) in shown:
            yield Cell("works", r["group_id"], r["basis"], r["year"], r["year"]), r["works"]


def _coverage(tables: Tables, first: int, last: int) -> Iterator[tuple[Cell, int]]:
    years = tables["coverage"].group_by("year").aggregate([(c, "sum") for c in COVERAGE])
    for r in _within(years, first, last):
        for column, (unit, name) in COVERAGE.items():
            yield Cell(unit, name, "", r["year"], r["year"]), r[f"{column}_sum"]


def last_window(queries: Queries) -> tuple[int, int]:
    return queries.scope.last_year - queries.measures.window + 1, queries.scope.last_year


def _areas(tables: Tables, queries: Queries) -> Iterator[tuple[Cell, int]]:
    window = last_window(queries)
    rows = areas.profiles(
        tables["memberships"], tables["technologies"], areas.series(queries), window, queries
    ).to_pylist()
    for r in rows:
        basis = own_basis(r["series"])
        yield Cell("works", r["series"], basis, *window, r["area_id"]), r["works"]
        yield Cell("works", r["series"], basis, *window), r["total"]


def _admissions(tables: Tables, first: int, last: int) -> Iterator[tuple[Cell, int | None]]:
    for r in _within(tables["admissions"], first, last):
        yield (
            Cell("admissions", r["country_code"], r["source"], r["year"], r["year"]),
            r["admissions"],
        )


# -- which series holds which


@dataclass(frozen=True)
class Reach:
    """What a work must have to be counted: one of these countries, or one of these institutions in
    them.
    """

    countries: frozenset[str | None]
    members: frozenset[str] | None = None
    """None: any institution of the countries."""


class Reaches:
    """The reach of every series, and of institutions that are counted together."""

    def __init__(self, tables: Tables, queries: Queries) -> None:
        rows = tables["institutions"].select(["institution_id", "country_code"]).to_pylist()
        self.country: dict[str, str | None] = {r["institution_id"]: r["country_code"] for r in rows}
        self.home = frozenset(queries.scope.countries)
        self.groups = {g.id: g for g in queries.groups.group}
        self.listed: dict[str, set[str]] = defaultdict(set)
        for r in tables["listed"].select(["institution_id", "list_id"]).to_pylist():
            self.listed[f"{LIST}{r['list_id']}"].add(r["institution_id"])

    def of(self, institutions: Iterable[str]) -> Reach:
        """Of institutions counted together; the country of one may not be known."""
        members = frozenset(institutions)
        return Reach(frozenset(self.country.get(i) for i in members), members)

    def of_series(self, series: str) -> Reach:
        return (
            self.of(self.listed[series])
            if series.startswith(LIST)
            else Reach(frozenset(self.groups[series].countries) - self.home)
        )

    def within(self, reach: Reach, series: str, year: int) -> bool:
        """Whether a work of that reach is sure to be counted in the series in that year."""
        if series == "all":
            return True
        if series == INTERNATIONAL:
            return None not in reach.countries and not reach.countries & self.home
        if series.startswith(LIST):
            return reach.members is not None and reach.members <= self.listed[series]
        group = self.groups[series]
        return reach.countries <= frozenset(group.countries) - self.home and (
            group.valid_from or year
        ) <= year <= (group.valid_to or year)

    def holds(self, whole: Cell, part: Cell) -> bool:
        """Whether every work of one cell is in the other; both are cells of works, of the same
        years.
        """
        if (
            whole == part
            or whole.area not in ("", part.area)
            or ("complete" in (whole.series, part.series) and whole.series != "all")
        ):
            return False
        if whole.series == "all":
            return True
        if part.series == "all" or (part.basis, whole.basis) == ("union", "institution"):
            return False
        if part.series == whole.series:
            return True
        return part.series != INTERNATIONAL and self.within(
            self.of_series(part.series), whole.series, whole.first_year
        )


def ties(cells: Mapping[Cell, int | None], reaches: Reaches, queries: Queries) -> list[Tie[Cell]]:
    """Every way in which one cell holds others. One that the counts contradict does not hold, and
    ties nothing.
    """
    found = [
        *_nested(cells, reaches),
        *_windows(cells, queries),
        *_authorships(cells),
        *_totals(cells, reaches.home),
    ]
    return [t for t in found if (rest := t.rest(cells)) is None or rest >= 0]


def _nested(cells: Mapping[Cell, int | None], reaches: Reaches) -> Iterator[Tie[Cell]]:
    periods: dict[tuple[int, int], list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.unit == "works":
            periods[cell.first_year, cell.last_year].append(cell)
    for together in periods.values():
        yield from (
            Tie(whole, (part,))
            for whole, part in permutations(together, 2)
            if reaches.holds(whole, part)
        )


def _windows(cells: Mapping[Cell, int | None], queries: Queries) -> Iterator[Tie[Cell]]:
    """A window is the sum of its years."""
    for cell in cells:
        if cell.unit == "works" and cell.first_year < cell.last_year and not cell.area:
            years = [
                cell._replace(first_year=y, last_year=y)
                for y in range(cell.first_year, cell.last_year + 1)
            ]
            if all(y in cells for y in years):
                yield Tie(cell, tuple(years), exact=True)


def _authorships(cells: Mapping[Cell, int | None]) -> Iterator[Tie[Cell]]:
    for cell in cells:
        if cell.series == "with institution":
            yield Tie(cell._replace(series="all"), (cell,))


def _totals(cells: Mapping[Cell, int | None], home: Container[str]) -> Iterator[Tie[Cell]]:
    """A year's total holds the countries, and so does all from abroad but for home; of any source,
    since all count the same persons.
    """
    admitted = [c for c in cells if c.unit == "admissions"]
    sums = (TOTAL, INTERNATIONAL)
    for whole in (c for c in admitted if c.series in sums):
        for source in sorted({c.basis for c in admitted}):
            mine = {
                c.series: c
                for c in admitted
                if (c.basis, c.first_year) == (source, whole.first_year)
            }
            countries = {s: c for s, c in mine.items() if s not in sums}
            abroad = tuple(c for s, c in countries.items() if s not in home)
            parts = [abroad] if whole.series == INTERNATIONAL else [tuple(countries.values())]
            if whole.series == TOTAL and INTERNATIONAL in mine:
                parts.append((mine[INTERNATIONAL], *(c for s, c in countries.items() if s in home)))
            yield from (Tie(whole, p) for p in parts if p)


def told_elsewhere(cells: Mapping[Cell, int | None]) -> frozenset[Cell]:
    """Totals of admissions, which statistical offices publish: to withhold them guards nothing."""
    return frozenset(
        c
        for c, v in cells.items()
        if c.unit == "admissions" and c.series == TOTAL and v is not None
    )


def cost(cell: Cell) -> float:
    """What is lost to readers where a cell is withheld: least for what stands behind other numbers,
    most for the totals.
    """
    if cell.series == "all":
        price = 60.0
    elif cell.series == INTERNATIONAL:
        price = 4.0 if cell.basis == "institution" else 40.0
    elif cell.unit != "works" or cell.series == "complete":
        price = 20.0 if cell.series == TOTAL else 2.0
    else:
        price = 1.0 if cell.area else 3.0 if cell.first_year < cell.last_year else 10.0
    return price
