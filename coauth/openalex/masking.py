"""Free text of a work without its persons: their addresses, ids, and its own authors' names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise, repeat
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from coauth.openalex.identifiers import Span, identifiers
from coauth.openalex.letters import Letters, letters, odd_blanks
from coauth.openalex.ordinary import (
    ABBREVIATIONS,
    DISTRICTS,
    EPONYMS,
    HOUSE,
    ORDINARY,
    PARTICLES,
    PLACES,
    STREET,
    WHOLE,
)
from coauth.openalex.persons import UNSPACED, Reading, names_alone, read_name
from coauth.openalex.schema import ServedAuthorship

_NFA = Implementation.ContiguousNFA  # built in half the time of the default, for each work
_PASSES = 5  # what was masked may lay bare what stood in its shadow, once or twice
_LETTER = re.compile(r"[^\W\d_]")
_SIGN = re.compile(r"\w")
_AFTER = re.compile(
    r"(?<=[a-z])(?=[A-Z])|(?=iD)|[a-z](?![A-Za-z])|(?<=[A-Z])S(?![A-Za-z])"
    r"|(?=(?i:(?:id)?(?:universi|institut|depart|faculty|school|hospital|cent(?:er|re)|laborat"
    r"|college|academy|division|view|e-?mail|orcid|search|correspond|author|contact|pubmed|google"
    r"|scopus|professor|lab|group|team)))"
)
"""What may be glued to a name's end: a capital, a footnote's letter, a page's furniture."""
_BEFORE = re.compile(
    r"(?:[a-z]{3}|(?<![A-Za-z])[a-z]|iD|ID|The|By|And|Mrs?|Ms|Dr|Prof)(?=[A-Z])"
    r"|(?i:author|e-?mail|orcid|professor|view|contact|doctor)"
)
_RUN = r"(?P<run>[A-Z](?:[.·\s-]{0,2}[A-Z]){0,4})"
_TRAILING = re.compile(
    rf"(?P<gap>\d{{0,2}}(?:[,.]?\s{{0,3}}|-|_)){_RUN}(?![A-Za-z])\.?(?![\w'’]| ?& ?[A-Z]\b|-\d)"
)
_LEADING = re.compile(rf"(?<![A-Za-z0-9&'’]){_RUN}(?P<gap>[.·]?(?:\s{{0,3}}|[-_']))$")
_INITIAL = re.compile(r"[A-Z][.·]?(?:\s{0,3}|[-_'])$")
_GIVEN = re.compile(r"(?<![A-Za-z'-])([A-Z][a-z]{2,}) $")
_GLUED = re.compile(r"(?:(?<![A-Za-z])[a-z]|(?<![A-Z])[A-Z]{1,3}|(?<![A-Za-z])[a-z]{1,2})$")
_GAP = re.compile(r"[^\w]{0,3}|[^\w]{0,2}[a-z]['’]|_|[^\w]{0,2}\d{1,2}[^\w]{1,2}")
_MIDDLE = re.compile(
    r",?\s{0,3}\(?(?:[A-Z][.·]?[\s-]?){1,3}\)?\s{0,3}|\s\W?(?P<word>[A-Z][A-Za-z'-]+)\W?\s"
)
_LIST_BEFORE = re.compile(r"(?:^|[,;:(\[|]|\band|\bby|\bwith|\bof|\bto|\d)\s*$")
_LIST_AFTER = re.compile(r"\s*(?:$|[,;)\]|]|and\b|\d|\.(?:\s|$))")
_GROUP = re.compile(r"['’]s? (?:research )?(?:lab|group|team)", re.I)


class _Word(NamedTuple):
    """A part of an author's name where it stands in a text."""

    start: int
    end: int
    word: str


class Names:
    """Masks what identifies a person in the free text of one work.

    Masked are e-mail addresses, ORCIDs and other ids of persons, and the work's own authors: two
    parts of a name next to each other in either order, a part with the others' initials, and a
    surname alone, unless it is an ordinary word or place or also belongs to an institution of the
    work (Lund, Bohr). All are looked for in the text's plain letters, at once, so that a
    3,000-author work stays linear in its text.
    """

    def __init__(self, authorships: Iterable[ServedAuthorship]) -> None:
        institutions: set[str] = set()
        readings: set[Reading] = set()
        for authorship in authorships:
            readings.update(map(read_name, _names(authorship)))
            institutions.update(
                i.display_name for i in authorship.institutions or () if i and i.display_name
            )
        words = set(chain.from_iterable(r.words for r in readings))
        self._surnames = set(chain.from_iterable(r.surnames for r in readings))
        self._pairs = set(chain.from_iterable(r.pairs for r in readings))
        self._unspelled = set(chain.from_iterable(r.unspelled for r in readings))
        self._initials: dict[str, set[str]] = {}
        for word, initials in chain.from_iterable(r.initials for r in readings):
            self._initials.setdefault(word, set()).add(initials)
        self._words = list(words)
        self._search = (
            AhoCorasick(self._words, implementation=_NFA).find_matches_as_indexes if words else None
        )
        self._alone = set(filter(names_alone, self._surnames))
        self._houses = {word for name in institutions for word in self._places(name)}
        self._alone -= self._houses

    def mask(self, text: str | None) -> str | None:
        """The text, with `[name]`, `[e-mail]`, `[orcid]` and `[author]` where they stood."""
        if not text:
            return text
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)
        for _ in range(_PASSES):
            common = letters(text)
            spans = identifiers(common)
            spans = spans + self._persons(common, spans)
            parts = [
                (common.starts[start], common.ends[end - 1], kind) for start, end, kind in spans
            ]
            if odd_blanks(text):  # between words they are blanks, within a word nothing
                close = letters(text, blank="")
                parts += [
                    (close.starts[start], close.ends[end - 1], kind)
                    for start, end, kind in self._persons(close, [])
                ]
            if not parts:
                break
            text = _cover(text, parts)
        return text

    def _places(self, institution: str) -> Iterator[str]:
        """Words of authors that an institution's name has beside the authors' names."""
        text = letters(institution)
        words = self._find(text, text.plain)
        if words:
            persons = [words[i] for i in self._full_names(text, words)]
            yield from (word.word for word in words if word not in persons)

    def _persons(self, text: Letters, masked: list[Span]) -> list[Span]:
        plain = text.plain
        for start, end, _ in masked:
            plain = f"{plain[:start]}{'|' * (end - start)}{plain[end:]}"
        words = self._find(text, plain)
        if not words:
            return []
        full = self._full_names(text, words)
        spans = {(words[i].start, words[i + 1].end) for i in full if i + 1 in full}
        for i, word in enumerate(words):
            sure = i in full or self._stands_alone(text, word)
            around = list(self._with_initials(text, word, sure=sure))
            if sure or around:
                spans.add((word.start, word.end))
                spans.update(around)
            if i + 1 < len(words) and (middle := self._middle(text, word, words[i + 1])):
                spans.add(middle)
        return [(start, end, "name") for start, end in sorted(spans)]

    def _find(self, text: Letters, plain: str) -> list[_Word]:
        """The authors' words, as words or glued to what is no word's part; none within another."""
        if self._search is None or not (matches := self._search(plain, overlapping=True)):
            return []
        hits = sorted(
            (_Word(start, end, self._words[i]) for i, start, end in matches),
            key=lambda w: (w.start, -w.end),
        )
        begins: dict[int, list[str]] = {}
        for word in hits:
            begins.setdefault(word.start, []).append(word.word)
        whole = [m.span() for m in WHOLE.finditer(plain)]
        words: list[_Word] = []
        for word in hits:
            if words and word.start < words[-1].end:
                continue
            if any(start <= word.start and word.end <= end for start, end in whole):
                continue
            before = words[-1].word if words and words[-1].end == word.start else None
            glued = before is not None and self._paired(before, word.word)
            if (glued or self._begins(text, word)) and (
                self._ends(text, word)
                or any(self._paired(word.word, after) for after in begins.get(word.end, ()))
                or (bool(words) and self._continues(text, words[-1], word))
            ):
                words.append(word)
        return words

    def _continues(self, text: Letters, first: _Word, second: _Word) -> bool:
        """Whether a surname follows its given name: what is glued to it is no part of it."""
        if (
            second.word not in self._alone
            or len(second.word) < 5
            or not self._paired(first.word, second.word)
        ):
            return False
        gap = (text.cased, first.end, second.start)
        return any(pattern.fullmatch(*gap) for pattern in (_GAP, _MIDDLE))

    def _paired(self, first: str, second: str) -> bool:
        return (first, second) in self._pairs or (second, first) in self._pairs

    def _begins(self, text: Letters, word: _Word) -> bool:
        cased, start = text.cased, word.start
        if (
            start == 0
            or not _LETTER.match(cased[start - 1])
            or (word.word.isascii() and not cased[start - 1].isascii())
        ):
            return True
        if not word.word.isascii():
            return word.word in self._alone and _unspaced(word.word)
        if len(word.word) < 4:
            return False
        if any(m.end() == start for m in _BEFORE.finditer(cased, max(0, start - 12), start + 1)):
            return True
        glued = _GLUED.search(cased, max(0, start - 4), start)
        return bool(glued and self._compatible(word.word, glued[0].lower()))

    def _ends(self, text: Letters, word: _Word) -> bool:
        cased, end = text.cased, word.end
        if (
            end == len(cased)
            or not _LETTER.match(cased[end])
            or (word.word.isascii() and not cased[end].isascii())
        ):
            return True
        if not word.word.isascii():
            return word.word in self._alone and _unspaced(word.word)
        return len(word.word) > 3 and _AFTER.match(cased, end) is not None

    def _full_names(self, text: Letters, words: list[_Word]) -> set[int]:
        """Which words stand next to another of the same author."""
        full: set[int] = set()
        for i, (first, second) in enumerate(pairwise(words)):
            if self._paired(first.word, second.word) and self._next_to(text, first, second):
                full |= {i, i + 1}
        for i, j in self._around_particles(text, words):
            full |= {*range(i, j + 1)}
        return full

    def _around_particles(self, text: Letters, words: list[_Word]) -> Iterator[tuple[int, int]]:
        """Which words are the author's with nothing but particles between them: Jan van der Berg."""
        for i, first in enumerate(words):
            j = i + 1
            while (
                j < len(words)
                and words[j].word in PARTICLES
                and _GAP.fullmatch(text.plain, words[j - 1].end, words[j].start)
            ):
                j += 1
            if (
                i + 1 < j < len(words)
                and first.word not in PARTICLES
                and self._paired(first.word, words[j].word)
                and _GAP.fullmatch(text.plain, words[j - 1].end, words[j].start)
                and _capital(text, first)
                and _capital(text, words[j])
            ):
                yield i, j

    def _next_to(self, text: Letters, first: _Word, second: _Word) -> bool:
        gap = text.plain[first.end : second.start]
        pair = (first.word, second.word)
        if (
            not _GAP.fullmatch(gap)
            or pair in PLACES
            or (gap in {"'", "’"} and len(first.word) > 1 < len(second.word))
        ):
            return False
        if pair in EPONYMS and HOUSE.match(text.cased, second.end):
            return False
        if first.word in self._alone or second.word in self._alone:
            return True
        doubtful = all(word in ORDINARY or len(word) < 4 for word in pair)
        return not doubtful or (_capital(text, first) and _capital(text, second))

    def _stands_alone(self, text: Letters, word: _Word) -> bool:
        if word.word in self._alone:
            if STREET.match(text.plain, word.end) and not _unspaced(word.word):
                return False
            before = text.cased[max(0, word.start - 1) : word.start]
            return _capital(text, word) or before.isalpha() or before in {"~", "/", "@", "_", "."}
        return (
            word.word in self._surnames
            and _capital(text, word)
            and _GROUP.match(text.plain, word.end) is not None
        )

    def _with_initials(self, text: Letters, word: _Word, sure: bool) -> Iterator[tuple[int, int]]:
        """Where the author's initials stand before and after the word, the gap included."""
        small = text.cased[word.start].islower()
        if small and not sure and not text.one_case and word.word not in self._alone:
            return  # a long field
        shown = text.upper if small else text.cased
        after = _TRAILING.match(shown, word.end)
        if after and self._fits(text, shown, word, after, sure):
            yield word.end, after.end()
        initial = _INITIAL.search(shown, max(0, word.start - 5), word.start)
        for start in range(max(0, word.start - 14), word.start) if initial else ():
            before = _LEADING.match(shown, start, word.start)
            if before and self._fits(text, shown, word, before, sure):
                yield start, word.start
                return
        given = _GIVEN.search(shown, max(0, word.start - 16), word.start)
        if given and self._spells(word.word, given[1].lower(), sure):
            yield given.start(), word.start

    def _fits(
        self, text: Letters, letters: str, word: _Word, beside: re.Match[str], sure: bool
    ) -> bool:
        """Whether initials beside a word are the author's; a doubtful word takes better proof."""
        run, name, leading = beside["run"], word.word, beside.start() < word.start
        first = "".join(filter(str.isalpha, run)).lower()
        capitals = text.all_capitals or letters is text.upper
        others = self._initials.get(name, set())
        if first in ABBREVIATIONS and not (leading and first in others):
            return False
        if 1 < len(run) == len(first):  # JQ: a short word as well?
            prefix = any(map(str.startswith, others, repeat(first))) and (sure or not capitals)
            near = sure and not capitals and "," not in beside["gap"]
            fits = prefix or (near and len(first) == 2 and first[0] in "".join(others))
        else:
            fits = self._compatible(name, first)
        if sure or not fits:
            return fits
        if name in ORDINARY and name not in self._surnames:
            return False
        if leading and STREET.match(letters, word.end):
            return False
        if "." in beside[0]:
            return True
        start, end = (beside.start(), word.end) if leading else (word.start, beside.end())
        listed = _LIST_BEFORE.search(letters, max(0, start - 8), start) and _LIST_AFTER.match(
            letters, end
        )
        return bool(listed) and name not in DISTRICTS and not (leading and first in {"a", "i"})

    def _spells(self, name: str, forename: str, sure: bool) -> bool:
        """Whether a word before a surname is a given name of which the record has the initial."""
        if sure:
            likely = self._compatible(name, forename[0])
        else:
            likely = (name, forename[0]) in self._unspelled and name not in self._houses
        return likely and forename not in ORDINARY and (forename, name) not in PLACES

    def _compatible(self, word: str, first: str) -> bool:
        """Whether initials are the author's, middle ones that the record does not give included."""
        others = self._initials.get(word, ())
        return any(
            first in other
            if len(first) == 1
            else other.startswith(first) or first.startswith(other)
            for other in others
        )

    def _middle(self, text: Letters, first: _Word, second: _Word) -> tuple[int, int] | None:
        """A name around a middle name or initial that the record does not give."""
        if not self._paired(first.word, second.word) or not (
            _capital(text, first) and _capital(text, second)
        ):
            return None
        middle = _MIDDLE.fullmatch(text.cased, first.end, second.start)
        if not middle or ("," in middle[0] and first.word in ORDINARY):
            return None
        word = middle["word"] or ("" if "." in middle[0] else re.sub(r"[\s,()-]", "", middle[0]))
        if len(word) > 1 and (len(word) < 4 or word.lower() in ORDINARY):
            return None
        return first.start, second.end


def _capital(text: Letters, word: _Word) -> bool:
    """Whether the word is written as names are, as far as the text has capitals."""
    return not text.cased[word.start].islower() or text.one_case


def _unspaced(word: str) -> bool:
    return not word.isascii() and UNSPACED.search(word) is not None


def _cover(text: str, parts: list[tuple[int, int, str]]) -> str:
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
