"""Of the records of one id the newest is the work, wherever it stands and in whatever order they
come.
"""

import gzip
import itertools
import json
import random
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coauth import openalex
from coauth.engine.duck import DuckDB
from coauth.pipeline.preview import preview_network
from coauth.pipeline.read_pages import read_pages
from coauth.stages import works
from coauth.stages.works.newest import EQUAL, OLDER, moment
from coauth.storage import Cache, TableStore
from tests.support.previews import ties
from tests.support.vintages import entries
from tests.support.world import page, read_shipped, rows, url, work

DAMAGED = {"authorships": "Berg; Lund"}
TIES = [
    "2026-08-14T05:12:33.123456",
    "2025-10-10",
    "2026-08-14T05:12:33Z",
    "2026-08-14T07:12:33+02:00",
    None,
    "",
    "last week",
    "2026-13-01",
]


def dated(day, cited=3, number=1, authors=(("I1",), ("I10",)), **told):
    return work(number, 2020, authors, updated_date=day, cited_by_count=cited, **told)


def outcome(asked, *served, size=5_000):
    """The works with their citations, and what was left out why."""
    batches, losses = read_shipped(asked, *served, size=size)
    return sorted(
        r for b in batches for r in rows(b.works, "work_id", "cited_by_count")
    ), losses.balance()["dropped"]


@pytest.mark.parametrize("size", [5_000, 2, 1])
def test_the_newest_counts_on_this_or_another_page_or_part(asked, size):
    """Older ones before and after it go, whatever form their id has; the reason is not their own."""
    older = dated("2024-02-01T00:00:00", 1)
    served = (
        page(older, dated("2026-08-01T00:00:00", 9), older | {"id": "W1"}),
        page(
            dated(None, 2),
            older | {"id": url("W1", "works/"), "type": "dataset"},
            dated("2026-09-01", 4, number=2),
        ),
    )
    assert outcome(asked, *served, size=size) == ([("W1", 9), ("W2", 4)], {OLDER: 4})


def test_dates_are_compared_as_moments():
    """Zones count, a day is its midnight, and what is no date comes before all dates."""
    assert sorted(TIES, key=moment) == [
        None,
        "",
        "last week",
        "2026-13-01",
        "2025-10-10",
        TIES[2],
        TIES[3],
        TIES[0],
    ]
    assert moment(TIES[2]) == moment(TIES[3]) == "2026-08-14T05:12:33.000000"


def test_the_newest_decides_whether_the_work_is_in_scope(asked):
    """What was made a dataset, or lost its Danish institution, since is no work in scope, though an
    older record was.
    """
    for told, reason in [
        ({"type": "dataset"}, "type not asked for"),
        ({"authors": [["I10"], ["I20"]]}, "no institution of the scope's country"),
        ({"publication_year": 1999}, "outside the years asked for"),
    ]:
        for served in itertools.permutations([dated("2025-01-01"), dated("2026-01-01", **told)]):
            assert outcome(asked, page(*served)) == ([], {OLDER: 1, reason: 1})
            assert outcome(asked, *map(page, served), size=1) == ([], {OLDER: 1, reason: 1})


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (DAMAGED, "unreadable record: its authorships cannot be read (a text)"),
        ({"publication_year": None, "publication_date": None}, "no publication year"),
        ({"type": None}, "no type on the record"),
        ({"authorships": None}, "no authorships on the record"),
        ({"authorships": []}, "no authorships on the record"),
    ],
    ids=str,
)
def test_a_record_that_says_too_little_stands_against_none(asked, told, reason):
    """Newer or not, it goes for its own reason, and the one that can be read counts."""
    for served in itertools.permutations([dated("2025-01-01", 7), dated("2026-01-01") | told]):
        assert outcome(asked, *map(page, served), size=1) == ([("W1", 7)], {reason: 1})
        assert outcome(asked, page(*served)) == ([("W1", 7)], {reason: 1})


def test_of_equal_dates_a_record_in_scope_then_the_one_of_more_authors(asked):
    """The reason says that none is newer."""
    same = [
        dated(None, 5),
        dated("soon", 6, authors=[["I1"], ["I10"], []]),
        dated(None, 7, authors=[["I10"]] * 9),
    ]
    for served in itertools.permutations(same):
        assert outcome(asked, page(*served)) == ([("W1", 6)], {EQUAL: 2})
        assert outcome(asked, *map(page, served), size=1) == ([("W1", 6)], {EQUAL: 2})


DAYS = [None, "2025-10-10", "2025-10-10T00:00:00Z", "2026-01-01T00:00:00.000001"]


def text(batches):
    """All rows, in an order; of institutions, which every batch describes for itself, the last work
    each was seen on.
    """
    kinds = {
        name: [r for b in batches for r in getattr(b, name).to_pylist()]
        for name in works.Batch._fields
    }
    last = {}
    for r in kinds.pop("institutions"):
        last[str(r | {"seen": None})] = max(last.get(str(r | {"seen": None}), ""), r["seen"])
    return {name: sorted(map(str, found)) for name, found in kinds.items()} | {"institutions": last}


@pytest.mark.slow
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 3),
            st.sampled_from(DAYS),
            st.integers(1, 3),
            st.sampled_from(["article", "dataset", None]),
            st.sampled_from(
                [
                    (("I1",), ("I10",)),
                    (("I10",), ("I1",)),
                    (("I1",), ("I11",)),
                    (("I1",),),
                    (("I10",), ("I20",)),
                ]
            ),
            st.sampled_from(["Department A", "Department B"]),
            st.booleans(),
        ),
        min_size=2,
        max_size=9,
    ),
    st.integers(0, 999),
    st.integers(1, 4),
)
def test_no_order_of_records_and_no_cut_into_parts_changes_anything(asked, told, seed, size):
    """Every table and every reason is the same for a permutation of the records read in parts of
    another size.
    """
    records = []
    for number, day, cited, kind, at, string, hurt in told:
        record = dated(day, cited, number, at, type=kind)
        record["authorships"][0] |= {
            "affiliations": [{"raw_affiliation_string": string, "institution_ids": []}],
            "countries": ["DK", "NL"],
        }
        records.append(record | (DAMAGED if hurt else {}))
    shuffled = random.Random(seed).sample(records, len(records))
    one, all_at_once = read_shipped(asked, page(*records))
    several, parts = read_shipped(asked, *(page(r) for r in shuffled), size=size)
    assert parts.balance() == all_at_once.balance()
    assert text(several) == text(one)
    whole = [
        (r["id"], moment(r["updated_date"]))
        for r in records
        if r["type"] and r["authorships"] != "Berg; Lund"
    ]
    newest = dict(sorted(whole))
    older = sum(date < newest[own] for own, date in whole)
    left = all_at_once.dropped
    assert (left[OLDER], left[OLDER] + left[EQUAL]) == (older, len(whole) - len(newest))


@pytest.fixture
def vintage(tmp_path):
    """`vintage(records, per_page)`: a stored vintage, each page in a slice of its own."""
    numbers = itertools.count()

    def made(records, per_page=3):
        stored = Cache(tmp_path / f"cache{next(numbers)}").create(
            "2026-11-20", **entries("2026-11-20", topic_model="v2")
        )
        for n, start in enumerate(range(0, len(records), per_page)):
            stored.slice(f"s{n:03d}").write(1, page(*records[start : start + per_page]))
        return stored

    return made


def of_many(seed):
    """Records of forty works, each one to four times, some with ties that only what they say can
    break.
    """
    draw = random.Random(seed)
    days = [*DAYS, "2026-05-05"]
    records = [
        dated(
            draw.choice(days),
            draw.randint(1, 9),
            number,
            draw.sample([["I1"], ["I10"], ["I20"], ["I2", "I30"]], draw.randint(1, 3)),
            type=draw.choice(["article"] * 6 + ["dataset"]),
        )
        for number in range(1, 41)
        for _ in range(draw.randint(1, 4))
    ]
    return draw.sample(records, len(records))


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 3])
def test_threads_parts_and_preview_agree(asked, vintage, tmp_path, monkeypatch, threads):
    """Read in one part or many, here or in other processes, in any order: the same rows; and
    preview sees the same works and ties.
    """
    shown = {}
    for pages_a_part, seed in ((50, 1), (1, 1), (2, 2)):
        monkeypatch.setattr("coauth.pipeline.read_pages.PAGES", pages_a_part)
        records = of_many(7)
        stored = vintage(random.Random(seed).sample(records, len(records)))
        shelf = TableStore(tmp_path / f"shelf{pages_a_part}", {})
        losses = read_pages(
            stored, asked, shelf, DuckDB(asked.sql, asked.tables(), threads=threads)
        )
        made = {
            name: sorted(map(str, shelf.parts(name).to_table().to_pylist()))
            for name in ("works", "authorships", "strings", "countries")
        }
        seen = preview_network(stored, asked.scope, "full")
        assert seen.losses == losses
        teams = {}
        for row in shelf.parts("authorships").to_table().to_pylist():
            teams.setdefault(row["work_id"], set()).add(row["institution_id"])
        met = Counter(
            pair for team in teams.values() for pair in itertools.combinations(sorted(team), 2)
        )
        assert ties(seen) == met
        shown[pages_a_part] = json.dumps([made, losses.balance()])
    assert len(set(shown.values())) == 1
    assert losses.dropped[OLDER] > 20
    assert losses.dropped[EQUAL] > 5


def test_the_newest_of_real_records(asked, real_records):
    """Of 307 records of 168 works saved on several days the newest of each counts, as counted in
    plain Python.
    """
    lines = gzip.decompress(
        (real_records / "openalex/works/dk_versions.jsonl.gz").read_bytes()
    ).splitlines()
    served = list(openalex.of_records(random.Random(3).sample(lines, len(lines)), "r"))
    stored = [w for p in served for w in p.works]
    readable = [
        w for w in stored if w.damage is None and w.type and w.authorships and w.publication_year
    ]
    newest = {}
    for w in readable:
        newest[w.id] = max(newest.get(w.id, ""), moment(w.updated_date))
    older = sum(moment(w.updated_date) < newest[w.id] for w in readable)
    scope = {
        "first_year": 1900,
        "types": (
            "article",
            "journal-article",
            "review",
            "preprint",
            "book-chapter",
            "proceedings-article",
            "book",
            "posted-content",
        ),
    }
    _, losses = read_shipped(asked, *served, scope=scope, size=40)
    assert losses.dropped[OLDER] == older
    assert losses.dropped[OLDER] + losses.dropped[EQUAL] == len(readable) - len(newest)
    assert older > 80
