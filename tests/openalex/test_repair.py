"""Records as other programs write them: a broken field costs the field, and only what a work cannot
do without costs the work.
"""

import json
import math

import msgspec
import pytest

from coauth import openalex
from tests.support.mutations import put
from tests.support.world import url, work

RECORD = work(
    7,
    2018,
    [["I1"], ["I20", "I10"]],
    topics=["T5"],
    abstract="soils of amber",
    doi="https://doi.org/10.5555/a",
)
PLAIN = openalex.keep(json.dumps(RECORD).encode())


SPELLINGS = [  # a field, how it is written, what it means, the note
    (("publication_year",), "2018", 2018, "publication_year: a text for a number, put right"),
    (("publication_year",), " 2018.0 ", 2018, "publication_year: a text for a number, put right"),
    (
        ("publication_year",),
        {"$numberInt": "2018"},
        2018,
        "publication_year: a value in MongoDB's box, put right",
    ),
    (("publication_year",), "", None, "publication_year: no number, left empty"),
    (("publication_year",), "<NA>", None, "publication_year: no number, left empty"),
    (
        ("publication_year",),
        2018.5,
        None,
        "publication_year: a number that is not whole, left empty",
    ),
    (("publication_year",), 10**30, None, "publication_year: a number too large, left empty"),
    (("publication_year",), True, None, "publication_year: a truth value for a number, left empty"),
    (
        ("publication_year",),
        {"from": 2018},
        None,
        "publication_year: an object for a number, left empty",
    ),
    (
        ("publication_year",),
        [2018, 2019],
        None,
        "publication_year: a list for a number, left empty",
    ),
    (("publication_year",), [2018], 2018, "publication_year: a list of one, put right"),
    (("topics", 0, "score"), 10**30, None, "topics.score: a number too large, left empty"),
    (("topics", 0, "score"), "7", None, "topics.score: a number out of range, left empty"),
    (("cited_by_count",), math.inf, None, "cited_by_count: no number, left empty"),
    (("cited_by_count",), math.nan, None, "cited_by_count: no number, left empty"),
    (("cited_by_count",), "1e3", 1000, "cited_by_count: a text for a number, put right"),
    (("doi",), {}, None, "doi: {} for nothing, left empty"),
    (
        ("doi",),
        ["https://doi.org/10.5555/a"],
        "https://doi.org/10.5555/a",
        "doi: a list of one, put right",
    ),
    (("doi",), [], None, "doi: a list of one, put right"),
    (("title",), 1984, "1984", "title: a number for a text, put right"),
    (("title",), False, None, "title: a truth value for a text, left empty"),
    (("title",), "cut \ud83d", "cut \ufffd", "title: half a character, replaced"),
    (("is_retracted",), 1, True, "is_retracted: a number for a truth value, put right"),
    (("is_retracted",), "FALSE", False, "is_retracted: a text for a truth value, put right"),
    (("is_retracted",), 0.0, False, "is_retracted: a number for a truth value, put right"),
    (("is_retracted",), "perhaps", None, "is_retracted: a text for a truth value, left empty"),
    (("is_paratext",), "NA", None, "is_paratext: no truth value, left empty"),
    (("type",), "journal-article", "article", "type: old vocabulary, put right"),
    (
        ("type",),
        "https://openalex.org/types/book-chapter",
        "book-chapter",
        "type: another spelling, put right",
    ),
    (("type",), "12", None, "type: no type, left empty"),
    (
        ("publication_date",),
        1525824000000,
        "2018-05-09",
        "publication_date: a number for a text, put right",
    ),
    (
        ("publication_date",),
        {"$date": "2018-05-09T00:00:00Z"},
        "2018-05-09T00:00:00Z",
        "publication_date: a value in MongoDB's box, put right",
    ),
    (("publication_date",), "9.5.2018", None, "publication_date: no date, left empty"),
    (("primary_topic", "field", "id"), 17, "17", "field.id: a number for a text, put right"),
    (
        ("primary_topic", "field"),
        17,
        {"id": "17"},
        "primary_topic.field: an id for an object, put right",
    ),
    (("primary_topic", "score"), "0.9", 0.9, "primary_topic.score: a text for a number, put right"),
    (("primary_topic", "id"), 10005, url("T10005"), "topic id: a number for a text, put right"),
    (("primary_topic",), [], None, "primary_topic: a list of one, put right"),
    (("primary_topic",), "Soils", None, "primary_topic: a text for an object, left empty"),
    (
        ("id",),
        "https://api.openalex.org/works/W7",
        url("W7"),
        "work id: another spelling, put right",
    ),
    (("id",), "https://openalex.org/w7/", url("W7"), "work id: another spelling, put right"),
    (("id",), 7, url("W7"), "work id: a number for a text, put right"),
    (
        ("authorships", 0, "institutions", 0, "country_code"),
        "dk",
        "DK",
        "country code: another spelling, put right",
    ),
    (
        ("authorships", 0, "institutions", 0, "country_code"),
        "DNK",
        "DK",
        "country code: another spelling, put right",
    ),
    (
        ("authorships", 0, "institutions", 0, "country_code"),
        "ZZZ",
        None,
        "country code: no country code, left empty",
    ),
    (
        ("authorships", 0, "institutions", 0, "country_code"),
        "XX",
        None,
        "country code: no country code, left empty",
    ),
    (
        ("authorships", 0, "institutions", 0, "country_code"),
        "",
        None,
        "country code: an empty text, left empty",
    ),
    (
        ("authorships", 0, "institutions", 0, "id"),
        "https://openalex.org/i1",
        url("I1"),
        "institution id: another spelling, put right",
    ),
    (
        ("authorships", 0, "institutions", 0, "id"),
        "https://openalex.org/I-1",
        None,
        "institution id: no institution id, left empty",
    ),
    (
        ("authorships", 0, "institutions", 0, "id"),
        "https://openalex.org/W5",
        None,
        "institution id: no institution id, left empty",
    ),
    (
        ("authorships", 0, "institutions", 0, "id"),
        "I0",
        None,
        "institution id: no institution id, left empty",
    ),
    (
        ("authorships", 0, "institutions", 0, "ror"),
        "ROR.org/0000001 99",
        None,
        "ror: no ror, left empty",
    ),
    (
        ("authorships", 0, "institutions", 0, "ror"),
        "https://ror.org/000000199/",
        "https://ror.org/000000199",
        "ror: another spelling, put right",
    ),
    (
        ("authorships", 0, "institutions", 0, "type"),
        "Education",
        "education",
        "institution type: another spelling, put right",
    ),
    (
        ("authorships", 0, "countries"),
        "DK",
        ["DK"],
        "authorships.countries: a list of one without brackets, put right",
    ),
    (
        ("authorships", 0, "countries"),
        {},
        None,
        "authorships.countries: {} for nothing, left empty",
    ),
    (
        ("authorships", 0, "countries"),
        [["DK"]],
        ["DK"],
        "authorships.countries: a list of one, put right",
    ),
    (
        ("authorships", 0, "affiliations", 0, "institution_ids", 0),
        "i1",
        url("I1"),
        "institution id: another spelling, put right",
    ),
    (
        ("authorships", 0, "affiliations", 0, "raw_affiliation_string"),
        {"x": 1},
        None,
        "affiliations.raw_affiliation_string: an object for a text, left empty",
    ),
]


@pytest.mark.parametrize(
    ("path", "written", "meaning", "note"), SPELLINGS, ids=lambda v: str(v)[:40]
)
def test_a_field_is_read_for_what_it_means_or_left_empty(path, written, meaning, note):
    """One field in another form: its meaning is stored or nothing, the note names field and form,
    all else is as it was.
    """
    repaired = openalex.keep(json.dumps(put(RECORD, path, written)).encode())
    assert (repaired.damage, repaired.noted) == (None, [note])
    fields, plain = msgspec.to_builtins(repaired), msgspec.to_builtins(PLAIN)
    del fields["noted"]
    at, beside = fields, plain
    for key in path[:-1]:
        at, beside = at[key], beside[key]
    last = path[-1]
    assert (at[last] if isinstance(last, int) else at.get(last)) == meaning
    at[last] = beside[last] = None
    assert fields == plain


# -- texts that are no strict JSON

TEXT = json.dumps(RECORD)
WRITERS = {
    "Python's words": TEXT.replace("false", "False").replace("null", "None"),
    "Python's own notation": repr(RECORD),
    "a word of JavaScript": TEXT[:-1] + ', "x": undefined}',
    "keys without quotes": TEXT.replace('"type": ', "type: "),
    "comments": "{// first\n" + TEXT[1:-1] + ' /* "last" */ }',
    "a comment behind the last comma": TEXT[:-1] + ", # no more\n}",
    "MongoDB's shell": TEXT[:-1]
    + """, "_id": ObjectId("5f"), "at": ISODate('2020-01-01'), "n": NumberLong(7), "t": Timestamp(1, 2)}""",
    "a date of JavaScript": TEXT[:-1] + ', "at": new Date("2020-01-01")}',
    "a bracket too many at the end": TEXT + "}",
    "a bracket too many inside": '{"x": {"y": 1}}, ' + TEXT[1:],
    "a sign behind": TEXT + ");",
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_text_that_only_a_strict_reader_refuses_costs_nothing(writer):
    """It is read as the plain record is, and noted as not strict."""
    kept = openalex.keep(WRITERS[writer].encode())
    assert (kept.damage, kept.noted) == (None, ["not strict JSON: put right"])
    kept.noted = None
    assert kept == PLAIN


@pytest.mark.parametrize(
    "text",
    [
        TEXT[:-40],
        TEXT.replace('"type": "article"', '"type": "article'),
        TEXT.replace('"type": "article"', '"type": article'),
        TEXT + TEXT,
        TEXT + ", " + TEXT,
        TEXT.replace('"type": "article"', '"type": "an "article" of"'),
    ],
)
def test_a_text_that_is_torn_is_damage(text):
    """Nothing is guessed of it."""
    assert openalex.keep(text.encode()).damage == "no JSON"


@pytest.mark.parametrize("field", ["x", "doi", "authorships"])
def test_brackets_without_end_cost_their_field(field):
    """An unused one nothing; of a work's own only the authorships cost the work."""
    deep = json.dumps({**RECORD, field: None}).replace(
        f'"{field}": null', f'"{field}": ' + "[" * 3_000 + "]" * 3_000
    )
    kept = openalex.keep(deep.encode())
    if field == "authorships":
        assert kept.damage == "its authorships cannot be read (brackets without end)"
    else:
        said = {"x": None, "doi": ["doi: brackets without end, left empty"]}[field]
        assert (kept.damage, kept.noted) == (None, said)
        assert kept.authorships == PLAIN.authorships


# -- lists and values as databases write them

PLACES = RECORD["authorships"]


def dynamo(value):
    if isinstance(value, dict):
        return {"M": {k: dynamo(v) for k, v in value.items()}}
    if isinstance(value, list):
        return {"L": [dynamo(v) for v in value]}
    if value is None:
        return {"NULL": True}
    kind = "BOOL" if isinstance(value, bool) else "N" if isinstance(value, int | float) else "S"
    return {kind: value if kind == "BOOL" else str(value)}


def parquet(value):
    if isinstance(value, dict):
        return {k: parquet(v) for k, v in value.items()}
    return {"list": [{"element": parquet(v)} for v in value]} if isinstance(value, list) else value


@pytest.mark.parametrize(
    "written",
    [
        parquet(PLACES),
        dynamo(PLACES),
        {"array": PLACES},
        {"authorship": PLACES},
        {"A5012345678": PLACES[0], "A5012345679": PLACES[1]},
        {"0": PLACES[0], "1": PLACES[1]},
        {"first": PLACES[0], "last": PLACES[1]},
        repr(PLACES),
        json.dumps(PLACES),
        [PLACES],
        [[p] for p in PLACES],
        [json.dumps(p) for p in PLACES],
        [p | {"institutions": {i["id"]: i for i in p["institutions"]}} for p in PLACES],
        [
            p
            | {
                "institutions": [
                    i | {"country_code": {"code": i["country_code"]}} for i in p["institutions"]
                ]
            }
            for p in PLACES
        ],
    ],
    ids=lambda v: str(v)[:50],
)
def test_authorships_in_the_boxes_of_databases(written):
    """Whatever stands around a list, its elements are read; that is noted."""
    kept = openalex.keep(json.dumps(RECORD | {"authorships": written}).encode())
    assert kept.damage is None
    assert kept.noted
    assert kept.authorships == PLAIN.authorships


def test_what_is_no_list_of_authorships_is_said():
    """An object that is none gives no work without authors, nor one author without a place."""
    kept = openalex.keep(json.dumps(RECORD | {"authorships": {"error": "gone"}}).encode())
    assert kept.damage == "its authorships cannot be read (an object)"


@pytest.mark.parametrize(
    ("path", "written", "meaning"),
    [
        (
            ("type",),
            {"id": "https://openalex.org/types/article", "display_name": "article"},
            "article",
        ),
        (("type",), {"name": "review", "label": "book"}, None),
        (("type",), {"entered_by": "quistgard"}, None),
        (("type",), ["article", "review"], None),
        (("type",), 5, None),
        (("type",), "nan", None),
        (("type",), "None", None),
        (("publication_date",), [2018, 5, 9], "2018-05-09"),
        (("publication_date",), {"date-parts": [[2018, 5, 9]]}, "2018-05-09"),
        (("updated_date",), "2026-1-3", "2026-01-03"),
        (("updated_date",), "20260102T050000", "2026-01-02T05:00:00"),
        (("updated_date",), "2026-02-01T24:00:00", "2026-02-02T00:00:00"),
        (("updated_date",), "Mon, 02 Feb 2026 10:00:00 GMT", "2026-02-02T10:00:00+00:00"),
        (("updated_date",), "2026-01-02T05:00", "2026-01-02T05:00:00"),
        (("updated_date",), "last week", None),
        (("publication_year",), 0, None),
        (("publication_year",), -1, None),
        (("id",), "https://openalex.org/W007", url("W7")),
        (("id",), "openalex:W7", url("W7")),
        (("language",), "nan", None),
        (("authorships", 0, "institutions", 0, "display_name"), "n/a", None),
        (("authorships", 0, "institutions", 0, "type"), "nan", None),
        (("authorships", 0, "institutions", 0, "id"), "2", None),
        (("authorships", 0, "institutions", 0, "id"), 2020, None),
        (("authorships", 0, "institutions", 0, "id"), "96673099", url("I96673099")),
        (("authorships", 0, "institutions", 0, "id"), "i2", url("I2")),
        (("authorships", 0, "institutions", 0), "Department 5, Lund University", None),
        (("authorships", 0, "institutions", 0), {"id": "A5012345678", "country_code": "NO"}, None),
    ],
    ids=lambda v: str(v)[:45],
)
def test_a_value_is_read_for_what_stands_in_it(path, written, meaning):
    """Objects, lists and spellings of other programs; whatever was done is noted."""
    kept = openalex.keep(json.dumps(put(RECORD, path, written)).encode())
    found = msgspec.to_builtins(kept)
    for key in path[:-1]:
        found = found[key]
    value = found[path[-1]] if isinstance(path[-1], int) else found.get(path[-1])
    assert value == meaning
    assert kept.noted
    assert kept.damage is None


@pytest.mark.parametrize("written", ["2020-05", "2020"])
def test_a_date_may_be_a_month_or_a_year(written):
    """Nothing is put in the place of the day."""
    assert (
        openalex.keep(json.dumps(RECORD | {"publication_date": written}).encode()).publication_date
        == written
    )


@pytest.mark.parametrize(
    "beside",
    [
        {"ids": {"openalex": url("W7")}},
        {"openalex_id": "W7"},
        {"ID": url("W7")},
        {"id": "10.1/a", "ids": {"openalex": url("W7")}},
    ],
    ids=str,
)
def test_the_id_may_stand_beside(beside):
    """Under `ids`, or another name; that is noted."""
    kept = openalex.keep(
        json.dumps({k: v for k, v in RECORD.items() if k != "id"} | beside).encode()
    )
    assert kept.id == url("W7")
    assert any(note.startswith("work id: taken from") for note in kept.noted)


@pytest.mark.parametrize("box", [dynamo, parquet])
def test_a_whole_record_in_boxes(box):
    """Every field of it; that is said once, as the program's habit."""
    boxed = box(RECORD)["M"] if box is dynamo else box(RECORD)
    boxed["abstract_inverted_index"] = RECORD["abstract_inverted_index"]
    kept = openalex.keep(json.dumps(boxed).encode())
    whose = "DynamoDB's" if box is dynamo else "Parquet's"
    assert kept.noted == [f"a value in {whose} box: put right"]
    kept.noted = None
    assert kept == PLAIN


def test_objects_whose_members_stand_flat():
    """As pandas' json_normalize names columns."""
    flat = {k: v for k, v in RECORD.items() if k != "primary_topic"}
    for name, value in RECORD["primary_topic"].items():
        parts = value if isinstance(value, dict) else {"": value}
        flat |= {f"primary_topic.{name}{'.' * bool(k)}{k}": v for k, v in parts.items()}
    kept = openalex.keep(json.dumps(flat).encode())
    assert kept.noted == ["names with points for objects: put right"]
    kept.noted = None
    assert kept == PLAIN


def test_many_lists_of_one_are_the_records_habit():
    """A few are named by field; where every scalar is one, it is said once."""
    boxed = {k: v if isinstance(v, list | dict) else [v] for k, v in RECORD.items()}
    assert openalex.keep(json.dumps(boxed).encode()).noted == ["values in lists of one: put right"]


NAMIBIA = {
    "id": url("I4200000095"),
    "display_name": "University of Namibia",
    "country_code": "NA",
    "type": "education",
}


@pytest.mark.parametrize(
    ("institution", "countries", "code"),
    [
        (NAMIBIA, ["NA"], "NA"),
        (NAMIBIA, None, "NA"),
        (NAMIBIA, ["DK"], None),
        (NAMIBIA, [], None),
        (NAMIBIA | {"ror": "NA"}, ["NA"], None),
        (NAMIBIA | {"display_name": "NA"}, ["NA"], None),
    ],
)
def test_na_is_namibia_unless_what_stands_beside_it_says_no(institution, countries, code):
    """OpenAlex names an institution's country on the authorship too; a program that writes NA for
    nothing writes it elsewhere.
    """
    place = {"institutions": [institution]} | (
        {} if countries is None else {"countries": countries}
    )
    kept = openalex.keep(json.dumps(RECORD | {"authorships": [place]}).encode())
    assert kept.authorships[0].institutions[0].country_code == code
    assert "NA" not in (kept.authorships[0].countries or ()) or code
    assert ("country code: an empty cell as a text, left empty" in (kept.noted or ())) == (
        code is None
    )


def test_names_mask_however_authorships_are_written():
    """Under keys, in boxes or as text."""
    places = [p | {"author": {"display_name": "Zebulon Quistgard"}} for p in PLACES]
    odd = [p | {"author": "Zebulon Quistgard"} for p in PLACES]
    for written in (
        dynamo(places),
        {"A1": places[0]},
        parquet(places),
        repr(places),
        {"A1": odd[0]},
    ):
        record = RECORD | {"title": "Reply to Zebulon Quistgard", "authorships": written}
        assert openalex.keep(json.dumps(record).encode()).title == "Reply to [name]"
