"""`make bench`: how long each stage takes, on the synthetic sample. A benchmark, never a test: machines are noisy.

Prints CPU seconds (user + system, of this process) and what was worked on; compare two versions in one sitting only.
"""

import shutil
import tempfile
import time
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import msgspec
import pyarrow as pa

from coauth import (
    centrality,
    copublications,
    coverage,
    edges,
    flags,
    inclusion,
    institutions,
    pages,
    pairs,
    pipeline,
    publish,
    shifts,
    tables,
    technologies,
    works,
)  # fmt: skip
from coauth.engine.duck import DuckDB
from coauth.pipeline import Project, Source
from coauth.sources import sample


@contextmanager
def timed(stage):
    """Print the CPU seconds of a block, and what it notes in the yielded dict."""
    note = {}
    start = time.process_time()
    yield note
    print(f"{stage:<28}{time.process_time() - start:>8.2f} s   " + ", ".join(f"{v:,} {k}" for k, v in note.items()))


def main():
    root = Path(tempfile.mkdtemp(prefix="coauth-bench-"))
    shutil.copytree(Path(__file__).parents[1] / "queries", root / "queries")
    project = Project(root)
    asked = project.queries
    with timed("sample: write the world") as note:
        records = [msgspec.json.encode(r) for r in sample.records(1)]
        note["records"], note["bytes"] = len(records), sum(map(len, records))
    with timed("pages: decode and mask") as note:
        stored = list(pages.of_records(records, "bench"))
        note["pages"] = len(stored)
    with timed("pages: pack") as note:
        note["bytes"] = sum(len(pages.pack(p)) for p in stored)
    losses = works.Losses()
    with timed("works, technologies") as note:
        matcher = technologies.Matcher(asked.technologies, "v2")
        parts = [(*b[:5], matcher.assign(b.texts)) for b in works.read(stored, asked.scope, sample.AS_OF, losses)]
        harvested, authorships, strings, countries, found, technology = (pa.concat_tables(p) for p in zip(*parts, strict=True))
        note["works"], note["authorships"] = harvested.num_rows, authorships.num_rows
    engine = DuckDB(asked.sql, asked.tables())
    with timed("institutions: roll-up") as note:
        rolled = institutions.roll_up(harvested, authorships, strings, found, asked.rollup, engine)
        affiliations = rolled.affiliations
        note["affiliations"] = affiliations.num_rows
    with timed("inclusion"):
        counted = inclusion.decide(harvested, affiliations, tables.COUNTRIES.check(countries), engine)
    with timed("institutions, coverage"):
        described = institutions.describe(rolled.nodes, affiliations, counted, technology, engine)
        coverage.survey(counted, engine)
    with timed("edges") as note:
        note["year–pairs"] = sum(b.num_rows for b in edges.link(counted, affiliations, engine))
    with timed("flags, evidence") as note:
        listed = flags.match(described, engine)
        note["evidence"] = flags.find(counted, affiliations, described, technology, listed, engine).evidence.num_rows
    with timed("co-publications"):
        members = copublications.members(counted, tables.COUNTRIES.check(countries), affiliations, described, listed, engine)
        copublications.count(members, asked.scope, asked.measures.confidence, engine)
    with timed("pairs") as note:
        note["pairs"] = pairs.relate(counted, affiliations, asked.scope, asked.measures).num_rows
    with timed("centrality, resampled") as note:
        measured, replicates = centrality.measure(counted, affiliations, asked.scope, asked.measures)
        note["rows"], note["replicates"] = measured.num_rows, asked.measures.replicates
    with timed("shifts") as note:
        roster = set(listed["institution_id"].to_pylist())
        note["rows"] = shifts.judge(replicates, counted, affiliations, roster, asked.scope, asked.measures).num_rows
    with timed("whole: harvest and build"):
        vintage = pipeline.harvest(project, Source("sample"), today=date(2026, 10, 15))
        pipeline.build(project, vintage)
    with timed("whole: exports and report"):
        publish.quarter(project, vintage)
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
