"""Which institutions a listed one is compared with: alike before the date in how much they publish
here, and in what.

For each listed institution: others of its country and type (for the seven, Chinese universities)
that are on no list, their works with the scope's country before the year of the date at most
`widest_ratio` times more or fewer, and their mix of fields at most `widest_distance` away. Of
these, up to `controls` each, none for two, so that the sum over all of

    Hellinger distance of the shares of OpenAlex fields  +  |log₂ of the ratio of works|

is smallest (optimal matching without replacement: Rosenbaum 1989, doi
10.1080/01621459.1989.10478868, by `scipy.optimize.linear_sum_assignment`). A Hellinger distance is
0 for the same mix of fields and 1 for none in common.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from coauth.queries import Events

_FAR = 1e6
"""Costs more than all allowed matches together, so that it is taken only where there is none."""


def match(
    listed: Collection[str],
    institutions: pd.DataFrame,
    barred: Collection[str],
    before: pd.DataFrame,
    events: Events,
) -> list[dict[str, Any]]:
    """Rows of MATCHES without series and event: each listed institution with works before, and its
    controls (None: none alike).

    `before` is one row per work and institution, with field_id; `barred` can be nobody's control.

    >>> asked = Events(lags=(0,), controls=1, widest_ratio=2.0, widest_distance=0.8, event=())
    >>> place = pd.DataFrame({"institution_id": ["I1", "I2", "I3"], "country_code": "CN", "type": "education", "is_domestic": False})
    >>> told = pd.DataFrame({"institution_id": ["I1", "I1", "I2", "I2", "I3", "I3"], "field_id": ["17", "17", "17", "17", "31", "31"]})
    >>> [(m["control_id"], m["field_distance"]) for m in match(["I1"], place, ["I1"], told, asked)]
    [('I2', 0.0)]
    """
    mix = (
        before.groupby(["institution_id", before["field_id"].fillna("")])
        .size()
        .unstack(fill_value=0)
    )
    works = mix.sum(axis=1)
    kind = institutions.set_index("institution_id")[["country_code", "type", "is_domestic"]]
    treated = sorted(i for i in set(listed) if i in mix.index)
    at_home = set(
        kind["is_domestic"].reindex(treated)
    )  # listed institutions at home are compared with others at home
    pool = sorted(
        i
        for i in mix.index
        if i in kind.index and i not in set(barred) and kind.at[i, "is_domestic"] in at_home
    )
    if not treated:
        return []
    roots = np.sqrt(mix.to_numpy(float) / works.to_numpy(float)[:, None])
    at = {name: i for i, name in enumerate(mix.index)}
    rows, candidates = [at[i] for i in treated], [at[i] for i in pool]
    distance = np.sqrt(np.maximum(1 - roots[rows] @ roots[candidates].T, 0.0))
    ratio = np.log2(works.to_numpy(float)[rows][:, None] / works.to_numpy(float)[candidates])
    same = kind.loc[treated].iloc[:, :2].to_numpy(object)[:, None] == kind.loc[pool].iloc[
        :, :2
    ].to_numpy(object)
    allowed = (
        same.all(axis=2)
        & (np.abs(ratio) <= np.log2(events.widest_ratio))
        & (distance <= events.widest_distance)
    )
    cost = np.where(allowed, distance + np.abs(ratio), _FAR)
    chosen = [
        (i % len(treated), j)
        for i, j in zip(*linear_sum_assignment(np.tile(cost, (events.controls, 1))), strict=True)
    ]
    found = [
        {
            "institution_id": treated[i],
            "control_id": pool[j],
            "works_before": int(works[treated[i]]),
            "control_works_before": int(works[pool[j]]),
            "field_distance": float(distance[i, j]),
        }
        for i, j in sorted(chosen)
        if allowed[i, j]
    ]
    alone = sorted(set(treated) - {f["institution_id"] for f in found})
    return found + [{"institution_id": name, "works_before": int(works[name])} for name in alone]
