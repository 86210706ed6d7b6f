"""The files of a source: which ones the setting `path` means, and opening them from wherever they lie."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, cast

from arfeed.errors import SourceError
from arfeed.settings import FileSettings


def find_files(settings: FileSettings) -> list[str]:
    """Return the files that the setting `path` means, oldest first. Raise `SourceError` if none or too many match.

    Lock and resource files of office programs (`~$x.csv`, `._x.csv`) are passed over.
    """
    import fsspec

    protocol = settings.path.partition("://")[0]
    if protocol in ("sftp", "ssh"):
        raise SourceError(f"{settings.path}: a source can't be read over SFTP yet; copy the files here first")
    fs, pattern = fsspec.core.url_to_fs(settings.path)
    names = [name for name in fs.glob(pattern) if not os.path.basename(name).startswith(("~$", "._"))]  # noqa: PTH119
    found = sorted((fs.info(name)["type"] == "file", _changed(fs.info(name)), name) for name in names)
    files = [label(fs.unstrip_protocol(name)) for is_file, _, name in found if is_file]
    if not files:
        raise SourceError(f"{label(settings.path)}: no file matches; export it again or mend `path`")
    if len(files) > 1 and settings.files is None:
        named = ", ".join(files[:3]) + (", …" if len(files) > 3 else "")
        raise SourceError(
            f"{label(settings.path)}: {len(files)} files match ({named}); "
            'remove what is old, or say files = "newest" or files = "all"'
        )
    return files[-1:] if settings.files == "newest" else files


def _changed(info: Mapping[str, object]) -> float:
    changed = info.get("mtime") or info.get("LastModified") or info.get("created") or 0
    return cast("float", changed.timestamp() if hasattr(changed, "timestamp") else changed)


def label(file: str) -> str:
    """Return a path as people know it: relative to the working folder where it lies below it."""
    path = Path(file.removeprefix("file://"))
    if "://" in str(file) and not file.startswith("file://"):
        return file
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def digest(file: str) -> str:
    """Return the SHA-256 of a file."""
    with open_binary(file) as data:
        return hashlib.file_digest(data, "sha256").hexdigest()  # type: ignore[arg-type]  # fsspec's files have readinto


def open_binary(file: str) -> IO[bytes]:
    """Open a file of any fsspec URL; raise `SourceError` where that fails."""
    import fsspec

    try:
        return cast("IO[bytes]", fsspec.open(file, "rb").open())
    except OSError as exc:
        raise SourceError(f"{file}: it can't be opened: {exc.strerror or exc}") from exc
