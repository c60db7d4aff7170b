"""What the affiliation strings of a harvest name and no institution was matched to: per year, and
per institution.

An institution's works are those that OpenAlex matched to it. Where a string names it and was
matched to nothing, a work or a share of one is missing from its count, and a year in which that
happens more often falls for no reason of its own. Names are read here to see how much; they count
for nothing elsewhere.

A string is taken to name an institution where its name stands in it as whole words and is no part
of a longer name that stands there too (an Aarhus University Hospital is no Aarhus University). A
short name (one word of at most SHORT letters, most of them acronyms that others bear) has to stand
in its own case beside a place of the institution's country; any domestic name is passed over beside
places of other countries alone. Places are the last two parts, between commas, of strings that were
matched, where most of the strings that end so were matched to institutions of one country.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from coauth.engine import Rows
from coauth.openalex.text_match import Phrases, fold
from coauth.queries import Queries
from coauth.tables.schemas import AUDIT, AUDIT_YEARS, MENTIONS

if TYPE_CHECKING:
    from coauth.stages.works import Addresses

SHORT = 8


class Audit(NamedTuple):
    """Per year, and per year and institution."""

    years: pa.Table
    institutions: pa.Table


class Named(NamedTuple):
    """A name, and whose it is; the country is None where the institution never occurs."""

    name: str
    list_id: str | None
    institution_id: str
    country: str | None
    title: str
    """What the institution is called where it is told of."""

    @property
    def is_short(self) -> bool:
        """
        >>> [Named(name, None, "I1", "DK", name).is_short for name in ("DTU", "Novo Nordisk", "北京理工大学")]
        [True, False, False]
        """
        return self.name.isascii() and self.name.isalnum() and len(self.name) <= SHORT


def survey(parts: Sequence[Addresses], queries: Queries) -> Audit:
    """`AUDIT_YEARS` and `AUDIT` of works read in parts; every year and institution that has a row
    has it for what was matched, too.
    """
    described = _described(p.institutions for p in parts)
    names = _names(described, queries)
    reader = _Reader(
        names, _places((p.matched for p in parts), described, {fold(n.name) for n in names})
    )
    works = pd.concat([p.works.to_pandas() for p in parts], ignore_index=True)
    alone = pd.concat([p.unmatched.to_pandas() for p in parts], ignore_index=True)
    said = {string: reader.institutions_named(string) for string in alone["string"].unique()}
    found = [
        (work, string, *whose)
        for work, string in alone.itertuples(index=False)
        for whose in said[string]
    ]
    named = pd.DataFrame(found, columns=["work_id", "string", "list_id", "institution_id"])
    matched = pd.concat([p.affiliations.to_pandas() for p in parts], ignore_index=True)
    years = dict(zip(works["work_id"], works["year"], strict=True))
    return Audit(_of_years(works, alone, named), _of_institutions(years, matched, named, names))


def mention(
    unmatched: pa.Table,
    matched: Iterable[pa.Table],
    harvested: pa.Table,
    affiliations: Rows,
    institutions: pa.Table,
    queries: Queries,
) -> pa.Table:
    """MENTIONS: institutions of this harvest that an unmatched string on a work names, and that no
    other string was matched to.

    `unmatched` and `matched` are the strings on the works, `harvested` institutions as the records
    describe them; AFFILIATIONS and INSTITUTIONS are those after roll-up, and so is who is named.
    """
    described = _described([harvested])
    names = _names(described, queries)
    places = _places(matched, described, {fold(n.name) for n in names})
    reader, node = _Reader(names, places), _nodes(institutions)
    texts = unmatched["string"].combine_chunks().dictionary_encode()
    named = [
        {node[i] for _, i in reader.institutions_named(string) if i in node}
        for string in texts.dictionary.to_pylist()
    ]
    whose = pd.DataFrame(
        [(n, i) for n, ids in enumerate(named) for i in sorted(ids)],
        columns=["string", "institution_id"],
    )
    strings = pd.DataFrame({"work_id": unmatched["work_id"], "string": texts.indices})
    nobody = np.array([not ids for ids in named], bool)[strings["string"]]
    on = strings.merge(whose, on="string")[["work_id", "institution_id"]].drop_duplicates()
    on["is_whole"] = ~on["work_id"].isin(strings.loc[nobody, "work_id"])
    on_these = pc.field("work_id").isin(pa.array(on["work_id"].unique(), pa.string()))
    columns = ["work_id", "institution_id"]
    rows = ds.dataset(affiliations) if isinstance(affiliations, pa.Table) else affiliations
    there = rows.to_table(columns, filter=on_these).to_pandas()
    kept = on.merge(there.assign(also=True), how="left", on=["work_id", "institution_id"])
    kept = kept[kept["also"].isna()].drop(columns="also")
    return MENTIONS.check(pa.Table.from_pandas(kept, preserve_index=False))


def _nodes(institutions: pa.Table) -> dict[str, str]:
    """The node of each harvested institution; one that is divided among several is left out."""
    nodes: defaultdict[str, set[str]] = defaultdict(set)
    for row in institutions.select(["institution_id", "rolled_up_from"]).to_pylist():
        for i in (row["institution_id"], *row["rolled_up_from"]):
            nodes[i].add(row["institution_id"])
    return {i: of.pop() for i, of in nodes.items() if len(of) == 1}


class _Described(NamedTuple):
    name: str
    country: str | None
    ror: str | None
    names: frozenset[str]


def _described(tables: Iterable[pa.Table]) -> dict[str, _Described]:
    """Each institution by its last description, with every name it was given."""
    rows = sorted(
        (r for table in tables for r in table.to_pylist()),
        key=lambda r: (r["seen"], r["name"] or ""),
    )
    names: defaultdict[str, set[str]] = defaultdict(set)
    for r in rows:
        names[r["institution_id"]].add(r["name"])
    return {
        r["institution_id"]: _Described(
            r["name"], r["country_code"], r["ror"], frozenset(names[r["institution_id"]])
        )
        for r in rows
    }


def _names(described: Mapping[str, _Described], queries: Queries) -> list[Named]:
    """Of the domestic institutions of this harvest, and of the entries of enabled watchlists."""
    of_ror = {d.ror: i for i, d in described.items() if d.ror}
    home = {i: d for i, d in described.items() if d.country in queries.scope.home}
    names = {Named(name, None, i, d.country, d.name) for i, d in home.items() for name in d.names}
    for short, ror in queries.rollup.aliases.items():
        if (own := of_ror.get(ror, "")) in home:
            names.add(Named(short, None, own, home[own].country, home[own].name))
    for w in (w for w in queries.watchlists if w.enabled):
        for e in w.entry:
            key = (
                e.openalex
                if e.openalex and e.openalex in described
                else of_ror.get(e.ror or "", e.openalex or e.ror or "")
            )
            country, title = (
                (described[key].country, described[key].name)
                if key in described
                else (None, e.name)
            )
            names |= {
                Named(name, w.id, key, country, title)
                for name in (e.name, e.name_local, *e.aliases)
                if name
            }
    return sorted(names, key=lambda n: (n.name, n.list_id or "", n.institution_id))


def _parts(string: str, most: int = 0) -> list[str]:
    """What stands between commas, the last `most` of it or all, without numbers.

    >>> _parts("Dept. of Physics, DTU, 2800 Kgs. Lyngby; Denmark."), _parts("Dept. of Physics, DTU, DK-2800 Kgs. Lyngby", 1)
    (['dept of physics', 'dtu', 'kgs lyngby', 'denmark'], ['dk kgs lyngby'])
    """
    return [plain for part in _PARTING.split(string)[-most:] if (plain := _plain(part))]


_PARTING = re.compile("[,;]")


@lru_cache(100_000)
def _plain(part: str) -> str:
    return " ".join(re.sub(r"[\d.]", " ", fold(part)).split())


def _places(
    matched: Iterable[pa.Table], described: Mapping[str, _Described], names: set[str]
) -> dict[str, str]:
    """The country of each place: what strings end with most of which were matched to institutions
    of that country.
    """
    ends: defaultdict[str, Counter[str | None]] = defaultdict(Counter)
    for strings in matched:
        different = strings.group_by(["string", "institution_id"]).aggregate([])
        for string, institution in zip(
            *(different[c].to_pylist() for c in ("string", "institution_id")), strict=True
        ):
            country = described[institution].country if institution in described else None
            for end in _parts(string, 2) if _PARTING.search(string) else ():
                ends[end][country] += 1
    most = {end: countries.most_common(1)[0] for end, countries in ends.items() if end not in names}
    return {
        end: country for end, (country, n) in most.items() if country and 2 * n > ends[end].total()
    }


class _Reader:
    """Finds whom a string names."""

    def __init__(self, names: Sequence[Named], places: Mapping[str, str]) -> None:
        self._names, self._places = names, places
        self._phrases = Phrases(n.name for n in names)

    def institutions_named(self, string: str) -> set[tuple[str | None, str]]:
        """(list, institution) of each."""
        spans = list(self._phrases.find(fold(string)))
        if not spans:
            return set()
        countries = {self._places[part] for part in _parts(string) if part in self._places}
        longest = [
            (n, first, end)
            for n, first, end in spans
            if not any(a <= first and end <= b and b - a > end - first for _, a, b in spans)
        ]
        return {
            (name.list_id, name.institution_id)
            for n, _, _ in longest
            if self._fits(name := self._names[n], string, countries)
        }

    @staticmethod
    def _fits(name: Named, string: str, countries: set[str]) -> bool:
        if name.is_short:
            return name.country in countries and bool(re.search(rf"\b{name.name}\b", string))
        return name.list_id is not None or not countries or name.country in countries


def _of_years(works: pd.DataFrame, unmatched: pd.DataFrame, mentions: pd.DataFrame) -> pa.Table:
    works = works.assign(
        works=1,
        works_in_scope=works["in_scope"],
        works_alone=works["work_id"].isin(unmatched["work_id"]),
        **{
            f"works_{status}": works["affiliation_status"] == status
            for status in ("complete", "partial", "none")
        },
        works_domestic=works["work_id"].isin(mentions.loc[mentions["list_id"].isna(), "work_id"]),
        works_listed=works["work_id"].isin(mentions.loc[mentions["list_id"].notna(), "work_id"]),
    )
    counts = works.groupby("year")[[c.name for c in AUDIT_YEARS.columns[1:]]].sum().reset_index()
    return AUDIT_YEARS.check(pa.Table.from_pandas(counts, preserve_index=False))


def _of_institutions(
    years: Mapping[str, int], matched: pd.DataFrame, mentions: pd.DataFrame, names: Sequence[Named]
) -> pa.Table:
    key = ["year", "list_id", "institution_id"]
    whose = pd.DataFrame({(n.list_id, n.institution_id) for n in names}, columns=key[1:])
    matched = matched.assign(year=matched["work_id"].map(years))
    on = (
        matched.merge(whose, on="institution_id")
        .groupby(key, dropna=False)["work_id"]
        .nunique()
        .rename("works_matched")
    )
    mentions = mentions.assign(year=mentions["work_id"].map(years))
    both = mentions.merge(
        matched[["work_id", "institution_id"]].assign(also=True),
        how="left",
        on=["work_id", "institution_id"],
    )
    groups = both.groupby(key, dropna=False)
    missed = (
        both[both["also"].isna()]
        .groupby(key, dropna=False)["work_id"]
        .nunique()
        .rename("works_missed")
    )
    counts = pd.concat(
        [
            on,
            groups["work_id"].nunique().rename("works_named"),
            missed,
            groups["string"].nunique().rename("strings"),
        ],
        axis=1,
    )
    titles = {n.institution_id: n.title for n in names}
    table = counts.fillna(0).astype(int).reset_index()
    table["list_id"] = table["list_id"].astype(object).where(table["list_id"].notna(), None)
    table["name"] = table["institution_id"].map(titles)
    return AUDIT.check(pa.Table.from_pandas(table, preserve_index=False))
