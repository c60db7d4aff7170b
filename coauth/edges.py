"""Affiliations -> edges: one row per year and pair of institutions, with three weights.

A work of k institutions makes k(k−1)/2 pairs. What it adds to each of them:

* full count: 1. One work of 300 institutions adds as much as 300 works of two.
* Newman: 1/(k−1). An institution's strength (the sum over its pairs) is then its number of collaborative works.
  M. E. J. Newman, Phys. Rev. E 64, 016132 (2001), doi:10.1103/PhysRevE.64.016132; the fractional counting of
  A. Perianes-Rodriguez, L. Waltman and N. J. van Eck, J. Informetrics 10, 1178 (2016), doi:10.1016/j.joi.2016.10.006.
* strict: 2/(k(k−1)). All pairs of a work together add 1.

All weights are strengths: larger means closer. The SQL is `queries/sql/edges.sql`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from coauth.engine import Engine, Rows
from coauth.tables import EDGES


def link(works: Rows, affiliations: Rows, engine: Engine) -> Iterator[pa.RecordBatch]:
    """`EDGES` of the included works with at least two institutions, in the scope's years, a batch of rows at a time.

    Institutions of other countries are linked only through works with an author in the scope's country: this is that
    country's network, not the world's.
    """
    return engine.stream("edges", EDGES, works=works, affiliations=affiliations)
