"""Words that name nobody, though they may be somebody's name: places, houses, ordinary words."""

from __future__ import annotations

import re
from importlib import resources


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _pairs(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(pair.split()) for pair in text.split(","))


def _listed(file: str) -> frozenset[str]:
    lines = resources.files("coauth.openalex").joinpath(file).read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


ORDINARY = _listed("ordinary.txt")
"""Surnames that name nobody when they stand alone (`ordinary.txt` says where they come from)."""

FORENAMES = _listed("given.txt")
"""Given names, as far as they stand in `ORDINARY` or are frequent."""

PARTICLES = words(
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
    r"a\.? ?& ?m\b|p\.? ?r\.? china\b|xi'?an\b|washington,? d\.? ?c\b|\bst\.? john'?s|king'?s college"
    r"|\[(?:name|e-mail|orcid|author)\]"
)
"""What no name is looked for in, in plain letters; `[name]` and the like among it."""

ABBREVIATIONS = words(
    "us usa uk pr prc roc dc ny nsw bc md phd sa eu un uae ag as ab nv bv kg oy co sv ug"
)
"""Letters after a name that are a country's, a state's, a firm's or a degree's before they are
initials."""

STATES = words(
    "al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny"
    " nc nd oh ok or pa ri sc sd tn tx ut vt va wa wv wi wy dc ab bc mb nb nl ns on pe qc sk nsw vic"
    " qld dk se no fi is uk fr nl be es it at ch pl cn kr tw"
)
"""States and provinces in two letters, countries in two."""

STATE = re.compile(r"\.?\s*(?:$|[,;(\s]\s*(?:u\.?\s?s|united states|canada|australia|\d{4,5}\b))")
"""What follows a state, in plain letters: the country, the number of a post office or nothing."""
TOWN = re.compile(
    r"\b(?:new|fort|ft\.?|mount|mt\.?|port|saint|st\.?|san|santa|lake|north|south|east|west|point"
    r"|cape|los|las|city of|univ\w*|university of) $"
)
"""What stands before a town's name, in plain letters."""

DISTRICTS = words("copenhagen kobenhavn aarhus arhus odense aalborg alborg esbjerg frederiksberg")
"""Towns after which a letter is a district's (Aalborg S)."""
