"""Words that name nobody, though they may be somebody's name: places, houses, ordinary words."""

from __future__ import annotations

import re
from importlib import resources


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _pairs(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(pair.split()) for pair in text.split(","))


ORDINARY = frozenset(
    word
    for line in resources.files("coauth.openalex")
    .joinpath("ordinary.txt")
    .read_text("utf-8")
    .splitlines()
    if not line.startswith("#")
    for word in line.split()
)
"""Surnames that name nobody when they stand alone (`ordinary.txt` says where they come from)."""

PARTICLES = _words(
    "abu al ap af av ben bin bint da dal das de degli del della den der des di do dos du e el ibn"
    " la las le les lo los op ten ter the van vom von y zu zum zur"
)
"""Parts of surnames and of places: two of them name nobody (Universidad de la República)."""

PLACES = _pairs(
    "hong kong, new york, new jersey, san diego, san jose, san francisco, santa barbara,"
    "santa cruz, las vegas, los angeles, los alamos, costa rica, puerto rico, sri lanka,"
    "tel aviv, abu dhabi, saudi arabia, notre dame, yang ming, chiao tung, sun yat,"
    "yat sen, chang gung, cheng kung, king saud, king abdulaziz, johns hopkins, ann arbor,"
    "college park, college station, stony brook, long island, long beach, cold spring,"
    "kongens lyngby, saint louis, st louis, st andrews, st petersburg, el paso, hyde park,"
    "research park, science park, virginia washington, washington virginia"
)
"""Two words that are one place or house."""

EPONYMS = _pairs(
    "niels bohr, august krogh, niels steensen, aage bohr, max planck, max born,"
    "paul scherrer, marie curie, pierre curie, louis pasteur, robert koch,"
    "albert einstein, george washington, george mason, thomas jefferson, james cook,"
    "rosalind franklin, john jay, john radcliffe, christian albrechts, martin luther,"
    "friedrich schiller, johann goethe, heinrich heine, justus liebig, otto guericke,"
    "carl ossietzky, gottfried leibniz, johannes gutenberg, fritz haber, ernst arndt,"
    "charles darwin, henry ford, francis crick, victor babes, alexander fleming,"
    "carnegie mellon, case western, weill cornell, ludwig maximilian, hans andersen,"
    "benjamin franklin"
)
"""Two words that are a person's name in an institution's, where `HOUSE` follows."""

HOUSE = re.compile(
    r"(?:['’]?s|-[\w-]+)?[ -](?:institut|universi|college|school|hospital|cent(?:er|re)|laborat"
    r"|foundation|academy|clinic|museum)",
    re.I,
)
STREET = re.compile(
    r"(?:['’]?s)?[ -]?(?:vej|gade|alle|plads|street|str\b|st\b|road|rd\b|ave|boulevard|blvd|lane"
    r"|drive|strasse|platz|weg)",
    re.I,
)
WHOLE = re.compile(
    r"a\.? ?& ?m\b|xi'?an\b|washington,? d\.? ?c\b|\bst\.? john'?s|king'?s college"
    r"|\[(?:name|e-mail|orcid|author)\]"
)
"""What no name is looked for in, in plain letters; `[name]` and the like among it."""

ABBREVIATIONS = _words("us usa uk pr prc roc dc ny nsw bc md phd sa eu un uae")
"""Letters after a name that are a country's, a state's or a degree's before they are initials."""

DISTRICTS = _words("copenhagen kobenhavn aarhus arhus odense aalborg alborg esbjerg frederiksberg")
"""Towns after which a letter is a district's (Aalborg S)."""
