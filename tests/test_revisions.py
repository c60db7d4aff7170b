"""Why a count changed: each cause by hand, and the causes add up to the change."""

import collections

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world import rows, work

from coauth import revisions

HIT = {"id": "I204983213", "country_code": "CN"}


def compared(world, old, new):
    """(series, year, cause) -> works between two worlds of records."""
    tables = [{"works": w.works, "memberships": w.memberships} for w in (world(*old), world(*new))]
    made = revisions.compare("2026-01-05", *tables)
    assert set(rows(made, "against")) <= {"2026-01-05"}
    return {r[:3]: r[3] for r in rows(made, "series", "year", "cause", "works")}


def american(number, year=2020, **told):
    return work(number, year, [["I1"], ["I30"]], **told)


def causes(world, old, new):
    """Causes seen in the series of the USA alone."""
    return {(y, c): n for (s, y, c), n in compared(world, old, new).items() if s == "usa"}


def test_the_same_works_make_no_row(world):
    """Two vintages of the same works differ in nothing, in whatever order they came; two empty ones neither."""
    records = [american(1), american(2, 2021)]
    assert compared(world, records, records[::-1]) == {}
    assert compared(world, [], []) == {}


def test_added_and_removed(world):
    """An id that is in one vintage only was added or removed, whatever else is true of it."""
    assert causes(world, [american(1)], [american(1), american(2), american(3, 2021)]) == {(2020, "added"): 1, (2021, "added"): 1}
    assert causes(world, [american(1), american(2)], [american(1)]) == {(2020, "removed"): -1}
    assert causes(world, [], [american(1)]) == {(2020, "added"): 1}
    assert causes(world, [american(1)], []) == {(2020, "removed"): -1}


def test_re_dated(world):
    """A work whose year moved leaves one year and enters another; both changes have this cause."""
    assert causes(world, [american(1)], [american(1, 2021)]) == {(2020, "re-dated"): -1, (2021, "re-dated"): 1}


def test_re_dated_goes_before_the_other_causes(world):
    """A work that moved and lost its partner as well is re-dated: one cause a work."""
    assert causes(world, [american(1)], [work(1, 2021, [["I1"], ["I20"]])]) == {(2020, "re-dated"): -1}
    assert causes(world, [american(1)], [american(1, 2021, is_retracted=True)]) == {(2020, "re-dated"): -1}


def test_excluded_differently(world):
    """A work that is now retracted, or no longer a duplicate, counts differently under the same id and year."""
    assert causes(world, [american(1)], [american(1, is_retracted=True)]) == {(2020, "excluded differently"): -1}
    twin = american(2, doi="https://doi.org/10.1/1")
    assert causes(world, [american(1), twin], [american(1), american(2)]) == {(2020, "excluded differently"): 1}


def test_re_affiliated(world):
    """A partner country gained or lost on the same work is a change of affiliations, in the series it concerns."""
    found = compared(world, [work(1, 2020, [["I1"], ["I30"]])], [work(1, 2020, [["I1"], ["I20"]])])
    assert found == {("usa", 2020, "re-affiliated"): -1, ("nordic", 2020, "re-affiliated"): 1, ("europe", 2020, "re-affiliated"): 1}


def test_opposite_changes_of_one_cause_show_their_sum(world):
    """One work gained and one lost by affiliations cancel to a row of 0, or to none; never to a wrong number."""
    old = [american(1), work(2, 2020, [["I1"], ["I20"]])]
    new = [work(1, 2020, [["I1"], ["I20"]]), american(2)]
    assert set(causes(world, old, new).values()) <= {0}


def test_each_figure_has_its_own_basis(world):
    """Country groups are compared by the union, so a match that replaces a string is no change; lists by institution."""
    string = {"countries": ["US"]}
    assert causes(world, [work(1, 2020, [["I1"], string])], [american(1)]) == {}
    found = compared(world, [work(1, 2020, [["I1"], {"countries": ["CN"]}])], [work(1, 2020, [["I1"], [HIT]])])
    assert found == {("list:miit", 2020, "re-affiliated"): 1}


RECORD = st.tuples(
    st.integers(1, 6), st.integers(2019, 2021), st.sampled_from(["I2", "I10", "I30", "I20"]), st.booleans()
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(RECORD, max_size=6, unique_by=lambda r: r[0]), st.lists(RECORD, max_size=6, unique_by=lambda r: r[0]))
def test_causes_add_up_to_the_change(world, old, new):
    """For every series and year the works of all causes sum to the new count less the old one."""
    before, after = (
        world(*(work(n, y, [["I1"], [i]], is_retracted=r) for n, y, i, r in told)) for told in (old, new)
    )
    made = revisions.compare("x", *({"works": w.works, "memberships": w.memberships} for w in (before, after)))
    summed = collections.Counter()
    for series, year, works in rows(made, "series", "year", "works"):
        summed[series, year] += works
    change = collections.Counter()
    for sign, one in ((1, after), (-1, before)):
        for series, year, basis, works in rows(one.copublications, "group_id", "year", "basis", "works"):
            change[series, year] += sign * works * (basis == "union" or series.startswith("list:"))
    assert {k: v for k, v in summed.items() if v} == {k: v for k, v in change.items() if v}
    assert set(rows(made, "cause")) <= set(revisions.CAUSES)
