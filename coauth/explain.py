"""The works behind a pair or a list, each with why it is flagged: what a review starts from.

An institution is named by OpenAlex id, ROR, alias, watchlist entry or name. A name is taken only when it fits exactly one
institution; otherwise the candidates are listed and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from coauth.errors import NotFound
from coauth.queries import Queries

_SHOWN = 12


def resolve(said: str, institutions: pa.Table, queries: Queries) -> str:
    """The institution_id a person means. Raises `NotFound` for no institution or several, listing what comes near."""
    frame = institutions.select(["institution_id", "ror", "name", "country_code", "works"]).to_pandas()
    word = said.strip()
    short = [*queries.rollup.aliases.items(), *((e.id, e.ror) for w in queries.watchlists for e in w.entry)]
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


def pair(made: Mapping[str, pa.Table], a: str, b: str, year: int | None = None) -> list[dict[str, Any]]:
    """The works two institutions share, newest first, each with its review cues; `a` and `b` are institution ids."""
    members = made["affiliations"].select(["work_id", "institution_id"]).to_pandas()
    shared = set(members.loc[members["institution_id"] == a, "work_id"]) & set(members.loc[members["institution_id"] == b, "work_id"])
    source, target = sorted((a, b))
    evidence = made["evidence"].to_pandas()
    return _described(made, shared, evidence[(evidence["source"] == source) & (evidence["target"] == target)], year)


def watchlist(made: Mapping[str, pa.Table], list_id: str, queries: Queries, year: int | None = None) -> list[dict[str, Any]]:
    """The works with any institution of a watchlist, newest first."""
    known = [w.id for w in queries.watchlists if w.enabled]
    if list_id not in known:
        raise NotFound(f"no enabled watchlist '{list_id}'; there are: {', '.join(known) or 'none'}")
    evidence = made["evidence"].to_pandas()
    chosen = evidence[(evidence["kind"] == "watchlist") & (evidence["list_id"] == list_id)]
    return _described(made, set(chosen["work_id"]), chosen, year)


def _described(made: Mapping[str, pa.Table], ids: set[str], evidence: pd.DataFrame, year: int | None) -> list[dict[str, Any]]:
    columns = ["work_id", "doi", "title", "year", "type", "n_institutions", "affiliation_status", "included", "exclusion_reason"]
    works = made["works"].select(columns).to_pandas()
    works = works[works["work_id"].isin(ids) & (True if year is None else works["year"] == year)]
    works = works.astype(object).where(works.notna(), None)
    cue = ["kind", "list_id", "entry_id", "match_method", "matched_id", "matched_string", "listed_at_publication"]
    cues = {w: rows[cue].drop_duplicates().to_dict("records") for w, rows in evidence.groupby("work_id")}
    records = works.sort_values(["year", "work_id"], ascending=[False, True]).to_dict("records")
    return [{str(k): v for k, v in r.items()} | {"cues": cues.get(r["work_id"], [])} for r in records]


_GENERIC = frozenset(("university", "institute", "the", "national", "technical", "college"))


def near_misses(made: Mapping[str, pa.Table], queries: Queries) -> list[dict[str, Any]]:
    """What a person should look at before trusting a list: how its entries matched, which never occur, and look-alikes.

    A look-alike is an unlisted institution that shares the first (place) word and one more word with an entry: Nanjing University of
    Posts is near Nanjing University of Science. It is shown for a person to judge, and never counted.
    """
    frame = made["institutions"].select(["institution_id", "name", "country_code"]).to_pandas()
    listed = made["listed"].to_pandas().merge(frame, on="institution_id")
    found: list[dict[str, Any]] = []
    for watchlist in (w for w in queries.watchlists if w.enabled):
        hits = listed[listed["list_id"] == watchlist.id]
        for entry in watchlist.entry:
            matched = hits[hits["entry_id"] == entry.id]
            rows = [(f"matched by {m.match_method}", m.institution_id, m.name) for m in matched.itertuples()]
            unlisted = frame[~frame["institution_id"].isin(hits["institution_id"])]
            rows += [("look-alike, not listed", n.institution_id, n.name) for n in unlisted.itertuples() if _alike(n.name, entry.name)]
            found += [
                {"list_id": watchlist.id, "entry_id": entry.id, "finding": what, "institution_id": i, "name": name}
                for what, i, name in rows or [("never occurs", None, entry.name)]
            ]
    return found


def _alike(name: str, entry: str) -> bool:
    a, b = (n.casefold().replace("[sample]", "").split() for n in (name, entry))
    return bool(a and b) and a[0] == b[0] and a[0] not in _GENERIC and len(set(a[1:]) & set(b[1:])) >= 1
