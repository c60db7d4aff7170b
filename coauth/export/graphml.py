"""GraphML, for igraph, Cytoscape, yEd and networkx: the static network with its provenance in
<desc>.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa

from coauth.export.notice import Notice
from coauth.export.numbers import finite
from coauth.network.model import EDGES, NODES, Attribute, attributes, legal, rows
from coauth.tables.contract import BOOL, FLOAT, INT, STRING, STRINGS

if TYPE_CHECKING:
    from coauth.network.model import Network

TYPES: Mapping[pa.DataType, str] = {
    STRING: "string",
    INT: "long",
    FLOAT: "double",
    BOOL: "boolean",
    STRINGS: "string",
}
PLACE = (
    Attribute("x", FLOAT, "position in the common layout", title="x"),
    Attribute("y", FLOAT, "position", title="y"),
)


def lines(
    network: Network, positions: Mapping[str, Sequence[float]], notice: Notice
) -> Iterator[str]:
    """The file, piece by piece; lists are joined with semicolons, missing values left out."""
    nodes = [c for c in attributes(NODES).values() if c.name != "institution_id"]
    edges = [c for c in attributes(EDGES).values() if c.name not in {"source", "target"}]
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
    for kind, columns in (("node", [*nodes, *PLACE]), ("edge", edges)):
        for column in columns:
            yield f'  <key id="{kind}.{column.name}" for="{kind}" attr.name="{column.name}" attr.type="{TYPES[column.type]}"/>\n'
    yield f'  <graph id="coauthors" edgedefault="undirected">\n    <desc>{escape(f"{notice.title}. {notice.description}")}</desc>\n'
    for row in rows(network.nodes):
        x, y = positions[row["institution_id"]]
        yield f"    <node id={quoteattr(legal(row['institution_id']))}>{_data('node', row | {'x': x, 'y': y}, [*nodes, *PLACE])}</node>\n"
    for row in rows(network.edges):
        ends = f"source={quoteattr(legal(row['source']))} target={quoteattr(legal(row['target']))}"
        yield f"    <edge {ends}>{_data('edge', row, edges)}</edge>\n"
    yield "  </graph>\n</graphml>\n"


def _data(kind: str, row: Mapping[str, Any], columns: Sequence[Attribute]) -> str:
    present = [(c.name, row[c.name]) for c in columns if row[c.name] not in (None, [])]
    return "".join(
        f'<data key="{kind}.{name}">{escape(_text(value))}</data>' for name, value in present
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return finite(value)
    return legal(";".join(value) if isinstance(value, list) else value)
