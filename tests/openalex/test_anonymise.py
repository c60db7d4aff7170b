"""What is kept of a served record: never a person, always the institution's words, and never an
exception.
"""

import gzip
import json
import string

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coauth import openalex
from coauth.errors import CacheError
from tests.support.json_values import JSON, SHAPE, spots
from tests.support.world import page, work

LUND = {
    "id": "https://openalex.org/I20",
    "display_name": "Lund University",
    "country_code": "SE",
    "type": "education",
}
BOHR = {
    "id": "https://openalex.org/I1",
    "display_name": "Niels Bohr Institute",
    "country_code": "DK",
}


def served(*authors, **told):
    """A record whose authors are given as (name, affiliation string[, institution])."""
    authorships = [
        {
            "author": {
                "id": "https://openalex.org/A5048491430",
                "display_name": name,
                "orcid": None,
            },
            "raw_author_name": name,
            "institutions": list(places),
            "affiliations": [{"raw_affiliation_string": text, "institution_ids": []}],
        }
        for name, text, *places in authors
    ]
    return {"id": "https://openalex.org/W1", "title": "T", "authorships": authorships} | told


def stored(record):
    """Everything that would reach the disk for a record, as text."""
    kept = openalex.keep(json.dumps(record).encode())
    assert kept.damage is None
    whole = openalex.Page(request="r", served_sha256=[], works=[kept])
    return gzip.decompress(openalex.pack(whole)).decode()


def text(record, author=0):
    return (
        openalex.keep(json.dumps(record).encode())
        .authorships[author]
        .affiliations[0]
        .raw_affiliation_string
    )


def index(words):
    return {w: [i] for i, w in enumerate(words.split())}


def test_no_field_made_for_a_person_is_kept():
    """Author objects, raw names, ORCIDs, corresponding ids and unknown fields leave no trace, at
    any depth.
    """
    authorship = {
        "author_position": "first",
        "is_corresponding": True,
        "raw_author_name": "Marker01 Marker02",
        "raw_orcid": "marker03",
        "author": {
            "id": "https://openalex.org/A5000000004",
            "display_name": "Marker05 Marker06",
            "orcid": "https://orcid.org/marker07",
            "observed_orcids": ["marker08"],
        },
        "institutions": [LUND | {"contact": "marker09"}],
        "countries": ["SE"],
        "raw_affiliation_strings": ["Lund"],
        "affiliations": [
            {
                "raw_affiliation_string": "Lund",
                "institution_ids": [LUND["id"]],
                "author_note": "marker10",
            }
        ],
    }
    record = {
        "id": "https://openalex.org/W1",
        "display_name": "T by Marker11 Marker12",
        "title": "T",
        "authorships": [authorship],
        "corresponding_author_ids": ["https://openalex.org/A5000000013"],
        "corresponding_institution_ids": ["marker14"],
        "editors": [{"display_name": "marker15"}],
        "acknowledgements": "marker16",
        "x_future": {"deep": [{"name": "marker17"}]},
        "primary_location": {
            "source": {"display_name": "J", "editor": "marker18"},
            "raw_author": "marker19",
        },
        "authors_full": ["marker20"],
        "primary_topic": {"id": "T1", "curator": "marker21"},
    }
    kept = stored(record).casefold()
    assert "marker" not in kept
    assert "A5000" not in kept.upper()
    assert "lund university" in kept


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Ann Bergholt", "Ann Bergholt, DTU"),
        ("Ann Bergholt", "BERGHOLT, ANN; DTU"),
        ("Ann Bergholt", "Prof. Dr. A. Bergholt, DTU"),
        ("Ann Bergholt", "Bergholt A, DTU"),
        ("Ann Bergholt", "Ann M. Bergholt, DTU"),
        ("Ann Mia Bergholt", "Bergholt AM, DTU"),
        ("Ann Mia Bergholt", "A. M. Bergholt (DTU)"),
        ("Bergholt, Ann Mia", "DTU, c/o Bergholt, A.M."),
        ("Anne-Marie Bergholt", "Bergholt A-M, DTU"),
        ("Anne-Marie Bergholt", "Annemarie Bergholt, DTU"),
        ("Anne‐Marie Bergholt", "Anne-Marie Bergholt, DTU"),
        ("Ludwig van Bergholt", "L. van Bergholt, DTU"),
        ("María de la Bergholt", "de la Bergholt, María, DTU"),
        ("Seán O'Bergholt", "O'Bergholt, S., DTU"),
        ("Bergholt", "Bergholt (DTU)"),
        ("ANN BERGHOLT", "ann   bergholt, DTU"),
    ],
)
@pytest.mark.parametrize("where", ["own string", "another's string", "title", "abstract"])
def test_names_are_masked_however_they_are_written(name, written, where):
    """Order, initials, particles, hyphens, case and a middle initial the record lacks do not save a
    name, wherever it stands.
    """
    other = served(("Xu Qing", "DTU"))["authorships"]
    record = {
        "own string": served((name, written)),
        "another's string": served((name, "DTU"), ("Xu Qing", written)),
        "title": served((name, "DTU"), title=f"Reply to {written}"),
        "abstract": served(
            (name, "DTU"), abstract_inverted_index=index(f"we thank {written} for all")
        ),
    }[where]
    record["authorships"] += other
    assert "bergholt" not in stored(record).casefold()
    assert "DTU" in stored(record)


LETTERS = st.text(string.ascii_lowercase, min_size=4, max_size=9).map(lambda t: "Zq" + t)
FORMS = (
    "{f} {s}",
    "{s}, {f}",
    "{i}. {s}",
    "{s} {i}",
    "{s}, {i}.",
    "{f} {m}. {s}",
    "{S} {F}",
    "{s}-{f}",
    "({f}) {s}, DTU",
    "{s}{c} {f}",
)


@settings(deadline=None)
@given(
    LETTERS,
    LETTERS,
    st.sampled_from(FORMS),
    st.sampled_from(["{f} {s}", "{s}, {f}", "{f} K. {s}"]),
    st.sampled_from("KM"),
)
def test_no_generated_name_survives(first, surname, form, known, middle):
    """Whatever the name, both its parts are gone from affiliation strings, title and abstract of
    its own work.
    """
    if first.casefold() == surname.casefold():
        return
    said = {
        "f": first,
        "s": surname,
        "i": first[0],
        "m": middle,
        "S": surname.upper(),
        "F": first.upper(),
        "c": ",",
    }
    written = form.format(**said)
    record = served(
        (known.format(**said), f"Dept, {written}, Lyngby"),
        title=f"On {written}",
        abstract_inverted_index=index(written),
    )
    kept = stored(record).casefold()
    assert surname.casefold() not in kept
    assert first.casefold() not in kept or "{f}" not in form


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("张伟", "张伟，北京航空航天大学"),
        ("张伟", "北京航空航天大学张伟"),
        ("张 伟", "张伟 北京航空航天大学"),
        ("Wei Zhang 张伟", "通讯作者张伟"),
        ("김철수", "김철수, 서울"),
        ("Bjo\u0308rn A\u030angstrand", "Björn Ångstrand, DTU"),
        ("İbrahim Yılmaz", "İbrahim Yılmaz, Ankara"),
        ("İbrahim Yılmaz", "ibrahim yılmaz, DTU"),
        ("Ali İnan", "A. İnan, DTU"),
    ],
)
def test_names_in_other_scripts_and_spellings_are_masked(name, written):
    """Names without blanks between words, and letters written as letter plus mark, are found too."""
    kept = text(served((name, written)))
    for word in ("张伟", "김철수", "björn", "ångstrand", "brahim", "yılmaz", "nan"):
        assert word not in kept.casefold()
    if "北京" in written:
        assert "北京航空航天大学" in kept


def test_one_name_in_two_encodings_is_one_name():
    """A name in composed letters masks the same name in decomposed letters in the text."""
    assert "ngstrand" not in text(served(("Björn Ångstrand", "Bjo\u0308rn A\u030angstrand, DTU")))


@pytest.mark.parametrize(
    "address",
    [
        "ann.berg+x@dtu.dk",
        "ann_berg@post.au.dk",
        "{a.xyzq, b.xyzq}@dtu.dk",
        "xyzq @ dtu.dk",
        "xyzq@ dtu.dk",
        "0000-0002-1825-0097",
        "https://orcid.org/0000-0002-1825-009X",
        "orcid.org/0009-0002-1825-0097",
        "0000000218250097",
        "0000‐0002‐1825‐0097",
        "https://openalex.org/A5048491430",
        "A5048491430",
    ],
)
def test_addresses_and_identifiers_are_masked_in_every_text(address):
    """E-mail addresses, ORCIDs (URL, bare, any hyphen or none) and author ids stay in no free text."""
    kept = stored(
        served(
            ("Ann Berg", f"DTU, {address}."),
            title=f"A {address} B",
            abstract_inverted_index=index(f"see {address} there"),
        )
    )
    for secret in ("@", "xyzq", "0097", "009X", "A50", "ann"):
        assert secret not in kept.replace("DTU", "")


@pytest.mark.parametrize(
    ("name", "place", "written"),
    [
        ("Ann Lund", LUND, "Department of Physics, Lund University, Lund, Sweden"),
        ("Ann Bohr", BOHR, "Niels Bohr Institute, University of Copenhagen"),
        ("María de la Cruz", LUND, "Universidad de la República, Montevideo"),
        ("Jan van der Berg", LUND, "Hogeschool van der Heide"),
        ("Li Na", LUND, "Key Laboratory of Linear Analysis, China"),
    ],
)
def test_words_of_institutions_survive(name, place, written):
    """A surname that is also a word of the institution, or a particle that is also part of places,
    stays readable.
    """
    assert text(served((name, written, place))) == written


def test_strings_of_records_before_2024_are_kept_without_ids():
    """Where `affiliations` is missing, the plain strings are kept, masked alike."""
    old = {
        "id": "https://openalex.org/W1",
        "authorships": [
            {
                "author": {"display_name": "Ann Bergholt"},
                "raw_affiliation_strings": ["Ann Bergholt, DTU", None],
            }
        ],
    }
    kept = openalex.keep(json.dumps(old).encode()).authorships[0].affiliations
    assert [(a.raw_affiliation_string, a.institution_ids) for a in kept] == [
        ("[name], DTU", None),
        (None, None),
    ]


def test_nulls_in_lists_cost_nothing():
    """OpenAlex lists hold nulls; a null element is passed over and an author with nothing known is
    still an author.
    """
    record = served(
        ("Ann Berg", "DTU", LUND, None),
        title=None,
        topics=[None, {"id": "https://openalex.org/T1"}],
    )
    record["authorships"] = [
        None,
        *record["authorships"],
        {"institutions": None, "affiliations": [None], "countries": [None, "DK"]},
    ]
    record["authorships"][1]["affiliations"][0]["institution_ids"] = [None, LUND["id"]]
    kept = openalex.keep(json.dumps(record).encode())
    assert kept.damage is None
    assert len(kept.authorships) == 3
    assert kept.authorships[1].affiliations[0].institution_ids == [None, LUND["id"]]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"3",
        b"[]",
        b"<html>",
        b'{"id": "https://openalex.org/W1"',
        b"\xff\xfe",
        b'{"id": {"a": 1}}',
        b"[" * 200_000,
        b'{"id": "https://openalex.org/W1", "x": ' + b"[" * 200_000,
    ],
    ids=range(10),
)
def test_what_is_no_record_is_damage(body):
    """HTML, cut JSON, other JSON, other bytes and JSON nested beyond reason become a counted, empty
    work.
    """
    kept = openalex.keep(body)
    assert kept.damage
    assert kept == openalex.Work(id=kept.id, damage=kept.damage)


def test_damage_names_no_value():
    """What was wrong is told by type and place, so that a name in the wrong field cannot reach the
    disk by this way.
    """
    for fields in (
        b'"authorships": "Marker Name"',
        b'"publication_year": "Marker Name"',
        b'"type": ["Marker Name", 2]',
        b'"x": Marker Name',
    ):
        kept = openalex.keep(b'{"id": "https://openalex.org/W7", ' + fields + b"}")
        assert kept.id == "https://openalex.org/W7"
        assert kept.damage or kept.noted
        assert b"Marker" not in msgspec.json.encode(kept)


def test_an_author_list_at_openalex_limit_is_known_to_be_cut():
    """A record of exactly 5,000 authorships is marked as cut, one of 4,999 is not."""
    marks = [
        openalex.keep(json.dumps({"id": "W1", "authorships": [{}] * n}).encode()).authors_cut
        for n in (4_999, 5_000)
    ]
    assert marks == [False, True]


SHAPE["authorships"][0] |= {
    "author": {"id": "https://openalex.org/A5000000001", "display_name": "Ann Berg"},
    "raw_author_name": "A. Berg",
}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([p for p in spots(SHAPE) if p]), JSON)
@example(("abstract_inverted_index", "some"), None)
@example(("cited_by_count",), 10**30)
def test_no_mutation_of_a_record_raises(path, value):
    """Any value in any place of a real-shaped record is read or is damage, and can be stored and
    read back.
    """
    record = json.loads(json.dumps(SHAPE))
    inner = record
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    kept = openalex.keep(json.dumps(record).encode())
    whole = openalex.Page(request="r", served_sha256=[], works=[kept])
    assert openalex.unpack(openalex.pack(whole), "here") == whole


def test_a_page_is_the_same_bytes_and_comes_back():
    """pack is a function of the page alone, without a clock; unpack is its inverse; kept twice is
    kept once.
    """
    whole = page(work(1, 2020, [["I1"]], abstract="a b"), work(2, 2021, [["I1", "I10"]]))
    assert openalex.pack(whole) == openalex.pack(openalex.unpack(openalex.pack(whole), "here"))
    assert openalex.unpack(openalex.pack(whole), "here") == whole
    again = [openalex.keep(msgspec.json.encode(w)) for w in whole.works]
    assert again == whole.works


def test_a_cut_page_is_refused():
    """A page file cut anywhere is not read as a shorter page."""
    data = openalex.pack(page(*(work(n, 2020, [["I1"]]) for n in range(5))))
    for end in range(len(data)):
        with pytest.raises(CacheError, match=r"0001\.json\.gz"):
            openalex.unpack(data[:end], "pages/0001.json.gz")


def test_an_edited_page_is_refused_or_unchanged():
    """A byte changed anywhere in a page file is noticed, or (in gzip's unused header fields)
    changes nothing that is read.
    """
    whole = page(*(work(n, 2020, [["I1"]]) for n in range(5)))
    data = openalex.pack(whole)
    for at in range(len(data)):
        edited = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        try:
            assert openalex.unpack(edited, "here") == whole
        except CacheError:
            continue


def test_records_are_cut_into_pages_without_loss():
    """250 records make pages of 100, 100 and 50, each with the hash of what was served; none makes
    none.
    """
    records = [json.dumps(work(n, 2020, [["I1"]])).encode() for n in range(250)]
    made = list(openalex.of_records(records, "file"))
    assert [len(p.works) for p in made] == [100, 100, 50]
    assert len({p.served_sha256[0] for p in made}) == 3
    assert [w.id for p in made for w in p.works] == [json.loads(r)["id"] for r in records]
    assert list(openalex.of_records([], "file")) == []


def test_real_records_keep_no_author(real_records):
    """Of 613 real records no author's full name, ORCID or id is left in what is stored, and none is
    damaged.
    """
    for line in gzip.decompress(
        (real_records / "openalex/works/full_works_613.jsonl.gz").read_bytes()
    ).splitlines():
        record, kept = json.loads(line), openalex.keep(line)
        assert kept.damage is None
        left = msgspec.json.encode(kept).decode()
        free = " ".join(
            t or ""
            for t in (
                kept.title,
                kept.abstract,
                *(
                    f.raw_affiliation_string
                    for a in kept.authorships or ()
                    for f in a.affiliations or ()
                ),
            )
        ).casefold()
        for author in (a["author"] for a in record["authorships"]):
            secrets = [
                str(author.get(key)).rsplit("/", 1)[-1]
                for key in ("id", "orcid")
                if author.get(key)
            ]
            assert not [s for s in secrets if s in left]
            if " " in author["display_name"]:
                assert f" {author['display_name'].casefold()} " not in f" {free} "


def named(author, title, **more):
    """The title that is kept of a work by this author."""
    record = {"id": "https://openalex.org/W1", "title": title, "authorships": [author | more]}
    return openalex.keep(json.dumps(record).encode()).title


@pytest.mark.parametrize(
    "author",
    [
        {"author": "Zebulon Quistgard"},
        {"author": {"display_name": ["Zebulon", "Quistgard"]}},
        {"author": {"display_name": {"given": "Zebulon", "family": "Quistgard"}}},
        {"author": ["Zebulon Quistgard"]},
        {"raw_author_name": ["Zebulon Quistgard"]},
    ],
)
def test_a_name_masks_in_whatever_shape_it_stands(author):
    assert named(author, "Reply to Zebulon Quistgard") == "Reply to [name]"


@pytest.mark.parametrize("given", ["Jan", "Anna", "Peter", "Maria"])
@pytest.mark.parametrize(
    "surname", ["van der Berg", "van den Berg", "de la Cruz", "dos Santos", "von Stein", "al Said"]
)
def test_particles_keep_no_name_apart(given, surname):
    """Two particles name nobody, and stand between two words that do."""
    author = {"author": {"display_name": f"{given} {surname}"}}
    assert named(author, f"Reply to {given} {surname}, and more") == "Reply to [name], and more"
    assert named(author, "Universidad de la República") == "Universidad de la República"


def test_what_a_record_says_of_its_own_reading_is_not_believed():
    """But of a page that coauth stored: `--from` gives its notes on."""
    record = {
        "id": "https://openalex.org/W1",
        "title": "A",
        "authorships": [],
        "noted": ["Zebulon Quistgard z.q@dtu.dk"],
        "damage": "Zebulon Quistgard",
        "authors_cut": True,
    }
    for text in (json.dumps(record), json.dumps(record | {"publication_year": "2020"})):
        work = openalex.keep(text.encode())
        assert (work.damage, work.authors_cut) == (None, False)
        assert "Zebulon" not in str(work.noted)
    assert openalex.keep(json.dumps(record).encode(), own=True).noted == record["noted"]


def test_labels_that_name_an_author_are_masked():
    """Topics, sources and the language are OpenAlex's words; another program may write anything."""
    record = {
        "id": "https://openalex.org/W1",
        "language": "Ashwicket",
        "topics": [
            {
                "id": "https://openalex.org/T10001",
                "display_name": "Peat of T. Ashwicket",
                "field": {"id": "tilda@example.org", "display_name": "Soils"},
                "domain": {"id": "https://openalex.org/domains/3", "display_name": "ASHWICKET"},
            }
        ],
        "primary_location": {"source": {"id": "S1 Ashwicket", "type": "Tilda Ashwicket"}},
        "authorships": [{"author": {"display_name": "Tilda Ashwicket"}}],
    }
    stored = msgspec.json.encode(openalex.keep(json.dumps(record).encode())).decode()
    assert "shwicket" not in stored.lower()
    assert "example" not in stored
    assert "https://openalex.org/T10001" in stored
    assert "Soils" in stored


def test_a_file_named_for_an_author_is_stored_under_no_name():
    author = {"author": {"display_name": "Tilda Ashwicket"}}
    record = {"id": "https://openalex.org/W1", "authorships": [author]}
    pages = openalex.of_records([json.dumps(record).encode()] * 150, "Ashwicket_T/works.jsonl")
    assert [page.request for page in pages] == ["[name]/works.jsonl"] * 2
