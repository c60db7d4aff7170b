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


def pair(made: Mapping[str, pa.Table], a: str, b: str, queries: Queries, year: int | None = None) -> list[dict[str, Any]]:
    """The works two institutions share, newest first, each with its review cues and doubts; `a` and `b` are institution ids."""
    ids = pc.field("institution_id")
    members = made["affiliations"].filter((ids == a) | (ids == b))
    shared = set(members.filter(ids == a)["work_id"].to_pylist()) & set(members.filter(ids == b)["work_id"].to_pylist())
    source, target = sorted((a, b))
    evidence = made["evidence"].filter((pc.field("source") == source) & (pc.field("target") == target))
    return _described(made, shared, {a, b}, evidence, queries, year)


def watchlist(made: Mapping[str, pa.Table], list_id: str, queries: Queries, year: int | None = None) -> list[dict[str, Any]]:
    """The works with any institution of a watchlist, newest first."""
    known = [w.id for w in queries.watchlists if w.enabled]
    if list_id not in known:
        raise NotFound(f"no enabled watchlist '{list_id}'; there are: {', '.join(known) or 'none'}")
    chosen = made["evidence"].filter((pc.field("kind") == "watchlist") & (pc.field("list_id") == list_id))
    return _described(made, set(chosen["work_id"].to_pylist()), set(chosen["matched_id"].to_pylist()), chosen, queries, year)


_WORK = ("work_id", "doi", "title", "year", "type", "primary_topic_id", "topic_score", "n_institutions", "affiliation_status",
         "included", "exclusion_reason")  # fmt: skip
_CUE = ("kind", "list_id", "entry_id", "match_method", "matched_id", "matched_string", "listed_at_publication")


def _described(
    made: Mapping[str, pa.Table], ids: set[str], institutions: set[str], evidence: pa.Table, queries: Queries, year: int | None
) -> list[dict[str, Any]]:
    wanted = pc.field("work_id").isin(pa.array(sorted(ids), STRING))
    works = made["works"].filter(wanted if year is None else wanted & (pc.field("year") == year))
    cues: dict[str, list[dict[str, Any]]] = {}
    sets = {s.id: s for s in queries.technologies}
    today = _today(made["listed"])
    for cue in evidence.select(["work_id", *_CUE]).to_pylist():
        here = cues.setdefault(cue.pop("work_id"), [])
        cue["listed_today"] = today.get((cue["list_id"], cue["entry_id"])) if cue["kind"] == "watchlist" else None
        cue["standing"] = sets[cue["list_id"]].marked(cue["entry_id"]) if cue["list_id"] in sets else None
        if cue not in here:
            here.append(cue)
    found = doubts.of_works(made, works, institutions, queries)
    records = works.select(list(_WORK)).sort_by([("year", "descending"), ("work_id", "ascending")]).to_pylist()
    return [r | {"cues": cues.get(r["work_id"], []), "doubts": found.get(r["work_id"], [])} for r in records]


def _today(listed: pa.Table) -> dict[tuple[str, str], bool]:
    rows = zip(*(listed[c].to_pylist() for c in ("list_id", "entry_id", "listed_today")), strict=True)
    return {(list_id, entry): today for list_id, entry, today in rows}
