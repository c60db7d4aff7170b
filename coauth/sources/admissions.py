"""PhD admissions by country of origin, from a file: Statistics Denmark publishes none by country,
so they are bought or given.

The file is CSV with the columns year, country_code (ISO 3166-1 alpha-2, `international` for all
from abroad, or `total`), admissions (empty where suppressed), suppressed (true/false), source,
retrieved (YYYY-MM-DD). Nothing is estimated and no value is ever filled in.
"""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from coauth.errors import SourceError, TableError
from coauth.tables.schemas import ADMISSIONS


def read(path: Path) -> pa.Table:
    """`ADMISSIONS` from the file. Raises `SourceError` naming the file and the first thing wrong
    with it.
    """
    try:
        # only an empty cell is null: NA is Namibia
        table = csv.read_csv(
            path,
            convert_options=csv.ConvertOptions(
                column_types={f.name: f.type for f in ADMISSIONS.schema},
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
        table = ADMISSIONS.check(table)
    except (OSError, pa.ArrowInvalid, TableError) as fault:
        raise SourceError(
            f"{path}: {fault}; see `coauth admissions import --help` for the columns"
        ) from fault
    for row in table.to_pylist():
        here = f"{path}: {row['year']} {row['country_code']}"
        if not re.fullmatch("[A-Z]{2}|international|total", row["country_code"]):
            raise SourceError(
                f"{here}: not a country code of two capitals, nor 'international' or 'total'"
            )
        if (row["admissions"] is None) != row["suppressed"]:
            raise SourceError(f"{here}: a suppressed cell has no number, every other cell has one")
        if (row["admissions"] or 0) < 0:
            raise SourceError(f"{here}: a number of persons cannot be negative")
    return table
