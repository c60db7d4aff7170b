"""Verdicts on planted worlds: what truly fell is found, and what only its metadata lost is not
called a fall.
"""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from coauth.queries.registry import MEASURES
from coauth.stages import shifts
from coauth.stages.shifts import (
    FELL,
    NOT_COMPARABLE,
    ROSE,
    STRINGS,
    UNCLEAR,
    false_discovery,
    two_sided,
)
from coauth.stages.shifts.changes import Changes
from coauth.stages.shifts.coverage_breaks import OwnCoverage
from coauth.stages.shifts.verdicts import decided, rests_on_one
from coauth.stats.bootstrap import Interval
from coauth.stats.completeness import Completeness
from coauth.stats.incidence import incidence
from coauth.tables.schemas import MENTIONS, SHIFTS
from tests.support.toy_worlds import asked, centralities, random_works, shuffled, tables

BEFORE, AFTER = (2018, 2020), (2022, 2024)
SETTING = {
    "years": (2018, 2024),
    "window": 3,
    "comparisons": ((BEFORE, AFTER),),
    "replicates": 400,
    "roster_min_works": 30,
    "resampled": ("strength", "strength_share", "pagerank"),
    "measures": (),
}


def judged(works, listed=(), **changes):
    data = tables(works)
    scope, measures = asked(**SETTING | changes)
    _, replicates = centralities(*data, scope, measures, listed=listing(listed))
    return shifts.judge(replicates, *data, scope, measures)


def listing(ids):
    return pa.table({"institution_id": pa.array(ids, pa.string())})


def row(table, name, measure="strength", variant="k"):
    rows = [
        r
        for r in table.to_pylist()
        if (r["institution_id"], r["measure"], r["variant"]) == (name, measure, variant)
    ]
    assert len(rows) == 1
    return rows[0]


def planted(seed=0, yearly=500):
    """Six years of works led by one of nine Danish institutions, each with one to three others.

    From 2022 on: Rising leads 70 % more and Falling half as much; publisher Q, where Loser has most
    of its works, keeps the affiliations of the other institutions on only 40 % of works (the rest
    are partial, with the lead alone); the strings of Unmatched stay unmatched for six of ten of its
    authors, wherever they publish.
    """
    draw = np.random.default_rng(seed)
    names = np.array(["Rising", "Falling", "Loser", "Unmatched", *(f"Even{i}" for i in range(5))])
    partners = np.array([*names, *(f"f{i}" for i in range(40))])
    works = []
    for year in (2018, 2019, 2020, 2022, 2023, 2024):
        late = year >= 2022
        odds = np.where(late, [2.2, 0.5, *[1] * 7], 1.0)
        for _ in range(yearly):
            lead = str(draw.choice(names, p=odds / odds.sum()))
            publisher = str(
                draw.choice(
                    ["Q", "P", "S"], p=[0.8, 0.1, 0.1] if lead == "Loser" else [0.08, 0.46, 0.46]
                )
            )
            team = {lead, *draw.choice(partners, draw.integers(1, 4), False).tolist()}
            authors = {name: int(draw.integers(1, 4)) for name in sorted(team)}
            matched = dict(authors)
            if late and publisher == "Q" and draw.random() > 0.4:
                matched = {lead: authors[lead]}
            if late and "Unmatched" in matched:
                matched["Unmatched"] = int(draw.binomial(matched["Unmatched"], 0.4))
            on = " ".join(sorted(name for name, n in matched.items() if n))
            if not any(name[0].isupper() for name in on.split()):
                continue  # not harvested
            whole = sum(matched.values()) == sum(authors.values())
            works.append(
                {
                    "on": on,
                    "year": year,
                    "publisher": publisher,
                    "field_id": str(draw.integers(11, 14)),
                    "n_authors": sum(authors.values()),
                    "affiliation_status": "complete" if whole else "partial",
                }
            )
    return works


@pytest.fixture(scope="module")
def verdicts():
    return judged(planted(), listed={"f0"})


class TestPlanted:
    @pytest.mark.parametrize("measure", ["strength", "strength_share", "pagerank"])
    @pytest.mark.parametrize(
        ("name", "verdict"), [("Rising", ROSE), ("Falling", FELL), ("Unmatched", NOT_COMPARABLE)]
    )
    def test_what_happened_is_said(self, verdicts, name, verdict, measure):
        """A true rise and fall are found; unmatched strings of one institution are no comparison."""
        found = row(verdicts, name, measure)
        assert found["verdict"] == verdict, found["reason"]

    @pytest.mark.parametrize("measure", ["strength", "strength_share", "pagerank"])
    def test_a_publishers_loss_is_no_fall(self, verdicts, measure):
        """The trap is one: by itself variant k says fell, and so do complete works alone; weighting
        undoes it.
        """
        found = row(verdicts, "Loser", measure)
        assert found["high"] < 0
        assert found["q_value"] < 0.05
        assert found["verdict_complete_coverage"] == FELL
        assert row(verdicts, "Loser", measure, "complete")["verdict"] == FELL
        weighted = row(verdicts, "Loser", measure, "reweighted")
        assert weighted["low"] < 0 < weighted["high"]
        assert found["verdict"] == UNCLEAR
        assert (
            "disappears when complete works are weighted for their publishers' coverage"
            in found["reason"]
        )

    def test_the_unmatched_one_would_have_fallen(self, verdicts):
        """This trap, too, is one, and weighting alone does not undo it: only its own partial rate
        betrays it.
        """
        found = row(verdicts, "Unmatched")
        assert found["high"] < 0
        assert row(verdicts, "Unmatched", variant="reweighted")["high"] < 0
        assert "percentage points" in found["reason"]

    @pytest.mark.parametrize("measure", ["strength", "strength_share", "pagerank"])
    def test_nobody_else_fell(self, verdicts, measure):
        """The others lost works that they had with Loser and Unmatched, and are not said to have
        fallen. (In shares they gain: what one loses, truly or not, is spread over the rest.)
        """
        assert FELL not in {row(verdicts, f"Even{i}", measure)["verdict"] for i in range(5)}

    def test_jump_is_only_the_unmatched_ones(self, verdicts):
        """Its co-authors' works became partial too, but not by enough to silence them; nor is Loser
        silenced.
        """
        silenced = {
            r["institution_id"] for r in verdicts.to_pylist() if r["verdict"] == NOT_COMPARABLE
        }
        assert silenced == {"Unmatched"}

    def test_roster_and_rows(self, verdicts):
        """Domestic institutions and the listed one, three measures, four variants; no measure
        without interval.
        """
        rows = verdicts.to_pylist()
        assert {r["institution_id"] for r in rows} == {
            "Rising",
            "Falling",
            "Loser",
            "Unmatched",
            "f0",
            *(f"Even{i}" for i in range(5)),
        }
        assert len(rows) == 10 * 3 * 4
        assert all(r["low"] is not None and r["low"] <= r["high"] for r in rows)
        assert all((r["verdict_complete_coverage"] is None) == (r["variant"] != "k") for r in rows)
        assert {r["verdict"] for r in rows if r["variant"] != "k"} <= {ROSE, FELL, UNCLEAR}

    def test_reasons_are_sentences_with_their_numbers(self, verdicts):
        """They say before, after, interval, q and whether the measure moves with the size of the
        whole.
        """
        for r in verdicts.to_pylist():
            assert r["reason"].endswith(".")
            assert "2018–2020" in r["reason"]
            assert "95% interval" in r["reason"]
            assert "q = " in r["reason"] or "q < 0.0005" in r["reason"]
            assert (
                "growth" in r["reason"]
                or "free of the size" in r["reason"]
                or "mean institution" in r["reason"]
            )
            assert "-" not in r["reason"]
        found = row(verdicts, "Falling")
        assert f"{found['before']:,.0f}" in found["reason"]

    def test_where_smaller_is_more_central_a_fall_is_a_rise(self, monkeypatch, verdicts):
        """Of the same numbers."""
        turned = dataclasses.replace(MEASURES["strength"], larger="less")
        monkeypatch.setitem(MEASURES, "strength", turned)
        again = judged(planted(), listed={"f0"})
        for name in ("Falling", "Rising"):
            before, after = (row(table, name, "strength") for table in (verdicts, again))
            assert {before["verdict"], after["verdict"]} == {ROSE, FELL}
            assert before["change"] == after["change"]
            assert "smaller is more central) went from" in after["reason"]
            assert row(again, name, "pagerank") == row(verdicts, name, "pagerank")

    def test_same_again_in_any_order(self, verdicts):
        """Row order changes nothing, to the byte."""
        works, affiliations = (shuffled(t, 3) for t in tables(planted()))
        scope, measures = asked(**SETTING)
        _, replicates = centralities(works, affiliations, scope, measures, listed=listing(["f0"]))
        assert shifts.judge(replicates, works, affiliations, scope, measures).equals(verdicts)


def unmatched_world(seed=0):
    """(works, mentions): A to F with foreign partners, a third of the works with another at home."""
    draw, works, named = np.random.default_rng(seed), [], []
    for year in (2018, 2019, 2020, 2022, 2023, 2024):
        for _ in range(400):
            team = draw.choice(list("ABCDEF"), 1 + (draw.random() < 0.35), False).tolist()
            team += draw.choice([f"f{n}" for n in range(30)], draw.integers(1, 4), False).tolist()
            lost = year >= 2022 and "A" in team and draw.random() < 0.5
            team = [name for name in team if not (lost and name == "A")]
            if not any(name.isupper() for name in team):
                continue  # not harvested
            if lost:
                named.append(f"W{len(works):06d}")
            status = "partial" if lost else "complete"
            works.append({"on": " ".join(team), "year": year, "affiliation_status": status})
    rows = [{"work_id": w, "institution_id": "A", "is_whole": True} for w in named]
    return works, pa.Table.from_pylist(rows, MENTIONS.schema)


@pytest.fixture(scope="module")
def verdict():
    works, mentions = unmatched_world()
    data = tables(works)
    scope, measures = asked(**SETTING)
    nobody = listing([])
    _, replicates = centralities(*data, scope, measures, listed=nobody, mentions=mentions)
    table = shifts.judge(replicates, *data, scope, measures, mentions=mentions)
    return lambda name, measure="strength_share": row(table, name, measure)


class TestStrings:
    """Half of one institution's strings lose their match from 2022 on, and stand on the records."""

    @pytest.mark.parametrize("measure", ["strength", "strength_share", "pagerank"])
    def test_the_loser_has_not_fallen(self, verdict, measure):
        """Half of its works are gone, a third of these by name on works of others: the rest was
        never harvested, and is made up for by weight.
        """
        found = verdict("A", measure)
        assert (found["verdict"], found["high"] < 0) == (STRINGS, True), found["reason"]
        assert "names an institution without a match" in found["reason"]

    def test_without_the_strings_it_would_have(self):
        works, _ = unmatched_world()
        assert row(judged(works), "A", "strength_share")["verdict"] in (FELL, NOT_COMPARABLE)

    def test_its_partners_are_comparable(self, verdict):
        """Their works with it are partial, and it is known who is missing; a share that grew only
        because it lost works is none that rose.
        """
        assert {verdict(name)["verdict"] for name in "BCDEF"} <= {UNCLEAR, STRINGS}


def test_what_would_overturn_a_verdict(verdicts):
    """A fall from `before` to `after` with the upper end `high` goes once tipping of the later works are
    thought to be lost; where there is no verdict there is a bound.
    """
    found = row(verdicts, "Falling", "strength")
    lost = found["after"] * found["tipping"] / (1 - found["tipping"])
    assert found["high"] + lost == pytest.approx(0, abs=1e-9)
    steady = row(verdicts, "Even1", "strength")
    assert steady["tipping"] is None
    assert steady["bound"] == max(abs(steady["low"]), abs(steady["high"])) / steady["before"]


@pytest.mark.parametrize("seed", [1, 2])
def test_pagerank_is_compared_among_the_same(seed):
    """A window with every second work left out at random: N × PageRank of the largest moves with the
    number of institutions, its multiple of the roster's mean does not.
    """
    draw = np.random.default_rng(seed)
    works = []
    for year in (2018, 2019, 2020, 2022, 2023, 2024):
        for _ in range(600):
            home = draw.choice(list("ABCDEF"), 1 + (draw.random() < 0.5), False).tolist()
            abroad = draw.zipf(1.6, 2).clip(max=400)
            if year >= 2022 or draw.random() < 0.5:
                works.append(
                    {"on": " ".join([*home, *(f"f{n}" for n in set(abroad))]), "year": year}
                )
    table = judged(works)
    for name in "ABCDEF":
        assert row(table, name, "pagerank")["verdict"] == UNCLEAR


class TestRules:
    def even(self, before, after):
        """`A b` works of each window, beside a steady `C d`."""
        works = [{"on": "C d", "year": y} for y in (2018, 2022)] * 100
        return (
            works + [{"on": "A b", "year": 2018}] * before + [{"on": "A b", "year": 2022}] * after
        )

    def test_a_vanished_institution_is_not_hidden(self):
        """60 works, then none: it fell to 0, and the reason says that its coverage there cannot be
        checked.
        """
        found = row(judged(self.even(60, 0)), "A")
        assert (found["before"], found["after"], found["verdict"]) == (60, 0, FELL)
        assert "cannot be checked" in found["reason"]

    def test_a_new_institution_rose(self):
        assert row(judged(self.even(0, 60)), "A")["verdict"] == ROSE

    def test_roster_needs_works_in_the_two_windows_together(self):
        """15 + 15 is enough for 30, 15 + 14 is not; foreign institutions only when listed."""
        assert {r["institution_id"] for r in judged(self.even(15, 15)).to_pylist()} == {"A", "C"}
        assert {r["institution_id"] for r in judged(self.even(15, 14)).to_pylist()} == {"C"}
        assert {
            r["institution_id"]
            for r in judged(self.even(15, 14), listed=["d", "b", "x"]).to_pylist()
        } == {"C", "d"}

    def test_unmeasured_or_empty_windows_are_not_compared(self):
        """A window outside the scope, or without any work, gives no rows: not a fall of everybody."""
        assert judged(self.even(60, 60), years=(2019, 2024)).num_rows == 0
        assert judged([w for w in self.even(60, 0) if w["year"] == 2018]).num_rows == 0

    @pytest.mark.parametrize(
        "works",
        [
            [],
            [{"on": "A", "year": 2018}],
            [{"on": "A b", "year": y} for y in (2018, 2022)],
            [{"on": "x y", "year": y} for y in (2018, 2022)] * 40,
        ],
    )
    def test_nobody_to_judge(self, works):
        """Empty, too small, or nobody of the roster: a valid empty table."""
        assert judged(works).equals(SHIFTS.empty())

    def test_a_jump_downwards_is_no_rise(self):
        """Strings that get matched only later bring hidden works to light: not comparable either."""
        works = [{"on": "C d", "year": y} for y in (2018, 2022)] * 200
        works += [
            {"on": "A b", "year": 2018, "affiliation_status": s}
            for s in ["partial"] * 40 + ["complete"] * 40
        ]
        works += [{"on": "A b", "year": 2022}] * 160
        found = row(judged(works), "A")
        assert found["verdict"] == NOT_COMPARABLE
        assert "fell by" in found["reason"]
        fewer = [
            w for i, w in enumerate(works) if w["on"] == "C d" or w["year"] == 2018 or i % 8 == 0
        ]
        assert row(judged(fewer), "A")["verdict"] == FELL  # better coverage cannot make a fall

    def test_others_losses_do_not_silence(self):
        """Where the others' coverage worsens and A's stays, A may still rise: its own share of
        partial works did not fall.
        """
        works = [{"on": "C d", "year": 2018}] * 200
        works += [
            {"on": "C d", "year": 2022, "affiliation_status": s} for s in ["partial", "complete"]
        ] * 100
        works += [{"on": "A b", "year": y} for y in [2018] * 100 + [2022] * 200]
        assert row(judged(works), "A")["verdict"] == ROSE

    @pytest.mark.parametrize(
        ("k", "weighted", "verdict", "said"),
        [
            ((0.2, 0.4, 0.5), (0.2, 0.4, 0.01), ROSE, "which is unclear by itself, but clear when"),
            ((0.2, 0.4, 0.01), (0.2, 0.4, 0.01), ROSE, "and it stands when"),
            ((0.2, 0.4, 0.01), (0.2, 0.4, 0.2), UNCLEAR, "this disappears"),
            ((0.2, 0.4, 0.01), (-0.1, 0.4, 0.01), UNCLEAR, "this disappears"),
            ((-0.4, -0.2, 0.01), (0.2, 0.4, 0.01), UNCLEAR, "point the other way"),
            ((-0.1, 0.3, 0.5), (-0.1, 0.3, 0.5), UNCLEAR, "does not exclude no change"),
        ],
    )
    def test_the_weighted_change_decides(self, k, weighted, verdict, said):
        """Its interval and its q; all works only have to lie on the same side. Each is (low, high,
        q) of a change in the middle.
        """

        def change(low, high, q):
            one = lambda x: np.array([float(x)])  # noqa: E731
            ends = Interval(one(low), one(high), one(0.01), one(0.01))
            return Changes(
                "strength_share",
                "k",
                (BEFORE, AFTER),
                one(0.5),
                one(0.5 + (low + high) / 2),
                ends,
                one(q),
                one(q),
            )

        found, reason = decided(
            0, {"k": change(*k), "reweighted": change(*weighted)}, None, asked()[1]
        )
        assert found == verdict
        assert said in reason

    def test_own_works_do_not_explain_themselves(self):
        """A has most of publisher Q. Were its own partial works in the fit, they would be what is
        expected of Q.
        """
        works = [
            {"on": "A b", "publisher": "Q", "year": 2022, "affiliation_status": s}
            for s in ["partial"] * 50 + ["complete"] * 50
        ]
        works += [{"on": "C d", "publisher": "Q", "year": 2022}] * 30
        works += [{"on": on, "publisher": "Q", "year": 2018} for on in ["A b"] * 100 + ["C d"] * 30]
        world = incidence(*tables(works))
        coverage = OwnCoverage(world, Completeness.of(world.works))
        jump = coverage.jump("A", (BEFORE, AFTER))
        assert jump.observed == (0, 0.5)
        assert jump.expected[1] == pytest.approx(0, abs=1e-9)
        assert jump.hides(-1.0, asked()[1])


class TestStatistics:
    @given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
    def test_benjamini_hochberg(self, p):
        """As scipy has it."""
        assert false_discovery(np.array(p)) == pytest.approx(scipy.stats.false_discovery_control(p))

    def test_p_is_the_tail_of_the_replicates_spread(self):
        """A change of four standard deviations: 2Φ(−4) where the spread is known, t's tail where it
        was estimated.
        """
        tail = 4 + scipy.stats.norm.ppf((np.arange(400) + 0.5) / 400)
        drawn, change = np.stack([tail, np.full(400, 5.0)]), np.array([4.0, 5.0])
        assert two_sided(change, drawn, np.inf) == pytest.approx(
            [2 * scipy.stats.norm.sf(4 / tail.std()), 1.0]
        )
        assert two_sided(change, drawn, 23.0) == pytest.approx(
            [2 * scipy.stats.t.sf(4 / tail.std(), 23), 1.0]
        )

    def test_a_single_true_shift_can_be_found_in_a_large_roster(self):
        """Counted p-values, at best 2/401, would give q = 0.5 for one shift among a hundred."""
        drawn = 6 + scipy.stats.norm.ppf((np.arange(400) + 0.5) / 400)[None, :]
        assert (
            false_discovery(np.array([two_sided(np.array([6.0]), drawn, 23.0)[0], *[0.5] * 99]))[0]
            < 0.001
        )

    @pytest.mark.slow
    def test_without_a_shift_p_is_uniform(self):
        """In 30 worlds where nothing changed, about one p in twenty is below 0.05."""
        found = []
        for seed in range(30):
            table = judged(
                random_works(seed, 1000, 24, (2018, 2024), 4),
                resampled=("strength_share",),
                measures=(),
                replicates=100,
            )
            found += [r["p_value"] for r in table.to_pylist() if r["variant"] == "k"]
        assert len(found) > 200
        assert 0.02 <= np.mean(np.array(found) < 0.05) <= 0.09
        assert np.mean(found) == pytest.approx(0.5, abs=0.06)

    @pytest.mark.slow
    def test_permuted_p_stands_beside(self):
        """For the share and variant k alone, where it is asked for; it sees what is planted."""
        table = judged(planted(), permutations=40)
        given_ = {
            (r["measure"], r["variant"]) for r in table.to_pylist() if r["p_permuted"] is not None
        }
        assert given_ == {("strength_share", "k")}
        assert row(table, "Falling", "strength_share")["p_permuted"] < 0.01
        assert (
            row(judged(TestRules().even(60, 60), permutations=40), "A", "strength_share")[
                "p_permuted"
            ]
            == 1
        )
        assert all(r["p_permuted"] is None for r in judged(planted()).to_pylist())

    def test_replicates_are_bounded(self):
        """Kept only for windows that are compared and institutions that may be judged, in four
        bytes a number.
        """
        works = planted(yearly=200)
        _, kept = centralities(
            *tables(works), *asked(**SETTING), listed=listing(["f0", "f1", "elsewhere"])
        )
        assert {i for i in kept.institutions if i[0].islower()} == {"f0", "f1"}
        assert {key[0] for key in kept.draws} == {BEFORE, AFTER}
        assert {d.dtype for d in kept.draws.values()} == {np.dtype(np.float32)}
        counts = kept.works[BEFORE] + kept.works[AFTER]
        assert counts.min() >= 30
        assert pa.array(kept.institutions).type == pa.string()


class TestOneWork:
    """One work of many institutions, counted fully, adds more than years of pairs."""

    WORKS = (
        [{"on": "C d", "year": y} for y in (2018, 2022)] * 150
        + [{"on": "A b", "year": y} for y in (2018, 2022)] * 60
        + [
            {
                "on": " ".join(["A", *(f"x{i:02d}" for i in range(48))]),
                "year": 2022,
                "work_id": "W999999",
            }
        ]
    )

    def left_out(self, works, measure, counting):
        scope, measures = asked(**SETTING | {"counting": counting})
        _, replicates = centralities(*tables(works), scope, measures)
        return replicates.leave_one_out[AFTER].without(measure, "A")

    @pytest.mark.parametrize("measure", ["strength", "strength_share", "pagerank"])
    def test_is_the_measure_of_the_others(self, measure):
        """Left out of the weights or never written: the same value. (PageRank: where all its
        institutions have other works, since those left without any keep their places.)
        """
        found = self.left_out(self.WORKS, measure, "full")
        assert "W999999" in found
        scope, measures = asked(**SETTING | {"counting": "full"})
        for work in (min(found),) if measure == "pagerank" else ("W999999", min(found)):
            others = [w for i, w in enumerate(self.WORKS) if w.get("work_id", f"W{i:06d}") != work]
            _, again = centralities(
                *tables([{"work_id": f"V{i:06d}"} | w for i, w in enumerate(others)]),
                scope,
                measures,
            )
            expected = again.value[AFTER, "k", measure][list(again.institutions).index("A")]
            assert found[work] == pytest.approx(expected)

    def test_the_work_that_makes_a_rise_is_named(self):
        """A rise of 48 with an interval that excludes 0, all of it one work's; C's rise of 60 is 59
        without any one work.
        """
        scope, measures = asked(**SETTING | {"counting": "full"})
        _, replicates = centralities(
            *tables(self.WORKS + [{"on": "C d", "year": 2022}] * 60), scope, measures
        )

        def change(before, after, low, high):
            before, after, low, high, small = (
                np.array([x]) for x in (before, after, low, high, 0.001)
            )
            return Changes(
                "strength",
                "k",
                (BEFORE, AFTER),
                before,
                after,
                Interval(low, high, small, small),
                small,
                small,
            )

        assert "without W999999 the change would be +0" in rests_on_one(
            "A", 0, change(60.0, 108.0, 10.0, 90.0), replicates
        )
        assert rests_on_one("C", 0, change(150.0, 210.0, 20.0, 100.0), replicates) == ""

    def test_newman_counts_no_work_for_more_than_one(self, verdicts):
        """The default: nobody's shift rests on a single work."""
        assert not [r["reason"] for r in verdicts.to_pylist() if "rests on one work" in r["reason"]]
