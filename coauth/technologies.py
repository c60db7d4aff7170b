"""Which works count for a critical technology, by OpenAlex topic and by phrases in title and abstract.

The rule (`queries/technologies/*.toml`), strongest basis first:

* topic: the primary topic is a core topic of the technology, with a score of at least `core_min_score`;
* topic+phrase: any of the work's topics is a core topic, and a phrase occurs;
* gated+phrase: any of the work's topics is a gated topic, and a phrase occurs.

A phrase alone never counts. An exclusion phrase in the title cancels phrases, not a core primary topic. Topics are
OpenAlex's own (right for about 82 % of works since October 2026), so a hit is a cue to look, not a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa

from coauth.errors import QueryError
from coauth.queries import Queries
from coauth.queries import Technologies as Definitions
from coauth.tables import TECHNOLOGIES


class _Rule(NamedTuple):
    list_id: str
    technology_id: str
    min_score: float
    phrases: re.Pattern[str] | None
    exclusions: re.Pattern[str] | None


class Matcher:
    """The enabled technologies, compiled once; `assign` is called on every batch of works."""

    def __init__(self, sets: Iterable[Definitions], topic_model: str) -> None:
        """`topic_model` is the vintage's, "unknown" for records from disk that nobody dated. Raises `QueryError` where a set was
        made for another era of topics: ids and names stayed when OpenAlex replaced the assignments, so nothing else would notice."""
        self._core: dict[str, list[_Rule]] = {}
        self._gated: dict[str, list[_Rule]] = {}
        for definitions in sets:
            if not definitions.enabled:
                continue
            if topic_model not in ("unknown", definitions.topic_model):
                raise QueryError(
                    f"queries/technologies: '{definitions.id}' was made for topic model {definitions.topic_model}, this vintage "
                    f"has {topic_model}: use a definition of that era, or set enabled = false"
                )
            for t in definitions.technology:
                rule = _Rule(definitions.id, t.id, definitions.core_min_score, _pattern(t.phrases), _pattern(t.exclusions))
                for index, topics in ((self._core, t.core_topics), (self._gated, t.gated_topics)):
                    for topic in topics:
                        index.setdefault(topic, []).append(rule)

    def assign(self, texts: pa.Table) -> pa.Table:
        """`TECHNOLOGIES` rows of a batch's texts (work_id, title, abstract, topics with scores)."""
        return TECHNOLOGIES.of(row for work in texts.to_pylist() for row in self._of_work(work))

    def _of_work(self, work: dict[str, Any]) -> Iterator[dict[str, Any]]:
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for rule, basis, topic, score, phrase in self._hits(work):
            # hits come strongest first, so the first of a technology is the one that is kept
            found.setdefault((rule.list_id, rule.technology_id), {
                "work_id": work["work_id"], "list_id": rule.list_id, "technology_id": rule.technology_id, "basis": basis,
                "topic_id": topic, "score": score, "phrase": phrase, "title_only": not work["abstract"],
            })  # fmt: skip
        yield from found.values()

    def _hits(self, work: dict[str, Any]) -> Iterator[tuple[_Rule, str, str, float | None, str | None]]:
        primary, score = work["primary_topic_id"], work["topic_score"]
        for rule in self._core.get(primary, ()):
            if score is not None and score >= rule.min_score:
                yield rule, "topic", primary, score, None
        scores = dict(zip(work["topic_ids"], work["topic_scores"], strict=True))
        if primary:
            scores.setdefault(primary, score)
        for basis, index in (("topic+phrase", self._core), ("gated+phrase", self._gated)):
            for topic, topic_score in scores.items():
                for rule in index.get(topic, ()):
                    if phrase := _phrase(rule, work["title"] or "", work["abstract"] or ""):
                        yield rule, basis, topic, topic_score, phrase


def _phrase(rule: _Rule, title: str, abstract: str) -> str | None:
    if rule.phrases is None or (rule.exclusions and rule.exclusions.search(title)):
        return None
    hit = rule.phrases.search(title) or rule.phrases.search(abstract)
    return hit.group().casefold() if hit else None


def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str] | None:
    r"""One pattern for all phrases; words may be parted by any blank, hyphen or dash (publishers print U+2010), `*` ends a word freely.

    >>> _pattern(("quantum dot*",)).search("CdSe quantum-dots").group()
    'quantum-dots'
    """
    if not phrases:
        return None
    parts = (r"[\s‐-―-]+".join(re.escape(w).replace(r"\*", r"\w*") for w in re.split(r"[\s-]+", p)) for p in phrases)
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)


def assign(texts: pa.Table, queries: Queries, topic_model: str) -> pa.Table:
    """`Matcher` for one table of texts: the stage run alone."""
    return Matcher(queries.technologies, topic_model).assign(texts)
