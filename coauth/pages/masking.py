"""Free text of a work without its persons: e-mail addresses, ORCIDs, author ids and the names of the work's own authors."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from coauth.pages.shape import ServedAuthorship

_ADDRESS = re.compile(r"(?:[\w.+'-]+|\{[^{}@]+\}) ?@ ?[\w-]+(?:\.[\w-]+)+")
_ORCID = re.compile(
    r"(?:https?://)?(?:orcid\.org/)?(?:\d{4}-\d{4}-\d{4}-|000[09][-‐‑– ]?\d{4}[-‐‑– ]?\d{4}[-‐‑– ]?)\d{3}[\dXx]\b"
)
_AUTHOR_ID = re.compile(r"\bA\d{7,}\b")
_TOKEN = re.compile(r"\w+")
_HYPHEN = re.compile(r"(?<=\w)[-‐‑](?=\w)")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_PARTICLES = frozenset(("al", "da", "das", "de", "del", "den", "der", "di", "do", "dos", "du", "el", "la", "las", "le", "los", "van", "von", "y"))
"""Parts of surnames that are also parts of places: two of them together name nobody (Universidad de la República)."""


class Names:
    """Masks what identifies a person in the free text of one work.

    Masked are e-mail addresses, ORCIDs, OpenAlex author ids, and the work's own authors: two of an author's name
    tokens (or a token and another's initial, or all the others' initials) standing next to each other in either order
    or with a middle initial between, and an author's surname alone in that author's own affiliation string, unless the
    word also belongs to an institution of the work (Lund, Bohr). Names in scripts without blanks are masked wherever
    they stand. Looking up token pairs instead of trying every name keeps a 3,000-author work linear in its text.
    """

    def __init__(self, authorships: Iterable[ServedAuthorship]) -> None:
        self.pairs: set[tuple[str, str]] = set()
        self.single: set[str] = set()
        self.places: set[str] = set()
        self.words: set[str] = set()
        self.unspaced: set[str] = set()
        for authorship in authorships:
            for name in _names(authorship):
                self._learn(_words(name))
                if _HYPHEN.search(name):  # Xiao-Ming is also written Xiaoming
                    self._learn(_words(_HYPHEN.sub("", name)))
            for institution in authorship.institutions or ():
                if institution and institution.display_name:
                    self.places.update(_words(institution.display_name))

    def _learn(self, tokens: list[str]) -> None:
        self.words.update(tokens)
        if len(tokens) == 1 and len(tokens[0]) > 1:
            self.single.add(tokens[0])
        if signs := [t for t in tokens if _UNSPACED.match(t)]:
            self.unspaced |= {n for n in ("".join(signs), "".join(signs[::-1])) if len(n) > 1}
        for i, first in enumerate(tokens):
            for second in tokens[i + 1 :]:
                if not _PARTICLES.issuperset((first, second)):
                    self.pairs |= {(first, second), (second, first)}
                    self.pairs |= {(first[0], second), (second, first[0]), (second[0], first), (first, second[0])}
            if len(first) > 1 and len(tokens) > 2:
                initials = "".join(t[0] for j, t in enumerate(tokens) if j != i)
                self.pairs |= {(first, initials), (initials, first)}

    def _around(self, tokens: list[str]) -> bool:
        """Whether a name stands around a middle initial that the record does not give."""
        return len(tokens) == 3 and len(tokens[0]) + len(tokens[2]) > 2 and (tokens[0], tokens[2]) in self.pairs

    def mask(self, text: str | None, surnames: frozenset[str] = frozenset()) -> str | None:
        if not text:
            return text
        text = unicodedata.normalize("NFC", text)
        if "@" in text:
            text = _ADDRESS.sub("[e-mail]", text)
        if "000" in text or text.count("-") >= 3:
            text = _ORCID.sub("[orcid]", text)
        for name in self.unspaced:
            text = text.replace(name, "[name]")
        text = _AUTHOR_ID.sub("[author]", text)
        if self.words.isdisjoint(_words(text)):  # most strings name nobody
            return text
        spans = [(m.start(), m.end(), _folded(m.group())) for m in _TOKEN.finditer(text)]
        named = {i for i, (_, _, t) in enumerate(spans) if t in self.single or (t in surnames and t not in self.places)}
        for i in range(len(spans) - 1):
            if (spans[i][2], spans[i + 1][2]) in self.pairs and spans[i + 1][0] - spans[i][1] <= 3:
                named |= {i, i + 1}
            elif len(spans[i + 1][2]) == 1 and self._around([s[2] for s in spans[i : i + 3]]):
                named |= {i, i + 1, i + 2}
        return _cover(text, [spans[i][:2] for i in sorted(named)]) if named else text


def _words(text: str) -> list[str]:
    """
    >>> _words("İbrahim Yılmaz")
    ['ibrahim', 'yılmaz']
    """
    return list(map(_folded, _TOKEN.findall(text)))


def _folded(word: str) -> str:
    """Folded by itself: İ becomes i and a dot that is no letter, and would end the word."""
    return word.casefold().replace("\u0307", "")


def _cover(text: str, spans: list[tuple[int, int]]) -> str:
    """Replace neighbouring spans by one `[name]`."""
    pieces: list[str] = []
    end = 0
    for start, stop in spans:
        gap = text[end:start]
        if not (pieces and pieces[-1] == "[name]" and not _TOKEN.search(gap) and len(gap) <= 3):
            pieces += [gap, "[name]"]
        end = stop
    return "".join([*pieces, text[end:]])


def _names(authorship: ServedAuthorship) -> Iterator[str]:
    for name in (authorship.author and authorship.author.display_name, authorship.raw_author_name):
        if name:
            yield unicodedata.normalize("NFC", name)


def surnames(authorship: ServedAuthorship) -> frozenset[str]:
    found = set()
    for name in _names(authorship):
        tokens = _words(name.split(",")[0] if "," in name else name)
        if tokens and len(tokens[-1]) >= 4:
            found.add(tokens[-1])
    return frozenset(found)
