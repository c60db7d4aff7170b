"""Records of institutions that are on the lists, and of a topic that is."""

from tests.support.world import topic

HIT, NJUST, BIT = "I204983213", "I36399199", "I125839683"
SHENZHEN = {
    "id": "I991",
    "country_code": "CN",
    "ror": "https://ror.org/00hwfqh10",
    "lineage": ["I991", HIT],
    "display_name": "Somewhere else",
}
QUANTA = topic("T10275", 0.9)


def chinese(identifier):
    return {"id": identifier, "country_code": "CN"}
