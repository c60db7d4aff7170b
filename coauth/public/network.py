"""The tables of a public network: pairs of 5 works and more in a year, each rounded, and nothing made
from others. A pair that reads "<5" in a year is left out of it.

A cell is the works of a year and a pair (`coauth.public.rounding`). Everything in a public file is
made from the cells that stay: totals, strengths, places. Every weight is the number of works (full
counting): one that depends on how many institutions a work has would tell how many works have how many.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from numpy.typing import NDArray

from coauth.errors import NotFound
from coauth.public.rounding import BASE, Rounding
from coauth.queries import Queries
from coauth.tables import schemas
from coauth.tables.contract import FLOAT, INT
from coauth.tables.schemas import Name, Tables

COUNTING = "full"
"""Of public networks, whatever measures.toml says (`coauth.network.model.COUNTINGS`)."""

STATEMENT = (
    f"Public profile: counts are rounded to {BASE} at random; a pair of fewer than {BASE} works in a year is left out; "
    "institutions on a watchlist are summed; centralities and changes are not given."
)
"""What a public file says of itself."""


def public(
    tables: Tables, queries: Queries, rounding: Rounding, ego: str | None = None
) -> dict[Name, pa.Table]:
    """The tables of the public profile.

    Edges keep the works of at most K institutions, as every weight. What rests on other cells is left
    out: works of institutions, technologies of pairs, centralities, shifts, z-scores.

    Raises `NotFound` where a network is asked for around an `ego` of which no pair is left.
    """
    edges = tables["edges"].filter(pc.greater_equal(tables["edges"]["works_k"], BASE))
    works = pa.array(_rounded(edges, tables, queries, rounding), INT, from_pandas=True)
    edges, works = edges.filter(pc.is_valid(works)), works.drop_null()
    if ego is not None and not any(
        pc.any(pc.equal(edges[end], ego)).as_py() for end in ("source", "target")
    ):
        raise NotFound(
            f"nothing of '{ego}' may be published: no pair of it is published with {BASE} works in a year, or it is on a watchlist (list:…)"
        )
    for n, column in enumerate(schemas.EDGES.columns):
        if column.name not in schemas.EDGES.key:
            edges = edges.set_column(n, column.name, works.cast(column.type))
    institutions = tables["institutions"]
    for n, column in enumerate(schemas.INSTITUTIONS.columns):
        if column.type in (INT, FLOAT):
            institutions = institutions.set_column(
                n, column.name, pa.nulls(len(institutions), column.type)
            )
    left_out: tuple[Name, ...] = ("centrality", "shifts", "pairs")
    public_tables: dict[Name, pa.Table] = {name: schemas.ALL[name].empty() for name in left_out}
    public_tables |= {
        "edges": edges,
        "institutions": institutions,
        "flags": _flags(tables["flags"], edges),
    }
    return dict(tables) | public_tables


def _rounded(
    edges: pa.Table, tables: Tables, queries: Queries, rounding: Rounding
) -> NDArray[np.float64]:
    """The published works of each edge, by the keys of its works; NaN for "<5"."""
    works = tables["works"].select(["work_id", "year", "included", "n_institutions"]).to_pandas()
    k = works["n_institutions"]
    works = works[works["included"] & (k >= 2) & (k <= queries.scope.max_institutions)]
    rows = tables["affiliations"].select(["work_id", "institution_id"]).to_pandas()
    rows = rows.drop_duplicates().merge(works[["work_id", "year"]], on="work_id")
    pairs = edges.select(["year", "source", "target", "works_k"]).to_pandas()
    published = np.zeros(len(pairs))
    for year, cells in pairs.groupby("year"):
        members = rows[rows["year"] == year]
        codes = {i: n for n, i in enumerate(sorted(set(members["institution_id"])))}
        ids = sorted(set(members["work_id"]))
        place = {w: n for n, w in enumerate(ids)}
        on = sp.csr_array(
            (
                np.ones(len(members), np.uint64),
                (members["institution_id"].map(codes), members["work_id"].map(place)),
            ),
            shape=(len(codes), len(ids)),
        )
        shared = on[cells["source"].map(codes)].multiply(on[cells["target"].map(codes)]).tocsr()
        counts = np.asarray(shared.sum(axis=1)).astype(np.int64)
        published[cells.index] = rounding.round(counts, shared @ rounding.keys(ids))
    return published


def _flags(flags: pa.Table, edges: pa.Table) -> pa.Table:
    """The cues of summed lists: all works of such a pair are behind them, so that they tell what
    the pair tells.
    """
    pair = ["year", "source", "target"]
    shown = edges.select([*pair, "works_k", "weight_k"]).rename_columns([*pair, "shown", "weighs"])
    joined = flags.filter(pc.equal(flags["kind"], "watchlist")).join(shown, pair, join_type="inner")
    same = {
        "works": joined["shown"],
        "works_listed": pa.nulls(len(joined), INT),
        "weight": joined["weighs"],
    }
    return schemas.FLAGS.check(
        pa.table({name: same.get(name, joined[name]) for name in flags.column_names})
    )
