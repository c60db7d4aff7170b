"""What may be published: counts and networks without the small cells that could point at persons.

A cell is the number of works counted for one thing: a group in a year, an area of technology, a
pair of institutions. One of 1 to 4 works is withheld, and so is what would give one back:
`suppression` finds it among tied cells, `cells` says which cells a public edition has and what ties
them, `editions` makes its tables, `network` its networks.
"""

from __future__ import annotations

from coauth.disclosure.cells import Cell
from coauth.disclosure.editions import Counted, Earlier, Edition, edition
from coauth.disclosure.network import COUNTING, Bounds, public, statement
from coauth.disclosure.suppression import SMALLEST, Tie, exposed, withhold

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
