"""A first look at a harvest before anything is built of it: pages -> its network, in seconds,
nothing stored.

Institutions are as harvested and duplicates are not sought, so these numbers are for who harvests,
to see whether the answers are those that were meant; `coauth build` makes the numbers to be used.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from coauth.errors import NotFound
from coauth.pipeline.read_pages import outline
from coauth.queries import Scope
from coauth.stages import works
from coauth.stages.centrality.measures import ranks
from coauth.stages.centrality.spectral import pagerank
from coauth.stats.counting import Counting
from coauth.stats.incidence import Floats, Incidence, incidence
from coauth.storage import Vintage
from coauth.tables import schemas
from coauth.tables.contract import STRING


class Preview(NamedTuple):
    losses: works.Losses
    synthetic: bool
    network: Incidence
    graph: sp.csr_array
    """institutions × institutions, symmetric: how strongly two are tied, in 2⁻⁴⁰ works"""
    pagerank: Floats
    """of each institution, in the network's order; the mean is 1"""
    described: pa.Table
    """what records say of institutions (`coauth.stages.works.INSTITUTION_RECORDS`)"""

    def first(self, most: int) -> list[dict[str, Any]]:
        """The institutions of highest PageRank; of equal ones that with more works, then with the
        smaller id.
        """
        count, ids = np.diff(self.network.by_institution.indptr), self.network.institutions
        places = ranks(self.pagerank[None])[0]
        chosen = np.lexsort((-count, places))[:most]
        shown = self.described.filter(
            pc.is_in(self.described["institution_id"], value_set=pa.array(ids[chosen], STRING))
        )
        latest = {row["institution_id"]: row for row in shown.sort_by("seen").to_pylist()}
        return [
            {
                "institution_id": ids[i],
                "name": latest[ids[i]]["name"],
                "country_code": latest[ids[i]]["country_code"],
                "works": int(count[i]),
                "pagerank": float(self.pagerank[i]),
                "rank": int(places[i]),
            }
            for i in chosen.tolist()
        ]


def preview_network(
    vintage: Vintage, scope: Scope, counting: str, most: int | None = None
) -> Preview:
    """The network of the works on a vintage's pages, complete or not: works in scope that are
    neither retracted nor paratext, of two to `most` institutions. Raises `NotFound` where there is
    none.
    """
    parts = list(outline(vintage, scope))
    losses = sum((lost for _, lost in parts), works.Losses())
    nothing = NotFound(
        f"no network on the pages of vintage {vintage.name}: {losses.works} of {losses.records} records are works in scope; "
        "run `coauth harvest`, or look at queries/scope.toml"
    )
    if not losses.works:
        raise nothing
    read, affiliations, described = (
        pa.concat_tables(several) for several in zip(*(links for links, _ in parts), strict=True)
    )
    world = incidence(read, affiliations)
    linked = (world.team >= 2) & (world.team <= (most or np.inf))
    if not linked.any():
        raise nothing
    network = world.only(linked)
    counted = Counting.of(network, counting)
    ranked = pagerank(counted, np.ones((len(network.team), 1)))[:, 0]
    return Preview(
        losses, schemas.is_synthetic(read), network, counted.project(), ranked, described
    )
