"""The stored pages of a vintage -> the parts its tables are made of, read side by side."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from coauth import technologies, works
from coauth.engine import Engine
from coauth.errors import NotFound
from coauth.queries import Queries
from coauth.vintage import Shelf, Slice, Vintage

log = logging.getLogger(__name__)

PAGES = 50
"""Pages that make one part: the more, the fewer files; the fewer, the less memory, since their texts are held together."""


@dataclass(frozen=True)
class _Reading:
    """Reads parts of a vintage, here or in another process, and puts what they hold on the shelf."""

    asked: Queries
    as_of: date
    topic_model: str
    shelf: Shelf

    def __call__(self, parts: Sequence[tuple[int, list[tuple[Slice, int]], Collection[str]]]) -> list[tuple[works.Losses, pa.Array]]:
        """Losses and ids of the works of each (number, pages, ids of works read before)."""
        reader, matcher = works.Reader(self.asked.scope, self.as_of), technologies.Matcher(self.asked.technologies, self.topic_model)
        return [self._read(number, pages, known, reader, matcher) for number, pages, known in parts]

    def _read(
        self, number: int, pages: list[tuple[Slice, int]], known: Collection[str], reader: works.Reader, matcher: technologies.Matcher
    ) -> tuple[works.Losses, pa.Array]:
        batch, losses = reader.read((part.records(page) for part, page in pages), known)
        made = batch._asdict() | {"technologies": matcher.assign(batch.texts)}
        for name in made.keys() - {"texts"}:
            self.shelf.put(name, number, made[name])
        return losses, batch.works["work_id"].combine_chunks()


def read(vintage: Vintage, asked: Queries, shelf: Shelf, engine: Engine) -> works.Losses:
    """Put the works of all pages on the shelf, side by side; of works that share an id the first in order of pages counts."""
    reading = _Reading(asked, vintage.as_of, vintage.eras.topic_model, shelf)
    parts = vintage.parts(PAGES) or [[]]
    workers = min(engine.workers, 1 + len(parts) // 10)  # another process takes a second to start
    runs = np.array_split(np.arange(len(parts)), min(len(parts), 4 * workers) if workers > 1 else 1)
    results = [done for run in engine.each(reading, [[(int(n), parts[n], ()) for n in run] for run in runs]) for done in run]
    part = np.repeat(np.arange(len(results)), [len(ids) for _, ids in results])
    ids = pa.concat_arrays([ids for _, ids in results])
    later = np.ones(len(ids), bool)
    later[np.unique(ids.dictionary_encode().indices.to_numpy(), return_index=True)[1]] = False
    for number in np.unique(part[later]).tolist():
        known = ids.filter(pa.array(later & (part == number))).to_pylist()
        results[number] = reading([(number, parts[number], known)])[0]
    losses = sum((lost for lost, _ in results), works.Losses())
    log.info("read %d records, %d works in scope", losses.records, losses.works)
    if not losses.works:
        raise NotFound(f"no work is in scope: {losses.records} records read, {_reasons(losses)}; look at queries/scope.toml")
    return losses


def _reasons(losses: works.Losses) -> str:
    return "; ".join(f"{n} {reason}" for reason, n in sorted(losses.dropped.items())) or "none dropped"
