"""What goes wrong, and when."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any, Self

from tests.support.standin.budget import price
from tests.support.standin.checks import page_size, single_work
from tests.support.standin.wire import Request

ERROR_FAULTS = frozenset(
    {
        "rate_429",
        "budget_429",
        "plan_429",
        "throttled_429",
        "http_500",
        "http_503",
        "http_503_json",
        "http_504",
        "html_200",
        "unauthorized",
        "vanish",
    }
)
PAGE_FAULTS = frozenset({"short_page", "duplicate", "lose", "count_drift"})
RECORD_FAULTS = frozenset({"surrogate", "escape", "nan"})
WIRE_FAULTS = frozenset({"hang", "drip", "cut_json", "reset"})


@dataclass(frozen=True)
class Fault:
    """Something to go wrong, decided by counting, never by chance.

    The fault strikes the `nth` request that matches `when` and `per_page_over`, and the ones after
    it, `times` times in all (None = for ever). `when` is a text to find in the unquoted path and
    query, or a function of the request. Faults compose: of the errors the first one listed strikes
    and the others wait their turn; page faults strike lists that were otherwise answered; wire
    faults strike whatever is sent.

    Errors (`marker` is put into the body, to look for leaks into logs and reports):

    * rate_429 (Retry-After 1), budget_429 (Retry-After `retry_after`, 40,000 by default), plan_429 (no Retry-After),
      throttled_429;
    * http_500 and http_503 (HTML), http_503_json (Retry-After 30), http_504 (JSON, the proxy's nine-second limit);
    * html_200 (a page where JSON should be), unauthorized (401), vanish (404 for a single work the lists do give).

    Pages:

    * short_page: the soft timeout of the search engine. `keep` hits (half of the page by default) and a null cursor
      with status 200, while the count still tells more; with `partial_count` the count too is only what was seen so far;
    * duplicate: the last record of the page before comes again; lose: a record has moved past the cursor unseen
      (both strike only pages with a running cursor);
    * count_drift: meta.count is off by `drift`.

    Records, in every answer that shows the one named by `record` (W…; none: the first of the
    answer) with a title:

    * surrogate: its title ends in the first half of a character; escape: in an escape that is none;
    * nan: its number of citations is a literal NaN.

    Wire: hang (`seconds` without a byte, then the answer), drip (a header that grows by a byte
    every `seconds` and has no end), cut_json (half of the body with a fitting Content-Length),
    reset (the connection closes in the middle of the body).
    """

    kind: str
    when: Callable[[Request], bool] | str | None = None
    nth: int = 1
    times: int | None = 1
    marker: str = ""
    per_page_over: int = 0
    seconds: float = 5.0
    retry_after: int | None = None
    keep: int | None = None
    partial_count: bool = False
    drift: int = 1
    record: str = ""

    def __post_init__(self) -> None:
        if self.kind not in ERROR_FAULTS | PAGE_FAULTS | RECORD_FAULTS | WIRE_FAULTS:
            raise ValueError(f"unknown fault {self.kind!r}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``kind,name=value,…`` as given in a shell; ``times=forever`` is None."""
        kind, *settings = text.split(",")
        read: dict[str, Callable[[str], Any]]
        read = {
            "when": str,
            "marker": str,
            "record": str,
            "seconds": float,
            "partial_count": lambda value: value in ("1", "true"),
        }
        chosen: dict[str, Any] = {}
        for setting in settings:
            name, _, value = setting.partition("=")
            if name == "kind" or name not in {known.name for known in fields(cls)}:
                raise ValueError(f"unknown setting {name!r} in fault {text!r}")
            chosen[name] = None if value == "forever" else read.get(name, int)(value)
        return cls(kind, **chosen)

    def matches(self, request: Request) -> bool:
        if self.kind == "vanish" and single_work(request.path) is None:
            return False
        if self.kind in RECORD_FAULTS and not (
            self.record in request.records if self.record else request.records
        ):
            return False
        if self.kind == "budget_429" and not price(request):
            return False  # what is free is never refused for want of money
        if self.kind in ("duplicate", "lose") and request.query.get("cursor", "*") == "*":
            return False
        if self.per_page_over and page_size(request.query) <= self.per_page_over:
            return False
        if callable(self.when):
            return self.when(request)
        return self.when is None or self.when in request.readable


class FaultBook:
    """Keeps count of which fault has met and struck how many requests."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._lock = threading.Lock()
        self._faults = list(faults)
        self._met = [0] * len(self._faults)
        self._struck = [0] * len(self._faults)

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)
            self._met.append(0)
            self._struck.append(0)

    def striking(
        self, kinds: frozenset[str], request: Request, *, first_only: bool = False
    ) -> list[Fault]:
        """The faults of these kinds that strike this request."""
        found: list[Fault] = []
        with self._lock:
            for place, fault in enumerate(self._faults):
                if fault.kind not in kinds or not fault.matches(request):
                    continue
                self._met[place] += 1
                spent = fault.times is not None and self._struck[place] >= fault.times
                if self._met[place] < fault.nth or spent or (first_only and found):
                    continue
                self._struck[place] += 1
                found.append(fault)
        return found
