"""The words of a report and how its language writes numbers; all text is in `words/*.toml`, none in
code.

Words are read strictly: a key that is missing, or a value a sentence needs and is not given, is an
error and never an empty place on the page.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from coauth.errors import NotFound

NBSP = "\N{NO-BREAK SPACE}"
_OPEN, _AND, _SHUT = "\ue000", "\ue001", "\ue002"
"""Around a number that is said: its value as it stands in a table, and how it is written. Of the
private use area, so that no text has them.
"""
_SAID = re.compile(f"{_OPEN}([^{_AND}]*){_AND}([^{_SHUT}]*){_SHUT}")


def languages() -> list[str]:
    return sorted(
        p.name.removesuffix(".toml")
        for p in files(__package__).joinpath("words").iterdir()
        if p.name.endswith(".toml")
    )


def bare(text: str) -> str:
    """The text as it is read, without the values of its numbers."""
    return _SAID.sub(r"\2", text)


def html(text: str) -> Markup:
    """The text escaped for a page, each number as `<data value="…">`, so that every one can be
    looked up in a CSV.

    >>> print(html("R&D: " + Words("en", valued=True).percent(0.254)))
    R&amp;D: <data value="0.254">25</data>%
    """
    return Markup(_SAID.sub(r'<data value="\1">\2</data>', str(escape(text))))  # noqa: S704  escaped just before


def slug(value: str) -> str:
    """A value of the data as part of a key of words.

    >>> slug("not comparable: coverage")
    'not_comparable_coverage'
    """
    return re.sub(r"\W+", "_", value)


class Words:
    """`words("figure.source", …)` in one language. With `valued`, numbers carry their values, for
    `html`; `bare` takes them off.

    >>> words = Words("da")
    >>> words.number(12345.678, 1), words.number(-0.2), words.percent(-0.254, sign=True)
    ('12.345,7', '0', '−25\xa0pct.')
    >>> words.day(date(2026, 9, 30)), words.quarter("2026Q3")
    ('30.\xa0september\xa02026', '3. kvartal 2026')
    """

    def __init__(self, language: str, *, valued: bool = False) -> None:
        if language not in languages():
            raise NotFound(
                f"no words for language '{language}'; there are: {', '.join(languages())}"
            )
        self.language = language
        self.valued = valued
        self.entries = _entries(language)

    @property
    def bare(self) -> Words:
        """The same words for what is drawn: numbers as they are read."""
        return Words(self.language) if self.valued else self

    def __call__(self, key: str, /, **values: Any) -> str:
        return self.entries[key].format_map(values)

    def number(self, value: float | None, decimals: int = 0, *, sign: bool = False) -> str:
        """Grouped by thousands; a minus sign, not a hyphen; what is not there is a dash; never
        minus zero.
        """
        return self._said(value, 1, decimals, sign)

    def percent(self, ratio: float | None, decimals: int = 0, *, sign: bool = False) -> str:
        if _missing(ratio):
            return self("format.missing")
        return self("format.percent", number=self._said(ratio, 100, decimals, sign)).replace(
            " ", NBSP
        )

    def span(self, low: float | None, high: float | None, decimals: int = 0) -> str:
        """An interval of plain numbers; one without ends is a dash, one without an upper end says so."""
        open_ = _missing(high) and not _missing(low)
        return self._span(
            "format.span_open" if open_ else "format.span", low, high, 1, decimals, sign=False
        )

    def percent_span(
        self, low: float | None, high: float | None, decimals: int = 0, *, sign: bool = False
    ) -> str:
        """An interval of ratios, as percentages; one without ends is a dash."""
        return self._span("format.percent_span", low, high, 100, decimals, sign=sign)

    def points(self, change: float | None, decimals: int = 2, *, sign: bool = True) -> str:
        """A difference of shares in percentage points."""
        return self._said(change, 100, decimals, sign)

    def points_span(self, low: float | None, high: float | None, decimals: int = 2) -> str:
        return self._span("format.span", low, high, 100, decimals, sign=False)

    def _span(
        self,
        form: str,
        low: float | None,
        high: float | None,
        times: int,
        decimals: int,
        *,
        sign: bool,
    ) -> str:
        if _missing(low) and _missing(high):
            return self("format.missing")
        ends = {
            name: self._said(value, times, decimals, sign)
            for name, value in (("low", low), ("high", high))
        }
        return self(form, **ends).replace(" ", NBSP)

    def _said(self, value: float | None, times: int, decimals: int, sign: bool) -> str:
        """A value, written `times` as large."""
        if value is None or np.isnan(value):
            return self("format.missing")
        text = f"{abs(times * value):,.{decimals}f}"
        zero = not text.strip("0.,")
        marks = {",": self("format.thousands"), ".": self("format.decimal")}
        text = "".join(marks.get(c, c) for c in text)
        text = text if zero else f"{'−' if value < 0 else '+' if sign else ''}{text}"
        return f"{_OPEN}{float(value):.10g}{_AND}{text}{_SHUT}" if self.valued else text

    def day(self, day: date) -> str:
        return self(
            "format.day", day=day.day, month=self(f"month.{day.month}"), year=day.year
        ).replace(" ", NBSP)

    def quarter(self, quarter: str) -> str:
        """A quarter in words; what does not read as one (a named edition) is given back as it is."""
        year, _, number = quarter.partition("Q")
        return (
            self("format.quarter", number=number, year=year)
            if year.isdigit() and number.isdigit()
            else quarter
        )

    def years(self, years: tuple[int, int]) -> str:
        return str(years[0]) if years[0] == years[1] else f"{years[0]}–{years[1]}"

    def country(self, code: str) -> str:
        return self.entries.get(f"country.{code}", code)

    def institution(
        self,
        institution_id: str,
        name: str,
        ror: str | None,
        lists: Iterable[Any],
        *,
        synthetic: bool,
    ) -> str:
        """What this language calls an institution, or the institutions of a list together; of
        invented ones with what says so behind it.
        """
        summed = {f"list:{x.id}": self("cell.list_summed", name=self.name(x)) for x in lists}
        own = self.word_or(
            f"institution.{str(ror).rsplit('/', 1)[-1]}", summed.get(institution_id, "")
        )
        return f"{own}{''.join(name.partition(' [')[1:])}" if own and synthetic else own or name

    def listing(self, items: list[str]) -> str:
        return (
            items[0]
            if len(items) == 1
            else self("format.listing", first=", ".join(items[:-1]), last=items[-1])
        )

    def word_or(self, key: str, otherwise: str) -> str:
        """A word for a value of the data where there is one, else the value as it stands."""
        return self.entries.get(key, otherwise)

    def name(self, thing: Any) -> str:
        """The name in this language of what has `name` and perhaps `name_da`."""
        return self.own(thing, "name")

    def own(self, thing: Any, field: str) -> str:
        """A text of the queries in this language, where they have it in more than one."""
        return str(getattr(thing, f"{field}_{self.language}", None) or getattr(thing, field))


def countries() -> dict[str, frozenset[str]]:
    """What countries are called in the languages of the report, by code; without an article.

    >>> sorted(countries()["US"])
    ['USA', 'United States']
    """
    return {
        code: frozenset(name.removeprefix("the ") for name in names)
        for code, names in vocabulary("country")["country"].items()
    }


def vocabulary(*kinds: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """What things of these kinds are called in the languages of the report, English first: kind ->
    value -> names.

    >>> vocabulary("field")["field"]["17"]
    ('Computer science', 'Datalogi')
    """
    found: dict[str, dict[str, tuple[str, ...]]] = {kind: {} for kind in kinds}
    for language in sorted(languages(), key=lambda code: (code != "en", code)):
        for key, name in _entries(language).items():
            kind, _, value = key.partition(".")
            if kind in found:
                found[kind][value] = (*found[kind].get(value, ()), name)
    return found


@cache
def _entries(language: str) -> Mapping[str, str]:
    text = files(__package__).joinpath("words", f"{language}.toml").read_text("utf-8")
    return MappingProxyType(dict(_flat(tomllib.loads(text))))


def _missing(value: float | None) -> bool:
    return value is None or bool(np.isnan(value))


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, str):
            yield f"{prefix}{key}", value
        else:
            raise TypeError(f"words: {prefix}{key} is no text")
