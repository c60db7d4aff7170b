"""From a shell: see the package."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.support.standin.faults import Fault
from tests.support.standin.files import load_records
from tests.support.standin.server import StandIn


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Serve works the way the OpenAlex API does, on loopback."
    )
    parser.add_argument("records", type=Path, help="works as JSON, JSONL or JSONL.gz")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--key", help="the only API key to accept")
    parser.add_argument("--credits", type=int, default=10_000, help="daily credits with a key")
    parser.add_argument(
        "--per-second", type=float, help="requests per second before 429; default: no limit"
    )
    parser.add_argument(
        "--faults", nargs="*", type=Fault.parse, default=[], metavar="KIND[,NAME=VALUE…]"
    )
    chosen = parser.parse_args(arguments)
    stop = threading.Event()
    for number_ in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number_, lambda *_: stop.set())
    with StandIn(
        load_records(chosen.records),
        key=chosen.key,
        faults=chosen.faults,
        daily_credits=chosen.credits,
        per_second=chosen.per_second,
        port=chosen.port,
    ) as server:
        print(server.url, flush=True)
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
