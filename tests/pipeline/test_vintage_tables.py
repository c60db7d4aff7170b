"""The tables of a vintage are read when they are asked for, and once."""

import pickle

import pytest

from coauth.errors import NotFound
from coauth.pipeline.vintage_tables import VintageTables
from coauth.storage import Cache, Vintage
from coauth.tables.schemas import ALL, EDGES, REVISIONS
from tests.support.vintages import BUILD, entries


@pytest.fixture
def vintage(tmp_path, monkeypatch):
    """Tables without rows; `.asked` are the names of those that were read."""
    made = Cache(tmp_path).create("v", **entries("2026-01-05"))
    with made.shelf() as shelf:
        for contract in ALL.values():
            shelf.write(contract, contract.empty(), synthetic=False)
    made.record(build=BUILD)
    made.asked = []
    monkeypatch.setattr(
        Vintage, "read", lambda v, name, **_: [made.asked.append(name), ALL[name].empty()][1]
    )
    return made


def test_a_table_is_read_when_it_is_asked_for_and_once(vintage):
    tables = VintageTables(vintage)
    assert (len(tables), list(tables), "edges" in tables) == (len(ALL), list(ALL), True)
    assert vintage.asked == []
    assert tables["edges"] is tables["edges"]
    assert tables.get("profiles") is None
    assert vintage.asked == ["edges"]


def test_a_table_stands_in_for_the_one_that_was_built(vintage):
    mine = REVISIONS.empty()
    tables = VintageTables(vintage, {"revisions": mine, "profiles": mine})
    assert dict(tables).keys() == {*ALL, "profiles"}
    assert tables["revisions"] is tables["profiles"] is mine
    assert "revisions" not in vintage.asked


def test_another_process_reads_for_itself(vintage):
    tables = VintageTables(vintage, {"edges": EDGES.empty()})
    _ = tables["works"]
    sent = pickle.loads(pickle.dumps(tables))
    assert sent["edges"].equals(EDGES.empty())
    assert sent["works"].equals(tables["works"])
    assert vintage.asked == ["works", "works"]


def test_nothing_built_is_said_at_once(tmp_path):
    made = Cache(tmp_path).create("v", **entries("2026-01-05"))
    with pytest.raises(NotFound, match="no tables yet; run `coauth build --vintage v`"):
        VintageTables(made)
