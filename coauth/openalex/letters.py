"""Text in plain letters: what is read as one word is spelled alike, each sign with its origin."""

from __future__ import annotations

import html
import html.entities
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote_to_bytes

from anyascii import anyascii

INVISIBLE = dict.fromkeys(
    (
        *range(0x09),
        *range(0x0E, 0x20),
        0x7F,
        0xAD,
        0x34F,
        0x61C,
        0x115F,
        0x1160,
        0x17B4,
        0x17B5,
        *range(0x180B, 0x1810),
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        0x3164,
        *range(0xD800, 0xE000),
        *range(0xFE00, 0xFE10),
        0xFEFF,
        0xFFA0,
        *range(0xFFF0, 0xFFFD),
        *range(0x1D173, 0x1D17B),
        *range(0xE0000, 0xE1000),
    ),
    "",
)
"""Unicode's Default_Ignorable_Code_Point, controls, objects and half signs."""
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
_FRAMED = (*range(0x249C, 0x24EA), *range(0x1F110, 0x1F12A), *range(0x1F130, 0x1F18A))
_BRACKETS = (*range(0x3008, 0x3012), *range(0x3014, 0x301C))
_RAISED = (0xAA, 0xBA, *range(0x2B0, 0x2B9), *range(0x1D2C, 0x1D6B), *range(0x1D9B, 0x1DC0))


def _latin(sign: str) -> str:
    """The sign in ASCII if it is a letter, mark, number or stop; else itself (° is no "deg")."""
    plain = anyascii(sign)
    if "SMALL CAPITAL" in unicodedata.name(sign, ""):
        return plain.upper()
    return sign if sign in "†‡" or (plain.isalpha() and not sign.isalpha()) else plain


LATIN = (
    {
        code: _latin(chr(code))
        for script in _SCRIPTS
        for code in script
        if anyascii(chr(code)) or chr(code).isspace()
    }
    | dict.fromkeys((*range(0x300, 0x370), *range(0x1AB0, 0x1B00), *range(0x1DC0, 0x1E00)), "")
    | {code: anyascii(chr(code)).strip("()").upper() for code in _FRAMED}
    | {code: "()"[code % 2] for code in _BRACKETS}
    | dict.fromkeys((0x2028, 0x2029, 0x2000, 0x3000, 0x30FB, 0xFF65), " ")
    | dict.fromkeys((0xB7, 0x2022, 0x2024, 0x2027, 0x2219, 0x22C5, 0x3002, 0xFF61), ".")
    | {
        0x2212: "-",
        0x3001: ",",
        0xFF64: ",",
        ord("ь"): "",
        ord("ъ"): "",
        ord("Ь"): "",
        ord("Ъ"): "",
    }
    | INVISIBLE
    | dict.fromkeys(_RAISED, "")
)
"""Latin, Greek and Cyrillic letters in ASCII, framed ones too; each dot is a full stop; marks,
invisible and raised signs are nothing."""

_BLANKS = (
    "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)
_ODD_BLANK = re.compile(f"[{_BLANKS}]|&(?:nbsp|thinsp|hairsp|#160|#xa0);", re.I)
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
_BARE = "|".join(
    name for name, sign in html.entities.html5.items() if name[-1] != ";" and sign.isalpha()
)
"""Entities that browsers read without a semicolon, as far as they are letters."""
_ACCENT = "[\u00a8\u00b4\u00b8\u02c6\u02c7\u02d8-\u02dd]"
_TRAIL = "[\u0080-\u00bf\u0152-\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
_UTF8 = f"(?:[\u00c2-\u00c6\u00cc-\u00d1]{_TRAIL}|[\u00e1-\u00e3\u00ea-\u00ed]{_TRAIL}{{2}})"
_PIECE = re.compile(
    rf"""
      (?P<tag> (?:<|&(?:amp;)*lt;) (?: /? (?P<element>[A-Za-z][\w:-]*) [^<>@]{{0,200}}?
               | !--.{{0,200}}?--(?=>|&) | [?!][^<>@]{{0,200}}?) (?:>|&(?:amp;)*gt;) )
    | &(?:amp;)* (?P<entity> \#\d{{1,7}};? | \#[xX][0-9a-fA-F]{{1,6}}; | [A-Za-z][A-Za-z0-9]{{1,24}};
               | (?:{_BARE}) )
    | (?P<accent> \{{?\\ (?:["'`^~=.]|[uvHtcdbrk](?=[\s{{\\])) \s*\{{? \\? (?P<base>[A-Za-z])
                  (?![A-Za-z]{{2}}\}}) \}}{{0,2}} )
    | \{{?\\ (?P<letter> aa|AA|ae|AE|oe|OE|ss|dh|DH|dj|DJ|th|TH|[oOlLij] ) (?![A-Za-z])
                  (?:\{{\}}|\s)? \}}?
    | \\u (?P<code> [0-9a-fA-F]{{4}} )
    | (?P<percent> (?:[%=][0-9A-F]{{2}}|%[0-9a-f]{{2}})+ )
    | (?P<garbled> {_UTF8}+ )
    | (?P<broken> -(?<=[^\W\d_A-Z]-) (?<!-at-) (?<!-dot-) \s+ (?=[^\W\d_A-Z]) | =\r?\n
                | {_ACCENT} (?: (?=[^\W\d_]) | (?<=[^\W\d_].) ) )
    | (?P<sign> [^\n\r\t -~] )
    """,
    re.X,
)
_CUE = re.compile(r"[^A-Za-z0-9 \t\r\n,.;:()/'\"\[\]]")
"""With what a piece begins."""
_LEAD = re.compile(f"[\\x00-\\x7f\u00c2-\u00c6\u00cc-\u00d1\u00e1-\u00e3\u00ea-\u00ed]|{_ACCENT}")
"""With what a piece begins that is more than one sign."""
_CODE = re.compile(rf"[&<\\%=\x00-\x1f]|-\s|{_ACCENT}|{_UTF8}")
"""What is more than one sign."""
_LOOSE = re.compile(
    rf" (?:(?<=[^\W\d_] )(?={_ACCENT}|[\u0300-\u036f])"
    rf"|(?<=[^\W\d_](?:{_ACCENT}|[\u0300-\u036f]) )(?=[a-z\u00df-\u017f]))"
)
"""A blank between a letter and an accent beside it."""
_GARBLED = re.compile(_UTF8)
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


def letters(text: str, blank: str = " ", alphabet: Mapping[int, str] = LATIN) -> Letters:
    """The text in plain letters: accents, entities, mark-up, LaTeX and percent codes are read.

    `blank` is what a blank of another kind than the common one becomes: such blanks stand between
    words and within them. Invisible signs are left out.

    >>> letters("S\\u00f8ren&nbsp;<i>Kj\\u00e6r</i>, Bj{\\\\o}rn %C3%85berg").plain
    'soren kjaer, bjorn aberg'
    """
    if text.isascii() and not (
        "&" in text
        or "<" in text
        or "\\" in text
        or "%" in text
        or "- " in text
        or "-\n" in text
        or "=" in text
        or not text.isprintable()
    ):
        return Letters(text, text.lower(), range(len(text)), range(1, len(text) + 1))
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    here = 0
    for cue in _CUE.finditer(text):
        start = cue.start()
        if start < here:
            continue
        if not _LEAD.match(cue[0]):
            end = start + 1
            sign = blank if cue[0] in _BLANKS else alphabet.get(ord(cue[0]), cue[0])
        elif piece := _PIECE.match(text, start):
            end = piece.end()
            sign = "".join(
                blank if sign in _BLANKS else alphabet.get(ord(sign), sign)
                for sign in _decoded(piece)
            )
        else:
            continue
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
    return (not text.isascii() or "&" in text) and _ODD_BLANK.search(text) is not None


def composed(text: str) -> str:
    """The text in Unicode's form C, without blanks between a letter and an accent beside it."""
    return _LOOSE.sub("", unicodedata.normalize("NFC", text))


def decode(text: str) -> str:
    """The text with what stands for its letters in their place: codes, mark-up, garbled ones.

    >>> decode("M&uumlller M=C3=BCller MÃƒÂ¼ller M<!-- -->uller")
    'Müller Müller Müller Muller'
    """
    text = composed(text)
    return _PIECE.sub(_decoded, text) if _CODE.search(text) else text


def _decoded(piece: re.Match[str]) -> str:
    """What a piece stands for, in letters of any script."""
    text = piece[0]
    match piece.lastgroup:
        case "tag":
            element = (piece["element"] or "").lower()
            text = _WORDS_AS_TAGS.get(element, " " if element in _BLOCKS else "")
        case "accent":
            text = piece["base"]
        case "letter":
            text = _LETTERS[piece["letter"]]
        case "broken":  # a word at the end of a line, an accent beside its letter
            text = ""
        case "entity":
            text = html.unescape(f"&{piece['entity']}")
        case "code":
            text = chr(int(piece["code"], 16))
        case "percent":
            text = unquote_to_bytes(text.replace("=", "%")).decode("utf-8", "replace")
        case "garbled":
            text = _ungarbled(text)
    return text


def _ungarbled(text: str) -> str:
    """UTF-8 that was read as Windows-1252 or Latin-1, once or more."""
    read = _GARBLED.sub(_one_garbled, text)
    return read if read == text else _ungarbled(read)


def _one_garbled(signs: re.Match[str]) -> str:
    read = b"".join(map(_octet, signs[0])).decode("utf-8", "replace")
    return signs[0] if "\ufffd" in read else read


def _octet(sign: str) -> bytes:
    return sign.encode("latin-1") if ord(sign) < 0x100 else sign.encode("cp1252", "replace")
