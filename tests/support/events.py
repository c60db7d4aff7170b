"""Policy dates on series of works a year."""

import datetime

from coauth.queries import Event, Events
from coauth.stages import events
from coauth.tables.schemas import (
    AFFILIATIONS,
    INSTITUTIONS,
    LISTED,
    MEMBERSHIPS,
    WORKS,
)
from tests.support.toy_worlds import shuffled
from tests.support.world import WORK_ROW

YEARS = range(2011, 2025)


def dated(*series, year=2020, month=5, lags=(0,), controls=1):
    event = Event(
        id="e", date=datetime.date(year, month, 1), name="e", name_da="e", series=series, source="-"
    )
    return Events(
        lags=lags, event=(event,), controls=controls, widest_ratio=2.0, widest_distance=0.8
    )


class Harvest:
    """Tables written down as so many works of a group in a year, spread over its quarters."""

    def __init__(self):
        self.works, self.members, self.on, self.places, self.listed = [], [], [], [], []

    def add(self, year, number, *groups, on=(), date=None, **told):
        """`number` works of `year` in these groups and 'international', dated in the middle of each
        quarter in turn.
        """
        for i in range(int(number)):
            name = f"W{len(self.works):06d}"
            day = datetime.date(year, 3 * (i % 4) + 2, 10) if date is None else date
            entry = {"work_id": name, "year": year, "publication_date": day, "field_id": "17"}
            self.works.append(WORK_ROW | entry | told)
            for group in ("international", *groups):
                for basis in (
                    ("institution",) if group.startswith("list:") else ("institution", "union")
                ):
                    self.members.append(
                        {"year": year, "group_id": group, "basis": basis, "work_id": name}
                    )
            self.on += [
                {
                    "work_id": name,
                    "institution_id": i,
                    "harvested_ids": [i],
                    "author_share": 0.5,
                    "is_domestic": False,
                    "strings": None,
                }
                for i in on
            ]

    def place(self, name, country="CN", kind="education", on_list=False):
        self.places.append(
            {
                "institution_id": name,
                "name": name,
                "country_code": country,
                "type": kind,
                "is_domestic": False,
                "lineage": [name],
                "rolled_up_from": [],
                "works": 1,
                "author_works": 1.0,
                "author_works_matched": 1.0,
            }
        )
        if on_list:
            self.listed.append(
                {
                    "institution_id": name,
                    "list_id": "miit",
                    "entry_id": name.lower(),
                    "match_method": "id",
                    "standing": "designation",
                    "listed_today": True,
                }
            )

    def regress(self, told, asked, order=None, **scope):
        tables = [
            MEMBERSHIPS.of(self.members),
            WORKS.of(self.works),
            AFFILIATIONS.of(self.on),
            INSTITUTIONS.of(self.places),
            LISTED.of(self.listed),
        ]
        if order is not None:
            tables = [shuffled(t, order) for t in tables]
        return events.regress(*tables, told, asked.scope.model_copy(update=scope), 0.95)


def harvest(counts, others, group="china", years=YEARS):
    made = Harvest()
    for year, n, m in zip(years, counts, others, strict=True):
        made.add(year, n, group)
        made.add(year, m)
    return made
