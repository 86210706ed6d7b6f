"""A process that reads PDFs: requests come in and answers go out as one line of JSON each.

It runs alone, without arfeed, since PDFium is not thread-safe and a file made for the purpose may crash it, hang it or
fill its memory. A request is {"path", "start", "size", "wanted"}; an answer is {"error"} or {"pages", "more",
"invoices", "careful", "labelled", "attached", "quick"}. `wanted` are numbers, letters and digits only: reading
ends at the page that has one, or with what a font's codes show without PDFium's text; the answer says "quick" then. If
none has any, or if `wanted` is null, the pages are read `careful`ly, too: words by the gaps between letters, where
letters are spaced or cells touch, what stands beside and above each word with a digit (`labelled`), and what the
text has nothing of otherwise: form fields, stamps, notes typed on the page, and attached PDFs.
"""

from __future__ import annotations

import base64
import ctypes
import json
import math
import os
import re
import sys
import zlib
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from itertools import islice, pairwise
from typing import Any, TypeVar
from xml.etree import ElementTree as Xml

MOST_PAGES = 300
MOST_TEXT = 2_000_000
_MOST_ATTACHMENTS = 20
_LARGEST_XML = 5_000_000
_HEAD = 1024
_GAP = 0.12
"""A gap wider than this part of the line's height, beyond the usual gap of the line, is one between words."""
_TURNED = 0.9
"""The sine of a letter's angle from which on it counts as turned by a quarter."""


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Read one PDF."""
    import pypdfium2

    content = _load(request["path"], request["start"], request["size"])
    wanted = request["wanted"]
    shown = None if wanted is None else _by_codes(content)
    if shown is not None and _has(shown, wanted) and b"/EmbeddedFile" not in content:
        return _answer([shown], [], quick=True)  # without opening it, which takes as long as that
    opened = _Opened(content)
    try:
        if opened.error:
            return {"error": opened.error}
        if shown is not None and _has(shown, wanted):
            return _answer([shown], _find_embedded(_find_attached(opened)), quick=True)
        # Only where the words may stand within other objects nobody knows whether there are such.
        on_pages = any(word in content for word in (b"/FileAttachment", b"/ObjStm", b"/Encrypt"))
        return _read(opened, wanted, on_pages=on_pages)
    except pypdfium2.PdfiumError:
        return {"error": "unreadable"}
    finally:
        opened.close()


class _Opened:
    """An open PDF, with the library's object around it only where one is needed: most PDFs are read without."""

    def __init__(self, content: bytes) -> None:
        """Open a PDF; `error` says why that failed, or is blank."""
        import pypdfium2.raw as pdfium

        self._content = content  # PDFium reads on in it
        self.raw = pdfium.FPDF_LoadMemDocument64(content, len(content), None)
        self.size = pdfium.FPDF_GetPageCount(self.raw)
        self.error = ""
        if self.size < 1:
            self.error = "password" if pdfium.FPDF_GetLastError() == pdfium.FPDF_ERR_PASSWORD else "unreadable"

    @cached_property
    def pdf(self) -> Any:
        import pypdfium2

        return pypdfium2.PdfDocument(self.raw)

    def close(self) -> None:
        import pypdfium2.raw as pdfium

        if "pdf" in self.__dict__:
            self.pdf.close()
        elif self.raw:
            pdfium.FPDF_CloseDocument(self.raw)


def _load(path: str, start: int, size: int) -> bytes:
    """Read a part of a file, without what `open` makes for whoever reads on."""
    file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        os.lseek(file, start, os.SEEK_SET)
        content = os.read(file, size)
        while len(content) < size and (more := os.read(file, size - len(content))):
            content += more
        return content
    finally:
        os.close(file)


def _answer(
    pages: list[str],
    invoices: list[dict[str, str]],
    *,
    more: bool = False,
    careful: list[str] | None = None,
    labelled: Sequence[tuple[str, str]] = (),
    attached: Sequence[str] = (),
    quick: bool = False,
) -> dict[str, Any]:
    return {
        "pages": pages,
        "more": more,
        "invoices": invoices,
        "careful": careful,
        "labelled": labelled,
        "attached": attached,
        "quick": quick,
    }


def _has(text: str, wanted: Sequence[str]) -> bool:
    """Whether a text has one of these numbers, whatever stands between their letters and digits."""
    squeezed = _NO_LETTERS.sub("", text.casefold())
    return any(number in squeezed for number in wanted)


_NO_LETTERS = re.compile(r"[\W_]+")

# --- fonts whose maps PDFium reads at length ------------------------------------------------------------------------

_MAPPED = re.compile(rb"/CIDToGIDMap\s+\d+\s+0\s+R")
_TO_UNICODE = re.compile(rb"/ToUnicode\s+(\d+)\s+0\s+R")
_RANGE = re.compile(rb"<([0-9A-Fa-f]{4})>\s*<[0-9A-Fa-f]{4}>\s*<([0-9A-Fa-f]{4})>")
_SHOWN = re.compile(rb"\(((?:[^()\\]|\\.)*)\)|(?<![A-Za-z])(ET|Td|TD|Tm|T\*)(?![A-Za-z])", re.DOTALL)
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_NOT_PLAIN = (b"/ObjStm", b"/Encrypt", b"/FileAttachment", b"/AcroForm")
_NOT_SIMPLE = (
    *(b"/Type0", b"/Type3", b"/TrueType", b"/MMType1", b"/CIDFont", b"/FontFile", b"/ToUnicode", b"/Differences"),
    *(b"/Symbol", b"/ZapfDingbats", b"/MacRomanEncoding", b"/MacExpertEncoding", b"/LZWDecode"),
)
# Two words or cells that only their positions separate.
_WIDE_GAP = re.compile(rb"\)\s*-?\d{3,}(?:\.\d+)?\s*\(")
_NO_PAGE = (b"/Length1", b"/Subtype", b"/Type", b"/Width", b"/DecodeParms")
_LONGEST_HEAD = 300
_MOST_LETTERS = 20_000
"""More are read faster by PDFium."""


def _by_codes(content: bytes) -> str | None:
    """Return what a PDF shows, a line a string, if its fonts' codes are the characters; None if that is not certain.

    TCPDF and tFPDF write so, with a map of 65,536 codes per font, all of which PDFium reads: a third of all
    the time that PDFs of many programs take. So do programs that use the fonts which every reader has, and PDFium
    builds anew for each PDF. What is not found in this is looked for in the text that PDFium finds.
    """
    # Objects within others, a second version of the file, or files attached to a page: all is read as usual.
    if content.count(b"startxref") != 1 or any(word in content for word in _NOT_PLAIN):
        return None
    mapped = _MAPPED.search(content) is not None
    if not mapped and (b"/WinAnsiEncoding" not in content or any(word in content for word in _NOT_SIMPLE)):
        return None
    maps = {int(number) for number in _TO_UNICODE.findall(content)}
    lines: list[str] = []
    place = content.find(b" 0 obj")
    while place >= 0:
        named = content[max(content.rfind(b"\n", 0, place), content.rfind(b"\r", 0, place)) + 1 : place]
        number = int(named) if named.isdigit() else 0
        after = content.find(b" 0 obj", place + 1)
        head, _, body = content[place : after if after > 0 else len(content)].partition(b"stream")
        if (
            body
            and b"/FlateDecode" in head
            and len(head) <= _LONGEST_HEAD
            and not any(word in head for word in _NO_PAGE)
        ):
            text = _inflate(body.lstrip(b"\r\n"), as_letters=b"/ASCII85Decode" in head)
            if number in maps:
                if not _codes_are_letters(text):
                    return None
                maps.remove(number)
            elif b"BT" in text:
                if not mapped and _WIDE_GAP.search(text):
                    return None
                lines.append(_shown_texts(text, "utf-16-be" if mapped else "cp1252"))
        place = after
    return "\n".join(lines) if lines and not maps else None


@lru_cache(maxsize=8)
def _codes_are_letters(text: bytes) -> bool:
    """Whether a font's map gives every code as the very character."""
    ranges = _RANGE.findall(text)
    return (
        bool(ranges) and b"beginbfchar" not in text and all(code.lower() == letter.lower() for code, letter in ranges)
    )


def _inflate(body: bytes, *, as_letters: bool) -> bytes:
    """Return what is packed; `as_letters` if the packed bytes are written in letters, as reportlab does."""
    try:
        if as_letters:
            letters = body.partition(b"~>")[0]
            body = base64.a85decode(letters) if len(letters) <= _MOST_LETTERS else b""
        return zlib.decompressobj().decompress(body, MOST_TEXT)
    except (zlib.error, ValueError):
        return b""


def _shown_texts(commands: bytes, encoding: str) -> str:
    """Return the strings that a page shows; those between two moves of the pen are one line."""
    lines = [b""]
    for found in _SHOWN.finditer(commands):
        if found[2]:
            lines.append(b"")
        else:
            lines[-1] += _ESCAPED.sub(_unescape, found[1])
    return "\n".join(line.decode(encoding, "replace") for line in lines if line)


def _unescape(found: re.Match[bytes]) -> bytes:
    letter = found[1]
    return bytes([int(letter, 8) & 0xFF]) if letter[:1].isdigit() else _CONTROLS.get(letter, letter)


# --- the text as PDFium finds it ------------------------------------------------------------------------------------


def _read(opened: _Opened, wanted: Sequence[str] | None, *, on_pages: bool) -> dict[str, Any]:
    """Read the pages up to the one that has what is wanted; all if files may be attached `on_pages`."""
    import pypdfium2
    import pypdfium2.raw as pdfium

    pages: list[str] = []
    files = _find_attached(opened)
    # What is attached to a page further behind would be missed.
    stop = wanted is not None and not on_pages
    # Some programs attach files to a mark on the page, and list them nowhere else.
    on_pages = on_pages and not files
    size, found = 0, False
    for number in range(min(opened.size, MOST_PAGES)):
        # Without the library's objects around each page: they take a tenth of the time.
        page = pdfium.FPDF_LoadPage(opened.raw, number)
        if not page:
            raise pypdfium2.PdfiumError("Failed to load page.")
        if on_pages:
            files += _attached_to(page, opened.pdf)
        pages.append(_text_of(page))
        pdfium.FPDF_ClosePage(page)
        size += len(pages[-1])
        found = found or (wanted is not None and _has(pages[-1], wanted))
        if found and stop and len(pages) < opened.size:
            return _answer(pages, _find_embedded(files), more=True, quick=True)
        if size > MOST_TEXT:
            pages[-1] = pages[-1][:MOST_TEXT]
            break
    more = size > MOST_TEXT or len(pages) < opened.size
    if found:
        return _answer(pages, _find_embedded(files), more=more)
    if wanted is not None and _has_marks(opened.pdf):
        # A form's fields, once they are drawn, are text like any other; letter by letter is for what has none of it.
        return _answer(_read_drawn(opened.pdf, len(pages)), _find_embedded(files), more=more, quick=True)
    careful, labelled = _read_carefully(opened.pdf, len(pages))
    attached = _texts_of_pdfs(files)
    return _answer(pages, _find_embedded(files), more=more, careful=careful, labelled=labelled, attached=attached)


def _text_of(page: Any) -> str:
    """Return the text within a page's box."""
    import pypdfium2.raw as pdfium

    text, box = pdfium.FPDFText_LoadPage(page), pdfium.FS_RECTF()
    pdfium.FPDF_GetPageBoundingBox(page, box)
    place = (text, box.left, box.top, box.right, box.bottom)
    # PDFium gathers the text once more to say how long it is: that is asked for only if it does not fit.
    letters, count = _PAGE_OF_TEXT, pdfium.FPDFText_GetBoundedText(*place, ctypes.cast(_PAGE_OF_TEXT, _WIDE), _FITTING)
    if count >= _FITTING:
        count = pdfium.FPDFText_GetBoundedText(*place, None, 0)
        letters = ctypes.create_string_buffer(2 * max(count, 1))
        pdfium.FPDFText_GetBoundedText(*place, ctypes.cast(letters, _WIDE), count)
    pdfium.FPDFText_ClosePage(text)
    return ctypes.string_at(letters, 2 * count).decode("utf-16-le", "ignore").rstrip("\0")


_FITTING = 8_000
_PAGE_OF_TEXT = ctypes.create_string_buffer(2 * _FITTING)


def _read_drawn(pdf: Any, count: int) -> list[str]:
    """Read the first pages with what lies on them."""
    pages = []
    pdf.init_forms()
    for number in range(count):
        page = pdf[number]
        notes = _draw_marks(page)
        page.close()
        page = pdf[number]
        pages.append("\n".join([_text_of(page), *notes])[:MOST_TEXT])
        page.close()
    return pages


def _read_carefully(pdf: Any, count: int) -> tuple[list[str], list[tuple[str, str]]]:
    """Read the first pages letter by letter, with what lies on them, and what labels their numbers."""
    pages: list[str] = []
    labelled: list[tuple[str, str]] = []
    size = 0
    drawn = _has_marks(pdf)
    if drawn:
        pdf.init_forms()
    for number in range(count):
        page = pdf[number]
        notes = []
        if drawn:
            notes = _draw_marks(page)
            page.close()
            page = pdf[number]
        text = page.get_textpage()
        lines = _find_lines(text)
        pages.append("\n".join([_by_gaps(lines), *notes])[:MOST_TEXT])
        if len(labelled) < _MOST_LABELLED:
            labelled += [*_pair(_find_cells(text)), *_pair(_find_turned_cells(lines))]
        text.close()
        page.close()
        size += len(pages[-1])
        if size > MOST_TEXT:
            break
    return pages, labelled


def _has_marks(pdf: Any) -> bool:
    """Whether there are form fields, or anything else that lies on the pages."""
    import pypdfium2.raw as pdfium

    if pdf.get_formtype():
        return True
    for number in range(min(len(pdf), MOST_PAGES)):
        page = pdf[number]
        count = pdfium.FPDFPage_GetAnnotCount(page)
        page.close()
        if count:
            return True
    return False


def _draw_marks(page: Any) -> list[str]:
    """Draw form fields and stamps into a page, and return notes typed on it whose looks are left to the reader."""
    import pypdfium2.raw as pdfium

    notes = []
    for place in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, place)
        is_note = pdfium.FPDFAnnot_GetSubtype(annotation) == pdfium.FPDF_ANNOT_FREETEXT
        if is_note and pdfium.FPDFAnnot_GetAP(annotation, pdfium.FPDF_ANNOT_APPEARANCEMODE_NORMAL, None, 0) <= _NO_TEXT:
            size = min(pdfium.FPDFAnnot_GetStringValue(annotation, b"Contents", None, 0), _LONGEST_NOTE)
            text = ctypes.create_string_buffer(size)
            pdfium.FPDFAnnot_GetStringValue(annotation, b"Contents", ctypes.cast(text, _WIDE), size)
            notes.append(text.raw.decode("utf-16-le", "replace").rstrip("\0"))
        pdfium.FPDFPage_CloseAnnot(annotation)
    pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY)  # pypdfium2's own refuses pages without a form
    return notes


_NO_TEXT = 2
"""The size of PDFium's text of nothing."""
_LONGEST_NOTE = 20_000
_WIDE = ctypes.POINTER(ctypes.c_ushort)


def _texts_of_pdfs(files: list[bytes]) -> list[str]:
    """Return the text of the pages of attached PDFs, as portfolios have them."""
    import pypdfium2

    texts: list[str] = []
    for content in files:
        if b"%PDF-" not in content[:_HEAD]:
            continue
        try:
            inner = pypdfium2.PdfDocument(content)
        except pypdfium2.PdfiumError:
            continue
        for page in islice(inner, MOST_PAGES):
            text = page.get_textpage()
            texts.append(_by_gaps(_find_lines(text))[:MOST_TEXT])
            text.close()
            page.close()
        inner.close()
    return texts


Letter = tuple[str, float, float, float, float]
"""A letter with the left, bottom, right and top of its box."""


class _Line:
    """A line of letters that are turned alike; the short ones of a narrow cell are several runs of one line."""

    def __init__(self, quarter: int) -> None:
        self.quarter = quarter
        self.runs: list[list[Letter]] = [[]]

    @property
    def text(self) -> str:
        return "".join(map(_join, self.runs))


def _find_lines(text: Any) -> list[_Line]:
    """Return the lines of a page, in the order in which the file has them.

    PDFium runs the lines of a turned page together in its bounded text, and parts turned lines of a page that is not:
    here both are as they stand there.
    """
    import pypdfium2.raw as pdfium

    bounded = _strip_spaces(text.get_text_bounded())
    lines = [_Line(0)]
    box = pdfium.FS_RECTF()
    broken = True
    for number in range(text.count_chars()):
        letter = chr(pdfium.FPDFText_GetUnicode(text, number))
        if letter in "\r\n":
            broken = True
        elif not letter.isspace() and pdfium.FPDFText_GetLooseCharBox(text, number, ctypes.byref(box)):
            placed = (letter, box.left, box.bottom, box.right, box.top)
            # PDFium parts lines of turned letters where it should not, and does not where it should.
            if broken or lines[-1].quarter:
                quarter = _quarter(pdfium.FPDFText_GetCharAngle(text, number))
                run = lines[-1].runs[-1] if quarter == lines[-1].quarter != 0 else []
                if _goes_on_below(run, placed, quarter):
                    lines[-1].runs.append([])
                elif broken and not _goes_on(run, placed, quarter):
                    lines.append(_Line(quarter))
            broken = False
            lines[-1].runs[-1].append(placed)
    for line in lines:  # what lies off the page is in the letters, but not in the bounded text
        line.runs = [run for run in line.runs if run and _strip_spaces("".join(each[0] for each in run)) in bounded]
    return [line for line in lines if line.runs]


def _by_gaps(lines: Sequence[_Line]) -> str:
    """Return a page's text with blanks where the gaps between letters are wider than is usual on their line."""
    return "\n".join(line.text for line in lines)


def _quarter(angle: float) -> int:
    """Return 1 for a letter that is turned to the left by a quarter, -1 for one to the right, else 0."""
    sine = math.sin(angle)
    return 0 if abs(sine) < _TURNED else -1 if sine > 0 else 1


def _turn_back(letter: Letter, quarter: int) -> Letter:
    """Return a letter with its box as if it had not been turned."""
    sign, left, bottom, right, top = letter
    if quarter == 0:
        return letter
    return (sign, bottom, -right, top, -left) if quarter > 0 else (sign, -top, left, -bottom, right)


def _goes_on(run: list[Letter], letter: Letter, quarter: int) -> bool:
    """Whether a letter stands right behind or before the last one of a run, as if neither was turned."""
    if not run:
        return False
    _, left, bottom, right, top = _turn_back(letter, quarter)
    _, start, base, end, _ = _turn_back(run[-1], quarter)
    height = top - bottom
    return abs(base - bottom) < height / 2 and min(abs(left - end), abs(start - right)) < height


def _goes_on_below(run: list[Letter], letter: Letter, quarter: int) -> bool:
    """Whether a letter begins the next line of a narrow cell of a few letters a line, as in sheets with turned text."""
    if not 0 < len(run) <= _FEW_LETTERS:
        return False
    _, left, bottom, _, top = _turn_back(letter, quarter)
    _, start, base, *_ = _turn_back(run[0], quarter)
    height = top - bottom
    return abs(start - left) < height / 2 and 0 < base - bottom < _NEXT_LINE * height


_FEW_LETTERS = 4
_NEXT_LINE = 1.7


def _strip_spaces(line: str) -> str:
    return "".join(letter for letter in line if not letter.isspace() and letter not in "\x02\ufffe")


def _join(letters: list[Letter]) -> str:
    gaps = [_gap(before, after) for before, after in pairwise(_project_on_line(letters))]
    on_lines = sorted(gap for gap, _ in gaps if gap != math.inf)
    usual = max(0.0, on_lines[len(on_lines) // 2]) if on_lines else 0.0
    joined = [letter for letter, *_ in letters[:1]]
    for (gap, height), (letter, *_) in zip(gaps, letters[1:], strict=True):
        joined.append(f"\n{letter}" if gap == math.inf else f" {letter}" if gap > usual + _GAP * height else letter)
    return "".join(joined)


# --- labels and values, as they stand on the page -------------------------------------------------------------------


class _Cell:
    """A run of letters of one line without a wide gap: its box, its place among the lines, and what it says."""

    def __init__(self, text: str, letters: Sequence[Letter]) -> None:
        self.text = text
        self.left = min(letter[1] for letter in letters)
        self.bottom = letters[0][2]
        self.right = max(letter[3] for letter in letters)
        self.top = letters[0][4]


_MOST_LABELLED = 5_000
_MOST_LETTERS_OF_CELLS = 20_000
_CELL_GAP = 0.6
"""A gap wider than this part of the line's height is one between cells."""
_LINES_ABOVE = 3.0
_SAME_LEFT = 3.0


def _find_cells(text: Any) -> list[list[_Cell]]:
    """Return the cells of a page's upright letters, line by line from its top, wherever the file has them."""
    import pypdfium2.raw as pdfium

    letters: list[Letter] = []
    box = pdfium.FS_RECTF()
    for number in range(min(text.count_chars(), _MOST_LETTERS_OF_CELLS)):
        letter = chr(pdfium.FPDFText_GetUnicode(text, number))
        there = not letter.isspace() and pdfium.FPDFText_GetLooseCharBox(text, number, ctypes.byref(box))
        if there and box.top > box.bottom and abs(math.sin(pdfium.FPDFText_GetCharAngle(text, number))) < 1 - _TURNED:
            letters.append((letter, box.left, box.bottom, box.right, box.top))
    return [_cells_of(line) for line in _in_lines(letters, lambda letter: letter)]


def _find_turned_cells(lines: Sequence[_Line]) -> list[list[_Cell]]:
    """Return the lines of turned letters as cells of the page as it stands, as a sheet with turned text has them.

    On a page that is turned itself they are close to each other, as lines are.
    """
    cells = [_Cell(line.text, [letter for run in line.runs for letter in run]) for line in lines if line.quarter]
    rows = _in_lines(cells, lambda cell: ("", cell.left, cell.bottom, cell.right, cell.top))
    return [row for row in rows if all(b.left - a.right > a.top - a.bottom for a, b in pairwise(row))]


T = TypeVar("T")


def _in_lines(each: Sequence[T], placed: Callable[[T], Letter]) -> list[list[T]]:
    """Return what is on a page line by line from its top, and from left to right."""
    lines: list[list[T]] = []
    lowest = 0.0
    for one in sorted(each, key=lambda one: -placed(one)[2] - placed(one)[4]):
        _, _, bottom, _, top = placed(one)
        if lines and (bottom + top) / 2 > lowest:
            lines[-1].append(one)
        else:
            lines.append([one])
            lowest = bottom + (top - bottom) * _LOWEST
    return [sorted(line, key=lambda one: placed(one)[1]) for line in lines]


_LOWEST = 0.2
"""A letter is of the line above if its middle is higher than this part of that line."""


def _cells_of(line: list[Letter]) -> list[_Cell]:
    gaps = [max(0.0, after[1] - before[3]) for before, after in pairwise(line)]
    usual = sorted(gaps)[len(gaps) // 2] if gaps else 0.0
    cells = [[line[0]]]
    for letter, gap in zip(line[1:], gaps, strict=True):
        if gap > usual + _CELL_GAP * (letter[4] - letter[2]):
            cells.append([])
        cells[-1].append(letter)
    return [_Cell(_join(letters), letters) for letters in cells]


def _pair(lines: list[list[_Cell]]) -> list[tuple[str, str]]:
    """Return every cell with a digit behind the one to its left, and behind the one above it, where these have none.

    A label above begins with a line break.
    """
    pairs = []
    for place, line in enumerate(lines):
        for number, cell in enumerate(line):
            if not _has_digit(cell):
                continue
            said = _with_lines_around(cell, lines, place)
            labels = [("", line[number - 1])] if number else []
            labels += [("\n", above) for above in (_find_above(cell, lines[place - 1]) if place else [])]
            pairs += [(side + label.text, said) for side, label in labels if not _has_digit(label)] or [("", said)]
    return pairs


def _has_digit(cell: _Cell) -> bool:
    return any(letter.isdigit() for letter in cell.text)


def _find_above(cell: _Cell, line: list[_Cell]) -> list[_Cell]:
    near = cell.top + _LINES_ABOVE * (cell.top - cell.bottom)
    return [each for each in line if each.left < cell.right and each.right > cell.left and each.bottom < near][:1]


def _with_lines_around(cell: _Cell, lines: Sequence[list[_Cell]], place: int) -> str:
    """Return what a cell says with the lines above and below that only go on with it, as in a narrow column.

    One that stands nearer to the cell on its other side is of that one.
    """
    said = [cell.text]
    for step in (1, -1):
        last, at = cell, place + step
        while 0 <= at < len(lines) and abs(at - place) <= _MOST_LINES and _goes_on_with(last, lines[at]):
            (one,) = lines[at]
            beyond = lines[at + step] if 0 <= at + step < len(lines) else []
            there = min((_distance(one, each) for each in beyond if _is_same_column(one, each)), default=math.inf)
            # Above, it may as well be the end of another cell: then it has to be nearer, and close.
            height = one.top - one.bottom
            if _distance(last, one) > (there if step > 0 else min(there - _NEARER * height, _NEXT_LINE * height)):
                break
            said.insert(len(said) if step > 0 else 0, one.text)
            last, at = one, at + step
    return "\n".join(said)


_MOST_LINES = 3
_NEARER = 0.2


def _goes_on_with(cell: _Cell, line: Sequence[_Cell]) -> bool:
    return len(line) == 1 and _is_same_column(cell, line[0])


def _is_same_column(one: _Cell, other: _Cell) -> bool:
    return abs(one.left - other.left) <= _SAME_LEFT


def _distance(one: _Cell, other: _Cell) -> float:
    """Return how far two lines are from each other."""
    return abs(one.bottom - other.bottom)


Span = tuple[float, float, float, float]
"""Where a letter begins and ends along its line, and where across it."""


def _project_on_line(letters: list[Letter]) -> list[Span]:
    """Return the letters' places along their line, which may run up or down the page."""
    across = [(left, right, bottom, top) for _, left, bottom, right, top in letters]
    steps = [abs(a[0] + a[1] - b[0] - b[1]) >= abs(a[2] + a[3] - b[2] - b[3]) for a, b in pairwise(across)]
    if 2 * sum(steps) >= len(steps):
        return across
    return [(bottom, top, left, right) for _, left, bottom, right, top in letters]


def _gap(one: Span, other: Span) -> tuple[float, float]:
    """Return the gap between two letters, whichever comes first, as it does from right to left; and the height.

    Letters of two lines, such as of two form fields, are endlessly far apart.
    """
    height = other[3] - other[2]
    if abs(one[2] - other[2]) > height / 2:
        return math.inf, height
    return max(other[0] - one[1], one[0] - other[1]), height


# --- invoices for machines ------------------------------------------------------------------------------------------


def _find_embedded(files: list[bytes]) -> list[dict[str, str]]:
    """Return the invoices among the attached files, by their root element: names vary with the program."""
    found = []
    for content in files:
        if len(content) <= _LARGEST_XML and content.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<":
            try:
                root = Xml.fromstring(content)  # noqa: S314 - expat loads nothing from outside, and the process is limited
            except Xml.ParseError:
                continue
            if invoice := _invoice(root):
                found.append(invoice)
    return found


def _find_attached(opened: _Opened) -> list[bytes]:
    import pypdfium2
    import pypdfium2.raw as pdfium

    contents = []
    for number in range(min(pdfium.FPDFDoc_GetAttachmentCount(opened.raw), _MOST_ATTACHMENTS)):
        try:
            contents.append(bytes(opened.pdf.get_attachment(number).get_data()))
        except pypdfium2.PdfiumError:
            continue
    return contents


def _attached_to(page: Any, pdf: Any) -> list[bytes]:
    import pypdfium2
    import pypdfium2.raw as pdfium

    contents = []
    for place in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MOST_ATTACHMENTS)):
        annotation = pdfium.FPDFPage_GetAnnot(page, place)
        if pdfium.FPDFAnnot_GetSubtype(annotation) == pdfium.FPDF_ANNOT_FILEATTACHMENT:
            raw = pdfium.FPDFAnnot_GetFileAttachment(annotation)
            if raw:
                contents.append(bytes(pypdfium2.PdfAttachment(raw, pdf).get_data()))
        pdfium.FPDFPage_CloseAnnot(annotation)
    return contents


def _invoice(root: Xml.Element) -> dict[str, str] | None:
    """Return number, currency and total of an invoice in CII (Factur-X, ZUGFeRD, XRechnung) or UBL; else None."""
    kind = _local(root)
    if kind in ("CrossIndustryInvoice", "CrossIndustryDocument"):
        head = next(
            (child for child in root if _local(child) in ("ExchangedDocument", "HeaderExchangedDocument")), None
        )
        number = _child(head, "ID")
        total, currency = _first(root, "GrandTotalAmount"), _first(root, "InvoiceCurrencyCode")
    elif kind in ("Invoice", "CreditNote"):
        number = _child(root, "ID")
        total, currency = _first(root, "TaxInclusiveAmount"), _child(root, "DocumentCurrencyCode")
    else:
        return None
    return {"number": number, "total": total, "currency": currency} if number else None


def _local(element: Xml.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _child(element: Xml.Element | None, name: str) -> str:
    """Return the text of an element's own child."""
    found = (child.text for child in (() if element is None else element) if _local(child) == name)
    return (next(found, "") or "").strip()


def _first(root: Xml.Element, name: str) -> str:
    found = (element.text for element in root.iter() if _local(element) == name)
    return (next(found, "") or "").strip()


def serve() -> None:
    """Answer requests until there are no more."""
    memory = int(sys.argv[1])
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass  # Windows has no such limit; the one on time holds there too
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        try:
            said = answer(json.loads(line))
        except MemoryError:
            said = {"error": "memory"}
        except Exception as exc:  # noqa: BLE001 - whatever one PDF does, the next is read
            said = {"error": "unreadable", "why": f"{type(exc).__name__}: {exc}"}
        out.write(json.dumps(said).encode() + b"\n")
        out.flush()


if __name__ == "__main__":
    serve()
