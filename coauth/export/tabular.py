"""CSV and Parquet: nodes, edges and their years as tables, and the data dictionary that goes beside
every export.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from coauth.export.notice import Notice
from coauth.export.numbers import finite
from coauth.network.model import EDGE_YEARS, EDGES, NODE_YEARS, NODES, attributes, rows
from coauth.tables.contract import MARK, Table
from coauth.tables.escape import cell

if TYPE_CHECKING:
    from coauth.network.model import Network

CONTRACTS: dict[str, Table] = {
    "nodes": NODES,
    "edges": EDGES,
    "node_years": NODE_YEARS,
    "edge_years": EDGE_YEARS,
}


def parts(network: Network) -> dict[str, pa.Table]:
    """The tables by the word that stands for them in file names."""
    return {name: getattr(network, name) for name in CONTRACTS}


def csv_lines(table: pa.Table, notice: Notice) -> Iterator[str]:
    """One line per row; lists are joined with semicolons, missing values empty."""
    return _csv(
        table.column_names, ((_cell(v) for v in row.values()) for row in rows(table)), notice
    )


def dictionary(notice: Notice) -> Iterator[str]:
    """What every column of every part means: the definitions themselves, printed."""
    columns = (
        (part, c.name, c.title, str(c.type), c.unit, c.meaning)
        for part, contract in CONTRACTS.items()
        for c in attributes(contract).values()
    )
    return _csv(["part", "column", "title", "type", "unit", "meaning"], columns, notice)


def parquet(table: pa.Table, notice: Notice) -> bytes:
    """The table with what is to be said of it in the file's metadata."""
    about = {
        "title": notice.title,
        "description": notice.description,
        "creator": notice.creator,
        "as_of": notice.as_of.isoformat(),
    }
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata(about | ({"notice": MARK} if notice.synthetic else {})),
        sink,
        compression="zstd",
    )
    return bytes(sink.getvalue().to_pybytes())


def _csv(header: Sequence[str], lines: Iterable[Iterable[str]], notice: Notice) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    first, *others = header
    for row in chain([[f"{MARK} {first}" if notice.synthetic else first, *others]], lines):
        writer.writerow(row)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return finite(value)
    return cell(";".join(value) if isinstance(value, list) else str(value))
