"""A scope of every country: the same questions without an abroad."""

import json
import re
from datetime import date

import pytest

from coauth.errors import QueryError, SourceError
from coauth.pipeline.build import build_tables
from coauth.pipeline.harvest import Source, harvest_pages
from coauth.pipeline.project import Project
from coauth.queries.scope import codes
from coauth.report import document
from tests.support.commands import project
from tests.support.world import work

TODAY = date(2026, 11, 22)
RECORDS = [
    work(1, 2022, [["I1"], ["I10"]]),
    work(2, 2022, [["I10"], ["I20"]]),
    work(3, 2023, [["I30"], ["I31", "I40"]]),
    work(4, 2012, [["I20"], ["I30"]]),
    work(5, 2023, [["I70"], ["I71"]]),  # no institution here has a country
]
NAMED = '["CN", "DK", "RU", "SE", "US"]'
QUICK = {
    "resampled": "[]",
    "single_years": "[]",
    "replicates": "100",
    "permutations": "0",
    "null_samples": "0",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """`built("DK")` …: the project and the vintage, built from the records under a scope of these
    countries.
    """
    made = {}

    def build(countries):
        if countries not in made:
            root = project(tmp_path_factory.mktemp("root"))
            for name, entries in (("scope", {"countries": countries}), ("measures", QUICK)):
                path = root / "queries" / f"{name}.toml"
                text = path.read_text("utf-8")
                for key, value in entries.items():
                    text, found = re.subn(rf"(?m)^{key} = [^#\n]*", f"{key} = {value} ", text)
                    assert found == 1
                path.write_text(text, "utf-8")
            file = root / "works.jsonl"
            file.write_text("".join(json.dumps(r) + "\n" for r in RECORDS))
            vintage = harvest_pages(Project(root), Source("files", path=file), today=TODAY)
            build_tables(Project(root), vintage)
            made[countries] = Project(root), vintage
        return made[countries]

    return build


def test_every_country_is_the_list_of_all_that_occur(built):
    """`"*"` gives the tables that naming every country gives; works of institutions without a
    country stay out in both.
    """
    everywhere, named, danish = (built(countries)[1] for countries in ('["*"]', NAMED, '["DK"]'))
    assert sorted(everywhere.read("works")["work_id"].to_pylist()) == ["W1", "W2", "W3", "W4"]
    assert danish.read("works")["work_id"].to_pylist() == ["W1"]
    for name in (
        "works",
        "affiliations",
        "countries",
        "institutions",
        "edges",
        "flags",
        "evidence",
        "centrality",
        "coverage",
    ):
        assert everywhere.read(name).equals(named.read(name)), name
    assert everywhere.built.losses.works.dropped == {"no country code on its institutions": 1}


def test_where_everything_is_home_nothing_is_abroad(built):
    """Every institution with a country is domestic, and tables that set home against abroad have no
    rows of countries or groups.
    """
    _, vintage = built('["*"]')
    assert set(vintage.read("institutions")["is_domestic"].to_pylist()) == {True}
    assert vintage.read("pairs").num_rows == 0
    assert {
        s for s in vintage.read("memberships")["group_id"].to_pylist() if not s.startswith("list:")
    } == set()
    assert set(built('["DK"]')[1].read("institutions")["is_domestic"].to_pylist()) == {True, False}


def test_what_every_country_cannot_have_says_so(built, tmp_path):
    """The API is not asked for the world, the report needs a rest of the world, and a file of the
    network says that there is none.
    """
    made, vintage = built('["*"]')
    with pytest.raises(SourceError, match=r"270 million works.*harvest --from FOLDER"):
        harvest_pages(made, Source("api", key="k"), today=TODAY, name="other")
    with pytest.raises(QueryError, match=r'countries = \["\*"\] there is no rest'):
        document.build(
            {},
            tmp_path,
            queries=made.queries,
            about=None,
            language="en",
        )
    assert codes(["*"]) >= {"DK", "CN", "XK"}
    assert vintage.manifest.scope["countries"] == ["*"]
