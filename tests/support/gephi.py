"""A reader of dynamic GEXF that keeps to the rules of Gephi 0.10.1's importer, so that a file is
read as Gephi reads it.

From gephi/gephi, ImporterGEXF.java: elements are known by their local names; only columns declared
before the nodes exist; a value without a column is dropped in silence; an empty value is not set;
dynamic values need the declared time representation; weights are Java floats and an edge of weight
0 is dropped; `value` must be the first attribute of a size; ends of an edge must be nodes; `anyURI`
is no type Gephi knows.
"""

import re
from collections import defaultdict
from xml.etree import ElementTree

TYPES = {
    "boolean": lambda v: {"true": True, "false": False}[v],
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "string": str,
    "liststring": lambda v: [w.strip().strip('"') for w in v.strip("[]").split(",") if w],
}


def local(element):
    return element.tag.rpartition("}")[2]


def parse(data):
    """{'nodes': {id: {...}}, 'edges': {(source, target): {...}}}; dynamic values are {year: value},
    spells sets of years.
    """
    graph = next(e for e in ElementTree.fromstring(data) if local(e) == "graph")
    stamped = graph.get("timerepresentation") == "timestamp"
    columns, made = {"node": {}, "edge": {}}, {"nodes": {}, "edges": {}}
    for part in graph:
        if local(part) == "attributes":
            for a in part:
                assert a.get("id") not in columns[part.get("class")], f"column {a.get('id')} twice"
                columns[part.get("class")][a.get("id")] = (
                    TYPES[a.get("type")],
                    part.get("mode") == "dynamic",
                )
        elif local(part) == "nodes":
            for e in part:
                made["nodes"][e.get("id")] = element(e, columns["node"], stamped) | {
                    "label": e.get("label")
                }
        elif local(part) == "edges":
            for e in part:
                ends = e.get("source"), e.get("target")
                assert set(ends) <= set(made["nodes"]), f"edge between unknown nodes {ends}"
                if float(e.get("weight", 1)) > 0:
                    made["edges"][ends] = element(e, columns["edge"], stamped) | {
                        "static weight": float(e.get("weight", 1))
                    }
    return made


def element(e, columns, stamped):
    values, spells = defaultdict(dict), set()
    for inner in e.iter():
        if stamped and local(inner) in ("node", "edge", "attvalue", "spell"):
            # Gephi reports each as an error: the file says that its time is of timestamps
            assert not {"start", "end", "intervals"} & set(inner.attrib), inner.attrib
        if local(inner) == "attvalue" and inner.get("value") and inner.get("for") in columns:
            read, dynamic = columns[inner.get("for")]
            if not dynamic:
                values[inner.get("for")] = read(inner.get("value"))
            elif stamped and inner.get("timestamp"):
                values[inner.get("for")][float(inner.get("timestamp"))] = read(inner.get("value"))
        elif local(inner) == "spell" and stamped:
            spells.add(float(inner.get("timestamp")))
        elif local(inner) == "size":
            assert next(iter(inner.attrib)) == "value"
    if stamped and not spells:  # only where there is no spell
        spells = {float(t) for t in re.findall(r"[\d.]+", e.get("timestamps", ""))}
    return dict(values) | {"spells": spells}
