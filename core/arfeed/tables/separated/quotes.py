"""Quotes that stand where none may: Arrow reads on over them, and takes rows for text."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

_QUOTE = ord('"')


class Quotes:
    """Looks at a CSV file while it is read: does each quote open a field, close one, or stand doubled?

    `doubtful` is true where one does not, or where their number is odd. A stricter reader must then decide.
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
        return self._misplaced or self._count % 2 == 1

    @property
    def ended(self) -> bool:
        """Whether the last line has an end."""
        return self._last in b"\r\n"

    def watch(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass the file on, piece by piece."""
        for block in blocks:
            self._look(block)
            yield block

    def _look(self, block: bytes) -> None:
        """Every other quote opens, the ones between close; a doubled one is a close and an open."""
        if not block:
            return
        closed_before = self._last == _QUOTE and self._count % 2 == 0 and self._count > 0
        self._misplaced |= closed_before and not self._beside[block[0]]
        if b'"' in block:
            self._look_beside(np.frombuffer(block, np.uint8))
        self._last = block[-1]

    def _look_beside(self, data: npt.NDArray[np.uint8]) -> None:
        at, opens_first = np.flatnonzero(data == _QUOTE), self._count % 2
        opening, closing = at[opens_first::2], at[1 - opens_first :: 2]
        before = np.where(opening > 0, data[opening - 1], self._last)
        after = data[closing[closing + 1 < len(data)] + 1]
        self._misplaced |= not (self._beside[before].all() and self._beside[after].all())
        self._count += len(at)
