"""Tables of co-publications, PhD admissions, and what changed since an earlier vintage."""

from __future__ import annotations

from coauth.tables.contract import BOOL, DAY, FLOAT, INT, STRING, Column, Table
from coauth.tables.parts import WINDOW, WORK, YEAR, columns


def own_basis(series: str) -> str:
    """The basis a series is reported by: countries by institutions and strings, a watchlist by
    matched institutions only.
    """
    return "institution" if series.startswith("list:") else "union"


BASES = ("international", "all")
"""The works that a share in `COPUBLICATIONS` is of."""

MEMBERSHIPS = Table(
    "memberships",
    "work × partner group × basis",
    ("year", "group_id", "basis", "work_id"),
    (
        YEAR,
        Column(
            "group_id",
            STRING,
            "group of queries/groups.toml; 'international'; 'list:…' for a watchlist",
        ),
        Column(
            "basis",
            STRING,
            "union: institution or string countries; institution: matched institutions only",
        ),
        WORK,
        Column(
            "author_share",
            FLOAT,
            "share of its authors at the group's institutions, after roll-up; null by union: an author "
            "without an institution is at none",
            "share of authors",
            null=True,
        ),
    ),
)

COPUBLICATIONS = Table(
    "copublications",
    "year × partner group × basis",
    ("year", "group_id", "basis"),
    columns(
        YEAR,
        Column(
            "group_id",
            STRING,
            "group of queries/groups.toml; 'international'; 'list:…' for a watchlist",
        ),
        Column(
            "basis",
            STRING,
            "union: institution or string countries; institution: matched institutions only",
        ),
        Column("works", INT, "works with the scope's country and the group (full count)", "works"),
        Column(
            "works_low",
            FLOAT,
            "lower end of the interval: Poisson, widened by what the years vary beyond it",
            "works",
        ),
        Column("works_high", FLOAT, "upper end", "works"),
        Column(
            "author_works",
            FLOAT,
            "Σ author_share: the same works, each by the share of its authors at the group's institutions; "
            "null by union",
            "works",
            null=True,
        ),
        Column(
            "base",
            STRING,
            "the works of the year that share is of: international; or all, for a series with works that are not, such as a "
            "watchlist of domestic institutions",
        ),
        Column("share", FLOAT, "of the year's works of the base", "share", null=True),
        Column(
            "share_low",
            FLOAT,
            "lower end of the interval: binomial, widened likewise",
            "share",
            null=True,
        ),
        Column("share_high", FLOAT, "upper end", "share", null=True),
        Column("preliminary", BOOL, "the year is still growing"),
    ),
)

PROFILES = Table(
    "profiles",
    "window × series × EU-10 area",
    ("first_year", "last_year", "series", "area_id"),
    columns(
        WINDOW,
        Column(
            "series",
            STRING,
            "group of queries/groups.toml; 'international'; 'list:…' for a watchlist",
        ),
        Column("area_id", STRING, "EU1 … EU10"),
        Column(
            "works",
            INT,
            "works of the series in the area; a work may be in several or in none",
            "works",
        ),
        Column("total", INT, "works of the series", "works"),
    ),
)

ADMISSIONS = Table(
    "admissions",
    "year × country × source",
    ("year", "country_code", "source"),
    (
        YEAR,
        Column(
            "country_code",
            STRING,
            "ISO 3166-1 alpha-2 of origin; 'international' for all from abroad, 'total' for all",
        ),
        Column("admissions", INT, "PhD admissions; null where suppressed", "persons", null=True),
        Column("suppressed", BOOL, "withheld by the source as a small cell"),
        Column("source", STRING, "who counted, and where it is published"),
        Column("retrieved", DAY, "when it was read"),
    ),
)

MATCHER_CAUSES = {
    "replaced": "affiliation matcher replaced",
    "unknown": "affiliation matcher not known",
}
"""Of a work whose difference may be that of two matchers, by what is known of them
(`eras.Relation`).
"""

CAUSES = (
    *MATCHER_CAUSES.values(),
    "new publications",
    "added",
    "removed",
    "re-dated",
    "re-affiliated",
    "excluded differently",
    "changed lists",
    "changed method",
)
"""What the change of a count between two vintages is split into, in the order in which it is told.
"""

STATBANK = "Statistics Denmark, StatBank, table PHD1"
"""`source` of the totals in `ADMISSIONS` that come from StatBank; its licence (CC BY 4.0) asks that
it be named.
"""

REVISIONS = Table(
    "revisions",
    "earlier vintage × headline number × cause",
    ("against", "series", "year", "cause"),
    (
        Column("against", STRING, "the earlier vintage"),
        Column("series", STRING, "the headline number"),
        YEAR,
        Column("cause", STRING, f"{', '.join(CAUSES[:-1])} or {CAUSES[-1]}"),
        Column("works", INT, "change it makes in the count", "works"),
    ),
)

WITHHELD = Column("withheld", BOOL, "not shown: 1 to 4, or one that would give such a count back")
"""A column of what is published beside the numbers that may be null there."""

CELLS = Table(
    "cells",
    "count of a public edition",
    ("unit", "series", "basis", "first_year", "last_year", "area"),
    (
        Column("unit", STRING, "works, authorships or admissions"),
        Column(
            "series",
            STRING,
            "all, complete, international, a group, 'list:…'; with institution; a country or total of admissions",
        ),
        Column("basis", STRING, "union or institution; of admissions their source; else empty"),
        Column("first_year", INT, "first year counted"),
        Column("last_year", INT, "last year counted"),
        Column("area", STRING, "EU1 … EU10; empty: works of any area"),
        Column("value", INT, "the count; null where withheld", null=True),
        WITHHELD,
    ),
)
