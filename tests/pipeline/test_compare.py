"""New, removed and changed works, told apart on a few records written by hand."""

import pytest

from coauth.stages import revisions
from tests.support.world import topic, work


def found(world, old, new, **changed):
    made = [
        {"works": w.works, "affiliations": w.affiliations}
        for w in (world(*old), world(*new, **changed))
    ]
    return revisions.works(*made)


def said(rows):
    """(work, kind, aspects) of every row."""
    return [
        (r["work_id"], r["kind"], tuple(a for a in revisions.ASPECTS if r[a]))
        for r in rows.to_dict("records")
    ]


BASE = {"number": 1, "year": 2020, "authors": [["I1"], ["I10"]], "topics": ["T10028"]}


@pytest.mark.parametrize(
    ("told", "aspects"),
    [
        ({"year": 2021}, ("year",)),
        ({"type": "review"}, ("type",)),
        ({"is_retracted": True}, ("inclusion",)),
        ({"authors": [["I1"], ["I20"]]}, ("affiliations",)),
        ({"authors": [["I1"], ["I10"], []]}, ()),
        ({"authors": [["I1"], ["I10"], ["I10"]]}, ("affiliations",)),
        ({"topics": ["T10029"]}, ("topics",)),
        ({"topics": []}, ("topics",)),
        ({"topics": [topic("T10028", score=0.2)]}, ()),
        ({"year": 2021, "type": "review", "topics": ["T10029"]}, ("year", "type", "topics")),
        ({"cited_by_count": 99, "title": "Another title of the same work"}, ()),
    ],
    ids=str,
)
def test_what_of_a_work_changed(world, told, aspects):
    """Each aspect alone, several together, and things that are no change of the work."""
    kept = work(2, 2020, [["I1"]])
    rows = found(world, [work(**BASE), kept], [work(**(BASE | told)), kept])
    assert said(rows) == ([("W1", "changed", aspects)] if aspects else [])


def test_new_and_removed_works(world):
    """An id in one vintage only; nothing else is said of it."""
    rows = found(
        world,
        [work(1, 2020, [["I1"]]), work(2, 2020, [["I1"]])],
        [work(2, 2020, [["I1"]]), work(3, 2021, [["I1"]])],
    )
    assert said(rows) == [("W1", "removed", ()), ("W3", "new", ())]
    assert revisions.counts(rows) == {"new": 1, "removed": 1, "changed": 0} | {
        f"changed {a}": 0 for a in revisions.ASPECTS
    }


def test_the_same_works_in_another_order(world):
    """Nothing changed: no row, whatever the order of records; a topic that is missing in both is no
    change.
    """
    records = [work(n, 2020, [["I1"], ["I10", "I2"]]) for n in range(1, 5)]
    assert said(found(world, records, records[::-1])) == []


def test_counts_by_aspect_overlap(world):
    """A work that changed in two aspects counts once as changed and once in each."""
    rows = found(world, [work(**BASE)], [work(**(BASE | {"year": 2021, "type": "review"}))])
    counted = revisions.counts(rows)
    assert (
        counted["changed"],
        counted["changed year"],
        counted["changed type"],
        counted["changed topics"],
    ) == (1, 1, 1, 0)
