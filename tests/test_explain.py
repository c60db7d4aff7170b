"""What a person means by a name, and the works behind an edge."""

import datetime

import pytest
from world import rows, work

from coauth import explain
from coauth.errors import NotFound

DTU = {"id": "I96673099", "country_code": "DK", "ror": "https://ror.org/04qtj9h94", "display_name": "Technical University of Denmark"}
AU = {"id": "I204337017", "country_code": "DK", "ror": "https://ror.org/01aj84f44", "display_name": "Aarhus University"}
HIT = {"id": "I204983213", "country_code": "CN", "ror": "https://ror.org/01yqg2h08", "display_name": "Harbin Institute of Technology"}
HEU = {"id": "I151727225", "country_code": "CN", "ror": "https://ror.org/03x80pn82", "display_name": "Harbin Engineering University"}
HUST = {"id": "I100188998", "country_code": "CN", "ror": "https://ror.org/04e6y1282", "display_name": "Harbin University of Science and Technology"}
LUND = {"id": "I20", "display_name": "Lund University"}
TWINS = [{"id": f"I{n}", "display_name": "Institute of Physics"} for n in (41, 42)]


@pytest.fixture
def made(world):
    return world(
        work(1, 2020, [[DTU], [HIT]], publication_date="2020-03-01"), work(2, 2021, [[DTU], [HIT], [LUND]], topics=["T10275"]),
        work(3, 2021, [[DTU], [HIT]], is_retracted=True), work(4, 2022, [[AU], [HEU], [HUST]]), work(5, 2022, [[AU], *([t] for t in TWINS)]),
        work(6, 2019, [[DTU], [LUND]]), work(7, 2021, [[DTU], [HIT]]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("I96673099", DTU), ("https://openalex.org/I96673099", DTU), ("https://ror.org/04qtj9h94", DTU), ("04qtj9h94", DTU), ("DTU", DTU),
        ("dtu", DTU), (" DTU ", DTU), ("Technical University of Denmark", DTU), ("technical university of denmark", DTU), ("Denmark", DTU),
        ("hit", HIT), ("HIT", HIT), ("AU", AU), ("Lund", LUND), ("harbin institute", HIT),
    ],
)  # fmt: skip
def test_what_a_person_may_type(made, asked, said, meant):
    """An OpenAlex id, a ROR, an alias, a list's entry, a name or a part of one that fits exactly one institution."""
    assert explain.resolve(said, made.institutions, asked) == meant["id"]


@pytest.mark.parametrize("said", ["Harbin", "University", "Institute of Physics"])
def test_what_fits_several_is_not_guessed(made, asked, said):
    """Several candidates are listed with id and country, most works first, and none is taken, even where names are equal."""
    with pytest.raises(NotFound, match=f"'{said}' fits . institutions, name one by its id: ") as refused:
        explain.resolve(said, made.institutions, asked)
    if said == "Harbin":
        assert str(refused.value).endswith(
            "I204983213 Harbin Institute of Technology (CN); I100188998 Harbin University of Science and Technology (CN); "
            "I151727225 Harbin Engineering University (CN)"
        )


@pytest.mark.parametrize("said", ["RH", "rh", "KU", "beihang", "SDU"])
def test_an_alias_of_an_institution_that_is_not_here_is_nobody(made, asked, said):
    """RH is Rigshospitalet or nobody: never the one institution with rh in its name (Aarhus)."""
    with pytest.raises(NotFound, match=rf"no institution of this vintage is '{said}' \(https://ror\.org/"):
        explain.resolve(said, made.institutions, asked)


@pytest.mark.parametrize("said", ["Atlantis", "I9667309", "https://ror.org/000000000", ".*", "("])
def test_nobody_is_told(made, asked, said):
    """What fits no institution is said so, and a pattern is not a name."""
    with pytest.raises(NotFound, match="no institution '"):
        explain.resolve(said, made.institutions, asked)


def test_one_entry_name_in_two_lists_is_ambiguous(made, asked):
    """Where two lists call different institutions by one id, both are candidates."""
    (miit,) = asked.watchlists
    other = miit.model_copy(update={"id": "mine", "entry": (miit.entry[2].model_copy(update={"id": "hit"}),)})
    with pytest.raises(NotFound, match="'hit' fits 2 institutions"):
        explain.resolve("hit", made.institutions, asked.model_copy(update={"watchlists": (miit, other)}))


def test_the_works_of_a_pair_newest_first_with_their_cues(made):
    """Every shared work in either order of the pair, excluded ones marked and without a cue, each with its own cues only."""
    found = explain.pair(made.made, HIT["id"], DTU["id"])
    assert found == explain.pair(made.made, DTU["id"], HIT["id"])
    assert [(w["work_id"], w["included"], w["exclusion_reason"]) for w in found] == [
        ("W2", True, None), ("W3", False, "retracted"), ("W7", True, None), ("W1", True, None)]  # fmt: skip
    by_id = {w["work_id"]: [(c["kind"], c["entry_id"], c["match_method"]) for c in w["cues"]] for w in found}
    assert by_id["W1"] == by_id["W7"] == [("watchlist", "hit", "id")]
    assert sorted(by_id["W2"]) == [("technology", "nanoscale_materials", "topic"), ("watchlist", "hit", "id")]
    assert by_id["W3"] == []
    assert found[0]["n_institutions"] == 3
    assert type(found[0]["year"]) is int


def test_the_works_of_a_pair_in_a_year(made):
    """A year chooses; a pair that shares no work has none."""
    assert [w["work_id"] for w in explain.pair(made.made, DTU["id"], HIT["id"], 2020)] == ["W1"]
    assert explain.pair(made.made, DTU["id"], HIT["id"], 2015) == []
    assert explain.pair(made.made, DTU["id"], AU["id"]) == []


def test_a_missing_value_is_none_and_not_a_number(world):
    """What a work lacks is None in the record, for JSON and for a reader."""
    one = world(work(1, 2020, [[DTU], [LUND]], doi=None, title=None))
    (found,) = explain.pair(one.made, DTU["id"], "I20")
    assert (found["doi"], found["title"], found["exclusion_reason"]) == (None, None, None)


def test_the_works_of_a_list(made, asked):
    """Every counted work with an institution of the list, newest first, each once, with the list's cues alone."""
    found = explain.watchlist(made.made, "miit", asked)
    assert [w["work_id"] for w in found] == ["W4", "W2", "W7", "W1"]
    assert {c["kind"] for w in found for c in w["cues"]} == {"watchlist"}
    assert [c["entry_id"] for c in found[0]["cues"]] == ["heu"]
    assert [w["work_id"] for w in explain.watchlist(made.made, "miit", asked, 2021)] == ["W2", "W7"]


def test_an_unknown_or_disabled_list_is_told(made, asked):
    """A list that is not there, or not enabled, is refused with those that are."""
    with pytest.raises(NotFound, match="no enabled watchlist 'mit'; there are: miit"):
        explain.watchlist(made.made, "mit", asked)
    off = asked.model_copy(update={"watchlists": (asked.watchlists[0].model_copy(update={"enabled": False}),)})
    with pytest.raises(NotFound, match="no enabled watchlist 'miit'; there are: none"):
        explain.watchlist(made.made, "miit", off)


def test_what_was_listed_when_is_said_in_each_cue(world, asked):
    """The answer for the day of publication travels to the reader."""
    (miit,) = asked.watchlists
    entries = tuple(e.model_copy(update={"valid_from": datetime.date(2020, 6, 5)}) for e in miit.entry)
    one = world(
        work(1, 2020, [[DTU], [HIT]], publication_date="2020-06-04"), work(2, 2020, [[DTU], [HIT]], publication_date="2020-06-05"),
        watchlists=(miit.model_copy(update={"entry": entries}),),
    )  # fmt: skip
    found = {w["work_id"]: w["cues"][0]["listed_at_publication"] for w in explain.pair(one.made, DTU["id"], HIT["id"])}
    assert found == {"W1": "no", "W2": "yes"}


def test_near_misses_name_matches_look_alikes_and_the_absent(made, asked):
    """Each entry once or more: matched and how, look-alikes that share the place word and another, or never seen."""
    found = explain.near_misses(made.made, asked)
    by_entry = {}
    for row in found:
        by_entry.setdefault(row["entry_id"], []).append((row["finding"], row["institution_id"]))
    assert by_entry["hit"] == [("matched by id", HIT["id"]), ("look-alike, not listed", HUST["id"])]
    assert by_entry["heu"] == [("matched by id", HEU["id"]), ("look-alike, not listed", HUST["id"])]
    assert by_entry["nuaa"] == [("never occurs", None)]
    assert set(by_entry) == {e.id for e in asked.watchlists[0].entry}
    assert HUST["id"] not in rows(made.listed, "institution_id")
