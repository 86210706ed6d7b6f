"""CSV and Excel files with whatever headers they have: the setting `columns` says what they mean."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING

from arfeed import Complete, Connector, FileSettings, find_files, hookimpl, read_header, read_tables

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
        """See that there are files with a header."""
        for file in find_files(self.settings):
            self._header(file)

    def _header(self, file: str) -> list[str]:
        """Return all headers; the setting `columns` says which row they stand in, and how its own are spelled."""
        return read_header(file, columns=[*self.settings.columns.values()], **self._how())

    def _how(self) -> dict[str, str | None]:
        settings = self.settings
        return {"encoding": settings.encoding, "delimiter": settings.delimiter, "sheet": settings.sheet}


@hookimpl
def arfeed_connectors() -> Iterable[type[Connector]]:
    """Offer the folder."""
    return [Folder]
