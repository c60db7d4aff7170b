"""Roll-up moves shares of authors between institutions and never makes or loses any."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world import place, ror, rows, work

from coauth.errors import TableError
from coauth.queries import RollUp, Successor

HOSPITAL, REGION, UMBRELLA = (
    {"id": "I2", "lineage": ["I2", "I3", "I4"]},  # two parents, as Rigshospitalet has
    {"id": "I3", "lineage": ["I3"]},
    {"id": "I4", "lineage": ["I4"]},
)


def rolling(*pairs, drop=True):
    """A roll-up in which institution numbers succeed each other: (old, new)."""
    steps = [{"institution": ror(a), "successor": ror(b), "name": "-", "source": "-"} for a, b in pairs]
    return RollUp(drop_ancestors=drop, successors=tuple(Successor(**s) for s in steps))


def shares(made):
    return {(w, i): round(s, 9) for w, i, s in rows(made.affiliations, "work_id", "institution_id", "author_share")}


def test_an_authors_share_is_split_over_the_institutions(world):
    """Of three authors one has two institutions, one has one and one has none: 1/6 + 1/3 and 1/6, together 2/3."""
    made = world(work(1, 2020, [["I1", "I10"], ["I1"], []]))
    assert shares(made) == {("W1", "I1"): round(1 / 6 + 1 / 3, 9), ("W1", "I10"): round(1 / 6, 9)}
    assert rows(made.affiliations, "is_domestic") == [True, False]


def test_an_ancestor_beside_its_descendant_is_dropped(world):
    """Both parents of one hospital go where they stand on its own authorship, and their share goes to the hospital."""
    made = world(work(1, 2020, [[HOSPITAL, REGION, UMBRELLA, "I10"]]))
    assert shares(made) == {("W1", "I2"): 0.5, ("W1", "I10"): 0.5}


def test_an_ancestor_on_another_authorship_stays(world):
    """A region where one author works is not dropped because another author works in its hospital."""
    made = world(work(1, 2020, [[HOSPITAL, REGION], [REGION]]))
    assert shares(made) == {("W1", "I2"): 0.5, ("W1", "I3"): 0.5}
    assert rows(made.edges, "source", "target") == [("I2", "I3")]


def test_an_ancestor_on_another_work_stays(world):
    """What is dropped on one work is counted on the next."""
    made = world(work(1, 2020, [[HOSPITAL, REGION]]), work(2, 2020, [[REGION]]))
    assert set(shares(made)) == {("W1", "I2"), ("W2", "I3")}


def test_only_the_most_specific_of_a_line_is_kept(world):
    """Of grandparent, parent and child on one authorship the child stays; siblings stay both."""
    line = [{"id": "I4", "lineage": ["I4"]}, {"id": "I3", "lineage": ["I3", "I4"]}, {"id": "I2", "lineage": ["I2", "I3", "I4"]}]
    assert set(shares(world(work(1, 2020, [line])))) == {("W1", "I2")}
    sister = {"id": "I5", "lineage": ["I5", "I3", "I4"]}
    assert set(shares(world(work(1, 2020, [[*line, sister]])))) == {("W1", "I2"), ("W1", "I5")}


def test_an_ancestor_abroad_makes_no_domestic_institution(world):
    """A foreign subsidiary with a Danish parent in its lineage is foreign, by its own country."""
    made = world(work(1, 2020, [[{"id": "I10", "lineage": ["I10", "I1"]}], ["I2"]]))
    assert rows(made.institutions, "institution_id", "is_domestic") == [("I10", False), ("I2", True)]


def test_a_merged_institution_counts_for_its_successor(world):
    """Two merged colleges and their successor on one work are one institution with all their shares, not three with edges."""
    made = world(work(1, 2020, [["I2"], ["I3"], ["I4"], ["I10"]]), rollup=rolling((2, 4), (3, 4)))
    assert shares(made) == {("W1", "I4"): 0.75, ("W1", "I10"): 0.25}
    assert rows(made.affiliations, "harvested_ids") == [["I10"], ["I2", "I3", "I4"]]
    assert rows(made.institutions, "institution_id", "rolled_up_from") == [("I10", []), ("I4", ["I2", "I3"])]
    assert rows(made.works, "n_institutions") == [2]
    assert rows(made.edges, "source", "target", "works") == [("I10", "I4", 1)]


def test_a_successor_not_harvested_yet_is_its_first_predecessor(world):
    """While the successor itself has no work, its predecessors are still one institution, under the first one's id."""
    made = world(work(1, 2020, [["I2"], ["I3"]]), rollup=rolling((2, 4), (3, 4)))
    assert rows(made.institutions, "institution_id", "rolled_up_from") == [("I2", ["I3"])]
    assert shares(made) == {("W1", "I2"): 1.0}


def test_one_authors_old_and_new_name_is_one_share(world):
    """An author of both the old and the new institution has one, with a whole share."""
    made = world(work(1, 2020, [["I2", "I4"], ["I10"]]), rollup=rolling((2, 4)))
    assert shares(made) == {("W1", "I4"): 0.5, ("W1", "I10"): 0.5}


def test_ancestors_are_found_through_successors(world):
    """A lineage that names the old institution drops its successor beside the descendant."""
    lab = {"id": "I5", "lineage": ["I5", "I2"]}
    made = world(work(1, 2020, [[lab, "I4"], ["I2"]]), rollup=rolling((2, 4)))
    assert shares(made) == {("W1", "I5"): 0.5, ("W1", "I4"): 0.5}


def test_a_child_that_is_succeeded_by_its_parent_is_the_parent(world):
    """A dissolved department in its university: no edge, no drop, one share."""
    made = world(work(1, 2020, [[{"id": "I2", "lineage": ["I2", "I4"]}, "I4"]]), rollup=rolling((2, 4)))
    assert shares(made) == {("W1", "I4"): 1.0}


def test_as_harvested_nothing_is_moved(world):
    """Without roll-up every harvested institution is its own node, ancestors included."""
    made = world(work(1, 2020, [[HOSPITAL, REGION, UMBRELLA]]), rollup=RollUp(drop_ancestors=False))
    assert shares(made) == {("W1", i): round(1 / 3, 9) for i in ("I2", "I3", "I4")}
    assert rows(made.institutions, "rolled_up_from") == [[], [], []]
    assert made.edges.num_rows == 3


def test_strings_go_with_the_institution_they_were_matched_to(world):
    """The strings of a merged institution stand with its successor, each once and in text order; without any: null."""
    a, b = ({"institutions": [place(i)], "affiliations": [{"raw_affiliation_string": t, "institution_ids": [place(i)["id"]]}]}
            for i, t in (("I2", "b"), ("I4", "a")))  # fmt: skip
    made = world(work(1, 2020, [a, b, a, {"institutions": [place("I10")]}]), rollup=rolling((2, 4)))
    assert rows(made.affiliations, "institution_id", "strings") == [("I10", None), ("I4", ["a", "b"])]


def test_works_and_areas_of_an_institution(world):
    """Works here count included works; an area's share counts a work once however many of its technologies it touches."""
    quantum, coatings = "T10020", "T10377"
    made = world(
        work(1, 2020, [["I1"]], topics=[coatings]), work(2, 2020, [["I1"], ["I10"]]), work(3, 2020, [["I1"]], topics=[coatings], is_retracted=True),
        work(4, 2020, [["I20"], ["I1"]], topics=[coatings, quantum], abstract="hard coating and nanowire"), work(5, 2021, [["I30", "I1"]], is_retracted=True),
    )  # fmt: skip
    assert rows(made.institutions, "institution_id", "works", "eu10") == [("I1", 3, 2 / 3), ("I10", 1, 0.0), ("I20", 1, 1.0), ("I30", 0, None)]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.lists(st.sampled_from(range(1, 9)), max_size=4, unique=True), min_size=1, max_size=4), min_size=1, max_size=6),
    st.dictionaries(st.integers(1, 8), st.sets(st.integers(1, 8)), max_size=5),
    st.sampled_from([(), ((2, 4),), ((2, 4), (3, 4)), ((5, 6), (2, 1))]),
)
def test_shares_are_conserved(world, authors, parents, merged):
    """On any world the shares of a work sum to the share of its authors with an institution, before and after roll-up."""
    above = {n: sorted({n, *(p for p in parents.get(n, ()) if p > n)}) for n in range(1, 9)}  # larger numbers are higher up: no circle
    if any(new < old for old, new in merged):
        above = {n: [n] for n in range(1, 9)}
    told = {n: {"id": f"I{n}", "lineage": [f"I{p}" for p in above[n]]} for n in above}
    made = world(*(work(i, 2020, [["I9"], *([told[n] for n in a] for a in w)]) for i, w in enumerate(authors)), rollup=rolling(*merged))
    sums = dict.fromkeys((f"W{i}" for i in range(len(authors))), 0.0)
    for (work_id, _), share in shares(made).items():
        sums[work_id] += share
    assert sums == {f"W{i}": pytest.approx((1 + sum(map(bool, w))) / (1 + len(w))) for i, w in enumerate(authors)}


def test_a_circle_of_lineages_is_refused(world):
    """Two institutions that are each other's ancestor would both be dropped; the lost share is reported, not swallowed."""
    circle = [{"id": "I2", "lineage": ["I2", "I3"]}, {"id": "I3", "lineage": ["I2", "I3"]}]
    with pytest.raises(TableError, match=r"shares sum to 0\.000000 after roll-up and 1\.000000 before"):
        _ = world(work(1, 2020, [circle])).affiliations
