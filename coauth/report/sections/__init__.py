"""The report from end to end: the first page with its three numbers, then the sections in their
order.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.figure import Figure

from coauth.openalex.eras import MIXED
from coauth.queries import Queries
from coauth.report.context import Brief
from coauth.report.data import frames
from coauth.report.data.frames import Benefits, Change
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


def compose(
    made: Mapping[str, pa.Table],
    queries: Queries,
    about: About,
    words: Words,
    change: Change,
    benefits: Benefits,
    picture: Figure | None,
    atlas: Atlas | None,
    links: Mapping[str, str],
) -> Page:
    """The page, before anything is drawn."""
    brief = Brief(made, queries, about, words, change, benefits)
    return Page(
        title=words("head.title", title=about.title, home=brief.home),
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
            works=words.number(about.counted),
            records=words.number(about.records),
            level=methods.level(brief),
            matcher=methods.matcher(brief),
            topics=methods.topic_model(brief),
            queries=about.queries_fingerprint[:12],
        ),
        headlines=headlines(brief),
        notes=_notes(brief),
        facts={
            "works": about.counted,
            "records": about.records,
            **copublications.coverage_facts(brief),
        },
        sections=tuple(
            make(brief)
            for make in (
                revisions.revisions,
                copublications.partners,
                copublications.lists,
                admissions,
                copublications.coverage,
                *(() if brief.is_public else (flagged, intensity)),
                technologies,
                *(() if brief.is_public else (gains, shifts)),
                partial(network.network, picture=picture, atlas=atlas),
                network.events,
                methods.method,
                methods.limits,
                methods.data,
                partial(methods.changelog_and_files, links=links),
            )
        ),
    )


def _notes(brief: Brief) -> tuple[Text, ...]:
    """What has to be read with the three numbers, before anything is quoted."""
    w = brief.words
    parts = [Text(w("head.public"))] if brief.is_public else []
    parts += [] if brief.about.complete else [Text(w("head.incomplete"), "caution")]
    parts += [Text(w("head.mixed"), "caution")] if brief.about.affiliation_matcher == MIXED else []
    parts += [Text(w("head.mixed_topics"), "caution")] if brief.about.topic_model == MIXED else []
    parts += (
        [Text(w("head.first"), "note")] if brief.about.since is None and not brief.is_public else []
    )
    if meaning := copublications.coverage_sentence(brief):
        parts.append(Text(meaning, "caution"))
    return (*parts, Text(w("head.intervals", confidence=brief.confidence), "note"))


# -- three numbers


def headlines(brief: Brief) -> tuple[Headline, ...]:
    """All international works; then the change of the first list's country group, and of every
    enabled list.
    """
    series = [f"list:{x.id}" for x in brief.watchlists]
    beside = dict.fromkeys(c for x in brief.watchlists if (c := brief.queries.companion(x.id)))
    return (_international(brief), *(_changed(brief, s) for s in [*list(beside)[:1], *series]))


def _international(brief: Brief) -> Headline:
    w, year = brief.words, brief.last_complete_year
    rows = frames.series(brief.made, "international", brief.queries).set_index("year")
    label = w("headline.international", year=year)
    if year not in rows.index:
        return Headline(
            label,
            w("format.missing"),
            "",
            w("headline.no_international", home=brief.home, year=year),
            sure=False,
        )
    row: Any = rows.loc[year]
    if np.isnan(row["works"]):
        return _withheld(brief, label)
    before, facts = revisions.sentence(brief, "international", [year])
    facts = {
        f"international.{name}": row[name] for name in ("works", "works_low", "works_high")
    } | dict(facts)
    total = frames.coverage_by_year(brief.made, brief.queries).set_index("year")["works"].get(year)
    interval = w(
        "headline.interval",
        confidence=brief.confidence,
        span=w.span(row["works_low"], row["works_high"]),
    )
    if not row["works"]:
        return Headline(
            label,
            w.number(0),
            interval,
            w("headline.no_international", home=brief.home, year=year),
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
        home=brief.home,
        share=w.percent(facts["international.share_of_works"]),
        total=w.number(total),
        year=year,
    )
    first, last = brief.headline
    changes, beside = (
        frames.changes(brief.made, ["international"], brief.queries, brief.change),
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
            reading=brief.reading(c["low"], c["high"]),
        )
        facts |= {f"international.{name}": c[name] for name in ("ratio", "low", "high")}
    return Headline(label, w.number(row["works"]), interval, sentence, beside, True, before, facts)


def _changed(brief: Brief, series: str) -> Headline:
    """A change with its interval; where it cannot be told from chance the large type says that, and
    no number.
    """
    w, (first, last) = brief.words, brief.headline
    label = w("headline.change", series=brief.series_name(series), first=first, last=last)
    changes = frames.changes(brief.made, [series], brief.queries, brief.change)
    if changes.empty:
        return Headline(
            label,
            w("format.missing"),
            "",
            w("headline.no_series", series=brief.series_name(series)),
            sure=False,
        )
    c = changes.iloc[0]
    if np.isnan(c["before"]) or np.isnan(c["after"]):
        return _withheld(brief, label)
    kind = frames.direction(c["low"], c["high"])
    was, facts = revisions.sentence(brief, series, [first, last])
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
        f"headline.{kind}{'_coverage' if kind == copublications.coverage_moved(brief) else ''}",
        ratio=ratio,
        **counts,
    )
    shares, beside = (
        frames.series(brief.made, series, brief.queries).set_index("year")["share"],
        "",
    )
    if not shares.reindex([first, last]).isna().any():
        facts |= {f"{series}.share.{y}": shares.get(y) for y in (first, last)}
        beside = w(
            f"headline.share{'_all' if brief.base(series) == 'all' else ''}",
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
        w("headline.interval", confidence=brief.confidence, span=span) if kind != "unknown" else ""
    )
    return Headline(label, value, interval, sentence, beside, sure, was, facts)


def _withheld(brief: Brief, label: str) -> Headline:
    return Headline(
        label, brief.words("cell.withheld"), "", brief.words("headline.withheld"), sure=False
    )
