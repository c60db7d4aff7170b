"""How intensely a domestic and a foreign institution collaborate, given how much each publishes: -> PAIRS."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from scipy.special import ndtri

from coauth.incidence import Flags, Floats, Incidence, incidence, windows
from coauth.queries import Measures, Scope, Years
from coauth.tables import PAIRS


def relate(works: pa.Table, affiliations: pa.Table, scope: Scope, measures: Measures) -> pa.Table:
    """PAIRS of every sliding window: domestic–foreign pairs with at least `measures.smallest_pair` works together.

    Counted on one set of works, T in number: the included works of the window of at most `scope.max_institutions`
    institutions, single-institution works among them. C_X are X's works of these, C_XY those X and Y share.

    Relative intensity of collaboration (Fuchs, Sivertsen & Rousseau 2021, doi 10.1007/s11192-021-04110-x):

        RIC(X, Y) = (C_XY / C_X) / ((C_Y − C_XY) / (T − C_X))

    how much more often Y is on a work with the domestic X (`source`) than on one without X; 1 = as often. All works are
    the country's, so "without X" means with *another* domestic institution. It is a risk ratio, and gets a risk ratio's
    log-normal interval (Katz et al. 1978, doi 10.2307/2530610; with one stratum the Mantel–Haenszel interval is the
    same): exp(ln RIC ± z √(1/C_XY − 1/C_X + 1/(C_Y − C_XY) − 1/(T − C_X))). Null where Y never publishes without X, or
    X is on every work: the ratio is then infinite or undefined, and is not made finite by adding a half.

    Association strength (van Eck & Waltman 2009, doi 10.1002/asi.21075) is 2m·w_ij / (s_i s_j) with full counts: w_ij =
    C_ij over all pairs, foreign–foreign ones too, s_i = Σ_j w_ij, 2m = Σ_i s_i. null_z and q_value are null.

    >>> from types import SimpleNamespace as Some
    >>> on = {"W1": "I1 I9", "W2": "I1 I9", "W3": "I1", "W4": "I2 I9", "W5": "I2", "W6": "I2"}
    >>> works = pa.table({"work_id": list(on), "year": [2020] * 6, "included": [True] * 6})
    >>> affiliations = pa.Table.from_pylist([{"work_id": w, "institution_id": i, "is_domestic": i != "I9"}
    ...     for w, ids in on.items() for i in ids.split()])
    >>> scope = Some(first_year=2020, last_year=2020, years=range(2020, 2021), max_institutions=50)
    >>> table = relate(works, affiliations, scope, Some(window=1, smallest_pair=2, confidence=0.95))
    >>> for row in table.to_pylist():   # (2/3) / (1/3); √(1/2 − 1/3 + 1 − 1/3) = 0.913; 2m·w/(s_i s_j) = 6·2/(2·3)
    ...     print(row["source"], row["target"], *(round(row[c], 2) for c in ("ric", "ric_low", "ric_high", "association_strength")))
    I1 I9 2.0 0.33 11.97 2.0
    """
    world = incidence(works, affiliations)
    ours = pc.unique(affiliations.filter(affiliations["is_domestic"])["institution_id"])
    small = world.team <= scope.max_institutions
    found = [PAIRS.empty()]
    for window in windows(scope, measures):
        part = world.only(small & world.within(window))
        domestic = pc.is_in(pa.array(part.institutions, pa.string()), ours).to_numpy(zero_copy_only=False)
        found.append(_window(window, part, domestic, measures))
    return PAIRS.check(pa.concat_tables(found))


def _window(window: Years, world: Incidence, domestic: Flags, measures: Measures) -> pa.Table:
    together = sp.csr_array(world.by_institution @ world.matrix)
    own = together.diagonal()
    full = together.sum(axis=1) - own
    shared = together[np.flatnonzero(domestic)][:, np.flatnonzero(~domestic)].tocoo()
    enough = shared.data >= measures.smallest_pair
    works = shared.data[enough]
    source, target = (np.flatnonzero(side)[at[enough]] for side, at in zip((domestic, ~domestic), shared.coords, strict=True))
    ratio, low, high = _ric(works, own[source], own[target], float(len(world.team)), measures.confidence)
    n = len(works)
    columns = {
        "first_year": np.full(n, window[0]), "last_year": np.full(n, window[1]),
        "source": pa.array(world.institutions[source], pa.string()), "target": pa.array(world.institutions[target], pa.string()),
        "works": works, "ric": _known(ratio), "ric_low": _known(low), "ric_high": _known(high),
        "association_strength": full.sum() * works / (full[source] * full[target]),
        "null_z": pa.nulls(n), "q_value": pa.nulls(n),
    }  # fmt: skip
    return pa.table(columns).cast(PAIRS.schema)


def _ric(both: Floats, x: Floats, y: Floats, total: float, confidence: float) -> tuple[Floats, Floats, Floats]:
    """RIC and its interval; NaN where Y never publishes without X, or X is on every work."""
    apart, without = y - both, total - x
    known = (apart > 0) & (without > 0)
    apart, without = np.where(known, apart, 1.0), np.where(known, without, 1.0)
    ratio = np.where(known, (both / x) / (apart / without), np.nan)
    spread = ndtri((1 + confidence) / 2) * np.sqrt(1 / both - 1 / x + 1 / apart - 1 / without)
    return ratio, ratio * np.exp(-spread), ratio * np.exp(spread)


def _known(values: Floats) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
