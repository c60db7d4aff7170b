"""Records as other programs write them: a broken field costs the field, and only what a work cannot
do without costs the work.
"""

import json
import math

import msgspec
import pytest

from coauth import openalex
from coauth.openalex import repair
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
    (("publication_year",), [2018], 2018, repair.LISTS_OF_ONE),
    (("topics", 0, "score"), 10**30, None, "topics.score: a number too large, left empty"),
    (("topics", 0, "score"), "7", None, "topics.score: a number out of range, left empty"),
    (("cited_by_count",), math.inf, None, "cited_by_count: no number, left empty"),
    (("cited_by_count",), math.nan, None, "cited_by_count: no number, left empty"),
    (("cited_by_count",), "1e3", 1000, "cited_by_count: a text for a number, put right"),
    (("doi",), {}, None, "doi: {} for nothing, left empty"),
    (("doi",), ["https://doi.org/10.5555/a"], "https://doi.org/10.5555/a", repair.LISTS_OF_ONE),
    (("doi",), [], None, repair.LISTS_OF_ONE),
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
    (("primary_topic",), [], None, repair.LISTS_OF_ONE),
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
    (("authorships", 0, "countries"), "DK", ["DK"], repair.LIST_OF_ONE_MISSING),
    (
        ("authorships", 0, "countries"),
        {},
        None,
        "authorships.countries: {} for nothing, left empty",
    ),
    (("authorships", 0, "countries"), [["DK"]], ["DK"], repair.LISTS_OF_ONE),
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
