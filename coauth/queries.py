"""`queries/*.toml` and `queries/sql/*.sql` -> frozen, strictly read objects.

Everything an analyst may decide is here as data: what to harvest, how institutions are rolled up, partner groups,
policy dates, measures and thresholds, watchlists, technologies. Reading is strict (an unknown key, a missing value, a
wrong type or a broken reference is an error) and names *all* faults at once, each with its file and key.

SQL takes no parameters. What a statement needs from the queries it finds as a table (`Queries.tables`), so the same
statement runs on DuckDB, on Spark, or by hand.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from coauth.errors import QueryError

InstitutionId = Annotated[str, Field(pattern=r"^I\d+$")]
TopicId = Annotated[str, Field(pattern=r"^T\d+$")]
Ror = Annotated[str, Field(pattern=r"^https://ror\.org/0[a-z0-9]{6}\d{2}$")]
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Phrase = Annotated[str, Field(pattern=r"^[^*]*\w[^*]*\*?$", description="a star only at its end")]
Alias = Annotated[str, Field(min_length=4, description="shorter keys fit half the world")]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Share = Annotated[float, Field(ge=0, le=1)]
Years = tuple[int, int]
Period = tuple[Years, Years]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _twice(key: str, values: list[str]) -> str:
    twice = sorted(v for v, times in Counter(values).items() if times > 1)
    return f"{key}: listed twice: {', '.join(twice)}" if twice else ""


def _refuse_twice(key: str, values: list[str]) -> None:
    if fault := _twice(key, values):
        raise ValueError(fault)


class Scope(_Strict):
    """What is harvested, and which works count (`scope.toml`)."""

    title: str
    countries: tuple[CountryCode, ...] = Field(min_length=1)
    first_year: int = Field(ge=1900)
    last_year: int
    preliminary_years: int = Field(ge=0, description="how many of the last measured years are marked preliminary")
    types: tuple[Slug, ...] = Field(min_length=1)
    max_institutions: int = Field(ge=2, description="K: works of more institutions are set apart from centralities")
    count_duplicates: bool = Field(default=False, description="works that OpenAlex holds twice count twice")

    @model_validator(mode="after")
    def _years(self) -> Scope:
        if self.last_year < self.first_year:
            raise ValueError(f"last_year {self.last_year} is before first_year {self.first_year}")
        return self

    @property
    def years(self) -> range:
        return range(self.first_year, self.last_year + 1)

    @property
    def preliminary(self) -> frozenset[int]:
        return frozenset(range(self.last_year - self.preliminary_years + 1, self.last_year + 1))

    @property
    def fingerprint(self) -> str:
        """Of what decides which records are harvested; a vintage is continued only under the same one."""
        asked = [sorted(self.countries), self.first_year, sorted(self.types)]
        return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]


class _Rule(_Strict):
    institution: Ror
    name: str = Field(description="in words, for the reader; matching is by ROR")
    source: str


class Successor(_Rule):
    """An institution whose works count for another: merged, renamed or withdrawn."""

    successor: Ror


class Component(_Rule):
    """A part of an organisation that has a record of its own: its works count for the whole."""

    part_of: Ror


class Joint(_Rule):
    """An institution shared by several organisations: each has its weight of it."""

    weights: dict[Ror, Annotated[float, Field(gt=0, lt=1)]]

    @model_validator(mode="after")
    def _whole(self) -> Joint:
        if abs((total := math.fsum(self.weights.values())) - 1) > 1e-9:
            raise ValueError(f"weights: sum to {total:.12g}, not to 1: {self.name}")
        return self


class Associated(_Rule):
    """A partner, first of all an academic hospital, that counts for a university on the works the university is on too."""

    universities: tuple[Ror, ...] = Field(min_length=1)


class Parent(_Rule):
    """An owner that ROR does not give as a parent; it only extends the lineage."""

    parent: Ror


class RollUp(_Strict):
    """`institutions.toml`: how harvested institutions become the nodes of the graph."""

    drop_ancestors: bool = Field(description="an ancestor beside its descendant on one authorship is dropped")
    aliases: dict[str, Ror] = Field(default={}, description="short names a person may type; results never match by name")
    successors: tuple[Successor, ...] = ()
    components: tuple[Component, ...] = ()
    joint: tuple[Joint, ...] = ()
    associated: tuple[Associated, ...] = ()
    parents: tuple[Parent, ...] = ()

    @property
    def into(self) -> dict[str, str]:
        """ROR of every institution that counts wholly for one other -> ROR of that other."""
        return {s.institution: s.successor for s in self.successors} | {c.institution: c.part_of for c in self.components}

    @model_validator(mode="after")
    def _single_step(self) -> RollUp:
        """Every rule points straight to where the works end up, and an institution follows one rule: their order cannot matter."""
        rules: dict[str, tuple[_Rule, ...]] = {
            "successors": self.successors, "components": self.components, "joint": self.joint, "associated": self.associated,
        }  # fmt: skip
        targets = {
            "successors": {s.successor for s in self.successors}, "components": {c.part_of for c in self.components},
            "joint": {r for j in self.joint for r in j.weights}, "associated": {u for a in self.associated for u in a.universities},
        }  # fmt: skip
        faults = [t for key, listed in rules.items() if (t := _twice(key, [r.institution for r in listed]))]
        faults += [t for a in self.associated if (t := _twice(f"associated: {a.name}: universities", list(a.universities)))]
        moved: dict[str, str] = {}
        for key, listed in rules.items():
            for ror in sorted({r.institution for r in listed}):
                if (other := moved.setdefault(ror, key)) != key:
                    faults.append(f"{key}: {ror} is under {other} too; one institution follows one rule")
        for key, wanted in targets.items():
            straight = _STRAIGHT if key == "associated" else {k: v for k, v in _STRAIGHT.items() if k != "associated"}
            faults += [f"{key}: {r} is itself {straight[moved[r]]}" for r in sorted(wanted) if moved.get(r) in straight]
        if faults:
            raise ValueError("; ".join(faults))
        return self


_STRAIGHT = {
    "successors": "succeeded; point straight to the last one",
    "components": "a component; point straight to the whole",
    "joint": "joint; point straight to its owners",
    "associated": "associated; point straight to the university",
}


class Group(_Strict):
    """A set of partner countries counted together (`groups.toml`)."""

    id: Slug
    name: str
    name_da: str
    countries: tuple[CountryCode, ...] = Field(min_length=1)
    figure: bool = Field(default=True, description="drawn in Figure 1")
    control: bool = Field(default=False, description="drawn as comparison, thin")
    valid_from: int | None = None
    valid_to: int | None = None
    source: str
    note: str = ""


class Groups(_Strict):
    group: tuple[Group, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _once(self) -> Groups:
        _refuse_twice("group.id", ["international", *(g.id for g in self.group)])  # the name of all groups together
        return self


class Event(_Strict):
    """A policy date drawn on charts and used by the tests of a shift (`events.toml`)."""

    id: Slug
    date: date
    name: str
    name_da: str
    series: tuple[str, ...] = Field(description="the copublication series it is tested on; empty: only drawn")
    source: str


class Events(_Strict):
    lags: tuple[int, ...] = Field(description="years after the date at which publication may answer; all are reported")
    controls: int = Field(ge=1, description="institutions each listed one is compared with")
    widest_ratio: float = Field(gt=1, description="how many times more or fewer works such an institution may have")
    widest_distance: Share = Field(description="how far its mix of fields may be, as a Hellinger distance")
    event: tuple[Event, ...]

    @model_validator(mode="after")
    def _once(self) -> Events:
        _refuse_twice("event.id", [e.id for e in self.event])
        return self


class Pivots(_Strict):
    """Betweenness from so many sources drawn at random (`coauth.centrality.paths.betweenness`)."""

    pivots: int = Field(ge=1)


class Measures(_Strict):
    """`measures.toml`: windows, measures, resampling and the thresholds of a verdict, each with its why in the file."""

    window: int = Field(ge=1)
    measures: tuple[
        Literal["strength", "strength_share", "degree", "degree_rarefied", "pagerank", "eigenvector", "harmonic", "betweenness",
                "participation", "exposure"], ...
    ]  # fmt: skip
    resampled: tuple[Literal["strength", "strength_share", "pagerank", "participation", "exposure"], ...]
    counting: Literal["newman", "full", "strict", "author"]
    betweenness: Literal["exact"] | Pivots
    replicates: int = Field(ge=100)
    permutations: int = Field(ge=0)
    seed: int
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    false_discovery_rate: Annotated[float, Field(gt=0, lt=0.5)]
    comparisons: tuple[Period, ...] = Field(min_length=1)
    roster_min_works: int = Field(ge=1)
    partial_jump: Share
    partial_jump_z: float = Field(gt=0)
    coverage_prior_works: float = Field(gt=0)
    profile_share: Share
    profile_min_works: int = Field(ge=1)
    headline_change: tuple[int, int]
    smallest_pair: int = Field(ge=1)
    null_samples: int = Field(ge=0)

    @model_validator(mode="after")
    def _comparisons(self) -> Measures:
        for before, after in self.comparisons:
            if not before[0] <= before[1] < after[0] <= after[1]:
                raise ValueError(f"comparisons: {before} -> {after}: windows must follow each other without overlap")
        return self


class Entry(_Strict):
    """One listed institution. Matching is by ROR and OpenAlex id, and by lineage where the list says so."""

    id: Slug
    name: str
    name_local: str = ""
    openalex: InstitutionId | None = None
    ror: Ror | None = None
    aliases: tuple[Alias, ...] = Field(default=(), description="campuses and spellings `flags check` seeks in strings; never matched, never counted")
    withdrawn: tuple[Ror, ...] = Field(default=(), description="ROR records withdrawn in its favour: they are it")
    established: int | None = Field(default=None, description="year, by ROR; a work older than it was assigned wrongly")
    valid_from: date | None = None
    valid_to: date | None = None
    kind: Literal["designation", "assessment"] | None = Field(default=None, description="where it differs from the list's")
    first_listed: str = Field(default="", description="as the source words it, where it gives no day")
    source: str = Field(default="", description="of this entry's ids or dates, where they are not the list's own")

    @model_validator(mode="after")
    def _sound(self) -> Entry:
        if not (self.ror or self.openalex):
            raise ValueError("an entry is matched by id: give ror or openalex, or move it to [[unmatchable]] with a reason")
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError(f"valid_to {self.valid_to} is before valid_from {self.valid_from}")
        return self


class Unmatchable(_Strict):
    """An institution on the list that no id is known for: kept in sight, flags nothing."""

    name: str
    reason: str = Field(min_length=1)


class Watchlist(_Strict):
    """Listed institutions (`watchlists/*.toml`). `designation` is a government's act, `assessment` another's judgement."""

    id: Slug
    name: str
    name_da: str
    enabled: bool
    kind: Literal["designation", "assessment"]
    match: Literal["strict", "lineage"]
    source: str
    version: str
    retrieved: date
    licence: str
    note: str = ""
    exclude_lineage: tuple[Ror, ...] = ()
    entry: tuple[Entry, ...] = Field(min_length=1)
    unmatchable: tuple[Unmatchable, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> Watchlist:
        for key in ("id", "ror", "openalex"):
            _refuse_twice(f"entry.{key}", [getattr(e, key) for e in self.entry if getattr(e, key)])
        if bare := [e.id for e in self.entry if self.match == "lineage" and not e.openalex]:
            raise ValueError(f"entry.openalex: missing for {', '.join(bare)}; match = 'lineage' finds descendants by this id")
        return self

    def kind_of(self, entry: Entry) -> str:
        return entry.kind or self.kind

    def still_lists(self, entry: Entry) -> bool:
        """Whether the entry is listed "today": on the day this version of the list was retrieved."""
        return entry.valid_to is None or entry.valid_to >= self.retrieved


class Technology(_Strict):
    """One critical technology: which topics and phrases make a work count for it (`technologies/*.toml`)."""

    id: Slug
    name: str
    eu10: tuple[Literal["EU1", "EU2", "EU3", "EU4", "EU5", "EU6", "EU7", "EU8", "EU9", "EU10"], ...]
    core_topics: tuple[TopicId, ...]
    gated_topics: tuple[TopicId, ...]
    phrases: tuple[Phrase, ...]
    exclusions: tuple[Phrase, ...] = ()
    note: str = ""


Area = Literal["EU1", "EU2", "EU3", "EU4", "EU5", "EU6", "EU7", "EU8", "EU9", "EU10"]
Standing = Literal["measured", "indicative", "unmeasured"]


class Technologies(_Strict):
    """A set of critical technologies, and how good it is known to be."""

    id: Slug
    name: str
    enabled: bool
    source: str
    version: str
    status: str
    topic_model: Literal["v1", "v2"]
    core_min_score: Share
    standing: Standing = Field(default="unmeasured", description="of the whole; `indicative` is precision below 0.8")
    quality: dict[Area, Standing] = Field(default={}, description="by EU-10 area")
    not_obtained: tuple[str, ...] = Field(default=(), description="lists a reader may miss here, and why")
    eu10: dict[str, str]
    technology: tuple[Technology, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _once(self) -> Technologies:
        _refuse_twice("technology.id", [t.id for t in self.technology])
        return self

    def marked(self, entry: str) -> str | None:
        """What must stand beside a technology or area wherever it is shown: "indicative", "unmeasured" or both; None if measured."""
        areas: tuple[Any, ...] = next((t.eu10 for t in self.technology if t.id == entry), (entry,))
        marks = sorted({self.standing, *(self.quality.get(a, self.standing) for a in areas)} - {"measured"})
        return ", ".join(marks) or None


class Queries(_Strict):
    """All of `queries/`, read."""

    scope: Scope
    rollup: RollUp
    groups: Groups
    events: Events
    measures: Measures
    watchlists: tuple[Watchlist, ...]
    technologies: tuple[Technologies, ...]
    sql: dict[str, str]
    fingerprint: str
    """sha256 over every file, so that a report names the questions it answers."""

    def tables(self) -> dict[str, pa.Table]:
        """What SQL may join of the queries: settings (one row), home_countries, partner_countries, successors,
        entries (of watchlists), withdrawn_rors, unlisted_descendants, technology_areas."""
        scope, measures = self.scope, self.measures
        settings = {
            "first_year": scope.first_year, "last_year": scope.last_year, "max_institutions": scope.max_institutions,
            "count_duplicates": scope.count_duplicates,
            "profile_share": measures.profile_share, "profile_min_works": measures.profile_min_works,
            "window_years": measures.window,
        }  # fmt: skip
        country = pa.schema([("country_code", pa.string())])
        groups = pa.schema(
            [("group_id", pa.string()), ("country_code", pa.string()), ("valid_from", pa.int32()), ("valid_to", pa.int32())]
        )
        listed = pa.schema(
            [("list_id", pa.string()), ("entry_id", pa.string()), ("institution_id", pa.string()), ("ror", pa.string()),
             ("by_lineage", pa.bool_()), ("valid_from", pa.date32()), ("valid_to", pa.date32()), ("kind", pa.string()),
             ("listed_today", pa.bool_())]
        )  # fmt: skip
        successors = pa.schema([("ror", pa.string()), ("successor_ror", pa.string())])
        withdrawn = pa.schema([("list_id", pa.string()), ("entry_id", pa.string()), ("ror", pa.string())])
        excluded = pa.schema([("list_id", pa.string()), ("ror", pa.string())])
        areas = pa.schema([("list_id", pa.string()), ("technology_id", pa.string()), ("area_id", pa.string())])
        on = [w for w in self.watchlists if w.enabled]
        return {
            "settings": pa.Table.from_pylist([settings]),
            "home_countries": pa.Table.from_pylist([{"country_code": c} for c in scope.countries], country),
            "partner_countries": pa.Table.from_pylist(
                [{"group_id": g.id, "country_code": c, "valid_from": g.valid_from, "valid_to": g.valid_to}
                 for g in self.groups.group for c in g.countries], groups,
            ),
            "entries": pa.Table.from_pylist(
                [{"list_id": w.id, "entry_id": e.id, "institution_id": e.openalex, "ror": e.ror,
                  "by_lineage": w.match == "lineage", "valid_from": e.valid_from, "valid_to": e.valid_to, "kind": w.kind_of(e),
                  "listed_today": w.still_lists(e)}
                 for w in on for e in w.entry], listed,
            ),
            "successors": pa.Table.from_pylist(
                [{"ror": s.institution, "successor_ror": s.successor} for s in self.rollup.successors], successors
            ),
            "withdrawn_rors": pa.Table.from_pylist(
                [{"list_id": w.id, "entry_id": e.id, "ror": r} for w in on for e in w.entry for r in e.withdrawn], withdrawn
            ),
            "unlisted_descendants": pa.Table.from_pylist(
                [{"list_id": w.id, "ror": r} for w in on for r in w.exclude_lineage], excluded
            ),
            "technology_areas": pa.Table.from_pylist(
                [{"list_id": s.id, "technology_id": t.id, "area_id": a}
                 for s in self.technologies if s.enabled for t in s.technology for a in t.eu10], areas,
            ),
        }  # fmt: skip

    def lists(self) -> dict[str, str]:
        """Enabled watchlists and sets of technologies: id -> version and a digest of what it says, so that no edit goes unseen."""
        both: tuple[Watchlist | Technologies, ...] = (*self.watchlists, *self.technologies)
        return {x.id: f"{x.version} ({hashlib.sha256(x.model_dump_json().encode()).hexdigest()[:8]})" for x in both if x.enabled}

    def event_table(self) -> list[Event]:
        return sorted(self.events.event, key=lambda e: (e.date, e.id))


_FILES: dict[str, type[_Strict]] = {
    "scope": Scope, "institutions": RollUp, "groups": Groups, "events": Events, "measures": Measures,
}  # fmt: skip
Model = TypeVar("Model", bound=_Strict)


def load(folder: Path) -> Queries:
    """Read every file in `folder` strictly. Raises `QueryError` with all faults, one a line, each with file and key."""
    if not folder.is_dir():
        raise QueryError(f"{folder}: no queries here; run `coauth init DIR` and then work in DIR, or give --root")
    faults: list[str] = []
    single = {name: _read(folder / f"{name}.toml", model, faults) for name, model in _FILES.items()}
    lists = [_read(p, Watchlist, faults) for p in sorted(folder.glob("watchlists/*.toml"))]
    sets = [_read(p, Technologies, faults) for p in sorted(folder.glob("technologies/*.toml"))]
    sql = {p.stem: p.read_text("utf-8") for p in sorted(folder.glob("sql/*.sql"))}
    ids = [x.id for x in (*lists, *sets) if x is not None]
    faults += [f"{folder}: two lists share the id '{i}'" for i in sorted({i for i in ids if ids.count(i) > 1})]
    if len(on := [s.id for s in sets if s is not None and s.enabled]) > 1:
        faults.append(f"{folder / 'technologies'}: enabled: {', '.join(on)}; enable one set at a time")
    faults += _unanswered(folder, single["groups"], single["events"], lists)
    faults += _hidden(folder, single["institutions"], lists)
    faults += _strangers(folder)
    if faults:
        advice = "mend it and run `coauth queries check`" if len(faults) == 1 else "mend them and run `coauth queries check`"
        raise QueryError(f"{faults[0]}; {advice}" if len(faults) == 1 else "\n".join([*faults, advice]))
    return Queries(
        scope=single["scope"], rollup=single["institutions"], groups=single["groups"], events=single["events"],
        measures=single["measures"], watchlists=tuple(x for x in lists if x), technologies=tuple(x for x in sets if x),
        sql=sql, fingerprint=_fingerprint(folder),
    )  # fmt: skip


def _read(path: Path, model: type[Model], faults: list[str]) -> Model | None:
    text, raw = "", {}
    try:
        text = path.read_text("utf-8")
        raw = tomllib.loads(text)
        # by way of JSON, where strict reading still takes a list for a tuple
        return model.model_validate_json(json.dumps(raw, default=str), strict=True)
    except FileNotFoundError:
        faults.append(f"{path}: missing; `coauth init` writes a fresh copy")
    except OSError as fault:
        faults.append(f"{path}: {fault.strerror}")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        faults.append(f"{path}: not TOML: {fault}")
    except ValidationError as fault:
        # a list is not "too short" because what stands in it is faulty
        told = [d for d in fault.errors() if d["type"] != "too_short" or len(d["loc"]) > 1 or not raw.get(str(d["loc"][0]))]
        faults += [_sentence(path, model, detail, text) for detail in told]
        if any(detail["loc"] for detail in told):  # a fault of one key hides what is wrong between entries
            faults += [f"{path}: {said}" for said in _repeated(model, raw)]
    return None


def _sentence(path: Path, model: type[BaseModel], detail: Any, text: str) -> str:
    where = ".".join(str(part) for part in detail["loc"]) or "the file"
    line = _line(text, detail["loc"])
    at = f" (line {line})" if line else ""
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(detail["loc"][-1]), _known_keys(model), n=1)
        return f"{path}: {where}: unknown key" + (f", did you mean '{near[0]}'?" if near else "") + at
    return f"{path}: {where}: {detail['msg']}{at}"


def _line(text: str, loc: tuple[str | int, ...]) -> int | None:
    """The line of a key, or of the header of the table that lacks it; None for a key that is not there at the top."""
    lines = text.splitlines()
    first, last, keys = 0, len(lines), list(loc)
    headers = [n for n, line in enumerate(lines) if re.match(r"\[+[\w.-]+\]+\s*(#|$)", line)]
    if len(keys) > 1:
        own = [n for n in headers if lines[n].strip("[] ") == keys[0]]
        place = keys[1] if isinstance(keys[1], int) else 0
        if place < len(own):
            first = own[place]
            keys = keys[2:] if isinstance(keys[1], int) else keys[1:]
    last = next((n for n in headers if n > first), last)
    key = keys[0] if keys and isinstance(keys[0], str) else None
    found = [n for n in range(first, last) if key and re.match(rf'\s*"?{re.escape(key)}"?\s*=', lines[n])]
    return found[0] + 1 if found else first + 1 if first else None


def _repeated(model: type[BaseModel], raw: Mapping[str, Any]) -> list[str]:
    """Ids that a list of tables gives twice, read before anything else is known to be right."""
    tables = [(name, rows) for name, rows in raw.items() if name in model.model_fields and isinstance(rows, list)]
    found = []
    for name, rows in tables:
        for key in ("id", "ror", "openalex"):
            values = [str(r[key]) for r in rows if isinstance(r, dict) and key in r]
            if twice := sorted({v for v in values if values.count(v) > 1}):
                found.append(f"{name}.{key}: listed twice: {', '.join(twice)}")
    return found


def _known_keys(model: type[BaseModel]) -> set[str]:
    keys = set(model.model_fields)
    for field in model.model_fields.values():
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                keys |= _known_keys(part)
    return keys


def _unanswered(folder: Path, groups: Any, events: Any, lists: list[Watchlist | None]) -> list[str]:
    """A series that no group or watchlist makes would be tested on nothing, in silence."""
    if groups is None or events is None or None in lists:
        return []
    known = {"international"} | {g.id for g in groups.group} | {f"list:{w.id}" for w in lists if w}
    unknown = [(e.id, s) for e in events.event for s in e.series if s not in known]
    near = {s: difflib.get_close_matches(s, known, n=1) for _, s in unknown}
    return [
        f"{folder / 'events.toml'}: event '{e}': series: no group or watchlist makes '{s}'"
        + (f", did you mean '{near[s][0]}'?" if near[s] else "") for e, s in unknown
    ]  # fmt: skip


def _hidden(folder: Path, rollup: Any, lists: list[Watchlist | None]) -> list[str]:
    """A listed institution that counts only partly for another would be listed there with all or with none of its works."""
    if rollup is None:
        return []
    partly = {r.institution: key for key in ("joint", "associated") for r in getattr(rollup, key)}
    return [
        f"{folder / 'institutions.toml'}: {partly[e.ror]}: {e.ror} is on the watchlist '{w.id}' ({e.id}); it must stand alone"
        for w in lists if w for e in w.entry if e.ror in partly
    ]  # fmt: skip


def _strangers(folder: Path) -> list[str]:
    """A misspelt file name would be a question nobody asks, in silence."""
    known = re.compile(rf"({'|'.join(_FILES)})\.toml|(watchlists|technologies)/[^/]+\.toml|sql/[^/]+\.sql")
    files = (p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file() and p.name[0] != ".")
    return [f"{folder / f}: no such question; see `coauth queries check --help`" for f in files if not known.fullmatch(f)]


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in {".toml", ".sql"}):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
