"""The shape of a CSV file: how wide its records are, and how to make all of them as wide as the widest."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

_QUOTE, _LF, _CR = b'"\n\r'

Positions = npt.NDArray[np.intp]


def max_width(blocks: Iterator[bytes], delimiter: str) -> int:
    """Return the number of fields of the widest record. Quotes must be right: see `Quotes`."""
    most, pending, inside = 0, 0, False
    for block in blocks:
        data = np.frombuffer(block, np.uint8)
        quotes, separators, ends = _boundaries(data, delimiter, inside=inside)
        counts = np.diff(np.searchsorted(separators, ends), prepend=-pending)
        most = max(most, counts.max(initial=0))
        # A record may go on in the next block.
        pending += len(separators) - counts.sum()
        inside ^= len(quotes) % 2 == 1
    return int(max(most, pending)) + 1


def pad(blocks: Iterator[bytes], delimiter: str, width: int) -> Iterator[bytes]:
    """Append separators to shorter records, since Arrow reads records of equal width only. Blank lines stay blank."""
    rest = b""
    for block in blocks:
        data = rest + block
        _, _, ends = _boundaries(np.frombuffer(data, np.uint8), delimiter)
        # Only whole records are padded, and a block ends anywhere.
        whole = int(ends[-1]) + 1 if len(ends) else 0
        rest = data[whole:]
        yield _pad(data[:whole], delimiter, width)
    if rest:
        yield _pad(rest + b"\n", delimiter, width)


def _pad(block: bytes, delimiter: str, width: int) -> bytes:
    data = np.frombuffer(block, np.uint8)
    _, separators, ends = _boundaries(data, delimiter)
    lacking = width - 1 - np.diff(np.searchsorted(separators, ends), prepend=0)
    # Two ends side by side are CRLF, or a blank line.
    lacking[np.diff(ends, prepend=-1) == 1] = 0
    if not lacking.any():
        return block
    return np.insert(data, np.repeat(ends, lacking), ord(delimiter)).tobytes()


def _boundaries(
    data: npt.NDArray[np.uint8], delimiter: str, *, inside: bool = False
) -> tuple[Positions, Positions, Positions]:
    """Return where quotes are and, outside quoted fields, separators and line ends."""
    quotes = np.flatnonzero(data == _QUOTE)
    separators = np.flatnonzero(data == ord(delimiter))
    ends = np.flatnonzero((data == _LF) | (data == _CR))
    if len(quotes) or inside:
        separators, ends = (at[(np.searchsorted(quotes, at) + inside) % 2 == 0] for at in (separators, ends))
    return quotes, separators, ends
