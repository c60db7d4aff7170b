"""Everything published side by side - covers and parts, groups and works that changed, quarters in
any order, networks of countries - gives no count of 1 to 4 back.
"""

import os

import pytest

from coauth import public
from coauth.public import Rounding
from tests.support.attacker import Year, arrangement, attack, bounded, certain, pinned
from tests.support.public_worlds import tables, with_groups, works

WORLDS = int(os.environ.get("COAUTH_WORLDS", "12"))
"""`python -m tests.studies.disclosure` takes as many as it is told."""


def test_no_small_count_is_pinned_in_any_arrangement(asked):
    wanted = 0
    for seed in range(WORLDS):
        ranges = attack(*arrangement(seed, asked))
        assert pinned(ranges) == {}, seed
        wanted += len(ranges)
    assert wanted > 10 * WORLDS


@pytest.fixture
def three_parts(asked):
    """Three groups of four works each, and a cover of all three: twelve works."""
    own = with_groups(asked, (2020, 2020), cover="US DE SE", usa="US", germany="DE", sweden="SE")
    return [w for c in ("US", "DE", "SE") for w in works(2020, 4, c)], own


def test_the_attacker_wins_against_bounded_rounding(three_parts):
    """Where a cover reads 15 and can be no less than 11, parts that read "<5" are 3 or 4: the
    attacker who takes our numbers for such ones pins them, and is misled by one in five.
    """
    some, own = three_parts
    counted, pins = tables(some, own), []
    for secret in range(60):
        edition = public.edition(counted, own, Rounding(bytes([secret])))
        (cover,) = (
            r["works"] for r in edition["copublications"].to_pylist() if r["group_id"] == "cover"
        )
        if cover == 15:
            pins.append(attack([(some, own, edition)], 0, bounded)[0, 2020, "usa"])
            least, most = attack([(some, own, edition)], 0)[0, 2020, "usa"]
            assert (least, most > 100) == (1, True)
    assert pins
    assert set(pins) == {(3, 4)}


def test_the_attacker_wins_where_a_threshold_is_sharp():
    """Of two parts of a sum that is told at all, one of which is 2 at most, the other is 3 or 4."""
    known = Year(2020, 1, 0)
    usa, germany = (lambda w, c=c: c in w.countries for c in ("US", "DE"))
    for members, least, most in (
        (lambda w: usa(w) or germany(w), *bounded(5)),
        (usa, *bounded(None)),
        (germany, 1, 2),
    ):
        known.rows.append((known.row(0, members), least, most))
    assert known.range(0, usa) == (3, 4)
    known.rows[1:] = [(known.row(0, p), *certain(None)) for p in (usa, germany)]
    assert known.range(0, usa)[0] == 1


def test_the_same_cell_is_the_same_number_in_every_edition(asked):
    """A group called otherwise, in another place, in another edition."""
    some = works(2020, 33, "US") + works(2020, 17, "CN") + works(2021, 8, "US")
    one = with_groups(asked, (2020, 2021), usa="US", china="CN")
    two = with_groups(asked, (2020, 2021), america="US", all="US CN")
    secret = Rounding(b"a secret")
    told = [
        {
            (r["group_id"], r["year"]): r["works"]
            for r in public.edition(tables(some, own), own, secret)["copublications"].to_pylist()
            if r["basis"] != "institution"
        }
        for own in (one, two)
    ]
    assert {y: told[0]["usa", y] for y in (2020, 2021)} == {
        y: told[1]["america", y] for y in (2020, 2021)
    }
    assert told[1]["all", 2020] == told[0]["international", 2020] == told[1]["international", 2020]
