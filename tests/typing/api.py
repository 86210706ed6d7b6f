"""What a plugin author's type checker knows of arfeed. mypy reads this file in `make check`; nothing runs it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Literal, assert_type

import pandas as pd
from pydantic import SecretStr

import arfeed
from arfeed import (
    ApiDestination,
    ApiRule,
    ApiSettings,
    Archive,
    ArfeedError,
    Body,
    Calls,
    Complete,
    ConfigError,
    Connector,
    Content,
    ControlAccount,
    DatabaseUrl,
    DeliveredFile,
    DeliveredRun,
    Destination,
    DestinationError,
    DestinationSettings,
    Document,
    DoneMarker,
    Failure,
    FileSettings,
    FixedFile,
    Held,
    Location,
    LockedError,
    Notifier,
    NotifierSettings,
    Objection,
    Patience,
    Pattern,
    Plan,
    PrintedReport,
    ProblemsError,
    Proposal,
    Receipt,
    ReceiverOutcome,
    Reconciliation,
    RefusedError,
    RehearsalRule,
    Rejection,
    ReportForm,
    RestClient,
    Shipment,
    ShipmentDestination,
    SourceError,
    SourceSettings,
    TableFile,
    TextFormat,
    Token,
    Transform,
    TransformSettings,
    Trust,
    client_credentials,
    follow_cursor,
    follow_link,
    follow_number,
    hookimpl,
)


class Books(Connector):
    name = "books"

    class Settings(SourceSettings):
        file: Location
        pattern: Pattern
        url: DatabaseUrl

    settings: Settings

    def invoices(self) -> Generator[pd.DataFrame, None, Complete]:
        assert_type(self.source, str)
        assert_type(self.since, datetime | None)
        assert_type(self.settings.file, str)
        assert_type(self.settings.pattern, str)
        assert_type(self.settings.url, SecretStr)
        assert_type(self.settings.columns, dict[str, str])
        yield assert_type(arfeed.table_from_records([{"invoice_ref": "1"}], origin="books"), pd.DataFrame)
        account = ControlAccount({"EUR": Decimal(1)}, customers={("1", "EUR"): Decimal(1)}, received=None)
        return Complete(rows=1, totals={"EUR": Decimal(1)}, as_of=date(2026, 4, 7), control_account=account)

    def proposals(self) -> Iterable[Proposal]:
        proposal = Proposal({"company": 1}, "it is the only one")
        assert_type(proposal.settings, Mapping[str, str | int])
        return [proposal]

    def documents(self, refs: pd.Series[str]) -> Iterable[Document]:
        return [Document(ref, "1", b"%PDF".strip) for ref in refs]


class Louder(Transform):
    name = "louder"
    changes = frozenset({"customer_name"})

    class Settings(TransformSettings):
        mark: str = "!"

    settings: Settings

    def apply(self, invoices: pd.DataFrame) -> pd.DataFrame:
        assert_type(self.settings.mark, str)
        assert_type(self.settings.sources, list[str] | None)
        return invoices


class Collect(Destination):
    name = "collect"

    class Settings(DestinationSettings):
        """None of its own."""

    settings: Settings

    def report(self, invoices: pd.DataFrame) -> pd.DataFrame:
        return invoices

    def report_name(self, at: datetime) -> str:
        return f"open-{at:%Y%m%d}.csv"

    def is_report(self, name: str) -> bool:
        return name.startswith("open-")

    def read_report(self, file: IO[bytes]) -> pd.DataFrame:
        return pd.read_csv(file, dtype="str")

    def document_name(self, ref: str) -> str:
        return f"{ref}.pdf"


class Parcels(ShipmentDestination):
    """A destination of several files, by contract 2."""

    name = "parcels"
    absence: Literal["closes", "nothing"] = "nothing"
    documents: Literal["beside", "inside", "none"] = "inside"

    class Settings(DestinationSettings):
        """No further settings."""

    settings: Settings

    def shipments(self, content: Content) -> Shipment:
        assert_type(content.at, datetime)
        assert_type(content.of("ledger"), pd.DataFrame)
        form = TextFormat(delimiter=";", decimal=",", quote="none")
        proves = {"invoice_ref": "No", "balance": "Open"}
        table = TableFile("items.csv", content.ledger, "ledger", proves, required=["No"], format=form)
        wrong = TableFile("items.csv", content.ledger, "bills", proves)  # type: ignore[arg-type]
        archive = Archive(f"{content.at:%Y%m%d}.zip", [table, wrong], documents="pdf")
        fixed = FixedFile("contacts.csv", b"id,email\n")
        return [archive, fixed, DoneMarker(f"{content.at:%Y%m%d}.done", content=self.mark)]

    def mark(self, files: Sequence[DeliveredFile]) -> bytes:
        return files[0].sha256.encode()

    def report_name(self, at: datetime) -> str:
        return f"{at:%Y%m%d}.done"

    def is_report(self, name: str) -> bool:
        return name.endswith(".done")

    def document_name(self, ref: str) -> str:
        return f"{ref}.pdf"

    def rehearsal(self) -> RehearsalRule | None:
        return RehearsalRule("in", r".*\.done", "items.csv", "No", "Open", archive=r".*\.zip", absence=self.absence)


class Pager(Notifier):
    name = "pager"

    class Settings(NotifierSettings):
        number: str

    settings: Settings

    def delivered(self, receipt: Receipt) -> None:
        assert_type(receipt.report, DeliveredFile)
        assert_type(receipt.documents, tuple[DeliveredFile, ...])
        assert_type(receipt.page, Path | None)

    def refused(self, plan: Plan) -> None:
        assert_type(plan.objections, tuple[Objection, ...])
        assert_type(plan.report, pd.DataFrame)
        assert_type(plan.approval, str | None)

    def failed(self, failure: Failure) -> None:
        assert_type(failure.exit_code, int)

    def reconciled(self, reconciliation: Reconciliation) -> None:
        assert_type(reconciliation.outcome, str)
        assert_type(reconciliation.counts, Mapping[str, int])


@hookimpl
def arfeed_connectors() -> Iterable[type[Connector]]:
    return [Books]


@hookimpl
def arfeed_review(plan: Plan) -> Iterable[Objection]:
    return [Objection("too-many", "more than ten", tuple(plan.report["invoice_ref"]))]


assert_type(arfeed_connectors(), Iterable[type[Connector]])  # a hook's mark leaves its type alone


def read(settings: FileSettings) -> None:
    """Read files as a connector does."""
    (file,) = assert_type(arfeed.find_files(settings), list[str])
    assert_type(arfeed.read_table(file, delimiter=";"), pd.DataFrame)
    assert_type(arfeed.read_tables(file, sheet="Open"), Iterator[pd.DataFrame])
    assert_type(arfeed.read_header(file), list[str])
    assert_type(arfeed.sheet_names(file), list[str])
    assert_type(arfeed.changed_at(file), datetime | None)
    assert_type(arfeed.open_binary(file), IO[bytes])
    assert_type(arfeed.locate(f"{file}#7", file), str)
    assert_type(arfeed.mask_secrets("a secret", ["secret"]), str)
    assert_type(arfeed.find_columns(file, ["No"], settings), dict[str, str])
    assert_type(arfeed.missing_columns(["No"], {"invoice_ref": "No"}), list[str])
    assert_type(arfeed.propose_columns(arfeed.read_table(file)).columns, Mapping[str, str])
    assert_type(arfeed.SOURCE_COLUMNS, tuple[str, ...])
    assert_type(arfeed.minor_digits(), Mapping[str, int])
    assert_type(arfeed.read_grid(file, sheet="Open"), Iterator[pd.DataFrame])
    assert_type(arfeed.read_arrow(file, columns=["No"]), Iterator[Any])
    arfeed.read_table(file, delimiters=";")  # type: ignore[call-arg]


class Ledgers(ApiDestination):
    name = "ledgers"
    documents = "none"

    class Settings(ApiSettings):
        key: SecretStr

    settings: Settings

    def calls(self, content: Content) -> Sequence[Calls]:
        frame, proves = content.invoices[["invoice_ref", "balance"]], {"invoice_ref": "invoice_ref"}
        return [Calls("invoices", "PUT", "/invoices/{invoice_ref}", frame, "invoices", proves)]

    def headers(self) -> Mapping[str, str | SecretStr]:
        return {"X-API-Key": self.settings.key}

    def held(self, api: RestClient, refs: Sequence[str]) -> Iterable[Held]:
        for ref, found in zip(refs, api.get_each(f"/invoices/{ref}" for ref in refs), strict=True):
            yield Held(ref, is_open=found["open"], balance=Decimal(found["balance"]))

    def rehearsal(self) -> ApiRule:
        return ApiRule("/invoices/{number}", "balance", "/invoices/{number}/closing")

    def outcome(self, run: DeliveredRun) -> ReceiverOutcome | None:
        assert_type(run.list_files("logs"), Mapping[str, int])
        assert_type(run.read_file("logs", "all.log"), bytes)
        refused = [Rejection("no such customer", ref) for ref in run.invoice_refs]
        return ReceiverOutcome("pending" if run.api is None else "taken", refused)


def ask(secret: SecretStr) -> None:
    """Ask an API as a connector does."""
    login = client_credentials("/token", "us", secret)
    with RestClient("https://x.example", token=login, trust=Trust(), patience=Patience(10, 60)) as api:
        assert_type(api.read("/a.pdf"), bytes)
        for follow in (follow_link("next"), follow_cursor("next", "cursor"), follow_number("page", 100)):
            assert_type(api.records("/invoices", "items", follow), Iterator[list[dict[str, Any]]])
        assert_type(api.request("PUT", "/a", body=Body(b"{}")).status, int)
    assert_type(Token("Bearer x").seconds, float | None)


def read_printed(settings: FileSettings) -> None:
    """Read a printed report."""
    form = ReportForm({"invoice_ref": ("No", "Number")}, required=("invoice_ref",), keys=("invoice_ref",), exact=False)
    report = PrintedReport("books.csv", form, settings)
    assert_type(report.as_of, date | None)
    assert_type(report.lines(), Iterator[pd.DataFrame])


def end_with(error: ArfeedError) -> int:
    """Return the exit code of an expected error."""
    match error:
        case ProblemsError():
            assert_type(error.problems, tuple[str, ...])
        case ConfigError():
            assert_type(error.mistakes, tuple[str, ...])
        case SourceError() | DestinationError() | RefusedError() | LockedError():
            pass
    return assert_type(error.exit_code, int)


def read_by_former_names(file: str, sent: arfeed.Delivered) -> None:
    """Keep the types of the names of arfeed 0.1.0."""
    assert_type(sent, DeliveredFile)
    assert_type(arfeed.table([], origin="books"), pd.DataFrame)
    assert_type(arfeed.place_of(f"{file}#7", file), str)
    assert_type(arfeed.masked("a secret", ["secret"]), str)
    assert_type(arfeed.propose(arfeed.read_table(file)).columns, Mapping[str, str])
    assert_type(arfeed.MAPPABLE, tuple[str, ...])
    arfeed.tables([], origin="books")  # type: ignore[attr-defined]
