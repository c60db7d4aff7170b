"""What the tests of more than one stage start from."""

import os
from pathlib import Path

import pytest
from world import World

from coauth import queries


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
