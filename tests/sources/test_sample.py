"""The synthetic world: marked, the same everywhere, and with the planted effects really in its
records.

Counts here are made from the served records alone, by other code than the world's own, and held
against `truth`.
"""

import collections
import dataclasses
import datetime
import hashlib
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from coauth import openalex
from coauth.sources import sample

YEARS = range(2011, 2025)
ROOT_KEYS = set(openalex.SELECT)


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a reader of one record can know."""

    id: str
    year: int
    doi: str | None
    title: str
    type: str
    publisher: str | None
    authors: int
    with_institution: int
    strings_only: frozenset[str]
    """Authors' strings where no institution was matched."""
    institutions: frozenset[str]
    countries: frozenset[str]
    lineage: frozenset[str]

    @property
    def complete(self):
        return self.with_institution == self.authors


@dataclasses.dataclass(frozen=True)
class World:
    truth: dict
    seen: tuple[Seen, ...]
    """Every record, in the order served."""
    digest: str
    faults: collections.Counter
    types: collections.Counter
    gaps: collections.Counter
    fields: set
    orders_ok: bool

    @property
    def originals(self):
        copies = {copy for pairs in self.truth["duplicates"].values() for _, copy in pairs}
        return [s for s in self.seen if s.id not in copies]


def without_ancestors(institutions):
    """One author's institutions, the parent beside its child left out."""
    above = {a for i in institutions for a in i["lineage"] if a != i["id"]}
    return [i for i in institutions if i["id"] not in above]


def look(record):
    institutions = [i for a in record["authorships"] for i in a["institutions"]]
    own = [i for a in record["authorships"] for i in without_ancestors(a["institutions"])]
    source = record["primary_location"]["source"] or {}
    return Seen(
        id=record["id"],
        year=record["publication_year"],
        doi=record.get("doi"),
        title=record["title"],
        type=record["type"],
        publisher=source.get("host_organization_name"),
        authors=len(record["authorships"]),
        with_institution=sum(bool(a["institutions"]) for a in record["authorships"]),
        strings_only=frozenset(
            s
            for a in record["authorships"]
            if not a["institutions"]
            for s in a["raw_affiliation_strings"]
        ),
        institutions=frozenset(i["id"] for i in own),
        countries=frozenset(i["country_code"] for i in institutions),
        lineage=frozenset(line for i in institutions for line in i["lineage"]),
    )


def faults_of(record):
    """What would be wrong with a record of this world; each rule has a name."""
    authorships = record["authorships"]
    institutions = [i for a in authorships for i in a["institutions"]]
    people = [a["author"] for a in authorships]
    if set(record) - ROOT_KEYS:
        yield "key that is not selected"
    if not record["title"].startswith(f"{sample.MARK} "):
        yield "title unmarked"
    if not all(i["display_name"].endswith(" [sample]") for i in institutions):
        yield "institution unmarked"
    if not all(re.fullmatch(r"Sample Person \d{6}", p["display_name"]) for p in people):
        yield "person unmarked"
    if not all(p["id"] is None or p["id"].startswith("https://openalex.org/A99") for p in people):
        yield "author id outside the reserved range"
    if not all(
        p["orcid"] is None or p["orcid"].startswith("https://orcid.org/0000-0099-") for p in people
    ):
        yield "an ORCID that somebody could hold"
    if not any(i["country_code"] == "DK" for i in institutions):
        yield "outside a Danish harvest"
    if any(
        [i["id"] for i in a["institutions"]] != sorted(i["id"] for i in a["institutions"])
        for a in authorships
    ):
        yield "institutions not sorted by id"
    if any(
        i["id"] not in i["lineage"] or i["lineage"] != sorted(i["lineage"]) for i in institutions
    ):
        yield "lineage"
    if any(
        {i["id"] for i in a["institutions"]}
        != {x for f in a["affiliations"] for x in f["institution_ids"]}
        for a in authorships
    ):
        yield "affiliations and institutions differ"
    if record["institutions_distinct_count"] != len({i["id"] for i in institutions}):
        yield "institutions_distinct_count"
    if len({p["display_name"] for p in people}) != len(people):
        yield "the same person twice on a work"
    if not record["publication_date"].startswith(str(record["publication_year"])):
        yield "date outside the year"
    if (
        record["updated_date"][:10] > sample.AS_OF.isoformat()
        or record["created_date"][:10] > record["updated_date"][:10]
    ):
        yield "updated after the day of reading"
    if any(not 0 < t["score"] <= 1 for t in record.get("topics", ())):
        yield "topic score"


def gaps_of(record):
    """What a record leaves open, and its oddities of date and status."""
    yield from (f"no {key}" for key in ROOT_KEYS - set(record))
    yield from (f"null {key}" for key, value in record.items() if value is None)
    if record["publication_date"].endswith("-01-01"):
        yield "first of January"
    if record["is_retracted"]:
        yield "retracted"
    if record["primary_location"]["source"] is None:
        yield "null source"
    if any(a["author"]["id"] is None for a in record["authorships"]):
        yield "null author id"
    if any(a["countries"] and not a["institutions"] for a in record["authorships"]):
        yield "country without institution"


@pytest.fixture(scope="module")
def world():
    digest, seen, faults, types = hashlib.sha256(), [], collections.Counter(), collections.Counter()
    gaps, fields, keys = collections.Counter(), set(), []
    for record in sample.records(1):
        text = json.dumps(record)
        digest.update(text.encode())
        read = json.loads(text)
        faults.update(["changed by JSON"] if read != record else [])
        seen.append(look(read))
        faults.update(faults_of(read))
        types[read["type"]] += 1
        gaps.update(gaps_of(read))
        fields.update([read["primary_topic"]["field"]["id"]] if read["primary_topic"] else [])
        keys.append((read["publication_date"], read["id"]))
    ordered = all(a < b for a, b in itertools.pairwise(keys))
    return World(
        sample.truth(1), tuple(seen), digest.hexdigest(), faults, types, gaps, fields, ordered
    )


def by_year(chosen):
    counts = collections.Counter(s.year for s in chosen)
    return {str(year): counts[year] for year in YEARS}


def share(world, chosen, first, last):
    """Part of the collaborative records of a window."""
    whole = sum(len(s.institutions) > 1 and first <= s.year <= last for s in world.originals)
    return sum(first <= s.year <= last for s in chosen) / whole


def collaborative(world, institution):
    return [s for s in world.originals if institution in s.institutions and len(s.institutions) > 1]


def change_when_weighted(world, institution):
    """Share of the later window over that of the earlier, complete works weighted by 1/P(complete |
    publisher, year).

    Works by one author lose nothing in this world and are a class of their own.
    """
    cell = lambda s: (s.publisher, s.year, s.authors > 1)  # noqa: E731
    works, complete = (
        collections.Counter(cell(s) for s in world.originals),
        collections.Counter(cell(s) for s in world.originals if s.complete),
    )
    shares = []
    for first, last in ((2018, 2020), (2022, 2024)):
        weights = {
            s: works[cell(s)] / complete[cell(s)]
            for s in world.originals
            if s.complete and first <= s.year <= last and len(s.institutions) > 1
        }
        shares.append(
            sum(w for s, w in weights.items() if institution in s.institutions)
            / sum(weights.values())
        )
    return shares[1] / shares[0]


def change_when_counted(world, institution):
    chosen = collaborative(world, institution)
    return share(world, chosen, 2022, 2024) / share(world, chosen, 2018, 2020)


def test_every_record_is_marked_and_well_formed(world):
    assert dict(world.faults) == {}


def test_records_come_in_order_of_date_and_id(world):
    assert world.orders_ok
    assert len({s.id for s in world.seen}) == len(world.seen)


def test_same_seed_same_bytes_whatever_the_hash_seed(world):
    """Made again by another process, in which sets and strings hash differently."""
    program = (
        "import hashlib, json; from coauth.sources import sample; h = hashlib.sha256()\n"
        "for r in sample.records(1): h.update(json.dumps(r).encode())\n"
        "print(h.hexdigest(), hashlib.sha256(json.dumps(sample.truth(1)).encode()).hexdigest())"
    )
    root = str(pathlib.Path(openalex.__file__).parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": path}
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    truth = hashlib.sha256(json.dumps(world.truth).encode()).hexdigest()
    assert run.stdout.split() == [world.digest, truth]


def test_another_seed_is_another_world_of_the_same_shape():
    other = sample.truth(2)
    first = next(sample.records(2))
    assert first != next(sample.records(1))
    assert other["works"] == sample.truth(1)["works"]
    assert (
        other["effects"]["rise"]["true_works"] == sample.truth(1)["effects"]["rise"]["true_works"]
    )


def test_truth_is_json(world):
    assert json.loads(json.dumps(world.truth)) == world.truth


def test_truth_counts_what_the_records_show(world):
    truth = world.truth
    assert by_year(world.seen) == truth["records"]
    assert by_year(world.originals) == truth["works"]
    assert (
        by_year(s for s in world.originals if len(s.institutions) > 1)
        == truth["visible_collaborative_works"]
    )
    for role in ("rise", "loss", "unmatched", "control"):
        effect = truth["effects"][role]
        assert by_year(collaborative(world, effect["institution"])) == effect["visible_works"]
    seven = set(truth["effects"]["miit"]["institutions"])
    assert (
        by_year(s for s in world.originals if seven & s.lineage)
        == truth["effects"]["miit"]["visible_works"]
    )


def test_yearly_numbers_follow_denmark(world):
    works, foreign = world.truth["works"], world.truth["international_works"]
    assert 19_000 < len(world.seen) < 21_500
    assert works["2011"] == round(0.038 * 25_412)
    assert works["2023"] == round(0.038 * 43_568)
    assert foreign["2011"] == round(0.038 * 11_264)
    assert foreign["2023"] == round(0.038 * 29_635)


@pytest.mark.parametrize(
    ("country", "year", "real"),
    [
        ("US", 2023, 9192),
        ("SE", 2011, 1473),
        ("RU", 2021, 740),
        ("RU", 2023, 452),
        ("IR", 2021, 762),
        ("IR", 2023, 556),
    ],
)
def test_partner_countries_follow_denmark(world, country, year, real):
    assert world.truth["partner_works"][country][str(year)] == pytest.approx(0.038 * real, abs=1)


def test_china_is_its_share_and_the_planted_works_on_top(world):
    for year, real in ((2011, 505), (2021, 3235), (2023, 3742)):
        planted = world.truth["effects"]["miit"]["true_works"][str(year)]
        assert world.truth["partner_works"]["CN"][str(year)] == pytest.approx(
            0.038 * real + planted, abs=1
        )


def test_background_coverage_falls_as_planned(world):
    background = world.truth["coverage"]["background_complete"]
    for first, last, planned in ((2011, 2021, 0.88), (2022, 2023, 0.84), (2024, 2024, 0.70)):
        years = [background[str(year)] for year in range(first, last + 1)]
        assert sum(years) / len(years) == pytest.approx(planned, abs=0.03)


def test_coverage_depends_on_publisher_and_year_only(world):
    """Within a publisher and period, works of the planted institutions are complete as often as
    others.
    """
    loss = world.truth["effects"]["loss"]["institution"]
    unmatched = world.truth["effects"]["unmatched"]["institution"]
    publisher = world.truth["coverage"]["loss_publisher"]
    teams = [
        s for s in world.originals if s.publisher == publisher and s.year < 2022 and s.authors > 1
    ]
    own = [s.complete for s in teams if loss in s.institutions]
    others = [s.complete for s in teams if not {loss, unmatched} & s.institutions]
    assert sum(own) / len(own) == pytest.approx(sum(others) / len(others), abs=0.05)


def test_the_seven_rise_and_fall(world):
    works = world.truth["effects"]["miit"]["true_works"]
    assert (works["2011"], works["2020"], works["2021"], works["2024"]) == (12, 130, 130, 55)
    visible = world.truth["effects"]["miit"]["visible_works"]
    assert all(0.78 < visible[str(y)] / works[str(y)] <= 1 for y in YEARS)
    each = collections.Counter(
        i
        for s in world.originals
        for i in s.lineage & set(world.truth["effects"]["miit"]["institutions"])
    )
    assert len(each) == 7
    assert min(each.values()) > 30
    assert world.truth["effects"]["miit"]["works_through_children_only"] > 5


def test_lookalikes_are_there_and_outside_the_lineage_of_the_seven(world):
    lookalikes = set(world.truth["lookalikes"])
    met = collections.Counter(i for s in world.seen for i in s.institutions & lookalikes)
    assert len(lookalikes) == 19
    assert set(met) == lookalikes
    assert not lookalikes & set(world.truth["effects"]["miit"]["institutions"])


def test_true_rise_triples_and_stands_when_weighted(world):
    effect = world.truth["effects"]["rise"]
    works = effect["true_works"]
    assert [works[str(y)] for y in (2018, 2019, 2020)] == pytest.approx([35, 35, 35], abs=4)
    assert [works[str(y)] for y in (2022, 2023, 2024)] == pytest.approx([110, 110, 110], abs=5)
    assert effect["true_multiplier"] == pytest.approx(2.9, abs=0.15)
    expected = effect["true_multiplier"] * world.truth["weighting_raises_others_by"]
    assert change_when_weighted(world, effect["institution"]) == pytest.approx(expected, rel=0.15)


def test_publisher_loss_is_a_false_fall_that_weighting_repairs(world):
    effect = world.truth["effects"]["loss"]
    assert effect["true_multiplier"] == pytest.approx(1.0, abs=0.02)
    works, visible = effect["true_works"], effect["visible_works"]
    assert sum(works[str(y)] for y in range(2018, 2025)) / 7 == pytest.approx(110, abs=4)
    assert sum(visible[str(y)] for y in (2022, 2023, 2024)) < 0.6 * sum(
        visible[str(y)] for y in (2018, 2019, 2020)
    )
    assert change_when_counted(world, effect["institution"]) < 0.70
    expected = world.truth["weighting_raises_others_by"]
    assert change_when_weighted(world, effect["institution"]) == pytest.approx(expected, abs=0.15)


def test_publisher_loss_sits_with_its_publisher(world):
    effect, publisher = world.truth["effects"]["loss"], world.truth["coverage"]["loss_publisher"]
    own = collaborative(world, effect["institution"])
    early = [s for s in own if s.year < 2022]
    assert sum(s.publisher == publisher for s in early) / len(early) == pytest.approx(
        0.85, abs=0.02
    )
    everywhere = sum(s.publisher == publisher for s in world.originals) / len(world.originals)
    assert everywhere == pytest.approx(0.15, abs=0.01)
    complete = world.truth["coverage"]["loss_publisher_complete"]
    assert sum(complete[str(y)] for y in (2022, 2023, 2024)) / 3 == pytest.approx(0.40, abs=0.05)
    cut = [
        s
        for s in world.originals
        if s.publisher == publisher and s.year >= 2022 and not s.complete and s.authors > 1
    ]
    unmatched = world.truth["effects"]["unmatched"]["institution"]
    one = [s.with_institution == 1 for s in cut if unmatched not in s.institutions]
    assert (
        sum(one) / len(one) > 0.95
    )  # the rest: strings of the Unmatched Strings Institute, none of it left


def test_unmatched_strings_cannot_be_repaired_by_weighting(world):
    effect = world.truth["effects"]["unmatched"]
    assert effect["true_multiplier"] == pytest.approx(1.0, abs=0.02)
    partial = {
        first: sum(effect["partial_works"][str(y)] for y in range(first, first + 3))
        / sum(effect["visible_works"][str(y)] for y in range(first, first + 3))
        for first in (2018, 2022)
    }
    assert partial[2018] < 0.18
    assert partial[2022] > 0.80
    assert change_when_weighted(world, effect["institution"]) < 0.5
    name = effect["name"]
    lost = [s for s in world.originals if any(name in text for text in s.strings_only)]
    assert sum(s.year >= 2022 for s in lost) > 200
    assert sum(s.year < 2022 for s in lost) < 100  # the background's few unmatched strings


def test_control_does_not_move(world):
    effect = world.truth["effects"]["control"]
    assert effect["true_multiplier"] == pytest.approx(1.0, abs=0.03)
    assert change_when_counted(world, effect["institution"]) == pytest.approx(1.0, abs=0.12)
    expected = world.truth["weighting_raises_others_by"]
    assert change_when_weighted(world, effect["institution"]) == pytest.approx(expected, abs=0.15)


def test_the_losses_lean_little_on_the_others(world):
    assert 1.0 < world.truth["weighting_raises_others_by"] < 1.10


def test_effects_do_not_meet(world):
    planted = {
        world.truth["effects"][role]["institution"]
        for role in ("rise", "loss", "unmatched", "control")
    }
    seven = set(world.truth["effects"]["miit"]["institutions"])
    for s in world.seen:
        assert len(planted & s.institutions) <= 1
        assert not (planted & s.institutions and seven & s.lineage)


def test_hyper_authored_tail(world):
    long = [s for s in world.originals if s.authors > 101]
    assert len(long) / len(world.originals) == pytest.approx(0.0025, abs=0.0007)
    assert max(s.authors for s in world.seen) == 3000
    assert sum(s.authors == 100 for s in world.seen) >= 5
    assert sum(s.authors == 101 for s in world.seen) >= 5
    for consortium in world.truth["consortia"].values():
        assert len(consortium["works"]) >= 10
        assert 60 <= min(consortium["institutions"]) <= max(consortium["institutions"]) <= 300


def test_duplicates_of_both_kinds(world):
    by_id = {s.id: s for s in world.seen}
    same_doi = world.truth["duplicates"]["same_doi"]
    preprints = world.truth["duplicates"]["preprint_and_article"]
    assert 0.01 < (len(same_doi) + len(preprints)) / len(world.seen) < 0.02
    for original, copy in same_doi:
        assert by_id[original].doi == by_id[copy].doi or None in (
            by_id[original].doi,
            by_id[copy].doi,
        )
    for original, copy in preprints:
        a, b = by_id[original], by_id[copy]
        assert (a.title, a.authors, a.institutions) == (b.title, b.authors, b.institutions)
        assert a.year - b.year in (0, 1)
        assert b.type == "preprint"
        assert a.doi != b.doi or a.doi is None
    titles = collections.Counter(s.title for s in world.originals)
    assert max(titles.values()) == 1


def test_kinds_of_work(world):
    total = sum(world.types.values())
    assert world.types["article"] / total > 0.7
    outside = world.types["dataset"] + world.types["paratext"] + world.types["erratum"]
    assert outside / total == pytest.approx(0.01, abs=0.003)
    planted = {
        world.truth["effects"][role]["institution"]
        for role in ("rise", "loss", "unmatched", "control")
    }
    assert not [
        s
        for s in world.seen
        if s.type in ("dataset", "paratext", "erratum") and planted & s.institutions
    ]


def test_predecessors_end_where_their_successor_begins(world):
    years = collections.defaultdict(set)
    for s in world.originals:
        for institution in s.institutions:
            years[institution].add(s.year)
    for old, new in world.truth["successors"].items():
        assert max(years[old]) == 2018
        assert min(years[new]) == 2019


def test_gaps_and_nulls_are_served(world):
    gaps, total = world.gaps, len(world.seen)
    assert {gap.removeprefix("no ") for gap in gaps if gap.startswith("no ")} == {
        "doi",
        "language",
        "is_paratext",
        "citation_normalized_percentile",
        "countries_distinct_count",
        "topics",
    }
    assert gaps["null primary_topic"] / total == pytest.approx(0.08, abs=0.01)
    assert gaps["null abstract_inverted_index"] / total == pytest.approx(0.30, abs=0.02)
    assert gaps["first of January"] / total == pytest.approx(0.12, abs=0.02)
    assert gaps["retracted"] / total == pytest.approx(0.003, abs=0.0015)
    for gap, least in (
        ("null doi", 500),
        ("null language", 300),
        ("null source", 50),
        ("null author id", 100),
        ("country without institution", 300),
    ):
        assert gaps[gap] > least


def test_all_26_fields_and_the_technologies(world):
    assert len(world.fields) == 26
    assert world.truth["technology_works"]["core_primary_topic"] > 1000
    assert world.truth["technology_works"]["gated_with_phrase"] > 200


def test_masking_has_something_to_mask_and_leaves_no_person():
    personal = re.compile(r"Person|sample\.invalid|0000-0099|openalex\.org/A99")
    served = kept = 0
    for record in itertools.islice(sample.records(1), 3000):
        text = json.dumps(record).encode()
        served += bool(re.search(rb"sample\.invalid", text)) + bool(
            re.search(rb"ORCID 0000-0099", text)
        )
        work = openalex.keep(text)
        assert work.damage is None
        assert work.title.startswith(sample.MARK)
        kept += bool(personal.search(repr(work)))
    assert served > 100
    assert kept == 0


def test_day_of_reading():
    assert datetime.date(2026, 10, 15) == sample.AS_OF
