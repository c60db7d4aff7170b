"""What makes two titles the same: their letters and digits, whatever the case, blanks and
punctuation.

Kept as a column of the harvested works and not as SQL, since engines fold case and know letters
each in their own way.
"""

from __future__ import annotations

import re

SHORTEST = 20
"""Letters and digits a title needs before it can tell two works apart ("Introduction" cannot)."""


_NO_WORD = bytes(n for n in range(128) if re.match(r"\W", chr(n)))
"""Of ASCII titles these bytes are deleted, thirty times faster than a pattern does it."""


def key(title: str | None) -> str | None:
    """The title's letters and digits, case folded; None where they are too few to tell works apart.

    >>> key("Über die Größe – of Crystals, Part 2") == key("ÜBER DIE GRÖSSE OF CRYSTALS (PART 2)")
    True
    >>> key("Introduction")
    """
    folded = (title or "").casefold()
    plain = (
        folded.encode().translate(None, _NO_WORD).decode()
        if folded.isascii()
        else re.sub(r"\W+", "", folded)
    )
    return plain if len(plain) >= SHORTEST else None
