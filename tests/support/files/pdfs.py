"""PDFs, good and bad."""

from __future__ import annotations

from pathlib import Path


def pdf(text: str = "") -> bytes:
    """The smallest thing that every reader takes for a PDF."""
    return f"%PDF-1.4\n% {text}\ntrailer<</Root 1 0 R>>\n%%EOF\n".encode()


def write_pdfs(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        folder.joinpath(name).write_bytes(pdf(name))
    return folder
