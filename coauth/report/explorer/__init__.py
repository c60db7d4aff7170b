"""The network explorer: what a reader may walk through on top of the still picture of the network.

Here its data are made, in Python and bounded in size; `explorer.html` is its frame, and the scripts
beside it draw. All numbers are counts of works, summed over a window of years by the script: of a
pair, works of at most K institutions, and beside them those of more; of an institution, its works
with another institution (Newman strength), with the interval of `centrality` where one was
measured; in a public edition, where weights are works, those of its pairs, added up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from coauth.network.model import GROUPS, Network, rows
from coauth.report.data import frames
from coauth.report.text import bare

if TYPE_CHECKING:
    from coauth.report.context import ReportContext

STRONGEST = 300
"""Institutions, by strength over all years; those of a listed pair come on top."""
PARTNERS = 8
"""Partners of each institution in each window, among the institutions shown."""
CUED = 1500
"""Pairs with most works in a critical technology."""
WORKS = 4000
"""Works behind review cues that are listed: watchlists before technologies, newest first. The page
stays below a few megabytes.
"""

CALLED = (
    "status",
    "preliminary",
    "strength",
    "interval",
    "partners",
    "partners_none",
    "works",
    "above",
    "joint",
    "by_year",
    "cue_watchlist",
    "cue_technology",
    "no_cue",
    "works_of",
    "evidence",
    "evidence_none",
    "unlisted",
    "no_title",
    "cued_pairs",
    "cued_none",
    "more",
    "found",
    "found_none",
    "overview",
)
"""The words the scripts use: `explorer.say_…`."""


CUES = ("watchlist", "technology")
ENDS = ["source", "target"]
ENTRY = ["kind", "list_id", "entry_id"]
EVIDENCE = ["year", *ENDS, *ENTRY, "work_id", "match_method", "listed_at_publication"]
WORK = ["work_id", "doi", "title", "year"]


@dataclass(frozen=True)
class Atlas:
    """What is walked through: the network of all years (Newman counting; in a public edition,
    full), everyone's place, and whether works may be named.
    """

    network: Network
    positions: Mapping[str, Sequence[float]]
    works: bool


@dataclass(frozen=True)
class Explorer:
    """What the page holds: the data for the script, and the sentences that say what is not in them."""

    data: Mapping[str, Any]
    notes: tuple[str, ...]
    facts: Mapping[str, float | None]
    """The numbers of the notes."""
    filters: tuple[str, ...] = ("all", "watchlist", "technology", "both")
    """What pairs can be chosen by."""

    @property
    def windows(self) -> int:
        return len(self.data["windows"])

    @property
    def embedded(self) -> str:
        """As JSON that no text inside can end: in a script element only `<` can, and it is written
        as an escape.
        """
        return json.dumps(
            self.data, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        ).replace("<", "\\u003c")


def explore(context: ReportContext, atlas: Atlas) -> Explorer:
    """The strongest institutions and every domestic–listed pair, with their windows, cues and (if
    they may be named) works.
    """
    cues = _cues(context)
    listed = cues.loc[cues["kind"] == "watchlist", ENDS].drop_duplicates()
    nodes = _nodes(atlas, listed)
    at = {n["institution_id"]: k for k, n in enumerate(nodes)}
    windows = _windows(context)
    pairs = _pairs(context, at)
    kept = _kept(pairs, cues, windows)
    whole = len(nodes) == atlas.network.nodes.num_rows and len(kept) == len(
        pairs[ENDS].drop_duplicates()
    )
    pairs, cues = pairs.merge(kept, on=ENDS), cues.merge(kept, on=ENDS)
    evidence, works, unnamed = (
        _evidence(context, cues)
        if atlas.works
        else (pd.DataFrame(columns=EVIDENCE), pd.DataFrame(columns=WORK), 0)
    )
    entries = sorted(
        {(c.kind, c.list_id, c.entry_id) for c in frames.each(cues)}, reverse=True
    )  # watchlists first
    bases = sorted(set(_bases(evidence)))
    data = {
        "first": context.years[0],
        "windows": windows,
        "preliminary": sorted(context.queries.scope.preliminary),
        "named": atlas.works,
        "classes": [[g, context.words(f"legend.{g}")] for g in GROUPS],
        "institutions": _institutions(context, atlas, nodes, windows),
        "entries": [_entry(context, *e) for e in entries],
        "bases": [_basis(context, *b) for b in bases],
        "pairs": _told(context.years[0], pairs, cues, evidence, at, entries, bases, works),
        "works": _works(works),
        "say": _say(context),
    }
    facts = {
        "institutions_shown": len(nodes),
        "institutions": atlas.network.nodes.num_rows,
        "strongest": STRONGEST,
        "pairs": len(kept),
        "partners": PARTNERS,
        "cued": CUED,
        "lost": len(listed) - len(listed.merge(kept, on=ENDS)),
        "works": WORKS,
        "unnamed": unnamed,
    }
    return Explorer(
        data,
        _notes(context, facts, whole=whole),
        facts,
        *([("all", "watchlist")] if context.is_public or context.no_cues else []),
    )


# -- what is kept


def _cues(context: ReportContext) -> pd.DataFrame:
    """Watchlist and technology cues of works on domestic–foreign pairs, by year; a profile of an
    institution is no cue of a pair.
    """
    flags = frames.frame(
        context.tables,
        "flags",
        ["year", "source", "target", "domestic_pair", "kind", "list_id", "entry_id", "works"],
    )
    inside = flags["year"].between(*context.years) & flags["domestic_pair"].astype(bool)
    return flags[inside & flags["kind"].isin(CUES)].drop(columns="domestic_pair")


def _nodes(atlas: Atlas, listed: pd.DataFrame) -> list[dict[str, Any]]:
    """The strongest institutions and the ends of listed pairs, strongest first."""
    ends = {*listed["source"], *listed["target"]}
    everyone = sorted(
        rows(atlas.network.nodes), key=lambda n: (-n["strength"], n["institution_id"])
    )
    return [n for k, n in enumerate(everyone) if k < STRONGEST or n["institution_id"] in ends]


def _windows(context: ReportContext) -> list[list[int]]:
    """Every window of the measures inside the years; all years where none is."""
    (first, last), length = context.years, context.queries.measures.window
    return [[y - length + 1, y] for y in range(first + length - 1, last + 1)] or [[first, last]]


def _pairs(context: ReportContext, at: Mapping[str, int]) -> pd.DataFrame:
    """Works of each year and pair of the institutions shown: up to K institutions, and above."""
    edges = frames.frame(context.tables, "edges", ["year", "source", "target", "works", "works_k"])
    inside = (
        edges["year"].between(*context.years) & edges["source"].isin(at) & edges["target"].isin(at)
    )
    return edges[inside].assign(above=edges["works"] - edges["works_k"])


def _kept(
    pairs: pd.DataFrame, cues: pd.DataFrame, windows: Sequence[Sequence[int]]
) -> pd.DataFrame:
    """All listed pairs, each institution's strongest in each window, and the pairs with most works
    in a technology.
    """
    parts = [cues.loc[cues["kind"] == "watchlist", ENDS]]
    for first, last in windows:
        total = (
            pairs[pairs["year"].between(first, last)].groupby(ENDS, as_index=False)["works_k"].sum()
        )
        total = total[total["works_k"] > 0].sort_values(
            ["works_k", *ENDS], ascending=[False, True, True]
        )
        both = pd.concat(
            [total[ENDS].assign(of=total[end], place=np.arange(len(total))) for end in ENDS]
        )
        parts.append(both.sort_values("place", kind="stable").groupby("of").head(PARTNERS)[ENDS])
    technology = cues[cues["kind"] == "technology"].groupby(ENDS, as_index=False)["works"].sum()
    parts.append(
        technology.merge(pairs[ENDS].drop_duplicates(), on=ENDS)
        .sort_values(["works", *ENDS], ascending=[False, True, True])
        .head(CUED)[ENDS]
    )
    return (
        pd.concat(parts)
        .drop_duplicates()
        .merge(pairs[ENDS].drop_duplicates(), on=ENDS)
        .sort_values(ENDS, ignore_index=True)
    )


def _evidence(context: ReportContext, cues: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """The works behind the cues shown (a pair of two domestic institutions has evidence and no cue
    here), the works themselves, and how many there was no room for.
    """
    found = frames.frame(context.tables, "evidence", EVIDENCE)
    found = (
        found[found["year"].between(*context.years) & found["kind"].isin(CUES)]
        .merge(cues[["year", *ENDS, *ENTRY]], on=["year", *ENDS, *ENTRY])
        .drop_duplicates()
    )
    works = (
        found.assign(second=found["kind"] != CUES[0])
        .groupby("work_id", as_index=False)
        .agg(second=("second", "min"), year=("year", "max"))
    )
    works = works.sort_values(["second", "year", "work_id"], ascending=[True, False, True])
    shown = (
        works[["work_id"]]
        .head(WORKS)
        .merge(frames.frame(context.tables, "works", WORK), on="work_id", how="left")
    )
    return found[found["work_id"].isin(shown["work_id"])], shown, len(works) - len(shown)


# -- how it is told


def _institutions(
    context: ReportContext,
    atlas: Atlas,
    nodes: Sequence[Mapping[str, Any]],
    windows: Sequence[Sequence[int]],
) -> list[list[Any]]:
    """Id, name, country, class, x, y, strength by year (as year-less list), and its interval by
    window.
    """
    first, last = context.years
    years = atlas.network.node_years.to_pandas()
    strength = (
        years.pivot_table(index="institution_id", columns="year", values="strength")
        .reindex(columns=range(first, last + 1))
        .fillna(0.0)
    )
    measured = frames.frame(context.tables, "centrality")
    measured = measured[
        (measured["measure"] == "strength")
        & (measured["counting"] == "newman")
        & (measured["variant"] == "k")
    ].dropna(subset=["low"])
    intervals = {
        (r.institution_id, r.first_year, r.last_year): [round(r.low), round(r.high)]
        for r in frames.each(measured)
    }
    return [
        [
            i,
            context.institution(i),
            n["country"] or "",
            list(GROUPS).index(n["group"]),
            *(round(float(v), 1) for v in atlas.positions[i]),
            [round(v) for v in strength.loc[i]] if i in strength.index else [],
            [intervals.get((i, a, b), 0) for a, b in windows],
        ]
        for n in nodes
        for i in [n["institution_id"]]
    ]


def _entry(context: ReportContext, kind: str, list_id: str, entry_id: str) -> list[str]:
    """Kind, name of the list, name of the entry; how good a technology's search is known to be
    stands in its name.
    """
    if kind == "watchlist":
        lists = {x.id: context.words.name(x) for x in context.queries.watchlists}
        return [kind, lists.get(list_id, list_id), context.entry(list_id, entry_id)]
    found = next((t for t in context.queries.technologies if t.id == list_id), None)
    if found is None:
        return [kind, list_id, entry_id]
    name = next((t.name for t in found.technology if t.id == entry_id), entry_id)
    mark = context.mark(entry_id)
    return [kind, context.words.name(found), f"{name} ({mark})" if mark else name]


def _bases(evidence: pd.DataFrame) -> list[tuple[str, str]]:
    """How each row matched, and whether its entry was listed then: a technology is on no list."""
    listed = evidence["listed_at_publication"].where(evidence["kind"] == "watchlist", "")
    return list(zip(evidence["match_method"], listed, strict=True))


def _basis(context: ReportContext, method: str, listed: str) -> str:
    matched = context.words(f"explorer.by_{method.replace('+', '_')}")
    return f"{matched}; {context.words(f'explorer.listed_{listed}')}" if listed else matched


def _told(
    start: int,
    pairs: pd.DataFrame,
    cues: pd.DataFrame,
    evidence: pd.DataFrame,
    at: Mapping[str, int],
    entries: Sequence[tuple[str, str, str]],
    bases: Sequence[tuple[str, str]],
    works: pd.DataFrame,
) -> list[list[Any]]:
    """Each pair: ends, [year, works, works above K], [entry, year, works], [work, entry, basis];
    years count from `start`.
    """
    entry, basis, place = (
        {e: k for k, e in enumerate(x)} for x in (entries, bases, works["work_id"])
    )
    told: dict[tuple[str, str], list[Any]] = {}
    for r in frames.each(pairs.sort_values([*ENDS, "year"])):
        pair = told.setdefault((r.source, r.target), [at[r.source], at[r.target], [], [], []])
        pair[2].append([r.year - start, r.works_k, *([r.above] if r.above else [])])
    for r in frames.each(cues.sort_values([*ENDS, *ENTRY, "year"])):
        told[r.source, r.target][3].append(
            [entry[r.kind, r.list_id, r.entry_id], r.year - start, r.works]
        )
    for r, how in zip(frames.each(evidence), _bases(evidence), strict=True):
        told[r.source, r.target][4].append(
            [place[r.work_id], entry[r.kind, r.list_id, r.entry_id], basis[how]]
        )
    for pair in told.values():
        pair[4].sort()
    return list(told.values())


class _Later(dict[str, Any]):
    """Places in a sentence that the script fills stay as they are."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def _say(context: ReportContext) -> dict[str, str]:
    known = _Later(
        confidence=bare(context.confidence), limit=context.queries.scope.max_institutions
    )
    own = ("strength", "status") if context.is_public else ("status",) if context.no_cues else ()
    said = {k: f"explorer.{'public' if k in own else 'say'}_{k}" for k in CALLED}
    return {k: context.words.entries[key].format_map(known) for k, key in said.items()}


def _works(works: pd.DataFrame) -> list[list[Any]]:
    """Id, DOI, title, year."""
    return [
        [r.work_id, r.doi or "", r.title or "", int(r.year)]
        for r in frames.each(works.astype(object).where(works.notna(), None))
    ]


def _notes(context: ReportContext, facts: Mapping[str, int], *, whole: bool) -> tuple[str, ...]:
    """What the explorer leaves out, with numbers."""
    w = context.words
    told = {name: w.number(value) for name, value in facts.items()}
    said = [
        w(
            "explorer.whole" if whole else "explorer.cut",
            shown=told["institutions_shown"],
            all=told["institutions"],
            **told,
        )
    ]
    if facts["lost"]:
        said.append(
            w(
                "explorer.lost",
                lost=told["lost"],
                limit=w.number(context.queries.scope.max_institutions),
            )
        )
    if facts["unnamed"]:
        said.append(w("explorer.unnamed", works=told["works"], unnamed=told["unnamed"]))
    if context.no_cues:
        said.append(context.no_cues)
    return tuple(said)
