"""A small part of the fault matrix (`python -m tests.studies.faults` runs all of it), and that its judge
can be trusted.
"""

import pytest

from coauth.storage import Slice
from tests.studies import faults
from tests.support.harvests import SCHEDULES, begun
from tests.support.standin import Fault, StandIn

SPOILED_ID = "https://openalex.org/W4000000030"
WHOLE = b'{"id":"%s","title":"Work 30","cited_by_count":4}' % SPOILED_ID.encode()


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level("CRITICAL")


def test_no_work_is_lost_or_doubled_in_any_schedule():
    """Kills, full disks, harmed files and faults of the server in one process after the other."""
    tally = faults.matrix(max(10, SCHEDULES // 2), seed=1_000)
    assert (tally["works lost"], tally["works doubled"], tally["stopped without one line"]) == (
        0,
        0,
        0,
    )
    assert not [k for k in tally if k.startswith("failed")]
    assert tally["ended: never"] == 0
    assert (
        sum(tally[f"then without faults: {ended}"] for ended in ("same", "recorded", "short"))
        == tally["schedules"]
    )
    assert sum(n for k, n in tally.items() if k.startswith("injected")) > 20


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ("none", ("same", 0, 0)),
        ("a work taken out", ("recorded", 1, 0)),
        ("a work put in twice", ("recorded", 0, 1)),
        ("a work changed", ("recorded", 1, 0)),
    ],
)
def test_the_judge_sees_what_is_lost_and_doubled(tmp_path, change, verdict):
    """The matrix would say so if a run lost or doubled a work without a word."""
    said, _ = faults.run(tmp_path, lambda: StandIn(faults.SMALL))
    part: Slice = begun(tmp_path).slice("2020-03")
    page = part.read(1)
    if change == "a work taken out":
        page.works.pop()
    elif change == "a work put in twice":
        page.works.append(page.works[0])
    elif change == "a work changed":
        page.works[0].title = "Another"
    part.write(1, page)
    assert faults.judge(tmp_path, said["summary"]) == verdict


@pytest.mark.parametrize(
    ("stored", "verdict"),
    [
        (
            WHOLE.replace(b"Work 30", "Work 30\ufffd".encode()).replace(
                b"4}", b'4,"noted":["title: half a character, replaced"]}'
            ),
            True,
        ),
        (
            WHOLE.replace(b'"title":"Work 30",', b"").replace(
                b"4}", b'4,"noted":["title: left empty"]}'
            ),
            True,
        ),
        (WHOLE.replace(b"Work 30", b"Work 30\\\\x"), True),
        (b'{"id":"%s","damage":"invalid escape"}' % SPOILED_ID.encode(), True),
        (WHOLE.replace(b"Work 30", "Work 30\ufffd".encode()), False),  # changed without a word
        (
            WHOLE.replace(b"4}", b'5,"noted":["title: left empty"]}'),
            False,
        ),  # another field than the broken one
        (WHOLE.replace(b',"cited_by_count":4', b',"noted":["title: left empty"]'), False),
    ],
)
def test_the_judge_takes_a_spoiled_work_for_what_it_is(stored, verdict):
    """Its own field may be lost and noted, or the work be damaged under its id; nothing else."""
    assert faults.own_fault(stored, WHOLE, {"title"}) is verdict


@pytest.mark.parametrize("kind", faults.SPOILED)
@pytest.mark.parametrize("times", [1, None])
def test_a_spoiled_record_costs_itself_and_no_request(tmp_path, kind, times):
    """Its slice is closed at once, whether the server mends it or not: no answer is asked for again
    that would be the same.
    """
    book = StandIn(
        [], faults=[Fault(kind, record=SPOILED_ID.rpartition("/")[2], times=times)]
    ).faults
    said, made = faults.run(tmp_path, lambda: StandIn(faults.SMALL, faults=book))
    ended, lost, doubled = faults.judge(
        tmp_path, said["summary"], {SPOILED_ID: {faults.SPOILED[kind]}}
    )
    assert (ended, lost, doubled) == ("recorded", 0, 0)
    assert made == faults.reference()[2] + faults.CONTROLS
