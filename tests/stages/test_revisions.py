"""Why a count changed: each cause by hand, and the causes add up to the change."""

import collections
from dataclasses import replace
from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coauth.openalex.eras import Eras
from coauth.stages import copublications, flags, revisions
from coauth.stages.revisions import Counted
from coauth.tables import schemas
from tests.support.world import rows, work

HIT = {"id": "I204983213", "country_code": "CN"}
BEIHANG = {"id": "I82880672", "country_code": "CN"}


OLD_MODELS = Eras("2023", "v1")


def counted(world, day=date(2026, 1, 5), version="1.0", eras=OLD_MODELS):
    """How a world was counted."""
    return Counted(
        day, version, world.asked.scope.model_dump(mode="json"), world.asked.parts(), eras
    )


def made_of(world):
    return {
        "works": world.works,
        "affiliations": world.affiliations,
        "countries": world.countries,
        "memberships": world.memberships,
    }


def between(old, new, *, version="1.0"):
    """`revisions.compare` of two worlds, the old one recounted under the lists of the new one where
    these differ, as the pipeline does.
    """
    then, again = made_of(old), None
    if old.asked.parts() != new.asked.parts():
        listed = flags.match(old.institutions, new.engine)
        again = copublications.members(
            old.works, old.countries, old.affiliations, old.institutions, listed, new.engine
        )
    return revisions.compare(
        "2026-01-05",
        then,
        made_of(new),
        counted(old),
        counted(new, date(2026, 4, 5), version),
        again,
    )


def compared(world, old, new, *, version="1.0", **asked):
    """(series, year, cause) -> works between two worlds of records; the newer one is asked
    otherwise by keyword.
    """
    made = between(world(*old), world(*new, **asked), version=version)
    assert set(rows(made, "against")) <= {"2026-01-05"}
    return {r[:3]: r[3] for r in rows(made, "series", "year", "cause", "works")}


def american(number, year=2020, **told):
    return work(number, year, [["I1"], ["I30"]], **told)


def causes(world, old, new, series="usa", **told):
    """Causes seen in one series alone."""
    return {(y, c): n for (s, y, c), n in compared(world, old, new, **told).items() if s == series}


def test_the_same_works_make_no_row(world):
    """Two vintages of the same works differ in nothing, in whatever order they came; two empty ones
    neither.
    """
    records = [american(1), american(2, 2021)]
    assert compared(world, records, records[::-1]) == {}
    assert compared(world, [], []) == {}


def test_added_and_removed(world):
    """An id that is in one vintage only was added or removed, whatever else is true of it."""
    assert causes(world, [american(1)], [american(1), american(2), american(3, 2021)]) == {
        (2020, "added"): 1,
        (2021, "added"): 1,
    }
    assert causes(world, [american(1), american(2)], [american(1)]) == {(2020, "removed"): -1}
    assert causes(world, [], [american(1)]) == {(2020, "added"): 1}
    assert causes(world, [american(1)], []) == {(2020, "removed"): -1}


def test_re_dated(world):
    """A work whose year moved leaves one year and enters another; both changes have this cause."""
    assert causes(world, [american(1)], [american(1, 2021)]) == {
        (2020, "re-dated"): -1,
        (2021, "re-dated"): 1,
    }


def test_re_dated_goes_before_the_other_causes(world):
    """A work that moved and lost its partner as well is re-dated: one cause a work."""
    assert causes(world, [american(1)], [work(1, 2021, [["I1"], ["I20"]])]) == {
        (2020, "re-dated"): -1
    }
    assert causes(world, [american(1)], [american(1, 2021, is_retracted=True)]) == {
        (2020, "re-dated"): -1
    }


def test_excluded_differently(world):
    """A work that is now retracted, or no longer a duplicate, counts differently under the same id
    and year.
    """
    assert causes(world, [american(1)], [american(1, is_retracted=True)]) == {
        (2020, "excluded differently"): -1
    }
    twin = american(2, doi="https://doi.org/10.1/1")
    assert causes(world, [american(1), twin], [american(1), american(2)]) == {
        (2020, "excluded differently"): 1
    }


def test_re_affiliated(world):
    """A partner country gained or lost on the same work is a change of affiliations, in the series
    it concerns.
    """
    found = compared(world, [work(1, 2020, [["I1"], ["I30"]])], [work(1, 2020, [["I1"], ["I20"]])])
    assert found == {
        ("usa", 2020, "re-affiliated"): -1,
        ("nordic", 2020, "re-affiliated"): 1,
        ("europe", 2020, "re-affiliated"): 1,
    }


def test_opposite_changes_of_one_cause_show_their_sum(world):
    """One work gained and one lost by affiliations cancel to a row of 0, or to none; never to a
    wrong number.
    """
    old = [american(1), work(2, 2020, [["I1"], ["I20"]])]
    new = [work(1, 2020, [["I1"], ["I20"]]), american(2)]
    assert set(causes(world, old, new).values()) <= {0}


def test_each_figure_has_its_own_basis(world):
    """Country groups are compared by the union, so a match that replaces a string is no change;
    lists by institution.
    """
    string = {"countries": ["US"]}
    assert causes(world, [work(1, 2020, [["I1"], string])], [american(1)]) == {}
    found = compared(
        world, [work(1, 2020, [["I1"], {"countries": ["CN"]}])], [work(1, 2020, [["I1"], [HIT]])]
    )
    assert found == {("list:miit", 2020, "re-affiliated"): 1}


def test_a_new_publication_is_one_that_was_not_yet_published(world):
    """A new id counts as new where it appeared after the old vintage was taken (here 5 January
    2026); one without a date by its year.
    """
    new = [
        american(1, 2026, publication_date="2026-01-06"),
        american(2, 2026, publication_date="2026-01-05"),
        american(3, 2025),
        american(4, 2026, publication_date=None),
        american(5, 2025, publication_date=None),
    ]
    found = causes(world, [], new)
    assert found == {(2026, "new publications"): 1, (2026, "added"): 2, (2025, "added"): 2}


def test_another_list_is_no_change_of_openalex(world, asked):
    """An institution taken off a list leaves its series by "changed lists", also on a work that
    changed in other ways as well.
    """
    miit = next(w for w in asked.watchlists if w.id == "miit")
    shorter = miit.model_copy(
        update={"entry": tuple(e for e in miit.entry if e.openalex != HIT["id"])}
    )
    lists = tuple(shorter if w.id == "miit" else w for w in asked.watchlists)
    old = [
        work(1, 2020, [["I1"], [HIT]]),
        work(2, 2020, [["I1"], [HIT]]),
        work(3, 2020, [["I1"], [BEIHANG]]),
    ]
    new = [
        old[0],
        work(2, 2020, [["I1"], [HIT], ["I20"]]),
        work(4, 2020, [["I1"], [HIT]]),
        work(5, 2020, [["I1"], [BEIHANG]]),
    ]
    assert causes(world, old, new, "list:miit", watchlists=lists) == {
        (2020, "changed lists"): -2,
        (2020, "removed"): -1,
        (2020, "added"): 1,
    }
    assert causes(world, old, new, "china", watchlists=lists) == {
        (2020, "removed"): -1,
        (2020, "added"): 2,
    }


def test_another_group_is_no_change_of_openalex(world, asked):
    """A country that joins a group brings its old works by "changed lists", and its new ones by
    what they are.
    """
    groups = [
        g.model_copy(update={"countries": (*g.countries, "FI")}) if g.id == "usa" else g
        for g in asked.groups.group
    ]
    wider = asked.groups.model_copy(update={"group": tuple(groups)})
    old = [work(1, 2020, [["I1"], ["I60"]]), american(2)]
    assert causes(world, old, [*old, work(3, 2020, [["I1"], ["I60"]])], groups=wider) == {
        (2020, "changed lists"): 1,
        (2020, "added"): 1,
    }


def test_another_scope_is_another_method(world):
    """Works that the other vintage did not ask for were not added to OpenAlex, nor removed from it."""
    old, new = (
        [american(1), american(2, type="book")],
        [american(1), american(2, type="book"), american(3, 2010), american(4, 2011)],
    )
    narrow, wide = {"types": ("article",)}, {"first_year": 2010}
    assert causes(world, old, old, scope=narrow) == {(2020, "changed method"): -1}
    assert causes(world, old, new, scope=wide) == {(2010, "changed method"): 1, (2011, "added"): 1}


def test_the_same_record_counted_otherwise_is_another_method(world):
    """A twin that counts in one vintage only: by its DOI when OpenAlex changed that; by the method
    when coauth did.
    """
    twins = [american(1, doi="https://doi.org/10.1/1"), american(2, doi="https://doi.org/10.1/1")]
    both = {"count_duplicates": True}
    assert causes(world, twins, twins, scope=both) == {(2020, "changed method"): 1}
    assert causes(world, twins, [twins[0], american(2)], scope=both) == {
        (2020, "excluded differently"): 1
    }
    assert causes(world, twins, twins, version="2.0") == {}


def test_another_rollup_is_a_changed_list(world):
    """The same affiliations as harvested, other members of a list: the list's rules, its roll-up
    among them, did that.
    """
    child = {"id": "I18", "country_code": "CN"}
    records = [work(1, 2020, [["I1"], [child]])]
    old, new = world(*records), world(*records)
    extra = schemas.MEMBERSHIPS.of(
        [
            *new.memberships.to_pylist(),
            {
                "year": 2020,
                "group_id": "list:miit",
                "basis": "institution",
                "work_id": "W1",
                "author_share": 0.5,
            },
        ]
    )
    for part, version, cause in (
        ("queries/institutions", "1.0", "changed lists"),
        ("queries/sql", "1.0", "changed method"),
        ("", "2.0", "changed method"),
        ("", "1.0", "re-affiliated"),
    ):
        after = replace(
            counted(new, version=version),
            parts=counted(new).parts | ({part: "other"} if part else {}),
        )
        made = revisions.compare(
            "x", made_of(old), made_of(new) | {"memberships": extra}, counted(old), after
        )
        assert rows(made, "series", "cause", "works") == [("list:miit", cause, 1)]


def test_a_series_that_is_defined_as_it_was_changed_by_the_method(world):
    """Recounting moves a series whose own list is the same only where the statement itself is
    another.
    """
    old = world(american(1))
    after = replace(counted(old), parts=counted(old).parts | {"queries/sql": "other"})
    made = revisions.compare(
        "x",
        made_of(old),
        made_of(old) | {"memberships": old.memberships.slice(0, 0)},
        counted(old),
        after,
        old.memberships.slice(0, 0),
    )
    assert set(rows(made, "cause")) == {"changed method"}


def test_every_cause_at_once_adds_up(world, asked):
    """One world with each cause planted once, worked out by hand, in the series of the list and of
    China.
    """
    miit = next(w for w in asked.watchlists if w.id == "miit")
    lists = tuple(
        w.model_copy(update={"entry": tuple(e for e in miit.entry if e.openalex != HIT["id"])})
        if w.id == "miit"
        else w
        for w in asked.watchlists
    )
    old = [
        work(1, 2020, [["I1"], [HIT]]),
        work(2, 2020, [["I1"], [BEIHANG]]),
        work(3, 2020, [["I1"], [BEIHANG]]),
        work(4, 2019, [["I1"], [BEIHANG]]),
        work(5, 2020, [["I1"], [BEIHANG]]),
        work(6, 2020, [["I1"], ["I10"]]),
        work(7, 2020, [["I1"], [BEIHANG]], type="book"),
    ]
    new = [
        old[0],
        old[1],
        work(4, 2020, [["I1"], [BEIHANG]]),
        work(5, 2020, [["I1"], [BEIHANG]], is_retracted=True),
        work(6, 2020, [["I1"], [BEIHANG]]),
        work(7, 2020, [["I1"], [BEIHANG]], type="book"),
        work(8, 2020, [["I1"], [BEIHANG]]),
        work(9, 2026, [["I1"], [BEIHANG]], publication_date="2026-02-01"),
    ]
    narrow = {"types": ("article",)}
    assert causes(world, old, new, "list:miit", watchlists=lists, scope=narrow) == {
        (2020, "changed lists"): -1,
        (2020, "removed"): -1,
        (2020, "re-dated"): 1,
        (2019, "re-dated"): -1,
        (2020, "excluded differently"): -1,
        (2020, "re-affiliated"): 1,
        (2020, "changed method"): -1,
        (2020, "added"): 1,
        (2026, "new publications"): 1,
    }


RECORD = st.tuples(
    st.integers(1, 6),
    st.integers(2019, 2021),
    st.sampled_from(["I2", "I10", "I30", "I20"]),
    st.booleans(),
)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(RECORD, max_size=6, unique_by=lambda r: r[0]),
    st.lists(RECORD, max_size=6, unique_by=lambda r: r[0]),
)
def test_causes_add_up_to_the_change(world, old, new):
    """For every series and year the works of all causes sum to the new count less the old one."""
    before, after = (
        world(*(work(n, y, [["I1"], [i]], is_retracted=r) for n, y, i, r in told))
        for told in (old, new)
    )
    made = between(before, after)
    summed = collections.Counter()
    for series, year, works in rows(made, "series", "year", "works"):
        summed[series, year] += works
    change = collections.Counter()
    for sign, one in ((1, after), (-1, before)):
        for series, year, basis, works in rows(
            one.copublications, "group_id", "year", "basis", "works"
        ):
            change[series, year] += sign * works * (basis == "union" or series.startswith("list:"))
    assert {k: v for k, v in summed.items() if v} == {k: v for k, v in change.items() if v}
    assert set(rows(made, "cause")) <= set(schemas.CAUSES)


def test_a_duplicate_of_a_new_work_is_no_change_of_method(world):
    """The version of record arrives and its preprint counts no longer, under another version of
    coauth as under the same.
    """
    title = "A title of some length that only these two share"
    preprint = american(1, title=title, type="preprint", doi=None)
    arrived = [preprint, american(2, title=title, doi="https://doi.org/10.1/x")]
    for version in ("1.0", "1.1"):
        assert causes(world, [preprint], arrived, version=version) == {
            (2020, "added"): 1,
            (2020, "excluded differently"): -1,
        }
