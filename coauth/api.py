"""The verbs of the command line, from Python. They are called as `coauth.rebuild(…)`,
`coauth.tables(…)`, `coauth.graph(…)`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd

from coauth import network as stage
from coauth import pipeline
from coauth.errors import NotFound


def rebuild(
    root: str | Path = ".",
    *,
    sample: bool = False,
    records: str | Path | None = None,
    key: str | None = None,
    url: str | None = None,
    wait: bool = False,
    statbank: str | None = None,
) -> dict[str, Path]:
    """Harvest what is missing, build every table, write the exports and the report; returns the
    paths by name.

    The source is OpenAlex with `key` (or another address of its API, `url`), the records at a path,
    or with `sample` a synthetic world. PhD totals come from StatBank (or its API at `statbank`),
    unless the sample is asked for. Safe to run again after any interruption. Raises `CoauthError`
    for anything a user can cure.
    """
    project = pipeline.Project(Path(root))
    kind = "sample" if sample else "files" if records else "api"
    source = pipeline.Source(kind, path=Path(records) if records else None, key=key, url=url)
    today = datetime.now(UTC).date()
    vintage = pipeline.harvest(project, source, today=today, wait=wait)
    pipeline.build(project, vintage)
    pipeline.fetch_totals_once(project, vintage, today=today, url=statbank)
    return pipeline.quarter(project, vintage)


def audit(*, root: str | Path = ".", vintage: str | None = None) -> dict[str, pd.DataFrame]:
    """What affiliation strings name and no institution was matched to, of a vintage built or not:
    `years`, and `institutions` (domestic and listed) by year; the columns are those of
    `AUDIT_YEARS` and `AUDIT` in `coauth.tables`.

    Read from the pages, and kept with a complete vintage. Raises `NotFound` where there is no such
    vintage, or none of its pages.
    """
    project = pipeline.Project(Path(root))
    chosen = project.cache.find(vintage) if vintage else project.cache.newest()
    made = pipeline.audit(project, chosen)
    if made is None:
        raise NotFound(f"no page of vintage {chosen.name} is there yet; run `coauth harvest`")
    return {name: table.to_pandas() for name, table in made._asdict().items()}


def tables(name: str, *, root: str | Path = ".", vintage: str | None = None) -> pd.DataFrame:
    """A table of a built vintage, the newest complete one by default; the module `coauth.tables`
    holds the contracts.

    Raises `NotFound` naming what there is.
    """
    frame: pd.DataFrame = pipeline.Project(Path(root)).cache.find(vintage).read(name).to_pandas()
    return frame


def graph(
    window: tuple[int, int] | None = None,
    *,
    root: str | Path = ".",
    vintage: str | None = None,
    **filters: Any,
) -> nx.Graph:
    """The network of a window of years, all by default; edges carry `weight` (larger is closer) and
    `distance`.

    Filters are those of `coauth export`: flagged, domestic, min_weight, top, ego, backbone
    ("projection" or "disparity"), unit ("country", "group") and profile ("public"); `counting`
    (newman, full, strict, author) is the rule behind the weight, that of `queries/measures.toml` by
    default.
    """
    project = pipeline.Project(Path(root))
    return stage.to_networkx(
        pipeline.network(project, project.cache.find(vintage), years=window, **filters)
    )
