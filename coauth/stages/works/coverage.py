"""How much of the affiliations is there: without this beside it, a fall may be nothing but missing
metadata.
"""

from __future__ import annotations

import pyarrow as pa

from coauth.engine import Engine, Rows
from coauth.tables.schemas import COVERAGE


def survey(works: Rows, engine: Engine) -> pa.Table:
    """`COVERAGE` by year, publisher and field, over included works.

    It sees only what was harvested: a work that lost every domestic affiliation is not in the data
    and cannot be counted.
    """
    return engine.run("coverage", COVERAGE, works=works)
