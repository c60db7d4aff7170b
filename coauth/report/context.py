"""What every section needs at hand: the tables, the questions, the words, and how things are called
on the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from coauth.queries import Event, Queries, Technologies, Watchlist, Years
from coauth.report.data import frames
from coauth.report.render.charts import Date
from coauth.report.text import Words
from coauth.report.vintage_info import About
from coauth.tables.schemas import Tables


@dataclass(frozen=True)
class ReportContext:
    tables: Tables
    queries: Queries
    about: About
    words: Words

    # -- of the questions

    @property
    def headline(self) -> Years:
        return self.queries.measures.headline_change

    @property
    def years(self) -> Years:
        return self.queries.scope.first_year, self.queries.scope.last_year

    @property
    def watchlists(self) -> list[Watchlist]:
        return [w for w in self.queries.watchlists if w.enabled]

    @property
    def last_complete_year(self) -> int:
        """The last measured year that is not preliminary; the last one where all are."""
        scope = self.queries.scope
        return max(scope.settled, default=scope.last_year)

    # -- names

    @property
    def home(self) -> str:
        return self.words.listing([self.words.country(c) for c in self.queries.scope.countries])

    @property
    def confidence(self) -> str:
        return self.words.percent(self.queries.measures.confidence)

    def base(self, series: str) -> str:
        """The works that a share of the series is of: `international`, or `all` where some of its
        works are not (a list of institutions at home).
        """
        rows = frames.series(self.tables, series, self.queries)
        return str(rows["base"].iloc[0]) if len(rows) else "international"

    @cached_property
    def lists_at_home(self) -> list[Watchlist]:
        """Enabled lists with an institution of the home countries."""
        home = set(self._institutions.query("is_domestic").index)
        listed = frames.frame(self.tables, "listed", ["institution_id", "list_id"])
        return [
            w
            for w in self.watchlists
            if home & set(listed.loc[listed["list_id"] == w.id, "institution_id"])
        ]

    def series_name(self, series: str) -> str:
        known = {g.id: self.words.name(g) for g in self.queries.groups.group}
        known |= {f"list:{w.id}": self.words.name(w) for w in self.queries.watchlists}
        return known.get(series) or self.words.word_or(f"series.{series}", series)

    @cached_property
    def _institutions(self) -> pd.DataFrame:
        return frames.institutions(self.tables)

    def display_name(self, institution_id: str) -> str:
        """As in the tables, for the CSVs: these are the same in every language."""
        return str(self._institutions["name"].get(institution_id, institution_id))

    def institution(self, institution_id: str) -> str:
        """Its display name, or the one this language has for it; of invented institutions with what
        says so behind it.
        """
        if institution_id not in self._institutions.index:
            return institution_id
        row: Any = self._institutions.loc[institution_id]
        return self.words.institution(
            institution_id,
            str(row["name"]),
            row["ror"],
            self.queries.watchlists,
            synthetic=self.about.synthetic,
        )

    def place(self, institution_id: str) -> str:
        """Name and, abroad, the country."""
        name = self.institution(institution_id)
        if institution_id not in self._institutions.index:
            return name
        row = self._institutions.loc[institution_id]
        return (
            name
            if row["is_domestic"] or not row["country_code"]
            else f"{name} ({row['country_code']})"
        )

    # -- technologies, and how good their areas are known to be

    @property
    def no_cues(self) -> str:
        """Why technologies are not measured, where their definitions are for other topics than
        the records have; else empty.
        """
        if not self.queries.no_cues:
            return ""
        w, made_for = self.words, dict.fromkeys(s.topic_model for s in self.queries.other_topics)
        return w(
            "technologies.not_measured",
            made=w.listing([w(f"topic_model.{m}") for m in made_for]),
            theirs=w(f"topic_model.{self.queries.topics}"),
        )

    @cached_property
    def _technologies(self) -> Technologies | None:
        """The enabled set, with what a labelled sheet said of it."""
        informed = self.queries.informed(self.about.quality, self.about.queries_fingerprint)
        return next((t for t in informed.technologies if t.enabled), None)

    def mark(self, entry: str) -> str:
        """What has to stand beside a technology or area wherever it is shown: "indicative",
        "unmeasured", both, or nothing.
        """
        said = self._technologies.marked(entry) if self._technologies else None
        return ", ".join(self.words(f"mark.{m}") for m in said.split(", ")) if said else ""

    def mark_of(self, areas: Sequence[str]) -> str:
        """The mark that all of some areas share, to stand in their heading; nothing where they
        differ.
        """
        marks = {self.mark(a) for a in areas}
        return f" ({min(marks)})" if len(marks) == 1 and min(marks) else ""

    def area(self, area: str, *, short: bool = False, among: Sequence[str] = ()) -> str:
        """Its name and mark; the mark is left out `among` areas whose heading has it."""
        name = self.words(f"area_short.{area}" if short else f"area.{area}")
        mark = "" if among and self.mark_of(among) else self.mark(area)
        return f"{name} ({mark})" if mark else name

    def entry(self, list_id: str, entry_id: str) -> str:
        """A listed institution; a list that is shown summed is its own entry."""
        if entry_id == list_id:
            return self.words("cell.summed")
        return {(w.id, e.id): e.name for w in self.queries.watchlists for e in w.entry}.get(
            (list_id, entry_id), entry_id
        )

    # -- what may be told

    @property
    def is_public(self) -> bool:
        return self.about.profile == "public"

    def count(self, value: float | None, decimals: int = 0, *, sign: bool = False) -> str:
        """A count; in a public edition one that is not there is 1 to 4."""
        return self._small(value) or self.words.number(value, decimals, sign=sign)

    def share(self, value: float | None, decimals: int = 1) -> str:
        """A share, likewise."""
        return self._small(value) or self.words.percent(value, decimals)

    def _small(self, value: float | None) -> str:
        return (
            self.words("cell.small")
            if self.is_public and (value is None or np.isnan(value))
            else ""
        )

    def changes(self, names: Sequence[str], basis: str = "") -> pd.DataFrame:
        """`frames.changes` of these series, wider where counts are rounded."""
        rounding = self.about.rounding
        return frames.changes(self.tables, names, self.queries, basis, rounding)

    # -- phrases used in several sections

    @property
    def source(self) -> str:
        said = self.words(
            "figure.source_synthetic" if self.about.synthetic else "figure.source",
            day=self.words.day(self.about.as_of),
        )
        return f"{said} {self.words('figure.rounded')}" if self.is_public else said

    def q(self, value: float) -> str:
        """A false discovery rate; a small one only as below `findings.SMALLEST_Q`."""
        small = value < frames.SMALLEST_Q
        said = self.words.number(frames.SMALLEST_Q if small else value, 3)
        return self.words("cell.below", number=said) if small else said

    def reading(self, low: float | None, high: float | None) -> str:
        return self.words(f"reading.{frames.direction(low, high)}")

    def dates(self) -> list[Date]:
        """Policy dates on an axis where a year's point stands for its middle, lettered in order."""
        return [
            Date(e.date.year + (e.date.timetuple().tm_yday - 1) / 365 - 0.5, letter, e.series)
            for e, letter in self._lettered()
            if self.years[0] <= e.date.year <= self.years[1]
        ]

    def dates_note(self, *series: str) -> str:
        """What the letters stand for, of the dates drawn for these series; empty where there is
        none.
        """
        drawn = [
            (e, letter)
            for e, letter in self._lettered()
            if self.years[0] <= e.date.year <= self.years[1]
            and (not e.series or set(series) & set(e.series))
        ]
        told = "; ".join(
            f"{letter}: {self.words.name(e)}, {self.words.day(e.date)}" for e, letter in drawn
        )
        return self.words("figure.dates", dates=told) if drawn else ""

    def _lettered(self) -> list[tuple[Event, str]]:
        return [(e, chr(ord("a") + n % 26)) for n, e in enumerate(self.queries.event_table())]

    def notes(self, *texts: str) -> tuple[str, ...]:
        """The lines under a figure or table: the note, and the source last, as the ministries set
        them.
        """
        kept = " ".join(t for t in texts if t)
        return (*((self.words("figure.note", text=kept),) if kept else ()), self.source)
