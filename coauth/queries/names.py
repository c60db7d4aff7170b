"""What a person means by a word: an institution, country, group, list, technology or field, by any
of its names in any language; never a guess.

A name that fits exactly comes before one that holds the word. What fits several things, or none, is
a `NotFound` that says how each can be named.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

import iso3166
import pyarrow as pa
from anyascii import anyascii

from coauth.errors import NotFound
from coauth.queries import Group, Queries

Vocabulary = Mapping[str, Mapping[str, Collection[str]]]
"""Kind -> value -> what the languages of the report call it."""

MOST = 12
SIZES = ("0", "1", "2", "3-5", "6-10", "11-50", "51+")
"""Classes of works by their number of institutions."""

WORDS = {
    "home": "institution at home",
    "abroad": "institution abroad",
    "country": "country",
    "group": "group of countries",
    "list": "list",
    "entry": "entry of a list",
    "technology": "technology",
    "area": "EU area",
    "field": "field",
    "type": "type",
    "publisher": "publisher",
    "status": "status",
    "size": "number of institutions",
}
"""Every kind of thing, in words."""
INSTITUTIONS = ("home", "abroad")


class Meaning(NamedTuple):
    """One thing a word can mean."""

    kind: str
    value: str
    name: str

    def __str__(self) -> str:
        """As it is asked back."""
        if self.kind in INSTITUTIONS:
            return f"{self.value} {self.name}"
        return f"{self.value} ({WORDS[self.kind]}: {self.name})"


class Thing(NamedTuple):
    """A meaning with all it goes by, folded: names, which may be typed in part, and ids."""

    meaning: Meaning
    names: set[str]
    ids: set[str]


class Names:
    """All names of a vintage and its questions.

    >>> from types import SimpleNamespace as Asked
    >>> asked = Asked(watchlists=(), technologies=(), partners=(), scope=Asked(home={"DK"}), rollup=Asked(aliases={"DTU": "https://ror.org/04qtj9h94"}))
    >>> places = pa.table({"institution_id": ["I1", "I2", "I3"], "ror": ["https://ror.org/04qtj9h94", None, None], "works": [3, 2, 1],
    ...     "name": ["Technical University of Denmark", "Lund University", "University of Science and Technology of China"],
    ...     "country_code": ["DK", "SE", "CN"], "is_domestic": [True, False, False]})
    >>> names = Names(asked, places)
    >>> names.find("dtu").value, names.find("Lund").value, names.find("China")
    ('I1', 'I2', Meaning(kind='country', value='CN', name='China'))
    >>> names.find("chinna")
    Traceback (most recent call last):
    coauth.errors.NotFound: nothing is called 'chinna' in this vintage; did you mean China?
    """

    def __init__(
        self,
        queries: Queries,
        institutions: pa.Table,
        vocabulary: Vocabulary | None = None,
        publishers: Collection[str] = (),
    ) -> None:
        self._queries, self._vocabulary, self._publishers = queries, vocabulary or {}, publishers
        self._rows = institutions.sort_by(
            [("works", "descending"), ("institution_id", "ascending")]
        ).to_pydict()

    def find(self, word: str, kinds: Collection[str] = tuple(WORDS)) -> Meaning:
        """What a word means among things of these kinds. Raises `NotFound` where that is nothing, or
        several things: it lists them.
        """
        sought = fold(word)
        exact = self.exact(word, kinds)
        if len(exact) == 1:
            return exact[0]
        if not exact and (rors := self._aliases.get(sought)) and set(kinds) & set(INSTITUTIONS):
            # "RH" is Rigshospitalet or nobody, never the one name with rh in it
            raise NotFound(
                f"no institution of this vintage is '{word}' ({', '.join(sorted(rors))})"
            )
        known = list(self._all(kinds))
        near = exact or _once(
            m for m, names, _ in known if sought and any(sought in name for name in names)
        )
        if len(near) == 1:
            return near[0]
        if area := self._area(near):
            return area
        if near:
            what = "institutions" if {m.kind for m in near} <= set(INSTITUTIONS) else "things"
            listed = "; ".join(map(str, near[:MOST]))
            more = f"; and {len(near) - MOST} more" if len(near) > MOST else ""
            raise NotFound(f"'{word}' fits {len(near)} {what}, name one by its id: {listed}{more}")
        raise NotFound(self._nothing(word, kinds, known))

    def exact(self, word: str, kinds: Collection[str] = tuple(WORDS)) -> list[Meaning]:
        """What has this very name; an institution on a list is itself, and no entry beside it."""
        sought = fold(word.rstrip("/").rpartition("openalex.org/")[2])
        hits = _once(m for m, names, ids in self._all(kinds) if sought in names | ids)
        places = any(m.kind in INSTITUTIONS for m in hits)
        return [m for m in hits if not (places and m.kind == "entry")]

    def _nothing(self, word: str, kinds: Collection[str], things: list[Thing]) -> str:
        every = {name: m.name for m, names, _ in things for name in names}
        close = dict.fromkeys(
            every[c] for c in difflib.get_close_matches(fold(word), every, n=3, cutoff=0.75)
        )
        what = _or(dict.fromkeys(WORDS[k].removesuffix(" at home") for k in kinds))
        what = "institution" if set(kinds) == set(INSTITUTIONS) else what
        start = (
            f"nothing is called '{word}'"
            if len(kinds) > len(INSTITUTIONS) + 3
            else f"no {what} '{word}'"
        )
        ids = (
            "an OpenAlex id (I…), a ROR, or part of its name"
            if "home" in kinds
            else "an id, or part of its name"
        )
        return f"{start} in this vintage; " + (
            f"did you mean {_or(close)}?" if close else f"give {ids}"
        )

    # -- all things with their names, folded

    def _all(self, kinds: Collection[str]) -> Iterator[Thing]:
        if set(kinds) & set(INSTITUTIONS):
            yield from (t for t in self._institutions if t.meaning.kind in kinds)
        if set(kinds) - set(INSTITUTIONS):
            yield from (t for t in self._others if t.meaning.kind in kinds)

    @cached_property
    def _aliases(self) -> dict[str, set[str]]:
        """Short names, and entries of lists, as they are compared -> ROR; one name may be two's."""
        found: dict[str, set[str]] = {}
        for name, ror in self._queries.rollup.aliases.items():
            found.setdefault(fold(name), set()).add(ror)
        for entry in (e for w in self._queries.watchlists for e in w.entry if e.ror):
            for name in (entry.id, *entry.aliases):
                found.setdefault(fold(name), set()).add(str(entry.ror))
        return found

    @cached_property
    def _institutions(self) -> list[Thing]:
        rows, called = self._rows, self._vocabulary.get("institution", {})
        known: dict[str, set[str]] = {}
        for name, rors in self._aliases.items():
            for ror in rors:
                known.setdefault(ror, set()).add(name)
        found = []
        for i, ror, name, code, domestic in zip(
            *(rows[c] for c in ("institution_id", "ror", "name", "country_code", "is_domestic")),
            strict=True,
        ):
            short = (ror or "").rpartition("/")[2]
            meaning = Meaning("home" if domestic else "abroad", i, f"{name} ({code})")
            names = {fold(name), *known.get(ror, ()), *map(fold, called.get(short, ()))}
            found.append(Thing(meaning, names, {fold(i), *({ror, short} if ror else ())}))
        return found

    @cached_property
    def _others(self) -> list[Thing]:
        return [
            Thing(m, {fold(m.name), *map(fold, more)}, {fold(m.value)}) for m, more in self._said()
        ]

    def _said(self) -> Iterator[tuple[Meaning, Iterable[str]]]:
        queries, called = self._queries, self._vocabulary
        words = called.get("country", {})
        for country in iso3166.countries:
            code, own = country.alpha2, words.get(country.alpha2, ())
            name = next(iter(own), country.apolitical_name)
            yield Meaning("country", code, name), (*own, country.apolitical_name, country.alpha3)
        for group in queries.partners:
            yield self._group(group), (group.id, group.name, group.name_da)
        if "group" in called:
            yield Meaning("group", "international", "abroad"), called["group"]["international"]
        for w in (w for w in queries.watchlists if w.enabled):
            yield Meaning("list", w.id, w.name), (w.name_da,)
            for e in w.entry:
                yield Meaning("entry", f"{w.id}/{e.id}", e.name), (e.id, e.name_local, *e.aliases)
        for s in (s for s in queries.technologies if s.enabled):
            for t in s.technology:
                yield Meaning("technology", t.id, t.name), ()
            for area, title in s.eu10.items():
                yield (
                    Meaning("area", area, title),
                    (
                        *called.get("area", {}).get(area, ()),
                        *called.get("area_short", {}).get(area, ()),
                    ),
                )
        for kind in ("field", "type", "status"):
            for value, names in called.get(kind, {}).items():
                yield Meaning(kind, value, next(iter(names))), names
        for value in SIZES:
            yield Meaning("size", value, value), ()
        for value in self._publishers:
            yield Meaning("publisher", value, value), ()

    def _group(self, group: Group) -> Meaning:
        """A group that is one country for good is that country."""
        if len(group.countries) == 1 and not (group.valid_from or group.valid_to):
            return Meaning("country", group.countries[0], group.name)
        return Meaning("group", group.id, group.name)

    def _area(self, near: list[Meaning]) -> Meaning | None:
        """The EU area among things that are, all others, technologies of it: the wider meaning."""
        areas = [m for m in near if m.kind == "area"]
        inside = {
            (t.id, a)
            for s in self._queries.technologies
            if s.enabled
            for t in s.technology
            for a in t.eu10
        }
        others = [m for m in near if m.kind != "area"]
        if len(areas) == 1 and all(
            m.kind == "technology" and (m.value, areas[0].value) in inside for m in others
        ):
            return areas[0]
        return None


def fold(text: str) -> str:
    """A name as it is compared: without case, accents and article.

    >>> fold("Københavns Universitet"), fold("the United States")
    ('kobenhavns universitet', 'united states')
    """
    return " ".join(anyascii(text).casefold().removeprefix("the ").split())


def _once(meanings: Iterable[Meaning]) -> list[Meaning]:
    """Each thing once, whatever it is called."""
    return list({(m.kind, m.value): m for m in meanings}.values())


def _or(items: Iterable[str]) -> str:
    *some, last = items
    return f"{', '.join(some)} or {last}" if some else last
