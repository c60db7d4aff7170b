"""What in `queries/` belongs to another country than the scope's: no fault, but seldom meant."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from coauth.queries import Queries


def notices(queries: Queries, names: Mapping[str, Collection[str]]) -> list[str]:
    """A sentence for each: the title, partner groups, events, references; none where all is the
    scope's own.

    `names` are what countries are called, by code: a title that names others and none of the
    scope's is another's.
    """
    return [*_title(queries, names), *_groups(queries), *_events(queries), *_references(queries)]


def _title(queries: Queries, names: Mapping[str, Collection[str]]) -> list[str]:
    scope = queries.scope
    called = {
        n: c
        for c, all_ in names.items()
        for n in all_
        if re.search(rf"\b{re.escape(n)}(?:['’]?s)?\b", scope.title, re.IGNORECASE)
    }
    if not called or scope.everywhere or scope.home & set(called.values()):
        return []
    return [
        f"scope.toml: the title names {', '.join(sorted(called))}, and countries = {_listed(scope.countries)}: give a title of this scope"
    ]


def _groups(queries: Queries) -> list[str]:
    scope = queries.scope
    if scope.everywhere:
        return ["groups.toml: every country is home, so no partner group is counted"]
    counted = {g.id: g for g in queries.partners}
    left = {g.id: [c for c in g.countries if c in scope.home] for g in queries.groups.group}
    return [
        f"groups.toml: '{g.id}' ({g.name}) holds {', '.join(left[g.id])}, which is home here: "
        + (
            f"it is counted without it, as {', '.join(counted[g.id].countries)}"
            if g.id in counted
            else "it is left out"
        )
        for g in queries.groups.group
        if left[g.id]
    ]


def _events(queries: Queries) -> list[str]:
    return [
        f"events.toml: '{e.id}' ({e.date}) is a policy of {_some(e.countries)}: it is neither drawn nor tested here"
        for e in queries.events_elsewhere()
    ]


def _references(queries: Queries) -> list[str]:
    return [
        f"reference/: '{r.id}' is about {', '.join(r.countries)}: nothing is held against it here"
        for r in queries.references
        if not r.about(queries.scope.countries)
    ]


def _listed(countries: Collection[str]) -> str:
    return "[" + ", ".join(f'"{c}"' for c in countries) + "]"


def _some(countries: Collection[str], most: int = 5) -> str:
    shown = ", ".join(list(countries)[:most])
    return shown if len(countries) <= most else f"{shown} and {len(countries) - most} others"
