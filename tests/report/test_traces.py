"""Points a reader may point at: where the drawing has them, saying what it shows."""

import re

import numpy as np
import pandas as pd
import pytest

from coauth.report.render import figures, svg, traces
from coauth.report.text import Words

ROWS = pd.DataFrame(
    {
        "year": range(2011, 2025),
        "share_authorships": np.linspace(0.97, 0.9, 14),
        "share_complete": np.linspace(0.8, 0.61, 14),
    }
)


@pytest.fixture(scope="module")
def drawn():
    figure = figures.coverage(ROWS, Words("da"), narrow=False)
    text = svg.svg(figure)
    return svg.inline(text, "f1", "alt", traces.overlay(figure))


def groups(text):
    """Series number -> its unseen discs as (x, y, sentence)."""
    found = re.findall(r'<g class="points" data-series="(\d)"[^>]*>(.*?)</g>', text, re.DOTALL)
    return {
        n: [
            (float(x), float(y), told)
            for x, y, told in re.findall(
                r'cx="([\d.]+)" cy="([\d.]+)" r="5"><title>(.*?)</title>', body
            )
        ]
        for n, body in found
    }


def test_points_lie_where_matplotlib_drew_the_marks(drawn):
    for number, points in groups(drawn).items():
        part = drawn.split(f'<g data-series="{number}"', 1)[1].split("<g data-series=", 1)[0]
        marks = [
            (float(x), float(y))
            for x, y in re.findall(r'<use xlink:href="[^"]+" x="([\d.]+)" y="([\d.]+)"', part)
        ][: len(ROWS)]
        assert len(points) == len(ROWS)
        assert np.allclose([p[:2] for p in points], marks, atol=0.06)


def test_points_say_their_numbers_in_the_pages_language(drawn):
    told = [t for _, _, t in groups(drawn)["1"]]
    assert told[0] == "Publikationer med alle affilieringer, 2011: 80,0\xa0pct."
    assert told[-1] == "Publikationer med alle affilieringer, 2024: 61,0\xa0pct."


def test_a_point_without_a_value_is_none_and_a_name_stays_text():
    figure = traces.Sheet()
    axis = figure.subplots()
    figure.trace(
        axis,
        '<b>"A"</b>',
        "#000",
        [1, 2, 3],
        [1.0, np.nan, 3.0],
        ["a", "b", "<c>"],
        axis.plot([1, 3], [1, 3]),
    )
    overlay = traces.overlay(figure)
    assert overlay.count("<circle") == 2
    assert "&lt;c&gt;" in overlay
    assert "<b>" not in overlay


def test_a_figure_made_elsewhere_has_no_points():
    assert traces.overlay(figures.Figure()) == ""


def test_a_series_in_two_panels_is_one_series():
    figure = traces.Sheet()
    for axis in figure.subplots(1, 2):
        figure.trace(axis, "A", "#000", [1], [1.0], ["a"], axis.plot([1], [1]))
    assert re.findall(r'data-series="(\d)" data-axes="(\d)"', traces.overlay(figure)) == [
        ("0", "0"),
        ("0", "1"),
    ]
