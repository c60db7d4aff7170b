"""Text in plain letters: what is read as one word is spelled alike, each sign with its origin."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote_to_bytes

from anyascii import anyascii

INVISIBLE = dict.fromkeys(
    (
        0xAD,
        0x34F,
        0x61C,
        0x180E,
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        *range(0xD800, 0xE000),
        *range(0xFE00, 0xFE10),
        0xFEFF,
    ),
    "",
)
_SCRIPTS = (
    range(0xA0, 0x530),
    range(0x1D00, 0x2070),
    range(0x2070, 0x20A0),
    range(0x2C60, 0x2C80),
    range(0xA720, 0xA800),
    range(0xFB00, 0xFB07),
    range(0xFE50, 0xFE70),
    range(0xFF01, 0xFF5F),
    range(0x1D400, 0x1D800),
)
_RAISED = (0xAA, 0xBA, *range(0x2B0, 0x2B9), *range(0x1D2C, 0x1D6B), *range(0x1D9B, 0x1DC0))


def _latin(sign: str) -> str:
    """The sign in ASCII if it is a letter, mark, number or stop; else itself (° is no "deg")."""
    plain = anyascii(sign)
    return sign if sign in "†‡" or (plain.isalpha() and not sign.isalpha()) else plain


LATIN = (
    {
        code: _latin(chr(code))
        for script in _SCRIPTS
        for code in script
        if anyascii(chr(code)) or chr(code).isspace()
    }
    | dict.fromkeys((*range(0x300, 0x370), *range(0x1AB0, 0x1B00), *range(0x1DC0, 0x1E00)), "")
    | dict.fromkeys((0x2028, 0x2029, 0x2000, 0x3000), " ")
    | {0x2212: "-"}
    | INVISIBLE
    | dict.fromkeys(_RAISED, "")
)
"""Latin, Greek and Cyrillic letters in ASCII; marks, invisible and raised signs are nothing."""

_BLANKS = re.compile(
    "[\u00a0\u2000-\u200a\u202f\u205f\u3000]|&(?:nbsp|thinsp|hairsp|#160|#xa0);", re.I
)
_LETTERS = {
    "o": "o",
    "O": "O",
    "aa": "a",
    "AA": "A",
    "ae": "ae",
    "AE": "AE",
    "oe": "oe",
    "OE": "OE",
    "ss": "ss",
    "l": "l",
    "L": "L",
    "i": "i",
    "j": "j",
    "dh": "d",
    "DH": "D",
    "dj": "d",
    "DJ": "D",
    "th": "th",
    "TH": "TH",
}
_PIECE = re.compile(
    r"""
      (?P<tag> (?:<|&(?:amp;)*lt;) /? (?P<element>[A-Za-z][\w:-]*) [^<>@]{0,200}?
               (?:>|&(?:amp;)*gt;) )
    | &(?:amp;)* (?P<entity> \#\d{1,7} | \#[xX][0-9a-fA-F]{1,6} | [A-Za-z][A-Za-z0-9]{1,24} ) ;
    | (?P<accent> \{?\\ (?:["'`^~=.]|[uvHtcdbrk](?=[\s{\\])) \s*\{? \\? (?P<base>[A-Za-z])
                  (?![A-Za-z]{2}\}) \}{0,2} )
    | \{?\\ (?P<letter> aa|AA|ae|AE|oe|OE|ss|dh|DH|dj|DJ|th|TH|[oOlLij] ) (?![A-Za-z])
                  (?:\{\}|\s)? \}?
    | \\u (?P<code> [0-9a-fA-F]{4} )
    | (?P<percent> (?:%[0-9A-Fa-f]{2})+ )
    | (?P<garbled> [\u00c2-\u00c5\u00d0\u00d1]
                   [\u0080-\u00bf\u0152-\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122] )
    | (?P<broken> (?<=[^\W\d_A-Z]) - \s+ (?=[^\W\d_A-Z]) )
    | (?P<sign> [^\x00-\x7f] )
    """,
    re.X,
)
_BLOCKS = frozenset(
    (
        "br",
        "p",
        "div",
        "li",
        "td",
        "th",
        "tr",
        "hr",
        "ul",
        "ol",
        "title",
        "jats:p",
        "jats:title",
        "jats:break",
    )
)
_WORDS_AS_TAGS = {"at": "@", "dot": "."}


@dataclass(eq=False)  # not frozen: one is made for every text
class Letters:
    """The text in plain letters, `cased` and in lower case; sign i was [starts[i], ends[i])."""

    cased: str
    plain: str
    starts: Sequence[int]
    ends: Sequence[int]

    @cached_property
    def upper(self) -> str:
        """The text in capitals; a letter that has none of one sign stays."""
        upper = self.cased.upper()
        return upper if len(upper) == len(self.cased) else self.cased

    @cached_property
    def one_case(self) -> bool:
        """Whether the text has no capitals: then their lack says nothing."""
        return self.cased == self.plain

    @cached_property
    def all_capitals(self) -> bool:
        return self.cased == self.upper


def letters(text: str, blank: str = " ") -> Letters:
    """The text in plain letters: accents, entities, mark-up, LaTeX and percent codes are read.

    `blank` is what a blank of another kind than the common one becomes: such blanks stand between
    words and within them. Invisible signs are left out.

    >>> letters("S\\u00f8ren&nbsp;<i>Kj\\u00e6r</i>, Bj{\\\\o}rn %C3%85berg").plain
    'soren kjaer, bjorn aberg'
    """
    if text.isascii() and not (
        "&" in text or "<" in text or "\\" in text or "%" in text or "- " in text or "-\n" in text
    ):
        return Letters(text, text.lower(), range(len(text)), range(1, len(text) + 1))
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    here = 0
    for piece in _PIECE.finditer(text):
        start, end = piece.span()
        sign = _read(piece, blank)
        pieces += (text[here:start], sign)
        starts += range(here, start)
        ends += range(here + 1, start + 1)
        starts += [start] * len(sign)
        ends += [end] * len(sign)
        here = end
    pieces.append(text[here:])
    starts += range(here, len(text))
    ends += range(here + 1, len(text) + 1)
    cased = "".join(pieces)
    plain = cased.lower()
    if len(plain) != len(cased):  # a sign outside LATIN that becomes two in lower case
        plain = "".join(low if len(low := sign.lower()) == 1 else sign for sign in cased)
    return Letters(cased, plain, starts, ends)


def odd_blanks(text: str) -> bool:
    """Whether the text has blanks of another kind than the common one."""
    return (not text.isascii() or "&" in text) and _BLANKS.search(text) is not None


def _read(piece: re.Match[str], blank: str) -> str:
    """What a piece stands for, in plain letters."""
    text = piece[0]
    match piece.lastgroup:
        case "tag":
            element = piece["element"].lower()
            return _WORDS_AS_TAGS.get(element, " " if element in _BLOCKS else "")
        case "accent":
            return piece["base"]
        case "letter":
            return _LETTERS[piece["letter"]]
        case "broken":  # a word at the end of a line
            return ""
        case "entity":
            text = html.unescape(f"&{piece['entity']};")
        case "code":
            text = chr(int(piece["code"], 16))
        case "percent":
            text = unquote_to_bytes(text).decode("utf-8", "replace")
        case "garbled":  # UTF-8 that was read as Windows-1252 or Latin-1
            read = b"".join(map(_octet, text)).decode("utf-8", "replace")
            text = text if "\ufffd" in read else read
    return "".join(blank if _BLANKS.match(sign) else sign.translate(LATIN) for sign in text)


def _octet(sign: str) -> bytes:
    return sign.encode("latin-1") if ord(sign) < 0x100 else sign.encode("cp1252", "replace")
