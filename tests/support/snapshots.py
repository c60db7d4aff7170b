"""Copies of the OpenAlex snapshot as they lie on a disk, made of a few records or, to measure, of
many.

The layout of folders and manifest is the documented one. Nobody has looked into the real Parquet
files for this: their columns are taken to be those of the JSON, nested in the same way, with the
abstract's index as a JSON text.
"""

import gzip
import json
import random

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

S, N, B = pa.string(), pa.int64(), pa.bool_()
NAMED = pa.struct([("id", S), ("display_name", S)])
PLACE = pa.struct(
    [
        ("id", S),
        ("display_name", S),
        ("ror", S),
        ("country_code", S),
        ("type", S),
        ("lineage", pa.list_(S)),
    ]
)
AUTHORSHIP = pa.struct(
    [
        ("author_position", S),
        ("author", pa.struct([("id", S), ("display_name", S), ("orcid", S)])),
        ("institutions", pa.list_(PLACE)),
        ("countries", pa.list_(S)),
        ("raw_author_name", S),
        ("raw_affiliation_strings", pa.list_(S)),
        (
            "affiliations",
            pa.list_(pa.struct([("raw_affiliation_string", S), ("institution_ids", pa.list_(S))])),
        ),
    ]
)
TOPIC = pa.struct(
    [
        ("id", S),
        ("display_name", S),
        ("score", pa.float64()),
        ("subfield", NAMED),
        ("field", NAMED),
        ("domain", NAMED),
    ]
)
SCHEMA = pa.schema(
    [
        ("id", S),
        ("doi", S),
        ("title", S),
        ("publication_year", N),
        ("publication_date", pa.date32()),
        ("type", S),
        ("language", S),
        ("is_retracted", B),
        ("is_paratext", B),
        ("authorships", pa.list_(AUTHORSHIP)),
        ("cited_by_count", N),
        ("primary_topic", TOPIC),
        ("topics", pa.list_(TOPIC)),
        ("abstract_inverted_index", S),
        ("updated_date", S),
        ("created_date", S),
        ("is_xpac", B),
        ("referenced_works", pa.list_(S)),
    ]
)


def table(records):
    rows = [
        r
        | {
            "abstract_inverted_index": as_text(r.get("abstract_inverted_index")),
            "publication_date": None,
        }
        for r in records
    ]
    made = pa.Table.from_pylist(rows, schema=SCHEMA)
    days = pa.array([r.get("publication_date") for r in records], S).cast(pa.date32())
    return made.set_column(
        SCHEMA.get_field_index("publication_date"), SCHEMA.field("publication_date"), days
    )


def as_text(index):
    return index if index is None or isinstance(index, str) else json.dumps(index)


def lines(records):
    return b"".join(msgspec.json.encode(r) + b"\n" for r in records)


def copy(root, parts, layout="jsonl", manifest=True, deleted=(), counts=None):
    """A copy with `parts`: records by partition date; `counts` says other numbers in the manifest
    than are there.
    """
    folder = root / "data" / layout / "works"
    named = {}
    for day, records in parts.items():
        file = (
            folder
            / f"updated_date={day}"
            / ("part_0000.gz" if layout == "jsonl" else "part_0000.parquet")
        )
        file.parent.mkdir(parents=True)
        if layout == "jsonl":
            file.write_bytes(gzip.compress(lines(records), 1, mtime=0))
        else:
            pq.write_table(table(records), file, row_group_size=40, compression="snappy")
        named[f"s3://openalex/data/{layout}/works/updated_date={day}/{file.name}"] = len(records)
    if manifest:
        files = [
            {"url": url, "meta": {"record_count": (counts or {}).get(url.rsplit("=")[-1][:10], n)}}
            for url, n in named.items()
        ]
        (folder / "manifest.json").write_text(
            json.dumps({"date": "2026-10-15", "format": layout, "entity": "works", "files": files})
        )
    if deleted:
        (folder / "deleted_ids.csv").write_text(
            "work_id,deleted_date\n" + "".join(f"{w},2026-09-01\n" for w in deleted)
        )
    return root


WORDS = [
    f"{a}{b}{c}"
    for a in ("ba", "co", "di", "fu", "ge", "ho")
    for b in ("lar", "mist", "nec", "port", "quil")
    for c in ("a", "er", "ing", "on", "")
]


def heavy(number, draw, country, authors):
    """A record of about the size and repetitiveness of a real one: abstract, references, full
    affiliations.
    """
    places = [
        {
            "id": f"https://openalex.org/I{draw.randrange(10**8)}",
            "display_name": f"University of {draw.choice(WORDS)}",
            "ror": f"https://ror.org/0{draw.randrange(10**6):06d}22",
            "country_code": code,
            "type": "education",
            "lineage": [],
        }
        for code in [country, *draw.choices(["US", "CN", "DE", "GB", "BR"], k=min(authors, 4))]
    ]
    authorships = []
    for n in range(authors):
        place = places[n % len(places)]
        text = (
            f"Department of {draw.choice(WORDS)}, {place['display_name']}, {place['country_code']}"
        )
        authorships.append(
            {
                "author_position": "middle",
                "author": {
                    "id": f"https://openalex.org/A{5 * 10**9 + draw.randrange(10**8)}",
                    "display_name": f"{draw.choice(WORDS)} {draw.choice(WORDS)}",
                    "orcid": None,
                },
                "institutions": [place],
                "countries": [place["country_code"]],
                "raw_author_name": "",
                "raw_affiliation_strings": [text],
                "affiliations": [
                    {"raw_affiliation_string": text, "institution_ids": [place["id"]]}
                ],
            }
        )
    index = {}
    for position, word in enumerate(draw.choices(WORDS, k=160)):
        index.setdefault(word, []).append(position)
    return {
        "id": f"https://openalex.org/W{number}",
        "doi": f"https://doi.org/10.1/{number}",
        "title": " ".join(draw.choices(WORDS, k=9)),
        "publication_year": 2020,
        "publication_date": "2020-03-04",
        "type": "article",
        "language": "en",
        "is_retracted": False,
        "is_paratext": False,
        "authorships": authorships,
        "cited_by_count": draw.randrange(99),
        "abstract_inverted_index": index,
        "updated_date": "2026-08-14T05:12:33",
        "created_date": "2025-10-10",
        "is_xpac": False,
        "referenced_works": [f"https://openalex.org/W{draw.randrange(10**9)}" for _ in range(35)],
    }


def block(size=4_000, seed=1, share=0.005):
    """Records as they come in the snapshot: one in two hundred is Danish, one in two thousand has
    3,000 authors.
    """
    draw = random.Random(seed)
    return [
        heavy(
            10**9 + n,
            draw,
            "DK" if draw.random() < share else "FR",
            3_000 if n % 2_000 == 777 else draw.choice([1, 2, 3, 5, 8]),
        )
        for n in range(size)
    ]
