"""A network as files people open. Each comes with its provenance inside and a data dictionary
beside it.

| format | opens in | what it holds |
|---|---|---|
| gexf, gephi-lite | Gephi, Gephi Lite, networkx | the network of the years, with places, sizes, colours |
| gexf-dynamic | Gephi's timeline | the same with yearly weights, works, strength, PageRank |
| graphml | igraph, Cytoscape, yEd, networkx | the network of the years |
| pajek | Pajek | .net, .clu (groups), .vec (strength) |
| vosviewer | VOSviewer, VOSviewer Online | the network with its places |
| csv, parquet | everything else | nodes, edges, node_years, edge_years |

`coauth/docs/gephi.md` leads from the command to a finished picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from coauth.errors import NotFound
from coauth.export import gexf, graphml, layout, pajek, tabular, vosviewer
from coauth.export.notice import Notice
from coauth.storage import atomic
from coauth.storage.atomic import Content
from coauth.tables.contract import marked

if TYPE_CHECKING:
    from coauth.network.model import Network

FORMATS = ("gexf", "gexf-dynamic", "gephi-lite", "graphml", "pajek", "vosviewer", "csv", "parquet")


def write(
    network: Network,
    form: str,
    path: Path,
    *,
    positions: Mapping[str, Sequence[float]],
    as_of: date,
    provenance: Mapping[str, str],
    synthetic: bool,
) -> list[Path]:
    """Write `network` in one of `FORMATS` and return the files, the main one first and the data
    dictionary last.

    `positions` are those of `layout.place`; institutions it lacks are placed. `as_of` is the
    vintage's date, the only date in any file. `provenance` is said in every file as "key: value"
    (its "title" is the title). What is made of the synthetic world says so: in the title of each
    file, and of a CSV in its name and first column. Formats of several files put theirs beside
    `path` (network.csv: network.nodes.csv and so on).

    The files appear whole and together, or not at all; a link is written through, and what goes
    beside goes beside the link, where it was asked for. Raises `NotFound` for an unknown format and
    for a network without a pair, which is no result but a cut that matches nothing; `CacheError`
    where nothing can be written (`coauth.storage.atomic`), `TableError` for a number that is not finite.
    """
    if form not in FORMATS:
        raise NotFound(f"no export format '{form}'; there are: {', '.join(FORMATS)}")
    if not network.edges.num_rows:
        raise NotFound(
            f"no pair is left by these cuts ({'; '.join(network.account + list(network.notes))}); nothing was written: take a cut away, or name other years"
        )
    ids = network.nodes["institution_id"].to_pylist()
    places = positions if all(i in positions for i in ids) else layout.place(network, positions)
    notice = Notice.of(network, as_of, provenance, synthetic=synthetic)
    contents = _contents(network, form, path, places, notice)
    contents[_beside(path, "dictionary.csv", notice)] = tabular.dictionary(notice)
    atomic.write(contents, "make room or give rights to the folder, or name another file")
    return list(contents)


def _contents(
    network: Network, form: str, path: Path, places: Mapping[str, Sequence[float]], notice: Notice
) -> dict[Path, Content]:
    single: dict[str, Callable[[], Content]] = {
        "gexf": lambda: gexf.lines(network, places, notice, "static"),
        "gexf-dynamic": lambda: gexf.lines(network, places, notice, "dynamic"),
        "gephi-lite": lambda: gexf.lines(network, places, notice, "gephi-lite"),
        "graphml": lambda: graphml.lines(network, places, notice),
        "vosviewer": lambda: vosviewer.lines(network, places, notice),
    }
    if form in single:
        return {path: single[form]()}
    if form == "pajek":
        return {
            path.with_suffix(".net"): pajek.lines(network, places, notice),
            path.with_suffix(".clu"): pajek.partition(network, notice),
            path.with_suffix(".vec"): pajek.vector(network, notice),
        }
    make = tabular.csv_lines if form == "csv" else tabular.parquet
    return {
        _beside(path, f"{part}.{form}", notice): make(table, notice)
        for part, table in tabular.parts(network).items()
    }


def _beside(path: Path, ending: str, notice: Notice) -> Path:
    """network.gexf -> network.dictionary.csv; a CSV of the synthetic world bears its mark in the
    name.
    """
    name = f"{path.stem}.{ending}"
    return path.with_name(marked(name) if notice.synthetic and ending.endswith(".csv") else name)
