"""What was planted, and what a correct analysis of it says."""

from collections.abc import Callable, Iterable
from datetime import date
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

from coauth.sources.sample import effects, teams, topics
from coauth.sources.sample.atlas import atlas, world
from coauth.sources.sample.effects import AFTER, BEFORE, YEARS, Effect
from coauth.sources.sample.later import changes
from coauth.sources.sample.plan import works
from coauth.sources.sample.records import AS_OF
from coauth.sources.sample.work import COMPLETE, MARK, Work

Counts = dict[str, int]


class KnownWork(NamedTuple):
    """A work with the institutions it truly has, and those its record shows."""

    work: Work
    true: frozenset[int]
    visible: frozenset[int]


def truth(seed: int = 1, day: date = AS_OF) -> dict[str, Any]:
    """A description of the world of `seed`, ready for JSON. Counts are works a year (keys: years as
    strings), copies left out.

    `true_works` counts what was there before any record lost affiliations, `visible_works` what the
    records show. Of a later `day` they are still those of `AS_OF`; "revisions" then says which
    works were planted since, by cause, each with its year, partner country and whether that is a
    listed university, before and after. Collaborative: at least two institutions, an author's child
    institution counted and not its parent beside it.
    """
    everything = works(seed)
    originals = [_know(work) for work in everything if work.number == work.original]
    return {
        "mark": MARK,
        "seed": seed,
        "as_of": day.isoformat(),
        "revisions": [change._asdict() for change, _ in changes(seed, day)] if day > AS_OF else [],
        "records": _by_year(map(_know, everything), lambda _: True),
        "works": _by_year(originals, lambda _: True),
        "international_works": _by_year(originals, lambda work: work.work.foreign),
        "true_collaborative_works": _by_year(originals, lambda work: len(work.true) > 1),
        "visible_collaborative_works": _by_year(originals, lambda work: len(work.visible) > 1),
        "partner_works": _partners(originals),
        "coverage": _coverage(originals),
        "effects": {"miit": _miit(originals)}
        | {e.role: _institution_effect(e, originals) for e in effects.EFFECTS},
        "weighting_raises_others_by": _side_effect(originals),
        "consortia": _consortia(originals),
        "lookalikes": [
            f"https://openalex.org/{row['id']}" for row in world()["lookalikes"]["institutions"]
        ],
        "successors": {
            atlas().institutions[atlas().by_key[old]].id: atlas()
            .institutions[atlas().by_key["kp"]]
            .id
            for old in ("metropolitan", "ucc")
        },
        "duplicates": _duplicates(everything),
        "technology_works": _technologies(originals),
    }


def _know(work: Work) -> KnownWork:
    shown = [
        _own(seat) for seat, fate in zip(work.seats, work.fate, strict=True) if fate == COMPLETE
    ]
    return KnownWork(
        work,
        frozenset(chain.from_iterable(map(_own, work.seats))),
        frozenset(chain.from_iterable(shown)),
    )


@cache
def _own(seat: tuple[int, ...]) -> tuple[int, ...]:
    """An author's institutions without those that are ancestors of another of them."""
    places = atlas().institutions
    return tuple(i for i in seat if not any(i in places[other].ancestors for other in seat))


def _by_year(works: Iterable[KnownWork], condition: Callable[[KnownWork], bool]) -> Counts:
    counts = {str(year): 0 for year in YEARS}
    for known in works:
        counts[str(known.work.year)] += condition(known)
    return counts


def _complete(work: KnownWork) -> bool:
    return all(fate == COMPLETE for fate in work.work.fate)


def _institution_effect(effect: Effect, originals: list[KnownWork]) -> dict[str, Any]:
    index = atlas().by_key[effect.key]
    true = _by_year(originals, lambda work: index in work.true and len(work.true) > 1)
    visible = _by_year(originals, lambda work: index in work.visible and len(work.visible) > 1)
    of_true = _by_year(originals, lambda work: len(work.true) > 1)
    of_visible = _by_year(originals, lambda work: len(work.visible) > 1)
    return {
        "institution": atlas().institutions[index].id,
        "name": atlas().institutions[index].name,
        "before": list(BEFORE),
        "after": list(AFTER),
        "planned_share": {str(year): effect.share_in(year) for year in YEARS},
        "true_works": true,
        "visible_works": visible,
        "partial_works": _by_year(
            originals, lambda work: index in work.visible and not _complete(work)
        ),
        "true_multiplier": _multiplier(true, of_true),
        "visible_multiplier": _multiplier(visible, of_visible),
        "verdict": effect.verdict,
        "why": effect.why,
    }


def _side_effect(originals: list[KnownWork]) -> float:
    """Factor by which weighting complete works raises every other institution's share in the later
    window.

    The works that lost matched strings are counted by 1/P(complete | publisher, year) as if
    everyone had lost them alike: what the Unmatched Strings Institute misses, its neighbours in the
    same cells get. About 1.08; no weighting by publisher, field, year and team size can avoid it,
    and an interval of a smaller institution should hold it.
    """
    teams_after = [
        k for k in originals if AFTER[0] <= k.work.year <= AFTER[1] and len(k.work.seats) > 1
    ]
    others = [known for known in teams_after if known.work.role != effects.UNMATCHED.role]
    part_of_all = sum(map(_complete, teams_after)) / len(teams_after)
    return round(sum(map(_complete, others)) / len(others) / part_of_all, 4)


def _multiplier(part: Counts, whole: Counts) -> float:
    """Share of collaborative works in the later window over that in the earlier one."""
    shares = []
    for first, last in (BEFORE, AFTER):
        window = [str(year) for year in range(first, last + 1)]
        shares.append(sum(part[year] for year in window) / sum(whole[year] for year in window))
    return round(shares[1] / shares[0], 4)


def _miit(originals: list[KnownWork]) -> dict[str, Any]:
    places = atlas().institutions
    rows = world()["miit"]["institutions"]
    seven = {f"https://openalex.org/{row['id']}" for row in rows}
    family = {place.index for place in places if seven.intersection(place.lineage)}
    children = {i for i in family if places[i].id not in seven}
    named = [known.work for known in originals if known.work.role == "miit"]
    return {
        "institutions": sorted(seven),
        "children": sorted(places[i].id for i in children),
        "true_works": _by_year(originals, lambda work: bool(family & work.true)),
        "visible_works": _by_year(originals, lambda work: bool(family & work.visible)),
        "works_through_children_only": sum(
            not any(places[i].id in seven for s in w.seats for i in s) for w in named
        ),
        "peak": [2020, 2021],
        "verdict": "rises to 2020-2021, falls after",
        "why": "By lineage, the two laboratories count for their universities. True numbers, not a loss of affiliations.",
    }


def _partners(originals: list[KnownWork]) -> dict[str, Counts]:
    places = atlas().institutions
    counts = {code: _by_year((), bool) for code in atlas().foreign}
    for known in originals:
        for code in {places[i].country for i in known.true} - {"DK"}:
            counts[code][str(known.work.year)] += 1
    return counts


def _coverage(originals: list[KnownWork]) -> dict[str, Any]:
    """Parts of works whose every author has an institution: the background apart from the planted
    losses.
    """
    publishers = [publisher.get("name") for publisher in world()["publishers"]["list"]]
    lossy = publishers.index(effects.LOSS_PUBLISHER)
    spared = [
        known
        for known in originals
        if known.work.role != effects.UNMATCHED.role and len(known.work.seats) > 1
    ]
    background = [known for known in spared if known.work.publisher != lossy]
    return {
        "planned_background": {
            str(year): round(1 - effects.background_strip(year), 2) for year in YEARS
        },
        "background_complete": _part_complete(background),
        "loss_publisher": effects.LOSS_PUBLISHER,
        "loss_publisher_complete": _part_complete(
            [known for known in spared if known.work.publisher == lossy]
        ),
        "all_complete": _part_complete(originals),
        "note": "Background and loss publisher: works of at least two authors; a work by one author loses nothing.",
    }


def _part_complete(works: list[KnownWork]) -> dict[str, float]:
    complete = _by_year(works, _complete)
    total = _by_year(works, lambda _: True)
    return {year: round(complete[year] / total[year], 4) for year in total if total[year]}


def _consortia(originals: list[KnownWork]) -> dict[str, Any]:
    met = {
        role: [known for known in originals if known.work.role == role] for role in teams.CONSORTIA
    }
    return {
        role: {
            "works": [known.work.id for known in members],
            "authors": [len(known.work.seats) for known in members],
            "institutions": [len(known.true) for known in members],
        }
        for role, members in met.items()
    }


def _duplicates(everything: Iterable[Work]) -> dict[str, list[list[str]]]:
    """Pairs of ids: original, copy."""
    by_number = {work.number: work for work in everything}
    pairs: dict[str, list[list[str]]] = {"same_doi": [], "preprint_and_article": []}
    for number in sorted(by_number):
        copy = by_number[number]
        original = by_number[copy.original]
        if copy is not original:
            pairs["same_doi" if copy.doi == original.doi else "preprint_and_article"].append(
                [original.id, copy.id]
            )
    return pairs


def _technologies(originals: list[KnownWork]) -> Counts:
    """Works on topics of critical technologies, and those of them that carry a phrase of the
    technology.
    """
    works_on = [
        known.work
        for known in originals
        if known.work.shows_topics and topics.phrase(known.work.topics[0])
    ]
    gated = [work for work in works_on if topics.rows()[work.topics[0]][5] == "gated"]
    return {
        "core_primary_topic": len(works_on) - len(gated),
        "gated_primary_topic": len(gated),
        "gated_with_phrase": sum(work.has_phrase for work in gated),
    }
