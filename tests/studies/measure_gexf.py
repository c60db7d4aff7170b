"""GEXF at the size of a country: `python -m tests.studies.measure_gexf` [--nodes 25000] [--edges 300000
1000000].

Prints CPU seconds, size of the file, and peak memory above the tables handed in, for our writer and
for networkx's on the same network with the same attributes, each in a process of its own. networkx
is timed from the finished graph to the file (building it, which takes longer, is left out); its
memory includes the graph, as there is no file without one.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from datetime import date
from pathlib import Path

import networkx as nx
import numpy as np
import pyarrow as pa

from coauth.export import gexf
from coauth.export.notice import Notice
from coauth.network import to_networkx
from coauth.network.model import EDGE_YEARS, EDGES, GROUPS, NODE_YEARS, NODES, Network
from coauth.storage import atomic

YEARS = (2011, 2024)
A_YEAR_EACH = 2  # years in which a pair has works, on average


def network(nodes, edges, seed=1):
    """A made-up network of that size: few large institutions, many small, every attribute filled."""
    rng = np.random.default_rng(seed)
    ids = np.array(sorted(f"I{k}" for k in range(10_000_000, 10_000_000 + nodes)), object)
    ends = np.empty((0, 2), np.int64)
    while len(ends) < edges:
        drawn = np.sort((nodes * rng.random((edges, 2)) ** 3).astype(np.int64), axis=1)
        ends = np.unique(np.concatenate([ends, drawn[drawn[:, 0] < drawn[:, 1]]]), axis=0)
    ends = ends[np.sort(rng.choice(len(ends), edges, replace=False))]
    works = rng.geometric(0.3, edges)
    weight = works / rng.integers(1, 50, edges)
    strength = np.bincount(ends.ravel(), np.repeat(weight, 2), minlength=nodes)
    some = rng.random(edges) < 0.05
    columns = {
        "source": ids[ends[:, 0]],
        "target": ids[ends[:, 1]],
        "weight": weight,
        "works": works,
        "strict_weight": weight / 2,
        "works_all": works + 1,
        "pair": np.where(some, "domestic-foreign", "foreign").astype(object),
        "review_cue": some,
        "lists": [["miit"] if s else [] for s in some],
        "technologies": [["quantum"] if s else [] for s in some],
        "technologies_standing": ["indicative" if s else None for s in some],
        "null_z": rng.normal(size=edges),
        "first_year": np.full(edges, YEARS[0]),
        "last_year": np.full(edges, YEARS[1]),
    }
    measures = {c.name: rng.random(nodes) for c in NODES.columns if c.type == pa.float64()}
    rows = measures | {
        "institution_id": ids,
        "label": np.array([f"University of Number {k}" for k in range(nodes)], object),
        "ror": np.array([f"https://ror.org/{k:09d}" for k in range(nodes)], object),
        "country": np.full(nodes, "DK", object),
        "institution_type": np.full(nodes, "education", object),
        "is_domestic": np.zeros(nodes, bool),
        "group": rng.choice(list(GROUPS), nodes),
        "lists": [[]] * nodes,
        "technologies": [["quantum"]] * nodes,
        "technologies_standing": ["indicative"] * nodes,
        "works": np.ceil(strength).astype(int),
        "strength": strength,
        "partners": np.bincount(ends.ravel(), minlength=nodes),
        "first_year": np.full(nodes, YEARS[0]),
        "last_year": np.full(nodes, YEARS[1]),
        "verdict": np.full(nodes, "rose", object),
    }
    pick = np.repeat(np.arange(edges), A_YEAR_EACH)
    yearly = {
        "source": columns["source"][pick],
        "target": columns["target"][pick],
        "works": works[pick],
        "weight": weight[pick],
        "year": np.tile(
            rng.choice(np.arange(YEARS[0], YEARS[1] + 1), A_YEAR_EACH, replace=False), edges
        ),
    }
    span = np.arange(YEARS[0], YEARS[1] + 1)
    moving = {
        "institution_id": np.repeat(ids, len(span)),
        "year": np.tile(span, nodes),
        "strength": rng.random(nodes * len(span)),
        "pagerank": rng.random(nodes * len(span)),
        "rank": np.arange(nodes * len(span)),
    }
    return Network(
        *(
            contract.check(pa.table(t))
            for contract, t in (
                (NODES, rows),
                (EDGES, columns),
                (NODE_YEARS, moving),
                (EDGE_YEARS, yearly),
            )
        ),
        years=YEARS,
        home=("DK",),
        max_institutions=50,
    )


def ours(net, flavour, path):
    places = {i: [float(n), -n / 3] for n, i in enumerate(net.nodes["institution_id"].to_pylist())}
    notice = Notice.of(net, date(2026, 10, 1), {}, synthetic=True)
    start = time.process_time()
    atomic.write({path: gexf.lines(net, places, notice, flavour)}, "make room")
    return time.process_time() - start


def by_networkx(net, flavour, path):
    graph = to_networkx(net)
    graph.graph.clear()
    for _, values in (
        *graph.nodes(data=True),
        *(((s, t), d) for s, t, d in graph.edges(data=True)),
    ):
        for name in ("lists", "technologies"):
            values[name] = ";".join(values[name])
    if flavour == "dynamic":
        for part, table, key in (
            (graph.nodes, net.node_years, ("institution_id",)),
            (graph.edges, net.edge_years, ("source", "target")),
        ):
            for row in table.to_pylist():
                values = part[row[key[0]]] if len(key) == 1 else part[row["source"], row["target"]]
                for name in set(row) - {*key, "year"}:
                    values.setdefault(f"{name}_by_year", []).append(
                        (row[name], float(row["year"]), float(row["year"]))
                    )
                values.setdefault("spells", []).append((float(row["year"]), float(row["year"])))
    start = time.process_time()
    nx.write_gexf(graph, path, version="1.3")
    return time.process_time() - start


def apart(act, *given):
    """CPU seconds of `act` in a process of its own, its peak memory above what it began with in MB,
    and the file's size in MB.
    """
    to_parent, from_child = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with tempfile.TemporaryDirectory() as folder:
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                seconds = act(*given, Path(folder) / "n.gexf")
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                said = [
                    seconds,
                    (peak - before) / 1024,
                    (Path(folder) / "n.gexf").stat().st_size / 1e6,
                ]
            os.write(from_child, json.dumps(said).encode())
            os._exit(0)
        finally:
            os._exit(1)
    os.close(from_child)
    with os.fdopen(to_parent, "rb") as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return json.loads(said)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=25_000)
    parser.add_argument("--edges", type=int, nargs="+", default=[300_000, 1_000_000])
    parser.add_argument(
        "--dynamic-up-to",
        type=int,
        default=300_000,
        help="edges up to which networkx writes the dynamic file: it takes 14 GB at a million",
    )
    chosen = parser.parse_args()
    print(
        "| edges | flavour | coauth: CPU s / memory / file | networkx: CPU s / memory / file | times faster |\n|---|---|---|---|---|",
        flush=True,
    )
    for edges in chosen.edges:
        net = network(chosen.nodes, edges)
        for flavour in ("static", "dynamic"):
            mine = apart(ours, net, flavour)
            compared = flavour == "static" or edges <= chosen.dynamic_up_to
            theirs = apart(by_networkx, net, flavour) if compared else None
            cells = [
                f"{s:.1f} s / {m:.0f} MB / {f:.0f} MB"
                for s, m, f in (mine, *([theirs] if theirs else []))
            ]
            print(
                f"| {edges:,} | {flavour} | {' | '.join(cells if theirs else [*cells, 'not run'])} | {f'{theirs[0] / mine[0]:.1f}' if theirs else ''} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
