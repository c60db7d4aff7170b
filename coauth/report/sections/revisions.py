"""What changed since the last report: each headline number as it was, and the causes of the
difference, which add up to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from coauth.openalex.eras import BORDERS, MATCHER, TOPICS, Border
from coauth.report.context import ReportContext
from coauth.report.data import frames
from coauth.report.render.html import Facts, Listing, Section, Text, grid
from coauth.report.text import slug
from coauth.stats.counts import compare_counts
from coauth.storage.manifest import Since
from coauth.tables.schemas import CAUSES


def sentence(context: ReportContext, series: str, years: Sequence[int]) -> tuple[str, Facts]:
    """Of a headline number that rests on the counts of these years (one: the count itself; two:
    their change).
    """
    w, since = context.words, context.about.since
    if since is None:
        return "", {}
    rows = frames.revisions(context.tables, [series], context.queries, [(y, y) for y in years])
    if rows.empty:
        return "", {}
    if series.startswith("list:") and _relation(context, MATCHER) != "same":
        return w(f"since.matcher_{_relation(context, MATCHER)}", against=since.vintage), {}
    counts = rows.to_dict("records")
    facts: dict[str, float | None] = {
        f"{series}.{name}.{r['first_year']}": r[name]
        for r in counts
        for name in ("then", *CAUSES)
        if r[name]
    }
    told = [
        w("since.year", year=r["first_year"], causes=causes)
        for r in counts
        if (causes := _causes(context, r))
    ]
    if not told:
        return w("since.same", against=since.vintage), {}
    if len(counts) == 1:
        return w(
            "since.count",
            against=since.vintage,
            then=w.number(counts[0]["then"]),
            causes=_causes(context, counts[0]),
        ), facts
    first, last = counts[0], counts[-1]
    found = compare_counts(
        int(first["then"]),
        int(last["then"]),
        context.queries.measures.confidence,
        frames.beyond_then(
            context.tables, series, context.queries, (first["first_year"], last["first_year"])
        ),
    )
    facts |= {f"{series}.then.{name}": getattr(found, name) for name in ("ratio", "low", "high")}
    change = (
        w("change.none")
        if found.ratio is None
        else w(
            "change.short",
            change=w.percent(found.ratio, sign=True),
            span=w.percent_span(found.low, found.high, sign=True),
        )
    )
    return w("since.change", against=since.vintage, change=change, causes="; ".join(told)), facts


def _causes(context: ReportContext, row: Mapping[Any, Any]) -> str:
    w = context.words
    told = [
        w("since.cause", number=w.number(row[c], sign=True), cause=w(f"cause_said.{slug(c)}"))
        for c in CAUSES
        if row[c]
    ]
    return w.listing(told) if told else ""


def _relation(context: ReportContext, border: Border) -> str:
    return context.about.relations.get(border.key, "same")


def _borders(context: ReportContext) -> list[Text]:
    """What cannot be compared with the earlier vintage, said before any number is."""
    names = {MATCHER: "matcher", TOPICS: "topics"}
    return [
        Text(context.words(f"revisions.{names[b]}_{_relation(context, b)}"), "caution")
        for b in BORDERS
        if _relation(context, b) != "same"
    ]


def _comparable(context: ReportContext, names: list[str]) -> list[str]:
    """The series that are held against the earlier vintage: of institutions none where these may
    be another matcher's.
    """
    return [
        n for n in names if not (n.startswith("list:") and _relation(context, MATCHER) != "same")
    ]


def revisions(context: ReportContext) -> Section:
    """The same for every series, in the years of the headline change and over all."""
    w, since = context.words, context.about.since
    if context.is_public:
        return _between_editions(context)
    if since is None:
        return Section("revisions", w("revisions.title"), (Text(w("revisions.first"), "none"),))
    names = [
        "international",
        *(g.id for g in context.queries.partners if g.figure),
        *(f"list:{x.id}" for x in context.watchlists),
    ]
    spans = [*((y, y) for y in context.headline), context.years]
    rows = frames.revisions(context.tables, _comparable(context, names), context.queries, spans)
    parts = [
        Text(w("revisions.lead", against=since.vintage, day=w.day(since.as_of))),
        *_borders(context),
        *_asked_otherwise(context, since),
    ]
    if rows.empty or not rows[list(CAUSES)].any(axis=None):
        return Section(
            "revisions", w("revisions.title"), (*parts, Text(w("revisions.same"), "none"))
        )
    return Section("revisions", w("revisions.title"), (*parts, _listing(context, rows, since)))


def _between_editions(context: ReportContext) -> Section:
    """Of a public edition: each series over the years whose counts this and the last one show,
    without causes.
    """
    w, told = context.words, frames.frame(context.tables, "revisions")
    if told.empty:
        return Section(
            "revisions", w("revisions.title"), (Text(w("revisions.first_public"), "none"),)
        )
    names = _comparable(
        context,
        [
            "international",
            *(g.id for g in context.queries.partners),
            *(f"list:{x.id}" for x in context.watchlists),
        ],
    )
    named = [n for n in names if n in set(told["series"])]
    rows = (
        told.groupby("series")
        .agg(years=("year", "size"), change=("works", "sum"))
        .reindex(named)
        .reset_index()
    )
    lines = [
        [context.series_name(r["series"]), w.number(r["years"]), w.number(r["change"], sign=True)]
        for r in rows.to_dict("records")
    ]
    against = str(told["against"].iloc[0])
    shown = grid([w("column.series"), w("column.years_shown"), w("column.change")], lines)
    listing = Listing(
        w("revisions.table_public", against=against),
        shown,
        rows,
        context.notes(w("revisions.note_public")),
    )
    return Section(
        "revisions",
        w("revisions.title"),
        (Text(w("revisions.lead_public", against=against)), *_borders(context), listing),
    )


def _listing(context: ReportContext, rows: pd.DataFrame, since: Since) -> Listing:
    """Causes that moved nothing have no column on the page; the CSV has all."""
    w = context.words
    seen = [c for c in CAUSES if rows[c].any()]
    titles = [
        w("column.series"),
        w("column.years"),
        w("revisions.then"),
        *(w(f"cause.{slug(c)}") for c in seen),
        w("revisions.now"),
    ]
    moved = rows[rows[list(CAUSES)].any(axis=1)]
    lines = [
        [
            context.series_name(r["series"]),
            w.years((r["first_year"], r["last_year"])),
            w.number(r["then"]),
            *(w.number(r[c], sign=True) for c in seen),
            w.number(r["now"]),
        ]
        for r in moved.to_dict("records")
    ]
    absent = [w(f"cause.{slug(c)}") for c in CAUSES if c not in seen]
    note = w("revisions.absent", causes=w.listing(absent)) if absent else ""
    return Listing(
        w("revisions.table", against=since.vintage),
        grid(titles, lines, text=2, keys=list(moved.index)),
        rows,
        context.notes(w("revisions.note"), note),
    )


def _asked_otherwise(context: ReportContext, since: Since) -> list[Text]:
    """What else than OpenAlex is not as it was."""
    w = context.words
    lists = [context.series_name(p) for p in since.parts if not p.startswith("queries/")]
    lists += [w("revisions.rollup")] if "queries/institutions" in since.parts else []
    method = [p for p in since.parts if p in ("queries/scope", "queries/sql")]
    method += (
        [w("revisions.version", then=since.version, now=context.about.versions["coauth"])]
        if since.version != context.about.versions["coauth"]
        else []
    )
    told = [Text(w("revisions.lists", lists=w.listing(lists)))] if lists else []
    told += [Text(w("revisions.method", method=w.listing(method)))] if method else []
    return told or [Text(w("revisions.as_then"))]
