"""What the affiliation strings of some records say, and which institutions OpenAlex matched to
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import chain

import numpy as np
import pyarrow as pa

from coauth.openalex import Authorship
from coauth.stages.works.authorships import (
    Authorships,
    Flags,
    Integers,
    Lists,
    Met,
    distinct,
    renumbered,
    take_at,
)
from coauth.stages.works.batch import STRINGS_ALONE, STRINGS_MATCHED, table
from coauth.tables.contract import STRING


class Strings:
    """The strings of authorships, added as `Authorships.add` gave them; asked only when all are
    there.
    """

    def __init__(self, lists: Lists, authors: Authorships) -> None:
        self._lists, self._authors = lists, authors
        self._affiliations: list[int] = []
        self._matched: list[int] = []
        self._texts: list[pa.Array] = []

    def add(self, authorships: Sequence[Authorship]) -> None:
        affiliations = [a.affiliations or () for a in authorships]
        self._affiliations += map(len, affiliations)
        said = list(chain.from_iterable(affiliations))
        self._matched += self._lists.matched.numbers([a.institution_ids for a in said])
        self._texts.append(pa.array([a.raw_affiliation_string or None for a in said], STRING))

    @cached_property
    def _record(self) -> Integers:
        """Of each affiliation, the record it is on."""
        return self._authors.record[self._authorship]

    @cached_property
    def _authorship(self) -> Integers:
        """Of each affiliation, the authorship it is on."""
        return np.repeat(
            np.arange(len(self._authors.record)), np.array(self._affiliations, np.int64)
        )

    @cached_property
    def _strings(self) -> pa.Array:
        return pa.concat_arrays(self._texts or [pa.array([], STRING)])

    @cached_property
    def count(self) -> Integers:
        """How many authorships of each record have a string."""
        said = np.zeros(len(self._authors.record), bool)
        said[self._authorship[self._strings.is_valid().to_numpy(zero_copy_only=False)]] = True
        return np.bincount(self._authors.record[said], minlength=len(self._authors.count))

    def text(self, record: int) -> bytes:
        """The strings on a record, each with the ids matched to it, as they stand on its page."""
        own = self._authors.of(record)
        here = range(self._first[own.start], self._first[own.stop])
        return b"".join(
            f"{self._strings[n]}\0".encode() + self._pieces[self._matched[n]] for n in here
        )

    @cached_property
    def _pieces(self) -> list[bytes]:
        return list(self._lists.matched)

    @cached_property
    def _first(self) -> list[int]:
        return [0, *np.cumsum(self._affiliations).tolist()]

    def table(self, fit: Flags, work_ids: pa.Array) -> pa.Table:
        """STRINGS_MATCHED: each string of a work once with each institution matched to it."""
        here = np.flatnonzero(fit[self._record])
        met = Met.of(self._lists.matched, self._matched)
        at, institution = met.spread(met.lists, here)
        text = take_at(self._strings, here[at]).dictionary_encode()
        said = text.is_valid().to_numpy(zero_copy_only=False)
        work, institution, string = distinct(
            renumbered(fit)[self._record[here[at[said]]]],
            institution[said],
            text.indices.drop_null().to_numpy(),
        )
        return table(
            STRINGS_MATCHED,
            {
                "work_id": take_at(work_ids, work),
                "institution_id": take_at(pa.array(list(self._lists.ids), STRING), institution),
                "string": take_at(text.dictionary, string),
            },
        )

    def unmatched(self, fit: Flags, work_ids: pa.Array) -> pa.Table:
        """STRINGS_ALONE: each string of a work once that no institution was matched to.

        Where no string of an authorship has institutions and the authorship itself has, OpenAlex
        does not say which string they were matched to (records saved before 2024): none of these is
        called alone.
        """
        met = Met.of(self._lists.matched, self._matched)
        with_ids = np.array([bool(ids) for ids in met.lists], bool)[met.indices]
        told = np.zeros(len(self._authors.record), bool)
        told[self._authorship[with_ids]] = True
        told |= ~self._authors.matched
        said = self._strings.is_valid().to_numpy(zero_copy_only=False)
        here = np.flatnonzero(fit[self._record] & said & ~with_ids & told[self._authorship])
        text = take_at(self._strings, here).dictionary_encode()
        work, string = distinct(renumbered(fit)[self._record[here]], text.indices.to_numpy())
        return table(
            STRINGS_ALONE,
            {"work_id": take_at(work_ids, work), "string": take_at(text.dictionary, string)},
        )
