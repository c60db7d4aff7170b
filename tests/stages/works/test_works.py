"""Records in, works out, and every record between by reason."""

import datetime
import gzip
import json
import random
from collections import Counter

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from coauth import openalex
from coauth.stages import works
from tests.support.json_values import JSON, SHAPE, spots
from tests.support.world import page, place, read_shipped, rows, url, work


def one(asked, record, **scope):
    """The only batch of one record."""
    (batch,), losses = read_shipped(asked, page(record), scope=scope)
    return batch, losses


DROPPED = [
    ({"id": None}, "no OpenAlex work id"),
    ({"id": "https://openalex.org/A5000000001"}, "no OpenAlex work id"),
    ({"id": "W12b"}, "no OpenAlex work id"),
    ({"publication_year": None, "publication_date": None}, "no publication year"),
    ({"publication_year": None, "publication_date": "soon"}, "no publication year"),
    ({"publication_year": 2010}, "outside the years asked for"),
    ({"publication_year": 2027}, "outside the years asked for"),
    ({"publication_year": 10**15}, "outside the years asked for"),
    ({"type": "dataset"}, "type not asked for"),
    ({"type": None}, "no type on the record"),
    ({"authorships": []}, "no authorships on the record"),
    ({"authorships": None}, "no authorships on the record"),
    ({"authorships": [{"countries": ["DK"]}]}, "no institution of the scope's country"),
    (
        {"authorships": [{"institutions": [place({"id": "I10", "lineage": ["I10", "I1"]})]}]},
        "no institution of the scope's country",
    ),
    (
        {"authorships": [{"institutions": [{"country_code": "DK"}]}]},
        "no institution of the scope's country",
    ),
    ({"authorships": "Berg; Lund"}, "unreadable record: its authorships cannot be read (a text)"),
    ({"authorships": [{}, {"institutions": 7}]}, "no institution of the scope's country"),
]


@pytest.mark.parametrize(("told", "reason"), DROPPED, ids=lambda v: str(v)[:40])
def test_a_record_that_is_no_work_in_scope_is_counted_by_reason(asked, told, reason):
    """Each reason alone leaves a record out under its name, and records = works + dropped."""
    (batch,), losses = read_shipped(
        asked, page(work(1, 2020, [["I1"]]), work(2, 2020, [["I1"]]) | told)
    )
    assert losses.balance()["dropped"] == {reason: 1}
    assert rows(batch.works, "work_id") == ["W1"]


def test_the_first_reason_is_the_one_counted(asked):
    """A record with many faults is dropped once."""
    _, losses = one(asked, work(1, 1999, [], type="dataset", id=None))
    assert losses.balance() == {
        "records": 1,
        "works": 0,
        "dropped": {"no OpenAlex work id": 1},
        "noted": {},
        "examples": {},
    }


@pytest.mark.parametrize("year", [2011, 2024, 2025, 2026])
def test_the_years_run_from_the_first_asked_to_the_harvest(asked, year):
    """The first year and the year of the harvest are in; years after the last measured one are kept
    as preliminary.
    """
    assert one(asked, work(1, year, [["I1"]]))[1].works == 1


def test_a_year_may_come_from_the_date(asked):
    """A record without a year takes it from its date, and says so; an unreadable date is noted and
    the year kept.
    """
    batch, losses = one(asked, work(1, None, [["I1"]], publication_date="2017-01-01"))
    assert rows(batch.works, "year", "publication_date") == [(2017, datetime.date(2017, 1, 1))]
    assert losses.noted == {"publication year taken from the date": 1}
    batch, losses = one(asked, work(1, 2017, [["I1"]], publication_date="KageKageKage"))
    assert rows(batch.works, "year", "publication_date") == [(2017, None)]
    assert losses.noted == {"publication_date: no date, left empty": 1}
    batch, losses = one(asked, work(1, 2017, [["I1"]], publication_date="2017-13-45"))
    assert rows(batch.works, "year", "publication_date") == [(2017, None)]
    assert losses.noted == {"publication_date: no date, left empty": 1}
    batch, losses = one(asked, work(1, 2017, [["I1"]], publication_date="2017-02-30"))
    assert rows(batch.works, "year", "publication_date") == [(2017, None)]
    assert losses.noted == {"publication date unreadable, year kept": 1}


def test_every_column_of_a_work(asked):
    """A full record, column by column."""
    record = work(
        7,
        2020,
        [["I1", "I10"], ["I10"], [], ["I20"]],
        topics=["T5", "T6"],
        doi="https://doi.org/10.1/ABC ",
        type="review",
        citation_normalized_percentile={"is_in_top_10_percent": True},
        is_retracted=True,
        is_paratext=None,
    )
    record["authorships"][3]["institutions"][0]["type"] = "company"
    batch, losses = one(asked, record)
    assert batch.works.to_pylist() == [
        {
            "work_id": "W7",
            "doi": "10.1/abc",
            "title": record["title"],
            "year": 2020,
            "publication_date": datetime.date(2020, 6, 15),
            "type": "review",
            "language": "en",
            "publisher": "P",
            "field_id": "17",
            "primary_topic_id": "T5",
            "topic_score": 0.9,
            "n_authors": 4,
            "n_authors_with_institution": 3,
            "n_authors_with_string": 3,
            "authors_cut": False,
            "affiliation_status": "partial",
            "is_top_10_percent": True,
            "has_company": True,
            "is_retracted": True,
            "is_paratext": False,
            "cited_by_count": 3,
            "title_key": "ofmattersnumbered000007inalongrow",
        }
    ]
    assert rows(batch.authorships, "work_id", "place", "institution_id") == [
        ("W7", 0, "I1"),
        ("W7", 0, "I10"),
        ("W7", 1, "I10"),
        ("W7", 3, "I20"),
    ]
    assert sorted(rows(batch.countries, "country_code", "basis")) == [
        ("CN", "institution"),
        ("DK", "institution"),
        ("SE", "institution"),
    ]
    assert batch.texts.to_pylist()[0]["topic_ids"] == ["T5", "T6"]
    assert losses.noted == {}


def test_affiliation_status_is_of_all_authors(asked):
    """complete: every authorship has an institution; partial: some; a null authorship is one
    without.
    """
    for authors, status in (
        ([["I1"], ["I2"]], "complete"),
        ([["I1"], []], "partial"),
        ([["I1"], {"institutions": None}], "partial"),
    ):
        assert rows(one(asked, work(1, 2020, authors))[0].works, "affiliation_status") == [status]


def test_an_author_of_whom_nothing_is_known_is_counted_as_an_author(asked):
    """A null authorship stands for an author, so shares of the others do not grow by it."""
    batch, _ = one(
        asked, work(1, 2020, [["I1"]], authorships=[None, {"institutions": [place("I1")]}, {}])
    )
    assert rows(batch.works, "n_authors", "n_authors_with_institution", "affiliation_status") == [
        (3, 1, "partial")
    ]


def test_countries_of_strings_stand_beside_those_of_institutions(asked):
    """A country with a matched institution on the authorship is of basis institution, one read from
    the string alone of basis string.
    """
    authors = [
        {"institutions": [place("I1")], "countries": ["DK"]},
        {"institutions": [], "countries": ["CN", None]},
        {"institutions": [place("I10"), place("I70")], "countries": ["CN", "IR"]},
    ]
    batch, _ = one(asked, work(1, 2020, authors))
    assert set(rows(batch.countries, "country_code", "basis")) == {
        ("DK", "institution"),
        ("CN", "string"),
        ("CN", "institution"),
        ("IR", "string"),
    }


def test_strings_hang_on_the_institutions_matched_to_them(asked):
    """Each affiliation string is kept with each institution OpenAlex matched to it, and with none
    where none was.
    """
    author = {
        "institutions": [place("I1"), place("I10")],
        "affiliations": [
            {"raw_affiliation_string": "both", "institution_ids": [url("I1"), url("I10")]},
            {"raw_affiliation_string": "none", "institution_ids": []},
            {"raw_affiliation_string": None, "institution_ids": [url("I1")]},
        ],
    }
    batch, _ = one(asked, work(1, 2020, [author, author]))
    assert rows(batch.strings, "work_id", "institution_id", "string") == [
        ("W1", "I1", "both"),
        ("W1", "I10", "both"),
    ]
    assert rows(batch.works, "n_authors_with_string") == [2]


def test_a_list_of_5000_authors_is_marked_as_cut(asked):
    """Exactly OpenAlex's own limit is suspected to be cut; fewer are not."""
    for count, cut in ((4_999, False), (5_000, True)):
        record = work(
            1, 2020, [], authorships=[{"institutions": [place("I1")]}] + [{}] * (count - 1)
        )
        assert rows(one(asked, record)[0].works, "authors_cut") == [cut]


def test_the_latest_work_speaks_for_an_institution(asked):
    """Name, country and lineage are those of the work with the latest date (then id), in whatever
    order and batches the pages come.
    """
    told = [
        (1, "2020-01-01", "old"),
        (3, "2021-01-01", "first of two"),
        (2, "2021-01-01", "new by id"),
        (9, None, "undated"),
    ]
    records = [
        work(n, 2020, [[{"id": "I1", "display_name": name}]], publication_date=day)
        for n, day, name in told
    ]
    for seed in range(6):
        served = [page(r) for r in random.Random(seed).sample(records, len(records))]
        batches, _ = read_shipped(asked, *served, size=1 + seed % 3)
        found = sorted(pair for b in batches for pair in rows(b.institutions, "seen", "name"))
        assert found[-1][1] == "first of two"


def test_batches_hold_all_works_in_any_size(asked):
    """Cutting the same pages into batches of 1, 3 or 100 gives the same rows."""
    records = [work(n, 2020, [["I1", "I10"], ["I20"]]) for n in range(10)]
    whole = None
    for size in (1, 3, 5, 100):
        batches, losses = read_shipped(asked, page(*records), size=size)
        made = [
            sorted(map(str, (r for b in batches for r in getattr(b, name).to_pylist())))
            for name in batches[0]._fields
            if name != "institutions"  # one row a batch
        ]
        whole = whole or made
        assert made == whole
        assert losses.works == 10
        assert all(b.works.num_rows <= size for b in batches)


def test_no_page_is_no_work(asked):
    """Nothing read is one empty batch with all its columns."""
    (batch,), losses = read_shipped(asked)
    assert [t.num_rows for t in batch] == [0] * 7
    assert batch.works.schema == works.HARVESTED
    assert losses.balance() == {
        "records": 0,
        "works": 0,
        "dropped": {},
        "noted": {},
        "examples": {},
    }


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from([p for p in spots(SHAPE) if p]), JSON)
@example(("cited_by_count",), 10**30)
@example(("publication_year",), 10**30)
@example(("authorships", 0, "institutions", 0, "id"), "https://openalex.org/")
@example(("authorships", 0, "institutions", 0, "country_code"), None)
def test_no_mutation_of_a_record_stops_the_build(world, path, value):
    """Whatever one record holds, it and its neighbour go through every stage, and the neighbour is
    counted as ever.
    """
    record = json.loads(json.dumps(SHAPE))
    inner = record
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    made = world(record, work(99, 2021, [["I1"], ["I82880672"]]))
    assert ("W99", 2021, 2, True) in rows(
        made.works, "work_id", "year", "n_institutions", "included"
    )
    assert made.losses.balance()["records"] == 2
    assert (2021, "I1", "I82880672") in rows(made.edges, "year", "source", "target")
    assert made.found.evidence.num_rows == 1
    assert made.copublications.num_rows > 0


def test_the_damaged_page_record_by_record(asked, real_records):
    """Of 13 real records damaged on purpose, the fate of each as worked out by hand."""
    served = json.loads((real_records / "openalex/works/damaged_dk_page.json").read_text("utf-8"))[
        "results"
    ]
    fate = [
        "W3118615836",  # id: null, and its own under `ids`
        "type not asked for",  # "TestFjernetTitel", and its own under `ids`; a letter
        "W2774486220",  # no year, but a date: 2017
        "type not asked for",  # a letter
        "no authorships on the record",  # authorships: []
        "W2531269403",  # a date of cake, but a year
        "W2012034410",  # no host organisation
        "W1999167944",
        "id of a newer record",
        "W2573377826",  # the key is misspelt; its own under `ids`
        "W4206950245",
        "W2096173332",  # id: null, and its own under `ids`
        "W2073163146",
    ]
    whole = openalex.Page(
        request="r", served_sha256=[], works=[openalex.keep(json.dumps(r).encode()) for r in served]
    )
    (batch,), losses = read_shipped(asked, whole)
    assert rows(batch.works, "work_id") == [f for f in fate if f[0] == "W"]
    assert losses.dropped == Counter(f for f in fate if f[0] != "W")
    left_out = "; the record is left out"
    assert losses.noted == {
        "publication_date: no date, left empty": 1,
        f"publication_date: no date, left empty{left_out}": 1,
        "publication year taken from the date": 1,
        "work id: taken from ids.openalex, put right": 3,
        f"work id: taken from ids.openalex, put right{left_out}": 1,
        f"work id: no work id, left empty{left_out}": 1,
    }
    assert dict(rows(batch.works, "work_id", "n_authors"))["W2073163146"] == 63
    assert rows(batch.works, "year") == [2021, 2017, 2016, 2015, 2015, 2017, 2022, 2014, 2014]
    assert (
        rows(batch.works, "publisher")[3] == "American Association for the Advancement of Science"
    )
    partial = dict(rows(batch.works, "work_id", "affiliation_status"))
    assert [w for w, status in partial.items() if status == "partial"] == [
        "W3118615836",
        "W2012034410",
    ]


def test_613_real_records_balance(asked, real_records):
    """Old and new record shapes together: every record is a work or dropped for a reason counted
    here by other means, in any order.
    """
    lines = gzip.decompress(
        (real_records / "openalex/works/full_works_613.jsonl.gz").read_bytes()
    ).splitlines()
    scope = {"countries": ("US",), "first_year": 1915}
    wanted = Counter()
    for record in map(json.loads, lines):
        places = [i for a in record["authorships"] for i in a["institutions"]]
        american = any(
            i.get("country_code") == "US" and not (i["id"] or "").endswith("I-1") for i in places
        )
        away = "country" if record["authorships"] else "authorships"
        wanted[
            "type" if record["type"] not in asked.scope.types else "works" if american else away
        ] += 1
    made = []
    for seed in (1, 2):
        served = list(openalex.of_records(random.Random(seed).sample(lines, len(lines)), "r"))
        batches, losses = read_shipped(asked, *served, scope=scope, size=50)
        said = losses.balance()
        assert (said["records"], said["works"]) == (613, wanted["works"])
        reasons = {
            "no institution of the scope's country": "country",
            "type not asked for": "type",
            "no authorships on the record": "authorships",
        }
        assert said["dropped"] == {
            reason: wanted[why] for reason, why in reasons.items() if wanted[why]
        }
        made.append(
            [
                sorted(map(str, (r for b in batches for r in getattr(b, name).to_pylist())))
                for name in batches[0]._fields
                if name != "institutions"  # one row a batch
            ]
        )
    assert made[0] == made[1]
    assert wanted["works"] > 100
