"""Figure 1 beside counts others published: the shipped reference is the data's, and a difference is
found and named.
"""

import csv

import pyarrow as pa
import pytest

from coauth.engine.duck import DuckDB
from coauth.report.data import frames
from coauth.stages import copublications
from coauth.stats import coherence
from coauth.tables import schemas
from tests.support.world import rows

PARTNERS = {(): "DK", ("US",): "US", ("CN",): "CN", ("RU",): "RU", ("IR",): "IR"}
"""Partners of a reference series -> its row in the data it was carried over from (DK: with any
other country).
"""

CHANGES = {"china": "+24.9", "russia": "-28.0", "iran": "-13.5", "usa": "+6.3"}


@pytest.fixture(scope="session")
def published(real_records):
    with (real_records / "reference" / "dk_copublications_by_country_openalex_2024-08.csv").open(
        encoding="utf-8"
    ) as file:
        return {
            row.pop("partner_iso2"): {int(y): int(n) for y, n in row.items()}
            for row in csv.DictReader(file)
        }


def counted(series):
    """`COPUBLICATIONS` with these counts by union."""
    return schemas.COPUBLICATIONS.of(
        {
            "year": y,
            "group_id": g,
            "basis": "union",
            "works": n,
            "works_low": 0.0,
            "works_high": 0.0,
            "base": "international",
            "preliminary": False,
        }
        for g, years in series.items()
        for y, n in years.items()
    )


def reference(asked):
    return next(r for r in asked.references if r.counts)


def there(asked):
    """The shipped counts under the names of Figure 1."""
    names = {
        (): "international",
        ("US",): "usa",
        ("CN",): "china",
        ("RU",): "russia",
        ("IR",): "iran",
    }
    ref = reference(asked)
    return {names[c.partners]: ref.works(c) for c in ref.counts}


def test_the_shipped_counts_are_those_of_the_data(asked, published):
    """Every number of queries/reference is in the data it names, for 2011 to 2023."""
    ref = reference(asked)
    assert {c.partners: ref.works(c) for c in ref.counts} == {
        p: {y: published[row][y] for y in range(2011, 2024)} for p, row in PARTNERS.items()
    }


def test_figure_1_has_the_changes_of_the_reference(asked, published):
    """From that many works in 2020 and 2023, counted like any works: China +24.9 %, Russia −28.0 %,
    Iran −13.5 %, USA +6.3 %.
    """
    columns = {"year": [], "group_id": [], "work_id": []}
    for group, row in {
        "international": "DK",
        "usa": "US",
        "china": "CN",
        "russia": "RU",
        "iran": "IR",
    }.items():
        for year in range(2011, 2024):
            n = published[row][year]
            columns["year"] += [year] * n
            columns["group_id"] += [group] * n
            columns["work_id"] += [f"W{year}{i}" for i in range(n)]
    members = pa.table(columns).append_column("basis", pa.array(["union"] * len(columns["year"])))
    members = members.append_column("author_share", pa.nulls(members.num_rows, pa.float64()))
    engine = DuckDB(asked.sql, asked.tables(), threads=1)
    made = copublications.count(
        schemas.MEMBERSHIPS.check(members), schemas.WORKS.empty(), asked.scope, 0.95, engine
    )
    found = frames.changes({"copublications": made}, list(CHANGES), asked).set_index("group_id")
    assert {g: f"{100 * found['ratio'][g]:+.1f}" for g in CHANGES} == CHANGES
    assert {g: frames.direction(found["low"][g], found["high"][g]) for g in CHANGES} == {
        "china": "rose",
        # more than chance in two Poisson counts, not more than the years of these series vary
        # anyway, which resemble each other
        "russia": "unclear",
        "iran": "unclear",
        "usa": "unclear",
    }


def test_a_vintage_that_agrees(asked):
    """Twelve per cent more of everything, and growth in 2023: same signs, within the tolerance."""
    here = {g: {y: round(n * 1.12) for y, n in years.items()} for g, years in there(asked).items()}
    held = coherence.hold(counted(here), asked, ["DK"])
    assert [h.series for h in held] == ["international", "usa", "china", "russia", "iran"]
    assert all(h.agrees and h.levels_agree and h.sign_agrees for h in held)
    china = held[2]
    assert (china.lowest, china.highest) == (
        pytest.approx(0.12, abs=2e-3),
        pytest.approx(0.12, abs=2e-3),
    )
    assert (
        china.first_year,
        china.last_year,
        round(china.change_there, 3),
        round(china.change_here, 3),
    ) == (2020, 2023, 0.249, 0.249)
    assert china.years[2023] == (3742, 4191)


def test_what_differs_is_found(asked):
    """One year lost, one series turned round, one short by a fifth."""
    here = there(asked)
    here["china"][2016] //= 2
    here["iran"][2023] = 700
    here["russia"] = {y: n * 4 // 5 for y, n in here["russia"].items()}
    found = {
        h.series: (h.levels_agree, h.sign_agrees)
        for h in coherence.hold(counted(here), asked, ["DK"])
    }
    assert found == {
        "international": (True, True),
        "usa": (True, True),
        "china": (False, True),
        "russia": (False, True),
        "iran": (True, False),
    }


def test_2023_may_have_grown(asked):
    """The last year was still growing when the reference was read: its level is not compared, its
    sign is.
    """
    here = there(asked)
    here["china"][2023] *= 2
    assert all(h.agrees for h in coherence.hold(counted(here), asked, ["DK"]))


def test_another_country_has_no_reference(asked):
    """Neither a country the reference is not about, nor Denmark together with another."""
    made = counted(there(asked))
    assert coherence.hold(made, asked, ["SE"]) == coherence.hold(made, asked, ["DK", "SE"]) == []


def test_a_group_of_other_countries_is_another_question(asked):
    """China with Hong Kong under the name of china is held against nothing."""
    groups = [
        g.model_copy(update={"countries": ("CN", "HK")}) if g.id == "china" else g
        for g in asked.groups.group
    ]
    changed = asked.model_copy(
        update={"groups": asked.groups.model_copy(update={"group": tuple(groups)})}
    )
    assert "china" not in {h.series for h in coherence.hold(counted(there(asked)), changed, ["DK"])}


def test_what_is_not_there_is_not_compared(asked):
    """Years outside the scope, years without works and a series without rows make no finding of
    their own.
    """
    late = {
        g: {y: n for y, n in years.items() if y >= 2021}
        for g, years in there(asked).items()
        if g != "usa"
    }
    held = coherence.hold(counted(late), asked, ["DK"])
    assert {(h.levels_agree, h.sign_agrees, h.change_here) for h in held} == {(True, None, None)}
    assert {(h.first_level, h.last_level) for h in held} == {(2021, 2022)}
    assert "usa" not in {h.series for h in held}
    empty = {"iran": dict.fromkeys(range(2011, 2024), 0)}
    nothing = coherence.hold(counted(empty), asked, ["DK"])[0]
    assert (nothing.lowest, nothing.levels_agree, nothing.change_here, nothing.agrees) == (
        -1.0,
        False,
        None,
        False,
    )
    assert coherence.hold(counted({}), asked, ["DK"]) == []


def test_only_figure_1s_own_basis_is_compared(asked):
    """Counts by institution are another series."""
    made = counted(there(asked)).to_pandas()
    by_institution = schemas.COPUBLICATIONS.check(
        pa.Table.from_pandas(made.assign(basis="institution"), preserve_index=False)
    )
    assert coherence.hold(by_institution, asked, ["DK"]) == []
    assert set(rows(counted(there(asked)), "basis")) == {"union"}
