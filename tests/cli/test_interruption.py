"""Ctrl-C in a real process, sent to it and all that it began, as a terminal sends it."""

import json
import subprocess
import sys

import pytest

from coauth.cli import interruption
from tests.support.commands import coauth, contents, every, project

SENDER = """
import os, signal, sys, threading
from coauth.cli import interruption, main

def heed(heed=interruption.heed):
    heed()
    threading.Timer(float(sys.argv.pop(1)), os.killpg, (os.getpgid(0), signal.SIGINT)).start()

interruption.heed = heed
main()
"""

COMMANDS = [
    (0.1, "status --verify"),
    (0.1, "export gexf -o OUT"),
    (1.5, "export csv -o OUT"),
    (0.1, "explain DTU Beihang"),
    (0.1, "shifts DTU"),
    (0.1, "sql edges"),
    (0.1, "preview"),
    (0.1, "compare VINTAGE VINTAGE"),
    (0.1, "queries check"),
    (0.1, "flags check"),
    (0.1, "init OUT"),
    (0.3, "harvest --from RECORDS --new --as-of 2026-11-02"),
    (2.0, "build"),
    (3.0, "build"),
    (1.5, "report"),
    (3.0, "report"),
    (1.5, "report --profile public"),
    (1.0, "rebuild --sample"),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A tenth of the sample, with a report."""
    root = project(tmp_path_factory.mktemp("interrupted") / "root", quick=True)
    (root / "works.jsonl").write_text("".join(json.dumps(r) + "\n" for r in every(10)))
    coauth(root, "harvest", "--from", str(root / "works.jsonl"), "--as-of", "2026-11-01")
    coauth(root, "build")
    coauth(root, "report", "--language", "en")
    return root


@pytest.mark.slow
@pytest.mark.parametrize(("after", "words"), COMMANDS)
def test_one_line_and_130_and_every_file_as_it_was(root, tmp_path, after, words):
    """A file of the report before it may be gone, but none is half a file."""
    (vintage, *_) = sorted(p.name for p in root.glob("cache/*/") if p.is_dir())
    places = {
        "OUT": str(tmp_path / "out"),
        "RECORDS": str(root / "works.jsonl"),
        "VINTAGE": vintage,
    }
    command = [places.get(word, word) for word in words.split()]
    if command[0] != "init":
        command += ["--root", str(root)]
    before = contents(root)
    done = subprocess.run(
        [sys.executable, "-c", SENDER, str(after), *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        start_new_session=True,
    )
    assert done.returncode == interruption.CODE == 130, done.stderr
    assert done.stderr.splitlines()[-1] == interruption.LINE
    assert "Traceback" not in done.stderr
    assert [line for line in done.stderr.splitlines() if line.startswith("coauth:")] == [
        interruption.LINE
    ]
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and command[0] == "export"]
    assert not list(root.rglob("*.tmp"))
    now = contents(root)
    changed = {p for p in before.keys() & now.keys() if before[p] != now[p]}
    assert all(p.startswith("cache/") for p in changed)


@pytest.mark.slow
def test_what_was_interrupted_goes_on(root):
    """After all of the above the same commands end as they would have."""
    coauth(root, "build", "--vintage", "2026-11-01")
    coauth(root, "report", "--language", "en")
    said = coauth(root, "status", "--verify").stdout
    assert "as stored" in said
    assert "damaged" not in said
