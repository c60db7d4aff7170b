"""Small files of the cache, and what to do where the disk does not play along."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from coauth.errors import CacheError

ADVICE = (
    "what was stored before is untouched: make room or give rights to the folder, or name another with --root, and run the "
    "same command again"
)


def json_bytes(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


SEAL = "seal"
"""Entry of a small file: a digest of its other entries."""


def seal(entries: Mapping[str, Any]) -> bytes:
    """A file of these entries that shows when one was changed.

    >>> unseal(seal({"a": 1}))
    {'a': 1}
    >>> unseal(seal({"a": 1}).replace(b'"a": 1', b'"a": 3'))
    Traceback (most recent call last):
    ValueError: an entry was changed since it was stored
    """
    return json_bytes({**entries, SEAL: _digest(entries)})


def unseal(data: bytes) -> dict[str, Any]:
    """The entries of such a file, or of one without a seal, as an older coauth wrote it. Raises
    `ValueError` for any other.
    """
    entries = json.loads(data)
    if not isinstance(entries, dict):
        raise ValueError("no JSON object")
    told = entries.pop(SEAL, None)
    if told != _digest(entries) if told is not None else _is_sealed(entries):
        raise ValueError("an entry was changed since it was stored")
    return entries


def _is_sealed(entries: Mapping[str, Any]) -> bool:
    """Whether one entry is the digest of the others: a seal whose own name was changed."""
    return any(
        value == _digest({k: v for k, v in entries.items() if k != key})
        for key, value in entries.items()
        if isinstance(value, str) and len(value) == 64
    )


def _digest(entries: Mapping[str, Any]) -> str:
    return hashlib.sha256(json_bytes(entries)).hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of a file; read again only where it was written again."""
    now = path.stat()
    return _file_digest(path, now.st_ino, now.st_size, now.st_mtime_ns)


@lru_cache(maxsize=1024)
def _file_digest(path: Path, *_: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def damage_of(read: Callable[[], object]) -> str:
    """What is damaged, where something cannot be read; empty where it can."""
    try:
        read()
    except CacheError as fault:
        return what_of(fault)
    return ""


def what_of(fault: CacheError) -> str:
    """What is damaged, without what to do."""
    return str(fault).partition(";")[0]


def read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise CacheError(f"{path}: {fault.strerror}; check the disk and its permissions") from fault
