"""From a built vintage to files people open: a network in any format, and the folder of a quarter.

made (its tables) ─► networks, in their places ─► exporting: one file
                 └─► about, public edition     ─► folder: Gephi files, the report in languages, run.json
"""

from __future__ import annotations

from coauth.publish.exporting import write
from coauth.publish.folder import quarter
from coauth.publish.made import informed, read
from coauth.publish.networks import Profile, Unit, network

__all__ = ["Profile", "Unit", "informed", "network", "quarter", "read", "write"]
