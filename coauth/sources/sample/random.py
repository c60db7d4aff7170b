"""Chance that falls the same way everywhere."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")

STREAMS = ("atlas", "plan", "losses", "copies", "served", "later", "admissions")
"""Each stage draws from a stream of its own, so that a change in one leaves the others as they
were.
"""


class Chance:
    """Draws for one stage from one seed.

    Only `Generator.random` is used: numpy promises the bits of PCG64, but may change how it makes
    choices, shuffles or normal deviates of them; and doubles in [0, 1) need no mathematics library,
    whose last digit differs by machine.
    """

    unit: Callable[[], float]
    """The next uniform number in [0, 1)."""

    def __init__(self, seed: int, stream: str) -> None:
        bits = np.random.PCG64(np.random.SeedSequence([seed, STREAMS.index(stream)]))
        self.unit = _doubles(np.random.Generator(bits)).__next__

    def below(self, count: int) -> int:
        """A whole number in 0 .. count - 1, all equally likely."""
        return int(self.unit() * count)

    def happens(self, probability: float) -> bool:
        return self.unit() < probability

    def one_of(self, items: Sequence[T]) -> T:
        return items[self.below(len(items))]

    def weighted(self, cumulative: Sequence[float]) -> int:
        """An index, with probability proportional to its step in the running sum `cumulative`."""
        return min(bisect_right(cumulative, self.unit() * cumulative[-1]), len(cumulative) - 1)

    def shuffle(self, items: list[Any]) -> None:
        """Fisher-Yates, in place."""
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]


def _doubles(generator: np.random.Generator) -> Iterator[float]:
    while True:
        yield from generator.random(4096).tolist()
