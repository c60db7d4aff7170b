"""The manifest of a vintage: typed when read, the same bytes when written again."""

from datetime import date

import pytest
from pydantic import ValidationError

from coauth.errors import CacheError
from coauth.storage import Cache
from coauth.storage.disk import json_bytes, seal, unseal
from coauth.storage.manifest import Manifest, Origin
from tests.support.vintages import BUILD, entries

NEWER = {"weather": "fine", "build": BUILD | {"forecast": [1.5, None]}}
"""Entries that only a newer coauth would know."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "manifest.json"


@pytest.mark.parametrize(
    "more",
    [{}, {"completed": None}, {"completed": "2026-01-06"}, {"plan": None, "repaired": {}}, NEWER],
)
def test_what_is_read_is_written_again(path, more):
    """To the byte: null stays null, what was not there stays away, what is not known is kept."""
    path.write_bytes(seal(entries("2026-01-05", **more)))
    before = path.read_bytes()
    Manifest.read(path).write(path)
    assert path.read_bytes() == before


def test_what_a_newer_coauth_wrote_outlives_a_new_entry(tmp_path):
    vintage = Cache(tmp_path).create("v", **entries("2026-01-05", **NEWER))
    vintage.record(completed=date(2026, 1, 6))
    assert unseal((vintage.path / "manifest.json").read_bytes()) == entries(
        "2026-01-05", completed="2026-01-06", **NEWER
    )


def test_an_older_manifest_has_what_was_not_noted_then(path):
    path.write_bytes(json_bytes(entries("2026-01-05", build=BUILD)))
    manifest = Manifest.read(path)
    assert (manifest.started, manifest.completed, manifest.taken) == (date(2026, 1, 5), None, None)
    assert (manifest.build.parts, manifest.build.lacking, manifest.build.since) == (None,) * 3
    assert manifest.source == Origin(kind="files")


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"started": 5}, "started"),
        ({"completed": "soon"}, "completed"),
        ({"source": "api"}, "source"),
        ({"build": BUILD | {"rows": {"works": "7"}}}, "build: rows: works"),
        ({"build": {"synthetic": False}}, "build: complete"),
    ],
)
def test_an_entry_of_another_type_is_named(path, more, where):
    """In one line when it is read, and refused before it is written."""
    path.write_bytes(json_bytes(entries("2026-01-05") | more))
    with pytest.raises(CacheError, match=rf"manifest.json: damaged \({where}: [^\n]*\); move"):
        Manifest.read(path)
    with pytest.raises(ValidationError):
        Manifest.from_entries(entries("2026-01-05") | more)
