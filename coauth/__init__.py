"""coauth watches a country's international research collaboration.

    queries/  ─►  cache/<vintage>/pages  ─►  cache/<vintage>/tables  ─►  reports/<quarter>
    what we ask     what we were answered      what it comes to            what we found

The rooms, from what all others may import to what imports them; stages never import each other:

    in common          errors, progress, queries, tables
    records            openalex, storage
    ways to count      engine, stats
    answers to rows    sources, stages, network, review, public
    to readers         export, report, count
    all in order       pipeline, api, cli

The verbs of the command line, from Python:

    import coauth
    coauth.rebuild(".", sample=True)                    # harvest, build, export, report
    coauth.tables("edges", root=".")                    # a pandas DataFrame
    coauth.count("DTU", "China", by="year", root=".")     # works, shares, intervals, coverage
    coauth.graph(window=(2022, 2024), root=".")           # a networkx.Graph
    help(coauth.api)                                    # all verbs, with their arguments

Flags are review cues: a co-publication is lawful and often wanted, and the absence of a flag is no
clearance.
"""

from __future__ import annotations

from importlib.metadata import version

__version__ = version("coauth")

import coauth.count
import coauth.export
import coauth.report
import coauth.tables  # noqa: F401  rooms of these names come first, so that the verbs take them
from coauth.api import (
    audit,
    build,
    compare,
    count,
    explain,
    export,
    graph,
    harvest,
    rebuild,
    report,
    shifts,
    tables,
)
from coauth.errors import CoauthError

__all__ = [
    "CoauthError",
    "__version__",
    "audit",
    "build",
    "compare",
    "count",
    "explain",
    "export",
    "graph",
    "harvest",
    "rebuild",
    "report",
    "shifts",
    "tables",
]
