"""Pages -> every table of a vintage, in the order in which they are made."""

from __future__ import annotations

import logging
import platform
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version

import joblib
import pyarrow as pa

from coauth.engine import Engine
from coauth.engine.duck import DuckDB
from coauth.engine.memory import WINDOWS, part
from coauth.engine.spark import Spark
from coauth.errors import HarvestIncomplete, HarvestMixed
from coauth.pipeline.compare import earlier, revise, since
from coauth.pipeline.project import Project
from coauth.pipeline.read_pages import read_pages
from coauth.progress import Progress, Stage, ignore
from coauth.queries import Queries, RollUp
from coauth.stages import (
    affiliation_audit,
    benefits,
    centrality,
    copublications,
    edges,
    events,
    flags,
    institutions,
    intensity,
    shifts,
)
from coauth.stages.revisions import Counted
from coauth.stages.works import coverage, inclusion
from coauth.stats import incidence
from coauth.storage import TableStore, Vintage
from coauth.storage.manifest import Account, Build, Losses, Since
from coauth.tables import absence, schemas
from coauth.tables.contract import STRINGS, Table

log = logging.getLogger(__name__)

ENGINES: dict[str, type[DuckDB] | type[Spark]] = {"duckdb": DuckDB, "spark": Spark}


def build_tables(
    project: Project,
    vintage: Vintage,
    *,
    engine: str = "duckdb",
    level: str = "unified",
    memory: str | None = None,
    threads: int | None = None,
    allow_incomplete: bool = False,
    allow_mixed: bool = False,
    progress: Progress = ignore,
) -> Build:
    """What the tables rest on, rows per table and losses per stage, after all tables of a vintage
    are made from its pages; it is recorded too.
    """
    if not vintage.complete and not allow_incomplete:
        raise HarvestIncomplete(
            f"vintage {vintage.name} is not complete; run `coauth harvest` to finish it, or give --allow-incomplete"
        )
    if (mixed := vintage.mixed) and not allow_mixed:
        raise HarvestMixed(
            f"vintage {vintage.name} is mixed: {mixed}, so that its years cannot be compared by institution; harvest anew with "
            "`coauth harvest --new`, or give --allow-mixed"
        )
    eras, windows = vintage.eras, part(memory, WINDOWS)
    asked = project.queries.of_topics(eras.topic_model)
    if asked.no_cues:
        log.warning("%s", asked.no_cues)
    vintage = Vintage(vintage.path.resolve())  # other processes may stand in another folder
    with vintage.lock():
        with vintage.shelf() as shelf:
            running = ENGINES[engine](asked.sql, asked.tables(), memory, threads, shelf.spill)
            losses = read_pages(vintage, asked, shelf, running, progress)
            making = _Making(
                project,
                vintage,
                asked,
                running,
                shelf,
                threads or joblib.cpu_count(),
                windows,
                Stage(progress, "tables", "tables", len(schemas.ALL)),
            )
            making.stage.add(0)
            making.tables(
                asked.rollup if level == "unified" else RollUp(drop_ancestors=False), level
            )
        summary = Build(
            complete=vintage.complete,
            mixed=mixed,
            no_cues=asked.no_cues,
            lacking=making.lacking,
            eras=eras._asdict(),
            engine=engine,
            level=level,
            queries=asked.fingerprint,
            lists=asked.lists(),
            parts=asked.parts(),
            since=making.since,
            synthetic=making.synthetic,
            losses=Losses(works=Account(**losses.balance()), excluded=making.excluded),
            rows=making.rows,
            sha256=making.sha256,
            seed=asked.measures.seed,
            versions=versions(*running.packages),
        )
        vintage.record(build=summary)
    return summary


@dataclass
class _Making:
    """The tables in the order in which they are made; each is on the shelf before the next."""

    project: Project
    vintage: Vintage
    queries: Queries
    engine: Engine
    shelf: TableStore
    workers: int
    memory: int
    stage: Stage
    rows: dict[str, int] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)
    excluded: dict[str, int] = field(default_factory=dict)
    since: Since | None = None
    lacking: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.synthetic = schemas.is_synthetic(self.shelf.parts("works").to_table(["title"]))

    def _keep(self, contract: Table, rows: pa.Table | Iterator[pa.RecordBatch]) -> None:
        self.sha256[contract.name] = self.shelf.write(contract, rows, synthetic=self.synthetic)
        self.rows[contract.name] = self.shelf.rows(contract.name).count_rows()
        if contract is schemas.TECHNOLOGIES and "topics" in self.lacking:
            log.info("%s: no record has topics", contract.name)
        else:
            log.info("%s: %d rows", contract.name, self.rows[contract.name])
        self.stage.add(1, contract.name)

    def _keep_windows(self, batches: Iterator[pa.RecordBatch]) -> None:
        """`CENTRALITY`, which takes most of the time of all tables, window by window."""

        def windows() -> Iterator[pa.RecordBatch]:
            for batch in batches:
                yield batch
                first, last = (batch[c][0].as_py() for c in ("first_year", "last_year"))
                self.stage.add(0, f"centrality of {first}–{last}")

        self._keep(schemas.CENTRALITY, windows())

    def tables(self, rollup: RollUp, level: str) -> None:
        """Everything in `tables.ALL`."""
        self._works(rollup)
        self._cues()
        self._counts()
        self.engine.close()  # measures ask for no SQL, and need the memory
        self._measures()
        self._keep(schemas.ADMISSIONS, self.project.cache.admissions)
        self._keep(schemas.REVISIONS, self._revisions(level))

    def _works(self, rollup: RollUp) -> None:
        shelf, engine = self.shelf, self.engine
        harvested = shelf.parts("works")
        if absence.topics(harvested.to_table(["primary_topic_id"])):
            self.lacking = ["topics"]
        rolled = institutions.roll_up(
            harvested.to_table(["work_id", "n_authors", "n_authors_with_institution"]),
            shelf.parts("authorships"),
            shelf.parts("strings"),
            shelf.parts("institutions").to_table(),
            rollup,
            engine,
        )
        self._keep(schemas.AFFILIATIONS, rolled.affiliations)
        self._keep(schemas.COUNTRIES, schemas.COUNTRIES.check(shelf.parts("countries").to_table()))
        self._keep(
            schemas.TECHNOLOGIES, schemas.TECHNOLOGIES.check(shelf.parts("technologies").to_table())
        )
        affiliations, technology = shelf.rows("affiliations"), shelf.rows("technologies")
        self._keep(
            schemas.WORKS,
            inclusion.decide(harvested, affiliations, shelf.rows("countries"), engine),
        )
        self.excluded = _count(shelf.read("works", ["exclusion_reason"]), "exclusion_reason")
        counted = shelf.rows("works")
        self._keep(
            schemas.INSTITUTIONS,
            institutions.describe(rolled.nodes, affiliations, counted, technology, engine),
        )
        self._keep(
            schemas.MENTIONS,
            affiliation_audit.mention(
                shelf.parts("unmatched").to_table(),
                (pa.table(b) for b in shelf.parts("strings").to_batches()),
                shelf.parts("institutions").to_table(),
                affiliations,
                shelf.read("institutions"),
                self.queries,
            ),
        )
        self.lacking = absence.lacking(
            shelf.read("works", ["primary_topic_id"]), shelf.read("institutions", ["type"])
        )
        self._keep(schemas.COVERAGE, coverage.survey(counted, engine))
        self._keep(schemas.EDGES, edges.link(counted, affiliations, engine))
        self._keep(schemas.HYPERAUTHORSHIP, edges.above_k(counted, engine))

    def _cues(self) -> None:
        shelf, engine = self.shelf, self.engine
        described = shelf.read("institutions")
        self._keep(schemas.LISTED, listed := flags.match(described, engine))
        found = flags.find(
            shelf.rows("works"),
            shelf.rows("affiliations"),
            described,
            shelf.read("technologies"),
            listed,
            engine,
        )
        self._keep(schemas.FLAGS, found.flags)
        self._keep(schemas.EVIDENCE, found.evidence)
        counted = benefits.count(
            shelf.rows("works"),
            shelf.rows("affiliations"),
            described,
            shelf.rows("evidence"),
            engine,
        )
        self._keep(schemas.BENEFITS, counted)

    def _counts(self) -> None:
        shelf, engine, scope, confidence = (
            self.shelf,
            self.engine,
            self.queries.scope,
            self.queries.measures.confidence,
        )
        works_, countries, affiliations, described = (
            shelf.rows(n) for n in ("works", "countries", "affiliations", "institutions")
        )
        self._keep(
            schemas.MEMBERSHIPS,
            copublications.members(
                works_, countries, affiliations, described, shelf.read("listed"), engine
            ),
        )
        self._keep(
            schemas.COPUBLICATIONS,
            copublications.count(shelf.rows("memberships"), works_, scope, confidence, engine),
        )

    def _measures(self) -> None:
        shelf, scope, measures = self.shelf, self.queries.scope, self.queries.measures
        counted = shelf.read("works", [*incidence.COLUMNS, "publication_date"])
        affiliations = shelf.read(
            "affiliations",
            [c.name for c in schemas.AFFILIATIONS.columns if c.type != STRINGS],
        )
        listed, mentions = shelf.read("listed"), shelf.read("mentions")
        tested = events.regress(
            shelf.read("memberships"),
            counted,
            affiliations,
            shelf.read("institutions"),
            listed,
            self.queries.events,
            scope,
            measures.confidence,
        )
        self._keep(schemas.EVENTS, tested.events)
        self._keep(schemas.MATCHES, tested.matches)
        self._keep(schemas.PAIRS, intensity.relate(counted, affiliations, scope, measures))
        pa.default_memory_pool().release_unused()  # what reading and sorting the tables took
        replicates = centrality.measure(
            counted,
            affiliations,
            scope,
            measures,
            shelf.read("institutions"),
            listed,
            mentions,
            write=self._keep_windows,
            workers=self.workers,
            memory=self.memory,
        )
        self._keep(
            schemas.SHIFTS,
            shifts.judge(
                replicates,
                counted,
                affiliations,
                scope,
                measures,
                shelf.read("institutions"),
                mentions,
            ),
        )

    def _revisions(self, level: str) -> pa.Table:
        old = earlier(self.project.cache, self.vintage, level)
        now = Counted(
            self.vintage.as_of,
            version("coauth"),
            self.queries.scope.model_dump(mode="json"),
            self.queries.parts(),
            self.vintage.eras,
            level,
        )
        self.since = since(old, now) if old else None
        return revise(old, self.shelf, self.queries, now) if old else schemas.REVISIONS.empty()


def _count(table: pa.Table, column: str) -> dict[str, int]:
    counts = table[column].drop_null().value_counts().to_pylist()
    return {c["values"]: c["counts"] for c in sorted(counts, key=lambda c: c["values"])}


def versions(*engine: str) -> dict[str, str]:
    """Of what the numbers depend on."""
    packages = (
        "coauth",
        *engine,
        "networkx",
        "numpy",
        "pandas",
        "pyalex",
        "pyarrow",
        "scipy",
        "matplotlib",
        "typst",
    )
    return {"python": platform.python_version()} | {p: version(p) for p in packages}
