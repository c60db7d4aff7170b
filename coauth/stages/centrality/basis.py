"""What a measure is of: works of a window under one rule of counting, and what is known of their
institutions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from coauth.errors import MeasureFailed
from coauth.stats.counting import Counting
from coauth.stats.incidence import Flags, Floats, Incidence

Names = Iterable[str]
Blocks = Iterable[Floats]
Values = Iterator[Mapping[str, Floats]]


@dataclass(frozen=True)
class Partners:
    """Where institutions are, and which are listed; None where the table was not given."""

    countries: Mapping[str, str | None] | None
    listed: frozenset[str] | None

    @classmethod
    def of(cls, institutions: pa.Table | None, listed: pa.Table | None) -> Partners:
        """From INSTITUTIONS and LISTED."""
        countries = None
        if institutions is not None:
            columns = (institutions[c].to_pylist() for c in ("institution_id", "country_code"))
            countries = dict(zip(*columns, strict=True))
        return cls(
            countries, None if listed is None else frozenset(listed["institution_id"].to_pylist())
        )


@dataclass(frozen=True)
class Basis:
    """What every function of measures is handed (`coauth.queries.registry`)."""

    world: Incidence
    counting: Counting
    partners: Partners
    rarefied_to: int = 0
    """works drawn for the rarefied degree"""
    pivots: int | None = None
    """sources of betweenness; None: all"""
    seed: int = 0
    workers: int = 1

    @cached_property
    def full(self) -> Counting:
        """The works with 1 for each pair, whatever the rule."""
        return Counting.of(self.world, "full")

    def countries(self) -> np.ndarray:
        """Country code of each institution, "" where OpenAlex knows none. Raises `MeasureFailed`
        where countries were not given.
        """
        if self.partners.countries is None:
            raise MeasureFailed(
                "participation: countries were not given; hand the table `institutions` to centrality.measure"
            )
        return np.array([self.partners.countries.get(i) or "" for i in self.world.institutions])

    def listed(self) -> Flags:
        """Whether each institution is on an enabled watchlist. Raises `MeasureFailed` where lists
        were not given.
        """
        if self.partners.listed is None:
            raise MeasureFailed(
                "exposure: which institutions are listed was not given; hand the table `listed` to centrality.measure"
            )
        return np.array([i in self.partners.listed for i in self.world.institutions], bool)
