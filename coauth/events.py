"""Did a series break at a policy date? Segmented regression on yearly counts, with its power beside it.

    log E[y_t] = b0 + b1·t + b2·[t ≥ T + lag] + b3·(t − T − lag)·[t ≥ T + lag] + log N_t

y_t are works with the group in year t, N_t all international works (both as harvested), T the year of the policy date. It is
fitted as a quasi-Poisson model (dispersion from Pearson's χ², at least 1; t-quantiles), so overdispersion widens the
intervals. Fourteen yearly points with two or three after a date carry little: `power` says how often a step of a quarter
down would have been seen, and is the number to read first. A break is a coincidence in time, never shown to be an effect.
A. K. Wagner et al., J. Clin. Pharm. Ther. 27, 299 (2002), doi:10.1046/j.1365-2710.2002.00430.x; limits of short series:
S. L. Turner et al., BMC Med. Res. Methodol. 21, 181 (2021), doi:10.1186/s12874-021-01364-0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import stats

from coauth.errors import MeasureFailed
from coauth.queries import Events, Scope
from coauth.tables import EVENTS

Array = npt.NDArray[np.float64]
_FALL = np.log(0.75)


def regress(copublications: pa.Table, events: Events, scope: Scope, confidence: float) -> pa.Table:
    """`EVENTS`: for each series, policy date and lag the step and the change of slope, in logs, with interval and power.

    A series with a year without works, or with no more years than the four coefficients, or a date with fewer than two
    measured years on either side, gives no row.
    """
    rows = copublications.to_pandas()
    rows = rows[rows["year"].between(scope.first_year, scope.last_year)]
    return EVENTS.of(_tested(rows, events, confidence))


def _tested(rows: Any, events: Events, confidence: float) -> Iterator[dict[str, Any]]:
    for event in events.event:
        for series in event.series:
            basis = "institution" if series.startswith("list:") else "union"
            chosen = rows[(rows["group_id"] == series) & (rows["basis"] == basis)].sort_values("year")
            total = rows[(rows["group_id"] == "international") & (rows["basis"] == basis)].sort_values("year")
            if len(chosen) == 0 or (chosen["works"] == 0).any():
                continue
            years, counts = chosen["year"].to_numpy(float), chosen["works"].to_numpy(float)
            for lag in events.lags:
                start = event.date.year + lag
                if min((years >= start).sum(), (years < start).sum()) >= 2 and len(years) > 4:
                    fitted = segmented(years, counts, total["works"].to_numpy(float), start, confidence)
                    yield {"series": series, "event_id": event.id, "lag": lag} | fitted


def segmented(years: Array, counts: Array, offset: Array, start: int, confidence: float) -> dict[str, float]:
    """The fitted step (`level_change`) and slope change of one series at `start`, in logs relative to the offset.

    Raises `MeasureFailed` if the fit does not converge.

    >>> years = np.arange(2011.0, 2025.0)
    >>> halved = segmented(years, np.where(years < 2020, 400.0, 200.0), np.full(14, 1000.0), 2020, 0.95)
    >>> round(float(np.exp(halved["level_change"])), 6), abs(halved["slope_change"]) < 1e-9
    (0.5, True)
    """
    after = (years >= start).astype(float)
    design = np.column_stack([np.ones_like(years), years - years.mean(), after, after * (years - start)])
    beta, covariance, mean = _poisson_fit(design, counts, np.log(offset))
    free = len(years) - design.shape[1]
    dispersion = max(1.0, float(np.sum((counts - mean) ** 2 / mean)) / free)
    error = float(np.sqrt(dispersion * covariance[2, 2]))
    reach = float(stats.t.ppf((1 + confidence) / 2, free)) * error
    power = float(stats.nct.cdf(-reach / error, free, _FALL / error) + stats.nct.sf(reach / error, free, _FALL / error))
    return {"level_change": float(beta[2]), "slope_change": float(beta[3]), "low": float(beta[2]) - reach,
            "high": float(beta[2]) + reach, "power": min(max(power, 0.0), 1.0)}  # fmt: skip


def _poisson_fit(design: Array, counts: Array, log_offset: Array) -> tuple[Array, Array, Array]:
    """Maximum likelihood by iteratively reweighted least squares: coefficients, covariance (dispersion 1), means."""
    eta = np.log(counts)
    for _ in range(50):
        mean = np.exp(eta)
        working = eta - log_offset + (counts - mean) / mean
        covariance = np.linalg.inv(design.T @ (mean[:, None] * design))
        beta = covariance @ design.T @ (mean * working)
        before, eta = eta, design @ beta + log_offset
        if np.max(np.abs(eta - before)) < 1e-10:
            return np.asarray(beta), np.asarray(covariance), np.exp(eta)
    raise MeasureFailed("events: the segmented regression did not converge in 50 steps; look at the series in copublications")
