"""Which works count: retracted works, paratext and duplicates are kept as rows, marked, and counted
nowhere.

A DOI that is retracted under one id is retracted under every id. OpenAlex holds some works twice:
one DOI under two ids, and a preprint beside its version of record. They are found without authors:
by DOI, or by equal title and number of authors within a year of each other, when one of the two

* is a preprint, by its type or by a DOI of a preprint server (`preprint_dois` in `queries/scope.toml`; OpenAlex calls many
  SSRN papers articles): the two have an institution in common, and at most two that only one of them has, since addresses
  are added, lost and matched anew on the way to the journal;
* or has no DOI: their institutions are the same, and where neither has one, so is the year (a yearly report has one title).

Never by title alone: book reviews and editorials share titles. Of duplicates the version of record
counts, then the older id. With `count_duplicates = true` in `queries/scope.toml` they all count.
The SQL is `queries/sql/works.sql`.
"""

from __future__ import annotations

import pyarrow as pa

from coauth.engine import Engine, Rows
from coauth.tables.schemas import WORKS


def decide(harvested: Rows, affiliations: Rows, countries: Rows, engine: Engine) -> pa.Table:
    """`WORKS`: the harvested works with their institutions and countries counted, `included` and
    `exclusion_reason`.

    n_institutions and n_countries are counted after roll-up; n_countries takes institution and
    string countries.
    """
    return engine.run(
        "works", WORKS, harvested=harvested, affiliations=affiliations, countries=countries
    )
