"""What every file says of itself: title, sentences, provenance, and the mark of the synthetic
world.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import TYPE_CHECKING

from coauth.network.model import legal, span
from coauth.tables.contract import MARK

if TYPE_CHECKING:
    from coauth.network.model import Network


@dataclass(frozen=True)
class Notice:
    """`as_of` is the vintage's date: no file carries the day on which it was written."""

    title: str
    sentences: tuple[str, ...]
    as_of: date
    creator: str
    synthetic: bool

    @classmethod
    def of(
        cls, network: Network, as_of: date, provenance: Mapping[str, str], *, synthetic: bool
    ) -> Notice:
        """Sentences of the network, then the provenance as "key: value" in its own order; `title`
        in it is the title.
        """
        first, last = network.years
        title = (
            f"{provenance.get('title', 'Institutions that publish together')}, {span(first, last)}"
        )
        known = [f"{key}: {value}." for key, value in provenance.items() if key != "title"]
        origin = (
            f"{MARK}: every record behind this file is invented and says nothing of a real institution."
            if synthetic
            else ("Records: OpenAlex (CC0).")
        )
        sentences = [origin, *network.statements(), f"As of {as_of.isoformat()}.", *known]
        if synthetic:
            title = f"{MARK}: {title}"
        return cls(
            legal(title),
            tuple(map(legal, sentences)),
            as_of,
            f"coauth {version('coauth')}",
            synthetic,
        )

    @property
    def description(self) -> str:
        return " ".join(self.sentences)
