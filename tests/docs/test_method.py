"""The method note says what the code does: its constants are those of queries/ and of the files it
names, in both languages.
"""

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from coauth.stats import autoregression, completeness, overdispersion
from coauth.stats.counting import Counting
from coauth.stats.incidence import ONE, incidence
from tests.support.toy_worlds import QUERIES, asked, centralities, tables

NOTES = {
    language: (
        Path(overdispersion.__file__).parents[1] / "docs" / f"method.{language}.md"
    ).read_text("utf-8")
    for language in ("en", "da")
}
MEASURES = QUERIES.measures
CONSTANTS = {
    "K": (rf"K = {QUERIES.scope.max_institutions} ", rf"K = {QUERIES.scope.max_institutions} "),
    "window": (rf"windows of {MEASURES.window} years", rf"vinduer på {MEASURES.window} år"),
    "replicates": (rf"\b{MEASURES.replicates} replicates", rf"\b{MEASURES.replicates} replikater"),
    "percentiles": (
        rf"{50 * (1 - MEASURES.confidence):g} and {50 * (1 + MEASURES.confidence):g}",
        "2,5 og 97,5",
    ),
    "prior of dispersion": (
        rf"PRIOR = {overdispersion.PRIOR:g} ",
        rf"PRIOR = {overdispersion.PRIOR:g} ",
    ),
    "freedom": (
        rf"ν \+ {overdispersion.PRIOR:g} degrees",
        rf"ν \+ {overdispersion.PRIOR:g} frihedsgrader",
    ),
    "smallest publisher": (
        rf"SMALLEST = {completeness.SMALLEST} ",
        rf"SMALLEST = {completeness.SMALLEST} ",
    ),
    "roster": (
        rf"at least {MEASURES.roster_min_works} collaborative works",
        rf"mindst {MEASURES.roster_min_works} samarbejdsværker",
    ),
    "false discovery": (
        rf"q ≤ {MEASURES.false_discovery_rate:g}",
        rf"q ≤ {MEASURES.false_discovery_rate:g}",
    ),
    "jump": (
        rf"more than {100 * MEASURES.partial_jump:g} points, z > {MEASURES.partial_jump_z:g}",
        rf"mere end {100 * MEASURES.partial_jump:g} point, z > {MEASURES.partial_jump_z:g}",
    ),
    "permutations": (
        rf"{MEASURES.permutations} times the roster",
        rf"{MEASURES.permutations} gange kredsen",
    ),
    "spread": (
        rf"σ up to {autoregression.SIGMA_GRID[-1]:g}",
        rf"σ op til {autoregression.SIGMA_GRID[-1]:g}",
    ),
    "autocorrelation": (
        rf"ρ up to {autoregression.RHO_GRID[-1]:g}",
        rf"ρ op til {autoregression.RHO_GRID[-1]:g}",
    ),
}


@pytest.mark.parametrize("constant", CONSTANTS)
@pytest.mark.parametrize("language", NOTES)
def test_constants_are_the_codes(language, constant):
    pattern = CONSTANTS[constant][language == "da"]
    if language == "da":
        pattern = re.sub(r"(?<=\d)\.(?=\d)", ",", pattern)
    assert re.search(pattern, " ".join(NOTES[language].split())), pattern


def test_both_languages_cite_the_same():
    """And name the same files."""
    for what in (r"10\.\d{4,}/[^\s,);]+", r"`[\w/]+\.(?:py|md|toml)`"):
        cited = {language: sorted(re.findall(what, note)) for language, note in NOTES.items()}
        assert cited["en"] == cited["da"]
        assert cited["en"]


def test_the_example_by_hand():
    """The note's three works, measured by the program: weights, strengths, participation, exposure."""
    works = [{"on": "A b"}, {"on": "A b c"}, {"on": "A c"}]
    world = incidence(*tables(works)[:2])
    counts = {rule: Counting.of(world, rule) for rule in ("newman", "strict")}
    weights = {rule: c.project().toarray() / ONE for rule, c in counts.items()}
    assert weights["newman"][np.triu_indices(3, 1)].tolist() == [1.5, 1.5, 0.5]
    assert counts["newman"].strength.sum(axis=1).tolist() == [3, 2, 2]
    assert weights["strict"][np.triu_indices(3, 1)] == pytest.approx([4 / 3, 4 / 3, 1 / 3])
    places = {"institution_id": ["A", "b", "c"], "country_code": ["DK", "SE", "CN"]}
    rows, _ = centralities(
        *tables(works),
        *asked(measures=("strength_share", "participation", "exposure"), resampled=()),
        pa.table(places),
        pa.table({"institution_id": ["c"]}),
    )
    values = {
        r["measure"]: r["value"]
        for r in rows.to_pylist()
        if (r["institution_id"], r["counting"], r["variant"]) == ("A", "newman", "k")
    }
    assert values == pytest.approx({"strength_share": 3 / 7, "participation": 0.5, "exposure": 0.5})
    for language, half in (("en", "= 0.5"), ("da", "= 0,5")):
        assert NOTES[language].count(half) == 2
        assert "3/7" in NOTES[language]


@pytest.mark.parametrize("language", NOTES)
def test_a_page_and_files_that_exist(language):
    assert len(NOTES[language].split()) < 1450
    coauth = Path(overdispersion.__file__).parents[1]
    for name in re.findall(r"`([\w/]+)(?:/|\.py)`", NOTES[language]):
        assert (coauth / name).is_dir() or (coauth / f"{name}.py").is_file(), name
