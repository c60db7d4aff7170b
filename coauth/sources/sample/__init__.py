"""A seeded synthetic world of OpenAlex work records, for trying and testing coauth without network
or key.

About 20,000 works of a Denmark-like country, 2011-2024, in the JSON shape OpenAlex serves in late
2026. The shape of the world (works a year, partner countries, institutions, topics) follows real,
public counts scaled down (`world.toml`); every work, person, publisher and foreign university in it
is invented and says so: titles begin with `MARK`, names of institutions end in "[sample]", persons
are called "Sample Person 000123", and ids lie in ranges OpenAlex does not use.

Planted in it, with known truth (`effects.py`), are a rise and fall of the works with seven listed
universities, a true rise of one Danish institution, two false falls that only missing metadata
make, and an institution that does not change: `truth` tells what an honest analysis must find. Same
seed, same bytes, on every machine: all randomness is the plain double stream of PCG64
(`chance.py`).

The world is first read on `AS_OF`. Read on a later day, works have been added, removed and changed
since, known by number and cause as well (`later.py`), so that a second vintage has revisions to
tell.

One limit: a real loss of affiliations can take a work's last Danish institution, and with it the
work, out of a Danish harvest. That is not planted; here each work keeps at least one author with a
Danish institution.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from coauth.sources.sample.admissions import admissions
from coauth.sources.sample.later import read_on
from coauth.sources.sample.plan import works
from coauth.sources.sample.records import AS_OF, serve
from coauth.sources.sample.truth import truth
from coauth.sources.sample.work import MARK

__all__ = ["AS_OF", "MARK", "admissions", "records", "truth"]


def records(seed: int = 1, day: date = AS_OF) -> Iterator[dict[str, Any]]:
    """Full work records, never cut at 100 authors, sorted by (publication_date, id).

    Only the root fields that coauth selects are served; some are null or missing here and there, as
    in OpenAlex.

    >>> first = next(records())
    >>> first["title"].startswith(MARK), first["publication_date"]
    (True, '2011-01-01')
    """
    first = serve(works(seed), seed)
    yield from read_on(first, seed, day) if day > AS_OF else first
