"""Quotes that stand where none may: Arrow reads on over them, and takes rows for text."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_QUOTE = ord('"')


class Quotes:
    """Looks at a CSV file while it is read: does each quote open a field, close one, or stand doubled?

    `doubtful` is true where one does not, or where their number is odd. A stricter reader must then decide.
    """

    def __init__(self, delimiter: str) -> None:
        """Take the file's separator."""
        self._beside = np.frombuffer(f'"\r\n{delimiter}'.encode(), np.uint8)
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
        data = np.frombuffer(block, np.uint8)
        at, opens_first = np.flatnonzero(data == _QUOTE), self._count % 2
        opening, closing = at[opens_first::2], at[1 - opens_first :: 2]
        before = np.concatenate(([self._last], data))[opening]
        after = data[closing[closing + 1 < len(data)] + 1]
        if self._last == _QUOTE and self._count % 2 == 0 and self._count:
            after = np.append(after, data[0])
        self._misplaced |= not (np.isin(before, self._beside).all() and np.isin(after, self._beside).all())
        self._count += len(at)
        self._last = int(data[-1])
