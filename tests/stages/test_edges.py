"""Edges and their four weights, against arithmetic on paper and against plain Python."""

import gzip
import itertools
import json
import random
from collections import defaultdict
from fractions import Fraction
from functools import partial

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coauth.errors import QueryError, TableError
from coauth.tables.schemas import EDGES
from tests.support.world import World, linked, rows, work

PAIR = ("year", "source", "target")
ALL = ("works", "weight", "strict_weight", "author_weight")
SMALL = tuple(f"{c}_k" for c in ALL)


def weights(made, *columns, digits=9):
    return {
        r[:3]: tuple(round(x, digits) for x in r[3:]) for r in rows(made.edges, *PAIR, *columns)
    }


def test_a_work_of_two_gives_its_pair_one_of_each(world):
    """k = 2: one work, Newman 1/(2−1) = 1, strict 2/(2·1) = 1, and by authors exactly 1, whoever
    wrote how much of it.
    """
    one = {(2020, "I1", "I10"): (1, 1, 1, 1)}
    assert weights(world(work(1, 2020, [["I1"], ["I10"]])), *ALL) == one
    for many in (2, 6, 70, 997):
        assert weights(world(work(1, 2020, [*[["I1"]] * many, ["I10"]])), *ALL, digits=17) == one


def test_a_triangle_of_one_work(world):
    """k = 3: each of three pairs gets one work, Newman 1/2 and strict 1/3."""
    made = world(work(1, 2020, [["I1"], ["I10", "I20"], ["I1"]]))
    third = (1, 0.5, round(1 / 3, 9))
    assert weights(made, *ALL[:3]) == {
        (2020, a, b): third for a, b in (("I1", "I10"), ("I1", "I20"), ("I10", "I20"))
    }


def test_authors_share_a_work_among_its_pairs(world):
    """Four authors: two of I1, one of I10, one of I10 and I20. f = 1/2, 3/8, 1/8; 1 − Σf² = 19/32;
    2fg/(19/32) = 12/19, 4/19, 3/19.
    """
    team = [["I1"], ["I1"], ["I10"], ["I10", "I20"]]
    wanted = {
        (2020, "I1", "I10"): 12 / 19,
        (2020, "I1", "I20"): 4 / 19,
        (2020, "I10", "I20"): 3 / 19,
    }
    for authors in (
        team,
        [*team, [], []],
    ):  # authors without an institution are at none of the pair's ends
        found = weights(world(work(1, 2020, authors)), "author_weight", digits=15)
        assert {pair: w for pair, (w,) in found.items()} == pytest.approx(wanted, abs=1e-11)


def test_by_authors_equal_shares_are_strict_counting(world):
    """One author each of five institutions: 2/25 / (4/5) = 1/10 = 2/(5·4) for each of ten pairs."""
    found = weights(
        world(work(1, 2020, [[f"I{n}"] for n in range(1, 6)])),
        "strict_weight",
        "author_weight",
        digits=11,
    )
    assert set(found.values()) == {(0.1, 0.1)}


def test_works_add_up_within_a_year_and_years_stay_apart(world):
    """A pair of works of k = 2 and k = 3 in 2020 and one of k = 2 in 2021: (2, 1.5, 4/3, 4/3) and 1
    each.
    """
    made = world(
        work(1, 2020, [["I1"], ["I10"]]),
        work(2, 2020, [["I1"], ["I10"], ["I20"]]),
        work(3, 2021, [["I10"], ["I1"]]),
    )
    found = weights(made, *ALL)
    assert found[2020, "I1", "I10"] == (2, 1.5, round(4 / 3, 9), round(4 / 3, 9))
    assert found[2021, "I1", "I10"] == (1, 1, 1, 1)
    assert len(found) == 4


def test_ends_are_ordered_as_text(world):
    """source is the smaller id as text: I10 comes before I9."""
    assert rows(world(work(1, 2020, [["I9"], ["I10"]])).edges, "source", "target") == [
        ("I10", "I9")
    ]


@pytest.mark.parametrize(("institutions", "counted"), [(3, True), (4, False)])
def test_works_above_k_are_set_apart(world, institutions, counted):
    """With K = 3 a work of 3 institutions counts in both columns, a work of 4 in the first alone;
    the pair's other work stays.
    """
    many = [["I1"], *([f"I{10 + n}"] for n in range(institutions - 1))]
    made = world(
        work(1, 2020, many), work(2, 2020, [["I1"], ["I10"]]), scope={"max_institutions": 3}
    )
    share = round(1 / (institutions - 1), 9)
    strict = round(2 / institutions / (institutions - 1), 9)
    found = weights(made, *ALL, *SMALL)[2020, "I1", "I10"]
    assert found[:4] == pytest.approx((2, 1 + share, 1 + strict, 1 + strict))
    assert found[4:] == pytest.approx(
        (2, 1 + share, 1 + strict, 1 + strict) if counted else (1, 1, 1, 1)
    )
    other = weights(made, *ALL, *SMALL)[2020, "I1", "I11"]
    assert other[4:] == ((1, share, strict, strict) if counted else (0, 0, 0, 0))


def test_k_is_counted_after_roll_up(world):
    """A region beside its hospital is not a third institution: the work has k = 2 and its pair the
    weight 1.
    """
    hospital = {"id": "I2", "lineage": ["I2", "I3"]}
    assert weights(world(work(1, 2020, [[hospital, "I3"], ["I10"]])), *ALL) == {
        (2020, "I10", "I2"): (1, 1, 1, 1)
    }


def test_what_makes_no_edge(world):
    """One institution, a retracted work, a preliminary year and a work out of scope make none."""
    made = world(
        work(1, 2020, [["I1"], ["I1"]]),
        work(2, 2020, [["I1"], ["I10"]], is_retracted=True),
        work(3, 2025, [["I1"], ["I10"]]),
        work(4, 2020, [["I20"], ["I10"]]),
    )
    assert made.works.num_rows == 3
    assert made.edges.num_rows == 0


PLACES = [f"I{n}" for n in (1, 2, 3, 10, 11, 20, 21, 30, 40)]
AUTHOR = st.lists(st.sampled_from(PLACES), max_size=3, unique=True)
TEAM = st.tuples(st.sampled_from(["I1", "I2"]), st.lists(AUTHOR, max_size=7)).map(
    lambda t: [[t[0]], *t[1]]
)
TOLD = st.lists(st.tuples(st.integers(2019, 2021), TEAM), min_size=1, max_size=14)
"""Works as (year, authors), each author a list of institutions, the first of them Danish; some have
no institution.
"""

many_worlds = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def records(told):
    return [work(n, year, authors) for n, (year, authors) in enumerate(told)]


def by_hand(told, most):
    """Every weight of every pair by enumeration, in fractions; `told` is (year, shares of the
    authors by institution).
    """
    found = defaultdict(lambda: [Fraction(0)] * 8)
    for year, shares in told:
        k, whole = len(shares), sum(shares.values())
        f = {i: share / whole for i, share in shares.items()}
        apart = 1 - sum(x * x for x in f.values())
        for a, b in itertools.combinations(sorted(f), 2):
            adds = [
                Fraction(1),
                Fraction(1, k - 1),
                Fraction(2, k * (k - 1)),
                2 * f[a] * f[b] / apart,
            ]
            adds += adds if k <= most else [Fraction(0)] * 4
            found[year, a, b] = [x + y for x, y in zip(found[year, a, b], adds, strict=True)]
    return dict(found)


def shares(authors):
    """Each author divided evenly over their institutions."""
    held = defaultdict(Fraction)
    for places in authors:
        for place in places:
            held[place] += Fraction(1, len(authors) * len(places))
    return held


def total(edges, column):
    return sum(edges[column].to_pylist())


@many_worlds
@given(TOLD, st.integers(2, 6))
def test_the_statement_equals_enumeration(world, told, most):
    """SQL equals itertools and fractions within 1e-9, in every rule of counting, with and without
    works above K.
    """
    made = world(*records(told), scope={"max_institutions": most})
    wanted = by_hand([(y, shares(t)) for y, t in told], most)
    found = weights(made, *ALL, *SMALL, digits=17)
    assert set(found) == set(wanted)
    for pair, values in wanted.items():
        assert found[pair] == pytest.approx([float(v) for v in values], abs=1e-9)


@many_worlds
@given(TOLD)
def test_what_every_rule_of_counting_keeps(world, told):
    """All rules have the same pairs; Newman strength is the number of collaborative works; strict
    and author weight sum to it.
    """
    made = world(*records(told)).edges
    teams = [(y, {i for a in t for i in a}) for y, t in told]
    teams = [(y, t) for y, t in teams if len(t) > 1]
    for column in ALL:
        assert all(w > 0 for w in made[column].to_pylist())
    strength, collaborative = defaultdict(float), defaultdict(int)
    for year, source, target, newman in rows(made, *PAIR, "weight"):
        strength[year, source] += newman
        strength[year, target] += newman
    for year, team in teams:
        for member in team:
            collaborative[year, member] += 1
    assert strength == pytest.approx(dict(collaborative), abs=1e-9)
    assert total(made, "strict_weight") == pytest.approx(len(teams), abs=1e-9)
    assert total(made, "author_weight") == pytest.approx(len(teams), abs=1e-9)
    assert total(made, "weight") == pytest.approx(sum(len(t) for _, t in teams) / 2, abs=1e-9)


@many_worlds
@given(TOLD, st.permutations(PLACES), st.randoms(use_true_random=False))
def test_names_and_order_mean_nothing(world, told, names, chance):
    """Renaming institutions renames the ends and changes no bit of a weight; the order of rows
    changes nothing at all.
    """
    made = world(*records(told))
    renamed = dict(zip(PLACES, names, strict=True))
    column = pa.array([renamed[i] for i in made.affiliations["institution_id"].to_pylist()])
    place = made.affiliations.schema.get_field_index("institution_id")
    other = linked(
        made.works, made.affiliations.set_column(place, "institution_id", column), made.engine
    )
    wanted = {
        (y, *sorted((renamed[s], renamed[t]))): w
        for y, s, t, *w in rows(made.edges, *PAIR, *ALL, *SMALL)
    }
    assert {(y, s, t): w for y, s, t, *w in rows(other, *PAIR, *ALL, *SMALL)} == wanted
    shuffled = [
        t.take(chance.sample(range(len(t)), len(t))) for t in (made.works, made.affiliations)
    ]
    assert linked(*shuffled, made.engine).equals(made.edges)


@many_worlds
@given(TOLD, st.sampled_from(["I1", "I2"]), st.integers(2019, 2021))
def test_a_work_of_one_institution_changes_no_edge(world, told, home, year):
    """However many authors it has."""
    alone = work(len(told), year, [[home], [home], []])
    assert world(*records(told), alone).edges.equals(world(*records(told)).edges)


def test_real_works_are_counted_as_by_enumeration(real_records, asked):
    """The real records of every country by every rule, against fractions of the shares in
    `affiliations`; they add up to works.
    """
    folder = real_records / "openalex" / "works"
    packed = (folder / "full_works_613.jsonl.gz").read_bytes()
    lines = (
        gzip.decompress(packed).splitlines()
        + (folder / "dk_cn_works.jsonl").read_bytes().splitlines()
    )
    told = [json.loads(line) for line in lines]
    countries = {
        i["country_code"] for r in told for a in r.get("authorships", ()) for i in a["institutions"]
    } - {None}
    made = World(told, asked, scope={"countries": tuple(sorted(countries)), "first_year": 1900})
    year = {
        w: y
        for w, y, counts in rows(made.works, "work_id", "year", "included")
        if counts and y <= asked.scope.last_year
    }
    held = defaultdict(dict)
    for work_id, institution, share in rows(
        made.affiliations, "work_id", "institution_id", "author_share"
    ):
        held[work_id][institution] = Fraction(share)
    teams = [(year[w], shares) for w, shares in held.items() if w in year and len(shares) > 1]
    assert len(teams) > 100
    wanted, found = (
        by_hand(teams, asked.scope.max_institutions),
        weights(made, *ALL, *SMALL, digits=17),
    )
    assert set(found) == set(wanted)
    assert (
        max(abs(f - float(w)) for p in wanted for f, w in zip(found[p], wanted[p], strict=True))
        < 1e-9
    )
    for column in ("strict_weight", "author_weight"):
        assert total(made.edges, column) == pytest.approx(len(teams), abs=1e-6)


def test_a_share_of_nothing_is_refused(world):
    """Two institutions of which one holds every author: there is no second draw, and no weight is
    made up.
    """
    made = world(work(1, 2020, [["I1"], ["I10"]]))
    place = made.affiliations.schema.get_field_index("author_share")
    empty = made.affiliations.set_column(place, "author_share", pa.array([1.0, 0.0]))
    with pytest.raises((QueryError, TableError), match="edges"):
        linked(made.works, empty, made.engine)


def ipc(table):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table)
    return sink.getvalue().to_pybytes()


def test_threads_and_order_of_rows_change_no_byte(world):
    """One thread or two, and rows in any order: the same bytes of every table, although weights are
    sums of fractions.
    """
    chance = random.Random(8)
    names = [f"I{n}" for n in range(1, 70)]
    told = [
        work(n, 2015 + n % 4, [["I1"], *([i] for i in chance.sample(names, chance.randint(1, 9)))])
        for n in range(400)
    ]
    made = []
    for threads, shuffle in ((1, None), (2, random.Random(1)), (2, random.Random(2))):
        one = world(*told, threads=threads, shuffle=shuffle)
        made.append(
            [
                ipc(t)
                for t in (
                    one.affiliations,
                    one.works,
                    one.edges,
                    one.institutions,
                    one.memberships,
                    one.copublications,
                    one.hyperauthorship,
                )
            ]
        )
    assert made[0] == made[1] == made[2]


def test_codes_instead_of_texts_change_no_byte(world):
    """Institutions carried as places in the order of their ids, or as ids: the same table, in the
    order of texts; also where there is no row.
    """
    names = [f"I{n}" for n in (9, 10, 100, 11, 2, 1, 20, 3)]
    some = world(
        *(work(n, 2015 + n % 3, [[i] for i in names[n % 4 : n % 4 + 4]]) for n in range(30))
    )
    for works, affiliations in (
        (some.works, some.affiliations),
        (some.works.slice(0, 0), some.affiliations.slice(0, 0)),
    ):
        run = partial(some.engine.run, "edges", EDGES, works=works, affiliations=affiliations)
        assert ipc(run(coded=["institution_id"])) == ipc(run())
