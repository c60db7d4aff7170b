"""run.json: what the files of a quarter's folder rest on, and which they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from coauth.queries import Queries
from coauth.report.vintage_info import About
from coauth.storage import Vintage, atomic
from coauth.tables.contract import MARK

ADVICE = atomic.ADVICE


def record(
    folder: Path, files: Iterable[Path], queries: Queries, vintage: Vintage, about: About
) -> Path:
    """Same entries, same bytes in every file listed."""
    manifest, built = vintage.manifest, vintage.built
    entries = {
        "coauth": about.versions["coauth"],
        "vintage": vintage.name,
        "quarter": about.quarter,
        "as_of": about.as_of.isoformat(),
        "source": about.source,
        "against": about.since.vintage if about.since else None,
        "synthetic": MARK if about.synthetic else False,
        "complete": about.complete,
        "affiliation_matcher": about.affiliation_matcher,
        "topic_model": about.topic_model,
        "scope": manifest.scope,
        "queries_sha256": queries.fingerprint,
        "seed": about.seed,
        "versions": about.versions,
        "profile": about.profile,
        "counts": about.counts,
        "statbank": {k: v for k, v in (vintage.totals or {}).items() if k != "body"} or None,
        "files_sha256": {
            p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in files
        },
    }
    if (
        about.profile == "internal"
    ):  # losses and rows are counts, and a hash tells whether a guess of a table is right
        entries |= {
            "losses": built.losses.plain(),
            "rows": built.rows,
            "tables_sha256": built.sha256,
        }
    path = folder / "run.json"
    atomic.write(
        {path: [json.dumps(entries, indent=1, sort_keys=True, ensure_ascii=False), "\n"]}, ADVICE
    )
    return path


def forget(folder: Path) -> None:
    """Remove what the last run of this quarter wrote here, and nothing else: no old figure stays
    beside new ones.

    A link stays, since whoever made it means it: it is written through. So does what is no plain
    file, and is refused.
    """
    there = folder / "run.json"
    if there.exists():
        for path in (
            folder / name for name in json.loads(there.read_text("utf-8"))["files_sha256"]
        ):
            if path.is_file() and not path.is_symlink():
                path.unlink()
