"""Works with the institutions that their unmatched strings name, and weights for works that were
never harvested: small worlds worked out by hand.
"""

import numpy as np
import pyarrow as pa
import pytest

from coauth.stats.incidence import incidence
from coauth.stats.mentions import FEW, credit, harvest_weights
from coauth.tables.schemas import MENTIONS
from tests.support.toy_worlds import tables

WINDOWS = [(2020, 2020), (2022, 2022)]


def mentions(rows):
    """MENTIONS of (number of the work, institution)."""
    listed = [
        {"work_id": f"W{n:06d}", "institution_id": name, "is_whole": True} for n, name in rows
    ]
    return pa.Table.from_pylist(listed, MENTIONS.schema)


def weights(works, named):
    data = tables(works)
    matched, credited = incidence(*data), incidence(*credit(*data, mentions(named)))
    return harvest_weights(matched, credited, {"A", "B"}, WINDOWS)


def test_works_of_a_loser_alone_stand_for_those_that_are_gone():
    """Of A's works beside B in 2022 eight are matched and ten name A without a match: ℓ = 10/(18 + FEW),
    so a work of A with a foreign one is there with 1 − ℓ; one with B is there whatever happens.
    """
    works = (
        [{"on": "A B", "year": 2022}] * 8
        + [{"on": "B c", "year": 2022}] * 10
        + [{"on": "A c", "year": 2022}, {"on": "A c", "year": 2020}, {"on": "B c", "year": 2022}]
    )
    found = weights(works, [(n, "A") for n in range(8, 18)])
    rate = 10 / (18 + FEW)
    assert found[18] == pytest.approx(1 / (1 - rate))
    assert found[19] == pytest.approx(1.0)
    assert found[:8] == pytest.approx(np.ones(8), abs=1e-6)
    assert found[20] == pytest.approx(1.0)


def test_without_a_loss_every_work_stands_for_itself():
    works = [{"on": "A c", "year": 2020}, {"on": "A B", "year": 2022}]
    assert weights(works, []).tolist() == pytest.approx([1, 1])


def test_a_foreign_institution_takes_no_work_out_of_the_harvest():
    """It was harvested through A, which lost nothing."""
    works = [{"on": "A", "year": 2022}] * 10 + [{"on": "A c", "year": 2022}] * 10
    assert weights(works, [(n, "c") for n in range(10)]).tolist() == pytest.approx([1] * 20)


def test_credit_adds_whom_strings_name_and_no_more():
    """The named one joins; the work is complete where nobody else is missing; others stay."""
    works, affiliations = tables(
        [{"on": "A c", "affiliation_status": "partial"}, {"on": "B c"}, {"on": "A"}]
    )
    named = mentions([(0, "B")])
    credited, on = credit(works, affiliations, named)
    assert credited["affiliation_status"].to_pylist() == ["complete"] * 3
    assert incidence(credited, on).matrix.toarray().tolist() == [[1, 1, 1], [0, 1, 1], [1, 0, 0]]
    half = named.set_column(2, "is_whole", pa.array([False]))
    assert credit(works, affiliations, half)[0]["affiliation_status"][0].as_py() == "partial"
