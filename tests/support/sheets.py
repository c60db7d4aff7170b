"""Reports on empty sheets, where a test reads words and numbers: to draw is most of the work."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

from matplotlib.figure import Figure

from coauth.report.render.html import Writer


@contextmanager
def empty_sheets() -> Iterator[None]:
    """All of a report is written as ever, but nothing is on the sheets of its figures."""
    shown = Writer._chart

    def sheet(_narrow: bool = False) -> Figure:
        return Figure(figsize=(3, 1))

    def blank(writer, chart):
        bare = {"draw": sheet} if chart.draw else {"still": sheet()}
        return shown(writer, replace(chart, **bare))

    with mock.patch.object(Writer, "_chart", blank):
        yield
