"""The whole road, on the synthetic world: what is planted is found, what is counted is right, and
twice is the same.
"""

import itertools
import json
import subprocess
import sys
from collections import Counter

import pyarrow.parquet as pq
import pytest

from coauth.queries.registry import MEASURES
from coauth.storage import Cache
from tests.support.commands import LATE, contents, every, project


@pytest.fixture(scope="session")
def vintage(sample_root):
    return Cache(sample_root / "cache").find()


@pytest.fixture(scope="session")
def frames(vintage):
    names = (
        "works",
        "affiliations",
        "edges",
        "centrality",
        "shifts",
        "copublications",
        "flags",
        "evidence",
        "institutions",
        "listed",
    )
    return {n: vintage.read(n).to_pandas() for n in names}


@pytest.fixture(scope="session")
def truth(vintage):
    return json.loads((vintage.path / "SYNTHETIC-SAMPLE-truth.json").read_text())


FEW = LATE | {
    "replicates": "100",
    "path_replicates": "100",
    "permutations": "4",
    "null_samples": "40",
}
SCRIPT = """
import sys, datetime, coauth
root, records, threads = sys.argv[1:]
coauth.harvest(root, records=records, as_of=datetime.date(2026, 11, 30))
coauth.build(root, threads=int(threads))
print(coauth.report(root=root, languages=("en",))["report.en"])
"""


def scripted(root, records, threads):
    """All measures of some records, and a report; of each chance as few draws as are allowed. By a
    script without a main guard, as a user writes it, though processes measure paths side by side.
    """
    (project(root, changed=FEW) / "plain.py").write_text(SCRIPT, "utf-8")
    command = [sys.executable, "-W", "error", str(root / "plain.py"), str(root), str(records)]
    done = subprocess.run(
        [*command, threads], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("report.html")
    return root


@pytest.mark.parametrize("nth", [60, pytest.param(1, marks=pytest.mark.whole)])
def test_two_runs_give_the_same_bytes(tmp_path, nth):
    """Same records, queries, seed and versions: every table, export and report is the same, with
    other threads too.
    """
    (tmp_path / "records.jsonl").write_text("\n".join(map(json.dumps, every(nth))))
    first, second = (
        contents(scripted(tmp_path / name, tmp_path / "records.jsonl", threads))
        for name, threads in (("once", "2"), ("again", "1"))
    )
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    assert len(first) > 60


def test_every_file_says_that_it_is_synthetic(sample_root, vintage):
    """A table or export taken out of its folder still says SYNTHETIC SAMPLE."""
    for path in (vintage.path / "tables").glob("*.parquet"):
        if path.stem != "admissions":
            assert pq.read_schema(path).metadata[b"notice"] == b"SYNTHETIC SAMPLE", path.name
    for path in (sample_root / "reports").rglob("*"):
        if path.suffix in {".html", ".gexf", ".svg", ".json"}:
            assert "SYNTHETIC SAMPLE" in path.read_text("utf-8"), path.name
        if path.suffix == ".csv":
            assert path.name.startswith("SYNTHETIC-SAMPLE-")
            assert "SYNTHETIC SAMPLE" in path.read_text("utf-8-sig").split(",")[0].split(";")[0]


def small_collaborative(frames, first, last, most=None):
    works = frames["works"]
    chosen = works[
        works["included"] & (works["n_institutions"] >= 2) & works["year"].between(first, last)
    ]
    return chosen if most is None else chosen[chosen["n_institutions"] <= most]


@pytest.mark.parametrize(("variant", "most"), [("k", 50), ("all", None)])
def test_newman_strength_counts_collaborative_works(frames, variant, most):
    """For every institution and window strength is the number of its works with at least two
    institutions.
    """
    rows = frames["centrality"]
    strength = rows[(rows["measure"] == "strength") & (rows["variant"] == variant)]
    windows = strength[["first_year", "last_year"]].drop_duplicates().itertuples(index=False)
    checked = 0
    for first, last in windows:
        ids = set(small_collaborative(frames, first, last, most)["work_id"])
        members = frames["affiliations"]
        counts = members[members["work_id"].isin(ids)].groupby("institution_id").size()
        values = strength[
            (strength["first_year"] == first) & (strength["last_year"] == last)
        ].set_index("institution_id")["value"]
        assert set(values.index) == set(counts.index)
        assert ((values - counts[values.index]).abs() <= 1e-9 * counts[values.index]).all()
        checked += len(values)
    assert checked > 5_000


def test_edges_equal_a_brute_force_count(frames):
    """Pair counts and weights equal those counted in plain Python, work by work."""
    works = small_collaborative(frames, 2011, 2024).set_index("work_id")
    members = frames["affiliations"].groupby("work_id")["institution_id"].agg(list)
    counts, weights = Counter(), Counter()
    for work_id, year in works["year"].items():
        institutions = sorted(members[work_id])
        for a, b in itertools.combinations(institutions, 2):
            counts[year, a, b] += 1
            weights[year, a, b] += 1 / (len(institutions) - 1)
    edges = frames["edges"]
    keys = list(zip(edges["year"], edges["source"], edges["target"], strict=True))
    assert dict(zip(keys, edges["works"], strict=True)) == dict(counts)
    assert max(abs(w - weights[k]) for k, w in zip(keys, edges["weight"], strict=True)) < 1e-9


def test_look_alikes_carry_no_flag(frames, truth):
    """Institutions that only resemble a listed one are in the data and in no list."""
    alike = {i.rsplit("/", 1)[-1] for i in _ids(truth["lookalikes"])}
    assert alike & set(frames["institutions"]["institution_id"])
    assert not alike & set(frames["listed"]["institution_id"])
    evidence = frames["evidence"]
    assert not alike & set(evidence.loc[evidence["kind"] == "watchlist", "matched_id"])


def _ids(node):
    """Every OpenAlex institution id in a piece of the truth file."""
    if isinstance(node, dict):
        return [i for v in (*node.keys(), *node.values()) for i in _ids(v)]
    if isinstance(node, list):
        return [i for v in node for i in _ids(v)]
    short = str(node).rsplit("/", 1)[-1]
    return [short] if short.startswith("I") and short[1:].isdigit() else []


def test_the_planted_rise_and_fall_of_the_seven_is_found(frames, truth):
    """Counts follow the planted years; the rise and the fall are beyond chance, with intervals that
    do not overlap.
    """
    rows = frames["copublications"]
    seven = rows[(rows["group_id"] == "list:miit") & (rows["basis"] == "institution")].set_index(
        "year"
    )
    visible = {int(y): n for y, n in truth["effects"]["miit"]["visible_works"].items()}
    assert {y: seven.loc[y, "works"] for y in visible} == visible
    assert seven.loc[2011, "works_high"] < seven.loc[2021, "works_low"]
    assert seven.loc[2024, "works_high"] < seven.loc[2021, "works_low"]


@pytest.mark.parametrize("measure", ["strength_share"])
@pytest.mark.parametrize(
    ("effect", "verdict"),
    [
        ("rise", "rose"),
        ("loss", "no clear change"),
        ("unmatched", "not comparable: coverage"),
        ("control", "no clear change"),
    ],
)
def test_planted_shifts_get_their_verdict(frames, truth, measure, effect, verdict):
    """2018–2020 → 2022–2024: the true rise is one; a publisher's loss is no fall; unmatched strings
    are not comparable.
    """
    institution = truth["effects"][effect]["institution"]
    name = _ids(institution)[0]
    rows = frames["shifts"]
    row = rows[
        (rows["institution_id"] == name)
        & (rows["measure"] == measure)
        & (rows["variant"] == "k")
        & (rows["before_first"] == 2018)
        & (rows["after_first"] == 2022)
    ]
    assert row["verdict"].tolist() == [verdict], row["reason"].tolist()


def test_the_false_fall_looks_like_one_before_weighting(frames, truth):
    """The publisher's loss must be a trap: without weighting, its interval says that it fell."""
    name = _ids(truth["effects"]["loss"]["institution"])[0]
    rows = frames["shifts"]
    row = rows[
        (rows["institution_id"] == name)
        & (rows["measure"] == "strength_share")
        & (rows["before_first"] == 2018)
    ]
    by_variant = row.set_index("variant")
    assert by_variant.loc["k", "high"] < 0
    assert by_variant.loc["reweighted", "low"] < 0 < by_variant.loc["reweighted", "high"]


def test_shifts_hold_only_measures_with_an_interval(frames):
    """No verdict without an interval and a corrected p-value."""
    rows = frames["shifts"]
    assert set(rows["measure"]) <= {n for n, m in MEASURES.items() if m.interval != "none"}
    assert rows[["low", "high", "p_value", "q_value"]].notna().all().all()


def test_flags_count_their_evidence(frames):
    """Every review cue is exactly the number of distinct works in its evidence."""
    key = ["year", "source", "target", "kind", "list_id", "entry_id"]
    counted = frames["evidence"].groupby(key)["work_id"].nunique()
    flags = frames["flags"].set_index(key)["works"]
    assert flags.sort_index().equals(counted.sort_index().rename("works"))


def test_losses_balance(vintage):
    """Records in = works + dropped by reason; works = included + excluded by reason."""
    built = vintage.built.plain()
    losses = built["losses"]["works"]
    assert losses["records"] == losses["works"] + sum(losses["dropped"].values())
    included = int(vintage.read("works")["included"].to_numpy(zero_copy_only=False).sum())
    assert losses["works"] == included + sum(built["losses"]["excluded"].values())
