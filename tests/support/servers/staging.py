"""Staged files for the tests of delivery, and what a receiver holds."""

from __future__ import annotations

import hashlib
from pathlib import Path

from arfeed.delivery.uploads import Upload


def stage(folder: Path, name: str, content: bytes, *, below: str = "", replaces: bool = False) -> Upload:
    """Write a local file and describe its upload."""
    file = folder / f"{hashlib.sha256(f'{below}/{name}'.encode()).hexdigest()[:16]}.staged"
    file.write_bytes(content)
    return Upload(file, below, name, len(content), hashlib.sha256(content).hexdigest(), replaces)


def held(root: Path) -> dict[str, bytes]:
    """Return every file below a folder, hidden ones too."""
    return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}
