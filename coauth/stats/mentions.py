"""What would have been counted, had every affiliation string been matched that names an
institution.

OpenAlex matches strings, so an institution can vanish from works on which its name still stands.
Names decide nothing: what is made here stands beside what was matched, so that a change which it
undoes is not called one (`coauth.stages.shifts`).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coauth.queries import Years
from coauth.stats.incidence import Floats, Incidence

FEW = 2.0
"""Works added to those that a rate of loss rests on, as if none of them were lost: a rate of two
works says nothing.
"""


def credit(
    works: pa.Table, affiliations: pa.Table, mentions: pa.Table
) -> tuple[pa.Table, pa.Table]:
    """WORKS and AFFILIATIONS with the institutions of MENTIONS on their works. A work is complete
    where an institution is matched to, or named by, every string on it, and every author has one.

    An institution that is named has the share of one author.

    >>> from coauth.tables.schemas import MENTIONS
    >>> works = pa.table({"work_id": ["W1", "W2"], "affiliation_status": ["partial", "partial"], "n_authors": [4, 2]})
    >>> on = pa.table({"work_id": ["W1", "W2"], "institution_id": ["I1", "I1"], "author_share": [0.75, 0.5]})
    >>> named = pa.table({"work_id": ["W1", "W9"], "institution_id": ["I2", "I2"], "is_whole": [True, True]}, MENTIONS.schema)
    >>> [t.to_pylist() for t in credit(works, on, named)]       # doctest: +NORMALIZE_WHITESPACE
    [[{'work_id': 'W1', 'affiliation_status': 'complete', 'n_authors': 4}, {'work_id': 'W2', 'affiliation_status': 'partial', 'n_authors': 2}],
     [{'work_id': 'W1', 'institution_id': 'I1', 'author_share': 0.75}, {'work_id': 'W2', 'institution_id': 'I1', 'author_share': 0.5},
      {'work_id': 'W1', 'institution_id': 'I2', 'author_share': 0.25}]]
    """
    at = pc.index_in(mentions["work_id"], works["work_id"].combine_chunks())
    mentions, at = mentions.filter(pc.is_valid(at)), at.drop_null()
    whole = pc.is_in(works["work_id"], mentions.filter(mentions["is_whole"])["work_id"])
    status = pc.if_else(whole, "complete", works["affiliation_status"])
    place = works.schema.get_field_index("affiliation_status")
    columns = {
        "work_id": mentions["work_id"],
        "institution_id": mentions["institution_id"],
        "author_share": pc.divide(1.0, pc.max_element_wise(works["n_authors"].take(at), 1)),
    }
    shown = [name for name in columns if name in affiliations.column_names]
    more = pa.table({name: columns[name] for name in shown})
    return works.set_column(place, "affiliation_status", status), pa.concat_tables(
        [affiliations.select(shown), more.cast(affiliations.select(shown).schema)]
    )


def harvest_weights(
    matched: Incidence, named: Incidence, domestic: Iterable[str], windows: Iterable[Years]
) -> Floats:
    """1/P(harvested) of each work of `named`, the works of `matched` with the institutions that
    strings name; 1 where none of its own has lost a match.

    A work is harvested while one domestic institution on it is matched. Of an institution's works
    with another matched domestic one, which are there whatever befalls its own strings, a part ℓ
    names it without a match; so works it is on alone are lost at that rate too, and a work is there
    with probability 1 − Πℓ over its matched domestic institutions (Horvitz & Thompson 1952, doi
    10.1080/01621459.1952.10483446). ℓ = lost/(lost + matched + FEW), of each window by itself.
    """
    home = np.isin(named.institutions.astype(str), sorted(domestic))
    on = named.matrix[:, np.flatnonzero(home)]
    at = np.searchsorted(matched.institutions.astype(str), named.institutions[home].astype(str))
    there = (at < len(matched.institutions)) & (
        matched.institutions[np.minimum(at, len(matched.institutions) - 1)]
        == named.institutions[home]
    )
    kept = matched.matrix[:, np.where(there, at, 0)].multiply(there[None, :]).tocsr()
    lost = (on - kept).tocsr()
    lost.eliminate_zeros()
    others = np.asarray(kept.sum(axis=1)).ravel()
    weights = np.ones(len(others))
    for window in windows:
        inside = named.within(window)
        beside = kept.T @ (inside & (others >= 2)).astype(float)
        gone = lost.T @ (inside & (others >= 1)).astype(float)
        rate = gone / (gone + beside + FEW)
        rows = np.flatnonzero(inside & (others >= 1))
        logs = kept[rows] @ np.log(np.maximum(rate, 1e-9))
        weights[rows] = 1 / (1 - np.exp(logs))
    return weights
