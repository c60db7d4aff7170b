"""How near an attacker comes to the counts of 1 to 4 that public editions do not tell.

    python -m tests.studies.disclosure [--worlds 2000] [--seed 0]

Every world is two vintages and three editions (`tests.support.attacker.arrangement`). Printed are how
many counts of 1 to 4 he wants and how many numbers are left for each: by what is certain; and for an
attacker who trusts that nothing happens that happens less than once in a hundred times, how often he
contradicts himself, and how often he is wrong where he thinks that he has found a count.
"""

import argparse
from collections import Counter

import joblib

from coauth import queries
from tests.support.attacker import arrangement, attack, likely, pinned
from tests.support.commands import CHECKOUT


def measure(seed):
    """Of one world: {numbers left: counts}, and what the trusting attacker gets of it."""
    editions, changed = arrangement(seed, queries.load(CHECKOUT / "queries"))
    ranges = attack(editions, changed)
    left = Counter(min(5, high - low + 1) for low, high in ranges.values())
    try:
        trusted = pinned(attack(editions, changed, likely))
    except AssertionError:  # what he trusts in cannot all be true
        return left, Counter(contradictions=1)
    wrong = sum(high > 4 or not low <= high for low, high in trusted.values())
    return left, Counter(worlds=1, found=len(trusted), wrong=wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + given.worlds)
    results = joblib.Parallel(n_jobs=-1)(joblib.delayed(measure)(s) for s in seeds)
    left, trusted = (sum(parts, Counter()) for parts in zip(*results, strict=True))
    print(f"worlds {given.worlds}, counts of 1 to 4 wanted {left.total()}")
    for numbers in sorted(left):
        print(f"  {numbers}{' or more' if numbers == 5 else ''} numbers left: {left[numbers]}")
    print(f"fewer than three: {sum(n for k, n in left.items() if k < 3)}")
    print(f"an attacker who trusts what happens 99 times in 100: {dict(trusted)}")


if __name__ == "__main__":
    main()
