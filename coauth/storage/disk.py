"""Small files of the cache, and what to do where the disk does not play along."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from coauth.errors import CacheError

ADVICE = (
    "what was stored before is untouched: make room or give rights to the folder, or name another with --root, and run the "
    "same command again"
)


def json_bytes(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise CacheError(f"{path}: {fault.strerror}; check the disk and its permissions") from fault
