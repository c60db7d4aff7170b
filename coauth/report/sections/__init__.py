"""The report from end to end: the first page with its three numbers, then the sections in their
order.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from coauth.openalex.eras import MIXED
from coauth.queries import Queries
from coauth.report.context import ReportContext
from coauth.report.data import frames
from coauth.report.explorer import Atlas
from coauth.report.render.html import Headline, Page, Text
from coauth.report.sections import copublications, methods, network, revisions
from coauth.report.sections.admissions import admissions
from coauth.report.sections.benefits import gains
from coauth.report.sections.centrality import shifts
from coauth.report.sections.flags import flagged
from coauth.report.sections.intensity import intensity
from coauth.report.sections.technologies import technologies
from coauth.report.text import Words
from coauth.report.vintage_info import About
from coauth.tables.schemas import Tables


def compose(
    tables: Tables,
    queries: Queries,
    about: About,
    words: Words,
    picture: Figure | None,
    atlas: Atlas | None,
    links: Mapping[str, str],
) -> Page:
    """The page, before anything is drawn."""
    context = ReportContext(tables, queries, about, words)
    return Page(
        title=words("head.title", title=about.title, home=context.home),
        kicker=words("head.kicker", quarter=words.quarter(about.quarter)),
        edition=words(f"head.edition_{about.profile}"),
        running=words(
            "head.running",
            quarter=words.quarter(about.quarter),
            vintage=about.vintage,
            edition=words(f"head.short_{about.profile}"),
        ),
        data_line=words(
            f"head.data_{about.profile}",
            source=about.source,
            vintage=about.vintage,
            day=words.day(about.as_of),
            works=words.number(about.included),
            records=words.number(about.records),
            level=methods.level(context),
            matcher=methods.matcher(context),
            topics=methods.topic_model(context),
            queries=about.queries_fingerprint[:12],
        ),
        headlines=headlines(context),
        notes=_notes(context),
        facts={
            "works": about.included,
            "records": about.records,
            **copublications.coverage_facts(context),
        },
        sections=tuple(
            make(context)
            for make in (
                revisions.revisions,
                copublications.partners,
                copublications.lists,
                admissions,
                copublications.coverage,
                *(() if context.is_public else (flagged, intensity)),
                technologies,
                *(() if context.is_public else (gains, shifts)),
                partial(network.network, picture=picture, atlas=atlas),
                network.events,
                methods.method,
                methods.limits,
                methods.data,
                partial(methods.changelog_and_files, links=links),
            )
        ),
    )


def _notes(context: ReportContext) -> tuple[Text, ...]:
    """What has to be read with the three numbers, before anything is quoted."""
    w = context.words
    parts = [Text(w("head.public"))] if context.is_public else []
    parts += [] if context.about.complete else [Text(w("head.incomplete"), "caution")]
    parts += (
        [Text(w("head.mixed"), "caution")] if context.about.affiliation_matcher == MIXED else []
    )
    parts += [Text(w("head.mixed_topics"), "caution")] if context.about.topic_model == MIXED else []
    parts += (
        [Text(w("head.first"), "note")]
        if context.about.since is None and not context.is_public
        else []
    )
    if meaning := copublications.coverage_sentence(context):
        parts.append(Text(meaning, "caution"))
    return (*parts, Text(w("head.intervals", confidence=context.confidence), "note"))


# -- three numbers


def headlines(context: ReportContext) -> tuple[Headline, ...]:
    """All international works; then the change of the first list's country group, and of every
    enabled list.
    """
    series = [f"list:{x.id}" for x in context.watchlists]
    beside = dict.fromkeys(c for x in context.watchlists if (c := context.queries.companion(x.id)))
    return (_international(context), *(_changed(context, s) for s in [*list(beside)[:1], *series]))


def _international(context: ReportContext) -> Headline:
    w, year = context.words, context.last_complete_year
    rows = frames.series(context.tables, "international", context.queries).set_index("year")
    label = w("headline.international", year=year)
    if year not in rows.index:
        return Headline(
            label,
            w("format.missing"),
            "",
            w("headline.no_international", home=context.home, year=year),
            sure=False,
        )
    row: Any = rows.loc[year]
    if np.isnan(row["works"]):
        return _small(context, label)
    before, facts = revisions.sentence(context, "international", [year])
    facts = {
        f"international.{name}": row[name] for name in ("works", "works_low", "works_high")
    } | dict(facts)
    total = (
        frames.coverage_by_year(context.tables, context.queries)
        .set_index("year")["works"]
        .get(year)
    )
    interval = w(
        "headline.interval",
        confidence=context.confidence,
        span=w.span(row["works_low"], row["works_high"]),
    )
    if not row["works"]:
        return Headline(
            label,
            w.number(0),
            interval,
            w("headline.no_international", home=context.home, year=year),
            "",
            False,
            before,
            facts,
        )
    facts |= {
        f"works.{year}": total,
        "international.share_of_works": row["works"] / total if total else None,
    }
    sentence = w(
        "headline.international_is",
        home=context.home,
        share=w.percent(facts["international.share_of_works"]),
        total=w.number(total),
        year=year,
    )
    first, last = context.headline
    changes, beside = (
        context.changes(["international"]),
        "",
    )
    if len(changes) and not np.isnan(changes["ratio"].iloc[0]):
        c = changes.iloc[0]
        beside = w(
            "headline.since",
            first=first,
            last=last,
            change=w.percent(c["ratio"], sign=True),
            span=w.percent_span(c["low"], c["high"], sign=True),
            reading=context.reading(c["low"], c["high"]),
        )
        facts |= {f"international.{name}": c[name] for name in ("ratio", "low", "high")}
    return Headline(label, w.number(row["works"]), interval, sentence, beside, True, before, facts)


def _changed(context: ReportContext, series: str) -> Headline:
    """A change with its interval; where it cannot be told from chance the large type says that, and
    no number.
    """
    w, (first, last) = context.words, context.headline
    label = w("headline.change", series=context.series_name(series), first=first, last=last)
    changes = context.changes([series])
    if changes.empty:
        return Headline(
            label,
            w("format.missing"),
            "",
            w("headline.no_series", series=context.series_name(series)),
            sure=False,
        )
    c = changes.iloc[0]
    if np.isnan(c["before"]) or np.isnan(c["after"]):
        return _small(context, label)
    kind = frames.direction(c["low"], c["high"])
    was, facts = revisions.sentence(context, series, [first, last])
    facts = {
        f"{series}.{name}": c[name] for name in ("before", "after", "ratio", "low", "high")
    } | dict(facts)
    counts = {
        "before": w.number(c["before"]),
        "after": w.number(c["after"]),
        "first": first,
        "last": last,
    }
    ratio, span = w.percent(c["ratio"], sign=True), w.percent_span(c["low"], c["high"], sign=True)
    sentence = w(
        f"headline.{kind}{'_coverage' if kind == copublications.coverage_moved(context) else ''}",
        ratio=ratio,
        **counts,
    )
    shares, beside = (
        frames.series(context.tables, series, context.queries).set_index("year")["share"],
        "",
    )
    if not shares.reindex([first, last]).isna().any():
        facts |= {f"{series}.share.{y}": shares.get(y) for y in (first, last)}
        beside = w(
            f"headline.share{'_all' if context.base(series) == 'all' else ''}",
            first=first,
            last=last,
            a=w.percent(shares.get(first), 1),
            b=w.percent(shares.get(last), 1),
        )
    sure = kind in ("rose", "fell")
    value = (
        ratio if sure else w("headline.no_clear_change" if kind == "unclear" else "format.missing")
    )
    interval = (
        w("headline.interval", confidence=context.confidence, span=span)
        if kind != "unknown"
        else ""
    )
    return Headline(label, value, interval, sentence, beside, sure, was, facts)


def _small(context: ReportContext, label: str) -> Headline:
    return Headline(
        label, context.words("cell.small"), "", context.words("headline.small"), sure=False
    )
