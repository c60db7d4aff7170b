"""Real records with one field written as other programs write it, each beside what it means.

A mutation is drawn from a seed. It returns the bytes of a record and the record that a plain reader
should see: the field's meaning where that is plain, null where it is not, or nothing of the work
where its id, its authorships or its text as a whole is gone. `losses` is the oracle: a judgement of
plain records that shares no code with coauth.
"""

import gzip
import json
import math
import random
import re
from collections import Counter

from tests.support.json_values import spots

ROOTS = (
    "id",
    "doi",
    "title",
    "publication_year",
    "publication_date",
    "type",
    "language",
    "is_retracted",
    "is_paratext",
    "authorships",
    "primary_topic",
    "topics",
    "cited_by_count",
    "citation_normalized_percentile",
    "primary_location",
    "abstract_inverted_index",
    "updated_date",
)
OLD_TYPES = {
    "journal-article": "article",
    "proceedings-article": "conference-paper",
    "proceedings": "conference-paper",
    "monograph": "book",
    "posted-content": "preprint",
}
PERSONAL = ("author", "raw_author_name", "raw_orcid")
GONE = object()
"""In the place of a meaning: the work cannot be read."""


def real(folder):
    """Every full record of every file of real works, as parsed JSON."""
    records = []
    for file in sorted((folder / "openalex/works").glob("*.jsonl*")):
        text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        records += [json.loads(line) for line in text.splitlines()]
    return [r for r in records if isinstance(r.get("authorships"), list)]


def put(record, path, value):
    """The record with a value at a path (or without the key, for a value of `GONE`)."""
    copy = json.loads(json.dumps(record))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    if value is GONE:
        inner[path[-1]] = None
        if isinstance(path[-1], str):
            del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return copy


def spellings(path, value):
    """(written, meaning) of a value in the other forms that it is met in."""
    key = next((k for k in reversed(path) if isinstance(k, str)), "")
    yield from ((None, None), ({}, {} if isinstance(value, dict) else None), (GONE, GONE))
    if isinstance(value, bool):
        yield from (
            (int(value), value),
            (str(value).upper(), value),
            ([value], value),
            ("perhaps", None),
            (7, None),
            ({"x": 1}, None),
        )
    elif isinstance(value, int | float):
        whole = isinstance(value, int)
        yield from (
            (str(value), value),
            ([value], value),
            ("NA", None),
            (math.nan, None),
            ("abc", None),
            ({"x": 1}, None),
            (True, None),
        )
        yield from (
            ((float(value), value), (10**30, None), ({"$numberInt": str(value)}, value))
            if whole
            else ()
        )
    elif isinstance(value, str):
        yield from (
            ([value], value),
            ({"x": 1}, None),
            ([value, value], None),
            (True, None),
            (math.nan, None),
        )
        if match := re.fullmatch(r"https://openalex\.org/([WIT])(\d+)", value):
            kind = {"W": "works/", "I": "institutions/", "T": "topics/"}[match[1]]
            plain = [
                f"https://api.openalex.org/{kind}{match[1]}{match[2]}",
                value.lower(),
                value + "/",
                f"http://openalex.org/{match[1]}{match[2]}",
            ]
            yield from ((spelling, value) for spelling in plain)
            yield from (("unknown", None), ("https://openalex.org/X-1", None))
        elif key in ("country_code", "countries") and re.fullmatch("[A-Z]{2}", value):
            yield from (
                (value.lower(), value),
                (f"https://openalex.org/countries/{value}", value),
                ("ZZZ", None),
                ("XX", None),
            )
        elif key == "type" and path == ("type",):
            yield from (
                (value.upper(), value),
                (f"https://openalex.org/types/{value}", value),
                ("7", None),
            )
        elif key in ("title", "raw_affiliation_string"):
            yield (value + " \ud83d", value + " \ufffd")
    elif isinstance(value, list):
        yield from (([value], value), (False, None), (json.dumps(value), value))
        if len(value) == 1 and not isinstance(value[0], list):
            yield (value[0], value if value[0] is not None else None)
    elif isinstance(value, dict):
        yield from (([value], value), ([], None), (False, None), (json.dumps(value), value))


def mutate(record, number, draw):
    """(bytes of a record, what it means or None where it cannot be read); `number` becomes the
    work's own, and stands in `id` alone.
    """
    record = {k: v for k, v in record.items() if k != "ids"}
    record["id"] = f"https://openalex.org/W{number}"
    paths = [
        p
        for p in spots({k: record[k] for k in ROOTS if k in record})
        if p and not any(k in PERSONAL for k in p)
    ]
    root = draw.choice(
        sorted({p[0] for p in paths})
    )  # every field as often, however much there is of it
    path = draw.choice([p for p in paths if p[0] == root])
    inside, value = record, record
    for key in path:
        inside, value = value, value[key]
    written, meaning = draw.choice(list(spellings(path, value)))
    if root == "abstract_inverted_index" and len(path) > 1 and meaning is None:
        meaning, path_meant = None, path[:1]  # an abstract is whole or none
    elif isinstance(path[-1], int) and len(inside) == 1 and isinstance(written, list):
        # a list in a list of one is that list: [[x, x]] means [x, x], and [[]] means []
        meaning, path_meant = [meaning] if written == [value] else written, path[:-1]
    else:
        path_meant = path
    if root == "authorships" and len(path) == 1 and meaning is None and written not in (None, {}):
        return encoded(put(record, path, written)), None
    if root == "id" and meaning is None:
        meaning = GONE
    return encoded(put(record, path, written)), put(record, path_meant, meaning)


def encoded(record):
    """As Python's own writer would: NaN as such, half characters as escapes."""
    return json.dumps(record).encode()


def year(record):
    if isinstance(record.get("publication_year"), int):
        return record["publication_year"]
    text = str(record.get("publication_date") or "")
    return int(text[:4]) if re.match(r"\d{4}-\d\d-\d\d", text) else None


def reason(record, scope, last):
    """Why a plain record is no work in scope; None where it is."""
    if record is None:
        return "unreadable record"
    if not re.fullmatch(r"https://openalex\.org/W\d+", record.get("id") or ""):
        return "no OpenAlex work id"
    if year(record) is None:
        return "no publication year"
    if not scope.first_year <= year(record) <= last:
        return "outside the years asked for"
    kind = record.get("type")
    if kind is None:
        return "no type on the record"
    if OLD_TYPES.get(kind, kind) not in scope.types:
        return "type not asked for"
    authorships = record.get("authorships") or []
    if not authorships:
        return "no authorships on the record"
    places = [i for a in authorships if a for i in a.get("institutions") or [] if i]
    at_home = any(
        i.get("country_code") in scope.home
        and re.fullmatch(r"https://openalex\.org/I[1-9]\d*", i.get("id") or "")
        for i in places
    )
    if at_home:
        return None
    known = any(re.fullmatch(r"https://openalex\.org/I[1-9]\d*", i.get("id") or "") for i in places)
    nowhere = known and not any(i.get("country_code") for i in places)
    return (
        "no country code on its institutions"
        if nowhere
        else "no institution of the scope's country"
    )


def losses(meanings, scope, last):
    """Records and works, and the records left out by reason."""
    reasons = Counter(reason(record, scope, last) for record in meanings)
    kept = reasons.pop(None, 0)
    return {"records": len(meanings), "works": kept, "dropped": dict(reasons)}


def drawn(folder, count, seed):
    """So many (bytes, meaning), each of a real record with an id of its own."""
    draw, records = random.Random(seed), real(folder)
    return [mutate(draw.choice(records), 9_000_000_000 + n, draw) for n in range(count)]
