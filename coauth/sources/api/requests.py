"""What is asked of OpenAlex, and what of an answer is believed.

pyalex 0.21 writes the questions and nothing more. The seam is the `url` of a `Works()`: coauth
reads it and sends it through its own `Transport`. pyalex hard-codes https://api.openalex.org there
(and ignores its own `config.openalex_url`), which the transport replaces; it also changes a query
object in place while it is paged, hence a fresh `Works()` for every address. How `url` spells
filters, cursor and page size is what the pin `==0.21` holds fast.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pyalex

from coauth.openalex import SELECT, Meta, Response, read_response, read_single
from coauth.sources.api.plan import Part
from coauth.sources.api.transport import API, Refused, Transport
from coauth.sources.api.walk_state import Served
from coauth.sources.http import TransientError

PYALEX = pyalex.__version__

SOFT_TIMEOUT_MS = 5_000
"""The search engine gives up softly after 5 s and serves what it has. An answer that took so long
is not believed.
"""


class _Group(msgspec.Struct):
    key: str | int
    count: int


class _Groups(msgspec.Struct):
    meta: Meta
    group_by: list[_Group]


class _RateLimit(msgspec.Struct):
    credits_remaining: int | None = None
    onetime_credits_remaining: int | None = None


class _Account(msgspec.Struct):
    rate_limit: _RateLimit


_groups = msgspec.json.Decoder(_Groups)
_account = msgspec.json.Decoder(_Account)


_SELECT = urlsplit(pyalex.Works().select(list(SELECT)).url).query


class Questions:
    """What can be asked about one part of the works in scope, and the answers."""

    def __init__(self, line: Transport, countries: Iterable[str], part: Part) -> None:
        self.line, self.part = line, part
        self._countries = "|".join(sorted(countries))

    def page(self, cursor: str, size: int) -> Served:
        """One page. `publication_date` is the steadiest order OpenAlex sells for nothing."""
        works = (
            self._works({"cursor": cursor, "per-page": size})
            .select(list(SELECT))
            .sort(publication_date="asc")
        )
        url = str(works.url)
        return self.line.get(url, partial(_served, url), cost=1)

    def count(self) -> int:
        """A fresh count. Not of one id a page: that very question may be answered from a cache five
        minutes old.
        """
        url = str(self._works({"per-page": 2}).select(["id"]).url)
        return self.line.get(url, _believed_list, cost=1).meta.count

    def work(self, work_id: str) -> bytes | None:
        """The body of a single work, free of charge; None if it is not there (deleted and merged
        works are a 404).
        """
        found = re.fullmatch(r"https://openalex\.org/(W\d+)", work_id)
        if not found:
            return None
        try:
            return self.line.get(f"{pyalex.Works(found[1]).url}?{_SELECT}", read_single)
        except Refused as refusal:
            if refusal.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
                return None
            raise

    def again(self, reason: str, seconds: float) -> None:
        self.line.again(reason, seconds)

    def grouped(self, by: str, *, unmatched: bool = False) -> dict[str, int]:
        """Counts by a field. `unmatched` asks for works with an address in the country, but no
        institution there.
        """
        works = self._works({"per-page": 200}, unmatched=unmatched).group_by(by)
        groups = self.line.get(str(works.url), _believed_groups, cost=1).group_by
        return {
            str(g.key).rsplit("/", 1)[-1]: g.count
            for g in sorted(groups, key=lambda g: str(g.key))
            if g.count
        }

    def _works(self, params: dict[str, Any], *, unmatched: bool = False) -> Any:
        here = (
            {
                "authorships.countries": self._countries,
                "authorships.institutions.country_code": f"!{self._countries}",
            }
            if unmatched
            else {"authorships.institutions.country_code": self._countries}
        )
        return pyalex.Works(params).filter(
            **here,
            type="|".join(self.part.types),
            from_publication_date=self.part.first.isoformat(),
            to_publication_date=self.part.last.isoformat(),
        )


def credits_left(line: Transport) -> int | None:
    """Credits left today; None where the address does not tell."""
    left = line.get(f"{API}/rate-limit", _account.decode).rate_limit
    if left.credits_remaining is None:
        return None
    return left.credits_remaining + (left.onetime_credits_remaining or 0)


def _served(url: str, body: bytes) -> Served:
    return Served(url, hashlib.sha256(body).hexdigest(), _believed_list(body))


def _believed_list(body: bytes) -> Response:
    response = read_response(body)
    _in_time(response.meta)
    return response


def _believed_groups(body: bytes) -> _Groups:
    groups = _groups.decode(body)
    _in_time(groups.meta)
    return groups


def _in_time(meta: Meta) -> None:
    if (meta.db_response_time_ms or 0) >= SOFT_TIMEOUT_MS:
        raise TransientError("soft time-out of the search engine")
