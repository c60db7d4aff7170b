"""Roll-ups of numbered institutions."""

from coauth.queries import RollUp
from tests.support.world import ror

HOSPITAL, REGION, UMBRELLA = (
    {"id": "I2", "lineage": ["I2", "I3", "I4"]},  # two parents, as Rigshospitalet has
    {"id": "I3", "lineage": ["I3"]},
    {"id": "I4", "lineage": ["I4"]},
)


def rolling(*pairs, drop=True, components=(), joint=(), associated=(), parents=()):
    """A roll-up of numbered institutions: successors (old, new), components (part, whole), joint
    (n, {owner: weight}), associated (n, universities) and parents (n, parent).
    """
    said = {
        "successors": [(a, {"successor": ror(b)}) for a, b in pairs],
        "components": [(a, {"part_of": ror(b)}) for a, b in components],
        "joint": [(a, {"weights": {ror(o): w for o, w in owners.items()}}) for a, owners in joint],
        "associated": [
            (a, {"universities": tuple(map(ror, universities))}) for a, universities in associated
        ],
        "parents": [(a, {"parent": ror(b)}) for a, b in parents],
    }
    rules = {
        key: [{"institution": ror(a), "name": "-", "source": "-"} | rest for a, rest in listed]
        for key, listed in said.items()
    }
    return RollUp.model_validate({"drop_ancestors": drop} | rules)
