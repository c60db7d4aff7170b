"""Text of JSON -> its values, from a stream and with flat memory, whatever is broken in one of
them.

A value is found by its brackets and quotes alone, so that one which a strict reader refuses (NaN,
half of a surrogate, a bare control character, a trailing comma) comes out as its own bytes, for the
decoder to judge. Where brackets and quotes are broken too, the value ends where the next one
begins. That place is told by, in turn: an OpenAlex work's id at the head of an object, the first
key of the values before, and a line that begins as the line of this value did. A mark is not
trusted where values before hold it inside of them.

What is one value a line is cut at the ends of lines, which is as fast as to read lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec

WHOLE = 256 * 2**20
"""Bytes of one value: the most that is held in memory."""

WHOLE_BYTES = 8 * 2**20
"""Bytes up to which an object or a list is given whole; what is larger is given as a `Container`,
to be walked through."""

_CHUNK = 1 << 18
_LOOK = 1 << 20
"""Bytes read beyond a mark that stands inside of a value, before the value is taken for broken;
fewer after a broken one."""
_WINDOW = 1 << 14
_DEEPEST = 32
"""Containers in containers, at most; what is in the last is not taken apart."""

_NEAR = 1 << 14
"""Bytes in which the next value is looked for where nothing is known of how one begins."""

_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
# To the next bracket, over strings and lists of scalars. Without bracket in a thousand strings it
# ends before a string.
_BRACKET = re.compile(
    rb'[^"{}\[\]]*(?:(?:' + _STRING + rb'|\[[^"{}\[\]]*\])[^"{}\[\]]*){0,1000}(?:[{}\[\]]|(?="))',
    re.S,
)
_KEY = re.compile(rb"(" + _STRING + rb")\s*:\s*", re.S)
_BLANK_END = re.compile(rb"[\s,]*\Z")
_KEY_END = re.compile(rb"[\s,]*(?:" + _STRING + rb"\s*:)?\s*\Z", re.S)
_SCALAR = re.compile(rb"(?:" + _STRING + rb'|[^\s,:"{}\[\]]+)(?=\s*[,\]}]|\s*\Z)', re.S)
_WORD = re.compile(_STRING + rb'|:|[^,:"{}\[\]]+', re.S)
_BLANK = re.compile(rb"(?:[\s,\0\x1e]+|\xef\xbb\xbf|\xe2\x80[\xa8\xa9])*")
"""A file set behind another brings its own mark; some writers end lines with U+2028."""
_FIRST_KEY = re.compile(rb'\{\s*("[^"\\]{1,100}")\s*:')
_OPEN, _CLOSE, _BRACES = b"{[", b"}]", (ord("{"), ord("["))

WORK = re.compile(
    rb'(\{\s*"_?id"\s*:\s*"(?:https?:(?:\\?/){2}(?:api\.)?openalex\.org\\?/(?:works\\?/)?)?[Ww])\d+'
)
"""The head of an object that is an OpenAlex work. Some writers (pandas, PHP) escape every slash."""
_NEXT_KEY = re.compile(rb"\s*,?\s*" + _STRING + rb"\s*:(?!\s*" + WORK.pattern + rb")", re.S)
_KEYED = re.compile(
    rb'"(?:(?:https?:[\\/]+openalex\.org[\\/]+)?[Ww]\d+'
    rb'|(?:https?:[\\/]+(?:dx\.)?doi\.org[\\/]+)?10\.[^"]*)"\s*:\s*' + WORK.pattern
)

_name = msgspec.json.Decoder(str)
_document = msgspec.json.Decoder(msgspec.Raw)

Value: TypeAlias = "bytes | Container"


class TooLong(Exception):
    """One value is longer than `WHOLE`."""


def is_json(text: bytes) -> bool:
    """Whether a strict reader takes the text for one value."""
    try:
        _document.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def values(chunks: Iterable[bytes], limit: int = WHOLE_BYTES) -> Iterator[Value]:
    """The values of a stream in which one follows another, with or without commas and ends of lines
    between them.

    A list, and an object of more than `limit` bytes, is given as a `Container` unless it is a line.
    A line that begins no list or object is given as it is. Raises `TooLong`.

    >>> list(values([b'{"a": 1}\\n{"a": Na', b'N}\\n{"a": \\n7']))
    [b'{"a": 1}', b'{"a": NaN}', b'{"a":', b'7']
    """
    text = _Text(chunks)
    place = _Place(limit, top=True)
    while (begin := text.skip()) >= 0:
        if begin not in _BRACES:
            yield text.garbage()
        elif text.margin == b"" and (line := text.line(place)) is not None:
            yield line
        elif begin == _BRACES[1] and not place.lines:
            yield from _walked(Container(text, limit))
        else:
            value = text.value(place)
            yield from [value] if value is not None else _walked(Container(text, limit))


def inside(text: bytes) -> Container | None:
    """The list or object at the front of a text that is in memory; None where there is none."""
    whole = _Text([text])
    return Container(whole, WHOLE) if whole.skip() in _BRACES else None


def elements(text: bytes) -> Iterator[bytes]:
    """The elements of a list, or the values of an object, each as its own bytes.

    >>> list(elements(b'[{"id": "W1", "title": "cut", {"id": "W2"}, {"id": "W3", "n": NaN}]'))
    [b'{"id": "W1", "title": "cut"', b'{"id": "W2"}', b'{"id": "W3", "n": NaN}']
    """
    yield from _apart(inside(text) or ())


def _apart(container: Iterable[tuple[str | None, Value]]) -> Iterator[bytes]:
    """The values of a container; of one that is torn with works inside, these, and what else is
    left of it as one."""
    for _, value in container:
        if isinstance(value, bytes):
            yield value
            continue
        inner = list(_apart(value))
        yield from (v for v in inner if WORK.match(v))
        yield b" ".join(v for v in inner if not WORK.match(v))


def members(text: bytes, listed: str) -> tuple[dict[str, bytes], list[bytes] | None]:
    """Members of an object by key, but for the list under the key `listed`, which is given by
    elements (None without one).

    >>> members(b'{"meta": {"n": 2}, "results": [{"id": "W1", "n": NaN}, {"id": "W2"}]}', "results")
    ({'meta': b'{"n": 2}'}, [b'{"id": "W1", "n": NaN}', b'{"id": "W2"}'])
    """
    whole = _Text([text])
    others: dict[str, bytes] = {}
    if whole.skip() != _BRACES[0]:
        return others, None
    results: list[bytes] | None = None
    for key, value in Container(whole, WHOLE, deep=listed):
        if isinstance(value, bytes):
            others[key or ""] = value
        elif key == listed:
            results = list(_apart(value))
        else:
            others[key or ""] = value.rest()
    return others, results


class Container:
    """A list or an object in a stream: gives its members once, as they come, with their keys (None
    in a list)."""

    def __init__(self, text: _Text, limit: int, deep: str | None = None, depth: int = 0) -> None:
        self.is_list = text.buf[text.pos] == _BRACES[1]
        self._text, self._place, self._deep = (
            text,
            _Place(limit, top=False, is_list=self.is_list),
            deep,
        )
        self._depth = depth
        self._walk = self._members()

    def __iter__(self) -> Iterator[tuple[str | None, Value]]:
        return self._walk

    def columns_lie_ahead(self) -> bool:
        """Whether its first member is itself indexed from 0, or a list of ids: a table written
        column by column."""
        self._text.ahead(4096)
        return bool(_COLUMNS.match(self._text.buf, self._text.pos))

    def whole(self) -> bytes | None:
        """All of it, not walked through before; None where it is broken. Raises `TooLong`."""
        return self._text.value(_Place(WHOLE, top=True))

    def rest(self) -> bytes:
        """What is left of the text from here, for a container that nothing closes."""
        return self._text.rest()

    def _members(self) -> Iterator[tuple[str | None, Value]]:
        text, place = self._text, self._place
        text.take(1)
        while (begin := text.skip()) >= 0:
            if begin in _CLOSE:  # the other kind of bracket closes nothing here
                text.take(1)
                if (begin == _CLOSE[1]) == self.is_list:
                    return
                continue
            key = None if self.is_list else text.key()
            begin = text.skip()
            if begin not in _BRACES:
                yield key, text.scalar(place)
            elif (key is not None and key == self._deep) or (value := text.value(place)) is None:
                if self._depth >= _DEEPEST:
                    yield key, text.rest()
                else:
                    yield from (
                        (key, inner)
                        for inner in _walked(Container(text, place.limit, depth=self._depth + 1))
                    )
            else:
                yield key, value


_COLUMNS = re.compile(rb'\{\s*"(?!columns")[^"\\]*"\s*:\s*(?:\{\s*"(?:0|W\d+)"\s*:|\[\s*")')


def _walked(container: Container) -> Iterator[Container]:
    """The container, and what its reader left of it is passed over."""
    yield container
    for _ in container:
        pass


class _Place:
    """What is known of the values that stand side by side in one place."""

    def __init__(self, limit: int, top: bool, is_list: bool = False) -> None:
        self.limit, self.top, self.is_list = limit, top, is_list
        self.between = _BLANK_END if top or is_list else _KEY_END
        self.lines = False
        """Whether values were met that are one line each."""
        self.last = b""
        self.largest, self.look = 0, _LOOK

    def keep(self, value: bytes) -> None:
        self.last, self.look = value, _LOOK
        self.largest = max(self.largest, len(value))

    def marks(self, text: _Text, anywhere: bool = False) -> list[re.Pattern[bytes]]:
        """How the next value begins, as far as the one that `text` stands at begins in the same
        way, or any does."""
        marks = [WORK] if anywhere or WORK.match(text.buf, text.pos) else []
        if first := _FIRST_KEY.match(self.last):
            mark = re.compile(rb"\{\s*" + re.escape(first[1]) + rb"\s*:")
            if (anywhere or mark.match(text.buf, text.pos)) and not mark.search(self.last, 1):
                marks.append(mark)
        if text.margin is not None:
            mark = re.compile(rb"\n" + re.escape(text.margin) + rb"(?=[{\[])")
            if not mark.search(self.last):
                marks.append(mark)
        return marks


class _Text:
    """Bytes that come in chunks, read from the front. `pos` is what is next; what lies before it is
    let go."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.buf, self.pos, self.ended = b"", 0, False
        self.margin: bytes | None = b""
        """Blanks between the begin of the line and `pos`; None where something else stands
        there."""
        self._head = b"\n"

    def more(self, least: int = 1) -> bool:
        """Read at least so many bytes more, if there are as many."""
        pieces, size = [self.buf[self.pos :]], 0
        while size < least and not self.ended:
            chunk = next(self._chunks, None)
            if chunk is None:
                self.ended = True
            else:
                pieces.append(chunk)
                size += len(chunk)
        self.buf, self.pos = b"".join(pieces), 0
        return size > 0

    def ahead(self, size: int) -> None:
        """Have so many bytes in the buffer, if there are as many."""
        while len(self.buf) - self.pos < size and self.more(size):
            pass

    def take(self, size: int) -> None:
        self.pos += size
        self.margin = None

    def rest(self) -> bytes:
        while self.more(_CHUNK):
            if len(self.buf) > WHOLE:
                raise TooLong
        self.pos, rest = len(self.buf), self.buf[self.pos :]
        return rest

    def skip(self) -> int:
        """The next byte that is no blank or comma; -1 at the end."""
        while True:
            found = _BLANK.match(self.buf, self.pos)
            blank = found[0] if found else b""
            at = blank.rfind(b"\n")
            if at >= 0:
                self.margin = blank[at + 1 :]
            elif blank and self.margin is not None:
                self.margin = (self.margin + blank)[:1000]
            self.pos += len(blank)
            if self.pos < len(self.buf):
                return self.buf[self.pos]
            if not self.more():
                return -1

    def line(self, place: _Place) -> bytes | None:
        """The rest of the line where it is one value, sound or not; None where it has to be looked
        at closer."""
        end = self.buf.find(b"\n", self.pos)
        while end < 0 and len(self.buf) - self.pos < 4 * _CHUNK and self.more(_CHUNK):
            end = self.buf.find(b"\n", self.pos)
        if end < 0 and not self.ended:
            return None
        end = len(self.buf) if end < 0 else end
        line = self.buf[self.pos : end].rstrip(b" \t\r,")
        closed = line[-1] in _CLOSE
        if not (
            closed and line.startswith(self._head) and self.buf.startswith(self._head, end + 1)
        ):
            if end + 1 >= len(self.buf) and self.more():
                end = self.buf.find(b"\n")
                end = len(self.buf) if end < 0 else end
            follows = self.buf[end + 1 : end + 2]
            if not (closed and is_json(line)) and not (
                place.lines and follows and follows in _OPEN
            ):
                return None
            if head := WORK.match(line):
                self._head = head[1]
        place.lines = True
        place.largest = max(place.largest, len(line))
        self.pos = end
        return line

    def garbage(self) -> bytes:
        """A line that is no list or object, up to where a work begins in it."""
        end = self.buf.find(b"\n", self.pos)
        while (
            end < 0 and len(self.buf) - self.pos < WHOLE and self.more(len(self.buf) - self.pos + 1)
        ):
            end = self.buf.find(b"\n", self.pos)
        end = len(self.buf) if end < 0 else end
        if (work := WORK.search(self.buf, self.pos, end + 300)) and work.start() < end:
            end = min(
                at for at in (self.buf.find(b, self.pos, end) for b in (b"{", b"[")) if at >= 0
            )
        line = self.buf[self.pos : end].rstrip()
        self.take(end - self.pos)
        return line

    def key(self) -> str | None:
        """The key of the member that comes next, taken; None where there is none."""
        while not (found := _KEY.match(self.buf, self.pos)) and self.buf[self.pos] == ord('"'):
            if len(self.buf) - self.pos > _CHUNK or not self.more(_CHUNK):
                return None
        if not found:
            return None
        self.take(found.end() - self.pos)
        try:
            return _name.decode(found[1])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return found[1][1:-1].decode("utf-8", "replace")

    def scalar(self, place: _Place) -> bytes:
        """A string, number or word; what is none goes up to where the next value begins."""
        self.ahead(1024)
        while not (found := _SCALAR.match(self.buf, self.pos)) or found.end() == len(self.buf):
            if len(self.buf) - self.pos > (
                _LOOK if place.is_list and place.last else WHOLE
            ) or not self.more(len(self.buf) - self.pos):
                break
        end = found.end() if found else self._garbage_end(place)
        scalar = self.buf[self.pos : end].rstrip(b" \t\r\n,")
        self.take(end - self.pos)
        return scalar

    def _garbage_end(self, place: _Place) -> int:
        """Where the next value begins, after what is none; without one, where a word or the buffer
        ends."""
        known = place.is_list and place.last
        marks = place.marks(self, anywhere=True)
        far = len(self.buf) if known else self.pos + 1 + _NEAR
        if begins := [
            m.start() for mark in marks if (m := mark.search(self.buf, self.pos + 1, far))
        ]:
            return min(begins)
        if not known and (word := _WORD.match(self.buf, self.pos)):
            return word.end()
        tail = -1 if self.ended else self.buf.rfind(b"{", max(self.pos + 1, len(self.buf) - _NEAR))
        return tail if tail > 0 else len(self.buf)  # a value may begin at the end of what was read

    def value(self, place: _Place) -> bytes | None:
        """The list or object that is next; None where it is too large to be held, or is broken
        around other values."""
        self.ahead(256)  # the head by which it is known
        return self._work(place) or self._bracketed(place)

    def _bracketed(self, place: _Place) -> bytes | None:
        at = depth = 1
        given_up = 0  # bytes in which a mark was looked for
        window = _WINDOW
        while True:
            size = min(len(self.buf) - self.pos, window)
            at, depth = self._end(at, depth, self.pos + size)
            if depth == 0:
                beside = place.top or place.is_list
                if beside and self._goes_on(at) and is_json(self.buf[self.pos : self.pos + at]):
                    depth = 1  # a bracket too many closed it early
                    continue
                return self._closed(place, at)
            entire = size == len(self.buf) - self.pos
            look = place.look + 4 * place.largest
            looked = size > place.limit or size - given_up > look
            marks = place.marks(self) if looked else []
            given_up = size if looked else given_up
            far = self.pos + size - look
            passed = any(mark.search(self.buf, self.pos + 1, far) for mark in marks)
            if passed or (entire and self.ended):
                return self._broken(place, None)
            if size > WHOLE:
                raise TooLong
            if size > place.limit and not (marks and marks[0] is WORK):
                return None
            window *= 2
            if entire:
                self.more(size)

    def _closed(self, place: _Place, at: int) -> bytes | None:
        """What the brackets enclose, if it is sound."""
        value = self.buf[self.pos : self.pos + at]
        keyed = not (place.top or place.is_list)
        if not is_json(value) or (keyed and WORK.match(value) and _KEYED.search(value, 1)):
            return self._broken(place, at)  # keyed: a brace too few took the next works in
        place.keep(value)
        self.take(at)
        return value

    def _work(self, place: _Place) -> bytes | None:
        """A sound work with another behind it: found far faster than by its brackets."""
        if not (
            WORK.match(self.buf, self.pos) and (following := WORK.search(self.buf, self.pos + 1))
        ):
            return None
        between = place.between.search(
            self.buf, max(self.pos, following.start() - 300), following.start()
        )
        work = self.buf[self.pos : between.start() if between else following.start()]
        if not is_json(work):
            return None
        place.keep(work)
        self.take(len(work))
        return work

    def _end(self, at: int, depth: int, stop: int) -> tuple[int, int]:
        """How far brackets were followed from `pos + at` to `stop`, and at which depth; 0 where the
        value is closed."""
        buf, match, here = self.buf, _BRACKET.match, self.pos + at
        while found := match(buf, here, stop):
            end = found.end()
            if end == here:
                break
            here, last = end, buf[end - 1]
            if last in _OPEN:
                depth += 1
            elif last in _CLOSE:
                depth -= 1
                if depth == 0:
                    break
        return here - self.pos, depth

    def _goes_on(self, at: int) -> bool:
        """Whether a key follows the object that ends here, which then was closed too early."""
        if self.buf[self.pos] != _BRACES[0]:
            return False
        self.ahead(at + 2048)
        return bool(_NEXT_KEY.match(self.buf, self.pos + at))

    def _broken(self, place: _Place, closed: int | None) -> bytes | None:
        """A value that is no JSON, up to where its brackets close or the next value begins."""
        place.look = max(place.look // 2, _WINDOW)  # where one is torn others are
        size = len(self.buf) - self.pos if closed is None else closed
        marks = place.marks(self)
        begins = [
            m.start()
            for mark in marks
            if (m := mark.search(self.buf, self.pos + 1, self.pos + size))
        ]
        value = self.buf[self.pos : min(begins, default=self.pos + size)]
        line = value.partition(b"\n")[0].rstrip()
        if (
            self.margin == b""
            and place.top
            and line not in (b"{", b"[")
            and (begins or (closed is None and place.lines))
        ):
            value = line  # of what is one value a line, a line
        elif begins:
            between = place.between.search(value, max(0, len(value) - 300))
            value = value[: between.start()] if between else value
        elif not (marks and marks[0] is WORK) and (
            WORK.search(value) if closed is not None else not (place.last and len(marks) > 1)
        ):
            return None  # it holds values of its own, which are told apart better from inside
        self.take(len(value))
        return value
