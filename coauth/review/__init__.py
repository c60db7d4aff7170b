"""The works behind a pair or a list, each with why it is flagged: what a review starts from.

An institution is named by OpenAlex id, ROR, alias, watchlist entry or name. A name is taken only
when it fits exactly one institution; otherwise the candidates are listed and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from coauth.errors import NotFound
from coauth.queries import Queries
from coauth.queries.names import INSTITUTIONS, Names, Vocabulary
from coauth.review import caveats
from coauth.tables.contract import STRING
from coauth.tables.schemas import AREAS, Tables


def resolve(
    query: str, institutions: pa.Table, queries: Queries, vocabulary: Vocabulary | None = None
) -> str:
    """The institution_id a person means (`coauth.queries.names`). Raises `NotFound` for no
    institution or several, listing what comes near; with a `vocabulary`, what else is called in the
    languages of the report, also for the name of a country, group or list.
    """
    names = Names(queries, institutions, vocabulary)
    if vocabulary:
        meant = names.exact(query, (*INSTITUTIONS, "country", "group", "list"))
        if meant and not {m.kind for m in meant} & set(INSTITUTIONS):
            raise NotFound(
                f"'{query}' is {meant[0]}, no institution; `coauth count INSTITUTION '{query}' --works` lists the works with it"
            )
    return names.find(query, INSTITUTIONS).value


def resolve_pair(
    names: Sequence[str],
    institutions: pa.Table,
    queries: Queries,
    vocabulary: Vocabulary | None = None,
) -> tuple[str, str]:
    """The ids of two institutions a person means. Raises `NotFound` for any other number of them,
    or where both are the same one.
    """
    if len(names) != 2:
        raise NotFound(f"{len(names)} institutions named; give two, or a list")
    a, b = (resolve(name, institutions, queries, vocabulary) for name in names)
    if a == b:
        raise NotFound(f"'{names[0]}' and '{names[1]}' are the same institution ({a})")
    return a, b


Years = tuple[int, int] | None
"""First and last year; None: the measured ones, which are those a report counts and cues are made
of.
"""


def pair(
    tables: Tables,
    a: str,
    b: str,
    queries: Queries,
    years: Years = None,
    *,
    left_out: bool = False,
) -> list[dict[str, Any]]:
    """The works two institutions share, newest first, each with its review cues and doubts; `a` and
    `b` are institution ids.

    As many as a report counts for the pair; with `left_out` also those that count nowhere, each
    with its reason.
    """
    return pairs(tables, [(a, b)], queries, years, left_out=left_out)[a, b]


def pairs(
    tables: Tables,
    ends: Iterable[tuple[str, str]],
    queries: Queries,
    years: Years = None,
    *,
    left_out: bool = False,
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """`pair` of many pairs at once: the tables are gone through once for all of them, and a work is
    described once.
    """
    ends = list(ends)
    everyone = {i for pair_ in ends for i in pair_}
    on: dict[str, set[str]] = {i: set() for i in everyone}
    members = tables["affiliations"].filter(_among("institution_id", everyone))
    for institution, work in zip(
        members["institution_id"].to_pylist(), members["work_id"].to_pylist(), strict=True
    ):
        on[institution].add(work)
    shared = {(a, b): on[a] & on[b] for a, b in ends}
    works = _works(
        tables, set().union(*shared.values()), years or _measured(queries), left_out=left_out
    )
    told = _Told(tables, works, everyone, queries)
    cues = told.cues(
        tables["evidence"].filter(_among("source", everyone) & _among("target", everyone)),
        ("source", "target"),
    )
    return {
        (a, b): told.records(shared[a, b], {a, b}, cues.get((min(a, b), max(a, b)), {}))
        for a, b in ends
    }


def listing(
    tables: Tables, list_id: str, queries: Queries, years: Years = None
) -> list[dict[str, Any]]:
    """The works with any institution of a watchlist, or with any technology of a set and a foreign
    institution, newest first.

    As many as a report counts for the list. Each work has its cues of that list, and its
    technologies, which say what it is about; of a watchlist also `listed`, which of its
    institutions are on the work and how each is known: a work of theirs alone makes no pair and has
    no cue. `alone`: there is no other institution on it.
    """
    known = [w.id for w in queries.watchlists if w.enabled] + [
        t.id for t in queries.technologies if t.enabled
    ]
    if list_id not in known:
        if list_id in {t.id for t in queries.other_topics}:
            raise NotFound(f"'{list_id}': {queries.no_cues}")
        raise NotFound(f"no enabled list '{list_id}'; there are: {', '.join(known) or 'none'}")
    kind, evidence = pc.field("kind"), tables["evidence"]
    listed = set(
        tables["listed"].filter(pc.field("list_id") == list_id)["institution_id"].to_pylist()
    )
    of_list = evidence.filter((pc.field("list_id") == list_id) & (kind != "technology_profile"))
    watched = list_id in {w.id for w in queries.watchlists}
    if watched:
        ids = tables["affiliations"].filter(_among("institution_id", listed))["work_id"]
    else:
        ids = of_list.filter(_crossing(of_list, tables["institutions"]))["work_id"]
    works = _works(tables, set(ids.to_pylist()), years or _measured(queries))
    told = _Told(tables, works, listed, queries)
    about = evidence.filter(
        (kind == "technology") & _among("work_id", works["work_id"].to_pylist())
    )
    cues = told.cues(pa.concat_tables([about, of_list.filter(kind == "watchlist")]))
    records = told.records(works["work_id"].to_pylist(), listed, cues.get((), {}))
    on = _on(tables, list_id, works["work_id"].to_pylist()) if watched else {}
    return (
        [
            r | {"listed": [x | {"alone": r["n_institutions"] == 1} for x in on[r["work_id"]]]}
            for r in records
        ]
        if watched
        else records
    )


def _on(tables: Tables, list_id: str, works: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Work -> the institutions of a watchlist on it, each with its name, entry and how it is known
    to be that.
    """
    entries = (
        tables["listed"]
        .filter(pc.field("list_id") == list_id)
        .select(["institution_id", "list_id", "entry_id", "match_method"])
    )
    names = tables["institutions"].select(["institution_id", "name"])
    rows = (
        tables["affiliations"]
        .filter(_among("work_id", works))
        .select(["work_id", "institution_id"])
        .join(entries, "institution_id", join_type="inner")
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in (
        rows.join(names, "institution_id")
        .sort_by([("institution_id", "ascending"), ("entry_id", "ascending")])
        .to_pylist()
    ):
        found.setdefault(row.pop("work_id"), []).append(row)
    return found


def _among(column: str, values: Iterable[str]) -> pc.Expression:
    return pc.field(column).isin(pa.array(sorted(values), STRING))


def _crossing(evidence: pa.Table, institutions: pa.Table) -> pc.Expression:
    """One end is domestic, the other foreign: `benefits` and the report count technology cues of
    these alone.
    """
    home = institutions.filter(pc.field("is_domestic"))["institution_id"].combine_chunks()
    return pc.field("source").isin(home) != pc.field("target").isin(home)


def _measured(queries: Queries) -> tuple[int, int]:
    return queries.scope.first_year, queries.scope.last_year


def _works(
    tables: Tables, ids: set[str], years: tuple[int, int], *, left_out: bool = False
) -> pa.Table:
    wanted = (
        _among("work_id", ids) & (pc.field("year") >= years[0]) & (pc.field("year") <= years[1])
    )
    return tables["works"].filter(wanted if left_out else wanted & pc.field("included"))


_WORK = (
    "work_id",
    "doi",
    "title",
    "year",
    "publication_date",
    "type",
    "field_id",
    "primary_topic_id",
    "topic_score",
    "n_institutions",
    "affiliation_status",
    "is_top_10_percent",
    "has_company",
    "included",
    "exclusion_reason",
)
"""What is told of a work. A number of the report that stands for part of a pair's or list's works
is a count over these, or over areas and cues.
"""
_CUE = (
    "kind",
    "list_id",
    "entry_id",
    "match_method",
    "matched_id",
    "matched_string",
    "listed_at_publication",
)


class _Told:
    """Works as they are told, with what has to be said beside a cue and stands in other tables."""

    def __init__(
        self,
        tables: Tables,
        works: pa.Table,
        institutions: set[str],
        queries: Queries,
    ) -> None:
        """`institutions`: those whose part in a work is looked at for doubts."""
        ordered = works.select(list(_WORK)).sort_by(
            [("year", "descending"), ("work_id", "ascending")]
        )
        self._works = {r["work_id"]: r for r in ordered.to_pylist()}
        self._place = {w: n for n, w in enumerate(self._works)}
        self._doubts = caveats.of_works(tables, works, institutions, queries)
        self._listed = {(r["list_id"], r["entry_id"]): r for r in tables["listed"].to_pylist()}
        self._sets = {s.id: s for s in queries.technologies}
        self._areas = {(s.id, t.id): t.eu10 for s in queries.technologies for t in s.technology}
        self._found: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
        for r in tables["technologies"].filter(_among("work_id", self._works)).to_pylist():
            self._found.setdefault(r["work_id"], {})[r["list_id"], r["technology_id"]] = r

    def cues(
        self, evidence: pa.Table, by: tuple[str, ...] = ()
    ) -> dict[tuple[str, ...], dict[str, list[dict[str, Any]]]]:
        """Values of the columns `by` (() where none is named) -> work -> its cues, each once."""
        rows = evidence.select([*by, "work_id", *_CUE]).to_pylist()
        found: dict[tuple[str, ...], dict[str, list[dict[str, Any]]]] = {}
        for row in {tuple(r.values()): r for r in rows if r["work_id"] in self._works}.values():
            key, work = tuple(row.pop(c) for c in by), row.pop("work_id")
            found.setdefault(key, {}).setdefault(work, []).append(row | self._beside(work, row))
        return found

    def records(
        self, ids: Iterable[str], institutions: set[str], cues: Mapping[str, list[dict[str, Any]]]
    ) -> list[dict[str, Any]]:
        """These works, newest first, with the EU-10 areas of their technologies, cues, and doubts
        about these institutions or the work itself.
        """
        return [
            self._works[w]
            | {
                "areas": sorted(
                    {a for t in self._found.get(w, ()) for a in self._areas.get(t, ())},
                    key=AREAS.index,
                ),
                "cues": cues.get(w, []),
                "doubts": [
                    doubt
                    for about, doubt in self._doubts[w]
                    if about is None or about in institutions
                ],
            }
            for w in sorted(self._works.keys() & set(ids), key=self._place.__getitem__)
        ]

    def _beside(self, work_id: str, cue: Mapping[str, Any]) -> dict[str, Any]:
        """Watchlists: standing (designation or assessment), listed_today. Technologies: standing
        ("indicative", "unmeasured"), areas, the topic's score, title_only (no abstract could be
        read). A profile's entry is its area. Null: nothing of the kind to say.
        """
        named = cue["list_id"], cue["entry_id"]
        if cue["kind"] == "watchlist":
            entry = self._listed.get(named, {})
            return {
                "standing": entry.get("standing"),
                "listed_today": entry.get("listed_today"),
                "areas": [],
                "score": None,
                "title_only": None,
            }
        standing = self._sets[named[0]].marked(named[1]) if named[0] in self._sets else None
        found = self._found.get(work_id, {}).get(named, {})
        areas = list(self._areas.get(named, (named[1],)))
        return {
            "standing": standing,
            "listed_today": None,
            "areas": areas,
            "score": found.get("score"),
            "title_only": found.get("title_only"),
        }
