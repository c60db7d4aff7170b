"""What coauth is measured against: the same page files, read by others. Each says what it
materialises.

Like a stage, each imports what it needs and returns the work to be timed. All are single-threaded;
speeds are compared by CPU seconds. The networks are of the works that coauth includes too: of a
type asked for, not retracted.
"""

import gzip
import tomllib
from collections import Counter
from itertools import combinations, groupby
from operator import itemgetter


def files(root):
    """The stored pages, in order."""
    return sorted(root.glob("cache/*/pages/*/[0-9]*.json.gz"))


# -- decompression and parsing alone


def gunzip():
    def work(root):
        return {"bytes": sum(len(gzip.decompress(f.read_bytes())) for f in files(root))}

    return work


def isal():
    from isal import igzip

    def work(root):
        return {"bytes": sum(len(igzip.decompress(f.read_bytes())) for f in files(root))}

    return work


def _parsed(count):
    """Decompress with isal, then `count` the works of each page."""
    from isal import igzip

    return lambda root: {"works": sum(count(igzip.decompress(f.read_bytes())) for f in files(root))}


def json():
    import json

    return _parsed(lambda data: len(json.loads(data)["works"]))


def orjson():
    import orjson

    return _parsed(lambda data: len(orjson.loads(data)["works"]))


def simdjson():
    import simdjson

    parser = simdjson.Parser()
    return _parsed(lambda data: len(parser.parse(data)["works"]))


def msgspec():
    import msgspec

    from coauth.openalex import Page

    decode = msgspec.json.Decoder(Page).decode
    return _parsed(lambda data: len(decode(data).works))


def msgspec_lean():
    import msgspec

    place = msgspec.defstruct("Place", [("id", str | None, None)])
    author = msgspec.defstruct("Author", [("institutions", list[place] | None, None)])
    told = {
        "id": str,
        "publication_year": int,
        "type": str,
        "is_retracted": bool,
        "authorships": list[author],
    }
    work = msgspec.defstruct("Work", [(name, kind | None, None) for name, kind in told.items()])
    decode = msgspec.json.Decoder(msgspec.defstruct("Page", [("works", list[work])])).decode
    return _parsed(lambda data: len(decode(data).works))


def arrow():
    import io

    from isal import igzip
    from pyarrow import json

    def work(root):
        schema, works = None, 0
        for file in files(root):
            data = igzip.decompress(file.read_bytes())
            options = json.ParseOptions(
                explicit_schema=schema,
                unexpected_field_behavior="infer" if schema is None else "ignore",
            )
            table = json.read_json(
                io.BytesIO(data),
                json.ReadOptions(use_threads=False, block_size=len(data) + 1),
                options,
            )
            schema = (
                schema or table.schema
            )  # the first page has every attribute: inferring once is a quarter of the price
            works += len(table["works"].combine_chunks().flatten())
        return {"works": works}

    return work


def duckdb():
    import duckdb

    def work(root):
        every = [str(f) for f in files(root)]
        with duckdb.connect() as db:
            db.execute("SET threads = 1")
            # types seen once, on the first page: detecting them over all files costs four times as
            # much
            told = db.execute(
                "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_json(?))",
                [every[0]],
            ).fetchall()
            columns = ", ".join(f"{name}: '{kind}'" for name, kind in told)
            sql = f"CREATE TEMP TABLE page AS SELECT works FROM read_json(?, columns = {{{columns}}}, maximum_object_size = 268435456)"
            count = 0
            for at in range(
                0, len(every), 200
            ):  # two hundred pages at a time, so that memory is not what is measured
                db.execute(sql, [every[at : at + 200]])
                count += db.execute("SELECT sum(len(works))::BIGINT FROM page").fetchall()[0][0]
                db.execute("DROP TABLE page")
        return {"works": count}

    return work


# -- JSON to PageRank, and stored tables to PageRank


def _counted(root):
    """(work, its distinct institutions) of the works that count, by the standard library alone."""
    import json

    types = set(tomllib.loads((root / "queries" / "scope.toml").read_text("utf-8"))["types"])
    for file in files(root):
        for work in json.loads(gzip.decompress(file.read_bytes()))["works"]:
            if work["type"] in types and not work["is_retracted"]:
                found = {i["id"] for a in work["authorships"] for i in a["institutions"]}
                yield work["id"], sorted(i.rsplit("/", 1)[-1] for i in found)


def _links(root):
    """Work and institution of the works that coauth includes, from the tables that the last build
    stored: one row for each.
    """
    import pyarrow.parquet as pq

    (folder,) = root.glob("cache/*/tables")
    works, links = (
        pq.read_table(folder / f"{name}.parquet", columns=columns).to_pandas()
        for name, columns in (
            ("works", ["work_id", "included"]),
            ("affiliations", ["work_id", "institution_id"]),
        )
    )
    links = links[links["work_id"].isin(works["work_id"][works["included"]])]
    return links[links.groupby("work_id")["work_id"].transform("size") > 1]


def _linked(root):
    """(work, its institutions) of the same."""
    links = _links(root)
    for work, rows in groupby(
        zip(links["work_id"], links["institution_id"], strict=True), itemgetter(0)
    ):
        yield work, [institution for _, institution in rows]


def by_hand(teams=_counted):
    """The referee: every pair of every work counted one by one. No PageRank."""

    def work(root):
        pairs = Counter(pair for _, found in teams(root) for pair in combinations(found, 2))
        return {"edges": (*zip(*pairs, strict=True), list(pairs.values()))}

    return work


def networkx(teams=_counted):
    """json or stored tables, an edge at a time into a networkx.Graph, networkx.pagerank."""
    import networkx as nx

    def work(root):
        graph = nx.Graph()
        for _, found in teams(root):
            for a, b in combinations(found, 2):
                if graph.has_edge(a, b):
                    graph[a][b]["weight"] += 1
                else:
                    graph.add_edge(a, b, weight=1)
        ranked = nx.pagerank(graph, tol=1e-12, max_iter=500)
        edges = list(graph.edges(data="weight"))
        return {"edges": tuple(zip(*edges, strict=True)), "pagerank": ranked}

    return work


def _rows(root):
    """The rows of `_links`, from JSON by the standard library."""
    import pandas as pd

    return pd.DataFrame(
        [(work, one) for work, found in _counted(root) if len(found) > 1 for one in found]
    )


def _snapshot(root):
    """The stored records as pyscisci's reader wants them: works of a snapshot, one a line. Made
    once, and not timed.
    """
    import json

    whole = root / "pyscisci" / "data" / "works" / "part_000.gz"
    if not whole.exists():
        whole.parent.mkdir(parents=True, exist_ok=True)
        begun = whole.with_suffix(".begun")
        with gzip.open(begun, "wb", compresslevel=6) as lines:
            for file in files(root):
                lines.writelines(
                    json.dumps(work).encode() + b"\n"
                    for work in json.loads(gzip.decompress(file.read_bytes()))["works"]
                )
        begun.rename(whole)


def _read(root):
    """The same rows by pyscisci's own reader of OpenAlex, from what `_snapshot` made: it writes its
    tables as text and reads them again.
    """
    from pyscisci.datasource.OpenAlex import OpenAlex

    types = tomllib.loads((root / "queries" / "scope.toml").read_text("utf-8"))["types"]
    here = OpenAlex(str(root / "pyscisci"), show_progress=False)
    here.parse_publications(
        dataframe_list=["publications", "publicationauthoraffiliation"], show_progress=False
    )
    works = here.load_publications(columns=["PublicationId", "DocType", "IsRetracted"])
    fit = works["PublicationId"][works["DocType"].isin(types) & ~works["IsRetracted"].astype(bool)]
    link = ["PublicationId", "AffiliationId"]
    rows = here.load_publicationauthoraffiliation(
        columns=link, dropna=["AffiliationId"], duplicate_subset=link, show_progress=False
    )
    rows = rows[rows["PublicationId"].isin(fit)]
    rows = rows[rows.groupby("PublicationId")["PublicationId"].transform("size") > 1]
    return rows.assign(AffiliationId="I" + rows["AffiliationId"].astype("int64").astype(str))


def pyscisci(rows=_rows):
    """pyscisci 0.92: its `coauthorship_network` with institutions in the place of authors (full
    count, all years) and its `sparse_pagerank_scipy`, of rows that its own reader made, or that it
    is handed.
    """
    import numpy as np
    from pyscisci.network import coauthorship_network
    from pyscisci.sparsenetworkutils import sparse_pagerank_scipy

    def work(root):
        graph, number = coauthorship_network(
            rows(root).set_axis(["PublicationId", "AuthorId"], axis=1)
        )
        ids = np.array(list(number), object)
        # given its own integer network, it cuts 1/strength to 0 and ranks almost everybody alike
        ranked = sparse_pagerank_scipy(graph.tocsr().astype(float), tol=1e-12, max_iter=500)
        upper = graph.row < graph.col
        edges = (ids[graph.row[upper]], ids[graph.col[upper]], graph.data[upper])
        return {"edges": edges, "pagerank": dict(zip(ids, np.asarray(ranked).ravel(), strict=True))}

    return work


def pyscisci_whole():
    from pyscisci.datasource import OpenAlex  # noqa: F401  start-up, not work

    return pyscisci(_read)


UNPACK = {"gzip": gunzip, "isal": isal}
PARSE = {
    "simdjson": (simdjson, "nothing: a tape to look things up in"),
    "msgspec-lean": (
        msgspec_lean,
        "id, year, type, retraction and institutions' ids; the rest is skipped",
    ),
    "msgspec": (msgspec, "every stored attribute, as typed objects"),
    "orjson": (orjson, "everything, as dicts"),
    "json": (json, "everything, as dicts"),
    "arrow": (arrow, "every stored attribute, as Arrow columns"),
    "duckdb": (duckdb, "every stored attribute, as DuckDB columns; unpacks by itself"),
}
NETWORK = {
    "by-hand": by_hand,
    "networkx": networkx,
    "pyscisci": pyscisci_whole,
    "pyscisci-rows": pyscisci,
}


def prepare(name, root):
    """What has to lie there before it is run; not timed."""
    if name == "pagerank-pyscisci":
        _snapshot(root)


def _of_tables(made, source):
    def begun():
        import pandas  # noqa: F401  start-up, not work
        import pyarrow.parquet  # noqa: F401

        return made(source)

    return begun


STORED = {
    "by-hand": _of_tables(by_hand, _linked),
    "networkx": _of_tables(networkx, _linked),
    "pyscisci": _of_tables(pyscisci, _links),
}
"""The same from the tables that coauth stored, so that a network is compared with a network and not
a reader of JSON with another.
"""
OTHERS = UNPACK | {
    **{f"parse-{name}": made for name, (made, _) in PARSE.items()},
    **{f"pagerank-{name}": made for name, made in NETWORK.items()},
    **{f"stored-{name}": made for name, made in STORED.items()},
}
