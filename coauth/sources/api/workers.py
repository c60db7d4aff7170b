"""Tasks done by a few threads on one line: the first failure ends all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from coauth.errors import BudgetSpent
from coauth.sources.api.transport import Stopped, Transport

Task = TypeVar("Task")
Result = TypeVar("Result")


def together(
    work: Callable[[Task], Result], tasks: list[Task], workers: int, line: Transport
) -> list[Result]:
    """Do all tasks with a few threads; results in the order of the tasks. The first failure stops
    all workers.

    A spent budget is no reason to drop what was paid for: the others go on until their own next
    page is refused, so that the author lists of the page each is at, which are free, still come and
    the page is stored.
    """

    def stop_others(
        future: Future[Result],
    ) -> None:  # called by the failing worker, before it takes another task
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
