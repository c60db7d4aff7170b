"""A served record -> the part of it that may be stored; an answer -> its records."""

from __future__ import annotations

import re

import msgspec

from coauth.pages.masking import Names
from coauth.pages.shape import (
    MOST_AUTHORS,
    Affiliation,
    Authorship,
    Named,
    Response,
    ServedAuthorship,
    ServedWork,
    Work,
    WorkFields,
)

_served = msgspec.json.Decoder(ServedWork)
_identified = msgspec.json.Decoder(Named)
_response = msgspec.json.Decoder(Response)


def read_response(body: bytes) -> Response:
    """Decode a list answer. Raises `msgspec.DecodeError` for HTML, cut JSON or an answer without meta and results."""
    return _response.decode(body)


def keep(record: bytes | msgspec.Raw) -> Work:
    """The part of one served record that may be stored (see the module's text); never raises for a bad record.

    >>> keep(b'{"id": "https://openalex.org/W1", "title": "A", "authorships": [{"author": {"display_name": "Ann Berg"},'
    ...      b' "affiliations": [{"raw_affiliation_string": "Ann Berg, DTU, ann@dtu.dk"}]}]}').authorships
    [Authorship(institutions=None, countries=None, affiliations=[Affiliation(raw_affiliation_string='[name], DTU, [e-mail]', institution_ids=None)])]
    >>> keep(b'{"id": "https://openalex.org/W2", "publication_year": "soon"}').damage
    'Expected `int | null`, got `str` - at `$.publication_year`'
    """
    try:
        served = _served.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        # msgspec names types and the path, never the value: nothing personal can get in here
        return Work(id=_id_of(record), damage=str(fault))
    if served.id is not None and not _WORK_ID.fullmatch(served.id):  # an author's id is a person's, and its name a title
        return Work(damage="not a work: its id is of another kind")
    return _without_persons(served)


_WORK_ID = re.compile(r"(?:https?://openalex\.org/(?:works/)?)?W\d+")


def _id_of(record: bytes | msgspec.Raw) -> str | None:
    try:
        found = _identified.decode(record).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if found is not None and _WORK_ID.fullmatch(found) else None


def _without_persons(served: ServedWork) -> Work:
    authorships = served.authorships
    names = Names(a for a in authorships or () if a)
    abstract = served.abstract if served.abstract is not None else _plain(served.abstract_inverted_index)
    common = {field: getattr(served, field) for field in WorkFields.__struct_fields__}
    common["title"] = names.mask(served.title)
    return Work(
        **common,
        authorships=None if authorships is None else [_place(a, names) if a else Authorship() for a in authorships],
        abstract=names.mask(abstract),
        authors_cut=served.authors_cut or len(authorships or ()) == MOST_AUTHORS,
        damage=served.damage,
    )


def _place(served: ServedAuthorship, names: Names) -> Authorship:
    affiliations = [a for a in served.affiliations or () if a]
    if not affiliations and served.raw_affiliation_strings:  # record shape before 2024: strings without their ids
        affiliations = [Affiliation(raw_affiliation_string=s) for s in served.raw_affiliation_strings]
    masked: list[Affiliation | None] = [
        Affiliation(names.mask(a.raw_affiliation_string), a.institution_ids) for a in affiliations
    ]
    return Authorship(served.institutions, served.countries, masked or None)


def _plain(index: dict[str, list[int]] | None) -> str | None:
    """The abstract as text, from OpenAlex's word -> positions."""
    if not index:
        return None
    placed = sorted((position, word) for word, positions in index.items() for position in positions)
    return " ".join(word for _, word in placed)
