"""run.json: what the files of a quarter's folder rest on, and which they are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from coauth.errors import CacheError
from coauth.queries import Queries
from coauth.report.vintage_info import About
from coauth.storage import Vintage, atomic
from coauth.storage.disk import file_digest, seal, unseal, what_of
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
    atomic.write({path: seal(entries)}, ADVICE)
    return path


def damage(reports: Path) -> list[tuple[str, str]]:
    """What of the editions in `reports` is no longer as it was written, each with the cure."""
    damages = []
    for path in sorted(reports.glob("*/run.json")):
        folder = path.parent
        quarter = re.search(r"\d{4}Q[1-4]", folder.name)
        public = " --profile public" if folder.name.endswith("-public") else ""
        cure = f"`coauth report {quarter[0] if quarter else ''}{public}` makes {folder.name} anew"
        try:
            files = _files(folder)
        except CacheError as fault:
            damages.append((what_of(fault), f"once {folder} is removed, {cure}"))
            continue
        damages += [
            (f"{each}: {'changed since it was written' if each.exists() else 'missing'}", cure)
            for each, digest in files.items()
            if not each.exists() or file_digest(each) != digest
        ]
    return damages


def _files(folder: Path) -> Mapping[Path, str]:
    """The files of an edition and their digests. Raises `CacheError` where its record is damaged, or
    names what lies elsewhere.
    """
    try:
        files = unseal((folder / "run.json").read_bytes())["files_sha256"]
        if any(PurePosixPath(n).is_absolute() or ".." in PurePosixPath(n).parts for n in files):
            raise ValueError("a file of another folder")
        return {folder / name: str(digest) for name, digest in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise CacheError(
            f"{folder / 'run.json'}: damaged ({fault}); remove {folder} and run the same command again"
        ) from fault


def forget(folder: Path) -> None:
    """Remove what the last run of this quarter wrote here, and nothing else: no old figure stays
    beside new ones.

    A link stays, since whoever made it means it: it is written through. So does what is no plain
    file, and is refused.
    """
    if (folder / "run.json").exists():
        for path in _files(folder):
            if path.is_file() and not path.is_symlink():
                path.unlink()
