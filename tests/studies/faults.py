"""The fault matrix: `python -m tests.studies.faults --schedules 300 --seed 1` harvests under random faults
and says what came of it.

A schedule is a seed. It draws up to eight faults of the stand-in (some lasting), and up to three
interruptions, each ending one run: SIGKILL after a page, SIGKILL in the middle of writing a file, a
full disk. Between runs files on disk may be harmed. Runs go on until one ends by itself, at most
six. Then the harm is found and a run without faults follows. Judged is every run that ended by
itself, and the last one:

    same        the files are those of a harvest without faults, byte for byte
    recorded    complete, in other files (smaller pages, a record served twice): works whose author list was cut, and slices
                that drifted, are named; all other works are equal
    short       all slices are closed, and years that hold a little less than OpenAlex counts are named: a server that
                lost a work and counted one less, before a kill, cannot be told from one that has grown since
    incomplete  slices are named that do not hold all, or years that lack more
    stopped     one line says why (budget, plan, key, server down, disk full)

Lost is a work that a run called complete does not hold and does not name; doubled, one it holds
twice without counting it. Both must be zero. Every run is a process of its own, so that a kill is a
kill, and one that does not end in `LONGEST` seconds is ended, and counted: there must be none.

Of a record that was spoiled by the server only itself may be lost, and not in silence: it is stored
as it was before, or mended, or without the one field, which is noted, or as damaged under its id.
"""

from __future__ import annotations

import argparse
import errno
import json
import logging
import os
import random
import select
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import msgspec

from coauth.errors import CoauthError
from coauth.progress import ignore
from coauth.sources.api import requests
from coauth.sources.api.harvest import DRIFT
from tests.support.harvests import (
    CONTROLS,
    PLACES,
    SMALL,
    SMALL_INSIDE,
    begun,
    harvest,
    only_pages,
    stored_files,
)
from tests.support.standin import Fault, StandIn

PASSING = (
    "rate_429",
    "throttled_429",
    "http_500",
    "http_503",
    "http_503_json",
    "http_504",
    "html_200",
    "cut_json",
    "reset",
    "short_page",
    "duplicate",
    "lose",
    "count_drift",
    "vanish",
    "hang",
    "drip",
    "surrogate",
    "escape",
    "nan",
)
ENDING = ("budget_429", "plan_429", "unauthorized")
INTERRUPTIONS = ("kill after a page", "kill in a write", "disk full")
HARMS = ("cut short", "edited", "removed", "summary edited")
SPOILED = {"surrogate": "title", "escape": "title", "nan": "cited_by_count"}
"""What a record loses at most by a fault of its own."""
MOST_RUNS = 6
LONGEST = 120.0


def schedule(draw):
    """Up to eight faults, some of them lasting, seldom one that ends the run."""
    kinds = [
        draw.choice(ENDING if draw.random() < 0.06 else PASSING) for _ in range(draw.randint(1, 8))
    ]
    names = sorted(i.rpartition("/")[2] for i in SMALL_INSIDE)
    return [
        Fault(
            kind,
            when=draw.choice(PLACES),
            nth=draw.randint(1, 6),
            per_page_over=draw.choice([0, 0, 0, 25, 50]),
            times=draw.choice(
                [1, 2]
                if kind in (*ENDING, "hang", "drip")
                else [1, 3, None]
                if kind in SPOILED
                else [1, 1, 2, 3, 7, 20]
            ),
            drift=draw.choice([-3, -1, 1, 2]),
            partial_count=draw.random() < 0.5,
            keep=draw.choice([None, 0, 1, 30]),
            marker="Zyblenski",
            seconds=0.05 if kind == "drip" else 0.6,
            record=draw.choice(names) if kind in SPOILED else "",
        )
        for kind in kinds
    ]


class Interrupted:
    """Ends this process, or fills its disk, at a moment counted in pages or in files written."""

    def __init__(self, kind, at):
        self.kind, self.left = kind, at
        if kind in ("kill in a write", "disk full"):
            self.fsync, os.fsync = os.fsync, self.written

    def written(self, file):
        self.left -= 1
        if self.left <= 0:
            if self.kind == "kill in a write":
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.fsync(file)

    def __call__(self, event):
        if self.kind == "kill after a page":
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def run(folder, faults_server, *, interruption=None, workers=1, soft_timeout=True):
    """One harvest in a process of its own: its summary, the line it stopped with, that it was
    endless, or None where it was killed.

    The process is made before the server's threads are, since to fork among threads is asking for
    trouble.
    """
    to_child, from_child = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(to_child[1])
        with os.fdopen(to_child[0]) as told:
            url = told.read()
        if not soft_timeout:
            requests.SOFT_TIMEOUT_MS = 10**9
        progress = Interrupted(*interruption) if interruption else ignore
        try:
            said = {
                "summary": harvest(folder, At(url), workers=workers, progress=progress, timeout=0.3)
            }
        except CoauthError as fault:
            said = {"stopped": str(fault)}
        with os.fdopen(from_child[1], "w") as answer:
            json.dump(said, answer)
        os._exit(0)
    os.close(to_child[0])
    os.close(from_child[1])
    with faults_server() as server:
        with os.fdopen(to_child[1], "w") as tell:
            tell.write(server.url)
        with os.fdopen(from_child[0]) as answer:
            endless = not select.select([answer], [], [], LONGEST)[0]
            if endless:
                os.kill(child, signal.SIGKILL)
            said = answer.read()
        os.waitpid(child, 0)
        made = len(server.requests)
    return {"endless": True} if endless else json.loads(said) if said else None, made


class At:
    def __init__(self, url):
        self.url = url


class Keeping:
    """The stand-in with its faults, started anew for every run: what has struck stays struck."""

    def __init__(self, faults):
        self.book = StandIn(SMALL, faults=faults).faults

    def __call__(self):
        return StandIn(SMALL, faults=self.book)

    @property
    def struck(self):
        return Counter({f.kind: 0 for f in self.book._faults}) + sum(
            (
                Counter({f.kind: n})
                for f, n in zip(self.book._faults, self.book._struck, strict=True)
            ),
            Counter(),
        )

    @property
    def broken_fields(self):
        """Work -> its fields that the server broke."""
        fields = {}
        for fault, n in zip(self.book._faults, self.book._struck, strict=True):
            if n and fault.kind in SPOILED:
                fields.setdefault(f"https://openalex.org/{fault.record}", set()).add(
                    SPOILED[fault.kind]
                )
        return fields


@cache
def reference():
    """The files of a harvest in which nothing goes wrong, its works by id, and its requests."""
    folder = Path(tempfile.mkdtemp(prefix="coauth-faults-"))
    _, made = run(folder, lambda: StandIn(SMALL))
    found = only_pages(stored_files(folder)), works_of(folder), made - CONTROLS
    shutil.rmtree(folder)
    return found


def works_of(folder):
    return {w.id: msgspec.json.encode(w) for page in begun(folder).pages() for w in page.works}


def own_fault(stored, whole, fields):
    """Whether a spoiled work has lost no more than it may: nothing (an escape that is none is
    text), the broken fields, if that is noted, or all but its id.
    """
    here, there = json.loads(stored), json.loads(whole)
    if here.get("damage"):
        return here.keys() == {"id", "damage"}
    notes = [set(work.pop("noted", ())) for work in (here, there)]
    if here == there or here == there | {"title": there["title"] + "\\x"}:
        return True
    without = dict.fromkeys(fields)
    return notes[0] > notes[1] and here | without == there | without


def judge(folder, summary, broken_fields=None):
    """(how a run ended, works lost, works doubled); `broken_fields` of works that were broken on
    their way.
    """
    files, works, _ = reference()
    off = summary["years_off_control"].values()
    short = sum(year["control"] - year["distinct"] for year in off)
    if summary["incomplete"] or abs(short) > DRIFT * len(SMALL_INSIDE):
        return "incomplete", 0, 0
    here = works_of(folder)
    cut = {w.id for page in begun(folder).pages() for w in page.works if w.authors_cut}
    same = {i for i in here if here[i] == works.get(i) or i in cut}
    same |= {
        i
        for i, fields in (broken_fields or {}).items()
        if i in here and own_fault(here[i], works[i], fields)
    }
    rows = sum(len(page.works) for page in begun(folder).pages())
    doubled = rows - len(here) - summary["duplicates"]
    named = len(cut) == summary["authors_cut"]
    lost = max(0, len(SMALL_INSIDE - same) - max(0, short)) if named else len(SMALL_INSIDE)
    return (
        "short" if off else "same" if only_pages(stored_files(folder)) == files else "recorded",
        lost,
        abs(doubled),
    )


def harm(folder, draw):
    """One file of the vintage cut, edited or removed; says which way, or nothing where there is no
    file yet.
    """
    pages = sorted((begun(folder).path / "pages").rglob("0*.gz"))
    closed = sorted((begun(folder).path / "pages").rglob("slice.json"))
    kind = draw.choice(HARMS)
    if kind == "summary edited":
        if closed:
            draw.choice(closed).write_text('{"status": "complete"')
        return kind if closed else None
    pages = [p for p in pages if (p.parent / "slice.json").exists()] if kind == "edited" else pages
    if not pages:
        return None
    page = draw.choice(pages)
    if kind == "cut short":
        page.write_bytes(page.read_bytes()[: draw.randint(0, 200)])
    elif kind == "edited":
        other = draw.choice(pages)
        page.write_bytes(other.read_bytes() if other != page else page.read_bytes() + b"\0")
    else:
        page.unlink()
    return kind


def one(seed):
    """The tallies of one schedule."""
    draw, tally = random.Random(seed), Counter()
    folder = Path(tempfile.mkdtemp(prefix="coauth-faults-"))
    server = Keeping(schedule(draw))
    pending = [
        (draw.choice(INTERRUPTIONS), draw.randint(1, 12))
        for _ in range(draw.choice([0, 0, 1, 1, 2, 3]))
    ]
    options = {"workers": 1 + seed % 4, "soft_timeout": seed % 2 == 0}
    for _ in range(MOST_RUNS):
        interruption = pending.pop() if pending else None
        said, made = run(folder, server, interruption=interruption, **options)
        tally["runs"] += 1
        tally["requests"] += made
        if interruption and (said is None or "stopped" in said):
            tally[f"injected: {interruption[0]}"] += 1
        if (
            (begun(folder).path / "pages").exists()
            and draw.random() < 0.3
            and (kind := harm(folder, draw))
        ):
            tally[f"injected: file {kind}"] += 1
            if said and "summary" in said:
                continue  # the next run has to find it
        if said is None:
            tally["ended: killed"] += 1
        elif "endless" in said:
            tally["ended: never"] += 1
        elif "stopped" in said:
            tally["ended: stopped"] += 1
            tally["stopped without one line"] += (
                "\n" in said["stopped"] or "Zyblenski" in said["stopped"]
            )
        else:
            ended, lost, doubled = judge(folder, said["summary"], server.broken_fields)
            tally.update({f"ended: {ended}": 1, "works lost": lost, "works doubled": doubled})
            break
    said, made = run(folder, lambda: StandIn(SMALL))
    tally["runs"] += 1
    tally["requests"] += made
    ended, lost, doubled = judge(folder, said["summary"], server.broken_fields)
    tally.update({f"then without faults: {ended}": 1, "works lost": lost, "works doubled": doubled})
    tally.update({f"injected: {kind}": n for kind, n in server.struck.items()})
    tally["schedules"] += 1
    if lost or doubled or ended == "incomplete":
        tally[f"failed: seed {seed}"] += 1
    shutil.rmtree(folder)
    return tally


def matrix(schedules, seed=1, jobs=1):
    """All tallies together."""
    seeds = range(seed, seed + schedules)
    if jobs == 1:
        return sum(map(one, seeds), Counter())
    with ProcessPoolExecutor(jobs) as pool:
        return sum(pool.map(one, seeds, chunksize=5), Counter())


def table(tally, seconds):
    """The tally as lines of a Markdown table."""
    minimum = reference()[2]
    injected = {k: n for k, n in sorted(tally.items()) if k.startswith("injected: ")}
    yield "| | |\n|---|---:|"
    yield f"| schedules | {tally['schedules']:,} |"
    yield f"| runs (processes) | {tally['runs']:,} |"
    yield f"| faults injected | {sum(injected.values()):,} |"
    yield from (f"| … {kind.removeprefix('injected: ')} | {n:,} |" for kind, n in injected.items())
    yield from (
        f"| run {kind} | {n:,} |" for kind, n in sorted(tally.items()) if kind.startswith("ended: ")
    )
    yield from (
        f"| {kind} | {n:,} |"
        for kind, n in sorted(tally.items())
        if kind.startswith("then without faults")
    )
    yield f"| works lost unnamed | {tally['works lost']:,} |"
    yield f"| works doubled unnamed | {tally['works doubled']:,} |"
    yield f"| runs that did not end | {tally['ended: never']:,} |"
    yield f"| errors that were not one clean line | {tally['stopped without one line']:,} |"
    yield f"| requests, all runs together | {tally['requests']:,} |"
    yield f"| requests of as many harvests without faults | {minimum * tally['schedules']:,} |"
    yield f"| seconds | {seconds:,.0f} |"
    yield from (
        f"| {kind} | {n} |" for kind, n in sorted(tally.items()) if kind.startswith("failed: ")
    )


def main():
    parser = argparse.ArgumentParser(
        description="Harvest under random faults and say what came of it."
    )
    parser.add_argument("--schedules", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args()
    logging.disable(logging.WARNING)
    start = time.monotonic()
    tally = matrix(chosen.schedules, chosen.seed, chosen.jobs)
    print("\n".join(table(tally, time.monotonic() - start)))
    return (
        1
        if tally["works lost"]
        or tally["works doubled"]
        or tally["ended: never"]
        or any(k.startswith("failed") for k in tally)
        else 0
    )


if __name__ == "__main__":
    sys.exit(main())
