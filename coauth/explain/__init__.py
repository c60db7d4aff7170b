"""The works behind a pair or a list, each with why it is flagged: what a review starts from.

An institution is named by OpenAlex id, ROR, alias, watchlist entry or name. A name is taken only when it fits exactly one
institution; otherwise the candidates are listed and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from coauth.errors import NotFound
from coauth.explain import doubts
from coauth.queries import Queries
from coauth.tables import STRING

_SHOWN = 12


def resolve(said: str, institutions: pa.Table, queries: Queries) -> str:
    """The institution_id a person means. Raises `NotFound` for no institution or several, listing what comes near."""
    frame = institutions.select(["institution_id", "ror", "name", "country_code", "works"]).to_pandas()
    word = said.strip()
    listed = ((name, e.ror) for w in queries.watchlists for e in w.entry if e.ror for name in (e.id, *e.aliases))
    short = [*queries.rollup.aliases.items(), *listed]
    meant = {ror for name, ror in short if name.casefold() == word.casefold()}
    rors = meant or {word if word.startswith("https://ror.org/") else f"https://ror.org/{word}"}
    exact = frame[(frame["institution_id"] == word.rsplit("/", 1)[-1]) | frame["ror"].isin(rors)]
    if len(exact) == 0 and meant:  # "RH" is Rigshospitalet or nobody, never the one name with rh in it
        raise NotFound(f"no institution of this vintage is '{said}' ({', '.join(sorted(meant))})")
    if len(exact) == 0:
        exact = frame[frame["name"].str.casefold() == word.casefold()]
    near = exact if len(exact) else frame[frame["name"].str.contains(word, case=False, regex=False)]
    if len(near) == 1:
        return str(near["institution_id"].iloc[0])
    if len(near) == 0:
        raise NotFound(f"no institution '{said}' in this vintage; give an OpenAlex id (I…), a ROR, or part of its name")
    rows = near.sort_values(["works", "institution_id"], ascending=[False, True])
    candidates = "; ".join(f"{r.institution_id} {r.name} ({r.country_code})" for r in rows.head(_SHOWN).itertuples(index=False))
    raise NotFound(f"'{said}' fits {len(near)} institutions, name one by its id: {candidates}")


Years = tuple[int, int] | None
"""First and last year; None: all."""


def pair(made: Mapping[str, pa.Table], a: str, b: str, queries: Queries, years: Years = None, *, left_out: bool = False) -> list[dict[str, Any]]:
    """The works two institutions share, newest first, each with its review cues and doubts; `a` and `b` are institution ids.

    As many as a report counts for the pair; with `left_out` also those that count nowhere, each with its reason.
    """
    ids = pc.field("institution_id")
    members = made["affiliations"].filter((ids == a) | (ids == b))
    shared = set(members.filter(ids == a)["work_id"].to_pylist()) & set(members.filter(ids == b)["work_id"].to_pylist())
    source, target = sorted((a, b))
    evidence = made["evidence"].filter((pc.field("source") == source) & (pc.field("target") == target))
    return _described(made, _works(made, shared, years, left_out=left_out), {a, b}, evidence, queries)


def listing(made: Mapping[str, pa.Table], list_id: str, queries: Queries, years: Years = None) -> list[dict[str, Any]]:
    """The works with any institution of a watchlist, or with any technology of a set and a foreign institution, newest first.

    Each work has its cues of that list, and its technologies, which say what it is about.
    """
    known = [w.id for w in queries.watchlists if w.enabled] + [t.id for t in queries.technologies if t.enabled]
    if list_id not in known:
        raise NotFound(f"no enabled list '{list_id}'; there are: {', '.join(known) or 'none'}")
    kind, of = pc.field("kind"), made["evidence"]
    chosen = of.filter((pc.field("list_id") == list_id) & ((kind == "watchlist") | (kind == "technology") & _crossing(of, made["institutions"])))
    works = _works(made, set(chosen["work_id"].to_pylist()), years)
    about = of.filter((kind == "technology") & pc.field("work_id").isin(works["work_id"].combine_chunks()))
    listed = set(chosen.filter(kind == "watchlist")["matched_id"].to_pylist())
    return _described(made, works, listed, pa.concat_tables([about, chosen.filter(kind == "watchlist")]), queries)


def _crossing(evidence: pa.Table, institutions: pa.Table) -> pc.Expression:
    """One end is domestic, the other foreign: `benefits` and the report count technology cues of these alone."""
    home = institutions.filter(pc.field("is_domestic"))["institution_id"].combine_chunks()
    return pc.field("source").isin(home) != pc.field("target").isin(home)


def _works(made: Mapping[str, pa.Table], ids: set[str], years: Years, *, left_out: bool = False) -> pa.Table:
    wanted = pc.field("work_id").isin(pa.array(sorted(ids), STRING))
    if years:
        wanted &= (pc.field("year") >= years[0]) & (pc.field("year") <= years[1])
    return made["works"].filter(wanted if left_out else wanted & pc.field("included"))


_WORK = ("work_id", "doi", "title", "year", "type", "primary_topic_id", "topic_score", "n_institutions", "affiliation_status",
         "included", "exclusion_reason")  # fmt: skip
_CUE = ("kind", "list_id", "entry_id", "match_method", "matched_id", "matched_string", "listed_at_publication")


def _described(made: Mapping[str, pa.Table], works: pa.Table, institutions: set[str], evidence: pa.Table, queries: Queries) -> list[dict[str, Any]]:
    told = _Told(made, works, queries)
    cues: dict[str, list[dict[str, Any]]] = {}
    for cue in evidence.select(["work_id", *_CUE]).to_pylist():
        work = cue.pop("work_id")
        here, whole = cues.setdefault(work, []), cue | told.of(work, cue)
        if whole not in here:
            here.append(whole)
    found = doubts.of_works(made, works, institutions, queries)
    records = works.select(list(_WORK)).sort_by([("year", "descending"), ("work_id", "ascending")]).to_pylist()
    return [r | {"cues": cues.get(r["work_id"], []), "doubts": found.get(r["work_id"], [])} for r in records]


class _Told:
    """What has to be said beside a cue and stands in other tables: how far its list can be trusted, and on what it rests."""

    def __init__(self, made: Mapping[str, pa.Table], works: pa.Table, queries: Queries) -> None:
        self._listed = {(r["list_id"], r["entry_id"]): r for r in made["listed"].to_pylist()}
        self._sets = {s.id: s for s in queries.technologies}
        self._areas = {(s.id, t.id): list(t.eu10) for s in queries.technologies for t in s.technology}
        near = made["technologies"].filter(pc.field("work_id").isin(works["work_id"].combine_chunks()))
        self._found = {(r["work_id"], r["list_id"], r["technology_id"]): r for r in near.to_pylist()}

    def of(self, work_id: str, cue: Mapping[str, Any]) -> dict[str, Any]:
        """Watchlists: standing (designation or assessment), listed_today. Technologies: standing ("indicative", "unmeasured"), areas, the
        topic's score, title_only (no abstract could be read). A profile's entry is its area. Null: nothing of the kind to say."""
        named = cue["list_id"], cue["entry_id"]
        if cue["kind"] == "watchlist":
            entry = self._listed.get(named, {})
            return {"standing": entry.get("standing"), "listed_today": entry.get("listed_today"), "areas": [], "score": None, "title_only": None}
        standing = self._sets[named[0]].marked(named[1]) if named[0] in self._sets else None
        found = self._found.get((work_id, *named), {})
        areas = self._areas.get(named, [named[1]])
        return {"standing": standing, "listed_today": None, "areas": areas, "score": found.get("score"), "title_only": found.get("title_only")}
