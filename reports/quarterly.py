"""What a scheduler runs each quarter: harvest, build, report. Edit freely; `coauth init` wrote it,
nothing overwrites it.

SCHEDULE.md beside this file (in a checkout coauth/docs/schedule.md) has lines to paste for cron, systemd and GitHub Actions.

Safe to run again after any interruption: what was fetched is kept and the harvest continues. A
day's free budget is about twice what a Danish harvest costs; with `wait` a spent budget is slept
over. `--sample` tries the whole road on a synthetic world.
"""

import argparse
import os
import sys
from pathlib import Path

import coauth

ROOT = Path(__file__).resolve().parents[1]


def run(sample: bool) -> int:
    try:
        paths = coauth.rebuild(
            ROOT,
            sample=sample,
            key=os.environ.get("OPENALEX_API_KEY"),
            url=os.environ.get("COAUTH_OPENALEX_URL"),
            wait=True,
            statbank=os.environ.get("COAUTH_STATBANK_URL"),
        )
    except coauth.CoauthError as fault:
        print(f"quarterly report not written: {fault}", file=sys.stderr)
        return 1
    for name, path in paths.items():
        print(f"{name}: {path}")
    return 0


if __name__ == "__main__":
    asked = argparse.ArgumentParser(
        description="Harvest what is missing, build, and write this quarter's report."
    )
    asked.add_argument(
        "--sample",
        action="store_true",
        help="the whole road on a synthetic world: no network, no key",
    )
    sys.exit(run(asked.parse_args().sample))
