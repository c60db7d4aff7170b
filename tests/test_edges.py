"""Edges and their three weights, against arithmetic on paper and against plain Python."""

import itertools
import random
from collections import defaultdict
from fractions import Fraction

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world import rows, work

PAIR = ("year", "source", "target")
ALL = ("works", "weight", "strict_weight")
SMALL = ("works_k", "weight_k", "strict_weight_k")


def weights(made, *columns, digits=9):
    return {r[:3]: tuple(round(x, digits) for x in r[3:]) for r in rows(made.edges, *PAIR, *columns)}


def test_a_work_of_two_gives_its_pair_one_of_each(world):
    """k = 2: one work, Newman 1/(2−1) = 1, strict 2/(2·1) = 1."""
    assert weights(world(work(1, 2020, [["I1"], ["I10"]])), *ALL) == {(2020, "I1", "I10"): (1, 1, 1)}


def test_a_triangle_of_one_work(world):
    """k = 3: each of three pairs gets one work, Newman 1/2 and strict 1/3."""
    made = world(work(1, 2020, [["I1"], ["I10", "I20"], ["I1"]]))
    third = (1, 0.5, round(1 / 3, 9))
    assert weights(made, *ALL) == {(2020, a, b): third for a, b in (("I1", "I10"), ("I1", "I20"), ("I10", "I20"))}


def test_works_add_up_within_a_year_and_years_stay_apart(world):
    """A pair of works of k = 2 and k = 3 in 2020 and one of k = 2 in 2021: (2, 1.5, 4/3) and (1, 1, 1)."""
    made = world(work(1, 2020, [["I1"], ["I10"]]), work(2, 2020, [["I1"], ["I10"], ["I20"]]), work(3, 2021, [["I10"], ["I1"]]))
    found = weights(made, *ALL)
    assert found[2020, "I1", "I10"] == (2, 1.5, round(4 / 3, 9))
    assert found[2021, "I1", "I10"] == (1, 1, 1)
    assert len(found) == 4


def test_ends_are_ordered_as_text(world):
    """source is the smaller id as text: I10 comes before I9."""
    assert rows(world(work(1, 2020, [["I9"], ["I10"]])).edges, "source", "target") == [("I10", "I9")]


@pytest.mark.parametrize(("institutions", "counted"), [(3, True), (4, False)])
def test_works_above_k_are_set_apart(world, institutions, counted):
    """With K = 3 a work of 3 institutions counts in both columns, a work of 4 in the first alone; the pair's other work stays."""
    many = [["I1"], *([f"I{10 + n}"] for n in range(institutions - 1))]
    made = world(work(1, 2020, many), work(2, 2020, [["I1"], ["I10"]]), scope={"max_institutions": 3})
    share = round(1 / (institutions - 1), 9)
    strict = round(2 / institutions / (institutions - 1), 9)
    found = weights(made, *ALL, *SMALL)[2020, "I1", "I10"]
    assert found[:3] == pytest.approx((2, 1 + share, 1 + strict))
    assert found[3:] == pytest.approx((2, 1 + share, 1 + strict) if counted else (1, 1, 1))
    other = weights(made, *ALL, *SMALL)[2020, "I1", "I11"]
    assert other[3:] == ((1, share, strict) if counted else (0, 0, 0))


def test_k_is_counted_after_roll_up(world):
    """A region beside its hospital is not a third institution: the work has k = 2 and its pair the weight 1."""
    hospital = {"id": "I2", "lineage": ["I2", "I3"]}
    assert weights(world(work(1, 2020, [[hospital, "I3"], ["I10"]])), *ALL) == {(2020, "I10", "I2"): (1, 1, 1)}


def test_what_makes_no_edge(world):
    """One institution, a retracted work, a preliminary year and a work out of scope make none."""
    made = world(
        work(1, 2020, [["I1"], ["I1"]]), work(2, 2020, [["I1"], ["I10"]], is_retracted=True), work(3, 2025, [["I1"], ["I10"]]),
        work(4, 2020, [["I20"], ["I10"]]),
    )  # fmt: skip
    assert made.works.num_rows == 3
    assert made.edges.num_rows == 0


TEAM = st.lists(st.sampled_from([f"I{n}" for n in (1, 2, 3, 10, 11, 20, 21, 30, 40)]), min_size=1, max_size=7, unique=True)
WORLD = st.lists(st.tuples(st.integers(2019, 2021), st.sampled_from(["I1", "I2"]), TEAM), min_size=1, max_size=14)


def by_hand(told, most):
    """Every weight of every pair by enumeration, in fractions."""
    found = defaultdict(lambda: [Fraction(0)] * 6)
    for year, home, team in told:
        members = sorted({home, *team})
        k = len(members)
        for pair in itertools.combinations(members, 2):
            adds = [Fraction(1), Fraction(1, k - 1), Fraction(2, k * (k - 1))]
            adds += adds if k <= most else [Fraction(0)] * 3
            found[(year, *pair)] = [a + b for a, b in zip(found[(year, *pair)], adds, strict=True)]
    return dict(found)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WORLD, st.integers(2, 6))
def test_the_statement_equals_enumeration_and_keeps_its_invariants(world, told, most):
    """SQL equals itertools within 1e-9; strength is the number of collaborative works; strict weights sum to their number."""
    made = world(*(work(n, y, [[h], *([i] for i in t)]) for n, (y, h, t) in enumerate(told)), scope={"max_institutions": most})
    wanted, found = by_hand(told, most), weights(made, *ALL, *SMALL, digits=15)
    assert set(found) == set(wanted)
    for pair, values in wanted.items():
        assert found[pair] == pytest.approx([float(v) for v in values], abs=1e-9)
    strength, collaborative, strict = defaultdict(float), defaultdict(int), defaultdict(float)
    for (year, source, target), (_, newman, pairs, *_) in found.items():
        strength[year, source] += newman
        strength[year, target] += newman
        strict[year] += pairs
    teams = [(y, {h, *t}) for y, h, t in told if len({h, *t}) > 1]
    for year, team in teams:
        for member in team:
            collaborative[year, member] += 1
    assert strength == pytest.approx(dict(collaborative), abs=1e-9)
    assert strict == pytest.approx({y: sum(w == y for w, _ in teams) for y, _ in teams}, abs=1e-9)


def ipc(table):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table)
    return sink.getvalue().to_pybytes()


def test_threads_and_order_of_rows_change_no_byte(world):
    """One thread or two, and rows in any order: the same bytes of every table, although weights are sums of fractions."""
    chance = random.Random(8)
    names = [f"I{n}" for n in range(1, 70)]
    records = [work(n, 2015 + n % 4, [["I1"], *([i] for i in chance.sample(names, chance.randint(1, 9)))]) for n in range(400)]
    made = []
    for threads, shuffle in ((1, None), (2, random.Random(1)), (2, random.Random(2))):
        one = world(*records, threads=threads, shuffle=shuffle)
        made.append([ipc(t) for t in (one.affiliations, one.works, one.edges, one.institutions, one.memberships, one.copublications)])
    assert made[0] == made[1] == made[2]
