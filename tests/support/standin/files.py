"""Records from a file."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from tests.support.standin.wire import Record


def load_records(path: Path) -> list[Record]:
    """Read a JSON list, a saved page with `results`, or JSONL; also gzipped."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        # Not splitlines(): titles and affiliations hold U+2028 and U+0085, which it takes for ends
        # of lines.
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    if isinstance(document, list):
        return list(document)
    return list(document.get("results", [document]))
