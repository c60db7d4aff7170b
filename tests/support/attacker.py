"""A reader of public editions who wants the counts of 1 to 4 that they do not tell.

He has all editions side by side and knows the rule of rounding, which countries each group of each
edition has, that the listed institution is Chinese, that no work has partners in more than two
countries, and how many works of a year are in one vintage and not in the other. What all this
leaves possible for a count is the range of a linear programme over the works of a year, by partner
countries, list and vintage; a count is a whole number, so the range is cut to whole numbers.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import combinations

import numpy as np
from scipy.optimize import linprog

from coauth import public
from coauth.engine.duck import DuckDB
from coauth.network import aggregate
from coauth.public import Rounding
from tests.support.public_worlds import Work, belongs, change, draw, regroup, series, tables

YEARS = range(2020, 2022)
COUNTRIES = ("CN", "IR", "US", "DE", "SE", "IN")
MANY = math.inf


def kinds(year):
    """A work of every kind there may be."""
    pairs = combinations(COUNTRIES, 2)
    places = [frozenset(), *(frozenset((c,)) for c in COUNTRIES), *map(frozenset, pairs)]
    return [
        Work("", year, p, listed)
        for p in places
        for listed in ((False, True) if "CN" in p else (False,))
    ]


def chances(n):
    """How likely a count is to be published as each number (None: "<5"), straight from the rule."""
    if n < 5:
        return {None if n else 0: 1.0}
    chance = Counter()
    for m, here in ((n // 5, 1 - n % 5 / 5), (n // 5 + 1, n % 5 / 5)):
        chance[m] += 0.8 * here
        for j in range(1, 30):
            d = min(j, m)
            chance[m + j] += 0.2 * here * 3 * 4.0**-j * d / (j + d)
            chance[m - d] += 0.2 * here * 3 * 4.0**-j * j / (j + d)
    return {5 * m or None: p for m, p in chance.items() if p}


def certain(value):
    """The least and the most count that may be published so."""
    return (0, 0) if value == 0 else (1 if value is None else 5, MANY)


def bounded(value):
    """The same, were counts only rounded: to one of the two multiples of 5 beside them."""
    return {None: (1, 4), 0: (0, 0)}.get(value) or (max(5, value - 4), value + 4)


@cache
def likely(value):
    """The least and the most count that is published so at least once in a hundred times."""
    counts = [n for n in range(value + 60 if value else 60) if chances(n).get(value, 0) >= 0.01]
    return counts[0], counts[-1]


@dataclass
class Year:
    """What is known of the works of a year, in vintages 0, 1, …: published counts, as sums of
    unknown numbers of works of each kind.
    """

    year: int
    vintages: int
    changed: int
    """At most so many works are in a vintage and not in all."""
    rows: list = field(default_factory=list)

    def __post_init__(self):
        self.kinds = kinds(self.year)
        for v in range(self.vintages):
            row = np.zeros(self.width)
            row[len(self.kinds) * (v + 1) : len(self.kinds) * (v + 2)] = 1
            self.rows.append((row, 0, self.changed))

    @property
    def width(self):
        """Unknowns: works of each kind in all vintages, then those of each vintage alone."""
        return len(self.kinds) * (1 + self.vintages)

    def row(self, vintage, members):
        row = np.zeros(self.width)
        mine = np.array([bool(members(k)) for k in self.kinds], float)
        row[: len(mine)] = mine
        row[len(mine) * (vintage + 1) : len(mine) * (vintage + 2)] = mine
        return row

    def range(self, vintage, members):
        """The least and the most that a count can be."""
        aim = self.row(vintage, members)
        limits = [(-row, -least) for row, least, _ in self.rows if least]
        limits += [(row, most) for row, _, most in self.rows if most < MANY]
        matrix, ends = map(np.array, zip(*limits, strict=True))
        ends = [linprog(sign * aim, A_ub=matrix, b_ub=ends, bounds=(0, 400)) for sign in (1, -1)]
        assert all(e.success for e in ends), "what is published cannot be true"
        return math.ceil(ends[0].fun - 1e-7), math.floor(-ends[1].fun + 1e-7)


def wanted(queries):
    """What he is after, by name: each series, each country, and what a series has beyond another."""
    named = series(queries)
    alone = {c: (frozenset((c,)), False) for c in COUNTRIES}
    aims = {n: lambda w, of=of: belongs(w, *of) for n, of in (*named.items(), *alone.items())} | {
        "international": lambda w: bool(w.countries)
    }
    for (a, one), (b, other) in combinations(named.items(), 2):
        for x, y, name in ((one, other, f"{a} less {b}"), (other, one, f"{b} less {a}")):
            aims[name] = lambda w, x=x, y=y: belongs(w, *x) and not belongs(w, *y)
    return aims


def attack(editions, changed, rule=certain):
    """{(edition, year, aim): (least, most)} of every true count of 1 to 4.

    `editions`: [(works, queries, published tables)]; two with the same list of works are of one
    vintage. `rule` is what he takes a published number for.
    """
    vintages = list(dict.fromkeys(id(some) for some, *_ in editions))
    scope, ranges = editions[0][1].scope, {}
    for year in range(scope.first_year, scope.last_year + 1):
        known = Year(year, len(vintages), changed)
        for some, queries, published in editions:
            for members, least, most in read(published, queries, year, rule):
                known.rows.append((known.row(vintages.index(id(some)), members), least, most))
        for n, (some, queries, _) in enumerate(editions):
            mine = [w for w in some if w.year == year]
            for name, members in wanted(queries).items():
                if 0 < sum(map(members, mine)) < 5:
                    ranges[n, year, name] = known.range(vintages.index(id(some)), members)
    return ranges


def read(published, queries, year, rule):
    """(which works, the least, the most) of every count of a year that is published."""
    named = series(queries) | {"international": (frozenset(COUNTRIES), False)}
    for r in published["copublications"].to_pylist():
        if r["year"] == year:
            of = named[r["group_id"]]
            yield partial(belongs, countries=of[0], listed=of[1]), *rule(r["works"])
    for r in published["coverage"].to_pylist():
        if r["year"] == year:
            yield (lambda _: True), *rule(r["works"])
    if "edges" in published:  # a network of countries, in which a pair of fewer than 5 is not drawn
        drawn = {
            frozenset((r["source"], r["target"])): r["works_k"]
            for r in published["edges"].to_pylist()
            if r["year"] == year
        }
        for ends in map(frozenset, combinations((*COUNTRIES, "DK"), 2)):
            least, most = rule(drawn[ends]) if ends in drawn else (0, rule(None)[1])
            yield (lambda w, e=ends - {"DK"}: e <= w.countries), least, most


def arrangement(seed, queries):
    """Two vintages and three editions of them, out of order, each by groups of its own and with the
    network of countries; and at most how many works of a year he thinks are in one vintage alone.

    He thinks of four: who knew of two would know that a count which was 0 and now reads "<5" is one
    or two, whatever the rounding.
    """
    rng = np.random.default_rng(seed)
    first = draw(rng, YEARS, kinds)
    vintages = (first, change(rng, first, 2))
    secret = Rounding(seed.to_bytes(4, "big"))
    editions = []
    for n in rng.permutation((0, 1, 1)):
        own = regroup(rng, queries, (YEARS[0], YEARS[-1]), COUNTRIES)
        counted = tables(vintages[n], own)
        published = public.edition(counted, own, secret)
        engine = DuckDB(own.sql, own.tables(), threads=1)
        joined = aggregate.join(counted, aggregate.by_country(counted["institutions"]), engine)
        network = public.public(joined, own, secret)
        editions.append((vintages[n], own, published | {"edges": network["edges"]}))
    return editions, 4


def pinned(ranges, fewer=3):
    """Of which fewer than so many numbers are left."""
    return {name: ends for name, ends in ranges.items() if ends[1] - ends[0] + 1 < fewer}
