"""Measure coauth and what it is compared with, and write RESULTS.md: `make bench`, never part of
the tests.

python -m tests.studies.benchmarks                                     everything, at 20,000, 100,000 and 500,000 works
python -m tests.studies.benchmarks --works 20000 --stages tables,parse-orjson
python -m tests.studies.benchmarks --works 500000 --stages betweenness --add      and the rest of the page from what was measured before
"""

import argparse
import os
import platform
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from . import world
from .measure import run
from .others import OTHERS
from .results import Results
from .shape import shape
from .stages import STAGES


def plan(wanted):
    """What is run at one size, reference points first, so that a stage stands beside them in the
    same hour; last what reads stored tables.
    """
    return sorted(
        (name for name in (*OTHERS, *STAGES) if name in wanted),
        key=lambda name: name.startswith("stored"),
    )


def main():
    every = [*OTHERS, *STAGES]
    parser = argparse.ArgumentParser(
        prog="python -m tests.studies.benchmarks", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--works",
        default="20000,100000,500000",
        help="sizes, smallest first (default: %(default)s)",
    )
    parser.add_argument("--stages", default=",".join(every), help="some of: %(default)s")
    parser.add_argument(
        "--scratch",
        type=Path,
        default=Path(tempfile.gettempdir()) / "coauth-benchmarks",
        help="where vintages are made, and found again",
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=Path(__file__).with_name("RESULTS.md"),
        help="file to write (default: beside this program)",
    )
    parser.add_argument(
        "--add",
        action="store_true",
        help="keep what earlier runs in this scratch folder measured, but for what is measured again",
    )
    parser.add_argument(
        "--date",
        default=f"{datetime.now(UTC):%Y-%m-%d}",
        help="day to write into it (default: today)",
    )
    chosen = parser.parse_args()
    sizes, wanted = [int(n) for n in chosen.works.split(",")], chosen.stages.split(",")
    if unknown := sorted(set(wanted) - set(every)):
        parser.error(f"no stage {', '.join(unknown)}; there are: {', '.join(every)}")
    results = Results(
        chosen.results, chosen.date, machine(), chosen.scratch / "measured.json", add=chosen.add
    )
    roots = {
        works: world.at(chosen.scratch / str(works), works)
        for works in sorted({*sizes, *(works for works, _ in results.measured)})
    }
    results.shapes |= {works: shape(root) for works, root in roots.items()}
    for works in sorted(sizes):
        for name in plan(wanted):
            results.add(run(name, roots[works], works))


def machine():
    """What the times depend on and a reader cannot know."""
    told = dict(
        line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line
    )
    model = next(
        (v.strip() for k, v in told.items() if k.startswith("model name")), platform.machine()
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {platform.system()}"


if __name__ == "__main__":
    main()
