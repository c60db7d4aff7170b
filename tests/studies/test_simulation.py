"""The simulation study runs, and its worlds are what they are said to be; what it found is in
simulation/RESULTS.md.
"""

import re
from dataclasses import replace

import numpy as np
import pytest

from coauth.tables.schemas import AFFILIATIONS, WORKS
from tests.studies.simulation import bursts, periods, results, study, worlds
from tests.studies.simulation.worlds import AFTER, BEFORE, Design, tables
from tests.support import toy_worlds

pytestmark = pytest.mark.filterwarnings("error")


def works_of(seed, name, window, **design):
    works, affiliations, _ = tables(seed, Design(**design))
    inside = [
        w
        for w, y in zip(works["work_id"].to_pylist(), works["year"].to_pylist(), strict=True)
        if window[0] <= y <= window[1]
    ]
    mine = affiliations.filter([n == name for n in affiliations["institution_id"].to_pylist()])[
        "work_id"
    ].to_pylist()
    return len(set(inside) & set(mine))


def test_worlds_keep_the_contracts():
    works, affiliations, _ = tables(1)
    assert WORKS.check(works).num_rows > 7 * 500
    assert AFFILIATIONS.check(affiliations)["author_share"].to_numpy().min() > 0
    assert tables(1)[0].equals(works)
    assert not tables(2)[0].equals(works)


def test_a_planted_fall_is_one():
    """Half of D00's works go to small foreign institutions; before, and for others, nothing
    changes.
    """
    shift = {"D00": -0.5}
    assert works_of(3, "D00", BEFORE, shift=shift) == works_of(3, "D00", BEFORE)
    assert works_of(3, "D00", AFTER, shift=shift) / works_of(3, "D00", AFTER) == pytest.approx(
        0.5, abs=0.08
    )
    assert works_of(3, "D01", AFTER, shift=shift) == works_of(3, "D01", AFTER)


def test_a_planted_rise_is_one():
    assert works_of(3, "D04", AFTER, shift={"D04": 0.5}) / works_of(
        3, "D04", AFTER
    ) == pytest.approx(1.5, abs=0.1)


def test_metadata_are_lost_where_said():
    """Publisher Q from 2022 on, or the strings of one institution; works before are complete."""
    for design in (Design(after=(0.1, 1.0)), Design(unmatched=("D03",))):
        works = tables(4, design)[0].to_pandas()
        partial = works["affiliation_status"] == "partial"
        assert not partial[works["year"] < 2022].any()
        assert partial[works["year"] >= 2022].mean() > 0.03
        if not design.unmatched:
            assert set(works[partial]["publisher"]) == {"Q"}


def test_whole_works_vanish_where_said():
    """What would be partial is not there, and nothing else is touched."""
    lossy = Design(after=(0.4, 0.9))
    partial, vanished = (tables(4, design)[0] for design in (lossy, replace(lossy, vanish=True)))
    assert set(vanished["affiliation_status"].to_pylist()) == {"complete"}
    assert vanished.num_rows == partial["affiliation_status"].to_pylist().count("complete")


def test_the_confirmation_is_another_country():
    """Other sizes, other draws; its overall coverage is near what was documented, 88 and 68 %."""
    assert worlds.CONFIRMATION.seed != worlds.DEVELOPMENT.seed
    works = tables(900_000, study.LOSSES["as documented"], worlds.CONFIRMATION)[0].to_pandas()
    complete = (works["affiliation_status"] == "complete").groupby(works["year"] >= AFTER[0]).mean()
    assert complete.tolist() == pytest.approx([0.88, 0.68], abs=0.02)


def test_an_oracle_knows_the_weights():
    """One over the chance that the design gives, for complete works."""
    design = study.LOSSES["as documented"]
    works = tables(6, design)[0]
    weights, about = (
        study._known(design)(works),
        works.select(["publisher", "year", "affiliation_status"]).to_pandas(),
    )
    assert (weights == 0).tolist() == (about["affiliation_status"] != "complete").tolist()
    late = (about["publisher"] == "Q") & (about["year"] >= AFTER[0]) & (weights > 0)
    assert set(weights[late]) == {1 / 0.386}


def test_the_study_counts_what_it_sees():
    """A handful of worlds: shares that are shares, a half fall found in most of them, and coverage
    that is no accident.
    """
    quiet, shifted = study.Tally(), study.Tally()
    study.coverage([study.unshifted(seed, quiet, worlds.DEVELOPMENT) for seed in (1, 2)], quiet)
    tally = {what: mean for what, mean, _, _ in quiet.rows()}
    assert {what[0] for what in tally} == {*study.VOLUME, *study.RATIOS}
    assert all(0.8 <= share <= 1 for what, share in tally.items() if what[1] in ("value", "change"))
    study.shifted(0, shifted, worlds.DEVELOPMENT)
    found = {what: mean for what, mean, _, _ in shifted.rows()}
    assert found["strength_share", "no loss", "50%", "50 to 100 works a year"] >= 0.5
    assert {what[1] for what in found} == {
        "no loss",
        *study.LOSSES,
        *(f"{name}, oracle" for name in study.LOSSES),
    }


def test_a_ratio_and_its_error():
    """Of means over the worlds that both have; no error where the one is always half of the other."""
    tally = study.Tally()
    for seed, share in enumerate([0.2, 0.4, 0.6]):
        tally.add(("all",), share, seed)
        tally.add(("half",), share / 2, seed)
    tally.add(("all",), 1.0, 9)
    assert tally.ratio(("half",), ("all",)) == pytest.approx((0.5, 0.0, 3))


@pytest.mark.parametrize("country", ["development", "confirmation"])
def test_the_study_of_paths_sees_what_it_says(country, monkeypatch):
    """Of one world: values in order with their ends for all of the roster, changes where both
    windows were looked at, and none else.
    """
    from tests.studies.simulation import paths

    monkeypatch.setattr(
        paths, "SETTING", paths.SETTING.model_copy(update={"replicates": 20, "path_replicates": 20})
    )
    seen, changes, roster = paths.look(1, 1, False, country)
    assert {(m, at) for m, at in seen if m in ("harmonic", "betweenness")} == {
        ("harmonic", 1),
        ("betweenness", 1),
    }
    assert set(changes) == {"eigenvector", "degree_rarefied"}
    assert roster.sum() > 20
    for value, low, high in seen.values():
        known = ~np.isnan(value)
        assert known[roster].mean() > 0.8
        assert (low[known] <= high[known]).all()
    assert "| betweenness | value |" in paths.written(paths.study(2, 1, country), country)


def test_what_misses_has_no_interval():
    """A measure whose coverage fails in the study's table is not among those that get an interval,
    and each that gets one is in a table.
    """
    page = results.PAGE.read_text("utf-8") + results.PAGE.with_name("PATHS.md").read_text("utf-8")
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in page.splitlines()
        if line.startswith("|")
    ]
    covered = [row for row in rows if len(row) == 5 and re.match(r"(value|change)\b", row[1])]
    assert {row[0] for row in covered} >= set(toy_worlds.QUERIES.measures.resampled)
    failed = {row[0] for row in covered if row[4] == "fails" and row[1] in ("value", "change")}
    assert not failed & set(toy_worlds.QUERIES.measures.resampled), failed


def test_sums_of_years_are_tallied():
    """Every cell has its world; the page says of each whether it holds."""
    tally = periods.Tally()
    for seed in (0, 4):
        tally.add(seed)
    assert {len(worlds) for worlds in tally.results.values()} == {2}
    assert {len(families) for families in tally.families.values()} == {2}
    page = periods.table(tally, lambda head, lines: f"{len(head)} {len(lines)}", (0.93, 0.97), 0.05)
    assert page.startswith("## Sums of years and their changes (asked: 93%–97%")


@pytest.mark.parametrize("part", bursts.SECTIONS)
def test_the_study_of_bursts_runs(part, capsys):
    """On two worlds, and writes nothing."""
    before = bursts.PAGE.read_bytes()
    bursts.main(["--quick", "--only", part])
    assert capsys.readouterr().out.startswith("## ")
    assert bursts.PAGE.read_bytes() == before
