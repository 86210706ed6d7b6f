"""Any layout of files, as a platform's onboarding sheet asks for it, stated in plugins.toml alone."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import IO, TYPE_CHECKING, Annotated, Literal
from zipfile import ZipFile

from pydantic import AfterValidator, Field, model_validator

from arfeed import (
    Archive,
    ConfigError,
    Content,
    Destination,
    DestinationSettings,
    DoneMarker,
    RehearsalRule,
    Settings,
    Shipment,
    ShipmentDestination,
    TableFile,
    TextFormat,
    hookimpl,
)
from arfeed_connectors.layout import lay_out, restore_names

if TYPE_CHECKING:
    import pandas as pd

ARFEED_CONTRACT = 2

Subject = Literal["invoices", "customers", "closed", "ledger"]

_SOME_DAY = datetime(2026, 4, 9, 23, 59, 59, tzinfo=UTC)
_UNSAFE = re.compile(r"[^\w.@+ -]")
_AMOUNTS = {"amount", "balance"}
_DAYS = {"issued_on", "due_on"}
_CUSTOMER = ("customer_id", "customer_name", "customer_email")


def _strip_folder(name: str) -> str:
    if not name or "/" in name or "\\" in name or name.startswith("."):
        raise ValueError("give a bare file name that does not begin with a dot")
    return name


def _with_ref(name: str) -> str:
    if "{ref}" not in name:
        raise ValueError("it must contain {ref}")
    return _strip_folder(name)


def _one_character(delimiter: str) -> str:
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n':
        raise ValueError("give one ASCII character")
    return delimiter


# docs.python.org/3/library/codecs.html#python-specific-encodings: no other program reads them.
_PYTHONS_OWN = frozenset({"idna", "palmos", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})


def _known_encoding(encoding: str) -> str:
    try:
        # Encoded, since rot13 and the like are codecs as well, but write no text.
        "".encode(encoding)
    except LookupError as exc:
        raise ValueError(f"Python knows no such encoding; {exc}") from exc
    except UnicodeError as exc:
        raise ValueError(str(exc)) from exc
    if (name := codecs.lookup(encoding).name) in _PYTHONS_OWN:
        raise ValueError(
            f"{name} is for Python alone; name the encoding that the receiver reads, such as utf-8 or cp1252"
        )
    return encoding


def _whole_date(pattern: str) -> str:
    if datetime.strptime(_SOME_DAY.strftime(pattern), pattern).date() != _SOME_DAY.date():  # noqa: DTZ007 - a date
        raise ValueError("it must hold day, month and year, such as %d/%m/%Y")
    return pattern


def _sorting(pattern: str) -> str:
    # Names have to sort as the deliveries did, in every month and year: months' names and days before months do not.
    if re.findall("%(.)", pattern) not in (["Y", *"mdHMS"], ["y", *"mdHMS"]):
        raise ValueError("it must go from the year to the second in that order, such as %Y%m%d%H%M%S")
    return _strip_folder(pattern)


class TableSettings(Settings):
    """A table [destination.invoices], [destination.customers] or [destination.closed]: one file."""

    name: Annotated[str, AfterValidator(_strip_folder)] = Field(
        examples=["invoices_{at}.csv"], description="The file's name; {at} is the time of the delivery."
    )
    columns: dict[str, str] = Field(
        min_length=1,
        examples=[{"Invoice No": "invoice_ref", "Open": "balance"}],
        description="The receiver's header = the canonical column, in the file's order.",
    )
    required: tuple[str, ...] = Field(
        default=(),
        examples=[["Invoice No"]],
        description="Columns in which the receiver accepts neither blank nor 0.",
    )

    @model_validator(mode="after")
    def _required_are_columns(self) -> TableSettings:
        if unknown := [header for header in self.required if header not in self.columns]:
            raise ValueError(f"required names {unknown[0]!r}, which is not among the columns")
        return self


class InvoicesSettings(TableSettings):
    """The table [destination.invoices]."""

    rows: Literal["open", "open-and-closed"] = Field(
        default="open",
        description="Whether closed invoices are listed too: once, with balance 0, a column made from status and, if "
        "wanted, reason and closed_on.",
    )

    @model_validator(mode="after")
    def _has_what_is_proven(self) -> InvoicesSettings:
        _need(self.columns, "invoice_ref", "balance", *(["status"] if self.rows != "open" else []))
        return self


class CustomersSettings(TableSettings):
    """The table [destination.customers]."""

    @model_validator(mode="after")
    def _has_what_is_proven(self) -> CustomersSettings:
        _need(self.columns, "customer_id")
        if unknown := [name for name in self.columns.values() if name not in _CUSTOMER]:
            raise ValueError(f"{unknown[0]!r} is not a column of customers; there are {', '.join(_CUSTOMER)}")
        return self


class ClosedSettings(TableSettings):
    """The table [destination.closed]."""

    @model_validator(mode="after")
    def _has_what_is_proven(self) -> ClosedSettings:
        _need(self.columns, "invoice_ref")
        return self


def _need(columns: Mapping[str, str], *names: str) -> None:
    if lacking := [name for name in names if name not in columns.values()]:
        raise ValueError(f"a column must be made from {lacking[0]}")


class Table(ShipmentDestination):
    """A layout of your own."""

    name = "table"

    class Settings(DestinationSettings):
        """Settings of the destination `table`."""

        absence: Literal["closes", "nothing"] = Field(
            description='What the receiver makes of an invoice that a delivery no longer lists: "closes" it, or '
            '"nothing", so that closings have to be listed.'
        )
        invoices: InvoicesSettings = Field(
            examples=[{"name": "invoices_{at}.csv", "columns": {"Invoice No": "invoice_ref", "Open": "balance"}}],
            description="The file of open invoices.",
        )
        customers: CustomersSettings | None = Field(
            default=None,
            examples=[{"name": "customers_{at}.csv", "columns": {"Account": "customer_id", "Name": "customer_name"}}],
            description="A file of their customers.",
        )
        closed: ClosedSettings | None = Field(
            default=None,
            examples=[{"name": "closed_{at}.csv", "columns": {"Invoice No": "invoice_ref", "Why": "reason"}}],
            description="A file of what is closed.",
        )
        folder: str = Field(default="", description="Folder below the root for all files.")
        time: Annotated[str, AfterValidator(_sorting)] = Field(
            default="%Y%m%dT%H%M%SZ", description="How {at} is written, from the year to the second, in UTC."
        )
        delimiter: Annotated[str, AfterValidator(_one_character)] = Field(default=",", description="Column separator.")
        decimal: Literal[".", ","] = Field(default=".", description="Decimal mark; there are no thousands separators.")
        dates: Annotated[str, AfterValidator(_whole_date)] = Field(
            default="%Y-%m-%d", description="How dates are written."
        )
        encoding: Annotated[str, AfterValidator(_known_encoding)] = Field(
            default="utf-8", description="Character encoding; utf-8-sig is UTF-8 with a byte order mark."
        )
        quote: Literal["all", "none"] = Field(
            default="all",
            description="Double quotes around every value, or none; then a text with a delimiter is refused.",
        )
        words: dict[Literal["kind", "status"], dict[str, str]] = Field(
            default_factory=dict,
            examples=[{"status": {"open": "OPEN", "closed": "CLOSED"}}],
            description="The receiver's words for kinds of document and for open and closed.",
        )
        archive: Annotated[str, AfterValidator(_strip_folder)] | None = Field(
            default=None, examples=["receivables_{at}.zip"], description="A ZIP that all tables go into."
        )
        marker: Annotated[str, AfterValidator(_strip_folder)] | None = Field(
            default=None, examples=["receivables_{at}.done"], description="An empty file that is sent last."
        )
        documents: Literal["none", "beside", "inside"] = Field(
            default="none", description="Whether PDFs are sent as files, go into the archive, or are not sent."
        )
        documents_folder: str = Field(
            default="", examples=["pdf"], description="Folder of the PDFs, below the root or inside the archive."
        )
        document_name: Annotated[str, AfterValidator(_with_ref)] = Field(
            default="{ref}.pdf", description="Name of an invoice's PDF."
        )

        @model_validator(mode="after")
        def _fits_together(self) -> Table.Settings:
            # Names inside an archive may stay the same: the archive's own tells them apart.
            loose = [self.archive] if self.archive else [each.name for _, each in _tables(self)]
            loose += [self.marker] if self.marker else []
            if fixed := [name for name in loose if "{at}" not in name]:
                raise ValueError(f"{fixed[0]}: every file needs a unique name; put {{at}} in it")
            if self.documents == "inside" and not self.archive:
                raise ValueError('documents = "inside" needs an archive')
            if self.closed and not (self.archive or self.marker):
                raise ValueError(
                    "a table of what is closed needs an archive that holds both tables, or a marker after them: it is "
                    "sent before the invoices, and would be read even if the delivery broke off in between"
                )
            if self.absence == "nothing" and not self.closed and self.invoices.rows == "open":
                raise ValueError(
                    'absence = "nothing" needs a table [destination.closed], or rows = "open-and-closed" in '
                    "[destination.invoices]: what is closed has to be sent"
                )
            return self

    settings: Settings

    def __init__(self, settings: Settings) -> None:
        """Take the folders."""
        super().__init__(settings)
        self.absence, self.documents = settings.absence, settings.documents
        self.report_folder = settings.folder
        self.document_folder = settings.documents_folder if settings.documents == "beside" else ""

    def shipments(self, content: Content) -> Shipment:
        """Return the tables, those of invoices last, in an archive if there is one, and the marker."""
        settings, folder = self.settings, self.settings.folder
        tables = [self._table(of, each, content) for of, each in _tables(settings)]
        parts: list[TableFile | Archive | DoneMarker] = [*tables]
        if settings.archive:
            inside = settings.documents_folder if settings.documents == "inside" else None
            parts = [Archive(self._make_name(settings.archive, content.at), tables, inside, folder)]
        # Last, whatever else there is: the receiver may begin to read the moment it is there.
        if settings.marker:
            parts.append(DoneMarker(self._make_name(settings.marker, content.at), folder=folder))
        return parts

    def report_name(self, at: datetime) -> str:
        """Return the name of the last file."""
        return self._make_name(self._last, at)

    def is_report(self, name: str) -> bool:
        """Whether it may be a delivery, whoever made it: by the last file's ending, and none of the others."""
        others = [self.settings.archive, *(each.name for _, each in _tables(self.settings))]
        known = any(re.fullmatch(self._pattern(other), name) for other in others if other and other != self._last)
        # Somebody else's tool may name its uploads otherwise; it is their ending that the receiver goes by.
        _, dot, ending = self._last.rpartition(".")
        alike = name.lower().endswith(f".{ending.lower()}") if dot else "." not in name
        return alike and not name.startswith(".") and not known

    def document_name(self, ref: str) -> str:
        """Return a PDF's name; slashes, colons and the like become underscores."""
        name = _UNSAFE.sub("_", self.settings.document_name.replace("{ref}", ref))
        return re.sub(r"^\.", "_", name)

    def find_table(self, name: str, read: Callable[[str], bytes]) -> bytes:
        """Return the table of invoices beside a marker, or inside of the archive."""
        settings = self.settings
        marked = re.fullmatch(self._pattern(self._last), name)
        # Whoever named it otherwise made it, and where its table is nobody knows.
        moment = marked["at"] if marked else None
        if moment is None and (settings.marker or settings.archive):
            raise ConfigError(f"{name} does not match {self._last}, so its table can't be found.")
        where = settings.archive or settings.invoices.name
        content = read(where.replace("{at}", moment) if moment else name)
        if not settings.archive:
            return content
        with ZipFile(BytesIO(content)) as archive:
            return archive.read(settings.invoices.name.replace("{at}", moment or ""))

    def read_report(self, file: IO[bytes]) -> pd.DataFrame:
        """Read the file of invoices back; closed rows are left out."""
        import pandas as pd

        settings = self.settings
        quoting: Literal[0, 3] = 0 if settings.quote == "all" else 3
        frame: pd.DataFrame = pd.read_csv(
            file, dtype=str, keep_default_na=False, sep=settings.delimiter, encoding=settings.encoding, quoting=quoting
        )
        frame = frame.rename(columns=settings.invoices.columns)
        if settings.invoices.rows != "open":
            frame = frame[frame["status"] != self._word("closed")].reset_index(drop=True)
        frame = restore_names(frame)
        amounts = {name: frame[name].str.replace(settings.decimal, ".", regex=False) for name in _AMOUNTS & {*frame}}
        days = {name: self._iso(frame[name]) for name in _DAYS & {*frame}}
        return frame.assign(**amounts, **days)

    def _iso(self, texts: pd.Series[str]) -> pd.Series[str]:
        import pandas as pd

        days = pd.to_datetime(texts.where(texts != ""), format=self.settings.dates)
        return days.dt.strftime("%Y-%m-%d").fillna("")

    def rehearsal(self) -> RehearsalRule:
        """Return the rule of a receiver that reads this layout."""
        settings, headers = self.settings, {name: head for head, name in self.settings.invoices.columns.items()}
        closed = settings.closed
        return RehearsalRule(
            settings.folder,
            self._pattern(self._last),
            self._pattern(settings.invoices.name),
            headers["invoice_ref"],
            headers["balance"],
            self._format,
            self._pattern(settings.archive) if settings.archive else None,
            settings.invoices.required,
            settings.absence,
            self._pattern(closed.name) if closed else None,
            next((head for head, name in closed.columns.items() if name == "invoice_ref"), "") if closed else "",
            headers["status"] if settings.invoices.rows != "open" else None,
            self._word("closed"),
        )

    @property
    def _last(self) -> str:
        return self.settings.marker or self.settings.archive or self.settings.invoices.name

    @property
    def _format(self) -> TextFormat:
        each = self.settings
        return TextFormat(each.delimiter, each.decimal, each.dates, each.encoding, each.quote)

    def _table(self, of: Subject, table: TableSettings, content: Content) -> TableFile:
        settings, rows = self.settings, content.of(of)
        missing = [name for name in table.columns.values() if name not in rows.columns]
        if missing:
            raise ConfigError(
                f"destination: {table.name} needs {missing[0]!r}, which no source has; there are "
                f"{', '.join(map(str, rows.columns))}"
            )
        frame, proves = lay_out(rows, table.columns, settings.words, proves_status=of == "ledger")
        folder = "" if settings.archive else settings.folder
        named = self._make_name(table.name, content.at)
        return TableFile(named, frame, of, proves, table.required, self._format, folder)

    def _word(self, status: str) -> str:
        return self.settings.words.get("status", {}).get(status, status)

    def _make_name(self, name: str, at: datetime) -> str:
        return name.replace("{at}", at.strftime(self.settings.time))

    def _pattern(self, name: str) -> str:
        moment = re.sub(r"\d", r"\\d", re.escape(_SOME_DAY.strftime(self.settings.time)))
        # Named once: a second {at} in one name is the same moment.
        first, *others = re.escape(name).split(re.escape("{at}"))
        return first + "(?P<at>" + moment + ")" + "(?P=at)".join(others) if others else first


def _tables(settings: Table.Settings) -> Iterator[tuple[Subject, TableSettings]]:
    if settings.customers:
        yield "customers", settings.customers
    if settings.closed:
        yield "closed", settings.closed
    yield ("invoices" if settings.invoices.rows == "open" else "ledger"), settings.invoices


@hookimpl
def arfeed_destinations() -> Iterable[type[Destination]]:
    """Offer the layout of your own."""
    return [Table]
