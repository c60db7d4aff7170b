"""How intensely a domestic and a foreign institution collaborate, given how much each publishes: ->
PAIRS.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import ndtri

from coauth.queries import Measures, Scope, Years
from coauth.stages.intensity import null_model
from coauth.stats.incidence import Flags, Floats, Incidence, incidence, windows
from coauth.tables.schemas import PAIRS


def relate(works: pa.Table, affiliations: pa.Table, scope: Scope, measures: Measures) -> pa.Table:
    """PAIRS of every sliding window: domestic–foreign pairs with at least `measures.smallest_pair`
    works together.

    Counted on one set of works, T in number: the included works of the window of at most
    `scope.max_institutions` institutions, single-institution works among them. C_X are X's works of
    these, C_XY those X and Y share.

    Relative intensity of collaboration (Fuchs, Sivertsen & Rousseau 2021, doi
    10.1007/s11192-021-04110-x):

        RIC(X, Y) = (C_XY / C_X) / ((C_Y − C_XY) / (T − C_X))

    how much more often Y is on a work with the domestic X (`source`) than on one without X; 1 = as
    often. All works are the country's, so "without X" means with *another* domestic institution. It
    is a risk ratio, and gets a risk ratio's log-normal interval (Katz et al. 1978, doi
    10.2307/2530610; with one stratum the Mantel–Haenszel interval is the same): exp(ln RIC ± z
    √(1/C_XY − 1/C_X + 1/(C_Y − C_XY) − 1/(T − C_X))). Null where Y never publishes without X, or X
    is on every work: the ratio is then infinite or undefined, and is not made finite by adding a
    half.

    Association strength (van Eck & Waltman 2009, doi 10.1002/asi.21075) is 2m·w_ij / (s_i s_j) with
    full counts: w_ij = C_ij over all pairs, foreign–foreign ones too, s_i = Σ_j w_ij, 2m = Σ_i s_i.

    `expected`, `null_z`, `p_value` and `q_value` compare C_XY with a null model of the same works
    (`coauth.stages.intensity.null_model`); with `measures.null_samples` = 0 they are null.

    >>> from types import SimpleNamespace as Some
    >>> on = {"W1": "I1 I9", "W2": "I1 I9", "W3": "I1", "W4": "I2 I9", "W5": "I2", "W6": "I2"}
    >>> works = pa.table({"work_id": list(on), "year": [2020] * 6, "included": [True] * 6, "field_id": ["17"] * 6})
    >>> affiliations = pa.Table.from_pylist([{"work_id": w, "institution_id": i, "is_domestic": i != "I9"}
    ...     for w, ids in on.items() for i in ids.split()])
    >>> scope = Some(first_year=2020, last_year=2020, years=range(2020, 2021), max_institutions=50)
    >>> table = relate(works, affiliations, scope, Some(window=1, smallest_pair=2, confidence=0.95, null_samples=400, seed=1))
    >>> for row in table.to_pylist():   # (2/3) / (1/3); √(1/2 − 1/3 + 1 − 1/3) = 0.913; 2m·w/(s_i s_j) = 6·2/(2·3)
    ...     print(row["source"], row["target"], *(round(row[c], 2) for c in ("ric", "ric_low", "ric_high", "association_strength")))
    I1 I9 2.0 0.33 11.97 2.0
    >>> round(table["expected"][0].as_py(), 1)   # I9 is on 3 of the 6 works, I1 on 3: 3·3/6
    1.5
    """
    world = incidence(works, affiliations)
    world = world.only(
        (world.team <= scope.max_institutions) & world.within((scope.first_year, scope.last_year))
    )
    ours = pc.unique(affiliations.filter(affiliations["is_domestic"])["institution_id"])
    domestic = pc.is_in(pa.array(world.institutions, pa.string()), ours).to_numpy(
        zero_copy_only=False
    )
    found = [_window(window, world, domestic, measures) for window in windows(scope, measures)]
    strong = {name: np.concatenate([f[name] for f in found]) for name in found[0]} if found else {}
    if not len(strong.get("works", ())):
        return PAIRS.empty()
    chance = null_model.compare(world, domestic, strong, measures)
    for end in ("source", "target"):
        strong[end] = world.institutions[strong[end]]
    columns = {
        name: pa.array(values, mask=_unknown(values)) for name, values in (strong | chance).items()
    }
    return PAIRS.check(pa.table(columns))


def _window(
    window: Years, whole: Incidence, domestic: Flags, measures: Measures
) -> dict[str, NDArray[Any]]:
    """Columns of PAIRS for one window; ends are positions in `whole.institutions`."""
    matrix = whole.matrix[np.flatnonzero(whole.within(window))]
    together = sp.csr_array(matrix.T @ matrix)
    own = together.diagonal()
    full = together.sum(axis=1) - own
    shared = together[np.flatnonzero(domestic)][:, np.flatnonzero(~domestic)].tocoo()
    enough = shared.data >= measures.smallest_pair
    works = shared.data[enough]
    source, target = (
        np.flatnonzero(side)[at[enough]]
        for side, at in zip((domestic, ~domestic), shared.coords, strict=True)
    )
    ratio, low, high = _ric(
        works, own[source], own[target], float(matrix.shape[0]), measures.confidence
    )
    n = len(works)
    return {
        "first_year": np.full(n, window[0]),
        "last_year": np.full(n, window[1]),
        "source": source,
        "target": target,
        "works": works.astype(np.int64),
        "ric": ratio,
        "ric_low": low,
        "ric_high": high,
        "association_strength": full.sum() * works / (full[source] * full[target]),
    }


def _ric(
    both: Floats, x: Floats, y: Floats, total: float, confidence: float
) -> tuple[Floats, Floats, Floats]:
    """RIC and its interval; NaN where Y never publishes without X, or X is on every work."""
    apart, without = y - both, total - x
    known = (apart > 0) & (without > 0)
    apart, without = np.where(known, apart, 1.0), np.where(known, without, 1.0)
    ratio = np.where(known, (both / x) / (apart / without), np.nan)
    spread = ndtri((1 + confidence) / 2) * np.sqrt(1 / both - 1 / x + 1 / apart - 1 / without)
    return ratio, ratio * np.exp(-spread), ratio * np.exp(spread)


def _unknown(values: NDArray[Any]) -> Flags | None:
    return np.isnan(values) if values.dtype == np.float64 else None
