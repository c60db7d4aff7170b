"""Thirty thousand ways to write a real record wrongly: no traceback, no work lost for a field that
it can do without.
"""

import datetime
import os
import re
from collections import Counter

import pytest
from iso3166 import countries_by_alpha2

from coauth import openalex
from coauth.sources.snapshot import shapes
from coauth.stages import works
from tests.support.mutations import GONE, drawn, encoded, losses

AS_OF = datetime.date(2026, 11, 20)
COUNT = int(os.environ.get("COAUTH_MUTATIONS", "1500"))


@pytest.fixture(scope="module")
def mutated(real_records):
    return drawn(real_records, COUNT, 1)


@pytest.fixture(scope="module")
def wide(asked):
    """A scope that takes in most of the real records."""
    return asked.scope.model_copy(
        update={"countries": ("DK", "SE", "NO", "FI", "IS", "US", "GB"), "first_year": 1980}
    )


@pytest.fixture(scope="module")
def kept(mutated):
    return [openalex.keep(text) for text, _ in mutated]


def read(kept, scope):
    page = openalex.Page(request="mutated", served_sha256=[], works=kept)
    return works.read(openalex.records(openalex.pack(page), "mutated"), scope, AS_OF)


@pytest.fixture(scope="module")
def written(kept, wide):
    """The tables of the mutated records, and the account of them."""
    return read(kept, wide)


def test_a_record_is_one_however_it_is_written(mutated):
    """A work whose id stands twice in a list is no table of two."""
    text = b"\n".join(record for record, _ in mutated)
    assert sum(1 for _ in shapes.records([text])) == len(mutated)


def test_every_loss_has_its_true_reason(mutated, written, wide):
    """The works kept and left out by reason are those of an oracle that reads plain records, and
    shares no code with coauth.
    """
    _, lost = written
    dropped = Counter()
    for reason, count in lost.dropped.items():
        dropped[reason.partition(":")[0]] += count
    expected = losses([meaning for _, meaning in mutated], wide, AS_OF.year)
    assert {"records": lost.records, "works": lost.works, "dropped": dict(dropped)} == expected
    assert lost.works > COUNT / 3


def test_what_is_read_is_what_was_meant(mutated, written, wide):
    """Every table of the mutated records is the table of the plain records that they mean."""
    meant, _ = read(
        [openalex.keep(encoded(meaning)) for _, meaning in mutated if meaning is not None], wide
    )
    for name, table in written[0]._asdict().items():
        assert table.equals(getattr(meant, name)), name


def test_no_institution_and_no_country_that_is_none(written):
    """Whatever stood in their places, ids of institutions and codes of countries are such."""
    batch, _ = written
    assert all(
        re.fullmatch(r"I[1-9]\d*", i) for i in batch.authorships["institution_id"].to_pylist()
    )
    codes = set(batch.countries["country_code"].to_pylist()) | {
        c for c in batch.institutions["country_code"].to_pylist() if c
    }
    assert codes <= set(countries_by_alpha2)


def test_a_changed_field_is_noted(mutated, kept):
    """A record that did not fit as it was written says what was done about it."""
    texts = [text for text, _ in mutated]
    silent = [
        t for t, w in zip(texts, kept, strict=True) if not w.noted and not w.damage and not fits(t)
    ]
    assert not [
        text[:300] for text in silent if b"NaN" not in text
    ]  # NaN may stand in a field that is not read


def fits(text):
    import msgspec

    from coauth.openalex.schema import ServedWork

    try:
        msgspec.json.decode(text, type=ServedWork)
    except msgspec.DecodeError:
        return False
    return True


def test_the_oracle_notices_a_lost_work(mutated, wide):
    """A work taken out of the records changes the account."""
    meanings = [meaning for _, meaning in mutated]
    assert losses(meanings[1:], wide, AS_OF.year) != losses(meanings, wide, AS_OF.year)
    assert GONE is not None
