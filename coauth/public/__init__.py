"""What may be published: counts and networks in which no small count can be read.

`rounding` says how a count is told, `editions` makes the tables of the report, `network` those of a
network.
"""

from __future__ import annotations

from coauth.public.editions import edition, revisions
from coauth.public.network import COUNTING, STATEMENT, public
from coauth.public.rounding import BASE, VARIANCE, Rounding

__all__ = [
    "BASE",
    "COUNTING",
    "STATEMENT",
    "VARIANCE",
    "Rounding",
    "edition",
    "public",
    "revisions",
]
