"""What plugins provide: connectors, transforms, destinations and notifiers, as base classes to inherit from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, TYPE_CHECKING, ClassVar, Literal

from arfeed.model.figures import Complete
from arfeed.model.outcome import DeliveredRun, ReceiverOutcome, look_up_outcome
from arfeed.model.results import Failure, Plan, Receipt, Reconciliation
from arfeed.model.settings import DestinationSettings, NotifierSettings, SourceSettings, TransformSettings

if TYPE_CHECKING:
    import pandas as pd

CONTRACT = 1
"""What a plugin is written for unless it needs more."""

CONTRACTS = (1, 2)
"""What plugins may be written for; the second adds `ShipmentDestination` and `ApiDestination`."""

REWRITABLE = frozenset({"balance", "amount", "currency", "customer_id", "customer_name"})
"""What a step may change only if its class declares it: who owes how much, in which currency."""


@dataclass(frozen=True, slots=True)
class Document:
    """The PDF of an invoice. `version` is cheap (size and mtime, an ETag); `read` is called only when it is new."""

    invoice_ref: str
    version: str
    read: Callable[[], bytes] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Settings that a source proposes for itself, and the evidence for them, as the end of "since …"."""

    settings: Mapping[str, str | int]
    because: str


class Connector(ABC):
    """A source. Subclass it, name it, give it settings, and write `invoices`."""

    name: ClassVar[str]
    Settings: ClassVar[type[SourceSettings]] = SourceSettings
    columns: ClassVar[Mapping[str, str]] = {}
    """The source's own headers of canonical columns, if they are always the same; settings add to it."""

    provisional: ClassVar[Mapping[str, str]] = {}
    """Settings that make it valid while `arfeed init` asks for `proposals` of what should replace them."""

    settings: SourceSettings
    since: datetime | None = None
    """When core last read this source for a delivery, to whichever destination; set by core before it reads."""

    def __init__(self, source: str, settings: SourceSettings) -> None:
        """Keep the source's name in plugins.toml and its validated settings; open nothing yet."""
        self.source = source
        self.settings = settings

    @abstractmethod
    def invoices(self) -> Generator[pd.DataFrame, None, Complete]:
        """Yield frames with one row per document, and *return* `Complete`.

        Columns are canonical names or the source's own headers, all text; core parses dates, money and currency.
        Typed columns (date32, decimal128) are taken as they are, floats are refused by name.
        """

    # Not abstract: a source that can't be asked leaves its missing invoices unexplained, which is safe.
    def explain(self, missing: pd.DataFrame) -> pd.DataFrame | None:
        """Return what became of invoices that `invoices` no longer listed; None if the source can't be asked.

        `missing` has a row for each, as it was delivered last: invoice_ref (as the source wrote it), kind,
        customer_id, customer_name, currency, issued_on, due_on, amount, balance, and extra columns. The answer is a
        frame like those of `invoices`, with `status`; numbers that the source does not know are left out, and stay
        unexplained. Called once, after `invoices` has ended, on the same snapshot of the data if that is possible.
        """
        del missing
        return None

    @property
    def blank_balance(self) -> str | None:
        """Why an open document may come without a balance, and what to do in the source; shown for such a row."""
        return None

    @property
    def explains(self) -> bool:
        """Whether `explain` can answer, judging by the settings; `arfeed check` reports it. Opens nothing."""
        # Judged by the class, so that `check` can report it without connecting to anything.
        return type(self).explain is not Connector.explain

    def release(self) -> None:  # noqa: B027 - may be left as it is
        """Close what `invoices` kept open for `explain`. Called at least once, after the last question."""

    def documents(self, refs: pd.Series[str]) -> Iterable[Document]:
        """Yield the PDFs of the invoices named by `refs` (as the source wrote them), if the source keeps them."""
        del refs
        return ()

    def check(self) -> None:  # noqa: B027 - may be left as it is
        """Raise `SourceError` if the source can't be reached. Cheap; never writes."""

    def proposals(self) -> Iterable[Proposal]:
        """Yield settings that would fit what is there, such as the program that a database belongs to; none by default.

        `arfeed init` asks this if settings are lacking and `provisional` ones replace them.
        """
        return ()

    def recognizes(self) -> bool:
        """Whether the files of the setting `path` come from this connector's system, even if `check` refuses them.

        `arfeed init` asks this of the connectors that come with arfeed; others are not imported unasked. Cheap; may
        raise `SourceError` for what is not a table.
        """
        return False


class Transform(ABC):
    """A step from invoices to invoices."""

    name: ClassVar[str]
    Settings: ClassVar[type[TransformSettings]] = TransformSettings
    changes: Collection[str] = frozenset()
    """Which of balance, amount, currency, customer_id and customer_name it may change in a row; a change of any other
    fails the run. `__init__` may set it by the settings."""

    settings: TransformSettings

    def __init__(self, settings: TransformSettings) -> None:
        """Keep the validated settings."""
        self.settings = settings

    @abstractmethod
    def apply(self, invoices: pd.DataFrame) -> pd.DataFrame:
        """Return the invoices (canonical columns, typed) as they should be; `source_ref` may not change."""


class Destination(ABC):
    """A receiver's layout: the report's columns, the files' names, and the folders they go to."""

    name: ClassVar[str]
    Settings: ClassVar[type[DestinationSettings]] = DestinationSettings
    needs_contract: ClassVar[int] = 1
    report_folder: str = ""
    """Folder of the reports below the root."""
    document_folder: str = ""
    """Folder of the PDFs below the root."""

    settings: DestinationSettings

    def __init__(self, settings: DestinationSettings) -> None:
        """Keep the validated settings."""
        self.settings = settings

    @abstractmethod
    def report(self, invoices: pd.DataFrame) -> pd.DataFrame:
        """Return the report: one row per invoice, in order, under the receiver's headers. Core writes it as CSV."""

    @abstractmethod
    def report_name(self, at: datetime) -> str:
        """Return the file name of the report delivered at a moment (UTC, whole seconds)."""

    @abstractmethod
    def is_report(self, name: str) -> bool:
        """Whether a file in the report folder is a report, ours or anybody's."""

    @abstractmethod
    def read_report(self, file: IO[bytes]) -> pd.DataFrame:
        """Read a report back: text under canonical names, at least `invoice_ref` and `balance`."""

    def read_balances(self, file: IO[bytes]) -> pd.DataFrame:
        """Read back `invoice_ref` and `balance`, by which every report is proven before it is sent.

        Reading fewer spares the memory of a million rows. It falls back on `read_report`.
        """
        return self.read_report(file)

    @abstractmethod
    def document_name(self, ref: str) -> str:
        """Return the file name of an invoice's PDF."""

    def outcome(self, run: DeliveredRun) -> ReceiverOutcome | None:
        """Return what became of a delivery at the receiver; None if it does not say.

        Without an own answer, what `[destination.outcome]` names is looked up.
        """
        settings = self.settings.outcome
        return None if settings is None else look_up_outcome(run, settings)


class Notifier(ABC):
    """Notifies people of how runs end. Whatever it raises is reported, and changes nothing."""

    name: ClassVar[str]
    Settings: ClassVar[type[NotifierSettings]] = NotifierSettings

    settings: NotifierSettings

    def __init__(self, notifier: str, settings: NotifierSettings) -> None:
        """Keep the notifier's name in plugins.toml and its validated settings; connect to nothing yet."""
        self.notifier = notifier
        self.settings = settings

    @abstractmethod
    def delivered(self, receipt: Receipt) -> None:
        """Notify of a delivery."""

    @abstractmethod
    def refused(self, plan: Plan) -> None:
        """Notify of a plan that was refused, and what would approve it."""

    @abstractmethod
    def failed(self, failure: Failure) -> None:
        """Notify of a run that failed."""

    # Not abstract: a notifier written before there was a reconciliation still loads.
    def reconciled(self, reconciliation: Reconciliation) -> None:  # noqa: B027 - may be left as it is
        """Notify of a reconciliation that found differences, or could not compare."""

    def check(self) -> None:  # noqa: B027 - many have nothing to try
        """Raise an `ArfeedError` if it could reach nobody. Cheap; sends nothing."""


Part = type[Connector] | type[Transform] | type[Destination] | type[Notifier]
PartKind = Literal["connector", "transform", "destination", "notifier"]
PARTS: Mapping[PartKind, Part] = {
    "connector": Connector,
    "transform": Transform,
    "destination": Destination,
    "notifier": Notifier,
}
"""What the hook `arfeed_…s` of each kind returns subclasses of."""


def base_of(part: Part) -> type:
    """Return the class of arfeed that a plugin's class inherits from, the most derived one."""
    return next(each for each in part.__mro__ if each.__module__.startswith(f"{__package__}."))
