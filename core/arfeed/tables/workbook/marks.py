"""What somebody has done to rows of a workbook that its cells do not say: hidden, struck out, commented, coloured."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from posixpath import dirname, normpath
from xml.etree import ElementTree

from arfeed.tables.workbook.cells import find_member, find_parts, row_blocks
from arfeed.tables.workbook.formats import find_words
from arfeed.tables.workbook.sheets import open_sheet

_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_NUMBER = re.compile(rb'(?<![\w:])r="[A-Z]*(\d+)"')
_PLACE = re.compile(rb'(?<![\w:])r="([A-Z]+\d+)"')
_STYLE = re.compile(rb'(?<![\w:])s="(\d+)"')
_VALUE = re.compile(rb"<(?:\w+:)?v>(\d+)<")
_HIDDEN = re.compile(rb'(?<![\w:])hidden="(?:1|true)"')
_STRUCK = re.compile(rb'<(?:\w+:)?strike(?:\s+val="(?:1|true)")?\s*/>')
_OUTLINED = re.compile(rb'(?<![\w:])outlineLevel="[1-7]"')
_HEIGHT = re.compile(rb'(?<![\w:])ht="(\d+(?:\.\d+)?)"')
_LEAST_HEIGHT = 2
"""A row of fewer points can't be seen."""

_STRIPES = 3
"""A colour that fewer than one row in this many has is not one of stripes."""

_TWO = 2
_BLACK = {("theme", "1"), ("rgb", "FF000000"), ("rgb", "00000000"), ("indexed", "8"), ("indexed", "64"), ("auto", "1")}

_NO = ("0", "false")


@dataclass(slots=True)
class Marks:
    """Rows that are hidden, cells that are struck out, cells with comments, and rows with a look that few have.

    Rows are `grouped`, and cells have `links`, if few are and do.

    A cell is named as a spreadsheet does (B7), a row by its number. `struck` has no cell but "a rule" if the format
    that strikes cells out depends on what they hold.
    """

    hidden: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    colours: list[str] = field(default_factory=list)
    grouped: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


_Style = tuple[str, ...]
"""The colour behind a cell's text, and what is unusual in how that is written: its colour, bold, italic, underlined,
and words that only the format of its number has."""

_SAYS = "says "


@dataclass(slots=True)
class _Look:
    """The numbers of the cells' styles that strike out and that colour, and of the texts with a part struck out.

    `rows` are those that have a cell of each colour.
    """

    struck: set[int] = field(default_factory=set)
    coloured: dict[int, _Style] = field(default_factory=dict)
    rows: dict[_Style, list[str]] = field(default_factory=dict)
    texts: set[int] = field(default_factory=set)
    rules: set[int] = field(default_factory=set)


def find_marks(file: str, sheet: str | None, rows: Collection[int]) -> Marks:
    """Return what marks these rows of a workbook's sheet, by their numbers from 1."""
    marks = Marks()
    with open_member(file, sheet) as (archive, member):
        look = _read_look(archive)
        for block in row_blocks(archive, member):
            _collect(block, look, rows, marks)
        content = archive.read(member)
        if look.rules & {int(number) for number in _rules(content)}:
            marks.struck.append("a rule")
        noted = [*_find_commented(archive, member), *_find_prompted(content, rows)]
        marks.comments += [place for place in noted if row_of(place) in rows]
        linked = [place for place in _find_linked(archive, member, content) if row_of(place) in rows]
        marks.links += _keep_rare(linked, len(rows))
    marks.grouped = _keep_rare(marks.grouped, len(rows))
    marks.colours += sorted({row for few in _list_rare(look, len(rows)) for row in few}, key=int)
    return marks


def _list_rare(look: _Look, count: int) -> Iterator[list[str]]:
    """Yield the rows of each colour that is none of stripes; of three colours in turn one may lack a row."""
    for style, rows in look.rows.items():
        # What a format says marks no stripes: `"paid" 0.00` may be on half of the rows.
        if _keep_rare(rows, count) or (style[-1].startswith(_SAYS) and len(rows) < count):
            yield rows


def _keep_rare(places: list[str], count: int) -> list[str]:
    """Return what fewer than a third of the rows have; else nothing, since then it marks no single ones."""
    few = len({*map(row_of, places)})
    return places if few * _STRIPES < count and few < max(_TWO, count // _STRIPES) else []


def _collect(block: bytes, look: _Look, rows: Collection[int], marks: Marks) -> None:
    for found in _ROW.finditer(block):
        number = _NUMBER.search(found[1])
        if number and int(number[1]) in rows and _is_hidden(found[1]):
            marks.hidden.append(number[1].decode())
        if number and int(number[1]) in rows and _OUTLINED.search(found[1]):
            marks.grouped.append(number[1].decode())
    if not (look.struck or look.coloured or look.texts) and b"strike" not in block:
        return
    for cell in _CELL.finditer(block):
        place = _PLACE.search(cell[1])
        name = place[1].decode() if place else ""
        if not cell[2] or not name or row_of(name) not in rows:
            continue
        style, value = _STYLE.search(cell[1]), _VALUE.search(cell[2])
        of_text = b't="s"' in cell[1] and value is not None and int(value[1]) in look.texts
        used = int(style[1]) if style else 0
        if of_text or used in look.struck or _STRUCK.search(cell[2]):
            marks.struck.append(name)
        if style_of := look.coloured.get(used):
            having = look.rows.setdefault(style_of, [])
            if str(row_of(name)) not in having[-1:]:
                having.append(str(row_of(name)))


def _is_hidden(row: bytes) -> bool:
    height = _HEIGHT.search(row)
    return _HIDDEN.search(row) is not None or (height is not None and float(height[1]) < _LEAST_HEIGHT)


def _read_look(archive: zipfile.ZipFile) -> _Look:
    look = _Look()
    names = archive.namelist()
    if "xl/styles.xml" in names:
        styles = ElementTree.fromstring(archive.read("xl/styles.xml"))  # noqa: S314 - as above
        fonts = [font for group in find_parts(styles, "fonts") for font in find_parts(group, "font")]
        fills = [fill for group in find_parts(styles, "fills") for fill in find_parts(group, "fill")]
        used = [xf for group in find_parts(styles, "cellXfs") for xf in find_parts(group, "xf")]
        struck = [("struck",) if _is_struck_out(font) else () for font in fonts]
        crossed = [
            ("crossed",) if _is_crossed_out(border) else ()
            for group in find_parts(styles, "borders")
            for border in find_parts(group, "border")
        ]
        codes = {part.get("numFmtId"): part.get("formatCode", "") for part in find_parts(styles, "numFmt")}
        said = [find_words(codes.get(xf.get("numFmtId"), "")) for xf in used]
        inks, grounds = [*map(_read_ink, fonts)], [*map(_read_ground, fills)]
        look.struck = {
            style
            for style, xf in enumerate(used)
            if _nth(struck, xf.get("fontId")) or _nth(crossed, xf.get("borderId"))
        }
        styled = (
            _nth(grounds, xf.get("fillId")) + _nth(inks, xf.get("fontId")) + ((f"{_SAYS}{words}",) if words else ())
            for xf, words in zip(used, said, strict=True)
        )
        look.coloured = {number: style for number, style in enumerate(styled) if style}
        rules = [rule for group in find_parts(styles, "dxfs") for rule in find_parts(group, "dxf")]
        look.rules = {number for number, rule in enumerate(rules) if _is_struck_out(rule)}
    if "xl/sharedStrings.xml" in names and _STRUCK.search(content := archive.read("xl/sharedStrings.xml")):
        texts = find_parts(ElementTree.fromstring(content), "si")  # noqa: S314 - as above
        look.texts = {number for number, text in enumerate(texts) if _is_struck_out(text)}
    return look


def _is_struck_out(element: ElementTree.Element) -> bool:
    return any(part.get("val") not in _NO for part in find_parts(element, "strike"))


def _is_crossed_out(border: ElementTree.Element) -> bool:
    crossing = {border.get("diagonalUp"), border.get("diagonalDown")} & {"1", "true"}
    return bool(crossing) and any(part.get("style") not in (None, "none") for part in find_parts(border, "diagonal"))


def _read_ground(fill: ElementTree.Element) -> _Style:
    patterns = [*find_parts(fill, "patternFill")]
    if not any(part.get("patternType") not in (None, "none", "gray125") for part in patterns):
        return ()
    return tuple(ElementTree.tostring(part, "unicode") for part in patterns)


def _read_ink(font: ElementTree.Element) -> _Style:
    """Return what is unusual in a font; which one it is, and its size, marks nothing."""
    kinds = [
        name for name in ("b", "i", "u") for part in find_parts(font, name) if part.get("val") not in (*_NO, "none")
    ]
    colours = [sorted(part.attrib.items()) for part in find_parts(font, "color")]
    return (*kinds, *(f"{colour}" for colour in colours if not _BLACK & {*colour}))


def _nth(each: Sequence[_Style], number: str | None) -> _Style:
    return each[int(number)] if number is not None and number.isdigit() and int(number) < len(each) else ()


def _rules(content: bytes) -> Iterator[str]:
    if b"conditionalFormatting" in content:
        yield from (found.decode() for found in re.findall(rb'(?<![\w:])dxfId="(\d+)"', content))


def _find_commented(archive: zipfile.ZipFile, member: str) -> list[str]:
    """Return the cells that have comments or threads of them."""
    trees = [tree for kind in ("comments", "threadedComment") for tree in read_related(archive, member, kind)]
    places = [
        each.get("ref", "")
        for tree in trees
        for name in ("comment", "threadedComment")
        for each in find_parts(tree, name)
    ]
    return list(dict.fromkeys(place for place in places if place))


@contextmanager
def open_member(file: str, sheet: str | None) -> Iterator[tuple[zipfile.ZipFile, str]]:
    """Open a workbook as the archive that it is, and say which member the sheet is that is read of it."""
    with open_sheet(file, sheet) as (data, name), zipfile.ZipFile(data) as archive:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - expat bounds what entities become
        yield archive, find_member(archive, book, name)


def read_related(archive: zipfile.ZipFile, member: str, kind: str) -> Iterator[ElementTree.Element]:
    """Yield the parts of a kind that belong to a sheet."""
    for part in _relations(archive, member):
        target = part.get("Target", "")
        if part.get("Type", "").rpartition("/")[2] == kind and part.get("TargetMode") != "External":
            whole = target.removeprefix("/") if target.startswith("/") else normpath(f"{dirname(member)}/{target}")
            yield ElementTree.fromstring(archive.read(whole))  # noqa: S314 - as above


def _relations(archive: zipfile.ZipFile, member: str) -> Iterator[ElementTree.Element]:
    folder, _, name = member.rpartition("/")
    relations = f"{folder}/_rels/{name}.rels"
    if relations in archive.namelist():
        yield from ElementTree.fromstring(archive.read(relations))  # noqa: S314 - as above


def _find_linked(archive: zipfile.ZipFile, member: str, content: bytes) -> list[str]:
    """Return the cells with links, but for addresses to write to, which spreadsheets make links of by themselves."""
    if b"hyperlink" not in content:
        return []
    mail = {
        part.get("Id") for part in _relations(archive, member) if part.get("Target", "").startswith(("mailto:", "tel:"))
    }
    return [
        link.get("ref", "").partition(":")[0]
        for link in find_parts(ElementTree.fromstring(content), "hyperlink")  # noqa: S314 - as above
        if not mail & {*link.attrib.values()}
    ]


def _find_prompted(content: bytes, rows: Collection[int]) -> list[str]:
    """Return the cells that show a note when they are chosen, if few do: a column's own note says what to enter."""
    if b"prompt" not in content:
        return []
    places = [
        place
        for rule in find_parts(ElementTree.fromstring(content), "dataValidation")  # noqa: S314 - as above
        if rule.get("prompt") or rule.get("promptTitle")
        for area in rule.get("sqref", "").split()
        for place in _list_cells(area, rows)
    ]
    return _keep_rare(places, len(rows))


def _list_cells(area: str, rows: Collection[int]) -> Iterator[str]:
    """Yield a cell of the first column for each of the rows in an area such as B5:C9."""
    first, _, last = area.partition(":")
    column = re.sub(r"\d", "", first)
    for row in range(row_of(first), (row_of(last) or row_of(first)) + 1):
        if row in rows:
            yield f"{column}{row}"


def row_of(place: str) -> int:
    """Return the row of a cell such as B7; 0 if it names none."""
    return int(re.sub(r"\D", "", place) or 0)
