"""Builds, reports and exports that are killed or find the disk full: `python -m tests.studies.kills
--kills 60 --disks 16 --seed 1`. Of harvests: `tests.studies.faults`.

Each is a command in a process of its own that ends at a file it writes, drawn by the seed: by SIGKILL, or
by a full disk, which has to be one line and exit code 1. The same command, run again, has to leave the
bytes of a folder to which nothing happened, and no other file (but the one that a kill left
in the making, whose name ends in .tmp).
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tests.support.commands import apart, contents, every, project

CHILD = """
import sys
from tests.studies.faults import Interrupted
from coauth.cli import main
Interrupted(sys.argv.pop(1), int(sys.argv.pop(1)))
main()
"""
COMMANDS = {"build": 24, "report": 50, "export": 2}
"""Files that each writes, about."""


def whole(folder):
    """A tenth of the sample, harvested from a file, built and reported."""
    root = project(folder / "whole", quick=True)
    (root / "works.jsonl").write_text("".join(json.dumps(r) + "\n" for r in every(10)))
    apart(root, "harvest", "--from", str(root / "works.jsonl"), "--as-of", "2026-11-01")
    for name in COMMANDS:
        apart(root, *words(name, root))
    return root


def words(name, root):
    rest = {"report": ["--language", "en"], "export": ["gexf", "-o", str(root / "reports/n.gexf")]}
    return [name, *rest.get(name, [])]


def one(name, kind, at, root):
    """What came of one command: how it ended, and whether the next run left what there was."""
    with tempfile.TemporaryDirectory(prefix="coauth-kills-") as place:
        here = Path(place) / "root"
        shutil.copytree(root, here)
        if name == "build":
            next(here.glob("cache/*/tables/affiliations.parquet")).unlink()
        command = [sys.executable, "-c", CHILD, kind, str(at), *words(name, here)]
        with open(Path(place) / "said", "w+") as said:
            # a file: processes that a killed one had begun would keep a pipe open
            begun = subprocess.Popen(
                [*command, "--root", str(here)],
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
            )
            code = begun.wait()
            with suppress(ProcessLookupError):
                os.killpg(begun.pid, signal.SIGKILL)
            said.seek(0)
            lines = [line for line in said if line.startswith("coauth:")]
        ended = {-9: "killed", 0: "not reached"}.get(code, "stopped")
        if ended == "stopped" and (code != 1 or len(lines) != 1):
            ended = "stopped without one line"
        apart(here, *words(name, here))
        now = {p: data for p, data in contents(here).items() if not p.endswith(".tmp")}
        return ended, "same" if now == contents(root) else "other bytes"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--disks", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    draw, tally = random.Random(chosen.seed), Counter()
    with tempfile.TemporaryDirectory(prefix="coauth-kills-") as folder:
        root = whole(Path(folder))
        for kind in ["kill in a write"] * chosen.kills + ["disk full"] * chosen.disks:
            name = draw.choice([*COMMANDS])
            tally[(kind, name, *one(name, kind, draw.randint(1, COMMANDS[name]), root))] += 1
    print("\n".join(f"{', '.join(key)}: {n}" for key, n in sorted(tally.items())))
    return int(any("other bytes" in key or "stopped without one line" in key for key in tally))


if __name__ == "__main__":
    sys.exit(main())
