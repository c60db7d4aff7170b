"""A person's name, read: the words to look for, and which name the person alone or in pairs."""

from __future__ import annotations

import functools
import itertools
import operator
import re
import unicodedata
from itertools import chain
from typing import NamedTuple

from anyascii import anyascii

from coauth.openalex import cyrillic
from coauth.openalex.letters import INVISIBLE, LATIN, decode
from coauth.openalex.ordinary import FORENAMES, ORDINARY, PARTICLES, words

_SUFFIXES = words("jr sr junior senior ii iii iv 2nd 3rd phd md dr prof msc bsc mph mr mrs ms frcp")
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
_CODES = re.compile(r"[&<@=%\\]")
_ADDRESS = re.compile(r"\S*@\S*")
_PARTED = {
    **dict.fromkeys(("mac", "mc"), ("mc ", "mac ", "m'")),
    "vanden": ("van den ",),
    "vander": ("van der ",),
    "vande": ("van de ",),
    "dela": ("de la ",),
    "o": ("o'",),
    "d": ("d'",),
    **{
        first: (f"{first} ",)
        for first in words("al el abu ben da de del della di dos du fitz la le san van von")
    },
}
"""How a surname begins that is also written in two words."""
_BEGINNING = re.compile(rf"({'|'.join(sorted(_PARTED, key=len, reverse=True))})(?=[^\W\d_]{{4}})")
_FIRSTS = tuple(_PARTED)  # quicker than the pattern where it fails
_MC = re.compile(r"ma?c[- ]?(?=[^\W\d_]{4})")
_SAME = {"mc": ("mc", "mac"), "mac": ("mac", "mc"), "al": ("al", "el"), "el": ("el", "al")}
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
    apart: tuple[tuple[str, str], ...] = ()
    """A surname as it stands in two words (Al Hassan), and in one."""


@functools.lru_cache(maxsize=1 << 15)
def read_name(name: str) -> Reading:
    """The parts of a name as the record gives it.

    >>> reading = read_name("Mørk, Jane Q.")
    >>> sorted(reading.words), sorted(reading.surnames), ("mork", "jq") in reading.initials
    (['jane', 'moerk', 'mork'], ['moerk', 'mork'], True)
    """
    if not name.isascii() or _CODES.search(name):
        name = _ADDRESS.sub("", decode(name)).translate(INVISIBLE).translate(_STOPS)
        name = unicodedata.normalize("NFC", name)
    before, _, after = name.partition(",")
    family, given = _words(before), _words(after)
    if not given:
        family, given = _surname_last(family)
    reading = _reading([_parts(word) for word in family], [_parts(word) for word in given])
    if "-" not in name and "'" not in name:
        return reading
    joined = _reading(
        [_joined(_parts(word)) for word in family], [_joined(_parts(word)) for word in given]
    )
    return Reading(*map(operator.add, reading, joined))  # Xiao-Ming is also written Xiaoming


def _words(text: str) -> list[str]:
    return [word for word in _BETWEEN.split(text) if word and word.lower() not in _SUFFIXES]


def _parts(word: str) -> list[str]:
    return [part for part in _WITHIN.split(word.lower()) if part]


def _joined(parts: list[str]) -> list[str]:
    return ["".join(parts)]


def _surname_last(name: list[str]) -> tuple[list[str], list[str]]:
    """The surname's words where no comma says so: the last, or all before initials (Quellby JQ)."""
    end = len(name)
    while end > 1 and (
        len(name[end - 1]) == 1
        or (len(name[end - 1]) < 4 and name[end - 1].isupper() and not name[0].isupper())
    ):
        end -= 1
    return (name[:end], name[end:]) if end < len(name) else (name[-1:], name[:-1])


def _reading(family: list[list[str]], names: list[list[str]]) -> Reading:
    """What names the person, from the parts of the words of surname and given names."""
    parts = [part for word in (*names, *family) for part in word]
    surname = [*chain.from_iterable(family), *(_middle(names, family) if names else ())]
    signs: frozenset[str] = frozenset()
    if UNSPACED.search("".join(parts)):
        signs = _unspaced([sign for part in parts for sign in UNSPACED.findall(part)])
        latin = [part for part in parts if not UNSPACED.search(part)]
        parts = latin or [anyascii(sign).lower() for part in parts for sign in part]
        surname = [part for part in surname if part in latin]
    spellings = [_spellings(part) for part in parts]
    surnames = [word for part in surname for word in _spellings(part) if word not in PARTICLES]
    return Reading(
        (*[word for spelling in spellings for word in spelling if len(word) > 1], *signs),
        (*surnames, *signs),
        tuple(_pairs(spellings)),
        tuple(_initials(parts, spellings)),
        tuple([(word, part) for word in surnames for part in parts if len(part) == 1]),
        tuple([(spelling, word) for word in surnames for spelling in _apart(word)]),
    )


def _middle(names: list[list[str]], family: list[list[str]]) -> list[str]:
    """What stands before the last word and is no given name: the first of two surnames; the first
    of all words where the last is a given name (Kovács Anna).
    """
    last = family[-1][-1].translate(LATIN) if family and family[-1] else ""
    return [
        part
        for word in names[last not in FORENAMES :]
        for part in word
        if len(part) > 1 and part.translate(LATIN) not in FORENAMES
    ]


def _pairs(spellings: list[frozenset[str]]) -> list[tuple[str, str]]:
    """Two parts in each spelling, unless both are particles."""
    return [
        (first, second)
        for i, spelling in enumerate(spellings)
        for first in spelling
        for second in chain.from_iterable(spellings[i + 1 :])
        if first not in PARTICLES or second not in PARTICLES
    ]


def _initials(parts: list[str], spellings: list[frozenset[str]]) -> list[tuple[str, str]]:
    """Each part in each spelling with the initials of the others, particles' among them or not."""
    firsts = [part.translate(LATIN)[:1] for part in parts]
    written = [firsts]
    if not PARTICLES.isdisjoint(parts):
        written.append(["" if p in PARTICLES else f for f, p in zip(firsts, parts, strict=True)])
    return [
        (word, others)
        for letters in written
        for i, spelling in enumerate(spellings)
        if (others := "".join(letters[:i] + letters[i + 1 :]))
        for word in spelling
        if len(word) > 1 and word not in PARTICLES
    ]


def _apart(surname: str) -> list[str]:
    """The surname in two words, if it begins as such ones do.

    >>> _apart("vandenberg"), _apart("mcdonald")
    (['van den berg'], ['mc donald', 'mac donald', "m'donald"])
    """
    first = surname.startswith(_FIRSTS) and _BEGINNING.match(surname)
    return (
        [f"{beginning}{surname[first.end() :]}" for beginning in _PARTED[first[1]]] if first else []
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
    if part in _SAME:
        return frozenset(_SAME[part])
    if part.isascii() and (len(part) < 5 or not _DOUBTFUL.search(part)):
        first = _MC.match(part)
        return (
            frozenset(f"{c}{part[first.end() :]}" for c in ("mc", "mac"))
            if first
            else frozenset((part,))
        )
    if cyrillic.is_cyrillic(part):
        return cyrillic.spellings(part)
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
