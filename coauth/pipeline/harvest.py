"""Source -> a complete vintage of pages: the only part of the road that may ask the network."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import joblib
import msgspec

from coauth.engine.spark import Spark
from coauth.errors import HarvestIncomplete, SourceError
from coauth.openalex.eras import BORDERS, MATCHER, UNKNOWN, Eras
from coauth.pipeline.project import Project
from coauth.pipeline.read_pages import account
from coauth.pipeline.status import count_of
from coauth.progress import Progress, ignore
from coauth.sources import api, sample, snapshot
from coauth.storage import Vintage, quarter
from coauth.storage.manifest import Harvest, Origin
from coauth.tables.contract import marked

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """Where the pages come from: `api`, `files` (a path of OpenAlex records) or `sample` (a seed)."""

    kind: str
    path: Path | None = None
    seed: int = 1
    url: str | None = None
    key: str | None = None

    def origin(self) -> Origin:
        """What must be the same for a harvest to be continued; never the key."""
        if self.kind == "sample":
            return Origin(kind="sample", seed=self.seed)
        if self.kind == "files":
            return Origin(kind="files", path=str(self.path), state=_state(self.path))
        return Origin(kind="api")


def _state(path: Path | None) -> str:
    """Changes when a file is added, removed or rewritten, without reading gigabytes."""
    if path is None or not path.exists():
        raise SourceError(
            f"{path}: no such file or folder; give --from a file or folder of OpenAlex records"
        )
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    seen = [(p.relative_to(path).as_posix(), p.stat().st_size, p.stat().st_mtime_ns) for p in files]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def harvest_pages(
    project: Project,
    source: Source,
    *,
    today: date,
    as_of: date | None = None,
    name: str | None = None,
    fresh: bool = False,
    wait: bool = False,
    allow_incomplete: bool = False,
    progress: Progress = ignore,
    engine: str = "duckdb",
    threads: int | None = None,
) -> Vintage:
    """A complete vintage from the source: the unfinished one continued, this quarter's complete one
    found, or a new one.

    With Spark for `engine`, the files of a snapshot are read side by side on its nodes; no other
    source has use for it.

    A vintage asked for by `name` is looked through for damage first; only what is damaged is
    fetched or read again.

    Raises `HarvestIncomplete` where a slice stayed short of what OpenAlex counts, unless that is
    allowed; all that was fetched is kept, and the vintage stays unfinished.
    """
    scope = project.queries.scope
    source = _own_source(project, source, name)
    day = as_of or (sample.AS_OF if source.kind == "sample" else today)
    if source.kind == "sample" and day < sample.AS_OF:
        raise SourceError(
            f"the synthetic world is first read on {sample.AS_OF}; give that day or a later one with --as-of"
        )
    older = _continued(project, source, day, name, fresh)
    vintage = older or project.cache.create(
        name or (marked(str(source.seed)) if source.kind == "sample" else day.isoformat()),
        source=source.origin(),
        scope=scope.model_dump(mode="json"),
        scope_fingerprint=scope.fingerprint,
        started=day,
        completed=None,
        **_eras(source, day, as_of)._asdict(),
        **({"taken": as_of} if source.kind == "files" else {}),
    )
    if vintage.complete and name is None:
        return vintage
    try:
        with vintage.lock():
            if vintage.complete and not _reopened(vintage, today):
                return vintage
            _warn_of_borders(vintage, today)
            foreseen = (
                _warn_of_topics(project, vintage) if vintage.eras.topic_model != UNKNOWN else ""
            )
            done = _fill(
                project,
                source,
                vintage,
                day,
                today,
                wait,
                allow_incomplete,
                progress,
                engine,
                threads,
            )
            if done.eras.topic_model != foreseen:
                _warn_of_topics(project, done)
            return done
    except SourceError:
        if (
            older is None
            and source.kind == "files"
            and not any(part.summary for part in vintage.slices())
        ):
            # what was refused leaves nothing behind; what was fetched or stored stays
            vintage.discard()
        raise


def _fill(
    project: Project,
    source: Source,
    vintage: Vintage,
    day: date,
    today: date,
    wait: bool,
    allow_incomplete: bool,
    progress: Progress,
    engine: str,
    threads: int | None,
) -> Vintage:
    scope = project.queries.scope
    began, now = vintage.manifest.started, _calendar(today)
    if source.kind == "api":
        summary = api.fill(
            vintage,
            scope,
            as_of=began,
            key=source.key,
            url=source.url,
            wait=wait,
            progress=progress,
            settled=vintage.manifest.reopened is not None,
            today=now,
        )
    elif source.kind == "files":
        assert source.path is not None  # noqa: S101  origin() has looked at it
        nodes = Spark({}, {}, threads=threads, spill=vintage.path) if engine == "spark" else None
        summary = snapshot.fill(
            Vintage(vintage.path.resolve()),
            source.path.resolve(),
            scope=scope,
            progress=progress,
            engine=nodes,
        )
    else:
        records = (msgspec.json.encode(r) for r in sample.records(source.seed, began))
        here = Vintage(vintage.path.resolve())  # other processes may stand in another folder
        summary = snapshot.store(
            here,
            records,
            f"synthetic sample, seed {source.seed}",
            "sample",
            threads or joblib.cpu_count(),
            progress,
        )
        vintage.write_text(
            marked("truth.json"),
            json.dumps(sample.truth(source.seed, began), indent=1, ensure_ascii=False),
        )
    harvested = Harvest(**summary)
    passed_over = {"passed_over": harvested.ignored_reasons | _outside(vintage)}
    vintage.record(harvest=harvested, account=account(vintage, scope) | passed_over)
    eras = _eras_of_records(vintage, harvested) if source.kind == "files" else vintage.eras
    vintage.record(**eras._asdict())
    if short := harvested.incomplete:
        if allow_incomplete:
            return vintage
        if missing := harvested.missing_files:
            raise HarvestIncomplete(
                f"vintage {vintage.name}: {len(missing):,} of the {harvested.named_files:,} files that {harvested.manifest_file} names "
                f"are not there (first {missing[0]}); fetch them and run `coauth harvest --from` again, or `coauth build "
                "--allow-incomplete` to go on with what is there"
            )
        raise HarvestIncomplete(
            f"vintage {vintage.name}: {len(short)} slices hold fewer works than OpenAlex counts ({', '.join(sorted(short)[:5])}…); "
            "run `coauth harvest` again to retry them, or `coauth build --allow-incomplete` to go on with what is there"
        )
    ended = day if source.kind != "api" else max(now(), began)
    vintage.record(completed=vintage.manifest.reopened or ended, reopened=None)
    return vintage


def _calendar(today: date) -> Callable[[], date]:
    """The UTC day it is, whenever it is asked in a run that began `today`: a harvest may run, or
    wait, past midnight.
    """
    begun = datetime.now(UTC).date()
    return lambda: today + (datetime.now(UTC).date() - begun)


def _warn_of_borders(vintage: Vintage, today: date) -> None:
    """Said before anything is fetched: pages from now on are of another model than those that
    are there.
    """
    begun = min((first for first, _ in vintage.fetched), default=today)
    for border in (b for b in BORDERS if begun < b.day <= today):
        consequence = (
            "its institution trends are refused"
            if border is MATCHER
            else "it gets no technology cues"
        )
        log.warning(
            "vintage %s holds pages fetched before %s, when OpenAlex replaced %s; with others fetched now it is mixed, and %s: "
            "--new begins a vintage of one kind",
            vintage.name,
            border.day,
            border.replaced,
            consequence,
        )


def _warn_of_topics(project: Project, vintage: Vintage) -> str:
    """Says what technologies cannot be told of this vintage, and returns the era of topics for
    which that was said.
    """
    era = vintage.eras.topic_model
    if absent := project.queries.of_topics(era).no_cues:
        log.warning("%s", absent)
    return era


def _own_source(project: Project, source: Source, name: str | None) -> Source:
    """A vintage asked for by name, with no other source said, is continued or mended from where it
    came.
    """
    own = next((v.manifest.source for v in project.cache.vintages() if v.name == name), None)
    if source.kind != "api" or own is None or own.kind == "api":
        return source
    return replace(
        source,
        kind=own.kind,
        path=Path(own.path) if own.path else None,
        seed=source.seed if own.seed is None else own.seed,
    )


def _reopened(vintage: Vintage, today: date) -> bool:
    """Take back that a damaged vintage is complete, until the damage is mended; its date stays the
    one it had.
    """
    damaged = {
        slice_.name for slice_ in vintage.slices() if slice_.status == "open" or slice_.damage()
    }
    manifest = vintage.manifest
    if manifest.harvest:
        damaged |= manifest.harvest.slices.keys() - {s.name for s in vintage.slices()}
    if damaged:
        repaired = manifest.repaired | dict.fromkeys(sorted(damaged), today)
        vintage.record(reopened=manifest.completed, completed=None, repaired=repaired)
    return bool(damaged)


def budget_left(key: str | None, url: str | None) -> int | None:
    """Credits left today; None where the address does not tell. Raises `SourceError` where it does
    not answer.
    """
    return api.budget_left(key, url)


def _continued(
    project: Project, source: Source, day: date, name: str | None, fresh: bool
) -> Vintage | None:
    wanted = (source.origin(), project.queries.scope.fingerprint)
    fitting = [
        v
        for v in project.cache.vintages()
        if (v.manifest.source, v.manifest.scope_fingerprint) == wanted and name in (None, v.name)
    ]
    if name and not fitting and not fresh and name in {v.name for v in project.cache.vintages()}:
        raise SourceError(
            f"vintage {name} was harvested from another source, from files changed since, or under another scope; "
            "take these up again, or begin a new vintage with --new"
        )
    if unfinished := [v for v in fitting if not v.complete]:
        return unfinished[-1]
    current = [v for v in fitting if v.name == name or v.quarter == quarter(day)]
    return current[-1] if current and not fresh else None


def _eras(source: Source, day: date, as_of: date | None) -> Eras:
    """At the beginning: records from disk do not say by which models their institutions and
    topics were assigned.
    """
    return (
        Eras.from_records(as_of, None, None) if source.kind == "files" else Eras.from_days(day, day)
    )


def _outside(vintage: Vintage) -> dict[str, str]:
    """What is on no page: records that are no works of OpenAlex's core, and pieces of files between
    records; how many.
    """
    summaries = [part.summary or {} for part in vintage.slices()]
    count = sum(int(summary.get("xpac", 0)) for summary in summaries)
    others: Counter[str] = sum((Counter(s.get("others", {})) for s in summaries), Counter())
    outside = {"outside of OpenAlex's core (is_xpac)": count_of(count, "record")} if count else {}
    return outside | {piece: count_of(n, "piece") for piece, n in sorted(others.items())}


def _eras_of_records(vintage: Vintage, harvested: Harvest) -> Eras:
    """Once all records are read: by the day they were said to be taken, as far as none was
    updated in another era since.
    """
    manifest = vintage.manifest
    if "taken" not in manifest.model_fields_set:  # begun by a coauth that did not note it
        return vintage.eras
    taken, days = manifest.taken, [date.fromisoformat(day) for day in harvested.updated]
    oldest = days[0] if days and not harvested.undated else None
    newest = days[-1] if days else None
    eras = Eras.from_records(taken, oldest, newest)
    for border, era, said in zip(BORDERS, eras, Eras.from_records(taken, None, None), strict=True):
        if era != said and taken:
            log.warning(
                "records were updated until %s, so not all were taken on %s: the era of their %s is not known (OpenAlex replaced %s on %s)",
                newest,
                taken,
                border.name,
                border.replaced,
                border.day,
            )
    return eras
