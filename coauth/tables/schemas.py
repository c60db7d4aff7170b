"""What travels between stages: for every table its key, columns, types, units and meaning.

Stages take and return `pyarrow.Table`s and end with `return EDGES.check(table)`. The same
definitions print the data dictionary beside every export, so that it cannot drift. Ids are
OpenAlex's short form ("W…", "I…", "T…").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

import pyarrow as pa
import pyarrow.compute as pc

from coauth.queries.registry import DIRECTION, MEASURES
from coauth.tables.contract import BOOL, DAY, FLOAT, INT, MARK, STRING, STRINGS, Column, Table

# -- columns that several tables share


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


# -- tables of what the pages of a vintage hold: works, their institutions, countries and technologies

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

MENTIONS = Table(
    "mentions",
    "work × institution named without a match",
    ("work_id", "institution_id"),
    (
        WORK,
        Column(
            "institution_id",
            STRING,
            "domestic or listed institution, after roll-up, that an affiliation string on the work names, "
            "no institution being matched to that string nor this one to another",
        ),
        Column(
            "is_whole",
            BOOL,
            "every string on the work that no institution was matched to names one of these",
        ),
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


# -- tables of the graph of institutions: edges, the pairs of a window, and how much hyper-authored works weigh

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
            "relative intensity of collaboration against `expected`, drawn towards 1 as far as pairs in general are; 1 = as expected; null: infinite",
            "ratio",
            null=True,
        ),
        Column("ric_low", FLOAT, "lower end of its interval", "ratio", null=True),
        Column("ric_high", FLOAT, "upper end of its interval; null: has none", "ratio", null=True),
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
            "mean of works under the null model: the same institutions dealt out anew; where none is drawn, from margins of year and field",
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


# -- tables of review cues: which institutions are listed, which edges are flagged, by which works, and the benefit side

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


# -- tables of co-publications, PhD admissions, and what changed since an earlier vintage


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


# -- tables of centralities, their shifts, and the tests of policy dates

_MEASURE = (
    INSTITUTION,
    Column(
        "measure",
        STRING,
        ", ".join(f"{record.name} ({record.unit})" for record in MEASURES.values()),
    ),
    Column("counting", STRING, "newman, full, strict or author"),
    Column(
        "variant",
        STRING,
        "all works; k: of at most K institutions; complete: with complete affiliations; reweighted: these, each for as many as it stands for; "
        "named (shifts): the same with the institutions that unmatched strings name",
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
        Column("value", FLOAT, f"the measure; {DIRECTION}"),
        interval("the value"),
        _ENDS,
        Column("rank", INT, "1 = most central; ties share the better rank"),
        Column("rank_low", INT, "best rank that it may have, all ranks held at once", null=True),
        Column("rank_high", INT, "worst rank that it may have", null=True),
        Column(
            "fixed_rank",
            INT,
            "rank among the fixed roster alone, the same institutions in every window; null: not of it",
            null=True,
        ),
        Column(
            "fixed_rank_low",
            INT,
            "best such rank that it may have, all ranks held at once; 1: may be first",
            null=True,
        ),
        Column("fixed_rank_high", INT, "worst such rank that it may have; 1: is first", null=True),
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
        Column(
            "tipping",
            FLOAT,
            "share of its works in the later window (of a fall; in the earlier, of a rise) that would have had to lose "
            "their match for the interval to reach no change; null: it does already, or the measure is not of volume",
            "share",
            null=True,
        ),
        Column(
            "bound",
            FLOAT,
            "the change was no larger than this part of the value before: the farther end of the interval; null: 0 before",
            "share",
            null=True,
        ),
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
        Column(
            "verdict",
            STRING,
            "rose (more central), fell (less), no clear change, or not comparable: coverage, strings or identity",
        ),
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


# -- all of them

Name = Literal[
    "works",
    "affiliations",
    "countries",
    "institutions",
    "technologies",
    "mentions",
    "edges",
    "pairs",
    "hyperauthorship",
    "listed",
    "flags",
    "evidence",
    "benefits",
    "memberships",
    "copublications",
    "centrality",
    "shifts",
    "events",
    "matches",
    "coverage",
    "admissions",
    "revisions",
    "profiles",
]
"""Names of the tables of a vintage; `profiles` is in public editions alone."""

Tables = Mapping[Name, pa.Table]
"""The tables of a vintage, of a public edition, or of a cut: those that are there, by name."""

ALL: dict[Name, Table] = {
    cast("Name", t.name): t
    for t in (
        WORKS,
        AFFILIATIONS,
        COUNTRIES,
        INSTITUTIONS,
        TECHNOLOGIES,
        MENTIONS,
        EDGES,
        PAIRS,
        HYPERAUTHORSHIP,
        LISTED,
        FLAGS,
        EVIDENCE,
        BENEFITS,
        MEMBERSHIPS,
        COPUBLICATIONS,
        CENTRALITY,
        SHIFTS,
        EVENTS,
        MATCHES,
        COVERAGE,
        ADMISSIONS,
        REVISIONS,
    )
}


def is_synthetic(works: pa.Table) -> bool:
    """Whether works of the synthetic world are among these, by the mark in their titles."""
    return bool(pc.any(pc.starts_with(pc.fill_null(works["title"], ""), MARK)).as_py())
