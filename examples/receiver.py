"""Show what a rehearsal receiver has got, or what it believes now.

python examples/receiver.py files|books .arfeed/rehearsal/demo
"""

from __future__ import annotations

import sys
from pathlib import Path

from arfeed.delivery.rehearsal.books import read_books


def files(folder: Path) -> None:
    """Print the receiver's folders, and the first lines of the newest report."""
    inbox = folder / "inbox"
    reports = sorted((inbox / "csv_data_uploads").iterdir())
    documents = sorted(path for path in inbox.iterdir() if path.is_file())
    print("csv_data_uploads/")
    for report in reports:
        print(f"    {report.name:36}{report.stat().st_size:>8} bytes")
    for document in documents[:6]:
        print(f"{document.name:40}{document.stat().st_size:>8} bytes")
    print(f"... {len(documents)} PDFs in all\n\nThe report begins:")
    for line in reports[-1].read_text(encoding="utf-8").splitlines()[:6]:
        print(f"    {line}")


def books(folder: Path) -> None:
    """Print what is open at the receiver and what it took as paid."""
    now = read_books(folder)
    matched = sum(ref is not None for ref in now.documents.values())
    print(f"Reports read: {len(now.reports)}, of which it could not read {len(now.rejected)}")
    print(f"Open: {len(now.open)} documents")
    print(f"PDFs: {len(now.documents)}, of which it found the invoice of {matched}")
    print(f"Paid, because a report left them out: {len(now.paid_by_absence)}")
    for ref, report in now.paid_by_absence.items():
        print(f"    {ref:16} missing from {report}")


if __name__ == "__main__":
    {"files": files, "books": books}[sys.argv[1]](Path(sys.argv[2]))
