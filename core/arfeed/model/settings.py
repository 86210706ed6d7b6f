"""The settings of sources, transforms, destinations and guards, as plugins.toml states them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from arfeed.model import schema
from arfeed.model.currencies import minor_digits
from arfeed.model.fields import (
    TEXTS,
    Location,
    Pattern,
    Span,
    check_address,
    check_date_order,
    check_file_columns,
    check_words,
    headings_of,
    known_word,
    one_or_several,
)

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["invoice", "credit_note", "payment"]


class Settings(BaseModel):
    """The base of all settings: unknown keys are refused, and nothing changes after validation."""

    # Unknown keys are refused, since a misspelt guard would be no guard; and an error must not quote a secret's
    # value.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)


def _known_columns(columns: dict[str, str]) -> dict[str, str]:
    for name in columns:
        if name not in schema.SOURCE_COLUMNS:
            raise ValueError(f"{name!r} is not a column of an invoice; there are {', '.join(schema.SOURCE_COLUMNS)}")
    return columns


def _currency_code(code: str | None) -> str | None:
    if code is not None and code not in minor_digits():
        raise ValueError('give an ISO 4217 code, such as "GBP"')
    return code


def _template(template: str) -> str:
    # Checked when the file is read: a misspelt field would find no PDF, and look like a folder without any.
    fields = re.findall(r"\{([^{}]*)\}", template)
    # Without it, several invoices would claim the same file.
    if "invoice_ref" not in fields:
        raise ValueError("it must contain {invoice_ref}")
    unknown = [name for name in fields if name not in schema.TEXTS]
    if unknown:
        raise ValueError(f"{{{unknown[0]}}} is not a text column of an invoice; there are {', '.join(schema.TEXTS)}")
    return template


def _templates(templates: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_template, templates))


class GuardSettings(Settings):
    """The table [guards]: when a plan is refused for what is missing without proof."""

    caution: int = Field(
        default=20, ge=2, description="Object to anything that would happen on fewer than 1 in this many ordinary days."
    )
    missing_share: float = Field(
        default=0.6,
        ge=0,
        le=1,
        description="Largest share of a source's invoices, by count, that may be missing without proof.",
    )
    unproven_share: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="Largest share that people may approve without proof within 30 days; more is refused (budget).",
    )
    missing_floor: int = Field(
        default=5,
        ge=0,
        description="How many of a source's invoices may be missing without proof before the share counts.",
    )
    reconcile_every: Span | None = Field(
        default=None,
        examples=["30d"],
        description="How old the last `arfeed reconcile` may be; unset does not ask for one.",
    )


class SourceSettings(Settings):
    """Settings that every source has."""

    columns: Annotated[dict[str, str], AfterValidator(_known_columns)] = Field(
        default_factory=dict,
        examples=[{"invoice_ref": "No."}],
        description="Canonical column = the source's own header.",
    )
    dates: Annotated[str | None, AfterValidator(check_date_order)] = Field(
        default=None,
        examples=["DMY"],
        description='Order of dates: "DMY", "MDY", "YMD", a strptime format, or "excel" for day numbers.',
    )
    currency: Annotated[str | None, AfterValidator(_currency_code)] = Field(
        default=None, examples=["GBP"], description="ISO 4217 code of rows that name no currency."
    )
    documents: Annotated[tuple[Location, ...], BeforeValidator(one_or_several), AfterValidator(_templates), TEXTS] = (
        Field(
            default=(),
            examples=["pdf/Invoice {invoice_ref}.pdf"],
            description="Where the PDFs are; of several patterns, the first that has an invoice's PDF counts.",
        )
    )
    # Off, since an export that failed is empty too.
    allow_empty: bool = Field(default=False, description="Whether the source may have no rows at all.")
    max_age: Span | None = Field(default=None, examples=["3 days"], description="How old its as-of date may be.")
    absent_means_paid: bool = Field(
        default=False, description="Whether an invoice counts as paid once this source no longer lists it."
    )
    on_failure: Literal["carry-forward"] | None = Field(
        default=None, description='"carry-forward" reuses the rows delivered last when the source fails.'
    )
    carry_forward_max_age: Span = Field(
        default=timedelta(days=3),
        json_schema_extra={"default": "3 days"},
        description="How long rows may be carried forward since the source was last read.",
    )


class ControlAccountSettings(Settings):
    """The table [sources.NAME.control_account]: a second report of what customers owe in total.

    Known printed reports need `path` alone; of any other table, `balance` and the settings below it state what to read.
    """

    path: Pattern = Field(
        examples=["exports/TrialBalance*.csv"],
        description="The report: a trial balance, an A/R ageing summary or a customer balance summary. "
        "Of several files that match, the newest is read.",
    )
    balance: str | None = Field(
        default=None,
        examples=["Debit"],
        description="Heading of the amount owed; detected in known reports.",
    )
    # Ledgers have two unsigned columns as often as one signed.
    credit: str | None = Field(
        default=None, examples=["Credit"], description="Heading of the column to deduct from `balance`, row by row."
    )
    account: Annotated[tuple[str, ...], BeforeValidator(one_or_several), TEXTS] = Field(
        default=(),
        examples=[["1200"]],
        description="Numbers or names of the accounts that count; every row counts if unset, "
        "or, in a trial balance, the account called Accounts Receivable.",
    )
    customer: str | None = Field(
        default=None, examples=["Customer"], description="Heading of the customer, if there is a row for each."
    )
    currency: str | None = Field(
        default=None, examples=["Currency"], description="Heading of the currency; without it, that of all invoices."
    )
    encoding: str | None = Field(
        default=None, examples=["cp1252"], description="Character encoding, as for the source."
    )
    delimiter: str | None = Field(default=None, examples=[";"], description="Column separator, as for the source.")
    sheet: str | None = Field(default=None, description="Sheet of a workbook, as for the source.")
    decimal: Literal[".", ","] | None = Field(
        default=None, description="Decimal mark, if it is not that of the source."
    )


class SignSettings(Settings):
    """The table `sign` of a source: a column that holds the sign of the amounts beside it."""

    column: str = Field(examples=["S/H"], description="Heading of the column that holds the sign.")
    negative: Annotated[tuple[str, ...], BeforeValidator(one_or_several), TEXTS] = Field(
        min_length=1, examples=[["H"]], description="Its words for credits; letter case does not matter."
    )
    positive: Annotated[tuple[str, ...], BeforeValidator(one_or_several), TEXTS] = Field(
        default=(), examples=[["S"]], description="Its words for what is owed; if unset, the one other word it has."
    )


class FileSettings(SourceSettings):
    """Settings of a source that reads files.

    `further` names the settings of a subclass that are paths of further files.
    """

    further: ClassVar[Sequence[str]] = ()

    columns: Annotated[dict[str, str], AfterValidator(check_file_columns)] = Field(
        default_factory=dict,
        examples=[{"invoice_ref": "No."}],
        description="Canonical column = the source's own header. For a balance that no column holds: debit and credit, "
        'or amount and paid. A number of several columns is a template: { invoice_ref = "{No}-{Year}" }.',
    )
    values: Annotated[dict[str, dict[str, str] | Literal[False]], AfterValidator(check_words)] = Field(
        default_factory=dict,
        examples=[{"status": {"Sent": "open"}}],
        description="What the source's words in the columns status, kind and currency mean; false ignores a column "
        "although it has a canonical name.",
    )
    credits_positive: bool = Field(
        default=False, description="Whether credit notes and payments come as positive amounts, to be negated."
    )
    sign: SignSettings | Literal[False] | None = Field(
        default=None,
        examples=[{"column": "S/H", "negative": ["H"]}],
        description="A column that holds the sign of the amounts; false if a column that looks like one is something "
        "else.",
    )
    owed_is: Literal["positive", "negative"] | None = Field(
        default=None, description="The sign of what is owed; positive if unset."
    )
    balance_is: Literal["open", "total"] | None = Field(
        default=None,
        description="Whether the column of the balance holds what is still open, or the document's total; paid and "
        "void documents then count as 0, whatever their total. The open balance if unset.",
    )
    prefix: dict[Kind, str] = Field(
        default_factory=dict,
        examples=[{"credit_note": "CN-"}],
        description="Prefix for the numbers of a kind of document, if other kinds use the same numbers.",
    )
    rows: Literal["invoices", "lines", "instalments"] = Field(
        default="invoices",
        description="What a row is: an invoice; a line of one, all of which become one invoice; or an instalment, all "
        "of which are added up and due on the first date with something open.",
    )

    path: Pattern = Field(examples=["exports/invoices*.csv"], description="The file, or a pattern with wildcards.")
    files: Literal["newest", "all"] | None = Field(
        default=None, description="What to do if the pattern matches several files; an error if unset."
    )
    encoding: str | None = Field(
        default=None, examples=["cp1252"], description="Character encoding; found by the file's own marks if unset."
    )
    delimiter: str | None = Field(
        default=None, examples=[";"], description="Column separator; found from the header if unset."
    )
    sheet: str | None = Field(default=None, description="Sheet of a workbook; the only one that has cells if unset.")
    due_dates: Annotated[str | None, AfterValidator(check_date_order)] = Field(
        default=None,
        examples=["DMY"],
        description="Order of the due dates, if the file writes them in another than that of `dates`.",
    )
    decimal: Literal[".", ","] | None = Field(
        default=None,
        description="Decimal mark. Naming it allows the other as thousands separator; unset means a plain dot.",
    )
    settle_seconds: float = Field(
        default=2, ge=0, description="How long a file must have been unchanged before it is read; 0 does not check."
    )
    private_key: Annotated[tuple[Location, ...], BeforeValidator(one_or_several)] = Field(
        default=(), description="OpenSSH private key for sftp:// URLs; several, in a list, are tried in order."
    )
    passphrase: SecretStr | None = Field(
        default=None, description="Passphrase of the private key, as ${NAME} or ${keyring:SERVICE/NAME}."
    )
    # A key is asked for first everywhere; some servers of Windows and old appliances take nothing else.
    password: SecretStr | None = Field(default=None, description="Password for servers without keys, as ${NAME}.")
    known_hosts: Location | None = Field(
        default=None, description="OpenSSH known_hosts file with the host's key; ~/.ssh/known_hosts if unset."
    )
    control_account: ControlAccountSettings | None = Field(
        default=None,
        examples=[{"path": "exports/TrialBalance*.csv"}],
        description="A second report of what customers owe, with which the invoices are compared.",
    )

    @model_validator(mode="after")
    def _reject_contradictions(self) -> Self:
        if twice := [name for name, words in self.values.items() if words is False and name in self.columns]:
            raise ValueError(f"values.{twice[0]} = false leaves alone what `columns` names; remove one of the two")
        if self.sign and {"debit", "credit"} & {*self.columns}:
            raise ValueError("debit and credit already give the sign; remove `sign`")
        return self

    def headings(self, *columns: str) -> list[str]:
        """Return the headings of these canonical columns, those within a template one by one.

        Without any, return every heading that the settings name, that of `sign` included.
        """
        if columns:
            return headings_of({name: self.columns.get(name, name) for name in columns})
        return list(dict.fromkeys([*headings_of(self.columns), *([self.sign.column] if self.sign else [])]))

    def meaning_of(self, name: str, words: pd.Series[str]) -> pd.Series[str]:
        """Return the words of a column in lower case, with those that `values` knows as arfeed's own."""
        texts = words.str.strip().str.lower()
        known = self.values.get(name) or {}
        return texts.map(lambda word: known_word(known, word)).astype("str") if known else texts

    def others(self) -> Mapping[str, Self]:
        """Return what else is read for this source, by the setting that names it: settings to find and read it by.

        Of several files that match such a setting, the newest is read. They count as inputs of the source: their
        SHA-256 is in the receipt, and a run waits until they are written.
        """
        # `further` is looked up by name, since only the subclass has these settings.
        named = {name: {"path": path} for name in self.further if (path := getattr(self, name))}
        if account := self.control_account:
            reading = account.model_dump(include={"path", "encoding", "delimiter", "sheet"})
            named["control_account"] = {**reading, "decimal": account.decimal or self.decimal}
        return {name: self.model_copy(update={"files": "newest", **reading}) for name, reading in named.items()}


Ending = Literal["delivered", "refused", "failed", "reconciled"]
"""How a run may end; of a reconciliation nobody is notified if the receiver has what was delivered."""


class NotifierSettings(Settings):
    """Settings that every notifier has."""

    on: tuple[Ending, ...] = Field(
        default=("delivered", "refused", "failed", "reconciled"),
        min_length=1,
        examples=[["refused", "failed"]],
        description="Which outcomes of a run trigger a notification.",
    )
    timeout_seconds: float = Field(
        default=10, gt=0, description="How long a run waits for it; a notification not sent by then is reported."
    )


class TransformSettings(Settings):
    """Settings that every transform has."""

    sources: list[str] | None = Field(
        default=None, examples=[["xero-uk"]], description="Only rows of these sources; all if unset."
    )


def _check_reconciled_words(
    values: dict[str, dict[str, str] | Literal[False]],
) -> dict[str, dict[str, str] | Literal[False]]:
    if check_words(values).get("status") is False:
        raise ValueError(
            "status = false would pass over every column by which an invoice may be closed; name the one that says "
            'something else in ignore, with its words, such as ignore = { "Phase" = ["Paid", "Open"] }'
        )
    return values


class ReconcileSettings(Settings):
    """The table [destination.reconcile]: how an export of the receiver's own list of open invoices is read.

    Whatever is unset is proposed by `arfeed reconcile`, judging by the headings and by the last report.
    """

    columns: Annotated[dict[str, str], AfterValidator(check_file_columns)] = Field(
        default_factory=dict,
        examples=[{"invoice_ref": "Invoice no."}],
        description="Canonical column = the export's heading: invoice_ref, balance, customer_name, currency, due_on, "
        "status. Without one of the last four it is not compared.",
    )
    values: Annotated[dict[str, dict[str, str] | Literal[False]], AfterValidator(_check_reconciled_words)] = Field(
        default_factory=dict,
        examples=[{"status": {"Settled": "paid"}}],
        description="What the export's words in the columns status, kind and currency mean.",
    )
    ignore: list[str] | dict[str, list[str] | Literal["texts", "anything"]] = Field(
        default=[],
        examples=[{"Assigned to": ["Ann", "Bob"], "Notes": "texts"}],
        description="Headings that say neither whether an invoice is open nor what is owed, each with its words: any "
        'new one is asked about. "texts" accepts all words of a column except those that may close an invoice, which '
        'are asked about; "anything" accepts every word. A list of headings has "texts" for each.',
    )
    marks: list[Literal["hidden", "struck", "comments", "colours", "grouped", "links", "sheets"]] = Field(
        default=[],
        examples=[["colours"]],
        description="Which of these marks mean nothing in this receiver's workbooks: hidden rows, struck-out cells, "
        "comments, rare colours and other looks, grouped rows, links, hidden sheets that name invoices. The others are "
        "refused.",
    )
    credits_positive: bool = Field(default=False, description="Whether credit notes are listed without a minus sign.")
    same_headings: bool = Field(
        default=False,
        description="Whether the receiver's own export has, nearly or wholly, the headings of a file that a source "
        "reads.",
    )
    dates: Annotated[str | None, AfterValidator(check_date_order)] = Field(
        default=None, examples=["DMY"], description="Order of its dates, as for a source."
    )
    currency: Annotated[str | None, AfterValidator(_currency_code)] = Field(
        default=None, examples=["GBP"], description="ISO 4217 code of rows that name no currency."
    )
    # No default sign: unset, balances of the other sign are a difference, which the message explains.
    owed_is: Literal["positive", "negative"] | None = Field(
        default=None, description="The sign of what is owed there; positive if unset."
    )
    encoding: str | None = Field(default=None, examples=["cp1252"], description="Character encoding, as for a source.")
    delimiter: str | None = Field(default=None, examples=[";"], description="Column separator, as for a source.")
    sheet: str | None = Field(default=None, description="Sheet of a workbook, as for a source.")
    decimal: Literal[".", ","] | None = Field(default=None, description="Decimal mark, as for a source.")

    @property
    def passed_over(self) -> dict[str, list[str] | Literal["texts", "anything"]]:
        """What `ignore` says of each heading."""
        return self.ignore if isinstance(self.ignore, dict) else dict.fromkeys(self.ignore, "texts")


def _check_place(place: str | None) -> str | None:
    if place is None:
        return None
    folder, _, name = place.rpartition("/")
    if place.startswith("/") or ".." in place.split("/") or any(each in folder for each in "*?{"):
        raise ValueError("give a path below the root; only the file's name may have {name}, {stem}, * and ?")
    if "{name}" not in name and "{stem}" not in name:
        # Any file that lies there would speak for every delivery.
        raise ValueError("the file's name must contain {name} or {stem}, such as done/{name}")
    return place


def _check_rejected(pattern: str | None) -> str | None:
    if pattern is not None:
        try:
            groups = re.compile(pattern.replace("{name}", "name")).groupindex
        except re.error as exc:
            raise ValueError(f"it is not a regular expression: {exc}") from exc
        if "ref" not in groups:
            raise ValueError("it must have a group for the invoice's number, as in (?P<ref>[^;]+)")
    return pattern


_Place = Annotated[str | None, AfterValidator(_check_place)]


class OutcomeSettings(Settings):
    """The table [destination.outcome]: where the receiver shows what became of the files that were delivered.

    In places, {name} is a delivered file's name, {stem} the same without its ending, * and ? are wildcards.
    """

    processed: _Place = Field(
        default=None, examples=["processed/{name}"], description="Where a file lies that the receiver has taken."
    )
    failed: _Place = Field(
        default=None, examples=["failed/{name}"], description="Where a file lies that the receiver has rejected."
    )
    log: _Place = Field(
        default=None, examples=["logs/{stem}.log"], description="Where the log of a file's import is written."
    )
    rejected: Annotated[str | None, AfterValidator(_check_rejected)] = Field(
        default=None,
        examples=["^ERROR (?P<ref>[^:]+): (?P<reason>.*)$"],
        description="Regular expression of a log's lines that name a rejected invoice: its number is the group ref, "
        "why is the group reason.",
    )
    files: str = Field(
        default="*",
        examples=["*.csv"],
        description="Which of the delivered files are looked for, if it is not all of them, such as a done-file.",
    )

    @model_validator(mode="after")
    def _can_answer(self) -> Self:
        if not (self.processed or self.log):
            raise ValueError("name processed or log: failed alone never shows that a file was taken")
        if self.rejected and not self.log:
            raise ValueError("rejected is about the lines of log; name that, too")
        return self


_Keys = Annotated[tuple[Location, ...], BeforeValidator(one_or_several), TEXTS]


class DestinationSettings(Settings):
    """Settings that every destination has."""

    url: Annotated[Location, AfterValidator(check_address)] = Field(
        examples=["sftp://acme@sftp.example.com"],
        description="Where the receiver's root is: any fsspec URL, a path, or rehearsal://NAME.",
    )
    private_key: _Keys = Field(
        default=(),
        examples=["~/.ssh/arfeed_ed25519"],
        description="OpenSSH private key for sftp:// URLs; several, in a list, are tried in order.",
    )
    passphrase: SecretStr | None = Field(
        default=None, description="Passphrase of the private key, as ${NAME} or ${keyring:SERVICE/NAME}."
    )
    password: SecretStr | None = Field(default=None, description="Password for servers without keys, as ${NAME}.")
    use_agent: bool = Field(default=False, description="Whether the keys of the running SSH agent are tried as well.")
    ssh_config: Location | None = Field(
        default=None,
        examples=["~/.ssh/config"],
        description="An OpenSSH configuration file that says how to reach the host.",
    )
    known_hosts: Location = Field(
        default="~/.ssh/known_hosts", validate_default=True, description="OpenSSH known_hosts file with the host's key."
    )
    kinds: list[Kind] = Field(
        default=["invoice", "credit_note", "payment"], description="Which kinds of document the report lists."
    )
    documents_required: bool = Field(default=False, description="Whether a missing or broken PDF refuses the run.")
    documents_verify: Literal["off", "warn", "withhold"] | None = Field(
        default=None,
        description='What is done with a PDF that prints another invoice\'s number, amount and customer; "withhold" if '
        "unset and arfeed[pdf] is installed.",
    )
    publish: Literal["rename", "direct"] = Field(
        default="rename",
        description="Upload under a temporary name and rename, or write under the final name directly.",
    )
    verify: Literal["size", "content", "none"] = Field(
        default="size",
        description="Check the size of each uploaded file, read it back and compare it, or trust the server.",
    )
    replace_by: Literal["posix-rename", "rename", "remove"] = Field(
        default="posix-rename",
        description="How a changed PDF replaces the old one: by OpenSSH's extension, by a plain rename if the server "
        "replaces files that way, or by removing the old one first.",
    )
    part_folder: str | None = Field(
        default=None,
        examples=["uploads"],
        description="Folder below the root for uploads under way; beside the target if unset.",
    )
    reconcile: ReconcileSettings | None = Field(
        default=None,
        examples=[{"columns": {"invoice_ref": "Invoice no."}}],
        description="How `arfeed reconcile` reads the receiver's own list of open invoices.",
    )
    outcome: OutcomeSettings | None = Field(
        default=None,
        examples=[{"processed": "processed/{name}", "failed": "failed/{name}"}],
        description="Where the receiver shows what became of a delivery, for `arfeed outcome` and the next plan.",
    )


TRANSPORT = frozenset(
    {
        *("private_key", "passphrase", "password", "use_agent", "ssh_config", "known_hosts"),
        *("publish", "verify", "replace_by", "part_folder", "documents_verify"),
        *("connections", "timeout_seconds", "patience_seconds", "client_certificate", "client_key", "authority"),
        *("reconcile", "outcome"),
    }
)
"""Settings of a destination for logging in, sending and looking, which do not change a report."""
