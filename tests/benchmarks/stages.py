"""What is measured of coauth: the one place that says which of its functions a stage is.

Each stage imports what it needs and returns the work to be timed, so that start-up is counted apart. The work takes the
project and what went before on disk, and returns what is to be said of it (rows, hashes).
"""

import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

LEAN = {
    "measures": '["strength", "strength_share", "degree", "pagerank", "eigenvector"]', "resampled": "[]", "replicates": "100",
    "permutations": "0", "null_samples": "0",
}  # fmt: skip
"""`measures.toml` without paths, resampling, permutations and null model. No fewer than 100 replicates are allowed; nothing is made of them."""


@contextmanager
def asking(root, changed):
    """The project at `root` with other entries in measures.toml, over the same cache."""
    with tempfile.TemporaryDirectory(prefix="coauth-bench-") as folder:
        shutil.copytree(root / "queries", Path(folder) / "queries")
        (Path(folder) / "cache").symlink_to((root / "cache").resolve())
        path = Path(folder) / "queries" / "measures.toml"
        text = path.read_text("utf-8")
        for key, value in changed.items():
            text, found = re.subn(rf"(?m)^{key} = [^#\n]*", f"{key} = {value} ", text)
            assert found == 1, f"measures.toml has no entry '{key}'"
        path.write_text(text, "utf-8")
        yield Path(folder)


def _build(changed=None, **options):
    from coauth import pipeline

    def work(root):
        with asking(root, changed or {}) as folder:
            project = pipeline.Project(folder)
            summary = pipeline.build(project, project.cache.find(), **options)
        return {"rows": summary["rows"], "sha256": summary["sha256"]}

    return work


def tables():
    """pages → tables: every record parsed into Arrow tables on disk by all cores, technologies found in its texts."""
    from coauth import pipeline
    from coauth.engine.duck import DuckDB
    from coauth.vintage import Shelf

    def work(root):
        project = pipeline.Project(root)
        with tempfile.TemporaryDirectory(prefix="coauth-bench-") as folder:
            shelf = Shelf(Path(folder), {})
            pipeline.read(project.cache.find(), project.queries, shelf, DuckDB({}, {}))
            return {"rows": {name: shelf.parts(name).count_rows() for name in ("works", "authorships")}}

    return work


def edges():
    """tables → edges: year × pair with all weights, sorted and checked, from the tables of the last build."""
    from coauth import edges, pipeline
    from coauth.engine.duck import DuckDB

    def work(root):
        project = pipeline.Project(root)
        vintage, asked = project.cache.find(), project.queries
        made = edges.link(vintage.rows("works"), vintage.rows("affiliations"), DuckDB(asked.sql, asked.tables()))
        return {"rows": {"edges": sum(batch.num_rows for batch in made)}}

    return work


def betweenness():
    """Exact weighted betweenness of every three-year window, works of at most K institutions, from stored tables."""
    import joblib

    from coauth import pipeline
    from coauth.centrality.partners import Partners
    from coauth.centrality.rating import patterns
    from coauth.incidence import incidence, windows

    def work(root):
        project = pipeline.Project(root)
        vintage, scope = project.cache.find(), project.queries.scope
        measures = project.queries.measures.model_copy(update={"measures": ("betweenness",), "resampled": ()})
        world = incidence(vintage.read("works"), vintage.read("affiliations"))
        small = (world.team >= 2) & (world.team <= scope.max_institutions)
        sizes = {}
        for window in windows(scope, measures):
            (rating,) = patterns(world.only(small & world.within(window)), measures, Partners.of(None, None), 0, joblib.cpu_count())
            sizes[f"{window[0]}–{window[1]}"] = len(rating.institutions)
        return {"rows": sizes}

    return work


def pagerank():
    """JSON → PageRank: pages parsed, works judged, one network of all years (full count), PageRank; no technologies."""
    import numpy as np
    import pyarrow as pa
    import scipy.sparse as sp

    from coauth import inclusion, institutions, pipeline, works
    from coauth.centrality.spectra import pagerank
    from coauth.counting import Counting
    from coauth.engine.duck import DuckDB
    from coauth.incidence import ONE, incidence
    from coauth.queries import RollUp
    from coauth.tables import COUNTRIES

    def work(root):
        here = pipeline.Project(root)
        vintage, asked = here.cache.find(), here.queries
        reader = works.Reader(asked.scope, vintage.as_of)
        batches = [reader.read(part.records(number) for part, number in pages)[0] for pages in vintage.parts(50)]
        harvested, authorships, strings, countries, found = (pa.concat_tables(p) for p in list(zip(*batches, strict=True))[:5])
        engine = DuckDB(asked.sql, asked.tables())
        rolled = institutions.roll_up(harvested, authorships, strings, found, RollUp(drop_ancestors=False), engine)
        affiliations = pa.Table.from_batches(rolled.affiliations)
        counted = inclusion.decide(harvested, affiliations, COUNTRIES.check(countries), engine)
        world = incidence(counted, affiliations)
        world = world.only(world.team >= 2)
        counted = Counting.of(world, "full")
        ranked = pagerank(counted, np.ones((len(world.team), 1)))[:, 0]
        graph = sp.coo_array(sp.triu(counted.project()))
        ids = world.institutions
        return {"edges": (ids[graph.row], ids[graph.col], graph.data // ONE), "pagerank": dict(zip(ids, ranked / ranked.sum(), strict=True))}

    return work


STAGES = {
    "tables": tables,
    "build-lean": lambda: _build(LEAN),
    "edges": edges,
    "lean-1-thread": lambda: _build(LEAN, threads=1),
    "lean-2-threads": lambda: _build(LEAN, threads=2),
    "lean-2-threads-again": lambda: _build(LEAN, threads=2),
    "lean-2GB": lambda: _build(LEAN, memory="2GB"),
    "betweenness": betweenness,
    "build": _build,
    "build-2GB": lambda: _build(memory="2GB"),
    "pagerank": pagerank,
}
"""In the order in which they are run: `edges` and `betweenness` read the tables that `build-lean` stored."""
