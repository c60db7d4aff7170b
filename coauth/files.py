"""Files written whole or not at all, and one line that says why where they cannot be."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from coauth.errors import CacheError

Content = bytes | Iterable[str]


@contextmanager
def reported(path: Path, advice: str) -> Iterator[None]:
    """Turn what the system says against writing `path` into a `CacheError` that ends with `advice`.

    >>> with reported(Path("report"), "name another folder"):
    ...     raise PermissionError(13, "Permission denied")
    Traceback (most recent call last):
    coauth.errors.CacheError: cannot write report (Permission denied); name another folder
    """
    try:
        yield
    except OSError as fault:
        raise CacheError(f"cannot write {path} ({fault.strerror or fault}); {advice}") from fault


def write(contents: Mapping[Path, Content], advice: str) -> None:
    """Write all files under other names, sync them, then move them into place; folders are made.

    Text comes in pieces and is never held whole. Whatever goes wrong before the first move leaves every file as it
    was, and no litter. Raises `CacheError` naming the file that could not be written.
    """
    with ExitStack() as undo:
        written: dict[Path, Path] = {}
        for path, content in contents.items():
            temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            with reported(path, advice):
                path.parent.mkdir(parents=True, exist_ok=True)
                undo.callback(temporary.unlink, missing_ok=True)
                _fill(temporary, content)
            written[temporary] = path
        for temporary, path in written.items():
            with reported(path, advice):
                temporary.replace(path)


def _fill(path: Path, content: Content) -> None:
    with path.open("wb") as file:
        if isinstance(content, bytes):
            file.write(content)
        else:
            file.writelines(piece.encode() for piece in content)
        file.flush()
        os.fsync(file.fileno())
