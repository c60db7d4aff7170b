"""What the real API allows, knows and calls things."""

from __future__ import annotations

LISTED_AUTHORS = 100  # lists show the first hundred authors, singletons all of them (read)
OR_VALUES = 100  # most values in one filter, joined by | or by + (read)
RESULT_WINDOW = 10_000  # page * per_page may not pass this without a cursor (read)
REQUEST_LINE_BYTES = 8190  # longest request line the edge lets through (read)
KEYLESS_SHARE = 10  # without a key the daily budget is a tenth (documented)
SOFT_TIMEOUT_MS = 5000  # the search engine gives up softly here and answers with what it has (read)
LONG_MAX, LONG_MIN = (
    2**63 - 1,
    -(2**63),
)  # what the search engine reports as sort value of a missing number

# Root attributes of a work: all that `select` accepts. In the order of real responses of 2026.
SELECTABLE = (
    "id",
    "doi",
    "title",
    "display_name",
    "publication_year",
    "publication_date",
    "ids",
    "language",
    "primary_location",
    "type",
    "indexed_in",
    "open_access",
    "authorships",
    "institutions",
    "countries_distinct_count",
    "institutions_distinct_count",
    "corresponding_author_ids",
    "corresponding_institution_ids",
    "apc_list",
    "apc_paid",
    "fwci",
    "is_authors_truncated",
    "has_fulltext",
    "cited_by_count",
    "citation_normalized_percentile",
    "cited_by_percentile_year",
    "biblio",
    "is_retracted",
    "is_paratext",
    "is_xpac",
    "primary_topic",
    "topics",
    "keywords",
    "concepts",
    "mesh",
    "locations_count",
    "locations",
    "best_oa_location",
    "sustainable_development_goals",
    "awards",
    "funders",
    "has_content",
    "content_urls",
    "referenced_works_count",
    "referenced_works",
    "related_works",
    "abstract_inverted_index",
    "counts_by_year",
    "updated_date",
    "created_date",
    "relevance_score",
)

PARAMETERS = (
    "api-key",
    "api_key",
    "corpus",
    "cursor",
    "data-version",
    "data_version",
    "filter",
    "format",
    "group-by",
    "group-bys",
    "group_by",
    "group_bys",
    "include-xpac",
    "include_xpac",
    "mailto",
    "page",
    "per-page",
    "per_page",
    "q",
    "sample",
    "search",
    "seed",
    "select",
    "sort",
)

# The real list of names is longer; an unlisted country shows its code, as it does on the real
# server (read).
COUNTRY_NAMES = {
    "cn": "China",
    "de": "Germany",
    "dk": "Denmark",
    "fi": "Finland",
    "fo": "Faroe Islands",
    "fr": "France",
    "gb": "United Kingdom",
    "gl": "Greenland",
    "hk": "Hong Kong",
    "ir": "Iran",
    "no": "Norway",
    "ru": "Russian Federation",
    "se": "Sweden",
    "us": "United States of America",
}
