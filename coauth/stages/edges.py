"""Affiliations -> edges: one row per year and pair of institutions, with a weight for each rule of
counting.

A work of k institutions makes k(k−1)/2 pairs. What it adds to each of them:

* full: 1. One work of 300 institutions adds as much as 44,850 works of two.
* Newman: 1/(k−1). An institution's strength (the sum over its pairs) is then its number of collaborative works.
  M. E. J. Newman, Phys. Rev. E 64, 016132 (2001), doi:10.1103/PhysRevE.64.016132; the fractional counting of
  A. Perianes-Rodriguez, L. Waltman and N. J. van Eck, J. Informetrics 10, 1178 (2016), doi:10.1016/j.joi.2016.10.006.
* strict: 2/(k(k−1)). All pairs of a work together add 1.
  V. Batagelj and M. Cerinšek, Scientometrics 96, 845 (2013), doi:10.1007/s11192-012-0940-1.
* author: 2 fᵢfⱼ/(1 − Σf²). All pairs of a work together add 1 as well, in proportion to the product of their shares f of
  the work's authors: 1 − Σf² is the chance that two draws by f give two institutions, and the weight is the chance that
  they give this pair. f is `author_share` over its sum on the work, so authors without an institution are left out; an
  author of several institutions is divided evenly, as in the Leiden Ranking (L. Waltman et al., J. Am. Soc. Inf. Sci.
  Technol. 63, 2419 (2012), doi:10.1002/asi.22708). The combination is ours. With equal shares it is strict counting.

All weights are strengths: larger means closer. All rules have the same pairs. The SQL is
`queries/sql/edges.sql`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from coauth.engine import Engine, Rows
from coauth.tables.schemas import EDGES, HYPERAUTHORSHIP


def link(works: Rows, affiliations: Rows, engine: Engine) -> Iterator[pa.RecordBatch]:
    """`EDGES` of the included works with at least two institutions, in the scope's years, a batch
    of rows at a time.

    Institutions of other countries are linked only through works with an author in the scope's
    country: this is that country's network, not the world's.
    """
    return engine.stream(
        "edges", EDGES, coded=["institution_id"], works=works, affiliations=affiliations
    )


def above_k(works: Rows, engine: Engine) -> pa.Table:
    """`HYPERAUTHORSHIP`: by year and rule of counting, the weight that works of more than K
    institutions carry.

    From the works alone: what a work adds to all its pairs together follows from k. See
    `queries/sql/hyperauthorship.sql`.
    """
    return engine.run("hyperauthorship", HYPERAUTHORSHIP, works=works)
