"""Admissions from a file: read as they stand, or refused with the file and the place."""

import datetime

import pytest

from coauth.errors import SourceError
from coauth.sources import admissions
from tests.support.world import rows

HEAD = "year,country_code,admissions,suppressed,source,retrieved\n"
GOOD = "2020,CN,12,false,Statistics Denmark,2026-10-01\n"


@pytest.fixture
def file(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "phd.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def test_a_good_file_is_read_as_it_stands(file):
    """Numbers, suppressed cells, totals and zeros, in any order of rows and columns, with quotes
    where the source has commas.
    """
    text = (
        HEAD
        + '2021,total,300,false,"Source, with comma",2026-10-01\n2020,IR,,true,S,2026-10-01\n'
        + GOOD
        + "2020,IS,0,false,S,2026-10-01\n"
    )
    made = admissions.read(file(text))
    assert rows(made, "year", "country_code", "admissions", "suppressed") == [
        (2020, "CN", 12, False),
        (2020, "IR", None, True),
        (2020, "IS", 0, False),
        (2021, "total", 300, False),
    ]
    assert rows(made, "source")[3] == "Source, with comma"
    assert rows(made, "retrieved")[0] == datetime.date(2026, 10, 1)
    swapped = (
        "source,retrieved,suppressed,year,admissions,country_code\nS,2026-10-01,false,2020,12,CN\n"
    )
    assert rows(admissions.read(file(swapped)), "year", "country_code", "admissions") == [
        (2020, "CN", 12)
    ]


def test_namibia_is_a_country(file):
    """NA is the code of Namibia, not a missing value."""
    assert rows(admissions.read(file(HEAD + "2020,NA,3,false,S,2026-10-01\n")), "country_code") == [
        "NA"
    ]


FAULTS = {
    "no number and not suppressed": (
        "2020,CN,,false,S,2026-10-01",
        "2020 CN: a suppressed cell has no number",
    ),
    "suppressed with a number": (
        "2020,CN,3,true,S,2026-10-01",
        "2020 CN: a suppressed cell has no number",
    ),
    "negative": (
        "2020,CN,-3,false,S,2026-10-01",
        "2020 CN: a number of persons cannot be negative",
    ),
    "a name for a code": ("2020,China,3,false,S,2026-10-01", "2020 China: not a country code"),
    "a code in small letters": ("2020,cn,3,false,S,2026-10-01", "2020 cn: not a country code"),
    "three letters": ("2020,CHN,3,false,S,2026-10-01", "2020 CHN: not a country code"),
    "no code": ("2020,,3,false,S,2026-10-01", "admissions.country_code: 1 of 1 rows are null"),
    "no year": (",CN,3,false,S,2026-10-01", "admissions.year: 1 of 1 rows are null"),
    "no source": ("2020,CN,3,false,,2026-10-01", "admissions.source: 1 of 1 rows are null"),
    "half a person": ("2020,CN,3.5,false,S,2026-10-01", "invalid value '3.5'"),
    "a word for a number": ("2020,CN,few,false,S,2026-10-01", "invalid value 'few'"),
    "less than five": ("2020,CN,<5,true,S,2026-10-01", "invalid value '<5'"),
    "n/a": ("2020,CN,n/a,true,S,2026-10-01", "invalid value 'n/a'"),
    "yes for true": ("2020,CN,3,yes,S,2026-10-01", "invalid value 'yes'"),
    "a Danish date": ("2020,CN,3,false,S,01-10-2026", "invalid value '01-10-2026'"),
    "a key twice": (
        "2020,CN,3,false,S,2026-10-01\n2020,CN,4,false,S,2026-10-02",
        "two rows share the key",
    ),
    "a cell too many": ("2020,CN,3,false,S,2026-10-01,x", "Expected 6 columns, got 7"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_every_fault_is_refused_with_its_place(file, case):
    """Nothing is guessed, filled in or passed over: the file and the first fault are named, and
    where to read on.
    """
    lines, says = FAULTS[case]
    with pytest.raises(SourceError) as refused:
        admissions.read(file(HEAD + lines + "\n"))
    assert says in str(refused.value)
    assert "phd.csv" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Empty CSV file"),
        (
            "year;country_code;admissions;suppressed;source;retrieved\n2020;CN;3;false;S;2026-10-01\n",
            "columns missing",
        ),
        (
            HEAD.replace(",suppressed", "") + "2020,CN,3,S,2026-10-01\n",
            "columns missing: suppressed",
        ),
        (
            HEAD.replace("source", "note,source") + "2020,CN,3,false,n,S,2026-10-01\n",
            "columns unknown to its contract: note",
        ),
        (
            HEAD.replace("year,", "year,year,") + "2020,2020,CN,3,false,S,2026-10-01\n",
            "a column is there twice",
        ),
    ],
    ids=["empty", "semicolons", "a column missing", "a column more", "a column twice"],
)
def test_a_file_of_another_shape_is_refused(file, text, says):
    """What is missing or unknown is named."""
    with pytest.raises(SourceError, match=says):
        admissions.read(file(text))


def test_a_file_that_is_not_there_or_not_text_is_refused(file, tmp_path):
    """A missing file and one in another encoding are named."""
    with pytest.raises(SourceError, match=r"nowhere\.csv"):
        admissions.read(tmp_path / "nowhere.csv")
    with pytest.raises(SourceError, match=r"phd\.csv"):
        admissions.read(file(HEAD + GOOD.replace("Denmark", "Færøerne"), "latin-1"))


def test_a_file_of_no_rows_is_an_empty_table(file):
    """A header alone is read as nothing."""
    assert admissions.read(file(HEAD)).num_rows == 0
