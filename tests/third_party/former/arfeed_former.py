"""A stranger's plugin by the API of the first builds, with all four kinds of part and every renamed name."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

import arfeed
from arfeed import (
    MAPPABLE,
    Complete,
    Connector,
    Delivered,
    Destination,
    DestinationSettings,
    Failure,
    Location,
    Notifier,
    NotifierSettings,
    Plan,
    Receipt,
    SourceError,
    SourceSettings,
    Transform,
    TransformSettings,
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


class Without(Transform):
    """Leaves out a customer, and changes nothing in the others: it has nothing to declare."""

    name = "without"

    class Settings(TransformSettings):
        """Settings of the step `without`."""

        customer: str

    settings: Settings

    def apply(self, invoices: pd.DataFrame) -> pd.DataFrame:
        """Return the invoices of all others."""
        return invoices[invoices["customer_name"] != self.settings.customer]


class Ledger(Destination):
    """A receiver of three columns."""

    name = "ledger"
    report_folder = "in"
    document_folder = "in/pdf"

    class Settings(DestinationSettings):
        """Settings of the destination `ledger`."""

    settings: Settings

    def report(self, invoices: pd.DataFrame) -> pd.DataFrame:
        """Return number, customer and open amount."""
        names = {"invoice_ref": "No", "customer_name": "Who", "balance": "Owes"}
        return invoices[[*names]].rename(columns=names)

    def report_name(self, at: datetime) -> str:
        """Return for example ledger-20260404101500.csv."""
        return f"ledger-{at:%Y%m%d%H%M%S}.csv"

    def is_report(self, name: str) -> bool:
        """Whether a file is a report."""
        return name.startswith("ledger-")

    def read_report(self, file: IO[bytes]) -> pd.DataFrame:
        """Read a report back."""
        import pandas as pd

        names = {"No": "invoice_ref", "Who": "customer_name", "Owes": "balance"}
        return pd.read_csv(file, dtype="str", keep_default_na=False).rename(columns=names)

    def document_name(self, ref: str) -> str:
        """Return the number; what may not stand in a file name becomes an underscore."""
        return re.sub(r"[^A-Za-z0-9_-]", "_", ref) + ".pdf"


class Slate(Notifier):
    """Writes how a run ended into a file."""

    name = "slate"

    class Settings(NotifierSettings):
        """Settings of the notifier `slate`."""

        file: Location

    settings: Settings

    def delivered(self, receipt: Receipt) -> None:
        """Note a delivery."""
        self._write(f"delivered {size_of(receipt.report)}")

    def refused(self, plan: Plan) -> None:
        """Note a refusal."""
        self._write(f"refused {', '.join(each.code for each in plan.objections)}")

    def failed(self, failure: Failure) -> None:
        """Note a failure."""
        self._write(f"failed with {failure.exit_code}")

    def _write(self, text: str) -> None:
        Path(self.settings.file).write_text(text, encoding="utf-8")


def size_of(file: Delivered) -> int:
    """Return a delivered file's size."""
    return file.size if isinstance(file, arfeed.Delivered) else 0


@hookimpl
def arfeed_connectors() -> Iterable[type[Connector]]:
    """Offer the source."""
    return [Former]


@hookimpl
def arfeed_transforms() -> Iterable[type[Transform]]:
    """Offer the step."""
    return [Without]


@hookimpl
def arfeed_destinations() -> Iterable[type[Destination]]:
    """Offer the receiver."""
    return [Ledger]


@hookimpl
def arfeed_notifiers() -> Iterable[type[Notifier]]:
    """Offer the notifier."""
    return [Slate]


@hookimpl
def arfeed_delivered(receipt: Receipt) -> None:
    """Note the size of the report."""
    Path("size.txt").write_text(str(size_of(receipt.report)), encoding="utf-8")
