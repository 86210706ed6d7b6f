"""What every destination of several files must keep to: nothing of a delivery counts until all of it is there."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from arfeed.delivery.remote import Remote
from arfeed.model.errors import DestinationError, RefusedError
from arfeed.model.shipping.destination import ShipmentDestination
from arfeed.model.shipping.files import Archive, Content, TableFile
from arfeed.planning.shipments.archive import Member
from arfeed.planning.shipments.content import make_content
from arfeed.planning.shipments.staged import StagedShipment
from arfeed.planning.shipments.staging import stage_shipment
from arfeed.testing.destinations import (
    AT,
    PDF,
    DestinationConformance,
    as_csv,
    hostile_rows,
    open_rows,
    sample_invoices,
)
from arfeed.testing.invoices import frame
from arfeed.testing.project import ArfeedProject
from arfeed.testing.servers import SFTPServer

if TYPE_CHECKING:
    import pandas as pd

_SMALL = 40
"""Bytes that a full disk takes: fewer than any file of a shipment but a marker has."""


class KilledError(BaseException):
    """Ends a run as a signal would: nothing in arfeed catches it."""


class ShipmentConformance(DestinationConformance):
    """Inherit, name `plugin` and `destination`, and return its settings."""

    destination: ClassVar[type[ShipmentDestination]]

    # --- what is laid out ---------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("which", ["sample", "hostile", "none"])
    def test_a_report_read_back_is_what_was_written(self, which: str, tmp_path: Path) -> None:
        """Core proves every table; a text that the receiver's encoding has not is refused by name."""
        invoices = {"sample": open_rows(), "hostile": hostile_rows(), "none": frame([])}[which]
        content = _content(invoices)
        staged = None
        with suppress(DestinationError, RefusedError) if which == "hostile" else nullcontext():
            staged = self._stage(content, tmp_path)
        if staged is None or type(self._destination()).read_report is ShipmentDestination.read_report:
            return
        table = self._invoices_table(content)
        read = self._destination().read_report(io.BytesIO(_files_of(staged)[table.name]))
        rows = content.of(table.of)
        assert read["invoice_ref"].tolist() == rows["invoice_ref"].tolist(), "read_report() reads other references"
        assert [Decimal(text) for text in read["balance"]] == rows["balance"].tolist(), "it reads other balances"

    def test_the_header_is_always_the_same(self, tmp_path: Path) -> None:
        """Receivers map columns once, by the first upload."""
        del tmp_path
        shipments = [self._destination().shipments(_content(rows)) for rows in (open_rows(), frame([]))]
        headers = [[[*table.frame.columns] for part in parts for table in _tables(part)] for parts in shipments]
        assert headers[0] == headers[1], f"there are several headers: {headers}"

    def test_it_leaves_the_invoices_as_they_were(self) -> None:
        """They are compared and recorded afterwards."""
        content, untouched = _content(open_rows()), _content(open_rows())
        self._destination().shipments(content)
        for name in ("invoices", "customers", "closed", "ledger"):
            same = getattr(content, name).equals(getattr(untouched, name))
            assert same, f"shipments() changed the frame `{name}`; work on a copy"

    def test_the_same_invoices_make_the_same_bytes(self, tmp_path: Path) -> None:
        """Files are known by their hashes."""
        hashes = []
        for folder in (tmp_path / "first", tmp_path / "second"):
            folder.mkdir()
            hashes.append([file.sha256 for file in self._stage(_content(open_rows()), folder).files])
        assert hashes[0] == hashes[1], "the same invoices made two different shipments"

    def test_no_name_comes_twice(self) -> None:
        """A file that replaces another could not be told from it."""
        names = [
            {part.name for part in self._destination().shipments(_content(open_rows(), at))}
            for at in (AT, AT + timedelta(seconds=1))
        ]
        assert not names[0] & names[1], f"two deliveries have the names {names[0] & names[1]}; put content.at into them"

    def test_what_is_closed_is_told_if_absence_means_nothing(self, tmp_path: Path) -> None:
        """With the reason, or the invoice would stay open there for ever."""
        if self.destination.absence == "closes":
            pytest.skip("the receiver takes what is absent as closed")
        rows = open_rows()
        content = _content(rows.iloc[1:], missing=rows.iloc[:1])
        ref = rows["invoice_ref"].iloc[0].encode()
        told = [name for name, data in _files_of(self._stage(content, tmp_path)).items() if ref in data]
        assert told, "no file tells of the invoice that is closed"

    # --- deliveries ---------------------------------------------------------------------------------------------------

    def test_days_go_by_on_a_real_server(self, arfeed_project: ArfeedProject, sftp_server: SFTPServer) -> None:
        """A first delivery, the same again, and a day when an invoice is gone and nothing may be sent."""
        project = self._prepare(arfeed_project, sftp_server)
        first = project.deliver()
        assert first.code == 0, f"the first delivery failed:\n{first.err}"
        self._check_delivered(first.json()["receipt"], sftp_server)
        again = project.run("sync", "--json")
        assert again.code == 0, f"the second delivery failed:\n{again.err}"
        assert again.json()["plan"]["counts"]["unchanged"] == len(sample_invoices()), (
            "the same invoices were not recognised"
        )
        self._check_delivered(again.json()["receipt"], sftp_server)
        before = sftp_server.files
        project.write({"erp.csv": as_csv(_number_invoices()[1:])})
        assert project.run("sync").code == RefusedError.exit_code, "an invoice was gone, and the plan was not refused"
        assert sftp_server.files == before, "the plan was refused, and something was sent"

    def test_killed_at_any_step_nothing_counts_and_the_next_run_converges(
        self, arfeed_project: ArfeedProject, sftp_server: SFTPServer
    ) -> None:
        """Before and after every file: the last one is never there without all others, whole."""
        project = self._prepare(arfeed_project, sftp_server)
        assert project.deliver().code == 0
        with _count_calls() as steps:
            assert project.run("sync").code == 0
        # After one file is before the next, so only the last is killed after as well.
        for step, after in [*((step, False) for step in range(len(steps))), (len(steps) - 1, True)]:
            reports = self._reports(sftp_server)
            with _kill_at(step, after=after), pytest.raises(KilledError):
                project.run("sync")
            new = self._reports(sftp_server) - reports
            assert bool(new) is after, f"killed {'after' if after else 'before'} file {steps[step]}, there is {new}"
            done = project.run("sync", "--json")
            assert done.code == 0, f"killed at {steps[step]}, the next run failed:\n{done.err}"
            self._check_delivered(done.json()["receipt"], sftp_server)

    def test_a_shipment_that_is_cut_does_not_count(
        self, arfeed_project: ArfeedProject, sftp_server: SFTPServer
    ) -> None:
        """The server's disk is full in the middle of the first file; the next run delivers all of it."""
        project = self._prepare(arfeed_project, sftp_server)
        code = project.run("plan", "--json").json()["approval"]
        sftp_server.faults.disk_full_after = _SMALL
        assert project.run("sync", "--approve", code).code == DestinationError.exit_code
        assert not self._reports(sftp_server), "the disk was full, and the delivery was committed all the same"
        sftp_server.faults.disk_full_after = None
        done = project.deliver()
        assert done.code == 0, f"after that, the next run failed:\n{done.err}"
        self._check_delivered(done.json()["receipt"], sftp_server)

    # ------------------------------------------------------------------------------------------------------------------

    def _destination(self) -> ShipmentDestination:
        settings = {"url": "memory://conformance", **self.settings()}
        return self.destination(self.destination.Settings.model_validate(settings))

    def _stage(self, content: Content, folder: Path) -> StagedShipment:
        destination = self._destination()
        pdf = folder / "pdf"
        pdf.write_bytes(PDF)
        members = [Member(destination.document_name("INV-0"), pdf, len(PDF), hashlib.sha256(PDF).hexdigest())]
        return stage_shipment(destination, content, members if destination.documents == "inside" else [], folder)

    def _invoices_table(self, content: Content) -> TableFile:
        parts = self._destination().shipments(content)
        return next(table for part in parts for table in _tables(part) if table.of in ("invoices", "ledger"))

    def _prepare(self, project: ArfeedProject, server: SFTPServer) -> ArfeedProject:
        self._configure(project, server)
        project.write({"erp.csv": as_csv(_number_invoices()), "pdf/INV-0.pdf": PDF})
        return project

    def _reports(self, server: SFTPServer) -> set[str]:
        folder, destination = self._destination().report_folder, self._destination()
        names = {Path(name) for name in server.files}
        return {str(path) for path in names if str(path.parent) == (folder or ".") and destination.is_report(path.name)}

    def _check_delivered(self, receipt: Mapping[str, Any], server: SFTPServer) -> None:
        """Every file of the receipt is there as it was sent, and no upload under way is left."""
        files = server.files
        for file in receipt["shipment"]:
            path = "/".join(filter(None, [file["folder"], file["name"]]))
            assert path in files, f"{path} is in the receipt and not on the server; there are {[*files]}"
            found = hashlib.sha256(files[path]).hexdigest()
            assert found == file["sha256"], f"{path} is not what the receipt says"
        left = [name for name in files if name.endswith(".part")]
        assert not left, f"uploads under way were left: {left}"


def _number_invoices() -> Sequence[Any]:
    return [replace(invoice, invoice_ref=f"INV-{number}") for number, invoice in enumerate(sample_invoices())]


def _content(rows: pd.DataFrame, at: datetime = AT, missing: pd.DataFrame | None = None) -> Content:
    gone = rows.iloc[:0] if missing is None else missing
    return make_content(at, rows, gone.assign(reason="paid", evidence="proven"), at.date())


def _tables(part: object) -> Sequence[TableFile]:
    if isinstance(part, TableFile):
        return [part]
    return part.tables if isinstance(part, Archive) else []


def _files_of(staged: StagedShipment) -> dict[str, bytes]:
    """Return the files of a shipment, and those inside of its archives, by their bare names."""
    files = {}
    for file in staged.files:
        files[file.name] = file.path.read_bytes()
        if file.contents:
            with zipfile.ZipFile(file.path) as archive:
                files |= {name.rpartition("/")[2]: archive.read(name) for name in archive.namelist()}
    return files


@contextmanager
def _count_calls() -> Iterator[list[str]]:
    """Note each call that publishes files."""
    steps: list[str] = []

    def note_call(publish: Callable[..., Any], server: Remote, uploads: Sequence[Any], **options: Any) -> Any:
        steps.append(" ".join(upload.name for upload in uploads))
        return publish(server, uploads, **options)

    with _publishing(note_call):
        yield steps


@contextmanager
def _kill_at(step: int, *, after: bool) -> Iterator[None]:
    """Kill a run before or after the call of that number that publishes files."""
    left = [step]

    def publish_or_die(publish: Callable[..., Any], server: Remote, uploads: Sequence[Any], **options: Any) -> Any:
        left[0] -= 1
        if left[0] < 0 and not after:
            raise KilledError
        outcomes = publish(server, uploads, **options)
        if left[0] < 0:
            raise KilledError
        return outcomes

    with _publishing(publish_or_die):
        yield


@contextmanager
def _publishing(instead: Callable[..., Any]) -> Iterator[None]:
    publish = Remote.publish
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Remote, "publish", lambda server, uploads, **options: instead(publish, server, uploads, **options)
        )
        yield
