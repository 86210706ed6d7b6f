"""ZIP archives: written in one pass, with the same bytes for the same content."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from arfeed.model.errors import DestinationError
from arfeed.model.results import DeliveredFile

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """What goes into an archive: its path inside, and where its bytes are staged. `packed` ones are compressed."""

    name: str
    path: Path
    size: int
    sha256: str
    start: int = 0
    packed: bool = False


def write_archive(path: Path, members: Iterable[Member], at: datetime) -> tuple[DeliveredFile, ...]:
    """Write a ZIP and return what is in it, in order; raise `DestinationError` if a staged file has changed."""
    written = []
    with path.open("wb") as out, zipfile.ZipFile(out, "w") as archive:
        for member in members:
            # Nothing of this machine: neither its clock nor its owner may change the archive's hash.
            info = zipfile.ZipInfo(member.name, at.timetuple()[:6])
            info.create_system, info.external_attr = 3, 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED if member.packed else zipfile.ZIP_STORED
            info.file_size = member.size  # from which zipfile knows whether the entry needs 64 bits
            with archive.open(info, "w") as entry:
                if _copy(member, entry) != member.sha256:
                    raise DestinationError(f"{member.name} has changed since it was staged. Run again.")
            folder, _, name = member.name.rpartition("/")
            written.append(DeliveredFile(folder, name, member.size, member.sha256))
    return tuple(written)


def _copy(member: Member, entry: object) -> str:
    digest, left = hashlib.sha256(), member.size
    with member.path.open("rb") as source:
        source.seek(member.start)
        while left and (piece := source.read(min(left, _PIECE))):
            digest.update(piece)
            entry.write(piece)  # type: ignore[attr-defined]  # zipfile's writer has no public type
            left -= len(piece)
    return digest.hexdigest()
