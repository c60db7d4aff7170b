"""Section on critical technologies: what works with listed institutions are about, by EU-10 area,
in a period and year by year.

Beside each area stands how good its cues are known to be, wherever it is shown.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from coauth.report.context import ReportContext
from coauth.report.data import flags, frames
from coauth.report.render import charts, figures
from coauth.report.render.html import Chart, Grid, Listing, Section, Text, grid, with_text
from coauth.report.text import Words, bare
from coauth.tables.schemas import AREAS


def technologies(context: ReportContext) -> Section:
    """What the works with listed institutions are about, beside those with the country group and
    all international ones.
    """
    w = context.words
    rows = flags.area_profile(context.tables, context.queries)
    window = w.years(frames.last_window(context.queries))
    drawn = [t for t in context.queries.technologies if t.enabled]
    if "topics" in context.about.lacking:
        return Section(
            "technologies", w("technologies.title"), (Text(w("technologies.no_topics"), "none"),)
        )
    if context.no_cues:
        return Section("technologies", w("technologies.title"), (Text(context.no_cues, "caution"),))
    if rows.empty or not rows["works"].sum() or not drawn:
        return Section(
            "technologies",
            w("technologies.title"),
            (Text(w("technologies.none", window=window), "none"),),
        )
    names = {
        s: w(
            "technologies.series",
            series=context.series_name(s),
            works=context.count(rows.loc[rows["series"] == s, "total"].iloc[0]),
        )
        for s in dict.fromkeys(rows["series"])
    }
    labels = {a: context.area(a) for a in AREAS}
    short = {a: context.area(a, short=True, among=AREAS) for a in AREAS}
    status = "; ".join(
        f"{context.words.name(t)}, {w('technologies.version')} {t.version}: {context.words.own(t, 'status')}"
        for t in drawn
    )
    chart = Chart(
        w("technologies.figure", window=window, mark=context.mark_of(AREAS)),
        w("technologies.alt", told=_largest(context, rows, names, labels)),
        rows,
        draw=lambda narrow: figures.areas(
            rows, {s: bare(n) for s, n in names.items()}, short, w.bare, narrow=narrow
        ),
        grid=_area_grid(context, rows, labels),
        notes=context.notes(w("technologies.note", confidence=context.confidence)),
        statement="memberships",
    )
    return Section(
        "technologies",
        w("technologies.title"),
        (
            Text(
                w(
                    "technologies.lead"
                    if len(rows["series"].unique()) > 1 + len(context.watchlists)
                    else "technologies.lead_alone",
                    window=window,
                )
            ),
            chart,
            *([] if context.is_public else [_by_year(context, short)]),
            Text(w("technologies.status", status=status), "note"),
        ),
    )


def _by_year(context: ReportContext, short: dict[str, str]) -> Chart:
    w, rows = context.words, flags.area_years(context.tables, context.queries)
    sides = {
        side: w(f"technologies.{side}")
        for side in ("others", "listed")
        if side in set(rows["side"])
    }
    cell = {
        (r.year, r.area_id, r.side): w(
            "cell.count_share",
            works=w.number(r.works),
            share=w.percent(r.share, 1),
            span=w.percent_span(r.low, r.high, 1),
        )
        for r in frames.each(rows)
    }
    years = sorted(set(rows["year"]))
    lines = [
        [str(y), short[a], *(cell.get((y, a, side), w("format.missing")) for side in sides)]
        for y in years
        for a in AREAS
    ]
    where = {
        k: [
            n
            for n, found in enumerate(zip(rows["year"], rows["area_id"], strict=True))
            if found == k
        ]
        for k in ((y, a) for y in years for a in AREAS)
    }
    return Chart(
        w(
            "technologies.by_year",
            start=context.years[0],
            end=context.years[1],
            mark=context.mark_of(AREAS),
        ),
        w("technologies.by_year_alt", start=context.years[0], end=context.years[1]),
        rows,
        draw=lambda narrow: _draw_years(rows, short, sides, w.bare, narrow=narrow),
        grid=grid(
            [w("column.year"), w("column.area"), *sides.values()],
            lines,
            text=2,
            keys=[" ".join(map(str, where[k])) for k in where],
        ),
        notes=context.notes(w("technologies.by_year_note", confidence=context.confidence)),
        statement="memberships",
    )


@charts.styled
def _draw_years(
    rows: pd.DataFrame, names: dict[str, str], sides: dict[str, str], words: Words, *, narrow: bool
) -> Figure:
    """A panel an area, each with its own scale: share of the year's works with listed institutions,
    and of the others.
    """
    columns = 2 if narrow else 5
    figure = charts.canvas(narrow, 1.35 * -(-len(names) // columns) + 0.3)
    axes = figure.subplots(-(-len(names) // columns), columns, squeeze=False).ravel()
    for axis, (area, name) in zip(axes, names.items(), strict=False):
        top = 0.0
        for side, colour in (("listed", charts.ORANGE), ("others", charts.BLUE)):
            mine = rows[(rows["area_id"] == area) & (rows["side"] == side)].rename(
                columns={"low": "share_low", "high": "share_high"}
            )
            if len(mine):
                charts.curve(
                    axis,
                    mine.reset_index(drop=True),
                    "share",
                    colour,
                    words,
                    sides[side],
                    percent=True,
                    few=True,
                )
                top = max(top, 1.25 * float(mine["share"].max()))
        axis.set_ylim(
            0, min(top, 1.02) or 0.01
        )  # the bands of small numbers would press the lines flat
        axis.set_title(textwrap.fill(name, 22), loc="left", fontsize=7.3, fontweight="bold")
    marks = [
        mpl.lines.Line2D([], [], color=colour, marker="o", markersize=3, label=sides[side])
        for side, colour in (("listed", charts.ORANGE), ("others", charts.BLUE))
        if side in sides
    ]
    figure.legend(
        handles=marks,
        loc="outside upper left",
        frameon=False,
        ncols=1 if narrow else 2,
        fontsize=7.5,
    )
    return figure


def quality(context: ReportContext) -> tuple[Text | Listing, ...]:
    """Precision and recall of the technologies in this vintage, where somebody labelled a sheet;
    else that nobody did.
    """
    w, measured = context.words, context.about.quality
    if context.no_cues:
        return (Text(context.no_cues, "note"),)
    if measured is None:
        return (
            Text(w("quality.none"), "note"),
            Text("coauth flags sample -o sheet.csv", "command"),
        )
    rows = pd.DataFrame(measured["classes"])
    lines = [
        [
            w(f"quality.{r['class']}") if r["class"] in ("all", "any") else w(f"area.{r['class']}"),
            w.number(r["works"]),
            w.number(r["true"]),
            w.number(r["found"]),
            *(_interval(context, r, name) for name in ("precision", "recall")),
            w(f"quality.{r['standing']}"),
        ]
        for r in rows.to_dict("records")
    ]
    titles = [
        w("column.area"),
        w("column.labelled"),
        w("column.true"),
        w("column.found"),
        w("column.precision"),
        w("column.recall"),
        w("column.standing"),
    ]
    agreed = measured.get("agreement")
    data = rows.assign(**{f"agreement_{k}": v for k, v in (agreed or {}).items()})
    told = (
        w(
            "quality.agreement",
            works=w.number(agreed["works"]),
            alike=w.percent(agreed["alike"]),
            kappa=w.number(agreed["kappa"], 2),
        )
        if agreed
        else w("quality.alone")
    )
    other = (
        ()
        if measured["queries"] == context.about.queries_fingerprint
        else (Text(w("quality.other_queries"), "caution"),)
    )
    note = w("quality.note", confidence=context.confidence, least=w.number(frames.MIN_POSITIVES))
    return (
        *other,
        Listing(
            w("quality.table"),
            with_text(grid(titles, lines), w("column.standing")),
            data,
            context.notes(note, told),
        ),
    )


def _interval(context: ReportContext, row: Mapping[Any, Any], name: str) -> str:
    w = context.words
    if row["standing"] == "unmeasured" or pd.isna(row[name]):
        return w("format.missing")
    return w(
        "cell.with_span",
        value=w.number(row[name], 2),
        span=w.span(row[f"{name}_low"], row[f"{name}_high"], 2),
    )


def _area_grid(context: ReportContext, rows: pd.DataFrame, labels: dict[str, str]) -> Grid:
    w, series = context.words, list(dict.fromkeys(rows["series"]))
    cell = {
        (r.series, r.area_id): context.count(r.works)
        if pd.isna(r.share)
        else w(
            "cell.count_share",
            works=w.number(r.works),
            share=w.percent(r.share, 1),
            span=w.percent_span(r.low, r.high, 1),
        )
        for r in frames.each(rows)
    }
    lines = [[labels[a], *(cell[s, a] for s in series)] for a in AREAS]
    return grid(
        [w("column.area"), *(context.series_name(s) for s in series)],
        lines,
        keys=AREAS,
        by="area_id",
    )


def _largest(
    context: ReportContext, rows: pd.DataFrame, names: dict[str, str], labels: dict[str, str]
) -> str:
    """For each series its largest area, for those who do not see the figure."""
    top = (
        rows.sort_values(["share", "area_id"], ascending=[False, True], kind="stable")
        .groupby("series", sort=False)
        .head(1)
    )
    largest = {str(r.series): (labels[r.area_id], r.share) for r in frames.each(top)}
    return "; ".join(
        f"{names[s]}: {largest[s][0]} {context.words.percent(largest[s][1])}" for s in names
    )
