"""Staging: copying and checking the PDFs to send before anything is sent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from arfeed.documents.finding import Found

_TAIL = 1024
# ISO 32000-1, 7.5.5: an entry of the trailer, a reference or a dictionary. The word alone may be part of any text.
_ENCRYPTED = re.compile(rb"/Encrypt(?:\s+\d+\s+\d+\s+R\b|\s*<<)")


@dataclass(frozen=True, slots=True)
class Staged:
    """A PDF in the staging folder, complete and checked: `size` bytes from `start` on, in a file that holds many.

    An `encrypted` one may need a password, or may forbid printing only, and open for everybody.
    """

    path: Path
    start: int
    size: int
    sha256: str
    encrypted: bool = False


def stage(send: pd.DataFrame, found: Found, folder: Path) -> Iterator[tuple[str, Staged | str]]:
    """Copy the PDFs of `send` (columns name, source, source_ref) into one file of a folder, and check each.

    Yield each PDF's name with its copy, which is on disk by then, or with what is wrong with it.
    """
    # One file holds all copies, since making a file for each of tens of thousands of PDFs takes long.
    path = folder / "documents"
    with path.open("wb") as copies:
        for name, source, ref in zip(send["name"], send["source"], send["source_ref"], strict=True):
            try:
                content = found.readers[source, ref]()
            except (Exception, SystemExit) as exc:  # noqa: BLE001 - a connector's failure concerns this document only
                yield name, f"it can't be read: {exc}"
                continue
            # Checked here, before anything is sent: the receiver would show a broken PDF to the customer.
            if flaw := find_flaw(content):
                yield name, flaw
                continue
            start = copies.tell()
            copies.write(content)
            copies.flush()
            encrypted = _ENCRYPTED.search(content) is not None
            yield name, Staged(path, start, len(content), hashlib.sha256(content).hexdigest(), encrypted)


def find_flaw(content: object) -> str | None:
    """Return what is wrong with the content of a PDF, if anything."""
    if not isinstance(content, bytes):
        return f"its connector returned {type(content).__name__}, not bytes"
    return _flaw_of_pdf(content)


def _flaw_of_pdf(content: bytes) -> str | None:
    """Return what is wrong with a PDF, if anything.

    Header and trailer are checked by ISO 32000-1, 7.5.2 and 7.5.5, within the first and last 1024 bytes, as readers do.
    """
    if not content:
        return "the file is empty"
    if b"%PDF-" not in content[:_TAIL]:
        # A portal whose login has expired answers with its login page, under the name of the PDF.
        kind = "a web page" if content.lstrip()[:1] == b"<" else "not a PDF"
        return f"the file is {kind}: it does not begin with %PDF-"
    if b"%%EOF" not in content[-_TAIL:]:
        return "the PDF is cut off: it does not end with %%EOF"
    return None
