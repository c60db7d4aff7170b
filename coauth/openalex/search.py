"""Where words of a work's authors stand in a text: whole, glued to others, or with a hyphen in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coauth.openalex.letters import Letters
from coauth.openalex.lexicon import Lexicon, Word
from coauth.openalex.ordinary import PARTICLES, PLACES, WHOLE
from coauth.openalex.persons import UNSPACED

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
_GLUED = re.compile(r"(?:(?<![A-Za-z])[a-z]|(?<![A-Z])[A-Z]{1,3}|(?<![A-Za-z])[a-z]{1,2})$")
_HYPHENS = re.compile(r"[^\W\d_]{2,30}(?:-[^\W\d_]{2,30}){1,2}")
_SUFFIX = r"(?:,?\s?(?i:jr|sr|i{2,3}|iv|2nd|3rd)\b\.?)"
GAP = re.compile(
    rf"{_SUFFIX}?(?:[^\w]{{0,3}}|[^\w]{{0,2}}[a-z]['’]|_|[^\w]{{0,2}}\d{{1,2}}[^\w]{{1,2}})"
)
"""What stands between two parts of one name."""
MIDDLE = re.compile(
    r",?\s{0,3}\(?(?:[A-Z][.·]?[\s-]?){1,3}\)?\s{0,3}|(?:\s\W?(?:[A-Z][A-Za-z'-]+|[A-Z]\.?)){1,2}\W?\s"
)
"""A middle name or initial, or two, that the record does not give, with what is around it."""


def find(lexicon: Lexicon, text: Letters, plain: str) -> list[Word]:
    """The authors' words in a text in order, none within another, each with its particles."""
    hits = lexicon.hits(plain)
    if "-" in plain:
        hits += _with_hyphens(lexicon, plain, len(hits))
    if not hits:
        return []
    hits.sort(key=lambda hit: (hit.start, -hit.end))
    words = _whole(lexicon, text, plain, hits)
    return list(_with_particles(lexicon, text, words)) if lexicon.has_particles else words


def capital(text: Letters, word: Word) -> bool:
    """Whether the word is written as names are, as far as the text has capitals."""
    return not text.cased[word.core].islower() or text.one_case


def unspaced(word: str) -> bool:
    """Whether the word is of a script without blanks."""
    return not word.isascii() and UNSPACED.search(word) is not None


def _with_hyphens(lexicon: Lexicon, plain: str, hits: int) -> Iterator[Word]:
    """Words with a hyphen that the end of a line has left: Quist-gard."""
    if len(lexicon.hits(plain.replace("-", ""))) <= hits:
        return
    for match in _HYPHENS.finditer(plain):
        if lexicon.holds(word := match[0].replace("-", "")):
            yield Word(*match.span(), word, match.start())


def _whole(lexicon: Lexicon, text: Letters, plain: str, hits: list[Word]) -> list[Word]:
    """The hits that are words, or glued to what is no word's part; none within another."""
    begins: dict[int, list[str]] = {}
    for hit in hits:
        begins.setdefault(hit.start, []).append(hit.word)
    fixed = [match.span() for match in WHOLE.finditer(plain)]
    words: list[Word] = []
    for hit in hits:
        last = words[-1] if words else None
        if last and hit.start < last.end:
            continue
        if fixed and any(start <= hit.start and hit.end <= end for start, end in fixed):
            continue
        if (_begins(lexicon, text, hit) or _follows(lexicon, last, hit)) and (
            _ends(lexicon, text, hit)
            or any(lexicon.joined(hit.word, after) for after in begins.get(hit.end, ()))
            or (last is not None and _continues(lexicon, text, last, hit))
        ):
            words.append(hit)
    return words


def _with_particles(lexicon: Lexicon, text: Letters, words: list[Word]) -> Iterator[Word]:
    """The words, particles and the surname that they belong to as one: van der Berg."""
    first = 0
    for i, word in enumerate(words):
        if i + 1 < len(words) and _leads(lexicon, text, word, words[i + 1]):
            continue
        surname = word.word
        start = next(
            (w.start for w in words[first:i] if lexicon.paired(w.word, surname)), word.start
        )
        yield word._replace(start=start)
        first = i + 1


def _leads(lexicon: Lexicon, text: Letters, particle: Word, after: Word) -> bool:
    return (
        particle.word in PARTICLES
        and (after.word in PARTICLES or lexicon.paired(particle.word, after.word))
        and (particle.word, after.word) not in PLACES
        and GAP.fullmatch(text.plain, particle.end, after.start) is not None
    )


def _follows(lexicon: Lexicon, last: Word | None, word: Word) -> bool:
    """Whether a word is glued to the one before."""
    return last is not None and last.end == word.start and lexicon.joined(last.word, word.word)


def _continues(lexicon: Lexicon, text: Letters, first: Word, second: Word) -> bool:
    """Whether a surname follows its given name: what is glued to it is no part of it."""
    return (
        second.word in lexicon.alone
        and len(second.word) > 4
        and lexicon.paired(first.word, second.word)
        and any(p.fullmatch(text.cased, first.end, second.start) for p in (GAP, MIDDLE))
    )


def _begins(lexicon: Lexicon, text: Letters, word: Word) -> bool:
    cased, start = text.cased, word.start
    before = cased[start - 1 : start]
    if not before.isalpha() or (not before.isascii() and word.word.isascii()):
        return True
    if not word.word.isascii():
        return word.word in lexicon.alone and unspaced(word.word)
    if len(word.word) < 4:
        return False
    if any(m.end() == start for m in _BEFORE.finditer(cased, max(0, start - 12), start + 1)):
        return True
    glued = _GLUED.search(cased, max(0, start - 4), start)
    return bool(glued and lexicon.compatible(word.word, glued[0].lower()))


def _ends(lexicon: Lexicon, text: Letters, word: Word) -> bool:
    cased, end = text.cased, word.end
    after = cased[end : end + 1]
    if not after.isalpha() or (not after.isascii() and word.word.isascii()):
        return True
    if not word.word.isascii():
        return word.word in lexicon.alone and unspaced(word.word)
    return len(word.word) > 3 and _AFTER.match(cased, end) is not None
