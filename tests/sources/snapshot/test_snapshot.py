"""Records from disk: every shape they come in, every way they can be broken."""

from __future__ import annotations

import gzip
import json
import os
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coauth import openalex
from coauth.errors import CacheError, SourceError
from coauth.progress import Event
from coauth.sources import snapshot
from coauth.storage import Cache, Vintage
from tests.support.harvests import KEY, everything_on_disk, scope, work
from tests.support.standin import marked
from tests.support.vintages import entries

WORKS = [work(n, "2020-02-02", authors=1 + n % 3) for n in range(250)]
IDS = [w["id"] for w in WORKS]


@pytest.fixture
def vintage(tmp_path: Path) -> Vintage:
    return Cache(tmp_path / "cache").create("2020-06-15", **entries("2020-06-15"))


def ids(vintage: Vintage) -> list[str | None]:
    return [w.id for page in vintage.pages() for w in page.works]


def lines(works: list[Any]) -> bytes:
    return b"".join(json.dumps(w).encode() + b"\n" for w in works)


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


# -- shapes

SHAPES: dict[str, Callable[[list[Any]], bytes]] = {
    "works.jsonl": lines,
    "works.jsonl.gz": lambda works: gzip.compress(lines(works)),
    "two-members.jsonl.gz": lambda works: (
        gzip.compress(lines(works[:100])) + gzip.compress(lines(works[100:]))
    ),
    "windows.jsonl": lambda works: b"\xef\xbb\xbf" + lines(works).replace(b"\n", b"\r\n\r\n"),
    "no-last-line-end.jsonl": lambda works: lines(works).rstrip(),
    "list.json": lambda works: json.dumps(works).encode(),
    "pretty-list.json": lambda works: json.dumps(works, indent=2).encode(),
    "list.json.gz": lambda works: gzip.compress(json.dumps(works).encode()),
    "response.json": lambda works: json.dumps(
        {"meta": {"count": 9_999}, "results": works}
    ).encode(),
    "pretty-response.json": lambda works: json.dumps(
        {"meta": {"count": 9_999}, "results": works}, indent=1
    ).encode(),
    "responses.jsonl": lambda works: lines(
        [{"meta": {}, "results": works[:100]}, {"meta": {}, "results": works[100:]}]
    ),
    "lines.json": lines,
    "named-gz-but-plain.jsonl.gz": lines,
    "packed-but-not-named.jsonl": lambda works: gzip.compress(lines(works)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gives_the_same_works(tmp_path: Path, vintage: Vintage, name: str) -> None:
    summary = snapshot.fill(vintage, put(tmp_path / name, SHAPES[name](WORKS)))
    assert ids(vintage) == IDS
    assert summary["slices"] == {
        "from": {"status": "complete", "expected": 250, "stored": 250, "distinct": 250}
    }
    assert (summary["damaged"], summary["duplicates"], summary["incomplete"]) == (0, 0, [])
    assert [len(p.works) for p in vintage.pages()] == [100, 100, 50]


@pytest.mark.parametrize("indent", [None, 2])
def test_one_work(tmp_path: Path, vintage: Vintage, indent: int | None) -> None:
    file = put(tmp_path / "work.json", json.dumps(WORKS[7], indent=indent).encode())
    snapshot.fill(vintage, file)
    assert ids(vintage) == [IDS[7]]


def test_a_work_whose_abstract_speaks_of_results(tmp_path: Path, vintage: Vintage) -> None:
    spoken = work(1, "2020-02-02", abstract_inverted_index={"results": [0]}, results=[])
    snapshot.fill(vintage, put(tmp_path / "w.jsonl", lines([spoken])))
    assert ids(vintage) == [spoken["id"]]


def test_a_folder_is_read_in_order_one_slice_a_file(tmp_path: Path, vintage: Vintage) -> None:
    put(tmp_path / "in/b/2.jsonl.gz", gzip.compress(lines(WORKS[100:])))
    put(tmp_path / "in/a/1.json", json.dumps(WORKS[:100]).encode())
    put(tmp_path / "in/notes.txt", b"not records")
    put(tmp_path / "in/.hidden.json", b"neither")
    summary = snapshot.fill(vintage, tmp_path / "in")
    assert ids(vintage) == IDS
    assert list(summary["slices"]) == ["from-00001", "from-00002"]
    assert summary["ignored_files"] == ["notes.txt"]
    assert [p.request for p in vintage.pages()] == ["a/1.json", "b/2.jsonl.gz", "b/2.jsonl.gz"]


def snapshot_copy(root: Path, under: str, missing: bool = False, short: bool = False) -> None:
    parts = {
        "updated_date=2026-08-01/part_0000.gz": WORKS[:150],
        "updated_date=2026-08-02/part_0000.gz": WORKS[150:],
    }
    base = "s3://openalex/data/jsonl/works"
    manifest = {
        "files": [
            {"url": f"{base}/{name}", "meta": {"record_count": len(works)}}
            for name, works in parts.items()
        ]
    }
    put(root / under / "manifest.json", json.dumps(manifest).encode())
    for number, (name, works) in enumerate(parts.items()):
        if not (missing and number):
            put(root / under / name, gzip.compress(lines(works[:-1] if short else works)))
    put(
        root / "data/jsonl/authors/updated_date=2026-08-01/part_0000.gz",
        gzip.compress(lines([{"id": "https://openalex.org/A5012345678"}])),
    )
    put(root / "RELEASE_NOTES.txt", b"RELEASE 2026-08")


@pytest.mark.parametrize(
    ("under", "given"),
    [
        ("data/jsonl/works", "."),
        ("data/jsonl/works", "data/jsonl"),
        ("data/jsonl/works", "data/jsonl/works"),
        ("data/works", "."),
    ],
)
def test_a_copy_of_the_snapshot(tmp_path: Path, vintage: Vintage, under: str, given: str) -> None:
    snapshot_copy(tmp_path / "copy", under)
    summary = snapshot.fill(vintage, tmp_path / "copy" / given)
    assert ids(vintage) == IDS
    assert (summary["incomplete"], summary["expected"], summary["damaged"]) == ([], 250, 0)


def test_a_copy_of_the_snapshot_that_is_not_whole_is_incomplete(
    tmp_path: Path, vintage: Vintage
) -> None:
    snapshot_copy(tmp_path / "copy", "data/jsonl/works", missing=True)
    assert snapshot.fill(vintage, tmp_path / "copy")["incomplete"] == [
        "updated_date=2026-08-02/part_0000.gz"
    ]


def test_a_part_shorter_than_its_manifest_says_is_incomplete(
    tmp_path: Path, vintage: Vintage
) -> None:
    snapshot_copy(tmp_path / "copy", "data/jsonl/works", short=True)
    assert snapshot.fill(vintage, tmp_path / "copy")["incomplete"] == ["from-00001", "from-00002"]


def test_of_a_file_every_record_is_stored(tmp_path: Path, vintage: Vintage) -> None:
    abroad = json.loads(json.dumps(WORKS[0]).replace('"DK"', '"SE"'))
    file = put(tmp_path / "w.jsonl", lines([abroad, *WORKS, abroad]))
    summary = snapshot.fill(vintage, file, scope=scope())
    assert len(ids(vintage)) == 252, (
        "of a file every record is kept, so that it is counted by reason later"
    )
    assert summary["incomplete"] == []


def saved(tmp_path: Path) -> Vintage:
    other = Cache(tmp_path / "other").create("old", **entries("2020-06-15"))
    for name, chosen in (("2020-01", WORKS[:150]), ("2020-02", WORKS[150:])):
        snapshot.store(other, lines(chosen).splitlines(), "made", name)
    return other


@pytest.mark.parametrize("part", ["", "pages", "pages/2020-01", "pages/2020-01/0001.json.gz"])
def test_pages_saved_before(tmp_path: Path, vintage: Vintage, part: str) -> None:
    other = saved(tmp_path)
    summary = snapshot.fill(vintage, other.path / part)
    here = [w for page in vintage.pages() for w in page.works]
    there = [w for page in other.pages() for w in page.works]
    assert here == there[: {"": 250, "pages": 250, "pages/2020-01": 150}.get(part, 100)]
    assert summary["incomplete"] == []


def test_what_was_not_whole_in_saved_pages_is_not_whole_here(
    tmp_path: Path, vintage: Vintage
) -> None:
    other = saved(tmp_path)
    (other.slice("2020-02").path / "slice.json").unlink()
    assert snapshot.fill(vintage, other.path)["incomplete"] == ["2020-02"]


def test_works_that_came_marked_stay_marked(tmp_path: Path, vintage: Vintage) -> None:
    other = Cache(tmp_path / "other").create("old", **entries("2020-06-15"))
    cut = openalex.Work(id="https://openalex.org/W1", authors_cut=True)
    broken = openalex.Work(id="https://openalex.org/W2", damage="Expected `int`")
    slice_ = other.slice("2020-01")
    slice_.write(1, openalex.Page(request="x", served_sha256=[], works=[cut, broken]))
    slice_.close(status="complete")
    summary = snapshot.fill(vintage, other.path)
    assert [w for page in vintage.pages() for w in page.works] == [cut, broken]
    assert (summary["authors_cut"], summary["damaged"]) == (1, 1)


def test_a_hundred_authors_in_a_saved_answer_were_cut(tmp_path: Path, vintage: Vintage) -> None:
    listed = [work(1, "2020-02-02", 100), work(2, "2020-02-02", 99), work(3, "2020-02-02", 101)]
    summary = snapshot.fill(vintage, put(tmp_path / "w.jsonl", lines(listed)))
    assert summary["authors_cut"] == 1
    assert [w.authors_cut for page in vintage.pages() for w in page.works] == [True, False, False]


@pytest.mark.parametrize("workers", [1, 2])
def test_records_made_by_a_program(vintage: Vintage, workers: int) -> None:
    made = (json.dumps(w).encode() for w in [*WORKS, WORKS[0], {"id": 7}])
    summary = snapshot.store(vintage, made, "synthetic", "sample", workers)
    assert ids(vintage) == [*IDS, WORKS[0]["id"], None]
    assert summary["slices"]["sample"]["status"] == "complete"
    assert (summary["stored"], summary["distinct"], summary["duplicates"], summary["damaged"]) == (
        252,
        251,
        1,
        1,
    )
    assert {p.request for p in vintage.pages()} == {"synthetic"}


# -- damage


def test_a_broken_line_costs_itself(tmp_path: Path, vintage: Vintage) -> None:
    broken = [
        b"not json at all",
        b'{"id": "https://openalex.org/W77", "title"',
        b"\xff\xfe\x00",
        b"[1, 2",
        b"null",
        b"7",
    ]
    text = lines(WORKS[:50]) + b"\n".join(broken) + b"\n\n \n" + lines(WORKS[50:])
    summary = snapshot.fill(vintage, put(tmp_path / "w.jsonl", text))
    assert [i for i in ids(vintage) if i] == [*IDS[:50], "https://openalex.org/W77", *IDS[50:]]
    assert (summary["damaged"], summary["stored"]) == (3, 253)
    assert [part.summary["others"] for part in vintage.slices()] == [{"text between records": 3}]


@pytest.mark.parametrize("name", ["w.jsonl", "w.json", "part_0000.gz"])
def test_a_broken_first_line_costs_itself(tmp_path: Path, vintage: Vintage, name: str) -> None:
    text = b'{"id": "https://openalex.org/W77", "title"\n' + lines(WORKS)
    summary = snapshot.fill(
        vintage, put(tmp_path / name, gzip.compress(text) if name.endswith("gz") else text)
    )
    assert ids(vintage) == ["https://openalex.org/W77", *IDS]
    assert summary["damaged"] == 1


def test_a_record_that_does_not_fit_is_counted_and_keeps_its_id(
    tmp_path: Path, vintage: Vintage
) -> None:
    summary = snapshot.fill(
        vintage,
        put(tmp_path / "w.jsonl", lines([WORKS[0], {"id": IDS[1], "authorships": "Berg; Lund"}])),
    )
    assert ids(vintage) == IDS[:2]
    assert summary["damaged"] == 1


@pytest.mark.parametrize("at", [0.1, 0.5, 0.99])
def test_a_gzip_file_cut_short_is_named_and_leaves_nothing(
    tmp_path: Path, vintage: Vintage, at: float
) -> None:
    data = gzip.compress(lines([work(n, "2020-02-02") for n in range(1500)]))
    file = put(tmp_path / "w.jsonl.gz", data[: int(len(data) * at)])
    with pytest.raises(
        SourceError, match=r"w\.jsonl\.gz: the gzip file is cut short or damaged; fetch it again"
    ):
        snapshot.fill(vintage, file)
    assert list(vintage.pages()) == []
    assert not any((vintage.path / "pages").glob("*"))
    file.write_bytes(data)
    assert snapshot.fill(vintage, file)["stored"] == 1500


def test_a_gzip_file_with_flipped_bits(tmp_path: Path, vintage: Vintage) -> None:
    data = bytearray(gzip.compress(lines(WORKS)))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(SourceError, match="damaged"):
        snapshot.fill(vintage, put(tmp_path / "w.jsonl.gz", bytes(data)))
    assert list(vintage.pages()) == []


def test_damaged_saved_pages_are_refused(tmp_path: Path, vintage: Vintage) -> None:
    other = saved(tmp_path)
    page = other.slice("2020-01").path / "0002.json.gz"
    page.write_bytes(page.read_bytes()[:50])
    with pytest.raises(CacheError, match=r"0002\.json\.gz"):
        snapshot.fill(vintage, other.path)
    assert list(vintage.pages()) == []


@pytest.mark.parametrize(
    "make",
    [
        lambda p: None,
        lambda p: p.mkdir(),
        lambda p: put(p / "x.txt", b"hello"),
        lambda p: put(p, b""),
        lambda p: put(p, b" \n\n"),
        lambda p: put(p, b"a,b\n1,2\n"),
        lambda p: put(p, b"[]"),
    ],
)
def test_nothing_to_read_says_what_to_give(
    tmp_path: Path, vintage: Vintage, make: Callable[[Path], Any]
) -> None:
    make(tmp_path / "in")
    with pytest.raises(SourceError, match=r"give --from") as raised:
        snapshot.fill(vintage, tmp_path / "in")
    assert "\n" not in str(raised.value)
    assert list(vintage.pages()) == []


def test_parquet_outside_of_the_snapshots_folders_is_refused(
    tmp_path: Path, vintage: Vintage
) -> None:
    put(tmp_path / "in/works.parquet", b"PAR1")
    with pytest.raises(SourceError, match="Parquet, which is read only in the snapshot's folders"):
        snapshot.fill(vintage, tmp_path / "in")


# -- again


class Stop(Exception):
    pass


def test_an_interrupted_run_goes_on_with_the_file_it_was_at(
    tmp_path: Path, vintage: Vintage
) -> None:
    for n in range(3):
        put(tmp_path / f"in/{n}.jsonl", lines(WORKS))

    def stop(event: Event) -> None:
        if event.done == 1 and event.detail.endswith("200 works"):  # of the second file
            raise Stop

    with pytest.raises(Stop):
        snapshot.fill(vintage, tmp_path / "in", progress=stop)
    first = vintage.slice("from-00001").path / "0001.json.gz"
    written = first.stat().st_mtime_ns
    summary = snapshot.fill(vintage, tmp_path / "in")
    assert first.stat().st_mtime_ns == written
    assert ids(vintage) == IDS * 3
    assert summary["stored"] == 750


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    file = put(tmp_path / "w.jsonl", lines(WORKS))
    found = []
    for n in range(2):
        vintage = Cache(tmp_path / f"cache{n}").create("v", **entries("2020-06-15"))
        snapshot.fill(vintage, file)
        found.append(
            [p.read_bytes() for p in sorted((vintage.path / "pages").rglob("*")) if p.is_file()]
        )
    assert found[0] == found[1]


def test_memory_stays_flat(tmp_path: Path) -> None:
    peaks = []
    for copies in (2, 6):
        file = put(
            tmp_path / f"{copies}.jsonl",
            lines([work(n, "2020-02-02", 5) for n in range(250)]) * copies,
        )
        vintage = Cache(tmp_path / f"cache{copies}").create("v", **entries("2020-06-15"))
        tracemalloc.start()
        snapshot.fill(vintage, file)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.3


# -- persons


def test_no_person_reaches_the_disk(tmp_path: Path) -> None:
    records, markers = marked(WORKS)
    persons = [m for m in markers if "mark" not in m]
    vintage = Cache(tmp_path / "cache").create("v", **entries("2020-06-15"))
    broken = f'{{"id": "https://openalex.org/W5", "authorships": "{persons[0]} {persons[1]} {KEY}"'.encode()
    snapshot.fill(vintage, put(tmp_path / "w.jsonl", lines(records) + broken))
    haystack = b"\n".join(everything_on_disk(tmp_path / "cache"))
    assert not [m for m in persons if m.encode() in haystack]


def test_records_of_another_kind_leave_nothing_but_their_number(
    tmp_path: Path, vintage: Vintage
) -> None:
    others = [
        {"id": "https://openalex.org/A5012345678", "title": "Ann Berg"},
        {"id": "A5012345679", "display_name": "Ann Berg"},
        {"id": "https://openalex.org/countries/DK", "display_name": "Denmark"},
        {"id": "A5012345670"},
    ]
    summary = snapshot.fill(vintage, put(tmp_path / "w.jsonl", lines([*others, WORKS[0]])))
    assert ids(vintage) == [None, None, None, IDS[0]]
    assert summary["damaged"] == 3
    assert [part.summary["others"] for part in vintage.slices()] == [{"ids alone": 1}]
    haystack = b"\n".join(everything_on_disk(tmp_path / "cache"))
    assert b"A50123456" not in haystack
    assert b"Berg" not in haystack


# -- real records

REAL = os.environ.get("COAUTH_REAL_RECORDS")
real = pytest.mark.skipif(
    not REAL, reason="COAUTH_REAL_RECORDS does not name a folder of real OpenAlex records"
)


@real
def test_real_works_of_all_shapes(vintage: Vintage) -> None:
    summary = snapshot.fill(vintage, Path(REAL or "") / "openalex/works/full_works_613.jsonl.gz")
    assert (summary["stored"], summary["distinct"], summary["damaged"]) == (613, 613, 0)


@real
def test_a_real_page_damaged_on_purpose(vintage: Vintage) -> None:
    """Thirteen works: one id twice, one work cut at a hundred authors, missing titles, years and
    authorships.
    """
    file = Path(REAL or "") / "openalex/works/damaged_dk_page.json"
    summary = snapshot.fill(vintage, file)
    served = json.loads(file.read_text("utf-8"))["results"]
    assert summary["stored"] == len(served) == 13
    assert (
        summary["authors_cut"] == sum(len(w.get("authorships") or []) == 100 for w in served) == 1
    )
    assert ids(vintage) == [
        i if re.fullmatch(r"https://openalex\.org/W\d+", i or "") else w["ids"]["openalex"]
        for w in served
        for i in [w.get("id")]
    ]


@real
def test_no_author_of_a_real_work_reaches_the_disk(tmp_path: Path, vintage: Vintage) -> None:
    file = Path(REAL or "") / "openalex/works/full_works_613.jsonl.gz"
    snapshot.fill(vintage, file)
    haystack = b"\n".join(everything_on_disk(tmp_path / "cache"))
    authors = [
        a["author"]
        for line in gzip.decompress(file.read_bytes()).splitlines()
        for a in json.loads(line).get("authorships") or []
    ]
    keys = {str(a.get("id")).rsplit("/", 1)[-1] for a in authors} | {
        str(a.get("orcid")).rsplit("/", 1)[-1] for a in authors
    }
    assert not [k for k in keys - {"None"} if k.encode() in haystack]
