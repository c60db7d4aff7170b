"""What the DFIR brief no. 56 (2025) states in words of its figures, beside the same question asked of these data.

The brief rests on another database, and the numbers printed inside its figures are not in its text: directions are
compared, levels are not. Of another country, or of invented works, it says nothing.
"""

from __future__ import annotations

import pandas as pd

from coauth.report import findings
from coauth.report.brief import Brief
from coauth.report.page import Listing, grid, with_text

STATED = (
    ("china", "china", 2020, 2023, "rose"),
    ("russia", "russia", 2020, 2023, "fell"),
    ("iran", "iran", 2020, 2023, "fell"),
    ("miit_level", "list:miit", 2019, 2023, "unclear"),
    ("miit_fall", "list:miit", 2022, 2023, "fell"),
)
"""Word of the statement, series, years compared, and what the change would have to be; `unclear`: the same level."""


def beside_dfir(brief: Brief) -> Listing | None:
    """The statements as a table; None where they do not apply or no series is there."""
    if "DK" not in brief.queries.scope.countries or brief.about.synthetic:
        return None
    w = brief.words
    rows, lines = [], []
    for statement, series, first, last, stated in STATED:
        works = findings.series(brief.made, series, brief.queries).set_index("year")["works"]
        if first not in works.index or last not in works.index or works[[first, last]].isna().any():
            continue
        found = brief.change(int(works[first]), int(works[last]), brief.queries.measures.confidence)
        seen = findings.direction(found.low, found.high)
        rows.append((statement, series, first, last, found.before, found.after, found.ratio, found.low, found.high, stated, seen))
        change = w("change.none") if found.ratio is None else w(
            "change.short", change=w.percent(found.ratio, sign=True), span=w.percent_span(found.low, found.high, sign=True))  # fmt: skip
        lines.append([w(f"reference.{statement}"), f"{first}: {w.number(found.before)}", f"{last}: {w.number(found.after)}", change,
                      w(f"reference.{_agreement(stated, seen)}")])  # fmt: skip
    if not rows:
        return None
    columns = ["statement", "series", "first_year", "last_year", "before", "after", "ratio", "low", "high", "stated", "seen"]
    titles = [w("reference.column"), w("column.works"), w("column.works"), w("column.change"), w("column.reading")]
    return Listing(
        w("reference.table"), with_text(grid(titles, lines), w("column.reading")), pd.DataFrame(rows, columns=columns),
        brief.notes(w("reference.note")), "copublications",
    )  # fmt: skip


def _agreement(stated: str, seen: str) -> str:
    if stated == seen:
        return "compatible" if stated == "unclear" else "agrees"
    return "open" if seen in ("unclear", "unknown") else "differs"
