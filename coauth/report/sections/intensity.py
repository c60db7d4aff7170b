"""Section on how intensely universities and their partners collaborate: the heat map of RIC."""

from __future__ import annotations

import textwrap

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from coauth.report.context import ReportContext
from coauth.report.data import frames
from coauth.report.render.charts import GREY, INK, PALE, canvas, styled
from coauth.report.render.html import Chart, Section, Text, grid
from coauth.report.text import Words

HOME = 8
"""Domestic universities shown, the largest."""
OTHERS = 8
"""Partners on no list shown beside the listed ones: the most frequent of the listed ones'
countries.
"""
REACH = 3.0
"""log2 of the ratio at which the colour is full: eight times as often, or as seldom."""


def pairs(context: ReportContext) -> pd.DataFrame:
    """PAIRS of the last window between the largest domestic universities and the listed
    institutions, and others of their countries.

    Where nothing is listed, the most frequent partners of any country. Listed ones come before
    others, both by works shown.
    """
    tables, window = context.tables, frames.last_window(context.queries)
    rows = frames.frame(tables, "pairs")
    rows = rows[(rows["first_year"] == window[0]) & (rows["last_year"] == window[1])]
    places = frames.frame(
        tables, "institutions", ["institution_id", "country_code", "type", "is_domestic", "works"]
    )
    home = places[
        places["is_domestic"].astype(bool) & places["institution_id"].isin(rows["source"])
    ]
    home = home[home["type"] == "education"] if (home["type"] == "education").any() else home
    universities = (
        home.sort_values(["works", "institution_id"], ascending=[False, True])["institution_id"]
        .head(HOME)
        .tolist()
    )
    rows = rows[rows["source"].isin(universities)]
    listed = set(frames.frame(tables, "listed", ["institution_id"])["institution_id"]) & set(
        rows["target"]
    )
    countries = places.set_index("institution_id")["country_code"]
    near = rows[
        ~rows["target"].isin(listed)
        & (rows["target"].map(countries).isin(countries.reindex(sorted(listed))) | (not listed))
    ]
    beside = _by_works_shown(near).head(OTHERS).index.tolist()
    order = [*_by_works_shown(rows[rows["target"].isin(listed)]).index, *beside]
    rows = rows[rows["target"].isin(order)].rename(
        columns={"source": "domestic", "target": "partner"}
    )
    rows = rows.assign(
        listed=rows["partner"].isin(listed),
        row=rows["partner"].map(order.index),
        column=rows["domestic"].map(universities.index),
    )
    rows = rows.sort_values(["row", "column"]).drop(columns=["row", "column"])
    rows["apart_from_1"] = (rows["ric_low"] > 1) | (rows["ric_high"] < 1)
    return rows.reset_index(drop=True)


def _by_works_shown(rows: pd.DataFrame) -> pd.Series[int]:
    return rows.groupby("target")["works"].sum().sort_values(ascending=False, kind="stable")


def intensity(context: ReportContext) -> Section:
    w, rows = context.words, pairs(context)
    window = w.years(frames.last_window(context.queries))
    if rows.empty:
        return Section(
            "intensity", w("intensity.title"), (Text(w("intensity.none", window=window), "none"),)
        )
    across, down = (
        {i: context.institution(i) for i in dict.fromkeys(rows[end])}
        for end in ("domestic", "partner")
    )
    across = {i: across[i] for i in _by_works(context, list(across))}
    sure = rows[rows["apart_from_1"]]
    told = {
        "pairs": len(rows),
        "more": int((sure["ric"] > 1).sum()),
        "less": int((sure["ric"] < 1).sum()),
        "open": len(rows) - len(sure),
    }
    lines = [
        [
            down[r.partner],
            across[r.domestic],
            w.number(r.works),
            w.number(r.ric, 2),
            w.span(r.ric_low, r.ric_high, 2),
            w.number(r.expected, 1),
            w.number(r.null_z, 1, sign=True),
            context.q(r.q_value),
        ]
        for r in frames.each(rows)
    ]
    titles = [
        w("column.partner"),
        w("column.domestic"),
        w("column.works"),
        w("column.ric_short"),
        w("column.interval", confidence=context.confidence),
        w("column.expected"),
        w("column.z"),
        w("column.q"),
    ]
    named = {
        f"{end}_name": [context.display_name(i) for i in rows[end]]
        for end in ("domestic", "partner")
    }
    counts = {name: w.number(n) for name, n in told.items()}
    chart = Chart(
        w("intensity.figure", window=window),
        w("intensity.alt", **counts),
        rows.assign(**named),
        draw=lambda narrow: _draw(rows, across, down, w.bare, narrow=narrow),
        grid=grid(titles, lines, text=2),
        notes=context.notes(
            w(
                "intensity.note" if rows["listed"].any() else "intensity.note_unlisted",
                confidence=context.confidence,
                smallest=w.number(context.queries.measures.smallest_pair),
            )
        ),
    )
    return Section(
        "intensity",
        w("intensity.title"),
        (Text(w("intensity.lead", home=context.home)), Text(w("intensity.told", **counts)), chart),
        told,
    )


def _by_works(context: ReportContext, ids: list[str]) -> list[str]:
    works = frames.frame(context.tables, "institutions", ["institution_id", "works"]).set_index(
        "institution_id"
    )["works"]
    return sorted(ids, key=lambda i: (-int(works[i]), i))


@styled
def _draw(
    rows: pd.DataFrame, across: dict[str, str], down: dict[str, str], words: Words, *, narrow: bool
) -> Figure:
    """Colour only where the interval excludes 1; the number always."""
    figure = canvas(narrow, 0.7 + (0.34 if narrow else 0.25) * len(down))
    axis = figure.subplots()
    norm = TwoSlopeNorm(0, -REACH, REACH)
    colours = mpl.colormaps["PuOr_r"]  # purple: less often; orange: more often; told apart by all
    top, height = (
        (-0.1, 0.52) if narrow else (-0.44, 0.88)
    )  # on a phone the name stands above the row
    told = []
    for r in frames.each(rows):
        x, y = list(across).index(r.domestic), list(down).index(r.partner)
        shade = colours(norm(np.clip(np.log2(r.ric), -REACH, REACH))) if r.apart_from_1 else "white"
        axis.add_patch(
            Rectangle(
                (x - 0.47, y + top),
                0.94,
                height,
                facecolor=shade,
                edgecolor="none" if r.apart_from_1 else PALE,
                linewidth=0.6,
            )
        )
        if np.isnan(r.ric):
            continue
        dark = r.apart_from_1 and abs(np.log2(r.ric)) > 0.62 * REACH
        axis.text(
            x,
            y + top + height / 2,
            words.number(r.ric, 1),
            ha="center",
            va="center",
            fontsize=5.8 if narrow else 6.8,
            color="white" if dark else INK if r.apart_from_1 else GREY,
        )
        span = words(
            "cell.with_span",
            value=words.number(r.ric, 2),
            span=words.span(r.ric_low, r.ric_high, 2),
        )
        told.append(
            (
                x,
                y + top + height / 2,
                words("figure.point", series=down[r.partner], at=across[r.domestic], value=span),
            )
        )
    figure.trace(
        axis,
        words("column.ric_short"),
        GREY,
        [t[0] for t in told],
        [t[1] for t in told],
        [t[2] for t in told],
        [],
    )
    axis.set_xlim(-0.5, len(across) - 0.5)
    axis.set_ylim(len(down) - 0.4, -0.5)
    axis.set_xticks(
        range(len(across)),
        [textwrap.fill(n, 11 if narrow else 14) for n in across.values()],
        fontsize=5 if narrow else 6.2,
    )
    axis.xaxis.tick_top()
    axis.set_yticks(
        [] if narrow else range(len(down)),
        [] if narrow else [textwrap.fill(n, 50) for n in down.values()],
        fontsize=6.6,
    )
    listed = set(rows.loc[rows["listed"], "partner"])
    weights = ["bold" if partner in listed else "normal" for partner in down]
    for n, (name, weight) in enumerate(zip(down.values(), weights, strict=True)):
        if narrow:
            axis.text(-0.47, n - 0.14, name, fontsize=6.2, va="bottom", fontweight=weight)
        else:
            axis.get_yticklabels()[n].set_fontweight(weight)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    return figure
