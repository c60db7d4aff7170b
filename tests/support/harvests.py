"""Harvests from the stand-in: a world of a few hundred works, the shortest way to harvest it, and
what lies on disk.
"""

from __future__ import annotations

import gzip
import os
import random
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from coauth.queries import Scope
from coauth.sources import api
from coauth.storage import Cache, Vintage
from tests.support.standin import StandIn
from tests.support.vintages import entries

AS_OF = date(2020, 6, 15)
CONTROLS = 3
KEY = "secret-KEY-123"
PLACES = (
    None,
    "cursor=*",
    "cursor=Il",
    "/works/W",
    "2020-01-31",
    "2020-02-29",
    "2020-03-31",
    "group-by",
)
"""What stands in a request that a fault may wait for; None: any."""
SCHEDULES = int(os.environ.get("COAUTH_FAULT_SCHEDULES", "20"))


def scope(**changes: Any) -> Scope:
    given = {
        "title": "Test",
        "countries": ("DK",),
        "first_year": 2020,
        "last_year": 2020,
        "preliminary_years": 0,
        "types": ("article", "review"),
        "max_institutions": 50,
    }
    return Scope(**(given | changes))


def institution(number: int, country: str) -> dict[str, Any]:
    return {
        "id": f"https://openalex.org/I{number}",
        "display_name": f"Institute {number}",
        "country_code": country,
        "ror": f"https://ror.org/0{number:06d}22",
        "type": "education",
        "lineage": [f"https://openalex.org/I{number}"],
    }


def authorship(number: int, country: str = "DK") -> dict[str, Any]:
    text = f"Institute {number % 7}, {country}"
    return {
        "author_position": "middle",
        "author": {
            "id": f"https://openalex.org/A{5_000_000_000 + number}",
            "display_name": f"Person {number}",
        },
        "institutions": [institution(number % 7 + 1, country)],
        "countries": [country],
        "raw_author_name": f"Person {number}",
        "raw_affiliation_strings": [text],
        "affiliations": [
            {
                "raw_affiliation_string": text,
                "institution_ids": [f"https://openalex.org/I{number % 7 + 1}"],
            }
        ],
    }


def work(number: int, day: str, authors: int = 2, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"https://openalex.org/W{4_000_000_000 + number}",
        "doi": f"https://doi.org/10.1/{number}",
        "title": f"Work {number}",
        "publication_year": int(day[:4]),
        "publication_date": day,
        "type": "article",
        "language": "en",
        "is_retracted": False,
        "is_paratext": False,
        "authorships": [authorship(number * 7 + n) for n in range(authors)],
        "cited_by_count": number % 13,
        "updated_date": "2026-08-14T05:12:33.123456",
        "created_date": "2025-10-10",
        "abstract_inverted_index": {"Plain": [0], "words": [1]},
    } | changes


def world(count: int = 500, seed: int = 1) -> list[dict[str, Any]]:
    """January to June 2020: many works of 1 January, an empty April, exactly 100 works in March,
    some long bylines.
    """
    draw = random.Random(seed)
    days = [f"2020-{m:02d}-{d:02d}" for m in (1, 2, 5, 6) for d in range(1, 29)]
    made = [work(n, f"2020-03-{1 + n % 28:02d}") for n in range(100)]
    for n in range(100, count):
        day = "2020-01-01" if draw.random() < 0.5 else draw.choice(days)
        made.append(
            work(
                n,
                day,
                authors=130 if n % 97 == 0 else draw.choice([1, 2, 5]),
                type=draw.choice(["article", "review"]),
            )
        )
    strangers = [
        work(9_000, "2020-02-02", type="dataset"),
        work(9_001, "2019-12-31"),
        work(9_002, "2020-07-01"),
    ]
    abroad = work(9_003, "2020-02-03", authorships=[authorship(1, "SE")])
    unmatched = work(
        9_004, "2020-02-03", authorships=[authorship(1, "SE") | {"countries": ["SE", "DK"]}]
    )
    return [*made, *strangers, abroad, unmatched]


def inside(records: list[dict[str, Any]]) -> set[str]:
    """Ids of the works of a world that are in scope."""
    return {r["id"] for r in records if int(r["id"][-4:]) < 9_000}


WORLD, SMALL = world(), world(260, seed=2)
INSIDE, SMALL_INSIDE = inside(WORLD), inside(SMALL)
LONG = sum(len(r["authorships"]) >= 100 for r in WORLD)


def begun(tmp_path: Path, wanted: Scope | None = None) -> Vintage:
    """The vintage that is there, or a new one that asks for the `wanted` scope."""
    cache = Cache(tmp_path / "cache")
    if vintages := cache.vintages():
        return vintages[0]
    fingerprint = (wanted or scope()).fingerprint
    day = AS_OF.isoformat()
    return cache.create(day, **entries(day, source={"kind": "api"}, scope_fingerprint=fingerprint))


class Naps(list[float]):
    """Sleeps nobody sleeps."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def harvest(tmp_path: Path, server: StandIn | None, **given: Any) -> dict[str, Any]:
    options: dict[str, Any] = {
        "as_of": AS_OF,
        "key": None,
        "url": server.url if server else None,
        "sleep": Naps(),
        "timeout": 5.0,
    }
    chosen = given.pop("scope", scope())
    return api.fill(begun(tmp_path, chosen), chosen, **(options | given))


def stored_ids(tmp_path: Path) -> Counter[str]:
    return Counter(str(w.id) for page in begun(tmp_path).pages() for w in page.works)


def stored_files(tmp_path: Path) -> dict[str, bytes]:
    root = begun(tmp_path).path / "pages"
    return {
        p.relative_to(root).as_posix(): p.read_bytes()
        for p in sorted(root.rglob("*"))
        if p.is_file()
    }


def whole_months() -> dict[str, int]:
    counted = Counter(r["publication_date"][:7] for r in WORLD if r["id"] in INSIDE)
    return {f"2020-{m:02d}": counted[f"2020-{m:02d}"] for m in range(1, 7)}


def least_requests(months: dict[str, int]) -> int:
    """Every page, one more where the last is exactly full or the slice empty, and each long byline."""
    return sum(n // 100 + 1 for n in months.values()) + LONG


def only_pages(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if name.endswith(".gz")}


def everything_on_disk(folder: Path) -> list[bytes]:
    found = []
    for path in folder.rglob("*"):
        found.append(str(path).encode())
        if path.is_file():
            data = path.read_bytes()
            found += [data, gzip.decompress(data)] if path.suffix == ".gz" else [data]
    return found
