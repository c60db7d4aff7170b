"""What is read of some pages at a time: works and what hangs on them, in seven tables."""

from __future__ import annotations

from typing import Any, NamedTuple

import pyarrow as pa

from coauth.tables.contract import BOOL, DAY, FLOAT, INT, STRING, STRINGS

HARVESTED = pa.schema(
    [
        ("work_id", STRING),
        ("doi", STRING),
        ("title", STRING),
        ("year", INT),
        ("publication_date", DAY),
        ("type", STRING),
        ("language", STRING),
        ("publisher", STRING),
        ("field_id", STRING),
        ("primary_topic_id", STRING),
        ("topic_score", FLOAT),
        ("n_authors", INT),
        ("n_authors_with_institution", INT),
        ("n_authors_with_string", INT),
        ("authors_cut", BOOL),
        ("affiliation_status", STRING),
        ("is_top_10_percent", BOOL),
        ("has_company", BOOL),
        ("is_retracted", BOOL),
        ("is_paratext", BOOL),
        ("cited_by_count", INT),
        ("title_key", STRING),
    ]
)
AUTHORSHIPS = pa.schema([("work_id", STRING), ("place", INT), ("institution_id", STRING)])
STRINGS_MATCHED = pa.schema([("work_id", STRING), ("institution_id", STRING), ("string", STRING)])
COUNTRIES = pa.schema([("work_id", STRING), ("country_code", STRING), ("basis", STRING)])
INSTITUTION_RECORDS = pa.schema(
    [
        ("institution_id", STRING),
        ("ror", STRING),
        ("name", STRING),
        ("country_code", STRING),
        ("type", STRING),
        ("lineage", STRINGS),
        ("seen", STRING),
    ]
)
STRINGS_ALONE = pa.schema([("work_id", STRING), ("string", STRING)])
TEXTS = pa.schema(
    [
        ("work_id", STRING),
        ("title", STRING),
        ("abstract", STRING),
        ("topic_ids", STRINGS),
        ("topic_scores", pa.list_(FLOAT)),
        ("primary_topic_id", STRING),
        ("topic_score", FLOAT),
    ]
)


class Batch(NamedTuple):
    """Some works, in seven tables. `place` numbers a work's authorships and is kept only until
    roll-up.
    """

    works: pa.Table
    authorships: pa.Table
    strings: pa.Table
    unmatched: pa.Table
    countries: pa.Table
    institutions: pa.Table
    texts: pa.Table


class Links(NamedTuple):
    """Some works, as a network needs them: work_id, title, year, included (neither retracted nor
    paratext); work_id and institution_id, each pair once; and INSTITUTION_RECORDS.
    """

    works: pa.Table
    affiliations: pa.Table
    institutions: pa.Table


class Addresses(NamedTuple):
    """Where the authors of some records are, in scope or not: work_id, year, in_scope,
    affiliation_status; STRINGS_MATCHED; STRINGS_ALONE; work_id and institution_id, each pair once;
    and INSTITUTION_RECORDS.
    """

    works: pa.Table
    matched: pa.Table
    unmatched: pa.Table
    affiliations: pa.Table
    institutions: pa.Table


def table(schema: pa.Schema, columns: dict[str, Any]) -> pa.Table:
    """A table of columns that may be anything Arrow takes for one."""
    given = ((columns[field.name], field.type) for field in schema)
    return pa.Table.from_arrays(
        [c if isinstance(c, pa.Array) else pa.array(c, t) for c, t in given], schema=schema
    )


def short(url: str | None) -> str:
    """`https://openalex.org/W2741809807` -> `W2741809807`; `https://openalex.org/fields/17` ->
    `17`.
    """
    return (url or "").rsplit("/", 1)[-1]
