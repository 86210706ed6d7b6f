"""Detecting misplaced quotes, after which Arrow would silently take rows for the text of one field."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

_QUOTE = ord('"')


class Quotes:
    """Checks, while a CSV file is read, that each quote opens a field, closes one, or is doubled.

    `doubtful` is true if one does not, or if their number is odd. A stricter reader must then decide.
    """

    def __init__(self, delimiter: str) -> None:
        """Take the file's separator."""
        self._beside = np.zeros(256, bool)
        self._beside[list(f'"\r\n{delimiter}'.encode())] = True
        self._count = 0
        self._last = ord("\n")
        self._misplaced = False

    @property
    def doubtful(self) -> bool:
        """Whether a quote may be open, as far as the file has been read."""
        return self._misplaced or self.inside

    @property
    def inside(self) -> bool:
        """Whether a quote is open where the file has been read to."""
        return self._count % 2 == 1

    @property
    def ended(self) -> bool:
        """Whether the last line ends with a line break."""
        return self._last in b"\r\n"

    def watch(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the pieces of the file unchanged, and check them."""
        for block in blocks:
            self._check(block)
            yield block

    def _check(self, block: bytes) -> None:
        # Of right quotes every other one opens a field and the next one closes it; a doubled quote is a closing and an
        # opening one. So the even ones must follow a separator or line end, and the odd ones must precede one.
        if not block:
            return
        # The neighbour of a quote that ended the block before is the first byte of this one.
        closed_before = self._last == _QUOTE and self._count % 2 == 0 and self._count > 0
        self._misplaced |= closed_before and not self._beside[block[0]]
        if b'"' in block:
            self._check_neighbours(np.frombuffer(block, np.uint8))
        self._last = block[-1]

    def _check_neighbours(self, data: npt.NDArray[np.uint8]) -> None:
        at, opens_first = np.flatnonzero(data == _QUOTE), self._count % 2
        opening, closing = at[opens_first::2], at[1 - opens_first :: 2]
        before = np.where(opening > 0, data[opening - 1], self._last)
        after = data[closing[closing + 1 < len(data)] + 1]
        self._misplaced |= not (self._beside[before].all() and self._beside[after].all())
        self._count += len(at)
