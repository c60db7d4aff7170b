"""`coauth explain`: the works behind a number, as a review reads them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import click

from coauth import review
from coauth.cli.group import (
    CAUTION,
    NO_TOPICS,
    Answer,
    coauth,
    common,
    internal,
    of_vintage,
    wide,
    years,
)
from coauth.errors import NotFound
from coauth.pipeline.project import Project
from coauth.pipeline.status import count_of
from coauth.pipeline.vintage_tables import VintageTables, informed_queries
from coauth.queries import Queries
from coauth.report.text import vocabulary
from coauth.tables import absence


@coauth.command("explain")
@click.argument("institutions", nargs=-1, metavar="[A B]")
@click.option(
    "--list",
    "list_id",
    metavar="LIST",
    help="Every work of a watchlist or set of technologies instead of a pair.",
)
@click.option(
    "--year", "span", metavar="Y|Y1-Y2", help="Only this year, or these years: 2022 or 2022-2024."
)
@click.option(
    "--left-out",
    is_flag=True,
    help="Of a pair also works that count nowhere (retracted, duplicates), each with its reason.",
)
@internal
@of_vintage
@common
def explain_(
    project: Project,
    answer: Answer,
    institutions: tuple[str, ...],
    list_id: str | None,
    span: str | None,
    left_out: bool,
    vintage: str | None,
) -> None:
    """The works behind a pair of institutions or a list, with why each is flagged: as many as a
    report counts.

    An institution is named by OpenAlex id, ROR, short name or name; what fits several is listed,
    never guessed.

    With --json each work also has what a report counts it by: field_id, areas (EU-10),
    is_top_10_percent, has_company, n_institutions and publication_date; and each cue its list,
    entry and standing.

    Example: coauth explain DTU Beihang --year 2022-2024
    """
    if (
        bool(list_id) == bool(institutions)
        or (institutions and len(institutions) != 2)
        or (list_id and left_out)
    ):
        raise click.UsageError("give two institutions, or --list (which has no --left-out)")
    chosen = project.cache.find(vintage)
    tables, asked = VintageTables(chosen), informed_queries(project, chosen)
    asked_years = years(span) if span else None
    if list_id:
        works = review.listing(tables, list_id, asked, asked_years)
        of = (
            "with an institution of"
            if list_id in {w.id for w in asked.watchlists}
            else "with a foreign institution and a technology of"
        )
        of += f" '{list_id}'"
    else:
        spoken = vocabulary("country", "institution")
        a, b = review.resolve_pair(institutions, tables["institutions"], asked, spoken)
        works = review.pair(tables, a, b, asked, asked_years, left_out=left_out)
        names = dict(
            zip(
                tables["institutions"]["institution_id"].to_pylist(),
                tables["institutions"]["name"].to_pylist(),
                strict=True,
            )
        )
        of = f"shared by {names[a]} ({a}) and {names[b]} ({b})"
    first, last = asked.scope.first_year, asked.scope.last_year
    if not works:
        every = (
            review.listing(tables, list_id, asked)
            if list_id
            else review.pair(tables, a, b, asked, left_out=True)
        )
        none = _why_none(f"{of} in {span or f'{first}-{last}'}", every, f"{first}-{last}")
        raise NotFound(f"{none}. {NO_TOPICS}" if absence.topics(tables["works"]) else none)
    uncounted = sum(not w["included"] for w in works)
    unknown = [wide(NO_TOPICS)] if absence.topics(tables["works"]) else []
    heading = [
        wide(
            f"{count_of(len(works))} {of} in {span or f'{first}-{last}'}"
            + (f", {uncounted} of which count nowhere" if uncounted else "")
        )
    ]
    if asked_years and not first <= asked_years[0] <= asked_years[1] <= last:
        heading.append(wide(f"Cues are made of works of {first}-{last} alone."))
    if asked.no_cues and not unknown:
        heading.append(wide(asked.no_cues))
    answer.give(
        works,
        [
            *heading,
            *unknown,
            *_lists(works, asked),
            *(line for w in works for line in _work(w)),
            "",
            *map(wide, CAUTION),
        ],
    )


def _why_none(question: str, every: Collection[Mapping[str, Any]], measured: str) -> str:
    """Which filter leaves no work: the years, what counts nowhere, or none."""
    counted = sum(w["included"] for w in every)
    apart = len(every) - counted
    nowhere = f", and {count_of(apart)} that count nowhere (--left-out lists them)" if apart else ""
    return f"no work {question}; in all of {measured}: {count_of(counted)}{nowhere}"


def _lists(works: Iterable[Mapping[str, Any]], queries: Queries) -> Iterable[str]:
    """What each list and area is that a cue below names, once."""
    named, areas = (
        {c["list_id"] for w in works for c in w["cues"]},
        {a for w in works for c in w["cues"] for a in c["areas"]},
    )
    for w in (w for w in queries.watchlists if w.id in named):
        yield wide(
            f"{w.id}: {w.name}, {w.kind}, version {w.version}, retrieved {w.retrieved}. {w.note}".rstrip(),
            "  ",
            "    ",
        )
    for t in (t for t in queries.technologies if t.id in named):
        yield wide(f"{t.id}: {t.name}, version {t.version}; {t.status}", "  ", "    ")
        yield from (
            wide(f"{a}: {name}", "    ", " " * 10) for a, name in t.eu10.items() if a in areas
        )


def _work(work: Mapping[str, Any]) -> Iterable[str]:
    left_out = "" if work["included"] else f" [not counted: {work['exclusion_reason']}]"
    yield "\n" + wide(
        f"{work['work_id']}  {work['title'] or '(no title)'}{left_out}",
        f"{work['year']}  ",
        " " * 6,
    )
    yield "      " + (
        f"https://doi.org/{work['doi']}"
        if work["doi"]
        else f"https://openalex.org/{work['work_id']}"
    )
    topic = (
        f"topic {work['primary_topic_id']}{_score(work['topic_score'])}"
        if work["primary_topic_id"]
        else "no topic"
    )
    known = [
        work["type"],
        count_of(work["n_institutions"], "institution"),
        f"affiliations {work['affiliation_status']}",
        topic,
    ]
    known += ["with a company"] * bool(work["has_company"]) + [
        "among the 10 % most cited of its field, year and type"
    ] * bool(work["is_top_10_percent"])
    yield wide(", ".join(known), " " * 6)
    if not any(
        cue["kind"] == "watchlist" for cue in work["cues"]
    ):  # the lines of its cues say it otherwise
        for on in work.get("listed", ()):
            yield wide(
                f"{on['institution_id']} {on['name']} is on {on['list_id']}/{on['entry_id']}, by {on['match_method']}; {_why(on)}",
                "      here by     ",
                " " * 18,
            )
    for cue in work["cues"]:
        yield from (_watched if cue["kind"] == "watchlist" else _about)(cue)
    for doubt in work["doubts"]:
        yield wide(f"{doubt['reason']}: {doubt['detail']}", "      to weigh    ")


def _why(on: Mapping[str, Any]) -> str:
    """Why a work of a listed institution has no cue."""
    return (
        "no other institution is on the work, so it makes no pair"
        if on["alone"]
        else "no pair of this work is cued"
    )


def _watched(cue: Mapping[str, Any]) -> Iterable[str]:
    today = {True: "yes", False: "no", None: "unknown"}[cue["listed_today"]]
    said = f": “{cue['matched_string']}”" if cue["matched_string"] else ""
    yield wide(
        f"{cue['list_id']}/{cue['entry_id']} ({cue['standing']}); listed when published: {cue['listed_at_publication']}, today: {today}",
        "      watchlist   ",
    )
    yield wide(f"by {cue['match_method']} {cue['matched_id']}{said}", " " * 18)


def _about(cue: Mapping[str, Any]) -> Iterable[str]:
    mark = f"; {cue['standing']}" if cue["standing"] else ""
    if cue["kind"] == "technology_profile":
        yield wide(
            f"{cue['list_id']}/{cue['entry_id']}{mark}: much of what {cue['matched_id']} publishes here is in this area",
            "      profile     ",
        )
        return
    said = f"“{cue['matched_string']}”" if cue["matched_string"] else "no phrase"
    said = f", {said} ({'title alone, no abstract' if cue['title_only'] else 'title and abstract'} read)"
    yield wide(
        f"{cue['list_id']}/{cue['entry_id']} ({', '.join(cue['areas'])}{mark})",
        "      technology  ",
    )
    yield wide(
        f"by {cue['match_method']} {cue['matched_id']}{_score(cue['score'])}{said}", " " * 18
    )


def _score(score: float | None) -> str:
    return "" if score is None else f" (score {score:.2f})"
