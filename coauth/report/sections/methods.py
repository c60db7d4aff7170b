"""Sections that give account: method, definitions, limits, the data and its losses, files and
licence.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from coauth.queries.registry import MEASURES
from coauth.report.context import ReportContext
from coauth.report.data import centrality, flags, frames
from coauth.report.render.html import Facts, Listing, Section, Text, grid
from coauth.report.sections import centrality_trends
from coauth.report.sections.reference import counts
from coauth.report.sections.technologies import quality
from coauth.report.text import slug

METHOD = (
    "unit",
    "counts",
    "matcher",
    "graph",
    "flags",
    "intervals",
    "coverage",
    "shifts",
    "ric",
    "events",
    "topics",
)
PUBLIC_METHOD = (
    "unit",
    "counts",
    "matcher",
    "rounding",
    "graph_public",
    "intervals_public",
    "events_public",
    "topics",
)
LIMITS = ("chance", "seen", "matching", "recent", "cause", "people")


def method(context: ReportContext) -> Section:
    """How each number is made, short enough to be read."""
    w, queries = context.words, context.queries
    known = {
        "home": context.home,
        "limit": w.number(queries.scope.max_institutions),
        "confidence": context.confidence,
        "replicates": w.number(queries.measures.replicates),
        "rate": w.percent(queries.measures.false_discovery_rate),
        "types": w.listing(
            [w.word_or(f"type.{t}", t.replace("-", " ")) for t in queries.scope.types]
        ),
        "smallest": w.number(queries.measures.smallest_pair),
        "roster": w.number(queries.measures.roster_min_works),
        "jump": w.points(queries.measures.partial_jump, 0, sign=False),
        **{name: w.number(value) for name, value in _rounding(context).items()},
    }
    told = tuple(
        _defined(w(f"method.{m}", **known))
        for m in (PUBLIC_METHOD if context.is_public else METHOD)
    )
    held = () if context.is_public else (measures(context), *quality(context), *counts(context))
    return Section("method", w("method.title"), (*told, *held), settings(context))


def measures(context: ReportContext) -> Listing:
    """What each measure of centrality is, which values are the central ones, how sure it is, and
    who is first by it.
    """
    w, chosen = context.words, context.queries.measures
    rows = centrality.leaders(context.tables, context.queries)
    records, lines = [MEASURES[name] for name in rows["measure"]], []
    rows["interval"] = [r.interval if r.name in chosen.resampled else "none" for r in records]
    rows["comparable"] = ["yes" if record.comparable else "no" for record in records]
    rows["others_may_be_first"] = rows["may_be_first"] - 1
    for column in ("larger", "unit", "source"):
        rows[column] = [getattr(record, column) for record in records]
    for record, r in zip(records, frames.each(rows), strict=True):
        number = w.percent if record.unit == "share" else w.number
        leader = {
            "name": context.place(str(r.institution_id)),
            "value": number(r.value, record.digits),
            "others": w.number(0 if pd.isna(r.may_be_first) else int(r.others_may_be_first)),
        }
        said = "leader" if r.may_be_first == 1 else "leader_open"
        said = "leader_unsure" if pd.isna(r.may_be_first) else said
        lines.append(
            [
                w.own(record, "title"),
                w.own(record, "description"),
                *(w(f"measures.{key}") for key in (r.larger, f"by_{r.interval}", r.comparable)),
                w("format.missing") if pd.isna(r.value) else w(f"measures.{said}", **leader),
            ]
        )
    titles = [w(f"measures.{name}") for name in ("measure", "what", "central", "interval", "size")]
    titles.append(w("measures.first", window=w.years(frames.last_window(context.queries))))
    title = w("measures.table", limit=w.number(context.queries.scope.max_institutions))
    return Listing(title, grid(titles, lines, text=len(titles)), rows)


def settings(context: ReportContext) -> Facts:
    """Thresholds of queries/ and of the report that its text names, in any section."""
    scope, measures = context.queries.scope, context.queries.measures
    return {
        "confidence": measures.confidence,
        "max_institutions": scope.max_institutions,
        "replicates": measures.replicates,
        "false_discovery_rate": measures.false_discovery_rate,
        "smallest_pair": measures.smallest_pair,
        "roster_min_works": measures.roster_min_works,
        "partial_jump": measures.partial_jump,
        "publisher_min_works": frames.PUBLISHER_MIN_WORKS,
        "smallest_q": frames.SMALLEST_Q,
        "narrow_rank": centrality_trends.NARROW_RANK,
        "min_positives": frames.MIN_POSITIVES,
        "strongest": flags.STRONGEST,
        "moved": flags.MOVED,
        **{f"tolerance.{r.id}": r.tolerance for r in context.queries.references},
        **(_rounding(context) if context.is_public else {}),
    }


def _rounding(context: ReportContext) -> dict[str, float]:
    """Of each published count about the true one."""
    variance = context.about.rounding
    return {"variance": variance, "deviation": variance**0.5}


def limits(context: ReportContext) -> Section:
    """What the numbers cannot say."""
    w = context.words
    return Section(
        "limits",
        w("limits.title"),
        tuple(_defined(w(f"limits.{part}", home=context.home)) for part in LIMITS),
    )


def _defined(text: str) -> Text:
    """ "Term. What is said of it." """
    term, _, rest = text.partition(". ")
    return Text(rest, term=term)


def data(context: ReportContext) -> Section:
    """Records in, works out, each loss by reason, and what the numbers depend on."""
    w, about = context.words, context.about
    versions = ", ".join(f"{name} {number}" for name, number in sorted(about.versions.items()))
    lists = "; ".join(f"{w.name(x)} ({x.version})" for x in context.watchlists) or w(
        "format.missing"
    )
    facts = [  # name, in words, and as it stands for the CSV, which is the same in every language
        ("source", about.source, about.source),
        ("vintage", about.vintage, about.vintage),
        ("as_of", w.day(about.as_of), about.as_of.isoformat()),
        (
            "state",
            w("data.complete" if about.complete else "data.incomplete"),
            "complete" if about.complete else "not complete",
        ),
        ("level", level(context), about.level),
        ("matcher", matcher(context), about.affiliation_matcher),
        ("topics", topic_model(context), about.topic_model),
        ("lists", lists, "; ".join(f"{x.id} {x.version}" for x in context.watchlists)),
        ("queries", about.queries_fingerprint, about.queries_fingerprint),
        ("seed", str(about.seed), str(about.seed)),
        ("versions", versions, versions),
    ]
    state = pd.DataFrame([(name, plain) for name, _, plain in facts], columns=["fact", "value"])
    shown = grid(
        [w("column.fact"), w("column.value")],
        [(w(f"data.{name}"), said) for name, said, _ in facts],
        text=2,
    )
    listing = Listing(w("data.table"), shown, state)
    return Section(
        "data",
        w("data.title_public" if context.is_public else "data.title"),
        (listing,)
        if context.is_public
        else (Text(w("data.lead")), _losses(context), *_passed_over(context), listing),
    )


def _passed_over(context: ReportContext) -> tuple[Text, ...]:
    files = [f"{name} ({reason})" for name, reason in context.about.passed_over.items()]
    return (
        (Text(context.words("data.passed_over", files=context.words.listing(files)), "note"),)
        if files
        else ()
    )


def _losses(context: ReportContext) -> Listing:
    w, about = context.words, context.about
    rows = [
        ("records", "", about.records),
        *(("dropped", r, -n) for r, n in sorted(about.dropped.items())),
        ("works", "", about.works),
        *(("noted", r, n) for r, n in sorted(about.noted.items())),
        *(("excluded", r, -n) for r, n in sorted(about.excluded.items())),
        ("counted", "", about.included),
    ]
    lines = [[_step(context, step, reason), w.number(n)] for step, reason, n in rows]
    frame = pd.DataFrame(rows, columns=["step", "reason", "works"])
    return Listing(w("data.losses"), grid([w("column.fact"), w("column.records")], lines), frame)


def _step(context: ReportContext, step: str, reason: str) -> str:
    w = context.words
    if not reason:
        return w(f"data.{step}")
    return w(f"data.{step}", reason=_reason(context, reason))


def _reason(context: ReportContext, reason: str) -> str:
    """A reason in words. One made of parts ("field: form, outcome; consequence") is said part by
    part; a field is OpenAlex's own word.
    """
    w = context.words
    if "; " in reason:
        return "; ".join(_reason(context, part) for part in reason.split("; "))
    if (known := w.word_or(f"reason.{_key(reason)}", "")) or ": " not in reason:
        return known or reason
    field, _, rest = reason.partition(": ")
    parts = ", ".join(w.word_or(f"reason.{_key(part)}", part) for part in rest.split(", "))
    return f"{w.word_or(f'reason.{_key(field)}', field)}: {parts}"


def _key(reason: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in reason.replace("'", "").lower())


def level(context: ReportContext) -> str:
    return context.words(f"level.{context.about.level.replace('-', '_')}")


def matcher(context: ReportContext) -> str:
    return context.words(f"matcher.{slug(context.about.affiliation_matcher)}")


def topic_model(context: ReportContext) -> str:
    return context.words.word_or(
        f"topic_model.{context.about.topic_model}", context.about.topic_model
    )


def changelog_and_files(context: ReportContext, links: Mapping[str, str]) -> Section:
    """The files beside the page, the licence, and how to ask again."""
    w = context.words
    told = [Text(w("files.beside"))]
    told += [
        Text(name, "file", w.word_or(f"format_name.{form}", form))
        for form, name in sorted(links.items())
    ]
    commands = [
        Text(c, "command")
        for c in ("coauth sql copublications", "coauth shifts", "coauth compare OLD NEW")
    ]
    again = () if context.is_public else (Text(w("files.again")), *commands)
    return Section("files", w("files.title"), (*told, *again, Text(w("files.licence"), "note")))
