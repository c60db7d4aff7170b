"""Participation, exposure and rarefied degree: by hand, by brute force, and with what they need
refused when it is missing.
"""

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from coauth.errors import MeasureFailed
from coauth.stages.centrality import partners as measures
from coauth.stages.centrality.basis import Basis, Partners
from coauth.stages.centrality.partners import jackknife, rarefied_degree
from coauth.stats.counting import Counting
from coauth.stats.incidence import ONE, Incidence, incidence
from tests.support.toy_worlds import asked, centralities, random_works, tables

COUNTRIES = {"A": "DK", "B": "DK", "c": "SE", "d": "CN", "e": None}
BOTH = {"measures": ("participation", "exposure"), "resampled": ("participation", "exposure")}


def measured(works, listed=("d",), countries=COUNTRIES, **changes):
    institutions = pa.table(
        {"institution_id": list(countries), "country_code": list(countries.values())}
    )
    table, _ = centralities(
        *tables(works),
        *asked(**BOTH | changes),
        institutions,
        pa.table({"institution_id": pa.array(listed, pa.string())}),
    )
    return {
        (r["measure"], r["institution_id"]): r for r in table.to_pylist() if r["variant"] == "k"
    }


def test_by_hand():
    """A with B, with c, with d twice: strengths 1, 1, 2 of 4, so 1 − (1 + 1 + 4)/16 over DK, SE,
    CN; 2/4 to the listed d.
    """
    found = measured([{"on": "A B"}, {"on": "A c"}, {"on": "A d"}, {"on": "A d"}])
    assert found["participation", "A"]["value"] == pytest.approx(1 - 6 / 16)
    assert found["exposure", "A"]["value"] == 0.5
    assert found["exposure", "d"]["value"] == 0  # towards others listed, not itself
    assert found["participation", "B"]["value"] == 0


def test_unknown_countries_are_one():
    """c in Sweden and e, of which OpenAlex knows no country: two."""
    assert measured([{"on": "A c"}, {"on": "A e"}])["participation", "A"]["value"] == 0.5


def test_intervals_stay_in_range():
    rows = [
        r for r in measured(random_works(1, 80, 10), ["A01"], {}).values() if r["value"] is not None
    ]
    assert rows
    assert all(r["low"] + 1e-9 >= 0 and r["low"] <= r["high"] for r in rows)


@pytest.mark.parametrize(
    ("missing", "says"), [("participation", "institutions"), ("exposure", "listed")]
)
def test_tables_that_are_needed_are_asked_for(missing, says):
    """No value is made up where nobody said where institutions are or who is listed."""
    with pytest.raises(MeasureFailed, match=f"hand the table `{says}`"):
        centralities(*tables([{"on": "A b"}]), *asked(measures=(missing,), resampled=()))
    with pytest.raises(MeasureFailed, match=f"hand the table `{says}`"):
        centralities(*tables([{"on": "A b"}]), *asked(measures=(missing,), resampled=(missing,)))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["newman", "full", "strict", "author"]))
def test_against_the_graph(seed, counting):
    """Both measures from the matrix alone equal those summed over the edges of the graph."""
    world = incidence(*tables(random_works(seed, 40)))
    world = world.only(world.team >= 2)
    counted = Counting.of(world, counting)
    country = np.random.default_rng(seed).integers(0, 3, len(world.institutions))
    partners = Partners(
        dict(zip(world.institutions, country.astype(str), strict=True)),
        frozenset(world.institutions[country == 0]),
    )
    graph, ones = counted.project().toarray() / ONE, np.ones((len(world.team), 1))
    strength = graph.sum(axis=1)
    toward = np.stack([graph[:, country == c].sum(axis=1) for c in range(3)])
    whole = Basis(world, counted, partners)
    (participation,) = (v["participation"] for v in measures.participation(whole, (), [ones]))
    (exposure,) = (v["exposure"] for v in measures.exposure(whole, (), [ones]))
    assert participation[:, 0] == pytest.approx(
        1 - ((toward / strength) ** 2).sum(axis=0), rel=1e-9, abs=1e-9
    )
    assert exposure[:, 0] == pytest.approx(toward[0] / strength, rel=1e-9, abs=1e-9)


def basis(world, draws):
    return Basis(world, Counting.of(world, "full"), Partners(None, None), rarefied_to=draws)


def rarefied(world, draws):
    (values,) = rarefied_degree(basis(world, draws), (), [np.ones((len(world.team), 1))])
    return values["degree_rarefied"][:, 0]


@pytest.mark.parametrize("draws", [1, 2, 4, 6])
def test_rarefied_degree_is_the_mean_over_all_draws(draws):
    """Against every way to draw m of six works."""
    works = [{"on": on} for on in ("A B", "A B c", "A d", "B c", "A B", "c d e")]
    world = incidence(*tables(works))
    on = world.matrix.toarray() > 0
    degrees = []
    for rows in combinations(range(len(works)), draws):
        together = on[list(rows)].T.astype(int) @ on[list(rows)]
        degrees.append(((together - np.diag(together.diagonal())) > 0).sum(axis=1))
    assert rarefied(world, draws) == pytest.approx(np.mean(degrees, axis=0))


def test_rarefied_to_the_smallest_window():
    """Twice the works of the same kind: degree grows, rarefied degree does not; the number drawn is
    stated.
    """
    draw = np.random.default_rng(3)
    names = [f"{'aA'[i % 2]}{i}" for i in range(30)]
    works = [
        {"on": " ".join(draw.choice(names, 2, False)), "year": y}
        for y, n in ((2020, 200), (2021, 400))
        for _ in range(n)
    ]
    table, _ = centralities(
        *tables(works),
        *asked(
            years=(2020, 2021),
            measures=("degree", "degree_rarefied"),
            resampled=(),
            rarefied_share=1.0,
        ),
    )
    rows = table.to_pandas()
    mean = rows.groupby(["measure", "first_year"])["value"].mean()
    assert mean["degree", 2021] > 1.3 * mean["degree", 2020]
    assert mean["degree_rarefied", 2021] == pytest.approx(mean["degree_rarefied", 2020], rel=0.05)
    assert mean["degree_rarefied", 2020] == mean["degree", 2020]
    assert set(rows[rows["measure"] == "degree_rarefied"]["rarefied_to"]) == {200}
    assert rows[rows["measure"] == "degree"]["rarefied_to"].isna().all()


@pytest.mark.parametrize("works", [3, 5, 8])
def test_the_jackknife_leaves_out_each_work_in_turn(works):
    """Against rarefied degree counted anew without each work's ties, the number of works to draw
    from left as it is.
    """
    world = [{"on": on} for on in ("A B", "A B c", "A d", "B c", "A B", "c d e", "e f", "A B c d")]
    whole = incidence(*tables(world))
    squares = 0.0
    for left_out in range(len(world)):
        alone = whole.matrix.toarray()
        alone[left_out] = 0.0
        less = Incidence(sp.csr_array(alone), whole.institutions, whole.works)
        squares = squares + (rarefied(whole, works) - rarefied(less, works)) ** 2
    assert jackknife(basis(whole, works)) == pytest.approx(squares)
    assert squares.max() > 0.1
