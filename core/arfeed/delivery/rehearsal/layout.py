"""The paths and names of the receiver's files below its folder."""

from __future__ import annotations

import re
from pathlib import Path

REPORT_FOLDER = "csv_data_uploads"


def inbox(folder: Path) -> Path:
    """Return the folder that clients see as their root."""
    return folder / "inbox"


def keys(folder: Path) -> Path:
    """Return the folder of the client's and the server's key."""
    return folder / "keys"


def books_file(folder: Path) -> Path:
    """Return the file that the books are kept in."""
    return folder / "books.json"


def ports_file(folder: Path) -> Path:
    """Return the file that keeps the ports of a receiver that is left running."""
    return folder / "ports.json"


def address_file(folder: Path) -> Path:
    """Return the file with the address of a receiver that is running now."""
    return folder / "address"


def client_key(folder: Path) -> Path:
    """Return the private key that clients log in with."""
    return keys(folder) / "arfeed_ed25519"


def known_hosts(folder: Path) -> Path:
    """Return the file by which clients recognise the server."""
    return keys(folder) / "known_hosts"


def is_report(folder: Path, path: Path) -> bool:
    """Whether a path is a report under its real name; uploads under way begin with a dot."""
    real_name = not path.name.startswith(".") and path.suffix.lower() == ".csv"
    return real_name and path.parent == inbox(folder) / REPORT_FOLDER and path.is_file()


def document_name(ref: str) -> str:
    """Return the file name by which the receiver knows an invoice's PDF (its help page 11792044)."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", ref) + ".pdf"
