"""Uploads: what goes where, how each ended, and the names that files have during the transfer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from arfeed.model.errors import DestinationError
from arfeed.sftp.address import check_folder, check_name

CONNECTION_OVER = (ConnectionError, TimeoutError)
"""Errors that mean that the connection is over; a new one may succeed."""

# Names may have 255 bytes; the run's id, a number and `.part` take up to 50 of them.
_LONGEST_STEM = 200

_PART = re.compile(r"\..+\.part")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to upload: its folder below the root ("" is the root) and its bare name.

    It is staged in a local file, `size` bytes from `start` on. `replaces` says that an older version of this name was
    delivered before; otherwise the name has to be free.
    """

    path: Path
    folder: str
    name: str
    size: int
    sha256: str
    replaces: bool
    start: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one upload ended. Without an error it is published; `verified` says that it was seen there, whole.

    `exposed` says of one that failed that a part of it may stand under its real name.
    """

    upload: Upload
    error: str | None
    verified: bool
    exposed: bool = False


def part_name(name: str, run: str, connection: int = 1) -> str:
    """Return the name a file has while it is uploaded over a run's first connection, or a later one.

    A long name gives its hash instead: the name of its part is longer, and servers reject names over 255 bytes.
    """
    stem = name if len(name.encode()) <= _LONGEST_STEM else hashlib.sha256(name.encode()).hexdigest()
    # The leading dot hides it from receivers that collect `*.csv`.
    return f".{stem}.{run}.part" if connection == 1 else f".{stem}.{connection}.{run}.part"


def check_part(name: str) -> None:
    """Raise `DestinationError` unless it is the name of an upload under way."""
    if not _PART.fullmatch(name):
        raise DestinationError(f"{name!r} is not an upload under way, and arfeed removes nothing else.")


def check_uploads(uploads: Sequence[Upload], run: str) -> None:
    """Raise if a name or folder leaves the root, or two uploads share a name, before anything is sent."""
    check_name(run)
    taken: set[tuple[str, str]] = set()
    for upload in uploads:
        check_folder(upload.folder)
        check_name(upload.name)
        if (upload.folder, upload.name) in taken:
            raise DestinationError(f"Two files would be called {format_place(upload)}. Nothing was sent.")
        taken.add((upload.folder, upload.name))


def check_staged(upload: Upload) -> None:
    """Raise `DestinationError` if the staged copy is missing or has become shorter."""
    try:
        staged = upload.path.stat().st_size
    except OSError as exc:
        raise DestinationError(f"its staged copy {upload.path} can't be read: {exc.strerror}. Run again.") from exc
    # Longer is fine: many PDFs are staged in one file that grows.
    if staged < upload.start + upload.size:
        raise DestinationError(f"its staged copy {upload.path} has changed since it was staged. Run again.")


def format_place(upload: Upload) -> str:
    """Return a file's path below the root."""
    return f"{upload.folder}/{upload.name}" if upload.folder else upload.name
