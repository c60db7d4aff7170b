"""Sections on the graph: flagged pairs, technologies, centrality shifts, the picture of the network, tests at policy dates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from coauth.report import cues, figures, findings
from coauth.report.brief import Brief
from coauth.report.explorer import Atlas, explore
from coauth.report.page import Chart, Grid, Listing, Section, Text, grid, with_text
from coauth.report.text import NBSP
from coauth.tables import AREAS

LITTLE_POWER = 0.8
"""Below, a test that finds nothing has mostly shown that it could not."""
TURNOVER = 10
AREAS_SHOWN = 4
STRONG = 20

# -- review cues


def flagged(brief: Brief) -> Section:
    """The strongest flagged pairs of the last window, and which pairs are new or gone."""
    w = brief.words
    rows = cues.cues(brief.made, brief.queries)
    window = w.years(findings.last_window(brief.queries))
    parts: list[Text | Listing | Chart] = [Text(w("cues.lead")), Text(w("cues.lawful"), "caution")]
    if rows.empty:
        parts.append(Text(w("cues.none", window=window), "none"))
    else:
        top = rows.head(cues.STRONGEST)
        parts += [_cue_listing(brief, rows, window), Text(w("cues.explain")),
                  Text(f"coauth explain {top['domestic'].iloc[0]} {top['foreign'].iloc[0]}", "command")]  # fmt: skip
    return Section("cues", w("cues.title"), (*parts, *_turnover(brief)))


def _cue_listing(brief: Brief, rows: pd.DataFrame, window: str) -> Listing:
    w = brief.words
    years = [int(c.removeprefix("works_")) for c in rows.columns if re.fullmatch(r"works_\d+", c)]
    areas = _areas_of_pairs(brief)
    top = rows.head(cues.STRONGEST)
    dated = bool(top["works_listed"].notna().any())  # a column of nothing but "unknown" is said in the note instead
    lines = [
        [brief.place(r["domestic"]), _listed_end(brief, r), w.number(r["works"]), f",{NBSP}".join(w.number(r[f"works_{y}"]) for y in years),
         str(r["first_year"]), _first(brief, areas.get(_ends(r), [])), _ric(brief, r),
         *([w("cues.unknown") if np.isnan(r["works_listed"]) else w.number(r["works_listed"])] if dated else [])]
        for r in top.to_dict("records")
    ]  # fmt: skip
    titles = [w("column.domestic"), w("column.listed"), w("column.works"), ", ".join(map(str, years)), w("column.first_year"),
              w("column.areas"), w("column.ric", confidence=brief.confidence), *([w("column.works_listed")] if dated else [])]  # fmt: skip
    data = rows.assign(
        domestic_name=[brief.display_name(i) for i in rows["domestic"]], foreign_name=[brief.display_name(i) for i in rows["foreign"]],
        areas=["; ".join(f"{area} {works}" for area, works in areas.get(_ends(r), [])) for r in rows.to_dict("records")],
        command=[f"coauth explain {d} {f}" for d, f in zip(rows["domestic"], rows["foreign"], strict=True)],
    )  # fmt: skip
    shown = min(len(rows), cues.STRONGEST)
    note = w("cues.note", smallest=brief.queries.measures.smallest_pair, shown=w.number(shown), total=w.number(len(rows)))
    note += " " + w("cues.dated" if dated else "cues.undated")
    return Listing(w("cues.table", window=window), with_text(grid(titles, lines, text=2), w("column.areas")), data, brief.notes(note), "flags")


def _ends(row: Mapping[Any, Any]) -> tuple[str, ...]:
    source, target = sorted((str(row["domestic"]), str(row["foreign"])))
    return source, target, str(row["list_id"]), str(row["entry_id"])


def _listed_end(brief: Brief, row: Mapping[Any, Any]) -> str:
    """The listed institution; where the match came by lineage, what was matched and for whom."""
    entry, name = brief.entry(str(row["list_id"]), str(row["entry_id"])), brief.institution(str(row["foreign"]))
    if name.startswith(entry) or str(row["foreign"]) in {e.openalex for x in brief.watchlists for e in x.entry}:
        return name
    return brief.words("cell.lineage", name=name, entry=entry)


def _first(brief: Brief, areas: list[tuple[str, int]]) -> str:
    """The areas with most works; the CSV has all."""
    named = [f"{brief.words(f'area_short.{area}')}{NBSP}{works}" for area, works in areas[:AREAS_SHOWN]]
    return ", ".join([*named, *(["…"] if len(areas) > AREAS_SHOWN else [])]) or brief.words("format.missing")


def _areas_of_pairs(brief: Brief) -> dict[tuple[str, ...], list[tuple[str, int]]]:
    """For each flagged pair its EU-10 areas with their works, most works first."""
    rows = cues.cue_areas(brief.made, brief.queries)
    found: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for r in findings.each(rows):
        found.setdefault((r.source, r.target, r.list_id, r.entry_id), []).append((-r.size, AREAS.index(r.area_id)))
    return {k: [(AREAS[a], -n) for n, a in sorted(v)] for k, v in found.items()}


def _ric(brief: Brief, row: Mapping[Any, Any]) -> str:
    w = brief.words
    if np.isnan(row["ric"]):
        return w("format.missing")
    return w("cell.with_span", value=w.number(row["ric"], 1), span=w.span(row["ric_low"], row["ric_high"], 1))


def _turnover(brief: Brief) -> list[Text | Listing]:
    w = brief.words
    rows = cues.turnover(brief.made, brief.queries)
    before, after = (w.years(y) for y in (findings.window_before(brief.queries), findings.last_window(brief.queries)))
    if rows.empty:
        return [Text(w("turnover.none", before=before, after=after), "none")]
    counts = rows["kind"].value_counts()
    new, gone = (int(counts.get(k, 0)) for k in ("new", "vanished"))
    shown = rows.groupby("kind", sort=False).head(TURNOVER)
    lines = [[w(f"turnover.{r['kind']}"), brief.place(r["domestic"]), _listed_end(brief, r), w.number(r["works"])]
             for r in shown.to_dict("records")]  # fmt: skip
    titles = [w("column.kind"), w("column.domestic"), w("column.listed"), w("column.works")]
    data = rows.assign(domestic_name=[brief.display_name(i) for i in rows["domestic"]], foreign_name=[brief.display_name(i) for i in rows["foreign"]])
    lead = Text(w("turnover.lead", before=before, after=after, new=w.number(new), gone=w.number(gone)))
    note = w("turnover.note", most=TURNOVER)
    return [lead, Listing(w("turnover.table", before=before, after=after), grid(titles, lines, text=3), data, brief.notes(note), "flags")]


# -- technologies


def technologies(brief: Brief) -> Section:
    """What the works with listed institutions are about, beside those with the country group and all international ones."""
    w = brief.words
    rows = cues.area_profile(brief.made, brief.queries)
    window = w.years(findings.last_window(brief.queries))
    drawn = [t for t in brief.queries.technologies if t.enabled]
    if rows.empty or not rows["works"].sum() or not drawn:
        return Section("technologies", w("technologies.title"), (Text(w("technologies.none", window=window), "none"),))
    names = {s: w("technologies.series", series=brief.series_name(s), works=brief.count(rows.loc[rows["series"] == s, "total"].iloc[0]))
             for s in dict.fromkeys(rows["series"])}  # fmt: skip
    labels = {a: w(f"area.{a}") for a in AREAS}
    status = "; ".join(f"{brief.words.named(t)}, {w('technologies.version')} {t.version}: {t.status}" for t in drawn)
    era = _era(brief, {t.topic_model for t in drawn})
    chart = Chart(
        w("technologies.figure", window=window), w("technologies.alt", told=_largest(brief, rows, names, labels)), rows,
        draw=lambda narrow: figures.areas(rows, names, {a: w(f"area_short.{a}") for a in AREAS}, w, narrow=narrow),
        grid=_area_grid(brief, rows, labels), notes=brief.notes(w("technologies.note", confidence=brief.confidence)),
        statement="memberships",
    )  # fmt: skip
    return Section("technologies", w("technologies.title"), (
        Text(w("technologies.lead", window=window)), chart, Text(w("technologies.status", status=status), "note"),
        *([Text(era, "note")] if era else []),
    ))  # fmt: skip


def _area_grid(brief: Brief, rows: pd.DataFrame, labels: dict[str, str]) -> Grid:
    w, series = brief.words, list(dict.fromkeys(rows["series"]))
    cell = {(r.series, r.area_id): brief.count(r.works) if np.isnan(r.share) else w(
        "cell.count_share", works=w.number(r.works), share=w.percent(r.share, 1), span=w.percent_span(r.low, r.high, 1))
            for r in findings.each(rows)}  # fmt: skip
    lines = [[labels[a], *(cell[s, a] for s in series)] for a in AREAS]
    return grid([w("column.area"), *(brief.series_name(s) for s in series)], lines)


def _largest(brief: Brief, rows: pd.DataFrame, names: dict[str, str], labels: dict[str, str]) -> str:
    """For each series its largest area, for those who do not see the figure."""
    top = rows.sort_values(["share", "area_id"], ascending=[False, True], kind="stable").groupby("series", sort=False).head(1)
    largest = {str(r.series): (labels[r.area_id], r.share) for r in findings.each(top)}
    return "; ".join(f"{names[s]}: {largest[s][0]} {brief.words.percent(largest[s][1])}" for s in names)


def _era(brief: Brief, drafted: set[str]) -> str:
    """Topics of another era than the lists were drafted for: the assignment of a work may be another."""
    model = brief.about.topic_model
    if model in drafted and len(drafted) == 1:
        return ""
    return brief.words("technologies.unknown_era" if model == "unknown" else "technologies.other_era", model=model)


# -- centrality shifts


def shifts(brief: Brief) -> Section:
    """Whose share of the network changed between the windows of the last comparison, each with a verdict."""
    w = brief.words
    before, after = (w.years(p) for p in brief.queries.measures.comparisons[-1])
    rows = findings.shifts(brief.made, brief.queries)
    if rows.empty:
        return Section("shifts", w("shifts.title"), (Text(w("shifts.none", before=before, after=after), "none"),))
    counts = findings.verdicts(brief.made, brief.queries)
    told = w.listing([w("shifts.count", verdict=_verdict(brief, v), number=w.number(n)) for v in figures.VERDICTS if (n := counts.get(v))])
    lead = Text(w("shifts.lead", before=before, after=after, total=w.number(sum(counts.values())), told=told))
    chart, listing = _shift_chart(brief, rows, before, after), _shift_listing(brief, rows, before, after)
    return Section("shifts", w("shifts.title"), (Text(w("shifts.what")), lead, chart, listing, Text(w("shifts.rules"), "note")))


def _shift_chart(brief: Brief, rows: pd.DataFrame, before: str, after: str) -> Chart:
    w = brief.words
    drawn = rows[rows["drawn"]].reset_index(drop=True)
    named = [brief.place(i) for i in drawn["institution_id"]]
    clear = [f"{n}: {_verdict(brief, v)}" for n, v in zip(named, drawn["verdict"], strict=True) if v != "no clear change"]
    return Chart(
        w("shifts.figure", before=before, after=after, number=len(drawn)),
        w("shifts.alt", number=len(drawn), told="; ".join(clear) or w("shifts.alt_none")),
        drawn, draw=lambda narrow: figures.shifts(drawn, named, w, narrow=narrow),
        notes=brief.notes(w("shifts.note", before=before, after=after, confidence=brief.confidence)),
    )  # fmt: skip


def _shift_listing(brief: Brief, rows: pd.DataFrame, before: str, after: str) -> Listing:
    w = brief.words
    lines = [
        [brief.place(r["institution_id"]), w.percent(r["before"], 2), w.percent(r["after"], 2), _points(brief, r, ""),
         _points(brief, r, "_weighted"), _q(brief, r["q_value"]), w("cell.verdict", verdict=_verdict(brief, r["verdict"]), why=w(f"why.{r['why']}"))]
        for r in rows.to_dict("records")
    ]  # fmt: skip
    titles = [w("column.institution"), before, after, w("column.change_points", confidence=brief.confidence),
              w("column.weighted"), w("column.q"), w("column.verdict")]  # fmt: skip
    shown = with_text(grid(titles, lines), w("column.verdict"))
    data = rows.assign(name=[brief.display_name(i) for i in rows["institution_id"]])
    return Listing(w("shifts.table", before=before, after=after), shown, data, brief.notes(w("shifts.table_note")))


def _points(brief: Brief, row: Mapping[Any, Any], of: str) -> str:
    """A change of share in percentage points, with its interval."""
    w = brief.words
    change, low, high = (100 * row[f"{c}{of}"] for c in ("change", "low", "high"))
    return w("format.missing") if np.isnan(change) else w("cell.with_span", value=w.number(change, 2, sign=True), span=w.span(low, high, 2))


def _verdict(brief: Brief, verdict: str) -> str:
    return brief.words(f"verdict.{figures.slug(verdict)}")


def _q(brief: Brief, value: float) -> str:
    return brief.words("cell.below", number=brief.words.number(0.001, 3)) if value < 0.001 else brief.words.number(value, 3)


# -- the picture


def network(brief: Brief, picture: Figure | None, atlas: Atlas | None) -> Section:
    w = brief.words
    if picture is None:
        return Section("network", w("network.title"), (Text(w("network.none"), "none"),))
    window = w.years(findings.last_window(brief.queries))
    title = w("network.figure", home=brief.home, window=window)
    hyper = None if brief.is_public else findings.hyper_share(brief.made, brief.queries)
    apart = "" if hyper is None else w("network.hyper", limit=brief.queries.scope.max_institutions, share=w.percent(hyper, 1), window=window)
    rows = findings.strengths(brief.made, brief.queries)
    lines = [[w.number(r.rank), brief.place(r.institution_id), w.number(r.strength), w.span(r.low, r.high)] for r in findings.each(rows.head(STRONG))]
    titles = [w("column.rank"), w("column.institution"), w("column.strength"), w("column.interval", confidence=brief.confidence)]
    shown = with_text(grid(titles, lines), w("column.institution"))
    chart = Chart(title, w("network.alt", home=brief.home), pd.DataFrame() if brief.is_public else rows, still=picture, grid=shown if lines else None,
                  notes=brief.notes(w("network.note", home=brief.home), w("network.public") if brief.is_public else ""),
                  explorer=explore(brief, atlas) if atlas else None)  # fmt: skip
    return Section("network", w("network.title"), (Text(w("network.lead", home=brief.home)), chart, *([Text(apart)] if apart else [])))


# -- tests at policy dates


def events(brief: Brief) -> Section:
    """Steps of series at policy dates, with the power without which they mean nothing."""
    w = brief.words
    rows = findings.events(brief.made)
    if rows.empty:
        return Section("events", w("events.title"), (Text(w("events.none"), "none"),))
    known = {e.id: e for e in brief.queries.events.event}
    dated = {i: w("events.event", name=w.named(e), day=w.day(e.date)) for i, e in known.items()}
    lines = [
        [brief.series_name(r.series), dated.get(r.event_id, r.event_id), w(f"events.{r.method}_{r.period}"), w.number(r.lag),
         w.percent(r.step, sign=True), w.percent_span(r.step_low, r.step_high, sign=True), w.percent(r.slope, sign=True),
         w.number(r.pre_trend_p, 2), w.number(r.power, 2), _outcome(brief, r.step_low, r.step_high, r.power)]
        for r in findings.each(rows)
    ]  # fmt: skip
    titles = [w("column.series"), w("column.event"), w("column.test"), w("column.lag"), w("column.step"), w("column.interval", confidence=brief.confidence),
              w("column.slope"), w("column.pre_trend"), w("column.power"), w("column.reading")]  # fmt: skip
    shown = with_text(grid(titles, lines, text=3), w("column.reading"))
    tail = "_public" if brief.is_public else ""
    listing = Listing(w("events.table"), shown, rows, brief.notes(w(f"events.note{tail}")))
    least, most = (rows["works_needed"] / rows["dispersion"]).min(), rows["works_needed"].max()
    sees = w("events.sees", least=w.number(least), most=w.number(most))
    return Section("events", w("events.title"), (Text(w(f"events.lead{tail}")), Text(sees), listing, *_matches(brief, dated)))


def _matches(brief: Brief, dated: Mapping[str, str]) -> tuple[Listing, ...]:
    """Whom the listed institutions are compared with, and how alike they were before the date."""
    w, rows = brief.words, findings.matches(brief.made)
    if rows.empty:
        return ()
    lines = [
        [dated.get(r.event_id, r.event_id), brief.place(r.institution_id), w.number(r.works_before),
         w("events.alone") if pd.isna(r.control_id) else brief.place(r.control_id), w.number(r.control_works_before), w.number(r.field_distance, 2)]
        for r in findings.each(rows)
    ]  # fmt: skip
    titles = [w("column.event"), w("column.listed"), w("column.works_before"), w("column.compared"), w("column.works"), w("column.field_distance")]
    shown = with_text(grid(titles, lines, text=2), w("column.compared"))
    return (Listing(w("events.matches"), shown, rows, brief.notes(w("events.matches_note"))),)


def _outcome(brief: Brief, low: float, high: float, power: float) -> str:
    step = {"rose": "up", "fell": "down"}.get(findings.direction(low, high), "flat")
    return brief.words(f"events.{step}{'_weak' if power < LITTLE_POWER else ''}")
