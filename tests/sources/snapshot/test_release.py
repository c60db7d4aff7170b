"""Copies of the snapshot in both layouts: what counts, what is left out, and that every record left
out is counted.
"""

import gzip
import json
from collections import Counter

import pyarrow.parquet as pq
import pytest

from coauth.errors import SourceError
from coauth.sources import snapshot
from coauth.storage import Cache, Slice
from tests.support.harvests import everything_on_disk, scope, work
from tests.support.snapshots import copy, table
from tests.support.standin import marked
from tests.support.vintages import entries

HERE = [work(n, "2020-02-02", authors=1 + n % 3) | {"is_xpac": False} for n in range(250)]
ABROAD = [
    json.loads(json.dumps(w).replace('"DK"', '"SE"')) | {"id": f"https://openalex.org/W77{n}"}
    for n, w in enumerate(HERE[:90])
]
DAYS = ("2026-08-01", "2026-08-09", "2026-09-01")


@pytest.fixture(params=["jsonl", "parquet"])
def layout(request):
    return request.param


@pytest.fixture
def vintage(tmp_path):
    return Cache(tmp_path / "cache").create("2026-10-15", **entries("2026-10-15"))


def fill(vintage, root, **more):
    return snapshot.fill(vintage, root, scope=scope(), **more)


def ids(vintage):
    return [w.id for page in vintage.pages() for w in page.works]


def of(works):
    return [w["id"] for w in works]


def renamed(record, like):
    return record | {"id": like["id"]}


def test_only_records_of_the_country_are_stored(tmp_path, vintage, layout):
    """Every record of the world is counted: stored, elsewhere, or outside the core corpus."""
    beyond = [work(900, "2020-02-02") | {"is_xpac": True}]
    root = copy(
        tmp_path / "copy",
        {DAYS[0]: HERE[:100] + ABROAD[:60], DAYS[1]: HERE[100:] + beyond + ABROAD[60:]},
        layout,
    )
    summary = fill(vintage, root)
    assert ids(vintage) == of(HERE)
    assert (summary["read"], summary["stored"], summary["elsewhere"], summary["xpac"]) == (
        341,
        250,
        90,
        1,
    )
    assert (summary["incomplete"], summary["damaged"], summary["manifest"]) == ([], 0, True)


def test_both_layouts_give_the_same_works(tmp_path):
    """One parser for both: the stored works are equal, abstracts, dates and affiliations included."""
    found = []
    for layout in ("jsonl", "parquet"):
        vintage = Cache(tmp_path / layout).create("v", **entries("2026-10-15"))
        fill(vintage, copy(tmp_path / f"copy-{layout}", {DAYS[0]: HERE}, layout))
        found.append([w for page in vintage.pages() for w in page.works])
    assert found[0] == found[1]
    assert found[0][0].abstract == "Plain words"
    assert found[0][0].publication_date == "2020-02-02"


def test_a_country_read_from_a_string_alone_passes(tmp_path, vintage, layout):
    """Whether an institution of the country is on it is judged later, in the open; here nothing is
    lost early.
    """
    unmatched = json.loads(json.dumps(ABROAD[0]))
    unmatched["authorships"][0]["countries"] = ["DK"]
    assert (
        fill(vintage, copy(tmp_path / "copy", {DAYS[0]: [unmatched, ABROAD[1]]}, layout))["stored"]
        == 1
    )


def test_of_a_work_in_two_partitions_the_newest_counts(tmp_path, vintage, layout):
    """Wherever it is met first, once, from the newest; also where the newest has left the country
    or the core.
    """
    changed = HERE[0] | {"title": "As it is now"}
    gone, beyond = renamed(ABROAD[0], HERE[1]), HERE[2] | {"is_xpac": True}
    root = copy(
        tmp_path / "copy", {DAYS[0]: HERE[:10], DAYS[1]: [changed], DAYS[2]: [gone, beyond]}, layout
    )
    summary = fill(vintage, root)
    assert Counter(ids(vintage)) == Counter(of(HERE[3:10]) + of([HERE[0]]))
    assert [w.title for page in vintage.pages() for w in page.works if w.id == changed["id"]] == [
        "As it is now"
    ]
    assert (summary["moved"], summary["elsewhere"], summary["xpac"], summary["stored"]) == (
        3,
        1,
        1,
        8,
    )
    assert summary["read"] == summary["stored"] + sum(
        summary[k] for k in ("moved", "elsewhere", "xpac", "deleted")
    )


@pytest.mark.parametrize("spelled", ["W{}", "https://openalex.org/W{}", "{}"])
def test_deleted_works_are_taken_out(tmp_path, vintage, layout, spelled):
    """Also where the list names works nobody has."""
    numbers = [HERE[n]["id"].rpartition("W")[2] for n in (3, 4)]
    root = copy(
        tmp_path / "copy",
        {DAYS[0]: HERE[:10]},
        layout,
        deleted=[spelled.format(n) for n in [*numbers, "123"]],
    )
    summary = fill(vintage, root)
    assert ids(vintage) == of(HERE[:3] + HERE[5:10])
    assert (summary["deleted"], summary["stored"], vintage.damage()) == (2, 8, [])


def test_what_was_taken_out_stays_out_after_an_interruption_or_a_repair(tmp_path, vintage, layout):
    """A slice read again is judged again by the newer partitions, which are not read again."""
    root = copy(
        tmp_path / "copy", {DAYS[0]: HERE[:10], DAYS[1]: HERE[:1]}, layout, deleted=["W4000000005"]
    )
    first = fill(vintage, root)
    files = {p: p.read_bytes() for p in vintage.path.rglob("0*.gz")}
    page = vintage.slice("from-00001").path / "0001.json.gz"
    page.write_bytes(page.read_bytes()[:-9])
    again = fill(vintage, root)
    assert again == first == fill(vintage, root)
    assert {p: p.read_bytes() for p in vintage.path.rglob("0*.gz")} == files


def test_a_file_that_was_stored_but_not_judged_is_read_again(
    tmp_path, vintage, layout, monkeypatch
):
    """Which of its works have left older partitions is known only once it is judged, in the order
    of partitions.
    """
    root = copy(tmp_path / "copy", {DAYS[0]: HERE[:10], DAYS[1]: HERE[:1] + ABROAD[:2]}, layout)
    whole = fill(Cache(tmp_path / "other").create("v", **entries("2026-10-15")), root)

    class Stop(Exception):
        pass

    def stop(*_, **__):
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr(Slice, "note", stop)
        for _ in range(2):
            with pytest.raises(Stop):
                fill(vintage, root)
            assert vintage.slice("from-00001").status == "complete"
    assert fill(vintage, root) == whole
    assert whole["moved"] == 1


def test_files_that_the_manifest_does_not_name_are_of_an_older_release(tmp_path, vintage, layout):
    """They are left out and named; files it names and that are not there make the vintage
    incomplete.
    """
    root = copy(tmp_path / "copy", {DAYS[0]: HERE[:10], DAYS[1]: HERE[10:20]}, layout)
    folder = root / "data" / layout / "works"
    (folder / f"updated_date={DAYS[0]}").rename(folder / "updated_date=2025-01-01")
    summary = fill(vintage, root)
    end = "part_0000.gz" if layout == "jsonl" else "part_0000.parquet"
    assert ids(vintage) == of(HERE[10:20])
    assert summary["ignored_files"] == [f"updated_date=2025-01-01/{end}"]
    assert summary["incomplete"] == summary["missing_files"] == [f"updated_date={DAYS[0]}/{end}"]


def test_a_count_other_than_the_manifests_is_incomplete(tmp_path, vintage, layout):
    """Fewer or more: the file is not the one that was listed."""
    root = copy(
        tmp_path / "copy",
        {DAYS[0]: HERE[:10], DAYS[1]: HERE[10:20]},
        layout,
        counts={DAYS[0]: 11, DAYS[1]: 9},
    )
    assert fill(vintage, root)["incomplete"] == ["from-00001", "from-00002"]
    assert (
        "10 records where the manifest counts 11" in vintage.slice("from-00001").summary["reason"]
    )


def test_a_copy_without_manifest_is_read_and_says_so(tmp_path, vintage, layout, caplog):
    """It cannot be checked, and that is said."""
    summary = fill(vintage, copy(tmp_path / "copy", {DAYS[0]: HERE[:10]}, layout, manifest=False))
    assert (summary["stored"], summary["manifest"]) == (10, False)
    assert "whether the copy is whole cannot be told" in caplog.text


@pytest.mark.parametrize("text", ["{", "[]", '{"files": [{"url": 3}]}', '{"files": null}'])
def test_a_manifest_that_is_none_is_refused(tmp_path, vintage, layout, text):
    """No guessing without it where it was meant to be there."""
    root = copy(tmp_path / "copy", {DAYS[0]: HERE[:10]}, layout)
    (root / "data" / layout / "works" / "manifest.json").write_text(text)
    with pytest.raises(SourceError, match="not a manifest of the snapshot; fetch it again"):
        fill(vintage, root)


@pytest.mark.parametrize("at", [0.3, 0.99])
def test_a_file_cut_short_is_named_and_leaves_nothing(tmp_path, vintage, layout, at):
    """In both layouts, and the run goes on with it once it is whole."""
    root = copy(tmp_path / "copy", {DAYS[0]: HERE}, layout)
    file = next((root / "data" / layout / "works").glob("*/part*"))
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * at)])
    with pytest.raises(
        SourceError, match=r"part_0000\.\w+: the \w+ file is cut short or damaged; fetch it again"
    ):
        fill(vintage, root)
    assert not any((vintage.path / "pages").glob("*"))
    file.write_bytes(data)
    assert fill(vintage, root)["stored"] == 250


def test_broken_lines_and_abstracts_cost_themselves(tmp_path, vintage):
    """A line that names the country and is no JSON is damaged; a malformed abstract of Parquet
    costs the abstract.
    """
    root = copy(tmp_path / "copy", {DAYS[0]: HERE[:10]}, counts={DAYS[0]: 12})
    file = next((root / "data/jsonl/works").glob("*/part*"))
    broken = b'{"id": "https://openalex.org/W5", "x": "DK"\n{"is_xpac": false, "x": "DK", "id": "https://openalex.org/W8"}'
    file.write_bytes(file.read_bytes() + gzip.compress(b"\n \n" + broken))
    summary = fill(vintage, root)
    assert (summary["stored"], summary["damaged"], summary["incomplete"]) == (12, 1, [])

    other = Cache(tmp_path / "other").create("v", **entries("2026-10-15"))
    root = copy(
        tmp_path / "parquet",
        {DAYS[0]: [HERE[0] | {"abstract_inverted_index": "{cut"}, HERE[1]]},
        "parquet",
    )
    summary = fill(other, root)
    assert (summary["stored"], summary["abstracts unreadable"]) == (2, 1)


def test_long_bylines_are_whole_here(tmp_path, vintage, layout):
    """The snapshot does not cut at a hundred, so a hundred means a hundred."""
    long = [work(1, "2020-02-02", 100), work(2, "2020-02-02", 3_000)]
    assert fill(vintage, copy(tmp_path / "copy", {DAYS[0]: long}, layout))["authors_cut"] == 0
    assert [len(w.authorships) for page in vintage.pages() for w in page.works] == [100, 3_000]


def test_other_columns_are_not_read_and_other_tables_are_refused(tmp_path, vintage):
    """Parquet of another entity says so instead of giving nothing."""
    root = copy(tmp_path / "copy", {DAYS[0]: HERE[:3]}, "parquet")
    file = next((root / "data/parquet/works").glob("*/part*"))
    pq.write_table(table(HERE[:3]).select(["id", "title"]), file)
    with pytest.raises(SourceError, match="no works of OpenAlex"):
        fill(vintage, root)


def test_no_person_reaches_the_disk(tmp_path, layout):
    """Names, ids, ORCIDs and e-mails in every served field of both layouts."""
    records, markers = marked(HERE)
    vintage = Cache(tmp_path / "cache").create("v", **entries("2026-10-15"))
    fill(vintage, copy(tmp_path / "copy", {DAYS[0]: records, DAYS[1]: records[:9]}, layout))
    haystack = b"\n".join(everything_on_disk(tmp_path / "cache"))
    assert b"https://openalex.org/W" in haystack
    assert not [m for m in markers if "mark" not in m and m.encode() in haystack]
