"""`technologies/*.toml`: critical technologies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from coauth.queries.strict import Phrase, Share, Slug, Strict, TopicId, refuse_twice


class Technology(Strict):
    """One critical technology: which topics and phrases make a work count for it
    (`technologies/*.toml`).
    """

    id: Slug
    name: str
    eu10: tuple[Literal["EU1", "EU2", "EU3", "EU4", "EU5", "EU6", "EU7", "EU8", "EU9", "EU10"], ...]
    core_topics: tuple[TopicId, ...]
    gated_topics: tuple[TopicId, ...]
    phrases: tuple[Phrase, ...]
    exclusions: tuple[Phrase, ...] = ()
    note: str = ""


Area = Literal["EU1", "EU2", "EU3", "EU4", "EU5", "EU6", "EU7", "EU8", "EU9", "EU10"]
Standing = Literal["measured", "indicative", "unmeasured"]


class Technologies(Strict):
    """A set of critical technologies, and how good it is known to be."""

    id: Slug
    name: str
    name_da: str | None = None
    enabled: bool
    source: str
    version: str
    status: str
    status_da: str | None = None
    topic_model: Literal["v1", "v2"]
    core_min_score: Share
    standing: Standing = Field(
        default="unmeasured", description="of the whole; `indicative` is precision below 0.8"
    )
    quality: dict[Area, Standing] = Field(default={}, description="by EU-10 area")
    includes: Slug | None = Field(
        default=None, description="another set, all of whose technologies are part of this one"
    )
    no_definition: tuple[str, ...] = Field(
        default=(), description="technologies of the source that nothing here finds, each with why"
    )
    not_obtained: tuple[str, ...] = Field(
        default=(), description="lists a reader may miss here, and why"
    )
    eu10: dict[str, str] = Field(
        default={},
        description="names of the areas; those of the set it includes, where none are given",
    )
    technology: tuple[Technology, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _once(self) -> Technologies:
        refuse_twice("technology.id", [t.id for t in self.technology])
        return self

    def with_all_of(self, other: Technologies) -> Technologies:
        """This set after it is given what it includes: the other's technologies, then its own.

        Raises `ValueError` where they are of different eras or cut topics at different scores, or
        name a technology twice.
        """
        for key in ("topic_model", "core_min_score"):
            if getattr(self, key) != getattr(other, key):
                raise ValueError(
                    f"{key}: {getattr(self, key)}, and {getattr(other, key)} in '{other.id}', which it includes"
                )
        both = (*other.technology, *self.technology)
        refuse_twice("technology.id", [t.id for t in both])
        lacking = (*other.no_definition, *self.no_definition)
        return self.model_copy(
            update={"technology": both, "no_definition": lacking, "eu10": self.eu10 or other.eu10}
        )

    def marked(self, entry: str) -> str | None:
        """What must stand beside a technology or area wherever it is shown: "indicative",
        "unmeasured" or both; None if measured.

        An area that was measured goes by its own precision; one that was not is "unmeasured" and
        shares the standing of the whole.
        """
        areas: tuple[Any, ...] = next((t.eu10 for t in self.technology if t.id == entry), (entry,))
        own = {self.quality.get(a, self.standing) for a in areas}
        marks = own | ({self.standing} if not own or "unmeasured" in own else set())
        return ", ".join(sorted(marks - {"measured"})) or None

    def marks(self) -> dict[str, str]:
        """Technology -> `marked`, for those that have a mark."""
        return {t.id: mark for t in self.technology if (mark := self.marked(t.id))}

    def scored(self, classes: Iterable[Mapping[str, Any]]) -> Technologies:
        """The set with the standings of a labelled sheet (rows of `quality.measure`); what the
        sheet says too little of keeps its own.
        """
        said = {c["class"]: c["standing"] for c in classes if c["standing"] != "unmeasured"}
        own = self.quality | {a: said[a] for a in self.eu10 if a in said}
        return self.model_copy(update={"standing": said.get("all", self.standing), "quality": own})
