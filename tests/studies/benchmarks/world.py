"""A stored vintage of any size, made in minutes: pages as `coauth.openalex` stores them, of a world
like a real harvest.

    python -m tests.studies.benchmarks.world ROOT WORKS        a project at ROOT with queries/ and one complete vintage

Everything in it is SYNTHETIC: titles begin with the mark, filler institutions and persons are
invented, only the listed Danish and Chinese institutions, their lineages, the topics and the
publishers' shares are those of the shipped sample. What is modelled is what costs time:
heavy-tailed institutions, works of a hundred institutions and three thousand authors, abstracts
with phrases to be found, strings on every authorship, coverage with holes.

A page is drawn from (seed, month, number) alone and always as 100 works, so two processes may share
the months, and a month of a smaller world begins the same month of a larger one. Records are put
together from bytes, never encoded: that, not realism, is why 500,000 works take minutes and not an
hour.
"""

import calendar
import gzip
import hashlib
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from itertools import accumulate
from pathlib import Path

import msgspec
import numpy as np

from coauth.pipeline.project import Project
from coauth.sources.sample import AS_OF
from coauth.sources.sample.atlas import atlas
from coauth.sources.sample.atlas import world as facts
from coauth.tables.contract import MARK
from tests.support.commands import CHECKOUT

PER_PAGE = 100
YEARS = range(2011, 2025)
INSTITUTIONS = 25_000
DANISH = 240
HYPER = 0.0025
"""Share of works with more than 25 institutions."""
MOST_AUTHORS = 3_200
CONSORTIA = 10

_encode = msgspec.json.encode
_DEPARTMENTS, _WORDS = 500, 6_000


# -- the world that every page is drawn from


class Places:
    """Institutions, Danish ones first, as weights to draw by and as bytes to write."""

    def __init__(self, seed):
        danish, abroad = _places()
        self.danish = len(danish)
        self.all = [*danish, *abroad]
        self.home = _cumulative([w for *_, w in danish])
        self.abroad = _cumulative([w for *_, w in abroad])
        self.consortia = [
            self._consortium(np.random.default_rng([seed, 1, c])) for c in range(CONSORTIA)
        ]
        countries = {"DK": "Denmark"} | {
            c["code"]: c["name"] for c in facts()["partners"]["countries"]
        }
        self.code = [_encode(p[3]) for p in self.all]
        self.id = [_encode(p[0]) for p in self.all]
        self.nested = [_nested(*p[:6]) for p in self.all]
        self.printed = [_encode(f"{p[2]}, {countries[p[3]]}")[1:-1] for p in self.all]
        # an authorship is `alone[i]`, a department, `tail[i]`
        self.alone = [
            b'{"institutions":[%b],"countries":[%b],"affiliations":[{"raw_affiliation_string":"' % x
            for x in zip(self.nested, self.code, strict=True)
        ]
        self.tail = [
            b', %b","institution_ids":[%b]}]}' % x for x in zip(self.printed, self.id, strict=True)
        ]

    def _consortium(self, draw):
        """Foreign members of a large collaboration: 350 to 950, large institutions sooner (Gumbel's
        trick draws them).
        """
        weights = np.diff(self.abroad, prepend=0.0)
        size = int(draw.integers(350, 950))
        return (
            self.danish
            + np.argsort(-(0.5 * np.log(weights) + draw.gumbel(size=len(weights))))[:size]
        )


def _cumulative(weights):
    sums = np.cumsum(np.asarray(weights, float))
    return sums / sums[-1]


def _places():
    """(id, ror, name, country, type, lineage, weight) of Danish institutions, and of foreign ones
    by country and rank.

    Weights fall with the rank in a country as r^-0.85; a country's are as its co-publications with
    Denmark. Listed Chinese universities and look-alikes come after twenty larger ones of their
    country.
    """
    known = [
        (i.id, i.ror, i.name, i.country, i.type, list(i.lineage), i.weight)
        for i in atlas().institutions
    ]
    home = [(*p[:6], 2 + sum(p[6])) for p in known if p[3] == "DK"]
    home += [_filler(n, "DK", n, 40 / (n - len(home) + 5) ** 0.8) for n in range(len(home), DANISH)]
    works = {c["code"]: c["works"][-1] for c in facts()["partners"]["countries"]}
    abroad, serial = [], DANISH
    for code, size in works.items():
        here = [p for p in known if p[3] == code]
        invented = [p for p in here if p[2].startswith("Sample ")]
        ranked = [*invented[:20], *(p for p in here if p not in invented), *invented[20:]]
        count = max(len(ranked), round((INSTITUTIONS - DANISH) * size / sum(works.values())))
        weights = np.arange(1, count + 1) ** -0.85
        weights *= size / weights.sum()
        abroad += [(*p[:6], w) for p, w in zip(ranked, weights, strict=False)]
        for rank in range(len(ranked), count):
            serial += 1
            abroad.append(_filler(serial, code, rank, weights[rank]))
    return home, abroad


def _filler(serial, code, rank, weight):
    kind, name = (
        ("education", "University"),
        ("healthcare", "Hospital"),
        ("company", "Company"),
        ("facility", "Institute"),
    )[rank % 4]
    short = f"https://openalex.org/I99901{serial:05d}"
    # no ROR id holds the letter l
    ror = f"https://ror.org/0l{serial:05d}99" if rank % 3 else None
    return short, ror, f"Sample {name} {code}-{rank:04d} [sample]", code, kind, [short], weight


def _nested(short, ror, name, code, kind, lineage):
    told = {
        "id": short,
        "ror": ror,
        "display_name": name,
        "country_code": code,
        "type": kind,
        "lineage": lineage,
    }
    return _encode({key: value for key, value in told.items() if value is not None})


class Subjects:
    """Topics as bytes, drawn by the weight of their field; the phrase of those that a critical
    technology names.
    """

    def __init__(self):
        topics = facts()["topics"]
        fields = {f["id"]: f for f in topics["fields"]}
        domains = {d["id"]: d["name"] for d in topics["domains"]}
        size = {f: sum(row[4] == f for row in topics["rows"]) for f in fields}
        self.draw = _cumulative([fields[row[4]]["weight"] / size[row[4]] for row in topics["rows"]])
        self.phrase = [row[6].encode() if len(row) > 6 else b"" for row in topics["rows"]]
        self.head = [
            b'{"id":%b,"display_name":%b,"score":'
            % (_encode(f"https://openalex.org/{row[0]}"), _encode(row[1]))
            for row in topics["rows"]
        ]
        self.tail = [self._tail(row, fields[row[4]], domains) for row in topics["rows"]]

    @staticmethod
    def _tail(row, field, domains):
        levels = {
            "subfield": ("subfields", row[2], row[3]),
            "field": ("fields", field["id"], field["name"]),
            "domain": ("domains", field["domain"], domains[field["domain"]]),
        }
        told = {
            level: {"id": f"https://openalex.org/{kind}/{number}", "display_name": name}
            for level, (kind, number, name) in levels.items()
        }
        return b"," + _encode(told)[1:]


def _words(draw):
    """A vocabulary, frequent words short, to be drawn with Zipf's weights: bytes as varied as
    prose.
    """
    parts = [
        a + b
        for a in "bcdfghklmnprstv"
        for b in ("a", "e", "i", "o", "u", "an", "er", "is", "on", "al")
    ]
    made = dict.fromkeys(
        "".join(draw.choice(parts, 1 + (n > 60) + (n > 1_500))) for n in range(3 * _WORDS)
    )
    return [w.encode() for w in list(made)[:_WORDS]]


@cache
def _world(seed):
    draw = np.random.default_rng([seed, 0])
    words = _words(draw)
    departments = [
        b"Department of " + b" ".join(words[n] for n in draw.integers(60, _WORDS, 2)).title()
        for _ in range(_DEPARTMENTS)
    ]
    zipf = _cumulative(1 / (np.arange(len(words)) + 2.7))
    return Places(seed), Subjects(), words, zipf, departments


# -- one page


def months(works):
    """(name, first day, works) of every publication month: growing from 2011 on as Danish works
    did, 25,400 to 43,600 a year.
    """
    share = list(
        accumulate(
            facts()["danish_works"]["total"][y - YEARS[0]] / 12 for y in YEARS for _ in range(12)
        )
    )
    upto = [0, *(int(works * s / share[-1] + 1e-9) for s in share)]
    named = [(y, m) for y in YEARS for m in range(1, 13)]
    return [(f"{y}-{m:02d}", (y, m), upto[i + 1] - upto[i]) for i, (y, m) in enumerate(named)]


def page(month, number, count=PER_PAGE, seed=1):
    """The JSON of a stored page: the first `count` of the 100 works of this (year, month) and page
    number.
    """
    draw = np.random.default_rng([seed, 2, *month, number])
    name = f"{month[0]}-{month[1]:02d}"
    drawn = _Page(draw, month, number, _world(seed))
    works = b",".join([drawn.work(n) for n in range(count)])
    request = _encode(
        f"{MARK}: tests.studies.benchmarks.world, seed {seed}, month {name}, page {number}"
    )
    return b'{"request":%b,"served_sha256":[],"works":[%b]}' % (request, works)


class _Page:
    """What is drawn for 100 works at once; `work` writes one of them."""

    def __init__(self, draw, month, number, world):
        self.month, self.places, self.subjects, self.words, zipf, self.departments = month, *world
        n, self.draw = PER_PAGE, draw
        self.first_id = (
            9_000_000_000
            + ((month[0] - YEARS[0]) * 12 + month[1]) * 1_000_000
            + (number - 1) * PER_PAGE
        )
        self.day = draw.integers(1, calendar.monthrange(*month)[1] + 1, n).tolist()
        self.kind = np.searchsorted(
            [0.70, 0.78, 0.86, 0.90, 0.96, 0.98, 0.99], draw.random(n)
        ).tolist()
        self.unit = draw.random((n, 8)).tolist()
        self.cited = (draw.pareto(1.3, n) * (2026 - month[0])).astype(int).clip(0, 20_000).tolist()
        self.publisher = np.searchsorted(_publishers()[0], draw.random(n)).tolist()
        self.topic = np.searchsorted(self.subjects.draw, draw.random((n, 3))).tolist()
        self.score = draw.integers(20, 100, (n, 3)).tolist()
        self.members = self._members()
        self.extra = np.exp(draw.normal(0.68, 0.9, n)).astype(int).tolist()
        self.length = draw.integers(70, 280, n)
        self.text = np.searchsorted(zipf, draw.random(int(self.length.sum()))).tolist()
        self.upto = [0, *np.cumsum(self.length).tolist()]

    def _members(self):
        """Distinct institutions of each work, a Danish one first."""
        draw, places, n = self.draw, self.places, PER_PAGE
        size = np.exp(draw.normal(0.89, 0.67, n)).astype(int).clip(1, 40)
        abroad = np.interp(self.month[0], [2011, 2024], [0.52, 0.74])
        large, place_in_tail = draw.random(n) < HYPER, draw.random(n)
        flat = np.where(
            draw.random(int(size.sum())) < abroad,
            places.danish + np.searchsorted(places.abroad, draw.random(int(size.sum()))),
            np.searchsorted(places.home, draw.random(int(size.sum()))),
        )
        starts = np.cumsum(size) - size
        flat[starts] = np.searchsorted(places.home, draw.random(n))
        members = [
            list(dict.fromkeys(flat[a : a + s].tolist())) for a, s in zip(starts, size, strict=True)
        ]
        for work in np.flatnonzero(large):
            k = int(
                np.interp(place_in_tail[work], [0, 0.09, 0.25, 0.6, 1], [26, 51, 101, 178, 345])
            )
            pool = places.consortia[int(len(places.consortia) * draw.random() ** 2)]
            danish = np.unique(np.searchsorted(places.home, draw.random(int(draw.integers(1, 6)))))
            members[work] = [
                *danish.tolist(),
                *draw.choice(pool, k - len(danish), replace=False).tolist(),
            ]
        return members

    def work(self, n):
        """The JSON of one stored work, its attributes in the order of `coauth.openalex.Work`."""
        year, month = self.month
        unit, number, day = (
            self.unit[n],
            self.first_id + n,
            b"%d-%02d-%02d" % (year, month, self.day[n]),
        )
        who, institutions, countries = self._authorships(n)
        topics = self._topics(n)
        words = [self.words[w] for w in self.text[self.upto[n] : self.upto[n + 1]]]
        if (phrase := self.subjects.phrase[self.topic[n][0]]) and unit[0] < 0.4:
            words[9] = phrase
        title, abstract = b" ".join(words[:12]), b" ".join(words[12:])
        return b"".join(
            (
                b'{"id":"https://openalex.org/W%d",' % number,
                b'"doi":"https://doi.org/10.99999/sample.%d",' % number if unit[1] < 0.93 else b"",
                b'"title":"%b %b","publication_year":%d,"publication_date":"%b","type":"%b",'
                % (MARK.encode(), title, year, day, _TYPES[self.kind[n]]),
                b'"language":"en",' if unit[2] < 0.97 else b'"language":"da",',
                b'"is_retracted":%b,"is_paratext":false,'
                % (b"true" if unit[3] < 0.0005 else b"false"),
                b'"institutions_distinct_count":%d,"countries_distinct_count":%d,'
                % (institutions, countries),
                b'"primary_topic":%b,"topics":[%b],"cited_by_count":%d,'
                % (topics[0], b",".join(topics), self.cited[n]),
                b"" if unit[4] < 0.1 else _percentile(1 + int(9_999 * unit[5])),
                b'"primary_location":{"source":%b},'
                % _publishers()[1][self.publisher[n]][int(9 * unit[6])],
                b'"updated_date":"2026-09-%02dT0%d:12:33.5","created_date":"%b","authorships":[%b]'
                % (1 + n % 28, n % 10, day, who),
                b',"abstract":"%b"}' % abstract if unit[7] < 0.85 else b"}",
            )
        )

    def _topics(self, n):
        scored = dict(zip(self.topic[n], sorted(self.score[n], reverse=True), strict=True))
        return [
            self.subjects.head[row] + b"%r" % (score / 100) + self.subjects.tail[row]
            for row, score in scored.items()
        ]

    def _authorships(self, n):
        """Each institution has an author of its own; the others are drawn towards the first; one in
        eight has two.

        Where the publisher's metadata have holes, authors but the first keep a string that no
        institution was matched to.
        """
        places, members = self.places, self.members[n]
        k = len(members)
        authors = (
            k + self.extra[n] if k <= 25 else min(MOST_AUTHORS, k * int(2 + 11 * self.unit[n][0]))
        )
        chance = self.draw.random((authors, 4))
        department = (chance[:, 0] * len(self.departments)).astype(int).tolist()
        home = (k * chance[:, 1] ** 2).astype(int).tolist()
        second = (k * chance[:, 2] * 8).astype(int).tolist() if k > 1 else [k] * authors
        holes = (
            0.5
            if chance[0, 3]
            < _publishers()[2][self.publisher[n]] * (1.6 if self.month[0] > 2021 else 1)
            else 0.0
        )
        lost = (chance[:, 3] < holes).tolist()
        pieces, seen = [], set()
        for a in range(authors):
            i = members[a if a < k else home[a]]
            words = self.departments[department[a]]
            if lost[a] and a:
                pieces.append(
                    b'{"institutions":[],"countries":[%b],"affiliations":[{"raw_affiliation_string":"%b, %b","institution_ids":[]}]}'
                    % (places.code[i], words, places.printed[i])
                )
                continue
            seen.add(i)
            if second[a] < k and (j := members[second[a]]) != i:
                seen.add(j)
                pieces.append(self._twofold(i, j, words))
            else:
                pieces.append(places.alone[i] + words + places.tail[i])
        return b",".join(pieces), len(seen), len({places.code[i] for i in seen})

    def _twofold(self, i, j, words):
        p = self.places
        countries = b",".join(sorted({p.code[i], p.code[j]}))
        return (
            b'{"institutions":[%b,%b],"countries":[%b],"affiliations":[{"raw_affiliation_string":"%b%b,{"raw_affiliation_string":"%b%b]}'
            % (p.nested[i], p.nested[j], countries, words, p.tail[i][:-2], words, p.tail[j][:-2])
        )


_TYPES = (
    b"article",
    b"review",
    b"preprint",
    b"conference-paper",
    b"book-chapter",
    b"dissertation",
    b"report",
    b"letter",
)
"""The last is not asked for: one work in a hundred leaves by its type."""


def _percentile(parts):
    top = (b"false", b"true")
    told = (parts / 10_000, top[parts >= 9_900], top[parts >= 9_000])
    return (
        b'"citation_normalized_percentile":{"value":%r,"is_in_top_1_percent":%b,"is_in_top_10_percent":%b},'
        % told
    )


@cache
def _publishers():
    """Their shares summed, nine sources of each as bytes, and how often one of their works has
    authors without institution.
    """
    listed = [p for p in facts()["publishers"]["list"] if p.get("name")]
    sources = [
        [
            _encode(
                {
                    "id": f"https://openalex.org/S99{n:06d}{s:02d}",
                    "display_name": f"{p['name'].removesuffix(' [sample]')}, journal {s} [sample]",
                    "type": "journal",
                    "host_organization_name": p["name"],
                }
            )
            for s in range(9)
        ]
        for n, p in enumerate(listed)
    ]
    return _cumulative([p["share"] for p in listed]), sources, [0.06 * p["strip"] for p in listed]


# -- a vintage of pages


def at(root, works, seed=1):
    """The project at `root`, made now unless it is there whole. One that another version of this
    file made is refused.
    """
    if not (root / "cache").exists():
        make(root, works, seed)
    _ask(root)  # the pages stay, the questions are this checkout's
    (vintage,) = Project(root).cache.vintages() or (None,)
    if (
        vintage is None
        or not vintage.complete
        or vintage.manifest.source.plain() != identity(works, seed)
    ):
        raise SystemExit(
            f"{root}: not a whole vintage of {works:,} works of this version of the generator; remove the folder and run again"
        )
    return root


def identity(works, seed):
    """Times are compared only where this is the same: it names the generator by what it makes of a
    page of each month of 2019.
    """
    made = hashlib.sha256(b"".join(page((2019, month), 1, seed=seed) for month in range(1, 13)))
    return {"kind": "benchmark", "seed": seed, "works": works, "generator": made.hexdigest()}


def _ask(root):
    shutil.rmtree(root / "queries", ignore_errors=True)
    shutil.copytree(CHECKOUT / "queries", root / "queries")


def make(root, works, seed=1, processes=2):
    """A project at `root` (queries/ of this checkout) with one complete vintage of so many works;
    returns the vintage.
    """
    _ask(root)
    project = Project(root)
    scope = project.queries.scope
    vintage = project.cache.create(
        f"{MARK.replace(' ', '-')}-{works}",
        source=identity(works, seed),
        scope=scope.model_dump(mode="json"),
        scope_fingerprint=scope.fingerprint,
        started=AS_OF.isoformat(),
        completed=None,
        topic_model="v2",
    )
    parts = [(name, month, count) for name, month, count in months(works) if count]
    with ProcessPoolExecutor(processes) as pool:
        closed = dict(
            zip(
                (p[0] for p in parts),
                pool.map(partial(_month, vintage, seed), parts, chunksize=4),
                strict=True,
            )
        )
    shown = ("status", "expected", "stored", "distinct")
    summed = ("expected", "stored", "distinct", "duplicates", "damaged", "authors_cut")
    vintage.record(
        harvest={
            "source": "records",
            "slices": {n: {key: s[key] for key in shown} for n, s in closed.items()},
            "incomplete": [],
        }
        | {key: sum(s[key] for s in closed.values()) for key in summed},
        completed=AS_OF.isoformat(),
    )
    return vintage


def _month(vintage, seed, part):
    """Write and close one slice. Files are packed as `coauth.openalex.pack` does, and not synced one
    by one as a harvest's are.
    """
    name, month, count = part
    into = vintage.slice(name)
    into.path.mkdir(parents=True)
    numbers = range(1, -(-count // PER_PAGE) + 1)
    for number in numbers:
        data = page(month, number, min(PER_PAGE, count - (number - 1) * PER_PAGE), seed)
        (into.path / f"{number:04d}.json.gz").write_bytes(
            gzip.compress(data, compresslevel=6, mtime=0)
        )
    counts = {
        "status": "complete",
        "expected": count,
        "stored": count,
        "distinct": count,
        "duplicates": 0,
        "damaged": 0,
        "authors_cut": 0,
    }
    into.close(**counts, pages=len(numbers))
    return counts


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2].replace(",", "")))
