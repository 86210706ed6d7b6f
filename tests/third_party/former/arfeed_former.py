"""A stranger's plugin, written for arfeed 0.1.0 and never changed since. It uses every name that has a new one now."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import arfeed
from arfeed import (
    MAPPABLE,
    Complete,
    Connector,
    Delivered,
    Location,
    Receipt,
    SourceError,
    SourceSettings,
    hookimpl,
    masked,
    place_of,
    propose,
    table,
)

if TYPE_CHECKING:
    import pandas as pd

ARFEED_CONTRACT = 1


class Former(Connector):
    """Invoices in a JSON document under headers of its own."""

    name = "former"

    class Settings(SourceSettings):
        """Settings of the connector `former`."""

        file: Location

    settings: Settings

    def invoices(self) -> Generator[pd.DataFrame, None, Complete]:
        """Yield all invoices at once, under the names that their headers seem to mean."""
        records = json.loads(Path(self.settings.file).read_text(encoding="utf-8"))
        rows = table(records, origin=self.settings.file)
        found = {header: name for name, header in propose(rows).columns.items() if name in MAPPABLE}
        rows = rows.rename(columns=found)
        for origin in rows["origin"][rows["invoice_ref"] == "secret"]:
            raise SourceError(masked(f"{place_of(origin, self.settings.file)}: it is secret", ["secret"]))
        yield rows
        return Complete(rows=len(records))


def size_of(file: Delivered) -> int:
    """Return a delivered file's size."""
    return file.size if isinstance(file, arfeed.Delivered) else 0


@hookimpl
def arfeed_connectors() -> Iterable[type[Connector]]:
    """Offer the source."""
    return [Former]


@hookimpl
def arfeed_delivered(receipt: Receipt) -> None:
    """Note the size of the report."""
    Path("size.txt").write_text(str(size_of(receipt.report)), encoding="utf-8")
