"""Names that are formulas or move a cursor, paths that lead elsewhere, ends that take nothing."""

import csv
import json
import os
import subprocess
import sys

import openpyxl
import pytest

from coauth.tables.escape import cell, terminal
from tests.support.commands import coauth, refused
from tests.support.commands import project as new_project
from tests.support.world import work

NAMES = (
    "=HYPERLINK(A1)",
    "+1 University",
    "-2 College",
    "@SUM(A1)",
    "\tTab",
    "\rReturn",
    "Lund\x1b[2J",
    "Aarhus \u202egro.live",
    "Oslo\u2066x\u2069",
    "Nul\x00l",
)
"""Of institutions abroad: six begin like formulas, four act on a terminal."""


def records():
    """A work with each, every one named as its institution names itself."""
    for n, name in enumerate(NAMES):
        record = work(n + 1, 2020, [["I1"], [f"I{n + 10}"]])
        record["authorships"][1]["institutions"][0]["display_name"] = name
        yield record
        yield record | {
            "id": f"https://openalex.org/W{n + 101}",
            "doi": None,
            "title": f"B{n} of it",
        }


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = new_project(tmp_path_factory.mktemp("hostile") / "root", quick=True)
    (root / "works.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records()))
    coauth(root, "harvest", "--from", str(root / "works.jsonl"), "--as-of", "2026-11-01")
    coauth(root, "build")
    return root


def test_no_cell_of_an_export_is_a_formula(root, tmp_path):
    coauth(root, "export", "csv", "-o", str(tmp_path / "n"))
    cells = [
        cell
        for path in tmp_path.glob("*.csv")
        for row in csv.reader(path.read_text("utf-8").splitlines(keepends=True))
        for cell in row
    ]
    assert "'=HYPERLINK(A1)" in cells
    assert "'+1 University" in cells
    unsafe = [c for c in cells if c[:1] in ("=", "+", "-", "@", "\t", "\r") and not number(c)]
    assert unsafe == []


def test_no_cell_of_a_count_is_a_formula(root, tmp_path):
    """Neither in a CSV nor in a workbook, where every text is typed as one."""
    for name in ("n.csv", "n.xlsx"):
        coauth(root, "count", "--by", "abroad", "-o", str(tmp_path / name))
    lines = (tmp_path / "n.csv").read_text("utf-8").splitlines(keepends=True)
    names = [row[0] for row in csv.reader(lines)]
    assert "'=HYPERLINK(A1)" in names
    assert not [c for c in names if c[:1] in ("=", "+", "-", "@", "\t", "\r")]
    sheet = openpyxl.load_workbook(tmp_path / "n.xlsx")["Answer"]
    texts = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert "=HYPERLINK(A1)" in [c.value for c in texts]
    assert {c.data_type for c in texts} == {"s"}


def number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("n", range(6, 10))
def test_no_name_acts_on_a_terminal(root, n, form):
    done = coauth(root, "explain", "I1", f"I{n + 10}", *form)
    assert f"B{n} of it" in done.stdout
    for text in (done.stdout, done.stderr):
        assert not [c for c in text if terminal(c) != c]
    if form:
        json.loads(done.stdout)


def test_statements_of_others_give_escaped_rows_and_touch_no_file(root, tmp_path):
    statement = tmp_path / "s.sql"
    statement.write_text("SELECT name, -1 AS n FROM institutions ORDER BY name")
    told = coauth(root, "sql", "--run", str(statement)).stdout
    assert "'=HYPERLINK(A1),-1" in told
    assert not [c for c in told if terminal(c) != c]
    target = tmp_path / "stolen.csv"
    for text in (
        f"COPY institutions TO '{target}'",
        f"ATTACH '{tmp_path}/other.db'",
        f"SELECT * FROM read_csv('{__file__}')",
        "SET enable_external_access = true",
    ):
        statement.write_text(text)
        assert "s.sql" in refused(root, "sql", "--run", str(statement))
    statement.write_text(f"COPY institutions TO '{target}'")
    coauth(root, "sql", "--run", str(statement), "--trusted", check=False)
    assert target.exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s.sql", "stolen.csv"]


@pytest.mark.parametrize("name", ["../..", "../cache", "/etc", ".", "a/../../b"])
def test_a_vintage_is_a_name_and_no_path(root, name):
    before = sorted(root.rglob("*"))
    assert "no vintage" in refused(root, "export", "gexf", "--vintage", name, "-o", "x.gexf")
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize("kind", ["device", "pipe", "folder", "link to a device"])
def test_only_plain_files_are_written(root, tmp_path, kind):
    path = tmp_path / "out.gexf"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link to a device":
        path.symlink_to("/dev/null")
    target = "/dev/null" if kind == "device" else str(path)
    done = coauth(root, "export", "gexf", "-o", target, check=False)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert not os.path.isfile("/dev/null")


@pytest.mark.parametrize("end", ["full", "closed"])
def test_an_end_that_takes_nothing_is_one_line_or_none(root, end):
    """A full disk under stdout is one line; a reader that has gone away is no error to tell."""
    command = [sys.executable, "-m", "coauth", "status", "--root", str(root)]
    if end == "full":
        with open("/dev/full", "w") as out:
            done = subprocess.run(
                command, stdout=out, stderr=subprocess.PIPE, text=True, check=False
            )
        assert "cannot write the result (No space left on device)" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    else:
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
        os.close(write)
        assert done.stderr == ""
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("text", "safe"),
    [("=1", "'=1"), ("1-2", "1-2"), (-3, -3), (None, None), ("", ""), ("\t=1", "'\t=1")],
)
def test_only_text_that_begins_like_a_formula_is_escaped(text, safe):
    assert cell(text) == safe


@pytest.mark.parametrize(("mask", "mode"), [(None, 0o600), ("027", 0o640), ("022", 0o644)])
def test_files_are_for_their_owner_alone_unless_told_otherwise(tmp_path, mask, mode):
    told = {} if mask is None else {"COAUTH_UMASK": mask}
    command = [sys.executable, "-m", "coauth", "init", str(tmp_path / "p")]
    subprocess.run(command, env=os.environ | told, check=True, capture_output=True)
    files = [p for p in (tmp_path / "p").rglob("*") if p.is_file()]
    assert {p.stat().st_mode & 0o777 for p in files} == {mode}


def test_a_mask_that_is_none_is_one_line(tmp_path):
    command = [sys.executable, "-m", "coauth", "status", "--root", str(tmp_path)]
    told = os.environ | {"COAUTH_UMASK": "rw-r--r--"}
    done = subprocess.run(command, env=told, check=False, capture_output=True, text=True)
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (1, 1)
    assert "give three octal digits" in done.stderr
