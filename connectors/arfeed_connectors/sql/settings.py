"""The settings of the connector `sql`."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, field_serializer, model_validator

from arfeed import DatabaseUrl, SourceSettings
from arfeed_connectors.sql.presets import PRESETS, described

_ASIDE = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", re.DOTALL)
"""What may hold any character without meaning it: texts, quoted names, comments."""

_LIMIT = re.compile(
    r"(?<![.\w])(?:LIMIT(?: \d+| ?@)|OFFSET(?! 0+\b)(?: \d+| ?@)|FETCH (?:FIRST|NEXT)(?: \d+)?(?= )|"
    r"(?:(?<=SELECT )|(?<=SELECT ALL )|(?<=SELECT DISTINCT ))(?:TOP(?! 100 PERCENT\b)(?: \d+| ?@)|(?:FIRST|SKIP) \d+))",
    re.IGNORECASE,
)
"""What cuts an answer short, once `@` stands for whatever is in parentheses. OFFSET 0 and TOP 100 PERCENT do not."""

_TOP = re.compile(r"\b(TOP)\s*\(\s*(\d+)\s*\)", re.IGNORECASE)
_INNERMOST = re.compile(r"\([^()]*\)|\[[^]]*\]")

_READS = re.compile(r"[\s(]*(SELECT|WITH|VALUES|TABLE)\b", re.IGNORECASE)


def _one_select(query: str) -> str:
    """Refuse what is no single SELECT. The database is asked read-only too; this says it sooner and in words."""
    query = query.strip().rstrip(";")
    bare = _ASIDE.sub(" ", query).strip()
    if ";" in bare:
        raise ValueError("it must be one statement; found a ';' with something behind it")
    if not _READS.match(bare):
        raise ValueError("it must be a SELECT, or a WITH that ends in one; anything else is not even tried")
    return query


def _unlimited(query: str) -> str:
    """Refuse a SELECT that cuts its own answer short: what the database counts is then what is left of it."""
    if found := _LIMIT.search(_outermost(query)):
        raise ValueError(
            f"it says {found[0].replace('@', '(…)').strip()}, which leaves out what is open beyond that, and the "
            "database's own count would agree all the same; take it out, and choose rows by WHERE alone"
        )
    return query


def _outermost(query: str) -> str:
    """Return the SELECT itself, without texts, quoted names and comments, and with `@` for all in parentheses."""
    bare = _ASIDE.sub(lambda aside: " " if aside[0][0] in "-/" else " x ", query)
    bare = " ".join(_TOP.sub(r"\1 \2", bare).split())
    while bare.startswith("(") and _without_parentheses(bare) == "@":
        bare = bare[1:-1].strip()
    return _without_parentheses(bare)


def _without_parentheses(text: str) -> str:
    while (less := _INNERMOST.sub("@", text)) != text:
        text = less
    return text


def _sqlalchemy_url(url: SecretStr) -> SecretStr:
    import sqlalchemy as sa

    try:
        parsed = sa.make_url(url.get_secret_value())
    except (sa.exc.ArgumentError, ValueError):
        raise ValueError("it must be an SQLAlchemy URL such as postgresql://reader@db.example.com/erp") from None
    if parsed.get_backend_name() == "sqlite" and not parsed.database:
        raise ValueError("it names no file; write sqlite:///books.db")
    return url


def _preset(name: str) -> str:
    if name not in PRESETS:
        raise ValueError(f"there are {', '.join(PRESETS)}")
    return name


Query = Annotated[str, AfterValidator(_one_select)]
Invoices = Annotated[Query, AfterValidator(_unlimited)]


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

    url: Annotated[DatabaseUrl, AfterValidator(_sqlalchemy_url)] = Field(
        examples=["postgresql://reader@db.example.com/erp"],
        description="SQLAlchemy URL of the database, best as ${ERP_URL}; may hold a password, so it is never shown.",
    )
    query: Invoices | None = Field(
        default=None,
        examples=["SELECT number AS invoice_ref FROM open_invoices"],
        description="One SELECT, a row a document, under the names of an invoice's columns.",
    )
    preset: Annotated[str, AfterValidator(_preset)] | None = Field(
        default=None, description=f"A ready query instead of your own: {described()}."
    )
    company: int | str | None = Field(
        default=None, description="Which company's invoices, for presets of systems that hold several."
    )
    table_prefix: Annotated[str, Field(pattern=r"^\w*$")] | None = Field(
        default=None, description="What the tables' names begin with, for presets; each has its usual one."
    )
    currencies: dict[str, str] = Field(
        default_factory=dict, description='The database\'s own names of currencies, e.g. { "$" = "USD" }.'
    )
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
        description='Isolation of databases other than PostgreSQL, MySQL, MariaDB and SQLite, e.g. "SNAPSHOT".',
    )

    @field_serializer("url", when_used="json")
    def _without_secrets(self, url: SecretStr) -> str:
        """Show which database it is, so that another one counts as a change; passwords hide in queries too."""
        import sqlalchemy as sa

        parsed = sa.make_url(url.get_secret_value())
        parts = (parsed.drivername, parsed.username, None, parsed.host, parsed.port, parsed.database)
        return sa.URL.create(*parts).render_as_string()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.query is None) == (self.preset is None):
            raise ValueError('give either `query`, a SELECT of your own, or `preset`, such as preset = "odoo"')
        preset = PRESETS[self.preset] if self.preset else None
        for name in preset.requires if preset else ():
            if getattr(self, name) is None:
                raise ValueError(f"preset {self.preset!r} needs `{name}`: {type(self).model_fields[name].description}")
        if self.company is not None and not (preset and preset.by_company):
            raise ValueError("`company` is for presets of systems that hold several companies; filter in the query")
        if self.table_prefix is not None and not preset:
            raise ValueError("`table_prefix` is for presets; write the tables' names into the query")
        return self

    @property
    def by_company(self) -> bool:
        """Whether the rows have a column `company` that numbers are only unique within."""
        return self.preset is not None and PRESETS[self.preset].by_company

    def header(self, column: str) -> str:
        """Return what the query calls a canonical column."""
        return self.columns.get(column, column)

    def code(self, currency: object) -> str:
        """Return the ISO code of what the database calls a currency."""
        text = "" if currency is None else str(currency).strip()
        return self.currencies.get(text, text).upper() or self.currency or ""

    def statement(self, quote: Callable[[str], str]) -> str:
        """Return the query; `quote` is how the database writes names of tables."""
        if self.query is not None:
            return self.query
        return PRESETS[str(self.preset)].statement(str(self.preset), self.table_prefix, quote)
