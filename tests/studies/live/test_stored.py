"""A real vintage held against published counts: `COAUTH_LIVE_ROOT=/srv/denmark pytest -m live`.
Nothing is asked of anybody.

The same that `coauth status` and the report's method section say, as a test: every level of
2011–2022 within the tolerance of queries/reference, every change 2020–2023 of the same sign.
"""

import os
from pathlib import Path

import pytest

from coauth.pipeline import status
from coauth.pipeline.project import Project

ROOT = os.environ.get("COAUTH_LIVE_ROOT")

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        not ROOT, reason="COAUTH_LIVE_ROOT names no folder with a real vintage that was built"
    ),
]


def test_figure_1_of_the_newest_vintage_agrees():
    """Each series that differs is named with its numbers, as `coauth status` prints it."""
    project = Project(Path(ROOT))
    vintage = project.cache.find()
    stands = status.of_vintage(vintage, project.queries, verify=False)
    assert stands["coherence"], (
        f"vintage {vintage.name} is not built, invented, or of a scope without published counts"
    )
    assert [held["told"] for held in stands["coherence"] if not held["agrees"]] == []
