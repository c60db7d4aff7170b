"""Ranks among the same institutions in every window, and single years beside the windows: small
worlds worked out by hand.
"""

import shutil

import pytest

from coauth.errors import QueryError
from coauth.network import attributes
from coauth.queries import load
from coauth.tables.schemas import CENTRALITY
from tests.support.commands import CHECKOUT
from tests.support.small_network import KU, measured
from tests.support.toy_worlds import QUERIES, asked, centralities, tables

# works in 2020 and 2021: A 3, 2; B 1, 3; C 2, 0; D 1, 1; the foreign e is on all of them
WORKS = [
    {"on": f"{name} e", "year": year}
    for name, counts in {"A": (3, 2), "B": (1, 3), "C": (2, 0), "D": (1, 1)}.items()
    for year, count in zip((2020, 2021), counts, strict=True)
    for _ in range(count)
]


def rows(works=WORKS, among="domestic", min_works=1, **changes):
    roster = QUERIES.measures.fixed_roster.model_copy(
        update={"among": among, "min_works": min_works}
    )
    table, _ = centralities(
        *tables(works),
        *asked(years=(2020, 2021), measures=("strength",), **changes, fixed_roster=roster),
    )
    found = table.to_pandas()
    return found[found["variant"] == "k"]


def ranks(**changes):
    """{year: {institution: fixed rank}} of those who have one."""
    found = rows(**changes).dropna(subset="fixed_rank")
    return {
        year: dict(zip(part["institution_id"], part["fixed_rank"], strict=True))
        for year, part in found.groupby("first_year")
    }


class TestFixedRanks:
    def test_by_hand(self):
        """C has no work in 2021 and is of neither year's roster; e is foreign. Ranks among all
        still count them.
        """
        assert ranks() == {2020: {"A": 1, "B": 2, "D": 2}, 2021: {"A": 2, "B": 1, "D": 3}}
        everybody = rows()
        assert everybody[everybody["first_year"] == 2020].set_index("institution_id")[
            "rank"
        ].to_dict() == {"e": 1, "A": 2, "C": 3, "B": 4, "D": 4}

    def test_the_choice_is_in_the_queries(self):
        assert ranks(among="all") == {
            2020: {"e": 1, "A": 2, "B": 3, "D": 3},
            2021: {"e": 1, "B": 2, "A": 3, "D": 4},
        }
        assert ranks(min_works=2) == {2020: {"A": 1}, 2021: {"A": 1}}
        assert ranks(min_works=9) == {}

    def test_intervals_are_among_the_roster_too(self):
        found = rows().dropna(subset="fixed_rank")
        assert (
            (found["fixed_rank_low"] >= 1)
            & (found["fixed_rank_high"] <= 3)
            & (found["fixed_rank_low"] <= found["fixed_rank_high"])
        ).all()
        assert (found["fixed_rank_low"] < found["fixed_rank_high"]).any()
        assert rows()[rows()["fixed_rank"].isna()]["fixed_rank_low"].isna().all()

    def test_newcomers_do_not_move_them(self):
        """Twenty institutions that come in 2021 with more works than anybody push all ranks down
        but these.
        """
        crowd = [{"on": f"N{i:02d} M{i:02d}", "year": 2021} for i in range(10) for _ in range(5)]
        assert ranks(works=WORKS + crowd) == ranks()
        after = rows(works=WORKS + crowd)
        assert (
            after[(after["first_year"] == 2021) & (after["institution_id"] == "B")]["rank"].item()
            == 22
        )


class TestSingleYears:
    def test_beside_windows(self):
        """The window has all measures, its years the counts that are asked for, with intervals."""
        table, _ = centralities(
            *tables(WORKS),
            *asked(
                years=(2020, 2021),
                window=2,
                measures=("strength", "degree"),
                single_years=("strength",),
            ),
        )
        found = table.to_pandas()
        found = found[found["variant"] == "k"]
        assert set(zip(found["first_year"], found["last_year"], found["measure"], strict=True)) == {
            (2020, 2020, "strength"),
            (2021, 2021, "strength"),
            (2020, 2021, "strength"),
            (2020, 2021, "degree"),
        }
        of_a = found[(found["institution_id"] == "A") & (found["measure"] == "strength")]
        assert of_a["value"].tolist() == [3, 5, 2]
        assert (of_a["low"] < of_a["high"]).all()

    def test_no_row_twice_where_a_window_is_a_year(self):
        one = rows(window=1)
        assert one.equals(rows(window=1, single_years=("strength",)))
        assert not one.duplicated(["first_year", "institution_id"]).any()

    def test_a_single_year_is_no_window_of_the_network(self):
        """Where PageRank and the like were not measured, an export of one-year windows has none to
        show.
        """
        found = CENTRALITY.of(
            [
                measured((2020, 2022), KU, "pagerank", 1.0),
                measured((2022, 2022), KU, "strength", 3.0),
            ]
        )
        assert attributes.latest_window(found, (2020, 2022), 1) == (None, [])
        assert attributes.latest_window(found, (2020, 2022), 3) == ((2020, 2022), [(2020, 2022)])

    def test_only_with_an_interval(self, tmp_path):
        """A single year's count without an interval is refused where it is asked for."""
        shutil.copytree(CHECKOUT / "queries", tmp_path / "queries")
        path = tmp_path / "queries" / "measures.toml"
        text = path.read_text("utf-8")
        path.write_text(text.replace('resampled = ["strength", ', "resampled = ["), "utf-8")
        with pytest.raises(QueryError, match="single_years: strength"):
            load(tmp_path / "queries")
