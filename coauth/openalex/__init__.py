"""The only room that knows OpenAlex's JSON: what is served, what of it is kept, how it lies on
disk, how it is read again.

The typed record *is* the allow-list. A served work is decoded into `ServedWork`; `keep` turns it
into a `Work`, which has no field for a person: no author object, raw author name, ORCID or
corresponding author. Nothing outside the fields of `shape` can reach the disk, whatever OpenAlex
adds. Affiliation strings stay, because flags must be able to show the words they stand on; e-mail
addresses, ids of persons and the names of the work's own authors in them are masked first
(`masking`), looked for in the text's plain `letters`; what of a name is looked for is in `persons`.

A record that does not fit becomes a `Work` that carries only its id and what was wrong, so that it
is counted, never lost silently, and never costs its page; a record whose id is no work's carries
not even that.
"""

from coauth.openalex.anonymise import NO_WORK_ID, keep, read_response, read_single
from coauth.openalex.decode import (
    Authorship,
    Fragments,
    Numbers,
    Outline,
    Placed,
    Record,
    Stored,
    outlines,
    records,
)
from coauth.openalex.files import PER_PAGE, of_records, pack, unpack
from coauth.openalex.schema import (
    LIST_AUTHORS,
    MOST_AUTHORS,
    SELECT,
    Institution,
    Meta,
    Page,
    Response,
    Work,
)

__all__ = [
    "LIST_AUTHORS",
    "MOST_AUTHORS",
    "NO_WORK_ID",
    "PER_PAGE",
    "SELECT",
    "Authorship",
    "Fragments",
    "Institution",
    "Meta",
    "Numbers",
    "Outline",
    "Page",
    "Placed",
    "Record",
    "Response",
    "Stored",
    "Work",
    "keep",
    "of_records",
    "outlines",
    "pack",
    "read_response",
    "read_single",
    "records",
    "unpack",
]
