"""The command line: words in, calls out. The only room that prints or exits.

An expected error is one line on stderr that says what to do next, exit code 1 (2 for wrong usage);
a bug keeps its traceback, Ctrl-C is one line and 130. Results go to stdout, with --json as one JSON document; progress and log
lines go to stderr.
"""

from __future__ import annotations

import gc
import os
import re

from coauth.cli import interruption
from coauth.cli.group import coauth

__all__ = ["coauth", "main"]


OWN = "077"
"""What others may do with new files: nothing. Caches and internal reports hold small cells."""


def main() -> None:
    mask = os.environ.get("COAUTH_UMASK", OWN)
    if not re.fullmatch("0?[0-7]{3}", mask):
        raise SystemExit(
            f"coauth: COAUTH_UMASK is '{mask}'; give three octal digits, as 027 (group may read)"
        )
    os.umask(int(mask, 8))
    interruption.heed()
    # millions of records are alive at once and none is in a cycle: looking for cycles at the
    # default pace takes a fifth of the time
    gc.set_threshold(200_000, 50, 50)
    coauth.main(prog_name="coauth")
