"""Files of an answer: numbers come back as numbers, names stand beside ids, the mark of the sample has a
column or sheet of its own, and no text is a formula.
"""

import csv
import io
import json
import re
import shutil
import subprocess

import openpyxl
import pyarrow.parquet as pq
import pytest

from tests.support.commands import coauth, missing

QUESTION = ("China", "--by", "institution", "--years", "2018-2024")


def rows_of(root):
    return json.loads(coauth(root, "count", *QUESTION, "--json").stdout)["rows"]


def written(root, path, *more):
    """The file of the question."""
    assert coauth(root, "count", *QUESTION, "-o", str(path), *more).stdout == f"{path}\n"
    return path.read_bytes()


def test_a_csv_has_names_beside_ids_and_a_mark_of_its_own(sample_root, tmp_path):
    """Plain columns for programs; the mark stands in the column `notice`, not in the header."""
    text = written(sample_root, tmp_path / "a.csv").decode()
    lines = list(csv.DictReader(io.StringIO(text)))
    expected = rows_of(sample_root)
    assert [line["institution"] for line in lines] == [r["institution"] for r in expected]
    assert [float(line["share_low"]) for line in lines] == [r["share_low"] for r in expected]
    assert {line["notice"] for line in lines} == {"SYNTHETIC SAMPLE"}
    assert lines[0]["institution_name"] == "Technical University of Denmark [sample]"


def test_a_danish_csv_is_read_back(sample_root, tmp_path):
    """Semicolons, decimal commas, a byte order mark, titles and names in Danish."""
    raw = written(sample_root, tmp_path / "a.csv", "--excel", "da")
    assert raw.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in raw
    lines = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))
    expected = rows_of(sample_root)
    assert [float(x["Andel, nedre"].replace(",", ".")) for x in lines] == [
        r["share_low"] for r in expected
    ]
    assert all("." not in x["Andel"] for x in lines)
    assert lines[0]["Institution herhjemme"] == "Danmarks Tekniske Universitet [sample]"


def test_a_workbook_has_types_a_frozen_header_and_notes(sample_root, tmp_path):
    """Numbers are numbers, shares are shown as percentages; vintage, method, caution and mark on the
    notes.
    """
    raw = written(sample_root, tmp_path / "a.xlsx")
    assert raw == written(sample_root, tmp_path / "b.xlsx")  # without the clock
    book = openpyxl.load_workbook(io.BytesIO(raw))
    assert book.sheetnames == ["Answer", "Notes"]
    sheet = book["Answer"]
    assert sheet.freeze_panes == "C2"
    titles = [c.value for c in sheet[1]]
    expected = rows_of(sample_root)
    for name, key in (("Works", "works"), ("Share", "share"), ("Share, high", "share_high")):
        column = [row[titles.index(name)] for row in sheet.iter_rows(min_row=2)]
        assert [c.value for c in column] == pytest.approx([r[key] for r in expected], rel=1e-14)
        assert {c.data_type for c in column} == {"n"}
    assert sheet.cell(2, titles.index("Share") + 1).number_format == "0.0%"
    notes = " ".join(str(c.value) for row in book["Notes"].iter_rows() for c in row)
    for words in ("SYNTHETIC SAMPLE", "coauth count --partner CN", "lawful", "Coverage: works"):
        assert words in notes


def test_libreoffice_reads_both(sample_root, tmp_path):
    """What Calc makes of the Danish CSV (with its filter options) and of the workbook: the numbers."""
    program = shutil.which("soffice")
    if not program:
        missing("LibreOffice is not installed")
    written(sample_root, tmp_path / "danish.csv", "--excel", "da")
    written(sample_root, tmp_path / "sheet.xlsx", "--language", "da")
    expected = rows_of(sample_root)
    reading = {"danish.csv": ["--infilter=CSV:59,34,76,1,,1030,false,true"], "sheet.xlsx": []}
    for name, options in reading.items():
        command = [program, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
        command += [*options, "--convert-to", "fods", "--outdir", str(tmp_path)]
        subprocess.run(
            [*command, str(tmp_path / name)], check=True, capture_output=True, timeout=240
        )
        text = (tmp_path / name).with_suffix(".fods").read_text("utf-8")
        numbers = [float(v) for v in re.findall(r'office:value="([^"]+)"', text)]
        for key in ("works", "share_low", "share_high"):
            sought = [r[key] for r in expected]
            columns = [numbers[n :: len(numbers) // len(expected)] for n in range(20)]
            assert any(c[: len(sought)] == pytest.approx(sought, rel=1e-12) for c in columns), (
                name,
                key,
            )


def test_other_files(sample_root, tmp_path):
    """Parquet with its notes, Markdown, and a chart as SVG and PNG, marked."""
    table = pq.read_table(io.BytesIO(written(sample_root, tmp_path / "a.parquet")))
    assert table["works"].to_pylist() == [r["works"] for r in rows_of(sample_root)]
    assert b"SYNTHETIC SAMPLE" in table.schema.metadata[b"notes"]
    page = written(sample_root, tmp_path / "a.md").decode()
    assert page.startswith("# Works · Partner: China · 2018–2024 · by institution at home\n")
    assert "| Technical University of Denmark [sample] (I96673099) | 2018–2024* | 465 |" in page
    assert "SYNTHETIC SAMPLE" in written(sample_root, tmp_path / "a.svg").decode()
    assert written(sample_root, tmp_path / "a.png").startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "words",
    [
        ("DTU", "China", "--by", "year"),
        ("China", "--compare", "2018-2020", "2022-2024", "--by", "institution"),
        ("China", "--compare", "2018-2020", "2022-2024", "--drivers", "institution"),
        ("China", "--by", "institution,year"),
    ],
    ids=" ".join,
)
def test_every_kind_of_answer_is_drawn_and_filed(sample_root, tmp_path, words):
    for end in ("svg", "xlsx", "md", "csv"):
        path = tmp_path / f"a.{end}"
        coauth(sample_root, "count", *words, "-o", str(path), "--language", "da")
        assert path.stat().st_size > 500


def test_a_file_of_no_kind_is_refused(sample_root, tmp_path):
    done = coauth(sample_root, "count", "China", "-o", str(tmp_path / "a.doc"), check=False)
    assert done.returncode == 1
    assert "end it with one of .csv, .xlsx, .parquet, .md, .svg, .png" in done.stderr
