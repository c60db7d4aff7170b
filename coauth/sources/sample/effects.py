"""What is planted in the sample world: numbers first, so that plan, losses and truth read the same
ones.
"""

from dataclasses import dataclass

FIRST_YEAR, LAST_YEAR = 2011, 2024
YEARS = tuple(range(FIRST_YEAR, LAST_YEAR + 1))
BEFORE, AFTER = (2018, 2020), (2022, 2024)
"""The windows compared, first and last year."""


@dataclass(frozen=True)
class Effect:
    """A Danish institution whose works are planted by number.

    `share`: its part of all collaborative works (at least two institutions), by first year from
    which it holds.
    """

    role: str
    key: str
    name: str
    share: tuple[tuple[int, float], ...]
    verdict: str
    why: str

    def share_in(self, year: int) -> float:
        return max((since, share) for since, share in self.share if since <= year)[1]


RISE = Effect(
    "rise",
    "true_rise",
    "True Rise Institute",
    ((FIRST_YEAR, 0.0275), (2021, 0.052), (2022, 0.080)),
    "rose",
    "Its share nearly triples, at all publishers, with affiliations as complete as everyone's.",
)
LOSS = Effect(
    "loss",
    "publisher_loss",
    "Publisher Loss Institute",
    ((FIRST_YEAR, 0.083),),
    "no clear change",
    "Its share is constant; its main publisher stops giving most affiliations in 2022. A count of visible works falls by "
    "about half; weighting complete works by 1/P(complete | publisher, field, year, team size) removes the fall.",
)
UNMATCHED = Effect(
    "unmatched",
    "unmatched_strings",
    "Unmatched Strings Institute",
    ((FIRST_YEAR, 0.083),),
    "not comparable: coverage",
    "Its share is constant; from 2022 most of its own affiliation strings are no longer matched, at every publisher. "
    "No weighting by publisher can repair that: its share of partial works jumps far beyond what publishers explain.",
)
CONTROL = Effect(
    "control",
    "ruc",
    "Roskilde University",
    ((FIRST_YEAR, 0.045),),
    "no clear change",
    "Its share is constant and nothing is done to its records beyond the background.",
)
EFFECTS = (RISE, LOSS, UNMATCHED, CONTROL)

MIIT_WORKS = (12, 16, 22, 29, 38, 50, 65, 86, 110, 130, 130, 100, 75, 55)
"""Works a year with one of the seven, 2011-2024: over-represented against Denmark's real share, so
that 20,000 works show it.
"""

LOSS_PUBLISHER = "Publisher Loss [sample]"
LOSS_PUBLISHER_OF_OWN = 0.85
"""Part of the Publisher Loss Institute's works that appear with that publisher (about 15 % of all
works do).
"""

CHANGE_YEAR = 2022
"""From this year on the two losses work."""
STRIPPED_TO_ONE = 0.60
"""Part of the publisher's records, from then on, that keep a single author with an affiliation, a
Danish one.
"""
UNMATCHED_AUTHORSHIPS = 0.65
"""Part of the Unmatched Strings Institute's authorships, from then on, that have a string and no
institution.
"""


def background_strip(year: int) -> float:
    """Probability that a record has incomplete affiliations, mean over publishers.

    Near the coverage measured in late 2025 for articles of 25 publishers: 88 % of works until 2021,
    84 % in 2022-2023, 68 % in 2024 (SUB Göttingen, scholcomm_analytics, OpenAlex "Walden").
    """
    if year < CHANGE_YEAR:
        return 0.12
    return 0.16 if year < LAST_YEAR else 0.30
