"""What the authorships of some records say: which institutions.

A few thousand lists of institutions stand on millions of authorships, so an authorship is kept as
the number of its list, and what holds for a list is worked out once for all pages that a process
reads. Such numbers depend on what was read before; nothing that leaves this module does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from coauth import openalex
from coauth.openalex import Fragments, Numbers, Placed
from coauth.queries import Scope
from coauth.stages.works.batch import AUTHORSHIPS, INSTITUTION_RECORDS, short, table
from coauth.tables.contract import STRING

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_MOST = 100_000
"""Lists remembered from one batch to the next: with what they say some tens of megabytes."""


class Institution(NamedTuple):
    """An institution as one record described it; without an id only its country counts."""

    institution_id: str | None
    ror: str | None
    name: str | None
    country_code: str | None
    type: str | None
    lineage: list[str]

    @classmethod
    def of(cls, institution: openalex.Institution | None) -> Institution:
        institution = institution or openalex.Institution()
        own = short(institution.id) if institution.id else None
        lineage = {short(above) for above in institution.lineage or () if above} | (
            {own} if own else set()
        )
        return cls(
            own,
            institution.ror,
            institution.display_name or own,
            institution.country_code,
            institution.type,
            sorted(lineage),
        )


class Affiliated(NamedTuple):
    """What one list of institutions says: the numbers of those with an id, each id once and in
    order, and of their countries.
    """

    institutions: list[int]
    own: list[int]
    at_home: bool
    of_company: bool


class Lists:
    """The different lists met so far, and what each of them says; ids and codes are numbered too."""

    def __init__(self, scope: Scope) -> None:
        self._home = scope.home
        self.ids, self.codes = Numbers(), Numbers()
        self.described = Fragments(Institution.of, openalex.Institution | None)
        self.affiliated = Fragments(self._affiliated, list[msgspec.Raw] | None)
        self.beside = Fragments(
            lambda codes: [self.codes[c] for c in codes or () if c], list[str | None] | None
        )
        self.matched = Fragments(
            lambda ids: [self.ids[short(i)] for i in ids or () if i], list[str | None] | None
        )

    def _affiliated(self, pieces: list[msgspec.Raw] | None) -> Affiliated:
        own: list[int] = []
        matched: dict[str, int] = {}
        at_home = of_company = False
        for n in self.described.numbers(pieces or ()):
            institution: Institution = self.described.made[n]
            if institution.country_code:
                own.append(self.codes[institution.country_code])
            if institution.institution_id:
                matched.setdefault(institution.institution_id, n)
                at_home |= institution.country_code in self._home
                of_company |= institution.type == "company"
        return Affiliated([matched[i] for i in sorted(matched)], own, at_home, of_company)

    def forget(self) -> None:
        """Make room; only between batches, since numbers begin anew."""
        every = (self.affiliated, self.described, self.beside, self.matched)
        if sum(map(len, every)) > _MOST:
            for fragments in every:
                fragments.clear()


class Met(NamedTuple):
    """Lists where they stand: the different ones, and which of them stands at each place."""

    lists: list[Any]
    indices: Integers

    @classmethod
    def of(cls, fragments: Fragments, numbers: Sequence[int]) -> Met:
        here = np.array(numbers, np.int64)
        there = np.zeros(len(fragments), bool)  # what np.unique does, without sorting
        there[here] = True
        return cls(
            [fragments.made[n] for n in np.flatnonzero(there).tolist()],
            (np.cumsum(there) - 1)[here],
        )

    def spread(
        self, members: Sequence[Sequence[int]], places: Integers
    ) -> tuple[Integers, Integers]:
        """One row for each of the `members` (of each list) at these places: (which of the places,
        the member).

        >>> at, member = Met([], np.array([1, 0, 1])).spread([[7], [8, 9]], np.array([0, 1]))
        >>> at.tolist(), member.tolist()
        ([0, 0, 1], [8, 9, 7])
        """
        lengths = np.array(list(map(len, members)), np.int64)
        flat = np.array(list(chain.from_iterable(members)), np.int64)
        here = self.indices[places]
        length = lengths[here]
        at = np.repeat(np.arange(len(here)), length)
        within = np.arange(len(at)) - (np.cumsum(length) - length)[at]
        return at, flat[(np.cumsum(lengths) - lengths)[here][at] + within]


class Authorships:
    """The authorships of records added a page at a time; asked only when all are there. `fit` says
    which records are works.
    """

    def __init__(self, lists: Lists) -> None:
        self._lists = lists
        self._count: list[int] = []
        self._affiliated: list[int] = []

    def add(self, own: Sequence[Sequence[Placed]]) -> list[Placed]:
        """Those of each record; returns them in one, for who asks more of them."""
        self._count += map(len, own)
        authorships = list(chain.from_iterable(own))
        self._affiliated += self._lists.affiliated.numbers(a.institutions for a in authorships)
        return authorships

    # -- where things stand

    @cached_property
    def count(self) -> Integers:
        """How many authorships each record has."""
        return np.array(self._count, np.int64)

    @cached_property
    def record(self) -> Integers:
        """Of each authorship, the record it is on."""
        return np.repeat(np.arange(len(self.count)), self.count)

    @cached_property
    def met(self) -> Met:
        return Met.of(self._lists.affiliated, self._affiliated)

    # -- of each record

    def text(self, record: int) -> bytes:
        """The lists on a record, as they stand on its page."""
        return b"".join(self._pieces[self._affiliated[n]] for n in self.of(record))

    def of(self, record: int) -> range:
        """The authorships of a record, by number."""
        return range(self._first[record], self._first[record + 1])

    @cached_property
    def _pieces(self) -> list[bytes]:
        return list(self._lists.affiliated)

    @cached_property
    def _first(self) -> list[int]:
        return [0, *np.cumsum(self.count).tolist()]

    @cached_property
    def matched(self) -> Flags:
        """Of each authorship, whether it has an institution."""
        return np.array([bool(a.institutions) for a in self.met.lists], bool)[self.met.indices]

    def _records_with(self, of_list: Sequence[bool]) -> Integers:
        """How many authorships of each record have a list for which this holds."""
        holds = np.array(of_list, bool)[self.met.indices]
        return np.bincount(self.record[holds], minlength=len(self.count))

    @cached_property
    def with_institution(self) -> Integers:
        return self._records_with([bool(a.institutions) for a in self.met.lists])

    @cached_property
    def at_home(self) -> Flags:
        return self._records_with([a.at_home for a in self.met.lists]) > 0

    @cached_property
    def without_country(self) -> Flags:
        """Of each record, whether it has institutions and none of them a country."""
        somewhere: Flags = self._records_with([bool(a.own) for a in self.met.lists]) > 0
        return (self.with_institution > 0) & ~somewhere

    @cached_property
    def of_company(self) -> Flags:
        return self._records_with([a.of_company for a in self.met.lists]) > 0

    @cached_property
    def status(self) -> NDArray[np.str_]:
        complete = self.with_institution == self.count
        return np.where(
            self.with_institution == 0, "none", np.where(complete, "complete", "partial")
        )

    # -- tables

    def institutions(
        self, fit: Flags, work_ids: pa.Array, ids: Sequence[str]
    ) -> tuple[pa.Table, pa.Table]:
        """AUTHORSHIPS: each institution once on an authorship; and INSTITUTION_RECORDS: each description of an
        institution once, with the last work (by date, then id: `ids` of each record) it was seen
        on.
        """
        authorship, record, which, found = self._placed(fit, ids)
        place = authorship - (np.cumsum(self.count) - self.count)[record]
        known = found[
            "institution_id"
        ].combine_chunks()  # rows of a column in pieces are taken three times as slowly
        return table(
            AUTHORSHIPS,
            {
                "work_id": take_at(work_ids, renumbered(fit)[record]),
                "place": place,
                "institution_id": take_at(known, which),
            },
        ), found

    def links(
        self, fit: Flags, work_ids: pa.Array, ids: Sequence[str]
    ) -> tuple[pa.Table, pa.Table]:
        """work_id and institution_id, each pair once; and INSTITUTION_RECORDS."""
        _, record, which, found = self._placed(fit, ids)
        known = (
            found["institution_id"].combine_chunks().dictionary_encode()
        )  # an institution may be described in several ways
        work, institution = distinct(renumbered(fit)[record], known.indices.to_numpy()[which])
        return pa.table(
            {
                "work_id": take_at(work_ids, work),
                "institution_id": take_at(known.dictionary, institution),
            }
        ), found

    def _placed(
        self, fit: Flags, ids: Sequence[str]
    ) -> tuple[Integers, Integers, Integers, pa.Table]:
        """(authorship, record, row of INSTITUTION_RECORDS) of every institution on the records that fit, and
        INSTITUTION_RECORDS.
        """
        here = np.flatnonzero(fit[self.record])
        at, institution = self.met.spread([a.institutions for a in self.met.lists], here)
        numbered = pa.array(institution).dictionary_encode()
        which, record = numbered.indices.to_numpy(), self.record[here[at]]
        told = [self._lists.described.made[n] for n in numbered.dictionary.to_pylist()]
        columns = dict(
            zip(
                Institution._fields,
                zip(*told, strict=True) if told else [()] * len(Institution._fields),
                strict=True,
            )
        )
        order = pc.array_sort_indices(days := pa.array(ids, STRING)).to_numpy()
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        latest = np.full(len(told), -1)
        np.maximum.at(latest, which, rank[record])
        return (
            here[at],
            record,
            which,
            table(INSTITUTION_RECORDS, columns | {"seen": take_at(days, order[latest])}),
        )


def renumbered(fit: Flags) -> Integers:
    """Where a record that fits stands among those that do."""
    return np.cumsum(fit) - 1


def take_at(values: pa.Array, at: Integers) -> pa.Array:
    return values.take(pa.array(at, pa.int64()))


def distinct(*columns: Integers) -> tuple[Integers, ...]:
    """The different rows, in the order in which they first stand.

    >>> [column.tolist() for column in distinct(np.array([2, 1, 2]), np.array([0, 5, 0]))]
    [[2, 1], [0, 5]]
    """
    sizes = [int(column.max(initial=0)) + 1 for column in columns]
    key = pa.array(
        np.ravel_multi_index(columns, sizes)
    ).unique()  # a table of hashes: np.unique sorts, which takes three times as long
    return np.unravel_index(key.to_numpy(), sizes)
