"""What an error answer says: its headers and its words, as far as they may be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote_plus

import msgspec

LONGEST_TOLD = 600.0
"""An order to wait longer than this is about the day's budget, whatever else the answer says."""


class Complaint(msgspec.Struct):
    """The body of an error answer. What is not a text is taken as none."""

    error: Any = None
    message: Any = None
    retryAfter: Any = None  # noqa: N815  the server's spelling

    def __post_init__(self) -> None:
        self.error = self.error if isinstance(self.error, str) else ""
        self.message = self.message if isinstance(self.message, str) else ""


_complaints = msgspec.json.Decoder(Complaint)


def read(body: bytes) -> Complaint:
    """Empty where the body is not JSON, or not of this form."""
    try:
        return _complaints.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Complaint()


def is_budget(headers: Mapping[str, str], complaint: Complaint, pause: float | None) -> bool:
    """Told by the numbers, as OpenAlex's own client does; by the words where there are none; else
    by the long wait.
    """
    left, needed = (
        number(headers, "X-RateLimit-Remaining", -1),
        number(headers, "X-RateLimit-Credits-Required", -1),
    )
    by_numbers = 0 <= left < needed
    return (
        by_numbers
        or complaint.message.startswith("Insufficient budget")
        or (pause or 0.0) > LONGEST_TOLD
    )


def number(headers: Mapping[str, str], header: str, otherwise: int) -> int:
    """What a header says, if it is a number."""
    text = headers.get(header, "")
    return int(text) if re.fullmatch(r"\d{1,9}", text) else otherwise


def pause(headers: Mapping[str, str], body: bytes) -> float | None:
    """Seconds to wait: Retry-After (a number or a date), or `retryAfter` of the body."""
    text = headers.get("Retry-After", "")
    if re.fullmatch(r"\d{1,6}(\.\d+)?", text):
        return float(text)
    if text:
        try:
            return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
        except (ValueError, TypeError):
            return None
    said = read(body).retryAfter
    return float(said) if isinstance(said, int | float) and 0 <= said < 1e6 else None


_VOCABULARY = frozenset(  # one word after the other is easier to keep than one a line
    """a abstract address after again all allowed alternate an and any api are as at be been below between bytes can
    cannot character combine comma contain contains corpus cursor data database date day decrease deprecated did do
    does domain e.g edge end error exceeded exist favor field fields filter filters for format free from funds get
    greater group grouping has have host hyphenated id ids in include inside institution institutional instead invalid
    is it its key kb large later length less likely limit limited list literal long maximum mean member missing more
    must need nested no not null number of on one only openalex operator or order over page pages pagination param
    parameter parameters partner per percent-encoded per-page plan plans please premium problem provide
    query queries range reached read records rejected relevance request requested requests required requires result
    results same sample search see select separate separately set size small sort sorting split start supported than
    that the then this to too topic type types underscore unescaped unknown unsupported upgrade url use used using
    valid value values version versions when where with without work works wrapped wrong you your""".split()  # noqa: SIM905
)


def known_words(body: bytes, url: str = "") -> str:
    """The server's own words about a refused request, as far as they may be shown: at most 200
    characters.

    A message is free text and may quote a record. Shown are words that OpenAlex's messages are made
    of, short numbers, and words of the request itself; each run of other words becomes an ellipsis.
    So no name, mail address, ORCID, author id or key can pass, whatever it looks like.

    >>> known_words(b'{"error": "Pagination error.", "message": "per-page parameter must be between 1 and 200."}')
    'Pagination error. per-page parameter must be between 1 and 200.'
    >>> known_words(b'{"message": "colour is not a valid field, Ann Berg (ann@ku.dk)"}', "/works?filter=colour:red")
    'colour is not a valid field, …'
    """
    complaint = read(body)
    asked = {word.casefold() for word in re.findall(r"\w+(?:[.-]\w+)*", unquote_plus(url))}
    shown: list[str] = []
    for word in f"{complaint.error} {complaint.message}".split():
        bare = word.strip("\"'“”.,:;()").casefold()
        if bare in _VOCABULARY or bare in asked or re.fullmatch(r"\d{1,3}(,\d{3}|\d{0,2})", bare):
            shown.append(word)
        elif shown[-1:] != ["…"]:
            shown.append("…")
    text = " ".join(shown)
    return text if len(text) <= 200 else f"{text[:199]}…"
