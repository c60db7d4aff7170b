"""OpenAlex's API: a country's works, month by month, into a vintage.

pyalex 0.21 writes the questions and nothing more. The seam is the `url` of a `Works()`: coauth reads it and sends it
through its own `Transport`. pyalex hard-codes https://api.openalex.org there (and ignores its own
`config.openalex_url`), which the transport replaces; it also changes a query object in place while it is paged, hence a
fresh `Works()` for every address. How `url` spells filters, cursor and page size is what the pin `==0.21` holds fast.

A slice is one publication month, so that a failure costs little, a walk is over before the index changes, and the
counts can be checked piece by piece. Works of which only the year is known are dated 1 January: such months are cut
into days, such days into types. How one slice is walked and judged is told in `walk`; what is done about failing
requests in `transport`. When all slices are closed, the works of each year are held against OpenAlex's own grouped
count of that year: a first page that was cut together with its count would contradict nothing else.
"""

from __future__ import annotations

import calendar
import hashlib
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from http import HTTPStatus
from math import ceil
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import pyalex

from coauth.errors import BudgetSpent, SourceError
from coauth.pages import SELECT, Meta, Response, read_response
from coauth.queries import Scope
from coauth.sources.progress import InTurn, Progress
from coauth.sources.transport import API, NoAnswer, Refused, Stopped, Transport
from coauth.sources.walk import DONE, Served, TooLarge, Walk
from coauth.sources.wire import READ_TIMEOUT, Passing
from coauth.vintage import Vintage

__all__ = ["Progress", "budget_left", "fill"]

log = logging.getLogger(__name__)

LARGE = 9_000
"""A slice counting more works than this is cut up. OpenAlex's other paging ends at 10,000; ours does not, but a walk
of 90 pages is long enough for one that may have to be walked again."""

SOFT_TIMEOUT_MS = 5_000
"""The search engine gives up softly after 5 s and serves what it has. An answer that took so long is not believed."""

DRIFT = 0.01
"""The share by which a slice closed in an earlier run may have grown without being walked again."""


@dataclass(frozen=True)
class Part:
    """What one slice asks for: days (inclusive) and types. The name is the slice's."""

    name: str
    first: date
    last: date
    types: tuple[str, ...]

    def split(self) -> list[Part]:
        """A month's days, or a day's types; nothing where no finer cut is left.

        >>> month = Part("2011-02", date(2011, 2, 1), date(2011, 2, 28), ("article", "book"))
        >>> [p.name for p in month.split()[:2]], [p.name for p in month.split()[0].split()]
        (['2011-02-01', '2011-02-02'], ['2011-02-01.article', '2011-02-01.book'])
        """
        if self.first < self.last:
            days = [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]
            return [Part(day.isoformat(), day, day, self.types) for day in days]
        if len(self.types) > 1:
            return [Part(f"{self.name}.{t}", self.first, self.last, (t,)) for t in self.types]
        return []


def months(scope: Scope, as_of: date) -> list[Part]:
    """The plan: every publication month from January of the first year to the month of `as_of`."""
    types = tuple(sorted(scope.types))
    plan = []
    for year in range(scope.first_year, as_of.year + 1):
        for month in range(1, (as_of.month if year == as_of.year else 12) + 1):
            last = calendar.monthrange(year, month)[1]
            plan.append(Part(f"{year}-{month:02d}", date(year, month, 1), date(year, month, last), types))
    if not plan:
        raise SourceError(f"nothing to harvest: first_year {scope.first_year} in queries/scope.toml is after {as_of}")
    return plan


# -- the questions


class _Group(msgspec.Struct):
    key: str | int
    count: int


class _Groups(msgspec.Struct):
    meta: Meta
    group_by: list[_Group]


class _RateLimit(msgspec.Struct):
    credits_remaining: int | None = None
    onetime_credits_remaining: int | None = None


class _Account(msgspec.Struct):
    rate_limit: _RateLimit


_groups = msgspec.json.Decoder(_Groups)
_account = msgspec.json.Decoder(_Account)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


_SELECT = urlsplit(pyalex.Works().select(list(SELECT)).url).query


class Questions:
    """What can be asked about one part of the works in scope, and the answers."""

    def __init__(self, line: Transport, countries: Iterable[str], part: Part) -> None:
        self.line, self.part = line, part
        self._countries = "|".join(sorted(countries))

    def page(self, cursor: str, size: int) -> Served:
        """One page. `publication_date` is the steadiest order OpenAlex sells for nothing."""
        works = self._works({"cursor": cursor, "per-page": size}).select(list(SELECT)).sort(publication_date="asc")
        url = str(works.url)
        return self.line.get(url, partial(_served, url), cost=1)

    def count(self) -> int:
        """A fresh count. Not of one id a page: that very question may be answered from a cache five minutes old."""
        url = str(self._works({"per-page": 2}).select(["id"]).url)
        return self.line.get(url, _believed_list, cost=1).meta.count

    def work(self, work_id: str) -> bytes | None:
        """The body of a single work, free of charge; None if it is not there (deleted and merged works are a 404)."""
        found = re.fullmatch(r"https://openalex\.org/(W\d+)", work_id)
        if not found:
            return None
        try:
            return self.line.get(f"{pyalex.Works(found[1]).url}?{_SELECT}", _whole_object)
        except Refused as refusal:
            if refusal.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
                return None
            raise

    def again(self, reason: str, seconds: float) -> None:
        self.line.again(reason, seconds)

    def grouped(self, by: str, *, unmatched: bool = False) -> dict[str, int]:
        """Counts by a field. `unmatched` asks for works with an address in the country, but no institution there."""
        works = self._works({"per-page": 200}, unmatched=unmatched).group_by(by)
        groups = self.line.get(str(works.url), _believed_groups, cost=1).group_by
        return {str(g.key).rsplit("/", 1)[-1]: g.count for g in sorted(groups, key=lambda g: str(g.key)) if g.count}

    def _works(self, params: dict[str, Any], *, unmatched: bool = False) -> Any:
        here = (
            {"authorships.countries": self._countries, "authorships.institutions.country_code": f"!{self._countries}"}
            if unmatched
            else {"authorships.institutions.country_code": self._countries}
        )
        return pyalex.Works(params).filter(
            **here, type="|".join(self.part.types),
            from_publication_date=self.part.first.isoformat(), to_publication_date=self.part.last.isoformat(),
        )  # fmt: skip


def budget_left(key: str | None, url: str | None) -> int | None:
    """Credits left today, asked once and without patience, for `coauth status`; raises `SourceError` where it is not told."""
    with Transport(key=key, url=url, timeout=10.0, attempts=1) as line:
        return _credits(line)


def _credits(line: Transport) -> int | None:
    left = line.get(f"{API}/rate-limit", _account.decode).rate_limit
    if left.credits_remaining is None:
        return None
    return left.credits_remaining + (left.onetime_credits_remaining or 0)


def _credits_if_told(line: Transport) -> int | None:
    """What the key may still spend today; None where the server does not tell (a mirror)."""
    try:
        return _credits(line)
    except (Refused, NoAnswer):
        return None


def _served(url: str, body: bytes) -> Served:
    return Served(url, hashlib.sha256(body).hexdigest(), _believed_list(body))


def _believed_list(body: bytes) -> Response:
    response = read_response(body)
    _in_time(response.meta)
    return response


def _believed_groups(body: bytes) -> _Groups:
    groups = _groups.decode(body)
    _in_time(groups.meta)
    return groups


def _whole_object(body: bytes) -> bytes:
    """The body itself, once it is known to be a whole JSON object with an id (raises `msgspec.DecodeError`)."""
    if "id" not in _object.decode(body):
        raise msgspec.ValidationError("no id")
    return body


def _in_time(meta: Meta) -> None:
    if (meta.db_response_time_ms or 0) >= SOFT_TIMEOUT_MS:
        raise Passing("soft time-out of the search engine")


# -- the harvest


def fill(
    vintage: Vintage,
    scope: Scope,
    *,
    as_of: date,
    key: str | None,
    url: str | None = None,
    wait: bool = False,
    workers: int = 4,
    progress: Progress | None = None,
    rate: float | None = None,
    timeout: float = READ_TIMEOUT,
    settled: bool = False,
    sleep: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Harvest what `vintage` lacks of the works in scope; returns a summary for its manifest.

    Closed slices are left alone (unless their files were changed since), incomplete ones are tried again, open ones
    continued. The summary names incomplete slices; they raise nothing here. Raises `SourceError` before anything is
    fetched if OpenAlex itself is asked without a key, or the vintage was begun under another scope; `BudgetSpent`
    when the day's budget ends (`wait` sleeps instead). Whatever was fetched is stored.

    `url` is another address of the API, `rate` the requests a second over all `workers`, `timeout` the longest
    silence in seconds. `settled` says that the vintage was complete before and only damage is mended: slices that are
    whole are then not held against counts of today. `sleep` is for tests.
    """
    if url is None and not (key or "").strip():
        raise SourceError(
            "a harvest costs more than OpenAlex gives without a key; get a free one at openalex.org/settings/api and set "
            "OPENALEX_API_KEY (or run `coauth rebuild --sample`, which needs none)"
        )
    if scope.everywhere:
        raise SourceError(
            "every country is some 270 million works, and the API serves a hundred at a time: fetch the snapshot "
            "(developers.openalex.org/download) and run `coauth harvest --from FOLDER`, or name countries in queries/scope.toml"
        )
    plan = months(scope, as_of)
    told = InTurn(progress)
    with Transport(key=key, url=url, rate=rate, wait=wait, timeout=timeout, progress=told, sleep=sleep) as line:
        _same_scope(vintage, scope)
        harvest = _Harvest(vintage, line, scope.countries, plan, told, settled)
        return harvest.run(workers, ask_budget=bool(key))


def _same_scope(vintage: Vintage, scope: Scope) -> None:
    begun_under = vintage.manifest.get("scope_fingerprint")
    if begun_under is None:
        vintage.record(scope_fingerprint=scope.fingerprint)
    elif begun_under != scope.fingerprint:
        raise SourceError(
            f"vintage {vintage.name} was begun under another scope (country, first year or types in queries/scope.toml "
            "differ): go back to that scope, or begin a new vintage with --vintage"
        )


CONTROLS = {
    "publication_year": ("publication_year", False),
    "type": ("type", False),
    "address_without_institution": ("publication_year", True),
}
"""Control totals by name: the field they are grouped by, and whether works without a matched institution are meant."""

Controls = dict[str, dict[str, int] | None]
Task = TypeVar("Task")
Result = TypeVar("Result")
Leaf = tuple[Part, dict[str, Any]]


class _Harvest:
    """One run over the plan."""

    def __init__(
        self, vintage: Vintage, line: Transport, countries: Iterable[str], plan: list[Part], told: InTurn, settled: bool
    ) -> None:
        self.vintage, self.line, self.plan, self.told, self.settled = vintage, line, plan, told, settled
        self.ask = partial(Questions, line, tuple(countries))
        self.everything = self.ask(Part("all", plan[0].first, plan[-1].last, plan[0].types))
        self.controls: Controls = dict.fromkeys(CONTROLS)
        self.there = {s.name for s in vintage.slices()}
        self.now_closed: set[str] = set()

    def run(self, workers: int, *, ask_budget: bool) -> dict[str, Any]:
        self._count()
        budget = self._budget(ask_budget)
        self.vintage.record(plan={"slices": [p.name for p in self.plan], "controls": self.controls, "budget": budget})
        leaves = _flat(_together(self.harvest, self.plan, workers, self.line))
        self._count()
        leaves |= _flat(_together(self._anew, self._short_of(leaves), workers, self.line))
        return self._summary(leaves, budget)

    def _count(self) -> None:
        """Ask for the control totals that are not there yet. They only check: a run goes on without an answer, and says so."""
        for name, (by, unmatched) in CONTROLS.items():
            if self.controls[name] is None:
                try:
                    self.controls[name] = self.everything.grouped(by, unmatched=unmatched)
                except NoAnswer as fault:
                    log.warning("no control total by %s (%s); slices are still checked one by one", name, fault.reason)

    def _budget(self, ask: bool) -> dict[str, int | None]:
        """What the run will cost, and what is there for it. Too little is said, not refused: what is fetched stays."""
        done = [c for s in self.vintage.slices() if s.status in DONE and (c := s.summary)]
        works_left = max(0, sum((self.controls["publication_year"] or {}).values()) - sum(int(c.get("distinct", 0)) for c in done))
        cost = ceil(works_left / 100) + max(0, len(self.plan) - len(done))  # the last page of a slice is half empty
        left = _credits_if_told(self.line) if ask else None
        self.told.planned(works_left, cost, left)
        return {"estimated_cost": cost, "left_before": left}

    def harvest(self, part: Part) -> list[Leaf]:
        """Fill one part, cut up if it is large or was cut up before (a count moves around the limit; slices must not)."""
        finer = part.split()
        if any(name.startswith((f"{part.name}-", f"{part.name}.")) for name in self.there):
            return [leaf for piece in finer for leaf in self.harvest(piece)]
        slice_ = self.vintage.slice(part.name)
        summary = slice_.checked()
        if summary and summary.get("status") in DONE:
            return [(part, summary)]
        walk = Walk(
            self.ask(part), slice_, most=LARGE if finer and not slice_.numbers else None,
            told=lambda page: self.told.page(part.name, len(page.works), self.line.credits),
        )  # fmt: skip
        try:
            summary = walk.fill()
        except TooLarge:
            return [leaf for piece in finer for leaf in self.harvest(piece)]
        self.now_closed.add(part.name)
        self.told.closed(part.name, summary["status"], summary["distinct"], summary["expected"])
        return [(part, summary)]

    def _short_of(self, leaves: dict[str, Leaf]) -> list[Part]:
        """Slices that hold less than OpenAlex counts for them now, in years whose slices do not add up.

        A slice closed minutes ago must hold all; one closed in an earlier run may have drifted a little since.
        """
        short: list[Part] = []
        control = self.controls["publication_year"]
        if control is None:
            return short
        for year, members in _by_year(leaves).items():
            if any(s["status"] not in DONE for _, s in members) or _distinct(members) == control.get(year, 0):
                continue
            for part, summary in members:
                if self.settled and part.name not in self.now_closed:
                    continue
                try:
                    missing = self.ask(part).count() - int(summary["distinct"])
                except NoAnswer:
                    return short  # the summary shows the years that do not add up
                if missing > (0 if part.name in self.now_closed else DRIFT * int(summary["distinct"])):
                    short.append(part)
        return short

    def _anew(self, part: Part) -> list[Leaf]:
        self.vintage.slice(part.name).clear()
        return self.harvest(part)

    def _summary(self, leaves: dict[str, Leaf], budget: dict[str, int | None]) -> dict[str, Any]:
        closed = {name: summary for name, (_, summary) in sorted(leaves.items())}
        shown = ("status", "expected", "expected_first", "stored", "distinct")
        sums = {
            name: sum(int(summary[name]) for summary in closed.values())
            for name in ("expected", "stored", "distinct", "duplicates", "damaged", "authors_cut")
        }
        by_year = {year: _distinct(members) for year, members in _by_year(leaves).items()}
        counted = self.controls["publication_year"] or by_year
        return {
            "source": "api",
            "address": "api.openalex.org" if self.line.address == API else "another address",
            "pyalex": pyalex.__version__,
            "slices": {name: {key: summary[key] for key in shown} for name, summary in closed.items()},
            "incomplete": [name for name, summary in closed.items() if summary["status"] not in DONE],
            "drifted": [name for name, summary in closed.items() if summary["status"] == "drifted"],
            **sums,
            "requests": self.line.requests,
            "credits": self.line.credits,
            "retries": dict(sorted(self.line.retries.items())),
            "controls": self.controls,
            "controls_unanswered": sorted(name for name, control in self.controls.items() if control is None),
            "years_off_control": {
                year: {"control": counted.get(year, 0), "distinct": by_year.get(year, 0)}
                for year in sorted(by_year.keys() | counted.keys())
                if by_year.get(year, 0) != counted.get(year, 0)
            },
            "budget": budget,
        }


def _flat(found: Iterable[list[Leaf]]) -> dict[str, Leaf]:
    return {leaf[0].name: leaf for leaves in found for leaf in leaves}


def _by_year(leaves: dict[str, Leaf]) -> dict[str, list[Leaf]]:
    years: dict[str, list[Leaf]] = {}
    for name, leaf in sorted(leaves.items()):
        years.setdefault(name[:4], []).append(leaf)
    return years


def _distinct(members: Iterable[Leaf]) -> int:
    return sum(int(summary["distinct"]) for _, summary in members)


def _together(work: Callable[[Task], Result], tasks: list[Task], workers: int, line: Transport) -> list[Result]:
    """Do all tasks with a few threads; results in the order of the tasks. The first failure stops all workers.

    A spent budget is no reason to drop what was paid for: the others go on until their own next page is refused, so
    that the author lists of the page each is at, which are free, still come and the page is stored.
    """

    def stop_others(future: Future[Result]) -> None:  # called by the failing worker, before it takes another task
        failure = None if future.cancelled() else future.exception()
        if failure is not None:
            for waiting in futures:
                waiting.cancel()
            if not isinstance(failure, BudgetSpent):
                line.stopped.set()

    with ThreadPoolExecutor(max(1, workers), thread_name_prefix="harvest") as pool:
        futures = [pool.submit(work, task) for task in tasks]
        try:
            for future in futures:
                future.add_done_callback(stop_others)
            wait(futures, return_when=FIRST_EXCEPTION)
            if any(isinstance(failure, BudgetSpent) for failure in _failures(futures)):
                wait(futures)
        finally:  # also on Ctrl-C
            if not all(future.done() for future in futures):
                line.stopped.set()
                for future in futures:
                    future.cancel()
    for failure in _failures(futures):
        raise failure
    return [future.result() for future in futures]


def _failures(futures: list[Future[Result]]) -> Iterator[BaseException]:
    """What went wrong, without the workers that only stopped because another had failed."""
    for future in futures:
        failure = None if future.cancelled() or not future.done() else future.exception()
        if failure is not None and not isinstance(failure, Stopped):
            yield failure


