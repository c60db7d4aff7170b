"""What a generated vintage is like, counted from its pages, beside what a real Danish harvest is
taken to be like.
"""

import gzip
import json
from dataclasses import dataclass

import msgspec
import numpy as np

from .others import files

_place = msgspec.defstruct("Place", [("id", str), ("country_code", str)])
_author = msgspec.defstruct("Author", [("institutions", list[_place])])
_work = msgspec.defstruct("Work", [("publication_year", int), ("authorships", list[_author])])
_decode = msgspec.json.Decoder(msgspec.defstruct("Page", [("works", list[_work])])).decode


@dataclass(frozen=True)
class Shape:
    """One generated vintage, counted."""

    works: int
    packed: int
    """bytes of the page files"""
    stored: int
    """bytes of their JSON"""
    grown: float
    """bytes as OpenAlex would serve them for each byte stored, of the first works of each tenth
    page
    """
    authorships: int
    authors: int
    """most on one work"""
    team: np.ndarray
    """distinct institutions of each work"""
    institutions: int
    danish: int
    pairs: int
    """instances: Σ k(k−1)/2"""
    edges: int
    """distinct pairs of institutions"""
    without_danish: int

    def rows(self):
        """(what, reached, aimed at): the aims are those of the measured candidates, at 500,000
        works.
        """
        q = [int(v) for v in np.quantile(self.team, [0.5, 0.9, 0.99, 0.999], method="lower")]
        return [
            ("works", f"{self.works:,}", ""),
            (
                "on disk, packed",
                f"{self.packed / 2**20:,.0f} MiB, {self.stored / self.packed:.1f} : 1",
                "4.8 : 1 is documented of the snapshot",
            ),
            ("bytes a record as stored (persons removed)", f"{self.stored / self.works:,.0f}", ""),
            (
                "bytes a record as served (selected attributes)",
                f"{self.stored / self.works * self.grown:,.0f}",
                "9,091",
            ),
            (
                "authorships a work; most",
                f"{self.authorships / self.works:.1f}; {self.authors:,}",
                "7.7; 3,200",
            ),
            ("institutions a work: mean", f"{self.team.mean():.2f}", "2.9"),
            ("q50 / q90 / q99 / q99.9", " / ".join(map(str, q)), "2 / 5 / 11 / 177"),
            ("most institutions on a work", f"{self.team.max():,}", "334 and more"),
            (
                "works of more than 25 / 50 / 100 institutions",
                " / ".join(f"{(self.team > k).mean():.2%}" for k in (25, 50, 100)),
                "0.25% / 0.23% / 0.19%",
            ),
            ("pair instances a work", f"{self.pairs / self.works:.1f}", "46.4"),
            ("distinct pairs", f"{self.edges:,}", "3.92 million of 500,000 works"),
            (
                "institutions seen; Danish",
                f"{self.institutions:,}; {self.danish}",
                "24,702 of 500,000 works; some hundred",
            ),
            ("works without a Danish institution", f"{self.without_danish:,}", "0"),
        ]


def shape(root):
    """(bytes of its JSON, rows) of the vintage at `root`, counted once: a large one takes a minute."""
    known = root / "shape.json"
    if not known.exists():
        counted = count(root)
        known.write_text(json.dumps([counted.stored, counted.rows()]), "utf-8")
    return json.loads(known.read_text("utf-8"))


def count(root):
    """Count the vintage at `root`."""
    number, danish, teams, codes = {}, set(), [], []
    packed = stored = authorships = without = served = sampled = authors = 0
    for n, file in enumerate(files(root)):
        data = file.read_bytes()
        packed += len(data)
        data = gzip.decompress(data)
        stored += len(data)
        if n % 10 == 0:
            some = msgspec.json.decode(data)["works"][:10]
            served += sum(len(msgspec.json.encode(as_served(w))) for w in some)
            sampled += sum(len(msgspec.json.encode(w)) for w in some)
        for work in _decode(data).works:
            found = {i.id: i.country_code for a in work.authorships for i in a.institutions}
            authorships += len(work.authorships)
            authors = max(authors, len(work.authorships))
            here = {i for i, code in found.items() if code == "DK"}
            danish |= here
            without += not here
            rows = np.sort(np.array([number.setdefault(i, len(number)) for i in found], np.int64))
            teams.append(len(rows))
            a, b = (
                np.triu_indices(len(rows), 1)
                if len(rows) > 2
                else ([0], [1])
                if len(rows) == 2
                else ([], [])
            )
            codes.append(rows[a] << 32 | rows[b])
    team, every = np.array(teams), np.concatenate(codes)
    return Shape(
        len(team),
        packed,
        stored,
        served / sampled,
        authorships,
        authors,
        team,
        len(number),
        len(danish),
        len(every),
        len(np.unique(every)),
        without,
    )


def as_served(work):
    """A stored work as OpenAlex would serve it: with invented persons, strings twice, and the
    abstract as an index.

    `coauth.openalex.keep` makes the stored work of it again.
    """
    told = dict(work)
    last = len(work["authorships"]) - 1
    told["authorships"] = [
        {
            "author_position": "first" if n == 0 else "last" if n == last else "middle",
            "author": {
                "id": f"https://openalex.org/A99{n:08d}",
                "display_name": f"Sample Person {n:06d}",
                "orcid": f"https://orcid.org/0000-0099-0{n % 1000:03d}-0000",
            },
            **a,
            "is_corresponding": n == 0,
            "raw_author_name": f"Sample Person {n:06d}",
            "raw_orcid": None,
            "raw_affiliation_strings": [s["raw_affiliation_string"] for s in a["affiliations"]],
        }
        for n, a in enumerate(work["authorships"])
    ]
    index = {}
    for position, word in enumerate(told.pop("abstract", "").split()):
        index.setdefault(word, []).append(position)
    return told | {"abstract_inverted_index": index or None}
