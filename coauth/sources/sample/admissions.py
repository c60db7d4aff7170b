"""PhD admissions of the synthetic world: a total a year as StatBank has it, and an extract by
country as one would buy it.
"""

from datetime import date

import pyarrow as pa

from coauth.sources.sample.effects import YEARS
from coauth.sources.sample.random import Chance
from coauth.sources.sample.records import AS_OF
from coauth.sources.sample.work import MARK
from coauth.tables.schemas import ADMISSIONS

AROUND = {"total": 500, "international": 200, "CN": 40, "IR": 12, "RU": 6, "US": 8}
"""Persons a year, invented; few enough that small cells occur."""

SMALL = 5
"""Below this the sample's register shows no number."""


def admissions(seed: int = 1) -> pa.Table:
    """`ADMISSIONS` of the world of `seed`, for every year; every source says that it is invented.

    >>> admissions()["source"].unique().to_pylist()
    ['SYNTHETIC SAMPLE']
    """
    chance = Chance(seed, "admissions")
    return ADMISSIONS.of(
        _cell(year, code, round(n * (0.7 + 0.6 * chance.unit())), AS_OF)
        for code, n in AROUND.items()
        for year in YEARS
    )


def _cell(year: int, code: str, n: int, day: date) -> dict[str, object]:
    suppressed = n < SMALL
    return {
        "year": year,
        "country_code": code,
        "admissions": None if suppressed else n,
        "suppressed": suppressed,
        "source": MARK,
        "retrieved": day,
    }
