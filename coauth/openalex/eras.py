"""Days on which OpenAlex replaced a model behind every work, and where a harvest stands by them.

Since 28 September 2026 another matcher assigns institutions to affiliation strings: 118 million
assignments on 54 million works are others than before, and `updated_date` did not move. Since 6
October 2026 another model assigns topics: 53 % of works kept their field. No record says which
model it is of, so only the days of fetching tell. Of records from disk these are not known unless
somebody says; a record that OpenAlex updated after such a day was fetched after it, and one updated
before it may be of either side.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

MIXED, UNKNOWN = "mixed", "unknown"

Relation = Literal["same", "replaced", "unknown"]


@dataclass(frozen=True)
class Border:
    """One such day. On it the new model is taken to be in use."""

    key: str
    """In `manifest.json`."""
    name: str
    replaced: str
    """What happened, as a sentence says it."""
    day: date
    before: str
    after: str

    def era(self, first: date, last: date) -> str:
        """Era of pages fetched from `first` to `last`.

        >>> spans = (1, 27), (28, 30), (27, 28)
        >>> [MATCHER.era(date(2026, 9, first), date(2026, 9, last)) for first, last in spans]
        ['2023', '3.0', 'mixed']
        """
        if first < self.day <= last:
            return MIXED
        return self.before if first < self.day else self.after

    def of_records(self, as_of: date | None, oldest: date | None, newest: date | None) -> str:
        """Era of records from disk: by the day they were taken, unless one was updated beyond the
        border since; else that of records all updated on its far side. `oldest` is None where a
        record does not say when it was updated.

        >>> may, november = date(2026, 5, 3), date(2026, 11, 3)
        >>> [MATCHER.of_records(may, may, newest) for newest in (may, november)]
        ['2023', 'unknown']
        >>> [MATCHER.of_records(None, oldest, november) for oldest in (may, november)]
        ['unknown', '3.0']
        """
        if as_of and not (newest and as_of < self.day <= newest):
            return self.era(as_of, as_of)
        return self.after if oldest and oldest >= self.day else UNKNOWN

    def between(self, old: str, new: str) -> Relation:
        """Whether the same model stands behind both sides of a comparison.

        >>> [MATCHER.between("2023", era) for era in ("2023", "3.0", "mixed", "unknown")]
        ['same', 'replaced', 'replaced', 'unknown']
        """
        if MIXED in (old, new):
            return "replaced"
        if UNKNOWN in (old, new):
            return "unknown"
        return "same" if old == new else "replaced"


MATCHER = Border(
    "affiliation_matcher", "matcher", "its affiliation matcher", date(2026, 9, 28), "2023", "3.0"
)
TOPICS = Border("topic_model", "topics", "the topics of every work", date(2026, 10, 6), "v1", "v2")
BORDERS = (MATCHER, TOPICS)

RESTS_ON = {
    MATCHER.key: "institutions, pairs, centralities, cues and lists (countries less so)",
    TOPICS.key: "technologies and fields",
}
"""What cannot be compared across a border."""


class Eras(NamedTuple):
    """On which side of each border a vintage stands; fields are the borders' keys."""

    affiliation_matcher: str
    topic_model: str

    @classmethod
    def from_days(cls, first: date, last: date) -> Eras:
        """Eras of pages fetched from `first` to `last`."""
        return cls(*(border.era(first, last) for border in BORDERS))

    @classmethod
    def from_records(cls, as_of: date | None, oldest: date | None, newest: date | None) -> Eras:
        """Eras of records from disk, by `Border.of_records`."""
        return cls(*(border.of_records(as_of, oldest, newest) for border in BORDERS))

    def relations(self, new: Eras) -> dict[str, Relation]:
        """What lies between this and a `new` vintage, by border.

        >>> Eras("2023", "v1").relations(Eras("3.0", "v1"))
        {'affiliation_matcher': 'replaced', 'topic_model': 'same'}
        """
        return {
            border.key: border.between(old, era)
            for border, old, era in zip(BORDERS, self, new, strict=True)
        }

    def __str__(self) -> str:
        """
        >>> str(Eras("3.0", "unknown"))
        'matcher 3.0, topics not known'
        """
        return ", ".join(
            f"{border.name} {'not known' if era == UNKNOWN else era}"
            for border, era in zip(BORDERS, self, strict=True)
        )


def not_comparable(old: tuple[str, Eras], new: tuple[str, Eras]) -> list[str]:
    """A sentence for each border that lies, or may lie, between two vintages (name, eras).

    >>> not_comparable(("a", Eras("2023", "v2")), ("b", Eras("3.0", "v2")))[0][:66]
    'not comparable: institutions, pairs, centralities, cues and lists '
    """
    said = []
    for border, then, now in zip(BORDERS, old[1], new[1], strict=True):
        relation = border.between(then, now)
        sides = f"{old[0]}: {border.name} {_known(then)}; {new[0]}: {border.name} {_known(now)}"
        happened = f"OpenAlex replaced {border.replaced} on {border.day}"
        if relation == "replaced":
            said.append(f"not comparable: {RESTS_ON[border.key]}: {happened} ({sides})")
        elif relation == "unknown":
            said.append(
                f"cannot be told: whether a change of {RESTS_ON[border.key]} is one of the records: "
                f"{happened} ({sides})"
            )
    return said


def _known(era: str) -> str:
    return "not known" if era == UNKNOWN else era
