"""Cyrillic letters in Latin ones, in each way in which people and countries write them."""

from __future__ import annotations

import re

from coauth.openalex.letters import LATIN

_ENDING = re.compile(r"(?:[ыиі]й|ій)$")
_LETTERS = re.compile(r"[\u0400-\u04ff]")


def _alphabet(pairs: str) -> dict[int, str]:
    small = dict(pair.split("=") for pair in pairs.split())
    capital = {letter.upper(): latin.capitalize() for letter, latin in small.items()}
    return LATIN | {ord(letter): latin for letter, latin in (small | capital).items()}


ALPHABETS = (
    LATIN,  # English: Yuriy Shcherbakov
    _alphabet("й=i ю=iu я=ia щ=shch х=kh ц=ts ё=e"),  # passports since 2013: Iurii
    _alphabet("ж=z й=j х=ch ц=c ч=c ш=s щ=sc ю=ju я=ja ё=e"),  # libraries, ISO 9: Jurij Ščerbakov
    _alphabet("ж=zh й=y х=h ц=ts ч=ch ш=sh щ=sch ю=yu я=ya ё=yo"),  # as people type it
    _alphabet("в=w ж=sch з=s й=i х=ch ц=z ч=tsch ш=sch щ=schtsch ю=ju я=ja ё=jo"),  # German
    _alphabet("ж=j й=i у=ou х=kh ц=ts ч=tch ш=ch щ=chtch ю=iou я=ia ё=io"),  # French
    _alphabet("г=h и=y й=i х=kh ц=ts щ=shch ю=iu я=ia є=ie і=i ї=i ґ=g"),  # Ukrainian
)
"""Each as `LATIN` with its own letters for Cyrillic ones."""


def is_cyrillic(text: str) -> bool:
    return not text.isascii() and _LETTERS.search(text) is not None


def spellings(word: str) -> frozenset[str]:
    """The word in each of the alphabets; its ending -ий also as -y, -i and -ii.

    >>> sorted(spellings("юрий"))[:4]
    ['iouri', 'iourii', 'ioury', 'iuri']
    """
    words = {word.translate(alphabet) for alphabet in ALPHABETS}
    if _ENDING.search(word):
        stems = {word[:-2].translate(alphabet) for alphabet in ALPHABETS}
        words |= {stem + ending for stem in stems for ending in ("y", "i", "ii")}
    if word.endswith("ин"):
        words |= {f"{word}e" for word in words}  # French: Poutine
    return frozenset(words)
