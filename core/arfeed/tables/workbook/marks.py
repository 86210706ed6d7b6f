"""What somebody has done to rows of a workbook that its cells do not say: hidden, struck out, commented, coloured."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from posixpath import dirname, normpath
from xml.etree import ElementTree

from arfeed.tables.workbook.cells import find_member, find_parts, row_blocks
from arfeed.tables.workbook.sheets import open_sheet

_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_NUMBER = re.compile(rb'(?<![\w:])r="[A-Z]*(\d+)"')
_PLACE = re.compile(rb'(?<![\w:])r="([A-Z]+\d+)"')
_STYLE = re.compile(rb'(?<![\w:])s="(\d+)"')
_VALUE = re.compile(rb"<(?:\w+:)?v>(\d+)<")
_HIDDEN = re.compile(rb'(?<![\w:])hidden="(?:1|true)"')
_STRUCK = re.compile(rb'<(?:\w+:)?strike(?:\s+val="(?:1|true)")?\s*/>')
_STRIPES = 3
"""Colours of fewer than one row in this many are not stripes."""

_NO = ("0", "false")


@dataclass(slots=True)
class Marks:
    """Rows that are hidden, cells that are struck out, cells with comments, and rows in a colour that few have.

    A cell is named as a spreadsheet does (B7), a row by its number. `struck` has no cell but "a rule" if the format
    that strikes cells out depends on what they hold.
    """

    hidden: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    colours: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Look:
    """The numbers of the cells' styles that strike out and that colour, and of the texts with a part struck out."""

    struck: set[int] = field(default_factory=set)
    coloured: set[int] = field(default_factory=set)
    texts: set[int] = field(default_factory=set)
    rules: set[int] = field(default_factory=set)


def find_marks(file: str, sheet: str | None, rows: Collection[int]) -> Marks:
    """Return what marks these rows of a workbook's sheet, by their numbers from 1."""
    marks = Marks()
    with open_sheet(file, sheet) as (data, name), zipfile.ZipFile(data) as archive:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - expat bounds what entities become
        member = find_member(archive, book, name)
        look = _read_look(archive)
        for block in row_blocks(archive, member):
            _collect(block, look, rows, marks)
        if look.rules & {int(number) for number in _rules(archive, member)}:
            marks.struck.append("a rule")
        marks.comments += [place for place in _commented(archive, member) if _row_of(place) in rows]
    if len(marks.colours) * _STRIPES >= len(rows):
        marks.colours.clear()
    return marks


def _collect(block: bytes, look: _Look, rows: Collection[int], marks: Marks) -> None:
    for found in _ROW.finditer(block):
        number = _NUMBER.search(found[1])
        if number and int(number[1]) in rows and _HIDDEN.search(found[1]):
            marks.hidden.append(number[1].decode())
    if not (look.struck or look.coloured or look.texts) and b"strike" not in block:
        return
    for cell in _CELL.finditer(block):
        place = _PLACE.search(cell[1])
        name = place[1].decode() if place else ""
        if not cell[2] or not name or _row_of(name) not in rows:
            continue
        style, value = _STYLE.search(cell[1]), _VALUE.search(cell[2])
        of_text = b't="s"' in cell[1] and value is not None and int(value[1]) in look.texts
        used = int(style[1]) if style else 0
        if of_text or used in look.struck or _STRUCK.search(cell[2]):
            marks.struck.append(name)
        if used in look.coloured and str(_row_of(name)) not in marks.colours[-1:]:
            marks.colours.append(str(_row_of(name)))


def _read_look(archive: zipfile.ZipFile) -> _Look:
    look = _Look()
    names = archive.namelist()
    if "xl/styles.xml" in names:
        styles = ElementTree.fromstring(archive.read("xl/styles.xml"))  # noqa: S314 - as above
        fonts = [_strikes(font) for group in find_parts(styles, "fonts") for font in find_parts(group, "font")]
        fills = [_colours(fill) for group in find_parts(styles, "fills") for fill in find_parts(group, "fill")]
        used = [xf for group in find_parts(styles, "cellXfs") for xf in find_parts(group, "xf")]
        look.struck = {style for style, xf in enumerate(used) if _is_set(fonts, xf.get("fontId"))}
        look.coloured = {style for style, xf in enumerate(used) if _is_set(fills, xf.get("fillId"))}
        rules = [rule for group in find_parts(styles, "dxfs") for rule in find_parts(group, "dxf")]
        look.rules = {number for number, rule in enumerate(rules) if _strikes(rule)}
    if "xl/sharedStrings.xml" in names and _STRUCK.search(content := archive.read("xl/sharedStrings.xml")):
        texts = find_parts(ElementTree.fromstring(content), "si")  # noqa: S314 - as above
        look.texts = {number for number, text in enumerate(texts) if _strikes(text)}
    return look


def _strikes(element: ElementTree.Element) -> bool:
    return any(part.get("val") not in _NO for part in find_parts(element, "strike"))


def _colours(fill: ElementTree.Element) -> bool:
    return any(part.get("patternType") not in (None, "none", "gray125") for part in find_parts(fill, "patternFill"))


def _is_set(each: list[bool], number: str | None) -> bool:
    return number is not None and number.isdigit() and int(number) < len(each) and each[int(number)]


def _rules(archive: zipfile.ZipFile, member: str) -> Iterator[str]:
    content = archive.read(member)
    if b"conditionalFormatting" in content:
        yield from (found.decode() for found in re.findall(rb'(?<![\w:])dxfId="(\d+)"', content))


def _commented(archive: zipfile.ZipFile, member: str) -> list[str]:
    """Return the cells that have comments or threads of them."""
    folder, _, name = member.rpartition("/")
    relations = f"{folder}/_rels/{name}.rels"
    if relations not in archive.namelist():
        return []
    places: list[str] = []
    for part in ElementTree.fromstring(archive.read(relations)):  # noqa: S314 - as above
        if part.get("Type", "").rpartition("/")[2] in ("comments", "threadedComment"):
            target = part.get("Target", "")
            whole = target.removeprefix("/") if target.startswith("/") else normpath(f"{dirname(member)}/{target}")
            tree = ElementTree.fromstring(archive.read(whole))  # noqa: S314 - as above
            places += [
                each.get("ref", "") for name in ("comment", "threadedComment") for each in find_parts(tree, name)
            ]
    return list(dict.fromkeys(place for place in places if place))


def _row_of(place: str) -> int:
    return int(re.sub(r"\D", "", place) or 0)
