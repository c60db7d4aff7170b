"""Records with markers, to look for personal data where it must not be."""

from __future__ import annotations

import copy
import functools
import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from tests.support.standin.fields import authorships
from tests.support.standin.wire import Record

FIRST_NAMES = ("Quorvane", "Thessily", "Bramwick", "Oelwyn", "Maristel", "Jorvath")
LAST_NAMES = ("Zyblenski", "Vandrakov", "Hjortqvist", "Pellworth", "Okambira", "Dravenholt")
DEPARTMENTS = ("Department of Physics", "Department of Clinical Medicine", "Department of History")


@dataclass(frozen=True)
class Persona:
    """An invented author; every value of it can be searched for."""

    serial: int

    @property
    def first(self) -> str:
        return FIRST_NAMES[self.serial % len(FIRST_NAMES)]

    @property
    def last(self) -> str:
        return f"{LAST_NAMES[self.serial % len(LAST_NAMES)]}{self.serial:04d}"

    @property
    def identifier(self) -> str:
        return f"A77{self.serial:08d}"

    @property
    def mail(self) -> str:
        return f"{self.last.lower()}@mail{self.serial:04d}.example"

    @property
    def orcid(self) -> str:
        """A well-formed ORCID, check digit included, in a block that is not given out."""
        digits = f"{9 * 10**14 + self.serial:015d}"
        total = functools.reduce(lambda sum_, digit: (sum_ + int(digit)) * 2, digits, 0)
        check = (12 - total % 11) % 11
        text = digits + ("X" if check == 10 else str(check))
        return "-".join(text[at : at + 4] for at in range(0, 16, 4))

    def spelled(self, form: int) -> str:
        """The author's name as people write it: five forms, taken in turn."""
        forms = (
            f"{self.first} {self.last}",
            f"{self.last}, {self.first}",
            f"{self.first[0]}. {self.last}",
            f"{self.last} {self.first[0]}",
            f"Prof. {self.last}",
        )
        return forms[form % len(forms)]

    def markers(self) -> list[str]:
        return [self.last, self.identifier, self.orcid, self.mail]


class _Marker:
    """Marks records one after the other; the same author keeps the same invented name in all of
    them.
    """

    def __init__(self) -> None:
        self.markers: list[str] = []
        self._personas: dict[str, Persona] = {}
        self._forms = itertools.count()

    def _persona(self, known_as: str) -> Persona:
        if known_as not in self._personas:
            self._personas[known_as] = Persona(len(self._personas) + 1)
            self.markers += self._personas[known_as].markers()
        return self._personas[known_as]

    def _affiliation(self, persona: Persona, text: str) -> str:
        form = next(self._forms)
        url, department = f"https://orcid.org/{persona.orcid}", DEPARTMENTS[form % len(DEPARTMENTS)]
        return f"{persona.spelled(form)}, {persona.mail}, {url} ({persona.orcid}), {department}, {text}"

    def _authorship(self, one: Record, fallback: str) -> None:
        author = one.get("author") or {}
        persona = self._persona(author.get("id") or fallback)
        url = f"https://orcid.org/{persona.orcid}"
        if author.get("id"):
            author["id"] = f"https://openalex.org/{persona.identifier}"
        author.update(display_name=persona.spelled(0), orcid=url, observed_orcids=[url])
        one.update(author=author, raw_author_name=persona.spelled(1), raw_orcid=url)
        texts = one.get("raw_affiliation_strings") or []
        marked_texts = {text: self._affiliation(persona, text) for text in texts}
        one["raw_affiliation_strings"] = [marked_texts[text] for text in texts]
        for affiliation in one.get("affiliations") or []:
            text = affiliation.get("raw_affiliation_string")
            if text:
                affiliation["raw_affiliation_string"] = marked_texts.get(text) or self._affiliation(
                    persona, text
                )

    def _text(self, name: str, serial: int) -> str:
        self.markers.append(f"{name}{serial:05d}")
        return self.markers[-1]

    def mark(self, record: Record, serial: int) -> Record:
        record = copy.deepcopy(record)
        renamed: dict[str, str] = {}
        for place, one in enumerate(authorships(record)):
            before = (one.get("author") or {}).get("id")
            self._authorship(one, fallback=f"{serial}/{place}")
            if before:
                renamed[before] = one["author"]["id"]
        if record.get("corresponding_author_ids"):
            named = (
                renamed.get(known_as)
                or f"https://openalex.org/{self._persona(known_as).identifier}"
                for known_as in record["corresponding_author_ids"]
            )
            record["corresponding_author_ids"] = list(named)
        if record.get("title") or record.get("display_name"):
            title = (
                f"{record.get('title') or record['display_name']} {self._text('Titlemark', serial)}"
            )
            record.update(title=title, display_name=title)
        for name in ("abstract_inverted_index", "abstract_inverted_index_v3"):
            if record.get(name):
                record[name] = {**record[name], self._text("Abstractmark", serial): [9999]}
        for name in ("abstract", "citation"):  # old record shapes carry them as plain text
            if isinstance(record.get(name), str):
                record[name] += f" {self._text('Textmark', serial)}"
        return record


def marked(records: Iterable[Record]) -> tuple[list[Record], list[str]]:
    """Copies of the records in which everything personal is a marker, and the list of all markers
    to search for.

    Marked are the author's id (unless null), name, ORCIDs, raw name, the corresponding author ids,
    every affiliation text (name in five spellings, mail address, ORCID as address and bare, a
    department, then the text as it was), titles (``Titlemark…``), abstracts (``Abstractmark…``) and
    the plain texts of old shapes (``Textmark…``).
    """
    marker = _Marker()
    changed = [marker.mark(record, serial) for serial, record in enumerate(records, start=1)]
    return changed, sorted(set(marker.markers))
