"""`python -m tests.studies.bench_spark`: what Spark costs in this machine, in CPU seconds of driver, Java
and Python workers together.

Two halves: a snapshot of the world read for one country, and a build from pages of the sample and
of COPIES samples (works renamed, duplicates counted), so that what grows can be told from what is
fixed. Never a test: compare within one run only.
"""

import gzip
import os
import re
import resource
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import msgspec
import pyarrow.dataset as ds

from coauth.engine.spark import Spark
from coauth.pipeline.build import build_tables
from coauth.pipeline.harvest import Source, harvest_pages
from coauth.pipeline.project import Project
from coauth.sources import sample
from coauth.storage.table_store import store
from coauth.tables import schemas
from tests.support.commands import CHECKOUT
from tests.support.snapshots import block, lines

TODAY = date(2026, 11, 22)
COPIES, FILES, MEASURED = 2, 8, "COAUTH_BENCH_SPARK"
CHEAP = {
    "measures": '["strength", "strength_share"]',
    "resampled": '["strength", "strength_share"]',
    "replicates": "100",
}


def cpu():
    """Seconds of this process and all that it started, alive or dead."""
    tick, used = os.sysconf("SC_CLK_TCK"), 0.0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            ours = (
                f"{MEASURED}={os.environ[MEASURED]}".encode() in (process / "environ").read_bytes()
            )
            fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:  # ended meanwhile, or another's
            continue
        used += sum(map(int, fields[11:15])) / tick if ours else 0.0
    return used


@contextmanager
def timed(stage, **note):
    start, wall = cpu(), time.time()
    yield note
    print(
        f"{stage:<34}{cpu() - start:>8.1f} CPU s {time.time() - wall:>8.1f} s   "
        + ", ".join(f"{v:,} {k}" for k, v in note.items()),
        flush=True,
    )


def project():
    root = Path(tempfile.mkdtemp(prefix="coauth-bench-"))
    shutil.copytree(CHECKOUT / "queries", root / "queries")
    for name, changes in (("measures", CHEAP), ("scope", {"count_duplicates": "true"})):
        file = root / f"queries/{name}.toml"
        for key, value in changes.items():
            file.write_text(
                re.sub(rf"(?m)^{key} = .*$", f"{key} = {value}", file.read_text("utf-8")), "utf-8"
            )
    return Project(root)


def world(place):
    """FILES files of a snapshot; bytes of raw JSON, of gzip, and records."""
    text, folder = lines(block()), place / "data/jsonl/works"
    packed = 0
    for n in range(FILES):
        file = folder / f"updated_date=2026-08-{n + 1:02d}" / "part_0000.gz"
        file.parent.mkdir(parents=True)
        file.write_bytes(gzip.compress(text.replace(b"/W100000", b"/W1%05d" % n), 1))
        packed += file.stat().st_size
    return len(text) * FILES, packed, text.count(b"\n") * FILES


def stream(project, vintage):
    """What the driver does with edges that Spark has made: read, check, write."""
    path = vintage.path / "tables/edges.parquet"
    before = time.process_time()
    batches = ds.dataset(path).scanner(batch_size=250_000).to_reader()
    store(project.root / "again.parquet", schemas.EDGES, schemas.EDGES.checked(batches), {})
    rows = ds.dataset(path).count_rows()
    print(
        f"driver: edges checked and written  {rows / (time.process_time() - before):,.0f} rows a CPU second ({rows:,} rows)"
    )


@contextmanager
def every_answer():
    """Print the cost of every statement."""
    own = Spark._answer

    @contextmanager
    def answer(self, sql, where, tables, coded):
        with timed(f"  {where}"), own(self, sql, where, tables, coded) as batches:
            yield batches

    each = Spark.each

    def spread(self, task, items):
        with timed(f"  parts on {self.workers} workers"):
            return each(self, task, items)

    Spark._answer, Spark.each = answer, spread
    yield
    Spark._answer, Spark.each = own, each


def main():
    made = project()
    place = made.root / "copy"
    raw, packed, records = world(place)
    with timed("Spark: start"):
        Spark({}, {}, threads=2, spill=made.root)
    with timed("snapshot: start workers"):
        Spark({}, {}, threads=2, spill=made.root).each(len, ["", ""])
    for name, engine in (("serial", "duckdb"), ("spark", "spark")):
        with timed(f"snapshot: JSONL, {name}", raw=raw, gz=packed, records=records):
            harvest_pages(
                made, Source("files", path=place), today=TODAY, name=name, fresh=True, engine=engine
            )
    texts = [msgspec.json.encode(r) for r in sample.records(1)]
    for copies in (1, COPIES):  # the first warms Java up
        file = made.root / f"{copies}.jsonl"
        with file.open("wb") as out:
            for n in range(copies):
                out.writelines(
                    t.replace(b"openalex.org/W", b"openalex.org/W%d" % (n + 1)) + b"\n"
                    for t in texts
                )
        vintage = harvest_pages(made, Source("files", path=file), today=TODAY, name=f"x{copies}")
        for engine in ("duckdb", "spark"):
            with timed(f"build of {copies} samples, {engine}"), every_answer():
                build_tables(made, vintage, engine=engine, threads=2)
    stream(made, vintage)
    print(
        f"driver: peak memory                {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:,.2f} GiB"
    )
    shutil.rmtree(made.root)


if __name__ == "__main__":
    if MEASURED not in os.environ:  # /proc shows the environment a process began with
        os.execve(
            sys.executable,
            [sys.executable, "-m", "tests.studies.bench_spark"],
            os.environ | {MEASURED: str(os.getpid())},
        )
    main()
