"""Which pairs are shown: every filter judges all pairs of the years, whatever the others say."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from coauth.errors import NotFound
from coauth.graph.pairs import UNIT, Mask, Pairs

BACKBONE_ALPHA = 0.05


def filters(
    pairs: Pairs, home: Mask, ids: pa.Array, cues: Collection[tuple[str, str]],
    flagged: bool, domestic: bool, min_weight: float, top: int | None, ego: str | None, backbone: bool,
) -> Iterator[tuple[str, Mask]]:  # fmt: skip
    """Each filter asked for, as words and as the pairs that pass it."""
    if domestic:
        yield "pairs of a domestic and a foreign institution", home[pairs.source] != home[pairs.target]
    if min_weight > 0:
        yield f"pairs of weight {min_weight:g} or more", pairs.weight >= round(min_weight * UNIT)
    if flagged:
        names = ids.to_pylist()
        ends = zip(pairs.source.tolist(), pairs.target.tolist(), strict=True)
        yield "pairs with a review cue", np.array([(names[s], names[t]) in cues for s, t in ends], bool)
    if top is not None:
        strongest = np.zeros(pairs.size, bool)
        strongest[np.argsort(-pairs.strength, kind="stable")[:top]] = True  # equal strength: the smaller id
        yield f"the {top} strongest institutions", strongest[pairs.source] & strongest[pairs.target]
    if ego is not None:
        near = _near(pairs, position(ids, ego))
        yield f"{ego}, its partners and the pairs among them", near[pairs.source] & near[pairs.target]
    if backbone:
        yield f"the backbone (disparity filter, α = {BACKBONE_ALPHA:g} at either end)", disparity(pairs) < BACKBONE_ALPHA


def disparity(pairs: Pairs) -> NDArray[np.float64]:
    """Per pair the smaller α of its two ends: (1 − w/s)^(k−1), the chance of a share w/s or more of a node's strength s
    falling on one of its k edges if strength were split at random (Serrano, Boguñá & Vespignani 2009,
    doi 10.1073/pnas.0808904106). An end with one edge says nothing and counts as 1.
    """
    strength, degree = pairs.strength, pairs.partners
    alphas = []
    for end in (pairs.source, pairs.target):
        share = pairs.weight / np.maximum(strength[end], 1)
        alphas.append(np.where(degree[end] > 1, (1 - share) ** np.maximum(degree[end] - 1, 1), 1.0))
    return np.minimum(*alphas)


def _near(pairs: Pairs, centre: int) -> Mask:
    near = np.zeros(pairs.size, bool)
    touching = ((pairs.source == centre) | (pairs.target == centre)) & (pairs.weight > 0)
    near[pairs.source[touching]] = near[pairs.target[touching]] = True
    near[centre] = True
    return near


def position(ids: pa.Array, institution: str) -> int:
    place = int(pc.index(ids, institution).as_py())
    if place < 0:
        raise NotFound(f"no institution '{institution}' in this vintage; give an OpenAlex id such as I96673099")
    return place
