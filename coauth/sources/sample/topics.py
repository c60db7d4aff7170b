"""What the works are about: real OpenAlex topics, drawn by field."""

from functools import cache
from itertools import accumulate
from typing import Any

from coauth.sources.sample.atlas import Urn, world
from coauth.sources.sample.random import Chance

_PHYSICAL = 3  # OpenAlex's domain of the physical sciences, engineering included
_ENGINEERING = 22


@cache
def rows() -> list[list[Any]]:
    """Topic, name, subfield, its name, field [, core or gated, phrase]; the last two for critical
    technologies only.
    """
    table: list[list[Any]] = world()["topics"]["rows"]
    return table


def row_of(topic: str) -> int:
    return next(i for i, row in enumerate(rows()) if row[0] == topic)


def phrase(row: int) -> str | None:
    """A phrase of the critical technology that the topic is core or gated for."""
    return rows()[row][6] if len(rows()[row]) > 6 else None


def domain_of(row: int) -> int:
    return _domains()[rows()[row][4]]


def any_topic(chance: Chance) -> int:
    """A topic of a field drawn by Denmark's weights."""
    fields = _fields()
    return chance.one_of(_by_field()[fields.members[chance.weighted(fields.cumulative)]])


def technical_topic(chance: Chance) -> int:
    """What works with the seven MIIT universities are about: mostly critical technologies, else
    engineering.
    """
    critical = [i for i in range(len(rows())) if phrase(i) and domain_of(i) == _PHYSICAL]
    return chance.one_of(critical if chance.happens(0.65) else _by_field()[_ENGINEERING])


def beside(first: int, chance: Chance) -> tuple[int, ...]:
    """The topic and up to two more, mostly of its field: what OpenAlex lists as `topics`."""
    chosen = [first]
    for _ in range(chance.below(3)):
        extra = (
            chance.one_of(_by_field()[rows()[first][4]])
            if chance.happens(0.7)
            else any_topic(chance)
        )
        if extra not in chosen:
            chosen.append(extra)
    return tuple(chosen)


@cache
def _domains() -> dict[int, int]:
    return {field["id"]: field["domain"] for field in world()["topics"]["fields"]}


@cache
def _by_field() -> dict[int, list[int]]:
    return {field: [i for i, row in enumerate(rows()) if row[4] == field] for field in _domains()}


@cache
def _fields() -> Urn:
    fields = world()["topics"]["fields"]
    return Urn(tuple(f["id"] for f in fields), tuple(accumulate(f["weight"] for f in fields)))
