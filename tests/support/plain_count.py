"""Works counted in plain Python over the stored tables: no SQL, nothing of `coauth.count`. A referee."""

from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq


class Facts(NamedTuple):
    """What the tables say of one counted work, by the words of `coauth count`."""

    year: int
    values: dict[str, set[str]]
    complete: bool
    publisher: str | None


def rows(folder: Path, name: str, *columns: str):
    table = pq.read_table(folder / f"{name}.parquet", columns=list(columns))
    return zip(*(table[c].to_pylist() for c in columns), strict=True)


def facts(folder: Path, queries) -> dict[str, Facts]:
    """Every counted work of a vintage's folder of tables."""
    places = {
        i: (c, d)
        for i, c, d in rows(folder, "institutions", "institution_id", "country_code", "is_domestic")
    }
    on = defaultdict(set)
    for work, institution in rows(folder, "affiliations", "work_id", "institution_id"):
        on[work].add(institution)
    countries = defaultdict(set)
    for work, code in rows(folder, "countries", "work_id", "country_code"):
        if code not in queries.scope.home:
            countries[work].add(code)
    entries = defaultdict(set)
    for institution, of, entry in rows(folder, "listed", "institution_id", "list_id", "entry_id"):
        entries[institution].add((of, entry))
    technologies = defaultdict(set)
    for work, technology in rows(folder, "technologies", "work_id", "technology_id"):
        technologies[work].add(technology)
    areas = {t.id: set(t.eu10) for s in queries.technologies if s.enabled for t in s.technology}
    columns = (
        *("work_id", "included", "year", "type", "field_id", "publisher", "is_preprint"),
        *("n_institutions", "affiliation_status"),
    )
    every = {}
    for work, included, year, kind, field, publisher, preprint, size, status in rows(
        folder, "works", *columns
    ):
        if not included:
            continue
        here = on[work]
        bounds = ((2, str(size)), (5, "3-5"), (10, "6-10"), (50, "11-50"))
        listed = {pair for i in here for pair in entries[i]}
        every[work] = Facts(
            year,
            {
                "institution": here,
                "home": {i for i in here if places[i][1]},
                "abroad": {i for i in here if not places[i][1]},
                "country": countries[work],
                "group": {
                    g.id
                    for g in queries.partners
                    if countries[work] & set(g.countries)
                    and (g.valid_from or year) <= year <= (g.valid_to or year)
                }
                | ({"international"} if countries[work] else set()),
                "list": {of for of, _ in listed},
                "entry": {f"{of}/{entry}" for of, entry in listed},
                "technology": technologies[work],
                "area": {a for t in technologies[work] for a in areas.get(t, ())},
                "field": {field or "none"},
                "type": {kind},
                "publisher": {publisher or "none"},
                "status": {"preprint" if preprint else "published"},
                "size": {next((name for top, name in bounds if size <= top), "51+")},
            },
            status == "complete",
            publisher,
        )
    return every


def count(every, clauses, axes, first, last) -> dict[tuple[str, ...], int]:
    """Works by cell, the year a part of the cell where "year" is among the axes.

    clauses: for each, the (dimension, value)s of which a work has to have one.
    """
    found: dict[tuple[str, ...], int] = defaultdict(int)
    for work in every.values():
        if not first <= work.year <= last:
            continue
        if not all(any(v in work.values[d] for d, v in clause) for clause in clauses):
            continue
        cells: list[tuple[str, ...]] = [()]
        for axis in axes:
            values = {str(work.year)} if axis == "year" else work.values[axis]
            cells = [(*cell, value) for cell in cells for value in values]
        for cell in cells:
            found[cell] += 1
    return dict(found)


def coverage(every, clauses, first, last) -> float:
    """Mean over the works of the share of complete works among all of their year and publisher."""
    whole, complete = defaultdict(int), defaultdict(int)
    for work in every.values():
        whole[work.year, work.publisher] += 1
        complete[work.year, work.publisher] += work.complete
    rates = [
        complete[w.year, w.publisher] / whole[w.year, w.publisher]
        for w in every.values()
        if first <= w.year <= last
        and all(any(v in w.values[d] for d, v in clause) for clause in clauses)
    ]
    return sum(rates) / len(rates)
