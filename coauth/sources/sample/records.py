"""A work as OpenAlex would serve it."""

import datetime
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from coauth.sources.sample import topics
from coauth.sources.sample.atlas import Institution, atlas, world
from coauth.sources.sample.random import Chance
from coauth.sources.sample.work import BARE, COMPLETE, STRING, Work

AS_OF = datetime.date(2026, 10, 15)
"""The day on which this world is read: nothing in it was updated later."""

_DEPARTMENTS = (
    "Physics",
    "Medicine",
    "Engineering",
    "Economics",
    "Biology",
    "Computing",
    "History",
)
_SOURCE_TYPES = ("journal",) * 6 + ("book series", "conference")
_FILLER = (
    "we study the method of results and data show that a large model in this sample for each group with an analysis by "
    "measured effects under two conditions across sites which suggest further work on invented cases from registers "
    "over time as expected"
)
_WORDS = _FILLER.split()
_MAY_BE_MISSING = (
    "doi",
    "language",
    "is_paratext",
    "citation_normalized_percentile",
    "countries_distinct_count",
    "topics",
)


def serve(works: Iterable[Work], seed: int) -> Iterator[dict[str, Any]]:
    """Records in the order of the works."""
    chance = Chance(seed, "served")
    for work in works:
        record = _record(work, chance)
        for key in _MAY_BE_MISSING:  # OpenAlex omits attributes that a document lacks
            if chance.happens(0.002):
                del record[key]
        yield record


def _record(work: Work, chance: Chance) -> dict[str, Any]:
    authorships = _authorships(work, chance)
    listed = {
        i["id"]: i["country_code"] for authorship in authorships for i in authorship["institutions"]
    }
    ranked = _topics(work, chance)
    return {
        "id": work.id,
        "doi": work.doi,
        "title": work.title,
        "publication_year": work.year,
        "publication_date": work.date.isoformat(),
        "type": work.type,
        "language": None if chance.happens(0.03) else "da" if chance.happens(0.03) else "en",
        "is_retracted": work.retracted,
        "is_paratext": work.type == "paratext",
        "authorships": authorships,
        "institutions_distinct_count": len(listed),
        "countries_distinct_count": len(set(listed.values())),
        "primary_topic": dict(ranked[0]) if ranked else None,
        "topics": ranked,
        **_citations(work, chance),
        "primary_location": _location(work),
        "abstract_inverted_index": _abstract(work, chance) if work.has_abstract else None,
        **_dates(work, chance),
    }


def _authorships(work: Work, chance: Chance) -> list[dict[str, Any]]:
    """Persons follow from the work and the institution, without chance: a copy of a work has the
    same authors.
    """
    places = atlas().institutions
    met: dict[int, int] = {}
    authorships = []
    for position, (seat, fate) in enumerate(zip(work.seats, work.fate, strict=True)):
        home = places[seat[0]]
        met[home.index] = met.get(home.index, -1) + 1
        person = home.first_person + (work.original * 7919 + met[home.index]) % home.persons
        affiliations = _affiliations([places[i] for i in seat], person, fate, chance)
        institutions = [institution(places[i]) for i in seat] if fate == COMPLETE else []
        authorships.append(
            {
                "author_position": "first"
                if position == 0
                else "last"
                if position == len(work.seats) - 1
                else "middle",
                "author": _author(person, chance),
                "institutions": sorted(institutions, key=lambda institution: institution["id"]),
                # from the institutions; only where there is none, from the string
                "countries": sorted({places[i].country for i in seat}) if fate != BARE else [],
                "is_corresponding": position == 0,
                "raw_author_name": _raw_name(person),
                "raw_affiliation_strings": [
                    affiliation["raw_affiliation_string"] for affiliation in affiliations
                ],
                "raw_orcid": None,
                "affiliations": affiliations,
            }
        )
    return authorships


def _author(person: int, chance: Chance) -> dict[str, Any]:
    return {
        "id": None if chance.happens(0.005) else f"https://openalex.org/A99{person:08d}",
        "display_name": f"Sample Person {person:06d}",
        "orcid": f"https://orcid.org/{_orcid(person)}" if person % 5 < 2 else None,
    }


def _orcid(person: int) -> str:
    """In the form of an ORCID, outside the blocks that are given to people (0000-0001-5... to
    0000-0003-5..., 0009-...).
    """
    return f"0000-0099-0{person // 1000:03d}-{person % 1000:03d}0"


def _raw_name(person: int) -> str:
    forms = (
        f"Sample Person {person:06d}",
        f"S. Person {person:06d}",
        f"Person {person:06d}, Sample",
    )
    return forms[person % 3]


def institution(place: Institution) -> dict[str, Any]:
    """As OpenAlex nests it in an authorship."""
    return {
        "id": place.id,
        "display_name": place.name,
        "ror": place.ror,
        "country_code": place.country,
        "type": place.type,
        "lineage": list(place.lineage),
    }


def _affiliations(
    homes: list[Institution], person: int, fate: int, chance: Chance
) -> list[dict[str, Any]]:
    """One string for each institution; a child and its parent share one string, matched to both."""
    if fate == BARE:
        return []
    together = len(homes) > 1 and homes[1].index in homes[0].ancestors
    groups = [homes] if together else [[home] for home in homes]
    return [
        {
            "raw_affiliation_string": _string(group, person, chance),
            "institution_ids": [] if fate == STRING else sorted(home.id for home in group),
        }
        for group in groups
    ]


def _string(homes: list[Institution], person: int, chance: Chance) -> str:
    """An affiliation as printed; one in eleven tells who the author is, which coauth must not
    store.
    """
    names = ", ".join(home.name for home in homes)
    text = f"Department of {_DEPARTMENTS[person % 7]}, {names}, {atlas().country_names[homes[0].country]}"
    draw = chance.unit()
    if draw < 0.04:
        return f"{text}. E-mail: person.{person:06d}@sample.invalid"
    if draw < 0.06:
        return f"{text}, ORCID {_orcid(person)}"
    if draw < 0.09:
        return f"Sample Person {person:06d}, {text}"
    return text


def _topics(work: Work, chance: Chance) -> list[dict[str, Any]]:
    """At most three, ranked; the first scores between 0.2 and 1, more often high than low."""
    if not work.shows_topics:
        return []
    draw = chance.unit()
    score = 1 - 0.8 * draw * draw
    ranked = []
    for row in work.topics:
        ranked.append(_topic(row, round(score, 4)))
        score *= 0.5 + 0.4 * chance.unit()
    return ranked


def _topic(row: int, score: float) -> dict[str, Any]:
    topic, name, subfield, subfield_name, field = topics.rows()[row][:5]
    field_name, domain, domain_name = _fields()[field]
    return {
        "id": f"https://openalex.org/{topic}",
        "display_name": name,
        "score": score,
        "subfield": {
            "id": f"https://openalex.org/subfields/{subfield}",
            "display_name": subfield_name,
        },
        "field": {"id": f"https://openalex.org/fields/{field}", "display_name": field_name},
        "domain": {"id": f"https://openalex.org/domains/{domain}", "display_name": domain_name},
    }


@cache
def _fields() -> dict[int, tuple[str, int, str]]:
    domains = {domain["id"]: domain["name"] for domain in world()["topics"]["domains"]}
    return {
        f["id"]: (f["name"], f["domain"], domains[f["domain"]]) for f in world()["topics"]["fields"]
    }


def _citations(work: Work, chance: Chance) -> dict[str, Any]:
    """Skewed, growing with age; the percentile is null for one work in ten."""
    draw = chance.unit()
    percentile = {
        "value": round(draw, 6),
        "is_in_top_1_percent": draw >= 0.99,
        "is_in_top_10_percent": draw >= 0.90,
    }
    return {
        "cited_by_count": int(1.6 * max(0, AS_OF.year - work.year) * draw / (1.02 - draw)),
        "citation_normalized_percentile": None if chance.happens(0.10) else percentile,
    }


def _location(work: Work) -> dict[str, Any]:
    """Where it appeared. A publisher's preprints are in its repository; one work in a hundred has
    no source.
    """
    name = world()["publishers"]["list"][work.publisher].get("name")
    if name is None:
        return {"source": None}
    number = 8 if work.type == "preprint" else work.source
    kind = "repository" if number == 8 else _SOURCE_TYPES[number]
    label = name.removesuffix(" [sample]")
    return {
        "source": {
            "id": f"https://openalex.org/S99{work.publisher:06d}{number:02d}",
            "display_name": f"{label}, {kind} {number} [sample]",
            "issn_l": None if kind == "repository" else f"0000-{work.publisher:02d}{number:02d}",
            "host_organization": f"https://openalex.org/P99{work.publisher:08d}",
            "host_organization_name": name,
            "type": kind,
        }
    }


def _abstract(work: Work, chance: Chance) -> dict[str, list[int]]:
    """12 to 40 words without meaning; for some works on critical technologies, one of their phrases
    among them, twice.
    """
    words = [chance.one_of(_WORDS) for _ in range(12 + chance.below(27))]
    phrase = topics.phrase(work.topics[0])
    if phrase and work.has_phrase:
        words[5:5] = [*phrase.split(), words[5], *phrase.split()]
    index: dict[str, list[int]] = {}
    for position, word in enumerate(words[:40]):
        index.setdefault(word, []).append(position)
    return index


def _dates(work: Work, chance: Chance) -> dict[str, str]:
    """Times as OpenAlex writes them: a timestamp without zone, and for half of the records a bare
    date of creation.
    """
    updated = AS_OF - datetime.timedelta(days=1 + chance.below(270))
    created = min(work.date + datetime.timedelta(days=chance.below(90)), updated)
    second = chance.below(86400)
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{chance.below(1_000_000):06d}"
    return {
        "updated_date": f"{updated.isoformat()}T{clock}",
        "created_date": created.isoformat() + ("T00:00:00" if chance.happens(0.5) else ""),
    }
