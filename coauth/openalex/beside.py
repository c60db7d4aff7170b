"""What stands beside a word of an author and is the author's too: initials, given names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import repeat

from coauth.openalex.letters import Letters
from coauth.openalex.lexicon import Lexicon, Word
from coauth.openalex.ordinary import (
    ABBREVIATIONS,
    DISTRICTS,
    EPONYMS,
    FORENAMES,
    ORDINARY,
    PLACES,
    STATE,
    STATES,
    STREET,
    TOWN,
)

_RUN = r"(?P<run>[A-Z](?:[.·\s-]{0,2}[A-Z]){0,4})"
_SUFFIX = r"(?:,?\s?(?:Jr|JR|Sr|SR|I{2,3}|IV)\b\.?|\s[23](?:nd|rd))"
_TRAILING = re.compile(
    rf"{_SUFFIX}?(?P<gap>\d{{0,2}}(?:[,.]?\s{{0,3}}|-|_)){_RUN}"
    r"(?![A-Za-z])(?!\d{1,2}[A-Z]? \d[A-Z]{2}\b)\.?(?![\w'’]| ?& ?[A-Z]\b|-\d)"
)
_LEADING = re.compile(rf"(?<![A-Za-z0-9&'’]){_RUN}(?P<gap>[.·]?(?:\s{{0,3}}|[-_']))$")
_INITIAL = re.compile(r"[A-Z][.·]?(?:\s{0,3}|[-_'])$")
_NAME = r"[A-Z][A-Za-z]+(?:['’-][A-Z]?[A-Za-z]+)?"
_GIVEN_BEFORE = re.compile(rf"(?<![A-Za-z'-])(?:({_NAME}) )?({_NAME}) (?:[A-Z]\.? ?)?$")
_GIVEN_AFTER = re.compile(rf"{_SUFFIX}?(,\s?|\s)({_NAME})((?:\s{_NAME})?)(?:\s[A-Z]\b\.?)*")
_LIST_BEFORE = re.compile(r"(?:^|[,;:(\[|]|\band|\bby|\bwith|\bof|\bto|\d)\s*$")
_LIST_AFTER = re.compile(rf"{_SUFFIX}?\s*(?:$|[,;)\]|]|and\b|\d|\.(?:\s|$))")


def initials(lexicon: Lexicon, text: Letters, word: Word, sure: bool) -> Iterator[tuple[int, int]]:
    """Where the author's initials stand before and after the word, the gap included."""
    small = text.cased[word.core].islower()
    if small and not sure and not text.one_case and word.word not in lexicon.alone:
        return  # a long field
    signs = text.upper if small else text.cased
    after = _TRAILING.match(signs, word.end)
    if after and _fits(lexicon, text, signs, word, after, sure):
        yield word.end, after.end()
    initial = _INITIAL.search(signs, max(0, word.start - 5), word.start)
    for start in range(max(0, word.start - 14), word.start) if initial else ():
        before = _LEADING.match(signs, start, word.start)
        if before and _fits(lexicon, text, signs, word, before, sure):
            yield start, word.start
            return


def given_names(
    lexicon: Lexicon, text: Letters, word: Word, sure: bool, before: bool, after: bool
) -> Iterator[tuple[int, int]]:
    """Where given names that the record does not spell stand `before` and `after` the word."""
    cased = text.cased
    if cased[word.core].islower() or (not sure and word.word in lexicon.houses):
        return
    if before and cased[word.start - 1 : word.start] == " ":
        names = _GIVEN_BEFORE.search(cased, max(0, word.start - 40), word.start)
        if names and (start := _first_given(lexicon, word.word, names, sure)) is not None:
            yield start, word.start
            return
    if after:
        names = _GIVEN_AFTER.match(cased, word.end)
        if names and _are_given(lexicon, cased, word, names):
            yield word.end, names.end()


def _first_given(lexicon: Lexicon, name: str, names: re.Match[str], sure: bool) -> int | None:
    """Where the first of one or two given names before a word begins; None where none is one."""
    first, second = (n and _is_given(lexicon, name, n, sure) for n in names.groups())
    if not (second or (first and _may_be_given(names[2]))):
        return None
    return names.start(1 if names[1] and _may_be_given(names[1]) else 2)


def _are_given(lexicon: Lexicon, cased: str, word: Word, names: re.Match[str]) -> bool:
    """Whether what stands after a surname are given names: "Li, Yang", or "Li Yang" in a list."""
    comma, first, second = names.groups()
    if not _is_given(lexicon, word.word, first, sure=False):
        return False
    if not (first.lower() in FORENAMES or _LIST_AFTER.match(cased, names.end())):
        return False
    if "," in comma:
        return not second or _may_be_given(second.strip())
    return not second and bool(_LIST_BEFORE.search(cased, max(0, word.start - 8), word.start))


def _may_be_given(name: str) -> bool:
    code = name.isupper() and len(name) < 4  # MA, NSW
    small = name.lower()
    return small in FORENAMES or not (code or small in ORDINARY or TOWN.search(f"{small} "))


def _is_given(lexicon: Lexicon, name: str, forename: str, sure: bool) -> bool:
    """Whether a word beside a surname is a given name: one of those that many people have, or one
    of which the record has the initial.
    """
    pair = (forename.lower(), name)
    if not _may_be_given(forename) or pair in PLACES or pair in EPONYMS:
        return False
    forename = pair[0]
    if (name, forename[0]) in lexicon.unspelled:
        return True
    single = name not in lexicon.initials  # the record has no other name of the person
    alike = lexicon.compatible(name, forename[0])
    if sure:
        return forename in FORENAMES or single or alike
    return alike and forename in FORENAMES and name in lexicon.surnames  # Alex Berg of Alexander


def _fits(
    lexicon: Lexicon, text: Letters, signs: str, word: Word, beside: re.Match[str], sure: bool
) -> bool:
    """Whether initials beside a word are the author's; a doubtful word takes better proof."""
    first = "".join(filter(str.isalpha, beside["run"])).lower()
    leading = beside.start() < word.start
    if first in ABBREVIATIONS and not (leading and first in lexicon.initials.get(word.word, ())):
        return False
    capitals = text.all_capitals or signs is text.upper
    listed = _is_listed(signs, word, beside)
    if not _are_initials(lexicon, word.word, beside, first, sure or listed, capitals):
        return False
    return sure or _is_proven(lexicon, signs, word, beside, first, listed)


def _are_initials(
    lexicon: Lexicon, name: str, beside: re.Match[str], first: str, likely: bool, capitals: bool
) -> bool:
    """Whether letters are initials that the author may have."""
    if not 1 < len(beside["run"]) == len(first):
        return lexicon.compatible(name, first)
    others = lexicon.initials.get(name, set())  # JQ: a short word as well?
    if any(map(str.startswith, others, repeat(first))) and (likely or not capitals):
        return True
    near = likely and not capitals and "," not in beside["gap"] and first not in STATES
    return near and len(first) == 2 and first[0] in "".join(others)


def _is_proven(
    lexicon: Lexicon, signs: str, word: Word, beside: re.Match[str], first: str, listed: bool
) -> bool:
    """Whether a word that may be no name is one, for the initials beside it."""
    name, leading = word.word, beside.start() < word.start
    if (name in ORDINARY and name not in lexicon.surnames) or (
        leading and STREET.match(signs, word.end)
    ):
        return False
    if not leading and _is_town(signs.lower(), word, beside, first):
        return False
    return "." in beside[0] or (
        listed and name not in DISTRICTS and not (leading and first in {"a", "i"})
    )


def _is_listed(signs: str, word: Word, beside: re.Match[str]) -> bool:
    """Whether a word and its initials stand between commas, as in a list of persons."""
    start, end = min(beside.start(), word.start), max(beside.end(), word.end)
    return bool(
        _LIST_BEFORE.search(signs, max(0, start - 8), start) and _LIST_AFTER.match(signs, end)
    )


def _is_town(plain: str, word: Word, beside: re.Match[str], first: str) -> bool:
    """Whether what looks like a surname and initials is a town and its state (Davis, C.A., USA)."""
    before = plain[max(0, word.start - 16) : word.start]
    if TOWN.search(before):
        return True
    opens = not before.rstrip() or before.rstrip()[-1] in ";([:|"
    return first in STATES and not opens and STATE.match(plain, beside.end()) is not None
