"""Staging: copies of the PDFs that are to be sent, each checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from arfeed.documents.finding import Found

if TYPE_CHECKING:
    import pandas as pd

_TAIL = 1024
_ENCRYPTED = re.compile(rb"/Encrypt(?:\s+\d+\s+\d+\s+R\b|\s*<<)")


@dataclass(frozen=True, slots=True)
class Staged:
    """A PDF copied to the staging folder, complete and checked: `size` bytes from `start` on in a file of many."""

    path: Path
    start: int
    size: int
    sha256: str


def stage(send: pd.DataFrame, found: Found, folder: Path) -> Iterator[tuple[str, Staged | str]]:
    """Copy the PDFs of `send` (columns name, source, source_ref) into one file of a folder, each checked.

    Yields each PDF's name with where its copy is, or with what is wrong with it. The copies are all written once the
    iterator has ended.
    """
    path = folder / "documents"
    with path.open("wb") as copies:
        for name, source, ref in zip(send["name"], send["source"], send["source_ref"], strict=True):
            try:
                content = found.readers[source, ref]()
            except (Exception, SystemExit) as exc:  # noqa: BLE001 - a connector's failure concerns this document only
                yield name, f"it can't be read: {exc}"
                continue
            if wrong := _wrong(content):
                yield name, wrong
                continue
            start = copies.tell()
            copies.write(content)
            yield name, Staged(path, start, len(content), hashlib.sha256(content).hexdigest())


def _wrong(content: object) -> str | None:
    if not isinstance(content, bytes):
        return f"its connector returned {type(content).__name__}, not bytes"
    return _no_pdf(content)


def _no_pdf(content: bytes) -> str | None:
    """Say what is wrong with a PDF: head and end as ISO 32000-1, 7.5.2 and 7.5.5, and readers' tolerance have them."""
    if not content:
        return "the file is empty"
    if b"%PDF-" not in content[:_TAIL]:
        kind = "a web page" if content.lstrip()[:1] == b"<" else "no PDF"
        return f"the file is {kind}: it does not begin with %PDF-"
    if b"%%EOF" not in content[-_TAIL:]:
        return "the PDF is cut off: it does not end with %%EOF"
    if _ENCRYPTED.search(content):
        return "the PDF is encrypted, so the receiver may not be able to open it; print it without protection"
    return None
