"""What OpenAlex serves, and the part of it that coauth keeps: the only module that knows OpenAlex's JSON.

The typed record *is* the allow-list. A served work is decoded into `ServedWork`; `keep` turns it into a `Work`, which
has no field for a person: no author object, raw author name, ORCID or corresponding author. Nothing outside the
fields below can reach the disk, whatever OpenAlex adds. Affiliation strings stay, because flags must be able to show
the words they stand on; e-mail addresses, ORCIDs and the names of the work's own authors in them are masked first.

Decoding is lenient: every attribute may be missing or null (OpenAlex omits attributes a document lacks), and lists may
hold nulls (`institution_ids` of 2025 records do). A record that
still does not fit becomes a `Work` that carries only its id and what was wrong, so that it is counted, never lost
silently, and never costs its page; a record whose id is no work's carries not even that.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import msgspec

from coauth.errors import CacheError

SELECT = (
    "id", "doi", "title", "publication_year", "publication_date", "type", "language", "is_retracted", "is_paratext",
    "authorships", "institutions_distinct_count", "countries_distinct_count", "primary_topic", "topics",
    "cited_by_count", "citation_normalized_percentile", "primary_location", "abstract_inverted_index",
    "updated_date", "created_date",
)  # fmt: skip
"""Root fields asked for, fixed from the start: a later change would mean another harvest."""

LIST_AUTHORS = 100
"""A list answer holds at most this many authorships of a work and does not say that it cut (only a singleton is whole)."""

MOST_AUTHORS = 5_000
"""OpenAlex itself keeps no more authorships than this; a work with exactly so many is cut even as a singleton."""


Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A number that a table can hold; what is larger makes the record damaged, not the build."""


class Institution(msgspec.Struct, omit_defaults=True):
    id: str | None = None
    ror: str | None = None
    display_name: str | None = None
    country_code: str | None = None
    type: str | None = None
    lineage: list[str | None] | None = None


class Affiliation(msgspec.Struct, omit_defaults=True):
    raw_affiliation_string: str | None = None
    institution_ids: list[str | None] | None = None


class Authorship(msgspec.Struct, omit_defaults=True):
    """One author's place on a work, without the author."""

    institutions: list[Institution | None] | None = None
    countries: list[str | None] | None = None
    affiliations: list[Affiliation | None] | None = None


class Named(msgspec.Struct, omit_defaults=True):
    id: str | None = None
    display_name: str | None = None


class Topic(msgspec.Struct, omit_defaults=True):
    id: str | None = None
    display_name: str | None = None
    score: float | None = None
    subfield: Named | None = None
    field: Named | None = None
    domain: Named | None = None


class Source(msgspec.Struct, omit_defaults=True):
    id: str | None = None
    display_name: str | None = None
    type: str | None = None
    host_organization_name: str | None = None


class Location(msgspec.Struct, omit_defaults=True):
    source: Source | None = None


class Percentile(msgspec.Struct, omit_defaults=True):
    value: float | None = None
    is_in_top_1_percent: bool | None = None
    is_in_top_10_percent: bool | None = None


class _WorkFields(msgspec.Struct, omit_defaults=True, kw_only=True):
    id: str | None = None
    doi: str | None = None
    title: str | None = None
    publication_year: Whole | None = None
    publication_date: str | None = None
    type: str | None = None
    language: str | None = None
    is_retracted: bool | None = None
    is_paratext: bool | None = None
    institutions_distinct_count: Whole | None = None
    countries_distinct_count: Whole | None = None
    primary_topic: Topic | None = None
    topics: list[Topic | None] | None = None
    cited_by_count: Whole | None = None
    citation_normalized_percentile: Percentile | None = None
    primary_location: Location | None = None
    updated_date: str | None = None
    created_date: str | None = None


class Work(_WorkFields, omit_defaults=True, kw_only=True):
    """One work as it is stored: OpenAlex's attributes without persons, the abstract as plain masked text.

    `authors_cut` is true where the full list of authors could not be had; `damage` says why a record could not be
    read, and is then the only other attribute beside `id`.
    """

    authorships: list[Authorship | None] | None = None
    abstract: str | None = None
    authors_cut: bool = False
    damage: str | None = None


class _Person(msgspec.Struct):
    display_name: str | None = None


class _ServedAuthorship(msgspec.Struct):
    institutions: list[Institution | None] | None = None
    countries: list[str | None] | None = None
    affiliations: list[Affiliation | None] | None = None
    author: _Person | None = None
    raw_author_name: str | None = None
    raw_affiliation_strings: list[str | None] | None = None


class ServedWork(_WorkFields, kw_only=True):
    """One work as OpenAlex serves it, as far as coauth reads it. Held in memory only while it is being masked."""

    authorships: list[_ServedAuthorship | None] | None = None
    abstract_inverted_index: dict[str, list[int]] | None = None
    # a page of ours read back with --from carries the abstract as text, and says what an earlier reading found
    abstract: str | None = None
    authors_cut: bool = False
    damage: str | None = None


class Meta(msgspec.Struct):
    count: int
    next_cursor: str | None = None
    db_response_time_ms: float | None = None


class Response(msgspec.Struct):
    """A list answer: `meta` and the results still undecoded, so that one broken record does not cost the page."""

    meta: Meta
    results: list[msgspec.Raw]


class Page(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What is stored of one answer: where it came from, what the server counted, the works that were kept."""

    request: str
    served_sha256: list[str]
    """Of each response body as served: the list answer first, then the singletons fetched for long author lists."""
    count: int | None = None
    next_cursor: str | None = None
    works: list[Work]


_served = msgspec.json.Decoder(ServedWork)
_identified = msgspec.json.Decoder(Named)
_response = msgspec.json.Decoder(Response)
_page = msgspec.json.Decoder(Page)


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
    names = _Names(a for a in authorships or () if a)
    abstract = served.abstract if served.abstract is not None else _plain(served.abstract_inverted_index)
    common = {field: getattr(served, field) for field in _WorkFields.__struct_fields__}
    common["title"] = names.mask(served.title)
    return Work(
        **common,
        authorships=None if authorships is None else [_place(a, names) if a else Authorship() for a in authorships],
        abstract=names.mask(abstract),
        authors_cut=served.authors_cut or len(authorships or ()) == MOST_AUTHORS,
        damage=served.damage,
    )


def _place(served: _ServedAuthorship, names: _Names) -> Authorship:
    affiliations = [a for a in served.affiliations or () if a]
    if not affiliations and served.raw_affiliation_strings:  # record shape before 2024: strings without their ids
        affiliations = [Affiliation(raw_affiliation_string=s) for s in served.raw_affiliation_strings]
    own = _surnames(served)
    masked: list[Affiliation | None] = [
        Affiliation(names.mask(a.raw_affiliation_string, own), a.institution_ids) for a in affiliations
    ]
    return Authorship(served.institutions, served.countries, masked or None)


def _plain(index: dict[str, list[int]] | None) -> str | None:
    """The abstract as text, from OpenAlex's word -> positions."""
    if not index:
        return None
    placed = sorted((position, word) for word, positions in index.items() for position in positions)
    return " ".join(word for _, word in placed)


_ADDRESS = re.compile(r"(?:[\w.+'-]+|\{[^{}@]+\}) ?@ ?[\w-]+(?:\.[\w-]+)+")
_ORCID = re.compile(
    r"(?:https?://)?(?:orcid\.org/)?(?:\d{4}-\d{4}-\d{4}-|000[09][-‐‑– ]?\d{4}[-‐‑– ]?\d{4}[-‐‑– ]?)\d{3}[\dXx]\b"
)
_AUTHOR_ID = re.compile(r"\bA\d{7,}\b")
_TOKEN = re.compile(r"\w+")
_HYPHEN = re.compile(r"(?<=\w)[-‐‑](?=\w)")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_PARTICLES = frozenset(("al", "da", "das", "de", "del", "den", "der", "di", "do", "dos", "du", "el", "la", "las", "le", "los", "van", "von", "y"))
"""Parts of surnames that are also parts of places: two of them together name nobody (Universidad de la República)."""


class _Names:
    """Masks what identifies a person in the free text of one work.

    Masked are e-mail addresses, ORCIDs, OpenAlex author ids, and the work's own authors: two of an author's name
    tokens (or a token and another's initial, or all the others' initials) standing next to each other in either order
    or with a middle initial between, and an author's surname alone in that author's own affiliation string, unless the
    word also belongs to an institution of the work (Lund, Bohr). Names in scripts without blanks are masked wherever
    they stand. Looking up token pairs instead of trying every name keeps a 3,000-author work linear in its text.
    """

    def __init__(self, authorships: Iterable[_ServedAuthorship]) -> None:
        self.pairs: set[tuple[str, str]] = set()
        self.single: set[str] = set()
        self.places: set[str] = set()
        self.words: set[str] = set()
        self.unspaced: set[str] = set()
        for authorship in authorships:
            for name in _names(authorship):
                self._learn(_TOKEN.findall(name.casefold()))
                if _HYPHEN.search(name):  # Xiao-Ming is also written Xiaoming
                    self._learn(_TOKEN.findall(_HYPHEN.sub("", name).casefold()))
            for institution in authorship.institutions or ():
                if institution and institution.display_name:
                    self.places.update(_TOKEN.findall(institution.display_name.casefold()))

    def _learn(self, tokens: list[str]) -> None:
        self.words.update(tokens)
        if len(tokens) == 1 and len(tokens[0]) > 1:
            self.single.add(tokens[0])
        if signs := [t for t in tokens if _UNSPACED.match(t)]:
            self.unspaced |= {n for n in ("".join(signs), "".join(signs[::-1])) if len(n) > 1}
        for i, first in enumerate(tokens):
            for second in tokens[i + 1 :]:
                if not _PARTICLES.issuperset((first, second)):
                    self.pairs |= {(first, second), (second, first)}
                    self.pairs |= {(first[0], second), (second, first[0]), (second[0], first), (first, second[0])}
            if len(first) > 1 and len(tokens) > 2:
                initials = "".join(t[0] for j, t in enumerate(tokens) if j != i)
                self.pairs |= {(first, initials), (initials, first)}

    def _around(self, tokens: list[str]) -> bool:
        """Whether a name stands around a middle initial that the record does not give."""
        return len(tokens) == 3 and len(tokens[0]) + len(tokens[2]) > 2 and (tokens[0], tokens[2]) in self.pairs

    def mask(self, text: str | None, surnames: frozenset[str] = frozenset()) -> str | None:
        if not text:
            return text
        text = unicodedata.normalize("NFC", text)
        if "@" in text:
            text = _ADDRESS.sub("[e-mail]", text)
        if "000" in text or text.count("-") >= 3:
            text = _ORCID.sub("[orcid]", text)
        for name in self.unspaced:
            text = text.replace(name, "[name]")
        text = _AUTHOR_ID.sub("[author]", text)
        if self.words.isdisjoint(_TOKEN.findall(text.casefold())):  # most strings name nobody
            return text
        spans = [(m.start(), m.end(), m.group().casefold()) for m in _TOKEN.finditer(text)]
        named = {i for i, (_, _, t) in enumerate(spans) if t in self.single or (t in surnames and t not in self.places)}
        for i in range(len(spans) - 1):
            if (spans[i][2], spans[i + 1][2]) in self.pairs and spans[i + 1][0] - spans[i][1] <= 3:
                named |= {i, i + 1}
            elif len(spans[i + 1][2]) == 1 and self._around([s[2] for s in spans[i : i + 3]]):
                named |= {i, i + 1, i + 2}
        return _cover(text, [spans[i][:2] for i in sorted(named)]) if named else text


def _cover(text: str, spans: list[tuple[int, int]]) -> str:
    """Replace neighbouring spans by one `[name]`."""
    pieces: list[str] = []
    end = 0
    for start, stop in spans:
        gap = text[end:start]
        if not (pieces and pieces[-1] == "[name]" and not _TOKEN.search(gap) and len(gap) <= 3):
            pieces += [gap, "[name]"]
        end = stop
    return "".join([*pieces, text[end:]])


def _names(authorship: _ServedAuthorship) -> Iterator[str]:
    for name in (authorship.author and authorship.author.display_name, authorship.raw_author_name):
        if name:
            yield unicodedata.normalize("NFC", name)


def _surnames(authorship: _ServedAuthorship) -> frozenset[str]:
    found = set()
    for name in _names(authorship):
        tokens = _TOKEN.findall((name.split(",")[0] if "," in name else name).casefold())
        if tokens and len(tokens[-1]) >= 4:
            found.add(tokens[-1])
    return frozenset(found)


def of_records(records: Iterable[bytes], request: str, per_page: int = 100) -> Iterator[Page]:
    """Cut a stream of served records (JSON, one each) into pages as they are stored."""
    works: list[Work] = []
    digest = hashlib.sha256()
    for record in records:
        works.append(keep(record))
        digest.update(record + b"\n")
        if len(works) == per_page:
            yield Page(request=request, served_sha256=[digest.hexdigest()], works=works)
            works, digest = [], hashlib.sha256()
    if works:
        yield Page(request=request, served_sha256=[digest.hexdigest()], works=works)


def pack(page: Page) -> bytes:
    """A page as the bytes of its file: gzipped JSON without a clock, so that the same page gives the same bytes."""
    return gzip.compress(msgspec.json.encode(page), compresslevel=6, mtime=0)


def unpack(data: bytes, where: Any) -> Page:
    """The page in a file's bytes; raises `CacheError` naming the file if it is cut or edited."""
    try:
        return _page.decode(gzip.decompress(data))
    except (OSError, EOFError, zlib.error, msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise CacheError(
            f"{where}: not a page coauth wrote ({fault}); run `coauth status --verify`, then `coauth harvest`"
        ) from fault
