"""The quarterly report: tables -> one page in a language, for the screen and on paper, with a
picture, a CSV and a statement behind every number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from coauth.errors import QueryError
from coauth.network.model import Network
from coauth.queries import Queries
from coauth.report.explorer import Atlas
from coauth.report.text import Words
from coauth.report.vintage_info import About
from coauth.storage import atomic
from coauth.tables.contract import MARK
from coauth.tables.schemas import Tables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["About", "Atlas", "build", "legend", "name_nodes"]


def legend(language: str) -> dict[str, str]:
    """What the classes of `coauth.network.model.GROUPS` are called in a language, for the picture that is
    handed to `build`.
    """
    words = Words(language)
    return {
        key.removeprefix("legend."): text
        for key, text in words.entries.items()
        if key.startswith("legend.")
    }


def name_nodes(network: Network, language: str, queries: Queries, *, synthetic: bool) -> Network:
    """The network with its nodes called as a language calls them, for the same picture."""
    words, nodes = Words(language), network.nodes
    rows = nodes.select(["institution_id", "label", "ror"]).to_pylist()
    said = [
        words.institution(
            r["institution_id"], r["label"], r["ror"], queries.watchlists, synthetic=synthetic
        )
        for r in rows
    ]
    return replace(
        network,
        nodes=nodes.set_column(
            nodes.column_names.index("label"), "label", pa.array(said, pa.string())
        ),
    )


def build(
    tables: Tables,
    folder: Path,
    *,
    queries: Queries,
    about: About,
    language: str,
    picture: Figure | None = None,
    atlas: Atlas | None = None,
    links: Mapping[str, str] | None = None,
) -> list[Path]:
    """Write `report.html` and `report.pdf` (language `en`; `report.da.html` …) with figures/ and
    tables/ into `folder`; returns the files.

    The page comes first, then the PDF. They load nothing and hold no path; `links` (format -> file
    name beside the page) are listed in them. `picture` is the
    network, drawn elsewhere, and `atlas` what a reader may walk through on top of it. Same tables, queries
    and `about`: same bytes. Raises `NotFound` for a language without words, `QueryError` for a
    scope of every country.
    """
    if queries.scope.everywhere:
        raise QueryError(
            'the report sets a country against the rest of the world, and with countries = ["*"] there is no rest: '
            "name countries in queries/scope.toml, or read the tables (`coauth sql`) and `coauth export`"
        )
    # loaded by who draws, and not by everyone who asks: matplotlib and typst take a second
    from coauth.report.render import pdf  # noqa: PLC0415
    from coauth.report.render.html import Writer  # noqa: PLC0415
    from coauth.report.sections import compose  # noqa: PLC0415

    words = Words(language, valued=True)
    folder.mkdir(parents=True, exist_ok=True)
    counts = about.counts if about.rounding else ""
    writer = Writer(folder, words, queries.sql, synthetic=about.synthetic, counts=counts)
    name = "report" if language == "en" else f"report.{language}"
    web, paper = folder / f"{name}.html", folder / f"{name}.pdf"
    page = compose(
        tables,
        queries,
        about,
        words,
        picture,
        atlas,
        {"pdf": paper.name} | dict(links or {}),
    )
    sections = writer.draw(page)
    printed = pdf.typeset(
        page, sections, words, day=about.as_of, mark=MARK if about.synthetic else ""
    )
    atomic.write({web: writer.html(page, sections).encode(), paper: printed}, atomic.ADVICE)
    return [web, paper, *writer.paths]
