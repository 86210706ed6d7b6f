"""Files as text: their encoding and separator, their records, and the lines these start in."""

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

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DELIMITERS = ",;\t|"
_SAMPLE = 1 << 16
_BLOCK = 1 << 22


class Stream(io.RawIOBase):
    """Pieces of bytes as a file to read from, once. A whole piece is passed on without a copy."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        """Take the pieces; none is asked for before it is needed."""
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Read on: what is left of a piece, at most so many bytes."""
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
    """Yield the file in UTF-8 without a byte order mark. Raise `UnicodeDecodeError` for other than UTF-8 only."""
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
    """Return the encoding that the file's byte order mark names, else the declared one, else UTF-8.

    `fallback` is that of a file that is not UTF-8 and names none. Raise `SourceError` for one that does not exist.
    """
    with open_binary(file) as data:
        head = data.read(4)
    found = next((name for mark, name in _BOMS if head.startswith(mark)), declared)
    if found is None and fallback and not _is_utf8(file):
        found = fallback
    try:
        codecs.lookup(found or "utf-8")
    except LookupError as exc:
        raise SourceError(f"{file}: there is no encoding {found!r}; a usual one is cp1252") from exc
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
    """Return the declared separator, else the one that splits most lines alike."""
    if declared and not (len(declared) == 1 and declared.isascii()):
        raise SourceError(f"{file}: the delimiter must be a single character such as a semicolon, found {declared!r}")
    return declared or _sniffed(head(file, encoding))


def _sniffed(text: str) -> str:
    """Count separators a line, outside of quotes: those of banners and amounts stand in fewer lines alike."""
    lines = "".join(text.split('"')[::2]).splitlines()

    def alike(mark: str) -> tuple[int, int]:
        counts = Counter(line.count(mark) for line in lines if mark in line)
        return max(((lines, each) for each, lines in counts.items()), default=(0, 0))

    return max(_DELIMITERS, key=alike)


def head(file: str, encoding: str) -> str:
    """Return the start of a file. Raise `SourceError` where it can't be decoded."""
    try:
        with open_text(file, encoding) as text:
            start = text.read(_SAMPLE)
    except UnicodeDecodeError as exc:
        raise SourceError(wrongly_encoded(file, encoding)) from exc
    if "\0" in start:
        raise SourceError(f'{file}: it is no text in {encoding.upper()}; if it is UTF-16, say encoding = "utf-16-le"')
    return start


def wrongly_encoded(file: str, encoding: str) -> str:
    """Say that the file has bytes which its encoding does not know."""
    return f'{file}: it is not {encoding.upper()}; name its encoding, for example encoding = "cp1252"'


def open_text(file: str, encoding: str, errors: str = "strict") -> io.TextIOWrapper:
    """Open a file as text with the line ends it has."""
    return io.TextIOWrapper(open_binary(file), encoding=encoding, errors=errors, newline="")


def records(file: str, encoding: str, delimiter: str, *, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not blank, with the line it starts in."""
    with open_text(file, encoding, "strict" if strict else "replace") as text:
        yield from _numbered(text, delimiter, strict=strict)


def first_records(file: str, encoding: str, delimiter: str, most: int) -> list[tuple[int, list[str]]]:
    """Return the first records that are not blank, with the line each starts in."""
    text = io.StringIO(head(file, encoding), newline="")
    with suppress(csv.Error):  # a field of over 128 KiB
        return [record for record, _ in zip(_numbered(text, delimiter), range(most), strict=False)]
    return []


def _numbered(text: IO[str], delimiter: str, *, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(text, delimiter=delimiter, strict=strict)
    line = 1
    for fields in reader:
        if fields:
            yield line, fields
        line = reader.line_num + 1


def physical_lines(
    file: str, numbers: Iterable[int], *, encoding: str | None = None, delimiter: str | None = None
) -> dict[int, int]:
    """Return the line each record starts in. Reads the file again, so it is only done for rows with problems."""
    wanted, found = set(numbers), dict[int, int]()
    known = find_encoding(file, encoding)
    with suppress(csv.Error):  # behind a field of over 128 KiB, lines are not known
        for number, (line, _) in enumerate(records(file, known, find_delimiter(file, known, delimiter)), 1):
            if number in wanted:
                found[number] = line
            if len(found) == len(wanted):
                break
    return found


def refuse_open_quote(file: str, encoding: str, delimiter: str) -> None:
    """Raise `SourceError` where a quoted field never ends: Arrow takes all rows up to the next quote for its text."""
    line = 1
    try:
        for start, _ in records(file, encoding, delimiter, strict=True):
            line = start
    except csv.Error as exc:
        raise SourceError(
            f"{file}: behind line {line} a quote is opened and not closed, so rows would be taken for text; "
            "the file may be cut off: export it again"
        ) from exc
