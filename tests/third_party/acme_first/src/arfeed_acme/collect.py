"""Acme's receiver."""

from __future__ import annotations

import re
from datetime import datetime
from typing import IO, TYPE_CHECKING

from arfeed import Destination, DestinationSettings

if TYPE_CHECKING:
    import pandas as pd


class AcmeCollect(Destination):
    """Acme's receiver: a report of three columns in `in`, PDFs in `in/pdf`."""

    name = "acme-collect"
    report_folder = "in"
    document_folder = "in/pdf"

    class Settings(DestinationSettings):
        """Settings of the destination `acme-collect`."""

    settings: Settings

    def report(self, invoices: pd.DataFrame) -> pd.DataFrame:
        """Return number, customer and open amount."""
        names = {"invoice_ref": "Number", "customer_name": "Customer", "balance": "Open"}
        return invoices[[*names]].rename(columns=names)

    def report_name(self, at: datetime) -> str:
        """Return for example open-20260404101500.txt."""
        return f"open-{at:%Y%m%d%H%M%S}.txt"

    def is_report(self, name: str) -> bool:
        """Whether a file is one of ours."""
        return name.startswith("open-")

    def read_report(self, file: IO[bytes]) -> pd.DataFrame:
        """Read a report back."""
        import pandas as pd

        names = {"Number": "invoice_ref", "Customer": "customer_name", "Open": "balance"}
        return pd.read_csv(file, dtype="str", keep_default_na=False).rename(columns=names)

    def document_name(self, ref: str) -> str:
        """Return the number; what may not stand in a file name becomes an underscore."""
        return re.sub(r"[^A-Za-z0-9_-]", "_", ref) + ".pdf"
