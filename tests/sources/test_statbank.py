"""Totals of PhD admissions from StatBank: read whole or not at all, whatever the server does;
nothing is filled in.
"""

import datetime
import socket

import pytest

from coauth.errors import SourceError
from coauth.sources import statbank
from coauth.tables.schemas import STATBANK
from tests.support.statbank import CELLS, YEARS, StatBank, persons
from tests.support.world import rows

DAY = datetime.date(2026, 11, 23)


def fetched(server, **more):
    naps = []
    body = statbank.fetch(url=server.url, sleep=naps.append, **more)
    return rows(statbank.read(body, DAY), "year", "admissions"), naps


def test_the_total_of_every_year_is_read():
    """All the table has, in two questions: both sexes and all fields, sorted, with where it is
    from.
    """
    with StatBank() as server:
        body = statbank.fetch(url=server.url)
    table = statbank.read(body, DAY)
    assert rows(table, "year", "admissions") == [(y, persons(y, "TOT")) for y in YEARS]
    assert set(rows(table, "country_code", "suppressed", "source", "retrieved")) == {
        ("total", False, STATBANK, DAY)
    }
    assert [path for path, _ in server.questions] == ["/v1/tableinfo", "/v1/data"]
    assert server.questions[1][1]["format"] == "BULK"


@pytest.mark.parametrize(
    "faults",
    [
        ["http_500"],
        ["http_503", "http_500"],
        ["html"],
        ["cut_wire"],
        [None, "http_500"],
        [None, "cut_wire"],
        [None, "cut_line"],
        [None, "cut_number"],
        [None, "html"],
        [None, "latin"],
    ],
    ids=lambda faults: "-".join(map(str, faults)),
)
def test_what_time_may_cure_is_asked_again(faults):
    """Server errors, pages of HTML and bodies cut anywhere: the same numbers in the end, after
    growing pauses.
    """
    with StatBank(faults=faults) as server:
        found, naps = fetched(server)
    assert found == [(y, persons(y, "TOT")) for y in YEARS]
    assert len(naps) == len([f for f in faults if f])
    assert all(n <= nap <= n + 1 for n, nap in zip((1, 2), naps, strict=False))


@pytest.mark.parametrize("fault", ["http_500", "html", "cut_line", "cut_number"])
def test_three_failures_are_the_end(fault):
    """One line that says what to do; nothing that was not whole is given back."""
    with (
        StatBank(faults=[None, *[fault] * 3]) as server,
        pytest.raises(SourceError, match=r"^StatBank did not answer .* later$"),
    ):
        fetched(server)
    assert len(server.questions) == 4


def test_silence_is_waited_for_as_long_as_told():
    """A server that says nothing is a failure like others."""
    with (
        StatBank(faults=["hang"] * 3) as server,
        pytest.raises(SourceError, match=r"no answer within 0\.05 s"),
    ):
        fetched(server, timeout=0.05)


def test_where_nobody_answers_nobody_is_asked_again():
    """A report on a machine without network is not kept waiting."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    naps = []
    with pytest.raises(SourceError, match="connection refused"):
        statbank.fetch(url=address, sleep=naps.append)
    assert naps == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [("limit", "REQUEST-LIMIT"), ("limit_200", "REQUEST-LIMIT"), ("moved", "404 Not Found")],
)
def test_a_refusal_is_not_repeated(fault, said):
    """Its code is told, whatever the status."""
    with StatBank(faults=[None, fault]) as server, pytest.raises(SourceError, match=said):
        fetched(server)
    assert len(server.questions) == 2


def test_a_table_that_changed_is_refused():
    """Without the code for all fields StatBank names the code it does not know."""
    with (
        StatBank({("99", sex, year): n for (_, sex, year), n in CELLS.items()}) as server,
        pytest.raises(SourceError, match="EXTRACT-NOTFOUND"),
    ):
        fetched(server)


def test_signs_are_suppressed_cells_and_zeros_are_zeros():
    """A sign instead of a number is suppressed; a sex that BULK leaves out is 0, and the total
    still adds up.
    """
    cells = CELLS | {
        ("SUM", "TOT", "2000"): "..",
        ("SUM", "M", "2001"): 0,
        ("SUM", "TOT", "2001"): persons(2001, "K"),
        ("SUM", "K", "2002"): ".",
    }
    with StatBank(cells) as server:
        found = dict(fetched(server)[0])
    assert (found[2000], found[2001], found[2002]) == (
        None,
        persons(2001, "K"),
        persons(2002, "TOT"),
    )


HEAD = b"HOMR;KOEN;TID;INDHOLD\n"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        HEAD + b"SUM;TOT;2020;7,5\n",
        HEAD + b"SUM;TOT;2020;-7\n",
        HEAD + b"1;TOT;2020;7\n",
        HEAD + b"SUM;M;2020;7\n",
        HEAD + b"SUM;TOT;2020;7\nSUM;M;2020;3\n",
        HEAD + b"SUM;TOT;2020K1;7\n",
        HEAD + b"SUM;TOT;2020\n",
        HEAD + b"SUM;TOT;2020;7;1\n",
        b"KOEN;TID;INDHOLD\nTOT;2020;7\n",
        HEAD + b"\xff\n",
    ],
)
def test_anything_else_is_not_the_table(body):
    """A stored body that says something else is refused, not half read."""
    with pytest.raises(SourceError, match="not the totals"):
        statbank.read(body, DAY)


@pytest.mark.parametrize("url", ["api.statbank.dk", "ftp://x", "http://", "http://user:pass@x?y"])
def test_an_address_that_is_none(url):
    """The variable is named and its text, which may hold a password, is not repeated."""
    with pytest.raises(SourceError, match="COAUTH_STATBANK_URL is not an address") as refused:
        statbank.fetch(url=url)
    assert "pass" not in str(refused.value)
