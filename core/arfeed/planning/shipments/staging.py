"""A whole shipment, staged: laid out by its destination, checked, written, proven and packed."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from time import perf_counter

from arfeed.model.errors import ArfeedError, DestinationError
from arfeed.model.results import DeliveredFile
from arfeed.model.shipping.destination import ShipmentDestination
from arfeed.model.shipping.files import Archive, Content, DoneMarker, FixedFile, Shipment, ShipmentPart, TableFile
from arfeed.planning.report import digest_of
from arfeed.planning.shipments.archive import Member, write_archive
from arfeed.planning.shipments.staged import ShippedFile, StagedShipment
from arfeed.planning.shipments.tables import write_table
from arfeed.plugins.isolation import isolated_copy, restore_process_state
from arfeed.sftp.address import check_folder, check_name

_WITH_INVOICES = ("invoices", "ledger")


def stage_shipment(
    destination: ShipmentDestination, content: Content, documents: Sequence[Member], folder: Path
) -> StagedShipment:
    """Stage a shipment below a folder; `documents` are the PDFs to put into its archive, under their bare names.

    Raise `DestinationError` if it could not be delivered safely, or is not the plan; `RefusedError` if the receiver
    would refuse it.
    """
    began = perf_counter()
    parts = _lay_out(destination, content)
    seconds = perf_counter() - began
    _check(destination, content, parts)
    staging = _Staging(destination.name, content, documents, folder)
    for part in parts:
        staging.stage(part)
    return StagedShipment(tuple(staging.files), seconds, tuple(dict.fromkeys(staging.notes)))


class _Staging:
    """Stages one file after the other, each under a name of its number: receivers' names need not be this machine's."""

    def __init__(self, whose: str, content: Content, documents: Sequence[Member], folder: Path) -> None:
        self._whose, self._content, self._documents, self._folder = whose, content, documents, folder
        self._written = 0
        self.files: list[ShippedFile] = []
        self.notes: list[str] = []

    def stage(self, part: ShipmentPart) -> None:
        contents: tuple[DeliveredFile, ...] = ()
        if isinstance(part, TableFile):
            path = self._table(part)
        elif isinstance(part, Archive):
            members = [self._member(table) for table in part.tables]
            if part.documents is not None:
                members += [
                    replace(document, name=posixpath.join(part.documents, document.name))
                    for document in self._documents
                ]
            path = self._next()
            self._check_names(part.name, members)
            contents = write_archive(path, members, self._content.at)
        else:
            path = self._bytes(part)
        self.files.append(ShippedFile(path, part.folder, part.name, path.stat().st_size, digest_of(path), contents))

    def _check_names(self, archive: str, members: Sequence[Member]) -> None:
        seen: set[str] = set()
        for member in members:
            # Unpacked where letter case does not count, one would take the place of the other.
            if (key := member.name.casefold()) in seen:
                raise DestinationError(
                    f"{self._whose}: two files in {archive} would be called {member.name}; give the PDFs a folder or "
                    "another name. Nothing was sent."
                )
            seen.add(key)

    def _table(self, table: TableFile) -> Path:
        path = self._next()
        self.notes += write_table(self._whose, table, self._content.of(table.of), path)
        return path

    def _member(self, table: TableFile) -> Member:
        path = self._table(table)
        return Member(posixpath.join(table.folder, table.name), path, path.stat().st_size, digest_of(path), packed=True)

    def _bytes(self, part: FixedFile | DoneMarker) -> Path:
        before = tuple(DeliveredFile(each.folder, each.name, each.size, each.sha256) for each in self.files)
        content = part.content
        if callable(content):
            with restore_process_state():
                content = content(before)
        if not isinstance(content, bytes):
            raise DestinationError(f"{self._whose}: the content of {part.name} is not bytes")
        path = self._next()
        path.write_bytes(content)
        return path

    def _next(self) -> Path:
        self._written += 1
        return self._folder / f"shipment-{self._written}"


def _lay_out(destination: ShipmentDestination, content: Content) -> Shipment:
    try:
        with restore_process_state():
            parts = [*destination.shipments(isolated_copy(content))]
    except ArfeedError:
        raise
    except (Exception, SystemExit) as exc:
        raise DestinationError(f"{destination.name}: its shipments() failed: {type(exc).__name__}: {exc}") from exc
    for part in parts:
        if not isinstance(part, ShipmentPart):
            raise DestinationError(
                f"{destination.name}: its shipments() returned {type(part).__name__}; there are TableFile, Archive, "
                "FixedFile and DoneMarker"
            )
    if not parts:
        raise DestinationError(f"{destination.name}: its shipments() returned nothing to send")
    return parts


def _check(destination: ShipmentDestination, content: Content, parts: Shipment) -> None:
    """Raise `DestinationError` for a shipment that could not be published whole or not at all."""
    who = f"{destination.name}: its shipments()"
    for flaw in chain(
        _flaws_of_names(destination, parts),
        _flaws_of_order(destination, content, parts),
        _flaws_of_documents(destination, parts),
    ):
        raise DestinationError(f"{who} {flaw}")


def _flaws_of_names(destination: ShipmentDestination, parts: Shipment) -> list[str]:
    allowed = {destination.report_folder, destination.document_folder, *destination.folders}
    flaws, taken = [], set()
    for part in parts:
        check_folder(part.folder)
        check_name(part.name)
        if part.folder not in allowed:
            flaws.append(f"puts {part.name} into {part.folder or 'the root'}; name that folder in `folders`")
        if (part.folder, part.name.casefold()) in taken:
            flaws.append(f"has two files {part.name}")
        taken.add((part.folder, part.name.casefold()))
        inside = [f"{table.folder}/{table.name}" for table in part.tables] if isinstance(part, Archive) else []
        for name in (piece for path in inside for piece in path.strip("/").split("/")):
            check_name(name)
        if len({*map(str.casefold, inside)}) != len(inside):
            flaws.append(f"has two tables of one name in {part.name}")
    return flaws


def _flaws_of_order(destination: ShipmentDestination, content: Content, parts: Shipment) -> list[str]:
    *before, last = parts
    flaws = []
    if any(isinstance(part, DoneMarker) for part in before):
        flaws.append("has a done-marker before the last file; it tells the receiver that all others are there")
    subjects = [table.of for part in parts for table in _tables_of(part)]
    if sum(subject in _WITH_INVOICES for subject in subjects) != 1:
        flaws.append("must hold the open invoices in one table, of invoices or of the ledger")
    if not isinstance(last, DoneMarker) and not any(table.of in _WITH_INVOICES for table in _tables_of(last)):
        flaws.append(f"ends with {last.name}, which holds no invoices: put them last, or a done-marker after them")
    if not isinstance(last, DoneMarker) and any(table.of == "closed" for part in before for table in _tables_of(part)):
        flaws.append(
            "sends what is closed before the file that commits, so that it would be read even if the delivery broke "
            "off: put both into one archive, or a done-marker after them"
        )
    if destination.absence == "nothing" and not {"closed", "ledger"} & {*subjects}:
        flaws.append('lists nothing closed, although absence = "nothing": add a table of closed, or a ledger')
    if last.folder != destination.report_folder:
        flaws.append(f"puts its last file into {last.folder!r}, and report_folder is {destination.report_folder!r}")
    with restore_process_state():
        if last.name != (right := destination.report_name(content.at)):
            flaws.append(f"calls its last file {last.name}, and report_name() says {right}")
        beside = [part for part in parts if part.folder == last.folder]
        flaws += [
            f"has a file {part.name}, of which is_report() says {part is not last}; only the last one is a report"
            for part in beside
            if destination.is_report(part.name) is not (part is last)
        ]
    return flaws


def _flaws_of_documents(destination: ShipmentDestination, parts: Shipment) -> list[str]:
    folders = [part.documents for part in parts if isinstance(part, Archive) and part.documents is not None]
    for folder in folders:
        check_folder(folder)
    if len(folders) != (destination.documents == "inside"):
        return [f"has {len(folders)} archives with PDFs, and documents = {destination.documents!r}"]
    return []


def _tables_of(part: ShipmentPart) -> Sequence[TableFile]:
    if isinstance(part, TableFile):
        return [part]
    return part.tables if isinstance(part, Archive) else []
