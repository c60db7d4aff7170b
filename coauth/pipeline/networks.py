"""The networks of a vintage: in which years, of institutions, countries or groups, for which
profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from coauth.engine.duck import DuckDB
from coauth.errors import DisclosureError
from coauth.network import aggregate
from coauth.network import build as build_network
from coauth.network.model import Network
from coauth.pipeline import public
from coauth.pipeline.project import Project
from coauth.pipeline.vintage_tables import VintageTables, informed_queries
from coauth.public import COUNTING, STATEMENT
from coauth.public import public as public_tables
from coauth.queries import Queries
from coauth.report.text import vocabulary
from coauth.review import resolve
from coauth.storage import Vintage
from coauth.tables.schemas import Tables

Unit = Literal["institution", "country", "group"]
Profile = Literal["internal", "public"]


def network(
    project: Project,
    vintage: Vintage,
    *,
    tables: Tables | None = None,
    years: tuple[int, int] | None = None,
    unit: Unit = "institution",
    profile: Profile = "internal",
    **filters: Any,
) -> Network:
    """The network of the vintage in some years (all by default), filtered as `coauth.network.build` says;
    counted as measures.toml says, in the public profile in full.

    `unit` is what a node is: works are counted anew between countries, or between the groups of
    queries/groups.toml. `profile` "public" sums the institutions of each watchlist and rounds counts (see
    `coauth.public`).
    """
    tables = tables or VintageTables(vintage)
    filters["ego"] = ego = node_id(project, tables, unit, filters.get("ego"))
    return cut(project, base(project, vintage, tables, unit, profile, ego), years=years, **filters)


def node_id(project: Project, tables: Tables, unit: Unit, name: str | None) -> str | None:
    """Id of the node a person means: an institution by name, alias, ROR or id; a country, a group,
    or a list that is summed (`list:…`) by its id alone. Raises `NotFound` as `review.resolve` does.
    """
    if name is None or unit != "institution" or name.startswith("list:"):
        return name
    spoken = vocabulary("country", "institution")
    return resolve(name, tables["institutions"], project.queries, spoken)


class Base(NamedTuple):
    """Tables that networks are cut from, and what is to be said of each."""

    tables: Tables
    facts: Mapping[str, Any]
    standings: Mapping[str, str]


def base(
    project: Project,
    vintage: Vintage,
    tables: Tables,
    unit: Unit = "institution",
    profile: Profile = "internal",
    ego: str | None = None,
) -> Base:
    asked, told = project.queries, {"unit": unit}
    wholes = _wholes(tables, unit, profile, asked)
    standings = informed_queries(project, vintage).marks()
    if wholes:
        tables = aggregate.join(tables, wholes, DuckDB(asked.sql, asked.tables()))
    if profile == "internal":
        return Base(tables, told, standings)
    return Base(
        public_tables(tables, asked, public.rounding_of(project), ego),
        told | {"share_above_k": None, "counting": COUNTING, "notes": (STATEMENT,)},
        standings,
    )


def cut(
    project: Project, whole: Base, *, years: tuple[int, int] | None = None, **filters: Any
) -> Network:
    """Raises `DisclosureError` where a public network is asked for that would tell more than the
    works of the pairs it shows.
    """
    asked, only = project.queries, whole.facts.get("counting")
    if only and filters.get("counting", only) != only:
        raise DisclosureError(
            f"a public network has {only} counting only: other weights tell how many institutions single works have"
        )
    if only and filters.get("backbone") == "projection":
        raise DisclosureError(
            "a public network has no --backbone, which tests all works, withheld ones too; give --disparity or --min-weight"
        )
    filters = {"counting": only or asked.measures.counting, "standings": whole.standings} | filters
    drawn = replace(
        build_network(
            whole.tables, scope=asked.scope, years=years, window=asked.measures.window, **filters
        ),
        **whole.facts,
    )
    return replace(drawn, edges=_without(drawn.edges, "strict_weight")) if only else drawn


def _without(table: pa.Table, name: str) -> pa.Table:
    return table.set_column(
        table.column_names.index(name), name, pa.nulls(len(table), table[name].type)
    )


def _wholes(tables: Tables, unit: Unit, profile: Profile, queries: Queries) -> aggregate.Wholes:
    if unit == "country":
        return aggregate.by_country(tables["institutions"])
    if unit == "group":
        drawn = [g for g in queries.partners if g.figure]
        return aggregate.by_group(tables["institutions"], tables["listed"], drawn)
    return aggregate.by_list(tables["listed"]) if profile == "public" else {}
