"""What is asked: which works, counted by what, in which years, as a share of what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from shlex import quote

from coauth.errors import QueryError
from coauth.queries import Period, Queries, Years
from coauth.queries.names import Meaning, Names

FILTERS: Mapping[str, tuple[str, ...]] = {
    "partner": ("country", "group", "abroad"),
    "list": ("list", "entry"),
    "technology": ("technology", "area"),
    "status": ("status",),
    "size": ("size",),
    "type": ("type",),
    "publisher": ("publisher",),
    "field": ("field",),
    "institution": ("home", "abroad"),
}
"""Each filter with the kinds of things it takes. A share is by default of the works that all filters
leave but the first of these: with a partner, of those with any or none; and so on.
"""
AXES: Mapping[str, tuple[str, str]] = {
    "institution": ("institution", "home"),
    "abroad": ("partner", "abroad"),
    "partner": ("partner", "country"),
    "group": ("partner", "group"),
    "list": ("list", "list"),
    "entry": ("list", "entry"),
    "technology": ("technology", "technology"),
    "area": ("technology", "area"),
    **{name: (name, name) for name in ("field", "type", "publisher", "status", "size")},
}
"""What works can be counted by: the filter it belongs to, and its dimension in the statement."""
SPANS = ("year", "window")
DRIVERS = ("institution", "field", "partner")
NOT_HELD = {
    "leader": "who comes first or last on a work is not held: the tables keep each institution's share of a work's authors, not their order",
    "co-affiliated": "whether one author is at home and abroad is not held: the tables keep the institutions of a work, not of an author",
}


@dataclass(frozen=True)
class Clause:
    """What a work has to meet: any of these things."""

    filter: str
    things: tuple[Meaning, ...]


@dataclass(frozen=True)
class Question:
    clauses: tuple[Clause, ...]
    by: tuple[str, ...]
    years: Years
    periods: Period | None = None
    drivers: str = ""
    of: str = ""
    """What a share is of: "all" works, "international" ones, or "" for the rule of `FILTERS`."""

    @property
    def axes(self) -> tuple[str, ...]:
        return tuple(name for name in self.by if name in AXES)

    def dimension(self, axis: str) -> str:
        """Institutions are those at home, unless others are asked for by name."""
        abroad = axis == "institution" and any(
            thing.kind == "abroad"
            for clause in self.clauses
            if clause.filter == "institution"
            for thing in clause.things
        )
        return "institution" if abroad else AXES[axis][1]

    def cells(self, axis: str, queries: Queries) -> list[str]:
        """The only cells of an axis: what is filtered by, where that is the same kind of thing, and
        the countries of a group; empty: all.
        """
        members = {g.id: g.countries for g in queries.partners}
        kinds = ("home", "abroad") if axis == "institution" else (AXES[axis][1],)
        values: list[str] = []
        for clause in (c for c in self.clauses if c.filter == AXES[axis][0]):
            for thing in clause.things:
                if thing.kind in kinds:
                    values.append(thing.value)
                elif thing.kind == "group" and axis == "partner":
                    values += members.get(thing.value, ())
        return list(dict.fromkeys(values))

    def base(self) -> Question | None:
        """The question whose works a share is of; None where nothing is asked that could be a share."""
        present = {c.filter for c in self.clauses} | {AXES[a][0] for a in self.axes}
        aside = next((name for name in FILTERS if name in present), None)
        if aside is None:
            return None
        keep = [] if self.of == "all" else [c for c in self.clauses if c.filter != aside]
        by = () if self.of == "all" else tuple(a for a in self.axes if AXES[a][0] != aside)
        if self.of == "international":
            keep.append(self._international)
        return Question(tuple(keep), by, self.years)

    def only_international(self) -> Question:
        return replace(self, clauses=(*self.clauses, self._international))

    @property
    def _international(self) -> Clause:
        """Of a list by matched institutions alone, as its works are known; as Figure 2 has it. No
        filter of the question, so that it chooses no cells.
        """
        filters = {c.filter for c in self.clauses} | {AXES[a][0] for a in self.axes}
        kind = "matched" if "list" in filters and "partner" not in filters else "group"
        return Clause("group", (Meaning(kind, "international", "abroad"),))

    def command(self, vintage: str) -> str:
        """What asks it again, each thing by its id."""
        parts = ["coauth count"]
        for clause in self.clauses:
            parts += [f"--{clause.filter} {quote(thing.value)}" for thing in clause.things]
        if self.periods:
            parts.append("--compare " + " ".join(f"{a}-{b}" for a, b in self.periods))
        else:
            parts.append(f"--years {self.years[0]}-{self.years[1]}")
        parts += [f"--by {','.join(self.by)}"] * bool(self.by)
        parts += [f"--drivers {self.drivers}"] * bool(self.drivers)
        parts += [f"--of {self.of}"] * bool(self.of)
        return " ".join([*parts, f"--vintage {vintage}"])


def ask(
    names: Names,
    queries: Queries,
    words: Iterable[str] = (),
    filters: Mapping[str, Sequence[str]] | None = None,
    by: Sequence[str] = (),
    years: Years | None = None,
    periods: Period | None = None,
    drivers: str = "",
    of: str = "",
) -> Question:
    """A question of what a person typed.

    words     things of any kind, and years; each kind is a filter, two of one kind are either
    filters   filter -> names, each any of its kinds
    Raises `NotFound` for a name that fits nothing or several things, `QueryError` for a question that
    cannot be put.
    """
    things: dict[str, list[Meaning]] = {}
    for word in words:
        if found := re.fullmatch(r"(\d{4})(?:[-–](\d{4}))?", word):
            years = int(found[1]), int(found[2] or found[1])
            continue
        meaning = names.find(
            word, [k for kinds in FILTERS.values() for k in kinds if k != "publisher"]
        )
        option = next(name for name, kinds in FILTERS.items() if meaning.kind in kinds)
        things.setdefault(option, []).append(meaning)
    if unknown := sorted((filters or {}).keys() - FILTERS.keys()):
        raise QueryError(f"no filter '{unknown[0]}'; there are: {', '.join(FILTERS)}")
    for option, typed in (filters or {}).items():
        for word in typed:
            things.setdefault(option, []).append(names.find(word, FILTERS[option]))
    for meaning in things.get("partner", ()):
        if meaning.kind == "country" and meaning.value in queries.scope.home:
            raise QueryError(
                f"{meaning.name} is home here, and nobody's partner; leave it out: every work counted has an institution there"
            )
    question = Question(
        tuple(
            Clause(name, tuple(dict.fromkeys(things[name]))) for name in FILTERS if name in things
        ),
        tuple(dict.fromkeys(by)),
        years or (queries.scope.first_year, queries.scope.last_year),
        periods,
        drivers,
        of,
    )
    _possible(question, queries)
    return question


def _possible(question: Question, queries: Queries) -> None:
    for name in (*question.by, question.drivers):
        if name in NOT_HELD:
            raise QueryError(f"{NOT_HELD[name]}; count by something else")
        if name and name not in (*AXES, *SPANS):
            raise QueryError(f"cannot count by '{name}'; there are: {', '.join((*SPANS, *AXES))}")
    if len(question.axes) > 2 or len(question.by) > 3:
        raise QueryError(
            f"counted by {', '.join(question.by)}: give at most two things, and year or window"
        )
    if set(SPANS) <= set(question.by):
        raise QueryError("count by year or by window, not by both")
    if question.periods and set(SPANS) & set(question.by):
        raise QueryError("a change between two periods cannot be by year or window; leave that out")
    if question.drivers and not question.periods:
        raise QueryError(
            "who drives a change is asked of two periods; add --compare 2018-2020 2022-2024"
        )
    if question.drivers and question.by:
        raise QueryError("who drives it is asked of one change; leave out --by, or --drivers")
    if question.periods and not question.periods[0][1] < question.periods[1][0]:
        raise QueryError(
            "the two periods of a change share no year, and the earlier one comes first"
        )
    for first, last in question.periods or (question.years,):
        if first > last or first < queries.scope.first_year:
            raise QueryError(
                f"years {first}-{last}: the measured years begin in {queries.scope.first_year} (queries/scope.toml), and the first comes before the last"
            )
