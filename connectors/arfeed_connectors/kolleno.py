"""Kolleno's layouts: the open-AR report and the PDF names, as its help pages 9947268 and 11792044 state them.

The seven files of its CSV connector are by 11647004, 15445456 and 15166720.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import IO, TYPE_CHECKING, Annotated, Literal, NoReturn

from pydantic import AfterValidator, Field, model_validator

from arfeed import (
    ConfigError,
    Content,
    Destination,
    DestinationSettings,
    DoneMarker,
    FixedFile,
    RehearsalRule,
    Shipment,
    ShipmentDestination,
    TableFile,
    hookimpl,
)
from arfeed_connectors.layout import lay_out, restore_names
from arfeed_connectors.seven_files import SEVEN, FileColumns, FileName, check_files

if TYPE_CHECKING:
    import pandas as pd

ARFEED_CONTRACT = 2

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

_CUSTOMERS = {
    "id": "customer_id",
    "name": "customer_name",
    "ref": "",
    "currency_iso": "",
    "address_line_1": "",
    "address_line_2": "",
    "postal_code": "",
    "city": "",
    "state": "",
    "country_iso": "",
}
"""The columns of customers as published; those that arfeed knows nothing for have to be there all the same."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_AT = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)"
_LAST = SEVEN[-1]


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

        mode: Literal["open-ar", "connector"] = Field(
            description='"open-ar": the report lists all open invoices, and what is absent is marked as paid. '
            '"connector": the seven files of the CSV connector, where what is absent stays as it was.'
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

        files: dict[FileName, FileColumns] = Field(
            default_factory=dict,
            description='The columns of each of the seven files, with mode = "connector"; those of customers are '
            "known, and these are added.",
        )

        @model_validator(mode="after")
        def _fits_the_mode(self) -> Kolleno.Settings:
            if self.mode == "open-ar" and self.files:
                raise ValueError('files are those of mode = "connector"')
            if self.mode == "connector":
                check_files(self.files)
                if self.kinds != ["invoice"]:
                    raise ValueError(
                        'write kinds = ["invoice"]: credit notes and payments have their own files, which are sent '
                        "without rows"
                    )
                if self.columns or self.extra_columns:
                    raise ValueError("columns and extra_columns are for open-ar; use [destination.files.NAME]")
            return self

        @model_validator(mode="after")
        def _headers_differ(self) -> Kolleno.Settings:
            headers = [*_headers(self.columns), *self.extra_columns]
            double = next((header for header in headers if headers.count(header) > 1), None)
            if double:
                raise ValueError(f"two columns of the report would be {double!r}; change columns or extra_columns")
            return self

    settings: Settings

    def __new__(cls, settings: Settings) -> Kolleno:
        """Make the destination of the mode that the settings have."""
        # Core asks a destination's class whether it delivers one report or several files.
        return super().__new__(SevenFiles if settings.mode == "connector" else cls)

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


class SevenFiles(Kolleno, ShipmentDestination):
    """Kolleno's seven files: a batch is read once all of them are there; what is absent stays as it was."""

    needs_contract = 2
    absence: Literal["closes", "nothing"] = "nothing"
    documents: Literal["beside", "inside", "none"] = "beside"

    def shipments(self, content: Content) -> Shipment:
        """Return the seven files in order; the last of them completes the batch."""
        files = {**self.settings.files, "customers": FileColumns(columns={**_CUSTOMERS, **self._columns("customers")})}
        return [
            *(
                self._table(each, files[each], content) if files[each].columns else self._without_rows(each, content)
                for each in SEVEN[:-1]
            ),
            DoneMarker(self.report_name(content.at), self._header(_LAST), self.report_folder),
        ]

    def report_name(self, at: datetime) -> str:
        """Return the name of the last file, for example credit_notes_invoices_2023-11-16T15:45:30.csv."""
        return _name_at(_LAST, at)

    def is_report(self, name: str) -> bool:
        """Whether it may complete a batch, or be a report of the other mode: any CSV but the six other files."""
        return super().is_report(name) and not any(re.fullmatch(_pattern(each), name) for each in SEVEN[:-1])

    def find_table(self, name: str, read: Callable[[str], bytes]) -> bytes:
        """Return the file of invoices of a batch."""
        if not (match := re.fullmatch(_pattern(_LAST), name)):
            raise ConfigError(f"{name} is not the last file of a batch, so that its invoices can't be found.")
        return read(f"invoices_{match[1]}.csv")

    def read_report(self, file: IO[bytes]) -> pd.DataFrame:
        """Read the file of invoices back; closed rows are left out."""
        import pandas as pd

        frame: pd.DataFrame = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8")
        frame = frame.rename(columns={head: name for head, name in self._columns("invoices").items() if name})
        frame = frame[frame["status"] != self._closed_word].reset_index(drop=True)
        return restore_names(frame)

    def rehearsal(self) -> RehearsalRule:
        """Return Kolleno's rule: nothing of a batch is read until all seven files are there."""
        headers = {name: head for head, name in self._columns("invoices").items()}
        return RehearsalRule(
            self.report_folder,
            _pattern(_LAST),
            _pattern("invoices"),
            headers["invoice_ref"],
            headers["balance"],
            absence="nothing",
            status=headers["status"],
            closed_word=self._closed_word,
            together=tuple(map(_pattern, SEVEN)),
        )

    def report(self, invoices: pd.DataFrame) -> NoReturn:
        """Not used: `shipments` lays everything out."""
        raise NotImplementedError

    @property
    def _closed_word(self) -> str:
        return self.settings.files["invoices"].words.get("status", {}).get("closed", "closed")

    def _columns(self, name: FileName) -> dict[str, str]:
        files = self.settings.files
        return files[name].columns if name in files else {}

    def _header(self, name: FileName) -> bytes:
        return (",".join(f'"{each}"' for each in self.settings.files[name].header) + "\n").encode()

    def _without_rows(self, name: FileName, content: Content) -> FixedFile:
        return FixedFile(_name_at(name, content.at), self._header(name), self.report_folder)

    def _table(self, name: FileName, layout: FileColumns, content: Content) -> TableFile:
        # Of the ledger, since what is closed has to be sent: a later upload has what was created or changed.
        of: Literal["ledger", "customers"] = "ledger" if name == "invoices" else "customers"
        rows = content.of(of).assign(**{"": ""})
        if unknown := [each for each in layout.columns.values() if each not in rows.columns]:
            known = ", ".join(str(each) for each in rows.columns if each)
            raise ConfigError(f"destination.files.{name}: there is no {unknown[0]!r}; there are {known}")
        frame, proves = lay_out(rows, layout.columns, layout.words, proves_status=of == "ledger")
        return TableFile(_name_at(name, content.at), frame, of, proves, folder=self.report_folder)


def _name_at(prefix: str, at: datetime) -> str:
    return f"{prefix}_{at:%Y-%m-%dT%H:%M:%S}.csv"


def _pattern(prefix: str) -> str:
    return f"{prefix}_{_AT}\\.csv"


@hookimpl
def arfeed_destinations() -> Iterable[type[Destination]]:
    """Offer Kolleno."""
    return [Kolleno]
