"""What the tests of more than one stage start from."""

import gc
import os
import shutil
import subprocess
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:
    # the workers have the processors already: no command shares its work out again, and no thread
    # of OpenBLAS turns in circles until there is more work, which took nine tenths of some tests;
    # numpy reads that when it is loaded
    os.environ |= {"LOKY_MAX_CPU_COUNT": "1", "OPENBLAS_NUM_THREADS": "1"}

import pytest
from filelock import FileLock

from coauth import queries
from tests.support.commands import CHECKOUT, build_sample, missing
from tests.support.world import World

os.environ["COAUTH_STATBANK_URL"] = "http://127.0.0.1:9"  # nobody: no test asks Statistics Denmark


LONGEST = (
    "test_spark",
    "test_sample_road",
    "test_server_road",
    "test_report",
    "test_browser",
    "test_another_country",
    "test_sample_edition",
    "test_damage",
    "test_attack",
    "test_sample",
)
"""Files that take half a minute or more are begun first: none is left to one worker at the end."""


SLOW = {
    "end_to_end",
    "studies",
    "test_atomic",
    "test_compare",
    "test_explain",
    "test_harvest",
    "test_howto",
    "test_labelling",
    "test_revisions",
    "test_snapshot",
    "test_status",
}
"""Folders and files of tests that `make check` leaves out, beside the files above: they harvest and
build. So do those that need the sample built or real records, and worlds drawn by chance.
"""


def pytest_collection_modifyitems(items):
    rank = {name: n for n, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))
    for item in items:
        needs = set(getattr(item, "fixturenames", ()))
        drawn = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if (
            SLOW.union(rank).intersection([*item.nodeid.split("/"), item.path.stem])
            or needs & {"sample_root", "real_records"}
            or (drawn and "world" in needs)
        ):
            item.add_marker("slow")


def pytest_collection_finish():
    """What is imported and collected stays to the end: to look for cycles among it again and again
    takes a tenth of the time. The pace is that of the command line (`coauth.cli.main`).
    """
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)


@pytest.fixture(scope="session")
def real_records():
    """Folder of real OpenAlex records and lists, kept beside the checkout and never in it."""
    place = os.environ.get("COAUTH_REAL_RECORDS")
    return Path(place) if place else missing("COAUTH_REAL_RECORDS names no folder of real records")


@pytest.fixture(scope="session")
def asked():
    """The shipped queries."""
    return queries.load(CHECKOUT / "queries")


@pytest.fixture
def world(asked):
    """`world(work(…), work(…), scope={…})`: every stage on a few records, under the shipped queries
    unless told otherwise.
    """
    return lambda *records, **changed: World(records, asked, **changed)


@pytest.fixture(scope="session")
def sample_root(tmp_path_factory):
    """A project with the synthetic sample built in it: once for all workers of pytest-xdist,
    whoever comes first.
    """
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    root = shared / "sample"
    with FileLock(shared / "sample.lock"):
        if not (root / "reports").exists():
            build_sample(root)
    return root


@pytest.fixture(scope="session")
def node_packages(tmp_path_factory):
    """A folder with the packages of tests/support/node, at the versions and checksums of its lock file:
    from npm, once for all workers.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        missing("node and npm are not installed")
    shared = tmp_path_factory.getbasetemp()
    folder = (shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared) / "node"
    with FileLock(f"{folder}.lock"):
        if not (folder / "node_modules").exists():
            shutil.copytree(CHECKOUT / "tests/support/node", folder, dirs_exist_ok=True)
            command = [
                "npm",
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ]
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, check=False, timeout=300
            )
            if done.returncode:
                missing(
                    f"npm does not give the packages of tests/support/node: {done.stderr.strip()[-200:]}"
                )
    return folder
