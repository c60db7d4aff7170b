"""All authors of a work: lists cut them at a hundred and do not say so, but a single work has them,
and is free.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from coauth.openalex import LIST_AUTHORS, MOST_AUTHORS, Work, keep
from coauth.sources.api.transport import NoAnswer
from coauth.storage import Slice


class Authors:
    """Asks for single works: `single` gives the body of one, None if there is no such work (any
    more), or raises `NoAnswer`.
    """

    def __init__(self, single: Callable[[str], bytes | None]) -> None:
        self._single = single
        self.unanswered = False
        """Whether one was asked for and did not come."""

    def whole(self, listed: Work, sha256: list[str]) -> Work:
        """The work, with all its authors where the list may have cut them. The singleton is kept in
        the list's place, and masked by its own names: the list's record does not know the names
        beyond the hundredth.

        Lists and singletons come from two stores that may disagree: a work just listed can be
        missing among the singletons (404), or be there with fewer authors. Then the list's record
        is kept and marked.
        """
        if listed.id is None or len(listed.authorships or ()) < LIST_AUTHORS:
            return listed
        try:
            body = self._single(listed.id)
        except NoAnswer:
            self.unanswered = True
            body = None
        if body is not None:
            single = keep(body)
            if single.id == listed.id and len(single.authorships or ()) >= len(
                listed.authorships or ()
            ):
                sha256.append(hashlib.sha256(body).hexdigest())
                return single
        listed.authors_cut = True
        return listed

    def again(self, slice_: Slice) -> int:
        """Ask once more for those of a stored slice that did not come. The number of works that
        stay cut; `unanswered` says whether one still did not come, rather than being no work any
        more (404).
        """
        self.unanswered = False
        cut = 0
        for number in slice_.numbers:
            page = slice_.read(number)
            hashes = len(page.served_sha256)
            page.works = [
                self.whole(w, page.served_sha256) if _cut_by_list(w) else w for w in page.works
            ]
            cut += sum(work.authors_cut for work in page.works)
            if len(page.served_sha256) > hashes:
                slice_.write(number, page)
        return cut


def _cut_by_list(work: Work) -> bool:
    return work.authors_cut and len(work.authorships or ()) < MOST_AUTHORS
