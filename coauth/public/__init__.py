"""What may be published: counts and networks without the small cells that could point at persons.

A cell is the number of works counted for one thing: a group in a year, an area of technology, a
pair of institutions. One of 1 to 4 works is withheld, and so is what would give one back:
`suppression` finds it among tied cells, `cells` says which cells a public edition has and what ties
them, `editions` makes its tables, `network` its networks.
"""

from __future__ import annotations

from coauth.public.cells import Cell
from coauth.public.editions import Counted, Earlier, Edition, edition
from coauth.public.network import COUNTING, Bounds, public, statement
from coauth.public.suppression import SMALLEST, Tie, exposed, withhold

__all__ = [
    "COUNTING",
    "SMALLEST",
    "Bounds",
    "Cell",
    "Counted",
    "Earlier",
    "Edition",
    "Tie",
    "edition",
    "exposed",
    "public",
    "statement",
    "withhold",
]
