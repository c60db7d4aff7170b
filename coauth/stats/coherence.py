"""Figure 1 held against the counts others have published of the same question
(`queries/reference/`).

Official statistics calls this coherence. It finds what no interval shows: a harvest that lost a
year, a group with the wrong countries, a source that was rebuilt. Levels may differ by the
reference's tolerance; the sign of a change may not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from coauth.queries import Queries, Reference


@dataclass(frozen=True)
class Comparison:
    """One series of Figure 1 beside its reference; ratios are relative to the reference, or to the
    earlier year.
    """

    reference: str
    series: str
    first_level: int
    """of the years whose levels are compared: in the reference's span and in both"""
    last_level: int
    lowest: float | None
    """Of `here / there − 1` over the years whose levels are compared; None where no such year is in
    both.
    """
    highest: float | None
    first_year: int
    last_year: int
    change_there: float | None
    change_here: float | None
    levels_agree: bool | None
    sign_agrees: bool | None
    years: Mapping[int, tuple[int, int]]
    """Year -> works there, works here, for every year that is in both."""

    @property
    def agrees(self) -> bool:
        """Nothing that could be compared differs."""
        return False not in (self.levels_agree, self.sign_agrees)

    def __str__(self) -> str:
        def percent(ratio: float | None) -> str:
            return "not known" if ratio is None else f"{ratio:+.1%}"

        wrong = [
            said
            for differs, said in (
                (self.sign_agrees, "another sign"),
                (self.levels_agree, "levels too far off"),
            )
            if differs is False
        ]
        change = f"{self.first_year}–{self.last_year} {percent(self.change_here)} (there {percent(self.change_there)})"
        levels = f"levels {self.first_level}–{self.last_level} {percent(self.lowest)} to {percent(self.highest)}"
        return f"{self.series}: {change}, {levels}: {' and '.join(wrong) or 'agrees'}"


def hold(copublications: pa.Table, queries: Queries, countries: Iterable[str]) -> list[Comparison]:
    """Every reference series that a group of `queries/groups.toml` makes with the same countries,
    beside that group.

    `countries` are the home countries of `copublications`. Empty where no reference is about them.
    Counts are those of Figure 1, by union of institutions and strings; a suppressed count is
    compared with nothing.
    """
    home = tuple(countries)
    groups = {
        frozenset(g.countries): g.id
        for g in queries.partners
        if g.valid_from is None and g.valid_to is None
    }
    groups[frozenset()] = "international"
    found = []
    for reference in (r for r in queries.references if r.about(home)):
        for counts in reference.counts:
            if series := groups.get(frozenset(counts.partners)):
                here = _works(copublications, series)
                both = {
                    y: (there, here[y]) for y, there in reference.works(counts).items() if y in here
                }
                if both:
                    found.append(_held(reference, series, both))
    return found


def _works(copublications: pa.Table, series: str) -> dict[int, int]:
    mine = pc.and_(
        pc.equal(copublications["group_id"], series), pc.equal(copublications["basis"], "union")
    )
    rows = copublications.filter(mine).select(["year", "works"]).drop_null().to_pylist()
    return {r["year"]: r["works"] for r in rows}


def _held(reference: Reference, series: str, both: Mapping[int, tuple[int, int]]) -> Comparison:
    assert reference.levels and reference.change and reference.tolerance is not None  # noqa: S101, PT018  it has counts
    off = {
        y: here / there - 1
        for y, (there, here) in both.items()
        if there and reference.levels[0] <= y <= reference.levels[1]
    }
    first, last = reference.change
    there, here = (_change(both, first, last, side) for side in (0, 1))
    return Comparison(
        reference=reference.id,
        series=series,
        first_level=min(off, default=reference.levels[0]),
        last_level=max(off, default=reference.levels[1]),
        lowest=min(off.values(), default=None),
        highest=max(off.values(), default=None),
        first_year=first,
        last_year=last,
        change_there=there,
        change_here=here,
        years=dict(both),
        levels_agree=max(map(abs, off.values())) <= reference.tolerance if off else None,
        sign_agrees=None
        if there is None or here is None
        else (there > 0) - (there < 0) == (here > 0) - (here < 0),
    )


def _change(both: Mapping[int, tuple[int, int]], first: int, last: int, side: int) -> float | None:
    if first not in both or last not in both or not both[first][side]:
        return None
    return both[last][side] / both[first][side] - 1
