"""What the tests of more than one stage start from."""

import os
from pathlib import Path

import pytest
from built import build_sample
from filelock import FileLock
from world import World

from coauth import queries

os.environ["COAUTH_STATBANK_URL"] = "http://127.0.0.1:9"  # nobody: no test asks Statistics Denmark


@pytest.fixture(scope="session")
def real_records():
    """Folder of real OpenAlex records and lists, kept beside the checkout and never in it."""
    place = os.environ.get("COAUTH_REAL_RECORDS")
    if place:
        return Path(place)
    reason = "COAUTH_REAL_RECORDS names no folder of real records"
    return pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


@pytest.fixture(scope="session")
def asked():
    """The shipped queries."""
    return queries.load(Path(__file__).parents[1] / "queries")


@pytest.fixture
def world(asked):
    """`world(work(…), work(…), scope={…})`: every stage on a few records, under the shipped queries unless told otherwise."""
    return lambda *records, **changed: World(records, asked, **changed)


@pytest.fixture(scope="session")
def sample_root(tmp_path_factory):
    """A project with the synthetic sample built in it: once for all workers of pytest-xdist, whoever comes first."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    root = shared / "sample"
    with FileLock(shared / "sample.lock"):
        if not (root / "reports").exists():
            build_sample(root)
    return root
