"""What a destination is sent, on this machine and ready to go: files in their order, or one of calls to an API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arfeed.model.results import DeliveredFile
    from arfeed.model.shipping.api import CallRule


@dataclass(frozen=True, slots=True)
class ShippedFile:
    """A file of a shipment on this machine, ready to be published.

    `contents` is what is in an archive, or the calls to an API in order, with the `rules` to send them by.
    """

    path: Path
    folder: str
    name: str
    size: int
    sha256: str
    contents: tuple[DeliveredFile, ...] = ()
    rules: Mapping[str, CallRule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StagedShipment:
    """All files in order; `seconds` is how long the destination took to lay them out, `notes` are for the plan."""

    files: tuple[ShippedFile, ...]
    seconds: float
    notes: tuple[str, ...]
