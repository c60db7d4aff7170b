"""What counts once, and what only looks as if it were twice."""

import itertools
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coauth.errors import QueryError
from coauth.queries import RollUp, Successor
from tests.support.world import ror, rows, work

TITLE = "The growth of crystals under a magnetic field of changing strength"
AUTHORS = [["I1"], ["I10"]]


def version(number, year=2020, kind="article", **told):
    return work(number, year, told.pop("authors", AUTHORS), type=kind, **{"title": TITLE} | told)


def excluded(made):
    return {w: why for w, why in rows(made.works, "work_id", "exclusion_reason") if why}


def test_a_work_alone_counts(world):
    """Nothing is excluded without a reason, and included says the same."""
    made = world(work(1, 2020, AUTHORS), work(2, 2020, AUTHORS))
    assert excluded(made) == {}
    assert rows(made.works, "included") == [True, True]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"is_retracted": True}, "retracted"),
        ({"is_paratext": True}, "paratext"),
        ({"is_retracted": True, "is_paratext": True}, "retracted"),
    ],
)
def test_retracted_works_and_paratext_are_rows_that_count_nowhere(world, told, reason):
    """The row stays with its reason; edges, memberships, coverage and institutions' works do
    without it.
    """
    made = world(work(1, 2020, AUTHORS, **told))
    assert rows(made.works, "included", "exclusion_reason", "n_institutions") == [
        (False, reason, 2)
    ]
    assert made.edges.num_rows == made.memberships.num_rows == made.coverage.num_rows == 0
    assert rows(made.institutions, "works") == [0, 0]


def test_a_retracted_doi_is_retracted_under_every_id(world):
    """OpenAlex marks the retraction on one of two records of a DOI: neither counts; works without
    DOI are nobody's copies.
    """
    made = world(
        version(1, doi="10.5/a", is_retracted=True),
        version(2, doi="10.5/a", title="Other"),
        version(3, title="No", doi=None),
        version(4, title="Of another kind", doi=None, is_retracted=True),
    )
    assert excluded(made) == {"W1": "retracted", "W2": "retracted", "W4": "retracted"}


def test_one_doi_is_one_work(world):
    """Of two ids with one DOI the version of record counts, whatever title, year and authors say;
    DOIs compare without case or resolver.
    """
    made = world(
        version(1, kind="preprint", doi="https://doi.org/10.5/ABC"),
        version(2, year=2023, title="Other", authors=[["I2"]], doi="https://dx.doi.org/10.5/abc"),
        version(3, doi="10.5/abd"),
    )
    assert excluded(made) == {"W1": "duplicate: same DOI"}


def test_of_equals_the_smaller_number_counts(world):
    """Ids compare as numbers: W9 before W10, and W999 before W1000."""
    made = world(*(version(n, doi="https://doi.org/10.5/x") for n in (10, 9, 100)))
    assert excluded(made) == {"W10": "duplicate: same DOI", "W100": "duplicate: same DOI"}


@pytest.mark.parametrize(
    ("years", "gone"),
    [
        ((2020, 2020), True),
        ((2020, 2019), True),
        ((2020, 2021), True),
        ((2020, 2018), False),
        ((2020, 2022), False),
    ],
)
def test_a_preprint_within_a_year_of_its_article_is_the_same_work(world, years, gone):
    """Equal title, authors and institutions, one a preprint, at most one year apart: the article
    counts.
    """
    made = world(version(5, years[0]), version(1, years[1], "preprint"))
    assert excluded(made) == ({"W1": "duplicate: same title"} if gone else {})


@pytest.mark.parametrize(
    "told",
    [
        {"title": TITLE + " again"},
        {"authors": [*AUTHORS, ["I10"]]},
        {"authors": [["I2"], ["I11"]]},
        {"authors": [["I1"], ["I11", "I20"]]},
    ],
    ids=["title", "number of authors", "no institution in common", "three institutions"],
)
def test_a_preprint_that_differs_is_another_work(world, told):
    """Another title or number of authors, no institution in common or more than two that only one
    of them has, keep both.
    """
    assert excluded(world(version(1), version(2, kind="preprint", **told))) == {}


@pytest.mark.parametrize(
    "authors",
    [
        [["I1"], ["I11"]],
        [["I1"], []],
        [["I1", "I20"], ["I10", "I21"]],
        [["I1"], ["I10", "I11"]],
        [["I10"], ["I10", "I2"]],
    ],
    ids=["another", "one fewer", "two more", "one more", "one more and one fewer"],
)
def test_versions_may_differ_in_two_institutions(world, authors):
    """An address is added, lost or matched anew on the way to the journal: a preprint is the same
    work, whichever has more.
    """
    gone = {"W2": "duplicate: same title"}
    assert excluded(world(version(1), version(2, kind="preprint", authors=authors))) == gone
    assert excluded(world(version(1, authors=authors), version(2, kind="preprint"))) == gone


def test_two_works_that_are_no_preprints_must_agree_in_every_institution(world):
    """Without a DOI, a report of two houses and one of three are two reports; so are those of two
    years.
    """
    other = [["I1"], ["I10", "I11"]]
    assert excluded(world(version(1), version(2, doi=None, authors=other))) == {}
    assert (
        excluded(world(version(1, 2020, "report", doi=None), version(2, 2021, "report", doi=None)))
        == {}
    )
    assert excluded(
        world(version(1, 2020, "report", doi=None), version(2, 2020, "report", doi=None))
    ) == {"W2": "duplicate: same title"}
    assert excluded(world(version(1, 2020), version(2, 2021, doi=None))) == {
        "W2": "duplicate: same title"
    }


SERVERS = [
    "10.2139/ssrn.4571207",
    "10.21203/rs.3.rs-2038137/v1",
    "10.20944/preprints202001.0001.v1",
    "10.48550/arXiv.2309.16183",
    "10.1101/452326",
    "10.1101/2021.08.30.457783",
    "10.64898/2026.02.16.706214",
    "10.26434/chemrxiv-2022-3kptj",
    "10.31234/osf.io/abcde",
    "10.31219/osf.io/abcde",
    "10.31235/osf.io/abcde_v1",
    "10.36227/techrxiv.12345678",
    "10.22541/essoar.170196744.48068128/v1",
    "10.33774/coe-2023-18rcn",
    "10.5194/egusphere-2023-1826",
    "10.14293/PR2199.004125.v1",
    "10.14293/S2199-1006.1.SOR-.PPI1TYM.v1",
    "10.12688/verixiv.54.1",
    "10.1002/essoar.10504584.1",
    "10.7287/peerj.preprints.3159v2",
]
JOURNALS = [
    "10.1101/gr.238121.118",
    "10.1101/sqb.2009.74.050",
    "10.1101/gad.12345",
    "10.1101/cshperspect.a012345",
    "10.1101/45232",
    "10.1101/4523267",
    "10.1101/202.08.30.457783",
    "10.5281/zenodo.10552937",
    "10.32388/r9ec9f",
    "10.5194/egusphere-egu24-11604",
    "10.5194/acp-20-123-2020",
    "10.14293/S2199-1006.1.SOR-LIFE.AAC0E6.v2",
    "10.12688/f1000research.1.1",
    "10.1002/adma.202000001",
    "10.2139x/ssrn.1",
    "110.2139/ssrn.1",
    "10.1590/s0102-311x2020",
    "10.21390/a",
    None,
]


@pytest.mark.parametrize("doi", SERVERS)
def test_the_doi_of_a_preprint_server_marks_a_preprint(world, doi):
    """Typed article or not, older id or not: the journal's counts, and `type` stays as OpenAlex has
    it.
    """
    made = world(version(1, doi=f"https://doi.org/{doi}"), version(2, 2021))
    assert excluded(made) == {"W1": "duplicate: same title"}
    assert rows(made.works, "type", "is_preprint") == [("article", True), ("article", False)]


def test_other_dois_mark_none(world):
    """Journals of the same registrants, abstracts, deposits and registrants that only begin alike."""
    made = world(
        *(
            version(n, doi=doi and f"https://doi.org/{doi}", title=f"{TITLE} {n}")
            for n, doi in enumerate(JOURNALS, 1)
        )
    )
    assert not any(rows(made.works, "is_preprint"))
    assert rows(world(version(1, kind="preprint", doi=None)).works, "is_preprint") == [True]


def test_a_scope_without_servers_goes_by_type(world):
    """An analyst may empty the list, or name a server of their own."""
    both = version(1, doi="10.2139/ssrn.1"), version(2, doi="10.5/own.12")
    assert excluded(world(*both, scope={"preprint_dois": ()})) == {}
    assert excluded(world(*both, scope={"preprint_dois": ("10.5/own.##",)})) == {
        "W2": "duplicate: same title"
    }


def test_what_shares_a_title_and_no_more(world):
    """Editorials, replies, reviews of one book, parts of a conference and reports of a house: none
    is another's version.
    """
    made = world(
        version(
            1,
            2020,
            "article",
            title="Time to treat the crisis as one emergency",
            authors=[["I1"], ["I10"]],
        ),
        version(
            2,
            2020,
            "article",
            title="Time to treat the crisis as one emergency",
            authors=[["I1"], ["I10"]],
        ),
        version(
            3,
            2020,
            title="Reply to the comments on our earlier paper",
            authors=[["I1"]],
            doi="10.2139/ssrn.3",
        ),
        version(4, 2020, title="Reply to the comments on our earlier paper", authors=[["I2"]]),
        version(5, 2020, "review", title="A history of the northern fjords", authors=[["I1"]]),
        version(6, 2020, "review", title="A history of the northern fjords", authors=[["I1"]]),
        version(7, 2020, "book", title="Proceedings of the northern conference, part I"),
        version(8, 2020, "book", title="Proceedings of the northern conference, part II", doi=None),
        version(
            9,
            2020,
            "report",
            title="Annual report of the northern institute",
            authors=[["I1"]],
            doi=None,
        ),
        version(
            10,
            2021,
            "report",
            title="Annual report of the northern institute",
            authors=[["I1"]],
            doi=None,
        ),
        version(
            11,
            2021,
            "report",
            title="Annual report of the northern institute",
            authors=[["I1", "I2"]],
            doi=None,
        ),
    )
    assert excluded(made) == {}


def test_titles_compare_by_letters_and_digits(world):
    """Case, blanks, hyphens and punctuation make no other title."""
    other = TITLE.upper().replace(" ", "  ").replace("MAGNETIC", "MAGNETIC-") + "."
    assert excluded(world(version(1), version(2, kind="preprint", title=other))) == {
        "W2": "duplicate: same title"
    }


def test_book_reviews_of_one_title_are_kept(world):
    """Two journal texts of one title with DOIs of their own are two works, even by the same author
    in the same year.
    """
    made = world(
        *(
            version(n, kind=k, authors=[["I1"]])
            for n, k in ((1, "review"), (2, "review"), (3, "article"), (4, "book"))
        )
    )
    assert excluded(made) == {}


def test_a_record_without_doi_is_the_weaker_of_two(world):
    """The same text once with and once without a DOI counts once, by type and then by number."""
    assert excluded(world(version(1, doi=None), version(2))) == {"W2": "duplicate: same title"}
    assert excluded(world(version(2, doi=None, kind="report"), version(3))) == {
        "W2": "duplicate: same title"
    }


def test_short_titles_tell_nothing(world):
    """ "Introduction" and no title at all are never the same work."""
    for title in ("Introduction", "", None, "Nineteen letters on", "— — — — — — — — — — — — — —"):
        assert (
            excluded(world(version(1, title=title), version(2, kind="preprint", title=title))) == {}
        )
    title = "Exactly twenty letter"
    assert len(title.replace(" ", "")) == 19
    assert excluded(
        world(version(1, title=title + "s"), version(2, kind="preprint", title=title + "s"))
    ) == {"W2": "duplicate: same title"}


def test_an_excluded_version_excludes_no_other(world):
    """A retracted article does not hide its preprint, and of three versions two go, each with its
    own reason.
    """
    assert excluded(world(version(1, is_retracted=True), version(2, kind="preprint"))) == {
        "W1": "retracted"
    }
    made = world(
        version(1, doi="10.5/a"),
        version(2, doi="10.5/a", title="Other"),
        version(3, 2021, "preprint"),
    )
    assert excluded(made) == {"W2": "duplicate: same DOI", "W3": "duplicate: same title"}


def test_a_later_preprint_of_a_preprint_is_the_same_work(world):
    """Versions a year apart chain: article 2018, preprints 2019 and 2020 are one work; without the
    middle one, two.
    """
    chain = [version(1, 2018), version(2, 2019, "preprint"), version(3, 2020, "preprint")]
    assert set(excluded(world(*chain))) == {"W2", "W3"}
    assert excluded(world(chain[0], chain[2])) == {}


@pytest.mark.slow
def test_the_order_of_records_does_not_matter(world):
    """Every order of the same seven records excludes the same ones for the same reasons."""
    records = [
        version(1, 2018),
        version(2, 2019, "preprint"),
        version(3, 2020, "preprint"),
        version(4, doi="10.5/a"),
        version(5, doi="10.5/a", kind="book"),
        version(6, doi=None),
        version(7, 2021, is_retracted=True),
    ]
    orders = random.Random(5).sample(list(itertools.permutations(records)), 12)
    assert len({str(sorted(excluded(world(*o)).items())) for o in orders}) == 1


def test_countries_of_strings_count_for_a_work_once(world):
    """n_countries joins countries of institutions and of strings; the same country from both is
    one.
    """
    authors = [["I1"], {"countries": ["CN"]}, ["I10"], {"countries": ["IR"]}]
    assert rows(world(work(1, 2020, authors)).works, "n_countries", "n_institutions") == [(3, 2)]


def test_duplicates_count_where_the_scope_says_so(world):
    """`count_duplicates = true` keeps both versions; a retracted work and paratext stay out,
    whatever the scope says.
    """
    records = [
        version(1, doi="10.5/a"),
        version(2, doi="10.5/a", title="Other"),
        version(3, 2021, "preprint"),
        version(4, is_retracted=True, title="x"),
        version(5, is_paratext=True),
    ]
    unfit = {"W4": "retracted", "W5": "paratext"}
    assert excluded(world(*records)) == unfit | {
        "W2": "duplicate: same DOI",
        "W3": "duplicate: same title",
    }
    assert excluded(world(*records, scope={"count_duplicates": True})) == unfit


def test_institutions_are_compared_after_roll_up(world, asked):
    """A record that names the hospital's old name and an article that names the new one are one
    work.
    """
    step = Successor(institution=ror(2), successor=ror(1), name="-", source="-")
    both = version(1), version(2, doi=None, authors=[["I2"], ["I10"]])
    assert excluded(world(*both, rollup=RollUp(drop_ancestors=True, successors=(step,)))) == {
        "W2": "duplicate: same title"
    }
    assert excluded(world(*both, rollup=RollUp(drop_ancestors=True))) == {}


ORDER = [
    "article",
    "review",
    "conference-paper",
    "book-chapter",
    "book",
    "report",
    "dissertation",
    "preprint",
]


PREPRINT = "10.2139/a"


def by_hand(told):
    """Every rule as a loop over pairs: (number, year, type, doi, title, institutions, retracted,
    paratext) -> reasons.
    """
    gone = {doi for _, _, _, doi, _, _, retracted, _ in told if retracted and doi}
    why = {
        w[0]: "retracted" if w[6] or w[3] in gone else "paratext"
        for w in told
        if w[6] or w[3] in gone or w[7]
    }
    preprint = lambda w: w[2] == "preprint" or w[3] == PREPRINT  # noqa: E731
    by_type = lambda w: (ORDER.index(w[2]), w[0])  # noqa: E731
    by_version = lambda w: (ORDER.index("preprint") if preprint(w) else ORDER.index(w[2]), w[0])  # noqa: E731
    left = [w for w in told if w[0] not in why]
    why |= {
        y[0]: "duplicate: same DOI"
        for y in left
        if any(x[3] and x[3] == y[3] and by_type(x) < by_type(y) for x in left)
    }
    left = [w for w in left if w[0] not in why]
    for y in left:
        for x in left:
            either, bare = preprint(x) or preprint(y), [w for w in (x, y) if not w[3]]
            differ = len(set(x[5]) ^ set(y[5])) <= (2 if either else 0) and set(x[5]) & set(y[5])
            near = abs(x[1] - y[1]) <= (1 if either or len(bare) < 2 else 0)
            alike = (
                x[4] == y[4]
                and len(x[4].replace(" ", "")) >= 20
                and differ
                and near
                and (either or bare)
            )
            if alike and by_version(x) < by_version(y):
                why[y[0]] = "duplicate: same title"
    return {f"W{number}": reason for number, reason in why.items()}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.integers(2018, 2021),
            st.sampled_from(ORDER),
            st.sampled_from([None, "10.5/a", "10.5/b", "10.5/c", PREPRINT]),
            st.sampled_from(
                ["one title that is long enough", "another title as long as that", "short"]
            ),
            st.sampled_from(
                [
                    ("I1", "I10"),
                    ("I1", "I11"),
                    ("I1", "I20"),
                    ("I2", "I10"),
                    ("I1", "I20", "I21", "I10"),
                ]
            ),
            st.sampled_from([False] * 7 + [True]),
            st.sampled_from([False] * 7 + [True]),
        ),
        min_size=2,
        max_size=12,
    )
)
def test_the_statement_decides_as_a_loop_over_pairs_does(world, told):
    """SQL equals the rules written as nested loops, on worlds where every second work looks like
    another.
    """
    told = [(number * 7 % 100 + 9 * (number % 2), *w) for number, w in enumerate(told, 1)]
    records = (
        work(
            n,
            y,
            [list(at), []],
            type=kind,
            doi=doi,
            title=title,
            is_retracted=gone,
            is_paratext=para,
        )
        for n, y, kind, doi, title, at, gone, para in told
    )
    assert excluded(world(*records)) == by_hand(told)


def test_a_statement_of_an_earlier_coauth_is_named(world, asked):
    """One line that says which column it lacks and where the new file is, and nothing of the
    engine's own.
    """
    earlier = asked.sql["works"].replace("d.is_preprint, ", "")
    with pytest.raises(
        QueryError, match=r"^queries/sql/works.sql: no column is_preprint, .*`coauth init`"
    ):
        world(version(1), sql=asked.sql | {"works": earlier}).works  # noqa: B018
