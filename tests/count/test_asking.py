"""Names people type, and questions that cannot be put: one line, never a guess."""

import pyarrow as pa
import pytest

from coauth import queries as questions
from coauth.count.question import ask
from coauth.errors import NotFound, QueryError
from coauth.queries.names import Names
from coauth.report.text import vocabulary
from tests.support.commands import CHECKOUT, coauth

KINDS = ("country", "institution", "field", "type", "area", "area_short", "status", "group")


@pytest.fixture(scope="module")
def asked_of():
    return questions.load(CHECKOUT / "queries")


@pytest.fixture(scope="module")
def names(asked_of):
    """Of a vintage with four institutions."""
    ror = "https://ror.org/"
    places = pa.table(
        {
            "institution_id": ["I1", "I2", "I3", "I4"],
            "ror": [f"{ror}04qtj9h94", f"{ror}01aj84f44", f"{ror}00wk2mp56", None],
            "name": [
                "Technical University of Denmark",
                "Aarhus University",
                "Beihang University",
                "University of Science and Technology of China",
            ],
            "country_code": ["DK", "DK", "CN", "CN"],
            "is_domestic": [True, True, False, False],
            "works": [9, 8, 7, 6],
        }
    )
    return Names(asked_of, places, vocabulary(*KINDS), ["Elsevier BV", "Springer Nature"])


@pytest.mark.parametrize(
    ("word", "kind", "value"),
    [
        ("DTU", "home", "I1"),
        ("Danmarks Tekniske Universitet", "home", "I1"),
        ("Aarhus", "home", "I2"),
        ("beihang", "abroad", "I3"),
        ("China", "country", "CN"),
        ("kina", "country", "CN"),
        ("CN", "country", "CN"),
        ("the United States", "country", "US"),
        ("Storbritannien", "country", "GB"),
        ("Kenya", "country", "KE"),
        ("Norden", "group", "nordic"),
        ("udlandet", "group", "international"),
        ("miit", "list", "miit"),
        ("De syv MIIT-universiteter", "list", "miit"),
        ("hit", "entry", "miit/hit"),
        ("quantum", "area", "EU3"),
        ("Kvante", "area", "EU3"),
        ("quantum_computing", "technology", "quantum_computing"),
        ("Photovoltaics", "technology", "photovoltaics"),
        ("ingeniørvidenskab", "field", "22"),
        ("ingeniorvidenskab", "field", "22"),
        ("Springer", "publisher", "Springer Nature"),
        ("published", "status", "published"),
        ("3-5", "size", "3-5"),
    ],
)
def test_what_people_type(names, word, kind, value):
    """In both languages, with and without accents, by short name, code or part of the name."""
    found = names.find(word)
    assert (found.kind, found.value) == (kind, value)


@pytest.mark.parametrize(
    ("word", "choices"),
    [
        ("AU", ["I2 Aarhus University (DK)", "AU (country: Australia)"]),
        ("energy", ["EU8 (EU area: Energy technologies)", "21 (field: Energy)"]),
        ("preprint", ["preprint (type: preprint)", "preprint (status: preprint)"]),
        ("University", ["I1 Technical", "I4 University of Science"]),
    ],
)
def test_what_could_mean_two_things_is_asked_back(names, word, choices):
    """One line that lists how to name each."""
    with pytest.raises(NotFound, match=f"'{word}' fits [2-9] .*, name one by its id") as fault:
        names.find(word)
    assert all(choice in str(fault.value) for choice in choices)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("word", "meant"),
    [("Chinna", "China"), ("Beihan Universty", "Beihang"), ("Photovoltaik", "Photovoltaics")],
)
def test_typing_errors_are_asked_about(names, word, meant):
    with pytest.raises(NotFound, match=f"did you mean .*{meant}"):
        names.find(word)


def test_dtu_china_is_dtu_and_the_country(names, asked_of):
    """Never the one university with China in its name; and each is a filter."""
    question = ask(names, asked_of, ["DTU", "China", "2018-2020"])
    assert [(c.filter, [t.value for t in c.things]) for c in question.clauses] == [
        ("partner", ["CN"]),
        ("institution", ["I1"]),
    ]
    assert question.years == (2018, 2020)
    again = ask(
        names, asked_of, filters={"partner": ["CN"], "institution": ["I1"]}, years=(2018, 2020)
    )
    assert again.command("v") == question.command("v")


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"by": ["leader"]}, "who comes first or last on a work is not held"),
        ({"by": ["co-affiliated"]}, "whether one author is at home and abroad is not held"),
        ({"by": ["colour"]}, "cannot count by 'colour'; there are: year, window, institution"),
        ({"by": ["partner", "field", "type"]}, "give at most two things"),
        ({"by": ["year", "window"]}, "not by both"),
        ({"by": ["year"], "periods": ((2018, 2020), (2022, 2024))}, "cannot be by year"),
        ({"periods": ((2018, 2022), (2022, 2024))}, "share no year"),
        ({"drivers": "field"}, "add --compare"),
        ({"years": (1990, 2000)}, "the measured years begin in 2011"),
        ({"filters": {"partner": ["Danmark"]}}, "nobody's partner"),
        ({"filters": {"colour": ["red"]}}, "no filter 'colour'; there are: partner"),
    ],
)
def test_a_question_that_cannot_be_put(names, asked_of, question, words):
    """One line says why, and what can be asked."""
    with pytest.raises(QueryError, match=words):
        ask(names, asked_of, **question)


def test_explain_asks_back_for_a_country(sample_root):
    """A pair is of two institutions; the works with a country are counted."""
    done = coauth(sample_root, "explain", "DTU", "China", check=False)
    assert done.returncode == 1
    assert "'China' is CN (country: China), no institution; `coauth count" in done.stderr


def test_an_empty_answer_says_which_filter_left_how_many(sample_root):
    done = coauth(sample_root, "count", "--partner", "KP", "--field", "Dentistry", check=False)
    assert done.returncode == 1
    assert (
        "no work meets this question: all years leaves 19,880, then partner KP leaves"
        in done.stderr
    )
    assert done.stderr.count("\n") == 1


def test_no_list_of_any_filter_is_public(sample_root):
    done = coauth(sample_root, "count", "China", "--profile", "public", check=False)
    assert done.returncode == 2
    assert "public" in done.stderr


def test_an_address_of_openalex_where_there_is_one(sample_root):
    """Countries, institutions, fields and types are filters there; technologies are not."""
    out = coauth(sample_root, "count", "DTU", "China", "engineering", "2018-2020").stdout
    assert (
        "https://openalex.org/works?filter=authorships.institutions.country_code:DK,authorships.countries:CN,"
        "primary_topic.field.id:fields/22,authorships.institutions.lineage:I96673099,publication_year:2018-2020"
        in out
    )
    assert "No one page of OpenAlex" in coauth(sample_root, "count", "quantum").stdout
