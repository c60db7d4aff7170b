"""SYNTHETIC worlds whose truth is known: the same country again and again, with other works by chance.

What stays from world to world: who there is, how large, in which fields, with whom each likes to work, which consortia exist and
which publishers each prefers (`COUNTRY`, drawn once). What is left to chance in each world: how many works a year has, how active
each institution is in a year, how often a consortium publishes, and every single work.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from coauth.tables import AFFILIATIONS, WORKS

YEARS = tuple(range(2018, 2025))
BEFORE, AFTER = (2018, 2020), (2022, 2024)
FIELDS = 4
DOMESTIC, FOREIGN, SMALL = 24, 16, 60
NAMES = np.array([*(f"D{i:02d}" for i in range(DOMESTIC)), *(f"f{i:02d}" for i in range(FOREIGN)), *(f"x{i:02d}" for i in range(SMALL))])
LISTED = NAMES[DOMESTIC : DOMESTIC + 8].tolist()
LEADERS = np.arange(DOMESTIC)
FILLERS = np.arange(DOMESTIC + FOREIGN, len(NAMES))
"""Small foreign institutions outside every roster: who falls is replaced by one of them, who rises replaces one, so that the
works of all others stay what they were."""
LEAD_WORKS, CONSORTIUM_WORKS = 520.0, 130.0
"""Expected works a year."""
ACTIVITY, BURSTS, OUTPUT = 0.005, 0.1, 0.001
"""Squared coefficients of variation, year by year, beyond Poisson: of an institution's own works (7 %), of a consortium's
(32 %), of the country's (3 %)."""


@dataclass(frozen=True)
class Design:
    """What happens from 2022 on."""

    shift: dict[str, float] = field(default_factory=dict)
    """institution → −0.25 for a fall by a quarter"""
    kept: float = 1.0
    """part of publisher Q's works that keep the affiliations of others than the leading institution"""
    unmatched: tuple[str, ...] = ()
    """institutions six of ten of whose authors' strings are no longer matched"""


class _Country:
    def __init__(self) -> None:
        draw = np.random.default_rng(2026)
        size = np.concatenate([1 / (np.arange(DOMESTIC) + 3.0), 0.7 / (np.arange(FOREIGN) + 4.0), np.full(SMALL, 0.012)])
        self.lead = size[LEADERS] / size[LEADERS].sum()
        self.fields = draw.dirichlet(np.full(FIELDS, 2.0), DOMESTIC)
        self.liking = np.log(size) + draw.normal(0, 1.0, (DOMESTIC, len(NAMES)))
        self.publishers = np.concatenate([draw.dirichlet([1.5, 4, 4], DOMESTIC - 4), np.tile([0.8, 0.1, 0.1], (4, 1))])
        self.publishers = self.publishers[np.argsort(np.arange(DOMESTIC) * 7 % DOMESTIC)]  # the four at Q are of any size
        teams = draw.integers(3, 10, 30)
        odds = size / size.sum()
        self.consortia = [np.unique([draw.choice(LEADERS, p=self.lead), *draw.choice(len(NAMES), k - 1, False, odds)]) for k in teams]
        self.rates = 1 / (np.arange(30) + 2.0)
        self.rates *= CONSORTIUM_WORKS / self.rates.sum()


COUNTRY = _Country()


def tables(seed: int, design: Design = Design()) -> tuple[pa.Table, pa.Table]:
    """WORKS and AFFILIATIONS of one world."""
    draw = np.random.default_rng([2026, seed])
    year, lead, subject, on = _works(draw)
    late = year >= AFTER[0]
    for name, change in design.shift.items():
        _shift(draw, on, np.flatnonzero(late), subject, int(np.flatnonzero(name == NAMES)[0]), change)
    publisher = (draw.random((len(year), 1)) > COUNTRY.publishers.cumsum(axis=1)[lead]).sum(axis=1)
    authors = np.where(on, draw.integers(1, 4, on.shape), 0)
    matched = authors.copy()
    if design.kept < 1:
        hit = late & (publisher == 0) & (draw.random(len(year)) > design.kept)
        matched[hit] = np.where(np.arange(len(NAMES)) == lead[hit, None], authors[hit], 0)
    for name in design.unmatched:
        column = np.flatnonzero(name == NAMES)[0]
        matched[late, column] = draw.binomial(matched[late, column], 0.4)
    return _written(year, subject, publisher, authors, matched)


def _works(draw: np.random.Generator) -> tuple[np.ndarray, ...]:
    """(year, leading institution, field, works × institutions)."""
    output = draw.gamma(1 / OUTPUT, OUTPUT, len(YEARS))
    active = draw.gamma(1 / ACTIVITY, ACTIVITY, (len(YEARS), DOMESTIC)) * COUNTRY.lead * LEAD_WORKS
    number = draw.poisson(output[:, None, None] * active[:, :, None] * COUNTRY.fields)
    years, leads, subjects = (np.repeat(axis.ravel(), number.ravel()) for axis in np.indices(number.shape))
    others = np.minimum(draw.geometric(0.45, len(years)), 9)  # 2 … 10 institutions with the leading one
    keys = COUNTRY.liking[leads] + draw.gumbel(size=(len(leads), len(NAMES)))  # the largest keys: drawn without replacement
    keys[np.arange(len(leads)), leads] = np.inf
    nearest = np.argpartition(-keys, 9, axis=1)[:, :10]
    ranked = np.take_along_axis(nearest, np.argsort(-np.take_along_axis(keys, nearest, axis=1), axis=1), axis=1)
    on = np.zeros(keys.shape, bool)
    np.put_along_axis(on, ranked, np.arange(10) <= others[:, None], axis=1)
    bursts = draw.gamma(1 / BURSTS, BURSTS, (len(YEARS), len(COUNTRY.consortia)))
    again = draw.poisson(output[:, None] * bursts * COUNTRY.rates)
    when, which = (np.repeat(axis.ravel(), again.ravel()) for axis in np.indices(again.shape))
    teams = np.zeros((len(COUNTRY.consortia), len(NAMES)), bool)
    for row, team in zip(teams, COUNTRY.consortia, strict=True):
        row[team] = True
    heads = np.array([team[0] for team in COUNTRY.consortia])
    return (
        np.array(YEARS)[np.concatenate([years, when])], np.concatenate([leads, heads[which]]),
        np.concatenate([subjects, which % FIELDS]), np.concatenate([on, teams[which]]),
    )  # fmt: skip


def _shift(draw: np.random.Generator, on: np.ndarray, late: np.ndarray, subject: np.ndarray, who: int, change: float) -> None:
    """`who` gives its place on a work to a small foreign institution, or takes one's, as often as said; team sizes stay."""
    for work in late[on[late, who]]:
        if draw.random() >= abs(change):
            continue
        if change < 0:
            on[work, who] = False
            on[work, draw.choice(np.flatnonzero(~on[work, FILLERS])) + FILLERS[0]] = True
        else:
            open_ = late[~on[late, who] & on[late][:, FILLERS].any(axis=1) & (subject[late] == subject[work])]
            place = draw.choice(open_)
            on[place, draw.choice(np.flatnonzero(on[place, FILLERS])) + FILLERS[0]] = False
            on[place, who] = True


def _written(year: np.ndarray, subject: np.ndarray, publisher: np.ndarray, authors: np.ndarray, matched: np.ndarray) -> tuple[pa.Table, pa.Table]:
    n = len(year)
    ids = np.array([f"W{i:06d}" for i in range(n)])
    whole = matched.sum(axis=1) == authors.sum(axis=1)
    same = {"type": "article", "authors_cut": False, "n_countries": 1, "has_company": False, "is_retracted": False, "included": True}
    columns = {
        "work_id": ids, "year": year, "publisher": np.array(["Q", "P", "S"])[publisher], "field_id": (subject + 11).astype(str),
        "n_authors": authors.sum(axis=1), "n_authors_with_institution": matched.sum(axis=1), "n_authors_with_string": matched.sum(axis=1),
        "n_institutions": (matched > 0).sum(axis=1), "affiliation_status": np.where(whole, "complete", "partial"),
    }  # fmt: skip
    columns |= {name: [value] * n for name, value in same.items()}
    rows, places = np.nonzero(matched)
    links = {
        "work_id": ids[rows], "institution_id": NAMES[places], "harvested_ids": [[name] for name in NAMES[places]],
        "author_share": matched[rows, places] / authors.sum(axis=1)[rows], "is_domestic": places < DOMESTIC,
        "strings": [None] * len(rows),
    }  # fmt: skip
    return WORKS.check(_filled(columns, WORKS.schema)), AFFILIATIONS.check(_filled(links, AFFILIATIONS.schema))


def _filled(columns: dict[str, object], schema: pa.Schema) -> pa.Table:
    n = len(columns["work_id"])
    arrays = [pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(n, f.type) for f in schema]
    return pa.table(arrays, schema=schema)
