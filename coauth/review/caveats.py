"""Reasons a person might dismiss a review cue: facts about one work, each with what it rests on.
Nothing is dropped by them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from coauth.openalex.text_match import fold
from coauth.queries import Queries
from coauth.tables.contract import STRING
from coauth.tables.schemas import Tables

MARGIN = 0.1
"""A primary topic this close above its threshold would be lost by a slightly stricter one."""

GENERIC = frozenset(
    (
        "university",
        "universitet",
        "universiteit",
        "college",
        "school",
        "institute",
        "institut",
        "institution",
        "academy",
        "academic",
        "national",
        "state",
        "key",
        "the",
        "of",
        "and",
        "for",
        "in",
        "at",
        "de",
        "la",
        "et",
        "und",
        "science",
        "sciences",
        "research",
        "center",
        "centre",
        "technology",
        "technical",
        "department",
        "faculty",
        "laboratory",
        "hospital",
        "china",
    )
)
"""Words that half the institutions of a country share: they tell none of them from another."""

_STEM = 5
"""Letters by which a word is known again when an address cuts it short (Polytech for
Polytechnical).
"""


Doubt = tuple[str | None, dict[str, str]]


def of_works(
    tables: Tables, works: pa.Table, institutions: Iterable[str], queries: Queries
) -> dict[str, list[Doubt]]:
    """work_id -> its doubts: the institution whose part in it is doubted (None: the work itself),
    and `{"reason": …, "detail": …}`.

    not in the strings      no affiliation string matched to the institution bears its name
    no string               OpenAlex keeps no affiliation string for the match
    older than institution  the work appeared before the year the list gives for its founding
    hyper-authored          more institutions than `max_institutions`: the two need not have met
    score near threshold    a technology rests on a topic whose score is less than `MARGIN` above the threshold, with no phrase
    """
    ids = pa.array(works["work_id"].to_pylist(), STRING)
    found: dict[str, list[Doubt]] = {i: [] for i in ids.to_pylist()}

    def doubt(work: str, reason: str, detail: str, about: str | None = None) -> None:
        found[work].append((about, {"reason": reason, "detail": detail}))

    frame = tables["institutions"].filter(
        pc.field("institution_id").isin(pa.array(sorted(institutions), STRING))
    )
    names = dict(zip(frame["institution_id"].to_pylist(), frame["name"].to_pylist(), strict=True))
    known = _known(tables["listed"], queries)
    years = dict(zip(found, works["year"].to_pylist(), strict=True))
    parts = tables["affiliations"].filter(
        pc.field("work_id").isin(ids)
        & pc.field("institution_id").isin(frame["institution_id"].combine_chunks())
    )
    for part in parts.select(["work_id", "institution_id", "strings"]).to_pylist():
        work, institution = part["work_id"], part["institution_id"]
        aliases, founded = known.get(institution, ((), None))
        if not part["strings"]:
            doubt(
                work,
                "no string",
                f"no affiliation string is kept for {names[institution]}",
                institution,
            )
        elif not any(bears(s, names[institution], aliases) for s in part["strings"]):
            doubt(
                work,
                "not in the strings",
                f"{names[institution]} is matched to: {' | '.join(part['strings'])}",
                institution,
            )
        if founded and years[work] < founded:
            doubt(
                work,
                "older than institution",
                f"{years[work]}, and {names[institution]} was founded in {founded}",
                institution,
            )
    most = queries.scope.max_institutions
    for work, size in zip(found, works["n_institutions"].to_pylist(), strict=True):
        if size > most:
            doubt(work, "hyper-authored", f"{size} institutions, more than {most}")
    for row in _near(tables["technologies"], ids, queries):
        doubt(
            row["work_id"],
            "score near threshold",
            f"{row['technology_id']}: topic {row['topic_id']} with score {row['score']:.2f} and no phrase",
        )
    return found


def bears(string: str, name: str, aliases: Iterable[str] = ()) -> bool:
    """Whether an affiliation string may be read as this name: a listed alias, or more than half of
    its telling words.

    A string without Latin letters is not held against a Latin name.

    >>> bears("Northwestern Polytech Univ, Xi'an", "Northwestern Polytechnical University")
    True
    >>> bears("Statens Serum Institut, Copenhagen", "National Vaccine and Serum Institute")
    False
    """
    said = fold(string)
    if any(fold(a) in said for a in aliases) or not any("a" <= c <= "z" for c in said):
        return True
    words = ["".join(c for c in w if c.isalnum()) for w in fold(name).split()]
    telling = {w[:_STEM] for w in words if len(w) > 1 and w not in GENERIC}
    there = {
        "".join(c for c in w if c.isalnum())[:_STEM]
        for w in said.replace(",", " ").replace(".", " ").split()
    }
    return not telling or 2 * len(telling & there) > len(telling)


def _known(listed: pa.Table, queries: Queries) -> dict[str, tuple[tuple[str, ...], int | None]]:
    """institution_id -> (names its list gives it, founding year), for institutions that are an
    entry themselves.
    """
    entries = {(w.id, e.id): e for w in queries.watchlists for e in w.entry}
    found = {}
    for row in listed.filter(pc.field("match_method") != "lineage").to_pylist():
        if entry := entries.get((row["list_id"], row["entry_id"])):
            names = (entry.name, *((entry.name_local,) if entry.name_local else ()), *entry.aliases)
            found[row["institution_id"]] = (names, entry.established)
    return found


def _near(technologies: pa.Table, ids: pa.Array, queries: Queries) -> list[dict[str, Any]]:
    least = {s.id: s.core_min_score for s in queries.technologies if s.enabled}
    near = (
        (pc.field("basis") == "topic")
        & pc.is_null(pc.field("phrase"))
        & pc.field("work_id").isin(ids)
    )
    rows = technologies.filter(near).to_pylist()
    return [r for r in rows if r["score"] < least.get(r["list_id"], 0) + MARGIN]
