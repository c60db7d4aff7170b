"""Values out of a broken text: whatever is wrong with one of them, its neighbours come out as they
were.
"""

import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coauth.openalex.split import WHOLE_BYTES, elements, inside, is_json, members, values

TEXT = st.text(max_size=12) | st.sampled_from(
    ['a "b" c', "}{", '},{"id":', "[[", "\\", '\\"', "\n{", "é", "☃", "\u2028", "x" * 700]
)
SCALAR = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.dictionaries(
    st.sampled_from(["doi", "title", "authorships", "topics", "n"]), VALUE, max_size=5
)
INDENT = st.sampled_from([None, 1, 2])


def work(number, fields):
    return {"id": f"https://openalex.org/W{number}"} | fields


def text_of(value, indent=None, margin=""):
    """As a writer of JSON would put it, the lines behind the first with a margin (which no string
    holds: newlines are escaped).
    """
    return json.dumps(value, indent=indent, ensure_ascii=False).replace("\n", "\n" + margin)


def chunked(text, size):
    return (text[at : at + size] for at in range(0, len(text), size))


def flat(stream, deep=3):
    """All values but containers, and what stands in those, works apart."""
    for value in stream:
        opened = value
        if isinstance(value, bytes):
            leaf = deep < 0 or re.match(rb'\{\s*"_?id"', value)
            opened = None if leaf else inside(value)
        if opened:
            yield from flat((v for _, v in opened), deep - 1)
        else:
            yield value


SOUND = {  # brackets and quotes stay as they were
    "NaN": lambda t: t[:-1] + ', "n": NaN}',
    "Infinity": lambda t: t[:-1] + ', "n": -Infinity}',
    "half of a surrogate": lambda t: t[:-1] + ', "n": "\\ud83d"}',
    "escape that is none": lambda t: t[:-1] + ', "n": "\\q \\x41"}',
    "control character": lambda t: t[:-1] + ', "n": "a\x01b\tc"}',
    "end of line in a string": lambda t: t[:-1] + ', "n": "a\nb"}',
    "comma too many": lambda t: t[:-1] + ', "n": [1, 2,],}',
    "no comma": lambda t: t[:-1] + ', "n": 1 "m": 2}',
    "no value": lambda t: t[:-1] + ', "n": , "m": 2}',
    "word without quotes": lambda t: t[:-1] + ', "n": None, m: undefined}',
    "two quotes too many": lambda t: t[:-1] + ', "n": "the "best" of all"}',
}
TORN = {  # and here they do not
    "quote too many": lambda t: t[:-1] + ', "n": "5" wide"}',
    "quote missing": lambda t: t[:-1] + ', "n": "cut}',
    "bracket missing": lambda t: t[:-1] + ', "n": [1, 2}',
    "brackets missing": lambda t: t[:-1] + ', "n": {"a": [{"b": 1',
    "brace missing": lambda t: t[:-1],
    "brace too many": lambda t: t[:-1] + ', "n": {"a": 1}}, "m": 2}',
    "cut in a string": lambda t: t[: t.index("openalex.org/W") + 18],
    "cut in a key": lambda t: t[:-1] + ', "tit',
    "wrong bracket": lambda t: t[:-1] + ', "n": [1, 2}}',
}
DAMAGE = SOUND | TORN


@settings(max_examples=60, deadline=None)
@given(st.lists(VALUE, max_size=6), INDENT, st.integers(3, 60))
def test_any_list_comes_out_as_it_is(items, indent, size):
    """Sound values, byte for byte, however the text is cut into chunks."""
    parts = [text_of(v, indent, " ").encode() for v in items]
    text = b"[" + b",\n ".join(parts) + b"]"
    assert list(elements(text)) == parts
    assert [
        v
        for c in values(chunked(text, size))
        for _, v in (inside(c) if isinstance(c, bytes) else c)
    ] == parts


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.dictionaries(TEXT, VALUE, max_size=4), max_size=6),
    INDENT,
    st.integers(3, 60),
    st.sampled_from(["\n", ",\n", "\r\n", "\n\n \n", " ", "\x1e"]),
)
def test_values_one_after_another(items, indent, size, between):
    """Whether one a line or many lines each; with commas, blank lines or record separators between
    them.
    """
    parts = [text_of(v, indent).encode() for v in [{"begin": 1}, *items]]
    assert list(values(chunked(between.encode().join(parts), size))) == parts


@settings(max_examples=100, deadline=None)
@given(
    st.lists(FIELDS, min_size=2, max_size=6),
    st.data(),
    st.sampled_from(list(DAMAGE)),
    INDENT,
    st.sampled_from([7, 64, 10**6]),
    st.sampled_from(["list", "answer", "lines", "keyed"]),
)
def test_a_broken_work_costs_itself(fields, data, fault, indent, size, nest):
    """In a list, an answer, one a line or under ids: all other works come out byte for byte, and
    the broken one's bytes too.
    """
    indent = None if nest == "lines" else indent
    sound = [text_of(work(n, f), indent, "  ") for n, f in enumerate(fields)]
    at = data.draw(st.integers(0, len(sound) - 1))
    parts = [DAMAGE[fault](t) if n == at else t for n, t in enumerate(sound)]
    if nest == "lines":
        text = "\n".join(parts)
    elif nest == "keyed":
        text = "{" + ", ".join(f'"W{n}": {t}' for n, t in enumerate(parts)) + "}"
    else:
        text = "[" + ",\n  ".join(parts) + "]"
        text = text if nest == "list" else '{"meta": {"count": 3}, "results": ' + text + "}"
    held = (
        1 if nest in ("answer", "keyed") else WHOLE_BYTES
    )  # so that it is walked through, as a large one is
    found = list(flat(values(chunked(text.encode(), size), held)))
    others = [t.encode() for n, t in enumerate(sound) if n != at]
    assert [v for v in found if v in others] == others
    broken = next(
        v for v in found if v.startswith(b"{") and v not in others and b'"count"' not in v
    )
    assert broken.startswith(parts[at].encode()[:20])
    if fault in SOUND and nest != "lines":
        assert broken == parts[at].encode()
        assert len(found) == len(parts) + (nest == "answer")


@settings(max_examples=50, deadline=None)
@given(
    st.lists(FIELDS, min_size=3, max_size=6),
    st.data(),
    st.sampled_from(list(DAMAGE)),
    st.integers(3, 60),
)
def test_records_without_work_ids_are_told_apart_by_their_first_key(fields, data, fault, size):
    """As MongoDB writes them; learned from a sound one before."""
    sound = [text_of({"_id": {"$oid": "5f" * 12}, "number": n} | f) for n, f in enumerate(fields)]
    at = data.draw(st.integers(1, len(sound) - 1))
    damage = {**DAMAGE, "cut in a string": lambda t: t[:20]}
    text = "[" + ", ".join(damage[fault](t) if n == at else t for n, t in enumerate(sound)) + "]"
    found = list(flat(values(chunked(text.encode(), size))))
    others = [t.encode() for n, t in enumerate(sound) if n != at]
    assert [v for v in found if v in others] == others


@pytest.mark.parametrize("fault", DAMAGE)
def test_several_broken_works_in_a_row(fault):
    """Each costs itself."""
    sound = [
        text_of(work(n, {"title": "A", "authorships": [{"institutions": [{"id": "I1"}]}]}))
        for n in range(9)
    ]
    text = (
        "["
        + ",".join(DAMAGE[fault](t) if n in (2, 3, 4, 8) else t for n, t in enumerate(sound))
        + "]"
    )
    found = list(elements(text.encode()))
    assert [v for v in found if is_json(v) and v.decode() in sound] == [
        sound[n].encode() for n in (0, 1, 5, 6, 7)
    ]


@pytest.mark.parametrize("fault", DAMAGE)
def test_an_answer_whose_record_is_broken(fault):
    """What `members` gives: the meta as it is, and the results one by one."""
    sound = [text_of(work(n, {"title": "A"})) for n in range(4)]
    text = (
        '{"meta": {"count": 4}, "results": ['
        + ", ".join(DAMAGE[fault](t) if n == 1 else t for n, t in enumerate(sound))
        + "]}"
    )
    others, results = members(text.encode(), "results")
    assert others["meta"] == b'{"count": 4}'
    assert [r for r in results if r.decode() in sound] == [sound[n].encode() for n in (0, 2, 3)]
    assert sum(r.startswith(b'{"id"') for r in results) == 4


def test_works_inside_of_a_work_are_no_marks():
    """A sound record that holds other works is one record."""
    outer = text_of(
        work(1, {"cited": [work(n, {"title": "x" * 3000}) for n in range(200)]})
    ).encode()
    assert list(elements(b"[" + outer + b"," + outer + b"]")) == [outer, outer]
    assert list(values(chunked(outer + b"\n" + outer, 1000))) == [outer, outer]


def test_lines_that_are_nothing():
    """Each is one value; a work behind something else on its line comes out."""
    text = b'{"id": "W1"}\nnot json at all\n\xff\xfe\x00\n[1, 2\nnull\n7\n{"id": "W2"}\ndata: {"id": "W3"}\n{"id": "W4", "t'
    assert list(values([text])) == [
        b'{"id": "W1"}',
        b"not json at all",
        b"\xff\xfe\x00",
        b"[1, 2",
        b"null",
        b"7",
        b'{"id": "W2"}',
        b"data:",
        b'{"id": "W3"}',
        b'{"id": "W4", "t',
    ]


@pytest.mark.slow
def test_deep_nesting_ends():
    """Brackets without end are a value that is no JSON, or none; nothing recurses into them."""
    for text in (b"[" * 50_000, b'{"a":' * 50_000, b"[" * 50_000 + b"]" * 50_000):
        assert sum(len(v) for v in list(elements(b"[" + text + b"]"))) >= 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        b'["' + b"x" * 3_000_000,
        b"[" + b'"a",' * 100_000,
        b'[{"a": "' + b'\\"' * 1_500_000,
        b"[" + b"{" * 100_000,
        b"[" + b'{"id":"W1","t":"' * 1_000,
        b"[" + b"x" * 3_000_000,
    ],
    ids=["string", "strings", "escapes", "braces", "heads", "word"],
)
def test_time_grows_with_the_text_alone(text):
    """What is broken everywhere is not gone through again and again from each break to the end."""
    begin = time.process_time()
    for _ in flat(values(chunked(text, 1 << 18))):
        pass
    assert time.process_time() - begin < 20


def test_members_of_what_is_no_answer():
    """A list, or a text, has no members."""
    assert members(b"[1]", "results") == ({}, None)
    assert members(b"<html>", "results") == ({}, None)
    assert members(b'{"error": "x"}', "results") == ({"error": b'"x"'}, None)
    assert list(elements(b"nothing")) == []
