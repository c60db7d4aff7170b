"""A folder with queries/, cache/ and reports/."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from coauth import queries
from coauth.queries import Queries
from coauth.storage import Cache


@dataclass(frozen=True)
class Project:
    """Its questions, answers and findings."""

    root: Path

    @cached_property
    def queries(self) -> Queries:
        return queries.load(self.root / "queries")

    @property
    def cache(self) -> Cache:
        return Cache(self.root / "cache")

    @cached_property
    def rounding_key(self) -> bytes:
        """That of the cache, read once."""
        return self.cache.rounding_key

    @property
    def reports(self) -> Path:
        return self.root / "reports"
