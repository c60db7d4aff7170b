"""The tables of a public edition: every cell of `cells`, the withheld ones without a number, and
nothing that rests on works.

The report is made of these tables by the same code as the internal one. What is not in them cannot
be drawn, written or worked out: no work, no institution, no pair, no centrality, no shift. Earlier
public editions are looked at together with the new one, for a reader has them side by side: a count
that did not change between two harvests is one cell of both, so that what was shown then is known
now, and what is shown now would be known of then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coauth.public.cells import (
    COVERAGE,
    INTERNATIONAL,
    Cell,
    Counts,
    Reaches,
    cost,
    count,
    last_window,
    shown_series,
    ties,
    told_elsewhere,
)
from coauth.public.network import Bounds
from coauth.public.suppression import Tie, small, withhold
from coauth.queries import Queries
from coauth.stats.counts import with_intervals
from coauth.tables import schemas
from coauth.tables.schemas import Name, Tables, own_basis

COPUBLICATIONS = schemas.COPUBLICATIONS.published(
    "works", "works_low", "works_high", more=(schemas.WITHHELD,)
)
PROFILES = schemas.PROFILES.published("works", "total", more=(schemas.WITHHELD,))
COVERAGE_YEARS = schemas.COVERAGE.published(*COVERAGE)


@dataclass(frozen=True)
class Counted:
    """The cells of a vintage and what ties them."""

    cells: Counts
    ties: tuple[Tie[Cell], ...]

    @classmethod
    def of(cls, tables: Tables, queries: Queries, reaches: Reaches | None = None) -> Counted:
        cells = count(tables, queries)
        return cls(cells, tuple(ties(cells, reaches or Reaches(tables, queries), queries)))


@dataclass(frozen=True)
class Earlier:
    """An earlier public edition: what it shows and withholds, and the counts of its vintage that it
    rests on.
    """

    vintage: str
    counted: Counted
    published: Mapping[Cell, int]
    withheld: frozenset[Cell]

    @property
    def values(self) -> Counts:
        """What it shows stands as it was shown, whatever would be counted today."""
        return dict(self.published) | {
            c: v for c, v in self.counted.cells.items() if c in self.withheld
        }


@dataclass(frozen=True)
class Edition:
    """The tables of a public edition, and what became of every cell."""

    tables: dict[Name, pa.Table]
    cells: pa.Table
    """`tables.CELLS`: written beside the report, and read when the next edition is made."""
    bounds: Bounds


def edition(
    tables: Tables,
    queries: Queries,
    earlier: Sequence[Earlier] = (),
    vintage: str = "",
) -> Edition:
    """The public edition of the tables of a vintage, beside those of earlier ones (oldest first)
    and of its own from before.

    Raises `DisclosureError` where earlier editions leave no way to make one.
    """
    reaches = Reaches(tables, queries)
    counted = Counted.of(tables, queries, reaches)
    withheld = decide(counted, earlier)
    shown = {c: v for c, v in counted.cells.items() if c not in withheld and v is not None}
    published: dict[Name, pa.Table] = {
        "copublications": _copublications(tables["copublications"], shown, queries),
        "coverage": _coverage(shown),
        "profiles": _profiles(counted.cells, shown, queries),
        "admissions": _admissions(tables["admissions"], shown, queries),
        "events": _events(tables["events"], withheld),
        "revisions": _revisions(shown, [e for e in earlier if e.vintage != vintage]),
    }
    cells = schemas.CELLS.of(
        c._asdict() | {"value": shown.get(c), "withheld": c not in shown} for c in counted.cells
    )
    return Edition(
        published,
        cells,
        Bounds(
            counted.cells,
            withheld.union(*(e.withheld for e in earlier)),
            reaches,
            tuple(e.published for e in earlier),
        ),
    )


def decide(counted: Counted, earlier: Sequence[Earlier] = ()) -> frozenset[Cell]:
    """Which cells to withhold, so that none that is small in any of the editions is given back by
    all of them together.

    What an earlier edition withheld stays withheld as long as it is the same count: shown now, it
    would be known of then.
    """
    now = {(c, v): v for c, v in counted.cells.items()}
    before = [{(c, v): v for c, v in e.values.items()} for e in earlier]
    values: dict[Any, int | None] = dict(now)
    for b in before:
        values |= b
    told = {(c, v) for e in earlier for c, v in e.published.items()} | {
        (c, counted.cells[c]) for c in told_elsewhere(counted.cells)
    }
    kept = {(c, v) for e in earlier for c, v in e.values.items() if c in e.withheld}
    tied = _tied(counted.ties, counted.cells)
    for e in earlier:
        tied += _tied(e.counted.ties, e.values)
    hidden = withhold(values, tied, cost=lambda k: cost(k[0]), revealed=told, gone=kept - told)
    return frozenset(c for c, v in now if (c, v) in hidden or small(v))


def _tied(ties: Iterable[Tie[Cell]], values: Counts) -> list[Tie[Any]]:
    """The ties between cells that are there, each cell by its value: the same count in two editions
    is one cell.
    """
    return [
        Tie((t.whole, values[t.whole]), tuple((p, values[p]) for p in t.parts), t.exact)
        for t in ties
        if all(c in values for c in (t.whole, *t.parts))
    ]


# -- the tables


def _copublications(table: pa.Table, published: Mapping[Cell, int], queries: Queries) -> pa.Table:
    """Counts with their intervals, and shares where the whole that they are of is shown too.

    Intervals are made anew from what is shown: how far a series varies, which widens them, would
    give back a year withheld from it.
    """
    rows = table.to_pandas()
    public = shown_series(queries)
    rows = rows[rows["year"].between(queries.scope.first_year, queries.scope.last_year)]
    rows = rows[
        [key in public for key in zip(rows["group_id"], rows["basis"], strict=True)]
    ].reset_index(drop=True)

    bases = [
        (INTERNATIONAL, b) if base == INTERNATIONAL else ("all", "")
        for base, b in zip(rows["base"], rows["basis"], strict=True)
    ]
    wholes = [
        Cell("works", series, basis, y, y)
        for (series, basis), y in zip(bases, rows["year"], strict=True)
    ]
    own = np.array(
        [
            Cell("works", s, b, y, y) in published
            for s, b, y in zip(rows["group_id"], rows["basis"], rows["year"], strict=True)
        ],
        dtype=bool,
    )
    whole, total = (
        np.array([c in published for c in wholes], dtype=bool),
        np.array([published.get(c, np.nan) for c in wholes], dtype=float),
    )
    told = rows.assign(
        works=rows["works"].where(own), total=np.where(own & whole, total, np.nan)
    ).sort_values("year")
    rows = (
        with_intervals(told, queries.measures.confidence)
        .sort_index()
        .assign(works=rows["works"].astype(object).where(own, None))
    )
    rows["share"] = rows["share"].where(own & whole)
    rows["author_works"] = (
        None  # what is left of it between two series that hold each other would be one work's share
    )
    rows["withheld"] = ~own
    return COPUBLICATIONS.of(
        cast(list[dict[str, Any]], rows.astype(object).where(rows.notna(), None).to_dict("records"))
    )


def _coverage(published: Mapping[Cell, int]) -> pa.Table:
    """By year only: publishers and fields are small cells by the thousand."""
    years = sorted(
        {c.first_year for c in published if c.series in ("all", "complete", "with institution")}
    )
    return COVERAGE_YEARS.of(
        {"year": y, "publisher": None, "field_id": None}
        | {
            column: published.get(Cell(unit, series, "", y, y))
            for column, (unit, series) in COVERAGE.items()
        }
        for y in years
    )


def _profiles(cells: Counts, published: Mapping[Cell, int], queries: Queries) -> pa.Table:
    first, last = last_window(queries)
    return PROFILES.of(
        {
            "first_year": first,
            "last_year": last,
            "series": c.series,
            "area_id": c.area,
            "works": published.get(c),
            "total": published.get(c._replace(area="")),
            "withheld": c not in published,
        }
        for c in cells
        if c.area
    )


def _admissions(table: pa.Table, published: Mapping[Cell, int], queries: Queries) -> pa.Table:
    rows = [
        r
        | {
            "admissions": (
                n := published.get(
                    Cell("admissions", r["country_code"], r["source"], r["year"], r["year"])
                )
            ),
            "suppressed": n is None,
        }
        for r in table.to_pylist()
        if queries.scope.first_year <= r["year"] <= queries.scope.last_year
    ]
    return schemas.ADMISSIONS.of(rows)


def _events(table: pa.Table, withheld: frozenset[Cell]) -> pa.Table:
    """Tests of yearly counts that are all shown, which anyone could make from them: quarters, and
    single institutions, are not.
    """
    gaps = {(c.series, c.basis) for c in withheld if c.unit == "works" and not c.area}
    whole = [
        s
        for s in table["series"].unique().to_pylist()
        if not {(s, own_basis(s)), (INTERNATIONAL, own_basis(s))} & gaps
    ]
    kept = pc.and_(pc.equal(table["period"], "year"), pc.equal(table["method"], "segmented"))
    return table.filter(
        pc.and_(kept, pc.is_in(table["series"], value_set=pa.array(whole, pa.string())))
    )


def _revisions(published: Mapping[Cell, int], earlier: Sequence[Earlier]) -> pa.Table:
    """The difference of two counts that are both shown, against the newest earlier edition; its
    causes would be small cells.
    """
    if not earlier:
        return schemas.REVISIONS.empty()
    last = earlier[-1]
    both = {
        c
        for c in published
        if c in last.published and c.unit == "works" and not c.area and c.first_year == c.last_year
    }
    return schemas.REVISIONS.of(
        {
            "against": last.vintage,
            "series": c.series,
            "year": c.first_year,
            "cause": "not told",
            "works": published[c] - last.published[c],
        }
        for c in both
        if c.basis and c.basis == own_basis(c.series)
    )
