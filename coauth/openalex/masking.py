"""Free text of a work without its persons: their addresses, ids, and its own authors' names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from coauth.openalex.beside import given_names, initials
from coauth.openalex.cyrillic import ALPHABETS, is_cyrillic
from coauth.openalex.identifiers import Span, identifiers
from coauth.openalex.letters import Letters, composed, letters, odd_blanks
from coauth.openalex.lexicon import Lexicon, Word
from coauth.openalex.ordinary import EPONYMS, FORENAMES, HOUSE, ORDINARY, PLACES, STREET
from coauth.openalex.persons import read_name
from coauth.openalex.schema import ServedAuthorship
from coauth.openalex.search import GAP, MIDDLE, capital, find, unspaced

_PASSES = 5  # what was masked may lay bare what stood in its shadow, once or twice
_WORD = re.compile(r"[^\W\d_]+")
_ID = re.compile(r"@|\bat\b|\d{4}-\d{4}|\ba\d{4}")
_SIGN = re.compile(r"\w")
_GROUP = re.compile(r"['’]s? (?:research )?(?:lab|group|team)", re.I)


class Names:
    """Masks what identifies a person in the free text of one work.

    Masked are e-mail addresses, ORCIDs and other ids of persons, and the work's own authors: two
    parts of a name next to each other in either order, a part with the others' initials, and a
    surname alone, unless it is an ordinary word or place or also belongs to an institution of the
    work (Lund, Bohr). All are looked for in the text's plain letters, at once, so that a
    3,000-author work stays linear in its text.
    """

    def __init__(self, authorships: Iterable[ServedAuthorship]) -> None:
        authorships = list(authorships)
        self._lexicon = Lexicon({read_name(name) for a in authorships for name in _names(a)})
        houses = {i.display_name for a in authorships for i in a.institutions or () if i}
        self._lexicon.spare({word for name in houses if name for word in self._places(name)})

    def mask(self, text: str | None) -> str | None:
        """The text, with `[name]`, `[e-mail]`, `[orcid]` and `[author]` where they stood."""
        if not text:
            return text
        if not text.isascii():
            text = composed(text)
        for _ in range(_PASSES):
            common = letters(text)
            spans = identifiers(common)
            parts = _placed(common, spans + self._persons(common, spans))
            if not text.isascii() or "&" in text:
                for reading in _other_readings(text):
                    parts += _placed(reading, self._persons(reading, []))
            if not parts:
                break
            text = _cover(text, parts)
        return text

    def touch(self, *labels: str | None) -> bool:
        """Whether texts have a word of the authors' or a sign that ids and e-mails are made with:
        said at once of texts that were met before.
        """
        words = _label_words(labels)
        return "@" in words or not words.isdisjoint(self._lexicon.words)

    def _places(self, institution: str) -> Iterator[str]:
        """Words of authors that an institution's name has beside the authors' names."""
        text = letters(institution)
        words = find(self._lexicon, text, text.plain)
        if words:
            persons = self._full_names(text, words)
            yield from (word.word for i, word in enumerate(words) if i not in persons)

    def _persons(self, text: Letters, masked: list[Span]) -> list[Span]:
        plain = text.plain
        for start, end, _ in masked:
            plain = f"{plain[:start]}{'|' * (end - start)}{plain[end:]}"
        words = find(self._lexicon, text, plain)
        if not words:
            return []
        full = self._full_names(text, words)
        spans = {(words[i].start, words[i + 1].end) for i in full if i + 1 in full}
        for i, word in enumerate(words):
            sure = i in full or self._stands_alone(text, word)
            around = list(initials(self._lexicon, text, word, sure))
            around += given_names(
                self._lexicon,
                text,
                word,
                sure or bool(around),
                i - 1 not in full,
                i + 1 not in full,
            )
            if sure or around:
                spans.add((word.start, word.end))
                spans.update(around)
        spans.update(
            (first.start, second.end)
            for first, second in pairwise(words)
            if self._around_a_middle_name(text, first, second)
        )
        return [(start, end, "name") for start, end in sorted(spans)]

    def _full_names(self, text: Letters, words: list[Word]) -> set[int]:
        """Which words stand next to another of the same author."""
        full: set[int] = set()
        for i, (first, second) in enumerate(pairwise(words)):
            if self._lexicon.paired(first.word, second.word) and self._next_to(text, first, second):
                full |= {i, i + 1}
        return full

    def _next_to(self, text: Letters, first: Word, second: Word) -> bool:
        gap = text.plain[first.end : second.start]
        pair = (first.word, second.word)
        if (
            not GAP.fullmatch(gap)
            or pair in PLACES
            or (gap in {"'", "’"} and len(first.word) > 1 < len(second.word))
            or _is_eponym(text, first.word, second)
        ):
            return False
        if first.word in self._lexicon.alone or second.word in self._lexicon.alone:
            return True
        doubtful = all(word in ORDINARY or len(word) < 4 for word in pair)
        return not doubtful or (capital(text, first) and capital(text, second))

    def _stands_alone(self, text: Letters, word: Word) -> bool:
        if word.word in self._lexicon.alone:
            if STREET.match(text.plain, word.end) and not unspaced(word.word):
                return False
            before = text.cased[max(0, word.core - 1) : word.core]
            return capital(text, word) or before.isalpha() or before in {"~", "/", "@", "_", "."}
        if word.start < word.core and not text.all_capitals:  # De Santos, but not: de Santos
            return capital(text, word) and capital(text, word._replace(core=word.start))
        return (
            word.word in self._lexicon.surnames
            and capital(text, word)
            and _GROUP.match(text.plain, word.end) is not None
        )

    def _around_a_middle_name(self, text: Letters, first: Word, second: Word) -> bool:
        """Whether two words of an author stand around middle names that the record lacks."""
        if not (
            self._lexicon.paired(first.word, second.word)
            and capital(text, first)
            and capital(text, second)
        ):
            return False
        middle = MIDDLE.fullmatch(text.cased, first.end, second.start)
        if not middle or ("," in middle[0] and first.word in ORDINARY):
            return False
        if not any(map(str.islower, middle[0])) and "." in middle[0]:
            return True
        names = [name.lower() for name in re.findall(r"[^\W\d_]+", middle[0])]
        return all(_may_be_given(name) for name in names) and not any(
            _is_eponym(text, name, second) for name in (first.word, names[-1])
        )


def _may_be_given(name: str) -> bool:
    return len(name) == 1 or name in FORENAMES or (len(name) > 3 and name not in ORDINARY)


@lru_cache(maxsize=1 << 14)
def _label_words(labels: tuple[str | None, ...]) -> frozenset[str]:
    """The words of texts in plain letters, with a @ where they may hold an e-mail or id."""
    plain = letters("\n".join(filter(None, labels))).plain
    return frozenset((*_WORD.findall(plain), *("@" if _ID.search(plain) else ())))


def _is_eponym(text: Letters, first: str, second: Word) -> bool:
    """Whether a name is an institution's: Niels Bohr Institute."""
    return (first, second.word) in EPONYMS and HOUSE.match(text.cased, second.end) is not None


def _other_readings(text: str) -> Iterator[Letters]:
    """The text as it is read otherwise: with odd blanks within words, in other transliterations."""
    if odd_blanks(text):  # between words they are blanks, within a word nothing
        yield letters(text, blank="")
    if is_cyrillic(text):
        for alphabet in ALPHABETS[1:]:
            yield letters(text, alphabet=alphabet)


def _placed(text: Letters, spans: list[Span]) -> list[Span]:
    """Spans of plain letters as spans of the text."""
    return [(text.starts[start], text.ends[end - 1], kind) for start, end, kind in spans]


def _cover(text: str, parts: list[Span]) -> str:
    """The text with each part replaced by its kind, neighbours of one kind by one."""
    pieces: list[str] = []
    end, last = 0, ""
    for start, stop, kind in sorted(parts):
        if stop <= end:
            continue
        gap = text[end:start]
        if kind != last or len(gap) > 3 or _SIGN.search(gap):
            pieces += (gap, f"[{kind}]")
        end, last = stop, kind
    return "".join([*pieces, text[end:]])


def _names(authorship: ServedAuthorship) -> Iterator[str]:
    for name in (authorship.author and authorship.author.display_name, authorship.raw_author_name):
        if name:
            yield name
