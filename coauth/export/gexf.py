"""GEXF 1.3 (https://gexf.net) in three flavours, written as a stream.

* static: opens everywhere.
* dynamic: for Gephi's timeline. Years are timestamps; edges have yearly `weight` and `works`, nodes yearly `strength`
  and the PageRank, with its rank, of the window that ends with the year. Totals carry `_total` in their ids.
* gephi-lite: static, with lists as text, which Gephi Lite splits into keywords itself. (It opens the static file too, and
  refuses the dynamic one: its parser, graphology-gexf 0.13, knows the last block of attributes of each class only.)

Ours and not networkx's writer, which puts an attribute on <graph> the schema forbids, cannot write a dynamic weight
(networkx #4023, #7972), stamps the day, and gives colours an alpha Gephi Lite shows as grey (gephi-lite #307).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa

from coauth.errors import TableError
from coauth.export import palette
from coauth.export.notice import Notice
from coauth.export.numbers import finite
from coauth.network import EDGE_YEARS, EDGES, NODE_YEARS, NODES, Attribute, attributes, legal
from coauth.tables import BOOL, FLOAT, INT, STRING, STRINGS

if TYPE_CHECKING:
    from coauth.network import Network

Flavour = Literal["static", "dynamic", "gephi-lite"]
TYPES: Mapping[pa.DataType, str] = {STRING: "string", INT: "long", FLOAT: "double", BOOL: "boolean", STRINGS: "liststring"}
STRUCTURE = frozenset(("institution_id", "label", "source", "target", "weight"))  # written as XML, not as attributes
DYNAMIC: Mapping[str, tuple[Attribute, ...]] = {
    "node": tuple(attributes(NODE_YEARS)[a] for a in ("strength", "pagerank", "rank")),
    "edge": tuple(attributes(EDGE_YEARS)[a] for a in ("weight", "works")),
}
ROWS = 4096  # rows turned into Python objects at a time: memory stays that of the tables handed in
TIMELINE = (
    "Years are timestamps. In Gephi a timeline window over several years shows the mean of the yearly values, not their sum."
)


def lines(network: Network, positions: Mapping[str, Sequence[float]], notice: Notice, flavour: Flavour) -> Iterator[str]:
    """The file, piece by piece. Raises `TableError` at a NaN or infinite number, or a weight that is not above 0."""
    dynamic = flavour == "dynamic"
    columns = {kind: _columns(table, contract, flavour) for kind, table, contract in (
        ("node", network.nodes, NODES), ("edge", network.edges, EDGES))}  # fmt: skip
    time = ' timeformat="double" timerepresentation="timestamp"' if dynamic else ""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield '<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">\n'
    yield f'  <meta lastmodifieddate="{notice.as_of.isoformat()}">\n    <creator>{escape(notice.creator)}</creator>\n'
    yield f"    <description>{escape(' '.join((notice.title + '.', notice.description, *([TIMELINE] if dynamic else []))))}</description>\n"
    yield f'  </meta>\n  <graph defaultedgetype="undirected" idtype="string" mode="{"dynamic" if dynamic else "static"}"{time}>\n'
    moving = {"node": _moving(network.node_years, "node"), "edge": _moving(network.edge_years, "edge")} if dynamic else {}
    if dynamic:
        # before the static blocks: some readers keep only the last block of a class
        for kind in ("node", "edge"):
            yield _declaration(kind, "dynamic", moving[kind])
    for kind in ("node", "edge"):
        yield _declaration(kind, "static", columns[kind])
    yield from _nodes(network, positions, columns["node"], moving.get("node"))
    yield from _edges(network, columns["edge"], moving.get("edge"))
    yield "  </graph>\n</gexf>\n"


def _columns(table: pa.Table, contract: Any, flavour: Flavour) -> dict[str, Attribute]:
    """Attribute id -> column. A column without any value is left out; one that is also dynamic is called a total."""
    moving = {a.name for a in DYNAMIC["node" if contract is NODES else "edge"]} if flavour == "dynamic" else set()
    columns = {}
    for name, column in attributes(contract).items():
        if name not in STRUCTURE and (not column.null or table[name].null_count < len(table)):
            columns[f"{name}_total" if name in moving else name] = column
    if "weight" in moving:
        columns["weight_total"] = attributes(EDGES)["weight"]
    if flavour == "gephi-lite":
        columns = {i: Attribute(c.name, STRING, c.meaning, title=c.title) if c.type == STRINGS else c for i, c in columns.items()}
    return columns


def _moving(years: pa.Table, kind: str) -> dict[str, Attribute]:
    """The dynamic columns that have a value; the first says in which years the element is there."""
    first, *others = DYNAMIC[kind]
    return {a.name: a for a in (first, *(o for o in others if years[o.name].null_count < len(years)))}


def _declaration(kind: str, mode: str, columns: Mapping[str, Attribute]) -> str:
    declared = "".join(
        f'      <attribute id="{i}" title={quoteattr(_title(i, c))} type="{TYPES[c.type]}"/>\n' for i, c in columns.items()
    )
    return f'    <attributes class="{kind}" mode="{mode}">\n{declared}    </attributes>\n'


def _title(name: str, column: Attribute) -> str:
    if name.endswith("_total"):
        return f"{column.title}, latest window" if column.name == "pagerank" else f"{column.title}, all years"
    return column.title


# -- elements


def _nodes(
    network: Network, positions: Mapping[str, Sequence[float]], columns: Mapping[str, Attribute], moving: Mapping[str, Attribute] | None
) -> Iterator[str]:
    sizes = palette.diameters(network.nodes["strength"].to_numpy())
    years = _Years(network.node_years, ("institution_id",), moving) if moving else None
    colours = {g: f'<viz:color r="{r}" g="{g_}" b="{b}"/>' for g, (r, g_, b) in palette.COLOURS.items()}
    yield f'    <nodes count="{len(network.nodes)}">\n'
    for row, size in zip(_rows(network.nodes), sizes.tolist(), strict=True):
        name = row["institution_id"]
        values, spells = years.take((name,)) if years else ("", "")
        x, y = positions[name]
        yield (
            f"      <node id={quoteattr(legal(name))} label={quoteattr(legal(row['label']) or legal(name))}>"
            f"<attvalues>{values}{_values(row, columns)}</attvalues>{spells}"
            f'{colours[row["group"]]}<viz:position x="{finite(x)}" y="{finite(y)}" z="0.0"/><viz:size value="{finite(size)}"/></node>\n'
        )
    yield "    </nodes>\n"


def _edges(network: Network, columns: Mapping[str, Attribute], moving: Mapping[str, Attribute] | None) -> Iterator[str]:
    years = _Years(network.edge_years, ("source", "target"), moving) if moving else None
    cue = '<viz:color r="{}" g="{}" b="{}"/>'.format(*palette.COLOURS["listed"])
    yield f'    <edges count="{len(network.edges)}">\n'
    for row in _rows(network.edges):
        source, target, weight = row["source"], row["target"], row["weight"]
        if not weight > 0:
            raise TableError(f"network_edges: {source}–{target} has weight {weight}; Gephi drops edges without one")
        values, spells = years.take((source, target)) if years else ("", "")
        yield (
            f"      <edge id={quoteattr(legal(f'{source}-{target}'))} source={quoteattr(legal(source))} "
            f'target={quoteattr(legal(target))} weight="{finite(weight)}">'
            f"<attvalues>{values}{_values(row, columns)}</attvalues>{spells}{cue if row['lists'] else ''}</edge>\n"
        )
    yield "    </edges>\n"


class _Years:
    """Walks a table of years beside the nodes or edges it belongs to: both are sorted by the same key."""

    def __init__(self, table: pa.Table, key: tuple[str, ...], columns: Iterable[str]) -> None:
        self.key, self.columns = key, list(columns)
        self.rows = _rows(table)
        self.next = next(self.rows, None)

    def take(self, wanted: tuple[str, ...]) -> tuple[str, str]:
        """The values by year and the spells of one element. Years of elements that are not shown are passed over."""
        values, spells = [], []
        while self.next is not None and (at := tuple(self.next[k] for k in self.key)) <= wanted:
            row, self.next = self.next, next(self.rows, None)
            if at < wanted:
                continue
            year = row["year"]
            present = [(c, row[c]) for c in self.columns if row[c] is not None]
            values += [f'<attvalue for="{c}" value="{finite(v)}" timestamp="{year}"/>' for c, v in present]
            if row[self.columns[0]] is not None:  # a PageRank alone is of years before, not of a year with an edge
                spells.append(f'<spell timestamp="{year}"/>')
        return "".join(values), f"<spells>{''.join(spells)}</spells>" if spells else ""


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(max_chunksize=ROWS):
        yield from batch.to_pylist()


def _values(row: Mapping[str, Any], columns: Mapping[str, Attribute]) -> str:
    """Attribute values; what is missing is left out, as Gephi reads no other sign for it."""
    return "".join(
        f'<attvalue for="{i}" value={_value(row[c.name], c)}/>' for i, c in columns.items() if row[c.name] not in (None, [])
    )


def _value(value: Any, column: Attribute) -> str:
    if isinstance(value, bool):
        return '"true"' if value else '"false"'
    if isinstance(value, int | float):
        return f'"{finite(value)}"'
    if isinstance(value, list):
        words = [legal(v) for v in value]
        return quoteattr(f"[{', '.join(map(_quoted, words))}]" if column.type == STRINGS else ";".join(words))
    return quoteattr(legal(value))


def _quoted(word: str) -> str:
    """A word of a list; quoted where it holds what the readers of lists split at."""
    if word.replace("-", "").replace("_", "").isalnum():
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
