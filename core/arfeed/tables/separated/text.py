"""Files as text: their encoding and separator, their records, and the lines in which these start."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import IO

from arfeed.model.errors import SourceError
from arfeed.tables.files.opening import open_binary
from arfeed.tables.separated.east import find_east_asian
from arfeed.tables.separated.misread import find_misread

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DELIMITERS = ",;\t|"
# Enough to show the separator, and a header below a banner.
_SAMPLE = 1 << 16
_BLOCK = 1 << 22


class Stream(io.RawIOBase):
    """An iterator of bytes as a readable file. A whole piece is passed on without a copy."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        """Take the pieces; each is fetched only when it is needed."""
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the rest of the current piece, or at most `size` bytes of it."""
        while not self._rest:
            try:
                self._rest = next(self._pieces)
            except StopIteration:
                return b""
        if size is None or size < 0 or len(self._rest) <= size:
            piece, self._rest = self._rest, b""
        else:
            piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


def blocks(file: str, encoding: str) -> Iterator[bytes]:
    """Yield the file as UTF-8 without a byte order mark.

    Raise `UnicodeDecodeError` for other encodings only: UTF-8 is passed on unchecked, since Arrow checks it anyway.
    """
    if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig"):
        with open_binary(file) as data:
            yield data.read(_BLOCK).removeprefix(codecs.BOM_UTF8)
            while block := data.read(_BLOCK):
                yield block
        return
    with open_text(file, encoding) as text:
        while piece := text.read(_BLOCK):
            yield piece.encode()


def find_encoding(file: str, declared: str | None, fallback: str | None = None) -> str:
    """Return the encoding of the file's byte order mark, else the declared one, else UTF-8.

    `fallback` is the encoding of a file that is not valid UTF-8, if none is declared. Raise `SourceError` for an
    encoding that Python does not know.
    """
    with open_binary(file) as data:
        head = data.read(4)
    # A mark in the file is certain; a setting may be older than the export.
    found = next((name for mark, name in _BOMS if head.startswith(mark)), declared)
    # UTF-8 is ruled out first, since nearly every file is valid cp1252 as well.
    if found is None and fallback and not _is_utf8(file):
        found = fallback
    try:
        codecs.lookup(found or "utf-8")
    except LookupError as exc:
        raise SourceError(f"{file}: {found!r} is not a known encoding; a common one is cp1252") from exc
    return found or "utf-8"


def _is_utf8(file: str) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in blocks(file, "utf-8"):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def find_delimiter(file: str, encoding: str, declared: str | None) -> str:
    """Return the declared separator, else the one that splits most lines into the same number of fields."""
    if declared and not (len(declared) == 1 and declared.isascii()):
        raise SourceError(f"{file}: the delimiter must be a single character such as a semicolon, found {declared!r}")
    return declared or _sniff(head(file, encoding))


def _sniff(text: str) -> str:
    # Commas of banners and amounts recur in fewer lines, and less regularly, than the separator does.
    # Without what is in quotes, where separators are text.
    lines = "".join(text.split('"')[::2]).splitlines()

    def regularity(mark: str) -> tuple[int, int]:
        counts = Counter(line.count(mark) for line in lines if mark in line)
        return max(((lines, each) for each, lines in counts.items()), default=(0, 0))

    return max(_DELIMITERS, key=regularity)


def head(file: str, encoding: str) -> str:
    """Return the start of a file. Raise `SourceError` if it can't be decoded."""
    try:
        with open_text(file, encoding) as text:
            start = text.read(_SAMPLE)
    except UnicodeDecodeError as exc:
        raise SourceError(explain_wrong_encoding(file, encoding)) from exc
    if "\x1b$" in start or "\x1b(" in start:
        raise SourceError(
            f'{file}: it is not text in {encoding.upper()}; it seems to be encoding = "iso2022_jp" (Japan)'
        )
    if "\0" in start:
        raise SourceError(f'{file}: it is not text in {encoding.upper()}; if it is UTF-16, set encoding = "utf-16-le"')
    return start


def explain_wrong_encoding(file: str, encoding: str) -> str:
    """Return a message that the file has bytes which are invalid in its encoding, with the one that they may be in."""
    with open_binary(file) as data:
        start = data.read(_SAMPLE)
    misread = find_east_asian(start) or find_misread([start.decode("cp1252", "replace")])
    other = "cp1250" if codecs.lookup(encoding).name == "cp1252" else "cp1252"
    example = f'"{misread.encoding}" ({misread.region})' if misread else f'"{other}"'
    return f"{file}: it is not valid {encoding.upper()}; name its encoding, for example encoding = {example}"


def open_text(file: str, encoding: str, errors: str = "strict") -> io.TextIOWrapper:
    """Open a file as text, with its line ends unchanged."""
    return io.TextIOWrapper(open_binary(file), encoding=encoding, errors=errors, newline="")


def records(file: str, encoding: str, delimiter: str, *, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not blank, with the line in which it starts."""
    # Only lines and records are wanted; wrong bytes are reported by what reads the values.
    with open_text(file, encoding, "strict" if strict else "replace") as text:
        yield from _number_records(text, delimiter, strict=strict)


def first_records(file: str, encoding: str, delimiter: str, most: int) -> list[tuple[int, list[str]]]:
    """Return the first `most` records that are not blank, with the line in which each starts."""
    text = io.StringIO(head(file, encoding), newline="")
    # Python's csv module refuses fields of over 128 KiB.
    with suppress(csv.Error):
        return [record for record, _ in zip(_number_records(text, delimiter), range(most), strict=False)]
    return []


def _number_records(text: IO[str], delimiter: str, *, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(text, delimiter=delimiter, strict=strict)
    line = 1
    for fields in reader:
        # A blank line is not a record, and Arrow does not count it either.
        if fields:
            yield line, fields
        line = reader.line_num + 1


def physical_lines(
    file: str, numbers: Iterable[int], *, encoding: str | None = None, delimiter: str | None = None
) -> dict[int, int]:
    """Return the line in which each record starts. It reads the file again, so call it only for rows with problems."""
    wanted, found = set(numbers), dict[int, int]()
    known = find_encoding(file, encoding)
    # After a field of over 128 KiB, lines are unknown.
    with suppress(csv.Error):
        for number, (line, _) in enumerate(records(file, known, find_delimiter(file, known, delimiter)), 1):
            if number in wanted:
                found[number] = line
            if len(found) == len(wanted):
                break
    return found


def refuse_open_quote(file: str, encoding: str, delimiter: str) -> None:
    """Raise `SourceError` if a quoted field never ends: Arrow takes all rows up to the next quote for its text."""
    line = 1
    try:
        for start, _ in records(file, encoding, delimiter, strict=True):
            line = start
    except csv.Error as exc:
        # CPython's words for a quote that neither ends a field nor is doubled.
        within = "expected after" in str(exc)
        undoubled = ', or stands within a text and is not doubled (5" pipe has to be "5"" pipe")' if within else ""
        raise SourceError(
            f"{file}: after line {line} a quote is opened and not closed{undoubled}, so rows would be taken for text; "
            "the file may be cut off: export it again"
        ) from exc
