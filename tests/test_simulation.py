"""The simulation study runs, and its worlds are what they are said to be; what it found is in simulation/RESULTS.md."""

import numpy as np
import pytest
from simulation import worlds
from simulation.worlds import AFTER, BEFORE, Design, tables

from coauth.tables import AFFILIATIONS, WORKS

pytestmark = pytest.mark.filterwarnings("error")


def works_of(seed, name, window, **design):
    works, affiliations = tables(seed, Design(**design))
    inside = [w for w, y in zip(works["work_id"].to_pylist(), works["year"].to_pylist(), strict=True) if window[0] <= y <= window[1]]
    mine = affiliations.filter([n == name for n in affiliations["institution_id"].to_pylist()])["work_id"].to_pylist()
    return len(set(inside) & set(mine))


def test_worlds_keep_the_contracts():
    works, affiliations = tables(1)
    assert WORKS.check(works).num_rows > 7 * 500
    assert AFFILIATIONS.check(affiliations)["author_share"].to_numpy().min() > 0
    assert tables(1)[0].equals(works)
    assert not tables(2)[0].equals(works)


def test_a_planted_fall_is_one():
    """Half of D00's works go to small foreign institutions; before, and for others, nothing changes."""
    shift = {"D00": -0.5}
    assert works_of(3, "D00", BEFORE, shift=shift) == works_of(3, "D00", BEFORE)
    assert works_of(3, "D00", AFTER, shift=shift) / works_of(3, "D00", AFTER) == pytest.approx(0.5, abs=0.08)
    assert works_of(3, "D01", AFTER, shift=shift) == works_of(3, "D01", AFTER)


def test_a_planted_rise_is_one():
    assert works_of(3, "D04", AFTER, shift={"D04": 0.5}) / works_of(3, "D04", AFTER) == pytest.approx(1.5, abs=0.1)


def test_metadata_are_lost_where_said():
    """Publisher Q from 2022 on, or the strings of one institution; works before are complete."""
    for design in (Design(kept=0.1), Design(unmatched=("D03",))):
        works = tables(4, design)[0].to_pandas()
        partial = works["affiliation_status"] == "partial"
        assert not partial[works["year"] < 2022].any()
        assert partial[works["year"] >= 2022].mean() > 0.03
        if design.kept < 1:
            assert set(works[partial]["publisher"]) == {"Q"}


def test_the_study_counts_what_it_sees():
    """A handful of worlds: shares that are shares, a half fall found in most of them, and coverage that is no accident."""
    from simulation import study

    silent = lambda line: None  # noqa: E731
    tally = {what: mean for what, mean, _, _ in study.coverage(6, silent).rows()}
    assert {what[0] for what in tally} == set(study.VOLUME)
    assert all(0.85 <= share <= 1 for what, share in tally.items() if what[1] in ("value", "change"))
    found = {what: mean for what, mean, _, _ in study.power(4, silent).rows()}
    assert found["strength_share", "found, called", "50%", "over 100 works a year"] >= 0.5
    assert np.mean([share for what, share in found.items() if what[1].startswith("false")]) <= 0.3
    assert len(worlds.NAMES) == len(set(worlds.NAMES))
