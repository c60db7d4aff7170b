"""Which works count: retracted works, paratext and duplicates are kept as rows, marked, and counted nowhere.

A DOI that is retracted under one id is retracted under every id. OpenAlex holds some works twice: one DOI under two ids,
and a preprint beside its version of record. They are found without authors: by DOI, or by equal title, number of authors
and institutions within a year of each other when one of the two is a preprint or has no DOI. Never by title alone: book
reviews and editorials share titles.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pyarrow as pa

from coauth.tables import WORKS

_PRECEDENCE = ("article", "review", "conference-paper", "book-chapter", "book", "report", "dissertation", "preprint")
"""Of duplicates the version of record counts: the type named first here, then the smaller id."""

_SHORTEST_TITLE = 20
"""Letters and digits a title needs before it can tell two works apart ("Introduction" cannot)."""


def decide(harvested: pa.Table, affiliations: pa.Table, countries: pa.Table) -> pa.Table:
    """`WORKS`: the harvested works with their institutions and countries counted, `included` and `exclusion_reason`.

    n_institutions and n_countries are counted after roll-up; n_countries takes institution and string countries.
    """
    works = harvested.to_pandas(types_mapper=pd.ArrowDtype).set_index("work_id", drop=False)
    members = affiliations.select(["work_id", "institution_id"]).to_pandas()
    partners = countries.select(["work_id", "country_code"]).to_pandas().drop_duplicates()
    works["n_institutions"] = members.groupby("work_id").size().reindex(works.index, fill_value=0)
    works["n_countries"] = partners.groupby("work_id").size().reindex(works.index, fill_value=0)
    reason = pd.Series(pd.NA, index=works.index, dtype="string")
    reason[works["is_paratext"].astype(bool)] = "paratext"
    retracted = works["is_retracted"].astype(bool)
    reason[retracted | works["doi"].isin(works.loc[retracted, "doi"].dropna())] = "retracted"
    for label, copies in (("duplicate: same DOI", _same_doi), ("duplicate: same title", _same_title)):
        candidates = works[reason.isna()]
        reason[copies(candidates, members)] = label
    works["included"] = reason.isna()
    works["exclusion_reason"] = reason
    return WORKS.check(pa.Table.from_pandas(works[[c.name for c in WORKS.columns]], preserve_index=False))


def _order(works: pd.DataFrame) -> pd.DataFrame:
    """Best version first."""
    rank = {t: i for i, t in enumerate(_PRECEDENCE)}
    number = works["work_id"].astype(str).str[1:].astype("int64")
    return works.assign(rank=works["type"].astype(str).map(rank).fillna(len(rank)), number=number).sort_values(["rank", "number"])


def _same_doi(works: pd.DataFrame, members: pd.DataFrame) -> pd.Index:
    with_doi = _order(works[works["doi"].notna()])
    return with_doi.index[with_doi.duplicated("doi")]


def _same_title(works: pd.DataFrame, members: pd.DataFrame) -> pd.Index:
    plain = works["title"].fillna("").astype(str).map(lambda t: re.sub(r"\W+", "", t.casefold()))
    named = works.assign(plain=plain)[plain.str.len() >= _SHORTEST_TITLE]
    named = named[named.duplicated(["plain", "n_authors"], keep=False)]
    sets = members[members["work_id"].isin(named.index)].sort_values(["work_id", "institution_id"])
    named = named.assign(institutions=sets.groupby("work_id")["institution_id"].agg("|".join).reindex(named.index, fill_value=""))
    copies: list[str] = []
    for _, group in _order(named).groupby(["plain", "n_authors", "institutions"], sort=True):
        years = group["year"].to_numpy(dtype=np.int64)
        weak = ((group["type"] == "preprint") | group["doi"].isna()).to_numpy(dtype=bool)
        for i in range(1, len(group)):
            near = np.abs(years[:i] - years[i]) <= 1
            if np.any(near & (weak[:i] | weak[i])):
                copies.append(group.index[i])
    return pd.Index(copies)
