"""What a name to write to may be: a plain file or a link to one; never a pipe, a device or a folder
in its place.
"""

import json
import os
import stat
from pathlib import Path

import pytest

from coauth.errors import CacheError, NotFound
from coauth.pipeline.export import export_network
from coauth.pipeline.project import Project
from coauth.storage import atomic
from tests.support.commands import coauth, project
from tests.support.sheets import empty_sheets
from tests.support.world import work

EXPORTS = [
    (["gexf"], "x.gexf"),
    (["gexf", "--dynamic"], "x.gexf"),
    (["gephi-lite"], "x.gexf"),
    (["graphml"], "x.graphml"),
    (["pajek"], "x.net"),
    (["vosviewer"], "x.json"),
    (["csv"], "x.nodes.csv"),
    (["parquet"], "x.nodes.parquet"),
    (["gexf", "--by", "country"], "x.gexf"),
    (["gexf", "--by", "group"], "x.gexf"),
    (["gexf", "--profile", "public"], "x.gexf"),
]
EMPTY = [
    ["--years", "2012-2013"],
    ["--min-weight", "1000"],
    ["--years", "2019", "--domestic", "--flagged"],
]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Two years of a Danish university with Danish, Swedish and American ones, no cue anywhere:
    built, not reported.
    """
    root = project(tmp_path_factory.mktemp("small"), quick=True)
    teams = [
        (2018, ["I1", "I2"]),
        (2018, ["I1", "I20"]),
        (2019, ["I1", "I2"]),
        (2019, ["I2", "I20", "I30"]),
    ]
    records = [
        work(n, *team[:1], [[i] for i in team[1]])
        for n, team in enumerate((t for t in teams for _ in range(6)), 1)
    ]
    (root / "records.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), "utf-8")
    coauth(root, "harvest", "--from", str(root / "records.jsonl"), "--as-of", "2026-11-30", "-q")
    coauth(root, "build", "-q")
    return root


def refused(root, *words):
    done = coauth(root, *words, check=False)
    lines = done.stderr.strip().splitlines()
    assert (done.returncode, len(lines), lines[0][:8]) == (1, 1, "coauth: "), done.stderr
    return lines[0]


def fifo(path):
    os.mkfifo(path)
    return path


# -- the writer


def test_a_link_is_written_through(tmp_path):
    """The link stays; the file it leads to is replaced in its own folder, at the end of a chain of
    links too.
    """
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "real").write_bytes(b"old")
    (tmp_path / "middle").symlink_to(Path("far") / "real")
    (tmp_path / "near").symlink_to("middle")
    atomic.write({tmp_path / "near": b"new"}, "")
    assert [(tmp_path / name).is_symlink() for name in ("near", "middle", "far/real")] == [
        True,
        True,
        False,
    ]
    assert (tmp_path / "far" / "real").read_bytes() == b"new"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["far", "middle", "near", "real"]


def test_a_link_to_a_file_that_is_not_there_makes_it(tmp_path):
    (tmp_path / "link").symlink_to("real")
    atomic.write({tmp_path / "link": ["text"]}, "")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"text"


def test_what_is_no_plain_file_stays(tmp_path):
    """A pipe, a circle of links, a folder, a link to each, a file that may only be read: one line
    each, nothing written, no litter.
    """
    (tmp_path / "folder").mkdir()
    (tmp_path / "read").write_bytes(b"old")
    (tmp_path / "read").chmod(0o444)
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "nowhere").symlink_to(Path("missing") / "file")
    fifo(tmp_path / "pipe")
    for target in ("pipe", "folder", "read"):
        (tmp_path / f"to-{target}").symlink_to(target)
    before = sorted((p.name, p.lstat().st_mode, p.lstat().st_ino) for p in tmp_path.iterdir())
    said = {
        "pipe": "a pipe",
        "folder": "a folder",
        "read": "only be read",
        "a": "symbolic links",
        "nowhere": "folder is not there",
    }
    for name, why in (said | {f"to-{n}": said[n] for n in ("pipe", "folder", "read")}).items():
        with pytest.raises(
            CacheError, match=rf"^cannot write {tmp_path / name} \(.*{why}.*\); name another$"
        ):
            atomic.write({tmp_path / "plain": b"x", tmp_path / name: b"x"}, "name another")
    assert (
        sorted((p.name, p.lstat().st_mode, p.lstat().st_ino) for p in tmp_path.iterdir()) == before
    )
    assert (tmp_path / "read").read_bytes() == b"old"


@pytest.mark.parametrize(
    "name", ["/dev/null", "/dev/stdout", "/dev/new.gexf", "/proc/self/new.gexf", "/sys/new.gexf"]
)
def test_places_of_the_system_are_refused(name):
    """`target` opens and moves nothing, so that the real ones may be asked about."""
    with pytest.raises(CacheError, match=r"no plain file|a place of the system's own"):
        atomic.target(Path(name), "")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_device_is_refused_by_its_mode(tmp_path, monkeypatch):
    """A stand-in that says it is a device, since a real one may not be put at risk."""
    (tmp_path / "null").write_bytes(b"")
    as_it_is = Path.stat

    def stat_of(path, **options):
        found = as_it_is(path, **options)
        return os.stat_result((stat.S_IFCHR | 0o666, *found[1:])) if path.name == "null" else found

    monkeypatch.setattr(Path, "stat", stat_of)
    with pytest.raises(
        CacheError, match=r"null \(a device, and no plain file\); name another file"
    ):
        atomic.write({tmp_path / "null": b"x"}, "name another file")
    assert (tmp_path / "null").read_bytes() == b""


# -- every command that writes


@pytest.mark.parametrize(("form", "main"), EXPORTS, ids=[" ".join(f) for f, _ in EXPORTS])
@pytest.mark.parametrize("cut", EMPTY, ids=" ".join)
def test_an_empty_export_is_an_error(root, tmp_path, form, main, cut):
    """No file of no node in any format; what was there stays; the line names the cut."""
    (tmp_path / main).write_bytes(b"before")
    line = refused(root, "export", *form, *cut, "-o", str(tmp_path / main.replace(".nodes", "")))
    said = {"--years": "201", "--min-weight": "weight 1000 or more"}[cut[0]]
    assert "no pair is left by these cuts (" in line
    assert said in line
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {main: b"before"}


def test_an_empty_public_export_says_what_was_taken_out(root, tmp_path):
    line = refused(
        root,
        "export",
        "gexf",
        "--profile",
        "public",
        "--years",
        "2012-2013",
        "-o",
        str(tmp_path / "x.gexf"),
    )
    assert "Public profile: " in line


def test_an_empty_export_from_python(root, tmp_path):
    asked = Project(root)
    with pytest.raises(NotFound, match="no pair is left"):
        export_network(asked, asked.cache.find(), "gexf", tmp_path / "x.gexf", years=(2012, 2013))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("form", "main"), EXPORTS, ids=[" ".join(f) for f, _ in EXPORTS])
def test_an_export_is_written_through_a_link(root, tmp_path, form, main):
    """The data dictionary goes beside the link, where it was asked for."""
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "real").write_bytes(b"old")
    (tmp_path / main).symlink_to(Path("far") / "real")
    coauth(root, "export", *form, "-o", str(tmp_path / main.replace(".nodes", "")))
    assert (tmp_path / main).is_symlink()
    assert len((tmp_path / "far" / "real").read_bytes()) > 100
    assert (tmp_path / "x.dictionary.csv").is_file()
    assert [p.name for p in (tmp_path / "far").iterdir()] == ["real"]


@pytest.mark.parametrize(("form", "main"), EXPORTS, ids=[" ".join(f) for f, _ in EXPORTS])
def test_an_export_to_a_pipe_is_refused(root, tmp_path, form, main):
    """Also where the pipe stands in the place of a file that goes beside the one that was named."""
    fifo(tmp_path / main)
    assert "a pipe (FIFO), and no plain file" in refused(
        root, "export", *form, "-o", str(tmp_path / main.replace(".nodes", ""))
    )
    assert stat.S_ISFIFO((tmp_path / main).stat().st_mode)
    assert [p.name for p in tmp_path.iterdir()] == [main]


def test_a_labelling_sheet_to_a_pipe_or_through_a_link(root, tmp_path):
    fifo(tmp_path / "pipe")
    assert "a pipe" in refused(root, "flags", "sample", "-n", "10", "-o", str(tmp_path / "pipe"))
    (tmp_path / "link").symlink_to("real")
    coauth(root, "flags", "sample", "-n", "10", "-o", str(tmp_path / "link"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text("utf-8").startswith("work_id,")


def test_a_root_that_is_no_folder(tmp_path):
    """A pipe, a link to nowhere: one line, and they stay. A link to a folder is that folder."""
    fifo(tmp_path / "pipe")
    (tmp_path / "nowhere").symlink_to("missing")
    for name in ("pipe", "nowhere"):
        for words in (["status"], ["rebuild", "--sample"], ["queries", "check"]):
            assert f"--root {tmp_path / name} is no folder" in refused(tmp_path / name, *words)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["nowhere", "pipe"]
    project(tmp_path)
    (tmp_path.parent / "linked").symlink_to(tmp_path)
    coauth(tmp_path.parent / "linked", "queries", "check")


@empty_sheets()
def test_links_and_pipes_among_the_files_of_a_quarter(root):
    """A link in reports/ is written through by the next report, and not forgotten; a pipe is
    refused and stays.
    """
    coauth(root, "report", "--language", "en", "-q")
    folder = next((root / "reports").glob("2*"))
    page = folder / "report.html"
    written = page.read_bytes()
    page.rename(folder / "shared.html")
    page.symlink_to("shared.html")
    (folder / "shared.html").write_bytes(b"old")
    coauth(root, "report", "--language", "en", "-q")
    assert page.is_symlink()
    assert (folder / "shared.html").read_bytes() == written
    page.unlink()
    fifo(page)
    done = coauth(root, "report", "--language", "en", "-q", check=False)
    assert done.returncode == 1
    assert "report.html (a pipe" in done.stderr.strip().splitlines()[-1]
    assert stat.S_ISFIFO(page.stat().st_mode)
