"""Two vintages of the same real works: all that `coauth compare` tells is a difference of the
records, by a count in plain Python.
"""

import gzip
import json
from collections import Counter, defaultdict

import pytest

from coauth.pipeline.project import Project
from tests.support.commands import coauth, project

TYPES = {
    "journal-article": "article",
    "proceedings-article": "conference-paper",
    "proceedings": "conference-paper",
    "monograph": "book",
    "edited-book": "book",
    "reference-book": "book",
    "book-part": "book-chapter",
    "book-section": "book-chapter",
    "posted-content": "preprint",
}
"""Of records saved before 2023 in today's words."""


def sides(records):
    """The oldest and the newest record of each work by `updated_date` (one without counts as
    older); of works with a single record every third is in the older vintage alone, and every
    third in the newer alone.
    """
    versions = defaultdict(list)
    for record in records:
        versions[record["id"].rpartition("/")[2]].append(record)
    ordered = {i: sorted(r, key=lambda v: v.get("updated_date") or "") for i, r in versions.items()}
    single = {i: n % 3 for n, i in enumerate(sorted(i for i, r in ordered.items() if len(r) == 1))}
    return {i: r[0] for i, r in ordered.items() if single.get(i) != 2}, {
        i: r[-1] for i, r in ordered.items() if single.get(i) != 1
    }


def facts(record):
    """What the comparison rests on, straight from one record: year, type, retraction,
    institutions by author, countries.
    """
    authors = record.get("authorships") or []
    places = [
        {
            (i["id"].rpartition("/")[2], i.get("country_code"))
            for i in a.get("institutions") or []
            if i.get("id")
        }
        for a in authors
    ]
    named = {c for a in authors for c in a.get("countries") or []}
    return {
        "year": record.get("publication_year"),
        "type": TYPES.get(record.get("type"), record.get("type")),
        "retracted": bool(record.get("is_retracted")),
        "institutions": {i for p in places for i, _ in p},
        "with_institution": sum(map(bool, places)),
        "countries": {c for p in places for _, c in p if c} | named,
        "at_home": "DK" in {c for p in places for _, c in p},
    }


def in_scope(fact, scope):
    return (
        fact["at_home"]
        and fact["type"] in scope.types
        and scope.first_year <= (fact["year"] or 0) <= 2026
    )


def wanted(old, new, scope):
    """Work -> (kind, aspects) by the records alone."""
    told = {}
    for work in old.keys() | new.keys():
        before, after = (work in side and in_scope(facts(side[work]), scope) for side in (old, new))
        if before and after:
            then, now = facts(old[work]), facts(new[work])
            moved = {
                "year": then["year"] != now["year"],
                "type": then["type"] != now["type"],
                "affiliations": (then["institutions"], then["with_institution"])
                != (now["institutions"], now["with_institution"]),
            }
            told |= (
                {work: ("changed", {a for a, m in moved.items() if m})}
                if any(moved.values())
                else {}
            )
        elif before or after:
            told[work] = ("removed" if before else "new", set())
    return told


@pytest.fixture(scope="module")
def versions(real_records):
    with gzip.open(
        real_records / "openalex" / "works" / "dk_versions.jsonl.gz", "rt", encoding="utf-8"
    ) as lines:
        return sides(map(json.loads, lines))


@pytest.fixture(scope="module")
def root(versions, tmp_path_factory):
    """Both sides harvested from disk and built, on two days of one era."""
    root = project(tmp_path_factory.mktemp("versions"), quick=True)
    for day, side in zip(("2026-06-01", "2026-06-02"), versions, strict=True):
        file = root / f"{day}.jsonl"
        file.write_text("\n".join(map(json.dumps, side.values())), "utf-8")
        coauth(root, "harvest", "--from", str(file), "--as-of", day)
        coauth(root, "build", "--vintage", day)
    return root


@pytest.fixture(scope="module")
def told(root):
    return json.loads(coauth(root, "compare", "2026-06-01", "2026-06-02", "--json").stdout)


def test_works_differ_as_their_records_do(root, versions, told, asked):
    """New, removed, or changed in year, type or institutions: exactly as the two records of the
    work say; topics and inclusion apart.
    """
    found = {
        w["work_id"]: (w["kind"], {a for a in ("year", "type", "affiliations") if w[a]})
        for w in told["works"]
    }
    found = {
        w: (kind, aspects) for w, (kind, aspects) in found.items() if kind != "changed" or aspects
    }
    assert found == wanted(*versions, asked.scope)
    assert told["comparable"] == {"affiliation_matcher": "same", "topic_model": "same"}
    assert {kind for kind, _ in found.values()} == {"new", "removed", "changed"}, (
        "something was not compared"
    )


def test_inclusion_moves_only_with_a_retraction_or_a_duplicate(root, versions, told):
    """A work that counts in one vintage only was retracted there, or has the DOI or title of
    another work of it.
    """
    moved = [w["work_id"] for w in told["works"] if w["inclusion"]]
    frames = [
        Project(root).cache.find(day).read("works").to_pandas().set_index("work_id")
        for day in ("2026-06-01", "2026-06-02")
    ]
    for work in moved:
        retracted = [facts(side[work])["retracted"] for side in versions]
        reasons = [frame["exclusion_reason"].get(work) or "" for frame in frames]
        assert retracted[0] != retracted[1] or any(r.startswith("duplicate") for r in reasons), work


def test_headline_counts_move_as_the_countries_of_the_records_do(root, versions, told, asked):
    """For every group and year: what the causes add up to is the difference of counts made of
    the raw records.
    """
    counted = []
    for day, side in zip(("2026-06-01", "2026-06-02"), versions, strict=True):
        works = Project(root).cache.find(day).read("works").to_pandas()
        included = set(works["work_id"][works["included"]])
        counts = Counter()
        for work in included:
            fact = facts(side[work])
            abroad = fact["countries"] - {"DK"}
            groups = [
                g.id
                for g in asked.groups.group
                if g.valid_from is None and g.valid_to is None and set(g.countries) & abroad
            ]
            counts.update(
                (s, fact["year"]) for s in [*groups, *(["international"] if abroad else [])]
            )
        counted.append(counts)
    dated = {g.id for g in asked.groups.group if g.valid_from or g.valid_to}
    moved = Counter()
    for row in told["headline"]:
        if not row["series"].startswith("list:") and row["series"] not in dated:
            moved[row["series"], row["year"]] += row["works"]
    keys = counted[0].keys() | counted[1].keys() | moved.keys()
    assert {k: moved[k] for k in keys if moved[k]} == {
        k: counted[1][k] - counted[0][k] for k in keys if counted[1][k] != counted[0][k]
    }
    assert moved, "nothing was compared"


def test_nobody_said_when_they_were_taken(root, versions):
    """Without --as-of the same difference of works is told, and first that nobody knows which
    matcher made it.
    """
    for day, side in zip(("first", "second"), versions, strict=True):
        file = root / f"{day}.jsonl"
        file.write_text("\n".join(map(json.dumps, side.values())), "utf-8")
        done = coauth(root, "harvest", "--from", str(file), "--vintage", day)
        assert "definitions are for topics v2, the records' topics are not known" in done.stderr
        coauth(root, "build", "--vintage", day)
    said = coauth(root, "compare", "first", "second").stdout
    assert said.startswith("cannot be told: whether a change of institutions, pairs")
    found = json.loads(coauth(root, "compare", "first", "second", "--json").stdout)
    known = json.loads(coauth(root, "compare", "2026-06-01", "2026-06-02", "--json").stdout)
    assert found["counts"] == known["counts"]
    assert not {r["cause"] for r in found["headline"]} & {"added", "removed", "re-affiliated"}
    assert "affiliation matcher not known" in {r["cause"] for r in found["headline"]}
