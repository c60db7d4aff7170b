"""The quarterly report: tables -> one page in a language, with a picture, a CSV and a statement behind every number."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
from matplotlib.figure import Figure

from coauth.queries import Queries
from coauth.report.about import About
from coauth.report.explorer import Atlas
from coauth.report.findings import Change
from coauth.report.page import Writer
from coauth.report.sections import compose
from coauth.report.text import Words

__all__ = ["About", "Atlas", "build", "legend"]


def legend(language: str) -> dict[str, str]:
    """What the classes of `coauth.network.GROUPS` are called in a language, for the picture that is handed to `build`."""
    words = Words(language)
    return {key.removeprefix("legend."): text for key, text in words.entries.items() if key.startswith("legend.")}


def build(
    made: Mapping[str, pa.Table],
    folder: Path,
    *,
    queries: Queries,
    about: About,
    language: str,
    change: Change,
    picture: Figure | None = None,
    atlas: Atlas | None = None,
    links: Mapping[str, str] | None = None,
) -> list[Path]:
    """Write `report.html` (language `en`) or `report.da.html` with figures/ and tables/ into `folder`; returns the files.

    The page comes first. It loads nothing and holds no path; `links` (format -> file name beside the page) are listed in
    it. `change(before, after, confidence)` is `coauth.copublications.change`; `picture` the network, drawn elsewhere,
    and `atlas` what a reader may walk through on top of it.
    Same tables, queries and `about`: same bytes. Raises `NotFound` for a language without words.
    """
    words = Words(language)
    folder.mkdir(parents=True, exist_ok=True)
    writer = Writer(folder, words, queries.sql, synthetic=about.synthetic)
    html = writer.render(compose(made, queries, about, words, change, picture, atlas, links or {}))
    page = folder / ("report.html" if language == "en" else f"report.{language}.html")
    page.write_text(html, "utf-8")
    return [page, *writer.paths]
