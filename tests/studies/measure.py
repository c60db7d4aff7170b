"""Numbers that are measured, not tested: `python -m tests.studies.measure snapshot|harvest|rate`. Machines
differ; ratios less.

snapshot   filtering a synthetic copy of the snapshot for Danish works, against decompression alone, both layouts
harvest    requests of a harvest without faults against the least there can be, and the peak memory of its process
rate       four workers, answers after 100 ms, against the ideal time of the rate limit
"""

import argparse
import calendar
import json
import logging
import os
import resource
import shutil
import tempfile
import time
import zlib
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from coauth.sources import snapshot
from coauth.sources.snapshot.filter import READ_AT_ONCE, ROWS_AT_ONCE, SELECT
from coauth.storage import Cache
from tests.support.harvests import authorship, harvest, scope, stored_ids, work
from tests.support.snapshots import block, lines, table
from tests.support.standin import StandIn
from tests.support.vintages import entries

# -- snapshot


def big_copy(root, gigabytes, layout):
    """A copy of that size: one block of 4,000 records, compressed once and written again and again."""
    folder = root / "data" / layout / "works"
    records = block()
    files, made = [], 0
    if layout == "jsonl":
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        packed = packer.compress(lines(records)) + packer.flush()
        times = max(1, round(gigabytes * 2**30 / len(packed)))
    else:
        arrow = table(records)
        sample = root / "sample.parquet"
        pq.write_table(arrow, sample, compression="snappy")
        times = max(1, round(gigabytes * 2**30 / sample.stat().st_size))
        sample.unlink()
    while made < times:
        here = min(times - made, 50)
        file = (
            folder
            / f"updated_date=2026-{1 + len(files) // 28:02d}-{1 + len(files) % 28:02d}"
            / f"part_0000.{'gz' if layout == 'jsonl' else 'parquet'}"
        )
        file.parent.mkdir(parents=True)
        if layout == "jsonl":
            with file.open("wb") as out:
                for _ in range(here):
                    out.write(packed)
        else:
            with pq.ParquetWriter(file, arrow.schema, compression="snappy") as out:
                for _ in range(here):
                    out.write_table(arrow)
        files.append(file)
        made += here
    return folder, files, times * len(records)


def alone(files, layout):
    """CPU seconds to unpack everything and do nothing with it; and the bytes unpacked."""
    start, size = time.process_time(), 0
    for file in files:
        if layout == "jsonl":
            with file.open("rb") as raw:
                member = zlib.decompressobj(31)
                while packed := raw.read(READ_AT_ONCE):
                    while packed:
                        size += len(member.decompress(packed))
                        packed = member.unused_data
                        if member.eof:
                            member = zlib.decompressobj(31)
        else:
            opened = pq.ParquetFile(file, pre_buffer=False)
            columns = [c for c in (*SELECT, "is_xpac") if c in opened.schema_arrow.names]
            for batch in opened.iter_batches(
                batch_size=ROWS_AT_ONCE, columns=columns, use_threads=False
            ):
                size += batch.nbytes
    return time.process_time() - start, size


def measure_snapshot(gigabytes):
    for layout in ("jsonl", "parquet"):
        root = Path(tempfile.mkdtemp(prefix="coauth-copy-"))
        try:
            _, files, records = big_copy(root, gigabytes, layout)
            packed = sum(f.stat().st_size for f in files)
            base, size = alone(files, layout)
            logging.disable(logging.WARNING)
            vintage = Cache(root / "cache").create("v", **entries("2026-10-15"))
            begun, start = time.monotonic(), time.process_time()
            summary = snapshot.fill(vintage, root, scope=scope())
            cpu, wall = time.process_time() - start, time.monotonic() - begun
            print(
                f"| {layout} | {packed / 2**30:.2f} GB in {len(files)} files, {size / 2**30:.1f} GB unpacked, {records:,} records "
                f"| {summary['stored'] + summary['moved']:,} passed, {summary['elsewhere']:,} elsewhere | {packed / 2**20 / cpu:.0f} MB/s packed, "
                f"{size / 2**20 / cpu:.0f} MB/s unpacked, {records / cpu:,.0f} records/s | {base:.1f} s | {cpu:.1f} s (wall {wall:.1f} s) | {cpu / base:.2f} |",
                flush=True,
            )
        finally:
            shutil.rmtree(root)


# -- harvest


class Years:
    """A quick stand-in: `works` records spread over all months from 2011, made when asked for."""

    def __init__(self, works, long_every=400):
        days = [
            f"{y}-{m:02d}-{d:02d}"
            for y in range(2011, 2026)
            for m in range(1, 13)
            for d in range(1, calendar.monthrange(y, m)[1] + 1)
        ]
        body = authorship(3)
        long = [authorship(n) for n in range(120)]
        self.records = [
            work(
                n,
                days[n * len(days) // works],
                authors=0,
                authorships=long if n % long_every == 7 else [body],
            )
            for n in range(works)
        ]
        self.long = sum(n % long_every == 7 for n in range(works))


def forked(act):
    """What `act` returns, done in a process of its own, and that process's peak memory in MB."""
    to_parent, from_child = os.pipe()
    child = os.fork()
    if child == 0:
        said = act()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        os.write(from_child, json.dumps([said, peak]).encode())
        os._exit(0)
    os.close(from_child)
    with os.fdopen(to_parent, "rb") as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return json.loads(said)


def served(works):
    """A stand-in in a process of its own, so that it shares neither memory nor interpreter with the
    harvester.
    """
    to_parent, from_child = os.pipe()
    child = os.fork()
    if child == 0:
        with StandIn(Years(works).records, daily_credits=10**9) as server:
            os.write(from_child, server.url.encode())
            os.close(from_child)
            while True:
                time.sleep(60)
    with os.fdopen(to_parent, "rb") as answer:
        os.close(from_child)
        return child, answer.read().decode()


class At:
    def __init__(self, url):
        self.url = url


def measure_harvest(works):
    """Requests and memory of one harvest of so many works, by the default limit of a slice."""
    child, url = served(works)
    folder = Path(tempfile.mkdtemp(prefix="coauth-harvest-"))
    try:
        begun = time.monotonic()
        whole = scope(first_year=2011, last_year=2024)
        summary, peak = forked(
            lambda: harvest(folder, At(url), as_of=date(2025, 12, 31), scope=whole, timeout=60.0)
        )
        least = (
            sum(s["distinct"] // 100 + 1 for s in summary["slices"].values()) + Years(works).long
        )
        ideal = -(-works // 100) + Years(works).long
        print(
            f"| {works:,} | {len(summary['slices'])} | {summary['requests']:,} | {least:,} | {ideal:,} | {(summary['requests'] / ideal - 1):+.2%} | {peak:.0f} MB | {time.monotonic() - begun:.0f} s |",
            flush=True,
        )
    finally:
        os.kill(child, 15)
        os.waitpid(child, 0)
        shutil.rmtree(folder)


def measure_rate(rate=5.0):
    """Four workers against a server that takes 100 ms for each answer, under the default rate."""

    class Slow(StandIn):
        def answer(self, request):
            response = super().answer(request)
            response.delay = 0.1
            return response

    records = [r for r in Years(2_000).records if len(r["authorships"]) == 1]
    folder = Path(tempfile.mkdtemp(prefix="coauth-rate-"))
    with Slow(records) as server:
        begun = time.monotonic()
        summary = harvest(
            folder,
            server,
            as_of=date(2025, 12, 31),
            scope=scope(first_year=2011, last_year=2024),
            workers=4,
            rate=rate,
            sleep=None,
            timeout=30.0,
        )
        took = time.monotonic() - begun
    assert len(stored_ids(folder)) == len(records)
    ideal = summary["requests"] / rate
    print(
        f"| {rate:g} a second | {summary['requests']} | {ideal:.1f} s | {took:.1f} s | {took / ideal - 1:+.1%} |",
        flush=True,
    )
    shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["snapshot", "harvest", "rate"])
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--works", type=int, nargs="*", default=[20_000, 200_000])
    chosen = parser.parse_args()
    if chosen.what == "snapshot":
        measure_snapshot(chosen.gigabytes)
    elif chosen.what == "rate":
        measure_rate()
    else:
        for works in chosen.works:
            measure_harvest(works)


if __name__ == "__main__":
    main()
