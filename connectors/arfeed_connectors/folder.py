"""CSV and Excel files with whatever headers they have: the setting `columns` says what they mean."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Any

from arfeed import (
    Complete,
    Connector,
    FileSettings,
    SourceError,
    find_files,
    hookimpl,
    missing_columns,
    propose,
    read_header,
    read_tables,
)

if TYPE_CHECKING:
    import pandas as pd

ARFEED_CONTRACT = 1


class Folder(Connector):
    """One or many CSV or Excel files, a row a document."""

    name = "folder"

    class Settings(FileSettings):
        """Settings of the connector `folder`."""

    settings: Settings

    def invoices(self) -> Generator[pd.DataFrame, None, Complete]:
        """Yield each file. Plain files have no control total; one with a status lists closed documents too."""
        status = self.settings.columns.get("status", "status")
        lists_closed = False
        for file in find_files(self.settings):
            header = self._header(file)
            for rows in read_tables(file, columns=header, **self._how()):
                lists_closed = lists_closed or status in rows.columns
                yield rows
        return Complete(lists_closed=lists_closed)

    def check(self) -> None:
        """See that there are files with a header that is understood; propose `columns` where it is not."""
        for file in find_files(self.settings):
            self._header(file, proposing=True)

    def _header(self, file: str, *, proposing: bool = False) -> list[str]:
        """Return all headers; the setting `columns` says which row they stand in, and how its own are spelled.

        Raise `SourceError` where nothing says which header is a column that every invoice needs.
        """
        headers = read_header(file, columns=[*self.settings.columns.values()], **self._how())
        missing = missing_columns(headers, self.settings.columns)
        if missing:
            raise SourceError(
                f"{file}: no column for {', '.join(missing)} among {', '.join(headers)}; `columns` can say which; "
                + (self._proposal(file) if proposing else "type `arfeed check`, which proposes what to say")
            )
        return headers

    def _proposal(self, file: str) -> str:
        rows = next(read_tables(file, **self._how()))
        return f"this may be right; look at it, then paste it below [sources.{self.source}]:\n{propose(rows)}"

    def _how(self) -> dict[str, Any]:
        settings = self.settings
        return {"encoding": settings.encoding, "delimiter": settings.delimiter, "sheet": settings.sheet}


@hookimpl
def arfeed_connectors() -> Iterable[type[Connector]]:
    """Offer the folder."""
    return [Folder]
