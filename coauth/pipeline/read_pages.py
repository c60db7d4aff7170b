"""The stored pages of a vintage -> the parts its tables are made of, read side by side."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa

from coauth.engine import Engine, Result
from coauth.errors import NotFound
from coauth.progress import Progress, Stage, ignore
from coauth.queries import Queries, Scope
from coauth.stages import technologies, works
from coauth.storage import Slice, TableStore, Vintage

log = logging.getLogger(__name__)

PAGES = 50
"""Pages that make one part: the more, the fewer files; the fewer, the less memory, since their
texts are held together.
"""


Pages: TypeAlias = list[tuple[Slice, int]]
Part = TypeVar("Part")


@dataclass(frozen=True)
class _Reading:
    """Reads parts of a vintage, here or in another process, and puts what they hold on the shelf."""

    queries: Queries
    as_of: date
    topic_model: str
    shelf: TableStore

    def __call__(
        self, parts: Sequence[tuple[int, Pages, Mapping[str, works.Claim]]]
    ) -> list[tuple[works.Losses, pa.Table]]:
        """Losses of each (number, pages, ids that count elsewhere), and what stands behind its ids
        (`newest.CLAIMS`).
        """
        reader, matcher = (
            works.Reader(self.queries.scope, self.as_of),
            technologies.Matcher(self.queries.technologies, self.topic_model),
        )
        return [
            self._read(number, pages, elsewhere, reader, matcher)
            for number, pages, elsewhere in parts
        ]

    def _read(
        self,
        number: int,
        pages: Pages,
        elsewhere: Mapping[str, works.Claim],
        reader: works.Reader,
        matcher: technologies.Matcher,
    ) -> tuple[works.Losses, pa.Table]:
        batch, losses, claims = reader.read((part.records(page) for part, page in pages), elsewhere)
        made = batch._asdict() | {"technologies": matcher.assign(batch.texts)}
        for name in made.keys() - {"texts"}:
            self.shelf.put(name, number, made[name])
        return losses, claims

    def claims(
        self, parts: Sequence[tuple[int, Pages, Collection[str]]]
    ) -> list[dict[str, works.Claim]]:
        """What the records of some ids of each part say."""
        return [claims(pages, ids, self.queries.scope, self.as_of) for _, pages, ids in parts]


def one_after_another(
    parts: Sequence[Pages],
    once: Callable[[Pages, Mapping[str, works.Claim]], Part],
    claimed: Callable[[Part], pa.Table],
    scope: Scope,
    as_of: date,
) -> list[Part]:
    """What `once` makes of each part, given the ids that count in another; `claimed` gives the
    CLAIMS of what it made.
    """
    made = [once(pages, {}) for pages in parts]
    exact = lambda ids: {n: claims(parts[n], some, scope, as_of) for n, some in ids.items()}  # noqa: E731
    for n, elsewhere in works.newest.elsewhere([claimed(part) for part in made], exact).items():
        made[n] = once(parts[n], elsewhere)
    return made


def claims(pages: Pages, ids: Collection[str], scope: Scope, as_of: date) -> dict[str, works.Claim]:
    """What the records of these ids within the pages bring forward (`coauth.stages.works.newest`)."""
    return works.Reader(scope, as_of).claims((part.records(page) for part, page in pages), ids)


def read_pages(
    vintage: Vintage,
    queries: Queries,
    shelf: TableStore,
    engine: Engine,
    progress: Progress = ignore,
) -> works.Losses:
    """Put the works of all pages on the shelf, side by side; of records that share an id the newest
    counts, wherever it stands.
    """
    reading = _Reading(queries, vintage.as_of, vintage.eras.topic_model, shelf)
    parts = vintage.parts(PAGES) or [[]]
    stage = Stage(progress, "read", "pages", sum(map(len, parts)) or None, even=True)
    stage.add(0)

    def every(task: Callable[[Any], list[Result]], about: Mapping[int, Any]) -> dict[int, Result]:
        workers = min(
            engine.workers, 1 + len(about) // 10
        )  # another process takes a second to start
        runs = np.array_split(
            np.array(list(about)), min(len(about), 4 * workers) if workers > 1 else 1
        )
        done: list[Result] = []
        for run, results in zip(
            runs,
            engine.each(task, [[(int(n), parts[n], about[n]) for n in run] for run in runs]),
            strict=True,
        ):
            done += results
            stage.add(sum(len(parts[n]) for n in run))
        return dict(zip(about, done, strict=True))

    results = every(reading, {n: {} for n in range(len(parts))})
    stage = Stage(progress, "read again", "pages")  # few: those of records that stand twice
    elsewhere = works.newest.elsewhere(
        [c for _, c in results.values()], lambda ids: every(reading.claims, ids)
    )
    if elsewhere:
        results |= every(reading, elsewhere)
    losses = sum((lost for lost, _ in results.values()), works.Losses())
    log.info("read %d records, %d works in scope", losses.records, losses.works)
    if not losses.works:
        raise NotFound(
            f"no work is in scope: {losses.records} records read, {_reasons(losses)}; look at queries/scope.toml"
        )
    return losses


def outline(vintage: Vintage, scope: Scope) -> Iterator[tuple[works.Links, works.Losses]]:
    """Links and losses of every part of a vintage's pages: the same works as `read` finds, in half
    the time, nothing stored.
    """
    reader = works.Reader(scope, vintage.as_of)

    def part(
        pages: Pages, elsewhere: Mapping[str, works.Claim]
    ) -> tuple[works.Links, works.Losses, pa.Table]:
        return reader.links((slice_.outlines(page) for slice_, page in pages), elsewhere)

    parts = one_after_another(
        vintage.parts(PAGES), part, lambda part: part[2], scope, vintage.as_of
    )
    yield from ((links, losses) for links, losses, _ in parts)


def account(vintage: Vintage, scope: Scope) -> dict[str, Any]:
    """What became of the records on a vintage's pages (`Losses.balance`), before anything is built
    of them.
    """
    return sum((losses for _, losses in outline(vintage, scope)), works.Losses()).balance()


def _reasons(losses: works.Losses) -> str:
    return (
        "; ".join(f"{n} {reason}" for reason, n in sorted(losses.dropped.items())) or "none dropped"
    )
