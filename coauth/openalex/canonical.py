"""The one form in which ids, country codes and types are stored, and what other spellings of them
mean.

Each kind is a text with a pattern (`STRICT`): a served record whose texts fit is taken as it
stands, at the speed of the decoder. Only what does not fit comes to `Kind.canonical`, which returns
the meaning of another spelling, or None where it means nothing of this kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import iso3166
import msgspec

NUMBER = r"[1-9]\d{0,17}"
"""Of an institution or topic: counted from 1 (0 and -1 are other tools' marks for "none")."""

_WORK_NUMBER = r"\d{1,18}"
"""Of a work: tables hold it as 64 bits."""

_ADDRESS = r"(?:https?:)?(?://)?(?:www\.|api\.|explore\.)?openalex\.org/(?:[a-z-]+/)?"

FORMER = frozenset(("AN", "CS"))
"""Codes of countries that are no more, as ROR's places still have them."""

COUNTRIES = frozenset(iso3166.countries_by_alpha2) | FORMER
"""ISO 3166-1 alpha-2, with Kosovo (XK), which ISO leaves to its users and OpenAlex uses."""

OLD_TYPES = {
    "journal-article": "article",
    "proceedings-article": "conference-paper",
    "proceedings": "conference-paper",
    "proceedings-series": "paratext",
    "posted-content": "preprint",
    "monograph": "book",
    "edited-book": "book",
    "reference-book": "book",
    "book-set": "book",
    "book-series": "book",
    "book-part": "book-chapter",
    "book-section": "book-chapter",
    "book-track": "book-chapter",
    "report-component": "report",
    "report-series": "report",
    "journal": "paratext",
    "journal-issue": "paratext",
    "journal-volume": "paratext",
    "component": "paratext",
    "database": "dataset",
}
"""Crossref's types, which OpenAlex served as `type` until 2023, and the types of today that hold
such works.
"""


@dataclass(frozen=True)
class Kind:
    """What a text is (`name`), which texts are already in the one form, and what another spelling
    means.

    `reason` says what was put right about a given text.
    """

    name: str
    pattern: str
    canonical: Callable[[str], str | None]
    reason: Callable[[str], str] = lambda text: "another spelling"


def _id(letter: str, number: str) -> Callable[[str], str | None]:
    spelling = re.compile(rf"(?:{_ADDRESS})?({letter}?)({number})/?(?:[?#].*)?", re.IGNORECASE)

    def canonical(text: str) -> str | None:
        match = spelling.fullmatch(text.strip())
        return f"https://openalex.org/{letter}{match[2]}" if match else None

    return canonical


def _country(text: str) -> str | None:
    """The alpha-2 code that a code of another case or standard, an address or an English name
    stands for.

    >>> _country("dk"), _country("DNK"), _country("https://openalex.org/countries/DK"), _country("ZZZ")
    ('DK', 'DK', 'DK', None)
    """
    code = text.strip().rstrip("/").rsplit("/", 1)[-1].upper()
    code = {"UK": "GB", "EL": "GR"}.get(code, code)  # the European Union's own
    if code in COUNTRIES:
        return code
    country = iso3166.countries_by_alpha3.get(code) or iso3166.countries_by_name.get(code)
    return country.alpha2 if country else None


def _ror(text: str) -> str | None:
    match = re.fullmatch(
        r"(?:(?:https?:)?//)?(?:www\.)?(?:ror\.org/)?([0-9a-z]{9})/?", text.strip().lower()
    )
    return f"https://ror.org/{match[1]}" if match else None


def _slug(text: str) -> str | None:
    slug = re.sub(r"[\s_]+", "-", text.strip().rstrip("/").rsplit("/", 1)[-1].lower())
    return slug if re.fullmatch(_SLUG, slug) else None


def _type(text: str) -> str | None:
    """
    >>> _type("journal-article"), _type("https://openalex.org/types/Article"), _type("Book Chapter")
    ('article', 'article', 'book-chapter')
    """
    slug = _slug(text)
    return OLD_TYPES.get(slug, slug) if slug else None


def _type_reason(text: str) -> str:
    return "old vocabulary" if _slug(text) in OLD_TYPES else "another spelling"


def _date(text: str) -> str | None:
    """
    >>> _date("2018/05/09"), _date("20180509"), _date("1525824000000"), _date("9.5.2018")
    ('2018-05-09', '2018-05-09', '2018-05-09', None)
    >>> _date("1525857012000")
    '2018-05-09T09:10:12'
    """
    text = text.strip()
    if re.fullmatch(r"-?\d{9,10}|-?\d{12,13}", text):  # a moment as pandas and MongoDB write it
        seconds = int(text) / (1000 if len(text) > 11 else 1)
        moment = datetime(1970, 1, 1) + timedelta(seconds=seconds)  # noqa: DTZ001  as text without a zone
        return moment.isoformat().removesuffix("T00:00:00")
    match = re.match(r"(\d{4})[/.]?(\d{2})[/.]?(\d{2})(?!\d)", text)
    return "-".join(match.groups()) if match else None


_SLUG = r"[a-z]+(?:-[a-z]+)*"

KINDS = {
    kind.name: kind
    for kind in (
        Kind("work id", rf"^(?:https://openalex\.org/)?W{_WORK_NUMBER}$", _id("W", _WORK_NUMBER)),
        Kind("institution id", rf"^(?:https://openalex\.org/)?I{NUMBER}$", _id("I", NUMBER)),
        Kind("topic id", rf"^(?:https://openalex\.org/)?T{NUMBER}$", _id("T", NUMBER)),
        Kind("ror", r"^https://ror\.org/[0-9a-z]+$", _ror),
        Kind("country code", f"^(?:{'|'.join(sorted(COUNTRIES))})$", _country),
        Kind("institution type", f"^{_SLUG}$", _slug),
        Kind("date", r"^\d{4}(?:-|$)", _date),
        Kind("type", f"^(?!(?:{'|'.join(sorted(OLD_TYPES))})$){_SLUG}$", _type, _type_reason),
    )
}


def _annotation(name: str) -> msgspec.Meta:
    return msgspec.Meta(pattern=KINDS[name].pattern, extra={"kind": name})


WorkId = Annotated[str, _annotation("work id")]
InstitutionId = Annotated[str, _annotation("institution id")]
TopicId = Annotated[str, _annotation("topic id")]
Score = Annotated[float, msgspec.Meta(ge=0, le=1)]
"""How sure a topic is; OpenAlex gives shares of one."""
Ror = Annotated[str, _annotation("ror")]
CountryCode = Annotated[str, _annotation("country code")]
InstitutionType = Annotated[str, _annotation("institution type")]
Date = Annotated[str, _annotation("date")]
WorkType = Annotated[str, _annotation("type")]
