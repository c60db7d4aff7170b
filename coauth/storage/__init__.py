"""`cache/`: dated harvests, and the only module that knows their paths.

    cache/<vintage>/manifest.json            what was asked, when, from where; losses; hashes of the tables
    cache/<vintage>/pages/<slice>/0001.json.gz …   answers as stored, persons removed
    cache/<vintage>/pages/<slice>/slice.json       written last: the slice is closed, with its counts and page hashes
    cache/<vintage>/fetched/<slice>.json           first and last UTC day on which its pages were fetched
    cache/<vintage>/aside/<slice>/                 the better of two walks that both lost works, while a third is under way
    cache/<vintage>/tables/<table>.parquet
    cache/<vintage>/tables.new/                    the tables of a build that is at work
    cache/rounding.key                             the secret that public editions are rounded by: keep it, show it to nobody
    cache/<vintage>/statbank.json                  PhD totals as StatBank answered, when, and the hash of it

The state of a harvest is what lies on disk. Every file is written under another name, synced and
moved into place, so a run killed anywhere leaves whole files or none, and the next run continues
after the last one.
"""

from __future__ import annotations

from coauth.storage.cache import Cache
from coauth.storage.slice import Slice
from coauth.storage.table_store import TableStore
from coauth.storage.vintage import Vintage, quarter

__all__ = ["Cache", "Slice", "TableStore", "Vintage", "quarter"]
