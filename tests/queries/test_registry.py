"""Every measure of the registry keeps to what its record says."""

import numpy as np
import pytest

from coauth.queries.registry import MEASURES
from coauth.stages.centrality.basis import Basis, Partners
from coauth.stages.centrality.measures import evaluate
from coauth.stats.counting import Counting
from coauth.stats.incidence import incidence
from tests.support.toy_worlds import random_works, tables


def values(works, name):
    """{institution: value}; two countries, half of the institutions listed."""
    world = incidence(*tables(works))
    world = world.only(world.team >= 2)
    ids = sorted(world.institutions)
    partners = Partners({i: "DK" if i[-1] in "02468" else "SE" for i in ids}, frozenset(ids[::2]))
    basis = Basis(world, Counting.of(world, "newman"), partners, rarefied_to=5)
    found = evaluate(basis, (name,), np.ones((len(world.team), 1)))[name]
    assert found.shape == (len(world.institutions), 1)
    return dict(zip(world.institutions, found[:, 0], strict=True))


@pytest.mark.parametrize("name", MEASURES)
def test_values_are_in_range_and_do_not_rest_on_the_order_of_works(name):
    works = [w for w in random_works(3, 60, 14, flat=True) if len(w["on"].split()) > 1]
    apart = [{"on": "Y1 Z2"}]  # of no other's component
    whole = values(works + apart, name)
    low, high = MEASURES[name].range
    given = {i: v for i, v in whole.items() if not np.isnan(v)}
    assert len(given) >= len(whole) - 2
    assert all(low <= v <= high for v in given.values())
    assert len({round(v, 9) for v in given.values()}) > 3
    again = values((works + apart)[::-1], name)
    assert given == pytest.approx({i: again[i] for i in given}, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", MEASURES)
def test_both_languages_say_what_it_is(name):
    record = MEASURES[name]
    texts = [record.title, record.description, record.unit]
    danish = [record.title_da, record.description_da, record.unit_da]
    assert all(texts + danish)
    assert record.description != record.description_da
