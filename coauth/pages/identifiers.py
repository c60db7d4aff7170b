"""Where e-mail addresses, ORCIDs and other ids of persons stand in a text of plain letters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coauth.pages.letters import Letters

Span = tuple[int, int, str]

_DOT = r"(?:\.|\s?[\[({]\s?(?:dot|d0t|punkt|punktum|point|punto|ponto|\.)\s?[\])}]\s?|\s(?:dot|punktum|punkt)\s|_dot_)"
_AT = (
    r"(?:\s?\\?@\s?|\s?[\[({]\s?(?:at|@|arroba|snabel-?a)\s?[\])}]\s?"
    r"|\s?(?:\*at\*|\#at\#|\|at\||\"at\"|_at_|-at-)\s?)"
)
_AT_SIGN = re.compile(r"[\[({*#|\"_-]\s?(?:at|arroba|snabel-?a)\s?[\])}*#|\"_-]")
_USER = rf"(?:[\[{{(][\w.+',;|/\s-]{{1,200}}[\]}})]|(?<![\w+'-])[\w+'-]+(?:{_DOT}[\w+'/|-]+)*)"
_HOST = r"(?!www\b)[a-z0-9][\w-]*"
_END = r"[a-z][a-z-]*[a-z]"
_MAIL = re.compile(
    rf"(?:mailto:\s?)?{_USER}{_AT}{_HOST}(?:{_DOT}[\w-]+)*(?:{_DOT}|\s?\.\s?(?=(?:org|com|net|edu|dk|se|no|de|uk|cn)\b)){_END}"
)
_SPELLED = re.compile(rf"{_USER}\s+at\s+{_HOST}(?:\s?[\[({{]?\s?\bdot\b\s?[\])}}]?\s?[\w-]+)+")
_CUED = re.compile(
    rf"(?:mails?|e-mails?|contact|write to|address|correspondence(?: to)?)\s?:?\s*({_USER}\s+at\s+{_HOST}(?:\.[\w-]+)*\.{_END})(?!/)"
)
_USERLIKE = re.compile(rf"(?<![\w.])([a-z][\w-]*[._\d][\w.-]*\s+at\s+{_HOST}(?:\.[\w-]+)*\.{_END})(?![/\w])")
_CAPITAL_AT = re.compile(rf"(?<![\w.])[\w.+'-]*[a-z][\w.+'-]*\s?(?:\bAT\b|AT(?=[a-z]))\s?{_HOST}(?:\.[\w-]+)*\.{_END}")

_GAP = r"[\s._/:-]{0,3}"
_SIXTEEN = re.compile(
    rf"(?P<label>(?:https?://)?(?:www\.)?orcid\.org/{{1,2}}|orcid(?:\s?id)?[\s:#.=]{{0,3}})?"
    rf"(?P<number>000\d{_GAP}\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{3}}[\dx])"
)
_AUTHOR = re.compile(
    r"(?:https?://)?(?:(?:api|explore|www)\.)?openalex\.org/(?:authors/|people/)?a\d+"
    r"|(?<![a-z0-9])a\d{7,}|a[59]\d{9}(?!\d)"
)
_PROFILE = re.compile(
    r"(?:researcher\s?-?id|publons|wos|web of science)(?:[\s-]?(?:researcher\s?id|id))?[\s:#=/-]{0,4}(?:rid/)?[a-z]{1,3}-\d{4}-(?:19|20)\d\d"
    r"|scopus(?:\s?-?author)?(?:\s?-?id(?:entifier)?)?[\s:#=-]{0,4}\d{7,11}"
    r"|(?:https?://)?(?:[\w-]+\.)*(?:scopus\.com/authid|researcherid\.com/rid|publons\.com|webofscience\.com/wos/author"
    r"|scholar\.google\.[a-z.]+/citations|researchgate\.net/profile|linkedin\.com/in|academia\.edu"
    r"|loop\.frontiersin\.org/people)/?[^\s,;)\]>]*"
)
_PROFILES = ("scopus", "researcher", "publons", "wos", "web of science", "scholar.google", "linkedin", "academia.edu", "frontiersin")


def identifiers(text: Letters) -> list[Span]:
    """(start, end, kind) of each id of a person, in order, none within another.

    >>> from coauth.pages.letters import letters
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
    plain = text.plain
    if "@" in plain or _AT_SIGN.search(plain):
        for mail in _MAIL.finditer(plain):
            yield (*mail.span(), "e-mail")
    if " at " in plain:
        for pattern, part in ((_SPELLED, 0), (_CUED, 1), (_USERLIKE, 1)):
            for mail in pattern.finditer(plain):
                yield (*mail.span(part), "e-mail")
    if "AT" in text.cased and "." in plain:
        for mail in _CAPITAL_AT.finditer(text.cased):
            yield (*mail.span(), "e-mail")
    if "000" in plain:
        for number in _SIXTEEN.finditer(plain):
            if _personal(number, plain):
                yield (*number.span(), "orcid")
    for author in _AUTHOR.finditer(plain):
        yield (*author.span(), "author")
    if any(word in plain for word in _PROFILES):
        for profile in _PROFILE.finditer(plain):
            yield (*profile.span(), "author")


def _personal(number: re.Match[str], plain: str) -> bool:
    """Whether sixteen digits are an ORCID: an institution's ISNI is spelled alike, but stands in another range."""
    if "-" in number["number"]:
        return "isni" not in plain[max(0, number.start() - 8) : number.start()]
    if plain[max(0, number.start() - 1) : number.start()].isdigit() or plain[number.end() : number.end() + 1].isdigit():
        return False
    digits = re.sub(r"[^\dx]", "", number["number"])
    if number["label"] or "0000000150000007" <= digits <= "0000000350000001" or digits.startswith("0009"):
        return True
    return not re.search("isni|grid", plain[max(0, number.start() - 40) : number.start()])
