"""The affiliations audit of a harvested vintage, built or not: from its pages, once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import pyarrow as pa

from coauth.pipeline.project import Project
from coauth.pipeline.read_pages import PAGES, Pages, one_after_another
from coauth.queries import Queries
from coauth.stages import affiliation_audit, works
from coauth.stages.affiliation_audit import Audit
from coauth.storage import Vintage
from coauth.tables.schemas import AUDIT, AUDIT_YEARS

SMALL = 20
"""Pages that are read while a person waits: some two thousand works, in a third of a second."""


def audit_affiliations(project: Project, vintage: Vintage, *, anew: bool = True) -> Audit | None:
    """What the strings of a vintage name and no institution was matched to
    (`coauth.stages.affiliation_audit`).

    It is kept with a complete vintage until its pages or the questions change. Unless it is to be
    made `anew`, what is kept is given, or for a vintage of at most SMALL pages what it comes to;
    else None.
    """
    basis = _basis(vintage, project.queries)
    years, institutions = vintage.beside(AUDIT_YEARS, basis), vintage.beside(AUDIT, basis)
    if years is not None and institutions is not None:
        return Audit(years, institutions)
    parts = vintage.parts(PAGES)
    if not parts or not (anew or sum(map(len, parts)) <= SMALL):
        return None
    made = _made(parts, vintage, project.queries)
    if anew and vintage.complete:
        vintage.keep_beside(AUDIT_YEARS, made.years, basis)
        vintage.keep_beside(AUDIT, made.institutions, basis)
    return made


def _made(parts: list[Pages], vintage: Vintage, queries: Queries) -> Audit:
    reader = works.Reader(queries.scope, vintage.as_of)

    def read(
        pages: Pages, elsewhere: Mapping[str, works.Claim]
    ) -> tuple[works.Addresses, pa.Table]:
        return reader.addresses((part.records(number) for part, number in pages), elsewhere)

    read_parts = one_after_another(parts, read, lambda part: part[1], queries.scope, vintage.as_of)
    return affiliation_audit.survey([addresses for addresses, _ in read_parts], queries)


def _basis(vintage: Vintage, queries: Queries) -> str:
    """A digest of what the audit rests on: the pages as they were closed, and what is asked of
    them.
    """
    slices = [(part.name, part.summary, part.numbers) for part in vintage.slices()]
    asked = [
        queries.scope.fingerprint,
        queries.lists(),
        queries.rollup.aliases,
        vintage.as_of.isoformat(),
    ]
    return hashlib.sha256(
        json.dumps([slices, asked], sort_keys=True, default=str).encode()
    ).hexdigest()
