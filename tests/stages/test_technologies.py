"""Which works count for a technology: topic, phrase, exclusion, threshold, and nothing by chance."""

import gzip
import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coauth import openalex
from coauth.errors import QueryError
from coauth.openalex.text_match import Phrases, fold
from coauth.queries import Technology
from coauth.stages import technologies, works
from tests.support.world import rows, topic, work


def asked_for(asked, *told, **changed):
    """The shipped queries with these technologies instead, given by keyword."""
    base = {
        "id": "quanta",
        "name": "Quanta",
        "eu10": ("EU3",),
        "core_topics": ("T1",),
        "gated_topics": ("T2",),
        "phrases": ("quantum dot*",),
    }
    made = tuple(Technology(**(base | t)) for t in told or ({},))
    shipped = next(s for s in asked.technologies if s.enabled)
    return asked.model_copy(
        update={"technologies": (shipped.model_copy(update={"technology": made} | changed),)}
    )


def found(queries, *topics, title="Of nothing", abstract=None, primary=None, era="v2"):
    """(technology, basis, topic, phrase) of one work with these topics, ranked."""
    ranked = [t if isinstance(t, dict) else topic(t) for t in topics]
    chief = primary or (ranked[0] if ranked else {})
    text = {
        "work_id": "W1",
        "title": title,
        "abstract": abstract,
        "topic_ids": [t["id"].rsplit("/", 1)[-1] for t in ranked],
        "topic_scores": [t["score"] for t in ranked],
        "primary_topic_id": chief.get("id", "").rsplit("/", 1)[-1] or None,
        "topic_score": chief.get("score"),
    }
    made = technologies.assign(pa.Table.from_pylist([text], works.TEXTS), queries, era)
    return rows(made, "technology_id", "basis", "topic_id", "phrase")


CASES = {
    "a core primary topic": ((["T1"], "Of nothing"), ("topic", "T1", None)),
    "a core primary topic that says so too": (
        (["T1"], "Quantum dots"),
        ("topic", "T1", "quantum dots"),
    ),
    "a core topic of lower rank with a phrase": (
        (["T9", "T1"], "Quantum dots"),
        ("topic+phrase", "T1", "quantum dots"),
    ),
    "a core topic of lower rank alone": ((["T9", "T1"], "Of nothing"), None),
    "a gated primary topic with a phrase": (
        (["T2"], "Quantum dots"),
        ("gated+phrase", "T2", "quantum dots"),
    ),
    "a gated topic of lower rank with a phrase": (
        (["T9", "T8", "T2"], "A quantum dot"),
        ("gated+phrase", "T2", "quantum dot"),
    ),
    "a gated topic alone": ((["T2"], "Of nothing"), None),
    "a phrase alone": ((["T9"], "Quantum dots"), None),
    "a phrase and no topic": (([], "Quantum dots"), None),
    "both kinds of topic": ((["T2", "T1"], "Quantum dots"), ("topic+phrase", "T1", "quantum dots")),
}


@pytest.mark.parametrize("case", CASES)
def test_each_basis_and_the_strongest_first(asked, case):
    """A work counts once for a technology, on the strongest basis it has, or not at all."""
    (topics, title), wanted = CASES[case]
    assert found(asked_for(asked), *topics, title=title) == (
        [("quanta", *wanted)] if wanted else []
    )


@pytest.mark.parametrize(
    ("score", "basis"), [(0.5, "topic"), (0.4999, None), (None, None), (1.0, "topic")]
)
def test_a_core_topic_needs_its_score(asked, score, basis):
    """core_min_score itself is enough, less is not, and no score is less."""
    hits = found(asked_for(asked), topic("T1", score))
    assert [h[1] for h in hits] == ([basis] if basis else [])
    assert [h[1] for h in found(asked_for(asked), topic("T1", score), title="Quantum dots")] == [
        basis or "topic+phrase"
    ]


def test_an_exclusion_cancels_the_phrase_and_not_the_topic(asked):
    """An excluded word in the title takes phrases away; one in the abstract, or beside a core
    primary topic, takes nothing.
    """
    rule = asked_for(asked, {"exclusions": ("drug delivery",)})
    assert found(rule, "T2", title="Quantum dots in drug-delivery") == []
    assert found(rule, "T9", "T1", title="Drug delivery", abstract="quantum dots") == []
    assert found(rule, "T1", title="Quantum dots in drug delivery") == [
        ("quanta", "topic", "T1", None)
    ]
    assert found(rule, "T2", title="Quantum dots", abstract="not for drug delivery") == [
        ("quanta", "gated+phrase", "T2", "quantum dots")
    ]


def test_a_primary_topic_missing_from_the_topics_counts(asked):
    """The primary topic is a topic of the work even where the list lacks it."""
    assert found(asked_for(asked), primary=topic("T2"), title="Quantum dots") == [
        ("quanta", "gated+phrase", "T2", "quantum dots")
    ]


PHRASES = [
    ("quantum dot*", "Quantum-Dots at work", "quantum dots"),
    ("quantum dot*", "quantum‐dots by Wiley", "quantum dots"),
    ("quantum dot*", "quantum\u00a0dot", "quantum dot"),
    ("quantum dot*", "quantum–dots", "quantum dots"),
    ("quantum dot*", "a quantum\n dot", "quantum dot"),
    ("quantum dot*", "quantum, dots", None),
    ("quantum dot*", "a quantumdot", None),
    ("quantum dot*", "subquantum dots", None),
    ("quantum dot", "quantum dots", None),
    ("quantum dot", "(quantum dot)", "quantum dot"),
    ("nanofabricat*", "Nanofabrication", "nanofabrication"),
    ("nanofabricat*", "nano-fabrication", None),
    ("all-solid-state", "all‑solid‐state battery", "all solid state"),
    ("all-solid-state", "all solid state battery", "all solid state"),
    ("2D material*", "Growth of 2d materials", "2d materials"),
    ("2D material*", "12D materials", None),
    ("6G", "6G", "6g"),
    ("6G", "16G and 6GHz", None),
    ("C++", "in C++ or not", "c++"),
    ("a.b", "acb", None),
    ("batter*", "Bátter batterier", "batterier"),
]


@pytest.mark.parametrize(("phrase", "title", "wanted"), PHRASES)
def test_phrases_are_whole_words_in_any_spelling(asked, phrase, title, wanted):
    """Words stand whole, in either case, parted by any blank or hyphen as publishers print them; a
    star ends a word freely.
    """
    hits = found(asked_for(asked, {"phrases": (phrase,)}), "T2", title=title)
    assert [h[3] for h in hits] == ([wanted] if wanted else [])


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("Drone brood and swarming of honey bees", set()),
        ("Rocket salad under organic farming", set()),
        ("Microsatellite markers of cod", set()),
        ("Aerosol propellants of inhalers", set()),
        ("A battery of tests for memory", set()),
        ("Microreactors in chemistry", {"continuous_flow_chemistry"}),
        ("Nuclear microreactors", set()),
        ("Swarms of unmanned aerial vehicles", {"drones_swarms_cobots"}),
        ("Lithium-ion batteries", {"electric_batteries"}),
    ],
)
def test_homonyms_do_not_count(asked, title, wanted):
    """Bees, salad and DNA: a title with a technology's word in another sense does not count for it,
    whatever topics stand beside.
    """
    topics = sorted(
        {
            t
            for s in asked.technologies
            for x in s.technology
            for t in (*x.core_topics, *x.gated_topics)
        }
    )
    text = {
        "work_id": "W1",
        "title": title,
        "abstract": None,
        "topic_ids": topics,
        "topic_scores": [0.9] * len(topics),
    }
    made = technologies.assign(pa.Table.from_pylist([text], works.TEXTS), asked, "v2")
    assert set(rows(made, "technology_id")) == wanted


def test_title_is_read_before_the_abstract(asked):
    """The phrase shown is the title's where it has one; title_only says that there was no abstract
    to read.
    """
    rule = asked_for(asked, {"phrases": ("quantum dot*", "nanowire*")})
    assert found(rule, "T2", title="Nanowires", abstract="quantum dots")[0][3] == "nanowires"
    for abstract, alone in ((None, True), ("", True), ("text", False)):
        text = {
            "work_id": "W1",
            "title": "Nanowires",
            "abstract": abstract,
            "topic_ids": ["T2"],
            "topic_scores": [None],
            "primary_topic_id": None,
        }
        made = technologies.assign(pa.Table.from_pylist([text], works.TEXTS), rule, "v2")
        assert rows(made, "title_only", "score") == [(alone, None)]


@pytest.mark.parametrize(
    ("title", "abstract", "wanted"),
    [
        ("Quantum dots", None, "quantum dots"),
        ("Of nothing", "Unlike quantum dots, these are large.", None),
        ("Of nothing", "Quantum dots are small. Nanowires are long.", "quantum dots"),
        ("Of nothing", "Quantum dots, quantum dots", "quantum dots"),
        ("Of nothing", "A quantum dot laser", None),
        ("Nanowires", "No other word.", "nanowires"),
    ],
)
def test_one_mention_in_an_abstract_is_context(asked, title, abstract, wanted):
    """In a title once is enough; an abstract has to name the technology twice, and phrases that
    overlap are one mention.
    """
    rule = asked_for(asked, {"phrases": ("quantum dot*", "nanowire*", "dot laser*")})
    assert [row[3] for row in found(rule, "T2", title=title, abstract=abstract)] == (
        [wanted] if wanted else []
    )


def test_one_work_may_count_for_many_technologies(asked):
    """Technologies do not compete: a topic of two counts for both, one row each."""
    rule = asked_for(
        asked,
        {"id": "a"},
        {"id": "b", "gated_topics": ("T1",), "core_topics": ()},
        {"id": "c", "core_topics": ()},
    )
    assert found(rule, "T1", "T2", title="Quantum dots") == [
        ("a", "topic", "T1", "quantum dots"),
        ("b", "gated+phrase", "T1", "quantum dots"),
        ("c", "gated+phrase", "T2", "quantum dots"),
    ]


def test_a_technology_without_phrases_counts_by_its_core_topic_alone(asked):
    """No phrase is no match: an empty list opens no gate."""
    rule = asked_for(asked, {"phrases": ()})
    assert found(rule, "T2", title="Anything") == []
    assert found(rule, "T1") == [("quanta", "topic", "T1", None)]


def test_topics_of_another_era_are_refused(asked):
    """Ids stayed when OpenAlex replaced the assignments: a vintage of the other era is not judged
    by this set, one of no known era is.
    """
    with pytest.raises(
        QueryError, match="'aspi44' was made for topic model v2, this vintage has v1"
    ):
        technologies.Matcher(asked.technologies, "v1")
    off = tuple(s.model_copy(update={"enabled": False}) for s in asked.technologies)
    assert technologies.Matcher(off, "v1").assign(works.TEXTS.empty_table()).num_rows == 0
    assert found(asked_for(asked), "T1", era="unknown") == found(asked_for(asked), "T1", era="v2")


def test_topics_come_through_from_the_record(world):
    """From the served record to the row: basis, topic and score of the primary topic, phrase from
    the abstract.
    """
    made = world(
        work(1, 2020, [["I1"]], topics=[topic("T10275", 0.75)]),
        work(
            2,
            2020,
            [["I1"]],
            topics=["T9", "T10079"],
            abstract="we grow quantum dots here, and quantum dots there",
        ),
        work(3, 2020, [["I1"]], topics=[topic("T10275", 0.25)]),
    )
    assert rows(
        made.technologies,
        "work_id",
        "technology_id",
        "basis",
        "topic_id",
        "score",
        "phrase",
        "title_only",
    ) == [
        ("W1", "nanoscale_materials", "topic", "T10275", 0.75, None, True),
        ("W2", "nanoscale_materials", "gated+phrase", "T10079", 0.9, "quantum dots", False),
    ]


def by_pattern(phrase):
    """The referee: one regular expression per phrase, on the text as it was printed."""
    words = (re.escape(w).replace(r"\*", r"\w*") for w in re.split(r"[\s-]+", phrase))
    return re.compile(r"(?<!\w)" + r"[\s‐-―−-]+".join(words) + r"(?!\w)", re.IGNORECASE)


def test_the_automaton_finds_what_patterns_find(asked, real_records):
    """On every twelfth of the real titles and abstracts at hand, each phrase of the enabled set is
    found exactly where its own regular expression finds it.
    """
    said = sorted(
        {
            p
            for s in asked.technologies
            if s.enabled
            for t in s.technology
            for p in (*t.phrases, *t.exclusions)
        }
    )
    automaton, patterns = Phrases(said), [by_pattern(p) for p in said]
    with gzip.open(real_records / "openalex/works/full_works_613.jsonl.gz") as file:
        kept = [openalex.keep(line) for line in file]
    texts = [t for w in kept for t in (w.title, w.abstract) if t][::12]
    assert len(texts) > 75
    hits = 0
    for text in texts:
        found = {said[index] for index, _, _ in automaton.find(fold(text))}
        assert found == {
            p for p, pattern in zip(said, patterns, strict=True) if pattern.search(text)
        }, text
        hits += len(found)
    assert hits >= 4


WORDS = st.lists(st.sampled_from(["quantum", "dot", "dots", "qubit", "a", "sub"]), max_size=8)


@given(
    WORDS,
    st.lists(st.sampled_from([" ", "-", "‐", "\u00a0", ", ", "  ", "/"]), min_size=8, max_size=8),
)
def test_any_spelling_is_found_as_its_pattern_finds_it(words, between):
    """Words parted by anything a publisher prints: the automaton and the pattern agree on every
    phrase.
    """
    text = "".join(w + b for w, b in zip(words, between, strict=False))
    said = ["quantum dot", "quantum dot*", "dot quantum", "qubit*", "a"]
    assert {said[i] for i, _, _ in Phrases(said).find(fold(text))} == {
        p for p in said if by_pattern(p).search(text)
    }


def test_no_phrases_find_nothing():
    """An empty set of phrases is no automaton, and finds nothing."""
    assert [*Phrases([]).find("anything")] == []


def test_sensitivity_is_what_another_threshold_would_have_given(asked):
    """Counts per area at each threshold equal those of a set written with that core_min_score,
    classified again.
    """
    texts = [
        {
            "work_id": f"W{n}",
            "title": title,
            "topic_ids": [t],
            "topic_scores": [score],
            "primary_topic_id": t,
            "topic_score": score,
        }
        for n, (t, score, title) in enumerate(
            (t, s, title)
            for t in ("T1", "T2", "T9")
            for s in (0.2, 0.3, 0.6, 0.7, 0.95, None)
            for title in ("Quantum dots", "Of nothing")
        )
    ]
    table = pa.Table.from_pylist(texts, works.TEXTS)
    counted = table.append_column("included", pa.array([n != 4 for n in range(len(texts))]))
    made = technologies.sensitivity(
        counted, technologies.assign(table, asked_for(asked), "v2"), asked_for(asked)
    )
    of_area = made.set_index("area_id").loc["EU3"]
    for threshold in technologies.THRESHOLDS:
        again = technologies.assign(table, asked_for(asked, core_min_score=threshold), "v2")
        assert of_area[threshold] == len(set(rows(again, "work_id")) - {"W4"})
    assert of_area.to_list() == [
        15,
        14,
        13,
        12,
    ]  # 11 by phrase; of the other four by topic, one fewer at each
    assert made["area_id"].to_list() == [f"EU{n}" for n in range(1, 11)]


def test_batches_and_order_do_not_matter(asked, real_records):
    """Real works classified in one table, in batches of seven or in reverse give the same rows; a
    batch that is a slice of a larger one too.
    """
    with gzip.open(real_records / "openalex/works/full_works_613.jsonl.gz") as file:
        kept = [w for w in (openalex.keep(line) for line in file) if w.topics]
    texts = pa.Table.from_pylist(
        [
            {
                "work_id": w.id.rpartition("/")[2],
                "title": w.title,
                "abstract": w.abstract,
                "topic_ids": [t.id.rpartition("/")[2] for t in w.topics],
                "topic_scores": [t.score for t in w.topics],
                "primary_topic_id": w.primary_topic.id.rpartition("/")[2],
                "topic_score": w.primary_topic.score,
            }
            for w in {w.id: w for w in kept}.values()
        ],
        works.TEXTS,
    )
    matcher = technologies.Matcher(asked.technologies, "unknown")
    whole = matcher.assign(texts)
    assert whole.num_rows > 20
    parts = [matcher.assign(texts.slice(n, 7)) for n in range(0, len(texts), 7)]
    assert technologies.TECHNOLOGIES.check(pa.concat_tables(parts)).equals(whole)
    assert matcher.assign(texts.take(list(range(len(texts)))[::-1])).equals(whole)
    assert matcher.assign(pa.concat_tables([texts.slice(0, 50), texts.slice(50)])).equals(whole)
