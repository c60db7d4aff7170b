"""Tables of what the pages of a vintage hold: works, their institutions, countries and
technologies.
"""

from __future__ import annotations

from coauth.tables.contract import BOOL, DAY, FLOAT, INT, STRING, STRINGS, Column, Table
from coauth.tables.parts import INSTITUTION, WORK, YEAR, columns

WORKS = Table(
    "works",
    "harvested work",
    ("work_id",),
    (
        WORK,
        Column("doi", STRING, "DOI without resolver, lower case", null=True),
        Column("title", STRING, "title, names of its authors masked", null=True),
        YEAR,
        Column(
            "publication_date",
            DAY,
            "publication date; 1 January often stands for the year only",
            null=True,
        ),
        Column("type", STRING, "OpenAlex work type"),
        Column("language", STRING, "ISO 639-1 code as detected by OpenAlex", null=True),
        Column(
            "publisher",
            STRING,
            "host organisation of the primary source, else the source's name",
            null=True,
        ),
        Column("field_id", STRING, "OpenAlex field of the primary topic", null=True),
        Column("primary_topic_id", STRING, "OpenAlex primary topic", null=True),
        Column(
            "topic_score", FLOAT, "OpenAlex's score of the primary topic", "probability", null=True
        ),
        Column("n_authors", INT, "authorships on the record", "authorships"),
        Column(
            "n_authors_with_institution",
            INT,
            "authorships with at least one matched institution",
            "authorships",
        ),
        Column(
            "n_authors_with_string",
            INT,
            "authorships with at least one affiliation string",
            "authorships",
        ),
        Column(
            "authors_cut", BOOL, "the list of authorships is known or suspected to be cut short"
        ),
        Column("n_institutions", INT, "distinct institutions after roll-up (k)", "institutions"),
        Column("n_countries", INT, "distinct countries, from institutions or strings", "countries"),
        Column(
            "affiliation_status",
            STRING,
            "complete: every authorship has an institution; partial; none",
        ),
        Column(
            "is_top_10_percent",
            BOOL,
            "among the 10 % most cited of its field, year and type",
            null=True,
        ),
        Column("has_company", BOOL, "an institution on it is a company"),
        Column("is_retracted", BOOL, "retracted, by Retraction Watch or its own title"),
        Column(
            "is_preprint",
            BOOL,
            "a preprint, by its type or by the DOI of a preprint server (queries/scope.toml)",
        ),
        Column("cited_by_count", INT, "citations counted by OpenAlex", "citations", null=True),
        Column("included", BOOL, "counts in every table below"),
        Column("exclusion_reason", STRING, "why not, where it does not", null=True),
    ),
)

AFFILIATIONS = Table(
    "affiliations",
    "work × institution",
    ("work_id", "institution_id"),
    (
        WORK,
        INSTITUTION,
        Column(
            "harvested_ids", STRINGS, "the institutions it stands for on this work, before roll-up"
        ),
        Column(
            "author_share",
            FLOAT,
            "Σ over authors 1/(n_authors × institutions of the author); sums over a work to the share of its authors "
            "with an institution",
            "share of authors",
        ),
        Column("is_domestic", BOOL, "the institution's own country is the scope's"),
        Column(
            "strings",
            STRINGS,
            "affiliation strings matched to it, persons masked; null: OpenAlex names none",
            null=True,
        ),
    ),
)

COUNTRIES = Table(
    "countries",
    "work × country × basis",
    ("work_id", "country_code", "basis"),
    (
        WORK,
        Column("country_code", STRING, "ISO 3166-1 alpha-2"),
        Column(
            "basis",
            STRING,
            "institution: of a matched institution; string: read by OpenAlex from a string without match",
        ),
    ),
)

AREAS = tuple(f"EU{i}" for i in range(1, 11))

INSTITUTIONS = Table(
    "institutions",
    "institution",
    ("institution_id",),
    columns(
        INSTITUTION,
        Column("ror", STRING, "ROR id (URL)", null=True),
        Column("name", STRING, "display name; shown, never matched"),
        Column("country_code", STRING, "ISO 3166-1 alpha-2", null=True),
        Column("type", STRING, "ROR type", null=True),
        Column("is_domestic", BOOL, "its own country is the scope's"),
        Column("lineage", STRINGS, "OpenAlex ids of itself and its ROR ancestors"),
        Column(
            "rolled_up_from",
            STRINGS,
            "institutions whose works count for it, all or by weight; an associated one is a node of its own",
        ),
        Column("works", INT, "included works here (full count)", "works"),
        Column(
            "author_works",
            FLOAT,
            "Σ author_share over them: each counts by the share of its authors who are here; over all institutions the works "
            "less the authors without an institution",
            "works",
        ),
        Column(
            "author_works_matched",
            FLOAT,
            "the same among authors with an institution: each work is divided among its institutions and counts 1 in all",
            "works",
        ),
        tuple(
            Column(
                a.lower(),
                FLOAT,
                f"share of its works here in area {a} of the EU-10",
                "share",
                null=True,
            )
            for a in AREAS
        ),
    ),
)

TECHNOLOGIES = Table(
    "technologies",
    "work × technology",
    ("work_id", "list_id", "technology_id"),
    (
        WORK,
        Column("list_id", STRING, "the set of technologies"),
        Column("technology_id", STRING, "the technology"),
        Column("basis", STRING, "topic, topic+phrase or gated+phrase; the strongest in this order"),
        Column("topic_id", STRING, "the topic it rests on"),
        Column("score", FLOAT, "OpenAlex's score of that topic", "probability", null=True),
        Column(
            "phrase",
            STRING,
            "the first phrase found, also beside a topic that counts alone; lower case, one blank between words",
            null=True,
        ),
        Column("title_only", BOOL, "no abstract: phrases were sought in the title alone"),
    ),
)

COVERAGE = Table(
    "coverage",
    "year × publisher × field",
    ("year", "publisher", "field_id"),
    (
        YEAR,
        Column("publisher", STRING, "publisher; null: none on the record", null=True),
        Column("field_id", STRING, "OpenAlex field; null: no topic", null=True),
        Column("works", INT, "included works", "works"),
        Column("authorships", INT, "their authorships", "authorships"),
        Column(
            "authorships_with_institution",
            INT,
            "of these, with a matched institution",
            "authorships",
        ),
        Column("works_complete", INT, "works whose every authorship has an institution", "works"),
    ),
)

AUDIT_YEARS = Table(
    "audit_years",
    "year",
    ("year",),
    (
        YEAR,
        Column(
            "works",
            INT,
            "works of the types and years asked for, in scope or without an institution of its country",
            "works",
        ),
        Column(
            "works_in_scope", INT, "of these, with an institution of the scope's country", "works"
        ),
        Column("works_complete", INT, "every authorship has an institution", "works"),
        Column("works_partial", INT, "some have", "works"),
        Column("works_none", INT, "none has", "works"),
        Column(
            "works_alone",
            INT,
            "with an affiliation string that no institution was matched to",
            "works",
        ),
        Column(
            "works_domestic", INT, "with such a string that names a domestic institution", "works"
        ),
        Column("works_listed", INT, "with such a string that names a listed institution", "works"),
    ),
)

AUDIT = Table(
    "audit",
    "year × institution",
    ("year", "list_id", "institution_id"),
    (
        YEAR,
        Column(
            "list_id",
            STRING,
            "the enabled watchlist it is an entry of; null: a domestic institution",
            null=True,
        ),
        Column(
            "institution_id",
            STRING,
            "as harvested, before roll-up; of a listed one that never occurs its ROR",
        ),
        Column("name", STRING, "display name, or the list's"),
        Column("works_matched", INT, "works on which it was matched", "works"),
        Column(
            "works_named",
            INT,
            "works with a string that names it and that no institution was matched to",
            "works",
        ),
        Column(
            "works_missed",
            INT,
            "of these, works on which it was not matched by another string either",
            "works",
        ),
        Column("strings", INT, "different strings of that kind", "strings"),
    ),
)
