"""The one form in which ids, country codes and types are stored, and what other spellings of them
mean.

Each kind is a text with a pattern (`STRICT`): a served record whose texts fit is taken as it
stands, at the speed of the decoder. Only what does not fit comes to `Kind.canonical`, which returns
the meaning of another spelling, or None where it means nothing of this kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated

import iso3166
import msgspec

NUMBER = r"[1-9]\d{0,17}"
"""Of an institution or topic: counted from 1 (0 and -1 are other tools' marks for "none")."""

_WORK_NUMBER = rf"(?:0|{NUMBER})"
"""Of a work: tables hold it as 64 bits."""

_ADDRESS = (
    r"(?:(?:https?:)?(?://)?(?:www\.|api\.|explore\.)?openalex\.org/(?:[a-z-]+/)?|openalex:\s*)"
)

EMPTY_CELLS = frozenset(("na", "n/a", "nan", "none", "null", "<na>", "nat", "undefined", "#n/a"))
"""Texts that other programs write for nothing."""

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


def _id(letter: str, number: str, bare: int = 1) -> Callable[[str], str | None]:
    """Reads an id in any spelling; a number alone has so many digits, or it may be anything."""
    spelling = re.compile(
        rf"(?:(?:{_ADDRESS})?{letter}0*({number})|{_ADDRESS}0*({number})|0*({number}))/?(?:[?#].*)?",
        re.IGNORECASE,
    )

    def canonical(text: str) -> str | None:
        match = spelling.fullmatch(text.strip())
        if not match or len(match[3] or "x" * bare) < bare:
            return None
        return f"https://openalex.org/{letter}{match[match.lastindex or 1]}"

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
    return slug if re.fullmatch(_SLUG, slug) and slug not in EMPTY_CELLS else None


def _type(text: str) -> str | None:
    """
    >>> _type("journal-article"), _type("https://openalex.org/types/Article"), _type("Book Chapter")
    ('article', 'article', 'book-chapter')
    """
    slug = _slug(text)
    return OLD_TYPES.get(slug, slug) if slug else None


def _type_reason(text: str) -> str:
    return "old vocabulary" if _slug(text) in OLD_TYPES else "another spelling"


_ISO = re.compile(
    r"(?P<year>\d{4})(?:(?P<sep>[-/.])(?P<month>\d{1,2})(?:(?P=sep)(?P<day>\d{1,2}))?"
    r"|(?P<month2>\d\d)(?P<day2>\d\d))?"
    r"(?:(?:T|\s+)(?P<hour>\d{1,2}):?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?P<part>\.\d+)?)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?",
    re.IGNORECASE,
)


def _date(text: str) -> str | None:
    """
    >>> _date("2018/05/09"), _date("20180509"), _date("1525824000000"), _date("9.5.2018")
    ('2018-05-09', '2018-05-09', '2018-05-09', None)
    >>> _date("1525857012000"), _date("20180509T050000"), _date("Wed, 09 May 2018 05:00:00 GMT")
    ('2018-05-09T09:10:12', '2018-05-09T05:00:00', '2018-05-09T05:00:00+00:00')
    >>> _date("1525857012000000000"), _date("1525857012000000")
    ('2018-05-09T09:10:12', '2018-05-09T09:10:12')
    >>> _date("2018-5-9"), _date("2018-05-09T24:00:00"), _date("2018-05"), _date("2018-00-00")
    ('2018-05-09', '2018-05-10T00:00:00', '2018-05', '2018')
    """
    text = text.strip()
    try:
        if epoch := re.fullmatch(r"-?\d{9,10}(\d{3}){0,3}", text):  # as pandas and MongoDB write it
            seconds = int(text) / 1000 ** ((len(epoch[0].lstrip("-")) - 9) // 3)
            moment = datetime(1970, 1, 1) + timedelta(seconds=seconds)  # noqa: DTZ001  as text without a zone
            return moment.isoformat().removesuffix("T00:00:00")
        if text[:1].isalpha():
            return parsedate_to_datetime(text).isoformat()
        match = _ISO.fullmatch(text)
        return _iso(match.groupdict()) if match else None
    except (ValueError, OverflowError):
        return None


def _iso(parts: Mapping[str, str | None]) -> str | None:
    """A day or moment in ISO's spelling; a year or month alone where no more is said."""
    year, month, day = (
        int(parts[name] or parts.get(f"{name}2") or 0) for name in ("year", "month", "day")
    )
    if not (year and month and day):
        return (
            f"{year:04d}-{month:02d}"
            if year and 0 < month < 13
            else f"{year:04d}"
            if year
            else None
        )
    midnight = datetime(year, month, day)  # noqa: DTZ001  the zone follows as it is said
    if parts["hour"] is None:
        return midnight.date().isoformat()
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    if hour > 24 or minute > 59 or second > 60:
        return None
    moment = midnight + timedelta(hours=hour, minutes=minute, seconds=second)
    zone = (parts["zone"] or "").upper()
    if zone:
        zone = f"{zone[:3]}:{zone[3:].strip(':') or '00'}" if zone[0] in "+-" else "+00:00"
    return moment.isoformat() + (parts["part"] or "") + zone


_SLUG = r"[a-z]+(?:-[a-z]+)*"
_NO_SLUG = "|".join(sorted(filter(re.compile(_SLUG).fullmatch, EMPTY_CELLS)))
_MONTH, _DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d)?"

KINDS = {
    kind.name: kind
    for kind in (
        Kind("work id", rf"^(?:https://openalex\.org/)?W{_WORK_NUMBER}$", _id("W", _WORK_NUMBER)),
        Kind("institution id", rf"^(?:https://openalex\.org/)?I{NUMBER}$", _id("I", NUMBER, 6)),
        Kind("topic id", rf"^(?:https://openalex\.org/)?T{NUMBER}$", _id("T", NUMBER, 5)),
        Kind("ror", r"^https://ror\.org/[0-9a-z]+$", _ror),
        Kind("country code", f"^(?:{'|'.join(sorted(COUNTRIES))})$", _country),
        Kind("institution type", f"^(?!(?:{_NO_SLUG})$){_SLUG}$", _slug),
        Kind("date", rf"^\d{{4}}(?:-{_MONTH}(?:-{_DAY}(?:[T ]{_TIME})?)?)?$", _date),
        Kind(
            "type",
            f"^(?!(?:{'|'.join(sorted(OLD_TYPES))}|{_NO_SLUG})$){_SLUG}$",
            _type,
            _type_reason,
        ),
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
