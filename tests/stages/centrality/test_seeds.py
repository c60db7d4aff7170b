"""What another seed moves, on the tables of the sample: interval ends by no more than their stated
standard errors allow.
"""

import numpy as np
import pytest

from coauth.pipeline.project import Project
from tests.support.toy_worlds import centralities

KEYS = ["measure", "variant", "institution_id"]


@pytest.fixture(scope="module")
def twice(sample_root):
    """CENTRALITY of the last window under two seeds, side by side."""
    project = Project(sample_root)
    vintage, asked = project.cache.find(), project.queries
    last = asked.scope.last_year
    scope = asked.scope.model_copy(update={"first_year": last - asked.measures.window + 1})
    works, affiliations = vintage.read("works"), vintage.read("affiliations")
    names = ("strength", "strength_share", "pagerank", "eigenvector", "harmonic")
    few = {
        "measures": names,
        "resampled": names,
        "single_years": (),
        "comparisons": (),
        "replicates": 200,
        "strongest": 100,
        "path_windows": "all",
    }
    tables = []
    for seed in (1, 2):
        measures = asked.measures.model_copy(update={**few, "seed": seed})
        table, _ = centralities(works, affiliations, scope, measures)
        tables.append(table.to_pandas().dropna(subset="low").set_index(KEYS))
    return tables[0].join(tables[1].add_suffix("_again"))


def test_another_seed_moves_ends_by_no_more_than_is_stated(twice):
    """At most one end in twenty by more than 1.96·√2 of its standard error; and the seed is heeded
    at all.
    """
    assert set(twice.index.get_level_values("measure")) == {
        "strength",
        "strength_share",
        "pagerank",
        "eigenvector",
        "harmonic",
    }
    further, moved = {}, []
    for end in ("low", "high"):
        apart = (twice[end] - twice[f"{end}_again"]).abs()
        further[end] = apart > 1.96 * np.sqrt(2) * twice[f"{end}_error"] + 1e-12
        moved.append((apart > 1e-9).mean())
    assert np.mean([further["low"].mean(), further["high"].mean()]) <= 0.05
    assert min(moved) > 0.3


def test_another_seed_moves_no_value(twice):
    assert (twice["value"] == twice["value_again"]).all()
    assert (twice["rank"] == twice["rank_again"]).all()
