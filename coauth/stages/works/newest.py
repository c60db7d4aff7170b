"""Of the records of one id, which one is the work: the newest.

A harvest may hold a work several times: served twice while the index changed, once in each month it
was moved between, once a week in a file to which answers were appended. All readable records of an
id stand against each other, in scope or not, wherever they are: a work that OpenAlex has since made
a dataset is no work in scope. A record that cannot be read, or names no year, type or author,
stands against none. The order is total and looks at records alone, so it is the same whatever the
pages, parts and threads: the later `updated_date` (a record with one before a record without), then
a record in scope, then more authorships, then what the record says, as text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

from coauth.openalex import Outline
from coauth.stages.works.batch import short
from coauth.stages.works.records import year
from coauth.tables.contract import BOOL, INT, STRING

OLDER = "id of a newer record"
EQUAL = "same id and date as another record"


class Claim(NamedTuple):
    """What a record brings forward for being the work of its id; the greatest counts."""

    updated: str
    in_scope: bool
    n_authors: int
    text: tuple[bytes, ...] = ()
    """What the record says, as far as it was read: an `Outline` says the first part of what a
    `Record` says.
    """

    def against(self, other: Claim) -> str:
        """Why a record with this claim is left out beside the one that counts."""
        return OLDER if self.updated < other.updated else EQUAL


Exact: TypeAlias = Callable[[Mapping[int, set[str]]], Mapping[int, dict[str, Claim]]]
"""By batch some of its ids -> by batch their claims, with what the records say."""


def moment(text: str | None) -> str:
    """A time as text that sorts, in UTC; empty where it is none.

    >>> moment("2026-08-14T05:12:33.123456"), moment("2025-10-10"), moment("2025-10-10T02:00:00+02:00")
    ('2026-08-14T05:12:33.123456', '2025-10-10T00:00:00.000000', '2025-10-10T00:00:00.000000')
    >>> moment("2026-02-02 10:00:00 UTC"), moment("Mon, 02 Feb 2026 10:00:00 GMT")
    ('2026-02-02T10:00:00.000000', '2026-02-02T10:00:00.000000')
    >>> moment("2026-02"), moment("2026")
    ('2026-02-01T00:00:00.000000', '2026-01-01T00:00:00.000000')
    >>> moment(None), moment("last week"), moment("0001-01-01T00:00:00+09:00")
    ('', '', '')
    """
    told = re.sub(r"\s*(?:UTC|GMT)$", "+00:00", (text or "").strip())
    if re.fullmatch(r"\d{4}(-\d\d)?", told):
        told += "-01-01"[: 10 - len(told)]
    try:
        time = parsedate_to_datetime(told) if told[:1].isalpha() else datetime.fromisoformat(told)
        return (
            (time.astimezone(UTC) if time.tzinfo else time)
            .replace(tzinfo=None)
            .isoformat(timespec="microseconds")
        )
    except (ValueError, OverflowError):
        return ""


def settle(
    records: Sequence[Outline],
    reasons: Sequence[str | None],
    n_authors: Sequence[int],
    elsewhere: Mapping[str, Claim],
    texts: Callable[[int], tuple[bytes, ...]],
) -> tuple[list[str | None], dict[str, int]]:
    """The reasons to leave records out, those for their id among them; and by id the record of this
    batch that counts.

    `elsewhere` has the ids that count in another batch, with the claim that counts there. `texts`
    gives what a record says, and is asked only of records that share their id.
    """
    first: dict[str, int] = {}
    rivals: defaultdict[str, set[int]] = defaultdict(set)
    for n, (record, reason) in enumerate(zip(records, reasons, strict=True)):
        if reason is None or _whole(record, n_authors[n]):
            own = short(record.id)
            if (other := first.setdefault(own, n)) != n or own in elsewhere:
                rivals[own] |= {other, n}
    why = list(reasons)
    for own, several in rivals.items():
        claims = {n: claim(records[n], reasons[n], n_authors[n], texts(n)) for n in sorted(several)}
        best = max(claims, key=claims.__getitem__)
        counted = elsewhere.get(own, claims[best])
        for n in several if own in elsewhere else several - {best}:
            why[n] = claims[n].against(counted)
        first[own] = best
    return why, {own: n for own, n in first.items() if own not in elsewhere}


def claim(
    record: Outline, reason: str | None, n_authors: int, text: tuple[bytes, ...] = ()
) -> Claim:
    return Claim(moment(record.updated_date), reason is None, n_authors, text)


def _whole(record: Outline, n_authors: int) -> bool:
    """Whether a record that is no work in scope says all that a judgement takes."""
    named = record.damage is None and record.id is not None
    return named and n_authors > 0 and record.type is not None and year(record) is not None


CLAIMS = pa.schema(
    [("work_id", STRING), ("updated_date", STRING), ("in_scope", BOOL), ("n_authors", INT)]
)
"""One row for each id of a batch: the record that counts there."""


def table(
    records: Sequence[Outline],
    why: Sequence[str | None],
    n_authors: Sequence[int],
    best: Mapping[str, int],
) -> pa.Table:
    """CLAIMS; dates as they stand, since few are ever compared."""
    at = list(best.values())
    columns = [
        list(best),
        [records[n].updated_date for n in at],
        [why[n] is None for n in at],
        [n_authors[n] for n in at],
    ]
    return pa.table(
        [pa.array(c, f.type) for c, f in zip(columns, CLAIMS, strict=True)], schema=CLAIMS
    )


def elsewhere(batches: Sequence[pa.Table], exact: Exact) -> dict[int, dict[str, Claim]]:
    """By batch (its place among the CLAIMS of all) the ids that count in another, with the claim
    that counts there.

    `exact` reads what records say, which only decides where dates, scope and authorships are the
    same.
    """
    rows = pa.concat_tables([CLAIMS.empty_table(), *batches])
    codes = rows["work_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    shared = np.bincount(codes, minlength=1)[codes] > 1
    place = np.repeat(np.arange(len(batches)), [len(b) for b in batches])[shared].tolist()
    claims: defaultdict[str, dict[int, Claim]] = defaultdict(dict)
    for n, row in zip(place, rows.filter(pa.array(shared)).to_pylist(), strict=True):
        claims[row["work_id"]][n] = Claim(
            moment(row["updated_date"]), row["in_scope"], row["n_authors"]
        )
    doubtful: defaultdict[int, set[str]] = defaultdict(set)
    for own, rivals in claims.items():
        best = max(rivals.values())
        if len(equals := [n for n, c in rivals.items() if c == best]) > 1:
            for n in equals:
                doubtful[n].add(own)
    for n, told in (exact(doubtful) if doubtful else {}).items():
        for own, c in told.items():
            claims[own][n] = c
    lost: defaultdict[int, dict[str, Claim]] = defaultdict(dict)
    for own, rivals in claims.items():
        best_at = max(rivals, key=rivals.__getitem__)
        for n in rivals.keys() - {best_at}:
            lost[n][own] = rivals[best_at]
    return dict(sorted(lost.items()))
