"""The order of the stages, written once: source → pages → tables → exports and report.

    sources ─► pages ─► works ─► institutions ─► inclusion ─► edges ─► flags ─► centrality ─► shifts
                          └► technologies ────────────────────────────┘  └► copublications ─► events, revisions

Stages never import each other: each takes the tables it reads and returns the tables it makes, and they meet here. All
that happens on the network happens in `harvest`; `build` and everything after it read only the cache.
"""

from __future__ import annotations

import gc
import hashlib
import json
import logging
import platform
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa

from coauth import (
    admissions,
    benefits,
    centrality,
    copublications,
    coverage,
    edges,
    events,
    flags,
    inclusion,
    institutions,
    pairs,
    queries,
    revisions,
    shifts,
    tables,
    technologies,
    works,
)
from coauth.engine import Engine
from coauth.engine.duck import DuckDB
from coauth.engine.spark import Spark
from coauth.errors import HarvestIncomplete, NotFound, SourceError
from coauth.queries import Queries, RollUp
from coauth.sources import api, sample, snapshot
from coauth.sources.progress import Progress
from coauth.vintage import Cache, Shelf, Slice, Vintage, quarter

log = logging.getLogger(__name__)

TOPICS_REPLACED = date(2026, 10, 6)
"""OpenAlex re-assigned the topics of every work on this day; only 29 % of works kept theirs."""


@dataclass(frozen=True)
class Project:
    """A folder with queries/, cache/ and reports/."""

    root: Path

    @cached_property
    def queries(self) -> Queries:
        return queries.load(self.root / "queries")

    @property
    def cache(self) -> Cache:
        return Cache(self.root / "cache")

    @property
    def reports(self) -> Path:
        return self.root / "reports"


# -- harvest


@dataclass(frozen=True)
class Source:
    """Where the pages come from: `api`, `files` (a path of OpenAlex records) or `sample` (a seed)."""

    kind: str
    path: Path | None = None
    seed: int = 1
    url: str | None = None
    key: str | None = None

    def identity(self) -> dict[str, Any]:
        """What must be the same for a harvest to be continued; never the key."""
        if self.kind == "sample":
            return {"kind": "sample", "seed": self.seed}
        if self.kind == "files":
            return {"kind": "files", "path": str(self.path), "state": _state(self.path)}
        return {"kind": "api"}


def _state(path: Path | None) -> str:
    """Changes when a file is added, removed or rewritten, without reading gigabytes."""
    if path is None or not path.exists():
        raise SourceError(f"{path}: no such file or folder; give --from a file or folder of OpenAlex records")
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    seen = [(p.relative_to(path).as_posix(), p.stat().st_size, p.stat().st_mtime_ns) for p in files]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def harvest(
    project: Project,
    source: Source,
    *,
    today: date,
    as_of: date | None = None,
    name: str | None = None,
    fresh: bool = False,
    wait: bool = False,
    allow_incomplete: bool = False,
    progress: Progress | None = None,
    engine: str = "duckdb",
    threads: int | None = None,
) -> Vintage:
    """A complete vintage from the source: the unfinished one continued, this quarter's complete one found, or a new one.

    With Spark for `engine`, the files of a snapshot are read side by side on its nodes; no other source has use for it.

    A vintage asked for by `name` is looked through for damage first; only what is damaged is fetched or read again.

    Raises `HarvestIncomplete` where a slice stayed short of what OpenAlex counts, unless that is allowed; all that was
    fetched is kept, and the vintage stays unfinished.
    """
    scope = project.queries.scope
    source = _own_source(project, source, name)
    day = sample.AS_OF if source.kind == "sample" else as_of or today
    vintage = _continued(project, source, day, name, fresh) or project.cache.create(
        name or (tables.marked(str(source.seed)) if source.kind == "sample" else day.isoformat()),
        source=source.identity(), scope=scope.model_dump(mode="json"), scope_fingerprint=scope.fingerprint,
        started=day.isoformat(), completed=None, topic_model=_topic_model(source, day, as_of),
    )  # fmt: skip
    if vintage.complete and name is None:
        return vintage
    with vintage.held():
        if vintage.complete and not _reopened(vintage, today):
            return vintage
        return _fill(project, source, vintage, day, today, wait, allow_incomplete, progress, engine, threads)


def _fill(
    project: Project, source: Source, vintage: Vintage, day: date, today: date, wait: bool, allow_incomplete: bool,
    progress: Progress | None, engine: str, threads: int | None,
) -> Vintage:  # fmt: skip
    scope = project.queries.scope
    began = date.fromisoformat(vintage.manifest["started"])
    if source.kind == "api":
        summary = api.fill(
            vintage, scope, as_of=began, key=source.key, url=source.url, wait=wait, progress=progress,
            settled=bool(vintage.manifest.get("reopened")),
        )  # fmt: skip
    elif source.kind == "files":
        assert source.path is not None  # noqa: S101  identity() has looked at it
        nodes = Spark({}, {}, threads=threads, spill=vintage.path) if engine == "spark" else None
        summary = snapshot.fill(Vintage(vintage.path.resolve()), source.path.resolve(), scope=scope, progress=progress, engine=nodes)
    else:
        records = (msgspec.json.encode(r) for r in sample.records(source.seed))
        summary = snapshot.store(vintage, records, f"synthetic sample, seed {source.seed}", "sample")
        vintage.write_text(tables.marked("truth.json"), json.dumps(sample.truth(source.seed), indent=1, ensure_ascii=False))
    vintage.record(harvest=summary)
    if short := summary.get("incomplete"):
        if allow_incomplete:
            return vintage
        raise HarvestIncomplete(
            f"vintage {vintage.name}: {len(short)} slices hold fewer works than OpenAlex counts ({', '.join(sorted(short)[:5])}…); "
            "run `coauth harvest` again to retry them, or `coauth build --allow-incomplete` to go on with what is there"
        )
    completed = vintage.manifest.get("reopened") or (day if source.kind != "api" else max(today, began)).isoformat()
    vintage.record(completed=completed, reopened=None)
    return vintage


def _own_source(project: Project, source: Source, name: str | None) -> Source:
    """A vintage asked for by name, with no other source said, is continued or mended from where it came."""
    there = {v.name: v.manifest["source"] for v in project.cache.vintages()}
    own = there.get(name or "", {"kind": "api"})
    if source.kind != "api" or own["kind"] == "api":
        return source
    return replace(source, kind=own["kind"], path=Path(own["path"]) if "path" in own else None, seed=own.get("seed", source.seed))


def _reopened(vintage: Vintage, today: date) -> bool:
    """Take back that a damaged vintage is complete, until the damage is mended; its date stays the one it had."""
    damaged = {slice_.name for slice_ in vintage.slices() if slice_.status == "open" or slice_.damage()}
    damaged |= vintage.manifest.get("harvest", {}).get("slices", {}).keys() - {s.name for s in vintage.slices()}
    if damaged:
        repaired = vintage.manifest.get("repaired", {}) | dict.fromkeys(sorted(damaged), today.isoformat())
        vintage.record(reopened=vintage.manifest["completed"], completed=None, repaired=repaired)
    return bool(damaged)


def budget_left(key: str | None, url: str | None) -> int | None:
    """Credits left today; None where the address does not tell. Raises `SourceError` where it does not answer."""
    return api.budget_left(key, url)


def _continued(project: Project, source: Source, day: date, name: str | None, fresh: bool) -> Vintage | None:
    wanted = (source.identity(), project.queries.scope.fingerprint)
    fitting = [
        v for v in project.cache.vintages()
        if (v.manifest["source"], v.manifest["scope_fingerprint"]) == wanted and name in (None, v.name)
    ]  # fmt: skip
    if name and not fitting and not fresh and name in {v.name for v in project.cache.vintages()}:
        raise SourceError(
            f"vintage {name} was harvested from another source, from files changed since, or under another scope; "
            "take these up again, or begin a new vintage with --new"
        )
    if unfinished := [v for v in fitting if not v.complete]:
        return unfinished[-1]
    current = [v for v in fitting if v.name == name or v.quarter == quarter(day)]
    return current[-1] if current and not fresh else None


def _topic_model(source: Source, day: date, as_of: date | None) -> str:
    """Records from disk do not say when their topics were assigned; only --as-of can."""
    if source.kind == "files" and as_of is None:
        return "unknown"
    return "v2" if day >= TOPICS_REPLACED else "v1"


# -- build


ENGINES: dict[str, type[DuckDB] | type[Spark]] = {"duckdb": DuckDB, "spark": Spark}


def build(
    project: Project,
    vintage: Vintage,
    *,
    engine: str = "duckdb",
    level: str = "unified",
    memory: str | None = None,
    threads: int | None = None,
    allow_incomplete: bool = False,
) -> dict[str, Any]:
    """All tables of a vintage from its pages; returns rows per table and losses per stage, and records them."""
    if not vintage.complete and not allow_incomplete:
        raise HarvestIncomplete(
            f"vintage {vintage.name} is not complete; run `coauth harvest` to finish it, or give --allow-incomplete"
        )
    asked = project.queries
    vintage = Vintage(vintage.path.resolve())  # other processes may stand in another folder
    with vintage.held():
        with vintage.shelf() as shelf:
            running = ENGINES[engine](asked.sql, asked.tables(), memory, threads, shelf.spill)
            losses = read(vintage, asked, shelf, running)
            making = _Making(project, vintage, asked, running, shelf, threads or joblib.cpu_count())
            making.tables(asked.rollup if level == "unified" else RollUp(drop_ancestors=False))
        summary = {
            "complete": vintage.complete, "engine": engine, "level": level, "queries": asked.fingerprint,
            "lists": asked.lists(), "synthetic": making.synthetic,
            "losses": {"works": losses.balance(), "excluded": making.excluded}, "rows": making.rows, "sha256": making.sha256,
            "seed": asked.measures.seed, "versions": versions(*running.packages),
        }  # fmt: skip
        vintage.record(build=summary)
    return summary


_PAGES = 50
"""Pages read at once: the longer, the more works share what is decoded once; the shorter, the less memory they take."""


@dataclass(frozen=True)
class _Reading:
    """Reads parts of a vintage, here or in another process, and puts what they hold on the shelf."""

    asked: Queries
    as_of: date
    topic_model: str
    shelf: Shelf

    def __call__(self, parts: Sequence[tuple[int, list[tuple[Slice, int]], Collection[str]]]) -> list[tuple[works.Losses, pa.Array]]:
        """Losses and ids of the works of each (number, pages, ids of works read before)."""
        matcher = technologies.Matcher(self.asked.technologies, self.topic_model)
        gc.disable()  # records hold no cycles, and looking for some takes a quarter of the time
        try:
            return [self._read(number, pages, known, matcher) for number, pages, known in parts]
        finally:
            gc.enable()

    def _read(
        self, number: int, pages: list[tuple[Slice, int]], known: Collection[str], matcher: technologies.Matcher
    ) -> tuple[works.Losses, pa.Array]:
        records = [record for part, page in pages for record in part.records(page)]
        batch, losses = works.read(records, self.asked.scope, self.as_of, known)
        made = batch._asdict() | {"technologies": matcher.assign(batch.texts)}
        for name in made.keys() - {"texts"}:
            self.shelf.put(name, number, made[name])
        return losses, batch.works["work_id"].combine_chunks()


def read(vintage: Vintage, asked: Queries, shelf: Shelf, engine: Engine) -> works.Losses:
    """Put the works of all pages on the shelf, side by side; of works that share an id the first in order of pages counts."""
    reading = _Reading(asked, vintage.as_of, vintage.manifest["topic_model"], shelf)
    parts = vintage.parts(_PAGES) or [[]]
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


class _Making:
    """The tables in the order in which they are made; each is on the shelf before the next."""

    def __init__(self, project: Project, vintage: Vintage, asked: Queries, engine: Engine, shelf: Shelf, workers: int) -> None:
        self.project, self.vintage, self.asked, self.engine, self.shelf, self.workers = project, vintage, asked, engine, shelf, workers
        self.synthetic = tables.is_synthetic(shelf.parts("works").to_table(["title"]))
        self.rows: dict[str, int] = {}
        self.sha256: dict[str, str] = {}
        self.excluded: dict[str, int] = {}

    def _keep(self, contract: tables.Table, rows: pa.Table | Iterator[pa.RecordBatch]) -> None:
        self.sha256[contract.name] = self.shelf.write(contract, rows, synthetic=self.synthetic)
        self.rows[contract.name] = self.shelf.rows(contract.name).count_rows()
        log.info("%s: %d rows", contract.name, self.rows[contract.name])

    def tables(self, rollup: RollUp) -> None:
        """Everything in `tables.ALL`."""
        self._works(rollup)
        self._cues()
        self._counts()
        self._measures()
        self._keep(tables.ADMISSIONS, self.project.cache.admissions)
        self._keep(tables.REVISIONS, _revisions(self.project, self.vintage, self.shelf))

    def _works(self, rollup: RollUp) -> None:
        shelf, engine = self.shelf, self.engine
        harvested = shelf.parts("works")
        rolled = institutions.roll_up(
            harvested.to_table(["work_id", "n_authors", "n_authors_with_institution"]), shelf.parts("authorships"),
            shelf.parts("strings"), shelf.parts("institutions").to_table(), rollup, engine,
        )  # fmt: skip
        self._keep(tables.AFFILIATIONS, rolled.affiliations)
        self._keep(tables.COUNTRIES, tables.COUNTRIES.check(shelf.parts("countries").to_table()))
        self._keep(tables.TECHNOLOGIES, tables.TECHNOLOGIES.check(shelf.parts("technologies").to_table()))
        affiliations, technology = shelf.rows("affiliations"), shelf.rows("technologies")
        self._keep(tables.WORKS, inclusion.decide(harvested, affiliations, shelf.rows("countries"), engine))
        self.excluded = _count(shelf.read("works", ["exclusion_reason"]), "exclusion_reason")
        counted = shelf.rows("works")
        self._keep(tables.INSTITUTIONS, institutions.describe(rolled.nodes, affiliations, counted, technology, engine))
        self._keep(tables.COVERAGE, coverage.survey(counted, engine))
        self._keep(tables.EDGES, edges.link(counted, affiliations, engine))
        self._keep(tables.HYPERAUTHORSHIP, edges.above_k(counted, engine))

    def _cues(self) -> None:
        shelf, engine = self.shelf, self.engine
        described = shelf.read("institutions")
        self._keep(tables.LISTED, listed := flags.match(described, engine))
        found = flags.find(shelf.rows("works"), shelf.rows("affiliations"), described, shelf.read("technologies"), listed, engine)
        self._keep(tables.FLAGS, found.flags)
        self._keep(tables.EVIDENCE, found.evidence)
        counted = benefits.count(shelf.rows("works"), shelf.rows("affiliations"), described, shelf.rows("evidence"), engine)
        self._keep(tables.BENEFITS, counted)

    def _counts(self) -> None:
        shelf, engine, scope, confidence = self.shelf, self.engine, self.asked.scope, self.asked.measures.confidence
        works_, countries, affiliations, described = (shelf.rows(n) for n in ("works", "countries", "affiliations", "institutions"))
        self._keep(tables.MEMBERSHIPS, copublications.members(works_, countries, affiliations, described, shelf.read("listed"), engine))
        self._keep(tables.COPUBLICATIONS, copublications.count(shelf.rows("memberships"), scope, confidence, engine))

    def _measures(self) -> None:
        shelf, scope, measures = self.shelf, self.asked.scope, self.asked.measures
        counted = shelf.read("works", [c.name for c in tables.WORKS.columns if c.name not in {"title", "doi"}])
        affiliations = shelf.read("affiliations", [c.name for c in tables.AFFILIATIONS.columns if c.type != tables.STRINGS])
        listed = shelf.read("listed")
        tested = events.regress(
            shelf.read("memberships"), counted, affiliations, shelf.read("institutions"), listed, self.asked.events, scope, measures.confidence
        )
        self._keep(tables.EVENTS, tested.events)
        self._keep(tables.MATCHES, tested.matches)
        self._keep(tables.PAIRS, pairs.relate(counted, affiliations, scope, measures))
        measured, replicates = centrality.measure(
            counted, affiliations, scope, measures, shelf.read("institutions"), listed, workers=self.workers
        )
        self._keep(tables.CENTRALITY, measured)
        roster = set(listed["institution_id"].to_pylist())
        self._keep(tables.SHIFTS, shifts.judge(replicates, counted, affiliations, roster, scope, measures))


def _revisions(project: Project, vintage: Vintage, shelf: Shelf) -> pa.Table:
    """Against the newest earlier vintage of the same kind of source that was built."""
    kind = vintage.manifest["source"]["kind"]
    earlier = [
        v for v in project.cache.vintages()
        if v.complete and v.manifest.get("build") and v.as_of < vintage.as_of and v.manifest["source"]["kind"] == kind
    ]  # fmt: skip
    if not earlier:
        return tables.REVISIONS.empty()
    old = max(earlier, key=lambda v: (v.as_of, v.order))
    return revisions.compare(old.name, *({n: place.read(n) for n in ("works", "memberships")} for place in (old, shelf)))


def compare(old: Vintage, new: Vintage) -> tuple[pd.DataFrame, pa.Table]:
    """What became of each work between two built vintages (`revisions.works`), and `REVISIONS` of them."""
    before, after = ({n: v.read(n) for n in ("works", "affiliations", "memberships")} for v in (old, new))
    return revisions.works(before, after), revisions.compare(old.name, before, after)


def import_admissions(project: Project, path: Path) -> pa.Table:
    """PhD admissions from a CSV, kept beside the vintages and carried into every later build."""
    table = admissions.read(path)
    project.cache.admissions = table
    return table


def _count(table: pa.Table, column: str) -> dict[str, int]:
    counts = table[column].drop_null().value_counts().to_pylist()
    return {c["values"]: c["counts"] for c in sorted(counts, key=lambda c: c["values"])}


def _reasons(losses: works.Losses) -> str:
    return "; ".join(f"{n} {reason}" for reason, n in sorted(losses.dropped.items())) or "none dropped"


def versions(*engine: str) -> dict[str, str]:
    """Of what the numbers depend on."""
    packages = ("coauth", *engine, "networkx", "numpy", "pandas", "pyalex", "pyarrow", "scipy", "matplotlib")
    return {"python": platform.python_version()} | {p: version(p) for p in packages}
