"""Sections on counts: partners, lists, coverage."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coauth.queries import Watchlist
from coauth.report.context import ReportContext
from coauth.report.data import frames
from coauth.report.render import figures
from coauth.report.render.html import Chart, Facts, Grid, Listing, Section, Text, grid, with_text
from coauth.report.sections.reference import statements
from coauth.report.text import bare

FEW = 6
"""Countries left of a group that are named one by one."""

# -- partners


def partners(context: ReportContext) -> Section:
    """Figure 1: works with each partner group, counts beside shares, the headline change in its
    title.
    """
    w, (first, last) = context.words, context.headline
    rows = frames.partners(context.tables, context.queries)
    if rows.empty:
        return Section("partners", w("partners.title"), (Text(w("partners.none"), "none"),))
    shown = [g.id for g in context.queries.partners if g.id in set(rows["group_id"])]
    changes = context.changes(shown)
    titles = {g: (context.series_name(g), _change_words(context, changes, g)) for g in shown}
    dates = context.dates()
    chart = Chart(
        w(
            "partners.figure",
            home=context.home,
            start=context.years[0],
            end=context.years[1],
            first=first,
            last=last,
        ),
        w(
            "partners.alt",
            groups=w.listing([f"{n}: {c}" for n, c in titles.values()]),
            start=context.years[0],
            end=context.years[1],
        ),
        rows.drop(columns="basis"),
        draw=lambda narrow: figures.partners(
            rows, {g: (n, bare(c)) for g, (n, c) in titles.items()}, dates, w.bare, narrow=narrow
        ),
        grid=_by_year(context, rows, shown),
        notes=context.notes(
            w("partners.overlap"),
            _at_home(context),
            _reading_note(context),
            context.dates_note(*shown),
        ),
        statement="copublications",
        number="1",
    )
    return Section(
        "partners",
        w("partners.title"),
        (Text(w("partners.lead", home=context.home)), chart, _summary(context, changes)),
    )


def _at_home(context: ReportContext) -> str:
    """Which groups the home country was taken out of, and which were nothing else: nobody is a
    partner of its own.
    """
    w, queries = context.words, context.queries
    counted = {g.id: g for g in queries.partners}
    told = []
    for group in (
        g for g in queries.groups.group if g.figure and set(g.countries) & queries.scope.home
    ):
        left = counted[group.id].countries if group.id in counted else ()
        own = [w.country(c) for c in group.countries if c in queries.scope.home]
        form = "left_out" if not left else "left_of" if len(left) <= FEW else "without"
        told.append(
            w(
                f"partners.{form}",
                group=w.name(group),
                home=w.listing(own),
                countries=w.listing([w.country(c) for c in left or ("",)]),
            )
        )
    return " ".join(told)


def _change_words(context: ReportContext, changes: pd.DataFrame, series: str) -> str:
    """As in the legend of a brief: "+25% (+19% to +31%)"."""
    row = changes[changes["group_id"] == series]
    if not row.empty and row[["before", "after"]].isna().any(axis=None):
        return context.words("cell.small")
    if row.empty or np.isnan(row["ratio"].iloc[0]):
        return context.words("change.none")
    ratio, low, high = (float(row[c].iloc[0]) for c in ("ratio", "low", "high"))
    return context.words(
        "change.short",
        change=context.words.percent(ratio, sign=True),
        span=context.words.percent_span(low, high, sign=True),
    )


def _by_year(context: ReportContext, rows: pd.DataFrame, names: list[str]) -> Grid:
    """Works a year and, in brackets, their share of international works."""
    w = context.words
    cells = {
        (r.year, r.group_id): context.count(r.works)
        if np.isnan(r.works)
        else w("cell.works_share", works=w.number(r.works), share=context.share(r.share))
        for r in frames.each(rows)
    }
    young = set(rows.loc[rows["preliminary"], "year"])
    years = sorted(set(rows["year"]))
    lines = [
        [
            w("cell.preliminary", year=y) if y in young else str(y),
            *(cells.get((y, n), w("format.missing")) for n in names),
        ]
        for y in years
    ]
    return grid(
        [w("column.year"), *(context.series_name(n) for n in names)],
        lines,
        caption=w("partners.grid"),
        keys=years,
        by="year",
    )


def _reading_note(context: ReportContext) -> str:
    """Bands, marks and the preliminary year, in one place for every figure of counts."""
    w, scope = context.words, context.queries.scope
    young = (
        w("figure.preliminary", years=w.years((min(scope.preliminary), max(scope.preliminary))))
        if scope.preliminary
        else ""
    )
    return " ".join(filter(None, [w("figure.band", confidence=context.confidence), young]))


def _summary(context: ReportContext, changes: pd.DataFrame) -> Listing:
    """The headline change of each group: counts, interval, share, and (internal) the same by
    matched institutions only.
    """
    w, (first, last) = context.words, context.headline
    strict = context.changes(list(changes["group_id"]), "institution")
    lines, both = [], []
    for row in changes.to_dict("records"):
        shares = frames.series(context.tables, row["group_id"], context.queries).set_index("year")[
            "share"
        ]
        lines.append(
            [
                context.series_name(row["group_id"]),
                context.count(row["before"]),
                context.count(row["after"]),
                w.percent(row["ratio"], sign=True),
                w.percent_span(row["low"], row["high"], sign=True),
                context.reading(row["low"], row["high"]),
                context.share(shares.get(first)),
                context.share(shares.get(last)),
                *([] if context.is_public else [_change_words(context, strict, row["group_id"])]),
            ]
        )
        both.append({"share_before": shares.get(first), "share_after": shares.get(last)})
    matched = strict.set_index("group_id")[["ratio", "low", "high"]].add_prefix("matched_")
    data = changes.join(pd.DataFrame(both, columns=["share_before", "share_after"], dtype=float))
    data = data if context.is_public else data.join(matched, on="group_id")
    titles = [
        w("column.group"),
        str(first),
        str(last),
        w("column.change"),
        w("column.interval", confidence=context.confidence),
        w("column.reading"),
        w("column.share_in", year=first),
        w("column.share_in", year=last),
        *([] if context.is_public else [w("column.matched_only")]),
    ]
    return Listing(
        w("partners.table", first=first, last=last),
        with_text(grid(titles, lines), w("column.reading")),
        data,
        context.notes(
            w("partners.unclear"),
            "" if context.is_public else w("partners.matched"),
            w("partners.overlapping"),
        ),
        "copublications",
    )


# -- lists


def lists(context: ReportContext) -> Section:
    """Figure 2, for every enabled watchlist."""
    w = context.words
    parts: list[Text | Listing | Chart] = [Text(w("lists.lead"))]
    for watchlist in context.watchlists:
        parts += _list(context, watchlist)
    if not context.watchlists:
        parts = [Text(w("lists.off"), "none")]
    return Section("lists", w("lists.title"), (*parts, *statements(context)), _list_facts(context))


def _list_facts(context: ReportContext) -> Facts:
    """The changes said of the lists and of what they are compared with, and how small a fall could
    be seen.
    """
    measures = context.queries.measures
    names = dict.fromkeys(
        s
        for x in context.watchlists
        for s in (f"list:{x.id}", context.queries.companion(x.id))
        if s
    )
    facts: dict[str, float | None] = {}
    for r in context.changes(list(names)).to_dict("records"):
        facts |= {
            f"{r['group_id']}.{name}": r[name]
            for name in ("before", "after", "ratio", "low", "high")
            if not pd.isna(r[name])
        }
        if not pd.isna(r["before"]):
            facts[f"{r['group_id']}.smallest_fall"] = frames.smallest_fall(
                int(r["before"]),
                measures.confidence,
                frames.beyond(context.tables, r["group_id"], context.queries, context.headline),
                context.about.rounding,
            )
    return facts | (
        {
            "works_for_quarter_fall": frames.works_for_quarter_fall(
                measures.confidence, context.about.rounding
            )
        }
        if names
        else {}
    )


def _list(context: ReportContext, watchlist: Watchlist) -> list[Text | Listing | Chart]:
    w, series, name = context.words, f"list:{watchlist.id}", context.words.name(watchlist)
    rows = frames.series(context.tables, series, context.queries)
    if rows.empty:
        return [Text(w("lists.none", list=name, home=context.home), "none")]
    beside = context.queries.companion(watchlist.id)
    indices = frames.indexed(
        context.tables, [series, *([beside] if beside else [])], context.queries
    )
    indices = indices if series in set(indices["group_id"]) else indices.iloc[:0]
    names = {s: context.series_name(s) for s in (series, beside) if s}
    changes = context.changes(list(names))
    told = [
        w("lists.told", series=names[s], change=_change_words(context, changes, s))
        for s in changes["group_id"]
    ]
    first, last = context.headline
    dates = context.dates()
    chart = Chart(
        w(
            "lists.figure",
            list=name,
            home=context.home,
            start=context.years[0],
            end=context.years[1],
            change=_change_words(context, changes, series),
            first=first,
            last=last,
        ),
        w(
            f"lists.alt{'_all' if context.base(series) == 'all' else ''}",
            list=name,
            start=context.years[0],
            end=context.years[1],
            told="; ".join(told),
        ),
        rows.drop(columns="basis").merge(
            indices.drop(columns="preliminary"), how="outer", on=["year", "group_id"]
        ),
        draw=lambda narrow: figures.watchlist(rows, indices, names, dates, w.bare, narrow=narrow),
        grid=_list_grid(context, rows, indices, series, beside),
        notes=context.notes(
            _reading_note(context),
            w("lists.index_note", year=first) if len(indices) else "",
            context.dates_note(series),
            w("lists.base_all") if context.base(series) == "all" else "",
        ),
        statement="copublications",
        number=_list_number(context, watchlist),
    )
    return [
        chart,
        *_power(context, changes, series),
        *([] if context.is_public else [_entries(context, watchlist)]),
    ]


def _list_number(context: ReportContext, watchlist: Watchlist) -> str:
    """Figure 2 is the first list's; further ones are 2b, 2c and so on."""
    place = context.watchlists.index(watchlist)
    return f"2{chr(ord('a') + place) if place else ''}"


def _list_grid(
    context: ReportContext, rows: pd.DataFrame, indices: pd.DataFrame, own: str, beside: str | None
) -> Grid:
    w = context.words
    index = {
        (r.year, r.group_id): w.number(r.value)
        for r in frames.each(indices.rename(columns={"index": "value"}))
    }
    lines = [
        [
            w("cell.preliminary", year=r.year) if r.preliminary else str(r.year),
            context.count(r.works),
            w.span(r.works_low, r.works_high),
            context.share(r.share, 2),
            w.percent_span(r.share_low, r.share_high, 2),
            index.get((r.year, own), w("format.missing")),
            *([index.get((r.year, beside), w("format.missing"))] if beside else []),
        ]
        for r in frames.each(rows)
    ]
    interval = w("column.interval", confidence=context.confidence)
    titles = [
        w("column.year"),
        w("column.works"),
        interval,
        w("column.share_all" if context.base(own) == "all" else "column.share_international"),
        interval,
        w("column.index"),
    ]
    titles += [w("column.index_of", series=context.series_name(beside))] if beside else []
    return grid(titles, lines, keys=list(rows["year"]), by="year")


def _power(context: ReportContext, changes: pd.DataFrame, series: str) -> list[Text]:
    """How small a fall the list's counts could show at all."""
    w, confidence = context.words, context.queries.measures.confidence
    rule = w(
        "lists.rule",
        works=w.number(frames.works_for_quarter_fall(confidence, context.about.rounding)),
        confidence=context.confidence,
    )
    row = changes[changes["group_id"] == series]
    if row.empty or np.isnan(row["before"].iloc[0]):
        return [Text(rule)]
    before = int(row["before"].iloc[0])
    fall = frames.smallest_fall(
        before,
        confidence,
        frames.beyond(context.tables, series, context.queries, context.headline),
        context.about.rounding,
    )
    year = context.headline[0]
    own = (
        w("lists.smallest_fall", works=w.number(before), year=year, fall=w.percent(fall))
        if fall is not None
        else w("lists.no_fall", works=w.number(before), year=year)
    )
    return [Text(f"{rule} {own}")]


def _entries(context: ReportContext, watchlist: Watchlist) -> Listing:
    """A small table: each listed institution's works in recent years, and over all."""
    w = context.words
    rows = frames.entries_by_year(context.tables, watchlist, context.queries)
    every = [c for c in rows.columns if c != "entry_id"]
    recent = every[-7:]
    rows.insert(1, "name", [context.entry(watchlist.id, e) for e in rows["entry_id"]])
    rows["total"] = rows[every].sum(axis=1)
    lines = [
        [r["name"], *(w.number(r[y]) for y in recent), w.number(r["total"])]
        for r in rows.to_dict("records")
    ]
    titles = [
        w("column.listed"),
        *(str(y) for y in recent),
        w("column.total", years=w.years(context.years)),
    ]
    rows.columns = pd.Index([str(c) for c in rows.columns])
    note = w(
        "lists.entries_note",
        version=watchlist.version,
        source=w.own(watchlist, "source").rstrip("."),
    )
    return Listing(
        w("lists.entries", list=w.name(watchlist)),
        grid(titles, lines),
        rows,
        context.notes(note),
        "memberships",
    )


# -- coverage


def coverage(context: ReportContext) -> Section:
    """What share of affiliations is there, and the publishers where that changed most."""
    w = context.words
    rows = frames.coverage_by_year(context.tables, context.queries)
    if rows.empty:
        return Section("coverage", w("coverage.title"), (Text(w("coverage.none"), "none"),))
    first, last = rows.iloc[0], rows.iloc[-1]
    public = context.is_public  # authorships count persons
    tail = "_public" if public else ""
    lines = [
        [
            str(int(r.year)),
            context.count(r.works),
            context.share(r.share_complete),
            *([] if public else [w.number(r.authorships), w.percent(r.share_authorships, 1)]),
        ]
        for r in frames.each(rows)
    ]
    titles = [
        w("column.year"),
        w("column.works"),
        w("column.complete"),
        *([] if public else [w("column.authorships"), w("column.with_institution")]),
    ]
    chart = Chart(
        w(f"coverage.figure{tail}", start=context.years[0], end=context.years[1]),
        w(
            f"coverage.alt{tail}",
            first=int(first["year"]),
            last=int(last["year"]),
            a=w.percent(first["share_authorships"], 1),
            b=w.percent(last["share_authorships"], 1),
            c=w.percent(first["share_complete"], 1),
            d=w.percent(last["share_complete"], 1),
        ),
        rows.dropna(axis="columns", how="all"),
        draw=lambda narrow: figures.coverage(rows, w.bare, narrow=narrow),
        grid=grid(titles, lines),
        notes=context.notes(w("coverage.note")),
        statement="coverage",
    )
    meaning = coverage_sentence(context)
    return Section(
        "coverage",
        w("coverage.title"),
        (
            Text(w("coverage.lead")),
            *([Text(meaning)] if meaning else []),
            chart,
            *([] if context.is_public else _publishers(context)),
        ),
    )


def coverage_sentence(context: ReportContext) -> str:
    """What the change of coverage over the headline years means for its numbers; empty where either
    year is not there.
    """
    w, (first, last) = context.words, context.headline
    shares = _covered(context)
    if not {first, last} <= set(shares.index):
        return ""
    return w(
        f"coverage.{coverage_moved(context)}{'_public' if context.is_public else ''}",
        first=first,
        last=last,
        a=w.percent(float(shares[first]), 1),
        b=w.percent(float(shares[last]), 1),
    )


def coverage_facts(context: ReportContext) -> Facts:
    """The numbers of `coverage_sentence`."""
    shares = _covered(context)
    return {
        f"{shares.name}.{year}": float(shares[year])
        for year in context.headline
        if set(context.headline) <= set(shares.index)
    }


def coverage_moved(context: ReportContext) -> str:
    """`fell` or `rose` by a percentage point or more over the headline years, and by more than
    rounded counts may be off, else `same`.
    """
    first, last = context.headline
    shares = _covered(context)
    works = frames.coverage_by_year(context.tables, context.queries).set_index("year")["works"]
    off = 2 * np.sqrt(2 * context.about.rounding) / works.reindex(context.headline).min()
    move = float(shares.get(last, np.nan)) - float(shares.get(first, np.nan))
    step = max(0.01, float(off))
    return "fell" if move <= -step else "rose" if move >= step else "same"


def _covered(context: ReportContext) -> pd.Series[float]:
    """By year the share of authorships with an institution; in a public edition, which counts no
    persons, that of works where every authorship has one.
    """
    rows = frames.coverage_by_year(context.tables, context.queries).set_index("year")
    return rows["share_complete" if context.is_public else "share_authorships"].dropna()


def _publishers(context: ReportContext) -> list[Text | Listing]:
    w = context.words
    before, after = context.queries.measures.comparisons[-1]
    rows = frames.publishers(context.tables, before, after)
    if rows.empty:
        return [
            Text(w("coverage.no_publishers", works=w.number(frames.PUBLISHER_MIN_WORKS)), "none")
        ]
    lines = [
        [
            r.publisher,
            w.number(r.works_before),
            w.number(r.works_after),
            w.percent(r.share_before),
            w.percent(r.share_after),
            w("cell.points", number=w.points(r.change, 0)),
        ]
        for r in frames.each(rows)
    ]
    b, a = w.years(before), w.years(after)
    titles = [
        w("column.publisher"),
        w("column.works_in", years=b),
        w("column.works_in", years=a),
        w("column.complete_in", years=b),
        w("column.complete_in", years=a),
        w("column.change"),
    ]
    note = w("coverage.publishers_note", works=w.number(frames.PUBLISHER_MIN_WORKS))
    return [
        Listing(
            w("coverage.publishers", before=b, after=a),
            grid(titles, lines),
            rows,
            context.notes(note),
            "coverage",
        )
    ]
