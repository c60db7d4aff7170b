"""What collaboration brings, for pairs with and without a review cue alike: highly cited works,
fields, companies.

A cue says where to look; this says what stands on the other side. Nothing here measures technology
readiness: metadata cannot.
"""

from __future__ import annotations

import pyarrow as pa

from coauth.engine import Engine, Rows
from coauth.tables.schemas import BENEFITS


def count(
    works: Rows, affiliations: Rows, institutions: Rows, evidence: Rows, engine: Engine
) -> pa.Table:
    """`BENEFITS`: works of domestic–foreign pairs by year, cue and field."""
    return engine.run(
        "benefits",
        BENEFITS,
        works=works,
        affiliations=affiliations,
        institutions=institutions,
        evidence=evidence,
    )
