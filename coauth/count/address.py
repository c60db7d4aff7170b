"""Where OpenAlex shows about the works that a question counts."""

from __future__ import annotations

from urllib.parse import quote

from coauth.count.question import Question
from coauth.queries import Queries
from coauth.queries.names import Meaning

FILTERS = {
    "home": "authorships.institutions.lineage",
    "abroad": "authorships.institutions.lineage",
    "list": "authorships.institutions.lineage",
    "country": "authorships.countries",
    "group": "authorships.countries",
    "field": "primary_topic.field.id",
    "type": "type",
}
"""Kinds of things that have a filter there; technologies rest on phrases, and have none."""


def openalex(question: Question, queries: Queries) -> str | None:
    """The address; None where a clause is no filter of OpenAlex, or either of two.

    Its records are those before roll-up and with duplicates, so the works are about the same.
    """
    scope = queries.scope
    parts = []
    if not scope.everywhere:
        parts.append(f"authorships.institutions.country_code:{'|'.join(sorted(scope.home))}")
    for clause in question.clauses:
        filters = {FILTERS.get(thing.kind, "") for thing in clause.things}
        values = [value for thing in clause.things for value in _values(thing, queries)]
        if len(filters) != 1 or not values:
            return None
        parts.append(f"{filters.pop()}:{'|'.join(dict.fromkeys(values))}")
    if question.periods:
        years = "|".join(str(y) for a, b in question.periods for y in range(a, b + 1))
    else:
        years = f"{question.years[0]}-{question.years[1]}"
    parts.append(f"publication_year:{years}")
    if not any(c.filter == "type" for c in question.clauses):
        parts.append(f"type:{'|'.join(scope.served_types)}")
    return f"https://openalex.org/works?filter={quote(','.join(parts), safe=':,|/.-_')}"


def _values(thing: Meaning, queries: Queries) -> list[str]:
    """The values of its filter; none where it has none."""
    if thing.kind == "group":
        dated = [g for g in queries.partners if g.valid_from or g.valid_to]
        groups = [g for g in queries.partners if g.id == thing.value and g not in dated]
        return [c for g in groups for c in g.countries]
    if thing.kind == "list":
        entries = [e for w in queries.watchlists if w.id == thing.value for e in w.entry]
        ids = [e.openalex for e in entries if e.openalex]
        return ids if len(ids) == len(entries) else []
    if thing.kind == "field":
        return [f"fields/{thing.value}"]
    return [thing.value] if thing.kind in FILTERS else []
