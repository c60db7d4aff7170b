"""Files written whole or not at all, and one line that says why where they cannot be.

A link is written through: the file it leads to is replaced in its own folder, the link stays. What
is no plain file (a folder, a pipe, a device), what may not be written, and a link that leads in a
circle or to a folder that is not there are refused before anything is written.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from coauth.errors import CacheError

Content = bytes | Iterable[str]

ADVICE = "make room or give rights to the folder, or name another --root"
"""For files whose folder the project names."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe (FIFO)"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)
_SYSTEM = (Path("/dev"), Path("/proc"), Path("/sys"))
"""Nothing below is a plain file, whatever it looks like (/dev/stdout does where the output goes to
a file); but for `_MEMORY`.
"""
_MEMORY = Path("/dev/shm")  # noqa: S108  only ever compared with


def _of_the_system(path: Path) -> bool:
    return any(path.is_relative_to(place) for place in _SYSTEM) and not path.is_relative_to(_MEMORY)


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


def target(path: Path, advice: str) -> Path:
    """The plain file that writing to `path` makes or replaces: itself, or where its link leads.
    Raises `CacheError` for any other thing.

    >>> target(Path("/dev/null"), "name another file")
    Traceback (most recent call last):
    coauth.errors.CacheError: cannot write /dev/null (a device, and no plain file); name another file
    """
    is_link, real = path.is_symlink(), Path(os.path.realpath(path))
    mode = 0
    with (
        reported(path, advice),
        suppress(FileNotFoundError),
    ):  # reported: a circle of links, a file in the place of a folder
        mode = path.stat().st_mode
    if kind := next((words for holds, words in _KINDS if holds(mode)), None):
        why = f"{kind}, and no plain file"
    elif any(_of_the_system(each) for each in (path.absolute(), real)):
        why = "a place of the system's own"
    elif mode and not (mode & 0o222 and os.access(path, os.W_OK)):
        why = "it may only be read"
    elif is_link and not real.parent.is_dir():
        why = f"a link to {real}, whose folder is not there"
    else:
        return real if is_link else path
    raise CacheError(f"cannot write {path} ({why}); {advice}")


def write(contents: Mapping[Path, Content], advice: str, *, private: bool = False) -> None:
    """Write all files under other names, sync them, then move them into place; folders are made.
    `private` files are for their owner alone.

    Text comes in pieces and is never held whole. Whatever goes wrong before the first move leaves
    every file as it was, and no litter. Raises `CacheError` naming the file that could not be
    written.
    """
    with ExitStack() as undo:
        written: dict[Path, tuple[Path, Path]] = {}
        real = {path: target(path, advice) for path in contents}
        for path, content in contents.items():
            temporary = real[path].with_name(f".{real[path].name}.{os.getpid()}.tmp")
            with reported(path, advice):
                real[path].parent.mkdir(parents=True, exist_ok=True)
                undo.callback(temporary.unlink, missing_ok=True)
                _fill(temporary, content, 0o600 if private else 0o666)
            written[temporary] = path, real[path]
        for temporary, (path, place) in written.items():
            with reported(path, advice):
                temporary.replace(place)


def _fill(path: Path, content: Content, mode: int) -> None:
    with open(path, "wb", opener=partial(os.open, mode=mode)) as file:
        if isinstance(content, bytes):
            file.write(content)
        else:
            file.writelines(piece.encode() for piece in content)
        file.flush()
        os.fsync(file.fileno())
