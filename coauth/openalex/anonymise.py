"""A served record -> the part of it that may be stored; an answer -> its records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, TypeAlias

import msgspec

from coauth.openalex import repair, split
from coauth.openalex.canonical import EMPTY_CELLS, KINDS
from coauth.openalex.masking import Names
from coauth.openalex.repair import Repair, Unreadable
from coauth.openalex.schema import (
    MOST_AUTHORS,
    Affiliation,
    Authorship,
    Location,
    Meta,
    Named,
    Response,
    ServedAuthorship,
    ServedWork,
    Source,
    StoredWork,
    Topic,
    Work,
    WorkFields,
)

NO_WORK_ID = "no OpenAlex work id"

Mask: TypeAlias = Callable[[str | None], str | None]
"""A text -> the text without the persons of its work."""

_served, _stored = msgspec.json.Decoder(ServedWork), msgspec.json.Decoder(StoredWork)
_response = msgspec.json.Decoder(Response)


def read_response(body: bytes) -> Response:
    """Decode a list answer, its results still as they came: one that is no JSON costs itself, not
    the page.

    Raises `msgspec.DecodeError` for HTML, cut JSON or an answer without meta and results.
    """
    try:
        return _response.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        others, results = split.members(body, "results")
        if (
            results is None
            or "meta" not in others
            or not (_TAIL.search(body[-_HEAD:]) or _is_whole(body, results))
        ):
            raise  # cut: it may come whole when it is asked for again
        return Response(
            msgspec.json.decode(others["meta"], type=Meta), [msgspec.Raw(r) for r in results]
        )


def read_single(body: bytes) -> bytes:
    """The body of a single work itself, once it is known to be a whole object with an id, sound or
    not.

    Raises `msgspec.DecodeError` for HTML, cut JSON or another answer.
    """
    try:
        value = repair.parse(body)
    except Unreadable as fault:
        raise msgspec.DecodeError(str(fault)) from None
    if not isinstance(value, dict) or "id" not in value:
        raise msgspec.ValidationError("no id")
    return body


_TAIL = re.compile(rb'\]\s*,\s*"(?:group_by|meta)"\s*:\s*(?:\[\s*\]|null|\{[^{}]*\})\s*\}\s*\Z')
"""How a whole answer ends: OpenAlex puts a member behind the results."""


_CLOSED = re.compile(rb"\}\s*\]\s*\}\s*\Z")


def _is_whole(body: bytes, results: list[bytes]) -> bool:
    """Whether an answer without such an end is closed behind a last record that can be read: a cut
    one cannot.
    """
    try:
        return bool(_CLOSED.search(body[-_HEAD:])) and repair.parse(results[-1]) is not None
    except Unreadable:
        return False


def keep(
    record: bytes | msgspec.Raw, *, own: bool = False, beside: list[str] | None = None
) -> Work:
    """The part of one served record that may be stored (see the module's text); never raises for a
    bad record. What an earlier reading noted is believed of records of our `own` pages alone. Texts
    `beside` the record, as its file's name, are masked in their place.

    >>> keep(b'{"id": "https://openalex.org/W1", "title": "A", "authorships": [{"author": {"display_name": "Ann Berg"},'
    ...      b' "affiliations": [{"raw_affiliation_string": "Ann Berg, DTU, ann@dtu.dk"}]}]}').authorships
    [Authorship(institutions=None, countries=None, affiliations=[Affiliation(raw_affiliation_string='[name], DTU, [e-mail]', institution_ids=None)])]
    >>> soon = keep(b'{"id": "https://openalex.org/W2", "publication_year": "soon", "authorships": []}')
    >>> soon.publication_year, soon.noted, soon.damage
    (None, ['publication_year: a text for a number, left empty'], None)
    >>> keep(b'{"id": "https://openalex.org/W3", "authorships": "Berg; Lund"}').damage
    'its authorships cannot be read (a text)'
    """
    notes: set[str] = set()
    served: ServedWork
    try:
        served = (_stored if own else _served).decode(record)
        if served.primary_topic is None and _FLAT.search(bytes(record)):
            served = _repaired(bytes(record), StoredWork if own else ServedWork, notes)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            served = _repaired(bytes(record), StoredWork if own else ServedWork, notes)
        except Unreadable as fault:
            return Work(id=_id_in(record), damage=str(fault))
    if served.id is None and (found := _id_beside(bytes(record))):
        served.id, name = found
        notes.add(f"work id: taken from {name}, {repair.PUT_RIGHT}")
    if served.id is None:  # an author's id is a person's, and its name a title
        return Work(damage=NO_WORK_ID)
    notes |= _without_empty_cells(served, record)
    return _without_persons(served, notes, beside)


def _repaired(record: bytes, schema: type[ServedWork], notes: set[str]) -> ServedWork:
    """A record that does not fit the schema, with its fields put right or left empty, and that
    noted. Raises `Unreadable`.
    """
    value, changes = repair.read(record)
    if not isinstance(value, dict):
        raise Unreadable("no object")
    if flat := [name for name in value if _FLAT.match(f'"{name}"'.encode())]:
        value = _nested(value, flat)
        changes = changes | {f"names with points for objects: {repair.PUT_RIGHT}"}
    if "authorships" in value:
        value = value | {"authorships": _with_names(value["authorships"])}
    fitting = Repair()
    fields = fitting.fit(value, schema)
    if (
        fields.get("id")
        and "authorships" not in fields
        and value.get("authorships") not in (None, {})
    ):
        raise Unreadable(f"its authorships cannot be read ({repair.form(value['authorships'])})")
    if (
        "authorships" not in fields and str(value.get("id")).isdigit()
    ):  # a number, and nothing that makes it OpenAlex's
        fields.pop("id", None)
    notes |= changes | fitting.notes
    return msgspec.convert(fields, schema)


_FLAT = re.compile(rb'"(?:primary_topic|primary_location|citation_normalized_percentile)\.[\w.]+"')
"""The name of a column that pandas makes of an object (`json_normalize`)."""


def _nested(value: dict[str, Any], flat: Iterable[str]) -> dict[str, Any]:
    """The objects whose members stand flat in a record, under names with points.

    >>> _nested({"id": "W1", "primary_topic.field.id": "17"}, ["primary_topic.field.id"])
    {'id': 'W1', 'primary_topic': {'field': {'id': '17'}}}
    """
    nested = {name: part for name, part in value.items() if name not in flat}
    for name in flat:
        *around, last = name.split(".")
        inner = nested
        for key in around:
            if not isinstance(inner.get(key), dict):
                inner[key] = {}
            inner = inner[key]
        inner[last] = value[name]
    return nested


def _id_beside(record: bytes) -> tuple[str, str] | None:
    """The work's id and the name it stands under, in a record that has it elsewhere than in `id`."""
    try:
        value = repair.parse(record)
    except Unreadable:
        return None
    if not isinstance(value, dict):
        return None
    ids = value.get("ids")
    beside = {"ids.openalex": ids.get("openalex")} if isinstance(ids, dict) else {}
    for name, text in (beside | value).items():
        if name not in _IDS_BESIDE or not isinstance(text, str) or not re.search(r"[Ww]\d", text):
            continue
        if found := KINDS["work id"].canonical(text):
            return found, name
    return None


_IDS_BESIDE = {"ids.openalex", "openalex_id", "openalex", "work_id", "ID", "Id"}


def _without_empty_cells(served: ServedWork, record: bytes | msgspec.Raw) -> set[str]:
    """Leave empty what other programs write for nothing where a name is due, and NA for a country
    where what stands beside it says that it is not Namibia; returns what was done, as notes.
    """
    empty = set()
    source = served.primary_location.source if served.primary_location else None
    for owner, field in (
        (served, "language"),
        (source, "display_name"),
        (source, "host_organization_name"),
    ):
        if owner and _is_empty_cell(getattr(owner, field)):
            setattr(owner, field, None)
            empty.add(field if owner is served else f"source.{field}")
    for authorship in filter(None, served.authorships or ()):
        for institution in filter(None, authorship.institutions or ()):
            if institution.country_code == "NA" and not _is_namibia(authorship.countries, record):
                institution.country_code = None
                authorship.countries = [c for c in authorship.countries or () if c != "NA"]
                empty.add("country code")
            if _is_empty_cell(institution.display_name):
                institution.display_name = None
                empty.add("institutions.display_name")
    return {f"{field}: an empty cell as a text, {repair.EMPTY}" for field in empty}


def _is_empty_cell(text: str | None) -> bool:
    return text is not None and len(text) < _LONG and text.lower() in EMPTY_CELLS


_LONG = max(map(len, EMPTY_CELLS)) + 1
_NA_BESIDE = re.compile(
    rb'"(?:ror|type|doi|language|display_name|publication_date|updated_date|host_organization_name'
    rb'|raw_affiliation_string|publisher)"\s*:\s*\[?\s*"NA"'
)
"""Where nothing else is NA, it is no program's way to write nothing."""


def _is_namibia(countries: list[str | None] | None, record: bytes | msgspec.Raw) -> bool:
    """Whether an institution's NA is the country: OpenAlex names it among the authorship's
    `countries` too, as it does with every institution's.
    """
    return (countries is None or "NA" in countries) and not _NA_BESIDE.search(bytes(record))


def _with_names(authorships: Any) -> Any:
    """Authorships in a list, under keys or in boxes, each with its author's name as a text."""
    if isinstance(authorships, list):
        return [_with_names(a) if _is_around(a) else _with_name(a) for a in authorships]
    if not isinstance(authorships, dict):
        return authorships
    named = [authorships[key] for key in ("author", "raw_author_name") if key in authorships]
    if any(isinstance(name, list) for name in named):  # a table by column
        return authorships
    return _with_name(authorships) if named else {k: _with_names(a) for k, a in authorships.items()}


def _is_around(value: Any) -> bool:
    return isinstance(value, list) or (
        isinstance(value, dict) and not value.keys() & {"author", "raw_author_name"}
    )


def _with_name(authorship: Any) -> Any:
    """An authorship with its author's name as a text, in whatever shape that stands: it is what the
    work's texts are masked by.
    """
    if not isinstance(authorship, dict):
        return authorship
    author, raw = authorship.get("author"), authorship.get("raw_author_name")
    name = author.get("display_name") if isinstance(author, dict) else author
    plain = dict(authorship)
    if name is not None and not (isinstance(author, dict) and isinstance(name, str)):
        rest = author if isinstance(author, dict) else {}
        plain["author"] = rest | {"display_name": " ".join(_texts(name))}
    if raw is not None and not isinstance(raw, str):
        plain["raw_author_name"] = " ".join(_texts(raw))
    return plain


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _id_in(record: bytes | msgspec.Raw) -> str | None:
    """The work's id as far as it can be seen in a record that cannot be read: only works have ids
    with a W.
    """
    match = _WORK_ID.search(bytes(record)[:_HEAD])
    return KINDS["work id"].canonical(match[1].decode()) if match else None


_HEAD = 2_000
"""Bytes in which the id stands, as OpenAlex writes a record; further in, it may be another work's.
"""
_WORK_ID = re.compile(
    rb'"_?id"\s*:\s*\[?\s*"((?:https?://(?:api\.)?openalex\.org/(?:works/)?)?[Ww]\d{1,18})"'
)


def _without_persons(served: ServedWork, notes: set[str], beside: list[str] | None) -> Work:
    authorships = served.authorships
    before = served if isinstance(served, StoredWork) else StoredWork()
    names = Names(a for a in authorships or () if a)
    mask = cache(names.mask)  # authors share strings and institutions
    abstract = (
        served.abstract if served.abstract is not None else _plain(served.abstract_inverted_index)
    )
    served.title = mask(served.title or served.display_name)
    served.primary_location = _location(served, mask)
    _mask_labels(served, names)
    common = {field: getattr(served, field) for field in WorkFields.__struct_fields__}
    if beside:
        beside[:] = [mask(text) or "" for text in beside]
    return Work(
        **common,
        authorships=None
        if authorships is None
        else [_place(a, mask) if a else Authorship() for a in authorships],
        abstract=mask(abstract),
        authors_cut=before.authors_cut or len(authorships or ()) == MOST_AUTHORS,
        noted=sorted({*(before.noted or ()), *notes}) or None,
        damage=before.damage,
    )


def _mask_labels(served: ServedWork, names: Names) -> None:
    """Mask ids and labels where there is cause: they name nobody as OpenAlex writes them, but
    another program may have written the record.
    """
    for topic in (served.primary_topic, *(served.topics or ())):
        if topic:
            _mask_things(names, topic, topic.subfield, topic.field, topic.domain)
    source = served.primary_location and served.primary_location.source
    if source and names.touch(source.id, source.type):
        source.id, source.type = names.mask(source.id), names.mask(source.type)
    if served.language and len(served.language) > 3 and names.touch(served.language):
        served.language = names.mask(served.language)


def _mask_things(names: Names, *things: Topic | Named | None) -> None:
    present = [thing for thing in things if thing]
    if names.touch(*[label for t in present for label in (t.id, t.display_name)]):
        for thing in present:
            thing.id, thing.display_name = names.mask(thing.id), names.mask(thing.display_name)


def _location(served: ServedWork, mask: Mask) -> Location | None:
    """Where the work stands; of records until 2023 from `host_venue`."""
    location, venue = served.primary_location, served.host_venue
    if venue and not (location and location.source and location.source.host_organization_name):
        location = Location(Source(venue.id, venue.display_name, venue.type, venue.publisher))
    if location and (source := location.source):
        source.display_name = mask(source.display_name)
        source.host_organization_name = mask(source.host_organization_name)
    return location


def _place(served: ServedAuthorship, mask: Mask) -> Authorship:
    affiliations = [a for a in served.affiliations or () if a]
    if not affiliations:  # until 2024 strings stood without their ids, until 2023 in the singular
        strings = served.raw_affiliation_strings or [served.raw_affiliation_string]
        affiliations = [
            Affiliation(raw_affiliation_string=s) for s in strings if s or len(strings) > 1
        ]
    masked: list[Affiliation | None] = [
        Affiliation(mask(a.raw_affiliation_string), a.institution_ids) for a in affiliations
    ]
    for institution in served.institutions or ():
        if institution:
            institution.display_name = mask(institution.display_name)
    return Authorship(served.institutions, served.countries, masked or None)


def _plain(index: dict[str, list[int]] | None) -> str | None:
    """The abstract as text, from OpenAlex's word -> positions."""
    if not index:
        return None
    placed = sorted((position, word) for word, positions in index.items() for position in positions)
    return " ".join(word for _, word in placed)
