"""Files that are complete whenever anybody looks."""

from __future__ import annotations

from pathlib import Path


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Replace a file's content atomically: it is all old or all new, whenever the process is killed."""
    partial = path.with_name(f".{path.name}.part")
    # With its mode before any content, since keys are written by this, too.
    partial.touch(mode)
    partial.write_bytes(content)
    partial.replace(path)
