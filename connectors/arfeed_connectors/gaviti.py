"""Gaviti's files of invoices and customers, by its help pages 6845100, 6845095, 6853412 and 6845355."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import IO, TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from arfeed import (
    Content,
    Destination,
    DestinationSettings,
    RehearsalRule,
    Shipment,
    ShipmentDestination,
    TableFile,
    hookimpl,
)

if TYPE_CHECKING:
    import pandas as pd

ARFEED_CONTRACT = 2

_INVOICES = {
    "id": "invoice_ref",
    "customerId": "customer_id",
    "dueDate": "due_on",
    "balance": "balance",
    "totalAmount": "amount",
    "currency": "currency",
}
"""Gaviti's required columns of an invoice, and the canonical column that each is made from."""

_CUSTOMERS = {"id": "customer_id", "displayName": "customer_name"}
_UNSAFE = re.compile(r"[^\w.@+-]")
_AT = "%Y%m%dT%H%M%SZ"


def _with_at(name: str) -> str:
    if "{at}" not in name or "/" in name or name.startswith("."):
        raise ValueError("give a bare file name with {at} in it, which becomes the time of the delivery")
    if not name.lower().endswith((".csv", ".txt")):
        raise ValueError("end it in .csv or .txt, which Gaviti takes")
    return name


def _with_ref(name: str) -> str:
    if "{ref}" not in name or "/" in name or not name.lower().endswith(".pdf"):
        raise ValueError("give a bare file name with {ref} in it, and .pdf at the end")
    return name


class Gaviti(ShipmentDestination):
    """Gaviti: all customers, then all open invoices, each time; what is absent is closed."""

    name = "gaviti"
    absence = "closes"
    documents = "beside"

    class Settings(DestinationSettings):
        """Settings of the destination `gaviti`. Gaviti's pages give no folder and no names: its support does."""

        folder: str = Field(examples=["upload"], description="Folder for all files; empty for the root.")
        report_name: Annotated[str, AfterValidator(_with_at)] = Field(
            examples=["invoices_{at}.csv"],
            description="Name of the file of invoices; {at} is the time of the delivery in UTC.",
        )
        customers_name: Annotated[str, AfterValidator(_with_at)] = Field(
            examples=["customers_{at}.csv"], description="Name of the file of customers."
        )
        documents_name: Annotated[str, AfterValidator(_with_ref)] = Field(
            examples=["{ref}.pdf"], description="Name of an invoice's PDF."
        )
        kinds: list[Literal["invoice", "credit_note", "payment"]] = Field(
            default=["invoice", "credit_note"], description="Which kinds of document the report lists."
        )
        missing_due_date: Literal["refuse", "issue-date"] = Field(
            default="refuse", description="What is done about a document without a due date; Gaviti requires one."
        )
        missing_total: Literal["refuse", "balance"] = Field(
            default="refuse",
            description="What is done about a document whose total is blank or 0; Gaviti requires one.",
        )

        @model_validator(mode="after")
        def _names_differ(self) -> Gaviti.Settings:
            if self.report_name.casefold() == self.customers_name.casefold():
                raise ValueError("report_name and customers_name are the same")
            return self

    settings: Settings

    def __init__(self, settings: Settings) -> None:
        """Take the folder for reports and PDFs alike."""
        super().__init__(settings)
        # Gaviti's pages name one place only; that PDFs may go elsewhere is not stated anywhere.
        self.report_folder = self.document_folder = settings.folder

    def shipments(self, content: Content) -> Shipment:
        """Return the customers, then the invoices, which close what they leave out."""
        settings, folder = self.settings, self.settings.folder
        invoices = content.invoices
        proves = {name: header for header, name in _INVOICES.items()}
        if settings.missing_due_date == "issue-date":
            invoices = invoices.assign(due_on=invoices["due_on"].fillna(invoices["issued_on"]))
            del proves["due_on"]
        # A total of 0 counts as missing: Gaviti refuses the whole file for one.
        if settings.missing_total == "balance":
            stated = invoices["amount"].notna() & (invoices["amount"] != 0)
            invoices = invoices.assign(amount=invoices["amount"].where(stated, invoices["balance"]))
            del proves["amount"]
        listed = invoices[[*_INVOICES.values()]].set_axis([*_INVOICES], axis="columns")
        known = content.customers[[*_CUSTOMERS.values()]].set_axis([*_CUSTOMERS], axis="columns")
        customers = {name: header for header, name in _CUSTOMERS.items()}
        # Customers first: an invoice of a customer that is not there yet could be refused.
        return [
            TableFile(
                _make_name(settings.customers_name, content.at), known, "customers", customers, ("id",), folder=folder
            ),
            TableFile(self.report_name(content.at), listed, "invoices", proves, tuple(_INVOICES), folder=folder),
        ]

    def report_name(self, at: datetime) -> str:
        """Return the name of the file of invoices."""
        return _make_name(self.settings.report_name, at)

    def is_report(self, name: str) -> bool:
        """Whether it may be a list of invoices, whoever wrote it: a table that is not one of customers."""
        # All that Gaviti's pages name as formats: somebody else's upload closes invoices in any of them.
        table = name.lower().endswith((".csv", ".txt", ".xls", ".xlsx", ".json", ".xml"))
        return table and not name.startswith(".") and not re.fullmatch(_pattern(self.settings.customers_name), name)

    def document_name(self, ref: str) -> str:
        """Return a PDF's name; what is not a letter, a digit or one of . @ + - becomes an underscore."""
        return _UNSAFE.sub("_", self.settings.documents_name.replace("{ref}", ref)).lstrip(".") or "_.pdf"

    def read_report(self, file: IO[bytes]) -> pd.DataFrame:
        """Read a file of invoices back."""
        import pandas as pd

        frame: pd.DataFrame = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8")
        return frame.rename(columns=_INVOICES)

    def rehearsal(self) -> RehearsalRule:
        """Return Gaviti's rule: absent is closed, and one blank or 0 refuses the whole file."""
        name = _pattern(self.settings.report_name)
        return RehearsalRule(self.settings.folder, name, name, "id", "balance", required=tuple(_INVOICES))


def _make_name(name: str, at: datetime) -> str:
    return name.replace("{at}", f"{at:{_AT}}")


def _pattern(name: str) -> str:
    return re.escape(name).replace(re.escape("{at}"), r"\d{8}T\d{6}Z")


@hookimpl
def arfeed_destinations() -> Iterable[type[Destination]]:
    """Offer Gaviti."""
    return [Gaviti]
