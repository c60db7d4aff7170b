"""Sections on counts: partners, lists, coverage."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coauth.queries import Watchlist
from coauth.report.context import Brief
from coauth.report.data import frames
from coauth.report.render import figures
from coauth.report.render.html import Chart, Facts, Grid, Listing, Section, Text, grid, with_text
from coauth.report.sections.reference import statements
from coauth.report.text import bare

FEW = 6
"""Countries left of a group that are named one by one."""

# -- partners


def partners(brief: Brief) -> Section:
    """Figure 1: works with each partner group, counts beside shares, the headline change in its
    title.
    """
    w, (first, last) = brief.words, brief.headline
    rows = frames.partners(brief.made, brief.queries)
    if rows.empty:
        return Section("partners", w("partners.title"), (Text(w("partners.none"), "none"),))
    shown = [g.id for g in brief.queries.partners if g.id in set(rows["group_id"])]
    changes = frames.changes(brief.made, shown, brief.queries, brief.change)
    titles = {g: (brief.series_name(g), _change_words(brief, changes, g)) for g in shown}
    dates = brief.dates()
    chart = Chart(
        w(
            "partners.figure",
            home=brief.home,
            start=brief.years[0],
            end=brief.years[1],
            first=first,
            last=last,
        ),
        w(
            "partners.alt",
            groups=w.listing([f"{n}: {c}" for n, c in titles.values()]),
            start=brief.years[0],
            end=brief.years[1],
        ),
        rows.drop(columns="basis"),
        draw=lambda narrow: figures.partners(
            rows, {g: (n, bare(c)) for g, (n, c) in titles.items()}, dates, w.bare, narrow=narrow
        ),
        grid=_by_year(brief, rows, shown),
        notes=brief.notes(
            w("partners.overlap"), _at_home(brief), _reading_note(brief), brief.dates_note(*shown)
        ),
        statement="copublications",
        number="1",
    )
    return Section(
        "partners",
        w("partners.title"),
        (Text(w("partners.lead", home=brief.home)), chart, _summary(brief, changes)),
    )


def _at_home(brief: Brief) -> str:
    """Which groups the home country was taken out of, and which were nothing else: nobody is a
    partner of its own.
    """
    w, queries = brief.words, brief.queries
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
                group=w.named(group),
                home=w.listing(own),
                countries=w.listing([w.country(c) for c in left or ("",)]),
            )
        )
    return " ".join(told)


def _change_words(brief: Brief, changes: pd.DataFrame, series: str) -> str:
    """As in the legend of a brief: "+25% (+19% to +31%)"."""
    row = changes[changes["group_id"] == series]
    if not row.empty and row[["before", "after"]].isna().any(axis=None):
        return brief.words("cell.withheld")
    if row.empty or np.isnan(row["ratio"].iloc[0]):
        return brief.words("change.none")
    ratio, low, high = (float(row[c].iloc[0]) for c in ("ratio", "low", "high"))
    return brief.words(
        "change.short",
        change=brief.words.percent(ratio, sign=True),
        span=brief.words.percent_span(low, high, sign=True),
    )


def _by_year(brief: Brief, rows: pd.DataFrame, names: list[str]) -> Grid:
    """Works a year and, in brackets, their share of international works."""
    w = brief.words
    cells = {
        (r.year, r.group_id): brief.count(r.works)
        if np.isnan(r.works)
        else w("cell.works_share", works=w.number(r.works), share=brief.share(r.share))
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
        [w("column.year"), *(brief.series_name(n) for n in names)],
        lines,
        caption=w("partners.grid"),
        keys=years,
        by="year",
    )


def _reading_note(brief: Brief) -> str:
    """Bands, marks and the preliminary year, in one place for every figure of counts."""
    w, scope = brief.words, brief.queries.scope
    young = (
        w("figure.preliminary", years=w.years((min(scope.preliminary), max(scope.preliminary))))
        if scope.preliminary
        else ""
    )
    return " ".join(filter(None, [w("figure.band", confidence=brief.confidence), young]))


def _summary(brief: Brief, changes: pd.DataFrame) -> Listing:
    """The headline change of each group: counts, interval, share, and (internal) the same by
    matched institutions only.
    """
    w, (first, last) = brief.words, brief.headline
    strict = frames.changes(
        brief.made, list(changes["group_id"]), brief.queries, brief.change, "institution"
    )
    lines, both = [], []
    for row in changes.to_dict("records"):
        shares = frames.series(brief.made, row["group_id"], brief.queries).set_index("year")[
            "share"
        ]
        lines.append(
            [
                brief.series_name(row["group_id"]),
                brief.count(row["before"]),
                brief.count(row["after"]),
                w.percent(row["ratio"], sign=True),
                w.percent_span(row["low"], row["high"], sign=True),
                brief.reading(row["low"], row["high"]),
                brief.share(shares.get(first)),
                brief.share(shares.get(last)),
                *([] if brief.is_public else [_change_words(brief, strict, row["group_id"])]),
            ]
        )
        both.append({"share_before": shares.get(first), "share_after": shares.get(last)})
    matched = strict.set_index("group_id")[["ratio", "low", "high"]].add_prefix("matched_")
    data = changes.join(pd.DataFrame(both, columns=["share_before", "share_after"], dtype=float))
    data = data if brief.is_public else data.join(matched, on="group_id")
    titles = [
        w("column.group"),
        str(first),
        str(last),
        w("column.change"),
        w("column.interval", confidence=brief.confidence),
        w("column.reading"),
        w("column.share_in", year=first),
        w("column.share_in", year=last),
        *([] if brief.is_public else [w("column.matched_only")]),
    ]
    return Listing(
        w("partners.table", first=first, last=last),
        with_text(grid(titles, lines), w("column.reading")),
        data,
        brief.notes(
            w("partners.unclear"),
            "" if brief.is_public else w("partners.matched"),
            w("partners.overlapping"),
        ),
        "copublications",
    )


# -- lists


def lists(brief: Brief) -> Section:
    """Figure 2, for every enabled watchlist."""
    w = brief.words
    parts: list[Text | Listing | Chart] = [Text(w("lists.lead"))]
    for watchlist in brief.watchlists:
        parts += _list(brief, watchlist)
    if not brief.watchlists:
        parts = [Text(w("lists.off"), "none")]
    return Section("lists", w("lists.title"), (*parts, *statements(brief)), _list_facts(brief))


def _list_facts(brief: Brief) -> Facts:
    """The changes said of the lists and of what they are compared with, and how small a fall could
    be seen.
    """
    measures = brief.queries.measures
    names = dict.fromkeys(
        s for x in brief.watchlists for s in (f"list:{x.id}", brief.queries.companion(x.id)) if s
    )
    facts: dict[str, float | None] = {}
    for r in frames.changes(brief.made, list(names), brief.queries, brief.change).to_dict(
        "records"
    ):
        facts |= {
            f"{r['group_id']}.{name}": r[name]
            for name in ("before", "after", "ratio", "low", "high")
            if not pd.isna(r[name])
        }
        if not pd.isna(r["before"]):
            facts[f"{r['group_id']}.smallest_fall"] = frames.smallest_fall(
                int(r["before"]),
                measures.confidence,
                brief.change,
                frames.spread(brief.made, r["group_id"], brief.queries),
            )
    return facts | (
        {"works_for_quarter_fall": frames.works_for_quarter_fall(measures.confidence, brief.change)}
        if names
        else {}
    )


def _list(brief: Brief, watchlist: Watchlist) -> list[Text | Listing | Chart]:
    w, series, name = brief.words, f"list:{watchlist.id}", brief.words.named(watchlist)
    rows = frames.series(brief.made, series, brief.queries)
    if rows.empty:
        return [Text(w("lists.none", list=name, home=brief.home), "none")]
    beside = brief.queries.companion(watchlist.id)
    indices = frames.indexed(brief.made, [series, *([beside] if beside else [])], brief.queries)
    indices = indices if series in set(indices["group_id"]) else indices.iloc[:0]
    names = {s: brief.series_name(s) for s in (series, beside) if s}
    changes = frames.changes(brief.made, list(names), brief.queries, brief.change)
    told = [
        w("lists.told", series=names[s], change=_change_words(brief, changes, s))
        for s in changes["group_id"]
    ]
    first, last = brief.headline
    dates = brief.dates()
    chart = Chart(
        w(
            "lists.figure",
            list=name,
            home=brief.home,
            start=brief.years[0],
            end=brief.years[1],
            change=_change_words(brief, changes, series),
            first=first,
            last=last,
        ),
        w(
            f"lists.alt{'_all' if brief.base(series) == 'all' else ''}",
            list=name,
            start=brief.years[0],
            end=brief.years[1],
            told="; ".join(told),
        ),
        rows.drop(columns="basis").merge(
            indices.drop(columns="preliminary"), how="outer", on=["year", "group_id"]
        ),
        draw=lambda narrow: figures.watchlist(rows, indices, names, dates, w.bare, narrow=narrow),
        grid=_list_grid(brief, rows, indices, series, beside),
        notes=brief.notes(
            _reading_note(brief),
            w("lists.index_note", year=first) if len(indices) else "",
            brief.dates_note(series),
            w("lists.base_all") if brief.base(series) == "all" else "",
        ),
        statement="copublications",
        number=_list_number(brief, watchlist),
    )
    return [
        chart,
        *_power(brief, changes, series),
        *([] if brief.is_public else [_entries(brief, watchlist)]),
    ]


def _list_number(brief: Brief, watchlist: Watchlist) -> str:
    """Figure 2 is the first list's; further ones are 2b, 2c and so on."""
    place = brief.watchlists.index(watchlist)
    return f"2{chr(ord('a') + place) if place else ''}"


def _list_grid(
    brief: Brief, rows: pd.DataFrame, indices: pd.DataFrame, own: str, beside: str | None
) -> Grid:
    w = brief.words
    index = {
        (r.year, r.group_id): w.number(r.value)
        for r in frames.each(indices.rename(columns={"index": "value"}))
    }
    lines = [
        [
            w("cell.preliminary", year=r.year) if r.preliminary else str(r.year),
            brief.count(r.works),
            w.span(r.works_low, r.works_high),
            brief.share(r.share, 2),
            w.percent_span(r.share_low, r.share_high, 2),
            index.get((r.year, own), w("format.missing")),
            *([index.get((r.year, beside), w("format.missing"))] if beside else []),
        ]
        for r in frames.each(rows)
    ]
    interval = w("column.interval", confidence=brief.confidence)
    titles = [
        w("column.year"),
        w("column.works"),
        interval,
        w("column.share_all" if brief.base(own) == "all" else "column.share_international"),
        interval,
        w("column.index"),
    ]
    titles += [w("column.index_of", series=brief.series_name(beside))] if beside else []
    return grid(titles, lines, keys=list(rows["year"]), by="year")


def _power(brief: Brief, changes: pd.DataFrame, series: str) -> list[Text]:
    """How small a fall the list's counts could show at all."""
    w, confidence = brief.words, brief.queries.measures.confidence
    rule = w(
        "lists.rule",
        works=w.number(frames.works_for_quarter_fall(confidence, brief.change)),
        confidence=brief.confidence,
    )
    row = changes[changes["group_id"] == series]
    if row.empty or np.isnan(row["before"].iloc[0]):
        return [Text(rule)]
    before = int(row["before"].iloc[0])
    fall = frames.smallest_fall(
        before, confidence, brief.change, frames.spread(brief.made, series, brief.queries)
    )
    year = brief.headline[0]
    own = (
        w("lists.smallest_fall", works=w.number(before), year=year, fall=w.percent(fall))
        if fall is not None
        else w("lists.no_fall", works=w.number(before), year=year)
    )
    return [Text(f"{rule} {own}")]


def _entries(brief: Brief, watchlist: Watchlist) -> Listing:
    """A small table: each listed institution's works in recent years, and over all."""
    w = brief.words
    rows = frames.entries_by_year(brief.made, watchlist, brief.queries)
    every = [c for c in rows.columns if c != "entry_id"]
    recent = every[-7:]
    rows.insert(1, "name", [brief.entry(watchlist.id, e) for e in rows["entry_id"]])
    rows["total"] = rows[every].sum(axis=1)
    lines = [
        [r["name"], *(w.number(r[y]) for y in recent), w.number(r["total"])]
        for r in rows.to_dict("records")
    ]
    titles = [
        w("column.listed"),
        *(str(y) for y in recent),
        w("column.total", years=w.years(brief.years)),
    ]
    rows.columns = pd.Index([str(c) for c in rows.columns])
    note = w(
        "lists.entries_note",
        version=watchlist.version,
        source=w.own(watchlist, "source").rstrip("."),
    )
    return Listing(
        w("lists.entries", list=w.named(watchlist)),
        grid(titles, lines),
        rows,
        brief.notes(note),
        "memberships",
    )


# -- coverage


def coverage(brief: Brief) -> Section:
    """What share of affiliations is there, and the publishers where that changed most."""
    w = brief.words
    rows = frames.coverage_by_year(brief.made, brief.queries)
    if rows.empty:
        return Section("coverage", w("coverage.title"), (Text(w("coverage.none"), "none"),))
    first, last = rows.iloc[0], rows.iloc[-1]
    lines = [
        [
            str(int(r.year)),
            brief.count(r.works),
            brief.share(r.share_complete),
            brief.count(r.authorships),
            brief.share(r.share_authorships),
        ]
        for r in frames.each(rows)
    ]
    titles = [
        w("column.year"),
        w("column.works"),
        w("column.complete"),
        w("column.authorships"),
        w("column.with_institution"),
    ]
    chart = Chart(
        w("coverage.figure", start=brief.years[0], end=brief.years[1]),
        w(
            "coverage.alt",
            first=int(first["year"]),
            last=int(last["year"]),
            a=w.percent(first["share_authorships"], 1),
            b=w.percent(last["share_authorships"], 1),
            c=w.percent(first["share_complete"], 1),
            d=w.percent(last["share_complete"], 1),
        ),
        rows,
        draw=lambda narrow: figures.coverage(rows, w.bare, narrow=narrow),
        grid=grid(titles, lines),
        notes=brief.notes(w("coverage.note")),
        statement="coverage",
    )
    meaning = coverage_sentence(brief)
    return Section(
        "coverage",
        w("coverage.title"),
        (
            Text(w("coverage.lead")),
            *([Text(meaning)] if meaning else []),
            chart,
            *([] if brief.is_public else _publishers(brief)),
        ),
    )


def coverage_sentence(brief: Brief) -> str:
    """What the change of coverage over the headline years means for its numbers; empty where either
    year is not there.
    """
    w, (first, last) = brief.words, brief.headline
    rows = frames.coverage_by_year(brief.made, brief.queries).set_index("year")["share_authorships"]
    if first not in rows.index or last not in rows.index:
        return ""
    a, b = float(rows[first]), float(rows[last])
    if np.isnan(a + b):
        return ""
    return w(
        f"coverage.{coverage_moved(brief)}",
        first=first,
        last=last,
        a=w.percent(a, 1),
        b=w.percent(b, 1),
    )


def coverage_facts(brief: Brief) -> Facts:
    """The numbers of `coverage_sentence`."""
    rows = frames.coverage_by_year(brief.made, brief.queries).set_index("year")["share_authorships"]
    return {
        f"share_authorships.{year}": float(rows[year])
        for year in brief.headline
        if set(brief.headline) <= set(rows.dropna().index)
    }


def coverage_moved(brief: Brief) -> str:
    """`fell` or `rose` by a percentage point or more over the headline years, else `same`."""
    first, last = brief.headline
    rows = frames.coverage_by_year(brief.made, brief.queries).set_index("year")["share_authorships"]
    move = float(rows.get(last, np.nan)) - float(rows.get(first, np.nan))
    return "fell" if move <= -0.01 else "rose" if move >= 0.01 else "same"


def _publishers(brief: Brief) -> list[Text | Listing]:
    w = brief.words
    before, after = brief.queries.measures.comparisons[-1]
    rows = frames.publishers(brief.made, before, after)
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
            brief.notes(note),
            "coverage",
        )
    ]
