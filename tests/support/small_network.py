"""A network worked out by hand: works as (year, institutions), counted here in a few lines of plain
Python.

Of a work's k institutions the first named holds k parts of its authors, the next k − 1, the last 1.
"""

from collections import defaultdict
from datetime import date
from itertools import combinations

from coauth.queries import Scope
from coauth.tables import schemas

SCOPE = Scope(
    title="Denmark's international research collaboration",
    countries=("DK",),
    first_year=2019,
    last_year=2022,
    preliminary_years=1,
    types=("article",),
    max_institutions=4,
)
AS_OF = date(2026, 10, 1)
PROVENANCE = {
    "title": "Denmark's international research collaboration",
    "vintage": "2026-10-01",
    "source": "by hand",
}

KU, DTU, LUND, BEIHANG, MIT = "I1", "I2", "I3", "I4", "I5"
PLACES = {
    KU: ("Københavns Universitet", "DK"),
    DTU: ("Technical University of Denmark", "DK"),
    LUND: ("Lunds universitet", "SE"),
    BEIHANG: ("北京航空航天大学 Beihang", "CN"),
    MIT: ("MIT & friends <\"quoted\"> 'n' more", "US"),
}
WORKS = (
    (2019, (KU, DTU)),
    (2020, (KU, DTU, BEIHANG)),
    (2021, (KU, BEIHANG)),
    (2021, (KU, LUND, MIT)),
    (2022, (KU, DTU)),
    (
        2022,
        (KU, DTU, LUND, BEIHANG, MIT),
    ),  # five institutions, more than K: DTU–MIT is known from it alone
)


def world(
    works=WORKS, places=PLACES, *, listed=(BEIHANG,), technology=((2020, KU, DTU, "quantum"),)
):
    """The tables `graph.build` takes."""
    edges = count(works)
    flags = [
        flag(year, source, target, "watchlist", "miit", i)
        for year, source, target in edges
        for i in listed
        if i in (source, target)
    ] + [
        flag(year, *sorted(pair), "technology", "aspi44", entry)
        for year, *pair, entry in technology
    ]
    return {
        "edges": schemas.EDGES.of(edges.values()),
        "institutions": schemas.INSTITUTIONS.of(
            institution(i, *said, works) for i, said in places.items()
        ),
        "listed": schemas.LISTED.of(
            {
                "institution_id": i,
                "list_id": "miit",
                "entry_id": i.lower(),
                "match_method": "id",
                "standing": "assessment",
                "listed_today": True,
            }
            for i in listed
        ),
        "flags": schemas.FLAGS.of(flags),
        "centrality": schemas.CENTRALITY.empty(),
        "shifts": schemas.SHIFTS.empty(),
    }


COLUMNS = ("works", "weight", "strict_weight", "author_weight")


def count(works):
    """Rows of `edges` by (year, source, target)."""
    rows = defaultdict(
        lambda: dict.fromkeys((f"{c}{tail}" for c in COLUMNS for tail in ("", "_k")), 0)
    )
    for year, members in works:
        k = len(members)
        share = {member: 2 * (k - n) / (k * (k + 1)) for n, member in enumerate(members)}
        apart = 1 - sum(f**2 for f in share.values())
        for source, target in combinations(sorted(members), 2):
            row = rows[year, source, target]
            row |= {"year": year, "source": source, "target": target}
            for tail in ("", "_k") if k <= SCOPE.max_institutions else ("",):
                row[f"works{tail}"] += 1
                row[f"weight{tail}"] += 1 / (k - 1)
                row[f"strict_weight{tail}"] += 2 / (k * (k - 1))
                row[f"author_weight{tail}"] += 2 * share[source] * share[target] / apart
    return rows


def institution(name, label, country, works):
    return {
        "institution_id": name,
        "ror": f"https://ror.org/0{name}",
        "name": label,
        "country_code": country,
        "type": "education",
        "is_domestic": country == "DK",
        "lineage": [name],
        "rolled_up_from": [name],
        "works": sum(name in members for _, members in works),
        "author_works": 0.0,
        "author_works_matched": 0.0,
    }


def flag(year, source, target, kind, list_id, entry):
    return {
        "year": year,
        "source": source,
        "target": target,
        "domestic_pair": True,
        "kind": kind,
        "list_id": list_id,
        "entry_id": entry.lower(),
        "works": 1,
        "weight": 1.0,
    }


def measured(window, name, measure, value, low=None, high=None, *, variant="k", counting="newman"):
    """A row of `centrality`."""
    return {
        "first_year": window[0],
        "last_year": window[1],
        "institution_id": name,
        "measure": measure,
        "counting": counting,
        "variant": variant,
        "value": value,
        "low": low,
        "high": high,
        "rank": 1,
    }


def shifted(name, before, after, change, *, variant="k"):
    """A row of `shifts`."""
    return {
        "institution_id": name,
        "measure": "strength_share",
        "counting": "newman",
        "variant": variant,
        "before_first": before[0],
        "before_last": before[1],
        "after_first": after[0],
        "after_last": after[1],
        "before": 0.2,
        "after": 0.2 + change,
        "change": change,
        "low": change - 0.01,
        "high": change + 0.01,
        "p_value": 0.01,
        "q_value": 0.02,
        "verdict": "rose" if change > 0 else "fell",
        "reason": "worked out by hand",
    }
