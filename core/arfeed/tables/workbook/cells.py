"""What calamine does not report of a sheet's cells: errors, formats such as 00000, and formulas never computed."""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import IO
from xml.etree import ElementTree

from arfeed.model.errors import SourceError
from arfeed.tables.workbook.formats import EXACT, Format

_BLOCK = 1 << 22
# Patterns, since parsing the XML of every cell would take far longer than calamine does.
_CELL = rb'<(?:\w+:)?c\s([^>]*?\b(?:t="e"%s)[^>]*)(?<!/)>(.*?)</(?:\w+:)?c>'
_UNCOMPUTED = (
    rb"<(?:\w+:)?c\s([^>]*)(?<!/)>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>%s</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_ZERO = rb"\s*[-+]?0*(?:\.0*)?(?:[eE][-+]?\d+)?\s*"
"""A zero in any program's spelling, or nothing."""

_VALUE = re.compile(rb"<(?:\w+:)?v>([^<]*)<")
_PLACE = re.compile(rb'(?<![\w:])r="([A-Z]+)(\d+)"')
_STYLE = re.compile(rb'(?<![\w:])s="(\d+)"')
_TYPE = re.compile(rb'(?<![\w:])t="(\w+)"')


def find_special_cells(
    file: str, data: IO[bytes], sheet: str, *, start_only: bool = False
) -> Mapping[int, Mapping[int, str | Format]]:
    """Return errors (`#REF!`), and numbers whose format adds leading zeros or a prefix, as people see them.

    A number with a currency, or whose display cannot be reproduced, is returned as its format. All are by column and
    row, from 0; with `start_only` only those of the first thousands of rows. Raise `SourceError` for a formula without
    a value: the program that wrote the file has not computed it.
    """
    with zipfile.ZipFile(data) as archive:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - expat bounds what entities become
        formats = _formats(archive)
        styles = b"".join(b'|s="%d"' % style for style in formats)
        cells = re.compile(_CELL % styles, re.DOTALL)
        # A writer that requests computation on opening has often written 0 for what it has not computed.
        asks = any(_asks_for_computation(part) for part in find_parts(book, "calcPr"))
        uncomputed = re.compile(_UNCOMPUTED % (_ZERO if asks else b""))
        found: defaultdict[int, dict[int, str | Format]] = defaultdict(dict)
        # A search for plain bytes first: most sheets have neither errors nor such formats.
        marks = [b't="e"', *(b's="%d"' % style for style in formats)]
        for rows in islice(row_blocks(archive, find_member(archive, book, sheet)), 1 if start_only else None):
            if b"<f" in rows or b":f" in rows:
                _refuse_uncomputed(file, uncomputed, rows)
            for cell in cells.finditer(rows) if any(mark in rows for mark in marks) else ():
                text = _text(cell[1], cell[2], formats)
                if text is not None:
                    row, column = _place(file, cell[1])
                    found[column][row] = text
    return found


def _asks_for_computation(settings: ElementTree.Element) -> bool:
    return settings.get("fullCalcOnLoad") in ("1", "true") or settings.get("calcCompleted") in ("0", "false")


def _refuse_uncomputed(file: str, uncomputed: re.Pattern[bytes], rows: bytes) -> None:
    for cell in uncomputed.finditer(rows):
        # A formula whose result is a blank text has been computed.
        if b't="str"' not in cell[1]:
            place = _PLACE.search(cell[1])
            name = b"".join(place.groups()).decode() if place else "somewhere"
            raise SourceError(
                f"{file} cell {name}: it holds a formula that was never computed; "
                "open the file in Excel, save it and try again"
            )


def _text(attributes: bytes, content: bytes, formats: Mapping[int, Format]) -> str | Format | None:
    kind, value, style = (
        pattern.search(text) for pattern, text in ((_TYPE, attributes), (_VALUE, content), (_STYLE, attributes))
    )
    # Texts, dates and truth values look the same in any format.
    if value is None or (kind and kind[1] not in (b"e", b"n")):
        return None
    if kind and kind[1] == b"e":
        return value[1].decode()
    if style is None:
        return None
    number, form = float(value[1]), formats[int(style[1])]
    if form.marks and number.is_integer() and 0 <= number < EXACT:
        return form.display(int(number))
    return form if form.currency or form.conditional or form.signed else None


def _place(file: str, attributes: bytes) -> tuple[int, int]:
    place = _PLACE.search(attributes)
    if place is None:
        raise SourceError(f"{file}: its cells do not state their position; open it in Excel, save it and try again")
    column = 0
    for letter in place[1]:
        column = column * 26 + letter - ord("A") + 1
    return int(place[2]) - 1, column - 1


def _formats(archive: zipfile.ZipFile) -> Mapping[int, Format]:
    """Return the formats that change more than digits and separators, by the number of the cell's style."""
    if "xl/styles.xml" not in archive.namelist():
        return {}
    styles = ElementTree.fromstring(archive.read("xl/styles.xml"))  # noqa: S314 - as above
    codes = {part.get("numFmtId"): part.get("formatCode", "") for part in find_parts(styles, "numFmt")}
    used = [part.get("numFmtId") for group in find_parts(styles, "cellXfs") for part in find_parts(group, "xf")]
    known = {style: Format.of(codes.get(code, "")) for style, code in enumerate(used)}
    return {style: form for style, form in known.items() if form}


def find_member(archive: zipfile.ZipFile, book: ElementTree.Element, sheet: str) -> str:
    """Return the name of the archive's member that holds a sheet."""
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - as above
    targets = {part.get("Id"): part.get("Target", "") for part in relations}
    found = next(part for part in find_parts(book, "sheet") if part.get("name") == sheet)
    identity = next(value for name, value in found.items() if name.endswith("}id"))
    target = targets[identity]
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def find_parts(tree: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """Yield the elements with a name, in either namespace of workbooks (transitional or strict)."""
    return (part for part in tree.iter() if part.tag.rpartition("}")[2] == name)


def row_blocks(archive: zipfile.ZipFile, member: str) -> Iterator[bytes]:
    """Yield a sheet's XML in pieces that end with a complete row."""
    rest = b""
    with archive.open(member) as data:
        while block := data.read(_BLOCK):
            text = rest + block
            # Only at the end of a row is a pattern never cut in two.
            end = text.rfind(b"row>") + len(b"row>") if b"row>" in text else 0
            yield text[:end]
            rest = text[end:]
    yield rest
