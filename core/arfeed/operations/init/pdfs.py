"""Where the invoices' PDFs seem to be, judging by their names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

_ILLEGAL = re.compile(r'[/\\:*?"<>|]')
_EDGE = re.compile(r"(?<![^\W_])(?=[^\W_])|(?<=[^\W_])(?![^\W_])")
_MOST_FILES = 2000
_LONGEST = 40
_DEPTH = 3


def propose_pattern(folders: Sequence[Path], refs: Sequence[str], base: Path) -> tuple[str, int] | None:
    """Return the pattern that most PDFs in these folders follow, relative to `base`, and how many do."""
    # Programs replace what a file name can't hold by one of these two.
    spelled = {_ILLEGAL.sub(stand_in, ref) for ref in refs for stand_in in ("_", "-")} - {""}
    found = Counter(pattern for file in _pdfs(folders) if (pattern := _pattern(file, spelled, base)))
    return found.most_common(1)[0] if found else None


def _pdfs(folders: Sequence[Path]) -> Iterator[Path]:
    seen = dict.fromkeys(
        file
        for folder in folders
        for depth in range(_DEPTH)
        for file in islice(folder.glob("*/" * depth + "*.[pP][dD][fF]"), _MOST_FILES)
    )
    # What arfeed itself has staged, or the rehearsal received, is nobody's export.
    return islice((file for file in seen if ".arfeed" not in file.parts), _MOST_FILES)


def _pattern(file: Path, refs: set[str], base: Path) -> str | None:
    """Return the file's path with the invoice's number replaced: the longest number that is a separate word in it."""
    stem, edges = file.stem, [match.start() for match in _EDGE.finditer(file.stem)]
    # The longest first: of "INV-2026-17" the whole is the number, and not its 17.
    pieces = [(end - start, start, end) for start in edges for end in edges if 0 < end - start <= _LONGEST]
    place = next(((start, end) for _, start, end in sorted(pieces, reverse=True) if stem[start:end] in refs), None)
    if place is None or "{" in str(file):
        return None
    name = f"{stem[: place[0]]}{{invoice_ref}}{stem[place[1] :]}{file.suffix}"
    folder = file.parent.relative_to(base) if file.is_relative_to(base) else file.parent
    return str(folder / name)
