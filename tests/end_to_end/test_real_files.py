"""Files of real records saved by other people, through the door: nothing unreadable, and every loss
as counted by hand.

The count is plain Python over the file's JSON, and shares no code with coauth.
"""

import gzip
import json
from collections import Counter, defaultdict

import pytest

from coauth.pipeline.project import Project
from tests.support.commands import coauth, project
from tests.support.mutations import reason

FILES = [("dk_works", "DK", 164), ("nordic_works", "SE", 541), ("dk_versions", "DK", 307)]


def counted(file, scope, last):
    """Records, works, and records left out by reason; of one id the record of the newest date
    counts, the others are told by why not.
    """
    records = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    several = defaultdict(list)
    for record in records:
        several[record["id"]].append(record)
    dropped, works = Counter(), 0
    for versions in several.values():
        stamps = [v.get("updated_date") or "" for v in versions]
        newest = [v for v, stamp in zip(versions, stamps, strict=True) if stamp == max(stamps)]
        counts = next((v for v in newest if reason(v, scope, last) is None), newest[0])
        why = reason(counts, scope, last)
        works += why is None
        dropped[why] += why is not None
        dropped["id of a newer record"] += len(versions) - len(newest)
        dropped["same id and date as another record"] += len(newest) - 1
    dropped.pop(None, None)
    return {"records": len(records), "works": works, "dropped": dict(sorted((+dropped).items()))}


@pytest.mark.parametrize(("name", "country", "size"), FILES)
def test_no_record_is_lost_without_a_true_reason(real_records, tmp_path, name, country, size):
    """Harvest and build say what the count by hand says, no record is unreadable, and no
    institution and no country is none.
    """
    root = project(tmp_path / "project", quick=True)
    scope = root / "queries/scope.toml"
    scope.write_text(scope.read_text().replace('countries = ["DK"]', f'countries = ["{country}"]'))
    file = real_records / f"openalex/works/{name}.jsonl.gz"
    expected = counted(file, Project(root).queries.scope, 2026)
    assert expected["records"] == size
    coauth(root, "harvest", "--from", str(file))
    manifest = json.loads(next((root / "cache").glob("*/manifest.json")).read_text())
    assert {key: manifest["account"][key] for key in expected} == expected
    built = json.loads(coauth(root, "build", "--json").stdout)["losses"]["works"]
    assert {key: built[key] for key in expected} == expected
    assert not [r for r in built["dropped"] if r.startswith("unreadable")]
