"""A small part of the fault matrix (`python -m tests.faults` runs all of it), and that its judge can be trusted."""

import faults
import pytest
from standin import StandIn
from test_api import SCHEDULES, begun

from coauth.vintage import Slice


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level("CRITICAL")


def test_no_work_is_lost_or_doubled_in_any_schedule():
    """Kills, full disks, harmed files and faults of the server in one process after the other."""
    tally = faults.matrix(max(10, SCHEDULES // 2), seed=1_000)
    assert (tally["works lost"], tally["works doubled"], tally["stopped without one line"]) == (0, 0, 0)
    assert not [k for k in tally if k.startswith("failed")]
    assert tally["then without faults: same"] + tally["then without faults: recorded"] == tally["schedules"]
    assert sum(n for k, n in tally.items() if k.startswith("injected")) > 20


@pytest.mark.parametrize(("change", "verdict"), [("none", ("same", 0, 0)), ("a work taken out", ("recorded", 1, 0)), ("a work put in twice", ("recorded", 0, 1)), ("a work changed", ("recorded", 1, 0))])
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
