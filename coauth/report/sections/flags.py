"""Section on review cues: the strongest flagged pairs, and those that are new, gone, grown or
shrunk between two periods.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from coauth.report.context import ReportContext
from coauth.report.data import flags, frames
from coauth.report.render.html import Listing, Section, Text, grid, with_text
from coauth.report.text import NBSP
from coauth.tables.schemas import AREAS

AREAS_SHOWN = 4
MOVES = ("new", "grown", "shrunk", "gone")


def flagged(context: ReportContext) -> Section:
    w = context.words
    rows = flags.cues(context.tables, context.queries)
    window = w.years(frames.last_window(context.queries))
    at_home = "_home" if context.lists_at_home else ""
    parts: list[Text | Listing] = [
        Text(w(f"cues.lead{at_home}")),
        Text(w("cues.lawful"), "caution"),
        *([Text(context.no_cues, "caution")] if context.no_cues else []),
    ]
    if rows.empty:
        parts.append(Text(w(f"cues.none{at_home}", window=window), "none"))
    else:
        top = rows.iloc[0]
        parts += [
            _strongest(context, rows, window),
            Text(w("cues.explain")),
            Text(_command(context, top.to_dict()), "command"),
        ]
    moved = flags.moved(context.tables, context.queries)
    facts = (
        {"pairs": len(rows)}
        | {kind: int((moved["kind"] == kind).sum()) for kind in MOVES}
        | {"compared": len(moved)}
    )
    return Section("cues", w("cues.title"), (*parts, *_moved(context, moved)), facts)


def _strongest(context: ReportContext, rows: pd.DataFrame, window: str) -> Listing:
    w = context.words
    years = [int(c.removeprefix("works_")) for c in rows.columns if re.fullmatch(r"works_\d+", c)]
    areas = _areas(context, rows)
    top = rows.head(flags.STRONGEST)
    dated = bool(
        top["works_listed"].notna().any()
    )  # a column of nothing but "unknown" is said in the note instead
    lines = [
        [
            *_ends(context, r),
            w.number(r["works"]),
            f",{NBSP}".join(w.number(r[f"works_{y}"]) for y in years),
            str(r["first_year"]),
            _first(context, areas.iloc[n]),
            _ric(context, r),
            *(
                [w("cues.unknown") if np.isnan(r["works_listed"]) else w.number(r["works_listed"])]
                if dated
                else []
            ),
        ]
        for n, r in enumerate(top.to_dict("records"))
    ]
    area_title = w("column.areas", mark=context.mark_of(AREAS))
    titles = [
        *_titles(context),
        w("column.works"),
        ", ".join(map(str, years)),
        w("column.first_year"),
        area_title,
        w("column.ric", confidence=context.confidence),
        *([w("column.works_listed")] if dated else []),
    ]
    data = (
        _named(context, rows)
        .join(areas.add_prefix("works_"))
        .assign(
            command=[_command(context, r) for r in rows.to_dict("records")],
        )
    )
    shown = w.number(min(len(rows), flags.STRONGEST))
    note = w(
        f"cues.note{'_home' if context.lists_at_home else ''}",
        smallest=w.number(context.queries.measures.smallest_pair),
        shown=shown,
        total=w.number(len(rows)),
    )
    note += (
        " "
        + w("cues.dated" if dated else "cues.undated")
        + (f" {w('technologies.no_topics')}" if "topics" in context.about.lacking else "")
    )
    return Listing(
        w("cues.table", window=window),
        with_text(grid(titles, lines, text=2), area_title),
        data,
        context.notes(note),
        "flags",
    )


def _command(context: ReportContext, pair: Mapping[Any, Any]) -> str:
    """What lists exactly the works of a pair's row."""
    first, last = frames.last_window(context.queries)
    return f"coauth explain {pair['domestic']} {pair['foreign']} --year {first}-{last}"


def _named(context: ReportContext, rows: pd.DataFrame) -> pd.DataFrame:
    names = {
        f"{end}_name": [context.display_name(i) for i in rows[end]]
        for end in ("domestic", "foreign")
    }
    return rows.assign(**names)


def _titles(context: ReportContext) -> list[str]:
    return [
        context.words("column.domestic"),
        context.words("column.foreign" if context.lists_at_home else "column.listed"),
    ]


def _ends(context: ReportContext, row: Mapping[Any, Any]) -> list[str]:
    """The domestic and the listed institution; where institutions of a list are at home, both ends,
    with what the listed one is listed as.
    """
    if not context.lists_at_home:
        return [context.place(row["domestic"]), _listed_end(context, row)]
    said = context.words(
        "cell.listed_as", entry=context.entry(str(row["list_id"]), str(row["entry_id"]))
    )
    on = frames.frame(context.tables, "listed", ["institution_id", "list_id", "entry_id"])
    listed = set(
        on.loc[
            (on["list_id"] == row["list_id"]) & (on["entry_id"] == row["entry_id"]),
            "institution_id",
        ]
    )
    return [
        f"{context.place(row[end])} {said}" if row[end] in listed else context.place(row[end])
        for end in ("domestic", "foreign")
    ]


def _listed_end(context: ReportContext, row: Mapping[Any, Any]) -> str:
    """The listed institution; where the match came by lineage, what was matched and for whom."""
    entry, name = (
        context.entry(str(row["list_id"]), str(row["entry_id"])),
        context.institution(str(row["foreign"])),
    )
    if name.startswith(entry) or str(row["foreign"]) in {
        e.openalex for x in context.watchlists for e in x.entry
    }:
        return name
    return context.words("cell.lineage", name=name, entry=entry)


def _areas(context: ReportContext, rows: pd.DataFrame) -> pd.DataFrame:
    """Pair (as `rows`) × EU-10 area: works."""
    found = {
        (r.source, r.target, r.list_id, r.entry_id, r.area_id): r.size
        for r in frames.each(flags.cue_areas(context.tables, context.queries))
    }
    pairs = [
        (*sorted((str(r.domestic), str(r.foreign))), r.list_id, r.entry_id)
        for r in frames.each(rows)
    ]
    return pd.DataFrame(
        [[found.get((*pair, area), 0) for area in AREAS] for pair in pairs],
        columns=list(AREAS),
        index=rows.index,
    )


def _first(context: ReportContext, works: pd.Series[Any]) -> str:
    """The areas with most works; the CSV has all."""
    most = works[works > 0].sort_values(ascending=False, kind="stable")
    named = [
        f"{context.area(str(area), short=True, among=AREAS)}{NBSP}{context.words.number(n)}"
        for area, n in most.head(AREAS_SHOWN).items()
    ]
    return ", ".join([*named, *(["…"] if len(most) > AREAS_SHOWN else [])]) or context.words(
        "format.missing"
    )


def _ric(context: ReportContext, row: Mapping[Any, Any]) -> str:
    w = context.words
    if np.isnan(row["ric"]):
        return w("format.missing")
    return w(
        "cell.with_span",
        value=w.number(row["ric"], 1),
        span=w.span(row["ric_low"], row["ric_high"], 1),
    )


# -- between two periods


def _moved(context: ReportContext, rows: pd.DataFrame) -> list[Text | Listing]:
    w = context.words
    before, after = (
        w.years(y)
        for y in (frames.window_before(context.queries), frames.last_window(context.queries))
    )
    told = rows[rows["kind"].isin(MOVES)]
    if not flags.compared(context.queries):
        return []
    if told.empty:
        return [Text(w("moved.none", before=before, after=after), "none")]
    counts = {kind: w.number((rows["kind"] == kind).sum()) for kind in MOVES}
    shown = pd.concat([told[told["kind"] == kind].head(flags.MOVED) for kind in MOVES])
    lines = [
        [
            w(f"moved.{r['kind']}"),
            *_ends(context, r),
            w.number(r["before"]),
            w.number(r["after"]),
            _change(context, r),
        ]
        for r in shown.to_dict("records")
    ]
    titles = [
        w("column.kind"),
        *_titles(context),
        before,
        after,
        w("column.change_interval", confidence=context.confidence),
    ]
    lead = Text(w("moved.lead", before=before, after=after, total=w.number(len(rows)), **counts))
    note = w(
        "moved.note",
        most=w.number(flags.MOVED),
        start=frames.window_before(context.queries)[0],
        rate=w.percent(context.queries.measures.false_discovery_rate),
        dispersion=w.number(rows["dispersion"].iloc[0], 1),
    )
    table = grid(titles, lines, text=3, keys=list(shown.index))
    return [
        lead,
        Listing(
            w("moved.table", before=before, after=after),
            table,
            _named(context, rows),
            context.notes(note),
            "flags",
        ),
    ]


def _change(context: ReportContext, row: Mapping[Any, Any]) -> str:
    """Of a pair that is there on both sides its change; of another only whether it is new or gone
    beyond chance.
    """
    w = context.words
    if np.isnan(row["ratio"]):
        return w("moved.beyond") if row["beyond"] else w("format.missing")
    return w(
        "cell.with_span",
        value=w.percent(row["ratio"], sign=True),
        span=w.percent_span(row["low"], row["high"], sign=True),
    )
