"""The measures of centrality: one record each, which tables, exports, report and help read.

A new measure is a record here and the function it names (`coauth/docs/howto/measure.md`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any, Literal

_PLACE = "coauth.stages.centrality"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What is known of one measure."""

    name: str
    title: str
    title_da: str
    description: str
    """what it is, for brackets behind the title"""
    description_da: str
    unit: str
    """`share` is printed in percent"""
    unit_da: str
    digits: int
    """behind the decimal point in print"""
    source: str = ""
    """DOI"""
    function: str
    """`module:name` of f(basis, names, blocks), an iterator over blocks of work weights (works ×
    columns) of {name: values (institutions × columns)}; NaN: no value. Measures that name one
    function are had in one pass. The first block is the value, those after it are replicates, for
    which a function may stop earlier.
    """
    larger: Literal["more", "less"] = "more"
    """central, that is"""
    range: tuple[float, float] = (0.0, math.inf)
    absent: float = 0.0
    """what an institution without a tie counts as, where windows are compared"""
    interval: Literal["works", "jackknife", "paths", "none"] = "none"
    """works: from works drawn again; jackknife: from `variance`; paths: from works weighted by
    chance, on the graph of the strongest institutions, which the function has to take from
    `basis.counting` alone; none: no way is known to hold
    """
    variance: str = ""
    """`module:name` of f(basis), its variance for each institution"""
    spread: Literal["count", "share"] = "share"
    """whose overdispersion its replicates have: a factor common to all moves counts alone"""
    comparable: bool = False
    """between windows of different size"""
    pooled: bool = False
    """between windows it is compared as a multiple of its mean over the institutions compared: its
    scale moves with the number of institutions of a window
    """
    volume: bool = False
    """grows with an institution's works, in proportion"""
    rarefied: bool = False
    """of as many works as every window has"""
    single_years: bool = False
    """may be had of single years"""
    exported: bool = True
    """an attribute of the nodes of a network"""

    @property
    def sign(self) -> int:
        """+1 where larger is more central, else −1."""
        return 1 if self.larger == "more" else -1

    @property
    def direction(self) -> str:
        """Which values are the central ones, in words."""
        return f"{'larger' if self.sign > 0 else 'smaller'} is more central"

    @property
    def phrase(self) -> str:
        """Title with what it is, and with its direction where that is not the usual one."""
        unusual = "" if self.sign > 0 else f"; {self.direction}"
        return f"{self.title} ({self.description}{unusual})"

    @property
    def word(self) -> str:
        """Its name inside a sentence; a proper name as it is written."""
        return self.title if self.title != self.title.capitalize() else self.name

    def number(self, value: float, sign: str = "") -> str:
        """A value in print, of shares in percent without the sign; `sign` "+" for a difference.

        >>> MEASURES["exposure"].number(0.12345), MEASURES["strength"].number(-1234.5, "+")
        ('12.35', '−1,234')
        """
        scaled = 100 * value if self.unit == "share" else value
        return format(scaled, f"{sign},.{self.digits}f").replace("-", "−")


# fmt: off
_RECORDS = (
    Measure(
        name="strength", title="Strength", title_da="Styrke",
        unit="collaborative works", unit_da="samarbejdspublikationer", digits=0,
        description="collaborative works; moves with the country's output and OpenAlex's growth",
        description_da="samarbejdspublikationer; følger landets produktion og OpenAlex' vækst",
        function=f"{_PLACE}.partners:strengths", interval="works", spread="count",
        source="10.1103/PhysRevE.64.016132", single_years=True, exported=False, volume=True,
    ),
    Measure(
        name="strength_share", title="Share of all strength", title_da="Andel af al styrke",
        unit="share", unit_da="andel", digits=2, range=(0, 1),
        description="free of the size of the whole",
        description_da="uafhængig af helhedens størrelse",
        function=f"{_PLACE}.partners:strengths", interval="works",
        comparable=True, single_years=True, exported=False, volume=True,
    ),
    Measure(
        name="degree", title="Degree", title_da="Grad",
        unit="institutions", unit_da="institutioner", digits=0,
        description="institutions it shares a work with",
        description_da="institutioner, den deler en publikation med",
        function=f"{_PLACE}.paths:of_graph", exported=False,
    ),
    Measure(
        name="degree_rarefied", title="Rarefied degree", title_da="Udtyndet grad",
        unit="institutions", unit_da="institutioner", digits=1,
        description="degree expected of a fixed number of works drawn",
        description_da="forventet grad i et fast antal udtrukne publikationer",
        function=f"{_PLACE}.partners:rarefied_degree", source="10.2307/1934145",
        interval="jackknife", variance=f"{_PLACE}.partners:jackknife",
        comparable=True, rarefied=True, exported=False,
    ),
    Measure(
        name="pagerank", title="PageRank", title_da="PageRank",
        unit="N × PR", unit_da="N × PR", digits=2,
        description="N × PR; 1 = the mean institution of its window",
        description_da="N × PR; 1 = vinduets gennemsnitlige institution",
        function=f"{_PLACE}.spectral:pageranks", interval="works", pooled=True, volume=True,
        source="10.1016/S0169-7552(98)00110-X",
    ),
    Measure(
        name="eigenvector", title="Eigenvector centrality", title_da="Egenvektorcentralitet",
        unit="‖x‖₂ = 1", unit_da="‖x‖₂ = 1", digits=3, range=(0, 1),
        description="of the largest component, squares summing to 1",
        description_da="for den største komponent, med kvadratsum 1",
        function=f"{_PLACE}.spectral:eigenvectors", interval="works",
        source="10.1080/0022250X.1972.9989806",
    ),
    Measure(
        name="harmonic", title="Harmonic closeness", title_da="Harmonisk nærhed",
        unit="works", unit_da="publikationer", digits=1,
        description="mean of 1/distance to all others, a tie being 1/weight long",
        description_da="gennemsnit af 1/afstand til alle andre, hvor en forbindelse er 1/vægt lang",
        function=f"{_PLACE}.paths:of_graph", interval="paths", spread="count",
        source="10.1016/S0378-4371(00)00311-3",
    ),
    Measure(
        name="betweenness", title="Betweenness", title_da="Betweenness",
        unit="mean share of paths", unit_da="gennemsnitlig andel af veje", digits=4, range=(0, 1),
        description="mean share of the shortest paths between two others that pass through it",
        description_da="gennemsnitlig andel af de korteste veje mellem to andre, der går gennem den",
        function=f"{_PLACE}.paths:of_graph", source="10.2307/3033543",
    ),
    Measure(
        name="participation", title="Participation", title_da="Deltagelse",
        unit="probability", unit_da="sandsynlighed", digits=3, range=(0, 1),
        description="chance that two partners drawn by weight are of different countries",
        description_da="sandsynlighed for, at to partnere trukket efter vægt er fra forskellige lande",
        function=f"{_PLACE}.partners:participation", interval="works",
        source="10.1038/nature03288", comparable=True, exported=False,
    ),
    Measure(
        name="exposure", title="Exposure", title_da="Eksponering",
        unit="share", unit_da="andel", digits=2, range=(0, 1),
        description="share of its strength that goes to listed institutions",
        description_da="andel af dens styrke, der går til listede institutioner",
        function=f"{_PLACE}.partners:exposure", interval="works",
        comparable=True, exported=False,
    ),
)
# fmt: on

MEASURES = {record.name: record for record in _RECORDS}
EXPORTED = tuple(record for record in _RECORDS if record.exported)
_REVERSED = [record.name for record in _RECORDS if record.sign < 0]

DIRECTION = "larger is more central" + (
    f"; of {', '.join(_REVERSED)} smaller is more central" if _REVERSED else ""
)
"""Which values are the central ones, of all measures."""


def select(*intervals: str) -> list[str]:
    """Names of the measures whose interval is had in one of these ways; of all but `none` where no
    way is named.

    >>> select("jackknife", "paths")
    ['degree_rarefied', 'harmonic']
    """
    return [
        name
        for name, record in MEASURES.items()
        if (record.interval in intervals if intervals else record.interval != "none")
    ]


def group_by_function(names: Collection[str]) -> Iterator[tuple[Callable[..., Any], list[str]]]:
    """Each function that gives some of these measures, with their names.

    >>> [several for _, several in group_by_function(("harmonic", "exposure", "betweenness"))]
    [['harmonic', 'betweenness'], ['exposure']]
    """
    groups: dict[str, list[str]] = {}
    for name, record in MEASURES.items():
        if name in names:
            groups.setdefault(record.function, []).append(name)
    for function, several in groups.items():
        yield resolve_name(function), several
