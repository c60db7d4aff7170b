"""Works that OpenAlex would hold twice."""

import datetime
from dataclasses import replace

from coauth.sources.sample.effects import FIRST_YEAR
from coauth.sources.sample.random import Chance
from coauth.sources.sample.work import Work

SAME_DOI, PREPRINTS = 0.0115, 0.0115
"""Parts of the background works that appear under a second id, and as a preprint with the same
title.
"""


def of(works: list[Work], chance: Chance) -> list[Work]:
    """Second records of some background works; planted ones have none, so that no effect is counted
    twice.

    A copy has the seats of its original and lacks what it lacks: same number of authors, same
    institutions.
    """
    copies: list[Work] = []
    for work in works:
        draw = chance.unit()
        number = len(works) + len(copies) + 1
        if (
            work.role != "background"
            or work.retracted
            or work.type not in ("article", "conference-paper")
        ):
            continue
        if draw < SAME_DOI and work.doi:
            copies.append(replace(work, number=number))
        elif SAME_DOI <= draw < SAME_DOI + PREPRINTS:
            copies.append(_preprint(work, number, chance))
    return copies


def _preprint(work: Work, number: int, chance: Chance) -> Work:
    """In the same year, or the year before for one in three."""
    year = work.year - 1 if work.year > FIRST_YEAR and chance.happens(1 / 3) else work.year
    first, last = datetime.date(year, 1, 1), min(work.date, datetime.date(year, 12, 31))
    date = first + datetime.timedelta(days=chance.below((last - first).days + 1))
    doi = f"https://doi.org/10.5555/sample.preprint.{number:06d}"
    return replace(work, number=number, year=year, date=date, type="preprint", doi=doi)
