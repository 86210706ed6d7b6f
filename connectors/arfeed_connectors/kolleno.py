"""Kolleno's layout: the open-AR report and the PDF names, as its help pages 9947268 and 11792044 state them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import IO, TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from arfeed import ConfigError, Destination, DestinationSettings, hookimpl

if TYPE_CHECKING:
    import pandas as pd

ARFEED_CONTRACT = 1

_COLUMNS = {
    "invoice_ref": "invoice_ref",
    "kind": "kind",
    "customer_id": "customer_id",
    "customer_name": "customer_name",
    "customer_email": "customer_email",
    "currency_iso": "currency",
    "date_issued": "issued_on",
    "date_due": "due_on",
    "amount": "amount",
    "balance": "balance",
    "po_number": "po_number",
    "memo": "memo",
}
"""The report's columns, and the canonical column that each is made from."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


def _report_columns(columns: dict[str, str]) -> dict[str, str]:
    unknown = [name for name in columns if name not in _COLUMNS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not a column of the report; there are {', '.join(_COLUMNS)}")
    return columns


def _headers(columns: dict[str, str]) -> list[str]:
    return [columns.get(name, name) for name in _COLUMNS]


def _with_ref(form: str) -> str:
    if "{ref}" not in form:
        raise ValueError("it must contain {ref}")
    return form


class Kolleno(Destination):
    """Kolleno's folders: reports in csv_data_uploads, PDFs in the root."""

    name = "kolleno"
    report_folder = "csv_data_uploads"

    class Settings(DestinationSettings):
        """Settings of the destination `kolleno`."""

        mode: Literal["open-ar"] = Field(
            description='"open-ar": the report lists all open invoices, and what is absent is marked as paid.'
        )
        kinds: list[Literal["invoice", "credit_note", "payment"]] = Field(
            default=["invoice", "credit_note"], description="Which kinds of document the report lists."
        )
        columns: Annotated[dict[str, str], AfterValidator(_report_columns)] = Field(
            default_factory=dict,
            examples=[{"invoice_ref": "Invoice number"}],
            description="Other headers for the report.",
        )
        extra_columns: list[str] = Field(
            default_factory=list, examples=[["branch"]], description="Further columns of the sources to send."
        )
        document_name: Annotated[str, AfterValidator(_with_ref)] = Field(
            default="{ref}", description="Kolleno's format of PDF names, without .pdf."
        )

        @model_validator(mode="after")
        def _headers_differ(self) -> Kolleno.Settings:
            headers = [*_headers(self.columns), *self.extra_columns]
            double = next((header for header in headers if headers.count(header) > 1), None)
            if double:
                raise ValueError(f"two columns of the report would be {double!r}; change columns or extra_columns")
            return self

    settings: Settings

    def report(self, invoices: pd.DataFrame) -> pd.DataFrame:
        """Return the report under the configured headers, extra columns last."""
        chosen = invoices[[*_COLUMNS.values(), *self._extras(invoices)]]
        return chosen.set_axis([*_headers(self.settings.columns), *self.settings.extra_columns], axis="columns")

    def report_name(self, at: datetime) -> str:
        """Return for example open_ar_20260404T101500Z.csv."""
        # Names sort by their moments: that is how `adopt` finds out which of two reports is the later one.
        return f"open_ar_{at:%Y%m%dT%H%M%SZ}.csv"

    def is_report(self, name: str) -> bool:
        """Whether the receiver reads a file: it takes every CSV, whoever wrote it."""
        return name.lower().endswith(".csv") and not name.startswith(".")

    def read_report(self, file: IO[bytes]) -> pd.DataFrame:
        """Read a report back under canonical names."""
        return self._read(file)

    def read_balances(self, file: IO[bytes]) -> pd.DataFrame:
        """Read numbers and balances back."""
        return self._read(file, "invoice_ref", "balance")

    def _read(self, file: IO[bytes], *columns: str) -> pd.DataFrame:
        """Read these columns, or all there are."""
        import pandas as pd
        import pyarrow as pa
        from pyarrow import csv

        names = dict(zip(_headers(self.settings.columns), _COLUMNS.values(), strict=True))
        # The headers first, so that every column can be read as text: what is guessed loses leading zeros.
        headers = pd.read_csv(file, nrows=0, encoding="utf-8-sig").columns
        file.seek(0)
        table: pd.DataFrame = csv.read_csv(
            file,
            # Arrow's threads would first look for the ends of all records; one thread finds and reads them at once.
            read_options=csv.ReadOptions(use_threads=False),
            # A memo may hold line breaks.
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(headers, pa.large_string()),
                # To Arrow an empty list means every column.
                include_columns=[header for header in headers if names.get(header) in columns],
            ),
        ).to_pandas()
        return table.rename(columns=names)

    def document_name(self, ref: str) -> str:
        """Return a PDF's name: every character but A-Z a-z 0-9 _ - becomes one underscore."""
        # Not str.format, to which any other braces in the setting would be fields.
        return _UNSAFE.sub("_", self.settings.document_name.replace("{ref}", ref)) + ".pdf"

    def _extras(self, invoices: pd.DataFrame) -> list[str]:
        missing = [name for name in self.settings.extra_columns if name not in invoices.columns]
        if missing:
            found = ", ".join(name for name in invoices.columns if name not in _COLUMNS.values())
            raise ConfigError(
                f"destination.extra_columns: no source has a column {missing[0]!r}; there are {found or 'none'}"
            )
        return self.settings.extra_columns


@hookimpl
def arfeed_destinations() -> Iterable[type[Destination]]:
    """Offer Kolleno."""
    return [Kolleno]
