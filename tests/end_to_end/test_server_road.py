"""From a server to tables: the same bytes as from disk, after kills too, and no person on the way."""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time

import msgspec
import pyarrow.parquet as pq
import pytest
from ahocorasick_rs import BytesAhoCorasick

from coauth.sources import sample
from coauth.storage import Cache
from tests.support.commands import coauth, every, project
from tests.support.sheets import empty_sheets
from tests.support.standin import StandIn, marked


@pytest.fixture(
    scope="module",
    params=[20, pytest.param(1, marks=pytest.mark.whole)],
    ids=["every twentieth work", "every work"],
)
def records(request):
    """Of the sample, which is served, filed and made of them alone."""
    chosen = every(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sample, "records", lambda *_: iter(chosen))
        yield [msgspec.json.encode(r) for r in chosen]


@pytest.fixture(scope="module")
def server(records):
    with StandIn([json.loads(r) for r in records], daily_credits=10**7) as running:
        yield running


def pointed_at(server):
    return {k: v for k, v in os.environ.items() if k != "OPENALEX_API_KEY"} | {
        "COAUTH_OPENALEX_URL": server.url
    }


def table_hashes(root):
    return Cache(root / "cache").find().built.sha256


@pytest.fixture(scope="module")
def hashes(records, tmp_path_factory):
    """Of the tables made of the sample's records in the process."""
    root = project(tmp_path_factory.mktemp("made"), quick=True)
    coauth(root, "harvest", "--sample")
    coauth(root, "build")
    return table_hashes(root)


def test_server_and_disk_give_the_same_tables(server, records, hashes, tmp_path):
    """Works harvested page by page, read from one file, or made in the process: one set of bytes."""
    served, filed = (
        project(tmp_path / "served", quick=True),
        project(tmp_path / "filed", quick=True),
    )
    coauth(served, "harvest", env=pointed_at(server))
    (tmp_path / "records.jsonl.gz").write_bytes(gzip.compress(b"\n".join(records), 1))
    coauth(filed, "harvest", "--from", str(tmp_path / "records.jsonl.gz"), "--as-of", "2026-11-30")
    for root in (served, filed):
        coauth(root, "build")
    assert table_hashes(served) == table_hashes(filed) == hashes


def test_a_harvest_killed_three_times_gives_the_same_tables(server, hashes, tmp_path):
    """SIGKILL at random moments loses nothing that was stored; the last run only fetches what is
    missing.
    """
    root, chance, begun = (
        project(tmp_path / "killed", quick=True),
        random.Random(20261122),
        len(server.requests),
    )
    for _ in range(3):
        command = [sys.executable, "-m", "coauth", "harvest", "--root", str(root)]
        running = subprocess.Popen(
            command, env=pointed_at(server), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for_pages(root, chance.randint(5, 60), running)
        running.send_signal(signal.SIGKILL)
        running.wait()
    assert not Cache(root / "cache").vintages()[0].complete
    before, stored = server.requests[begun:], len(list(root.glob("cache/*/pages/*/0*.gz")))
    coauth(root, "harvest", env=pointed_at(server))
    paid = {str(r.query) for r in before}
    again = [r for r in server.requests[begun + len(before) :] if str(r.query) in paid]
    assert len(again) < stored, "what was stored was fetched again"
    coauth(root, "build")
    assert table_hashes(root) == hashes


def wait_for_pages(root, more, running):
    """Until some more pages are stored: a random moment that does not depend on how fast the
    machine is.
    """
    start = len(list(root.glob("cache/*/pages/*/0*.gz")))
    while len(list(root.glob("cache/*/pages/*/0*.gz"))) < start + more:
        assert running.poll() is None, "the harvest ended before it could be killed"
        time.sleep(0.01)


def test_no_person_reaches_the_disk(tmp_path):
    """Unique names, ids, ORCIDs and e-mails in every served field: none is anywhere below cache/ or
    reports/.
    """
    served, markers = marked(every(40))
    assert len(markers) > 1_000
    root = project(tmp_path / "private", quick=True)
    with StandIn(served, daily_credits=10**7) as server:
        coauth(root, "harvest", env=pointed_at(server))
    coauth(root, "build")
    coauth(root, "report", "--language", "en")
    kept = b"\0".join(
        plain(p) for top in ("cache", "reports") for p in (root / top).rglob("*") if p.is_file()
    )
    assert b"SYNTHETIC" in kept
    searched = BytesAhoCorasick(
        [m.encode().lower() for m in personal(markers)]
    )  # thousands, in one pass
    assert searched.find_matches_as_indexes(kept.lower()) == []
    assert searched.find_matches_as_indexes(msgspec.json.encode(served).lower())


def personal(markers):
    """Titles and abstracts are marked as well, to show that they are kept; they name nobody."""
    return [m for m in markers if not m.startswith(("Titlemark", "Abstractmark", "Textmark"))]


def plain(path):
    """A file's bytes, decompressed where it is gzip or Parquet."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".parquet":
        return json.dumps(pq.read_table(path).to_pylist(), default=str, ensure_ascii=False).encode()
    return path.read_bytes()


@empty_sheets()
def test_an_unfinished_harvest_is_built_only_when_allowed_and_says_so(tmp_path):
    """A spent budget stops the road; with --allow-incomplete tables, Gephi file and report carry
    the fact.
    """
    root = project(tmp_path / "short", quick=True)
    with StandIn(
        every(40), daily_credits=1_500
    ) as server:  # without a key a tenth of it: not enough for 190 months
        stopped = coauth(root, "rebuild", env=pointed_at(server), check=False)
    assert stopped.returncode == 1
    vintage = Cache(root / "cache").newest().name
    assert (
        coauth(root, "build", "--vintage", vintage, check=False).stderr.count("--allow-incomplete")
        == 1
    )
    assert not list(root.glob("cache/*/tables/*"))
    coauth(root, "build", "--vintage", vintage, "--allow-incomplete")
    coauth(root, "report", "--vintage", vintage, "--language", "en")
    assert b"incomplete" in pq.read_schema(next(root.glob("cache/*/tables/edges.parquet"))).metadata
    assert "not complete" in next(root.glob("reports/*/report.html")).read_text("utf-8")
    assert "slices of the harvest are missing" in next(
        root.glob("reports/*/network.gexf")
    ).read_text("utf-8")


@empty_sheets()
def test_real_records_of_another_country_run_through(real_records, tmp_path):
    """The 613 real works under a scope of the United States: tables, Gephi file and report."""
    root = project(tmp_path / "us", quick=True)
    scope = root / "queries" / "scope.toml"
    scope.write_text(
        scope.read_text().replace('["DK"]', '["US"]').replace("Denmark's", "United States'")
    )
    records = real_records / "openalex" / "works" / "full_works_613.jsonl.gz"
    coauth(root, "harvest", "--from", str(records))
    coauth(root, "build")
    coauth(root, "report", "--language", "en")
    built = Cache(root / "cache").find().built.plain()
    losses = built["losses"]["works"]
    assert losses["records"] == 613 == losses["works"] + sum(losses["dropped"].values())
    assert losses["works"] >= 30
    assert list(root.glob("reports/*/network.gexf"))
    assert list(root.glob("reports/*/report.html"))


@empty_sheets()
def test_the_damaged_page_runs_through(real_records, tmp_path):
    """A real page with ids, dates and keys removed: every damaged record is counted by reason."""
    root = project(tmp_path / "damaged", quick=True)
    done = coauth(
        root, "rebuild", "--from", str(real_records / "openalex" / "works" / "damaged_dk_page.json")
    )
    losses = Cache(root / "cache").find().built.losses.works.plain()
    assert losses["records"] == 13 == losses["works"] + sum(losses["dropped"].values())
    assert losses["noted"]["work id: taken from ids.openalex, put right"] == 3
    assert "written without Statistics Denmark's PhD totals" in done.stderr
    assert "StatBank had not answered" in next(root.glob("reports/*/report.html")).read_text(
        "utf-8"
    )
    assert all(reason in done.stdout for reason in losses["dropped"])
