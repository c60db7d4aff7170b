"""`institutions.toml`: how harvested institutions become the nodes of the graph."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field, model_validator

from coauth.queries.strict import Ror, Strict, told_twice


class _Rule(Strict):
    institution: Ror
    name: str = Field(description="in words, for the reader; matching is by ROR")
    source: str


class Successor(_Rule):
    """An institution whose works count for another: merged, renamed or withdrawn."""

    successor: Ror


class Component(_Rule):
    """A part of an organisation that has a record of its own: its works count for the whole."""

    part_of: Ror


class Joint(_Rule):
    """An institution shared by several organisations: each has its weight of it."""

    weights: dict[Ror, Annotated[float, Field(gt=0, lt=1)]]

    @model_validator(mode="after")
    def _whole(self) -> Joint:
        if abs((total := math.fsum(self.weights.values())) - 1) > 1e-9:
            raise ValueError(f"weights: sum to {total:.12g}, not to 1: {self.name}")
        return self


class Associated(_Rule):
    """A partner, first of all an academic hospital, that counts for a university on the works the
    university is on too.
    """

    universities: tuple[Ror, ...] = Field(min_length=1)


class Parent(_Rule):
    """An owner that ROR does not give as a parent; it only extends the lineage."""

    parent: Ror


class RollUp(Strict):
    """`institutions.toml`: how harvested institutions become the nodes of the graph."""

    drop_ancestors: bool = Field(
        description="an ancestor beside its descendant on one authorship is dropped"
    )
    aliases: dict[str, Ror] = Field(
        default={}, description="short names a person may type; results never match by name"
    )
    successors: tuple[Successor, ...] = ()
    components: tuple[Component, ...] = ()
    joint: tuple[Joint, ...] = ()
    associated: tuple[Associated, ...] = ()
    parents: tuple[Parent, ...] = ()

    @property
    def into(self) -> dict[str, str]:
        """ROR of every institution that counts wholly for one other -> ROR of that other."""
        return {s.institution: s.successor for s in self.successors} | {
            c.institution: c.part_of for c in self.components
        }

    @model_validator(mode="after")
    def _single_step(self) -> RollUp:
        """Every rule points straight to where the works end up, and an institution follows one
        rule: their order cannot matter.
        """
        rules: dict[str, tuple[_Rule, ...]] = {
            "successors": self.successors,
            "components": self.components,
            "joint": self.joint,
            "associated": self.associated,
        }
        targets = {
            "successors": {s.successor for s in self.successors},
            "components": {c.part_of for c in self.components},
            "joint": {r for j in self.joint for r in j.weights},
            "associated": {u for a in self.associated for u in a.universities},
        }
        faults = [
            t
            for key, listed in rules.items()
            if (t := told_twice(key, [r.institution for r in listed]))
        ]
        faults += [
            t
            for a in self.associated
            if (t := told_twice(f"associated: {a.name}: universities", list(a.universities)))
        ]
        moved: dict[str, str] = {}
        for key, listed in rules.items():
            for ror in sorted({r.institution for r in listed}):
                if (other := moved.setdefault(ror, key)) != key:
                    faults.append(
                        f"{key}: {ror} is under {other} too; one institution follows one rule"
                    )
        for key, wanted in targets.items():
            straight = (
                _STRAIGHT
                if key == "associated"
                else {k: v for k, v in _STRAIGHT.items() if k != "associated"}
            )
            faults += [
                f"{key}: {r} is itself {straight[moved[r]]}"
                for r in sorted(wanted)
                if moved.get(r) in straight
            ]
        if faults:
            raise ValueError("; ".join(faults))
        return self


_STRAIGHT = {
    "successors": "succeeded; point straight to the last one",
    "components": "a component; point straight to the whole",
    "joint": "joint; point straight to its owners",
    "associated": "associated; point straight to the university",
}
