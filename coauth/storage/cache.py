"""The folder of vintages: which there are, and which of them is meant."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from coauth.errors import CacheError, NotFound
from coauth.storage import atomic
from coauth.storage.disk import damage_of, read_bytes, seal, unseal
from coauth.storage.manifest import Manifest
from coauth.storage.table_store import load, store
from coauth.storage.vintage import Vintage
from coauth.tables import schemas


class Cache:
    """The folder of vintages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def vintages(self) -> list[Vintage]:
        """Every vintage with a manifest, oldest first."""
        there = [Vintage(p.parent) for p in self.folder.glob("*/manifest.json")]
        return sorted(there, key=lambda v: v.order)

    def like(self, vintage: Vintage) -> list[Vintage]:
        """Complete ones up to the date of a vintage and of the same kind of source, oldest first:
        what it may be held against.
        """
        kind = vintage.manifest.source.kind
        there = [
            v
            for v in self.vintages()
            if v.complete and v.as_of <= vintage.as_of and v.manifest.source.kind == kind
        ]
        return sorted(there, key=lambda v: (v.as_of, v.order))

    def create(self, name: str, **manifest: Any) -> Vintage:
        """A new vintage. A name already taken gets the next free `.2`, `.3`: vintages are never
        mixed.
        """
        taken = {p.name for p in self.folder.glob("*")}
        free = next(n for n in (name, *(f"{name}.{i}" for i in range(2, 1000))) if n not in taken)
        vintage = Vintage(self.folder / free)
        Manifest.from_entries(manifest).write(vintage.path / "manifest.json")
        return vintage

    def damage(self) -> list[str]:
        """What beside the vintages is no longer as it was stored, and vintages without a manifest."""
        lost = [
            f"{p.parent / 'manifest.json'}: missing"
            for p in sorted(self.folder.glob("*/pages"))
            if not (p.parent / "manifest.json").exists()
        ]
        readers: list[Callable[[], object]] = [lambda: self.admissions]
        readers += [lambda: self.rounding_key] if self.has_rounding_key else []
        return lost + [d for read in readers if (d := damage_of(read))]

    @property
    def has_rounding_key(self) -> bool:
        return (self.folder / "rounding.key").exists()

    @property
    def rounding_key(self) -> bytes:
        """The secret that the counts of public editions are rounded by (`coauth.public.rounding`), made
        at the first use. With another one the same counts would be published a second time, rounded
        otherwise, and come nearer to the true ones.
        """
        path = self.folder / "rounding.key"
        if not self.has_rounding_key:
            key = secrets.token_hex(32)
            atomic.write({path: seal({"key": key})}, atomic.ADVICE, private=True)
        try:
            return bytes.fromhex(unseal(read_bytes(path))["key"])
        except (ValueError, KeyError, TypeError) as fault:
            raise CacheError(
                f"{path}: damaged ({fault}); copy it back from where public editions were made"
            ) from fault

    @property
    def admissions(self) -> pa.Table:
        """PhD admissions as imported; they belong to no vintage."""
        path = self.folder / "admissions.parquet"
        if not path.exists():
            return schemas.ADMISSIONS.empty()
        return load(path, schemas.ADMISSIONS, "remove it and import the admissions again")

    @admissions.setter
    def admissions(self, table: pa.Table) -> None:
        store(self.folder / "admissions.parquet", schemas.ADMISSIONS, table, {}, checked=True)

    def find(
        self, name: str | None = None, quarter: str | None = None, *, complete: bool = True
    ) -> Vintage:
        """The vintage of that name, or the newest complete one (of the quarter, if one is given);
        without `complete` the newest, complete or not.
        """
        there = self.vintages()
        if name is not None:
            for vintage in there:
                if vintage.name == name:
                    return vintage
            raise NotFound(
                f"no vintage '{name}' in {self.folder}; there are: {_listing(v.name for v in there)}"
            )
        fitting = [v for v in there if v.complete >= complete and quarter in (None, v.quarter)]
        if not fitting:
            of = f" of {quarter}" if quarter else ""
            raise NotFound(
                f"no complete vintage{of} in {self.folder} (there are: {_listing(v.name for v in there)}); "
                "run `coauth harvest`, or `coauth rebuild --sample` for a synthetic one"
            )
        return max(fitting, key=lambda v: (v.as_of, v.order))

    def newest(self) -> Vintage:
        """The newest vintage, complete or not."""
        return self.find(complete=False)


def _listing(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
