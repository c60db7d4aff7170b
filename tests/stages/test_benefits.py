"""What collaboration brings, counted alike for pairs with and without a cue."""

import pytest
from scipy import stats

from coauth.report.data import benefits
from tests.support.world import rows, topic, work

HIT = {"id": "I204983213", "country_code": "CN"}
FIRM = {"id": "I21", "country_code": "SE", "type": "company"}
QUANTA = topic("T10275", 0.9, field=31)
TOP, OTHER = ({"value": v, "is_in_top_10_percent": v > 0.9} for v in (0.95, 0.5))


@pytest.fixture
def made(world):
    """Two works with HIT (one quantum-dot, one highly cited), two with Lund (one with a firm, one
    quantum-dot), one all Danish, one alone.
    """
    return world(
        work(1, 2020, [["I1"], [HIT]], topics=[QUANTA], citation_normalized_percentile=TOP),
        work(
            2,
            2021,
            [["I1"], [HIT], ["I20"]],
            topics=[topic("T9")],
            citation_normalized_percentile=OTHER,
        ),
        work(3, 2020, [["I1"], [FIRM]], topics=[topic("T9")], citation_normalized_percentile=TOP),
        work(4, 2020, [["I1"], ["I20"]], topics=[QUANTA], citation_normalized_percentile=None),
        work(5, 2020, [["I1"], ["I2"]], topics=[topic("T9")], citation_normalized_percentile=TOP),
        work(6, 2020, [["I1"]], topics=[topic("T9")], citation_normalized_percentile=TOP),
        work(7, 2020, [["I1"], [HIT]], is_retracted=True),
        work(8, 2020, [["I1"], ["I20"]]),
    )


def test_works_of_crossing_pairs_are_counted_by_cue_and_field(made):
    """A work with cues of two kinds counts in both; one without any is "none"; domestic and
    retracted works are not here.
    """
    assert rows(
        made.benefits,
        "year",
        "cue",
        "field_id",
        "works",
        "works_ranked",
        "works_top_10",
        "works_company",
    ) == [
        (2020, "none", "17", 1, 1, 1, 1),
        (2020, "none", None, 1, 0, 0, 0),
        (2020, "technology:aspi44", "31", 2, 1, 1, 0),
        (2020, "watchlist:miit", "31", 1, 1, 1, 0),
        (2021, "watchlist:miit", "17", 1, 1, 0, 0),
    ]


def test_shares_are_of_the_ranked_works_with_exact_intervals(made):
    """Of the two HIT works one is in the top tenth; of the works without a cue the one that has a
    rank.
    """
    got = benefits.shares(made.benefits, (2020, 2021), 0.95).set_index("cue")
    bounds = stats.binomtest(1, 2).proportion_ci(0.95, "exact")
    found = got.loc[
        "watchlist:miit", ["works", "top_10", "top_10_low", "top_10_high", "company"]
    ].to_list()
    assert found == pytest.approx(
        [2, 0.5, bounds.low, bounds.high, 0], rel=1e-9
    )  # its ends come from a search for a root
    assert got.loc["none", ["works", "works_ranked", "top_10", "company"]].to_list() == [
        2,
        1,
        1,
        0.5,
    ]
    assert benefits.shares(made.benefits, (2021, 2021), 0.95)["cue"].to_list() == ["watchlist:miit"]
    assert benefits.shares(made.benefits, (2011, 2012), 0.95).empty


def test_fields_are_shares_of_works_with_a_field(made):
    """Works without a field are not in the profile; every cue's shares add to one."""
    got = benefits.fields(made.benefits, (2020, 2021))
    assert got[got["cue"] == "watchlist:miit"][
        ["field_id", "works", "share"]
    ].to_numpy().tolist() == [["17", 1, 0.5], ["31", 1, 0.5]]
    assert got.groupby("cue")["share"].sum().eq(1).all()


def test_a_share_of_nothing_is_null(world):
    """No ranked work: no share and no interval."""
    made = world(work(1, 2020, [["I1"], ["I20"]]))
    got = benefits.shares(made.benefits, (2020, 2020), 0.95).iloc[0]
    assert got[["top_10", "top_10_low", "top_10_high"]].isna().all()
    assert got["company"] == 0
