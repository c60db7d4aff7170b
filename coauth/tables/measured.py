"""Tables of centralities, their shifts, and the tests of policy dates."""

from __future__ import annotations

from coauth.tables.contract import FLOAT, INT, STRING, Column, Table
from coauth.tables.parts import INSTITUTION, WINDOW, columns, interval

_MEASURE = (
    INSTITUTION,
    Column(
        "measure",
        STRING,
        "strength, strength_share, degree, degree_rarefied, pagerank (N × PR), eigenvector, harmonic, betweenness, participation, exposure",
    ),
    Column("counting", STRING, "newman, full, strict or author"),
    Column(
        "variant",
        STRING,
        "all works; k: of at most K institutions; complete: with complete affiliations; reweighted: these, each for as many as it stands for",
    ),
)
_ENDS = tuple(
    Column(
        f"{end}_error", FLOAT, f"standard error of `{end}` by the number of replicates", null=True
    )
    for end in ("low", "high")
)
CENTRALITY = Table(
    "centrality",
    "window × institution × measure × counting × variant",
    ("first_year", "last_year", "institution_id", "measure", "counting", "variant"),
    columns(
        WINDOW,
        _MEASURE,
        Column("value", FLOAT, "the measure; larger is more central"),
        interval("the value"),
        _ENDS,
        Column("rank", INT, "1 = largest; ties share the better rank"),
        Column("rank_low", INT, "best rank of the interval", null=True),
        Column("rank_high", INT, "worst rank of the interval", null=True),
        Column(
            "fixed_rank",
            INT,
            "rank among the fixed roster alone, the same institutions in every window; null: not of it",
            null=True,
        ),
        Column("fixed_rank_low", INT, "best such rank of the interval", null=True),
        Column("fixed_rank_high", INT, "worst such rank of the interval", null=True),
        Column(
            "rarefied_to",
            INT,
            "degree_rarefied: works drawn in expectation, a share of those of the smallest window",
            "works",
            null=True,
        ),
        Column(
            "among",
            INT,
            "variant strongest: institutions of the graph the measure is of; null: all of the window",
            "institutions",
            null=True,
        ),
    ),
)

SHIFTS = Table(
    "shifts",
    "institution × measure × counting × variant × pair of windows",
    (
        "institution_id",
        "measure",
        "counting",
        "variant",
        "before_first",
        "before_last",
        "after_first",
        "after_last",
    ),
    columns(
        _MEASURE,
        *(
            Column(f"{when}_{end}", INT, f"{end} year of the window {when}")
            for when in ("before", "after")
            for end in ("first", "last")
        ),
        Column("before", FLOAT, "value in the window before"),
        Column("after", FLOAT, "value in the window after"),
        Column("change", FLOAT, "after − before"),
        interval("the change"),
        _ENDS,
        Column("p_value", FLOAT, "two-sided, from the resampled change"),
        Column(
            "p_permuted",
            FLOAT,
            "strength_share, variant k: by shuffling works between the windows; decides nothing",
            null=True,
        ),
        Column(
            "q_value",
            FLOAT,
            "Benjamini–Hochberg over the roster; the verdict rests on that of the row `reweighted`",
        ),
        Column("verdict", STRING, "rose, fell, no clear change, or not comparable: coverage"),
        Column("reason", STRING, "why this verdict, in words"),
        Column(
            "verdict_complete_coverage",
            STRING,
            "what complete works alone would say; shown, decides nothing",
            null=True,
        ),
    ),
)

EVENTS = Table(
    "events",
    "series × policy date × period × method × lag",
    ("series", "event_id", "period", "method", "lag"),
    columns(
        Column("series", STRING, "the co-publication series"),
        Column("event_id", STRING, "policy date of queries/events.toml"),
        Column("period", STRING, "year or quarter: what is counted"),
        Column(
            "method",
            STRING,
            "segmented: against all other works of the base (`copublications`), with a trend; did: against institutions like the listed, without",
        ),
        Column("lag", INT, "years between the date and the first period that may answer", "years"),
        Column(
            "level_change",
            FLOAT,
            "step in log works at the date, relative to what the series is held against",
            "log ratio",
        ),
        Column(
            "slope_change",
            FLOAT,
            "change of the yearly trend after it; null: no trend in the model",
            "log ratio a year",
            null=True,
        ),
        interval("the step", "log ratio"),
        Column(
            "power",
            FLOAT,
            "probability that a fall of a quarter would have been seen",
            "probability",
        ),
        Column(
            "works_needed",
            FLOAT,
            "works a year from which a fall of a quarter between two years is seen with 80 % power; null: the series varies so "
            "much beyond chance that from none",
            "works",
            null=True,
        ),
        Column("works_before", INT, "works of the series before the date (and lag)", "works"),
        Column("works_after", INT, "works of the series from it on", "works"),
        Column(
            "left_out",
            INT,
            "works of the series left out: of quarters, those dated 1 January; of did, those shared with the others",
            "works",
        ),
        Column(
            "dispersion", FLOAT, "variance of a period over its variance by chance alone", "ratio"
        ),
        Column(
            "autocorrelation",
            FLOAT,
            "of one period with the next, beyond chance, averaged over its likelihood",
        ),
        Column(
            "pre_trend",
            FLOAT,
            "trend relative to the others before the date; null: did only",
            "log ratio a year",
            null=True,
        ),
        Column(
            "pre_trend_p",
            FLOAT,
            "two-sided p of no such trend: small means the comparison does not hold; null: did only",
            null=True,
        ),
    ),
)

MATCHES = Table(
    "matches",
    "watchlist × policy date × listed institution × institution like it",
    ("series", "event_id", "institution_id", "control_id"),
    (
        Column("series", STRING, "the watchlist's series"),
        Column("event_id", STRING, "policy date of queries/events.toml"),
        Column("institution_id", STRING, "the listed institution"),
        Column(
            "control_id",
            STRING,
            "the institution it is compared with; null: none is alike",
            null=True,
        ),
        Column(
            "works_before",
            INT,
            "works of the listed one in the measured years before the date's",
            "works",
        ),
        Column("control_works_before", INT, "works of the other in these", "works", null=True),
        Column(
            "field_distance",
            FLOAT,
            "Hellinger distance of their shares of OpenAlex fields: 0 the same, 1 none in common",
            null=True,
        ),
    ),
)
