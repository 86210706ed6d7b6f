"""Finding a PDF that many invoices were printed into. arfeed cannot split it, but can report why they have no PDF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from arfeed.tables.files.storage import translate_errors

if TYPE_CHECKING:
    from arfeed.documents.listing import Listing

_MOST_READ = 3
# Files are read into memory for this, which gives no more than a hint.
_LARGEST = 1 << 26
_SUGGESTIVE_NAME = re.compile(
    r"(?i)(?<![a-z])(invoices|rechnungen|factures|facturas|merged|combined|batch|all)(?![a-z])"
)
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")


def find_merged(listing: Listing, claimed: set[int], without: int) -> Iterator[str]:
    """Yield notes on PDFs that belong to no invoice and may hold those of the `without` invoices that have none.

    Such a file has at least as many pages as invoices are without, or several pages and a name that suggests it. Only
    the largest few are read, and only if at least two invoices have no PDF. Pages in compressed streams do not count.
    """
    if without < 2:
        return
    free = [file for number, file in enumerate(listing.files) if number not in claimed]
    pdfs = [file for file in free if file.name.lower().endswith(".pdf") and file.entry.size < _LARGEST]
    for file in sorted(pdfs, key=lambda file: -file.entry.size)[:_MOST_READ]:
        # Counting page objects needs no PDF library, and this is only a hint.
        with translate_errors(file.label):
            pages = len(_PAGE.findall(file.content()))
        # An invoice takes a page at least.
        if pages >= without or (pages > 1 and _SUGGESTIVE_NAME.search(file.name)):
            yield (
                f"{file.label} has {pages} pages and belongs to no invoice, while {without} have no PDF: they may all "
                "have been printed to this one file; print a separate PDF for each invoice"
            )
