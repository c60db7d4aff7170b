"""A PDF read back: its words, what a screen reader is told of it, and where every sign stands."""

import io
import re
import unicodedata
from collections import Counter

import pypdf
import pypdfium2

HYPHENS = "-\N{HYPHEN}\N{NON-BREAKING HYPHEN}\ufffe"


class Paper:
    def __init__(self, data: bytes):
        self.read = pypdf.PdfReader(io.BytesIO(data), strict=True)
        self.root = self.read.trailer["/Root"]
        self.fonts = {
            f.decode().partition("+")[2] for f in re.findall(rb"/BaseFont/([^\s/<>]+)", data)
        }
        self._drawn = pypdfium2.PdfDocument(data)
        self.pages = [page.get_textpage() for page in self._drawn]
        self.texts = [page.get_text_range() for page in self.pages]
        self.squeezed = squeezed(" ".join(self.texts))
        self.flow = squeezed(" ".join(without_running_lines(self.texts)))
        """The text as it goes on over the ends of pages."""

    @property
    def boxed(self):
        """Whether a sign is drawn as the box that stands for what the fonts have no drawing for."""
        assert "LibertinusSerif-Regular-Identity-H" in self.fonts
        return any("LastResort" in f for f in self.fonts)

    def elements(self, kind):
        """The elements of one kind in reading order, as a screen reader meets them."""
        found, waiting = [], [self.root["/StructTreeRoot"]["/K"]]
        while waiting:
            node = waiting.pop(0).get_object()
            if isinstance(node, list):
                waiting[:0] = node
            elif isinstance(node, dict):
                found += [node] if node.get("/S") == kind else []
                waiting[:0] = [node["/K"]] if "/K" in node else []
        return found

    def boxes(self, n):
        """(left, bottom, right, top) of every sign of a page that is not blank, in points; letters
        of a ligature share one.
        """
        at = {self.pages[n].get_charbox(i) for i in range(self.pages[n].count_chars())}
        assert len(at) > 20
        return [b for b in at if b[2] - b[0] > 0.1 and b[3] - b[1] > 0.1]


def without_running_lines(texts: list[str]) -> list[str]:
    """Pages without the lines that stand on more than half of them, page numbers apart: the running
    head and foot.
    """
    alike = [[re.sub(r"\d+", "0", line.strip()) for line in text.splitlines()] for text in texts]
    often = Counter(line for lines in alike for line in set(lines))
    return [
        "\n".join(
            line
            for line, plain in zip(text.splitlines(), lines, strict=True)
            if 2 * often[plain] <= len(texts)
        )
        for text, lines in zip(texts, alike, strict=True)
    ]


def squeezed(text: str) -> str:
    """Without space and hyphens, which a line that breaks takes and gives, and with ligatures taken
    apart.
    """
    plain = unicodedata.normalize("NFKC", text)
    return "".join(
        c
        for c in plain
        if c not in HYPHENS and not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc")
    )
