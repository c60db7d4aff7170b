"""The cache: whole files or none, vintages never mixed, damage found before it is counted."""

import datetime
import errno
import os
import random
from pathlib import Path

import pytest

from coauth.errors import CacheError, NotFound
from coauth.storage import Cache
from coauth.storage.disk import unseal
from coauth.tables import schemas
from coauth.tables.contract import MARK
from tests.support.vintages import BUILD, entries
from tests.support.world import page, work

PAGE = page(work(1, 2020, [["I1"]]), work(2, 2020, [["I1", "I10"]]))
OTHER = page(work(3, 2021, [["I1"]]))


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def files(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in Path(folder).rglob("*")
        if p.is_file()
    }


def refuse(fault):
    def stand_in(*_, **__):
        raise OSError(fault, os.strerror(fault))

    return stand_in


@pytest.mark.parametrize(
    "fault", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO], ids=errno.errorcode.get
)
@pytest.mark.parametrize(
    "places",
    [
        ["os.fsync"],
        ["pathlib.Path.replace"],
        ["pathlib.Path.mkdir"],
        ["pathlib.Path.open", "os.open"],
    ],
    ids=lambda places: places[0],
)
def test_a_failed_write_leaves_what_was_there(cache, monkeypatch, fault, places):
    """Whatever fails on the way to the disk, the old file is whole, no half file stays, and one
    line says what to do.
    """
    made = cache.create("2026-01-05", **entries("2026-01-05"))
    made.slice("2020-01").write(1, PAGE)
    before = files(cache.folder)
    with monkeypatch.context() as patch:
        for place in places:
            patch.setattr(place, refuse(fault))
        for act in (
            lambda: made.slice("2020-01").write(1, OTHER),
            lambda: made.slice("2020-01").close(count=2),
            lambda: made.record(completed="2026-01-06"),
            lambda: built(made, schemas.EDGES.empty()),
            lambda: made.write_text("truth.json", "{}"),
            lambda: cache.create("2026-04-01", **entries("2026-04-01")),
        ):
            with pytest.raises(
                CacheError, match=r"run the same command again|check the disk"
            ) as refused:
                act()
            assert os.strerror(fault) in str(refused.value)
            assert "\n" not in str(refused.value)
    assert files(cache.folder) == before
    made.slice("2020-01").write(1, OTHER)
    assert made.slice("2020-01").read(1) == OTHER


def test_a_write_cut_part_way_is_no_file(cache, monkeypatch):
    """A disk that fills up inside a file leaves neither the file nor a part of it under its name."""
    made = cache.create("2026-01-05", **entries("2026-01-05"))
    monkeypatch.setattr("os.fsync", refuse(errno.ENOSPC))
    with pytest.raises(CacheError, match="No space left"):
        made.slice("2020-01").write(1, PAGE)
    assert set(files(cache.folder)) == {"2026-01-05/manifest.json"}
    assert made.slice("2020-01").numbers == []


def test_a_killed_writer_leaves_a_name_nobody_reads(cache):
    """What a killed process left behind under its temporary name is no page, no slice and no
    vintage.
    """
    made = cache.create("2026-01-05", **entries("2026-01-05"))
    part = made.slice("2020-01")
    part.write(1, PAGE)
    (part.path / ".0002.json.gz.99.tmp").write_bytes(b"half")
    (cache.folder / "2026-02-02").mkdir()
    (cache.folder / "2026-02-02" / ".manifest.json.99.tmp").write_bytes(b"{")
    assert part.numbers == [1]
    assert [v.name for v in cache.vintages()] == ["2026-01-05"]
    assert list(made.pages()) == [PAGE]


def test_a_cache_that_is_no_folder_is_one_line(tmp_path):
    """A file in the place of the folder is a CacheError with the path, not a traceback."""
    (tmp_path / "cache").write_text("")
    with pytest.raises(CacheError, match=r"cannot write .*manifest\.json"):
        Cache(tmp_path / "cache").create("2026-01-05", **entries("2026-01-05"))


def test_names_are_never_shared(cache):
    """A taken name gets .2 and .3; a folder without manifest is taken as well, so its pages are
    mixed with nobody's.
    """
    (cache.folder / "2026-01-05" / "pages" / "2020-01").mkdir(parents=True)
    made = [cache.create("2026-01-05", **entries("2026-01-05")) for _ in range(3)]
    assert [v.name for v in made] == ["2026-01-05.2", "2026-01-05.3", "2026-01-05.4"]
    assert [v.name for v in cache.vintages()] == ["2026-01-05.2", "2026-01-05.3", "2026-01-05.4"]


def test_a_record_keeps_the_other_entries(cache):
    """Setting one entry of the manifest leaves the others; the file is the same for the same
    entries in any order.
    """
    made = cache.create("a", **entries("2026-01-05", source={"kind": "api"}))
    made.record(completed="2026-01-06")
    assert made.manifest.plain() == entries(
        "2026-01-05", source={"kind": "api"}, completed="2026-01-06"
    )
    other = cache.create(
        "b", completed="2026-01-06", **entries("2026-01-04", source={"kind": "api"})
    )
    other.record(started="2026-01-05")
    assert (made.path / "manifest.json").read_bytes() == (other.path / "manifest.json").read_bytes()


@pytest.mark.parametrize("text", ["{", "", "\udcff"])
def test_a_damaged_manifest_is_told(cache, text):
    """A manifest that is no JSON is named with what to do."""
    made = cache.create("2026-01-05", **entries("2026-01-05"))
    (made.path / "manifest.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CacheError, match=r"manifest\.json: damaged"):
        _ = made.manifest


@pytest.mark.parametrize(
    ("day", "quarter"),
    [
        ("2026-01-01", "2026Q1"),
        ("2026-03-31", "2026Q1"),
        ("2026-04-01", "2026Q2"),
        ("2026-06-30", "2026Q2"),
        ("2026-07-01", "2026Q3"),
        ("2026-09-30", "2026Q3"),
        ("2026-10-01", "2026Q4"),
        ("2026-12-31", "2026Q4"),
    ],
)
def test_a_quarter_is_of_the_day_of_completion(cache, day, quarter):
    """The UTC date on which a harvest completed gives its quarter, not the one on which it began."""
    made = cache.create("x", **entries("2025-12-31", completed=day))
    assert (made.quarter, made.as_of) == (quarter, datetime.date.fromisoformat(day))


def test_the_newest_complete_vintage_speaks(cache):
    """find gives the newest complete one, of the quarter where one is asked; newest gives the
    newest of all.
    """
    for name, done in (
        ("2026-01-05", "2026-01-06"),
        ("2026-03-30", "2026-04-01"),
        ("2026-03-30.2", "2026-03-31"),
        ("2026-05-01", None),
    ):
        cache.create(name, **entries(name[:10], completed=done))
    assert cache.find().name == "2026-03-30"
    assert cache.find(quarter="2026Q1").name == "2026-03-30.2"
    assert cache.find(quarter="2026Q2").name == "2026-03-30"
    assert cache.newest().name == "2026-05-01"
    assert cache.find("2026-05-01").complete is False
    with pytest.raises(
        NotFound, match=r"no vintage '2026'.*2026-01-05, 2026-03-30, 2026-03-30\.2, 2026-05-01"
    ):
        cache.find("2026")
    with pytest.raises(NotFound, match="no complete vintage of 2025Q4"):
        cache.find(quarter="2025Q4")


def test_the_tenth_vintage_of_a_day_is_newer_than_the_ninth(cache):
    """Names count as numbers where days are equal: .10 is after .9."""
    made = [
        cache.create("2026-01-05", **entries("2026-01-05", completed="2026-01-05"))
        for _ in range(11)
    ]
    assert made[-1].name == "2026-01-05.11"
    assert cache.find().name == "2026-01-05.11"
    assert cache.newest().name == "2026-01-05.11"


def test_an_empty_cache_says_how_to_begin(cache):
    """Nothing harvested is one line that names the two ways to a vintage."""
    for ask in (cache.find, cache.newest):
        with pytest.raises(
            NotFound, match=r"there are: none\); run `coauth harvest`, or `coauth rebuild --sample`"
        ):
            ask()
    assert cache.vintages() == []


def test_a_slice_is_open_until_it_is_closed_and_can_be_walked_again(cache):
    """Pages come back by number; the summary is there after close; clear forgets all."""
    part = cache.create("v", **entries("2026-01-05")).slice("2020-01")
    assert (part.summary, part.numbers, list(part.pages())) == (None, [], [])
    for number in (2, 1, 10):
        part.write(number, OTHER if number == 2 else PAGE)
    assert part.numbers == [1, 2, 10]
    assert list(part.pages()) == [PAGE, OTHER, PAGE]
    assert part.summary is None
    part.close(count=5)
    assert part.summary["count"] == 5
    assert set(part.summary["stored_sha256"]) == {"0001.json.gz", "0002.json.gz", "0010.json.gz"}
    part.clear()
    part.clear()
    assert (part.summary, part.numbers) == (None, [])


def test_more_than_9999_pages_stay_in_order(cache):
    """Page 10,000 comes after page 9,999."""
    part = cache.create("v", **entries("2026-01-05")).slice("2020-01")
    for number in (10_000, 9_999):
        part.write(number, PAGE)
    assert part.numbers == [9_999, 10_000]
    part.close(count=4)
    assert part.damage() == []


def test_pages_of_a_vintage_come_by_slice_and_number(cache):
    """The order in which pages were written does not matter."""
    wanted = [page(work(n, 2020, [["I1"]])) for n in range(6)]
    spots = [(s, n) for s in ("2020-01", "2020-02") for n in (1, 2, 3)]
    made = cache.create("v", **entries("2026-01-05"))
    for at in random.Random(3).sample(range(6), 6):
        made.slice(spots[at][0]).write(spots[at][1], wanted[at])
    assert list(made.pages()) == wanted


@pytest.mark.parametrize("how", ["edited", "cut", "gone", "added", "swapped"])
def test_damage_of_a_closed_slice_is_found(cache, how):
    """A page edited, cut, removed, added or exchanged after the slice was closed is named; nothing
    else is.
    """
    made = cache.create("v", **entries("2026-01-05"))
    part = made.slice("2020-01")
    part.write(1, PAGE)
    part.write(2, OTHER)
    part.close(count=3)
    made.slice("2020-02").write(1, PAGE)
    made.slice("2020-02").close(count=2)
    assert made.damage() == []
    one, two = (part.path / f"000{n}.json.gz" for n in (1, 2))
    data = one.read_bytes()
    if how == "edited":
        one.write_bytes(data[:20] + bytes([data[20] ^ 1]) + data[21:])
    elif how == "cut":
        one.write_bytes(data[:-1])
    elif how == "gone":
        one.unlink()
    elif how == "added":
        part.write(3, PAGE)
    else:
        one.write_bytes(two.read_bytes())
    named = {"added": "0003.json.gz"}.get(how, "0001.json.gz")
    assert len(made.damage()) == 1
    assert named in made.damage()[0]
    if how in {"edited", "cut"}:
        with pytest.raises(CacheError, match=r"0001\.json\.gz: not a page coauth wrote"):
            list(made.pages())


def test_an_open_slice_has_no_damage(cache):
    """Before a slice is closed nothing is promised of it."""
    made = cache.create("v", **entries("2026-01-05"))
    made.slice("2020-01").write(1, PAGE)
    assert made.damage() == []


def test_a_damaged_summary_is_told(cache):
    """A slice.json that is no JSON is named with what to do."""
    part = cache.create("v", **entries("2026-01-05")).slice("2020-01")
    part.write(1, PAGE)
    (part.path / "slice.json").write_text("{")
    with pytest.raises(CacheError, match=r"slice\.json: damaged"):
        _ = part.summary


def test_a_page_that_cannot_be_read_is_told(cache):
    """A missing page is a CacheError with its path."""
    with pytest.raises(CacheError, match=r"0007\.json\.gz: No such file"):
        cache.create("v", **entries("2026-01-05")).slice("2020-01").read(7)


def built(made, table, *, synthetic=False):
    """Build `edges` alone; the hash of its file."""
    with made.shelf() as shelf:
        return shelf.write(schemas.EDGES, table, synthetic=synthetic)


def test_a_build_that_fails_leaves_the_tables_that_were_there(cache):
    """New tables stand beside the old ones until all are there; whatever happens meanwhile, the old
    ones stay.
    """
    made = cache.create("v", **entries("2026-01-05"))
    built(made, schemas.EDGES.empty())
    made.record(build=BUILD)
    before = files(cache.folder)
    with pytest.raises(ZeroDivisionError), made.shelf() as shelf:  # noqa: PT012
        shelf.put("parts", 1, schemas.EDGES.empty())
        shelf.write(schemas.EDGES, schemas.EDGES.empty(), synthetic=True)
        raise ZeroDivisionError
    assert files(cache.folder) == before
    with made.shelf() as shelf:
        shelf.put("parts", 1, schemas.EDGES.empty())
        assert shelf.parts("parts").count_rows() == 0
    assert files(cache.folder).keys() == {"v/manifest.json"}


def test_the_bytes_of_a_table_do_not_depend_on_how_its_rows_arrive(cache, monkeypatch):
    """Row groups are cut by their number of rows, whatever batches bring them."""
    monkeypatch.setattr("coauth.storage.table_store._GROUP", 10)
    made = cache.create("v", **entries("2026-01-05"))
    weights = (
        "weight",
        "strict_weight",
        "author_weight",
        "weight_k",
        "strict_weight_k",
        "author_weight_k",
    )
    row = {"target": "I2", "works": 1, "works_k": 1} | dict.fromkeys(weights, 1.0)
    table = schemas.EDGES.of(row | {"year": 2000 + i, "source": f"I{i}"} for i in range(37))
    whole = built(made, table)
    for size in (1, 3, 10, 11, 36):
        assert (
            built(made, (b for t in range(0, 37, size) for b in table.slice(t, size).to_batches()))
            == whole
        )


def test_tables_come_back_and_are_the_same_bytes(cache):
    """A stored table reads back equal with its contract's metadata; the same rows give the same
    file; a sample carries its mark.
    """
    made = cache.create("v", **entries("2026-01-05"))
    row = {
        "year": 2020,
        "source": "I1",
        "target": "I2",
        "works": 1,
        "weight": 1.0,
        "strict_weight": 1.0,
        "author_weight": 1.0,
        "works_k": 1,
        "weight_k": 1.0,
        "strict_weight_k": 1.0,
        "author_weight_k": 1.0,
    }
    table = schemas.EDGES.of([row])
    first = built(made, table)
    assert built(made, schemas.EDGES.of([row])) == first
    with pytest.raises(NotFound, match="no table 'edges' yet; run `coauth build --vintage v`"):
        made.read("edges")
    made.record(build=BUILD)
    assert made.read("edges").equals(table)
    assert b"notice" not in made.read("edges").schema.metadata
    built(made, table, synthetic=True)
    made.record(build=BUILD)
    assert made.read("edges").schema.metadata[b"notice"] == MARK.encode()
    with pytest.raises(NotFound, match="no table 'edgse'; there are: admissions, affiliations"):
        made.read("edgse")


def test_a_damaged_table_is_told(cache):
    """A Parquet file cut short is named with the command that makes it anew."""
    made = cache.create("v", **entries("2026-01-05", build=BUILD))
    built(made, schemas.EDGES.empty())
    made.record(build=BUILD)
    path = made.path / "tables" / "edges.parquet"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(
        CacheError, match=r"edges\.parquet: damaged .*run `coauth build --vintage v`"
    ):
        made.read("edges")


def test_admissions_belong_to_the_cache(cache):
    """Imported admissions are kept beside the vintages; without any the table is empty."""
    assert cache.admissions.num_rows == 0
    row = {
        "year": 2020,
        "country_code": "CN",
        "admissions": 3,
        "suppressed": False,
        "source": "s",
        "retrieved": datetime.date(2026, 1, 1),
    }
    cache.admissions = schemas.ADMISSIONS.of([row])
    assert cache.admissions.to_pylist() == [row]
    assert cache.vintages() == []


def test_positions_of_the_last_drawing_are_kept(cache):
    """The layout is empty before the first drawing and comes back as it was."""
    made = cache.create("v", **entries("2026-01-05"))
    assert made.layout == {}
    made.layout = {"I1": [0.25, -1.5]}
    assert made.layout == {"I1": [0.25, -1.5]}
    assert unseal((made.path / "layout.json").read_bytes()) == {"I1": [0.25, -1.5]}
