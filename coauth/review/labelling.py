"""How often technology cues are right: a labelling sheet drawn from a vintage, and precision and
recall of what came back.

The sheet is blind: works in random order, without topic, technology or stratum. Scoring draws the
strata again from the tables and weights each labelled work by how many it stands for.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from coauth.errors import QueryError
from coauth.queries import Queries
from coauth.stats.counts import binomial
from coauth.tables.schemas import AREAS, Tables

MIN_POSITIVES = 30
"""Fewer works that truly belong to an area say nothing worth printing about it: "unmeasured"."""

GOOD = 0.8
"""An area whose precision is below this is marked "indicative" wherever it is shown."""

NONE = "none"
COLUMNS = ("work_id", "doi", "year", "title", "label_1", "label_2")


class Agreement(NamedTuple):
    """Two labellers over the same works: how many, how often alike, and Cohen's kappa
    (chance-corrected; 1 = always alike) with its interval, None where chance alone would make them
    alike.
    """

    works: int
    alike: float
    kappa: float
    low: float | None
    high: float | None


# -- the sheet


def strata(tables: Tables, queries: Queries) -> pd.Series:
    """work_id -> stratum: the first EU-10 area found on it; "near" for a topic of a technology
    without a hit; "far" for the rest.
    """
    titled = (
        tables["works"]
        .filter(pc.field("included") & pc.is_valid(pc.field("title")))
        .select(["work_id", "primary_topic_id"])
        .to_pandas()
    )
    topics = {
        t
        for s in queries.technologies
        if s.enabled
        for x in s.technology
        for t in (*x.core_topics, *x.gated_topics)
    }
    first = {w: min(found, key=AREAS.index) for w, found in predicted(tables, queries).items()}
    named = zip(titled["work_id"], titled["primary_topic_id"].isin(topics), strict=True)
    return pd.Series(
        {w: first.get(w, "near" if near else "far") for w, near in named}, dtype="str"
    ).sort_index()


def predicted(tables: Tables, queries: Queries) -> dict[str, set[str]]:
    """work_id -> EU-10 areas of the technologies found on it."""
    areas = {(s.id, t.id): set(t.eu10) for s in queries.technologies for t in s.technology}
    found: dict[str, set[str]] = {}
    for row in tables["technologies"].select(["work_id", "list_id", "technology_id"]).to_pylist():
        found.setdefault(row["work_id"], set()).update(
            areas.get((row["list_id"], row["technology_id"]), ())
        )
    return {w: a for w, a in found.items() if a}


def sample(tables: Tables, queries: Queries, size: int, seed: int) -> pd.DataFrame:
    """A blind sheet of about `size` works: as many from each stratum as it has, up to an equal
    part, in random order.
    """
    rng = np.random.default_rng(seed)
    stratum = strata(tables, queries)
    part = -(-size // max(1, stratum.nunique()))
    chosen = [
        i
        for _, ids in stratum.groupby(stratum)
        for i in rng.permutation(ids.index.to_numpy())[:part]
    ]
    works: pd.DataFrame = (
        tables["works"]
        .select(["work_id", "doi", "year", "title"])
        .to_pandas()
        .set_index("work_id")
        .loc[rng.permutation(chosen)]
    )
    sheet: pd.DataFrame = works.assign(label_1="", label_2="").reset_index()[list(COLUMNS)]
    return sheet


def read(path: Path) -> pd.DataFrame:
    """A labelled sheet: work_id and the columns that begin with `label`, as sets of areas; None
    where a cell is empty.

    Raises `QueryError` naming every cell that is not `none` or a list of EU1…EU10, each with its
    line.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if "work_id" not in (reader.fieldnames or ()) or not (
            labels := [c for c in reader.fieldnames or () if c.startswith("label")]
        ):
            raise QueryError(
                f"{path}: no columns work_id and label_1; `coauth flags sample` writes a sheet"
            )
        rows, faults = [], []
        for row in reader:
            read_ = {c: _areas(row[c] or "") for c in labels}
            faults += [
                f"{path}: line {reader.line_num}: {c}: '{row[c]}' is not `{NONE}` or areas such as `EU2 EU4`"
                for c, v in read_.items()
                if v == {""}
            ]
            rows.append({"work_id": row["work_id"]} | read_)
    seen = Counter(r["work_id"] for r in rows)
    faults += [f"{path}: work_id: {w} is there {n} times" for w, n in sorted(seen.items()) if n > 1]
    if faults:
        raise QueryError("\n".join(faults))
    return pd.DataFrame(rows, columns=["work_id", *labels])


def _areas(cell: str) -> set[str] | None:
    words = [w for w in re.split(r"[\s,;|]+", cell.strip()) if w]
    if not words:
        return None
    if [w.lower() for w in words] == [NONE]:
        return set()
    return {w.upper() for w in words} if all(w.upper() in AREAS for w in words) else {""}


# -- scores


def score(
    sheet: pd.DataFrame, tables: Tables, queries: Queries
) -> tuple[pd.DataFrame, Agreement | None]:
    """`measure` of a labelled sheet against the vintage's technologies, each work weighted by its
    stratum; and the labellers' agreement.

    A work belongs to the areas all its labellers gave it. Raises `QueryError` where a work of the
    sheet is not of this vintage, where the sheet is not whole or was drawn under other definitions
    (its works would stand for a wrong number of others), and where nothing is labelled, or nothing
    of a stratum.
    """
    labels = [c for c in sheet.columns if c.startswith("label")]
    stratum = strata(tables, queries)
    if strangers := sorted(set(sheet["work_id"]) - set(stratum.index)):
        raise QueryError(
            f"{len(strangers)} works of the sheet are not counted in this vintage ({', '.join(strangers[:3])}); name its own with --vintage"
        )
    if uneven := _uneven(stratum, stratum[sheet["work_id"]]):
        raise QueryError(
            f"the sheet is not one that `coauth flags sample` draws from this vintage as it is built now ({uneven}): keep all its rows, name its own "
            "vintage with --vintage, build that with the definitions of then, or draw and label another"
        )
    truth = {
        w: set.intersection(*given)
        for w, *cells in sheet[["work_id", *labels]].itertuples(index=False)
        if (given := [c for c in cells if c is not None])
    }
    if not truth:
        raise QueryError(
            f"nothing is labelled: write `{NONE}` or areas such as `EU2 EU4` into {labels[0]}"
        )
    drawn = stratum[list(truth)]
    weight = stratum.value_counts() / drawn.value_counts()
    if weight.isna().any():
        raise QueryError(
            f"too little is labelled to speak for all works: {len(truth)} of {len(sheet)}, none of a kind that {stratum.value_counts()[weight.isna()].sum()} works are of"
        )
    weights = dict(zip(truth, drawn.map(weight), strict=True))
    both = sheet.dropna(subset=labels) if len(labels) == 2 else sheet.iloc[:0]
    confidence = queries.measures.confidence
    agreed = agreement(both[labels[0]], both[labels[1]], confidence) if len(both) else None
    return measure(truth, predicted(tables, queries), AREAS, confidence, weights), agreed


def _uneven(stratum: pd.Series, sizes: pd.Series) -> str:
    """Strata that are not on the sheet as `sample` puts them there, all with the same number of
    works or all they have; "" if there is none.
    """
    there, all_ = sizes.value_counts(), stratum.value_counts()
    part = there.max()
    return ", ".join(
        f"{s}: {there.get(s, 0)} of {all_[s]} works"
        for s in sorted(all_.index)
        if there.get(s, 0) != min(part, all_[s])
    )


def measure(
    truth: Mapping[str, set[str]],
    matches: Mapping[str, set[str]],
    classes: Sequence[str],
    confidence: float,
    weights: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Precision and recall with intervals: over all work × class pairs ("all"), of having any class
    ("any"), and of each class.

    precision = Σw(true and found) / Σw(found); recall = Σw(true and found) / Σw(true), over the
    works of `truth`. Intervals are Clopper–Pearson's with the effective number of works (Σw)²/Σw²
    (Korn & Graubard 1998, Survey Methodology 24:193); with equal weights that is the exact binomial
    interval. `standing`: "unmeasured" below `MIN_POSITIVES` true works, "indicative" below `GOOD`,
    else "measured".

    >>> measure({"W1": {"EU2"}, "W2": set()}, {"W1": {"EU2"}, "W2": {"EU2"}}, ["EU2"], 0.95).loc[0, ["precision", "recall"]].astype(float).to_list()
    [0.5, 1.0]
    """
    weights = weights or dict.fromkeys(truth, 1.0)
    pairs = [(w, c, c in truth[w], c in matches.get(w, ())) for w in truth for c in classes]
    any_ = [(w, "any", bool(truth[w]), bool(matches.get(w))) for w in truth]
    groups: list[tuple[str, list[tuple[str, str, bool, bool]]]] = [("all", pairs), ("any", any_)]
    groups += [(c, [p for p in pairs if p[1] == c]) for c in classes]
    return pd.DataFrame([_row(name, rows, weights, confidence) for name, rows in groups])


def _row(
    name: str,
    rows: list[tuple[str, str, bool, bool]],
    weights: Mapping[str, float],
    confidence: float,
) -> dict[str, Any]:
    w = np.array([weights[r[0]] for r in rows])
    true, found = (np.array([r[i] for r in rows], dtype=bool) for i in (2, 3))
    precision, recall = (
        _share(true[found], w[found], confidence),
        _share(found[true], w[true], confidence),
    )
    positives = int(true.sum())
    standing = (
        "unmeasured"
        if positives < MIN_POSITIVES or precision[0] is None
        else "indicative"
        if precision[0] < GOOD
        else "measured"
    )
    return {
        "class": name,
        "works": len({r[0] for r in rows}),
        "true": positives,
        "found": int(found.sum()),
        "both": int((true & found).sum()),
        "precision": precision[0],
        "precision_low": precision[1],
        "precision_high": precision[2],
        "recall": recall[0],
        "recall_low": recall[1],
        "recall_high": recall[2],
        "standing": standing,
    }


def _share(
    hit: np.ndarray[Any, Any], w: np.ndarray[Any, Any], confidence: float
) -> tuple[float | None, float | None, float | None]:
    if not len(hit):
        return None, None, None
    p, n = float(w[hit].sum() / w.sum()), w.sum() ** 2 / (w**2).sum()
    ends = binomial(np.array([n * p]), np.array([n]), confidence)
    return p, float(ends.low[0]), float(ends.high[0])


def agreement(
    first: Iterable[set[str]], second: Iterable[set[str]], confidence: float
) -> Agreement:
    """Cohen's kappa of two labellers, each distinct set of labels taken as one category.

    kappa = (p_o − p_e) / (1 − p_e), p_e from the labellers' own frequencies (Cohen 1960,
    https://doi.org/10.1177/001316446002000104). The interval is Clopper–Pearson's of p_o, with p_e
    held as observed, as Cohen's own standard error holds it.

    Raises `QueryError` where there is no work.

    >>> got = agreement([{"EU2"}, set(), set(), set()], [{"EU2"}, {"EU2"}, set(), set()], 0.95)
    >>> got.kappa, round(got.low, 2), round(got.high, 2)
    (0.5, -0.61, 0.99)
    """
    a, b = ([" ".join(sorted(s)) for s in side] for side in (first, second))
    n, counts = len(a), (Counter(a), Counter(b))
    alike, low, high = _share(
        np.array([x == y for x, y in zip(a, b, strict=True)]), np.ones(n), confidence
    )
    chance = sum(counts[0][c] * counts[1][c] for c in counts[0]) / n**2
    if alike is None or low is None or high is None:
        raise QueryError("no work was labelled by both")
    if chance == 1:
        return Agreement(n, alike, 1.0, None, None)
    return Agreement(n, alike, *((p - chance) / (1 - chance) for p in (alike, low, high)))


def lines(rows: pd.DataFrame, agreed: Agreement | None) -> Iterable[str]:
    """For people: one line a class; classes without 30 true works are said to be unmeasured."""
    yield f"{'':<34} {'works':>6} {'true':>5} {'found':>6}  precision            recall"
    for r in rows.to_dict("records"):
        if r["standing"] == "unmeasured" and r["class"] not in ("all", "any"):
            yield f"{r['class']:<34} {r['works']:>6} {r['true']:>5} {r['found']:>6}  unmeasured: fewer than {MIN_POSITIVES} true works"
            continue
        shown = (_interval(r, "precision"), _interval(r, "recall"))
        yield f"{r['class']:<34} {r['works']:>6} {r['true']:>5} {r['found']:>6}  {shown[0]:<19}  {shown[1]:<19}  {r['standing']}"
    if agreed:
        yield f"two labellers of {agreed.works} works: {alike(agreed)}"


def alike(agreed: Agreement) -> str:
    """How often two labellers agree, for people: share and Cohen's kappa with its interval."""
    interval = (
        f" ({agreed.low:.2f} to {agreed.high:.2f})".replace("-", "−")
        if agreed.low is not None
        else " (no interval: both gave every work the same label)"
    )
    return f"alike in {agreed.alike:.1%}, Cohen's kappa {agreed.kappa:.2f}{interval}"


def _interval(r: Mapping[Any, Any], name: str) -> str:
    return (
        "–"
        if pd.isna(r[name])
        else f"{r[name]:.2f} ({r[f'{name}_low']:.2f}–{r[f'{name}_high']:.2f})"
    )
