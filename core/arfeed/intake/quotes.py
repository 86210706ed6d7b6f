"""Quotes that stand where none may: Arrow reads on over them, and takes rows for text."""

from __future__ import annotations

import io
from typing import IO

import numpy as np
import numpy.typing as npt

_QUOTE = ord('"')
_END_OF_BOM = 0xBF


class Quotes(io.RawIOBase):
    """A CSV file that is looked at while it is read: does each quote open a field, close one, or stand doubled?

    `doubtful` is true where one does not, or where their number is odd. A stricter reader must then decide.
    """

    def __init__(self, file: IO[bytes], mark: str) -> None:
        """Take the open file and its separator."""
        beside = f'"\r\n{mark}'.encode()
        self._file = file
        self._may_follow = np.frombuffer(beside, np.uint8)
        self._may_precede = np.frombuffer(beside + bytes([_END_OF_BOM]), np.uint8)
        self._count = 0
        self._last = ord("\n")
        self._misplaced = False

    @property
    def doubtful(self) -> bool:
        """Whether a quote may be open, as far as the file has been read."""
        return self._misplaced or self._count % 2 == 1

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Read on."""
        data = self._file.read(-1 if size is None else size)
        if data:
            self._look(np.frombuffer(data, np.uint8))
        return data

    def _look(self, data: npt.NDArray[np.uint8]) -> None:
        """Every other quote opens, the ones between close; a doubled one is a close and an open."""
        at, opens_first = np.flatnonzero(data == _QUOTE), self._count % 2
        opening, closing = at[opens_first::2], at[1 - opens_first :: 2]
        before = np.concatenate(([self._last], data))[opening]
        after = data[closing[closing + 1 < len(data)] + 1]
        if self._last == _QUOTE and self._count % 2 == 0 and self._count:
            after = np.append(after, data[0])
        self._misplaced |= not (np.isin(before, self._may_precede).all() and np.isin(after, self._may_follow).all())
        self._count += len(at)
        self._last = int(data[-1])
