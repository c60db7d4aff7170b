"""What the files of an edition tell besides its tables: nothing new, kind of file by kind of file.

`attacker` asks what the tables leave open. Here it is shown that they are all there is: every
number of a page is a cell of a table, and everything else (the other language, what is spoken
instead of seen, drawings, pixels, print, networks, the record of the run) says only what a page or
a table says.
"""

import csv
import json
import re
import struct
import xml.etree.ElementTree as ET
from collections import defaultdict
from functools import cache

import lxml.html
import numpy as np
import pypdf

from coauth.report.text import Words

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = re.compile(r"\d(?:[\d.,]*\d)?")
VALUE = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")
TICK = re.compile(r"-?[\d.,]*\d")
SPOKEN = (
    "alt",
    "aria-label",
    "aria-valuetext",
    "title",
    "content",
    "data-name",
    "summary",
    "placeholder",
)


def numbers(text):
    return set(NUMBER.findall(text.replace("\xa0", " ")))


# -- pages


def page(path):
    return lxml.html.parse(path).getroot()


def seen(root):
    """The numbers of a page that a reader sees: text, without what scripts and drawings hold."""
    kept = "//text()[not(ancestor::script or ancestor::style or ancestor::svg)]"
    return numbers(" ".join("".join(root.xpath(kept)).split()).replace("\u2060", ""))


def rows(table):
    return list(csv.reader(table.read_text("utf-8").splitlines()))[1:]


def shown(root, folder, language):
    """The numbers that a page or a table of its folder shows, as a reader may be told them."""
    words = Words(language)
    cells = {c for path in folder.glob("tables/*.csv") for row in rows(path) for c in row}
    told = [float(c) for c in cells if VALUE.fullmatch(c)]
    return seen(root) | {
        words.number(abs(f * v), d) for v in told for f in (1, 100) for d in (0, 1)
    }


def spoken(root):
    """Those in what is told to a screen reader, in names and comments: everything that is said and
    not shown, points of charts apart.
    """
    told = [
        value
        for e in root.iter()
        if isinstance(e.tag, str)
        for name, value in e.items()
        if name in SPOKEN
    ]
    told += [
        e.text or ""
        for e in root.iter()
        if not isinstance(e.tag, str)
        or (e.tag in ("title", "desc") and e.getparent().tag != "circle")
    ]
    return numbers(" ; ".join(told))


def pointed(figure, table, language):
    """The numbers in the points of a figure that are no value of the table behind it, at any
    rounding.
    """
    told = {c for row in rows(table) for c in row if VALUE.fullmatch(c)}
    words = Words(language)
    known = {words.number(abs(f * float(c)), d) for c in told for f in (1, 100) for d in (0, 1, 2)}
    said = [
        t.text.replace("\xa0", " ").rpartition(": ")[2] for t in figure.iterfind(".//circle/title")
    ]
    return numbers(" ; ".join(said)) - known, len(said)


def values(root):
    """The values beside the numbers of a page, as its tables have them: the same in every language."""
    return sorted(float(e.get("value")) for e in root.iter("data"))


def data(root):
    """What the scripts have, without words."""

    def bare(x):
        if isinstance(x, dict):
            return {k: bare(v) for k, v in x.items() if k not in ("words", "format")}
        return [bare(v) for v in x] if isinstance(x, list) else None if isinstance(x, str) else x

    return [
        bare(json.loads(s.text)) for s in root.iter("script") if s.get("type") == "application/json"
    ]


# -- drawings


def written(path):
    """The numbers in the text of a drawing, those on its axes apart."""
    root = ET.parse(path).getroot()
    axes = {
        t
        for g in root.iter(f"{SVG}g")
        if re.match(r"[xy]tick_", g.get("id", ""))
        for t in g.iter(f"{SVG}text")
    }
    return numbers(
        " ; ".join(
            "".join(t.itertext()) for t in root.iter() if t.tag == f"{SVG}text" and t not in axes
        )
    )


def ticks(path):
    """The numbers on the axes of a drawing: of its scale, not of its data."""
    root = ET.parse(path).getroot()
    return numbers(
        " ; ".join(
            "".join(g.itertext())
            for g in root.iter(f"{SVG}g")
            if re.match(r"[xy]tick_", g.get("id", ""))
        )
    )


def points(path):
    """For each axes of a drawing the years and values of its points, from where they lie between
    the ticks; a band has None.
    """
    found = []
    for axes in (
        g
        for g in ET.parse(path).getroot().iter(f"{SVG}g")
        if re.fullmatch(r"axes_\d+", g.get("id", ""))
    ):
        scale = []
        for kind, axis in (("xtick", "x"), ("ytick", "y")):
            ticks = [
                (_mark(g, axis), _tick(g, path))
                for g in axes.iter(f"{SVG}g")
                if re.match(rf"{kind}_\d+", g.get("id", "")) and "".join(g.itertext()).strip()
            ]
            (a, u), (b, v) = ticks[0], ticks[-1]
            scale.append((a, u, (v - u) / (b - a)))
        seen = set()
        for group in (g for g in axes.iter(f"{SVG}g") if g.get("id", "").startswith("series-")):
            lines = [p for p in group if p.tag == f"{SVG}path" and "z" not in p.get("d", "")]
            at = [
                tuple(map(float, xy))
                for p in lines
                for xy in re.findall(r"[ML] (\S+) (\S+)", p.get("d", ""))
            ]
            at += [
                (float(u.get("x")), float(u.get("y")))
                for u in group.iter(f"{SVG}use")
                if u.get("x") != "0"
            ]
            band = [
                float(x)
                for p in group.iter(f"{SVG}path")
                if "z" in p.get("d", "")
                for x in re.findall(r"[ML] (\S+) \S+", p.get("d"))
            ]
            (o, year, step), _ = scale
            seen |= {
                (round(year + (x - o) * step), None) for x in band if x > o - 1
            }  # marks are drawn about 0
            for place in at:
                year, value = (
                    v + (p - o) * step for p, (o, v, step) in zip(place, scale, strict=True)
                )
                seen.add((round(year), round(value, 2)))
        found.append(sorted(seen, key=str))
    return found


def _tick(mark, path):
    """The number beside a tick, in the language of its drawing."""
    text = TICK.search("".join(mark.itertext()).strip())[0]
    thousands, point = ".," if path.name.endswith(".da.svg") else ",."
    return float(text.replace(thousands, "").replace(point, "."))


def _mark(tick, axis):
    """Where a tick is: its mark, or the line of the grid."""
    for use in tick.iter(f"{SVG}use"):
        return float(use.get(axis))
    x, y = next(
        m for p in tick.iter(f"{SVG}path") if (m := re.match(r"M (\S+) (\S+)", p.get("d", "")))
    ).groups()
    return float(x if axis == "x" else y)


def strays(path, table, *, along=False):
    """Points of a drawing that are no value of the table behind it, as finely as a place can be
    read; and how many there are.

    `along`: of a chart whose values lie on the axis of x, and whose other axis has names.
    """
    known = np.array(
        [f * float(c) for row in rows(table) for c in row if VALUE.fullmatch(c) for f in (1, 100)]
    )
    places = (
        _along(path)
        if along
        else [[v for _, v in place if v is not None] for place in points(path)]
    )
    far = [
        v
        for place in places
        for v in place
        if np.abs(known - v).min() > max(0.004 * max(place), 0.06)
    ]
    return far, sum(map(len, places))


def _along(path):
    root = ET.parse(path).getroot()
    marks = [
        (_mark(g, "x"), float(NUMBER.search("".join(g.itertext()))[0]))
        for g in root.iter(f"{SVG}g")
        if re.match(r"xtick_\d+", g.get("id", ""))
    ]
    (a, u), (b, v) = marks[0], marks[-1]
    uses = [
        x
        for g in root.iter(f"{SVG}g")
        if g.get("id", "").startswith("series-")
        for x in g.iter(f"{SVG}use")
    ]
    return [[u + (float(x.get("x")) - a) * (v - u) / (b - a) for x in uses]]


def chunks(path):
    """Of a PNG, what it holds besides size, resolution and pixels."""
    whole, at, found = path.read_bytes(), 8, []
    while at < len(whole):
        size, kind = struct.unpack(">I4s", whole[at : at + 8])
        found.append(kind.decode())
        at += 12 + size
    return set(found) - {"IHDR", "pHYs", "IDAT", "IEND"}


# -- print


@cache
def paper(path):
    """The text of each page of a PDF."""
    return tuple(p.extract_text() for p in pypdf.PdfReader(path).pages)


def printed(path):
    """The numbers of a PDF (text, what is spoken for a picture, what it says of itself), those of
    its pages apart; and what is attached.
    """
    document, pages = pypdf.PdfReader(path), len(paper(path))
    text = "\n".join(paper(path))
    text = re.sub(rf"\b\d+ / {pages}\b|^\d+\.? .*?\d+$|(?<=\. )\d+$", " ", text, flags=re.MULTILINE)
    objects = (document.get_object(n) for n in range(1, int(document.trailer["/Size"])))
    alts = [str(o["/Alt"]) for o in objects if isinstance(o, dict) and "/Alt" in o]
    own = {k: str(v) for k, v in (document.metadata or {}).items()}
    return numbers(text), numbers(" ; ".join(alts)), own, list(document.attachments)


# -- networks


def network(path):
    """(nodes, edges) of a GEXF: {id: attributes} and {(source, target): attributes}; a changing one
    has {year: value}.
    """
    root = ET.parse(path).getroot()
    space = root.tag.removesuffix("gexf")

    def told(element):
        found = {}
        for value in element.iter(f"{space}attvalue"):
            if year := value.get("timestamp"):
                found.setdefault(value.get("for"), {})[int(year)] = float(value.get("value"))
            else:
                found[value.get("for")] = value.get("value")
        return found

    nodes = {n.get("id"): told(n) for n in root.iter(f"{space}node")}
    edges = {
        (e.get("source"), e.get("target")): told(e) | {"weight_": float(e.get("weight"))}
        for e in root.iter(f"{space}edge")
    }
    return nodes, edges


def strengths(edges, of):
    """Each node's sum over its edges: what a strength may be made of."""
    sums = defaultdict(float)
    for ends, told in edges.items():
        for end in ends:
            sums[end] += of(told)
    return sums
