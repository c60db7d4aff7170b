"""Where e-mail addresses, ORCIDs and other ids of persons stand in a text of plain letters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coauth.openalex.letters import Letters
from coauth.openalex.ordinary import ORDINARY

Span = tuple[int, int, str]

_DOT = (
    r"(?:\.|\s?[\[({]\s?(?:dot|d0t|punkt|punktum|point|punto|ponto|\.)\s?[\])}]\s?"
    r"|\s(?:dot|punktum|punkt)\s|\s?(?:_dot_|-dot-|<dot>)\s?)"
)
_AT = (
    r"(?:\s?\\?@\s?|\s?[\[({]\s?(?:at|@|arroba|snabel-?a)\s?[\])}]\s?"
    r"|\s?(?:\*at\*|\#at\#|\|at\||\"at\"|_at_|-at-|<at>)\s?)"
)
_USER = (
    r"(?:(?!\[(?:name|e-mail|orcid|author)\])[\[{(][\w.+',;|/\s-]{1,200}[\]})]"
    rf"|(?<![\w.+'-])[\w+'-]{{1,64}}(?:{_DOT}[\w+'/|-]{{1,64}}){{0,6}})"
)
_HOST = r"(?!www\b)[a-z0-9][\w-]{0,62}"
_END = r"[a-z][a-z-]{0,61}[a-z]"
_DOTTED = rf"{_HOST}(?:\.[\w-]{{1,63}}){{0,6}}\.{_END}"
_MAIL = re.compile(
    rf"(?:mailto:\s?)?{_USER}{_AT}{_HOST}(?:{_DOT}[\w-]{{1,63}}){{0,6}}"
    rf"(?:{_DOT}|\s?\.\s?(?=(?:org|com|net|edu|dk|se|no|de|uk|cn)\b)){_END}"
)
_SPELLED = re.compile(
    rf"{_USER}\s+at\s+{_HOST}(?:\s?[\[({{]?\s?\bdot\b\s?[\])}}]?\s?[\w-]{{1,63}}){{1,6}}"
)
_CUED = re.compile(
    r"(?:mails?|e-mails?|contact|write to|address|correspondence(?: to)?)\s?:?\s*"
    rf"(?P<person>{_USER}\s+at\s+{_DOTTED})(?!/)"
)
_USERLIKE = re.compile(
    rf"(?<![\w.])(?P<person>[a-z][\w-]{{0,63}}[._\d][\w.-]{{0,63}}\s+at\s+{_DOTTED})(?![/\w])"
)
_CAPITAL_AT = re.compile(
    rf"(?<![\w.])[\w.+'-]{{0,64}}[a-z][\w.+'-]{{0,64}}\s?(?:\bAT\b|AT(?=[a-z]))\s?{_DOTTED}"
)

_MORE_USERS = re.compile(
    r"(?:^|(?<=[\s:;,(\[]))(?:[\w.+'-]{2,64}\s?(?:[,;/&|]|\b(?:and|und|og|et|y|och|or))\s?){1,6}$"
)
_CONJUNCTIONS = frozenset(("and", "und", "og", "et", "y", "och", "or"))
_SHARED = re.compile(r"[\w.+'-]+")
"""Other users before an address, at the same host: a.b, c.d@dtu.dk."""

_GAP = r"[\s._/:-]{0,3}"
_SIXTEEN = re.compile(
    rf"(?P<label>(?:https?://)?(?:www\.)?orcid\.org/{{1,2}}|orcid(?:\s?id)?[\s:#.=]{{0,3}})?"
    rf"(?P<number>000\d{_GAP}\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{3}}[\dx])"
)
_FOUR_FOURS = re.compile(
    r"(?<![\d-])(?!(?:19|20)\d\d-(?:19|20)\d\d-)(?P<number>\d{4}-\d{4}-\d{4}-\d{3}[\dx])(?![\d-])"
)
"""As no other number is written, also outside of the range that ORCID uses today."""
_A_NUMBER = re.compile(r"a\d{4}")
_AUTHOR = re.compile(
    r"(?:https?://)?(?:(?:api|explore|www)\.)?openalex\.org/(?:authors/|people/)?a\d{4,}"
    r"|(?<![a-z0-9])a\d{7,}|a[59]\d{9}(?!\d)"
)
_PROFILE = re.compile(
    r"(?:researcher\s?-?id|publons|wos|web of science)(?:[\s-]?(?:researcher\s?id|id))?"
    r"[\s:#=/-]{0,4}(?:rid/)?[a-z]{1,3}-\d{4}-(?:19|20)\d\d"
    r"|scopus(?:\s?-?author)?(?:\s?-?id(?:entifier)?)?[\s:#=-]{0,4}\d{7,11}"
    r"|(?:https?://)?(?:[\w-]{1,30}\.){0,3}(?:scopus\.com/authid|researcherid\.com/rid"
    r"|publons\.com|webofscience\.com/wos/author|scholar\.google\.[a-z.]+/citations"
    r"|researchgate\.net/profile|linkedin\.com/in|academia\.edu|loop\.frontiersin\.org/people)"
    r"/?[^\s,;)\]>]*"
)
_ATS = (
    "@",
    "at)",
    "at]",
    "at}",
    "at )",
    "at ]",
    "at }",
    "at*",
    "at#",
    "at|",
    'at"',
    "_at_",
    "-at-",
    "<at>",
)
_PROFILES = (
    "scopus",
    "researcher",
    "publons",
    "wos",
    "web of science",
    "scholar.google",
    "linkedin",
    "academia.edu",
    "frontiersin",
)
_PATTERNS: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    ((*_ATS, "arroba", "snabel"), _MAIL, "e-mail"),
    ((" at ",), _SPELLED, "e-mail"),
    ((" at ",), _CUED, "e-mail"),
    ((" at ",), _USERLIKE, "e-mail"),
    (("000",), _SIXTEEN, "orcid"),
    (("-",), _FOUR_FOURS, "orcid"),
    (_PROFILES, _PROFILE, "author"),
)
"""What a text must hold for a pattern to be tried, the pattern, and of which kind it is."""


def identifiers(text: Letters) -> list[Span]:
    """(start, end, kind) of each id of a person, in order, none within another.

    >>> from coauth.openalex.letters import letters
    >>> identifiers(letters("write to o.pem99(at)mail.example.org"))
    [(9, 36, 'e-mail')]
    """
    spans = sorted(set(_spans(text)), key=lambda span: (span[0], -span[1]))
    outer: list[Span] = []
    for span in spans:
        if not outer or span[0] >= outer[-1][1]:
            outer.append(span)
    return outer


def _spans(text: Letters) -> Iterator[Span]:
    for cues, pattern, kind in _PATTERNS:
        if any(map(text.plain.__contains__, cues)):  # most texts have none, and this is quick
            for match in pattern.finditer(text.plain):
                if "number" not in pattern.groupindex or _personal(match, text.plain):
                    start, end = match.span("person" if "person" in pattern.groupindex else 0)
                    yield (_first_user(text, start) if kind == "e-mail" else start), end, kind
    if "AT" in text.cased and "." in text.plain:
        for match in _CAPITAL_AT.finditer(text.cased):
            yield (*match.span(), "e-mail")
    if _A_NUMBER.search(text.plain):
        for match in _AUTHOR.finditer(text.plain):
            yield (*match.span(), "author")


def _first_user(text: Letters, start: int) -> int:
    """Where the first of several users of one address begins: small letters that are no words."""
    more = _MORE_USERS.search(text.cased, max(0, start - 120), start)
    if more:
        for user in reversed(list(_SHARED.finditer(text.cased, *more.span()))):
            if user[0] in _CONJUNCTIONS:
                continue
            if user[0] in ORDINARY or not (user[0].islower() or re.search(r"\w[._]\w|\d", user[0])):
                break
            start = user.start()
    return start


def _personal(number: re.Match[str], plain: str) -> bool:
    """Whether sixteen digits are an ORCID; an institution's ISNI stands in another range."""
    if "-" in number["number"]:
        return "isni" not in plain[max(0, number.start() - 8) : number.start()]
    if (
        plain[max(0, number.start() - 1) : number.start()].isdigit()
        or plain[number.end() : number.end() + 1].isdigit()
    ):
        return False
    digits = re.sub(r"[^\dx]", "", number["number"])
    if (
        number["label"]
        or "0000000150000007" <= digits <= "0000000350000001"
        or digits.startswith("0009")
    ):
        return True
    return not re.search("isni|grid", plain[max(0, number.start() - 40) : number.start()])
