"""coauth watches a country's international research collaboration.

    queries/  ─►  cache/<vintage>/pages  ─►  cache/<vintage>/tables  ─►  reports/<quarter>
    what we ask     what we were answered      what it comes to            what we found

The rooms, from what all others may import to what imports them; stages never import each other:

    in common          errors, tables, queries
    records            openalex, storage
    ways to count      engine, stats
    answers to rows    sources, stages, network, review, public
    to readers         export, report
    all in order       pipeline, api, cli

The verbs of the command line, from Python:

    import coauth
    coauth.rebuild(".", sample=True)                    # harvest, build, export, report
    coauth.tables("edges", root=".")                    # a pandas DataFrame
    coauth.graph(window=(2022, 2024), root=".")           # a networkx.Graph
    coauth.audit(root=".")                              # whom strings name that no institution was matched to

Flags are review cues: a co-publication is lawful and often wanted, and the absence of a flag is no
clearance.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

__version__ = version("coauth")

from coauth import tables
from coauth.errors import CoauthError

__all__ = ["CoauthError", "__version__", "audit", "graph", "rebuild", "tables"]


class _Verb(ModuleType):
    """A module that is also a verb: `coauth.tables` holds the contracts, `coauth.tables("edges")`
    gives a table.
    """

    def __call__(self, *args: Any, **options: Any) -> Any:
        from coauth import api  # noqa: PLC0415  importing coauth stays cheap

        return getattr(api, self.__name__.rpartition(".")[2])(*args, **options)


tables.__class__ = _Verb


def rebuild(root: str | Path = ".", **options: Any) -> dict[str, Path]:
    """Harvest what is missing, build, export, report: see `coauth.api.rebuild` for the options."""
    from coauth import api  # noqa: PLC0415

    return api.rebuild(root, **options)


def graph(window: tuple[int, int] | None = None, **options: Any) -> Any:
    """The network of a window of years: see `coauth.api.graph` for the options."""
    from coauth import api  # noqa: PLC0415

    return api.graph(window, **options)


def audit(**options: Any) -> dict[str, Any]:
    """What affiliation strings name and no institution was matched to: see `coauth.api.audit` for
    the options.
    """
    from coauth import api  # noqa: PLC0415

    return api.audit(**options)
