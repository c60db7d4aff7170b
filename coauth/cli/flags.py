"""`coauth flags`: checks on how review cues were made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from coauth.cli.group import (
    CAUTION,
    NO_TOPICS,
    Answer,
    coauth,
    common,
    internal,
    of_vintage,
    plain,
    wide,
)
from coauth.errors import NotFound
from coauth.pipeline import status
from coauth.pipeline.project import Project
from coauth.pipeline.status import count_of
from coauth.pipeline.vintage_tables import VintageTables, informed_queries
from coauth.queries import Queries, Technologies
from coauth.review import candidates, labelling
from coauth.stages import flags, technologies
from coauth.storage import Vintage, atomic
from coauth.tables.escape import spreadsheet


@coauth.group("flags")
def flags_() -> None:
    """Review cues: checks on how they were made."""


@flags_.command("check")
@internal
@of_vintage
@common
def flags_check(project: Project, answer: Answer, vintage: str | None) -> None:
    """What to look at before trusting a list: matches and how they are known, entries that never
    occur, look-alike names, strings that name a listed institution and were not matched to it,
    merged or withdrawn ROR ids. Nothing here is counted.

    Example: coauth flags check
    """
    chosen = project.cache.find(vintage)
    found = candidates.check(VintageTables(chosen), chosen.pages(), project.queries)
    answer.give(found, [*_findings(found, project.queries), *map(wide, CAUTION)])


@flags_.command("pairs")
@click.option(
    "-n",
    "most",
    type=click.IntRange(1),
    default=40,
    show_default=True,
    help="How many pairs to show; --json gives all.",
)
@internal
@of_vintage
@common
def flags_pairs(project: Project, answer: Answer, most: int, vintage: str | None) -> None:
    """Domestic–foreign pairs with a cue, in the order a review would take them: works with cues of
    both kinds, of either, most recent.

    Example: coauth flags pairs -n 20
    """
    chosen = project.cache.find(vintage)
    institutions = chosen.read("institutions")
    asked = informed_queries(project, chosen)
    rows = flags.ordered(chosen.read("evidence"), institutions, asked.marks())
    names = dict(
        zip(
            institutions["institution_id"].to_pylist(),
            institutions["name"].to_pylist(),
            strict=True,
        )
    )
    shown = [
        (
            r.works_both,
            r.works_watchlist,
            r.works_technology,
            r.last_year,
            f"{names[r.domestic]} ({r.domestic}) and {names[r.foreign]} ({r.foreign})",
        )
        for r in rows.head(most).itertuples(index=False)
    ]
    marks = ", ".join(
        sorted({m for mark in rows["standing"] if mark for m in mark.split(", ")})
    ) or ("not measured" if asked.no_cues else "measured")
    lines = [
        wide(pair, f"{both:>6}{listed:>8}{technology:>12}{last:>6}  ")
        for both, listed, technology, last, pair in shown
    ]
    heading = [
        "works with a cue: of both kinds at once, a listed institution, a technology; the last year of any",
        f"{'both':>6}{'listed':>8}{'technology':>12}{'last':>6}",
    ]
    unknown = _no_topics(chosen) or ([asked.no_cues] if asked.no_cues else [])
    closing = [
        *unknown,
        f"{len(shown)} of {len(rows)} pairs; technologies: {marks}; the works: coauth explain A B",
        *CAUTION,
    ]
    answer.give(
        rows.to_dict("records"),
        [*map(wide, heading[:1]), *heading[1:], *lines, *map(wide, closing)],
    )


@flags_.command("sample")
@click.option(
    "-n",
    "size",
    type=click.IntRange(10),
    default=300,
    show_default=True,
    help="About how many works.",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Another seed draws other works."
)
@click.option(
    "-o",
    "out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="CSV to write.",
)
@internal
@of_vintage
@common
def flags_sample(
    project: Project, answer: Answer, size: int, seed: int, out: Path, vintage: str | None
) -> None:
    """Write a labelling sheet: titles from every EU-10 area found and from none, in random order,
    without what was found.

    Write areas such as `EU2 EU4`, or `none`, into label_1 (and a second person into label_2), then
    `coauth flags score`.

    Example: coauth flags sample -n 300 -o sheet.csv
    """
    chosen = project.cache.find(vintage)
    sheet = labelling.sample(VintageTables(chosen), _with_cues(project, chosen), size, seed)
    atomic.write(
        {out: [spreadsheet(sheet).to_csv(index=False, lineterminator="\n")]}, "name another file"
    )
    answer.give(
        {"path": out, "works": len(sheet)},
        [
            f"{out}: {count_of(len(sheet))} to label; for internal use, since a list of works leads to people"
        ],
    )


@flags_.command("score")
@click.argument("sheet", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@of_vintage
@common
def flags_score(project: Project, answer: Answer, sheet: Path, vintage: str | None) -> None:
    """Precision and recall of the technologies from a labelled sheet, with intervals, kept with the
    vintage for its next report.

    Each work stands for as many as were in its stratum, so leave all rows in the sheet: the first
    ones may be labelled alone, since their order is random. An area with fewer than 30 true works
    is unmeasured.

    Example: coauth flags score sheet.csv
    """
    chosen = project.cache.find(vintage)
    rows, agreed = labelling.score(
        labelling.read(sheet), VintageTables(chosen), _with_cues(project, chosen)
    )
    kept = {
        "queries": project.queries.fingerprint,
        "classes": rows.astype(object).where(rows.notna(), None).to_dict("records"),
        "agreement": agreed._asdict() if agreed else None,
    }
    with chosen.lock():
        chosen.record(technology_quality=json.loads(json.dumps(kept, default=plain)))
    answer.give(
        kept,
        [
            *labelling.lines(rows, agreed),
            "",
            wide(
                "all: every work with every area; any: whether a work is in an area at all; then area by area"
            ),
        ],
    )


@flags_.command("sensitivity")
@of_vintage
@common
def flags_sensitivity(project: Project, answer: Answer, vintage: str | None) -> None:
    """Works per EU-10 area, with and without a foreign institution, had the score a core topic
    needs been 0.3, 0.5, 0.7 or 0.9.

    Example: coauth flags sensitivity
    """
    chosen = project.cache.find(vintage)
    asked = _with_cues(project, chosen)
    rows = technologies.sensitivity(chosen.read("works"), chosen.read("technologies"), asked)
    on = next((s for s in asked.technologies if s.enabled), None)
    said = (
        [f"{on.id}: {on.status}", *on.not_obtained, ""]
        if on
        else ["no set of technologies is enabled"]
    )
    heading = (
        "".join(f"{t:>8}" for t in technologies.THRESHOLDS)
        + "  works by area, had a core topic needed this score"
    )
    lines = [
        wide(
            f"{r['area_id']} {_area(on, str(r['area_id']))}",
            "".join(f"{r[t]:>8}" for t in technologies.THRESHOLDS) + "  ",
        )
        for r in rows.to_dict("records")
    ]
    answer.give(
        rows.to_dict("records"), [*map(wide, [*said, *_no_topics(chosen)]), heading, *lines]
    )


def _no_topics(vintage: Vintage) -> list[str]:
    return [NO_TOPICS] if "topics" in status.lacking(vintage) else []


def _with_cues(project: Project, vintage: Vintage) -> Queries:
    """The queries as asked of a vintage. Raises `NotFound` where its topics are others than
    those the technologies are defined for.
    """
    asked = informed_queries(project, vintage)
    if asked.no_cues:
        raise NotFound(f"vintage {vintage.name}: {asked.no_cues}")
    return asked


def _area(on: Technologies | None, area: str) -> str:
    mark = on.marked(area) if on else None
    return (on.eu10.get(area, area) if on else area) + (f" ({mark})" if mark else "")


def _findings(findings: Sequence[Mapping[str, Any]], queries: Queries) -> Iterable[str]:
    """By list and finding, each finding with what it means."""
    for w in (w for w in queries.watchlists if w.enabled):
        yield wide(
            f"{w.id}: {w.name}, {w.kind}, {w.match}, version {w.version}, retrieved {w.retrieved}"
        )
        for finding, meaning in candidates.MEANING.items():
            here = [f for f in findings if (f["list_id"], f["finding"]) == (w.id, finding)]
            if here:
                yield "\n" + wide(f"{finding} ({len(here)}): {meaning}", "  ")
                yield from (wide(_finding(f), "    ", "        ") for f in here)
        yield ""


def _finding(f: Mapping[str, Any]) -> str:
    entry = f"{f['entry_id']}: " if f["entry_id"] else ""
    institution = f"{f['institution_id']} " if f["institution_id"] else ""
    works = f" ({count_of(f['works'])}, e.g. {', '.join(f['examples'])})" if f["works"] else ""
    return f"{entry}{institution}{f['name'] or ''}{works}"
