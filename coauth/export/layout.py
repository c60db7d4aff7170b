"""Where institutions stand in a drawing: near those that publish with the same partners.

One layout of all years, so that years, quarters and formats can be laid over each other. Three
steps:

1. Likeness. Each institution is a row of association strengths with its partners, w_ij / √(s_i s_j), itself included;
   likeness is the cosine of two rows. Drawing the edges themselves gives a hairball, as a few domestic universities
   work with everyone.
2. Each of the 1,500 strongest institutions is joined to those most like it among the stronger ones (joined among
   themselves, the many small ones would be a cloud of their own), and the pairs are laid out by ForceAtlas2 (Jacomy et
   al. 2014, doi 10.1371/journal.pone.0098679). networkx has it, at ten times the time and without a start at rest.
3. Every other institution is put beside the weighted middle of its partners, in a sunflower where many share a middle.

Same network and start, same bytes: only sums whose order does not depend on threads are used, no
BLAS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from coauth.export import style

if TYPE_CHECKING:
    from coauth.network.model import Network

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

CORE = 1500  # institutions laid out by force; the time grows with the square
NEIGHBOURS = 5
COLD, WARM = 250, 40  # iterations
RADIUS = 600.0  # root mean square distance from the middle, for CORE institutions
GRAVITY = 4.0
_ROWS = 32  # institutions pushed at once
GOLDEN_ANGLE = np.pi * (3 - 5**0.5)


def place(
    network: Network, start: Mapping[str, Sequence[float]] | None = None, seed: int = 1
) -> dict[str, list[float]]:
    """Institution -> [x, y], rounded to 0.01.

    With `start` (an earlier layout) institutions begin there, newcomers beside their partners, and
    the result is laid over the earlier one, so that a reader finds everyone in about the same place
    as last quarter.
    """
    ids = network.nodes["institution_id"].to_pylist()
    if not ids:
        return {}
    ties = _Ties.of(network, ids)
    sizes = style.discs(network.nodes)
    known = {i: start[i] for i in ids if i in start} if start else {}
    core = np.sort(np.argsort(-ties.strength, kind="stable")[:CORE])
    old = np.array([known.get(ids[i], (np.nan, np.nan)) for i in core], float)
    warm = int(np.isfinite(old[:, 0]).sum()) > len(core) / 2
    inner = ties.among(core)
    begin = _beside(inner, old) if warm else _scattered(len(core), seed)
    positions = _force_atlas(begin, *_most_alike(inner), iterations=WARM if warm else COLD)
    positions = _laid_over(positions, old) if warm else _upright(positions)
    placed = np.full((len(ids), 2), np.nan)
    placed[core] = _apart(positions, sizes[core])
    placed = _around(ties, placed, sizes)
    return {
        i: [round(float(x), 2) + 0.0, round(float(y), 2) + 0.0]
        for i, (x, y) in zip(ids, placed, strict=True)
    }


@dataclass(frozen=True)
class _Ties:
    """Symmetric weights between `size` institutions, as positions."""

    source: Ints
    target: Ints
    weight: Array
    size: int

    @classmethod
    def of(cls, network: Network, ids: list[str]) -> _Ties:
        known = network.nodes["institution_id"].combine_chunks()
        source, target = (
            pc.index_in(network.edges[e], value_set=known).to_numpy().astype(np.int64)
            for e in ("source", "target")
        )
        return cls(source, target, network.edges["weight"].to_numpy(), len(ids))

    def among(self, ids: Ints) -> _Ties:
        place = np.full(self.size, -1, np.int64)
        place[ids] = np.arange(len(ids))
        both = (place[self.source] >= 0) & (place[self.target] >= 0)
        return _Ties(
            place[self.source[both]], place[self.target[both]], self.weight[both], len(ids)
        )

    @property
    def strength(self) -> Array:
        ends = np.concatenate([self.source, self.target])
        return np.bincount(ends, np.concatenate([self.weight] * 2), minlength=self.size).astype(
            float
        )

    def matrix(self, values: Array) -> sparse.csr_array:
        ends = (
            np.concatenate([self.source, self.target]),
            np.concatenate([self.target, self.source]),
        )
        return sparse.csr_array(
            (np.concatenate([values, values]), ends), shape=(self.size, self.size)
        )


def _most_alike(ties: _Ties) -> tuple[Ints, Ints]:
    """Pairs of each institution and the NEIGHBOURS most like it among the stronger ones, each pair
    once.
    """
    strength = ties.strength
    rows = ties.matrix(ties.weight / np.sqrt(strength[ties.source] * strength[ties.target]))
    own = np.asarray(rows.max(axis=1).todense()).ravel()
    rows = sparse.csr_array(
        rows + sparse.diags_array(own)
    )  # an institution is its own closest partner
    norm = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    rows = sparse.csr_array(rows.multiply(1 / np.maximum(norm, 1e-300)[:, None]))
    like = (rows @ rows.T).toarray()
    rank = np.argsort(np.argsort(-strength, kind="stable"), kind="stable")
    like[rank[:, None] <= rank[None, :]] = 0
    # rounded, so that the last bits of a sum cannot decide who is nearest
    nearest = np.argsort(-np.round(like, 9), axis=1, kind="stable")[:, :NEIGHBOURS]
    a, b = np.repeat(np.arange(ties.size), nearest.shape[1]), nearest.ravel()
    alike = like[a, b] > 0
    pairs = np.unique(np.stack([np.minimum(a, b), np.maximum(a, b)], axis=1)[alike], axis=0)
    return pairs[:, 0], pairs[:, 1]


def _force_atlas(begin: Array, a: Ints, b: Ints, iterations: int) -> Array:
    """ForceAtlas2, linear attraction along the pairs a–b, exact repulsion between all, gravity."""
    n = len(begin)
    mass = np.asarray(1 + np.bincount(np.concatenate([a, b]), minlength=n), np.float64)
    repulsion = (2 * mass[:, None] * mass[None, :]).astype(np.float32)
    np.fill_diagonal(repulsion, 0)
    at, before, speed = (
        np.asarray(begin * _rest(begin, a, b, mass), np.float64),
        np.zeros((n, 2)),
        1.0,
    )
    for _ in range(iterations):
        force = _push(at.astype(np.float32), repulsion) + _pull(at, a, b)
        force -= (
            GRAVITY * mass[:, None] * at / np.maximum(np.hypot(at[:, 0], at[:, 1]), 1e-9)[:, None]
        )
        swing = np.hypot(*(force - before).T)
        traction = np.hypot(*(force + before).T) / 2
        speed = _speed(speed, float((mass * swing).sum()), float((mass * traction).sum()), n)
        at += force * (speed / (1 + np.sqrt(speed * mass * swing)))[:, None]
        before = force
    return at


def _rest(at: Array, a: Ints, b: Ints, mass: Array) -> float:
    """The scale at which a drawing neither grows nor shrinks: attraction s·A, repulsion R/s and
    gravity G in balance.

    From dE/ds = 0 for E(s) = s²A/2 + sG − R ln s, with A the squared length of all pairs, R = Σ 2
    m_i m_j, G = g Σ m_i r_i.
    """
    pull = float((np.hypot(*(at[b] - at[a]).T) ** 2).sum())
    push = float(mass.sum() ** 2 - (mass**2).sum())
    gravity = GRAVITY * float((mass * np.hypot(*at.T)).sum())
    if pull + gravity <= 0 or push <= 0:
        return 1.0
    return (
        float((gravity**2 + 4 * pull * push) ** 0.5 - gravity) / (2 * pull)
        if pull > 0
        else push / gravity
    )


def _push(at: NDArray[np.float32], repulsion: NDArray[np.float32]) -> Array:
    """Repulsion m_i m_j / d between all pairs; single precision halves the time, and so do rows
    that fit the processor's cache.
    """
    push = np.empty(at.shape, np.float64)
    for start in range(0, len(at), _ROWS):
        some = slice(start, start + _ROWS)
        dx, dy = (at[some, k, None] - at[None, :, k] for k in (0, 1))
        share = repulsion[some] / (dx * dx + dy * dy + np.float32(1e-4))
        push[some, 0], push[some, 1] = (share * dx).sum(axis=1), (share * dy).sum(axis=1)
    return push


def _pull(at: Array, a: Ints, b: Ints) -> Array:
    pull = np.zeros_like(at)
    along = at[b] - at[a]
    np.add.at(pull, a, along)
    np.add.at(pull, b, -along)
    return pull


def _speed(speed: float, swing: float, traction: float, n: int) -> float:
    """Global speed: as fast as swinging allows, never rising by more than half at once."""
    usual = 0.05 * n**0.5
    tolerance = max(0.5 * usual**0.5, min(10.0, usual * traction / n**2))
    target = tolerance * traction / swing if swing else speed
    return speed + min(target - speed, 0.5 * speed)


# -- where to begin, how to end


def _scattered(n: int, seed: int) -> Array:
    spread = 10 * n**0.5
    return np.random.default_rng(seed).uniform(-spread / 2, spread / 2, (n, 2))


def _beside(ties: _Ties, old: Array) -> Array:
    """Old positions; an institution without one begins at the weighted middle of its partners."""
    return (
        np.where(np.isfinite(old), old, _middles(ties, old))
        + _sunflower(np.arange(ties.size)) * 1e-3
    )


def _middles(ties: _Ties, placed: Array) -> Array:
    """The weighted middle of each institution's placed partners; the origin where it has none."""
    here = np.isfinite(placed[:, 0])
    known = np.where(here[:, None], placed, 0.0)
    weights = ties.matrix(ties.weight)
    total = weights @ here.astype(float)
    return np.asarray(weights @ known) / np.where(total > 0, total, 1.0)[:, None]


def _upright(at: Array) -> Array:
    """Centred, scaled, and turned so that the longest axis lies flat with its heavier tail to the
    right.
    """
    z = _complex(at - at.mean(axis=0))
    if not np.abs(z).max(initial=0.0):
        return np.zeros_like(at)
    z *= np.exp(-0.5j * np.angle((z * z).sum()))
    z *= (1 if (z.real**3).sum() >= 0 else -1) / np.sqrt((np.abs(z) ** 2).mean())
    return _real(
        RADIUS * z / np.sqrt(1 + (np.abs(z) / 3) ** 2)
    )  # stragglers are drawn in, to 3 RADIUS at most


def _laid_over(at: Array, old: Array) -> Array:
    """Moved, turned and scaled (never mirrored) so that known institutions lie closest to where
    they were.
    """
    known = np.isfinite(old[:, 0])
    new, was = _complex(at), _complex(old[known])
    spread = new[known] - new[known].mean()
    scale = (np.conj(spread) * (was - was.mean())).sum() / max(
        float((np.abs(spread) ** 2).sum()), 1e-300
    )
    return _real((new - new[known].mean()) * scale + was.mean())


def _complex(at: Array) -> NDArray[np.complex128]:
    return np.asarray(at[:, 0] + 1j * at[:, 1], np.complex128)


def _real(z: NDArray[np.complex128]) -> Array:
    return np.stack([z.real, z.imag], axis=1)


def _apart(at: Array, sizes: Array, rounds: int = 40) -> Array:
    """Push overlapping discs apart, the smaller one further."""
    at = at.copy()
    for _ in range(rounds):
        pairs = cKDTree(at).query_pairs(float(sizes.max(initial=0.0)) * 1.1, output_type="ndarray")
        a, b = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].T
        gap = at[b] - at[a]
        far = np.hypot(gap[:, 0], gap[:, 1])
        overlap = np.maximum(0.55 * (sizes[a] + sizes[b]) - far, 0)
        if not overlap.max(initial=0.0):
            break
        step = gap / np.maximum(far, 1e-6)[:, None] * overlap[:, None]
        to_a = (sizes[b] / (sizes[a] + sizes[b]))[:, None]
        np.add.at(at, a, -step * to_a)
        np.add.at(at, b, step * (1 - to_a))
    return at


def _around(ties: _Ties, placed: Array, sizes: Array) -> Array:
    """Put everyone without a place beside the middle of its partners, those with one middle in a
    sunflower.
    """
    rest = ~np.isfinite(placed[:, 0])
    if not rest.any():
        return placed
    middle = _middles(ties, placed)[rest]
    cells, cell = np.unique(np.round(middle / 25), axis=0, return_inverse=True)
    order = np.argsort(cell.ravel(), kind="stable")
    first = np.searchsorted(cell.ravel()[order], np.arange(len(cells)))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - first[cell.ravel()[order]]
    placed = placed.copy()
    placed[rest] = middle + _sunflower(rank + 1) * 1.6 * style.SMALLEST
    return placed


def _sunflower(rank: Ints) -> Array:
    """Point `rank` of a sunflower with unit spacing: evenly spread, no two in one place."""
    angle = rank * GOLDEN_ANGLE
    return np.asarray(np.sqrt(rank)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1))
