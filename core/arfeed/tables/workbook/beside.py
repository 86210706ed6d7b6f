"""What a workbook says beside the cells of a sheet: page headers, text boxes, notes on headings, hidden sheets."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from xml.etree import ElementTree

from arfeed.tables.workbook.cells import find_parts
from arfeed.tables.workbook.marks import open_member, read_related, row_of

_CODES = re.compile(r'&(?:"[^"]*"|\d+|K[0-9A-Fa-f]{6}|K\d\d[+-]\d{3}|[A-Za-z+-])')
"""What a page header holds beside its text: fonts, page numbers, dates (ECMA-376, 18.3.1.46)."""

_PAGE_TEXTS = ("oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter")


def read_texts_beside(file: str, sheet: str | None, rows: Collection[int]) -> list[str]:
    """Return the texts of page headers and footers, of text boxes, and of comments that are not on these rows."""
    with open_member(file, sheet) as (archive, member):
        texts = [*_read_page_texts(archive.read(member))]
        for drawing in read_related(archive, member, "drawing"):
            texts += [_join(shape) for shape in find_parts(drawing, "txBody")]
        for kind, each in (("comments", "comment"), ("threadedComment", "threadedComment")):
            for notes in read_related(archive, member, kind):
                texts += [_join(note) for note in find_parts(notes, each) if row_of(note.get("ref", "")) not in rows]
    return [text for text in texts if text]


def _read_page_texts(content: bytes) -> Iterator[str]:
    if b"headerFooter" in content:
        tree = ElementTree.fromstring(content)  # noqa: S314 - expat bounds what entities become
        for name in _PAGE_TEXTS:
            yield from (" ".join(_CODES.sub(" ", part.text or "").split()) for part in find_parts(tree, name))


def _join(element: ElementTree.Element) -> str:
    texts = (part.text or "" for name in ("t", "text") for part in find_parts(element, name))
    return " ".join("".join(texts).split())
