"""coauth watches a country's international research collaboration.

    queries/  ─►  cache/<vintage>/pages  ─►  cache/<vintage>/tables  ─►  reports/<quarter>
    what we ask     what we were answered      what it comes to            what we found

The verbs of the command line, from Python:

    import coauth
    coauth.rebuild(".", sample=True)                    # harvest, build, export, report
    coauth.tables("edges", root=".")                    # a pandas DataFrame
    coauth.graph(window=(2022, 2024), root=".")         # a networkx.Graph

Flags are review cues: a co-publication is lawful and often wanted, and the absence of a flag is no clearance.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coauth.errors import CoauthError

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

__all__ = ["CoauthError", "__version__", "graph", "rebuild", "report", "tables"]
__version__ = version("coauth")


def rebuild(
    root: str | Path = ".",
    *,
    sample: bool = False,
    records: str | Path | None = None,
    key: str | None = None,
    url: str | None = None,
    wait: bool = False,
) -> dict[str, Path]:
    """Harvest what is missing, build every table, write the exports and the report; returns the paths by name.

    The source is OpenAlex with `key` (or another address of its API, `url`), the records at a path, or with `sample` a
    synthetic world. Safe to run again after any interruption. Raises `CoauthError` for anything a user can cure.
    """
    from coauth import pipeline, publish  # noqa: PLC0415  importing coauth stays cheap

    project = pipeline.Project(Path(root))
    kind = "sample" if sample else "files" if records else "api"
    source = pipeline.Source(kind, path=Path(records) if records else None, key=key, url=url)
    vintage = pipeline.harvest(project, source, today=datetime.now(UTC).date(), wait=wait)
    pipeline.build(project, vintage)
    return publish.quarter(project, vintage)


def report(root: str | Path = ".", quarter: str | None = None, *, language: str = "en") -> dict[str, Path]:
    """Write the report of the newest complete vintage of a quarter ("2026Q4"); returns the paths by name."""
    from coauth import pipeline, publish  # noqa: PLC0415

    project = pipeline.Project(Path(root))
    return publish.quarter(project, project.cache.find(quarter=quarter), languages=(language,))


def tables(name: str, *, root: str | Path = ".", vintage: str | None = None) -> pd.DataFrame:
    """A table of a built vintage (the newest complete one by default); `coauth.tables` holds the contracts.

    Raises `NotFound` naming what there is.
    """
    from coauth import pipeline  # noqa: PLC0415

    frame: pd.DataFrame = pipeline.Project(Path(root)).cache.find(vintage).read(name).to_pandas()
    return frame


def graph(window: tuple[int, int] | None = None, *, root: str | Path = ".", vintage: str | None = None, **filters: Any) -> nx.Graph:
    """The network of a window of years as `networkx.Graph`, edges with both `weight` (strength) and `distance`.

    Filters are those of `coauth export`: flagged, domestic, min_weight, top, ego, backbone.
    """
    from coauth import graph as stage  # noqa: PLC0415
    from coauth import pipeline, publish  # noqa: PLC0415

    project = pipeline.Project(Path(root))
    return stage.to_networkx(publish.network(project, project.cache.find(vintage), years=window, **filters))
