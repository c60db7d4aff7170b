"""Roll-up moves shares of authors between institutions and never makes or loses any."""

import random
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from coauth.errors import TableError
from coauth.queries import RollUp
from tests.support.roll_up import HOSPITAL, REGION, UMBRELLA, rolling
from tests.support.world import place, ror, rows, work


def shares(made):
    return {
        (w, i): round(s, 9)
        for w, i, s in rows(made.affiliations, "work_id", "institution_id", "author_share")
    }


def test_an_authors_share_is_split_over_the_institutions(world):
    """Of three authors one has two institutions, one has one and one has none: 1/6 + 1/3 and 1/6,
    together 2/3.
    """
    made = world(work(1, 2020, [["I1", "I10"], ["I1"], []]))
    assert shares(made) == {("W1", "I1"): round(1 / 6 + 1 / 3, 9), ("W1", "I10"): round(1 / 6, 9)}
    assert rows(made.affiliations, "is_domestic") == [True, False]


def test_an_ancestor_beside_its_descendant_is_dropped(world):
    """Both parents of one hospital go where they stand on its own authorship, and their share goes
    to the hospital.
    """
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
    line = [
        {"id": "I4", "lineage": ["I4"]},
        {"id": "I3", "lineage": ["I3", "I4"]},
        {"id": "I2", "lineage": ["I2", "I3", "I4"]},
    ]
    assert set(shares(world(work(1, 2020, [line])))) == {("W1", "I2")}
    sister = {"id": "I5", "lineage": ["I5", "I3", "I4"]}
    assert set(shares(world(work(1, 2020, [[*line, sister]])))) == {("W1", "I2"), ("W1", "I5")}


def test_an_ancestor_abroad_makes_no_domestic_institution(world):
    """A foreign subsidiary with a Danish parent in its lineage is foreign, by its own country."""
    made = world(work(1, 2020, [[{"id": "I10", "lineage": ["I10", "I1"]}], ["I2"]]))
    assert rows(made.institutions, "institution_id", "is_domestic") == [
        ("I10", False),
        ("I2", True),
    ]


def test_a_merged_institution_counts_for_its_successor(world):
    """Two merged colleges and their successor on one work are one institution with all their
    shares, not three with edges.
    """
    made = world(work(1, 2020, [["I2"], ["I3"], ["I4"], ["I10"]]), rollup=rolling((2, 4), (3, 4)))
    assert shares(made) == {("W1", "I4"): 0.75, ("W1", "I10"): 0.25}
    assert rows(made.affiliations, "harvested_ids") == [["I10"], ["I2", "I3", "I4"]]
    assert rows(made.institutions, "institution_id", "rolled_up_from") == [
        ("I10", []),
        ("I4", ["I2", "I3"]),
    ]
    assert rows(made.works, "n_institutions") == [2]
    assert rows(made.edges, "source", "target", "works") == [("I10", "I4", 1)]


def test_a_successor_not_harvested_yet_is_its_first_predecessor(world):
    """While the successor itself has no work, its predecessors are still one institution, under the
    first one's id.
    """
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
    made = world(
        work(1, 2020, [[{"id": "I2", "lineage": ["I2", "I4"]}, "I4"]]), rollup=rolling((2, 4))
    )
    assert shares(made) == {("W1", "I4"): 1.0}


def test_as_harvested_nothing_is_moved(world):
    """Without roll-up every harvested institution is its own node, ancestors included."""
    made = world(work(1, 2020, [[HOSPITAL, REGION, UMBRELLA]]), rollup=RollUp(drop_ancestors=False))
    assert shares(made) == {("W1", i): round(1 / 3, 9) for i in ("I2", "I3", "I4")}
    assert rows(made.institutions, "rolled_up_from") == [[], [], []]
    assert made.edges.num_rows == 3


def test_strings_go_with_the_institution_they_were_matched_to(world):
    """The strings of a merged institution stand with its successor, each once and in text order;
    without any: null.
    """
    a, b = (
        {
            "institutions": [place(i)],
            "affiliations": [{"raw_affiliation_string": t, "institution_ids": [place(i)["id"]]}],
        }
        for i, t in (("I2", "b"), ("I4", "a"))
    )
    made = world(work(1, 2020, [a, b, a, {"institutions": [place("I10")]}]), rollup=rolling((2, 4)))
    assert rows(made.affiliations, "institution_id", "strings") == [
        ("I10", None),
        ("I4", ["a", "b"]),
    ]


def test_works_and_areas_of_an_institution(world):
    """Works here count included works; an area's share counts a work once however many of its
    technologies it touches.
    """
    quantum, coatings = "T10020", "T10377"
    made = world(
        work(1, 2020, [["I1"]], topics=[coatings]),
        work(2, 2020, [["I1"], ["I10"]]),
        work(3, 2020, [["I1"]], topics=[coatings], is_retracted=True),
        work(
            4,
            2020,
            [["I20"], ["I1"]],
            topics=[coatings, quantum],
            abstract="hard coating and nanowire",
        ),
        work(5, 2021, [["I30", "I1"]], is_retracted=True),
    )
    assert rows(made.institutions, "institution_id", "works", "eu10") == [
        ("I1", 3, 2 / 3),
        ("I10", 1, 0.0),
        ("I20", 1, 1.0),
        ("I30", 0, None),
    ]


def test_a_component_is_its_whole(world):
    """A museum and its university on one authorship and on one work are one institution: 1/3 + 1/3
    and no edge between them.
    """
    made = world(
        work(1, 2020, [["I2", "I4"], ["I2"], ["I10"]]), rollup=rolling(components=[(2, 4)])
    )
    assert shares(made) == {("W1", "I4"): round(2 / 3, 9), ("W1", "I10"): round(1 / 3, 9)}
    assert rows(made.affiliations, "institution_id", "harvested_ids", "strings") == [
        ("I10", ["I10"], ["Place 10"]),
        ("I4", ["I2", "I4"], ["Place 2", "Place 4"]),
    ]
    assert rows(made.institutions, "institution_id", "rolled_up_from") == [
        ("I10", []),
        ("I4", ["I2"]),
    ]


def test_predecessors_and_components_of_one_whole_are_one_node(world):
    """While the whole itself has no work, what counts for it is one institution, under the smallest
    id.
    """
    made = world(
        work(1, 2020, [["I2"], ["I3"], ["I10"]]), rollup=rolling((3, 4), components=[(2, 4)])
    )
    assert rows(made.institutions, "institution_id", "rolled_up_from") == [
        ("I10", []),
        ("I2", ["I3"]),
    ]


def test_a_joint_institution_is_divided_by_weight(world):
    """Of two authors one is of the joint centre: its 1/2 goes to the owners as 1/8 and 3/8; the
    centre itself is no node.
    """
    made = world(
        work(1, 2020, [["I2"], ["I10"]]),
        work(2, 2020, [["I3"], ["I4"]]),
        rollup=rolling(joint=[(2, {3: 0.25, 4: 0.75})]),
    )
    assert shares(made) == {
        ("W1", "I3"): 0.125,
        ("W1", "I4"): 0.375,
        ("W1", "I10"): 0.5,
        ("W2", "I3"): 0.5,
        ("W2", "I4"): 0.5,
    }
    assert rows(made.institutions, "institution_id", "rolled_up_from") == [
        ("I10", []),
        ("I3", ["I2"]),
        ("I4", ["I2"]),
    ]
    assert rows(made.affiliations, "harvested_ids")[:3] == [["I10"], ["I2"], ["I2"]]
    assert rows(made.works, "n_institutions") == [3, 2]


def test_an_owner_beside_its_joint_institution_stays(world):
    """An author of the centre and of one owner is not two thirds the other owners': 1/2 + 1/4 here,
    1/4 there.
    """
    centre = {"id": "I2", "lineage": ["I2", "I3", "I4"]}
    made = world(
        work(1, 2020, [[centre, "I3"]]),
        work(2, 2020, [["I4"]]),
        rollup=rolling(joint=[(2, {3: 0.5, 4: 0.5})]),
    )
    assert shares(made) == {("W1", "I3"): 0.75, ("W1", "I4"): 0.25, ("W2", "I4"): 1.0}


def test_owners_without_a_work_leave_their_part_to_the_others(world):
    """Weights 1/2, 1/4 and 1/4 with the first owner unknown are 1/2 and 1/2; with none known the
    joint one stands alone.
    """
    rule = rolling(joint=[(2, {5: 0.5, 3: 0.25, 4: 0.25})])
    made = world(work(1, 2020, [["I2"], ["I3"], ["I4"]]), rollup=rule)
    assert shares(made) == {("W1", "I3"): 0.5, ("W1", "I4"): 0.5}
    assert shares(world(work(1, 2020, [["I2"]]), rollup=rule)) == {("W1", "I2"): 1.0}


def test_a_hospital_counts_for_its_university_where_that_is_on_the_work(world):
    """With the university on the work, on whichever authorship, the hospital is in it; without, it
    stands alone.
    """
    told = [
        work(1, 2020, [["I2"], ["I4"], ["I10"]]),
        work(2, 2020, [["I2"], ["I10"]]),
        work(3, 2020, [["I2", "I4"], ["I10"]]),
    ]
    made = world(*told, rollup=rolling(associated=[(2, [4])]))
    assert shares(made) == {
        ("W1", "I4"): round(2 / 3, 9),
        ("W1", "I10"): round(1 / 3, 9),
        ("W2", "I2"): 0.5,
        ("W2", "I10"): 0.5,
        ("W3", "I4"): 0.5,
        ("W3", "I10"): 0.5,
    }
    assert rows(made.institutions, "institution_id", "rolled_up_from", "works") == [
        ("I10", [], 3),
        ("I2", [], 1),
        ("I4", [], 2),
    ]
    assert rows(made.edges, "source", "target", "works") == [("I10", "I2", 1), ("I10", "I4", 2)]
    assert [
        ids
        for w, i, ids in rows(made.affiliations, "work_id", "institution_id", "harvested_ids")
        if i == "I4"
    ] == [["I2", "I4"]] * 2


@pytest.mark.parametrize("standing", ["I3", "I5", "I6"], ids=["component", "joint", "predecessor"])
def test_a_part_of_the_university_calls_its_hospital_too(world, standing):
    """A component, a joint centre or a predecessor on the work stands for the university."""
    rule = rolling(
        (6, 4), components=[(3, 4)], joint=[(5, {4: 0.5, 7: 0.5})], associated=[(2, [4])]
    )
    made = world(work(1, 2020, [["I2"], [standing]]), work(2, 2020, [["I4"], ["I7"]]), rollup=rule)
    first = {i: s for (w, i), s in shares(made).items() if w == "W1"}
    assert first == ({"I4": 0.75, "I7": 0.25} if standing == "I5" else {"I4": 1.0})


def test_a_component_of_a_hospital_follows_it_to_the_university(world):
    """Glostrup is a part of Rigshospitalet, and with that counts for the university on a work of
    both.
    """
    made = world(
        work(1, 2020, [["I3"], ["I4"]]),
        work(2, 2020, [["I3"], ["I10"]]),
        work(3, 2020, [["I2"]]),
        rollup=rolling(components=[(3, 2)], associated=[(2, [4])]),
    )
    assert shares(made) == {
        ("W1", "I4"): 1.0,
        ("W2", "I2"): 0.5,
        ("W2", "I10"): 0.5,
        ("W3", "I2"): 1.0,
    }


def test_a_hospital_of_several_universities_is_divided_over_those_on_the_work(world):
    """Of three universities two are on the work: a half each of the hospital's third; alone with
    one it is all that one's.
    """
    rule = rolling(associated=[(2, [4, 5, 6])])
    made = world(
        work(1, 2020, [["I2"], ["I4"], ["I5"]]), work(2, 2020, [["I2"], ["I6"]]), rollup=rule
    )
    assert shares(made) == {("W1", "I4"): 0.5, ("W1", "I5"): 0.5, ("W2", "I6"): 1.0}
    assert rows(made.institutions, "institution_id", "works") == [
        ("I2", 0),
        ("I4", 1),
        ("I5", 1),
        ("I6", 1),
    ]


def test_a_parent_that_ror_does_not_give_is_dropped_too(world):
    """A region named in the file goes beside its hospital and stays alone."""
    made = world(
        work(1, 2020, [["I2", "I3"]]), work(2, 2020, [["I3"]]), rollup=rolling(parents=[(2, 3)])
    )
    assert set(shares(made)) == {("W1", "I2"), ("W2", "I3")}


def test_a_parent_of_a_component_is_no_parent_of_the_whole(world):
    """The centre's second parent, an agency, is dropped beside the centre, and stays beside the
    university.
    """
    centre = {"id": "I2", "lineage": ["I2", "I4", "I20"]}
    made = world(
        work(1, 2020, [[centre, "I20"]]),
        work(2, 2020, [["I4", "I20"]]),
        rollup=rolling(components=[(2, 4)]),
    )
    assert shares(made) == {("W1", "I4"): 1.0, ("W2", "I20"): 0.5, ("W2", "I4"): 0.5}


def test_thirds_are_exact(world):
    """Three authors of three institutions each: 2⁴⁰/3 leaves a remainder, which someone gets, so
    that nothing is lost.
    """
    made = world(work(1, 2020, [["I1", "I10", "I20"], ["I30", "I2", "I3"], ["I40", "I60", "I70"]]))
    parts = [Fraction(s) * 2**40 for s in made.affiliations["author_share"].to_pylist()]
    assert sum(parts) == 3 * (2**40 // 3)
    assert max(parts) - min(parts) == 1


def test_a_duplicated_ror_points_to_the_older_id(world):
    """Two OpenAlex ids of one ROR: rules go by the older, and the other stays a node of its own."""
    twin = {"id": "I9", "ror": ror(4)}
    made = world(work(1, 2020, [["I2"], ["I4"], [twin]]), rollup=rolling(components=[(2, 4)]))
    assert shares(made) == {("W1", "I4"): round(2 / 3, 9), ("W1", "I9"): round(1 / 3, 9)}


def test_the_shipped_rules_on_a_clinical_work(world, asked):
    """Rigshospitalet with its two parents beside the University of Copenhagen's museum and the
    luminescence laboratory of AU and DTU.
    """

    def at(number, short):
        return {
            "id": f"I{number}",
            "ror": f"https://ror.org/{short}",
            "lineage": [f"I{number}"],
        }

    ku, au, dtu, museum, lab = (
        at(1, "035b05819"),
        at(2, "01aj84f44"),
        at(3, "04qtj9h94"),
        at(4, "040ck2b86"),
        at(5, "020hmha06"),
    )
    region, hospital = at(7, "0247ay475"), at(8, "040r8fr65")
    rigs = at(6, "03mchdq19") | {"lineage": ["I6", "I9"]}
    made = world(
        work(1, 2020, [[rigs, {"id": "I9", "country_code": "DK"}], [museum], ["I10"]]),
        work(2, 2020, [[lab], [hospital, region]]),
        work(3, 2020, [[hospital, region], ["I10"]]),
        work(4, 2020, [[ku], [au], [dtu]]),
    )
    third = round(1 / 3, 9)
    assert shares(made) == {
        ("W1", "I1"): round(2 / 3, 9),
        ("W1", "I10"): third,
        ("W2", "I2"): 0.75,
        ("W2", "I3"): 0.25,
        ("W3", "I8"): 0.5,
        ("W3", "I10"): 0.5,
        ("W4", "I1"): third,
        ("W4", "I2"): third,
        ("W4", "I3"): third,
    }


RULES = [
    rolling((2, 4)),
    rolling((2, 4), (3, 4)),
    rolling((5, 6), (2, 1)),
    rolling(components=[(1, 3), (2, 3)]),
    rolling(joint=[(1, {3: 0.3, 4: 0.7})], components=[(2, 3)]),
    rolling(associated=[(1, [3]), (2, [3, 4, 5])]),
    rolling(
        (8, 7),
        components=[(2, 1)],
        joint=[(6, {1: 0.5, 3: 0.25, 4: 0.25})],
        associated=[(1, [3, 4])],
        parents=[(1, 7), (3, 7)],
    ),
]
WORKS = st.lists(
    st.lists(st.lists(st.integers(1, 8), max_size=4, unique=True), min_size=1, max_size=4),
    min_size=1,
    max_size=6,
)
PARENTS = st.dictionaries(st.integers(1, 8), st.sets(st.integers(1, 8)), max_size=5)
ANY = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def people(works, parents, rename=lambda n: n):
    """Records of works as lists of authors' institutions; larger numbers are higher up, so that no
    lineage is a circle.
    """
    above = {n: sorted({n, *(p for p in parents.get(n, ()) if p > n)}) for n in range(1, 9)}
    told = {
        n: {
            "id": f"I{rename(n)}",
            "ror": ror(n),
            "country_code": "DK",
            "lineage": [f"I{rename(p)}" for p in above[n]],
        }
        for n in above
    }
    return [
        work(i, 2020, [["I9"], *([told[n] for n in a] for a in w)]) for i, w in enumerate(works)
    ]


@ANY
@given(WORKS, PARENTS, st.sampled_from(RULES))
def test_shares_are_conserved(world, works, parents, rule):
    """On any world the shares of a work sum to the share of its authors with an institution, in
    whole parts of 2⁻⁴⁰, under any rules.
    """
    sums = dict.fromkeys((f"W{i}" for i in range(len(works))), Fraction(0))
    for work_id, share in rows(
        world(*people(works, parents), rollup=rule).affiliations, "work_id", "author_share"
    ):
        sums[work_id] += Fraction(share)
    assert sums == {
        f"W{i}": Fraction((1 + sum(map(bool, w))) * (2**40 // (1 + len(w))), 2**40)
        for i, w in enumerate(works)
    }


@ANY
@given(WORKS, PARENTS, st.sampled_from(RULES), st.permutations(range(1, 9)))
def test_renaming_ids_renames_only(world, works, parents, rule, new):
    """Other OpenAlex ids for the same institutions give the same shares and edges under the new
    names.
    """
    works = [*works, [[n] for n in range(1, 9)]]  # who is unknown is named after another, by id
    name = {"I9": "I9"} | {f"I{old}": f"I{new[old - 1]}" for old in range(1, 9)}
    one = world(*people(works, parents), rollup=rule)
    two = world(*people(works, parents, lambda n: new[n - 1]), rollup=rule)
    assert {(w, name[i]): s for (w, i), s in shares(one).items()} == pytest.approx(
        shares(two), abs=1e-8
    )
    pairs = [
        {
            (frozenset((a, b)), n, w)
            for a, b, n, w in rows(m.edges, "source", "target", "works", "weight")
        }
        for m in (one, two)
    ]
    assert {(frozenset(name[i] for i in pair), *told) for pair, *told in pairs[0]} == pairs[1]


@ANY
@given(WORKS, PARENTS, st.sampled_from(RULES), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(world, works, parents, rule, chance):
    """The same rows shuffled give the same tables, to the last bit."""
    one = world(*people(works, parents), rollup=rule)
    two = world(*people(works, parents), rollup=rule, shuffle=random.Random(chance.random()))
    assert one.affiliations.equals(two.affiliations)
    assert one.institutions.equals(two.institutions)


@ANY
@given(WORKS, PARENTS)
def test_as_harvested_is_the_identity(world, works, parents):
    """Without rules every institution of a work is a row under its own id, with an even split of
    each author's share.
    """
    made = world(*people(works, parents), rollup=RollUp(drop_ancestors=False))
    wanted = {}
    for i, w in enumerate(works):
        for author in [[9], *w]:
            for n in author:
                wanted[f"W{i}", f"I{n}"] = wanted.get((f"W{i}", f"I{n}"), 0) + 1 / (
                    1 + len(w)
                ) / len(author)
    assert shares(made) == pytest.approx(wanted, abs=1e-8)
    assert all(ids == [i] for i, ids in rows(made.affiliations, "institution_id", "harvested_ids"))


@ANY
@given(WORKS, PARENTS, st.sampled_from(RULES), st.integers(1, 8))
def test_a_work_of_one_institution_changes_no_edge(world, works, parents, rule, alone):
    """One more work, of one institution that is there already and no joint one, adds nothing to any
    pair.
    """
    assume(alone in {n for w in works for a in w for n in a})
    assume(ror(alone) not in {j.institution for j in rule.joint})
    *records, more = people([*works, [[alone]]], parents)
    more["authorships"] = more["authorships"][1:]  # without I9
    assert world(*records, more, rollup=rule).edges.equals(world(*records, rollup=rule).edges)


def test_a_circle_of_lineages_is_refused(world):
    """Two institutions that are each other's ancestor would both be dropped; the lost share is
    reported, not swallowed.
    """
    circle = [{"id": "I2", "lineage": ["I2", "I3"]}, {"id": "I3", "lineage": ["I2", "I3"]}]
    with pytest.raises(
        TableError, match=r"shares sum to 0\.000000 after roll-up and 1\.000000 before"
    ):
        _ = world(work(1, 2020, [circle])).affiliations


def test_a_name_with_an_author_taken_out_is_used_last(world):
    """An author's name is masked in the name of an institution; any work that gives the name whole
    is believed before.
    """
    named = {"id": "I1", "display_name": "Berghem Institute"}
    masked = work(2, 2021, [[named]])
    masked["authorships"][0]["author"] = {"display_name": "Ann Berghem"}
    masked["authorships"][0]["institutions"][0]["display_name"] = "Ann Berghem Institute"
    assert rows(world(work(1, 2020, [[named]]), masked).institutions, "name") == [
        "Berghem Institute"
    ]
    assert rows(world(masked).institutions, "name") == ["[name] Institute"]
