"""Tables of review cues: which institutions are listed, which edges are flagged, by which works,
and the benefit side.
"""

from __future__ import annotations

from coauth.tables.contract import BOOL, FLOAT, INT, STRING, Column, Table
from coauth.tables.parts import INSTITUTION, LISTING, PAIR, WORK, YEAR, columns

LISTED = Table(
    "listed",
    "institution × list entry",
    ("institution_id", "list_id", "entry_id"),
    (
        INSTITUTION,
        Column("list_id", STRING, "the watchlist"),
        Column("entry_id", STRING, "the listed institution"),
        Column("match_method", STRING, "id, ror or lineage; the strictest in this order"),
        Column(
            "standing",
            STRING,
            "designation (a government's act) or assessment (another's judgement)",
        ),
        Column("listed_today", BOOL, "still listed when this version of the list was retrieved"),
    ),
)

FLAGS = Table(
    "flags",
    "year × pair × list entry",
    ("year", "source", "target", "kind", "list_id", "entry_id"),
    columns(
        YEAR,
        PAIR,
        Column("domestic_pair", BOOL, "one end is domestic and the other foreign"),
        LISTING,
        Column("works", INT, "works behind this review cue", "works"),
        Column(
            "works_listed",
            INT,
            "of these, published while the entry was listed; null: dates of the list unknown",
            "works",
            null=True,
        ),
        Column("weight", FLOAT, "their Newman weight", "works"),
    ),
)

EVIDENCE = Table(
    "evidence",
    "flag × work × matched institution",
    ("year", "source", "target", "kind", "list_id", "entry_id", "work_id", "matched_id"),
    columns(
        YEAR,
        PAIR,
        LISTING,
        WORK,
        Column(
            "match_method",
            STRING,
            "id, ror or lineage; topic, topic+phrase or gated+phrase; profile",
        ),
        Column("matched_id", STRING, "the institution or topic that matched"),
        Column(
            "matched_string", STRING, "the affiliation string or phrase it stands on", null=True
        ),
        Column("listed_at_publication", STRING, "yes, no or unknown"),
    ),
)

BENEFITS = Table(
    "benefits",
    "year × cue × field",
    ("year", "cue", "field_id"),
    (
        YEAR,
        Column(
            "cue",
            STRING,
            "'watchlist:…' or 'technology:…' with the list; 'none': works of domestic–foreign pairs without either",
        ),
        Column("field_id", STRING, "OpenAlex field of the primary topic", null=True),
        Column(
            "works",
            INT,
            "works of domestic–foreign pairs; a work with several cues counts in each",
            "works",
        ),
        Column(
            "works_ranked",
            INT,
            "of these, ranked by citations within field, year and type",
            "works",
        ),
        Column("works_top_10", INT, "of these, among the 10 % most cited", "works"),
        Column("works_company", INT, "works with a company among their institutions", "works"),
    ),
)
