"""Tables of the graph of institutions: edges, the pairs of a window, and how much hyper-authored
works weigh.
"""

from __future__ import annotations

from coauth.tables.contract import FLOAT, INT, STRING, Column, Table
from coauth.tables.parts import PAIR, WINDOW, YEAR, columns

_EDGE_WEIGHTS = (
    Column("works", INT, "works the two share (full count)", "works"),
    Column("weight", FLOAT, "Newman: Σ 1/(k−1); larger means closer", "works"),
    Column(
        "strict_weight", FLOAT, "Σ 2/(k(k−1)): each work adds 1 to all its pairs together", "works"
    ),
    Column(
        "author_weight",
        FLOAT,
        "Σ 2 f_i f_j/(1 − Σ f²), f the shares of a work's authors: the same 1, by authors",
        "works",
    ),
    Column("works_k", INT, "the same over works of at most K institutions", "works"),
    Column("weight_k", FLOAT, "the same over works of at most K institutions", "works"),
    Column("strict_weight_k", FLOAT, "the same over works of at most K institutions", "works"),
    Column("author_weight_k", FLOAT, "the same over works of at most K institutions", "works"),
)
EDGES = Table(
    "edges",
    "year × pair, source < target",
    ("year", "source", "target"),
    columns(YEAR, PAIR, _EDGE_WEIGHTS),
)

PAIRS = Table(
    "pairs",
    "window × domestic–foreign pair",
    ("first_year", "last_year", "source", "target"),
    columns(
        WINDOW,
        Column("source", STRING, "the domestic institution"),
        Column("target", STRING, "the foreign institution"),
        Column("works", INT, "works the two share in the window", "works"),
        Column(
            "ric",
            FLOAT,
            "relative intensity of collaboration; 1 = as the others",
            "ratio",
            null=True,
        ),
        Column("ric_low", FLOAT, "lower end of its interval", "ratio", null=True),
        Column("ric_high", FLOAT, "upper end of its interval", "ratio", null=True),
        Column(
            "association_strength",
            FLOAT,
            "T·w/(s_i·s_j) with full counts; 1 = as expected from their volumes",
            "ratio",
            null=True,
        ),
        Column(
            "expected",
            FLOAT,
            "mean of works under the null model: the same institutions dealt out anew; null: not computed",
            "works",
            null=True,
        ),
        Column(
            "null_z",
            FLOAT,
            "(works − expected) / their standard deviation under the null; null: not computed, or nothing can vary",
            "standard deviations",
            null=True,
        ),
        Column(
            "p_value",
            FLOAT,
            "two-sided, of as many works or as few under the null; null: not computed",
            null=True,
        ),
        Column(
            "q_value",
            FLOAT,
            "Benjamini–Hochberg over all domestic–foreign pairs that could have reached so many works; null: not computed",
            null=True,
        ),
    ),
)

HYPERAUTHORSHIP = Table(
    "hyperauthorship",
    "year × counting",
    ("year", "counting"),
    (
        YEAR,
        Column("counting", STRING, "full, newman, strict or author: the weight of edges"),
        Column("works", INT, "included works of at least two institutions", "works"),
        Column("works_above_k", INT, "of these, works of more than K institutions", "works"),
        Column("weight", FLOAT, "what the works add to all their pairs together", "works"),
        Column("weight_above_k", FLOAT, "what works of more than K institutions add", "works"),
        Column("share_above_k", FLOAT, "their share of the weight", "share"),
    ),
)
