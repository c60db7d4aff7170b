"""Works that moved from one id to another are told from a fall and a rise of two institutions."""

import numpy as np
import pyarrow as pa
import pytest

from coauth.stages.shifts.identity import Moves
from coauth.stats.incidence import incidence
from tests.support.toy_worlds import tables

PERIOD = (2018, 2020), (2022, 2024)
HOME = ("A", "B", "C", "D", "E")


def works(rates, seed=0, tastes=0):
    """Works of each of HOME in both windows, with partners and fields of its own liking.

    `rates` gives (name, window): works; 120 where it says nothing.
    """
    draw, liking = np.random.default_rng(seed), np.random.default_rng(tastes)
    partners = np.array([f"p{n:02d}" for n in range(25)])
    likes = {name: liking.dirichlet(np.full(25, 0.4)) for name in HOME}
    fields = {name: liking.dirichlet(np.full(6, 0.6)) for name in HOME}
    rows = []
    for name in HOME:
        for window, year in enumerate((2019, 2023)):
            for label, count in rates.get((name, window), {name: 120}).items():
                for _ in range(count):
                    team = draw.choice(partners, 2, False, likes[name])
                    subject = str(11 + draw.choice(6, p=fields[name]))
                    rows.append({"on": " ".join([label, *team]), "year": year, "field_id": subject})
    return rows


def moves(rows, kin=()):
    """(source, target) of each, where HOME is one country; `kin` are (child, parent) of others."""
    world = incidence(*tables(rows))
    parents = dict(kin)
    described = [
        {
            "institution_id": name,
            "country_code": "DK" if name in HOME else f"X{name}",
            "lineage": [name, *([parents[name]] if name in parents else [])],
        }
        for name in world.institutions
    ]
    table = Moves(world, PERIOD, pa.Table.from_pylist(described))
    return [(move.source, move.target) for move in table.moves]


@pytest.mark.parametrize("seed", range(4))
def test_an_id_that_takes_anothers_place_is_seen(seed):
    """All works of A stand under another id of the country from 2022 on, of which none stood before."""
    rows = [
        row | {"on": row["on"].replace("A", "E")} if row["year"] > 2020 else row
        for row in works({("E", 0): {}, ("E", 1): {}}, seed)
    ]
    assert moves(rows) == [("A", "E")]


@pytest.mark.parametrize("seed", range(4))
def test_part_of_the_works_moved(seed):
    assert moves(works({("A", 1): {"A": 50, "B": 70}}, seed)) == [("A", "B")]


@pytest.mark.parametrize("seed", range(6))
def test_a_fall_and_a_rise_of_their_own_are_none(seed):
    """A halves and B grows by half, each with its own partners in its own fields."""
    assert moves(works({("A", 1): {"A": 60}, ("B", 1): {"B": 180}}, seed)) == []


def test_without_a_fall_there_is_no_move():
    """B grows with A's partners, and A stays."""
    assert moves(works({("A", 1): {"A": 120, "B": 70}})) == []


def test_another_country_is_no_successor_but_kin_is():
    """A foreign id that takes A's works is left alone, unless it is A's parent by lineage."""
    rows = [
        row | {"on": row["on"].replace("A", "x")} if row["year"] > 2020 else row
        for row in works({})
    ]
    assert moves(rows) == []
    assert moves(rows, kin=[("A", "x")]) == [("A", "x")]
