"""The settings of sources, transforms, destinations and guards, as plugins.toml states them."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic.json_schema import DEFAULT_REF_TEMPLATE, GenerateJsonSchema, JsonSchemaWarningKind

from arfeed.model import schema
from arfeed.model.currencies import minor_digits


def _below_the_folder(value: str, info: ValidationInfo) -> str:
    """Resolve a path, or the archive at the end of a chain, against the folder of plugins.toml; leave URLs alone."""
    chain, link, value = value.rpartition("::")
    if link:
        return f"{chain}::{_below_the_folder(value, info)}"
    if "://" in value:
        return value
    folder = (info.context or {}).get("folder", Path())
    return str(Path(folder, Path(value).expanduser()).absolute())


Location = Annotated[str, AfterValidator(_below_the_folder)]
"""A path, relative to the folder of plugins.toml, or any fsspec URL."""


def _pattern_below_the_folder(value: str, info: ValidationInfo) -> str:
    """Resolve a pattern; brackets in the folder's own name are no pattern."""
    if "://" in value or "::" in value or Path(value).expanduser().is_absolute():
        return _below_the_folder(value, info)
    folder = Path((info.context or {}).get("folder", Path())).absolute()
    return str(Path(glob.escape(str(folder)), value))


Pattern = Annotated[str, AfterValidator(_pattern_below_the_folder)]
"""A path with wildcards, relative to the folder of plugins.toml, or an fsspec URL with wildcards."""


def _database_below_the_folder(url: SecretStr, info: ValidationInfo) -> SecretStr:
    """Resolve the file of an SQLite URL against the folder of plugins.toml."""
    match = re.fullmatch(r"(sqlite(?:\+\w+)?):///(?!/)(.+)", url.get_secret_value())
    if not match or match[2] == ":memory:":
        return url
    return SecretStr(f"{match[1]}:///{Path((info.context or {}).get('folder', Path()), match[2]).absolute()}")


DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_below_the_folder)]
"""An SQLAlchemy URL, which may hold a password; the file of an SQLite URL is relative to the folder of plugins.toml."""

Kind = Literal["invoice", "credit_note", "payment"]


class Settings(BaseModel):
    """The base of all settings: unknown keys are refused, and nothing changes after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _known_columns(columns: dict[str, str]) -> dict[str, str]:
    for name in columns:
        if name not in schema.SOURCE_COLUMNS:
            raise ValueError(f"{name!r} is no column of an invoice; there are {', '.join(schema.SOURCE_COLUMNS)}")
    return columns


def _date_order(order: str | None) -> str | None:
    if order is not None and order not in ("DMY", "MDY", "YMD", "excel", "excel-1904") and "%" not in order:
        raise ValueError('give "DMY", "MDY", "YMD", "excel", "excel-1904" or a format such as "%d.%m.%Y"')
    return order


def _currency_code(code: str | None) -> str | None:
    if code is not None and code not in minor_digits():
        raise ValueError('give an ISO 4217 code, such as "GBP"')
    return code


def _address(url: str) -> str:
    if url.startswith("file://") and not url.startswith("file:///"):
        raise ValueError("a file URL has three slashes, as in file:///srv/out; for a folder here give its path alone")
    if url.startswith("rehearsal://") and not re.fullmatch(r"rehearsal://[\w-]+", url):
        raise ValueError("give the rehearsed receiver a plain name, as in rehearsal://demo")
    return url


def _template(template: str | None) -> str | None:
    if template is None:
        return None
    fields = re.findall(r"\{([^{}]*)\}", template)
    if "invoice_ref" not in fields:
        raise ValueError("it must contain {invoice_ref}")
    unknown = [name for name in fields if name not in schema.TEXTS]
    if unknown:
        raise ValueError(f"{{{unknown[0]}}} is no text column of an invoice; there are {', '.join(schema.TEXTS)}")
    return template


_SPAN = re.compile(r"(\d+)\s*(h|hours?|d|days?)")


def _span(value: object) -> object:
    """Read "36h" or "7 days"; a bare number is refused, since nothing says what it counts."""
    if isinstance(value, timedelta):
        return value
    match = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError('give hours or days, such as "36h" or "7 days"')
    return timedelta(hours=int(match[1])) if match[2].startswith("h") else timedelta(days=int(match[1]))


Span = Annotated[timedelta, BeforeValidator(_span), WithJsonSchema({"type": "string", "pattern": f"^{_SPAN.pattern}$"})]
"""A span of time as people write it: "36h", "7 days"."""


def _one_or_several(value: object) -> object:
    return [] if value is None else [value] if isinstance(value, str) else value


_TEXTS = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})


class _JsonSchema(GenerateJsonSchema):
    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"non-serializable-default"}  # noqa: RUF012 - as in its base


def json_schema(model: type[BaseModel], ref_template: str = DEFAULT_REF_TEMPLATE) -> dict[str, Any]:
    """Return the JSON Schema of settings; a default that is a secret is left out without a word."""
    return model.model_json_schema(ref_template=ref_template, schema_generator=_JsonSchema)


class GuardSettings(Settings):
    """The table [guards]: when a plan is refused for what is missing without proof."""

    caution: int = Field(
        default=20, ge=2, description="Refuse what would happen on fewer than one ordinary day in so many."
    )
    missing_share: float = Field(
        default=0.6,
        ge=0,
        le=1,
        description="Largest share of a source's invoices that may be missing without proof, by their number.",
    )
    unproven_share: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="Largest share that people may approve without proof within 30 days before the plan says so.",
    )
    missing_floor: int = Field(
        default=5,
        ge=0,
        description="So many of a source's invoices may be missing without proof before the share counts.",
    )


class SourceSettings(Settings):
    """Settings that every source has."""

    columns: Annotated[dict[str, str], AfterValidator(_known_columns)] = Field(
        default_factory=dict,
        examples=[{"invoice_ref": "No."}],
        description="Canonical column = the source's own header.",
    )
    dates: Annotated[str | None, AfterValidator(_date_order)] = Field(
        default=None,
        examples=["DMY"],
        description='Order of dates: "DMY", "MDY", "YMD", a strptime format, or "excel" for day numbers.',
    )
    currency: Annotated[str | None, AfterValidator(_currency_code)] = Field(
        default=None, examples=["GBP"], description="ISO 4217 code of rows that name no currency."
    )
    documents: Annotated[Location | None, AfterValidator(_template)] = Field(
        default=None, examples=["pdf/Invoice {invoice_ref}.pdf"], description="Where the PDFs lie."
    )
    allow_empty: bool = Field(default=False, description="Whether the source may have no rows at all.")
    max_age: Span | None = Field(default=None, examples=["3 days"], description="How old its as-of date may be.")
    absent_means_paid: bool = Field(
        default=False, description="Whether an invoice that this source no longer lists is paid by that alone."
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
    """The table [sources.NAME.control_account]: a second report that says what customers owe in all.

    Known printed reports need `path` alone; of any other table, `balance` and the settings below it say what to read.
    """

    path: Pattern = Field(
        examples=["exports/TrialBalance*.csv"],
        description="The report: a trial balance, an A/R ageing summary or a customer balance summary. "
        "Of several files that match, the newest is read.",
    )
    balance: str | None = Field(
        default=None, examples=["Debit"], description="Heading of what is owed; known where the report is a usual one."
    )
    credit: str | None = Field(
        default=None, examples=["Credit"], description="Heading of what is taken off `balance`, row by row."
    )
    account: Annotated[tuple[str, ...], BeforeValidator(_one_or_several), _TEXTS] = Field(
        default=(),
        examples=[["1200"]],
        description="Numbers or names of the accounts that count; every row counts where unset, "
        "or, in a trial balance, the account called Accounts Receivable.",
    )
    customer: str | None = Field(
        default=None, examples=["Customer"], description="Heading of the customer, where there is a row for each."
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
        default=None, description="Decimal mark, where it is not that of the source."
    )


class FileSettings(SourceSettings):
    """Settings of a source that reads files.

    `further` names the settings of a subclass that are paths of further files.
    """

    further: ClassVar[Sequence[str]] = ()

    path: Pattern = Field(examples=["exports/invoices*.csv"], description="The file, or a pattern with wildcards.")
    files: Literal["newest", "all"] | None = Field(
        default=None, description="What to do where the pattern matches several files; without it that is an error."
    )
    encoding: str | None = Field(
        default=None, examples=["cp1252"], description="Character encoding; found by the file's own marks if unset."
    )
    delimiter: str | None = Field(
        default=None, examples=[";"], description="Column separator; found from the header if unset."
    )
    sheet: str | None = Field(default=None, description="Sheet of a workbook; the only one that has cells if unset.")
    decimal: Literal[".", ","] | None = Field(
        default=None,
        description="Decimal mark. Naming it allows the other as thousands separator; unset means a plain dot.",
    )
    settle_seconds: float = Field(
        default=2, ge=0, description="How long a fresh file must lie unchanged before it is read; 0 does not look."
    )
    private_key: Annotated[tuple[Location, ...], BeforeValidator(_one_or_several)] = Field(
        default=(), description="OpenSSH private key for sftp:// URLs; several, in a list, are tried in order."
    )
    passphrase: SecretStr | None = Field(
        default=None, description="Passphrase of the private key, as ${NAME} or ${keyring:SERVICE/NAME}."
    )
    password: SecretStr | None = Field(default=None, description="Password for servers without keys, as ${NAME}.")
    known_hosts: Location | None = Field(
        default=None, description="OpenSSH known_hosts file with the host's key; ~/.ssh/known_hosts where unset."
    )
    control_account: ControlAccountSettings | None = Field(
        default=None,
        examples=[{"path": "exports/TrialBalance*.csv"}],
        description="A second report of what customers owe, with which the invoices are compared.",
    )

    def others(self) -> Mapping[str, Self]:
        """Return what else is read for this source, by the setting that names it: settings to find and read it by.

        Of several files that match such a setting, the newest is meant. They count as inputs of the source: their
        SHA-256 stands in the receipt, and a run waits until they are written.
        """
        named = {name: {"path": path} for name in self.further if (path := getattr(self, name))}
        if account := self.control_account:
            reading = account.model_dump(include={"path", "encoding", "delimiter", "sheet"})
            named["control_account"] = {**reading, "decimal": account.decimal or self.decimal}
        return {name: self.model_copy(update={"files": "newest", **reading}) for name, reading in named.items()}


Ending = Literal["delivered", "refused", "failed"]
"""How a run may end."""


class NotifierSettings(Settings):
    """Settings that every notifier has."""

    on: tuple[Ending, ...] = Field(
        default=("delivered", "refused", "failed"),
        min_length=1,
        examples=[["refused", "failed"]],
        description="Which endings of a run it is told of.",
    )
    timeout_seconds: float = Field(
        default=10, gt=0, description="How long a run waits for it; what is not told by then is reported."
    )


class TransformSettings(Settings):
    """Settings that every transform has."""

    sources: list[str] | None = Field(
        default=None, examples=[["xero-uk"]], description="Only rows of these sources; all where unset."
    )


_Keys = Annotated[tuple[Location, ...], BeforeValidator(_one_or_several), _TEXTS]


class DestinationSettings(Settings):
    """Settings that every destination has."""

    url: Annotated[Location, AfterValidator(_address)] = Field(
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
        description="An OpenSSH configuration that says how to reach the host.",
    )
    known_hosts: Location = Field(
        default="~/.ssh/known_hosts", validate_default=True, description="OpenSSH known_hosts file with the host's key."
    )
    kinds: list[Kind] = Field(
        default=["invoice", "credit_note", "payment"], description="Which kinds of document the report lists."
    )
    documents_required: bool = Field(default=False, description="Whether a missing or broken PDF refuses the run.")
    publish: Literal["rename", "direct"] = Field(
        default="rename", description="Upload under another name and rename, or write under the real name at once."
    )
    verify: Literal["size", "content"] = Field(
        default="size", description="Look at the size of what was sent, or read it all back and compare."
    )
    part_folder: str | None = Field(
        default=None,
        examples=["uploads"],
        description="Folder below the root for uploads under way; beside the target where unset.",
    )


TRANSPORT = frozenset(
    {
        *("private_key", "passphrase", "password", "use_agent", "ssh_config", "known_hosts"),
        *("publish", "verify", "part_folder"),
    }
)
"""Settings of a destination that say how to log in and to send; no report looks different for them."""
