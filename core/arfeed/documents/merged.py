"""Many invoices printed into one PDF: arfeed can't split it, but it can say that this is why so many have none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from arfeed.documents.listing import Listing
from arfeed.tables.files.storage import explained

_MOST_READ = 3
_LARGEST = 1 << 26
_SAYS_SO = re.compile(r"(?i)(?<![a-z])(invoices|rechnungen|factures|facturas|merged|combined|batch|all)(?![a-z])")
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")


def merged_files(listing: Listing, claimed: set[int], without: int) -> Iterator[str]:
    """Say which PDFs, belonging to no invoice, look like those of the invoices that are `without`.

    Reads the largest few, and only where at least two invoices have none. Such a file has as many pages as there are
    invoices without, or several pages and a name that says so. Pages in compressed streams are not seen.
    """
    if without < 2:
        return
    free = [file for number, file in enumerate(listing.files) if number not in claimed]
    pdfs = [file for file in free if file.name.lower().endswith(".pdf") and file.entry.size < _LARGEST]
    for file in sorted(pdfs, key=lambda file: -file.entry.size)[:_MOST_READ]:
        with explained(file.label):
            pages = len(_PAGE.findall(file.content()))
        if pages >= without or (pages > 1 and _SAYS_SO.search(file.name)):
            yield (
                f"{file.label} has {pages} pages and belongs to no invoice, while {without} have no PDF: "
                "they may have been printed into this one; print one PDF an invoice"
            )
