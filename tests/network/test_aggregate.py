"""Works counted between countries, groups and summed watchlists, against counting them one by one."""

from collections import Counter, defaultdict
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coauth.network import aggregate, build
from tests.support.listed import HIT, NJUST, chinese
from tests.support.world import rows, topic, work

COUNTRY = {"I1": "DK", "I2": "DK", "I10": "CN", "I20": "SE", "I21": "SE", "I30": "US", "I70": None}


def tables_of(made):
    """What `join` takes, from a world of a few records."""
    return made.made | {"flags": made.found.flags, "edges": made.edges}


def joined(made, kind, engine=None):
    before = tables_of(made)
    wholes = {
        "country": lambda: aggregate.by_country(before["institutions"]),
        "group": lambda: aggregate.by_group(
            before["institutions"],
            before["listed"],
            [g for g in made.asked.partners if g.figure],
        ),
        "list": lambda: aggregate.by_list(before["listed"]),
    }[kind]()
    return aggregate.join(before, wholes, engine or made.engine)


def pairs(made):
    return {(r["source"], r["target"]): r for r in made["edges"].to_pylist()}


def test_a_work_counts_once_between_two_countries(world):
    """Two Danish and two Swedish institutions are four pairs of institutions and one Danish-Swedish
    work.
    """
    made = world(
        work(1, 2020, [["I1"], ["I2"], ["I20"], ["I21"]]),
        work(2, 2020, [["I1"], ["I20"], ["I30"]]),
        work(3, 2020, [["I1"], ["I2"]]),
    )
    countries = pairs(joined(made, "country"))
    assert {pair: (r["works"], r["weight"]) for pair, r in countries.items()} == {
        ("DK", "SE"): (2, 1 + 1 / 2),
        ("DK", "US"): (1, 1 / 2),
        ("SE", "US"): (1, 1 / 2),
    }


def test_wholes_are_described(world):
    made = joined(
        world(work(1, 2020, [["I1"], ["I20"]]), work(2, 2021, [["I1"], ["I2"], ["I70"]])), "country"
    )
    assert rows(
        made["institutions"],
        "institution_id",
        "name",
        "country_code",
        "type",
        "is_domestic",
        "works",
    ) == [
        ("DK", "DK", "DK", "country", True, 2),
        ("SE", "SE", "SE", "country", False, 1),
        ("ZZ", "Country not known", None, "country", False, 1),
    ]
    assert rows(made["works"], "n_institutions") == [2, 2]
    assert all(made[name].num_rows == 0 for name in ("listed", "centrality", "shifts", "pairs"))


def test_groups_are_those_of_the_queries(world):
    """The listed and those at home apart; a group that is no class of the colours is elsewhere."""
    made = world(work(1, 2020, [["I1"], [chinese(HIT)], ["I20"], ["I10"], ["I70"]]))
    after = joined(made, "group")
    net = build(after, scope=made.asked.scope)
    assert {(n["institution_id"], n["group"]) for n in net.nodes.to_pylist()} == {
        ("domestic", "domestic"),
        ("listed", "listed"),
        ("nordic", "nordic"),
        ("china", "elsewhere"),
        ("elsewhere", "elsewhere"),
    }


def test_the_institutions_of_a_list_are_one_node_and_cannot_be_told_apart(world):
    """Two listed universities on one work are one work of the list; cues name the list, never its
    entry.
    """
    made = world(
        work(1, 2020, [["I1"], [chinese(HIT)], [chinese(NJUST)]]),
        work(2, 2020, [["I1"], [chinese(HIT)]]),
        work(3, 2020, [["I1"], ["I10"]]),
    )
    after = joined(made, "list")
    assert {p: (r["works"], r["weight"]) for p, r in pairs(after).items()} == {
        ("I1", "I10"): (1, 1),
        ("I1", "list:miit"): (2, 2),
    }
    assert rows(after["flags"], "source", "target", "list_id", "entry_id", "works") == [
        ("I1", "list:miit", "miit", "miit", 2)
    ]
    net = build(after, scope=made.asked.scope)
    node = next(n for n in net.nodes.to_pylist() if n["lists"])
    assert (node["institution_id"], node["label"], node["group"], node["works"]) == (
        "list:miit",
        "Watchlist miit, summed",
        "listed",
        2,
    )
    assert not {HIT, NJUST} & set(rows(net.nodes, "institution_id"))


def test_cues_of_countries_count_distinct_works(world):
    made = world(
        work(1, 2020, [["I1"], ["I2"], [chinese(HIT)], [chinese(NJUST)]], topics=[topic("T10275")])
    )
    found = rows(
        joined(made, "country")["flags"],
        "source",
        "target",
        "kind",
        "entry_id",
        "works",
        "domestic_pair",
    )
    assert ("CN", "DK", "watchlist", "miit", 1, True) in found
    assert all(works == 1 for *_, works, _ in found)
    assert {kind for _, _, kind, *_ in found} == {"watchlist", "technology"}


def test_each_in_a_whole_of_its_own_changes_no_edge(world):
    made = world(work(1, 2020, [["I1"], ["I20"]]), work(2, 2021, [["I1"], ["I2"], ["I70"]]))
    same = aggregate.join(tables_of(made), {}, made.engine)
    for name in ("edges", "flags"):
        assert same[name].equals(tables_of(made)[name])


@pytest.mark.slow
@given(
    st.lists(
        st.sets(st.sampled_from(sorted(COUNTRY)), min_size=1, max_size=6).filter(
            lambda s: s & {"I1", "I2"}
        ),
        min_size=1,
        max_size=12,
    )
)
@settings(deadline=None, max_examples=15)
def test_any_works_against_counting_by_hand(asked, teams):
    """Plain Python over the teams gives the same works and weights; strength counts works between
    two or more countries.
    """
    from tests.support.world import World

    made = World(
        [work(n, 2020, [[i] for i in sorted(team)]) for n, team in enumerate(teams, 1)], asked
    )
    number, weight, strength = Counter(), defaultdict(float), Counter()
    for team in teams:
        here = sorted({COUNTRY[i] or "ZZ" for i in team})
        strength.update(here if len(here) > 1 else [])
        for pair in combinations(here, 2):
            number[pair] += 1
            weight[pair] += 1 / (len(here) - 1)
    after = joined(made, "country")
    assert {p: r["works"] for p, r in pairs(after).items()} == number
    assert {p: r["weight"] for p, r in pairs(after).items()} == pytest.approx(
        dict(weight), abs=1e-9
    )
    if number:
        net = build(after, scope=made.asked.scope)
        assert {n["institution_id"]: n["strength"] for n in net.nodes.to_pylist()} == pytest.approx(
            dict(strength), abs=1e-9
        )
