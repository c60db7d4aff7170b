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

from coauth.queries import Measures, Scope, Years
from coauth.stages.intensity import null_model
from coauth.stages.intensity.shrinkage import Margins, Tastes
from coauth.stats.incidence import Flags, Floats, Incidence, incidence, windows
from coauth.stats.pair_changes import Bursts
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
    often. All works are the country's, so "without X" means with *another* domestic institution. Two
    things are put in its place here, so that there is one answer for a pair. E, the works `expected`
    by the null model, stands for C_X·C_Y/T, which is what it is where years and fields do not
    differ; and λE for C_XY, λ being C_XY/E drawn towards 1 as far as pairs in general are
    (`coauth.stages.intensity.shrinkage`), since a pair is here because it has many works:

        RIC = λ(C_Y − E) / (C_Y − λE)

    rises with λ and is 1 where λ is, so the interval of λ, widened for bursts, is that of RIC. Null
    where λE reaches C_Y: Y would never publish without X.

    Association strength (van Eck & Waltman 2009, doi 10.1002/asi.21075) is 2m·w_ij / (s_i s_j) with
    full counts: w_ij = C_ij over all pairs, foreign–foreign ones too, s_i = Σ_j w_ij, 2m = Σ_i s_i.

    `expected`, `null_z`, `p_value` and `q_value` compare C_XY with a null model of the same works
    (`coauth.stages.intensity.null_model`); with `measures.null_samples` = 0 `expected` is from
    margins (`shrinkage.Margins`), and the others are null.

    >>> from types import SimpleNamespace as Some
    >>> on = {"W1": "I1 I9", "W2": "I1 I9", "W3": "I1", "W4": "I2 I9", "W5": "I2", "W6": "I2"}
    >>> works = pa.table({"work_id": list(on), "year": [2020] * 6, "included": [True] * 6, "field_id": ["17"] * 6})
    >>> affiliations = pa.Table.from_pylist([{"work_id": w, "institution_id": i, "is_domestic": i != "I9"}
    ...     for w, ids in on.items() for i in ids.split()])
    >>> scope = Some(first_year=2020, last_year=2020, years=range(2020, 2021), settled=(2020,), max_institutions=50)
    >>> table = relate(works, affiliations, scope, Some(window=1, smallest_pair=2, confidence=0.95, null_samples=400, seed=1))
    >>> for row in table.to_pylist():   # of one pair nothing is known of pairs in general: λ may be anything; 2m·w/(s_i s_j) = 6·2/(2·3)
    ...     print(row["source"], row["target"], *(row[c] and round(row[c], 2) for c in ("ric", "ric_low", "ric_high", "association_strength")))
    I1 I9 1.29 0.17 None 2.0
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
    bursts = _bursts(world, domestic, scope, measures)
    found = [
        _window(window, world, domestic, bursts, measures) for window in windows(scope, measures)
    ]
    tastes = [taste for rows, taste in found if len(rows["works"])]
    strong = (
        {name: np.concatenate([f[name] for f, _ in found]) for name in found[0][0]} if found else {}
    )
    if not len(strong.get("works", ())):
        return PAIRS.empty()
    strong |= null_model.compare(world, domestic, strong, measures)
    strong |= _intensity(strong, tastes, measures.confidence)
    for end in ("source", "target"):
        strong[end] = world.institutions[strong[end]]
    columns = {
        name: pa.array(values, mask=_unknown(values))
        for name, values in strong.items()
        if name in PAIRS.schema.names
    }
    return PAIRS.check(pa.table(columns))


def _bursts(world: Incidence, domestic: Flags, scope: Scope, measures: Measures) -> Bursts:
    """Of the domestic–foreign pairs with at least `measures.smallest_pair` works in the measured
    years that are not preliminary.
    """
    years = list(scope.settled)
    keys, counts = [], []
    for year in years:
        matrix = world.matrix[np.flatnonzero(world.year == year)]
        shared = _shared(matrix, domestic)
        keys.append(shared.coords[0] * np.int64(shared.shape[1]) + shared.coords[1])
        counts.append(shared.data)
    if not years:
        return Bursts()
    pair, row = np.unique(np.concatenate(keys), return_inverse=True)
    column = np.repeat(np.arange(len(years)), [len(k) for k in keys])
    works = np.concatenate(counts)
    enough = np.flatnonzero(np.bincount(row, works, len(pair)) >= measures.smallest_pair)
    kept = np.isin(row, enough)
    yearly = np.zeros((len(enough), len(years)))
    yearly[np.searchsorted(enough, row[kept]), column[kept]] = works[kept]
    return Bursts.of(yearly, measures.window)


def _shared(matrix: sp.csr_array, domestic: Flags) -> sp.coo_array:
    """Works that each domestic institution shares with each foreign one."""
    ours, theirs = (sp.csr_array(matrix[:, np.flatnonzero(s)]) for s in (domestic, ~domestic))
    return sp.csr_array(ours.T @ theirs).tocoo()


def _window(
    window: Years, whole: Incidence, domestic: Flags, bursts: Bursts, measures: Measures
) -> tuple[dict[str, NDArray[Any]], Tastes]:
    """Columns of PAIRS for one window, ends as positions in `whole.institutions`, with what the
    intensity needs; and how unlike its pairs are.
    """
    inside = np.flatnonzero(whole.within(window))
    matrix = whole.matrix[inside]
    together = sp.csr_array(matrix.T @ matrix)
    own = together.diagonal()
    full = together.sum(axis=1) - own
    margins = Margins.of(matrix, null_model.strata(whole)[inside], domestic)
    ours, theirs = np.flatnonzero(domestic), np.flatnonzero(~domestic)
    able = [own[side] >= measures.smallest_pair for side in (ours, theirs)]
    shared = together[ours][:, theirs].tocoo()
    possible = able[0][shared.coords[0]] & able[1][shared.coords[1]]
    at = [side[possible] for side in shared.coords]
    works, expected = shared.data[possible].astype(np.float64), margins.between(*at)
    tastes = Tastes.of(
        works,
        expected,
        Margins(margins.domestic[able[0]], margins.foreign[able[1]]),
        bursts.times,
    )
    enough = works >= measures.smallest_pair
    source, target = (side[a[enough]] for side, a in zip((ours, theirs), at, strict=True))
    works, n = works[enough], int(enough.sum())
    return {
        "first_year": np.full(n, window[0]),
        "last_year": np.full(n, window[1]),
        "source": source,
        "target": target,
        "works": works.astype(np.int64),
        "of_target": own[target],
        "expected": expected[enough],
        "association_strength": full.sum() * works / (full[source] * full[target]),
    }, tastes


def _intensity(
    pairs: dict[str, NDArray[Any]], tastes: list[Tastes], confidence: float
) -> dict[str, Floats]:
    """RIC and its interval, the pairs being in the order of the windows of `tastes`."""
    names, tail = ("ric", "ric_low", "ric_high"), (1 - confidence) / 2
    found = {name: np.full(len(pairs["works"]), np.nan) for name in names}
    for first, taste in zip(np.unique(pairs["first_year"]), tastes, strict=True):
        here = np.flatnonzero(pairs["first_year"] == first)
        works, expected, total = (
            pairs[name][here].astype(np.float64) for name in ("works", "expected", "of_target")
        )
        ratios = (
            taste.ratio(works, expected),
            taste.quantile(works, expected, tail),
            taste.quantile(works, expected, 1 - tail),
        )
        for name, ratio in zip(names, ratios, strict=True):
            apart = total - ratio * expected
            known = (apart > 0) & (expected < total)
            found[name][here] = np.divide(
                ratio * (total - expected), apart, out=np.full(len(here), np.nan), where=known
            )
    return found


def _unknown(values: NDArray[Any]) -> Flags | None:
    return np.isnan(values) if values.dtype == np.float64 else None
