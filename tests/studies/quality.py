"""`python -m tests.studies.quality`: precision and recall of the shipped technologies, on every real title
at hand and on seeded titles.

Labels: `tests/studies/labels/real_titles.csv`, in three passes, by `tests/studies/labels/RULES.md`, which says who
made each; what they differ in is settled in `adjudicated.csv`. No pass is a person's. The records
carry topics of the old era (before 2026-10-06), for which the definitions were not made, so the
topic part and the phrase part are measured apart; with the topics of the new era the definitions
are unmeasured.
"""

import csv
import gzip
import hashlib
import json
import os
from pathlib import Path

from coauth import openalex, queries
from coauth.review import labelling
from coauth.stages import technologies
from tests.support.commands import CHECKOUT

HERE = Path(__file__).parent
AREAS = labelling.AREAS


def labels():
    """work_id -> (technologies of pass 1, of pass 2, of pass 3)."""
    with (HERE / "labels/real_titles.csv").open(encoding="utf-8") as file:
        return {
            r["work_id"]: tuple(set(r[f"pass_{n}"].split()) for n in (1, 2, 3))
            for r in csv.DictReader(file)
        }


def settled():
    """work_id -> its technologies where the passes differ."""
    with (HERE / "labels/adjudicated.csv").open(encoding="utf-8") as file:
        return {r["work_id"]: set(r["settled"].split()) for r in csv.DictReader(file)}


def truths():
    """work_id -> its technologies: what all three passes say, or what was settled."""
    return {i: given[0] for i, given in labels().items()} | settled()


def records(folder):
    """Every real work at hand by id, as `coauth.openalex` keeps it; works known by title alone have
    nothing else.
    """
    found = {}
    with gzip.open(folder / "openalex/works/full_works_613.jsonl.gz") as file:
        found |= {
            w.id.rpartition("/")[2]: w
            for w in (openalex.keep(line) for line in file)
            if w.id and w.title
        }
    served = [
        json.loads((folder / f).read_text("utf-8"))
        for f in ("openalex/works/damaged_dk_page.json", "openalex/responses/works_list.json")
    ]
    with (folder / "openalex/works/dk_cn_works.jsonl").open(encoding="utf-8") as file:
        raw = [{"id": t["paper_id"], "title": t["title"]} for t in map(json.loads, file)]
    raw += [w for s in served for w in s["results"]] + [
        json.loads((folder / "openalex/responses/work.json").read_text("utf-8"))
    ]
    for w in raw:
        found.setdefault(
            (w.get("id") or "").rpartition("/")[2], openalex.keep(json.dumps(w).encode())
        )
    return found


def of_titles(found, matcher):
    """What phrases alone say of a title, whatever its topics."""
    return {i: {r.technology_id for r in matcher.phrases(w.title, None)} for i, w in found.items()}


def of_texts(found, matcher):
    """What phrases alone say of title and abstract."""
    return {
        i: {r.technology_id for r in matcher.phrases(w.title, w.abstract)} for i, w in found.items()
    }


def of_rule(found, matcher):
    """What the whole rule says, by basis: only of works that have topics."""
    rows = {}
    for i, w in found.items():
        topics = {t.id.rpartition("/")[2]: t.score for t in w.topics or () if t and t.id}
        if topics and w.primary_topic:
            made = matcher.judge(
                w.title,
                w.abstract,
                w.primary_topic.id.rpartition("/")[2],
                w.primary_topic.score,
                topics,
            )
            rows[i] = {rule.technology_id: basis for rule, (basis, *_) in made.items()}
    return rows


def held_out(work_id):
    """The half of the titles whose mistakes nobody looked at when version 0.3 was made."""
    return hashlib.sha256(work_id.encode()).digest()[-1] % 2 == 1


def report(folder):
    """Lines of the whole measurement."""
    asked = queries.load(CHECKOUT / "queries")
    areas = {t.id: set(t.eu10) for s in asked.technologies if s.enabled for t in s.technology}
    matcher = technologies.Matcher(asked.technologies, "unknown")
    given = labels()
    known = records(folder)
    found = {i: known[i] for i in given}
    confidence = asked.measures.confidence
    truth, blind = (
        {i: {a for t in ts for a in areas[t]} for i, ts in of.items()}
        for of in (truths(), {i: g[2] for i, g in given.items()})
    )

    def measured(what, said, truth=truth):
        yield f"\n{what} ({len(said)} works)"
        yield from labelling.lines(
            labelling.measure(
                {i: truth[i] for i in said},
                {i: {a for t in ts for a in areas[t]} for i, ts in said.items()},
                AREAS,
                confidence,
            ),
            None,
        )

    yield f"{len(given)} real titles; {sum(bool(t) for t in truth.values())} belong to an area, {len(settled())} titles settled where the passes differ"
    passes = list(zip(*given.values(), strict=True))
    for one, two, made in (
        (1, 2, "in one sitting, an upper bound"),
        (1, 3, "3 blind"),
        (2, 3, "3 blind"),
    ):
        agreed = labelling.agreement(passes[one - 1], passes[two - 1], confidence)
        yield f"passes {one} and {two} ({made}): {labelling.alike(agreed)}"
    yield from measured("phrases alone, in the title", of_titles(found, matcher))
    yield from measured("phrases alone, in title and abstract", of_texts(found, matcher))
    ruled = of_rule(found, matcher)
    yield from measured("the whole rule, with topics of the old era", ruled)
    yield from measured(
        "the whole rule, on the half held out when the definitions were mended",
        {i: ts for i, ts in ruled.items() if held_out(i)},
    )
    yield from measured("the whole rule, against the blind pass alone", ruled, blind)
    yield from measured(
        "its topic part", {i: {t for t, b in ts.items() if b == "topic"} for i, ts in ruled.items()}
    )
    yield from measured(
        "its phrase part (topic+phrase, gated+phrase)",
        {i: {t for t, b in ts.items() if b != "topic"} for i, ts in ruled.items()},
    )
    yield "\ntopics of the new era: unmeasured (no record of that era is at hand)"
    yield from seeded(widest(asked))


def seeded_titles():
    """technology -> (titles that are of it, titles that are not); SYNTHETIC, written for this test."""
    told = json.loads((HERE / "labels/seeded_titles.json").read_text("utf-8"))
    return {t: (v["positive"], v["negative"]) for t, v in told["titles"].items()}


def widest(asked):
    """A matcher of the largest set, which includes the others."""
    largest = max(asked.technologies, key=lambda s: len(s.technology))
    return technologies.Matcher([largest.model_copy(update={"enabled": True})], "unknown")


def seeded(matcher):
    titles = seeded_titles()
    right = {
        t: sum(t in {r.technology_id for r in matcher.phrases(x, None)} for x in yes)
        for t, (yes, _) in titles.items()
    }
    wrong = {
        t: sum(t in {r.technology_id for r in matcher.phrases(x, None)} for x in no)
        for t, (_, no) in titles.items()
    }
    yes, no = (sum(len(v[i]) for v in titles.values()) for i in (0, 1))
    yield f"\nseeded titles (SYNTHETIC): {sum(right.values())} of {yes} found, {sum(wrong.values())} of {no} found wrongly"
    for t, (mine, others) in titles.items():
        if right[t] < len(mine) or wrong[t]:
            yield f"  {t:<28} {right[t]} of {len(mine)} found, {wrong[t]} of {len(others)} wrongly"


if __name__ == "__main__":
    print(*report(Path(os.environ["COAUTH_REAL_RECORDS"])), sep="\n")
