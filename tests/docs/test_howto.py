"""The how-to pages are done as they say, on a copy of the package."""

import json
import os
import re
import shutil
import subprocess
import sys

import networkx as nx
import pyarrow.parquet as pq
import pytest

from tests.support.commands import CHECKOUT, LATE, QUICK, every, project

PACKAGE = CHECKOUT / "coauth"
PAGE = PACKAGE / "docs" / "howto" / "measure.md"
UNDRAWN = """
from coauth.cli import main
from tests.support.sheets import empty_sheets
with empty_sheets():
    main()
"""


def run(house, *words):
    """What a program prints that meets the package in `house`."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *words],
        cwd=house,
        env=os.environ
        | {"PYTHONPATH": f"{house}:{CHECKOUT}", "COAUTH_STATBANK_URL": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Burt's constraint added by the two blocks of the page and nothing else, and a small project
    that asks for it, built and reported. It gets an interval, so that its shifts are judged.
    """
    function, record = re.findall(r"(?s)```\w+\n(.*?)```", PAGE.read_text("utf-8"))
    house = tmp_path_factory.mktemp("house")
    shutil.copytree(PACKAGE, house / "coauth", ignore=shutil.ignore_patterns("__pycache__"))
    (house / "coauth/stages/centrality/constraint.py").write_text(function, "utf-8")
    registry = house / "coauth/queries/registry.py"
    record = record.replace('larger="less"', 'larger="less", interval="works"')
    text = registry.read_text("utf-8").replace(")\n# fmt: on", f"{record})\n# fmt: on")
    registry.write_text(text, "utf-8")
    names = '["strength", "strength_share", "pagerank", "constraint"]'
    project(house, changed=QUICK | LATE | {"measures": names, "resampled": names})
    (house / "records.jsonl").write_text("\n".join(map(json.dumps, every(40))), "utf-8")
    words = ("rebuild", "--from", "records.jsonl", "--as-of", "2026-11-30", "-q")
    run(house, "-c", UNDRAWN, *words)
    return house


def table(house, name):
    (path,) = house.glob(f"cache/*/tables/{name}.parquet")
    return pq.read_table(path)


def test_rank_1_is_the_smallest_value(house):
    rows = table(house, "centrality").to_pandas()
    rows = rows[rows["measure"] == "constraint"]
    assert set(rows["variant"]) == {"all", "k", "complete", "reweighted"}
    for _, window in rows.groupby(["first_year", "last_year", "variant"]):
        values = window.sort_values("rank")["value"].round(6)
        assert values.is_monotonic_increasing
        assert values.iloc[0] < values.iloc[-1]
    assert (rows["rank_low"] <= rows["rank_high"]).all()


def test_the_dictionary_says_so(house):
    fields = table(house, "centrality").schema
    assert "constraint (index)" in fields.field("measure").metadata[b"meaning"].decode()
    value = fields.field("value").metadata[b"meaning"].decode()
    assert value == "the measure; larger is more central; of constraint smaller is more central"
    assert fields.field("rank").metadata[b"meaning"].startswith(b"1 = most central")
    (dictionary,) = house.glob("reports/*/*-network.dictionary.csv")
    line = next(x for x in dictionary.read_text("utf-8").splitlines() if ",constraint," in x)
    assert "smaller is more central" in line
    assert "larger is more central" not in line


def test_networks_have_it(house):
    """In the GEXF by title; in `coauth.graph` as networkx makes it of the same edges."""
    (file,) = house.glob("reports/*/network.gexf")
    assert 'title="Burt\'s constraint (smaller is more central)"' in file.read_text("utf-8")
    found = json.loads(
        run(
            house,
            "-c",
            "import json, coauth; g = coauth.graph(window=(2022, 2024), backbone=None, root='.');"
            "print(json.dumps([list(g.edges(data='weight')), dict(g.nodes(data='constraint'))]))",
        )
    )
    graph = nx.Graph()
    graph.add_weighted_edges_from(found[0])
    some = sorted(graph, key=graph.degree)[:: max(len(graph) // 20, 1)]
    expected = nx.constraint(graph, nodes=some, weight="weight")
    assert {i: found[1][i] for i in some} == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("page", "title", "direction", "usual"),
    [
        ("report.html", "Burt&#39;s constraint", "smallest value", "largest value"),
        ("report.da.html", "Burts begrænsning", "mindste værdi", "største værdi"),
    ],
)
def test_the_report_says_who_is_first_and_which_way(house, page, title, direction, usual):
    (file,) = (p for p in house.glob(f"reports/*/{page}") if "public" not in p.parts[-2])
    rows = re.findall(r"(?s)<tr.*?</tr>", file.read_text("utf-8"))
    (row,) = (r for r in rows if title in r)
    assert direction in row
    assert usual not in row
    (pagerank,) = (r for r in rows if "N × PR" in r)
    assert usual in pagerank
    latest = table(house, "centrality").to_pandas()
    latest = latest[(latest["measure"] == "constraint") & (latest["variant"] == "k")]
    latest = latest[(latest["last_year"] == 2024) & (latest["first_year"] == 2022)]
    (first,) = latest.loc[latest["fixed_rank"] == 1, "value"]
    assert first == latest.loc[latest["fixed_rank"].notna(), "value"].min()
    assert f'value="{first:.10g}"' in row


def test_shifts_are_worded_by_the_direction(house):
    """The help names it; the most central after come first; a fall of the value is a rise."""
    said = " ".join(run(house, "-m", "coauth", "shifts", "--help").split())
    assert "constraint (smaller is more central)" in said
    words = ("shifts", "--measure", "constraint", "--json")
    rows = json.loads(run(house, "-m", "coauth", *words))
    assert rows
    windows = {}
    for r in rows:
        assert "smaller is more central) went from" in r["reason"]
        assert r["verdict"] != ("rose" if r["change"] > 0 else "fell")
        windows.setdefault((r["before_first"], r["after_first"]), []).append(r["after"])
    assert all(after == sorted(after) for after in windows.values())
