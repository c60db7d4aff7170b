"""`coauth flags`: checks on how review cues were made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from coauth import flags, publish, technologies
from coauth.cli.group import CAUTION, Answer, coauth, common, internal, of_vintage, plain
from coauth.errors import CacheError
from coauth.explain import candidates
from coauth.pipeline import Project
from coauth.technologies import quality


@coauth.group("flags")
def flags_() -> None:
    """Review cues: checks on how they were made."""


@flags_.command("check")
@internal
@of_vintage
@common
def flags_check(project: Project, answer: Answer, vintage: str | None) -> None:
    """What to look at before trusting a list: matches and how they are known, entries that never occur, look-alike names,
    strings that name a listed institution and were not matched to it, merged or withdrawn ROR ids. Nothing here is counted.

    Example: coauth flags check
    """
    chosen = project.cache.find(vintage)
    found = candidates.check(publish.read(chosen), chosen.pages(), project.queries)
    answer.give(found, map(_finding_line, found))


@flags_.command("pairs")
@click.option("-n", "most", type=click.IntRange(1), default=40, show_default=True, help="How many pairs to show; --json gives all.")
@internal
@of_vintage
@common
def flags_pairs(project: Project, answer: Answer, most: int, vintage: str | None) -> None:
    """Domestic–foreign pairs with a cue, in the order a review would take them: works with cues of both kinds, of either, most recent.

    Example: coauth flags pairs -n 20
    """
    chosen = project.cache.find(vintage)
    institutions = chosen.read("institutions")
    rows = flags.ordered(chosen.read("evidence"), institutions, publish.informed(project, chosen).marks())
    names = dict(zip(institutions["institution_id"].to_pylist(), institutions["name"].to_pylist(), strict=True))
    shown = rows.head(most).assign(domestic=rows["domestic"].map(names), foreign=rows["foreign"].map(names))
    answer.give(rows.to_dict("records"), [shown.to_string(index=False), f"{min(most, len(rows))} of {len(rows)} pairs", *CAUTION])


@flags_.command("sample")
@click.option("-n", "size", type=click.IntRange(10), default=300, show_default=True, help="About how many works.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed draws other works.")
@click.option("-o", "out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="CSV to write.")
@internal
@of_vintage
@common
def flags_sample(project: Project, answer: Answer, size: int, seed: int, out: Path, vintage: str | None) -> None:
    """Write a labelling sheet: titles from every EU-10 area found and from none, in random order, without what was found.

    Write areas such as `EU2 EU4`, or `none`, into label_1 (and a second person into label_2), then `coauth flags score`.

    Example: coauth flags sample -n 300 -o sheet.csv
    """
    sheet = quality.sample(publish.read(project.cache.find(vintage)), project.queries, size, seed)
    try:
        sheet.to_csv(out, index=False, lineterminator="\n")
    except OSError as fault:
        raise CacheError(f"cannot write {out} ({fault.strerror}); name another file") from fault
    answer.give({"path": out, "works": len(sheet)}, [f"{out}: {len(sheet)} works to label; for internal use, since a list of works leads to people"])


@flags_.command("score")
@click.argument("sheet", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@of_vintage
@common
def flags_score(project: Project, answer: Answer, sheet: Path, vintage: str | None) -> None:
    """Precision and recall of the technologies from a labelled sheet, with intervals, kept with the vintage for its next report.

    Each work stands for as many as were in its stratum. An area with fewer than 30 true works is unmeasured.

    Example: coauth flags score sheet.csv
    """
    chosen = project.cache.find(vintage)
    rows, agreed = quality.score(quality.read(sheet), publish.read(chosen), project.queries)
    kept = {"queries": project.queries.fingerprint, "classes": rows.astype(object).where(rows.notna(), None).to_dict("records"),
            "agreement": agreed._asdict() if agreed else None}  # fmt: skip
    with chosen.held():
        chosen.record(technology_quality=json.loads(json.dumps(kept, default=plain)))
    answer.give(kept, quality.lines(rows, agreed))


@flags_.command("sensitivity")
@of_vintage
@common
def flags_sensitivity(project: Project, answer: Answer, vintage: str | None) -> None:
    """Works per EU-10 area, had the score a core topic needs been 0.3, 0.5, 0.7 or 0.9.

    Example: coauth flags sensitivity
    """
    chosen = project.cache.find(vintage)
    asked = publish.informed(project, chosen)
    rows = technologies.sensitivity(chosen.read("works"), chosen.read("technologies"), asked)
    on = next((s for s in asked.technologies if s.enabled), None)
    shown = [f"{on.id}: {on.status}", *on.not_obtained, ""] if on else ["no set of technologies is enabled"]
    table = rows.assign(area=[f"{on.eu10.get(a, a)} ({on.marked(a)})" if on and on.marked(a) else a for a in rows["area_id"]])
    answer.give(rows.to_dict("records"), [*shown, table.to_string(index=False)])


def _finding_line(f: Mapping[str, Any]) -> str:
    works = f"  ({f['works']} works, e.g. {', '.join(f['examples'])})" if f["works"] else ""
    return f"{f['finding']:<24} {f['list_id']}/{f['entry_id'] or '':<10} {f['institution_id'] or ''} {f['name'] or ''}".rstrip() + works
