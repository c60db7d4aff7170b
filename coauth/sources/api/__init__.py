"""OpenAlex's API: a country's works, month by month, into a vintage.

    plan ─► harvest ─► walk of a slice ─► questions ─► transport ─► the wire

A slice is one publication month, so that a failure costs little, a walk is over before the index
changes, and the counts can be checked piece by piece. Works of which only the year is known are
dated 1 January: such months are cut into days, such days into types. How one slice is walked and
judged is told in `walk`; what is done about failing requests in `transport`. When all slices are
closed, the works of each year are held against OpenAlex's own grouped count of that year: a first
page that was cut together with its count would contradict nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from coauth.errors import SourceError
from coauth.progress import Progress, ignore
from coauth.queries import Scope
from coauth.sources.api.harvest import Harvest
from coauth.sources.api.plan import months
from coauth.sources.api.requests import credits_left
from coauth.sources.api.transport import Transport
from coauth.sources.api.walk import utc_day
from coauth.sources.http import READ_TIMEOUT
from coauth.storage import Vintage

__all__ = ["budget_left", "fill"]


def budget_left(key: str | None, url: str | None) -> int | None:
    """Credits left today, asked once and without patience, for `coauth status`; raises
    `SourceError` where it is not told.
    """
    with Transport(key=key, url=url, timeout=10.0, attempts=1) as line:
        return credits_left(line)


def fill(
    vintage: Vintage,
    scope: Scope,
    *,
    as_of: date,
    key: str | None,
    url: str | None = None,
    wait: bool = False,
    workers: int = 4,
    progress: Progress = ignore,
    rate: float | None = None,
    timeout: float = READ_TIMEOUT,
    settled: bool = False,
    sleep: Callable[[float], None] | None = None,
    today: Callable[[], date] = utc_day,
) -> dict[str, Any]:
    """Harvest what `vintage` lacks of the works in scope; returns a summary for its manifest.

    Closed slices are left alone (unless their files were changed since), incomplete ones are tried
    again, open ones continued. The summary names incomplete slices; they raise nothing here. Raises
    `SourceError` before anything is fetched if OpenAlex itself is asked without a key, or the
    vintage was begun under another scope; `BudgetSpent` when the day's budget ends (`wait` sleeps
    instead). Whatever was fetched is stored.

    `url` is another address of the API, `rate` the requests a second over all `workers`, `timeout`
    the longest silence in seconds. `settled` says that the vintage was complete before and only
    damage is mended: slices that are whole are then not held against counts of today. Each slice
    says on which days it was fetched, by `today`. `sleep` is for tests.
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
    with Transport(key=key, url=url, rate=rate, wait=wait, timeout=timeout, sleep=sleep) as line:
        _same_scope(vintage, scope)
        harvest = Harvest(vintage, line, scope.countries, plan, progress, settled, today)
        return harvest.run(workers, ask_budget=bool(key))


def _same_scope(vintage: Vintage, scope: Scope) -> None:
    if vintage.manifest.scope_fingerprint != scope.fingerprint:
        raise SourceError(
            f"vintage {vintage.name} was begun under another scope (country, first year or types in queries/scope.toml "
            "differ): go back to that scope, or begin a new vintage with --vintage"
        )
