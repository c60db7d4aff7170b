"""Who a work is counted for, and how much: institutions and partner groups by the share of its
authors, works above K.
"""

from collections import defaultdict
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.world import COUNTRY, rows, work

COLUMN = {"full": "works", "newman": "weight", "strict": "strict_weight", "author": "author_weight"}

PLACES = [f"I{n}" for n in (1, 2, 10, 20, 21, 30, 50, 70)]
AUTHOR = st.lists(st.sampled_from(PLACES), max_size=3, unique=True)
TOLD = st.lists(
    st.tuples(st.integers(2019, 2021), st.lists(AUTHOR, max_size=6).map(lambda a: [["I1"], *a])),
    min_size=1,
    max_size=12,
)
few_worlds = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def by_authors(made, year=2020):
    found = rows(made.copublications, "year", "group_id", "basis", "author_works")
    return {g: w for y, g, b, w in found if (y, b) == (year, "institution") and w}


# -- institutions


def test_an_institution_counts_its_share_of_a_works_authors(world):
    """Of five authors two are of I1, one of I10, one of I10 and I20, one of nowhere: shares 4/10,
    3/10, 1/10 of all, /(8/10) of those placed.
    """
    made = world(
        work(1, 2020, [["I1"], ["I1"], ["I10"], ["I10", "I20"], []]),
        work(2, 2020, [["I1"]]),
        work(3, 2020, [["I2"]], is_retracted=True),
    )
    found = {
        i: counts
        for i, *counts in rows(
            made.institutions, "institution_id", "works", "author_works", "author_works_matched"
        )
    }
    wanted = {"I1": [2, 1.4, 1.5], "I10": [1, 0.3, 0.375], "I20": [1, 0.1, 0.125], "I2": [0, 0, 0]}
    assert set(found) == set(wanted)
    for institution, counts in wanted.items():
        assert found[institution] == pytest.approx(counts, abs=1e-11)


@few_worlds
@given(TOLD)
def test_institutions_share_out_every_work_once(world, told):
    """Over all institutions: the share of authors with an institution, and among these one for each
    work.
    """
    made = world(*(work(n, y, authors) for n, (y, authors) in enumerate(told)))
    found = rows(made.institutions, "works", "author_works", "author_works_matched")
    placed = sum(Fraction(sum(map(bool, authors)), len(authors)) for _, authors in told)
    assert sum(r[1] for r in found) == pytest.approx(float(placed), abs=1e-9)
    assert sum(r[2] for r in found) == pytest.approx(len(told), abs=1e-9)
    assert all(0 < share <= matched <= works + 1e-9 for works, share, matched in found)


# -- partner groups


def test_a_group_counts_the_share_of_its_authors(world):
    """Of four authors two are Danish, one of Lund, one of Lund and MIT: Nordic and Europe 3/8, USA
    1/8, abroad 1/2.
    """
    made = world(
        work(1, 2020, [["I1"], ["I2"], ["I20"], ["I20", "I30"]]),
        work(2, 2020, [["I1"], ["I20"], ["I21"]]),
    )
    assert by_authors(made) == pytest.approx(
        {
            "nordic": 3 / 8 + 2 / 3,
            "europe": 3 / 8 + 2 / 3,
            "usa": 1 / 8,
            "international": 1 / 2 + 2 / 3,
        },
        abs=1e-11,
    )


def test_by_union_nobody_knows_the_share(world):
    """A Chinese address without an institution is a work with China by the union; its authors are
    at no institution.
    """
    made = world(work(1, 2020, [["I1"], {"countries": ["CN"]}]))
    found = {
        (g, b): (w, a)
        for y, g, b, w, a in rows(
            made.copublications, "year", "group_id", "basis", "works", "author_works"
        )
        if y == 2020
    }
    assert found["china", "union"] == (1, None)
    assert found["china", "institution"] == (0, 0)
    assert {a for (_, basis), (_, a) in found.items() if basis == "union"} == {None}
    assert {rows(made.memberships, "author_share")[0]} == {None}


def test_years_and_groups_without_a_work_are_zero(world):
    """By institution an empty year is 0 and not null."""
    found = rows(
        world(work(1, 2013, [["I1"], ["I10"]])).copublications,
        "year",
        "basis",
        "works",
        "author_works",
    )
    assert len(found) > 14
    assert all(a == (w / 2 if b == "institution" else None) for _, b, w, a in found)


def test_a_list_counts_each_of_its_institutions_once(world, asked):
    """An institution below two listed ones matches two entries; its authors are still counted once."""
    (miit,) = (w for w in asked.watchlists if w.id == "miit")
    lists = (miit.model_copy(update={"match": "lineage"}),)
    below = {"id": "I10", "lineage": ["I10", "I204983213", "I125839683"]}
    made = world(work(1, 2020, [["I1"], [below], [below, "I11"], ["I12"]]), watchlists=lists)
    assert len(rows(made.listed, "entry_id")) == 2
    assert by_authors(made)["list:miit"] == pytest.approx(1 / 4 + 1 / 8, abs=1e-11)


def test_what_roll_up_took_away_holds_no_author(world):
    """A Chinese parent beside its Danish hospital: the work is one with China, and none of its
    authors is there after roll-up.
    """
    hospital = {"id": "I2", "lineage": ["I2", "I10"]}
    made = world(work(1, 2020, [[hospital, "I10"], ["I1"]]))
    found = {
        g: (w, a)
        for y, g, b, w, a in rows(
            made.copublications, "year", "group_id", "basis", "works", "author_works"
        )
        if (y, b) == (2020, "institution")
    }
    assert found["china"] == (1, 0)


@few_worlds
@given(TOLD)
def test_the_authors_of_a_year_are_at_home_abroad_or_nowhere(world, told):
    """Domestic shares, international ones, those of no country and of no institution make up the
    works; a part is never more than the whole.
    """
    made = world(*(work(n, y, authors) for n, (y, authors) in enumerate(told)))
    held = defaultdict(Fraction)
    for year, authors in told:
        for places in authors:
            for place in places:
                held[year, COUNTRY[int(place[1:]) // 10]] += Fraction(1, len(authors) * len(places))
    for year in range(2019, 2022):
        found = by_authors(made, year)
        abroad = sum(v for (y, c), v in held.items() if y == year and c not in {"DK", None})
        assert found.get("international", 0) == pytest.approx(float(abroad), abs=1e-9)
        assert found.get("china", 0) == pytest.approx(float(held[year, "CN"]), abs=1e-9)
        assert found.get("nordic", 0) == pytest.approx(float(held[year, "SE"]), abs=1e-9)
    counted = rows(made.copublications, "basis", "works", "author_works")
    assert all(a < w or a == w == 0 for b, w, a in counted if b == "institution")


# -- works above K


def test_works_above_k_by_hand(world):
    """K = 3, a work of two and one of four: full 1 + 6, Newman 1 + 2, strict and by authors 1 + 1.
    One institution is none.
    """
    made = world(
        work(1, 2020, [["I1"], ["I10"]]),
        work(2, 2020, [["I1"], ["I10"], ["I20"], ["I30"]]),
        work(3, 2020, [["I1"]]),
        work(4, 2021, [["I1"], ["I10"]]),
        work(5, 2025, [["I1"], ["I10"]]),
        scope={"max_institutions": 3},
    )
    found = {
        (y, c): tuple(said)
        for y, c, *said in rows(made.hyperauthorship, *made.hyperauthorship.column_names)
    }
    assert found == {
        (2020, "full"): (2, 1, 7, 6, 6 / 7),
        (2020, "newman"): (2, 1, 3, 2, 2 / 3),
        (2020, "strict"): (2, 1, 2, 1, 1 / 2),
        (2020, "author"): (2, 1, 2, 1, 1 / 2),
        **{(2021, c): (1, 0, 1, 0, 0) for c in COLUMN},
    }


@few_worlds
@given(TOLD, st.integers(2, 5))
def test_works_above_k_weigh_what_their_edges_weigh(world, told, most):
    """The same from the edges: the sum of each weight, less its sum over works of at most K
    institutions.
    """
    made = world(
        *(work(n, y, authors) for n, (y, authors) in enumerate(told)),
        scope={"max_institutions": most},
    )
    for year, counting, weight, above in rows(
        made.hyperauthorship, "year", "counting", "weight", "weight_above_k"
    ):
        column = COLUMN[counting]
        of_year = [
            (w, small)
            for y, w, small in rows(made.edges, "year", column, f"{column}_k")
            if y == year
        ]
        assert weight == pytest.approx(sum(w for w, _ in of_year), abs=1e-9)
        assert above == pytest.approx(sum(w - small for w, small in of_year), abs=1e-9)
    assert set(rows(made.hyperauthorship, "year")) == set(rows(made.edges, "year"))
