"""The synthetic sample, built once for all tests by the command a user types."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
QUICK = {
    "measures": '["strength", "strength_share", "degree"]', "resampled": '["strength", "strength_share"]', "replicates": "100",
    "permutations": "0", "null_samples": "0",
}  # fmt: skip


def coauth(root, *words, env=None, check=True):
    """`coauth WORDS --root ROOT` in a process of its own, as a user runs it."""
    command = [sys.executable, "-W", "error", "-m", "coauth", *words, "--root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=600)
    if check:
        assert done.returncode == 0, done.stderr
    return done


def project(root, *, quick=False):
    """A folder with the shipped queries; `quick` asks for the least to be measured on the graph, where a test is about what comes before."""
    shutil.copytree(CHECKOUT / "queries", root / "queries")
    if quick:
        file = root / "queries" / "measures.toml"
        text = file.read_text("utf-8")
        for key, value in QUICK.items():
            text, times = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
            assert times == 1, key
        file.write_text(text, "utf-8")
    return root


def build_sample(root, *options):
    """The sample in a new project; what the command printed is kept in `printed.txt`."""
    (project(root) / "printed.txt").write_text(coauth(root, "rebuild", "--sample", *options).stdout)
    return root


def contents(root):
    """Every file below cache/ and reports/ by its path."""
    files = (p for top in ("cache", "reports") for p in (root / top).rglob("*") if p.is_file())
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in files}
