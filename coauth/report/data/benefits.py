"""What works with and without a review cue bring, as frames."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from coauth.queries import Years
from coauth.stats.counts import binomial


def shares(benefits: pa.Table, years: Years, confidence: float) -> pd.DataFrame:
    """Per cue, over some years: works; share among the 10 % most cited of their field, year and
    type, of works that have that rank; share with a company; each with the exact binomial interval
    (Clopper & Pearson 1934, https://doi.org/10.1093/biomet/26.4.404), null where there is nothing
    to share. 0.1 is the world's share of the first.

    Columns: cue, works, works_ranked, top_10, top_10_low, top_10_high, company, company_low,
    company_high; most works first.

    >>> one = {"year": 2020, "cue": "none", "field_id": "17", "works": 8, "works_ranked": 4, "works_top_10": 1, "works_company": 2}
    >>> got = shares(pa.Table.from_pylist([one, one | {"year": 2021}]), (2020, 2021), 0.95)
    >>> got[["works", "top_10", "top_10_low", "top_10_high", "company"]].round(2).to_numpy().tolist()
    [[16.0, 0.25, 0.03, 0.65, 0.25]]
    """
    frame = benefits.to_pandas()
    frame = (
        frame[frame["year"].between(*years)]
        .groupby("cue", as_index=False)[["works", "works_ranked", "works_top_10", "works_company"]]
        .sum()
    )
    for name, part, whole in (
        ("top_10", "works_top_10", "works_ranked"),
        ("company", "works_company", "works"),
    ):
        of = frame[whole].where(frame[whole] > 0)
        ends = binomial(frame[part].to_numpy(float), frame[whole].to_numpy(float), confidence)
        frame[name], frame[f"{name}_low"], frame[f"{name}_high"] = (
            frame[part] / of,
            ends.low,
            ends.high,
        )
    columns = [
        "cue",
        "works",
        "works_ranked",
        "top_10",
        "top_10_low",
        "top_10_high",
        "company",
        "company_low",
        "company_high",
    ]
    ordered: pd.DataFrame = frame.sort_values(["works", "cue"], ascending=[False, True])[
        columns
    ].reset_index(drop=True)
    return ordered


def fields(benefits: pa.Table, years: Years) -> pd.DataFrame:
    """Per cue and OpenAlex field, over some years: works, and their share of the cue's works that
    have a field.

    >>> one = {"year": 2020, "cue": "none", "field_id": "17", "works": 3}
    >>> fields(pa.Table.from_pylist([one, one | {"field_id": "31", "works": 1}, one | {"field_id": None}]), (2020, 2020)).to_numpy().tolist()
    [['none', '17', 3, 0.75], ['none', '31', 1, 0.25]]
    """
    frame = benefits.to_pandas()
    frame = (
        frame[frame["year"].between(*years)]
        .dropna(subset="field_id")
        .groupby(["cue", "field_id"], as_index=False)["works"]
        .sum()
    )
    share = frame["works"] / frame.groupby("cue")["works"].transform("sum")
    ordered: pd.DataFrame = frame.assign(share=share).sort_values(
        ["cue", "works", "field_id"], ascending=[True, False, True]
    )
    return ordered.reset_index(drop=True)
