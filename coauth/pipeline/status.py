"""How a harvest stands: what each slice holds of what OpenAlex counts for it, and whether the
slices add up.

A vintage that says it is complete can be asked why: here are the counts of every slice, the control
totals that OpenAlex gave for all of them together, and the complement, works with an address in the
country but no institution matched there, which no harvest by institution can hold. Once it is
built, its Figure 1 is held against published counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from coauth.errors import CacheError
from coauth.openalex.eras import BORDERS, MIXED, UNKNOWN
from coauth.queries import Queries
from coauth.stages.works.losses import LEFT_OUT
from coauth.stats import coherence
from coauth.storage import Slice, Vintage
from coauth.storage.manifest import Account, Controls, Manifest
from coauth.tables import absence

_COUNTS = ("expected", "stored", "distinct", "duplicates", "authors_cut", "pages")


def of_vintage(vintage: Vintage, queries: Queries | None = None, *, verify: bool) -> dict[str, Any]:
    """All that `coauth status` shows of one vintage; `verify` hashes every stored page and table, `queries`
    hold published counts.
    """
    manifest = vintage.manifest
    damage, cures = _damage(vintage) if verify else ([], [])
    slices = [_slice(part) for part in vintage.slices()]
    harvested = manifest.harvest or manifest.plan
    return {
        "vintage": vintage.name,
        "quarter": vintage.quarter,
        "complete": vintage.complete,
        "built": manifest.build is not None,
        "source": manifest.source.kind,
        **_eras(vintage, manifest, queries),
        "slices": slices,
        "by_status": dict(sorted(Counter(s["status"] for s in slices).items())),
        "account": account.plain() if (account := account_of(manifest)) else None,
        "planned": len(manifest.plan.slices) if manifest.plan else None,
        "controls": _controls(harvested.controls if harvested else None, slices),
        "repaired": manifest.repaired,
        "damage": damage,
        "cures": cures,
        "verified": verify,
        "coherence": _coherence(vintage, queries) if queries else None,
        "part": is_part(vintage),
    }


def _damage(vintage: Vintage) -> tuple[list[str], list[str]]:
    """What is no longer as it was stored, and what to do about it."""
    pages, tables, files = vintage.damage(), vintage.table_damage(), vintage.file_damage()
    texts = vintage.text_damage()
    cures = {
        f"`coauth harvest --vintage {vintage.name}` fetches the damaged slices again": pages,
        f"`coauth build --vintage {vintage.name}` makes its tables again": tables or pages,
        "what else is named can be removed and is made again": files,
        f"`coauth rebuild --sample` makes the truth again once {vintage.path} is removed": texts,
    }
    return pages + tables + files + texts, [cure for cure, of in cures.items() if of]


def account_of(manifest: Manifest) -> Account | None:
    """What became of a vintage's records, as its build says, or its harvest before that; None for
    one harvested before 2026-12.
    """
    if not manifest.build:
        return manifest.account
    passed_over = manifest.account.passed_over if manifest.account else {}
    return manifest.build.losses.works.model_copy(update={"passed_over": passed_over})


def lacking(vintage: Vintage) -> frozenset[str]:
    """What no record of a built vintage has (`coauth.tables.absence`), as its build says; read from
    its tables where that is older.
    """
    names = vintage.built.lacking
    if names is None:
        names = absence.lacking(
            vintage.read("works", ["primary_topic_id"]), vintage.read("institutions", ["type"])
        )
    return frozenset(names)


def account_lines(account: Account) -> Iterable[tuple[str, str]]:
    """The account for people, the same wherever it is given: a name and what is said, line by line."""
    examples = account.examples

    def named(reason: str) -> str:
        return (
            f" ({', '.join(examples[reason])}{' …' if len(examples[reason]) > 2 else ''})"
            if reason in examples
            else ""
        )

    yield "records", f"{account.records:,} records, {count_of(account.works, 'work')} in scope"
    for reason, count in account.dropped.items():
        yield "left out", f"{count_of(count, 'record')}: {reason}{named(reason)}"
    for reason, count in account.noted.items():
        of = "record" if reason.endswith(LEFT_OUT) else "work"
        yield "noted", f"{count_of(count, of)}: {reason}{named(reason)}"
    for name, reason in account.passed_over.items():
        yield "passed over", f"{name}: {reason}"


def count_of(number: int, of: str = "work") -> str:
    """
    >>> count_of(1), count_of(1200), count_of(0, "pair")
    ('1 work', '1,200 works', '0 pairs')
    """
    return f"{number:,} {of}{'s' * (number != 1)}"


def _eras(vintage: Vintage, manifest: Manifest, queries: Queries | None) -> dict[str, Any]:
    """On which side of OpenAlex's replacements it stands, what tells that, and what cannot be
    told for it.
    """
    eras, days = vintage.eras, vintage.fetched
    updated = manifest.harvest.updated if manifest.harvest else []
    return {
        "eras": eras._asdict(),
        "taken": manifest.taken,
        "newest_record": updated[-1] if updated else None,
        "fetched": [min(days)[0].isoformat(), max(last for _, last in days).isoformat()]
        if days
        else None,
        "mixed": {
            b.key: {
                "before": sum(first < b.day for first, _ in days),
                "slices": len(days),
                "day": b.day.isoformat(),
            }
            for b, era in zip(BORDERS, eras, strict=True)
            if era == MIXED
        },
        "no_cues": queries.of_topics(eras.topic_model).no_cues if queries else "",
    }


def _era_lines(standing: Mapping[str, Any]) -> Iterable[str]:
    named = [
        f"{b.name} {'not known' if (era := standing['eras'][b.key]) == UNKNOWN else era}"
        for b in BORDERS
    ]
    for border, mixed in standing["mixed"].items():
        place = [b.key for b in BORDERS].index(border)
        named[place] += (
            f": {mixed['before']} of {mixed['slices']} slices fetched before {mixed['day']}"
        )
    yield f"  eras       {', '.join(named)}"
    if UNKNOWN in standing["eras"].values():
        newest = (
            f"the newest record was updated on {standing['newest_record']}"
            if standing["newest_record"]
            else "no record says when it was updated"
        )
        yield f"             {newest}, which does not tell when it was fetched: --as-of DAY (with --new) says when records from disk were taken"
    if standing["no_cues"]:
        yield f"             {standing['no_cues']}"


def _coherence(vintage: Vintage, queries: Queries) -> list[dict[str, Any]] | None:
    """Figure 1 beside each published series; none of another country; None where nothing is built,
    where what is built is invented, or where the records are an unknown part of the country's
    works, whose counts say nothing of a national total.
    """
    manifest = vintage.manifest
    if not manifest.build or manifest.synthetic or is_part(vintage):
        return None
    held = coherence.hold(vintage.read("copublications"), queries, manifest.scope["countries"])
    return [asdict(h) | {"agrees": h.agrees, "told": str(h)} for h in held]


def is_part(vintage: Vintage) -> bool:
    """Records from files, none made up, and no whole copy of the snapshot: nobody knows of how many
    works of the country.
    """
    manifest = vintage.manifest
    whole = manifest.harvest is not None and manifest.harvest.source == "snapshot"
    return manifest.source.kind == "files" and not whole and not manifest.synthetic


def _slice(part: Slice) -> dict[str, Any]:
    try:
        summary = part.summary or {}
    except CacheError:
        summary = {}
    counts = {name: summary[name] for name in _COUNTS if name in summary}
    reason = {"reason": summary["reason"]} if "reason" in summary else {}
    return {"slice": part.name, "status": part.status, "pages": len(part.numbers)} | counts | reason


def _controls(
    controls: Controls | None, slices: Iterable[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """Control totals against what is stored; None for sources that give none, nulls for calls that
    went unanswered.
    """
    if controls is None:
        return None
    stored: Counter[str] = Counter()
    for part in slices:
        stored[part["slice"][:4]] += part.get("distinct", 0)
    years = controls.publication_year
    complement = controls.address_without_institution
    return {
        "counted": None if years is None else sum(years.values()),
        "stored": stored.total(),
        "years_off": None
        if years is None
        else {
            year: {"counted": years.get(year, 0), "stored": stored[year]}
            for year in sorted(years.keys() | stored.keys())
            if years.get(year, 0) != stored[year]
        },
        "by_type": controls.type,
        "address_without_institution": None if complement is None else sum(complement.values()),
        "address_without_institution_by_year": complement,
    }


def lines(standing: Mapping[str, Any], *, every_slice: bool = False) -> Iterable[str]:
    """The standing of a vintage for people; `every_slice` lists them all, otherwise only those that
    are not complete.
    """
    parts, statuses = standing["slices"], standing["by_status"]
    state = "complete" if standing["complete"] else "unfinished"
    checked = (
        (
            "; pages and tables as stored"
            if not standing["damage"]
            else f"; {len(standing['damage'])} files damaged"
        )
        if standing["verified"]
        else ""
    )
    planned = standing["planned"]
    begun = f", {planned} months planned" if planned and not standing["complete"] else ""
    yield f"{standing['vintage']}  {standing['quarter']}  {state}, {'built' if standing['built'] else 'not built'}{checked}"
    yield from (f"  damaged    {damage}" for damage in standing["damage"])
    distinct, expected = (sum(p.get(name, 0) for p in parts) for name in ("distinct", "expected"))
    said = ", ".join(f"{n} {status}" for status, n in statuses.items()) or "none yet"
    noun = "records" if standing["part"] else "works"  # what a file holds may be no work
    yield f"  slices     {said}{begun}: {distinct:,} {noun} of {expected:,} counted"
    yield from _era_lines(standing)
    for part in parts:
        if every_slice or part["status"] != "complete":
            yield f"  {part['slice']:<24} {_of_slice(part, noun)}"
    if account := standing["account"]:
        for name, text in account_lines(Account(**account)):
            yield f"  {name:<10} {text}"
    yield from _control_lines(standing["controls"], standing["complete"])
    if standing["built"] and standing["part"]:
        yield "  figure 1   held against nothing: records from files are an unknown part of the country's works"
    yield from _coherence_lines(standing["coherence"], every_series=every_slice)
    if standing["repaired"]:
        yield f"  repaired   {', '.join(f'{name} on {day}' for name, day in sorted(standing['repaired'].items()))}"


_AUDITED = {
    "works": "works",
    "works_complete": "all",
    "works_partial": "some",
    "works_none": "none",
    "works_alone": "unmatched",
    "works_domestic": "domestic",
    "works_listed": "listed",
}
"""Columns of `tables.AUDIT_YEARS` shown, and what stands over them."""


def audit_lines(years: Iterable[Mapping[str, int]]) -> Iterable[str]:
    """A year a line; two that say what the columns are."""
    yield f"  audit      year {' '.join(f'{head:>9}' for head in _AUDITED.values())}"
    for row in years:
        yield f"             {row['year']} {' '.join(f'{row[column]:>9,}' for column in _AUDITED)}"
    yield "             works by whether all, some or none of their authorships have an institution; works with a string that was"
    yield "             matched to no institution, and with one of these that names a domestic or a listed institution"


def _of_slice(part: Mapping[str, Any], noun: str) -> str:
    if "distinct" not in part:
        return f"{part['status']}, {part['pages']} pages stored"
    also = [
        f"{part[name]} {said}"
        for name, said in (("duplicates", "served twice"), ("authors_cut", "with authors cut"))
        if part.get(name)
    ]
    counts = f"{part['status']}: {part['distinct']:,} {noun} of {part['expected']:,} counted, {part['pages']} pages"
    return ", ".join([counts, *also]) + (f" ({part['reason']})" if "reason" in part else "")


def _control_lines(controls: Mapping[str, Any] | None, complete: bool) -> Iterable[str]:
    if controls is None:
        return
    if controls["counted"] is None:
        yield "  control    not answered: the works of a year could not be held against OpenAlex's own count"
    else:
        off = controls["years_off"]
        shown = ", ".join(f"{year} ({n['stored'] - n['counted']:+,})" for year, n in off.items())
        agreed = (
            f"; years off: {shown}"
            if off and complete
            else "; every year agrees"
            if not off
            else ""
        )
        yield f"  control    {controls['counted']:,} works counted over all years, {controls['stored']:,} stored{agreed}"
    without = controls["address_without_institution"]
    if without is None:
        yield "  complement not answered"
    else:
        counted = controls["counted"] or controls["stored"]
        share = (
            f" ({without / (counted + without):.1%} of all with an address there)"
            if counted + without
            else ""
        )
        yield f"  complement {without:,} works with an address in the country and no institution matched there{share}"


def _coherence_lines(rows: list[Mapping[str, Any]] | None, *, every_series: bool) -> Iterable[str]:
    if rows is None:
        return
    if not rows:
        yield "  figure 1   held against nothing: queries/reference has no published counts of this scope"
    for reference in dict.fromkeys(h["reference"] for h in rows):
        mine = [h for h in rows if h["reference"] == reference]
        agreeing = sum(h["agrees"] for h in mine)
        yield f"  figure 1   {agreeing} of {len(mine)} series agree with {reference} (queries/reference)"
        for h in mine:
            if every_series or not h["agrees"]:
                yield f"             {h['told']}"
