"""Whatever is done to a stored file, `status --verify` names it, and the next command says in one
line what to do.
"""

import json
import random
import shutil
from datetime import date

import pytest

from coauth.errors import CoauthError
from coauth.pipeline.project import Project
from coauth.storage.disk import seal, unseal
from coauth.tables import schemas
from tests.support.commands import coauth, contents, refused
from tests.support.commands import project as new_project
from tests.support.world import work

ADMITTED = {
    "year": 2021,
    "country_code": "CN",
    "admissions": 40,
    "suppressed": False,
    "source": "register",
    "retrieved": date(2026, 1, 2),
}


def records():
    return [work(n, 2011 + n % 14, [["I1"], [("I2", "I30", "I40")[n % 3]]]) for n in range(60)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A project with every kind of file: harvested from a file, audited, built, drawn."""
    root = new_project(tmp_path_factory.mktemp("damage") / "whole", quick=True)
    path = root / "works.jsonl"
    path.write_text("".join(json.dumps(w) + "\n" for w in records()))
    coauth(root, "harvest", "--from", str(path), "--as-of", "2026-11-01")
    coauth(root, "build")
    coauth(root, "status", "--audit")
    coauth(root, "report", "--language", "en")
    cache = Project(root).cache
    vintage = cache.newest()
    vintage.layout = {"I1": [0.5, 1.0]}
    vintage.keep_totals("PHD1", b"a;b", date(2026, 11, 1))
    vintage.slices()[0].note_days(date(2026, 11, 1), date(2026, 11, 2))
    cache.admissions = schemas.ADMISSIONS.of([ADMITTED])
    assert cache.rounding_key
    vintage.write_text("truth.json", '{"a": 1}\n')
    return root


HARMS = {
    "empty": lambda data: b"",
    "half": lambda data: data[: len(data) // 2],
    "flipped bit": lambda data: (
        data[: len(data) // 3] + bytes([data[len(data) // 3] ^ 4]) + data[len(data) // 3 + 1 :]
    ),
    "zeroed": lambda data: bytes(len(data)),
    "text": lambda data: b"something else\n",
    "missing": None,
}
PLACES = {
    "page": "cache/*/pages/*/0001.json.gz",
    "slice": "cache/*/pages/*/slice.json",
    "days": "cache/*/fetched/*.json",
    "manifest": "cache/*/manifest.json",
    "table": "cache/*/tables/edges.parquet",
    "layout": "cache/*/layout.json",
    "statbank": "cache/*/statbank.json",
    "audit": "cache/*/audit.parquet",
    "admissions": "cache/admissions.parquet",
    "rounding": "cache/rounding.key",
    "truth": "cache/*/truth.json",
    "report": "reports/*/report.html",
    "figure": "reports/*/figures/figure-1.svg",
    "run": "reports/*/run.json",
}
NEXT = {
    "page": ("build",),
    "manifest": ("build",),
    "table": ("export", "gexf", "-o", "n.gexf"),
    "audit": ("status", "--audit"),
    "admissions": ("build",),
    "rounding": ("export", "gexf", "--profile", "public", "-o", "p.gexf"),
    "run": ("report", "--language", "en"),
}
"""The command that needs the file first; of the others what reads it is asked."""
OPTIONAL = {"days", "layout", "statbank", "audit", "admissions", "rounding", "run"}
"""Kinds that need not be there: missing, they are as before they were first made."""


@pytest.fixture
def root(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "root")
    return tmp_path / "root"


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("kind", PLACES)
def test_damage_is_named_and_the_next_command_says_what_to_do(root, kind, harm, monkeypatch):
    (path,) = root.glob(PLACES[kind])
    if HARMS[harm]:
        path.write_bytes(HARMS[harm](path.read_bytes()))
    else:
        path.unlink()
    if kind in OPTIONAL and not HARMS[harm]:
        assert coauth(root, "status", "--verify").returncode == 0
        return
    done = coauth(root, "status", "--verify", check=False)
    assert done.returncode == 1
    assert path.name in done.stdout + done.stderr
    monkeypatch.chdir(root)
    if kind in ("report", "figure", "run"):
        assert "`coauth report" in done.stderr
    if kind in ("truth", "report", "figure"):  # nothing reads them
        return
    if kind == "run":
        _forget_totals(root)
    if kind in NEXT:
        done = coauth(root, *NEXT[kind], check=False)
        line = done.stderr.strip().splitlines()[-1]
        assert (done.returncode, line[:8]) == (1, "coauth: ")
        assert "; " in line  # and then what to do
    elif (kind, harm) != ("slice", "missing"):  # an open slice: the harvest goes on there
        vintage = Project(root).cache.newest()
        (part,) = vintage.slices()
        reads = {
            "days": lambda: part.fetched,
            "slice": lambda: (
                part.summary if harm != "missing" else Project(root).cache.find("none")
            ),
            "layout": lambda: vintage.layout,
        }
        with pytest.raises(CoauthError, match=f"{path.name}: [^\n]*; [^\n]*"):
            reads.get(kind, lambda: vintage.totals)()


def _forget_totals(root):
    """Those of these tests are no answer of StatBank's."""
    next(root.glob("cache/*/statbank.json")).unlink()
    (root / "cache/admissions.parquet").unlink()
    (root / "cache/admissions.parquet.sha256").unlink()
    Project(root).cache.newest().layout = {}


def test_the_cure_of_an_edition_works(root):
    """A file changed, one gone: the command that is named makes the same bytes again."""
    _forget_totals(root)
    (folder,) = (p for p in root.glob("reports/*") if p.is_dir())
    coauth(root, "report", folder.name, "--language", "en")
    before = contents(root)
    (folder / "report.html").write_text("other")
    next(folder.glob("figures/*.svg")).unlink()
    done = coauth(root, "status", "--verify", check=False)
    assert f"`coauth report {folder.name}` makes {folder.name} anew" in done.stderr
    coauth(root, "report", folder.name, "--language", "en")
    assert contents(root) == before
    assert coauth(root, "status", "--verify").returncode == 0


def test_a_record_of_an_edition_reaches_no_other_folder(root):
    """An edition's record names what its next report removes: nothing elsewhere."""
    _forget_totals(root)
    (run,) = root.glob("reports/*/run.json")
    entries = unseal(run.read_bytes())
    entries["files_sha256"]["../../queries/scope.toml"] = "0" * 64
    run.write_bytes(seal(entries))
    done = coauth(root, "report", "--language", "en", check=False)
    assert done.returncode == 1
    assert "a file of another folder" in done.stderr.splitlines()[-1]
    assert (root / "queries/scope.toml").exists()


def test_every_flipped_bit_of_a_table_is_noticed(root):
    """Twenty in each of sixteen tables: 320 of 320."""
    vintage, draw = Project(root).cache.newest(), random.Random(1)
    names = sorted(vintage.built.sha256, key=lambda n: -vintage.built.rows[n])[:16]
    noticed = 0
    for name in names:
        path = vintage.path / "tables" / f"{name}.parquet"
        sound = path.read_bytes()
        for _ in range(20):
            data = bytearray(sound)
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
            path.write_bytes(data)
            noticed += [f"{path}: changed since it was stored"] == vintage.table_damage()
        path.write_bytes(sound)
    assert noticed == 320
    assert vintage.table_damage() == []


def test_damaged_tables_are_made_again_to_the_same_bytes(root):
    (path,) = root.glob("cache/*/tables/edges.parquet")
    sound = path.read_bytes()
    path.write_bytes(sound[:-9])
    assert "coauth build" in refused(root, "export", "gexf", "-o", str(root / "n.gexf"))
    coauth(root, "build")
    assert path.read_bytes() == sound
    assert coauth(root, "status", "--verify").returncode == 0
