"""Measures that are the fixed point of a walk: PageRank and eigenvector centrality. Weights are
strengths here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from coauth.errors import MeasureFailed
from coauth.stages.centrality.basis import Basis, Blocks, Names, Values
from coauth.stats.counting import Counting
from coauth.stats.incidence import Floats, Integers

DAMPING = 0.85
_ROUGH = 1e-7  # Σ|x − T(x)| at which a replicate's PageRank is good enough for a percentile
_NEAR = 1e-5  # ‖Wx − λx‖/λ at which a replicate's eigenvector is


def pageranks(basis: Basis, names: Names, blocks: Blocks) -> Values:
    """`pagerank`, of replicates to `_ROUGH`."""
    for n, block in enumerate(blocks):
        yield {"pagerank": pagerank(basis.counting, block, _ROUGH if n else 1e-12)}


def eigenvectors(basis: Basis, names: Names, blocks: Blocks) -> Values:
    """`eigenvector`, of replicates to `_NEAR` from the first value; NaN outside of the component."""
    start = None
    for block in blocks:
        near = 1e-13 if start is None else _NEAR
        nodes, vectors = eigenvector(basis.counting, block, near, start=start)
        start = vectors if start is None else start
        values = np.full((len(basis.counting.own.indptr) - 1, block.shape[1]), np.nan)
        values[nodes] = vectors
        yield {"eigenvector": values}


def pagerank(
    counting: Counting, weights: Floats, tolerance: float = 1e-12, most: int = 500
) -> Floats:
    """N × PageRank of each institution (mean 1), one column for each column of work weights.

    x = d·W S⁻¹x + (1−d)/N, d = 0.85, S = diag(strength) (Brin & Page 1998, doi
    10.1016/S0169-7552(98)00110-X). The graph is undirected, so with z = S^(−½)x this is a symmetric
    positive definite system whose condition is at most (1+d)/(1−d) = 12.3: conjugate gradients need
    a fifth of the steps of the power iteration and stop by the same criterion, Σ|x − T(x)| ≤
    tolerance, T being one power step. W is never built: Wx = Aᵀ(c∘m∘(Ax)) − diag∘x.

    `weights` is works × replicates: how often each work counts. An institution whose works all have
    weight 0 stays a node: it keeps (1−d)/N and what the walker would do there goes to the others in
    proportion to their strength. So N, and with it the scale, is that of the full window, and
    resampling does not shift the measure.

    Raises `MeasureFailed` after `most` steps without agreement.

    >>> import pyarrow as pa
    >>> from coauth.stats.incidence import Incidence
    >>> star = Incidence(sp.csr_array(np.array([[1.0, 1, 0], [1, 0, 1]])), np.array(["I1", "I2", "I3"], object), pa.table({}))
    >>> pagerank(Counting.of(star, "newman"), np.ones((2, 1))).ravel().round(4).tolist()     # 3·0.9/1.85, then 3·(0.05 + 0.85·x/2)
    [1.4595, 0.7703, 0.7703]
    """
    values, across = counting.values, counting.across
    nodes = across.shape[0]
    if not nodes:
        return np.zeros((0, weights.shape[1]))
    pair = counting.pair[:, None] * weights
    own, strength = counting.own @ weights, counting.strength @ weights
    scale = np.divide(1.0, np.sqrt(strength), out=np.zeros_like(strength), where=strength > 0)

    def walk(z: Floats) -> Floats:
        x = scale * z
        return np.asarray(z - DAMPING * scale * (across @ (pair * (values @ x)) - own * x))

    rest = (1 - DAMPING) / nodes
    share = strength / np.maximum(strength.sum(axis=0), 1e-300)
    target = np.where(
        strength > 0, rest + DAMPING * rest * (strength == 0).sum(axis=0) * share, 0.0
    )
    z = scale * np.where(strength > 0, rest + DAMPING * share, 0.0)
    z = _conjugate_gradients(walk, scale * target, z, np.sqrt(strength), tolerance, most)
    return np.asarray(nodes * np.where(strength > 0, np.sqrt(strength) * z, rest))


def _conjugate_gradients(
    walk: Callable[[Floats], Floats],
    target: Floats,
    z: Floats,
    root: Floats,
    tolerance: float,
    most: int,
) -> Floats:
    """Solve walk(z) = target, all columns at once, each stopping by Σ root·|target − walk(z)| ≤
    tolerance.
    """
    rest = target - walk(z)
    along, size = rest.copy(), (rest * rest).sum(axis=0)
    for _ in range(most):
        if np.all((root * np.abs(rest)).sum(axis=0) <= tolerance):
            return z
        turned = walk(along)
        step = _ratio(size, (along * turned).sum(axis=0))
        z = z + step * along
        rest = rest - step * turned
        before, size = size, (rest * rest).sum(axis=0)
        along = rest + _ratio(size, before) * along
    raise MeasureFailed(
        f"PageRank: no agreement to {tolerance:g} after {most} steps; is a weight not finite or negative?"
    )


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(
        above, below, out=np.zeros_like(above), where=np.broadcast_to(below > 0, above.shape)
    )


def eigenvector(
    counting: Counting,
    weights: Floats,
    tolerance: float = 1e-13,
    most: int = 100_000,
    start: Floats | None = None,
) -> tuple[Integers, Floats]:
    """(nodes, values) of the largest component, one column of values for each column of work
    weights (works × replicates): Wx = λx with the largest λ, x ≥ 0, ‖x‖₂ = 1 (Bonacich 1972, doi
    10.1080/0022250X.1972.9989806). Other components have no value: theirs would be 0 or on another
    scale.

    Which component is the largest all works say, whatever their weights, so that a replicate speaks
    of the same institutions; those that all its works of weight 0 leave alone have 0 in it. Of
    components equally large the heavier is taken, then the one with the smallest id. Power
    iteration on W + λ/4, all columns at once, because on W alone a star swings between centre and
    leaves for ever. W is never built: Wx = Aᵀ(c∘m∘(Ax)) − diag∘x. `start` (one column, > 0) saves
    steps.

    Raises `MeasureFailed` if ‖Wx − λx‖ does not come down to `tolerance`·λ: two cliques that nearly
    tie have no clear first vector, and the measure should then not be used.

    >>> import pyarrow as pa
    >>> from coauth.stats.incidence import Incidence
    >>> star = Incidence(sp.csr_array(np.array([[1.0, 1, 0], [1, 0, 1]])), np.array(["I1", "I2", "I3"], object), pa.table({}))
    >>> nodes, values = eigenvector(Counting.of(star, "newman"), np.ones((2, 1)))
    >>> nodes.tolist(), values.ravel().round(4).tolist()
    ([0, 1, 2], [0.7071, 0.5, 0.5])
    """
    nodes = _giant(counting)
    values, pair = sp.csr_array(counting.values[:, nodes]), counting.pair[:, None] * weights
    across, own = sp.csr_array(values.T), counting.own[nodes] @ weights
    x = (
        _unit(counting.strength[nodes] @ weights)
        if start is None
        else np.repeat(start, weights.shape[1], axis=1)
    )
    for _ in range(most if len(nodes) else 0):
        turned = across @ (pair * (values @ x)) - own * x
        value = (x * turned).sum(axis=0)
        if (np.sqrt(((turned - value * x) ** 2).sum(axis=0)) <= tolerance * value).all():
            return nodes, x
        x = _unit(turned + value / 4 * x)
    if len(nodes):
        raise MeasureFailed(
            f"eigenvector: no vector after {most} steps in a component of {len(nodes)} institutions; "
            "take 'eigenvector' out of measures and resampled in queries/measures.toml"
        )
    return nodes, x


def _unit(columns: Floats) -> Floats:
    return _ratio(columns, np.sqrt((columns**2).sum(axis=0)))


def _giant(counting: Counting) -> Integers:
    """Institutions of the largest component that has a tie at all."""
    works, count = counting.values.shape
    strength = np.asarray(counting.strength.sum(axis=1))
    if not strength.any():
        return np.zeros(0, np.int64)
    rows = np.repeat(np.arange(works), np.diff(counting.values.indptr))
    both = sp.csr_array(
        (np.ones(len(rows)), (rows, works + counting.values.indices)), shape=(works + count,) * 2
    )
    component = connected_components(both, directed=False)[1][works:]
    _, first, which = np.unique(component, return_index=True, return_inverse=True)
    largest = np.lexsort((first, -np.bincount(which, strength), -np.bincount(which)))[0]
    return np.flatnonzero(which == largest)
