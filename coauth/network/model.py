"""The network as it is handed to a reader: nodes, edges, their years, and what must be said about
them.

`graph.build` makes one, the exports write one. Its tables are under contracts like all others, so
that every file's data dictionary is printed from the definitions below and cannot drift. The column
names are also the attribute ids in GEXF and GraphML, where some words are taken (`RESERVED`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

from coauth.queries.registry import EXPORTED, Measure
from coauth.queries.scope import EVERY
from coauth.tables.contract import BOOL, FLOAT, INT, STRING, STRINGS, Column, Table

RESERVED = frozenset(
    (
        "id",
        "label",
        "type",
        "kind",
        "weight",
        "start",
        "end",
        "startopen",
        "endopen",
        "spells",
        "slices",
        "timestamp",
        "timestamps",
        "intervals",
        "viz",
        "pid",
        "parents",
        "parent",
        "key",
        "for",
        "source",
        "target",
        "directed",
        "name",
        "x",
        "y",
        "z",
        "size",
        "color",
        "shape",
        "thickness",
        "hidden",
        "highlighted",
    )
)
"""Words that networkx, Gephi or graphology swallow or overwrite when an attribute is called by
them. The columns `label`, `weight`, `source` and `target` below are written as what they are in
each format, never as attributes.
"""

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Attribute(Column):
    """A column that also has a title for people: what Gephi shows above it."""

    title: str = ""


PLURAL = {"institution": "institutions", "country": "countries", "group": "groups"}

GROUPS: Mapping[str, str] = {
    "listed": "On a watchlist",
    "domestic": "Domestic",
    "nordic": "Nordic countries",
    "europe": "Other Europe (EU27, EFTA, UK)",
    "elsewhere": "Elsewhere",
}
"""The classes nodes are coloured by, in the order in which they are decided: a listed institution
is `listed` anywhere.
"""


class Counting(NamedTuple):
    column: str
    """Of the table `edges`; with `_k` appended, over works of at most K institutions."""
    words: str


COUNTINGS: Mapping[str, Counting] = {
    "newman": Counting(
        "weight",
        "each work of k {many} adds 1/(k−1) to each of its pairs (Newman), so that the strength of each "
        "{one} is its number of collaborative works",
    ),
    "full": Counting(
        "works",
        "each work adds 1 to each of its pairs (full), so that a work of k {many} adds k−1 to the "
        "strength of each",
    ),
    "strict": Counting(
        "strict_weight",
        "each work of k {many} adds 2/(k(k−1)) to each of its pairs (strict), 1 to all of "
        "them together",
    ),
    "author": Counting(
        "author_weight",
        "each work adds 2·f·g/(1−Σf²) to a pair of {many} that hold the shares f and g of its "
        "authors (author-fractional), 1 to all its pairs together",
    ),
}
"""The rules a work's weight is shared out by; `coauth.stages.edges` has their sources."""

NORDIC = frozenset(("AX", "DK", "FI", "FO", "GL", "IS", "NO", "SE"))
EUROPE = frozenset(
    (
        "AT",
        "BE",
        "BG",
        "CH",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GB",
        "GR",
        "HR",
        "HU",
        "IE",
        "IS",
        "IT",
        "LI",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "NO",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    )
)


def _measure(record: Measure) -> Iterator[Attribute]:
    name, title = record.name, record.title
    meaning = f"{title} ({record.description}), latest window; {record.direction}"
    unusual = "" if record.sign > 0 else f" ({record.direction})"
    yield Attribute(name, FLOAT, meaning, record.unit, null=True, title=title + unusual)
    for end, which in (("low", "lower"), ("high", "upper")):
        meaning = f"{which} end of the interval of {name}"
        yield Attribute(f"{name}_{end}", FLOAT, meaning, null=True, title=f"{title}, {end}")


_STANDING = Attribute(
    "technologies_standing",
    STRING,
    "how good the definitions of these technologies are known to be, together: indicative (precision below "
    "0.8 where it was measured), unmeasured, or both; empty where none is named or all were measured and are better",
    null=True,
    title="Standing of technologies",
)

NODES = Table(
    "network_nodes",
    "institution",
    ("institution_id",),
    (
        Attribute(
            "institution_id",
            STRING,
            "OpenAlex id of the institution, after roll-up; of a joined node its country code, group "
            "or list",
            title="OpenAlex id",
        ),
        Attribute("label", STRING, "display name; its id where it has none", title="Label"),
        Attribute("ror", STRING, "ROR id (URL)", null=True, title="ROR"),
        Attribute("country", STRING, "ISO 3166-1 alpha-2", null=True, title="Country"),
        Attribute("institution_type", STRING, "ROR type", null=True, title="Type of institution"),
        Attribute("is_domestic", BOOL, "its own country is the scope's", title="Domestic"),
        Attribute("group", STRING, "class of the colours: " + ", ".join(GROUPS), title="Group"),
        Attribute(
            "lists",
            STRINGS,
            "watchlists it is on: a review cue, no judgement; empty is no clearance",
            title="Watchlists",
        ),
        Attribute(
            "technologies",
            STRINGS,
            "critical technologies of the works on its pairs (pairs with a domestic end)",
            title="Technologies",
        ),
        _STANDING,
        Attribute(
            "works",
            INT,
            "included works in all years harvested; not given in a public file",
            "works",
            null=True,
            title="Works, all years",
        ),
        Attribute("first_year", INT, "first year with an edge here", null=True, title="First year"),
        Attribute("last_year", INT, "last year with an edge here", null=True, title="Last year"),
        Attribute(
            "strength",
            FLOAT,
            "sum of the weights of all its edges in the years, those left out of this file included; by "
            "Newman counting its number of works with another institution",
            "works",
            title="Strength",
        ),
        Attribute(
            "partners",
            INT,
            "institutions it shares a work with in the years, those left out of this file included",
            "institutions",
            title="Partners",
        ),
        *(attribute for record in EXPORTED for attribute in _measure(record)),
        Attribute(
            "change",
            FLOAT,
            "change of its share of all strength, latest comparison of windows",
            "share",
            null=True,
            title="Change of strength share",
        ),
        Attribute(
            "change_low",
            FLOAT,
            "lower end of the interval of the change",
            "share",
            null=True,
            title="Change, low",
        ),
        Attribute(
            "change_high",
            FLOAT,
            "upper end of the interval of the change",
            "share",
            null=True,
            title="Change, high",
        ),
        Attribute(
            "verdict",
            STRING,
            "rose, fell, no clear change, or not comparable: coverage, strings or identity",
            null=True,
            title="Verdict on the change",
        ),
    ),
)

EDGES = Table(
    "network_edges",
    "pair, source < target",
    ("source", "target"),
    (
        Attribute("source", STRING, "institution with the smaller id (as text)", title="Source"),
        Attribute("target", STRING, "institution with the larger id (as text)", title="Target"),
        Attribute(
            "weight",
            FLOAT,
            "what shared works add by the counting this file names (Newman, unless asked otherwise: 1/(k−1) for a "
            "work of k nodes, institutions or what they are joined into, k ≤ K); larger means closer",
            "works",
            title="Weight",
        ),
        Attribute("works", INT, "works behind the weight (full count)", "works", title="Works"),
        Attribute(
            "strict_weight",
            FLOAT,
            "Σ 2/(k(k−1)): each work adds 1 to all its pairs together; not given in a public file",
            "works",
            null=True,
            title="Weight (strict)",
        ),
        Attribute(
            "works_all",
            INT,
            "shared works, those of more than K institutions included",
            "works",
            title="Works of any size",
        ),
        Attribute(
            "pair",
            STRING,
            "domestic, domestic-foreign or foreign (seen only through works with a domestic author)",
            title="Pair",
        ),
        Attribute(
            "review_cue",
            BOOL,
            "touches a watchlist, or a technology with a domestic end; false is no clearance",
            title="Review cue",
        ),
        Attribute("lists", STRINGS, "watchlists the edge touches", title="Watchlists"),
        Attribute(
            "technologies",
            STRINGS,
            "critical technologies of its works (edges with a domestic end)",
            title="Technologies",
        ),
        _STANDING,
        Attribute(
            "null_z",
            FLOAT,
            "works shared in the latest window against a null with the volumes of both held; domestic-foreign "
            "pairs; larger is more than expected",
            "standard deviations",
            null=True,
            title="z against chance",
        ),
        Attribute("first_year", INT, "first year with a weight", title="First year"),
        Attribute("last_year", INT, "last year with a weight", title="Last year"),
    ),
)

NODE_YEARS = Table(
    "network_node_years",
    "institution × year",
    ("institution_id", "year"),
    (
        Attribute("institution_id", STRING, "OpenAlex id of the institution", title="OpenAlex id"),
        Attribute("year", INT, "publication year", title="Year"),
        Attribute(
            "strength",
            FLOAT,
            "sum of the weights of its edges in the year",
            "works",
            null=True,
            title="Strength",
        ),
        Attribute(
            "pagerank",
            FLOAT,
            "PageRank times number of institutions, in the window that ends with the year",
            null=True,
            title="PageRank",
        ),
        Attribute(
            "rank",
            INT,
            "rank of that PageRank; 1 is the largest, ties share the better rank",
            null=True,
            title="Rank of PageRank",
        ),
    ),
)

EDGE_YEARS = Table(
    "network_edge_years",
    "pair × year",
    ("source", "target", "year"),
    (
        Attribute("source", STRING, "institution with the smaller id (as text)", title="Source"),
        Attribute("target", STRING, "institution with the larger id (as text)", title="Target"),
        Attribute("year", INT, "publication year", title="Year"),
        Attribute("weight", FLOAT, "weight of the year", "works", title="Weight"),
        Attribute("works", INT, "works behind it (full count)", "works", title="Works"),
    ),
)

PARTS: tuple[Table, ...] = (NODES, EDGES, NODE_YEARS, EDGE_YEARS)


ROWS = 4096  # rows turned into Python objects at a time: memory stays that of the tables handed in


def rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    """The rows of a table, a few thousand at a time."""
    for batch in table.to_batches(max_chunksize=ROWS):
        yield from batch.to_pylist()


def attributes(contract: Table) -> dict[str, Attribute]:
    """The columns of one of the contracts above, by id."""
    return {c.name: c for c in contract.columns if isinstance(c, Attribute)}


@dataclass(frozen=True)
class Network:
    """An institution co-authorship network with its years, and what a reader must know of how it
    was drawn.
    """

    nodes: pa.Table
    edges: pa.Table
    node_years: pa.Table
    edge_years: pa.Table
    years: tuple[int, int]
    home: tuple[str, ...]
    """Countries of the scope."""
    max_institutions: int
    """K: works of more institutions are set apart."""
    window: tuple[int, int] | None = None
    """The window the centralities are of; None where none lies inside the years."""
    comparison: tuple[int, int, int, int] | None = None
    """The windows behind `change`: before_first, before_last, after_first, after_last."""
    preliminary: frozenset[int] = frozenset()
    counting: str = "newman"
    """The rule behind weights, strengths, centralities and changes: a key of `COUNTINGS`."""
    hyper: bool = False
    """Works of more than K institutions are counted too."""
    share_above_k: float | None = 0.0
    """Share of all weight in the years that works of more than K institutions carry; None where it
    must not be told.
    """
    unit: str = "institution"
    """What a node is: institution, country or group."""
    notes: tuple[str, ...] = ()
    """Sentences of whoever made the tables, said in every file."""
    pairs: int = 0
    """Pairs of the years, before any filter."""
    passing: Mapping[str, int] = field(default_factory=dict)
    """Each filter asked for, in words, with how many of these pairs pass it, whatever the others say."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Pairs left out, by reason."""

    @property
    def filters(self) -> tuple[str, ...]:
        """What is shown alone, in words."""
        return tuple(self.passing)

    @property
    def account(self) -> list[str]:
        """How many pairs there are, how many pass each filter, and all of them together."""
        whole = f"{span(*self.years)}: {self.pairs:,} pairs"
        each = [f"{words}: {n:,} of {self.pairs:,} pairs pass" for words, n in self.passing.items()]
        together = [f"all together: {self.edges.num_rows:,}"] if len(each) > 1 else []
        return [whole, *each, *together]

    @property
    def cuts(self) -> tuple[str, ...]:
        """What it was cut from the network of the vintage by, in words: its years, and whatever
        else was asked.
        """
        return (
            f"years {span(*self.years)}",
            *self.filters,
            *(note.removesuffix(".") for note in self.notes),
        )

    def _reach(self, many: str) -> str:
        if EVERY in self.home:
            return f"Every country is in scope: no pair is of foreign {many}, and whatever sets home against abroad is left out."
        homes = " or ".join(self.home)
        return f"Pairs of foreign {many} are seen only through works with an author from {homes}: this is the network of {homes}, not of the world."

    def statements(self) -> list[str]:
        """What every file made of this network says of it, one sentence or two each."""
        k, one, many = self.max_institutions, self.unit, PLURAL[self.unit]
        carried = (
            ""
            if self.share_above_k is None
            else f"; they carry {self.share_above_k:.1%} of all weight"
        )
        apart = f"Works of more than {k} {many} are {'counted too' if self.hyper else f'set apart{carried}'}."
        said = [
            f"{many.capitalize()} that publish together, {span(*self.years)}: {self.nodes.num_rows} {many}, "
            f"{self.edges.num_rows} pairs.",
            f"Counting: {COUNTINGS[self.counting].words.format(one=one, many=many)}. {apart}",
            self._reach(many),
            "A flag is a review cue. A co-publication is lawful and often wanted; absence of a flag is no clearance.",
        ]
        if self.window:
            *first, last = (record.word for record in EXPORTED)
            said.append(
                f"{', '.join(first)} and {last} centrality are of the window {span(*self.window)}."
            )
        if self.comparison:
            said.append(
                f"Change is of the share of all strength from {span(*self.comparison[:2])} to {span(*self.comparison[2:])}; "
                "read it with its interval and verdict."
            )
        marks = {
            m
            for table in (self.nodes, self.edges)
            for m in table["technologies_standing"].unique().to_pylist()
            if m
        }
        if marks:
            said.append(
                f"Technologies are found by definitions that are {' or '.join(sorted(marks))}: some works are cued wrongly, some not at all."
            )
        if late := sorted(y for y in self.preliminary if self.years[0] <= y <= self.years[1]):
            said.append(f"Preliminary, still growing: {', '.join(map(str, late))}.")
        if self.filters:
            said.append(f"Shown are only {'; '.join(self.filters)}.")
        said += self.notes
        said += [
            f"Left out: {count} pairs {reason}." for reason, count in self.dropped.items() if count
        ]
        return said


def span(first: int, last: int) -> str:
    """Years in words.

    >>> span(2022, 2024), span(2024, 2024)
    ('2022–2024', '2024')
    """
    return f"{first}–{last}" if first != last else str(first)


def legal(text: str) -> str:
    """`text` in one line and without the characters XML 1.0 forbids: others' names hold some.

    >>> legal("Ål\\x0bborg\\n Universitet")
    'Ålborg Universitet'
    """
    return " ".join(_ILLEGAL.sub("", text).split())
