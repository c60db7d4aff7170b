"""What no record of a vintage has: where a field is on none, "none" would be said of what nobody
can know.
"""

from __future__ import annotations

import pyarrow as pa


def topics(works: pa.Table) -> bool:
    """Whether there are works, and none has a topic: no technology and no field of research can be
    known.

    >>> topics(pa.table({"primary_topic_id": ["T1", None]})), topics(pa.table({"primary_topic_id": pa.nulls(2, pa.string())}))
    (False, True)
    """
    return _empty(works["primary_topic_id"])


def types(institutions: pa.Table) -> bool:
    """Whether there are institutions, and none has a type: no company can be told from a
    university.
    """
    return _empty(institutions["type"])


def lacking(works: pa.Table, institutions: pa.Table) -> list[str]:
    """The names of these fields that no record has."""
    absent = {"topics": topics(works), "types": types(institutions)}
    return [name for name, holds in absent.items() if holds]


def _empty(column: pa.ChunkedArray) -> bool:
    return 0 < len(column) == int(column.null_count)
