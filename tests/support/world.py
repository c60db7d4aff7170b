"""Worlds of a few works, written as a table on paper: who wrote what with whom, and in which year.

    work(1, 2020, [["I1", "I10"], ["I1"]])      two authors: one of I1 and I10, one of I1 alone

Institutions are numbered by country (`COUNTRY`), so that a world can be read without looking
anything up. `World` runs any stage on such records, each from the ones before it, and only when
asked.
"""

import datetime
import json
from functools import cached_property

import pyarrow as pa

from coauth import openalex
from coauth.engine.duck import DuckDB
from coauth.stages import (
    affiliation_audit,
    benefits,
    copublications,
    edges,
    flags,
    institutions,
    technologies,
    works,
)
from coauth.stages.works import coverage, inclusion
from coauth.tables import schemas

COUNTRY = {0: "DK", 1: "CN", 2: "SE", 3: "US", 4: "RU", 5: "HK", 6: "FI", 7: None}
"""I1–I9 are Danish, I10–I19 Chinese, I20–I29 Swedish and so on."""

AS_OF = datetime.date(2026, 11, 20)


WORK_ROW = {
    "type": "article",
    "n_authors": 2,
    "n_authors_with_institution": 2,
    "n_authors_with_string": 2,
    "authors_cut": False,
    "n_institutions": 2,
    "n_countries": 2,
    "affiliation_status": "complete",
    "has_company": False,
    "is_retracted": False,
    "is_preprint": False,
    "included": True,
}
"""What the table `works` says of a plain article of two authors at two institutions."""


def url(short, kind=""):
    return f"https://openalex.org/{kind}{short}"


def ror(number):
    return f"https://ror.org/0{int(number):06d}99"


def place(said):
    """An institution as OpenAlex nests it; `said` is its id, or a dict that says more (id,
    country_code, lineage, ror …).
    """
    told = said if isinstance(said, dict) else {"id": said}
    number = int(told["id"][1:])
    known = {
        "display_name": f"Place {number}",
        "ror": ror(number),
        "country_code": COUNTRY.get(number // 10),
        "type": "education",
    }
    lineage = [url(i) for i in told.get("lineage", [told["id"]])]
    return known | told | {"id": url(told["id"]), "lineage": lineage}


def authorship(said):
    """One author of the institutions `said`, or a whole authorship where a dict with other keys is
    given.
    """
    if isinstance(said, dict) and "id" not in said:
        return said
    here = [place(i) for i in said]
    countries = sorted({i["country_code"] for i in here if i["country_code"]})
    strings = [
        {"raw_affiliation_string": i["display_name"], "institution_ids": [i["id"]]} for i in here
    ]
    return {"institutions": here, "countries": countries, "affiliations": strings}


def topic(short, score=0.9, field=17):
    return {
        "id": url(short),
        "display_name": short,
        "score": score,
        "field": {"id": url(field, "fields/"), "display_name": "F"},
    }


def work(number, year, authors, *, topics=(), abstract=None, **told):
    """A record as OpenAlex serves it; anything may be said otherwise by keyword."""
    ranked = [t if isinstance(t, dict) else topic(t) for t in topics]
    index = {}
    for position, word in enumerate((abstract or "").split()):
        index.setdefault(word, []).append(position)
    return {
        "id": url(f"W{number}"),
        "doi": f"https://doi.org/10.1/{number}",
        "title": f"Of matters numbered {number:06d} in a long row",
        "publication_year": year,
        "publication_date": f"{year}-06-15",
        "type": "article",
        "language": "en",
        "is_retracted": False,
        "is_paratext": False,
        "authorships": [authorship(a) for a in authors],
        "primary_topic": ranked[0] if ranked else None,
        "topics": ranked,
        "cited_by_count": 3,
        "primary_location": {"source": {"display_name": "J", "host_organization_name": "P"}},
        "abstract_inverted_index": index or None,
    } | told


def kept(record):
    return openalex.keep(json.dumps(record).encode())


def page(*records):
    return openalex.Page(request="by hand", served_sha256=[], works=[kept(r) for r in records])


def read(served, scope, size=5_000):
    """Batches of `size` records of the pages, and losses; of records with one id the newest counts,
    whatever its batch.
    """
    packed = [openalex.pack(p) for p in served]
    reader = works.Reader(scope, AS_OF)

    def part(start):
        """What is read is let go of on the way, so each time anew."""
        return [[r for p in packed for r in openalex.records(p, "by hand")][start : start + size]]

    starts = range(0, max(sum(len(p.works) for p in served), 1), size)
    done = [reader.read(part(start)) for start in starts]
    exact = lambda ids: {n: reader.claims(part(starts[n]), some) for n, some in ids.items()}  # noqa: E731
    for n, elsewhere in works.newest.elsewhere([claims for *_, claims in done], exact).items():
        done[n] = reader.read(part(starts[n]), elsewhere)
    return [batch for batch, *_ in done], sum((lost for _, lost, _ in done), works.Losses())


def linked(counted, affiliations, engine):
    """`edges.link` as one table."""
    return pa.Table.from_batches(edges.link(counted, affiliations, engine), schemas.EDGES.schema)


def rows(table, *columns):
    """A table as a list of tuples of these columns (or of a column's values)."""
    picked = [table[c].to_pylist() for c in columns]
    return picked[0] if len(columns) == 1 else list(zip(*picked, strict=True))


class World:
    """Every stage's tables for a few records, made as `coauth.pipeline` makes them."""

    def __init__(
        self,
        records,
        asked,
        *,
        scope=None,
        rollup=None,
        threads=1,
        size=5_000,
        shuffle=None,
        **changed,
    ):
        self.records, self.threads, self.size, self.shuffle = records, threads, size, shuffle
        self.asked = asked.model_copy(
            update=changed
            | {
                "scope": asked.scope.model_copy(update=scope or {}),
                "rollup": asked.rollup if rollup is None else rollup,
            }
        )

    @cached_property
    def engine(self):
        return DuckDB(self.asked.sql, self.asked.tables(), threads=self.threads)

    @cached_property
    def batch(self):
        served = [page(*self.records[i : i + 7]) for i in range(0, len(self.records), 7)]
        batches, self.losses = read(served, self.asked.scope, self.size)
        joined = (pa.concat_tables(part) for part in zip(*batches, strict=True))
        if self.shuffle is not None:
            joined = (
                t.take(pa.array(self.shuffle.sample(range(len(t)), len(t)), pa.int64()))
                for t in joined
            )
        return works.Batch(*joined)

    @cached_property
    def countries(self):
        return schemas.COUNTRIES.check(self.batch.countries)

    @cached_property
    def technologies(self):
        return technologies.assign(self.batch.texts, self.asked, "v2")

    @cached_property
    def rolled(self):
        b = self.batch
        return institutions.roll_up(
            b.works, b.authorships, b.strings, b.institutions, self.asked.rollup, self.engine
        )

    @cached_property
    def affiliations(self):
        return pa.Table.from_batches(self.rolled.affiliations, schemas.AFFILIATIONS.schema)

    @cached_property
    def works(self):
        return inclusion.decide(self.batch.works, self.affiliations, self.countries, self.engine)

    @cached_property
    def institutions(self):
        return institutions.describe(
            self.rolled.nodes, self.affiliations, self.works, self.technologies, self.engine
        )

    @cached_property
    def mentions(self):
        b = self.batch
        return affiliation_audit.mention(
            b.unmatched,
            [b.strings],
            b.institutions,
            self.affiliations,
            self.institutions,
            self.asked,
        )

    @cached_property
    def coverage(self):
        return coverage.survey(self.works, self.engine)

    @cached_property
    def edges(self):
        return linked(self.works, self.affiliations, self.engine)

    @cached_property
    def hyperauthorship(self):
        return edges.above_k(self.works, self.engine)

    @cached_property
    def listed(self):
        return flags.match(self.institutions, self.engine)

    @cached_property
    def found(self):
        return flags.find(
            self.works,
            self.affiliations,
            self.institutions,
            self.technologies,
            self.listed,
            self.engine,
        )

    @cached_property
    def benefits(self):
        return benefits.count(
            self.works, self.affiliations, self.institutions, self.found.evidence, self.engine
        )

    @cached_property
    def memberships(self):
        return copublications.members(
            self.works,
            self.countries,
            self.affiliations,
            self.institutions,
            self.listed,
            self.engine,
        )

    @cached_property
    def copublications(self):
        return copublications.count(
            self.memberships,
            self.works,
            self.asked.scope,
            self.asked.measures.confidence,
            self.engine,
        )

    @property
    def made(self):
        """What `coauth.review` is given."""
        return {
            "works": self.works,
            "affiliations": self.affiliations,
            "institutions": self.institutions,
            "listed": self.listed,
            "evidence": self.found.evidence,
            "technologies": self.technologies,
        }


def read_shipped(asked, *served, scope=None, size=5_000):
    """Batches and losses of pages under the shipped scope, with what is told otherwise."""
    return read(served, asked.scope.model_copy(update=scope or {}), size)
