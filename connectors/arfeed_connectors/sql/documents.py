"""PDFs kept in the database: listed all at once with a cheap version, read one by one if they are new."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import cast

from arfeed import Document, SourceError
from arfeed_connectors.sql.database import Database
from arfeed_connectors.sql.statements import answers

CONTENT = "invoice_ref, version, content"


def attachments(database: Database, query: str, wanted: Collection[str]) -> Iterator[Document]:
    """Yield the PDFs of the wanted invoices. The listing does not read their contents."""
    with database.snapshot() as connection:
        listed = answers(connection, query, "invoice_ref, version")
    versions, keys = defaultdict[str, list[str]](list), {}
    for key, version in listed:
        ref = str(key).strip()
        if ref in wanted:
            versions[ref].append(str(version))
            keys[ref] = key
    for ref, all_of_one in versions.items():
        read = _Content(database, query, keys[ref])
        # Several files of one invoice stay one document: reading it refuses them, instead of choosing one by chance.
        yield Document(ref, " ".join(sorted(all_of_one)), read)


@dataclass(frozen=True, slots=True)
class _Content:
    """Reads the PDF of one invoice, whose number is kept as the database writes it: as a number, or padded."""

    database: Database
    query: str
    key: object

    def __call__(self) -> bytes:
        with self.database.snapshot() as connection:
            found = answers(connection, self.query, "content", among={"invoice_ref": [self.key]})
        # Between the listing and this moment a second file may have been attached, or the only one removed.
        if len(found) != 1:
            raise SourceError(f"document_query finds {len(found)} PDFs for this invoice; let it choose one")
        content = found[0][0]
        return bytes(content) if isinstance(content, memoryview | bytearray) else cast("bytes", content)
