"""SYNTHETIC worlds whose truth is known: the same country again and again, with other works by
chance.

What stays from world to world: who there is, how large, in which fields, with whom each likes to
work, which consortia exist and which publishers each prefers (a `Country`, drawn once). What is
left to chance in each world: how many works a year has, how active each institution is in a year,
how often a consortium publishes, and every single work.

On `DEVELOPMENT` constants and rules of the method were chosen while its results were looked at.
`CONFIRMATION` was written down, with the designs of `simulation.study`, before any world of it was
made, and nothing was changed for what came out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from coauth.tables.schemas import AFFILIATIONS, MENTIONS, WORKS

YEARS = tuple(range(2018, 2025))
BEFORE, AFTER = (2018, 2020), (2022, 2024)


@dataclass(frozen=True)
class Country:
    """Parameters, and what is drawn from them once."""

    seed: int
    domestic: int
    foreign: int
    small: int
    """small foreign institutions outside every roster (fillers): who falls is replaced by one of
    them, who rises replaces one, so that the works of all others stay what they were
    """
    flat: tuple[float, float]
    """institution of rank r has size 1/(r + flat): domestic, foreign; small flat is a steep country
    """
    fields: int
    taste: float
    """spread of the logs with which an institution prefers partners beyond their size"""
    alone: float
    """chance that a team is not made larger by one"""
    lead_works: float
    consortium_works: float
    """expected works a year"""
    consortia: int
    activity: float
    bursts: float
    output: float
    """squared coefficients of variation, year by year, beyond Poisson: of an institution's own
    works, of a consortium's, of the country's
    """
    prefers: tuple[float, float, float]
    """Dirichlet of an institution's shares of publishers Q, P and S"""
    at_q: int
    """institutions with eight in ten of their works at Q, of any size"""
    tail: float
    """part of the works of P and S that 40 small publishers have instead, of harmonic sizes"""

    @cached_property
    def names(self) -> np.ndarray:
        kinds = (("D", self.domestic), ("f", self.foreign), ("x", self.small))
        return np.array([f"{letter}{i:02d}" for letter, n in kinds for i in range(n)])

    @cached_property
    def listed(self) -> list[str]:
        return self.names[self.domestic : self.domestic + self.foreign // 2].tolist()

    @cached_property
    def fillers(self) -> np.ndarray:
        return np.arange(self.domestic + self.foreign, len(self.names))

    @cached_property
    def drawn(self) -> _Drawn:
        return _Drawn(self)

    @property
    def hardest_hit(self) -> frozenset[str]:
        return frozenset(self.names[: self.domestic][self.drawn.publishers[:, 0] > 0.6])


class _Drawn:
    def __init__(self, country: Country) -> None:
        n, draw = country.domestic, np.random.default_rng(country.seed)
        flat = country.flat
        size = np.concatenate(
            [
                1 / (np.arange(n) + flat[0]),
                0.7 / (np.arange(country.foreign) + flat[1]),
                np.full(country.small, 0.012),
            ]
        )
        self.lead = size[:n] / size[:n].sum()
        self.fields = draw.dirichlet(np.full(country.fields, 2.0), n)
        self.liking = np.log(size) + draw.normal(0, country.taste, (n, len(size)))
        mostly = np.tile([0.8, 0.1, 0.1], (country.at_q, 1))
        self.publishers = np.concatenate(
            [draw.dirichlet(country.prefers, n - country.at_q), mostly]
        )
        self.publishers = self.publishers[
            np.argsort(np.arange(n) * 7 % n)
        ]  # those at Q are of any size
        teams = draw.integers(3, 10, country.consortia)
        odds = size / size.sum()
        self.consortia = [
            np.unique([draw.choice(n, p=self.lead), *draw.choice(len(size), k - 1, False, odds)])
            for k in teams
        ]
        self.rates = 1 / (np.arange(country.consortia) + 2.0)
        self.rates *= country.consortium_works / self.rates.sum()


DEVELOPMENT = Country(
    seed=2026,
    domestic=24,
    foreign=16,
    small=60,
    flat=(3.0, 4.0),
    fields=4,
    taste=1.0,
    alone=0.45,
    lead_works=520.0,
    consortium_works=130.0,
    consortia=30,
    activity=0.005,
    bursts=0.1,
    output=0.001,
    prefers=(1.5, 4.0, 4.0),
    at_q=4,
    tail=0.0,
)
CONFIRMATION = Country(
    seed=271828,
    domestic=31,
    foreign=20,
    small=80,
    flat=(2.0, 3.0),
    fields=6,
    taste=0.8,
    alone=0.5,
    lead_works=600.0,
    consortium_works=180.0,
    consortia=40,
    activity=0.008,
    bursts=0.15,
    output=0.0015,
    prefers=(3.0, 4.0, 4.0),
    at_q=5,
    tail=0.2,
)
"""Larger, steeper, burstier than `DEVELOPMENT`, with more fields and many small publishers."""

Kept = tuple[float, float]
"""Chance that a work keeps all its affiliations: at publisher Q, at all others. One that does not
keeps those of the leading institution alone.
"""
EVERYTHING: Kept = (1.0, 1.0)


@dataclass(frozen=True)
class Design:
    """What happens from 2022 on, and what is lost."""

    shift: dict[str, float] = field(default_factory=dict)
    """institution → −0.25 for a fall by a quarter"""
    before: Kept = EVERYTHING
    after: Kept = EVERYTHING
    """from 2022 on"""
    vanish: bool = False
    """works that do not keep all affiliations lose every one, and are never harvested"""
    unmatched: tuple[str, ...] = ()
    """institutions six of ten of whose authors' strings are no longer matched"""
    strings: dict[str, float] = field(default_factory=dict)
    """institution → part of its works on which none of its strings is matched any more; a work
    without any domestic institution left is never harvested
    """
    silent: bool = False
    """such strings are not on the records either"""
    moved: dict[tuple[str, str], float] = field(default_factory=dict)
    """(institution, other id) → part of its works that stand under the other id"""
    fewer_before: float = 0.0
    """part of the works before 2022 that never were: a country that only grows"""

    def chance(self, year: np.ndarray, at_q: np.ndarray) -> np.ndarray:
        """P(complete) of works."""
        return np.where(year < AFTER[0], np.where(at_q, *self.before), np.where(at_q, *self.after))


class World(NamedTuple):
    works: pa.Table
    affiliations: pa.Table
    mentions: pa.Table
    """of institutions whose strings are on works and no longer matched"""


def tables(seed: int, design: Design = Design(), country: Country = DEVELOPMENT) -> World:
    """WORKS, AFFILIATIONS and MENTIONS of one world."""
    draw = np.random.default_rng([country.seed, seed])
    year, lead, subject, on = _works(draw, country)
    late = year >= AFTER[0]
    for name, change in design.shift.items():
        _shift(
            draw,
            on,
            np.flatnonzero(late),
            subject,
            int(np.flatnonzero(name == country.names)[0]),
            change,
            country.fillers,
        )
    publisher = (draw.random((len(year), 1)) > country.drawn.publishers.cumsum(axis=1)[lead]).sum(
        axis=1
    )
    elsewhere = (publisher > 0) & (draw.random(len(year)) < country.tail)
    publisher[elsewhere] = (
        3 + np.minimum(np.exp(draw.random(elsewhere.sum()) * np.log(41)).astype(int), 40) - 1
    )
    authors = np.where(on, draw.integers(1, 4, on.shape), 0)
    matched = authors.copy()
    lost = draw.random(len(year)) >= design.chance(year, publisher == 0)
    matched[lost] = np.where(np.arange(len(country.names)) == lead[lost, None], authors[lost], 0)
    for name in design.unmatched:
        column = np.flatnonzero(name == country.names)[0]
        matched[late, column] = draw.binomial(matched[late, column], 0.4)
    seen = ~lost if design.vanish else np.ones(len(year), bool)
    fresh = [other for _, other in design.moved if other not in country.names]
    names = np.array([*country.names, *fresh])
    authors, matched = (np.pad(counts, ((0, 0), (0, len(fresh)))) for counts in (authors, matched))
    column_of = {name: n for n, name in enumerate(names)}
    for name, part in design.strings.items():
        matched[late & (draw.random(len(year)) < part), column_of[name]] = 0
    for (name, other), part in design.moved.items():
        rows = np.flatnonzero(late & (draw.random(len(year)) < part))
        for counts in (authors, matched):
            counts[rows, column_of[other]] += counts[rows, column_of[name]]
            counts[rows, column_of[name]] = 0
    named = (
        np.isin(names, [] if design.silent else [*design.strings])
        & (authors > 0)
        & (matched == 0)
        & ~lost[:, None]
    )
    if design.strings:
        seen &= matched[:, np.char.startswith(names, "D")].any(axis=1)
    if design.fewer_before:
        seen &= late | (draw.random(len(year)) >= design.fewer_before)
    return _written(
        names, *(column[seen] for column in (year, subject, publisher, authors, matched, named))
    )


def _works(draw: np.random.Generator, country: Country) -> tuple[np.ndarray, ...]:
    """(year, leading institution, field, works × institutions)."""
    drawn = country.drawn
    output = _gamma(draw, country.output, len(YEARS))
    active = (
        _gamma(draw, country.activity, (len(YEARS), country.domestic))
        * drawn.lead
        * country.lead_works
    )
    number = draw.poisson(output[:, None, None] * active[:, :, None] * drawn.fields)
    years, leads, subjects = (
        np.repeat(axis.ravel(), number.ravel()) for axis in np.indices(number.shape)
    )
    others = np.minimum(
        draw.geometric(country.alone, len(years)), 9
    )  # 2 … 10 institutions with the leading one
    keys = drawn.liking[leads] + draw.gumbel(
        size=(len(leads), len(country.names))
    )  # the largest keys: drawn without replacement
    keys[np.arange(len(leads)), leads] = np.inf
    nearest = np.argpartition(-keys, 9, axis=1)[:, :10]
    ranked = np.take_along_axis(
        nearest, np.argsort(-np.take_along_axis(keys, nearest, axis=1), axis=1), axis=1
    )
    on = np.zeros(keys.shape, bool)
    np.put_along_axis(on, ranked, np.arange(10) <= others[:, None], axis=1)
    bursts = _gamma(draw, country.bursts, (len(YEARS), country.consortia))
    again = draw.poisson(output[:, None] * bursts * drawn.rates)
    when, which = (np.repeat(axis.ravel(), again.ravel()) for axis in np.indices(again.shape))
    teams = np.zeros((country.consortia, len(country.names)), bool)
    for row, team in zip(teams, drawn.consortia, strict=True):
        row[team] = True
    heads = np.array([team[0] for team in drawn.consortia])
    return (
        np.array(YEARS)[np.concatenate([years, when])],
        np.concatenate([leads, heads[which]]),
        np.concatenate([subjects, which % country.fields]),
        np.concatenate([on, teams[which]]),
    )


def _gamma(draw: np.random.Generator, spread: float, shape: int | tuple[int, int]) -> np.ndarray:
    """Mean 1, squared coefficient of variation `spread`."""
    return draw.gamma(1 / spread, spread, shape)


def _shift(
    draw: np.random.Generator,
    on: np.ndarray,
    late: np.ndarray,
    subject: np.ndarray,
    who: int,
    change: float,
    fillers: np.ndarray,
) -> None:
    """`who` gives its place on a work to a small foreign institution, or takes one's, as often as
    said; team sizes stay.
    """
    for work in late[on[late, who]]:
        if draw.random() >= abs(change):
            continue
        if change < 0:
            on[work, who] = False
            on[work, draw.choice(np.flatnonzero(~on[work, fillers])) + fillers[0]] = True
        else:
            open_ = late[~on[late, who] & on[late][:, fillers].any(axis=1)]
            alike = open_[subject[open_] == subject[work]]
            place = draw.choice(
                alike if len(alike) else open_
            )  # a small field may have no place left
            on[place, draw.choice(np.flatnonzero(on[place, fillers])) + fillers[0]] = False
            on[place, who] = True


def _written(
    names: np.ndarray,
    year: np.ndarray,
    subject: np.ndarray,
    publisher: np.ndarray,
    authors: np.ndarray,
    matched: np.ndarray,
    named: np.ndarray,
) -> World:
    n = len(year)
    ids = np.array([f"W{i:06d}" for i in range(n)])
    whole = matched.sum(axis=1) == authors.sum(axis=1)
    same = {
        "type": "article",
        "authors_cut": False,
        "n_countries": 1,
        "has_company": False,
        "is_retracted": False,
        "is_preprint": False,
        "included": True,
    }
    columns = {
        "work_id": ids,
        "year": year,
        "publisher": np.array(["Q", "P", "S", *(f"T{i:02d}" for i in range(40))])[publisher],
        "field_id": (subject + 11).astype(str),
        "n_authors": authors.sum(axis=1),
        "n_authors_with_institution": matched.sum(axis=1),
        "n_authors_with_string": matched.sum(axis=1),
        "n_institutions": (matched > 0).sum(axis=1),
        "affiliation_status": np.where(whole, "complete", "partial"),
    }
    columns |= {name: [value] * n for name, value in same.items()}
    rows, places = np.nonzero(matched)
    links = {
        "work_id": ids[rows],
        "institution_id": names[places],
        "harvested_ids": [[name] for name in names[places]],
        "author_share": matched[rows, places] / authors.sum(axis=1)[rows],
        "is_domestic": np.char.startswith(names[places], "D"),
        "strings": [None] * len(rows),
    }
    rows, places = np.nonzero(named)
    known = matched.sum(axis=1) + np.where(named, authors, 0).sum(axis=1)
    mentions = {
        "work_id": ids[rows],
        "institution_id": names[places],
        "is_whole": (known == authors.sum(axis=1))[rows],
    }
    return World(
        WORKS.check(_filled(columns, WORKS.schema)),
        AFFILIATIONS.check(_filled(links, AFFILIATIONS.schema)),
        MENTIONS.check(_filled(mentions, MENTIONS.schema)),
    )


def _filled(columns: dict[str, object], schema: pa.Schema) -> pa.Table:
    n = len(columns["work_id"])
    arrays = [
        pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(n, f.type)
        for f in schema
    ]
    return pa.table(arrays, schema=schema)
