"""The report of a quarter in each language."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from coauth.network.model import Network
from coauth.pipeline.project import Project
from coauth.report import document
from coauth.report.explorer import Atlas
from coauth.report.vintage_info import About
from coauth.tables.schemas import Tables


@contextmanager
def processes(number: int) -> Iterator[Executor]:
    """Processes that load what draws while that which is to be drawn is made ready."""
    pace = gc.get_threshold()
    with ProcessPoolExecutor(
        number, mp_context=get_context("spawn"), initializer=_load, initargs=pace
    ) as pool:
        # one begins when it is first asked for something, deaf to Ctrl-C: whoever began it ends it
        heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        for _ in range(number):
            pool.submit(gc.get_threshold)
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)
        yield pool


def _load(*pace: int) -> None:
    gc.set_threshold(
        *pace
        # as here: a figure is many objects, and looking for cycles among them takes a tenth of the
        # time
    )
    from coauth.export import picture  # noqa: F401, PLC0415  matplotlib is loaded by who draws


@dataclass(frozen=True)
class Reports:
    """What the report of a quarter is drawn from, as it goes to the process that draws a language."""

    root: Path
    folder: Path
    links: Mapping[str, str]
    about: About
    latest: Network
    """The strongest of the latest window, for the picture."""
    atlas: Atlas
    tables: Tables

    def write(
        self, languages: Sequence[str], pool: Executor | None, meanwhile: Callable[[], None]
    ) -> Iterator[tuple[str, list[Path]]]:
        """The files of each language, the page first and then the PDF. Drawing takes the time, and
        matplotlib draws on one core; what is to be done `meanwhile` is done here while the
        processes of `pool` draw.
        """
        if pool is None:
            meanwhile()
            yield from ((language, self(language)) for language in languages)
            return
        begun = [pool.submit(self, language) for language in languages]
        meanwhile()
        for language, done in zip(languages, begun, strict=True):
            yield language, done.result()

    def __call__(self, language: str) -> list[Path]:
        from coauth.export import picture  # noqa: PLC0415  matplotlib is loaded by who draws

        project = Project(self.root)
        queries = project.queries.of_topics(self.about.topic_model)
        latest = document.name_nodes(self.latest, language, queries, synthetic=self.about.synthetic)
        figure = (
            picture.draw(latest, self.atlas.positions, labels=30, groups=document.legend(language))
            if latest.nodes.num_rows
            else None
        )
        return document.build(
            self.tables,
            self.folder,
            queries=queries,
            about=self.about,
            language=language,
            picture=figure,
            atlas=self.atlas if self.atlas.network.nodes.num_rows else None,
            links=self.links,
        )
