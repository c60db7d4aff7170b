"""`measures.toml`: windows, measures, resampling and the thresholds of a verdict."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from coauth.queries.registry import MEASURES, select
from coauth.queries.strict import Period, Share, Strict


def _one_of(names: Collection[str], noun: str) -> AfterValidator:
    """Takes one of these names, and else says which there are."""

    def check(name: str) -> str:
        if name not in names:
            raise ValueError(f"'{name}' is no measure{noun}; those are {', '.join(names)}")
        return name

    return AfterValidator(check)


Name = Annotated[str, _one_of(MEASURES, "")]
Resampled = Annotated[str, _one_of(select(), " with an interval")]
SingleYear = Annotated[
    str, _one_of([m.name for m in MEASURES.values() if m.single_years], " of single years")
]


class Pivots(Strict):
    """Betweenness from so many sources drawn at random (`coauth.stages.centrality.paths.betweenness`)."""

    pivots: int = Field(ge=1)


class FixedRoster(Strict):
    """Whose ranks are given among the same institutions in every window (`coauth.stages.centrality`)."""

    among: Literal["domestic", "all"]
    min_works: int = Field(ge=1)


class Measures(Strict):
    """`measures.toml`: windows, measures, resampling and the thresholds of a verdict, each with its
    why in the file.
    """

    window: int = Field(ge=1)
    measures: tuple[Name, ...]
    resampled: tuple[Resampled, ...]
    single_years: tuple[SingleYear, ...]
    rarefied_share: Annotated[float, Field(gt=0, le=1)]
    fixed_roster: FixedRoster
    strongest: int = Field(ge=3)
    path_windows: Literal["compared", "all"]
    path_replicates: int = Field(ge=100)
    counting: Literal["newman", "full", "strict", "author"]
    betweenness: Literal["exact"] | Pivots
    replicates: int = Field(ge=100)
    permutations: int = Field(ge=0)
    seed: int
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    false_discovery_rate: Annotated[float, Field(gt=0, lt=0.5)]
    comparisons: tuple[Period, ...] = Field(min_length=1)
    roster_min_works: int = Field(ge=1)
    partial_jump: Share
    partial_jump_z: float = Field(gt=0)
    profile_share: Share
    profile_min_works: int = Field(ge=1)
    headline_change: tuple[int, int]
    smallest_pair: int = Field(ge=1)
    null_samples: int = Field(ge=0)

    @model_validator(mode="after")
    def _single_years(self) -> Measures:
        if bare := sorted(set(self.single_years) - set(self.resampled)):
            raise ValueError(
                f"single_years: {', '.join(bare)}: give it an interval in resampled, or leave it out here"
            )
        return self

    @model_validator(mode="after")
    def _comparisons(self) -> Measures:
        for before, after in self.comparisons:
            if not before[0] <= before[1] < after[0] <= after[1]:
                raise ValueError(
                    f"comparisons: {before} -> {after}: windows must follow each other without overlap"
                )
        return self
