"""Small worlds written down in a line: who stands on which work."""

import numpy as np
import pyarrow as pa

from coauth.queries import load
from coauth.stages import centrality
from coauth.tables.schemas import AFFILIATIONS, CENTRALITY, WORKS
from tests.support.commands import CHECKOUT

RATIOS = ("participation", "exposure")
QUERIES = load(CHECKOUT / "queries")


def asked(**changes):
    """(scope, measures) of the shipped queries; years=(a, b) and k=K go to the scope, the rest to
    the measures. Left out unless asked for: the measures that need to know countries or lists.
    """
    years = changes.pop("years", (2020, 2020))
    scope = {
        "first_year": years[0],
        "last_year": years[1],
        "max_institutions": changes.pop("k", 50),
    }
    quick = {
        "window": 1,
        "comparisons": (),
        "replicates": 100,
        "path_replicates": 20,
        "permutations": 0,
        "roster_min_works": 1,
    }
    quick |= {
        "single_years": (),
        "fixed_roster": QUERIES.measures.fixed_roster.model_copy(update={"min_works": 1}),
    }
    quick |= {
        name: tuple(m for m in getattr(QUERIES.measures, name) if m not in RATIOS)
        for name in ("measures", "resampled")
    }
    return QUERIES.scope.model_copy(update=scope), QUERIES.measures.model_copy(
        update=quick | changes
    )


def centralities(*tables, **options):
    """(CENTRALITY, replicates) of `centrality.measure`, its windows put together."""
    batches = []
    replicates = centrality.measure(*tables, write=batches.extend, **options)
    return pa.Table.from_batches(batches, CENTRALITY.schema).combine_chunks(), replicates


def tables(works):
    """WORKS and AFFILIATIONS of dicts with `on` ("A B c": a capital is domestic) and any column of
    WORKS.
    """
    plain = {
        "year": 2020,
        "type": "article",
        "n_authors": 3,
        "n_authors_with_institution": 3,
        "n_authors_with_string": 3,
        "authors_cut": False,
        "n_countries": 1,
        "affiliation_status": "complete",
        "has_company": False,
        "is_retracted": False,
        "is_preprint": False,
        "included": True,
        "publisher": "P",
        "field_id": "17",
    }
    rows, links = [], []
    for i, work in enumerate(works):
        about = {"work_id": f"W{i:06d}"} | work
        ids = about.pop("on").split()
        rows.append(plain | {"n_institutions": len(ids)} | about)
        links += [
            {
                "work_id": about["work_id"],
                "institution_id": name,
                "harvested_ids": [name],
                "author_share": 1 / len(ids),
                "is_domestic": name[0].isupper(),
                "strings": [],
            }
            for name in ids
        ]
    return WORKS.of(rows), AFFILIATIONS.of(links)


def random_works(seed, works=60, institutions=12, years=(2020, 2020), largest=5, flat=False):
    """Works of 1 … `largest` institutions out of A00, a01, A02, …; the first on more works, unless
    flat.
    """
    draw = np.random.default_rng(seed)
    names = [f"{'aA'[i % 2 == 0]}{i:02d}" for i in range(institutions)]
    odds = np.ones(institutions) if flat else 1 / np.arange(1, institutions + 1)
    return [
        {
            "on": " ".join(
                draw.choice(
                    names,
                    min(draw.integers(1, largest + 1), institutions),
                    False,
                    odds / odds.sum(),
                )
            ),
            "year": int(draw.integers(years[0], years[1] + 1)),
            "field_id": str(draw.integers(11, 14)),
            "affiliation_status": str(draw.choice(["complete", "partial"], p=[0.8, 0.2])),
            "n_authors": int(draw.integers(1, 9)),
        }
        for _ in range(works)
    ]


def shuffled(table, seed):
    return table.take(pa.array(np.random.default_rng(seed).permutation(table.num_rows)))
