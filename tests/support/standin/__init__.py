"""A stand-in for the OpenAlex API on loopback, for tests: ``GET /works``, ``GET /works/W…`` and
``GET /rate-limit``.

Run it inside a test::

    with StandIn(records, faults=[Fault("http_503", nth=3, times=2)]) as server:
        requests.get(f"{server.url}/works?filter=publication_year:2020")

or from a shell: ``python -m tests.support.standin RECORDS [--port N] [--key K] [--faults
"http_503,nth=3,times=2" …]``.

How sure the imitation is, by the words used in the docstrings below:

* *read*: read in the published source of the API (ourresearch/openalex-elastic-api and openalex-api-proxy, 2026);
* *documented*: said by the API's own help pages or measured by others on the live API;
* *guessed*: plausible, nobody looked.

Only the standard library is used. Nothing here talks to the network beyond the loopback interface.
"""

from __future__ import annotations

from tests.support.standin.faults import Fault
from tests.support.standin.files import load_records
from tests.support.standin.markers import Persona, marked
from tests.support.standin.server import StandIn
from tests.support.standin.wire import Request

__all__ = ["Fault", "Persona", "Request", "StandIn", "load_records", "marked"]
