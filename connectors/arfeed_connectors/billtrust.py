"""Billtrust's Ingest API, by its public pages: accounts, documents, PDF push, API reference overview.

https://api-docs.aws-prod.billtrust.com/services/ingest-service/. What they do not state, such as the body of a
closure, is a setting without a default.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Literal
from urllib.parse import quote

from pydantic import Field, SecretStr, model_validator

from arfeed import (
    ApiDestination,
    ApiRule,
    ApiSettings,
    Calls,
    ConfigError,
    Content,
    Destination,
    Held,
    RestClient,
    Settings,
    hookimpl,
)

ARFEED_CONTRACT = 2

_DOCUMENT = {
    "number": "invoice_ref",
    "invoice_num": "invoice_ref",
    "account_number": "customer_id",
    "invoice_date": "issued_on",
    "due_date": "due_on",
    "po_number": "po_number",
    "denomination": "balance",
}
"""Billtrust's fields of a document, and the canonical column that each is made from; `number` stands in its path."""

_REQUIRED = ("account_number", "invoice_date", "due_date", "denomination")
_ACCOUNT = {"number": "customer_id", "name": "customer_name", "email": "customer_email"}


class ReadSettings(Settings):
    """The table `[destination.read]`: how a document is read back, which the public pages do not state."""

    path: str = Field(
        pattern=r".*\{number\}.*",
        examples=["/ingest/documents/{number}"],
        description="Path of one document below the URL; {number} is its number.",
    )
    status: str = Field(examples=["status"], description="Field of its status.")
    open: str = Field(examples=["open"], description="The word there for one that is open.")
    balance: str = Field(default="denomination", description="Field of what is owed.")


class Billtrust(ApiDestination):
    """Billtrust: accounts, then documents by PUT, then PDFs, then closures; absence means nothing."""

    name = "billtrust"
    document_method = "POST"
    replaces_documents = True
    idempotency_header = None

    class Settings(ApiSettings):
        """Settings of the destination `billtrust`."""

        api_key: SecretStr = Field(description="The API key, as ${NAME} or ${keyring:SERVICE/NAME}.")
        connection_id: str | None = Field(
            default=None,
            pattern=r"[0-9A-Za-z-]+",
            description="Id of the Ingest connection, as the Data Bridge shows it; no PDFs are sent without it.",
        )
        closure_field: str = Field(
            examples=["reason"], description="Field of a closure that holds its reason; Billtrust's support says."
        )
        closure_date_field: str | None = Field(
            default=None, description="Field of a closure that holds its date, if there is one."
        )
        closure_reasons: dict[str, str] = Field(
            min_length=1,
            examples=[{"paid": "PAID", "void": "VOID", "other": "OTHER"}],
            description="Billtrust's word for each of arfeed's reasons (paid, void, settled, gone …); other is for the "
            "rest.",
        )
        closed_already: list[int] = Field(
            default=[], description="Statuses (4xx) by which it answers a closure of what is closed already."
        )
        account_currency: bool = Field(
            default=False,
            description="Whether accounts have a currency, in Billtrust's basic model: that of their first invoice.",
        )
        kinds: list[Literal["invoice", "credit_note", "payment"]] = Field(
            default=["invoice"], description="Which kinds of document are sent."
        )
        applies_to: str | None = Field(
            default=None, description="Column of the invoice that a credit note is for, which Billtrust requires."
        )
        credit_sign: Literal["positive", "negative"] | None = Field(
            default=None, description="Sign of what is open of a credit note there; needed for credit notes."
        )
        read: ReadSettings | None = Field(
            default=None, description="How a document is read back; unset takes Billtrust's answers as the proof."
        )

        @model_validator(mode="after")
        def _has_what_credit_notes_need(self) -> Billtrust.Settings:
            if "payment" in self.kinds:
                raise ValueError("Billtrust's documents are invoices and credit notes; leave payment out of kinds")
            if "credit_note" in self.kinds and not (self.applies_to and self.credit_sign):
                raise ValueError("credit notes need applies_to and credit_sign, since Billtrust requires their invoice")
            return self

    settings: Settings

    def __init__(self, settings: Settings) -> None:
        """Take no PDFs without a connection to send them to."""
        super().__init__(settings)
        self.documents = "after" if settings.connection_id else "none"

    def headers(self) -> Mapping[str, str | SecretStr]:
        """Return the API's key."""
        return {"X-API-Key": self.settings.api_key}

    def calls(self, content: Content) -> Sequence[Calls]:
        """Return accounts, documents and closures."""
        return [self._accounts(content), self._documents(content), self._closures(content)]

    def _accounts(self, content: Content) -> Calls:
        fields = dict(_ACCOUNT)
        customers = content.customers
        if self.settings.account_currency:
            fields["currency"] = "currency"
            # An account has one currency there, however many its invoices have.
            first = content.invoices.drop_duplicates("customer_id").set_index("customer_id")["currency"]
            customers = customers.assign(currency=customers["customer_id"].map(first).astype("str"))
        frame = customers[[*fields.values()]].set_axis([*fields], axis="columns")
        proves = {"customer_id": "number", "customer_name": "name"}
        path, beside = "/ingest/accounts/{number}", ("number",)
        return Calls("accounts", "PUT", path, frame, "customers", proves, ("number", "name"), beside)

    def _documents(self, content: Content) -> Calls:
        invoices, settings = content.invoices, self.settings
        frame = invoices[[*_DOCUMENT.values()]].set_axis([*_DOCUMENT], axis="columns")
        credit = invoices["kind"] == "credit_note"
        frame["document_type"] = invoices["kind"]
        proves = {name: header for header, name in _DOCUMENT.items() if name != "po_number"}
        if settings.applies_to is not None:
            if settings.applies_to not in invoices.columns:
                raise ConfigError(f"destination.applies_to: the invoices have no column {settings.applies_to!r}")
            frame["applies_to_invoice"] = invoices[settings.applies_to].where(credit, "")
        # Only credit notes: an overpaid invoice keeps its minus.
        if settings.credit_sign == "positive" and credit.any():
            amounts = invoices["balance"].where(~credit, -invoices["balance"])
            frame["denomination"] = amounts.astype(invoices["balance"].dtype)
            # What is proven is the plan's own sign; these are the same amounts with another one.
            del proves["balance"]
        path, beside = "/ingest/documents/{number}", ("number",)
        return Calls("documents", "PUT", path, frame, "invoices", proves, _REQUIRED, beside)

    def _closures(self, content: Content) -> Calls:
        settings, closed = self.settings, content.closed
        words, other = settings.closure_reasons, settings.closure_reasons.get("other")
        if unknown := sorted({*closed["reason"]} - words.keys()) if other is None else []:
            raise ConfigError(
                f"destination.closure_reasons has no word for {', '.join(map(repr, unknown))}; add it, or `other`"
            )
        reasons = closed["reason"].map(lambda reason: words.get(reason, other)).astype("str")
        frame = closed[["invoice_ref"]].set_axis(["number"], axis="columns").assign(**{settings.closure_field: reasons})
        proves = {"invoice_ref": "number"}
        if settings.closure_date_field:
            frame[settings.closure_date_field] = closed["closed_on"]
            proves["closed_on"] = settings.closure_date_field
        return Calls(
            "closures",
            "POST",
            "/ingest/documents/{number}/closure",
            frame,
            "closed",
            proves,
            (settings.closure_field,),
            ("number",),
            # It goes from open to closed; a second one finds it closed.
            repeatable=True,
            taken=tuple(settings.closed_already),
        )

    def document_path(self, ref: str) -> str:
        """Return where a PDF is pushed to; without `append` it takes the place of an earlier one."""
        return f"/pdf-ingestion/pdf/{self.settings.connection_id}/ingest_documents/{quote(ref, safe='')}"

    def held(self, api: RestClient, refs: Sequence[str]) -> Iterable[Held] | None:
        """Ask for each document, if the settings say how."""
        return self._read(api, refs, self.settings.read) if self.settings.read else None

    def _read(self, api: RestClient, refs: Sequence[str], read: ReadSettings) -> Iterator[Held]:
        paths = (read.path.replace("{number}", quote(ref, safe="")) for ref in refs)
        found = api.get_each(paths, connections=self.settings.connections)
        for ref, document in zip(refs, found, strict=True):
            # Not known there, which is an answer too: core compares what it should hold.
            if document is None:
                continue
            owed = document.get(read.balance)
            # A credit note's sign there is the settings' affair, and its size is compared by the next delivery.
            comparable = owed is not None and self.settings.credit_sign != "positive"
            yield Held(ref, document.get(read.status) == read.open, Decimal(str(owed)) if comparable else None)

    def rehearsal(self) -> ApiRule:
        """Return the rule of the public pages: a document needs its account, and a PDF its document."""
        return ApiRule(
            documents="/ingest/documents/{number}",
            balance="denomination",
            closing="/ingest/documents/{number}/closure",
            pdf=f"/pdf-ingestion/pdf/{self.settings.connection_id}/ingest_documents/{{number}}",
            customers="/ingest/accounts/{number}",
            customer="account_number",
            held=self.settings.read.path if self.settings.read else None,
            required=("account_number", "invoice_date", "due_date"),
            required_of_customers=("name",),
        )


@hookimpl
def arfeed_destinations() -> Iterable[type[Destination]]:
    """Offer Billtrust."""
    return [Billtrust]
