"""Statistics Denmark's StatBank: how many began a PhD in Denmark each year (table PHD1), as context
for admissions by country.

StatBank has no PhD admissions by citizenship or country of origin, in any table; those are imported
from a file (see `admissions`). Two questions are asked, without a key: which years the table has,
and the persons of each, in the format BULK. BULK has no row for a zero and none where it was cut
short, so what comes is held against the years that `tableinfo` named, and each total against the
women and men in it. Data: CC BY 4.0, the source to be named.
https://www.dst.dk/en/Statistik/hjaelp-til-statistikbanken/api
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import pyarrow as pa
from tenacity import Retrying, retry_if_exception, stop_after_attempt

from coauth.errors import SourceError
from coauth.sources import http
from coauth.sources.http import Blocked, Session, TransientError
from coauth.tables.schemas import ADMISSIONS, STATBANK

API = "https://api.statbank.dk/v1"
TABLE = "PHD1"

ATTEMPTS = 3
TIMEOUT = 20.0
"""Seconds of silence. A report waits for this and can be written without it."""

NOT_SHOWN = frozenset((".", "..", "...", "…"))
"""StatBank's signs for a number that is confidential, too uncertain or not there."""

_ALL_FIELDS, _BOTH_SEXES = "SUM", "TOT"

Value = TypeVar("Value")


def fetch(
    *, url: str | None = None, timeout: float = TIMEOUT, sleep: Callable[[float], None] = time.sleep
) -> bytes:
    """The totals of every year of PHD1 as StatBank serves them; what `read` reads.

    `url` is another address of the API, `timeout` the longest silence in seconds. A failure that
    time may cure is tried three times; where nobody answers at all, once. Raises `SourceError`.
    """
    address = http.checked(url, "COAUTH_STATBANK_URL", API) if url else API
    with http.session() as session:
        ask = partial(_asked, session, address, timeout, sleep)
        years = ask("tableinfo", {"table": TABLE, "format": "JSON", "lang": "en"}, _years)
        chosen = {"HOMR": [_ALL_FIELDS], "KOEN": ["*"], "Tid": [str(y) for y in years]}
        question = {
            "table": TABLE,
            "format": "BULK",
            "lang": "en",
            "valuePresentation": "Code",
            "variables": [{"code": code, "values": values} for code, values in chosen.items()],
        }
        return ask("data", question, partial(_whole, years=years))


def read(body: bytes, retrieved: date) -> pa.Table:
    """`ADMISSIONS` from the totals: a row a year for `total`, suppressed where StatBank shows no
    number.

    >>> body = b"HOMR;KOEN;TID;INDHOLD\\nSUM;TOT;2023;21\\nSUM;M;2023;10\\nSUM;K;2023;11\\n"
    >>> read(body, date(2026, 11, 23)).select(["year", "country_code", "admissions"]).to_pylist()
    [{'year': 2023, 'country_code': 'total', 'admissions': 21}]

    Raises `SourceError` for anything but the totals of PHD1.
    """
    try:
        totals = _totals(body)
    except _NotTheTable as fault:
        raise SourceError(
            f"these are not the totals of StatBank's {TABLE} ({fault}); run `coauth admissions fetch`"
        ) from fault
    return ADMISSIONS.of(
        {
            "year": year,
            "country_code": "total",
            "admissions": n,
            "suppressed": n is None,
            "source": STATBANK,
            "retrieved": retrieved,
        }
        for year, n in totals.items()
    )


class _NotTheTable(ValueError):
    """A body that is something else."""


def _asked(
    session: Session,
    address: str,
    timeout: float,
    sleep: Callable[[float], None],
    verb: str,
    question: dict[str, Any],
    read: Callable[[bytes], Value],
) -> Value:
    def once() -> Value:
        answer, body = http.answered(
            partial(session.post, json=question), f"{address}/{verb}", timeout
        )
        _accepted(answer.status_code, body)
        try:
            return read(body)
        except (msgspec.DecodeError, UnicodeDecodeError, _NotTheTable):
            raise TransientError("something else than the table asked for") from None

    retrying = Retrying(
        retry=retry_if_exception(
            lambda fault: isinstance(fault, TransientError) and not fault.cure
        ),
        stop=stop_after_attempt(ATTEMPTS),
        wait=http.pause,
        sleep=sleep,
        reraise=True,
    )
    try:
        value: Value = retrying(once)
    except (TransientError, Blocked) as fault:
        of, at = (
            ("", "") if address == API else (" of COAUTH_STATBANK_URL", " at COAUTH_STATBANK_URL")
        )
        raise SourceError(
            f"no connection to {urlsplit(address).hostname}{of} ({fault.reason}); {fault.cure}; then run `coauth admissions fetch` again"
            if fault.cure
            else f"StatBank did not answer{at} ({fault.reason}); run `coauth admissions fetch` later"
        ) from None
    return value


class _Complaint(msgspec.Struct, rename="camel"):
    error_type_code: str


def _accepted(status: int, body: bytes) -> None:
    """Refusals are JSON with a code and a message in Danish, with status 400; the code is what can
    be looked up.
    """
    try:
        code = msgspec.json.decode(body, type=_Complaint).error_type_code
    except (msgspec.DecodeError, UnicodeDecodeError):
        code = ""
    temporary = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in (
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
    )
    if temporary:
        raise TransientError(http.status_name(status))
    if code or status != HTTPStatus.OK:
        said = f"{http.status_name(status)}{': ' if code else ''}{code[:60]}"
        raise SourceError(
            f"StatBank refused the question for table {TABLE} ({said}); was the table renamed? look at statbank.dk/{TABLE}"
        )


class _Named(msgspec.Struct):
    id: str


class _Variable(msgspec.Struct):
    id: str
    values: list[_Named]


class _Info(msgspec.Struct):
    variables: list[_Variable]


def _years(body: bytes) -> list[int]:
    """The years a table has, from its `tableinfo`."""
    info = msgspec.json.decode(body, type=_Info)
    ids = [value.id for v in info.variables if v.id.casefold() == "tid" for value in v.values]
    if not ids or not all(i.isdecimal() for i in ids):
        raise _NotTheTable("no years")
    return sorted(int(i) for i in ids)


def _whole(body: bytes, years: list[int]) -> bytes:
    """The body itself, once it is known to hold every year that was asked for, and no other."""
    if list(_totals(body)) != years:
        raise _NotTheTable("years missing")
    return body


def _totals(body: bytes) -> dict[int, int | None]:
    """Year -> persons, None where StatBank shows none, in order of years."""
    try:
        text = body.decode("utf-8-sig")  # the format CSV begins with a mark, BULK does not
    except UnicodeDecodeError as fault:
        raise _NotTheTable("no text") from fault
    rows = list(csv.DictReader((line.upper() for line in text.splitlines()), delimiter=";"))
    found: dict[int, dict[str, int | None]] = {}
    for row in rows:
        if set(row) != {"HOMR", "KOEN", "TID", "INDHOLD"} or row["HOMR"] != _ALL_FIELDS:
            raise _NotTheTable("other columns or rows")
        year, number = str(row["TID"]), str(row["INDHOLD"])
        if not year.isdecimal() or not (number.isdecimal() or number in NOT_SHOWN):
            raise _NotTheTable("no number")
        found.setdefault(int(year), {})[str(row["KOEN"])] = (
            int(number) if number.isdecimal() else None
        )
    if not found:
        raise _NotTheTable("no rows")
    return {year: _total(year, sexes) for year, sexes in sorted(found.items())}


def _total(year: int, sexes: Mapping[str, int | None]) -> int | None:
    """Both sexes together; a number cut short would not be the sum of its parts."""
    if _BOTH_SEXES not in sexes:
        raise _NotTheTable(f"no total of {year}")
    total = sexes[_BOTH_SEXES]
    parts = [n for sex, n in sexes.items() if sex != _BOTH_SEXES]
    shown = [n for n in parts if n is not None]
    if total is not None and shown == parts and sum(shown) != total:
        raise _NotTheTable(f"{year} does not add up")
    return total
