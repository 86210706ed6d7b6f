"""A stranger's whole plugin: a source, a step, a receiver, a rule and a notice. It imports arfeed and nothing below."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import pandas as pd
from pydantic import Field

from arfeed import (
    Complete,
    Connector,
    Destination,
    DestinationSettings,
    Document,
    Location,
    Objection,
    Plan,
    Receipt,
    SourceError,
    SourceSettings,
    Transform,
    TransformSettings,
    hookimpl,
    table,
)

ARFEED_CONTRACT = 1


class AcmeBilling(Connector):
    """Acme's billing: a JSON document with a count, invoices and their PDFs' text."""

    name = "acme-billing"
    columns = {"invoice_ref": "no", "customer_name": "client", "issued_on": "date", "balance": "due"}  # noqa: RUF012

    class Settings(SourceSettings):
        """Settings of the connector `acme-billing`."""

        file: Location = Field(description="The JSON document that Acme's billing writes.")

    settings: Settings

    def invoices(self) -> Generator[pd.DataFrame, None, Complete]:
        """Yield all invoices at once; the document says how many there are."""
        answer = self._answer()
        yield table(answer["invoices"], origin="acme")
        return Complete(rows=answer["count"])

    def documents(self, refs: pd.Series[str]) -> Iterable[Document]:
        """Yield what Acme keeps of the invoices asked for."""
        pdfs = self._answer()["pdfs"]
        return [Document(ref, "1", pdfs[ref].encode) for ref in refs if ref in pdfs]

    def check(self) -> None:
        """See that the file is there."""
        if not Path(self.settings.file).exists():
            raise SourceError(f"{self.source}: {self.settings.file} is not there")

    def _answer(self) -> Any:
        return json.loads(Path(self.settings.file).read_text(encoding="utf-8"), parse_float=str)


class Shout(Transform):
    """Writes customers' names in capitals."""

    name = "shout"

    class Settings(TransformSettings):
        """Settings of the step `shout`."""

        mark: str = Field(default="!", description="What stands behind the name.")

    settings: Settings

    def apply(self, invoices: pd.DataFrame) -> pd.DataFrame:
        """Return the invoices with loud names."""
        return invoices.assign(customer_name=(invoices["customer_name"].str.upper() + self.settings.mark).astype("str"))


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
        names = {"Number": "invoice_ref", "Customer": "customer_name", "Open": "balance"}
        return pd.read_csv(file, dtype="str", keep_default_na=False).rename(columns=names)

    def document_name(self, ref: str) -> str:
        """Return the number; what may not stand in a file name becomes an underscore."""
        return re.sub(r"[^A-Za-z0-9_-]", "_", ref) + ".pdf"


@hookimpl
def arfeed_connectors() -> Iterable[type[Connector]]:
    """Offer the source."""
    return [AcmeBilling]


@hookimpl
def arfeed_transforms() -> Iterable[type[Transform]]:
    """Offer the step."""
    return [Shout]


@hookimpl
def arfeed_destinations() -> Iterable[type[Destination]]:
    """Offer the receiver."""
    return [AcmeCollect]


@hookimpl
def arfeed_review(plan: Plan) -> Iterable[Objection]:
    """Object to the customer that Acme never reminds."""
    refs = tuple(plan.report.loc[plan.report["customer_name"].str.startswith("GRANNY"), "invoice_ref"])
    return [Objection("never-granny", "granny is never reminded", refs)] if refs else []


@hookimpl
def arfeed_delivered(receipt: Receipt) -> None:
    """Leave a note of the delivery."""
    Path("delivered.txt").write_text(f"{receipt.report.name} {len(receipt.documents)}", encoding="utf-8")
