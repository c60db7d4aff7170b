"""A few works that the explorer and the browser both show."""

import pytest

from tests.support.reports import BEIHANG, HOSTILE
from tests.support.world import work

LARGE = [
    ["I1"],
    [BEIHANG],
    *([f"I{20 + n}"] for n in range(9)),
    *([f"I{100 + n}"] for n in range(45)),
]
"""A work of 56 institutions: more than K."""


@pytest.fixture(scope="module")
def records():
    """I1 with Beihang twice in 2022 and once, among 56, in 2023; with Lund (I20) in 2012 and 2022;
    I2 with Lund in 2024.
    """
    return [
        work(1, 2022, [["I1"], [BEIHANG]], title=HOSTILE),
        work(2, 2022, [["I1"], [BEIHANG], ["I2"]]),
        work(3, 2023, LARGE),
        work(4, 2012, [["I1"], ["I20"]]),
        work(5, 2022, [["I1"], ["I20"]]),
        work(6, 2024, [["I2"], ["I20"]]),
        work(7, 2024, [["I2"]]),
    ]
