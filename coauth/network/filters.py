"""Which pairs are shown: every filter judges all pairs of the years, whatever the others say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from coauth.errors import NotFound
from coauth.network import backbone as significance
from coauth.network.edges import UNIT, Mask, Pairs

ALPHA = 0.05

Backbone = Literal["projection", "disparity"]


def filters(
    pairs: Pairs,
    home: Mask,
    listed: Mask,
    ids: pa.Array,
    cues: Collection[tuple[str, str]],
    flagged: bool,
    domestic: bool,
    min_weight: float,
    top: int | None,
    ego: str | None,
    backbone: Backbone | None,
    chance: Callable[[], NDArray[np.float64]],
) -> Iterator[tuple[str, Mask]]:
    """Each filter asked for, as words and as the pairs that pass it. `chance` gives p-values of the
    pairs, if they are needed.
    """
    if domestic:
        yield (
            "pairs of a domestic and a foreign institution",
            home[pairs.source] != home[pairs.target],
        )
    if min_weight > 0:
        yield f"pairs of weight {min_weight:g} or more", pairs.weight >= round(min_weight * UNIT)
    if flagged:
        names = ids.to_pylist()
        ends = zip(pairs.source.tolist(), pairs.target.tolist(), strict=True)
        yield (
            "pairs with a review cue",
            np.array([(names[s], names[t]) in cues for s, t in ends], bool),
        )
    if top is not None:
        strongest = np.zeros(pairs.size, bool)
        strongest[np.argsort(-pairs.strength, kind="stable")[:top]] = (
            True  # equal strength: the smaller id
        )
        large = strongest | listed
        yield (
            f"the {top} strongest institutions and those on a watchlist",
            large[pairs.source] & large[pairs.target],
        )
    if ego is not None:
        near = _near(pairs, position(ids, ego))
        yield (
            f"{ego}, its partners and the pairs among them",
            near[pairs.source] & near[pairs.target],
        )
    if backbone == "disparity":
        yield (
            f"the backbone (disparity filter, α = {ALPHA:g} at either end)",
            significance.disparity(pairs) < ALPHA,
        )
    elif backbone == "projection":
        words = "pairs that share more works than the volumes of their ends explain (degree sequence model, false discovery rate"
        yield (
            f"{words} {ALPHA:g} among all possible pairs)",
            significance.discovered(chance(), pairs, ALPHA),
        )
    elif backbone:
        raise NotFound(f"no backbone '{backbone}'; there are: {', '.join(get_args(Backbone))}")


def _near(pairs: Pairs, centre: int) -> Mask:
    near = np.zeros(pairs.size, bool)
    touching = ((pairs.source == centre) | (pairs.target == centre)) & (pairs.weight > 0)
    near[pairs.source[touching]] = near[pairs.target[touching]] = True
    near[centre] = True
    return near


def position(ids: pa.Array, institution: str) -> int:
    place = int(pc.index(ids, institution).as_py())
    if place < 0:
        raise NotFound(
            f"no node '{institution}' in this network; give an OpenAlex id such as I96673099, or where works are counted between "
            "countries, groups or summed watchlists, DE, nordic or list:miit"
        )
    return place
