"""Co-publications by partner group: groups overlap, years without a work are 0, and every count has
its interval.
"""

import numpy as np
import pytest
from scipy import optimize, stats

from coauth.errors import QueryError
from coauth.stats import counts as counted
from tests.support.world import rows, work


def strings(*countries):
    """An author whose countries are known from the string alone."""
    return {"countries": list(countries)}


def counts(made, year=2020, basis="union"):
    found = rows(made.copublications, "year", "group_id", "basis", "works")
    return {g: w for y, g, b, w in found if (y, b) == (year, basis) and w}


def test_a_work_counts_once_in_every_group_it_touches(world):
    """A work of DTU, Lund, Helsinki and MIT is one of the Nordic countries, one of Europe, one of
    the USA and one in all.
    """
    made = world(
        work(1, 2020, [["I1"], ["I20"], ["I60"], ["I30"], ["I21"]]),
        work(2, 2020, [["I1"], ["I20"]]),
        work(3, 2020, [["I1"], ["I2"]]),
    )
    assert counts(made) == {"nordic": 2, "europe": 2, "usa": 1, "international": 2}
    assert counts(made) == counts(made, basis="institution")


def test_hong_kong_is_not_china(world):
    """China is the mainland; Hong Kong counts for the group that says so, and for no other."""
    made = world(work(1, 2020, [["I1"], ["I50"]]), work(2, 2020, [["I1"], ["I10"], ["I50"]]))
    assert counts(made) == {"china": 1, "china-hk-mo": 2, "international": 2}


def test_countries_of_strings_count_in_the_union_alone(world):
    """A Chinese address without a matched institution is a work with China by the union, not by
    institution.
    """
    made = world(
        work(1, 2020, [["I1"], strings("CN", "DK")]),
        work(2, 2020, [["I1"], strings("CN"), ["I10"]]),
    )
    assert counts(made) == {"china": 2, "china-hk-mo": 2, "international": 2}
    assert counts(made, basis="institution") == {"china": 1, "china-hk-mo": 1, "international": 1}


def test_another_home_country_is_no_partner(world):
    """With two home countries their works together are not international."""
    made = world(
        work(1, 2020, [["I1"], ["I20"]]),
        work(2, 2020, [["I20"], ["I10"]]),
        scope={"countries": ("DK", "SE")},
    )
    assert counts(made) == {"china": 1, "china-hk-mo": 1, "international": 1}


def test_an_institution_of_no_country_is_no_partner(world):
    """Where no country is known none is counted."""
    assert counts(world(work(1, 2020, [["I1"], ["I70"]]))) == {}


def test_a_watchlist_is_a_series_by_institution(world):
    """Works with any institution of the list count once, however many of its institutions are on
    them; only by institution.
    """
    hit, bit = ({"id": i, "country_code": "CN"} for i in ("I204983213", "I125839683"))
    made = world(
        work(1, 2020, [["I1"], [hit], [bit]]),
        work(2, 2020, [["I1"], [hit]]),
        work(3, 2020, [["I1"], ["I10"]]),
    )
    assert counts(made, basis="institution") == {
        "china": 3,
        "china-hk-mo": 3,
        "international": 3,
        "list:miit": 2,
    }
    assert "list:miit" not in counts(made)


def test_what_does_not_count_is_in_no_group(world):
    """Retracted works and duplicates are no member of any group."""
    made = world(
        work(1, 2020, [["I1"], ["I10"]], is_retracted=True),
        work(2, 2020, [["I1"], ["I10"]]),
        work(3, 2020, [["I1"], ["I10"]], doi="10.1/2"),
    )
    assert rows(made.memberships, "work_id") == ["W2"] * 6


def test_a_group_holds_in_its_years(world, asked):
    """A group of 2015–2019 counts in these years, both included, and not beside them."""
    group = asked.groups.group[3].model_copy(update={"valid_from": 2015, "valid_to": 2019})
    made = world(
        *(work(y, y, [["I1"], ["I10"]]) for y in range(2014, 2021)),
        groups=asked.groups.model_copy(update={"group": (group,)}),
    )
    found = {
        y
        for y, g, b, w in rows(made.copublications, "year", "group_id", "basis", "works")
        if g == "china" and b == "union" and w
    }
    assert found == set(range(2015, 2020))


def test_years_without_a_work_are_zero(world):
    """Every series has every year from the first to the last measured, and preliminary ones where
    works are.
    """
    made = world(work(1, 2013, [["I1"], ["I10"]]), work(2, 2026, [["I1"], ["I30"]]))
    series = {}
    for year, group, basis, works in rows(
        made.copublications, "year", "group_id", "basis", "works"
    ):
        series.setdefault((group, basis), {})[year] = works
    assert {len(s) for s in series.values()} == {16}
    assert series["china", "union"] == dict.fromkeys(range(2011, 2027), 0) | {2013: 1}
    assert series["international", "institution"] == dict.fromkeys(range(2011, 2027), 0) | {
        2013: 1,
        2026: 1,
    }
    flagged = {y for y, p in rows(made.copublications, "year", "preliminary") if p}
    assert flagged == {2024, 2025, 2026}


def test_a_group_that_never_occurs_is_zero_and_not_missing(world):
    """Silence is not an answer: a group or list asked for and never met has its years, each 0 with
    an interval.
    """
    made = world(work(1, 2020, [["I1"], ["I10"]]))
    columns = ("group_id", "basis", "works", "works_low", "works_high")
    found = [r for r in rows(made.copublications, *columns) if r[0] in {"iran", "list:miit"}]
    assert len(found) == 14 * 3
    assert {r[2:4] for r in found} == {(0, 0.0)}
    assert [r[4] for r in found] == pytest.approx([-np.log(0.025)] * len(found))


def test_shares_are_of_the_years_international_works(world):
    """1 of 4 international works is a quarter; a year without any has a count and no share."""
    made = world(
        work(1, 2020, [["I1"], ["I10"]]),
        *(work(n, 2020, [["I1"], ["I30"]]) for n in (2, 3, 4)),
        work(5, 2020, [["I1"], ["I2"]]),
    )
    found = {
        (y, g): r
        for y, g, b, *r in rows(
            made.copublications,
            "year",
            "group_id",
            "basis",
            "works",
            "share",
            "share_low",
            "share_high",
        )
        if b == "union"
    }
    low, high = stats.binomtest(1, 4).proportion_ci(0.95, "exact")
    assert found[2020, "china"] == [1, 0.25, pytest.approx(low), pytest.approx(high)]
    assert found[2020, "international"] == [4, 1.0, pytest.approx(0.025 ** (1 / 4)), 1.0]
    assert found[2019, "china"] == [0, None, None, None]


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_poisson_intervals_are_those_of_the_distribution(confidence):
    """The ends are the means for which the count or more, or the count or less, has the probability
    of one tail (solved numerically).
    """
    tail = (1 - confidence) / 2
    ns = np.array([0, 1, 2, 7, 50, 400])
    low, high = counted.poisson(ns, confidence)
    for n, a, b in zip(ns, low, high, strict=True):
        assert b == pytest.approx(
            optimize.brentq(lambda m, n=n: stats.poisson.cdf(n, m) - tail, n, 3 * n + 20), rel=1e-9
        )
        assert a == (
            0
            if n == 0
            else pytest.approx(
                optimize.brentq(lambda m, n=n: stats.poisson.sf(n - 1, m) - tail, 1e-9, n + 1),
                rel=1e-9,
            )
        )


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_binomial_intervals_are_exact(confidence):
    """Clopper and Pearson's interval as scipy gives it by another way, ends included; a total of 0
    has none.
    """
    ns, totals = np.array([0, 0, 1, 5, 10, 10, 399]), np.array([1.0, 10, 1, 10, 10, 40, 1000])
    low, high = counted.binomial(ns, totals, confidence)
    for n, t, a, b in zip(ns, totals, low, high, strict=True):
        wanted = stats.binomtest(int(n), int(t)).proportion_ci(confidence, "exact")
        assert (a, b) == (pytest.approx(wanted.low), pytest.approx(wanted.high))
    assert np.isnan(counted.binomial(np.array([0]), np.array([0.0]), confidence)).all()


def test_a_change_from_or_to_nothing_has_no_ratio():
    """A relative change needs two counts."""
    for pair in ((0, 5), (5, 0), (0, 0)):
        assert counted.compare_counts(*pair, 0.95) == (*pair, None, None, None, None)


def test_a_change_reads_the_same_both_ways():
    """From a to b is the inverse of from b to a, ends exchanged; equal counts are a change of 0
    inside the interval.
    """
    there, back = counted.compare_counts(40, 90, 0.95), counted.compare_counts(90, 40, 0.95)
    assert (1 + there.ratio) * (1 + back.ratio) == pytest.approx(1)
    assert (1 + there.low) * (1 + back.high) == pytest.approx(1)
    assert (1 + there.high) * (1 + back.low) == pytest.approx(1)
    level = counted.compare_counts(50, 50, 0.95)
    assert level.ratio == 0
    assert level.low < 0 < level.high


@pytest.mark.parametrize(("before", "ratio"), [(8, 0.75), (40, 1.0), (150, 0.75), (150, 1.5)])
def test_the_interval_of_a_change_holds_what_it_promises(before, ratio):
    """Over 4,000 pairs of Poisson counts the true change lies in at least 95 % of the intervals,
    and not in nearly all.
    """
    chance = np.random.default_rng(11)
    a, b = chance.poisson(before, 4_000), chance.poisson(before * ratio, 4_000)
    some = (a > 0) & (b > 0)
    low, high = counted.binomial(b[some], (a + b)[some].astype(float), 0.95)
    held = ((low / (1 - low) <= ratio) & (ratio <= high / (1 - high))).mean()
    assert 0.945 <= held <= 0.99
    one = counted.compare_counts(int(a[some][0]), int(b[some][0]), 0.95)
    assert (one.low, one.high) == (
        pytest.approx(low[0] / (1 - low[0]) - 1),
        pytest.approx(high[0] / (1 - high[0]) - 1),
    )


def test_a_fall_of_a_quarter_needs_a_hundred_works():
    """As the method page says: from about 110 works a fall of a quarter can be told from noise,
    from 50 it cannot.
    """
    assert counted.compare_counts(50, 38, 0.95).high > 0
    assert counted.compare_counts(150, 112, 0.95).high < 0


def test_a_listed_institution_at_home_is_no_partner_country(world):
    """A listed institution in the scope's own country makes its list's series, not an international
    work, and its share is of all works.
    """
    made = world(work(1, 2020, [[{"id": "I204983213", "country_code": "DK"}], ["I1"]]))
    assert counts(made, basis="institution") == {"list:miit": 1}
    told = [
        (b, s)
        for y, g, b, s in rows(made.copublications, "year", "group_id", "base", "share")
        if g == "list:miit" and (y == 2020 or s is not None)
    ]
    assert told == [("all", 1.0)]


def test_a_statement_of_an_earlier_version_is_told(world):
    """`init` overwrites nothing, so that a project may hold the statement as it was: one line, and
    what to do.
    """
    made = world(work(1, 2020, [["I1"], ["I30"]]))
    old = made.asked.sql | {
        "copublications": "SELECT year, group_id, basis, 1 AS works, 1.0 AS author_works FROM memberships"
    }
    made.asked = made.asked.model_copy(update={"sql": old})
    with pytest.raises(QueryError, match=r"is of an earlier coauth.*run `coauth init`"):
        made.copublications  # noqa: B018  it is made when it is asked for


def test_a_share_is_never_more_than_all(world):
    """A listed institution at home, or of no known country, does not make a share of international
    works above 1.
    """
    hit = {"id": "I204983213", "country_code": None}
    made = world(
        work(1, 2020, [["I1"], [hit]]),
        work(2, 2020, [["I2"], [hit]]),
        work(3, 2020, [["I1"], ["I30"]]),
    )
    assert max(s for s in rows(made.copublications, "share") if s is not None) <= 1
    listed = [
        r
        for r in rows(made.copublications, "year", "group_id", "works", "base", "share")
        if r[1] == "list:miit" and r[0] == 2020
    ]
    assert listed == [(2020, "list:miit", 2, "all", 2 / 3)]
