"""In which countries the authorships of some records are: those of matched institutions, and those
that OpenAlex read from strings.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa

from coauth.openalex import Authorship
from coauth.stages.works.authorships import (
    Authorships,
    Flags,
    Lists,
    Met,
    distinct,
    renumbered,
    take_at,
)
from coauth.stages.works.batch import COUNTRIES, table
from coauth.tables.contract import STRING


class Countries:
    """The countries of authorships, added as `Authorships.add` gave them; asked only when all are
    there.
    """

    def __init__(self, lists: Lists, authors: Authorships) -> None:
        self._lists, self._authors = lists, authors
        self._beside: list[int] = []

    def add(self, authorships: Sequence[Authorship]) -> None:
        self._beside += self._lists.beside.numbers(a.countries for a in authorships)

    def text(self, record: int) -> bytes:
        """The lists of countries on a record, as they stand on its page."""
        return b"".join(self._pieces[self._beside[n]] for n in self._authors.of(record))

    @cached_property
    def _pieces(self) -> list[bytes]:
        return list(self._lists.beside)

    def table(self, fit: Flags, work_ids: pa.Array) -> pa.Table:
        """COUNTRIES: of matched institutions, and those that stand beside them on an authorship,
        read by OpenAlex from its strings.
        """
        record, met, beside = (
            self._authors.record,
            self._authors.met,
            Met.of(self._lists.beside, self._beside),
        )
        here = np.flatnonzero(fit[record])
        both = pa.array(
            met.indices * len(beside.lists) + beside.indices
        ).dictionary_encode()  # few pairs of lists stand on many authorships
        pairs = (divmod(pair, len(beside.lists)) for pair in both.dictionary.to_pylist())
        read = [
            [code for code in beside.lists[b] if code not in met.lists[a].own] for a, b in pairs
        ]
        own = np.stack(met.spread([a.own for a in met.lists], here))
        others = np.stack(Met(read, both.indices.to_numpy()).spread(read, here))
        at, code = np.hstack([own, others])
        work, code, basis = distinct(
            renumbered(fit)[record[here[at]]], code, np.arange(len(at)) >= own.shape[1]
        )
        return table(
            COUNTRIES,
            {
                "work_id": take_at(work_ids, work),
                "country_code": take_at(pa.array(list(self._lists.codes), STRING), code),
                "basis": np.where(basis, "string", "institution"),
            },
        )
