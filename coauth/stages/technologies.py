"""Which works count for a critical technology, by OpenAlex topic and by phrases in title and
abstract.

The rule (`queries/technologies/*.toml`), strongest basis first:

* topic: the primary topic is a core topic of the technology, with a score of at least `core_min_score`;
* topic+phrase: any of the work's topics is a core topic, and a phrase occurs;
* gated+phrase: any of the work's topics is a gated topic, and a phrase occurs.

A phrase alone never counts, and in an abstract one mention is context: there a technology has to be
named twice, in a title once. An exclusion phrase in the title cancels phrases, not a core primary
topic. Topics are OpenAlex's own (right for about 82 % of works since October 2026), so a hit is a
cue to look, not a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from coauth.errors import QueryError
from coauth.openalex.text_match import Phrases, fold
from coauth.queries import Queries
from coauth.queries import Technologies as Definitions
from coauth.tables.contract import STRING
from coauth.tables.schemas import AREAS, TECHNOLOGIES

THRESHOLDS = (0.3, 0.5, 0.7, 0.9)
"""Scores at which `sensitivity` counts; OpenAlex's score is a probability since October 2026."""


class Rule(NamedTuple):
    """A technology of a set, and the score its core topics need."""

    list_id: str
    technology_id: str
    min_score: float


class Matcher:
    """The enabled technologies, compiled once; `assign` is called on every batch of works.

    Topics are the gate: only works with a topic that some technology names are read, and these once
    for all phrases.

    >>> from coauth.queries.technologies import Technology
    >>> qubits = Technology(id="qc", name="Quantum computing", eu10=("EU3",), core_topics=("T1",), gated_topics=("T2",), phrases=("qubit*",))
    >>> made = {"source": "", "version": "1", "status": "", "topic_model": "v2", "core_min_score": 0.5, "technology": (qubits,)}
    >>> matcher = Matcher([Definitions(id="mine", name="Mine", enabled=True, **made)], "v2")
    >>> works = [("On ions", "T1", 0.9), ("Two qubits", "T1", 0.4), ("Two qubits", "T2", 0.4), ("On ions", "T2", 0.9), ("Two qubits", "T3", 0.9)]
    >>> [[basis for basis, *_ in matcher.judge(title, None, topic, score, {}).values()] for title, topic, score in works]
    [['topic'], ['topic+phrase'], ['gated+phrase'], [], []]
    """

    def __init__(self, sets: Iterable[Definitions], topic_model: str) -> None:
        """`topic_model` is the vintage's, "unknown" for records from disk that nobody dated. Raises
        `QueryError` where a set was made for another era of topics: ids and names stayed when
        OpenAlex replaced the assignments, so nothing else would notice.
        """
        self._core: dict[str, list[Rule]] = {}
        self._gated: dict[str, list[Rule]] = {}
        meant: dict[str, set[Rule]] = {}
        cancelled: dict[str, set[Rule]] = {}
        for definitions in (s for s in sets if s.enabled):
            if topic_model not in ("unknown", definitions.topic_model):
                raise QueryError(
                    f"queries/technologies: '{definitions.id}' was made for topic model {definitions.topic_model}, this vintage "
                    f"has {topic_model}: use a definition of that era, or set enabled = false"
                )
            for t in definitions.technology:
                rule = Rule(definitions.id, t.id, definitions.core_min_score)
                for topics, of_topic in (
                    (t.core_topics, self._core),
                    (t.gated_topics, self._gated),
                ):
                    for topic in topics:
                        of_topic.setdefault(topic, []).append(rule)
                for phrases, of_phrase in ((t.phrases, meant), (t.exclusions, cancelled)):
                    for phrase in phrases:
                        of_phrase.setdefault(phrase, set()).add(rule)
        said = sorted(meant.keys() | cancelled.keys())
        self._phrases = Phrases(said)
        self._meant = [meant.get(p, set()) for p in said]
        self._cancelled = [cancelled.get(p, set()) for p in said]
        self._topics = pa.array(sorted(self._core.keys() | self._gated.keys()), STRING)

    def assign(self, texts: pa.Table) -> pa.Table:
        """`TECHNOLOGIES` rows of a batch's texts (work_id, title, abstract, topics with scores)."""
        near = texts.filter(self._near(texts))
        names = (
            "work_id",
            "title",
            "abstract",
            "primary_topic_id",
            "topic_score",
            "topic_ids",
            "topic_scores",
        )
        works = zip(*(near[name].to_pylist() for name in names), strict=True)
        return TECHNOLOGIES.of(row for work in works for row in self._of_work(*work))

    def _near(self, texts: pa.Table) -> pa.Array:
        """Which works have a topic of any technology."""
        topics = texts["topic_ids"].combine_chunks()
        named = pc.is_in(pc.list_flatten(topics), value_set=self._topics)
        near = pc.is_in(texts["primary_topic_id"], value_set=self._topics).to_numpy().copy()
        near[pc.list_parent_indices(topics).filter(named).to_numpy()] = True
        return pa.array(near)

    def _of_work(
        self,
        work_id: str,
        title: str | None,
        abstract: str | None,
        primary: str | None,
        score: float | None,
        topic_ids: Sequence[str],
        topic_scores: Sequence[float | None],
    ) -> Iterator[dict[str, Any]]:
        found = self.judge(
            title, abstract, primary, score, dict(zip(topic_ids, topic_scores, strict=True))
        )
        for rule, (basis, topic, topic_score, phrase) in found.items():
            yield {
                "work_id": work_id,
                "list_id": rule.list_id,
                "technology_id": rule.technology_id,
                "basis": basis,
                "topic_id": topic,
                "score": topic_score,
                "phrase": phrase,
                "title_only": not abstract,
            }

    def judge(
        self,
        title: str | None,
        abstract: str | None,
        primary: str | None,
        score: float | None,
        topics: Mapping[str, float | None],
    ) -> dict[Rule, tuple[str, str, float | None, str | None]]:
        """The rule on one work: technology -> its strongest basis, the topic it rests on, that
        topic's score, the phrase found.
        """
        said = self.phrases(title, abstract)
        found: dict[Rule, tuple[str, str, float | None, str | None]] = {}
        for rule in self._core.get(primary or "", ()):
            if primary and score is not None and score >= rule.min_score:
                found[rule] = ("topic", primary, score, said.get(rule))
        if said:
            scores = {primary: score, **topics} if primary and primary not in topics else topics
            for basis, of_topic in (("topic+phrase", self._core), ("gated+phrase", self._gated)):
                for topic, topic_score in scores.items():
                    for rule in of_topic.get(topic, ()):
                        if rule in said:  # the strongest basis came first and is kept
                            found.setdefault(rule, (basis, topic, topic_score, said[rule]))
        return found

    def phrases(self, title: str | None, abstract: str | None) -> dict[Rule, str]:
        """The first phrase of each technology, whatever the topics; none where the title excludes.

        In the title once is enough. An abstract has to name the technology twice, by phrases that
        do not overlap: of 13 cues that real works at hand had by a single mention, 10 were wrong
        (tests/studies/labels/RULES.md).
        """
        head = fold(title or "")
        text = f"{head}\n{fold(abstract)}" if abstract else head
        first: dict[Rule, tuple[int, int]] = {}
        ends: dict[Rule, list[int]] = {}
        cancelled: set[Rule] = set()
        for phrase, start, end in self._phrases.find(text):
            for rule in self._meant[phrase]:
                first[rule] = min(first.get(rule, (start, -end)), (start, -end))
                if start >= (named := ends.setdefault(rule, [0]))[-1]:
                    named.append(end)
            if start < len(head):
                cancelled |= self._cancelled[phrase]
        enough = {r for r, (start, _) in first.items() if start < len(head) or len(ends[r]) > 2}
        return {
            rule: text[start:-minus_end]
            for rule, (start, minus_end) in first.items()
            if rule in enough - cancelled
        }


def assign(texts: pa.Table, queries: Queries, topic_model: str) -> pa.Table:
    """`Matcher` for one table of texts: the stage run alone."""
    return Matcher(queries.technologies, topic_model).assign(texts)


def sensitivity(works: pa.Table, technologies: pa.Table, queries: Queries) -> pd.DataFrame:
    """Included works per EU-10 area, had `core_min_score` been each of `THRESHOLDS`; a work may
    count in several areas.

    Exact, from the tables alone: a work that counts by a phrase counts at every threshold, and one
    that rests on its primary topic counts from that topic's score on down. Columns: area_id, and
    one of works per threshold.
    """
    counted = (
        works.filter(pc.field("included"))
        .select(["work_id", "primary_topic_id", "topic_score"])
        .to_pandas()
    )
    sets = [s for s in queries.technologies if s.enabled]
    core = pd.DataFrame(
        [(c, a) for s in sets for t in s.technology for c in t.core_topics for a in t.eu10],
        columns=["primary_topic_id", "area_id"],
    )
    areas = pd.DataFrame(
        [(t.id, a) for s in sets for t in s.technology for a in t.eu10],
        columns=["technology_id", "area_id"],
    )
    by_topic = counted.merge(core, on="primary_topic_id")[["work_id", "area_id", "topic_score"]]
    phrased = (
        technologies.filter(pc.is_valid(pc.field("phrase")))
        .select(["work_id", "technology_id"])
        .to_pandas()
    )
    by_phrase = phrased.merge(areas, on="technology_id")[["work_id", "area_id"]].assign(
        topic_score=np.inf
    )
    by_phrase = by_phrase[by_phrase["work_id"].isin(counted["work_id"])]
    score = pd.concat([by_topic, by_phrase]).groupby(["area_id", "work_id"])["topic_score"].max()
    rows = {t: (score >= t).groupby("area_id").sum() for t in THRESHOLDS}
    return (
        pd.DataFrame(rows, index=pd.Index(AREAS, name="area_id"))
        .fillna(0)
        .astype("int64")
        .reset_index()
    )
