"""A person's name, read: the words to look for, and which name the person alone or in pairs."""

from __future__ import annotations

import functools
import html
import itertools
import operator
import re
import unicodedata
from itertools import chain
from typing import NamedTuple

from anyascii import anyascii

from coauth.openalex.letters import INVISIBLE, LATIN
from coauth.openalex.ordinary import ORDINARY, PARTICLES

_SUFFIXES = frozenset(
    (
        "jr",
        "sr",
        "ii",
        "iii",
        "iv",
        "phd",
        "md",
        "dr",
        "prof",
        "msc",
        "bsc",
        "mph",
        "mr",
        "mrs",
        "ms",
        "frcp",
    )
)
_TWO_SPELLINGS = {
    "ø": ("o", "oe"),
    "ö": ("o", "oe"),
    "å": ("a", "aa"),
    "ä": ("a", "ae", "e"),
    "æ": ("ae", "a", "e"),
    "ü": ("u", "ue"),
    "oe": ("oe", "o"),
    "aa": ("aa", "a"),
    "ae": ("ae", "a"),
    "ue": ("ue", "u"),
}
_DOUBTFUL = re.compile("([øöåäæü]|oe|aa|ae|ue)")
UNSPACED = re.compile(r"[\u3005\u3041-\u30fa\u30fc-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_BETWEEN = re.compile(r"[\s\d.·・()\[\]{}\"*†‡/_|~;:&]+")
_WITHIN = re.compile(r"[-']+")
_MARKUP = re.compile(r"<[^<>]*>|\S*@\S*")
_STOPS = {
    code: anyascii(chr(code))
    for code in (*range(0x2000, 0x2070), 0x2212, 0xFF0C, 0xFF0D, 0xFF0E, 0xFE63)
}


class Reading(NamedTuple):
    """One spelling of a name on the record."""

    words: tuple[str, ...]
    """To look for: every part of two letters or more, in each spelling."""
    surnames: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    """Two parts that name the person next to each other, in either order."""
    initials: tuple[tuple[str, str], ...]
    """A part, and the initials of all others."""
    unspelled: tuple[tuple[str, str], ...]
    """A part, and an initial for which the record gives no name."""


@functools.lru_cache(maxsize=1 << 15)
def read_name(name: str) -> Reading:
    """The parts of a name as the record gives it.

    >>> reading = read_name("Mørk, Jane Q.")
    >>> sorted(reading.words), sorted(reading.surnames), ("mork", "jq") in reading.initials
    (['jane', 'moerk', 'mork'], ['moerk', 'mork'], True)
    """
    if not name.isascii() or "&" in name or "<" in name or "@" in name:
        name = _MARKUP.sub("", html.unescape(name)).translate(INVISIBLE).translate(_STOPS)
        name = unicodedata.normalize("NFC", name)
    before, _, after = name.partition(",")
    family, given = _words(before), _words(after)
    if not given:
        family, given = _surname_last(family)
    reading = _reading([_parts(word) for word in family], [_parts(word) for word in given])
    if "-" not in name and "'" not in name:
        return reading
    joined = _reading(
        [["".join(_parts(word))] for word in family], [["".join(_parts(word))] for word in given]
    )
    return Reading(*map(operator.add, reading, joined))  # Xiao-Ming is also written Xiaoming


def _words(text: str) -> list[str]:
    return [word for word in _BETWEEN.split(text) if word and word.lower() not in _SUFFIXES]


def _parts(word: str) -> list[str]:
    return [part for part in _WITHIN.split(word.lower()) if part]


def _surname_last(words: list[str]) -> tuple[list[str], list[str]]:
    """The surname's words where no comma says so: the last, or all before initials (Quellby JQ)."""
    end = len(words)
    while end > 1 and (
        len(words[end - 1]) == 1
        or (len(words[end - 1]) < 4 and words[end - 1].isupper() and not words[0].isupper())
    ):
        end -= 1
    return (words[:end], words[end:]) if end < len(words) else (words[-1:], words[:-1])


def _reading(family: list[list[str]], names: list[list[str]]) -> Reading:
    """What names the person, from the parts of the words of surname and given names."""
    surname = [part for word in family for part in word]
    parts = [part for word in names for part in word] + surname
    joined = "".join(parts)
    signs: frozenset[str] = frozenset()
    if UNSPACED.search(joined):
        signs = _unspaced([sign for part in parts for sign in UNSPACED.findall(part)])
        latin = [part for part in parts if not UNSPACED.search(part)]
        parts = latin or [anyascii(sign).lower() for part in parts for sign in part]
        surname = [part for part in surname if part in latin]
    spellings = [_spellings(part) for part in parts]
    firsts = [part.translate(LATIN)[:1] for part in parts]
    pairs: list[tuple[str, str]] = []
    initials: list[tuple[str, str]] = []
    words = list(signs)
    bare = [part for part in parts if len(part) == 1]
    for i, spelling in enumerate(spellings):
        others = "".join(firsts[:i] + firsts[i + 1 :])
        for first in spelling:
            if len(first) > 1:
                words.append(first)
                if others and first not in PARTICLES:
                    initials.append((first, others))
            for second in chain.from_iterable(spellings[i + 1 :]):
                if first not in PARTICLES or second not in PARTICLES:
                    pairs.append((first, second))  # noqa: PERF401 as quick, and plainer here
    surnames = [word for part in surname for word in _spellings(part) if word not in PARTICLES]
    unspelled = [(word, letter) for word in surnames for letter in bare]
    return Reading(
        tuple(words), (*surnames, *signs), tuple(pairs), tuple(initials), tuple(unspelled)
    )


def names_alone(surname: str) -> bool:
    """Whether a surname names a person wherever it stands: no ordinary word, and not too short."""
    if surname.isascii():
        return len(surname) > 3 and surname not in ORDINARY
    return len(surname) > 2 or UNSPACED.search(surname) is not None


def _unspaced(signs: list[str]) -> frozenset[str]:
    """A name in a script without blanks, both orders, with a blank after any sign of it."""
    names = {"".join(signs), "".join(signs[::-1])}
    for name in tuple(names):
        names |= {f"{name[:cut]} {name[cut:]}" for cut in range(1, len(name))}
        names |= {f"{name[cut:]} {name[:cut]}" for cut in range(1, len(name))}
    return frozenset(name for name in names if len(name) > 1)


@functools.lru_cache(maxsize=1 << 15)
def _spellings(part: str) -> frozenset[str]:
    """The word in plain letters, as it may be written: ø as o or oe, oe as ø, a letter lost.

    >>> sorted(_spellings("kjær"))
    ['kjaer', 'kjar', 'kjer']
    """
    if part.isascii() and (len(part) < 5 or not _DOUBTFUL.search(part)):
        return frozenset((part,))
    pieces = _DOUBTFUL.split(part)
    choices = [_TWO_SPELLINGS.get(piece, (piece.translate(LATIN),)) for piece in pieces[:9]]
    rest = "".join(pieces[9:]).translate(LATIN)
    spellings = {"".join(choice) + rest for choice in itertools.product(*choices)}
    spellings = {spelling.translate(LATIN) for spelling in spellings}
    lost = sum(not sign.isascii() for sign in part)
    if 0 < lost < len(part) / 2 and len(part) > 4:
        for instead in ("", "?", "\ufffd"):
            spellings.add("".join(sign if sign.isascii() else instead for sign in part))
    return frozenset(spellings)
