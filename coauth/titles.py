"""What makes two titles the same: their letters and digits, whatever the case, blanks and punctuation.

Kept as a column of the harvested works and not as SQL, since engines fold case and know letters each in their own way.
"""

from __future__ import annotations

import re

SHORTEST = 20
"""Letters and digits a title needs before it can tell two works apart ("Introduction" cannot)."""


def key(title: str | None) -> str | None:
    """The title's letters and digits, case folded; None where they are too few to tell works apart.

    >>> key("Über die Größe – of Crystals, Part 2") == key("ÜBER DIE GRÖSSE OF CRYSTALS (PART 2)")
    True
    >>> key("Introduction")
    """
    plain = re.sub(r"\W+", "", (title or "").casefold())
    return plain if len(plain) >= SHORTEST else None
