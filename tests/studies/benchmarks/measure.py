"""One run of one thing in a process of its own: wall, CPU and memory of the whole tree of
processes. Linux only.

python -m tests.studies.benchmarks.measure NAME ROOT ANSWER        what the parent starts: one stage, its answer to a file
"""

import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.commands import CHECKOUT

from .others import OTHERS, prepare
from .stages import STAGES

EVERY, SHARE = 0.05, 20
"""Seconds between two looks at the memory; more where a look takes long (it walks the pages of
gigabytes), so that looking costs at most a twentieth of a core.
"""


@dataclass(frozen=True)
class Measured:
    """Seconds and MiB. `cpu` and `wall` are of the work alone; start-up, imports included, is
    beside them.
    """

    name: str
    works: int
    wall: float
    cpu: float
    startup: float
    pss: float
    """largest sum of proportional set sizes over the tree of processes, at any look"""
    rss: float
    """largest resident set any one process ever had (VmHWM; ru_maxrss would be that of the parent
    it was forked from)
    """
    said: dict = field(default_factory=dict)
    fault: str = ""
    day: str = ""


def run(name, root, works):
    """Measure one stage or reference point on the project at `root`."""
    if not Path("/proc/self/smaps_rollup").exists():
        raise SystemExit("benchmarks read memory from /proc/*/smaps_rollup: run them on Linux")
    prepare(name, root)
    with tempfile.TemporaryDirectory(prefix="coauth-bench-") as folder:
        answer, errors = Path(folder) / "answer.json", Path(folder) / "errors"
        with errors.open("w") as told:
            command = [
                sys.executable,
                "-m",
                "tests.studies.benchmarks.measure",
                name,
                str(root.resolve()),
                str(answer),
            ]
            child = subprocess.Popen(command, stderr=told, cwd=CHECKOUT)
        pss = rss = 0.0
        while True:
            done, status, used = os.wait4(child.pid, os.WNOHANG)
            if done:
                break
            looked = time.monotonic()
            seen = list(_memory(child.pid))
            pss, rss = max(pss, sum(p for p, _ in seen)), max(rss, *(r for _, r in seen), 0.0)
            time.sleep(max(EVERY, SHARE * (time.monotonic() - looked)))
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            last = errors.read_text("utf-8").strip().splitlines()[-1:]
            return Measured(
                name,
                works,
                0,
                0,
                0,
                pss,
                rss,
                fault=f"exit code {child.returncode}: {' '.join(last)}",
            )
        said = json.loads(answer.read_text())
    startup = said.pop("startup")
    cpu = used.ru_utime + used.ru_stime - startup - said.pop("after")
    return Measured(
        name, works, said.pop("wall"), cpu, startup, pss, max(rss, said.pop("rss")), said
    )


def _memory(pid):
    """(PSS, largest RSS so far) in MiB of a process and each of its descendants; one that is just
    ending has none.
    """
    here = Path(f"/proc/{pid}")
    try:
        yield _mib(here / "smaps_rollup", "Pss:"), _mib(here / "status", "VmHWM:")
        below = [
            int(p) for thread in here.glob("task/*/children") for p in thread.read_text().split()
        ]
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return
    for child in below:
        yield from _memory(child)


def _mib(file, field):
    return (
        sum(
            int(line.split()[1]) for line in file.read_text().splitlines() if line.startswith(field)
        )
        / 1024
    )


def digest(edges):
    """A hash of edges (source, target, works), whatever their order and direction."""
    lines = sorted(
        f"{min(a, b)} {max(a, b)} {int(works)}" for a, b, works in zip(*edges, strict=True)
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class _Told(logging.Handler):
    """Keeps what coauth logs of its stages."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def answer(name, root):
    """Run one stage here; what it says, with the seconds before, during and after the work."""
    work = (STAGES | OTHERS)[name]()
    told = _Told()
    logging.getLogger("coauth").addHandler(told)
    logging.getLogger("coauth").setLevel(logging.INFO)
    startup, begun = time.process_time(), time.monotonic()
    said = work(root)
    wall, worked = time.monotonic() - begun, time.process_time()
    if "edges" in said:
        said |= {"pairs": len(said["edges"][2]), "edges": digest(said["edges"])}
    rss = _mib(Path("/proc/self/status"), "VmHWM:")
    return said | {
        "log": told.lines,
        "wall": wall,
        "startup": startup,
        "after": time.process_time() - worked,
        "rss": rss,
    }


if __name__ == "__main__":
    from joblib.externals.loky import get_reusable_executor

    said = answer(sys.argv[1], Path(sys.argv[2]))
    begun = time.process_time()
    get_reusable_executor().shutdown(wait=True)  # processes that end later would not be counted
    said["after"] += time.process_time() - begun
    Path(sys.argv[3]).write_text(json.dumps(said))
    os._exit(
        0
    )  # taking Python and its packages down again is a quarter of a second of nobody's work
