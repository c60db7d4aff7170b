"""An answer as a file: CSV (also for a Danish Excel), XLSX, Parquet, Markdown, or a chart."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from coauth.count import words
from coauth.count.answer import Answer
from coauth.count.question import AXES
from coauth.count.words import Labels
from coauth.errors import NotFound
from coauth.report.text import slug
from coauth.tables.contract import MARK
from coauth.tables.escape import spreadsheet

SEPARATORS = {"da": (";", ",")}
"""Of columns and decimals, where a spreadsheet of a language does not read the usual ones."""


def with_names(rows: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """The rows with a name before every id, verdicts in words, and the mark of the synthetic world in
    a column of its own.
    """
    told = rows.copy()
    for axis in [a for a in AXES if a in rows]:
        place = list(told.columns).index(axis)
        told.insert(place, f"{axis}_name", [labels(axis, v) for v in rows[axis]])
    if "why" in told:
        w = labels.words
        told["why"] = [w(f"why.{v}") if v else "" for v in rows["why"]]
        told["verdict"] = [
            w.word_or(f"verdict.{slug(v)}", w("count.too_few")) for v in rows["verdict"]
        ]
    return told.assign(notice=MARK) if labels.about.synthetic else told


def with_titles(rows: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """The same with the titles of columns in words."""
    return rows.rename(
        columns={
            name: labels.column(name.removesuffix("_name"))
            if name.endswith("_name")
            else labels.words("count_column.id", of=labels.column(name))
            if name in AXES
            else labels.column(name)
            for name in rows.columns
        }
    )


def csv(answer: Answer, labels: Labels, excel: str = "") -> bytes:
    """The rows; of a question about drivers these. For the Excel of a language with its separators,
    decimal sign and titles, and a mark by which it knows UTF-8.
    """
    rows = spreadsheet(with_names(answer.main, labels))
    if not excel:
        return rows.to_csv(index=False, lineterminator="\n").encode()
    column, decimal = SEPARATORS.get(excel, (",", "."))
    text = with_titles(rows, labels).to_csv(index=False, sep=column, decimal=decimal)
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8-sig")


def xlsx(answer: Answer, labels: Labels) -> bytes:
    """A sheet of rows, one of drivers, one of notes: numbers as numbers, shares as percentages, the
    header frozen; no text is read as a formula.
    """
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415  only for this

    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "nan_inf_to_errors": False,
        },
    )
    book.set_properties({"title": words.title(answer, labels), "created": labels.about.day})
    bold, percent, plain = (
        book.add_format(f)
        for f in (
            {"bold": True, "text_wrap": True},
            {"num_format": "0.0%"},
            {"num_format": "#,##0.0"},
        )
    )
    sheets = {labels.words("count.answer"): answer.rows}
    if answer.drivers is not None:
        sheets[labels.words("count.drivers").partition(":")[0]] = answer.drivers
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        told = with_names(rows, labels)
        for place, (key, title) in enumerate(zip(told, with_titles(told, labels), strict=True)):
            sheet.write_string(0, place, title, bold)
            form = percent if _is_share(key) else plain if told[key].dtype.kind == "f" else None
            for row, value in enumerate(told[key], 1):
                _write(sheet, row, place, value, None if key in ("p_value", "q_value") else form)
        sheet.freeze_panes(1, sum(a in rows for a in AXES) * 2)
        sheet.autofilter(0, 0, len(told), len(told.columns) - 1)
        sheet.set_column(0, len(told.columns) - 1, 16)
    sheet = book.add_worksheet(labels.words("count.notes"))
    sheet.set_column(0, 0, 12)
    sheet.set_column(1, 1, 120)
    notes = [("", words.title(answer, labels)), *(("", n) for n in words.notes(answer, labels))]
    for row, (name, text) in enumerate([*notes, *words.sources(answer, labels)]):
        sheet.write_string(row, 0, name, bold)
        sheet.write_string(row, 1, text)
    book.close()
    return out.getvalue()


def _is_share(key: Any) -> bool:
    return any(part in key for part in ("share", "coverage", "change", "weighted")) or key == "part"


def _write(sheet: Any, row: int, column: int, value: Any, form: Any) -> None:
    if isinstance(value, str):
        sheet.write_string(row, column, value)
    elif isinstance(value, bool | np.bool_):
        sheet.write_boolean(row, column, bool(value))
    elif not pd.isna(value):
        sheet.write_number(row, column, value, form)


def parquet(answer: Answer, labels: Labels) -> bytes:
    """The rows, with what is to be said of them in the file's metadata."""
    told = pa.Table.from_pandas(with_names(answer.main, labels), preserve_index=False)
    about = {"title": words.title(answer, labels), "notes": "\n".join(words.notes(answer, labels))}
    about |= {name: text for name, text in words.sources(answer, labels) if name != "OpenAlex"}
    sink = pa.BufferOutputStream()
    pq.write_table(told.replace_schema_metadata(about), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def drawing(answer: Answer, labels: Labels) -> bytes:
    from coauth.count import chart  # noqa: PLC0415  matplotlib takes a second

    return chart.svg(answer, labels)


def pixels(answer: Answer, labels: Labels) -> bytes:
    from coauth.count import chart  # noqa: PLC0415

    return chart.png(answer, labels)


def markdown(answer: Answer, labels: Labels) -> bytes:
    return words.markdown(answer, labels).encode()


FORMS: dict[str, Callable[[Answer, Labels], bytes]] = {
    ".csv": csv,
    ".xlsx": xlsx,
    ".parquet": parquet,
    ".md": markdown,
    ".svg": drawing,
    ".png": pixels,
}
"""Each kind of file by the end of its name."""


def content(answer: Answer, labels: Labels, path: Path, excel: str = "") -> bytes:
    """What a file of this name holds. Raises `NotFound` for a name that says no kind of file."""
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise NotFound(f"{path}: no kind of file; end it with one of {', '.join(FORMS)}")
    return csv(answer, labels, excel) if form is csv else form(answer, labels)
