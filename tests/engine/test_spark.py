"""Spark gives what DuckDB gives: the same statements, the same parser, the same tables, wherever
the records come from.
"""

import importlib.util
import os
import random
import shutil
import sys
from datetime import date

import pyarrow as pa
import pytest

from coauth.engine.spark import Spark
from coauth.errors import CacheError, EngineError, QueryError
from coauth.pipeline.build import build_tables
from coauth.pipeline.harvest import Source, harvest_pages
from coauth.pipeline.project import Project
from coauth.sources import sample
from coauth.tables import schemas
from tests.support.commands import every, project
from tests.support.listed import HIT, QUANTA, SHENZHEN, chinese
from tests.support.roll_up import HOSPITAL, REGION, rolling
from tests.support.snapshots import copy
from tests.support.world import World, work

there = importlib.util.find_spec("pyspark") is not None and (
    shutil.which("java") or os.environ.get("JAVA_HOME")
)
needs_spark = pytest.mark.skipif(
    not there and os.environ.get("CI") != "true", reason="pyspark or Java is missing"
)

QUICK = {
    "PYSPARK_SUBMIT_ARGS": "--conf spark.ui.enabled=false --conf spark.sql.shuffle.partitions=2 --driver-java-options -XX:TieredStopAtLevel=1 pyspark-shell"
}
"""Settings as a user gives them; the compiler that is quick to start suits tables of a few rows."""


@pytest.fixture(scope="module", autouse=True)
def _quick():
    with pytest.MonkeyPatch.context() as patch:
        for name, value in QUICK.items():
            patch.setenv(name, value)
        yield


@pytest.fixture
def spark(asked, tmp_path):
    """Another engine in the one session of all tests."""
    return Spark(asked.sql, asked.tables(), threads=2, spill=tmp_path / "spark")


# -- statement by statement, on a world made by hand

ROLLUP = rolling(
    (70, 71), components=[(5, 6)], joint=[(8, {6: 0.3, 9: 0.7})], associated=[(2, [1, 9])]
)
PREPRINT = {"type": "preprint", "doi": None}
RECORDS = [
    work(1, 2020, [["I1", "I10"], ["I1"], []]),
    work(2, 2020, [[HOSPITAL, REGION, "I1"], [HOSPITAL], ["I20", "I30", "I31"]]),
    work(3, 2021, [["I5"], ["I6", "I8"], ["I9", "I20"]]),
    work(4, 2021, [["I1"], [chinese(HIT)]], topics=[QUANTA], publication_date="2021-01-01"),
    work(5, 2022, [["I1", SHENZHEN], ["I9", "I2"], ["I70"]], topics=[QUANTA]),
    work(
        6, 2022, [["I1"], ["I10"], ["I71"]], title="The same matters told a second time, at length"
    ),
    work(
        7,
        2023,
        [["I1"], ["I10"], ["I71"]],
        title="The same matters told a second time, at length",
        **PREPRINT,
    ),
    work(8, 2023, [["I1"], ["I20"]], doi="https://doi.org/10.1/1"),
    work(9, 2023, [["I1"], ["I20"]], is_retracted=True),
    work(10, 2024, [["I1", *(f"I{n}" for n in range(10, 69))]]),
    *(work(n, 2019, [["I1"], ["I10"], ["I20"]], topics=[QUANTA]) for n in range(11, 15)),
    work(15, 2022, [["I1", SHENZHEN | {"id": "I992", "ror": None, "lineage": ["I992", HIT]}]]),
]
STATEMENTS = {
    "affiliations": "affiliations",
    "works": "works",
    "institutions": "institutions",
    "coverage": "coverage",
    "edges": "edges",
    "hyperauthorship": "hyperauthorship",
    "listed": "listed",
    "evidence": "found",
    "flags": "found",
    "memberships": "memberships",
    "copublications": "copublications",
    "benefits": "benefits",
}


@pytest.fixture(scope="module")
def both(asked, tmp_path_factory):
    """The hand-made world on DuckDB and on Spark. Profiles need only four works here, so that there
    are some.
    """
    changed = {
        "rollup": ROLLUP,
        "measures": asked.measures.model_copy(update={"profile_min_works": 4}),
    }
    duck, other = (
        World(RECORDS, asked, **changed),
        World(RECORDS, asked, shuffle=random.Random(1), **changed),
    )
    other.engine = Spark(
        other.asked.sql, other.asked.tables(), threads=2, spill=tmp_path_factory.mktemp("spark")
    )
    return duck, other


def test_every_statement_is_compared(asked):
    """A new file in queries/sql must be run on both engines here."""
    assert {*STATEMENTS, "count"} == set(asked.sql)  # asks finished tables, on DuckDB alone


@needs_spark
@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_gives_the_same_on_both(both, name):
    """To the last bit of every float, from rows in another order."""
    here, there = (getattr(made, STATEMENTS[name]) for made in both)
    if name in ("evidence", "flags"):
        here, there = getattr(here, name), getattr(there, name)
    assert here.num_rows > 0
    assert there.equals(here)


@needs_spark
def test_the_world_made_by_hand_meets_every_rule(both):
    """Else the comparison above would say little."""
    made = both[0]
    reasons = set(made.works["exclusion_reason"].to_pylist())
    assert reasons == {None, "retracted", "duplicate: same DOI", "duplicate: same title"}
    assert set(made.found.evidence["kind"].to_pylist()) == {
        "watchlist",
        "technology",
        "technology_profile",
    }
    assert set(made.listed["match_method"].to_pylist()) == {"id", "ror", "lineage"}
    assert {"I6", "I9", "I71"} <= set(made.affiliations["institution_id"].to_pylist())
    assert not {"I5", "I8", "I70"} & set(made.affiliations["institution_id"].to_pylist())


# -- whole vintages


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """What is measured on the graph uses no engine; the least of it is measured here."""
    return Project(project(tmp_path_factory.mktemp("spark"), quick=True))


def built(root, vintage, engine, monkeypatch):
    """The summary and all tables of a build; parts are small, so that there are several for each
    worker.
    """
    monkeypatch.setattr("coauth.pipeline.read_pages.PAGES", 2)
    summary = build_tables(root, vintage, engine=engine, threads=2)
    return summary, {name: vintage.read(name) for name in schemas.ALL}


def same(here, there):
    """Keys and integers equal, floats within 1e-12, nulls where nulls are; every table by itself."""
    for name, table in here.items():
        other = there[name]
        assert other.schema.equals(table.schema), name
        exact = [f.name for f in table.schema if not pa.types.is_floating(f.type)]
        assert other.select(exact).equals(table.select(exact)), name
        for column in set(table.column_names) - set(exact):
            a, b = (t[column].to_pandas() for t in (table, other))
            assert (a.isna() == b.isna()).all(), (name, column)
            assert ((a - b).abs().fillna(0) <= 1e-12 * a.abs().fillna(0).clip(lower=1)).all(), (
                name,
                column,
            )


@needs_spark
@pytest.mark.parametrize("nth", [20, pytest.param(1, marks=pytest.mark.whole)])
def test_the_sample_from_pages(root, monkeypatch, nth):
    """Every nth of 20,000 works: all tables, and in fact every byte of them; what was left out is
    the same too.
    """
    chosen = every(nth)
    monkeypatch.setattr(sample, "records", lambda *_: iter(chosen))
    vintage = harvest_pages(root, Source("sample"), today=date(2026, 11, 22), name=f"pages-{nth}")
    duck, here = built(root, vintage, "duckdb", monkeypatch)
    other, there = built(root, vintage, "spark", monkeypatch)
    assert here["edges"].num_rows > 5 * len(chosen)
    same(here, there)
    assert other.sha256 == duck.sha256
    assert (other.losses, other.rows) == (duck.losses, duck.rows)
    assert (other.engine, "pyspark" in other.versions, "duckdb" in other.versions) == (
        "spark",
        True,
        False,
    )


@needs_spark
@pytest.mark.parametrize(
    ("layout", "nth"),
    [("jsonl", 20), ("parquet", 20), pytest.param("jsonl", 1, marks=pytest.mark.whole)],
)
def test_the_sample_from_a_snapshot(root, tmp_path, monkeypatch, layout, nth):
    """The snapshot's files are read on Spark into the very pages that one process makes of them;
    all of them are built, too, into the same tables.
    """
    chosen = every(nth)
    days = ("2026-08-01", "2026-08-02", "2026-08-03")
    parts = {day: chosen[n::3] for n, day in enumerate(days)} | {
        "2026-09-01": chosen[:50]
    }  # 50 works that moved
    place = copy(tmp_path / "copy", parts, layout)
    stored = []
    for engine in ("duckdb", "spark"):
        source = Source("files", path=place)
        vintage = harvest_pages(
            root,
            source,
            today=date(2026, 11, 22),
            name=f"{layout}-{nth}-{engine}",
            fresh=True,
            engine=engine,
            threads=2,
        )
        stored.append(
            sorted(
                (p.relative_to(vintage.path).as_posix(), p.read_bytes())
                for p in (vintage.path / "pages").rglob("*.json*")
            )
        )
        assert vintage.manifest.harvest.moved == 50
    assert stored[0] == stored[1]
    if (
        nth == 1
        # of fewer the tables are those of `test_the_sample_from_pages`, as their pages are the same
        # bytes
    ):
        _, here = built(root, vintage, "duckdb", monkeypatch)
        _, there = built(root, vintage, "spark", monkeypatch)
        assert here["edges"].num_rows > 15 * len(chosen)
        same(here, there)


# -- what is wrong is said in one line


@needs_spark
def test_a_wrong_statement_is_named(spark):
    with pytest.raises(QueryError, match=r"^mine\.sql: .*nowhere") as raised:
        spark.query("SELECT * FROM nowhere", "mine.sql")
    assert "\n" not in str(raised.value)


@needs_spark
def test_a_fault_on_a_node_arrives_as_it_was_raised(spark):
    """And is not tried again, nor wrapped in the words of Java."""

    def read(number):
        if number == 3:
            raise CacheError("page 3 is damaged")
        return number

    assert spark.each(read, [2, 1]) == [2, 1]
    with pytest.raises(CacheError, match=r"^page 3 is damaged$"):
        spark.each(read, [1, 2, 3])


@needs_spark
def test_what_overflows_fails(spark):
    with pytest.raises(QueryError, match="OVERFLOW"):
        spark.query("SELECT 9223372036854775807 + window_years AS n FROM settings", "mine.sql")


def test_spark_without_pyspark_or_java_says_what_to_install(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pyspark.sql", None)
        with pytest.raises(EngineError, match=r"pip install 'coauth\[spark\]'"):
            Spark({}, {}, spill=tmp_path)
    pytest.importorskip("pyspark")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match=r"install Java 17 or newer"):
        Spark({}, {}, spill=tmp_path)
