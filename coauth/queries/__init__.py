"""`queries/*.toml` and `queries/sql/*.sql` -> frozen, strictly read objects.

Everything an analyst may decide is here as data: what to harvest, how institutions are rolled up,
partner groups, policy dates, measures and thresholds, watchlists, technologies. Reading is strict
(an unknown key, a missing value, a wrong type or a broken reference is an error) and names *all*
faults at once, each with its file and key.

SQL takes no parameters. What a statement needs from the queries it finds as a table
(`Queries.tables`), so the same statement runs on DuckDB, on Spark, or by hand.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from coauth.errors import QueryError
from coauth.queries.events import Event, Events
from coauth.queries.institutions import Associated, Component, Joint, Parent, RollUp, Successor
from coauth.queries.measures import Measures, Pivots
from coauth.queries.reading import read
from coauth.queries.references import Admission, Counts, Direction, Reference
from coauth.queries.scope import NO_TYPE, Scope
from coauth.queries.series import Group, Groups
from coauth.queries.strict import Period, Strict, Years
from coauth.queries.technologies import Technologies, Technology
from coauth.queries.watchlists import Entry, Watchlist

__all__ = [
    "NO_TYPE",
    "Admission",
    "Associated",
    "Component",
    "Counts",
    "Direction",
    "Entry",
    "Event",
    "Events",
    "Group",
    "Groups",
    "Joint",
    "Measures",
    "Parent",
    "Period",
    "Pivots",
    "Queries",
    "Reference",
    "RollUp",
    "Scope",
    "Successor",
    "Technologies",
    "Technology",
    "Watchlist",
    "Years",
    "load",
]


class Queries(Strict):
    """All of `queries/`, read."""

    scope: Scope
    rollup: RollUp
    groups: Groups
    events: Events
    measures: Measures
    watchlists: tuple[Watchlist, ...]
    technologies: tuple[Technologies, ...]
    references: tuple[Reference, ...] = ()
    sql: dict[str, str]
    fingerprint: str
    """sha256 over every file, so that a report names the questions it answers."""
    other_topics: tuple[Technologies, ...] = ()
    """Enabled sets that say nothing of a vintage, since they were made for other topics than its
    records have (`of_topics`).
    """
    topics: str = ""
    """Of that vintage: v1, v2, mixed or unknown."""

    def tables(self) -> dict[str, pa.Table]:
        """What SQL may join of the queries: settings (one row), home_countries, partner_countries,
        preprint_dois, successors, entries (of watchlists), withdrawn_rors, unlisted_descendants,
        technology_areas.
        """
        scope, measures = self.scope, self.measures
        settings = {
            "first_year": scope.first_year,
            "last_year": scope.last_year,
            "max_institutions": scope.max_institutions,
            "count_duplicates": scope.count_duplicates,
            "profile_share": measures.profile_share,
            "profile_min_works": measures.profile_min_works,
            "window_years": measures.window,
        }
        country = pa.schema([("country_code", pa.string())])
        groups = pa.schema(
            [
                ("group_id", pa.string()),
                ("country_code", pa.string()),
                ("valid_from", pa.int32()),
                ("valid_to", pa.int32()),
            ]
        )
        listed = pa.schema(
            [
                ("list_id", pa.string()),
                ("entry_id", pa.string()),
                ("institution_id", pa.string()),
                ("ror", pa.string()),
                ("by_lineage", pa.bool_()),
                ("valid_from", pa.date32()),
                ("valid_to", pa.date32()),
                ("kind", pa.string()),
                ("listed_today", pa.bool_()),
            ]
        )
        preprints = pa.schema([("registrant", pa.string()), ("pattern", pa.string())])
        successors = pa.schema([("ror", pa.string()), ("successor_ror", pa.string())])
        withdrawn = pa.schema(
            [("list_id", pa.string()), ("entry_id", pa.string()), ("ror", pa.string())]
        )
        excluded = pa.schema([("list_id", pa.string()), ("ror", pa.string())])
        areas = pa.schema(
            [("list_id", pa.string()), ("technology_id", pa.string()), ("area_id", pa.string())]
        )
        on = [w for w in self.watchlists if w.enabled]
        return {
            "settings": pa.Table.from_pylist([settings]),
            "home_countries": pa.Table.from_pylist(
                [{"country_code": c} for c in sorted(scope.home)], country
            ),
            "partner_countries": pa.Table.from_pylist(
                [
                    {
                        "group_id": g.id,
                        "country_code": c,
                        "valid_from": g.valid_from,
                        "valid_to": g.valid_to,
                    }
                    for g in self.partners
                    for c in g.countries
                ],
                groups,
            ),
            "preprint_dois": pa.Table.from_pylist(
                [
                    {"registrant": registrant, "pattern": pattern}
                    for registrant, pattern in scope.preprints
                ],
                preprints,
            ),
            "entries": pa.Table.from_pylist(
                [
                    {
                        "list_id": w.id,
                        "entry_id": e.id,
                        "institution_id": e.openalex,
                        "ror": e.ror,
                        "by_lineage": w.match == "lineage",
                        "valid_from": e.valid_from,
                        "valid_to": e.valid_to,
                        "kind": w.kind_of(e),
                        "listed_today": w.still_lists(e),
                    }
                    for w in on
                    for e in w.entry
                ],
                listed,
            ),
            "successors": pa.Table.from_pylist(
                [
                    {"ror": s.institution, "successor_ror": s.successor}
                    for s in self.rollup.successors
                ],
                successors,
            ),
            "withdrawn_rors": pa.Table.from_pylist(
                [
                    {"list_id": w.id, "entry_id": e.id, "ror": r}
                    for w in on
                    for e in w.entry
                    for r in e.withdrawn
                ],
                withdrawn,
            ),
            "unlisted_descendants": pa.Table.from_pylist(
                [{"list_id": w.id, "ror": r} for w in on for r in w.exclude_lineage], excluded
            ),
            "technology_areas": pa.Table.from_pylist(
                [
                    {"list_id": s.id, "technology_id": t.id, "area_id": a}
                    for s in self.technologies
                    if s.enabled
                    for t in s.technology
                    for a in t.eu10
                ],
                areas,
            ),
        }

    @property
    def partners(self) -> tuple[Group, ...]:
        """The partner groups as they are counted: without the home countries, which are no partner
        of their own; none of nothing else.
        """
        abroad = (
            (g, tuple(c for c in g.countries if c not in self.scope.home))
            for g in self.groups.group
        )
        return tuple(
            g if c == g.countries else g.model_copy(update={"countries": c}) for g, c in abroad if c
        )

    def lists(self) -> dict[str, str]:
        """Enabled watchlists and sets of technologies: id -> version and a digest of what it says,
        so that no edit goes unseen.
        """
        both: tuple[Watchlist | Technologies, ...] = (*self.watchlists, *self.technologies)
        return {
            x.id: f"{x.version} ({hashlib.sha256(x.model_dump_json().encode()).hexdigest()[:8]})"
            for x in both
            if x.enabled
        }

    def companion(self, list_id: str) -> str | None:
        """The country group a watchlist is compared with: the first one that an event, of whatever
        country, tests beside the list.

        None where that group is home: of the others, none is the list's own country.
        """
        for event in sorted(self.events.event, key=_by_date):
            if f"list:{list_id}" in event.series:
                for name in event.series:
                    if not name.startswith("list:"):
                        return name if name in {g.id for g in self.partners} else None
        return None

    def parts(self) -> dict[str, str]:
        """Digests of what a count of works depends on besides the records: queries/scope,
        queries/sql, queries/institutions, and by the name of its series every partner group and
        enabled watchlist. Measures, events and technologies change none.
        """
        statements = "\0".join(
            f"{name}\0{text}" for name, text in sorted(self.sql.items()) if name != "count"
        )
        counted = self.scope.model_dump_json(
            include={"countries", "first_year", "types", "count_duplicates", "preprint_dois"}
        )
        asked = {
            "queries/scope": counted,
            "queries/sql": statements,
            "queries/institutions": self.rollup.model_dump_json(),
        }
        asked |= {
            g.id: g.model_dump_json(include={"countries", "valid_from", "valid_to"})
            for g in self.groups.group
        }
        asked |= {f"list:{w.id}": w.model_dump_json() for w in self.watchlists if w.enabled}
        return {name: hashlib.sha256(text.encode()).hexdigest()[:8] for name, text in asked.items()}

    def of_topics(self, topics: str) -> Queries:
        """These queries as they are asked of a vintage whose records have these topics (v1, v2,
        mixed, unknown).

        Ids and names of topics stayed when OpenAlex replaced the assignments, so a set made for
        others would find works, and wrong ones: it is off, and stands in `other_topics`.
        """
        other = [s for s in self.technologies if s.enabled and s.topic_model != topics]
        off = {s.id: s.model_copy(update={"enabled": False}) for s in other}
        return self.model_copy(
            update={
                "technologies": tuple(off.get(s.id, s) for s in self.technologies),
                "other_topics": tuple(other),
                "topics": topics,
            }
        )

    @property
    def no_cues(self) -> str:
        """Why a vintage has no technology cues although a set is enabled; empty where it has, or
        none is.
        """
        if not self.other_topics or any(s.enabled for s in self.technologies):
            return ""
        made_for = " and ".join(sorted({s.topic_model for s in self.other_topics}))
        theirs = {
            "unknown": "not known (--as-of DAY, with --new, says when records from disk were taken)",
            "mixed": "v1 and v2, as they were fetched before and after 2026-10-06",
        }.get(self.topics, self.topics)
        return f"no technology cues: the definitions are for topics {made_for}, the records' topics are {theirs}"

    def marks(self) -> dict[str, str]:
        """What must stand beside a technology of the enabled set wherever it is shown, by its id
        (`Technologies.marked`).
        """
        return {
            entry: mark for s in self.technologies if s.enabled for entry, mark in s.marks().items()
        }

    def informed(self, measured: Mapping[str, Any] | None, built: str) -> Queries:
        """These queries with the standing of technologies that `coauth flags score` kept of a
        vintage (`measured`), where the sheet was scored under the queries the vintage was built
        with (their fingerprint); as they are where it was not.
        """
        if not measured or measured["queries"] != built:
            return self
        return self.model_copy(
            update={
                "technologies": tuple(
                    s.scored(measured["classes"]) if s.enabled else s for s in self.technologies
                )
            }
        )

    def event_table(self) -> list[Event]:
        """The policy dates of the scope's countries, in order."""
        return sorted(
            (e for e in self.events.event if e.concerns(self.scope.countries)), key=_by_date
        )

    def events_elsewhere(self) -> list[Event]:
        """Those of other countries: neither drawn nor tested."""
        return sorted(
            (e for e in self.events.event if not e.concerns(self.scope.countries)), key=_by_date
        )


def _by_date(event: Event) -> tuple[date, str]:
    return event.date, event.id


_FILES: dict[str, type[Strict]] = {
    "scope": Scope,
    "institutions": RollUp,
    "groups": Groups,
    "events": Events,
    "measures": Measures,
}


def load(folder: Path) -> Queries:
    """Read every file in `folder` strictly. Raises `QueryError` with all faults, one a line, each
    with file and key.
    """
    if not folder.is_dir():
        raise QueryError(
            f"{folder}: no queries here; run `coauth init DIR` and then work in DIR, or give --root"
        )
    faults: list[str] = []
    single = {name: read(folder / f"{name}.toml", model, faults) for name, model in _FILES.items()}
    lists = [read(p, Watchlist, faults) for p in sorted(folder.glob("watchlists/*.toml"))]
    sets = [read(p, Technologies, faults) for p in sorted(folder.glob("technologies/*.toml"))]
    references = [read(p, Reference, faults) for p in sorted(folder.glob("reference/*.toml"))]
    sql = {p.stem: p.read_text("utf-8") for p in sorted(folder.glob("sql/*.sql"))}
    ids = [x.id for x in (*lists, *sets, *references) if x is not None]
    faults += [
        f"{folder}: two lists share the id '{i}'"
        for i in sorted({i for i in ids if ids.count(i) > 1})
    ]
    sets = _whole(folder, sets, faults)
    for topics in ("v1", "v2"):
        if (
            len(
                on := [
                    s.id for s in sets if s is not None and s.enabled and s.topic_model == topics
                ]
            )
            > 1
        ):
            faults.append(
                f"{folder / 'technologies'}: enabled: {', '.join(on)}; enable one set at a time (for topics {topics})"
            )
    faults += _unanswered(
        folder, single["groups"], single["events"], lists, _about(single["scope"], references)
    )
    faults += _hidden(folder, single["institutions"], lists)
    faults += _strangers(folder)
    if faults:
        advice = (
            "mend it and run `coauth queries check`"
            if len(faults) == 1
            else "mend them and run `coauth queries check`"
        )
        raise QueryError(
            f"{faults[0]}; {advice}" if len(faults) == 1 else "\n".join([*faults, advice])
        )
    return Queries(
        scope=single["scope"],
        rollup=single["institutions"],
        groups=single["groups"],
        events=single["events"],
        measures=single["measures"],
        watchlists=tuple(x for x in lists if x),
        technologies=tuple(x for x in sets if x),
        references=tuple(x for x in references if x),
        sql=sql,
        fingerprint=_fingerprint(folder),
    )


def _about(scope: Any, references: list[Reference | None]) -> list[Reference]:
    return [r for r in references if r and scope and r.about(scope.countries)]


def _whole(
    folder: Path, sets: list[Technologies | None], faults: list[str]
) -> list[Technologies | None]:
    """The sets of technologies, each with those of the set it includes."""
    if None in sets:
        return sets  # what is faulty itself cannot be included
    known = {s.id: s for s in sets if s}
    made: dict[str, Technologies | None] = {}

    def of(s: Technologies, including: tuple[str, ...] = ()) -> Technologies | None:
        """None, and one fault, where it cannot be completed; None alone where what it includes
        cannot.
        """
        if s.id not in made:
            others = known.keys() - {s.id, *including}
            try:
                if s.includes is None:
                    made[s.id] = s
                elif s.includes not in known:
                    near = difflib.get_close_matches(s.includes, others, n=1)
                    raise ValueError(
                        f"includes: no set '{s.includes}'"
                        + (f", did you mean '{near[0]}'?" if near else "")
                    )
                elif s.includes not in others:
                    raise ValueError(f"includes: '{s.includes}' includes this set in turn")
                else:
                    other = of(known[s.includes], (*including, s.id))
                    made[s.id] = s.with_all_of(other) if other else None
            except ValueError as fault:
                faults.append(f"{folder / 'technologies'}: '{s.id}': {fault}")
                made[s.id] = None
        return made[s.id]

    return [of(s) for s in known.values()]


def _unanswered(
    folder: Path,
    groups: Any,
    events: Any,
    lists: list[Watchlist | None],
    references: list[Reference],
) -> list[str]:
    """A series that no group or watchlist makes would be tested on nothing, or held against
    nothing, in silence.
    """
    if groups is None or events is None or None in lists:
        return []
    known = {"international"} | {g.id for g in groups.group} | {f"list:{w.id}" for w in lists if w}
    asked = [
        (f"{folder / 'events.toml'}: event '{e.id}'", s) for e in events.event for s in e.series
    ]
    asked += [
        (f"{folder / 'reference'}: {r.id}: direction", d.series)
        for r in references
        for d in r.direction
    ]
    near = {s: difflib.get_close_matches(s, known, n=1) for _, s in asked if s not in known}
    return [
        f"{where}: series: no group or watchlist makes '{s}'"
        + (f", did you mean '{near[s][0]}'?" if near[s] else "")
        for where, s in asked
        if s not in known
    ]


def _hidden(folder: Path, rollup: Any, lists: list[Watchlist | None]) -> list[str]:
    """A listed institution that counts only partly for another would be listed there with all or
    with none of its works.
    """
    if rollup is None:
        return []
    partly = {r.institution: key for key in ("joint", "associated") for r in getattr(rollup, key)}
    return [
        f"{folder / 'institutions.toml'}: {partly[e.ror]}: {e.ror} is on the watchlist '{w.id}' ({e.id}); it must stand alone"
        for w in lists
        if w
        for e in w.entry
        if e.ror in partly
    ]


def _strangers(folder: Path) -> list[str]:
    """A misspelt file name would be a question nobody asks, in silence."""
    known = re.compile(
        rf"({'|'.join(_FILES)})\.toml|(watchlists|technologies|reference)/[^/]+\.toml|sql/[^/]+\.sql"
    )
    files = (
        p.relative_to(folder).as_posix()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name[0] != "."
    )
    return [
        f"{folder / f}: no such question; see `coauth queries check --help`"
        for f in files
        if not known.fullmatch(f)
    ]


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in {".toml", ".sql"}):
        digest.update(
            path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0"
        )
    return digest.hexdigest()
