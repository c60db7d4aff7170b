"""What a report is told about its vintage, and a context of a few records."""

from __future__ import annotations

from datetime import date

from coauth import network as graph
from coauth.report import explorer
from coauth.report.context import ReportContext
from coauth.report.text import Words
from coauth.report.vintage_info import About
from coauth.storage.manifest import Since
from coauth.tables import schemas
from tests.support.world import World

BEIHANG = {
    "id": "I82880672",
    "display_name": "Beihang University",
    "country_code": "CN",
    "ror": "https://ror.org/00wk2mp56",
}
QUALITY = {
    "queries": "ab" * 32,
    "agreement": {"works": 300, "alike": 0.9, "kappa": 0.71},
    "classes": [
        {
            "class": c,
            "works": 300,
            "true": t,
            "found": 40,
            "both": 30,
            "precision": p,
            "precision_low": p - 0.1,
            "precision_high": p + 0.1,
            "recall": 0.6,
            "recall_low": 0.5,
            "recall_high": 0.7,
            "standing": s,
        }
        for c, t, p, s in (
            ("all", 80, 0.83, "measured"),
            ("EU10", 44, 0.73, "indicative"),
            ("EU2", 5, 0.5, "unmeasured"),
            ("EU8", 36, 0.86, "measured"),
        )
    ],
}


def about(**changes: object) -> About:
    facts: dict[str, object] = {
        "title": "Denmark's international research collaboration",
        "quarter": "2026Q4",
        "vintage": "2026-11-20",
        "as_of": date(2026, 11, 20),
        "synthetic": False,
        "complete": True,
        "level": "unified",
        "topic_model": "v2",
        "affiliation_matcher": "3.0",
        "source": "OpenAlex API",
        "records": 12_400,
        "works": 12_345,
        "dropped": {"type not asked for": 55},
        "excluded": {"retracted": 3, "duplicate: same DOI": 2},
        "versions": {"coauth": "0.2.0"},
        "queries_fingerprint": "ab" * 32,
        "seed": 1,
        "since": Since(
            vintage="2026-08-20",
            as_of=date(2026, 8, 20),
            version="0.1.0",
            parts=["list:miit", "queries/sql"],
        ),
        "quality": QUALITY,
    }
    return About(**(facts | changes))  # type: ignore[arg-type]


HOSTILE = "</script><script>alert(1)</script><!--<script> “Ø” \u2028 & \"'"


def briefed(records, asked, language="en"):
    w = World(records, asked)
    made = w.made | {
        "edges": w.edges,
        "flags": w.found.flags,
        "centrality": schemas.CENTRALITY.empty(),
        "shifts": schemas.SHIFTS.empty(),
    }
    return ReportContext(made, w.asked, about(), Words(language))


def explore(context, *, works=True):
    network = graph.build(context.tables, scope=context.queries.scope, window=3)
    places = {
        i: [400.0 * k, 300.0 * (k * k % 3)]
        for k, i in enumerate(network.nodes["institution_id"].to_pylist())
    }
    return explorer.explore(context, explorer.Atlas(network, places, works))
