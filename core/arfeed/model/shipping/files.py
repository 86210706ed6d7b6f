"""The files of a shipment: tables, archives of them, done-markers, and what they are made from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

    from arfeed.model.results import DeliveredFile

Subject = Literal["invoices", "customers", "closed", "ledger"]


@dataclass(frozen=True, slots=True)
class Content:
    """What a shipment is laid out from; every frame is a copy, with an index from 0.

    `at` is the moment of the delivery in UTC, in whole seconds, later than that of any other.
    `invoices`: the canonical columns, typed, and those that travel along; one row per open invoice.
    `customers`: customer_id, customer_name and customer_email, one row per customer, as its first invoice has them.
    `closed`: the invoices that were delivered last and are missing now, as they were then, with `reason` (such as paid
    or void), `evidence` and `closed_on`, the day of the plan: few sources state the day itself.
    `ledger`: the open and then the closed ones, with `status` (open, closed), `reason` and `closed_on`; what is closed
    has the balance 0.
    """

    at: datetime
    invoices: pd.DataFrame
    customers: pd.DataFrame
    closed: pd.DataFrame
    ledger: pd.DataFrame

    def of(self, subject: Subject) -> pd.DataFrame:
        """Return the frame of that name."""
        frame: pd.DataFrame = getattr(self, subject)
        return frame


@dataclass(frozen=True, slots=True)
class TextFormat:
    """How a table is written: `dates` is a strftime pattern, `quote` puts every value in double quotes, or none."""

    delimiter: str = ","
    decimal: Literal[".", ","] = "."
    dates: str = "%Y-%m-%d"
    encoding: str = "utf-8"
    quote: Literal["all", "none"] = "all"


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table that core writes, and proves by reading it back.

    `frame` has the receiver's headers, and the rows, order and index of the content's frame `of`. Core writes dates and
    amounts (decimals, with as many places as their currency has) in the notation of `format`. `proves` maps canonical
    columns to the headers that hold them: the number and, of invoices and a ledger, the balance at least. `required`
    are headers under which the receiver takes neither a blank nor a 0.
    """

    name: str
    frame: pd.DataFrame
    of: Subject
    proves: Mapping[str, str]
    required: Collection[str] = ()
    format: TextFormat = field(default_factory=TextFormat)
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Archive:
    """A ZIP of tables; `documents` is the folder inside for the PDFs that are new or changed, None if it has none."""

    name: str
    tables: Sequence[TableFile]
    documents: str | None = None
    folder: str = ""


@dataclass(frozen=True, slots=True)
class FixedFile:
    """A file that tells of no invoice, such as a table that has a header alone."""

    name: str
    content: bytes
    folder: str = ""


@dataclass(frozen=True, slots=True)
class DoneMarker:
    """A file that tells the receiver that all others are there; always the last.

    `content` may be made from the files before it, such as their names or hashes.
    """

    name: str
    content: bytes | Callable[[Sequence[DeliveredFile]], bytes] = b""
    folder: str = ""


ShipmentPart = TableFile | Archive | FixedFile | DoneMarker
"""A file of a delivery."""

Shipment = Sequence[ShipmentPart]
"""The files of one delivery, in the order in which they are published; the last one commits."""


@dataclass(frozen=True, slots=True)
class RehearsalRule:
    """How the receiver on this machine, `rehearsal://NAME`, reads this layout, in its own words.

    `folder` is where it looks, `reads` the pattern (re) of names that make it read, `invoices` that of the table with
    the invoices: a file there, one inside of `archive`, or one with the same digits in its name as a marker. `ref` and
    `balance` are headers. With `required`, one row that is blank or 0 there makes it refuse the whole file. What is
    absent counts as paid if `absence` is "closes"; otherwise the numbers in the table `closed`, or the rows of the
    invoices whose column `status` has the word `closed_word`, are closed. `together` are patterns of files without
    which it takes nothing of a delivery.
    """

    folder: str
    reads: str
    invoices: str
    ref: str
    balance: str
    format: TextFormat = field(default_factory=TextFormat)
    archive: str | None = None
    required: tuple[str, ...] = ()
    absence: Literal["closes", "nothing"] = "closes"
    closed: str | None = None
    closed_ref: str = ""
    status: str | None = None
    closed_word: str = "closed"
    together: tuple[str, ...] = ()
