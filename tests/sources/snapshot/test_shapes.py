"""Files as people have them: every shape, packing and encoding gives the records of the plain file;
all else is told.
"""

import base64 as base64_
import bz2
import gzip
import io
import itertools
import json
import lzma
import os
import random
import socket
import subprocess
import sys
import tarfile
import zipfile
from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coauth.errors import HarvestIncomplete, SourceError
from coauth.openalex import split
from coauth.pipeline.harvest import Source, harvest_pages
from coauth.pipeline.project import Project
from coauth.sources import snapshot
from coauth.sources.snapshot import packing
from coauth.sources.snapshot.packing import contents
from coauth.sources.snapshot.shapes import is_work, records
from coauth.storage import Cache
from tests.support.harvests import scope, work
from tests.support.vintages import entries

inputs = sys.modules["coauth.sources.snapshot.inputs"]  # of the same name as its function
WORKS = [work(n, "2020-02-02", authors=1 + n % 3) for n in range(30)]
IDS = [w["id"] for w in WORKS]


def lines(works, **how):
    return "".join(json.dumps(w, **how) + "\n" for w in works)


def without(works, *names):
    return [{k: v for k, v in w.items() if k not in names} for w in works]


def answer(works):
    return {"meta": {"count": 99, "next_cursor": None}, "results": works, "group_by": []}


def frame():
    return pd.DataFrame(WORKS)


SHAPES = {
    "list": lambda: json.dumps(WORKS),
    "pretty list": lambda: json.dumps(WORKS, indent=2),
    "list with a line each": lambda: "[\n" + ",\n".join(json.dumps(w) for w in WORKS) + "\n]\n",
    "list without indent": lambda: json.dumps(WORKS, indent=0),
    "answer": lambda: json.dumps(answer(WORKS)),
    "pretty answer": lambda: json.dumps(answer(WORKS), indent=1),
    "list of answers": lambda: json.dumps([answer(WORKS[:9]), answer([]), answer(WORKS[9:])]),
    "list of lists": lambda: json.dumps([WORKS[:9], WORKS[9:]]),
    "answers, one a line": lambda: lines([answer(WORKS[:9]), answer(WORKS[9:])]),
    "wraps": lambda: json.dumps(
        [
            {"url": "https://api.openalex.org/works?page=1", "response": answer(WORKS[:9])},
            {"url": "", "response": answer(WORKS[9:])},
        ]
    ),
    "wraps, one a line": lambda: lines(
        {"url": w["id"], "status": 200, "response": w} for w in WORKS
    ),
    "works": lambda: json.dumps(
        {"details": {"id": "https://openalex.org/I1", "display_name": "A"}, "works": WORKS}
    ),
    "data": lambda: json.dumps({"data": WORKS}),
    "graph": lambda: json.dumps({"data": {"works": WORKS, "total": 30}}),
    "another name": lambda: json.dumps({"query": {"n": 1}, "found by us": WORKS}),
    "hits": lambda: json.dumps(
        {
            "took": 3,
            "hits": {
                "total": 30,
                "hits": [
                    {"_index": "w", "_id": w["id"], "_score": 1.0, "_source": w} for w in WORKS
                ],
            },
        }
    ),
    "hits without ids": lambda: lines(
        {"_index": "w", "_id": w["id"], "_source": v}
        for w, v in zip(WORKS, without(WORKS, "id"), strict=True)
    ),
    "by id": lambda: json.dumps({w["id"]: w for w in WORKS}),
    "by short id alone": lambda: json.dumps(
        {w["id"].rpartition("/")[2]: v for w, v in zip(WORKS, without(WORKS, "id"), strict=True)}
    ),
    "by DOI": lambda: json.dumps({f"10.1/{n}": w for n, w in enumerate(WORKS)}),
    "by number": lambda: json.dumps(dict(enumerate(WORKS))),
    "lines": lambda: lines(WORKS),
    "lines with commas": lambda: lines(WORKS).replace("\n", ",\n"),
    "lines of Windows": lambda: lines(WORKS).replace("\n", "\r\n"),
    "blank lines": lambda: "\n\n" + lines(WORKS).replace("\n", "\n \n"),
    "no last end of line": lambda: lines(WORKS).rstrip(),
    "on one line": lambda: " ".join(json.dumps(w) for w in WORKS),
    "JSON sequence": lambda: "".join(f"\x1e{json.dumps(w)}\n" for w in WORKS),
    "server events": lambda: "".join(f"{json.dumps(w)}\n\n" for w in WORKS),
    "pretty, one after another": lambda: "\n".join(json.dumps(w, indent=1) for w in WORKS),
    "compact, with other names first": lambda: lines(
        ({"doi": w["doi"], "title": w["title"]} | w for w in WORKS), separators=(",", ":")
    ),
    "Mongo": lambda: lines({"_id": {"$oid": f"{n:024x}"}} | w for n, w in enumerate(WORKS)),
    "Mongo, id alone": lambda: lines(
        {"_id": w["id"]} | v for w, v in zip(WORKS, without(WORKS, "id"), strict=True)
    ),
    "Mongo, pretty list": lambda: json.dumps(
        [{"_id": w["id"]} | v for w, v in zip(WORKS, without(WORKS, "id"), strict=True)], indent=4
    ),
    "pandas": lambda: frame().to_json(),
    "pandas, by id": lambda: frame().set_index("id", drop=False).to_json(),
    "pandas, records": lambda: frame().to_json(orient="records"),
    "pandas, lines": lambda: frame().to_json(orient="records", lines=True),
    "pandas, split": lambda: frame().to_json(orient="split"),
    "pandas, index": lambda: frame().to_json(orient="index"),
    "pandas, table": lambda: json.dumps(
        {
            "schema": {"fields": [{"name": "id", "type": "string"}]},
            "data": [{"index": n} | w for n, w in enumerate(WORKS)],
        }
    ),
    "columns and values": lambda: json.dumps(
        {"columns": list(WORKS[0]), "values": [list(w.values()) for w in WORKS]}
    ),
    "pandas inside of something": lambda: json.dumps({"frame": json.loads(frame().to_json())}),
    "R, by column": lambda: json.dumps({name: [w[name] for w in WORKS] for name in WORKS[0]}),
    "R, lists of one": lambda: json.dumps(
        [{k: v if isinstance(v, list) else [v] for k, v in w.items()} for w in WORKS]
    ),
    "a line of JavaScript": lambda: "var works = " + json.dumps(WORKS) + ";",
}

ENCODINGS = {
    "utf-8": lambda t: t.encode(),
    "utf-8 with mark": lambda t: t.encode("utf-8-sig"),
    "utf-16": lambda t: t.encode("utf-16"),
    "utf-16-le": lambda t: t.encode("utf-16-le"),
    "utf-16-be with mark": lambda t: b"\xfe\xff" + t.encode("utf-16-be"),
    "utf-16-be": lambda t: t.encode("utf-16-be"),
    "utf-32": lambda t: t.encode("utf-32"),
    "utf-32-be": lambda t: t.encode("utf-32-be"),
}


def zipped(*named, how=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, data in named:
            archive.writestr(name, data)
    return out.getvalue()


def tarred(*named, mode="w"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, data in named:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zstd(data):
    return pa.compress(data, codec="zstd", asbytes=True)


PACKINGS = {
    "plain": lambda d: d,
    "gzip": gzip.compress,
    "gzip in two parts": lambda d: gzip.compress(d[:50]) + gzip.compress(d[50:]) + bytes(40),
    "bzip2": lambda d: bz2.compress(d[:70]) + bz2.compress(d[70:]),
    "xz": lzma.compress,
    "Zstandard": lambda d: b"\x50\x2a\x4d\x18\x03\0\0\0abc" + zstd(d[:60]) + zstd(d[60:]),
    "zip": lambda d: zipped(("a/works", d)),
    "zip, bzip2": lambda d: zipped(("w.json", d), how=zipfile.ZIP_BZIP2),
    "zip, xz": lambda d: zipped(("w.json", d), how=zipfile.ZIP_LZMA),
    "zip of gzip": lambda d: zipped(("__MACOSX/._w", b"x"), ("w.json.gz", gzip.compress(d))),
    "tar": lambda d: tarred(("w.json", d)),
    "tar, gzip": lambda d: tarred(("./w.json", d), mode="w:gz"),
    "tar, bzip2": lambda d: tarred(("w.json", d), mode="w:bz2"),
    "tar, xz": lambda d: tarred(("w.json", d), mode="w:xz"),
    "tar, Zstandard": lambda d: zstd(tarred(("w.json", d))),
    "tar of xz": lambda d: tarred((".hidden", b"x"), ("w.json.xz", lzma.compress(d))),
}


@pytest.fixture
def vintage(tmp_path):
    return Cache(tmp_path / "cache").create("2020-06-15", **entries("2020-06-15"))


def put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def ids(vintage):
    return [w.id for page in vintage.pages() for w in page.works]


def read(file):
    return [
        record
        for _, content in contents(file)
        if not isinstance(content, str)
        for record in records(content)
    ]


def id_of(record):
    found = json.loads(record)["id"]
    return found[0] if isinstance(found, list) else found


def same(record, name):
    """A record as it is in the plain file."""
    found = json.loads(record)
    if name == "R, lists of one":
        found = {
            k: v[0] if k != "authorships" and isinstance(v, list) and len(v) == 1 else v
            for k, v in found.items()
        }
    return {k: v for k, v in found.items() if k not in ("_id", "index")}


# -- what is read


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("held", [split.WHOLE_BYTES, 2_000], ids=["whole", "walked through"])
def test_every_shape_gives_the_works(tmp_path, name, held, monkeypatch):
    """Also where the file is too large to be held; byte for byte where nothing had to be put
    together.
    """
    monkeypatch.setattr(split.values, "__defaults__", (held,))
    found = read(put(tmp_path / "x", SHAPES[name]()))
    found = list(filter(is_work, found)) if name == "a line of JavaScript" else found
    short = (
        [{**w, "id": w["id"].rpartition("/")[2]} for w in WORKS]
        if name == "by short id alone"
        else WORKS
    )
    assert [same(r, name) for r in found] == (
        short if name != "R, lists of one" else [same(json.dumps(w), name) for w in WORKS]
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SHAPES.keys() - {"R, lists of one"}))
def test_every_shape_makes_a_whole_vintage(tmp_path, vintage, name):
    """Stored, and complete. Lists of one are the decoder's affair."""
    summary = snapshot.fill(vintage, put(tmp_path / "x", SHAPES[name]()))
    assert {i.rpartition("/")[2] for i in ids(vintage) if i} == {i.rpartition("/")[2] for i in IDS}
    assert (summary["stored"], summary["read"], summary["xpac"], summary["incomplete"]) == (
        30,
        30,
        0,
        [],
    )


@pytest.mark.slow
@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_packing_and_encoding_of_every_shape(tmp_path, packing, encoding):
    """One way of reading for all; the name says nothing. Of each packing every shape is read in one
    encoding and of each encoding in two packings or more, so that no two of the three never meet.
    """
    turn = list(PACKINGS).index(packing) + list(ENCODINGS).index(encoding)
    for shape, text in list(SHAPES.items())[turn % len(ENCODINGS) :: len(ENCODINGS)]:
        found = read(put(tmp_path / "x.txt", PACKINGS[packing](ENCODINGS[encoding](text()))))
        assert [id_of(r).rpartition("/")[2] for r in found if is_work(r)] == [
            i.rpartition("/")[2] for i in IDS
        ], shape


@pytest.mark.parametrize("packing", PACKINGS)
def test_every_packing_makes_the_same_pages(tmp_path, packing):
    """The bytes on disk do not know how the file was packed."""
    pages = []
    for n, data in enumerate((lines(WORKS).encode(), PACKINGS[packing](lines(WORKS).encode()))):
        vintage = Cache(tmp_path / f"cache{n}").create("v", **entries("2020-06-15"))
        snapshot.fill(vintage, put(tmp_path / str(n) / "works.jsonl", data))
        pages.append([p.read_bytes() for p in sorted(vintage.path.rglob("0*.gz"))])
    assert pages[0] == pages[1]


def test_several_files_in_an_archive(tmp_path, vintage):
    """In their order; what else lies there is named."""
    inside = [
        ("a/1.jsonl", lines(WORKS[:9])),
        ("readme.md", b"words"),
        ("b.json", json.dumps(answer(WORKS[9:])).encode()),
        ("c.zip", zipped(("x", b"x"))),
    ]
    for n, pack in enumerate(
        (
            zipped,
            lambda *f: tarred(
                *((a, b.encode() if isinstance(b, str) else b) for a, b in f), mode="w:gz"
            ),
        )
    ):
        other = Cache(tmp_path / f"c{n}").create("v", **entries("2020-06-15"))
        summary = snapshot.fill(other, put(tmp_path / "works.dat", pack(*inside)))
        assert ids(other) == IDS
        assert summary["ignored_reasons"] == {
            "works.dat/readme.md": "plain text",
            "works.dat/c.zip": "an archive inside an archive: unpack the outer one first",
        }


def test_broken_records_cost_themselves_in_every_shape(tmp_path, vintage):
    """NaN, half a letter's code, a quote: in an answer inside a wrap inside a list."""
    parts = [json.dumps(w) for w in WORKS]
    parts[3], parts[5], parts[7] = (
        parts[3][:-1] + ', "n": NaN}',
        parts[5][:-1] + ', "n": "\\ud83d"}',
        parts[7][:-1] + ', "n": "a "quote}',
    )
    text = (
        '[{"url": "x", "response": {"meta": {}, "results": ['
        + ", ".join(parts[:20])
        + ']}}, {"response": {"results": ['
        + ", ".join(parts[20:])
        + "]}}]"
    )
    summary = snapshot.fill(vintage, put(tmp_path / "x.json", text))
    assert (summary["stored"], summary["read"]) == (30, 30)
    assert set(IDS) - set(ids(vintage)) <= {IDS[3], IDS[5], IDS[7]}
    assert [
        w.id
        for page in vintage.pages()
        for w in page.works
        if not w.damage and w.id not in (IDS[3], IDS[5], IDS[7])
    ] == [i for n, i in enumerate(IDS) if n not in (3, 5, 7)]


def test_latin_1_is_read_and_counted(tmp_path, vintage):
    """A record with bytes that are no UTF-8 and none that are is what Windows writes; of others such
    bytes are replaced. Either is noted on the work.
    """
    works = [
        json.dumps(w | {"title": t}, ensure_ascii=False)
        for w, t in zip(WORKS, ["Smørrebrød – på", "plain", "Ærø\x81", "Ærø?"], strict=False)
    ]
    text = [works[0].encode("cp1252"), works[1].encode(), works[2].encode("latin-1")]
    text += [works[3].encode().replace(b"?", b"\xff")]
    summary = snapshot.fill(vintage, put(tmp_path / "w.jsonl", b"\n".join(text)))
    assert summary["damaged"] == 0
    assert [(w.title, w.noted) for p in vintage.pages() for w in p.works] == [
        ("Smørrebrød – på", ["bytes of Latin-1: put right"]),
        ("plain", None),
        ("Ærø\x81", ["bytes of Latin-1: put right"]),
        ("Ærø\ufffd", ["bytes that are no UTF-8: replaced"]),
    ]


def test_half_a_surrogate_in_utf_16_costs_nothing_but_itself(tmp_path, vintage):
    """It becomes the escape, which the decoder judges; half a letter at the end of the file costs
    the last record.
    """
    text = (
        json.dumps(WORKS[0] | {"title": "A?B"})
        + "\n"
        + json.dumps(WORKS[1])
        + "\n"
        + json.dumps(WORKS[2])
    )
    data = text.encode("utf-16-le").replace("?".encode("utf-16-le"), b"\x3d\xd8")
    assert b'"A\\ud83dB"' in read(put(tmp_path / "w", b"\xff\xfe" + data))[0]
    assert len(read(put(tmp_path / "v", b"\xff\xfe" + data[:-1]))) == 3


@pytest.mark.parametrize("kind", ["jsonl", "answer", "snapshot"])
def test_works_outside_of_the_core_are_left_out_and_counted_everywhere(tmp_path, vintage, kind):
    """As the API leaves them out."""
    works = [w | {"is_xpac": n % 3 == 0} for n, w in enumerate(WORKS)]
    if kind == "snapshot":
        put(
            tmp_path / "in/works/updated_date=2026-01-01/part_0000.gz",
            gzip.compress(lines(works).encode()),
        )
    else:
        put(tmp_path / "in/x", lines(works) if kind == "jsonl" else json.dumps(answer(works)))
    summary = snapshot.fill(vintage, tmp_path / "in", scope=scope())
    assert ids(vintage) == [i for n, i in enumerate(IDS) if n % 3]
    assert (summary["xpac"], summary["read"], summary["stored"]) == (10, 30, 20)


def test_a_file_of_works_outside_of_the_core_says_so(tmp_path, vintage):
    """Not that there are none."""
    with pytest.raises(SourceError, match="its 30 records are all outside of OpenAlex's core"):
        snapshot.fill(vintage, put(tmp_path / "x", lines(w | {"is_xpac": True} for w in WORKS)))


# -- what is refused


def institutions():
    return [
        {
            "id": f"https://openalex.org/I{n}",
            "display_name": "A",
            "country_code": "DK",
            "works_count": 3,
        }
        for n in range(9)
    ]


def parquet():
    out = io.BytesIO()
    pq.write_table(pa.table({"id": IDS}), out)
    return out.getvalue()


REFUSED = {
    "institutions": (lambda: json.dumps(answer(institutions())), "holds institutions, no works"),
    "institutions, lines": (lambda: lines(institutions()), "holds institutions, no works"),
    "authors": (
        lambda: lines({"id": "A5012345678", "works_count": 1} for _ in range(2)),
        "holds authors, no works",
    ),
    "an error": (
        lambda: json.dumps({"error": "Rate limit exceeded", "message": "x"}),
        "an error message",
    ),
    "rows": (
        lambda: json.dumps([list(w.values()) for w in WORKS]),
        "rows without names of columns",
    ),
    "ids": (lambda: json.dumps(IDS), "ids alone"),
    "counts": (
        lambda: json.dumps({"meta": {}, "results": [], "group_by": [{"key": "2020", "count": 3}]}),
        "no records in it",
    ),
    "empty": (lambda: "", "an empty file"),
    "blank": (lambda: " \n\n", "an empty file"),
    "empty list": (lambda: "[]", "no records in it"),
    "website": (
        lambda: "id,title,publication_year\n" + "".join(f"{i},A,2020\n" for i in IDS),
        "a CSV table, which lacks institution ids",
    ),
    "semicolons": (lambda: "id;title\nW1;A\n", "a CSV table"),
    "TSV": (lambda: "id\ttitle\nW1\tA\n", "a TSV table"),
    "HTML": (lambda: "<!DOCTYPE html><html>503</html>", "a page of the web"),
    "XML": (lambda: '<?xml version="1.0"?><works/>', "XML"),
    "PDF": (lambda: b"%PDF-1.7\n", "a PDF"),
    "RIS": (lambda: "TY  - JOUR\nER  - \n", "RIS"),
    "BibTeX": (lambda: "@article{a,\n title={A}}", "BibTeX"),
    "cassette": (
        lambda: (
            "http_interactions:\n- response:\n    body:\n      string: '"
            + json.dumps(answer(WORKS))
            + "'\n"
        ),
        "a recorded cassette",
    ),
    "YAML": (lambda: "---\nid: W1\n", "YAML"),
    "Parquet": (parquet, "Parquet, which is read only in the snapshot's folders"),
    "RAR": (lambda: b"Rar!\x1a\x07\x01\0" + bytes(40), "a RAR archive"),
    "7-Zip": (lambda: b"7z\xbc\xaf\x27\x1c" + bytes(40), "a 7-Zip archive"),
    "Excel": (
        lambda: zipped(("[Content_Types].xml", "x"), ("xl/workbook.xml", "x")),
        "an Excel workbook",
    ),
    "Word": (
        lambda: zipped(("[Content_Types].xml", "x"), ("word/document.xml", "x")),
        "an office document",
    ),
    "Git LFS": (
        lambda: "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n",
        "a pointer of Git LFS",
    ),
    "Python": (lambda: repr([{"id": 7}]), "single quotes"),
    "plain": (lambda: "downloaded in October", "plain text"),
    "binary": (lambda: bytes(range(256)) * 4, "binary data"),
    "zip of notes": (lambda: zipped(("notes.txt", "words")), "notes.txt: plain text"),
    "zip of nothing": (zipped, "an empty archive"),
    "zip in a zip": (
        lambda: zipped(("w.zip", zipped(("w.json", lines(WORKS))))),
        "an archive inside an archive",
    ),
    "tar in a zip": (
        lambda: zipped(("w.tar.gz", tarred(("w.json", b"[]"), mode="w:gz"))),
        "an archive inside an archive",
    ),
    "packed twice": (
        lambda: gzip.compress(gzip.compress(lines(WORKS).encode())),
        "an archive inside an archive",
    ),
}


def root(tmp_path):
    """A project with the questions that come with the package."""
    return Project(tmp_path / "root")


def harvested(tmp_path, path, **more):
    project = root(tmp_path)
    return harvest_pages(project, Source("files", path=path), today=date(2020, 6, 15), **more)


@pytest.fixture(autouse=True)
def _questions(tmp_path):
    from coauth.cli import coauth

    coauth.main(["init", str(tmp_path / "root")], standalone_mode=False)


def refused(tmp_path, path, match):
    """One line, that names the file; and nothing is left of it."""
    with pytest.raises(SourceError, match=match) as raised:
        harvested(tmp_path, path)
    assert "\n" not in str(raised.value)
    assert list((tmp_path / "root/cache").glob("2*")) == []
    return str(raised.value)


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED)
def test_what_holds_no_works_is_refused_by_what_it_is(tmp_path, name):
    """Alone and as the only file of a folder."""
    data, match = REFUSED[name]
    for path, given in (("x.json", "x.json"), ("in/x.json", "in")):
        put(tmp_path / path, data())
        said = refused(tmp_path, tmp_path / given, match)
        assert said.startswith(str(tmp_path / path))
        assert "give --from" in said


DAMAGED = {n: p for n, p in PACKINGS.items() if n not in ("plain", "gzip in two parts")}


@pytest.mark.slow
@pytest.mark.parametrize("packing", DAMAGED)
@pytest.mark.parametrize("at", [0.3, 0.7, 0.85])
def test_packed_files_cut_short_are_refused(tmp_path, packing, at):
    """Wherever they are cut: what is missing cannot be told."""
    works = [
        work(n, "2020-02-02") | {"title": random.Random(n).randbytes(60).hex()} for n in range(400)
    ]
    data = DAMAGED[packing](lines(works).encode())
    file = put(tmp_path / "w", data[: int(len(data) * at)])
    assert str(file) in refused(
        tmp_path, file, r"file is cut short or damaged; fetch it again \(nothing of it was kept\)"
    )
    put(tmp_path / "in/a.jsonl", lines(WORKS))
    put(tmp_path / "in/b", file.read_bytes())
    refused(tmp_path, tmp_path / "in", r"in/b: .*cut short or damaged")


@pytest.mark.slow
@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        bz2.compress,
        lzma.compress,
        zstd,
        lambda d: zipped(("w", d)),
        lambda d: tarred(("w", d), mode="w:gz"),
        lambda d: zipped(*((f"w{n}", d) for n in range(9))),
    ],
    ids=["gzip", "bzip2", "xz", "Zstandard", "zip", "tar", "many"],
)
def test_what_unpacks_without_end_is_refused(tmp_path, pack, monkeypatch):
    """By how much comes out of how little."""
    monkeypatch.setattr(packing, "BOMB_BYTES", 1 << 20)
    data = pack(lines(WORKS[:2]).encode() + bytes(1 << 23))
    refused(tmp_path, put(tmp_path / "w", data), "unpacks to more than 250 times its size")


def test_a_locked_archive_is_refused(tmp_path):
    """A member with the bit of encryption."""
    data = bytearray(zipped(("w.json", lines(WORKS))))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    refused(tmp_path, put(tmp_path / "w.zip", bytes(data)), "w.json is locked with a password")
    data = bytearray(zipped(("w.json", lines(WORKS))))
    for at in (8, data.rindex(b"PK\x01\x02") + 10):
        data[at] = 99
    refused(tmp_path, put(tmp_path / "w.zip", bytes(data)), "packed as no reader here knows")


def test_what_is_no_file_is_refused(tmp_path):
    """A pipe, a socket and a device; nothing waits for them."""
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path, tmp_path / "pipe", "a pipe, device or socket")
    with socket.socket(socket.AF_UNIX) as opened:
        os.chdir(tmp_path)
        opened.bind("socket")
        refused(tmp_path, tmp_path / "socket", "a pipe, device or socket")
    refused(tmp_path, type(tmp_path)("/dev/null"), "a pipe, device or socket")
    (tmp_path / "loop").symlink_to("loop")
    refused(tmp_path, tmp_path / "loop", "no such file or folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_rights_is_named(tmp_path):
    """With what to do."""
    file = put(tmp_path / "in/w.jsonl", lines(WORKS))
    file.chmod(0)
    refused(tmp_path, tmp_path / "in", "cannot be read .*give rights to it")


def test_a_value_too_long_to_be_held_is_refused(tmp_path, monkeypatch):
    """A table by column has to be put together; a list has not, whatever its size."""
    monkeypatch.setattr(split, "WHOLE", 20_000)
    monkeypatch.setattr(inputs, "WHOLE", 20_000)
    monkeypatch.setattr(split.values, "__defaults__", (5_000,))
    refused(
        tmp_path,
        put(tmp_path / "columns.json", frame().to_json(indent=1)),
        "one value in it is more than 0 MB of JSON; save the records as JSONL",
    )
    refused(
        tmp_path,
        put(tmp_path / "long.json", json.dumps([WORKS[0] | {"title": "x" * 90_000}], indent=1)),
        "save the records as JSONL",
    )
    for name in ("pretty list", "pretty answer", "graph", "by id", "pandas, split"):
        assert len(read(put(tmp_path / "list.json", SHAPES[name]()))) == 30


NOTHING = {
    "cut": lambda: lines(WORKS[:3]).replace("}\n", "\n"),
    "no authorships": lambda: lines({"id": i, "authorships": 7} for i in IDS[:3]),
    "mixed": lambda: json.dumps(WORKS[0])[:-9] + '\nnull\n{"id": 12, "authorships": 7}\n',
}


@pytest.mark.parametrize("name", NOTHING)
def test_a_file_of_which_nothing_can_be_read_says_so(tmp_path, name):
    """With how many records, and the first reason; the scope is not at fault."""
    said = refused(
        tmp_path,
        put(tmp_path / "w.jsonl", NOTHING[name]()),
        r"w\.jsonl: none of its 3 records can be read \(the first: .+\)",
    )
    assert "scope" not in said


def test_a_vintage_that_stood_before_stays_as_it_was(tmp_path):
    """A refused file takes away only what it made."""
    harvested(tmp_path, put(tmp_path / "w.jsonl", lines(WORKS)))
    before = {
        p: p.read_bytes()
        for p in (tmp_path / "root/cache").rglob("*")
        if p.is_file() and p.name != ".lock"
    }
    with pytest.raises(SourceError):
        harvested(tmp_path, put(tmp_path / "bad.jsonl", "words"))
    assert {
        p: p.read_bytes()
        for p in (tmp_path / "root/cache").rglob("*")
        if p.is_file() and p.name != ".lock"
    } == before


# -- folders


def test_what_is_passed_over_in_a_folder_is_named_with_the_reason(tmp_path, vintage):
    """Relative to the folder; hidden files and notes of the system are not."""
    put(tmp_path / "in/good.jsonl", lines(WORKS))
    put(tmp_path / "in/a/notes.txt", "words")
    put(tmp_path / "in/sheet.csv", "id,title\nW1,A\n")
    put(tmp_path / "in/packed.rar", b"Rar!\x1a\x07\x01\0")
    put(tmp_path / "in/institutions.jsonl", lines(institutions()))
    put(tmp_path / "in/more.jsonl.part", lines(WORKS))
    put(tmp_path / "in/.DS_Store", b"\0\0")
    put(tmp_path / "in/.git/config", b"x")
    put(tmp_path / "in/__MACOSX/._good.jsonl", b"x")
    os.mkfifo(tmp_path / "in/pipe")
    (tmp_path / "in/self").symlink_to(tmp_path / "in")
    (tmp_path / "in/nowhere").symlink_to("gone")
    summary = snapshot.fill(vintage, tmp_path / "in")
    assert ids(vintage) == IDS
    assert summary["ignored_reasons"] == {
        "a/notes.txt": "plain text",
        "institutions.jsonl": "holds institutions, no works",
        "more.jsonl.part": "a download that was not finished",
        "nowhere": "a link that leads nowhere",
        "packed.rar": "a RAR archive: unpack it first",
        "pipe": "a pipe, device or socket",
        "self": "a link to a folder",
        "sheet.csv": "a CSV table, which lacks institution ids (as OpenAlex's website exports it)",
    }
    assert summary["ignored_files"] == sorted(summary["ignored_reasons"])


def test_a_link_to_a_file_is_followed(tmp_path, vintage):
    """As if it lay there."""
    put(tmp_path / "w.jsonl", lines(WORKS))
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link").symlink_to(tmp_path / "w.jsonl")
    snapshot.fill(vintage, tmp_path / "in")
    assert ids(vintage) == IDS


def test_thousands_of_small_files_are_one_slice(tmp_path, vintage):
    """In the order of their names; a large one between them is its own."""
    for n, w in enumerate(WORKS * 40):
        put(tmp_path / f"in/{n:04d}.json", json.dumps(w))
    put(tmp_path / "in/0600-large", lines(WORKS * 9))
    summary = snapshot.fill(vintage, tmp_path / "in")
    assert {name: s["stored"] for name, s in summary["slices"].items()} == {
        "from-00001": 1200,
        "from-00002": 270,
    }
    assert [w.id for p in vintage.slice("from-00001").pages() for w in p.works] == IDS * 40
    assert next(vintage.pages()).request == "0000.json … 1199.json (1200 files)"


def test_small_files_have_a_limit_together(tmp_path, vintage, monkeypatch):
    """So that an interruption does not cost all of them."""
    monkeypatch.setattr(inputs, "TOGETHER", 5_500)
    for n, w in enumerate(WORKS):
        put(tmp_path / f"in/{n:04d}.json", json.dumps(w).ljust(2_500))
    summary = snapshot.fill(vintage, tmp_path / "in")
    assert [s["stored"] for s in summary["slices"].values()] == [2] * 15
    assert ids(vintage) == IDS


# -- the snapshot of 2022


def old_copy(folder, parts, named):
    for name, works in parts.items():
        put(folder / name, gzip.compress(lines(works).encode()))
    entries = [
        {
            "url": f"s3://openalex/data/works/{name}",
            "meta": {"content_length": 1, "record_count": n},
        }
        for name, n in named.items()
    ]
    put(folder / "manifest", json.dumps({"entries": entries, "meta": {"record_count": 3}}))


@pytest.mark.parametrize("given", [".", "works"])
def test_a_copy_of_the_layout_of_2022(tmp_path, vintage, given):
    """Its manifest has no ending, and calls its files entries."""
    parts = {
        "updated_date=2022-01-01/part_000.gz": WORKS[:9],
        "updated_date=2022-01-02/part_000.gz": WORKS[9:],
    }
    old_copy(tmp_path / "copy/works", parts, {name: len(works) for name, works in parts.items()})
    put(tmp_path / "copy/works/updated_date=2022-01-01/part_001.gz.part", b"x")
    summary = snapshot.fill(vintage, tmp_path / "copy" / given)
    assert ids(vintage) == IDS
    assert (summary["incomplete"], summary["missing_files"], summary["manifest"]) == ([], [], True)
    assert list(summary["ignored_reasons"]) == ["updated_date=2022-01-01/part_001.gz.part"]


def test_missing_files_are_counted_and_never_complete(tmp_path):
    """And the vintage can be built only where that is asked for."""
    named = {f"updated_date=2022-01-{n:02d}/part_000.gz": 30 for n in range(1, 29)}
    first = next(iter(named))
    old_copy(tmp_path / "copy/works", {first: WORKS}, named)
    with pytest.raises(
        HarvestIncomplete, match="27 of the 28 files that works/manifest names are not there"
    ) as raised:
        harvested(tmp_path, tmp_path / "copy")
    assert "\n" not in str(raised.value)
    vintage = root(tmp_path).cache.vintages()[0]
    assert not vintage.complete
    assert vintage.manifest.harvest.stored == 30


@pytest.mark.parametrize("place", ["data/jsonl/institutions", "institutions"])
def test_the_snapshots_folder_of_something_else_is_refused(tmp_path, place):
    """By its first record."""
    put(
        tmp_path / "copy" / place / "updated_date=2026-01-01/part_0000.gz",
        gzip.compress(lines(institutions()).encode()),
    )
    refused(tmp_path, tmp_path / "copy" / place, r"part_0000\.gz: holds institutions, no works")


# -- memory

STREAM = """
import resource, sys
from pathlib import Path
from coauth.sources.snapshot.packing import contents
from coauth.sources.snapshot.shapes import records
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = sum(1 for _, content in contents(Path(sys.argv[1])) for _ in records(content))
print(count, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["list", "answer", "wrap", "by id", "lines"])
def test_memory_does_not_grow_with_the_file(tmp_path, shape):
    """Sixty megabytes on one line take less than that, which is what one value may take before it
    is walked through.
    """
    begin, between, end = {
        "list": ("[", ", ", "]"),
        "answer": ('{"meta": {"count": 1}, "results": [', ",", "]}"),
        "wrap": ('[{"url": "", "response": {"results": [', ",", "]}}]"),
        "by id": ("{", ", ", "}"),
        "lines": ("", "\n", "\n"),
    }[shape]
    with (tmp_path / "x").open("w") as out:
        out.write(begin)
        for n in itertools.count():
            if out.tell() > 60 * 2**20:
                break
            text = json.dumps(WORKS[n % 30] | {"abstract": "x" * 9_000, "n": n})
            out.write((between if n else "") + (f'"W{n}": ' if shape == "by id" else "") + text)
        out.write(end)
    done = subprocess.run(
        [sys.executable, "-c", STREAM, str(tmp_path / "x")],
        capture_output=True,
        text=True,
        check=True,
    )
    count, grown = map(int, done.stdout.split())
    assert count == n
    assert grown < 45, f"{grown} MiB"


@pytest.mark.parametrize(
    "wrap",
    [
        lambda w: {"id": w["id"], "data": w},
        lambda w: {"id": w["id"], "key": w["id"], "value": {"rev": "1-a"}, "doc": w},
        lambda w: {
            "type": "works",
            "id": w["id"],
            "attributes": {k: v for k, v in w.items() if k != "id"},
        },
        lambda w: {"id": w["id"], "work": w},
    ],
    ids=["data", "CouchDB", "JSON:API", "work"],
)
def test_a_wrap_that_repeats_the_id_is_no_work(wrap):
    text = "\n".join(json.dumps(wrap(w)) for w in WORKS)
    found = [json.loads(r) for r in records([text.encode()])]
    assert [(w["id"], w["title"]) for w in found] == [(w["id"], w["title"]) for w in WORKS]


# -- what stands between records, and records within texts


def har(works, *, base64=False):
    body = json.dumps(answer(works))
    text = {"text": body}
    if base64:
        text = {"text": base64_.b64encode(body.encode()).decode(), "encoding": "base64"}
    content = {"mimeType": "application/json"} | text
    return {"log": {"entries": [{"request": {"url": "x"}, "response": {"content": content}}]}}


def dynamo(value):
    if isinstance(value, dict):
        return {"M": {k: dynamo(v) for k, v in value.items()}}
    if isinstance(value, list):
        return {"L": [dynamo(v) for v in value]}
    return {"NULL": True} if value is None else {"S": str(value)}


BETWEEN = {
    "DynamoDB": (lines({"Item": dynamo(w)["M"]} for w in WORKS), {}),
    "columns in capitals": (lines({k.upper(): v for k, v in w.items()} for w in WORKS), {}),
    "Elasticsearch, bulk": (
        "".join(
            json.dumps({"index": {"_id": w["id"]}}) + "\n" + json.dumps(w) + "\n" for w in WORKS
        ),
        {"objects that are no records": 30},
    ),
    "a log": (
        "".join(f"2026-10-20 10:00:00 INFO fetched {json.dumps(w)}\n" for w in WORKS),
        {"text between records": 30},
    ),
    "comments": (
        "// saved\n[" + ",\n".join(f"/* next */ {json.dumps(w)}" for w in WORKS) + "]",
        {"text between records": 31},
    ),
    "a callback": (f"callback({json.dumps(answer(WORKS))});", {"text between records": 1}),
    "an answer with its headers": (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + json.dumps(answer(WORKS)),
        {"text between records": 2},
    ),
    "the question beside": (
        json.dumps({"query": {"id": "https://openalex.org/W5"}, "results": WORKS}),
        {},
    ),
    "errors": (
        lines([*WORKS, {"error": "Not found", "id": "https://openalex.org/W77"}]),
        {"error messages": 1},
    ),
    "ids": (lines([*WORKS, {"id": "https://openalex.org/W77"}]), {"ids alone": 1}),
    "zeros": ("\0".join(map(json.dumps, WORKS)) + "\0" * 500, {}),
    "line separators": ("\u2028".join(map(json.dumps, WORKS)), {}),
    "no first bracket": (json.dumps(WORKS)[1:], {}),
    "texts, one a line": ("".join(json.dumps(json.dumps(w)) + "\n" for w in WORKS), {}),
    "a list of texts": (json.dumps([json.dumps(w) for w in WORKS]), {}),
    "an answer whose results are a text": (json.dumps({"results": json.dumps(WORKS)}), {}),
    "a column of texts": (lines({"n": n, "json": json.dumps(w)} for n, w in enumerate(WORKS)), {}),
    "a browser's log": (json.dumps(har(WORKS)), {}),
    "a browser's log in base64": (json.dumps(har(WORKS, base64=True)), {}),
    "far inside": (json.dumps({"a": {"b": {"c": {"d": {"e": {"f": {"results": WORKS}}}}}}}), {}),
}


@pytest.mark.parametrize("name", BETWEEN)
def test_what_is_no_record_is_no_record(tmp_path, vintage, name):
    """All works, and nothing else, are counted; what stood between them is counted by what it is."""
    text, others = BETWEEN[name]
    summary = snapshot.fill(vintage, put(tmp_path / "x", text))
    assert sorted(ids(vintage)) == sorted(IDS)
    assert (summary["stored"], summary["damaged"]) == (30, 0)
    said = [part.summary["others"] for part in vintage.slices()]
    assert said == [others]


@pytest.mark.parametrize("how", [{"sort_keys": True}, {"sort_keys": True, "indent": 1}])
@pytest.mark.parametrize("cut", [120, 300, 500])
def test_a_torn_work_stays_a_record_where_its_id_is_lost(tmp_path, vintage, how, cut):
    """It counts as a record that cannot be read, not as a piece between records."""
    parts = [json.dumps(w, **how) for w in WORKS]
    assert '"authorships"' in parts[3][:cut]
    parts[3] = parts[3][:cut]
    text = "[" + ",\n".join(parts) + "]" if "indent" in how else "\n".join(parts)
    summary = snapshot.fill(vintage, put(tmp_path / "x", text))
    assert (summary["stored"], summary["damaged"]) == (30, 1)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("id,authorships.institutions.id\nW1,I1\n", "which lacks institution ids"),
        ("id,authorships\nW1,\"[{'a': 1}]\"\n", "a CSV table, whose lists cannot be read back"),
        (
            '0) "{\\"id\\": \\"W1\\", \\"title\\": \\"A\\"}"\n',
            "JSON within texts of another format",
        ),
        ("- id: W1\n  title: A\n", "YAML: write it as JSON"),
    ],
)
def test_a_refusal_says_what_is_there(tmp_path, text, match):
    refused(tmp_path, put(tmp_path / "x", text), match)


def test_a_table_with_json_in_its_cells_is_refused_as_that(tmp_path):
    rows = "".join('{},"{}"\n'.format(w["id"], json.dumps(w).replace('"', '""')) for w in WORKS)
    refused(tmp_path, put(tmp_path / "x.csv", "id,json\n" + rows), "a table with JSON in its cells")
