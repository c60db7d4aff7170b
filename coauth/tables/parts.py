"""Columns that several tables share."""

from __future__ import annotations

from coauth.tables.contract import FLOAT, INT, STRING, Column


def columns(*parts: Column | tuple[Column, ...]) -> tuple[Column, ...]:
    return tuple(c for part in parts for c in (part if isinstance(part, tuple) else (part,)))


YEAR = Column("year", INT, "publication year")
WORK = Column("work_id", STRING, "OpenAlex id of the work")
INSTITUTION = Column("institution_id", STRING, "OpenAlex id of the institution, after roll-up")
PAIR = (
    Column("source", STRING, "institution with the smaller id (as text)"),
    Column("target", STRING, "institution with the larger id (as text)"),
)
WINDOW = (
    Column("first_year", INT, "first year of the window"),
    Column("last_year", INT, "last year of the window"),
)
LISTING = (
    Column("kind", STRING, "watchlist, technology or technology_profile"),
    Column("list_id", STRING, "the file in queries/ that holds the list"),
    Column("entry_id", STRING, "the list's entry: an institution, a technology or an EU-10 area"),
)


def interval(of: str, unit: str = "") -> tuple[Column, ...]:
    return (
        Column(
            "low",
            FLOAT,
            f"lower end of the interval of {of}; null where none is given",
            unit,
            null=True,
        ),
        Column(
            "high",
            FLOAT,
            f"upper end of the interval of {of}; null where none is given",
            unit,
            null=True,
        ),
    )
