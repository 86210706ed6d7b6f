"""The settings of the connector `sql`."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_serializer,
    model_validator,
)

from arfeed import DatabaseUrl, Settings, SourceSettings
from arfeed_connectors.sql.presets import PRESETS, Quote, describe_presets
from arfeed_connectors.sql.text.lexing import readings
from arfeed_connectors.sql.text.limits import find_row_limit
from arfeed_connectors.sql.urls import without_secrets

if TYPE_CHECKING:
    import sqlalchemy as sa

_READS = ("SELECT", "WITH", "VALUES", "TABLE")


def _database(info: ValidationInfo) -> str | None:
    """Return SQLAlchemy's name of the database, which decides how a query is read; None if the URL is not valid."""
    import sqlalchemy as sa

    # pydantic leaves out a field that is not valid; the error in the URL is reported by itself.
    url = info.data.get("url")
    return sa.make_url(url.get_secret_value()).get_backend_name() if url else None


def _one_select(query: str, info: ValidationInfo) -> str:
    """Refuse what is not a single SELECT. The database is asked read-only too; this says it sooner and in words."""
    # A semicolon at the very end is what most tools write; inside parentheses it would be an error.
    query = query.strip().rstrip(";")
    for tokens in readings(query, _database(info)):
        if any(token.kind == "mark" and token.text == ";" for token in tokens):
            raise ValueError("it must be a single statement; found text after a ';'")
        # Parentheses may open the first part of a UNION.
        first = next((token.text for token in tokens if token.text != "("), "")
        if first not in _READS:
            raise ValueError("it must be a SELECT, or a WITH that ends in one; nothing else is run")
    return query


def _refuse_row_limit(query: str, info: ValidationInfo) -> str:
    """Refuse a SELECT that cuts its own answer short: what the database counts is then what is left of it."""
    number = info.data.get("columns", {}).get("invoice_ref", "invoice_ref")
    if found := find_row_limit(query, _database(info), number):
        raise ValueError(
            f"it says {found}, which leaves out what is open beyond that, and the database's own count would agree "
            "all the same; take it out, and choose rows by WHERE alone (a column of that name: write it with its "
            "table's, or in quotes)"
        )
    return query


def _sqlalchemy_url(url: SecretStr, info: ValidationInfo) -> SecretStr:
    import sqlalchemy as sa

    try:
        parsed = sa.make_url(url.get_secret_value())
    except (sa.exc.ArgumentError, ValueError):
        # `from None`, since SQLAlchemy's message may quote the URL and with it the password.
        raise ValueError("it must be an SQLAlchemy URL such as postgresql://reader@db.example.com/erp") from None
    if parsed.get_backend_name() == "sqlite" and not parsed.database:
        raise ValueError("it names no file; write sqlite:///books.db")
    return SecretStr(_below_the_folder(parsed, info).render_as_string(hide_password=False))


def _below_the_folder(url: sa.URL, info: ValidationInfo) -> sa.URL:
    """Resolve the file of a database without a server against the folder of plugins.toml, as SQLite's is.

    A Firebird database without a dot or a slash is an alias.
    """
    file = url.database or ""
    is_file = {
        "duckdb": bool(file) and file != ":memory:",
        "firebird": not url.host and bool(re.search(r"[./\\]", file)),
    }
    # `md:` is MotherDuck, DuckDB's service, and not a file.
    if not is_file.get(url.get_backend_name()) or file.startswith("md:"):
        return url
    return url.set(database=str(Path((info.context or {}).get("folder", Path()), file).absolute()))


def _preset(name: str) -> str:
    if name not in PRESETS:
        raise ValueError(f"there are {', '.join(PRESETS)}")
    return name


Query = Annotated[str, AfterValidator(_one_select)]
Invoices = Annotated[Query, AfterValidator(_refuse_row_limit)]


class SqlControlAccount(Settings):
    """The table [sources.NAME.control_account]: what the ledger says that customers owe, beside the list."""

    query: str = Field(
        examples=[
            "SELECT currency, SUM(debit - credit) AS balance FROM ledger WHERE account = '1400' GROUP BY currency"
        ],
        description="One SELECT of balance, currency and, if the ledger has it, customer_id; rows of one are added up.",
    )
    received: str | None = Field(
        default=None,
        examples=["SELECT currency, SUM(amount) AS received FROM payments WHERE booked_at > :since GROUP BY currency"],
        description="One SELECT of received and currency: payments, credits and write-offs booked after :since.",
    )


def _control_account(account: SqlControlAccount | bool | None, info: ValidationInfo) -> SqlControlAccount | bool | None:
    """Hold the two queries to what is asked of the list's; they know the dialect by the URL beside them."""
    if not isinstance(account, SqlControlAccount):
        return account
    held = {}
    # A limit in these would understate the ledger, and the difference to the list with it.
    for name in ("query", "received"):
        query = getattr(account, name)
        try:
            held[name] = query and _refuse_row_limit(_one_select(query, info), info)
        except ValueError as exc:
            raise ValueError(f"{name}: {exc}") from None
    return account.model_copy(update=held)


class SqlSettings(SourceSettings):
    """Settings of the connector `sql`: `url`, and either `query` or `preset`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "postgresql://reader@db.example.com/erp",
                    "query": "SELECT invoice_ref, customer_name, currency, issued_on, balance FROM open_invoices",
                }
            ]
        }
    )

    # Declared before the queries: pydantic validates in this order, and their validators take the dialect from the URL.
    url: Annotated[DatabaseUrl, AfterValidator(_sqlalchemy_url)] = Field(
        examples=["postgresql://reader@db.example.com/erp"],
        description="Where the database is: postgresql://USER:PASSWORD@HOST/NAME, mysql://…, firebird://…, "
        "sqlite:///books.db; best ${ERP_URL}, an environment variable. Secrets in it are never shown.",
    )
    query: Invoices | None = Field(
        default=None,
        examples=["SELECT number AS invoice_ref FROM open_invoices"],
        description="One SELECT, one row per document, under the names of an invoice's columns.",
    )
    preset: Annotated[str, AfterValidator(_preset)] | None = Field(
        default=None, description=f"A ready query instead of your own: {describe_presets()}."
    )
    company: int | str | None = Field(
        default=None, description="Which company's invoices, for presets of systems that hold several."
    )
    table_prefix: Annotated[str, Field(pattern=r"^\w*$")] | None = Field(
        default=None,
        description="Prefix of the tables' names, for presets; by default the one that the program usually has.",
    )
    currencies: dict[str, str] = Field(
        default_factory=dict, description='The database\'s own names of currencies, e.g. { "$" = "USD" }.'
    )
    closed_query: Invoices | None = Field(
        default=None,
        examples=["SELECT number AS invoice_ref, customer_name, issued_on, amount, balance, status FROM invoices"],
        description="One SELECT under the same names and with `status`, of all documents, closed ones too. It is run "
        "for the invoice numbers that the list no longer has.",
    )
    control_account: Annotated[SqlControlAccount | bool | None, AfterValidator(_control_account)] = Field(
        default=None,
        examples=[{"query": "SELECT currency, SUM(debit - credit) AS balance FROM ledger GROUP BY currency"}],
        description="The ledger's own balance, from another place than the list: a table with `query` and `received`, "
        "or true for the one that a preset brings.",
    )
    # A limit is allowed here: it may leave out a PDF, but never an invoice.
    document_query: Query | None = Field(
        default=None, description="A SELECT of invoice_ref, version and content, for PDFs kept in the database."
    )
    tolerance: Decimal = Field(
        default=Decimal("0.000001"),
        ge=0,
        le=Decimal("0.01"),
        description="How far from a whole cent (fils, yen …) a float may be, in cents, and still be taken as that one.",
    )
    timeout_seconds: int = Field(default=600, gt=0, description="How long one statement may take.")
    isolation_level: str | None = Field(
        default=None,
        description='Isolation of databases that are not always read in one snapshot, e.g. "SNAPSHOT" of SQL Server.',
    )

    @field_serializer("url", when_used="json")
    def _without_secrets(self, url: SecretStr) -> str:
        """Show which database it is and how it is read, so that another one counts as a change; passwords do not."""
        import sqlalchemy as sa

        return without_secrets(sa.make_url(url.get_secret_value()))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.query is None) == (self.preset is None):
            raise ValueError(
                'give either `query`, a SELECT of your own, or `preset`, such as preset = "odoo" or query = "SELECT '
                "number AS invoice_ref, customer AS customer_name, currency, issued AS issued_on, due AS due_on, "
                'total - paid AS balance FROM invoices WHERE total <> paid"'
            )
        # Settings without effect are refused: whoever set `company` relies on another company's invoices staying out.
        preset = PRESETS[self.preset] if self.preset else None
        for name in preset.requires if preset else ():
            if getattr(self, name) is None:
                raise ValueError(f"preset {self.preset!r} needs `{name}`: {type(self).model_fields[name].description}")
        if self.company is not None and not (preset and preset.by_company):
            raise ValueError("`company` is for presets of systems that hold several companies; filter in the query")
        if self.table_prefix is not None and not preset:
            raise ValueError("`table_prefix` is for presets; write the tables' names into the query")
        if self.control_account is True and not (preset and preset.has_ledger):
            having = ", ".join(name for name, each in PRESETS.items() if each.has_ledger)
            raise ValueError(
                f"`control_account = true` stands for the ledger that a preset brings, which {having} do; for others "
                "write a table [sources.NAME.control_account] with a `query`"
            )
        return self

    @property
    def by_company(self) -> bool:
        """Whether the rows have a column `company`, within which alone numbers are unique."""
        return self.preset is not None and PRESETS[self.preset].by_company

    @property
    def one_number_space(self) -> bool:
        """Whether several companies of the database never give out the same number."""
        return self.preset is not None and PRESETS[self.preset].one_number_space

    @property
    def adds_up(self) -> bool:
        """Whether the query adds up payments or a journal, so that it had better be evaluated once."""
        return self.preset is not None and PRESETS[self.preset].adds_up

    @property
    def days_are_moments(self) -> bool:
        """Whether dates are moments in UTC, of which the day is wanted that it was where they were typed."""
        return self.preset is not None and PRESETS[self.preset].days_are_moments

    def code(self, currency: object) -> str:
        """Return the ISO code of what the database calls a currency."""
        text = "" if currency is None else str(currency).strip()
        # A blank becomes the source's own currency; a name that is not mapped stays, and is a problem of its row.
        return self.currencies.get(text, text).upper() or self.currency or ""

    def version(self, has_table: Callable[[str], bool]) -> str:
        """Return which version of a preset's queries fits the tables; "" is the present one, and every other query."""
        return PRESETS[self.preset].version_of(self.preset, self.table_prefix, has_table) if self.preset else ""

    def statement(self, quote: Quote, version: str = "") -> str:
        """Return the query; `quote` is how the database writes names of tables."""
        return self.query if self.query is not None else self._of_preset(version, quote)

    def closed_statement(self, quote: Quote, version: str = "") -> str | None:
        """Return the query that says what became of given numbers, if there is one."""
        if self.closed_query is not None or self.preset is None:
            return self.closed_query
        return self._of_preset(f"{version}{version and '.'}closed", quote)

    def ledger(self, quote: Quote) -> tuple[str | None, str | None]:
        """Return the queries of the control account: its balance, and what was received; None if there is no query."""
        if isinstance(self.control_account, SqlControlAccount):
            return self.control_account.query, self.control_account.received
        return (self._of_preset("ledger", quote) if self.control_account else None), None

    def _of_preset(self, part: str, quote: Quote) -> str:
        return PRESETS[str(self.preset)].statement(str(self.preset), part, self.table_prefix, quote)
