"""What is measured of coauth: the one place that says which of its functions a stage is.

Each stage imports what it needs and returns the work to be timed, so that start-up is counted
apart. The work takes the project and what went before on disk, and returns what is to be said of it
(rows, hashes).
"""

import re
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

LEAN = {
    "measures": '["strength", "strength_share", "degree", "pagerank", "eigenvector"]',
    "resampled": "[]",
    "replicates": "100",
    "permutations": "0",
    "null_samples": "0",
    "single_years": "[]",
}
"""`measures.toml` without paths, resampling, permutations and null model. No fewer than 100
replicates are allowed; nothing is made of them.
"""


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
    from coauth.pipeline.build import build_tables
    from coauth.pipeline.project import Project

    def work(root):
        with asking(root, changed or {}) as folder:
            project = Project(folder)
            summary = build_tables(project, project.cache.find(), **options)
        return {"rows": summary.rows, "sha256": summary.sha256}

    return work


def tables():
    """pages → tables: every record parsed into Arrow tables on disk by all cores, technologies
    found in its texts.
    """
    from coauth.engine.duck import DuckDB
    from coauth.pipeline.project import Project
    from coauth.pipeline.read_pages import read_pages
    from coauth.storage import TableStore

    def work(root):
        project = Project(root)
        with tempfile.TemporaryDirectory(prefix="coauth-bench-") as folder:
            shelf = TableStore(Path(folder), {})
            read_pages(project.cache.find(), project.queries, shelf, DuckDB({}, {}))
            return {
                "rows": {name: shelf.parts(name).count_rows() for name in ("works", "authorships")}
            }

    return work


def technologies():
    """Technologies found in the texts of every work, beside parsing the records they stand in: CPU
    seconds of each, in one process.
    """
    from coauth.pipeline.project import Project
    from coauth.stages import technologies, works

    def work(root):
        project = Project(root)
        vintage, asked = project.cache.find(), project.queries
        reader, matcher = (
            works.Reader(asked.scope, vintage.as_of),
            technologies.Matcher(asked.technologies, vintage.manifest.topic_model),
        )
        parsing = classifying = found = 0
        for pages in vintage.parts(50):
            begun = time.process_time()
            batch, _ = reader.read(part.records(number) for part, number in pages)
            parsed = time.process_time()
            found += matcher.assign(batch.texts).num_rows
            parsing, classifying = (
                parsing + parsed - begun,
                classifying + time.process_time() - parsed,
            )
        return {"rows": {"technologies": found}, "parsing": parsing, "classifying": classifying}

    return work


def edges():
    """tables → edges: year × pair with all weights, sorted and checked, from the tables of the last
    build.
    """
    from coauth.engine.duck import DuckDB
    from coauth.pipeline.project import Project
    from coauth.stages import edges

    def work(root):
        project = Project(root)
        vintage, asked = project.cache.find(), project.queries
        made = edges.link(
            vintage.rows("works"), vintage.rows("affiliations"), DuckDB(asked.sql, asked.tables())
        )
        return {"rows": {"edges": sum(batch.num_rows for batch in made)}}

    return work


def _stored(root):
    """(collaborative works of at most K institutions, their affiliations' table, queries) from
    stored tables.
    """
    from coauth.pipeline.project import Project
    from coauth.stats.incidence import incidence

    project = Project(root)
    vintage, asked = project.cache.find(), project.queries
    affiliations = vintage.read("affiliations")
    world = incidence(vintage.read("works"), affiliations)
    return (
        world.only((world.team >= 2) & (world.team <= asked.scope.max_institutions)),
        affiliations,
        asked,
    )


def betweenness():
    """Exact weighted betweenness of every three-year window, works of at most K institutions, from
    stored tables.
    """
    import joblib

    from coauth.stages.centrality.basis import Partners
    from coauth.stages.centrality.measures import patterns
    from coauth.stats.incidence import windows

    def work(root):
        world, _, asked = _stored(root)
        measures = asked.measures.model_copy(update={"measures": ("betweenness",), "resampled": ()})
        sizes = {}
        for window in windows(asked.scope, measures):
            (rating,) = patterns(
                world.only(world.within(window)),
                measures,
                Partners.of(None, None),
                0,
                joblib.cpu_count(),
            )
            sizes[f"{window[0]}–{window[1]}"] = len(rating.institutions)
        return {"rows": sizes}

    return work


def resampling():
    """1,000 replicates of strength, PageRank and eigenvector with intervals and ranks: every
    window, works of at most K institutions.
    """
    import numpy as np

    from coauth.stages.centrality.basis import Partners
    from coauth.stages.centrality.measures import resampled
    from coauth.stats import rank_sets
    from coauth.stats.bootstrap import draw, interval
    from coauth.stats.incidence import windows
    from coauth.stats.overdispersion import Dispersion

    def work(root):
        world, _, asked = _stored(root)
        measures = asked.measures.model_copy(update={"replicates": 1000})
        dispersion, names, sizes = (
            Dispersion.of(world, measures.counting),
            ("strength", "pagerank", "eigenvector"),
            {},
        )
        for window in windows(asked.scope, measures):
            part = world.only(world.within(window))
            works = len(part.team)
            drawn = draw(works, window, measures)
            for rating in resampled(
                part,
                {"k": np.ones(works)},
                drawn,
                names,
                measures.counting,
                {"k": dispersion.factors(window)},
                Partners.of(None, None),
            ):
                interval(rating.value, rating.draws, measures.confidence, dispersion.freedom)
                rank_sets.sets(rating.value, rating.draws, measures.confidence)
            sizes[f"{window[0]}–{window[1]}"] = len(part.institutions)
        return {"rows": sizes}

    return work


def path_intervals():
    """200 replicates of betweenness among the 500 strongest: every window, works of at most K
    institutions.
    """
    import joblib
    import numpy as np

    from coauth.stages.centrality.path_bootstrap import strongest
    from coauth.stats.incidence import windows
    from coauth.stats.overdispersion import Dispersion

    def work(root):
        world, _, asked = _stored(root)
        measures = asked.measures.model_copy(update={"path_replicates": 200, "strongest": 500})
        dispersion, sizes = Dispersion.of(world, measures.counting), {}
        for window in windows(asked.scope, measures):
            part = world.only(world.within(window))
            (rating,) = strongest(
                part,
                window,
                ("betweenness",),
                measures,
                dispersion.factors(window),
                dispersion.freedom,
                joblib.cpu_count(),
            )
            sizes[f"{window[0]}–{window[1]}"] = int(np.count_nonzero(rating.value))
        return {"rows": sizes}

    return work


def permutations():
    """Works shuffled between the windows of every comparison, 40 times the domestic roster."""
    import numpy as np

    from coauth.stats.incidence import comparisons
    from coauth.stats.overdispersion import Dispersion
    from coauth.stats.permutation import permuted

    def work(root):
        world, affiliations, asked = _stored(root)
        measures, sizes = asked.measures, {}
        domestic = set(
            affiliations.filter(affiliations["is_domestic"])["institution_id"].to_pylist()
        )
        dispersion = Dispersion.of(world, measures.counting)
        for period in comparisons(asked.scope, measures):
            works = sum(world.count(world.within(window)) for window in period)
            roster = np.array(
                [
                    i
                    for i, name in enumerate(world.institutions)
                    if name in domestic and works[i] >= measures.roster_min_works
                ]
            )
            factors = tuple(
                dispersion.factors(window).of("share", world.institutions[roster])
                for window in period
            )
            permuted(
                world, measures.counting, roster, period, factors, 40 * len(roster), measures.seed
            )
            sizes[f"{period[0][0]}–{period[1][1]}"] = len(roster)
        return {"rows": sizes}

    return work


def _told(network, graph, ranked):
    """What is compared of a network of all years (full count): its edges and its PageRank."""
    import scipy.sparse as sp

    from coauth.stats.incidence import ONE

    ids, upper = network.institutions, sp.coo_array(sp.triu(graph))
    return {
        "edges": (ids[upper.row], ids[upper.col], upper.data // ONE),
        "pagerank": dict(zip(ids, ranked / ranked.sum(), strict=True)),
    }


def stored():
    """Stored tables → PageRank: the road of who asks for a network, as `coauth.network` and exports
    go it.
    """
    import numpy as np

    from coauth.pipeline.project import Project
    from coauth.stages.centrality.spectral import pagerank
    from coauth.stats.counting import Counting
    from coauth.stats.incidence import incidence

    def work(root):
        vintage = Project(root).cache.find()
        world = incidence(
            vintage.read("works", ["work_id", "included"]),
            vintage.read("affiliations", ["work_id", "institution_id"]),
        )
        network = world.only(world.team >= 2)
        counted = Counting.of(network, "full")
        return _told(
            network, counted.project(), pagerank(counted, np.ones((len(network.team), 1)))[:, 0]
        )

    return work


def pagerank():
    """JSON → PageRank: as `coauth preview` does it, but for the works of more than K institutions,
    which are here too.
    """
    from coauth.pipeline.preview import preview_network
    from coauth.pipeline.project import Project

    def work(root):
        here = Project(root)
        seen = preview_network(here.cache.find(), here.queries.scope, "full")
        return _told(seen.network, seen.graph, seen.pagerank)

    return work


STAGES = {
    "tables": tables,
    "technologies": technologies,
    "build-lean": lambda: _build(LEAN),
    "edges": edges,
    "lean-1-thread": lambda: _build(LEAN, threads=1),
    "lean-2-threads": lambda: _build(LEAN, threads=2),
    "lean-2-threads-again": lambda: _build(LEAN, threads=2),
    "lean-2GB": lambda: _build(LEAN, memory="2GB"),
    "betweenness": betweenness,
    "resampling": resampling,
    "path-intervals": path_intervals,
    "permutations": permutations,
    "build": _build,
    "build-2GB": lambda: _build(memory="2GB"),
    "pagerank": pagerank,
    "stored": stored,
}
"""In the order in which they are run: `edges`, `stored` and those from `betweenness` to
`permutations` read the tables that the last build stored.
"""
