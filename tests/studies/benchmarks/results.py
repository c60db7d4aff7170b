"""RESULTS.md: what was measured, in one sitting, with the bound beside each number that has one."""

import json
from dataclasses import asdict, replace
from itertools import pairwise
from math import log

from coauth.pipeline.build import versions

from .measure import Measured
from .others import NETWORK, OTHERS, PARSE, UNPACK

MARK = "SYNTHETIC"
LARGE, SMALL = 500_000, 20_000
SAID = {
    "gzip": "decompression alone, standard library",
    "isal": "decompression alone, isal",
    **{f"parse-{name}": f"isal + {name}; makes {makes}" for name, (_, makes) in PARSE.items()},
    "parse-duckdb": f"DuckDB read_json, typed, 1 thread; makes {PARSE['duckdb'][1]}",
    "pagerank-by-hand": "JSON → pairs counted one by one (the referee; no PageRank)",
    "pagerank-networkx": "JSON → PageRank: json + networkx",
    "pagerank-pyscisci": "JSON → PageRank: pyscisci",
    "pagerank-pyscisci-rows": "JSON → PageRank: json + pyscisci's network",
    "pagerank": "JSON → PageRank: coauth",
    "stored-by-hand": "tables → pairs counted one by one (the referee; no PageRank)",
    "stored-networkx": "tables → PageRank: networkx",
    "stored-pyscisci": "tables → PageRank: pyscisci",
    "stored": "tables → PageRank: coauth",
    "tables": "pages → tables",
    "technologies": "parsing and classifying every work, 1 process",
    "edges": "tables → edges",
    "build-lean": "whole build without paths and resampling",
    "lean-1-thread": "the same, 1 thread",
    "lean-2-threads": "the same, 2 threads",
    "lean-2-threads-again": "the same, 2 threads, again",
    "lean-2GB": "the same, memory 2GB",
    "betweenness": "exact weighted betweenness, every window, works up to K",
    "resampling": "1,000 replicates of strength, PageRank and eigenvector, every window, works up to K",
    "path-intervals": "200 replicates of betweenness among the 500 strongest, every window",
    "permutations": "permutations of both comparisons, 40 times the domestic roster",
    "build": "whole build with all",
    "build-2GB": "whole build with all, memory 2GB",
}
FLOOR = "parse-msgspec-lean"
"""The least that any road from the files to a network pays: unpacking, and finding what the network
is made of.
"""
OURS = [name for name in SAID if name not in OTHERS]
MEASURED = ("isal", "orjson", "pysimdjson", "msgspec", "pyscisci")
"""Versions said besides those a build records."""


class Results:
    """Gathers measurements and writes the page anew after each, so that a stopped run leaves what
    it had.

    They are kept in the file `kept` too; with `add`, what earlier runs left there stays until it is
    measured again.
    """

    def __init__(self, path, day, machine, kept, *, add=False):
        self.path, self.day, self.machine, self.kept = path, day, machine, kept
        before = (
            [Measured(**m) for m in json.loads(kept.read_text("utf-8"))]
            if add and kept.exists()
            else []
        )
        self.measured, self.shapes = {(m.works, m.name): m for m in before}, {}

    def add(self, measured):
        self.measured[measured.works, measured.name] = replace(measured, day=self.day)
        self.kept.write_text(json.dumps([asdict(m) for m in self.measured.values()]), "utf-8")
        print(
            f"{measured.works:>9,} {measured.name:<24} {measured.wall:>8.1f} s wall {measured.cpu:>8.1f} s CPU {measured.pss:>7,.0f} MiB  {measured.fault}",
            flush=True,
        )
        self.path.write_text("\n".join(self.page()), "utf-8")

    def of(self, works, name):
        """A measurement that was made and did not fail, or None."""
        found = self.measured.get((works, name))
        return found if found and not found.fault else None

    def page(self):
        sizes = sorted({works for works, _ in self.measured})
        yield from (
            "# How long coauth takes",
            "",
            f"{MARK}: every record is made by `tests/studies/benchmarks/world.py`. Written by `python -m tests.studies.benchmarks` on {' and '.join(sorted({m.day for m in self.measured.values()}))}; do not edit.",
            "",
            f"Machine: {self.machine}.",
            f"Versions: {', '.join(f'{k} {v}' for k, v in (versions() | _others()).items())}.",
            "",
            "Wall and CPU (user and system, of all processes) are seconds of the work alone; starting Python and importing stand beside them as",
            "start-up. Memory is the largest sum of proportional set sizes over the tree of processes, of a look every 50 ms (seldomer where a look",
            "would cost more than a twentieth of a core); beside it the largest resident set that any one process ever had. Each thing ran once, in a",
            "process of its own. Compare within one run only.",
            "",
        )
        yield from self._bounds()
        for works in sizes:
            yield from self._size(works)
            yield from self._networks(works)
        yield from self._growth(sizes)
        yield from self._shapes()

    def _size(self, works):
        yield from (
            f"## {works:,} works",
            "",
            "| what | wall s | CPU s | start-up CPU s | peak MiB, all processes | largest process | MB/s CPU |",
            "|---|---|---|---|---|---|---|",
        )
        size = self.shapes[works][0] / 1e6
        for name, what in SAID.items():
            if m := self.measured.get((works, name)):
                speed = (
                    f"{size / m.cpu:,.0f}"
                    if name in UNPACK or name.startswith("parse-") or name == "tables"
                    else ""
                )
                row = (
                    f"{m.wall:.2f} | {m.cpu:.2f} | {m.startup:.2f} | {m.pss:,.0f} | {m.rss:,.0f} | {speed}"
                    if not m.fault
                    else f"failed: {m.fault} | | | | | "
                )
                yield f"| {what} | {row} |"
        yield ""
        for name in ("build-lean", "build"):
            if (m := self.of(works, name)) and m.said["log"]:
                yield from (f"What the {SAID[name]} logged:", "", "```", *m.said["log"], "```", "")

    def _networks(self, works):
        yield from self._network(
            works,
            "pagerank",
            "The same network from the same files, {:,} works; the last row is what reading alone costs, and makes no network:",
            FLOOR,
        )
        yield from self._network(
            works,
            "stored",
            "The same network from the same stored tables (rolled up, judged), {:,} works:",
        )

    def _network(self, works, stage, heading, *more):
        found = {
            name: m
            for name in (stage, *(f"{stage}-{n}" for n in NETWORK), *more)
            if (m := self.of(works, name))
        }
        referee, ours = found.get(f"{stage}-by-hand"), found.get(stage)
        if not ours:
            return
        yield from (
            heading.format(works),
            "",
            "| what | pairs | same edges as counted by hand | PageRank, Σ|difference| to coauth | CPU s | of coauth's |",
            "|---|---|---|---|---|---|",
        )
        for name, m in found.items():
            same = (
                ""
                if name == FLOOR
                else "not asked"
                if referee is None
                else "yes"
                if m.said["edges"] == referee.said["edges"]
                else "NO"
            )
            apart = (
                f"{_apart(m.said['pagerank'], ours.said['pagerank']):.1e}"
                if "pagerank" in m.said
                else ""
            )
            pairs = f"{m.said['pairs']:,}" if "pairs" in m.said else ""
            yield f"| {SAID[name]} | {pairs} | {same} | {apart} | {m.cpu:.2f} | {m.cpu / ours.cpu:.2f} |"
        yield ""

    def _growth(self, sizes):
        if len(sizes) < 2:
            return
        steps = list(pairwise(sizes)) + ([(sizes[0], sizes[-1])] if len(sizes) > 2 else [])
        yield from (
            "## Growth: the exponent b of CPU ~ works^b",
            "",
            f"| what | {' | '.join(f'{a:,} → {b:,}' for a, b in steps)} |",
            "|---" * (len(steps) + 1) + "|",
        )
        for name, what in SAID.items():
            told = [self.exponent(name, *step) for step in steps]
            if any(t is not None for t in told):
                yield f"| {what} | {' | '.join('' if t is None else f'{t:.2f}' for t in told)} |"
        yield ""

    def exponent(self, name, few, many):
        a, b = self.of(few, name), self.of(many, name)
        return log(b.cpu / a.cpu) / log(many / few) if a and b and a.cpu > 0 < b.cpu else None

    def _shapes(self):
        tables = {works: rows for works, (_, rows) in sorted(self.shapes.items())}
        if not tables:
            return
        yield from (
            f"## What was generated ({MARK})",
            "",
            f"| | {' | '.join(f'{w:,}' for w in tables)} | aim |",
            "|---" * (len(tables) + 2) + "|",
        )
        for row in zip(*tables.values(), strict=True):
            yield f"| {row[0][0]} | {' | '.join(reached for _, reached, _ in row)} | {row[0][2]} |"
        yield ""

    # -- bounds

    def _bounds(self):
        yield from (
            "## What was promised",
            "",
            "| what | bound | measured | |",
            "|---|---|---|---|",
        )
        for what, bound, measured, kept in self.bounds():
            yield f"| {what} | {bound} | {'not measured' if measured is None else measured} | {'' if kept is None else 'met' if kept else 'MISSED'} |"
        yield ""

    def bounds(self):
        """(what, bound, measured, whether it was met); None where this run did not measure it."""
        for name, seconds in (
            ("tables", 45),
            ("edges", 15),
            ("build-lean", 120),
            ("betweenness", 1_200),
        ):
            m = self.of(LARGE, name)
            yield (
                f"{SAID[name]}, {LARGE:,} works",
                f"≤ {seconds} s wall",
                m and f"{m.wall:.1f} s",
                m and m.wall <= seconds,
            )
        for name, told, most in (("resampling", "CPU", 1_200), ("path-intervals", "wall", 1_800)):
            m = self.of(LARGE, name)
            seconds = m and getattr(m, told.lower())
            yield (
                f"{SAID[name]}, {LARGE:,} works",
                f"≤ {most} s {told}",
                m and f"{seconds:.1f} s",
                m and seconds <= most,
            )
        for name in ("permutations", "build", "build-2GB"):
            m = self.of(LARGE, name)
            yield (
                f"{SAID[name]}, {LARGE:,} works",
                "stated apart",
                m and f"{m.wall:.1f} s wall, {m.cpu:.1f} s CPU",
                None,
            )
        m = self.of(LARGE, "technologies")
        ratio = m and m.said["classifying"] / m.said["parsing"]
        yield (
            f"classifying every work, CPU against parsing it, {LARGE:,} works",
            "≤ 1 ×",
            m and f"{ratio:.2f} ×",
            m and ratio <= 1,
        )
        parsed = [m for name in PARSE if (m := self.of(LARGE, f"parse-{name}"))]
        ours = self.of(LARGE, "tables")
        for what, among in (
            ("the fastest", parsed),
            (
                "the fastest complete",
                [m for m in parsed if m.name not in ("parse-simdjson", "parse-msgspec-lean")],
            ),
        ):
            best = min(among, key=lambda m: m.cpu, default=None)
            for told, unit in (("CPU", "cpu"), ("wall, all cores against one", "wall")):
                ratio = best and ours and getattr(best, unit) / getattr(ours, unit)
                yield (
                    f"pages → tables: speed by {told}, against {what} decompress-and-parse alone",
                    "≥ 0.6 ×",
                    ratio and f"{ratio:.2f} × ({best.name.removeprefix('parse-')})",
                    ratio and ratio >= 0.6,
                )
        lean, whole = (
            "peak memory with memory 2GB, without paths and resampling",
            "peak memory with memory 2GB, whole build",
        )
        for what, gib, names in (
            ("peak memory throughout", 4, [n for n in OURS if not n.endswith("2GB")]),
            (lean, 2, ["lean-2GB"]),
            (whole, 2, ["build-2GB"]),
        ):
            seen = [m for n in names if (m := self.of(LARGE, n))]
            most = max(seen, key=lambda m: m.pss, default=None)
            yield (
                f"{what}, {LARGE:,} works",
                f"≤ {gib} GiB",
                most and f"{most.pss / 1024:.2f} GiB ({SAID[most.name]})",
                most and most.pss <= gib * 1024,
            )
        ours = self.of(SMALL, "pagerank")
        for name in ("pagerank-pyscisci", "pagerank-networkx"):
            m = self.of(SMALL, name)
            yield (
                f"{SAID[name]}, {SMALL:,} works, CPU against coauth's",
                "≥ 5 ×",
                m and ours and f"{m.cpu / ours.cpu:.1f} ×",
                m and ours and m.cpu >= 5 * ours.cpu,
            )
        m = self.of(SMALL, "pagerank-pyscisci-rows")
        yield (
            f"{SAID['pagerank-pyscisci-rows']}, {SMALL:,} works, CPU against coauth's",
            "for comparison",
            m and ours and f"{m.cpu / ours.cpu:.1f} ×",
            None,
        )
        ours = self.of(SMALL, "stored")
        for name in ("stored-pyscisci", "stored-networkx"):
            m = self.of(SMALL, name)
            yield (
                f"{SAID[name]}, {SMALL:,} works, CPU against coauth's",
                "for comparison",
                m and ours and f"{m.cpu / ours.cpu:.1f} ×",
                None,
            )
        floor = self.of(SMALL, FLOOR)
        for name in ("pagerank-pyscisci", "pagerank-networkx"):
            m = self.of(SMALL, name)
            yield (
                f"{SAID[name]}, {SMALL:,} works, CPU against the leanest reading alone",
                "for comparison",
                m and floor and f"{m.cpu / floor.cpu:.1f} ×",
                None,
            )
        for stage, what in (("pagerank", "from JSON"), ("stored", "from stored tables")):
            edges = {
                m.said["edges"]
                for n in (stage, *(f"{stage}-{n}" for n in NETWORK))
                if (m := self.of(SMALL, n))
            }
            yield (
                f"the same edges as a count by hand, {what}, {SMALL:,} works",
                "one set",
                f"{len(edges)} set(s)" if edges else None,
                len(edges) == 1 if edges else None,
            )
        for name, most in (("tables", 1.05), ("edges", 1.15)):
            b = self.exponent(name, SMALL, LARGE)
            yield (
                f"growth of {SAID[name]}, {SMALL:,} → {LARGE:,}",
                f"≤ n^{most}" if most > 1.1 else f"linear (≤ n^{most})",
                b and f"n^{b:.2f}",
                b and b <= most,
            )
        for works in sorted({works for works, _ in self.measured}):
            runs = [
                m.said["sha256"]
                for n in ("lean-1-thread", "lean-2-threads", "lean-2-threads-again")
                if (m := self.of(works, n))
            ]
            told = (
                f"{sum(r == runs[0] for r in runs)} of {len(runs)} alike"
                if len(runs) == 3
                else None
            )
            yield (
                f"the same bytes with 1 thread and twice with 2, {works:,} works",
                "3 alike",
                told,
                told and all(r == runs[0] for r in runs),
            )


def _apart(one, other):
    return sum(abs(one.get(key, 0.0) - other.get(key, 0.0)) for key in one.keys() | other.keys())


def _others():
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for package in MEASURED:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
