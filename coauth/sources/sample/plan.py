"""Which works the sample world holds: when, of what kind, on what, by how many, from where."""

from __future__ import annotations

import datetime
import math
from functools import cache, lru_cache
from itertools import accumulate
from statistics import NormalDist

from coauth.sources.sample import copies, losses, teams, topics
from coauth.sources.sample.atlas import world
from coauth.sources.sample.effects import (
    EFFECTS,
    FIRST_YEAR,
    LOSS_PUBLISHER,
    LOSS_PUBLISHER_OF_OWN,
    MIIT_WORKS,
    YEARS,
)
from coauth.sources.sample.random import Chance
from coauth.sources.sample.work import MARK, Work

SOLO = 0.5
"""Part of the domestic works that come from one institution alone."""
HYPER = 0.0025
"""Part of all works written by more than 100 authors."""

_TYPES = (
    "article",
    "review",
    "book-chapter",
    "conference-paper",
    "preprint",
    "book",
    "dataset",
    "paratext",
    "erratum",
)
_TYPE_SHARES = tuple(accumulate((79.0, 6, 5, 4.5, 3.2, 1, 0.6, 0.4, 0.3)))
_LAST_PLAIN_TYPE = 4  # planted works are of the first four types: no scope leaves them out

_OPENINGS = (
    "On",
    "Measuring",
    "A model of",
    "New evidence on",
    "Limits of",
    "Towards",
    "A comparison in",
    "Notes on",
)

# Authors a work: log-normal, cut into 2,000 equally likely values, so that drawing one needs no
# logarithm.
_QUANTILES = [NormalDist().inv_cdf((i + 0.5) / 2000) for i in range(2000)]
_AUTHORS_FOREIGN = [max(2, round(6.3 * math.exp(0.72 * z))) for z in _QUANTILES]
_AUTHORS_DOMESTIC = [max(1, round(3.2 * math.exp(0.68 * z))) for z in _QUANTILES]


@lru_cache(maxsize=1)
def works(seed: int) -> tuple[Work, ...]:
    """All works of one world, copies included, sorted by (date, id). Shared between calls: not to
    be changed.
    """
    chance = Chance(seed, "plan")
    planned: list[Work] = []
    for year in YEARS:
        batch = _year(year, len(planned), chance)
        teams.fill(batch, year, chance)
        planned += batch
    losses.strip(planned, Chance(seed, "losses"))
    planned += copies.of(planned, Chance(seed, "copies"))
    return tuple(sorted(planned, key=lambda work: (work.date, work.number)))


def quotas(year: int) -> dict[str, int]:
    """Works of a year by role, and how many of them are `international` and `collaborative`."""
    facts = world()["danish_works"]
    total, foreign = (
        round(facts["scale"] * facts[key][year - FIRST_YEAR]) for key in ("total", "international")
    )
    collaborative = total - round(SOLO * (total - foreign))
    planted = {effect.role: round(effect.share_in(year) * collaborative) for effect in EFFECTS}
    hyper = round(HYPER * total)
    planted |= {
        "miit": MIIT_WORKS[year - FIRST_YEAR],
        "collider": 1,
        "cohort": hyper // 2,
        "survey": (hyper - 1) // 2,
    }
    background = total - sum(planted.values())
    return planted | {
        "background": background,
        "international": foreign,
        "collaborative": collaborative,
    }


def _year(year: int, first_number: int, chance: Chance) -> list[Work]:
    """The works of one year without their institutions."""
    quota = quotas(year)
    international, collaborative = quota.pop("international"), quota.pop("collaborative")
    roles = [role for role, count in quota.items() for _ in range(count)]
    chance.shuffle(roles)
    abroad = ("miit", *teams.CONSORTIA)
    always = sum(quota[role] for role in abroad)
    others = len(roles) - always
    foreign = [True] * (international - always) + [False] * (others - international + always)
    chance.shuffle(foreign)
    batch = []
    for number, role in enumerate(roles, start=first_number + 1):
        batch.append(_work(number, year, role, role in abroad or foreign.pop(), chance))
    _make_solo(batch, len(batch) - collaborative)
    _put_with_main_publisher(batch, chance)
    _force_round_numbers(batch)
    return batch


def _work(number: int, year: int, role: str, foreign: bool, chance: Chance) -> Work:
    plain = role != "background"
    kinds = _TYPE_SHARES[:_LAST_PLAIN_TYPE] if plain else _TYPE_SHARES
    work = Work(
        number=number,
        original=number,
        year=year,
        role=role,
        foreign=foreign,
        publisher=chance.weighted(_publisher_shares(role == "background")),
        authors=chance.one_of(_AUTHORS_FOREIGN if foreign else _AUTHORS_DOMESTIC),
        topics=_topics(role, chance),
        type=_TYPES[chance.weighted(kinds)],
        date=_date(year, chance),
        source=chance.below(8),
        retracted=chance.happens(0.0035) and not plain,
        shows_topics=not chance.happens(0.08),
        has_abstract=chance.happens(0.70),
        has_phrase=chance.happens(0.55),
    )
    if not chance.happens(0.06):
        work.doi = (
            f"https://doi.org/10.5555/sample.{year}.{number:06d}"  # Crossref's prefix for examples
        )
    work.title = _title(work, chance)
    return work


def _date(year: int, chance: Chance) -> datetime.date:
    """A day of the year; 1 January for one record in eight, as where only the year is known."""
    day = 0 if chance.happens(0.12) else chance.below(365)
    return datetime.date(year, 1, 1) + datetime.timedelta(days=day)


def _title(work: Work, chance: Chance) -> str:
    subject = topics.rows()[work.topics[0]][1]
    phrase = topics.phrase(work.topics[0])
    if phrase and work.has_phrase and (not work.has_abstract or chance.happens(0.2)):
        subject = f"{phrase} in {subject}"
    notice = "Retracted: " if work.retracted else ""
    return f"{MARK} {notice}{chance.one_of(_OPENINGS)} {subject}: study {work.number:05d}"


def _topics(role: str, chance: Chance) -> tuple[int, ...]:
    if role in teams.CONSORTIA:
        return (topics.row_of(teams.CONSORTIA[role].topic),)
    first = topics.technical_topic(chance) if role == "miit" else topics.any_topic(chance)
    return topics.beside(first, chance)


@cache
def _publisher_shares(background: bool) -> list[float]:
    """Running sum of publishers' shares, the loss publisher's lowered by what the Publisher Loss
    Institute brings it.

    Planted works always have a source, so that their publisher can be known.
    """
    extra = (
        100 * next(e for e in EFFECTS if e.role == "loss").share[0][1] * 0.8 * LOSS_PUBLISHER_OF_OWN
    )
    shares = []
    for publisher in world()["publishers"]["list"]:
        name = publisher.get("name")
        share = float(publisher["share"]) - (extra if name == LOSS_PUBLISHER else 0)
        shares.append(share if name or background else 0.0)
    return list(accumulate(shares))


def _make_solo(batch: list[Work], count: int) -> None:
    """Let `count` domestic background works come from one institution alone, small teams before
    large ones.
    """
    domestic = [work for work in batch if not work.foreign and work.role == "background"]
    domestic.sort(key=lambda work: (work.authors + work.number % 5, work.number))
    for work in domestic[:count]:
        work.solo = True


def _put_with_main_publisher(batch: list[Work], chance: Chance) -> None:
    """Exactly 85 % of the Publisher Loss Institute's works appear with its main publisher, the
    others anywhere else.
    """
    names = [publisher.get("name") for publisher in world()["publishers"]["list"]]
    own = [work for work in batch if work.role == "loss"]
    main = names.index(LOSS_PUBLISHER)
    for position, work in enumerate(own):
        if position < round(LOSS_PUBLISHER_OF_OWN * len(own)):
            work.publisher = main
        while position >= round(LOSS_PUBLISHER_OF_OWN * len(own)) and work.publisher == main:
            work.publisher = chance.weighted(_publisher_shares(False))


def _force_round_numbers(batch: list[Work]) -> None:
    """One work a year has exactly 100 authors (what a list answer can hold) or 101 (what it
    silently cuts).
    """
    for work in batch:
        if work.role == "background" and work.foreign:
            work.authors = 100 + work.year % 2
            return
