"""The harvest against a stand-in OpenAlex that misbehaves in every way seen on the real one."""

from __future__ import annotations

import gzip
import json
import logging
import random
import re
import signal
import subprocess
import sys
import textwrap
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests

from coauth import openalex
from coauth.errors import BudgetSpent, CacheError, SourceError
from coauth.progress import Event
from coauth.sources.api import harvest as run
from coauth.sources.api import requests as questions
from coauth.sources.api import walk
from coauth.sources.api.plan import Part
from tests.support.commands import CHECKOUT
from tests.support.harvests import (
    CONTROLS,
    INSIDE,
    KEY,
    LONG,
    PLACES,
    SCHEDULES,
    SMALL,
    SMALL_INSIDE,
    WORLD,
    Naps,
    authorship,
    begun,
    everything_on_disk,
    harvest,
    least_requests,
    only_pages,
    scope,
    stored_files,
    stored_ids,
    whole_months,
    work,
    world,
)
from tests.support.standin import Fault, StandIn, marked


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a harvest in which nothing goes wrong."""
    folder = tmp_path_factory.mktemp("reference")
    with StandIn(WORLD) as server:
        harvest(folder, server)
    return stored_files(folder)


# -- nothing goes wrong


def test_every_work_once_and_no_request_more_than_needed(tmp_path: Path) -> None:
    with StandIn(WORLD) as server:
        summary = harvest(tmp_path, server)
        assert (
            len(server.requests) == summary["requests"] == CONTROLS + least_requests(whole_months())
        )
        assert summary["credits"] == sum(r.cost for r in server.requests)
    ids = stored_ids(tmp_path)
    assert set(ids) == INSIDE
    assert set(ids.values()) == {1}
    assert {n: s["distinct"] for n, s in summary["slices"].items()} == whole_months()
    assert {s["status"] for s in summary["slices"].values()} == {"complete"}
    assert summary["incomplete"] == summary["drifted"] == []
    assert summary["retries"] == summary["years_off_control"] == {}
    assert summary["distinct"] == summary["expected"] == len(INSIDE)


def test_control_totals(tmp_path: Path) -> None:
    with StandIn(WORLD) as server:
        controls = harvest(tmp_path, server)["controls"]
    assert controls["publication_year"] == {"2020": 500}
    assert sum(controls["type"].values()) == 500
    assert set(controls["type"]) == {"article", "review"}
    assert controls["address_without_institution"] == {"2020": 1}


def test_an_empty_slice_is_one_empty_page(tmp_path: Path) -> None:
    with StandIn(WORLD) as server:
        harvest(tmp_path, server)
    april = begun(tmp_path).slice("2020-04")
    assert [(p.count, p.works, p.next_cursor) for p in april.pages()] == [(0, [], None)]
    assert april.summary is not None
    assert april.summary["status"] == "complete"


def test_a_slice_that_fills_its_pages_exactly_ends_with_an_empty_page(tmp_path: Path) -> None:
    with StandIn(WORLD) as server:
        harvest(tmp_path, server)
    assert [len(p.works) for p in begun(tmp_path).slice("2020-03").pages()] == [100, 0]


def test_what_a_slice_records(tmp_path: Path) -> None:
    with StandIn(WORLD) as server:
        harvest(tmp_path, server)
    summary = begun(tmp_path).slice("2020-03").summary
    assert summary is not None
    assert {k: v for k, v in summary.items() if k != "stored_sha256"} == {
        "status": "complete",
        "expected": 100,
        "expected_first": 100,
        "expected_last": 100,
        "stored": 100,
        "distinct": 100,
        "duplicates": 0,
        "damaged": 0,
        "authors_cut": 0,
        "pages": 2,
        "walks": 1,
        "per_page": 100,
    }


def test_the_questions_are_spelled_as_pyalex_0_21_spells_them() -> None:
    part = Part("2020-02", date(2020, 2, 1), date(2020, 2, 29), ("article", "book-chapter"))

    class Line:
        def get(self, url: str, read: Any, *, cost: int = 0) -> Any:
            return url

    asked = questions.Questions(Line(), ("GL", "DK"), part)  # type: ignore[arg-type]
    assert asked.page("IlsxNj==", 50) == (
        "https://api.openalex.org/works?cursor=IlsxNj%3D%3D&per-page=50"
        "&filter=authorships.institutions.country_code:DK%7CGL,type:article%7Cbook-chapter,"
        "from_publication_date:2020-02-01,to_publication_date:2020-02-29"
        f"&select={','.join(openalex.SELECT)}&sort=publication_date:asc"
    )
    assert str(asked.work("https://openalex.org/W12")) == (
        f"https://api.openalex.org/works/W12?select={','.join(openalex.SELECT)}"
    )


def test_a_second_run_fetches_no_page(tmp_path: Path) -> None:
    with StandIn(WORLD) as server:
        first = harvest(tmp_path, server)
        files = stored_files(tmp_path)
        again = harvest(tmp_path, server)
        assert again["requests"] == CONTROLS
    assert stored_files(tmp_path) == files
    assert again["slices"] == first["slices"]


def test_the_same_bytes_with_one_worker_and_with_eight(
    tmp_path: Path, reference: dict[str, bytes]
) -> None:
    for workers in (1, 8):
        with StandIn(WORLD) as server:
            harvest(tmp_path / str(workers), server, workers=workers)
        assert stored_files(tmp_path / str(workers)) == reference


def test_types_and_countries_of_the_scope(tmp_path: Path) -> None:
    greenland = work(700, "2020-02-05", authorships=[authorship(3, "GL")])
    with StandIn([*WORLD, greenland]) as server:
        chosen = scope(types=("review", "dataset"), countries=("DK", "GL"))
        harvest(tmp_path / "a", server, scope=chosen)
        harvest(tmp_path / "b", server, scope=scope(countries=("GL",)))
    wanted = {r["id"] for r in WORLD if r["type"] in ("review", "dataset")} - {
        f"https://openalex.org/W400000{n}" for n in (9001, 9002)
    }
    assert set(stored_ids(tmp_path / "a")) == wanted
    assert set(stored_ids(tmp_path / "b")) == {greenland["id"]}


def test_progress_adds_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each page is an event, whatever thread it came on; the time left is that of the pace so far,
    and what it will cost is said before.
    """
    events: list[Event] = []
    with (
        StandIn(WORLD, key=KEY, daily_credits=1000) as server,
        caplog.at_level(logging.INFO, "coauth"),
    ):
        summary = harvest(tmp_path, server, key=KEY, progress=events.append)
    assert {(e.stage, e.total, e.unit) for e in events} == {("harvest", 500, "works")}
    assert [e.done for e in events] == sorted(e.done for e in events)
    assert events[-1].done == 500
    assert {e.detail.split(",")[0] for e in events} == set(whole_months())
    for event in events[:-1]:
        if event.done:
            pace = event.elapsed / event.done
            assert event.expected == pytest.approx(pace * (500 - event.done))
    assert "about 500 works to fetch, 11 credits, 997 credits left today" in caplog.messages
    assert summary["budget"] == {"estimated_cost": 11, "left_before": 997}


# -- large slices


def test_large_slices_are_cut_into_days_and_types_and_stay_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "LARGE", 101)
    with StandIn(WORLD) as server:
        summary = harvest(tmp_path, server)
        assert set(stored_ids(tmp_path)) == INSIDE
        assert set(stored_ids(tmp_path).values()) == {1}
        names = set(summary["slices"])
        assert {
            "2020-01-01.article",
            "2020-01-01.review",
            "2020-01-02",
            "2020-01-31",
            "2020-03",
        } <= names
        assert not names & {"2020-01", "2020-01-01"}
        monkeypatch.setattr(
            run, "LARGE", 10_000
        )  # the count has moved below the limit: slices must not overlap
        begun(tmp_path).slice("2020-01-02").clear()
        again = harvest(tmp_path, server)
    assert set(again["slices"]) == names
    assert set(stored_ids(tmp_path).values()) == {1}


# -- each fault singly


SINGLE = {
    "rate_429": "429: too many requests a second",
    "throttled_429": "429: too many requests a second",
    "http_500": "500 Internal Server Error",
    "http_503": "503 Service Unavailable",
    "http_503_json": "503 Service Unavailable",
    "http_504": "504 Gateway Timeout",
    "html_200": "something else than the JSON asked for",
    "cut_json": "something else than the JSON asked for",
    "reset": "connection broken",
    "short_page": "soft time-out of the search engine",
}


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        (w, k)
        for w in ("2020-01-31", "cursor=Il", "/works/W")
        for k in SINGLE
        if (w, k) != ("/works/W", "short_page")
    ],  # one work has no pages
)
def test_a_passing_fault_costs_one_more_request(
    tmp_path: Path, reference: dict[str, bytes], kind: str, where: str
) -> None:
    with StandIn(WORLD, faults=[Fault(kind, when=where, marker="Zyblenski")]) as server:
        summary = harvest(tmp_path, server)
    assert stored_files(tmp_path) == reference
    assert summary["retries"] == {SINGLE[kind]: 1}
    assert summary["requests"] == CONTROLS + least_requests(whole_months()) + 1


def test_a_hanging_server_is_asked_again(tmp_path: Path, reference: dict[str, bytes]) -> None:
    with StandIn(WORLD, faults=[Fault("hang", when="2020-02-29", seconds=4)]) as server:
        summary = harvest(tmp_path, server, timeout=1.5)
    assert only_pages(stored_files(tmp_path)) == only_pages(reference)
    assert summary["retries"] == {"no answer within 1.5 s": 1}


@pytest.mark.parametrize("where", ["group-by", "2020-02-29", "/works/W"])
def test_a_header_that_drips_is_asked_for_again(
    tmp_path: Path, reference: dict[str, bytes], where: str
) -> None:
    """It is no silence, and has no end; a deadline over the attempt ends it."""
    with StandIn(WORLD, faults=[Fault("drip", when=where, seconds=0.02)]) as server:
        summary = harvest(tmp_path, server, timeout=1.5)
    assert only_pages(stored_files(tmp_path)) == only_pages(reference)
    assert summary["retries"] == {"no whole answer in time": 1}


def test_a_server_that_only_drips_comes_to_one_line(tmp_path: Path) -> None:
    """Every question is tried and given up, none for ever; a hundred failures in a row are the end."""
    with StandIn(SMALL, faults=[Fault("drip", times=None, seconds=0.01)]) as server:
        with pytest.raises(
            SourceError,
            match=r"^OpenAlex has not answered one of the last 100 requests \(last: no whole answer in time\)[^\n]*$",
        ):
            harvest(tmp_path, server, timeout=0.05)
        assert len(server.requests) <= 104


def test_duplicates_are_counted_and_cost_nothing(tmp_path: Path) -> None:
    with StandIn(WORLD, faults=[Fault("duplicate", when="2020-01-31")]) as server:
        summary = harvest(tmp_path, server)
    assert set(stored_ids(tmp_path)) == INSIDE
    january = begun(tmp_path).slice("2020-01").summary
    assert january is not None
    assert (january["status"], january["duplicates"], summary["duplicates"]) == ("complete", 1, 1)


def test_a_record_that_jumps_the_cursor_is_found_by_walking_again(
    tmp_path: Path, reference: dict[str, bytes]
) -> None:
    with StandIn(WORLD, faults=[Fault("lose", when="2020-01-31")]) as server:
        harvest(tmp_path, server)
    assert only_pages(stored_files(tmp_path)) == only_pages(reference)
    january = begun(tmp_path).slice("2020-01").summary
    assert january is not None
    assert (january["status"], january["walks"]) == ("complete", 2)


@pytest.mark.parametrize("drift", [1, -1])
@pytest.mark.parametrize("where", ["cursor=*", "cursor=Il"])
def test_drift_is_recorded_and_is_no_loss(tmp_path: Path, drift: int, where: str) -> None:
    """A count moves for one page, as when the index changes; nothing is missing by a fresh count."""
    faults = [
        Fault(
            "count_drift",
            when=lambda r: where in r.readable and "2020-01-31" in r.readable,
            nth=3 if "Il" in where else 1,
            drift=drift,
        )
    ]
    with StandIn(WORLD, faults=faults) as server:
        summary = harvest(tmp_path, server)
    assert set(stored_ids(tmp_path)) == INSIDE
    assert summary["incomplete"] == []


def test_a_count_that_differs_on_the_first_page_is_drift(tmp_path: Path) -> None:
    with StandIn(WORLD, faults=[Fault("count_drift", when="cursor=*", drift=-1)]) as server:
        summary = harvest(tmp_path, server, workers=1)
    assert set(stored_ids(tmp_path)) == INSIDE
    assert summary["drifted"] == ["2020-01"]
    january = begun(tmp_path).slice("2020-01").summary
    assert january is not None
    assert january["expected_first"] == january["expected_last"] - 1 == january["distinct"] - 1


class TestWithoutTheSoftTimeoutsMark:
    """The same loss where the answer does not say how long the search took: the counts alone have
    to find it.
    """

    @pytest.fixture(autouse=True)
    def _silent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(questions, "SOFT_TIMEOUT_MS", 10**9)

    @pytest.mark.parametrize("where", ["cursor=*", "cursor=Il"])
    @pytest.mark.parametrize("partial_count", [False, True])
    @pytest.mark.parametrize("times", [1, 2])
    def test_a_short_page(
        self,
        tmp_path: Path,
        reference: dict[str, bytes],
        where: str,
        partial_count: bool,
        times: int,
    ) -> None:
        fault = Fault("short_page", when=where, partial_count=partial_count, times=times)
        with StandIn(WORLD, faults=[fault]) as server:
            summary = harvest(tmp_path, server, workers=1)
        assert only_pages(stored_files(tmp_path)) == only_pages(reference)
        assert summary["incomplete"] == []

    def test_a_first_page_cut_together_with_its_count_is_found_by_the_years_total(
        self, tmp_path: Path
    ) -> None:
        fault = Fault("short_page", when="2020-05-31", partial_count=True, keep=10)
        with StandIn(WORLD, faults=[fault]) as server:
            summary = harvest(tmp_path, server)
        assert set(stored_ids(tmp_path)) == INSIDE
        assert summary["requests"] == CONTROLS + least_requests(whole_months()) + 6 + 1
        assert summary["years_off_control"] == {}


# -- faults that stay


@pytest.mark.parametrize("kind", ["http_504", "short_page", "cut_json"])
def test_smaller_pages_where_large_ones_never_come(tmp_path: Path, kind: str) -> None:
    with StandIn(
        WORLD, faults=[Fault(kind, when="2020-02-29", per_page_over=25, times=None)]
    ) as server:
        summary = harvest(tmp_path, server)
    assert set(stored_ids(tmp_path)) == INSIDE
    assert summary["incomplete"] == []
    assert begun(tmp_path).slice("2020-02").read(1).works[25:] == []


@pytest.mark.parametrize("kind", ["http_503", "short_page", "html_200", "reset"])
def test_a_slice_that_never_answers_is_named_and_the_next_run_completes_it(
    tmp_path: Path, reference: dict[str, bytes], kind: str
) -> None:
    fault = Fault(
        kind, when=lambda r: "2020-01-31" in r.readable and "cursor=*" not in r.readable, times=None
    )
    with StandIn(WORLD, faults=[fault]) as server:
        summary = harvest(tmp_path, server)
        assert summary["incomplete"] == ["2020-01"]
        assert summary["slices"]["2020-01"]["distinct"] == 100
        assert summary["slices"]["2020-01"]["expected"] == whole_months()["2020-01"]
        assert summary["slices"]["2020-05"]["status"] == "complete"
    with StandIn(WORLD) as server:
        again = harvest(tmp_path, server)
        assert again["requests"] == CONTROLS + whole_months()["2020-01"] // 100 + sum(
            r.path.startswith("/works/W") for r in server.requests
        )
    assert again["incomplete"] == []
    assert only_pages(stored_files(tmp_path)) == only_pages(reference)


def test_a_slice_that_always_loses_is_incomplete_with_its_numbers(tmp_path: Path) -> None:
    with StandIn(WORLD, faults=[Fault("lose", when="2020-01-31", times=None)]) as server:
        summary = harvest(tmp_path, server)
    january = begun(tmp_path).slice("2020-01").summary
    assert january is not None
    assert summary["incomplete"] == ["2020-01"]
    assert (january["walks"], january["per_page"]) == (4, 25)
    assert january["distinct"] < january["expected"] == whole_months()["2020-01"]
    with StandIn(WORLD) as server:
        assert harvest(tmp_path, server)["incomplete"] == []
    assert set(stored_ids(tmp_path)) == INSIDE


class Answers:
    """A source of works by number, which says that there are `total`."""

    def __init__(self, total: int) -> None:
        self.total = total

    def served(self, cursor: str, numbers: range, following: str | None) -> walk.Served:
        results = [json.dumps(work(n, "2020-02-02", 1)) for n in numbers]
        meta = json.dumps({"count": self.total, "next_cursor": following})
        body = f'{{"meta":{meta},"results":[{",".join(results)}]}}'.encode()
        return walk.Served(
            f"https://api.openalex.org/works?cursor={cursor}", "sha", openalex.read_response(body)
        )

    def count(self) -> int:
        return self.total

    def work(self, work_id: str) -> bytes | None:
        return None

    def again(self, reason: str, seconds: float) -> None: ...


class Losing(Answers):
    """A source whose walks each lose some works: as many as written down, walk by walk."""

    def __init__(self, total: int, losses: list[int]) -> None:
        super().__init__(total)
        self.losses = losses

    def page(self, cursor: str, size: int) -> walk.Served:
        lost = self.losses[0]
        if cursor == "*":
            lost = self.losses.pop(0) if len(self.losses) > 1 else lost
        return self.served(cursor, range(self.total - lost), None)


@pytest.mark.parametrize("losses", [[1, 9, 9, 9], [9, 1, 9, 9], [9, 9, 9, 1]])
def test_of_walks_that_all_lose_the_best_is_kept(tmp_path: Path, losses: list[int]) -> None:
    twice = [
        n for n in losses for _ in range(2)
    ]  # a short page is asked for again before it is believed
    slice_ = begun(tmp_path).slice("2020-02")
    summary = walk.Walk(Losing(50, [*twice, 9]), slice_).fill()
    assert (summary["status"], summary["distinct"], summary["expected"]) == ("incomplete", 49, 50)
    assert [len(p.works) for p in slice_.pages()] == [49]
    assert not slice_.aside.path.exists()
    again = walk.Walk(Losing(50, [20]), slice_).fill()
    assert again["distinct"] == 49, "a later run that fares worse takes nothing away"
    assert walk.Walk(Losing(50, [0]), slice_).fill()["status"] == "complete"
    assert not slice_.aside.path.exists()


def test_a_run_killed_in_a_second_walk_keeps_the_first(tmp_path: Path) -> None:
    slice_ = begun(tmp_path).slice("2020-02")

    class Dying(Losing):
        def page(self, cursor: str, size: int) -> walk.Served:
            if len(self.losses) == 1:
                raise KeyboardInterrupt
            return super().page(cursor, size)

    with pytest.raises(KeyboardInterrupt):
        walk.Walk(Dying(50, [1, 1, 1]), slice_).fill()
    assert walk.Walk(Losing(50, [20]), slice_).fill()["distinct"] == 49


def test_a_server_that_is_down_stops_the_run(tmp_path: Path) -> None:
    with StandIn(WORLD, faults=[Fault("http_503", when="cursor", times=None)]) as server:
        with pytest.raises(
            SourceError,
            match=r"has not answered one of the last 100 requests .*run `coauth harvest` again",
        ):
            harvest(tmp_path, server)
        assert len(server.requests) < 120


# -- long bylines


def test_long_bylines_come_whole_and_masked_by_all_their_names(tmp_path: Path) -> None:
    byline = [authorship(n) for n in range(150)]
    byline[0]["affiliations"][0]["raw_affiliation_string"] = "Institute 0, mail to Zebulon Quux"
    byline[140]["author"]["display_name"] = byline[140]["raw_author_name"] = "Zebulon Quux"
    with StandIn([work(1, "2020-02-02", authorships=byline)]) as server:
        summary = harvest(tmp_path, server)
    (page,) = begun(tmp_path).slice("2020-02").pages()
    assert len(page.works[0].authorships or ()) == 150
    assert len(page.served_sha256) == 2
    assert "Quux" not in str(page)
    assert summary["authors_cut"] == 0


def test_a_long_byline_of_exactly_a_hundred_is_whole(tmp_path: Path) -> None:
    with StandIn([work(1, "2020-02-02", 100), work(2, "2020-02-02", 99)]) as server:
        harvest(tmp_path, server)
        assert sum(r.path.startswith("/works/W") for r in server.requests) == 1
    (page,) = begun(tmp_path).slice("2020-02").pages()
    assert [w.authors_cut for w in page.works] == [False, False]


def test_a_work_with_five_thousand_authors_is_cut_all_the_same(tmp_path: Path) -> None:
    with StandIn(
        [work(1, "2020-02-02", authorships=[authorship(n % 90) for n in range(5_000)])]
    ) as server:
        assert harvest(tmp_path, server)["authors_cut"] == 1


def test_a_listed_work_missing_among_the_singletons_is_kept_and_marked(tmp_path: Path) -> None:
    with StandIn(WORLD, faults=[Fault("vanish", when="/works/W", marker="Zyblenski")]) as server:
        summary = harvest(tmp_path, server)
    assert summary["incomplete"] == []
    assert summary["authors_cut"] == 1
    cut = [w for page in begun(tmp_path).pages() for w in page.works if w.authors_cut]
    assert [len(w.authorships or ()) for w in cut] == [100]
    assert set(stored_ids(tmp_path)) == INSIDE


def test_a_singleton_that_does_not_answer_costs_no_page_and_is_asked_again(
    tmp_path: Path, reference: dict[str, bytes]
) -> None:
    with StandIn(WORLD, faults=[Fault("http_504", when="/works/W", times=6)]) as server:
        summary = harvest(tmp_path / "passing", server, workers=1)
    assert (summary["incomplete"], summary["authors_cut"]) == ([], 0)
    assert only_pages(stored_files(tmp_path / "passing")) == only_pages(reference)

    with StandIn(
        WORLD, faults=[Fault("http_504", when="/works/W4000000194", times=None)]
    ) as server:
        summary = harvest(tmp_path / "lasting", server)
        assert len(summary["incomplete"]) == 1
        assert set(stored_ids(tmp_path / "lasting")) == INSIDE
    with StandIn(WORLD) as server:
        again = harvest(tmp_path / "lasting", server)
        assert (again["incomplete"], again["requests"]) == ([], CONTROLS + 1)
    assert only_pages(stored_files(tmp_path / "lasting")) == only_pages(reference)


# -- budget, keys, refusals


def test_a_spent_budget_keeps_what_was_fetched_and_the_next_day_goes_on(
    tmp_path: Path, reference: dict[str, bytes]
) -> None:
    with StandIn(WORLD, daily_credits=8, key=KEY) as server:
        with pytest.raises(
            BudgetSpent,
            match=r"^the day's budget at OpenAlex is spent; it is filled again at \d{4}-\d\d-\d\d \d\d:\d\d UTC; .*`coauth harvest`[^\n]*$",
        ):
            harvest(tmp_path, server, key=KEY)
        assert only_pages(stored_files(tmp_path))
        before = len(server.requests)
        runs = 0
        while runs < 9:
            runs += 1
            server.refill()
            try:
                harvest(tmp_path, server, key=KEY)
                break
            except BudgetSpent:
                continue
        pages_asked = [r.target for r in server.requests if "cursor" in r.query and r.status == 200]
        assert len(pages_asked) == len(set(pages_asked)), "no page is paid for twice"
        assert before < len(server.requests)
    assert stored_files(tmp_path) == reference


def test_waiting_for_the_budget_to_be_filled(tmp_path: Path, reference: dict[str, bytes]) -> None:
    naps = Naps()
    with StandIn(WORLD, faults=[Fault("budget_429", nth=7, retry_after=40_000)]) as server:
        summary = harvest(tmp_path, server, wait=True, sleep=naps)
    assert naps == [40_000]
    assert summary["retries"] == {"429: the day's budget is spent": 1}
    assert stored_files(tmp_path) == reference


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            "plan_429",
            r"429 Too Many Requests: Plan upgrade required The … filter requires a Premium, Institutional, or Partner plan. …$",
        ),
        ("unauthorized", r"does not know the key in OPENALEX_API_KEY \(401\); copy it anew"),
    ],
)
def test_what_no_retry_cures_is_said_at_once(tmp_path: Path, kind: str, message: str) -> None:
    with StandIn(WORLD, faults=[Fault(kind, nth=5, times=None, marker="Zyblenski0001")]) as server:
        with pytest.raises(SourceError, match=message) as raised:
            harvest(tmp_path, server, key=KEY, workers=1)
        assert len(server.requests) == 5
    assert "Zyblenski" not in str(raised.value)


def test_a_wrong_key(tmp_path: Path) -> None:
    with StandIn(WORLD, key="another") as server:
        with pytest.raises(SourceError, match="OPENALEX_API_KEY") as raised:
            harvest(tmp_path, server, key=KEY)
        assert len(server.requests) == 1
    assert KEY not in str(raised.value)


def test_openalex_itself_is_not_asked_without_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("no request may be made")

    monkeypatch.setattr(requests.Session, "send", never)
    for key in (None, "", " \n"):
        with pytest.raises(
            SourceError, match=r"openalex\.org/settings/api and set OPENALEX_API_KEY"
        ) as raised:
            harvest(tmp_path, None, key=key)
        assert "\n" not in str(raised.value)


def test_the_key_is_sent_as_bearer_and_left_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    caplog.set_level("DEBUG")
    with StandIn(WORLD, key=KEY, faults=[Fault("http_503", times=3)]) as server:
        harvest(tmp_path, server, key=f" {KEY}\n")
        assert {r.headers["authorization"] for r in server.requests} == {f"Bearer {KEY}"}
        assert not any(KEY in r.target for r in server.requests)
    assert KEY not in caplog.text
    assert not any(KEY.encode() in data for data in everything_on_disk(tmp_path / "cache"))


def test_a_dead_server_is_one_line(tmp_path: Path) -> None:
    with StandIn(WORLD) as server:
        url = server.url
    with pytest.raises(
        SourceError,
        match=r"^no connection to 127\.0\.0\.1 of COAUTH_OPENALEX_URL \(connection refused\); check the network[^\n]*$",
    ):
        harvest(tmp_path, None, url=url)


# -- interruptions


class Killer:
    """Raises when the nth page has been stored."""

    def __init__(self, nth: int, error: type[BaseException]) -> None:
        self.left, self.error = nth, error

    def __call__(self, event: Event) -> None:
        self.left -= 1
        if self.left == 0:
            raise self.error


@pytest.mark.parametrize("nth", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_stopped_anywhere_the_next_run_ends_with_the_same_files(
    tmp_path: Path, reference: dict[str, bytes], nth: int, error: type[BaseException]
) -> None:
    with StandIn(WORLD) as server:
        with pytest.raises(error):
            harvest(tmp_path, server, progress=Killer(nth, error))
        pages_before = len(only_pages(stored_files(tmp_path)))
        harvest(tmp_path, server)
        asked = [r.target for r in server.requests if "cursor" in r.query]
        assert len(asked) - len(set(asked)) <= 4, (
            "at most the page each worker was at is fetched twice"
        )
    assert pages_before >= nth
    assert stored_files(tmp_path) == reference


def test_killed_without_warning(tmp_path: Path, reference: dict[str, bytes]) -> None:
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        sys.path.insert(0, %r)
        from tests.support import harvests
        from tests.support.standin import StandIn
        class At:
            url = sys.argv[1]
        harvests.harvest(Path(sys.argv[2]), At(), workers=2, rate=20.0, sleep=None)
    """) % str(CHECKOUT)
    with StandIn(WORLD) as server:
        running = subprocess.Popen([sys.executable, "-c", program, server.url, str(tmp_path)])
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not (tmp_path / "cache").exists():
            time.sleep(0.02)
        while (
            time.monotonic() < deadline and len(list((tmp_path / "cache").rglob("*.json.gz"))) < 4
        ):
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
        running.wait()
        harvest(tmp_path, server)
    left = {n: d for n, d in stored_files(tmp_path).items() if not n.endswith(".tmp")}
    assert left == reference


@pytest.mark.parametrize("harm", ["damage", "remove", "swap"])
def test_an_open_slice_that_cannot_be_read_back_is_walked_anew(
    tmp_path: Path, reference: dict[str, bytes], harm: str
) -> None:
    with StandIn(WORLD) as server:
        harvest(tmp_path, server)
        folder = begun(tmp_path).slice("2020-01").path
        (folder / "slice.json").unlink()
        if harm == "damage":
            (folder / "0001.json.gz").write_bytes(b"\x1f\x8bnonsense")
        elif harm == "remove":
            (folder / "0001.json.gz").unlink()
        else:
            (folder / "0002.json.gz").write_bytes((folder / "0001.json.gz").read_bytes())
        harvest(tmp_path, server)
    assert stored_files(tmp_path) == reference


def test_a_closed_slice_changed_since_is_walked_anew(
    tmp_path: Path, reference: dict[str, bytes]
) -> None:
    with StandIn(WORLD) as server:
        harvest(tmp_path, server)
        page = begun(tmp_path).slice("2020-01").path / "0002.json.gz"
        page.write_bytes(
            gzip.compress(
                gzip.decompress(page.read_bytes()).replace(b"article", b"artikel"), mtime=0
            )
        )
        harvest(tmp_path, server)
    assert stored_files(tmp_path) == reference


def test_a_cache_that_cannot_be_written_stops_the_run_at_once(tmp_path: Path) -> None:
    vintage = begun(tmp_path)
    (vintage.path / "pages").write_text("in the way")
    with StandIn(WORLD) as server:
        with pytest.raises(CacheError):
            harvest(tmp_path, server)
        assert len(server.requests) <= CONTROLS + 2 * 4 + LONG


def test_a_vintage_of_another_scope_is_refused(tmp_path: Path) -> None:
    with StandIn(WORLD) as server:
        harvest(tmp_path, server)
        with pytest.raises(SourceError, match="under another scope"):
            harvest(tmp_path, server, scope=scope(types=("article",)))


# -- persons


def test_no_person_reaches_the_disk_a_log_or_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    records, markers = marked(world(250))
    persons = [m for m in markers if not re.match(r"(Title|Abstract|Text)mark", m)]
    assert len(persons) > 1000
    leak = " ".join(persons[:40])
    faults = [
        Fault(kind, nth=3 * n + 2, times=2, marker=leak)
        for n, kind in enumerate(
            (
                "http_500",
                "http_503",
                "http_503_json",
                "http_504",
                "html_200",
                "rate_429",
                "throttled_429",
            )
        )
    ]
    said = []
    with StandIn(records, faults=faults) as server:
        summary = harvest(tmp_path, server)
        assert sum(summary["retries"].values()) >= 8
        said.append(json.dumps(summary))
    for n, kind in enumerate(("plan_429", "unauthorized", "budget_429", "vanish", "http_503")):
        with StandIn(
            records, faults=[Fault(kind, when="works", nth=5, times=None, marker=leak)]
        ) as server:
            try:
                said.append(json.dumps(harvest(tmp_path / str(n), server, key=KEY)))
            except SourceError as error:
                said.append(f"{error} {error.__cause__} {error.__context__}")
    text = "\n".join([*said, caplog.text]).encode()
    haystack = b"\n".join([*everything_on_disk(tmp_path), text])
    words = set(re.findall(rb"[\w.@+-]+", haystack))
    assert not [m for m in persons if m.encode() in words or m.encode() in text]
    pattern = re.compile(b"|".join(re.escape(m.encode()) for m in persons))
    assert pattern.search(haystack) is None


# -- cursors that go wrong: the stand-in has no such fault, so the walk is asked alone


class Script(Answers):
    """A source whose answers are written down: cursor -> (ids, next cursor), repeated for ever."""

    def __init__(self, total: int, answers: dict[str, tuple[range, str | None]]) -> None:
        super().__init__(total)
        self.answers = answers
        self.cursors: list[str] = []

    def page(self, cursor: str, size: int) -> walk.Served:
        self.cursors.append(cursor)
        return self.served(cursor, *self.answers[cursor])


def test_a_cursor_that_repeats_ends_the_walk(tmp_path: Path) -> None:
    source = Script(
        300, {"*": (range(100), "b"), "b": (range(100, 200), "c"), "c": (range(100, 200), "b")}
    )
    summary = walk.Walk(source, begun(tmp_path).slice("x")).fill()
    assert (summary["status"], summary["reason"]) == ("incomplete", "cursor: cursor runs in place")
    assert len(source.cursors) <= 4 * (2 + 2)


def test_an_empty_page_that_names_a_next_one_ends_the_walk(tmp_path: Path) -> None:
    source = Script(300, {"*": (range(100), "b"), "b": (range(0), "c")})
    assert walk.Walk(source, begun(tmp_path).slice("x")).fill()["status"] == "incomplete"


def test_an_early_end_is_not_believed(tmp_path: Path) -> None:
    source = Script(300, {"*": (range(100), "b"), "b": (range(100, 200), None)})
    summary = walk.Walk(source, begun(tmp_path).slice("x")).fill()
    assert (summary["status"], summary["distinct"], summary["expected"]) == ("incomplete", 200, 300)


def test_a_work_deleted_while_the_slice_is_walked_is_drift(tmp_path: Path) -> None:
    class Shrinking(Script):
        def page(self, cursor: str, size: int) -> walk.Served:
            self.total = 150 if cursor == "*" else 149
            return super().page(cursor, size)

    source = Shrinking(150, {"*": (range(100), "b"), "b": (range(100, 150), None)})
    summary = walk.Walk(source, begun(tmp_path).slice("x")).fill()
    assert (summary["status"], summary["distinct"], summary["expected"], summary["walks"]) == (
        "drifted",
        150,
        149,
        1,
    )


def test_a_refused_cursor_is_walked_from_the_start(tmp_path: Path) -> None:
    with StandIn(WORLD) as server:
        harvest(tmp_path, server)
        slice_ = begun(tmp_path).slice("2020-01")
        (slice_.path / "slice.json").unlink()
        first = slice_.read(1)
        for number in slice_.numbers[1:]:
            (slice_.path / f"{number:04d}.json.gz").unlink()
        first.next_cursor = "no+cursor"
        slice_.write(1, first)
        summary = harvest(tmp_path, server)
    assert summary["incomplete"] == []
    assert set(stored_ids(tmp_path)) == INSIDE


# -- any mixture of faults; with kills, full disks and harmed files, and in numbers: tests/studies/faults.py


def schedule(seed: int) -> list[Fault]:
    """Up to eight faults, some of them lasting."""
    draw = random.Random(seed)
    kinds = [*SINGLE, "duplicate", "lose", "count_drift", "vanish"]
    return [
        Fault(
            draw.choice(kinds),
            when=draw.choice(PLACES),
            nth=draw.randint(1, 6),
            times=draw.choice([1, 1, 2, 3, 7, 20]),
            per_page_over=draw.choice([0, 0, 0, 25, 50]),
            drift=draw.choice([-3, -1, 1, 2]),
            partial_count=draw.random() < 0.5,
            keep=draw.choice([None, 0, 1, 30]),
            marker="Zyblenski",
        )
        for _ in range(draw.randint(1, 8))
    ]


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_any_schedule_ends_complete_or_named_and_a_quiet_run_completes_it(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (
        seed % 2
    ):  # half of them without the mark of the soft time-out: counts alone must find every loss
        monkeypatch.setattr(questions, "SOFT_TIMEOUT_MS", 10**9)
    with StandIn(SMALL, faults=schedule(seed)) as server:
        try:
            summary = harvest(tmp_path, server, workers=1 + seed % 4)
        except SourceError:
            summary = None
    if summary and not summary["incomplete"] and not summary["years_off_control"]:
        assert set(stored_ids(tmp_path)) == SMALL_INSIDE
    with StandIn(SMALL) as server:
        final = harvest(tmp_path, server)
    assert final["incomplete"] == []
    assert final["years_off_control"] == {}
    assert set(stored_ids(tmp_path)) == SMALL_INSIDE
