"""The contracts: what may not travel between stages."""

import datetime
import itertools
import random
from typing import get_args

import pyarrow as pa
import pytest

from coauth.errors import TableError
from coauth.tables import schemas
from coauth.tables.contract import BOOL, DAY, FLOAT, INT, MARK, STRING, STRINGS
from coauth.tables.schemas import ALL, COVERAGE, EDGES, SHIFTS


def test_every_table_has_its_name_for_the_type_checker():
    """`profiles` is in public editions alone."""
    assert set(get_args(schemas.Name)) == {*ALL, "profiles"}


GOOD = {STRING: "a", INT: 1, FLOAT: 0.5, BOOL: True, DAY: datetime.date(2020, 1, 1), STRINGS: ["a"]}
WRONG = {STRING: {"a": 1}, INT: 1.5, FLOAT: "half", BOOL: "perhaps", DAY: "soon", STRINGS: "a"}
COLUMNS = [(t, c) for t in ALL.values() for c in t.columns]


def row(contract, **told):
    return {c.name: GOOD[c.type] for c in contract.columns} | told


def loose(contract, *rows, without=(), **types):
    """A table that no contract has looked at."""
    return pa.table(
        {
            c.name: pa.array([r[c.name] for r in rows], types.get(c.name))
            for c in contract.columns
            if c.name not in without
        }
    )


@pytest.mark.parametrize("contract", ALL.values(), ids=ALL)
def test_a_row_of_the_contract_passes_as_it_is(contract):
    """One good row, in any order of columns, comes out in the contract's schema; so does no row."""
    made = loose(contract, row(contract))
    checked = contract.check(made.select(made.column_names[::-1]))
    assert checked.schema.equals(contract.schema, check_metadata=True)
    assert contract.check(contract.empty()).num_rows == 0
    assert set(contract.key) <= {c.name for c in contract.columns}


@pytest.mark.parametrize(("contract", "column"), COLUMNS, ids=lambda v: v.name)
def test_each_column_is_held_to_its_contract(contract, column):
    """A column that is missing, doubled or of a type that cannot be cast, a null or NaN where none
    may be: each is named.
    """
    with pytest.raises(TableError, match=rf"{contract.name}: columns missing: {column.name}$"):
        contract.check(loose(contract, row(contract), without=[column.name]))
    with pytest.raises(TableError, match=contract.name):
        contract.check(loose(contract, row(contract, **{column.name: WRONG[column.type]})))
    if column.type == FLOAT:
        with pytest.raises(TableError, match=rf"{contract.name}\.{column.name}: NaN"):
            contract.check(loose(contract, row(contract, **{column.name: float("nan")})))
    empty = loose(contract, row(contract, **{column.name: None}), **{column.name: column.type})
    if column.null:
        assert contract.check(empty).num_rows == 1
    else:
        with pytest.raises(
            TableError, match=rf"{contract.name}\.{column.name}: 1 of 1 rows are null"
        ):
            contract.check(empty)


def test_an_unknown_column_is_refused():
    """What the contract does not describe does not travel."""
    with pytest.raises(TableError, match="columns unknown to its contract: colour"):
        EDGES.check(loose(EDGES, row(EDGES)).append_column("colour", pa.array(["red"])))


def test_a_column_twice_is_refused():
    """Two columns of one name are no table of the contract."""
    made = loose(EDGES, row(EDGES))
    with pytest.raises(TableError, match="edges: a column is there twice"):
        EDGES.check(made.append_column("year", made["year"]))


@pytest.mark.parametrize("contract", ALL.values(), ids=ALL)
def test_a_key_twice_is_refused_and_shown(contract):
    """Two rows with one key are refused, wherever they stand; a row that differs in any part of the
    key is another.
    """
    others = [
        row(contract, **{k: None})
        for k in contract.key
        if next(c for c in contract.columns if c.name == k).null
    ]
    twice = [row(contract), *others, row(contract)]
    types = {c.name: c.type for c in contract.columns}
    with pytest.raises(TableError, match="two rows share the key"):
        contract.check(loose(contract, *twice, **types))
    assert contract.check(loose(contract, *twice[:-1], **types)).num_rows == 1 + len(others)


def test_two_nulls_are_the_same_key():
    """Null is a value of a key: coverage of no publisher and no field is one row."""
    nobody = row(COVERAGE, publisher=None, field_id=None)
    with pytest.raises(TableError, match="'publisher': None"):
        COVERAGE.of([nobody, nobody])


def test_rows_are_sorted_by_key_with_nulls_last():
    """The order is total and does not depend on the order of arrival: by key, text by code point,
    null after everything.
    """
    names = ["Zebra", "apple", "Ørsted", None]
    wanted = [(y, p) for y in (2019, 2020) for p in names]
    given = [row(COVERAGE, year=y, publisher=p) for y, p in wanted]
    for order in itertools.islice(itertools.permutations(given), 0, 40_320, 4_001):
        made = COVERAGE.of(order)
        assert (
            list(zip(made["year"].to_pylist(), made["publisher"].to_pylist(), strict=True))
            == wanted
        )


def test_chunks_do_not_hide_a_repetition():
    """Rows that arrive in many chunks are one table: a key that comes again in another chunk is
    found.
    """
    rows = [row(EDGES, target=f"t{n}") for n in range(20)]
    random.Random(1).shuffle(rows)
    chunked = pa.concat_tables(loose(EDGES, r) for r in rows)
    assert EDGES.check(chunked)["target"].num_chunks == 1
    with pytest.raises(TableError, match="two rows share the key"):
        EDGES.check(pa.concat_tables([chunked, loose(EDGES, rows[7])]))


def test_a_count_is_an_integer_or_refused():
    """Whole floats become integers, a fraction is refused, an integer beyond a float's reach is not
    rounded.
    """
    assert EDGES.check(loose(EDGES, row(EDGES, works=3.0)))["works"].to_pylist() == [3]
    with pytest.raises(TableError, match="edges"):
        EDGES.check(loose(EDGES, row(EDGES, weight=2**53 + 1)))


def test_every_column_says_what_it_means():
    """The data dictionary names, types and explains every column of every table; probabilities and
    counts have a unit.
    """
    for contract in ALL.values():
        for said in contract.dictionary():
            assert said["column"]
            assert said["meaning"]
            assert not said["meaning"].endswith(".")
    assert len(SHIFTS.key) == 8


def test_the_synthetic_mark_is_found_in_one_title():
    """A single title of the synthetic world marks the whole table; null titles and other titles do
    not.
    """
    titles = pa.table({"title": pa.array([None, "A work"])})
    assert not schemas.is_synthetic(titles)
    assert not schemas.is_synthetic(titles.slice(0, 0))
    assert schemas.is_synthetic(pa.table({"title": ["A work", f"{MARK} A work"]}))
