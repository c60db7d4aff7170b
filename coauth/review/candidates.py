"""What a person should look at before trusting a list: `coauth flags check`. Names are read here
and nowhere else, and count for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from coauth.openalex import Page, Work
from coauth.openalex.text_match import Phrases, fold
from coauth.queries import Queries, Watchlist
from coauth.review.caveats import GENERIC
from coauth.tables.schemas import Tables

_SHOWN = 3

MEANING = {
    "matched by id": "institutions that flags make use of, known by OpenAlex id",
    "matched by ror": "institutions that flags make use of, known by ROR",
    "matched by lineage": "institutions that flags make use of, known as part of an entry",
    "ROR differs": "matched by OpenAlex id, and the record has another ROR: one of the two was merged or withdrawn",
    "ROR withdrawn": "matched by a ROR that was withdrawn in the entry's favour, or the entry's own has a successor",
    "never occurs": "entries without any institution in this vintage",
    "look-alike, not listed": "institutions that share the first (place) word and another with an entry: they count for nothing",
    "string without id": "affiliation strings that bear an entry's name or campus, where OpenAlex matched no institution: candidates, not counted",
    "string of another": "affiliation strings that bear an entry's name or campus, matched to institutions none of which is the entry: not counted",
    "day open": "entries without a day from which they are listed",
    "unmatchable": "on the list, with no id to match by",
}
"""What a finding says, in the order a reader takes them."""


def check(tables: Tables, pages: Iterable[Page], queries: Queries) -> list[dict[str, Any]]:
    """Every finding (`MEANING`) on the enabled lists: list_id, entry_id, finding, institution_id,
    name, works (of strings), examples.
    """
    on = [w for w in queries.watchlists if w.enabled]
    found = [f for w in on for f in _of_list(tables, w, queries)]
    return [*found, *_of_strings(tables, pages, on)]


def _of_list(tables: Tables, watchlist: Watchlist, queries: Queries) -> Iterator[dict[str, Any]]:
    columns = ("institution_id", "name", "ror")
    institutions = {
        r["institution_id"]: r for r in tables["institutions"].select(list(columns)).to_pylist()
    }
    hits = [r for r in tables["listed"].to_pylist() if r["list_id"] == watchlist.id]
    taken = {r["institution_id"] for r in hits}
    succeeded = {s.institution: s.successor for s in queries.rollup.successors}
    for entry in watchlist.entry:
        told = {"list_id": watchlist.id, "entry_id": entry.id}
        own = [r for r in hits if r["entry_id"] == entry.id]
        for hit in own:
            here = institutions[hit["institution_id"]]
            yield told | _finding(f"matched by {hit['match_method']}", here)
            if here["ror"] in entry.withdrawn:
                yield told | _finding("ROR withdrawn", here)
            elif (
                hit["match_method"] == "id"
                and entry.ror
                and here["ror"] not in (entry.ror, succeeded.get(entry.ror))
            ):
                yield told | _finding("ROR differs", here)
        if entry.ror in succeeded:
            yield told | _finding(
                "ROR withdrawn",
                {"institution_id": None, "name": f"{entry.ror} -> {succeeded[entry.ror]}"},
            )
        alike = [
            r for i, r in institutions.items() if i not in taken and _alike(r["name"], entry.name)
        ]
        yield from (told | _finding("look-alike, not listed", r) for r in alike)
        if not own:
            yield told | _finding("never occurs", {"institution_id": None, "name": entry.name})
    if undated := sum(e.valid_from is None for e in watchlist.entry):
        said = f'{undated} of {len(watchlist.entry)} entries: no source here gives the day they were listed, so "listed at publication" is unknown'
        yield {"list_id": watchlist.id, "entry_id": None} | _finding(
            "day open", {"institution_id": None, "name": said}
        )
    for bare in watchlist.unmatchable:
        yield {"list_id": watchlist.id, "entry_id": None} | _finding(
            "unmatchable", {"institution_id": None, "name": f"{bare.name}: {bare.reason}"}
        )


def _finding(kind: str, of: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "finding": kind,
        "institution_id": of["institution_id"],
        "name": of["name"],
        "works": None,
        "examples": [],
    }


def _alike(name: str, entry: str) -> bool:
    """
    >>> _alike("Nanjing Tech University", "Nanjing University of Science and Technology")
    True
    >>> _alike("National University of Defense Technology", "National University of Oman")
    False
    """
    a, b = (n.casefold().split() for n in (name, entry))
    return (
        bool(a and b) and a[0] == b[0] and a[0] not in GENERIC and not set(a[1:]).isdisjoint(b[1:])
    )


def _of_strings(
    tables: Tables, pages: Iterable[Page], lists: Iterable[Watchlist]
) -> list[dict[str, Any]]:
    """Strings that bear an entry's name and were not matched to it, by entry and string, most works
    first.
    """
    entries = [
        (w.id, e.id, name)
        for w in lists
        for e in w.entry
        for name in (e.name, e.name_local, *e.aliases)
        if len(name) >= 4
    ]
    phrases = Phrases(name for _, _, name in entries)
    matched = _ids(tables)
    harvested = set(tables["works"]["work_id"].to_pylist())
    works: dict[tuple[str, str, str, str], set[str]] = {}
    for work in (w for page in pages for w in page.works):
        work_id = (work.id or "").rsplit("/", 1)[-1]
        if work_id not in harvested:
            continue
        for string, ids in _strings(work):
            for index in {i for i, _, _ in phrases.find(fold(string))}:
                list_id, entry_id, _ = entries[index]
                if not ids & matched.get((list_id, entry_id), set()):
                    what = "string of another" if ids else "string without id"
                    works.setdefault((list_id, entry_id, what, string), set()).add(work_id)
    rows = sorted(works.items(), key=lambda kv: (kv[0][:3], -len(kv[1]), kv[0][3]))
    return [
        {
            "list_id": list_id,
            "entry_id": entry_id,
            "finding": what,
            "institution_id": None,
            "name": string,
            "works": len(ids),
            "examples": sorted(ids)[:_SHOWN],
        }
        for (list_id, entry_id, what, string), ids in rows
    ]


def _strings(work: Work) -> Iterator[tuple[str, set[str]]]:
    for authorship in work.authorships or ():
        for affiliation in (authorship.affiliations if authorship else None) or ():
            if affiliation and affiliation.raw_affiliation_string:
                yield (
                    affiliation.raw_affiliation_string,
                    {i.rsplit("/", 1)[-1] for i in affiliation.institution_ids or () if i},
                )


def _ids(tables: Tables) -> dict[tuple[str, str], set[str]]:
    """(list, entry) -> harvested ids that count for it."""
    stand_for = {
        r["institution_id"]: {r["institution_id"], *r["rolled_up_from"]}
        for r in tables["institutions"].select(["institution_id", "rolled_up_from"]).to_pylist()
    }
    found: dict[tuple[str, str], set[str]] = {}
    for row in tables["listed"].to_pylist():
        found.setdefault((row["list_id"], row["entry_id"]), set()).update(
            stand_for[row["institution_id"]]
        )
    return found
