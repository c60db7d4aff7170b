"""A reader who has every file of public editions side by side and wants the counts that are not in
them.

What is published is read from the files alone: CSV, HTML and the points in its charts, coordinates
in SVG, data in scripts, GEXF. What may be known besides is what queries/ says: which countries a
group has, that the watchlist's institutions are Chinese, and (told to him by the test) which counts
did not change between two harvests. The rest is whole numbers.

    Reader(folder, asked).counts             what one edition shows
    ranges([(reader, truth), …], asked)      the least and the most that everything he wants can be
"""

import csv
import json
import re
import xml.etree.ElementTree as ET
from collections import defaultdict

import lxml.html
import numpy as np
from scipy import optimize, sparse, stats

from coauth.stats import counts

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = re.compile(r"-?[\d,]*\d(?:\.\d+)?")
PAIR = "pair"


def number(text):
    return float(text.replace(",", "").replace("−", "-"))


def pair(source, target, year):
    """The cell of two institutions, each an id and its country, in a year."""
    return " ".join((PAIR, *source, *target)), "network", year, year, ""


def own(series):
    return "institution" if series.startswith("list:") else "union"


class Reader:
    """Counts of one edition by (series, basis, first year, last year, area), from every place that
    tells them.
    """

    def __init__(self, folder, asked):
        self.folder, self.asked = folder, asked
        self.names = {g.name: g.id for g in asked.groups.group} | {
            w.name: f"list:{w.id}" for w in asked.watchlists
        }
        self.told = defaultdict(lambda: defaultdict(set))
        self.edges = defaultdict(set)
        self.sums, self.drawn = [], set()
        self._tables()
        self._pages()
        self._drawings()
        self._networks()

    @property
    def counts(self):
        """Every count that is told, pairs among them; all places that tell it have to agree, or
        nothing was read rightly.
        """
        told = {key: set.union(*places.values()) for key, places in self.told.items()} | {
            pair(*ends): works for ends, works in self.edges.items()
        }
        assert all(len(values) == 1 for values in told.values()), [
            key for key, values in told.items() if len(values) > 1
        ]
        return {key: next(iter(values)) for key, values in told.items()}

    def places(self, series, year):
        return set(self.told[series, own(series), year, year, ""])

    def _tell(self, place, value, series, first, last=None, area="", basis=None):
        if value not in ("", None):
            self.told[
                series,
                own(series) if basis is None else basis,
                int(first),
                int(last or first),
                area,
            ][place].add(round(float(value)))

    # -- CSV: counts, and what counts leave in intervals and shares

    def _tables(self):
        for path in sorted(self.folder.rglob("*.csv")):
            if "dictionary" in path.name:
                continue
            with path.open(encoding="utf-8") as file:
                rows = list(csv.reader(file))
            names = [c.removeprefix("SYNTHETIC SAMPLE: ") for c in rows[0]]
            for row in (dict(zip(names, r, strict=True)) for r in rows[1:]):
                self._row(row)

    def _row(self, r):
        if "unit" in r:
            basis = "authorships" if r["unit"] == "authorships" else r["basis"]
            self._tell(
                "cells", r["value"], r["series"], r["first_year"], r["last_year"], r["area"], basis
            )
        elif "section" in r:
            self._said(*r["name"].rpartition(".")[::2], r["value"])
        elif "group_id" in r and "year" in r:
            self._tell("csv", r["works"], r["group_id"], r["year"])
            self._tell(
                "interval", self._behind(r["works_low"], r["works_high"]), r["group_id"], r["year"]
            )
            if r["works"] and r["share"]:
                self._tell(
                    "share",
                    float(r["works"]) / float(r["share"]) if float(r["works"]) else None,
                    "international",
                    r["year"],
                    basis=own(r["group_id"]),
                )
        elif "area_id" in r:
            first, last = (
                self.asked.scope.last_year - self.asked.measures.window + 1,
                self.asked.scope.last_year,
            )
            self._tell("csv", r["works"], r["series"], first, last, r["area_id"])
            self._tell("csv", r["total"], r["series"], first, last)
            if r["share"] and r["total"]:
                self._tell(
                    "share",
                    float(r["share"]) * float(r["total"]),
                    r["series"],
                    first,
                    last,
                    r["area_id"],
                )
        elif "group_id" in r:
            self._tell("change", r["before"], r["group_id"], r["first_year"])
            self._tell("change", r["after"], r["group_id"], r["last_year"])
        elif "authorships" in r:
            for column, series in (("works", "all"), ("works_complete", "complete")):
                self._tell("csv", r[column], series, r["year"], basis="")
            self._tell("csv", r["authorships"], "all", r["year"], basis="authorships")
            self._tell(
                "csv",
                r["authorships_with_institution"],
                "with institution",
                r["year"],
                basis="authorships",
            )
        elif "admissions" in r:
            self._tell("csv", r["admissions"], r["country_code"], r["year"], basis=r["source"])
        elif "works_before" in r:
            dates = {e.id: e.date.year for e in self.asked.events.event}
            start = dates[r["event_id"]] + int(r["lag"])
            years = range(self.asked.scope.first_year, self.asked.scope.last_year + 1)
            for column, side in (
                ("works_before", [y for y in years if y < start]),
                ("works_after", [y for y in years if y >= start]),
            ):
                self.sums.append(
                    ([(r["series"], own(r["series"]), y, y, "") for y in side], int(r[column]))
                )

    def _said(self, series, what, value):
        """Numbers of the text."""
        first, last = self.asked.measures.headline_change
        young = self.asked.scope.preliminary
        complete = max(
            y
            for y in range(self.asked.scope.first_year, self.asked.scope.last_year + 1)
            if y not in young
        )
        if what in ("before", "after"):
            self._tell("text", value, series, first if what == "before" else last)
        elif series == "works" and what.isdigit():
            self._tell("text", value, "all", what, basis="")
        elif (series, what) == ("international", "works"):
            self._tell("text", value, "international", complete)

    @staticmethod
    def _behind(low, high):
        """The count behind an interval, and how much it was widened: two ends for two unknowns;
        from one end, as if it were Poisson's.
        """
        if not (low or high):
            return None
        if low and high and float(low):
            wanted = np.log([float(low), float(high)])

            def miss(unknown):
                n, times = np.exp(unknown)
                return (
                    np.log([end[0] for end in counts.poisson(np.array([n]), 0.95, times)]) - wanted
                )

            roots = np.exp(wanted / 2)
            found = optimize.root(
                miss, [wanted.mean(), np.log(max(((roots[1] - roots[0]) / 1.96) ** 2, 1.0))]
            )
            return round(float(np.exp(found.x[0])))
        n = np.arange(5000)
        ends = (
            stats.chi2.ppf(0.975, 2 * n + 2) / 2
            if high
            else stats.chi2.ppf(0.025, 2 * np.maximum(n, 1)) / 2
        )
        return int(np.argmin(np.abs(ends - float(high or low))))

    # -- HTML: tables, points of charts, data for scripts

    def _pages(self):
        if not (self.folder / "report.html").exists():
            return
        page = lxml.html.parse(self.folder / "report.html").getroot()
        for n, figure in enumerate(page.iter("figure")):
            for group in figure.iterfind(".//*[@data-axes]"):
                if n == 0 or (n, group.get("data-axes")) == (
                    1,
                    "0",
                ):  # works; other axes have shares and an index
                    for title in group.iter("title"):
                        self._point((title.text or "").replace("\xa0", " "))
        for table in page.iter("table"):
            head = [
                " ".join(c.text_content().replace("\u2060", "").split())
                for c in table.iter("th")
                if c.get("scope") == "col"
            ]
            for row in table.iter("tr"):
                cells = [
                    " ".join(c.text_content().replace("\xa0", " ").split())
                    for c in row
                    if c.get("scope") != "col"
                ]
                if cells and re.match(r"\d{4}( \(prel\.\))?$", cells[0]):
                    for name, text in zip(head[1:], cells[1:], strict=True):
                        if name in self.names and (found := re.match(r"([\d,]+) \(", text)):
                            self._tell("grid", number(found[1]), self.names[name], cells[0][:4])
        for script in page.iter("script"):
            if script.get("type") == "application/json":
                self._explored(json.loads(script.text))

    def _point(self, text):
        found = re.fullmatch(r"(.+), (\d{4})(?: \(prel\.\))?: ([\d,]+) \(.*\)", text)
        if found and found[1] in self.names:
            self._tell("point", number(found[3]), self.names[found[1]], found[2])

    def _explored(self, data):
        place = [(i[0], i[2]) for i in data["institutions"]]
        for source, target, years, *_ in data["pairs"]:
            for year, works, *above in years:
                assert not above
                self.edges[place[source], place[target], data["first"] + year].add(works)

    # -- SVG: a point's place is its value

    def _drawings(self):
        groups = [g.id for g in self.asked.groups.group if g.figure]
        lists = [f"list:{w.id}" for w in self.asked.watchlists if w.enabled]
        if not (self.folder / "figures").exists():
            return
        drawings = {
            re.search(r"figure-(\d+)\.svg$", p.name)[1]: p
            for p in sorted(self.folder.glob("figures/*figure-[0-9].svg"))
        }
        for series, places in (
            (groups, points(drawings["1"])[::2]),
            (lists, points(drawings["2"])[:1]),
        ):
            for name, found in zip(series, places, strict=True):
                for year, value in found:
                    self._tell("drawing", value, name, year)
                    self.drawn.add((name, year))

    # -- GEXF

    def _networks(self):
        for path in sorted(self.folder.glob("network-dynamic.gexf")):
            root = ET.parse(path).getroot()
            space = root.tag.removesuffix("gexf")
            columns = {
                (a.get("class"), x.get("title")): x.get("id")
                for a in root.iter(f"{space}attributes")
                for x in a
            }
            country = {
                n.get("id"): next(
                    (
                        v.get("value")
                        for v in n.iter(f"{space}attvalue")
                        if v.get("for") == "country"
                    ),
                    "",
                )
                for n in root.iter(f"{space}node")
            }
            works = columns["edge", "Works"]
            for edge in root.iter(f"{space}edge"):
                ends = [(edge.get(e), country[edge.get(e)]) for e in ("source", "target")]
                for value in edge.iter(f"{space}attvalue"):
                    if value.get("for") == works and value.get("timestamp"):
                        self.edges[(*ends, int(value.get("timestamp")))].add(
                            int(value.get("value"))
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
                (_mark(g, axis), number(NUMBER.search("".join(g.itertext()).strip())[0]))
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
                seen.add((round(year), round(value, 1)))
        found.append(sorted(seen, key=str))
    return found


def _mark(tick, axis):
    """Where a tick is: its mark, or the line of the grid."""
    for use in tick.iter(f"{SVG}use"):
        return float(use.get(axis))
    x, y = next(
        m for p in tick.iter(f"{SVG}path") if (m := re.match(r"M (\S+) (\S+)", p.get("d", "")))
    ).groups()
    return float(x if axis == "x" else y)


# -- what he knows of the definitions


def holds(asked, whole, part):
    """Whether, by queries/, all works of one series (and basis) are in the other."""
    china = {g.id: set(g.countries) for g in asked.groups.group} | {
        f"list:{w.id}": {"CN"} for w in asked.watchlists
    }
    (a, basis), (b, inner) = whole, part
    if b.startswith(PAIR):
        _, *ends = b.split(" ")
        ids, codes = (
            set(ends[::2]),
            {c for i, c in zip(ends[::2], ends[1::2], strict=True) for c in china.get(i, {c})},
        )
        abroad = codes - {*asked.scope.countries, ""}
        return (
            a == "all"
            or a in ids
            or (a == "international" and bool(abroad))
            or bool(china.get(a, set()) & abroad and not a.startswith("list:"))
        )
    if a == b:
        return (basis, inner) == ("union", "institution")
    if a == "all" or b == "all" or "complete" in (a, b):
        return a == "all"
    if (basis, inner) == ("institution", "union") or b == "international":
        return False
    return a == "international" or (not a.startswith("list:") and china[b] <= china[a])


def relations(cells, asked):
    """(whole, parts, exact) between cells: one series in another, an area in its series, a window
    and its years, totals.
    """
    found, periods, apart = [], defaultdict(list), sources(cells) | {"authorships"}
    for cell in cells:
        periods[cell[2:4]] += [cell] if cell[1] not in apart else []
    for whole in (c for c in cells if not c[0].startswith(PAIR)):
        for part in periods[whole[2:4]] if whole[1] not in apart else ():
            wide, narrow = whole[:2], part[:2]
            if (
                whole != part
                and whole[4] in ("", part[4])
                and (holds(asked, wide, narrow) or wide == narrow)
            ):
                found.append((whole, (part,), False))
        if whole[2] < whole[3] and not whole[4]:
            years = tuple((*whole[:2], y, y, "") for y in range(whole[2], whole[3] + 1))
            found += [(whole, years, True)] if all(y in cells for y in years) else []
        if whole[:2] == ("all", "authorships"):
            found.append((whole, (("with institution", *whole[1:]),), False))
        if whole[1] in sources(cells) and whole[0] in ("total", "international"):
            mine = [
                c for c in cells if c[1:] == whole[1:] and c[0] not in ("total", "international")
            ]
            home = tuple(c for c in mine if c[0] in asked.scope.countries)
            abroad = tuple(c for c in mine if c not in home)
            all_abroad = ("international", *whole[1:])
            found.append((whole, abroad if whole == all_abroad else abroad + home, False))
            found += (
                [(whole, (all_abroad, *home), False)]
                if whole != all_abroad and all_abroad in cells
                else []
            )
    return found


def sources(cells):
    return {c[1] for c in cells if c[0] == "total"}


def ranges(editions, asked):
    """{(edition, cell or (whole, parts)): (least, most)} of every count of 1 to 4, and every
    difference of 1 to 4.

    `editions` is [(what is read, what is true)]: the truth says which counts there are, which of
    them are the same in both, and which are wanted. He even knows of each count of 5 and more that
    is not shown that it is no small one.
    """
    place, low, high = {}, [], []
    for n, (shown, truth) in enumerate(editions):
        read = shown.counts
        for cell, value in truth.items():
            others = [m for m, (_, t) in enumerate(editions[:n]) if t.get(cell) == value]
            k = place[n, cell] = place[others[0], cell] if others else len(low)
            if k == len(low):
                low.append(0 if value < 5 else 5)
                high.append(10**5)
            if cell in read:
                assert read[cell] == value, (cell, read[cell], value)
                low[k] = high[k] = value
    rows, least, most, wanted = [], [], [], {}

    def tie(row, smallest, largest):
        rows.append(row)
        least.append(smallest)
        most.append(largest)

    for n, (shown, truth) in enumerate(editions):
        wanted |= {(n, c): {place[n, c]: 1} for c, v in truth.items() if 0 < v < 5}
        for whole, parts, exact in relations(truth, asked):
            row = {place[n, whole]: 1} | {place[n, p]: -1 for p in parts}
            rest = truth[whole] - sum(truth[p] for p in parts)
            if any(low[k] < high[k] for k in row):  # else he has it in plain numbers
                tie(row, 0, 0 if exact else np.inf)
            if 0 < rest < 5 and not exact:
                wanted[n, (whole, parts)] = row
        for cells, total in shown.sums:
            tie({place[n, c]: 1 for c in cells}, total, total)
    entries = [(r, k, v) for r, row in enumerate(rows) for k, v in row.items()]
    matrix = sparse.coo_array(
        ([v for *_, v in entries], ([r for r, *_ in entries], [k for _, k, _ in entries])),
        shape=(len(rows), len(low)),
    )
    tied = optimize.LinearConstraint(matrix.tocsr(), least, most)
    found = {}
    for name, row in wanted.items():
        aim = np.zeros(len(low))
        aim[list(row)] = list(row.values())
        ends = [
            optimize.milp(
                sign * aim, integrality=1, bounds=optimize.Bounds(low, high), constraints=tied
            )
            for sign in (1, -1)
        ]
        assert all(e.success for e in ends), name
        found[name] = round(ends[0].fun), round(-ends[1].fun)
    return found


def given_back(editions, asked):
    """What he has found out: of which he can no longer hold every number from 1 to 4 for possible."""
    return {
        name: ends for name, ends in ranges(editions, asked).items() if ends[0] > 1 or ends[1] < 4
    }
