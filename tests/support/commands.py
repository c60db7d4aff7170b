"""The commands a user types, and the synthetic sample, built by them once for all tests."""

import logging
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import pytest
from click.testing import CliRunner

from coauth import cli
from coauth.sources.sample.plan import works
from coauth.sources.sample.records import serve

CHECKOUT = Path(__file__).parents[2]
QUICK = {
    "measures": '["strength", "strength_share", "degree"]',
    "resampled": '["strength", "strength_share"]',
    "replicates": "100",
    "permutations": "0",
    "null_samples": "0",
}
LATE = {"first_year": "2018", "comparisons": "[[[2018, 2020], [2022, 2024]]]"}
"""Half of the years, where a test is about how windows are measured and not about which."""


class Done(NamedTuple):
    """What a command left."""

    returncode: int
    stdout: str
    stderr: str


def coauth(root, *words, env=None, check=True):
    """`coauth WORDS --root ROOT`; in this process, since to start one takes longer than most
    commands. A bug is raised.
    """
    logger = logging.getLogger("coauth")
    level = logger.level
    with (
        mock.patch.dict(os.environ, env or {}, clear=env is not None),
        mock.patch.object(logging.root, "handlers", []),
    ):
        done = CliRunner().invoke(
            cli.coauth, [*words, "--root", str(root)], prog_name="coauth", catch_exceptions=False
        )
    logger.setLevel(level)
    assert done.exit_code == 0 or not check, done.stderr
    return Done(done.exit_code, done.stdout, done.stderr)


def apart(root, *words, check=True):
    """The same in a process of its own, as a user runs it, where every warning is an error from the
    first import on.
    """
    command = [sys.executable, "-W", "error", "-m", "coauth", *words, "--root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0 or not check, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def every(nth):
    """The records of every nth work of the sample, as served."""
    return list(serve([w for n, w in enumerate(works(1)) if n % nth == 0], 1))


def project(root, *, quick=False, changed=None):
    """A folder with the shipped queries; `changed` keys of measures.toml and scope.toml have other
    values, `quick` asks for the least to be measured on the graph, where a test is about what comes
    before.
    """
    shutil.copytree(CHECKOUT / "queries", root / "queries")
    files = [root / "queries" / f"{name}.toml" for name in ("measures", "scope")]
    texts = [file.read_text("utf-8") for file in files]
    for key, value in (changed or (QUICK if quick else {})).items():
        edited = [re.subn(rf"(?m)^{key} = [^#\n]*", f"{key} = {value} ", text) for text in texts]
        assert sum(times for _, times in edited) == 1, key
        texts = [text for text, _ in edited]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text, "utf-8")
    return root


def build_sample(root, *options):
    """The sample in a new project; what the command printed is kept in `printed.txt`."""
    (project(root) / "printed.txt").write_text(apart(root, "rebuild", "--sample", *options).stdout)
    return root


def contents(root):
    """Every file below cache/ and reports/ by its path."""
    files = (p for top in ("cache", "reports") for p in (root / top).rglob("*") if p.is_file())
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in files}


def refused(root, *words, env=None):
    """The one line an expected error is, and that nothing but it was printed."""
    clean = {
        k: v for k, v in os.environ.items() if not k.startswith(("OPENALEX", "COAUTH_OPENALEX"))
    }
    done = coauth(root, *words, env=clean | (env or {}), check=False)
    assert done.returncode == 1, (done.returncode, done.stderr)
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("coauth: ")
    assert "Traceback" not in done.stderr
    return lines[0]


def missing(reason):
    """The gate has everything (`.ci/run`), so there it is a failure; elsewhere the test is skipped."""
    return pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
