"""A destination whose delivery is several files: contract 2."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection
from typing import IO, TYPE_CHECKING, Literal, NoReturn

from arfeed.model.errors import DestinationError
from arfeed.model.parts import Destination
from arfeed.model.shipping.api import ApiDestination
from arfeed.model.shipping.files import Content, RehearsalRule, Shipment

if TYPE_CHECKING:
    import pandas as pd


class ShipmentDestination(Destination):
    """A receiver's layout, as files in order. Write `shipments`, `report_name`, `is_report` and `document_name`.

    The last file commits: it is what `report_name` names, it goes into `report_folder`, and `is_report` knows it, and
    those of others, from every other file there. It holds the invoices, or is a `DoneMarker`.
    """

    needs_contract = 2
    absence: Literal["closes", "nothing"] = "closes"
    """What the receiver makes of an invoice that is no longer listed. If nothing, `closed` or `ledger` must be sent."""
    documents: Literal["beside", "inside", "none"] = "beside"
    """Whether PDFs are files in `document_folder`, sent first; are in an archive; or are not taken."""
    folders: Collection[str] = ()
    """Further folders below the root that its files go to."""

    @abstractmethod
    def shipments(self, content: Content) -> Shipment:
        """Return the files of one delivery, in order. No name may have been used before: put `content.at` into it."""

    def rehearsal(self) -> RehearsalRule | None:
        """Return how `rehearsal://NAME` reads this layout; None if there is no such receiver."""
        return None

    def find_table(self, name: str, read: Callable[[str], bytes]) -> bytes:
        """Return the table of invoices of a delivery, by the name of its last file, for `arfeed adopt`.

        `read` returns the content of a file in `report_folder`. The last file is the table, unless this says otherwise.
        """
        return read(name)

    def read_report(self, file: IO[bytes]) -> pd.DataFrame:
        """Read the table of invoices back, for `arfeed adopt`: text under canonical names. May be left as it is."""
        del file
        raise DestinationError(f"{self.name} can't read a delivery back, so that none can be adopted.")

    def report(self, invoices: pd.DataFrame) -> NoReturn:
        """Not used: `shipments` lays everything out."""
        raise NotImplementedError


def sends_documents_inside(destination: Destination) -> bool:
    """Whether PDFs are part of an archive, so that they have arrived if and only if the delivery has."""
    return isinstance(destination, ShipmentDestination) and destination.documents == "inside"


def absence_of(destination: Destination) -> Literal["closes", "nothing"]:
    """Return what the receiver makes of an invoice that is no longer listed."""
    return destination.absence if isinstance(destination, ShipmentDestination | ApiDestination) else "closes"


def has_document_folder(destination: Destination) -> bool:
    """Whether PDFs are separate files at the receiver."""
    return not isinstance(destination, ShipmentDestination | ApiDestination) or destination.documents == "beside"


def takes_documents(destination: Destination) -> bool:
    """Whether the receiver takes PDFs at all."""
    return not isinstance(destination, ShipmentDestination | ApiDestination) or destination.documents != "none"


def folders_of(destination: Destination) -> list[str]:
    """Return the folders that a destination's files go to, that of the report last; an API has none."""
    if isinstance(destination, ApiDestination):
        return []
    beside = [destination.document_folder] if has_document_folder(destination) else []
    further = sorted(destination.folders) if isinstance(destination, ShipmentDestination) else []
    return list(dict.fromkeys([*beside, *further, destination.report_folder]))
