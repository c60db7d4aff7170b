"""GEXF 1.3 (https://gexf.net) in three flavours, written as a stream.

* static: opens everywhere.
* dynamic: for Gephi's timeline. Years are timestamps; edges have yearly `weight` and `works`, nodes yearly `strength`
  and the PageRank, with its rank, of the window that ends with the year. Totals carry `_total` in their ids.
* gephi-lite: static, with lists as text, which Gephi Lite splits into keywords itself.

Gephi alone reads the years of the dynamic file as years; to others it is static, with each series as text (`…_by_year`).
They cannot share one notation: networkx knows intervals only, of which Gephi takes the mean with the lengths of the
wrong ones (graphstore, `IntervalMap.getIntervalsWeight`: an element's first, not those in the window); graphology
knows no time, one block of attributes of each class, and lets any value called `weight` overwrite the weight. So what
holds for a year stands apart: in a second `attvalues`, of which networkx reads the first, and under another prefix of
the same namespace, as graphology looks for names as they are written. Gephi goes by local names, the schema by
namespaces.

Ours and not networkx's writer, which puts an attribute on <graph> the schema forbids, cannot write
a dynamic weight (networkx #4023, #7972), stamps the day, and gives colours an alpha Gephi Lite
shows as grey (gephi-lite #307).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa

from coauth.errors import TableError
from coauth.export import style
from coauth.export.notice import Notice
from coauth.export.numbers import finite
from coauth.network.model import (
    EDGE_YEARS,
    EDGES,
    NODE_YEARS,
    NODES,
    ROWS,
    Attribute,
    attributes,
    legal,
)
from coauth.tables.contract import BOOL, FLOAT, INT, STRING, STRINGS

if TYPE_CHECKING:
    from coauth.network.model import Network

Flavour = Literal["static", "dynamic", "gephi-lite"]
TYPES: Mapping[pa.DataType, str] = {
    STRING: "string",
    INT: "long",
    FLOAT: "double",
    BOOL: "boolean",
    STRINGS: "liststring",
}
STRUCTURE = frozenset(
    ("institution_id", "label", "source", "target", "weight")
)  # written as XML, not as attributes
DYNAMIC: Mapping[str, tuple[Attribute, ...]] = {
    "node": tuple(attributes(NODE_YEARS)[a] for a in ("strength", "pagerank", "rank")),
    "edge": tuple(attributes(EDGE_YEARS)[a] for a in ("weight", "works")),
}
BY_YEAR: Mapping[str, Attribute] = {
    kind: Attribute(
        f"{columns[0].name}_by_year",
        STRING,
        f"{columns[0].meaning}, as text",
        title=f"{columns[0].title} by year",
    )
    for kind, columns in DYNAMIC.items()
}
TIMELINE = "Years are timestamps. In Gephi a timeline window over several years shows the mean of the yearly values, not their sum."


def lines(
    network: Network, positions: Mapping[str, Sequence[float]], notice: Notice, flavour: Flavour
) -> Iterator[str]:
    """The file, piece by piece. Raises `TableError` at a NaN or infinite number, or a weight that
    is not above 0.
    """
    dynamic = flavour == "dynamic"
    columns = {
        kind: _columns(table, contract, flavour)
        for kind, table, contract in (
            ("node", network.nodes, NODES),
            ("edge", network.edges, EDGES),
        )
    }
    time = ' timeformat="double" timerepresentation="timestamp"' if dynamic else ""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yearly = ' xmlns:year="http://gexf.net/1.3"' if dynamic else ""
    yield f'<gexf xmlns="http://gexf.net/1.3"{yearly} xmlns:viz="http://gexf.net/1.3/viz" version="1.3">\n'
    yield f'  <meta lastmodifieddate="{notice.as_of.isoformat()}">\n    <creator>{escape(notice.creator)}</creator>\n'
    yield f"    <description>{escape(' '.join((notice.title + '.', notice.description, *([TIMELINE] if dynamic else []))))}</description>\n"
    yield f'  </meta>\n  <graph defaultedgetype="undirected" idtype="string" mode="{"dynamic" if dynamic else "static"}"{time}>\n'
    moving = (
        {"node": _moving(network.node_years, "node"), "edge": _moving(network.edge_years, "edge")}
        if dynamic
        else {}
    )
    if dynamic:
        for kind in ("node", "edge"):
            yield _declaration(kind, "dynamic", moving[kind], "year:")
    for kind in ("node", "edge"):
        series = {BY_YEAR[kind].name: BY_YEAR[kind]} if dynamic else {}
        yield _declaration(kind, "static", columns[kind] | series)
    yield from _nodes(network, positions, columns["node"], moving.get("node"))
    yield from _edges(network, columns["edge"], moving.get("edge"))
    yield "  </graph>\n</gexf>\n"


def _columns(table: pa.Table, contract: Any, flavour: Flavour) -> dict[str, Attribute]:
    """Attribute id -> column. A column without any value is left out; one that is also dynamic is
    called a total.
    """
    moving = (
        {a.name for a in DYNAMIC["node" if contract is NODES else "edge"]}
        if flavour == "dynamic"
        else set()
    )
    columns = {}
    for name, column in attributes(contract).items():
        if name not in STRUCTURE and (not column.null or table[name].null_count < len(table)):
            columns[f"{name}_total" if name in moving else name] = column
    if "weight" in moving:
        columns["weight_total"] = attributes(EDGES)["weight"]
    if flavour == "gephi-lite":
        columns = {
            i: Attribute(c.name, STRING, c.meaning, title=c.title) if c.type == STRINGS else c
            for i, c in columns.items()
        }
    return columns


def _moving(years: pa.Table, kind: str) -> dict[str, Attribute]:
    """The dynamic columns that have a value; the first says in which years the element is there."""
    first, *others = DYNAMIC[kind]
    return {
        a.name: a for a in (first, *(o for o in others if years[o.name].null_count < len(years)))
    }


def _declaration(kind: str, mode: str, columns: Mapping[str, Attribute], prefix: str = "") -> str:
    declared = "".join(
        f'      <{prefix}attribute id="{i}" title={quoteattr(_title(i, c))} type="{TYPES[c.type]}"/>\n'
        for i, c in columns.items()
    )
    return f'    <{prefix}attributes class="{kind}" mode="{mode}">\n{declared}    </{prefix}attributes>\n'


def _title(name: str, column: Attribute) -> str:
    if name.endswith("_total"):
        return (
            f"{column.title}, latest window"
            if column.name == "pagerank"
            else f"{column.title}, all years"
        )
    return column.title


# -- elements: written a column at a time within a batch of rows, which takes half the time of a row
# at a time


def _nodes(
    network: Network,
    positions: Mapping[str, Sequence[float]],
    columns: Mapping[str, Attribute],
    moving: Mapping[str, Attribute] | None,
) -> Iterator[str]:
    sizes = iter(style.discs(network.nodes).tolist())
    years = _Years(network.node_years, ("institution_id",), "node", moving) if moving else None
    colours = {
        g: f'<viz:color r="{r}" g="{g_}" b="{b}"/>' for g, (r, g_, b) in style.COLOURS.items()
    }
    yield f'    <nodes count="{len(network.nodes)}">\n'
    for batch in network.nodes.to_batches(max_chunksize=ROWS):
        names, labels, groups = (batch[c].to_pylist() for c in ("institution_id", "label", "group"))
        for name, label, group, values in zip(
            names, labels, groups, _values(batch, columns), strict=True
        ):
            times, series, moved = years.take((name,)) if years else ("", "", "")
            x, y = positions[name]
            yield (
                f"      <node id={quoteattr(legal(name))} label={quoteattr(legal(label) or legal(name))}{times}>"
                f"<attvalues>{values}{series}</attvalues>{moved}{colours[group]}"
                f'<viz:position x="{finite(x)}" y="{finite(y)}" z="0.0"/><viz:size value="{finite(next(sizes))}"/></node>\n'
            )
    yield "    </nodes>\n"


def _edges(
    network: Network, columns: Mapping[str, Attribute], moving: Mapping[str, Attribute] | None
) -> Iterator[str]:
    years = _Years(network.edge_years, ("source", "target"), "edge", moving) if moving else None
    cue = '<viz:color r="{}" g="{}" b="{}"/>'.format(*style.COLOURS["listed"])
    named = {name: legal(name) for name in network.nodes["institution_id"].to_pylist()}
    quoted = {name: quoteattr(said) for name, said in named.items()}
    yield f'    <edges count="{len(network.edges)}">\n'
    for batch in network.edges.to_batches(max_chunksize=ROWS):
        sources, targets, weights, lists = (
            batch[c].to_pylist() for c in ("source", "target", "weight", "lists")
        )
        for source, target, weight, listed, values in zip(
            sources, targets, weights, lists, _values(batch, columns), strict=True
        ):
            if not weight > 0:
                raise TableError(
                    f"network_edges: {source}–{target} has weight {weight}; Gephi drops edges without one"
                )
            times, series, moved = years.take((source, target)) if years else ("", "", "")
            yield (
                f"      <edge id={quoteattr(f'{named[source]}-{named[target]}')} source={quoted[source]} target={quoted[target]} "
                f'weight="{finite(weight)}"{times}><attvalues>{values}{series}</attvalues>{moved}{cue if listed else ""}</edge>\n'
            )
    yield "    </edges>\n"


class _Years:
    """Walks a table of years beside the nodes or edges it belongs to: both are sorted by the same
    key.
    """

    def __init__(
        self, table: pa.Table, key: tuple[str, ...], kind: str, columns: Mapping[str, Attribute]
    ) -> None:
        self.series = BY_YEAR[kind].name
        self.rows = self._read(table, key, columns)
        self.next = next(self.rows, None)

    def take(self, names: tuple[str, ...]) -> tuple[str, str, str]:
        """When one element is there, its series as text, and its values by year. Years of elements
        that are not shown are passed over.
        """
        years, series, values = [], [], []
        while self.next is not None and self.next[0] <= names:
            at, year, size, value = self.next
            self.next = next(self.rows, None)
            if at != names:
                continue
            values.append(value)
            if size is not None:  # else of a window, not of a year: a PageRank alone
                years.append(f"{year}")
                series.append(f"{year}: {size}")
        return (
            f' timestamps="&lt;[{", ".join(years)}]&gt;"' if years else "",
            f'<attvalue for="{self.series}" value="{", ".join(series)}"/>' if series else "",
            f"<year:attvalues>{''.join(values)}</year:attvalues>" if values else "",
        )

    @staticmethod
    def _read(
        table: pa.Table, key: tuple[str, ...], columns: Mapping[str, Attribute]
    ) -> Iterator[tuple[tuple[str, ...], int, str | None, str]]:
        """Key, year, first column and all values of each row."""
        first = next(iter(columns))
        for batch in table.to_batches(max_chunksize=ROWS):
            years = batch["year"].to_pylist()
            ends = [f' timestamp="{year}"/>' for year in years]
            sizes = batch[first].to_pylist()
            yield from zip(
                zip(*(batch[k].to_pylist() for k in key), strict=True),
                years,
                (None if size is None else finite(size) for size in sizes),
                _values(batch, columns, ends),
                strict=True,
            )


def _values(
    batch: pa.RecordBatch, columns: Mapping[str, Attribute], ends: Sequence[str] | None = None
) -> list[str]:
    """Attribute values of each row; what is missing is left out, as Gephi reads no other sign for
    it.
    """
    prefix = "year:" if ends else ""
    ends = ends or ["/>"] * len(batch)
    cells = [
        [
            f'<{prefix}attvalue for="{i}" value={text}{end}' if text else ""
            for text, end in zip(_texts(batch[c.name], c), ends, strict=True)
        ]
        for i, c in columns.items()
    ]
    return list(map("".join, zip(*cells, strict=True))) if cells else [""] * len(batch)


def _texts(column: pa.Array, attribute: Attribute) -> list[str | None]:
    """A column as quoted attribute values; None where there is nothing to say."""
    values = column.to_pylist()
    if column.type == INT:
        return [None if v is None else f'"{v}"' for v in values]
    if column.type == FLOAT:
        return [None if v is None else f'"{finite(v)}"' for v in values]
    if column.type == BOOL:
        return [None if v is None else '"true"' if v else '"false"' for v in values]
    if column.type == STRINGS:
        values = [tuple(v) if v else None for v in values]
    known = {v: _text(v, attribute) for v in set(values) - {None}}  # few words stand in many rows
    return [known.get(v) for v in values]


def _text(value: str | tuple[str, ...], attribute: Attribute) -> str:
    if isinstance(value, str):
        return str(quoteattr(legal(value)))
    words = [legal(v) for v in value]
    return str(
        quoteattr(
            f"[{', '.join(map(_quoted, words))}]" if attribute.type == STRINGS else ";".join(words)
        )
    )


def _quoted(word: str) -> str:
    """A word of a list; quoted where it holds what the readers of lists split at."""
    if word.replace("-", "").replace("_", "").isalnum():
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
