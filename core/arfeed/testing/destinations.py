"""What every destination must keep to: each invoice once, readable again, under safe names that don't collide."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest

from arfeed.model.errors import RefusedError
from arfeed.model.parts import Destination, PartKind
from arfeed.planning.report import write_report
from arfeed.testing.invoices import HOSTILE_NAMES, HOSTILE_REFS, SAMPLE, Invoice, frame
from arfeed.testing.parts import PartConformance
from arfeed.testing.project import ArfeedProject
from arfeed.testing.servers import SFTPServer

if TYPE_CHECKING:
    import pandas as pd

AT = datetime(2026, 4, 4, 10, 15, tzinfo=UTC)
_HEADER = "invoice_ref,kind,customer_name,currency,issued_on,due_on,amount,balance"
_SAFE = re.compile(r"[^/\\\x00-\x1f]+")
PDF = b"%PDF-1.4\ntrailer<</Root 1 0 R>>\n%%EOF\n"


class DestinationConformance(PartConformance):
    """Inherit, name `plugin` and `destination`, and return its settings."""

    kind: ClassVar[PartKind] = "destination"
    destination: ClassVar[type[Destination]]

    def settings(self) -> Mapping[str, object]:
        """Return the destination's settings, without `use` and `url`."""
        return {}

    @property
    def part(self) -> type[Destination]:
        """The class under test."""
        return self.destination

    # --- the report ---------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("which", ["sample", "hostile", "none"])
    def test_a_report_read_back_is_what_was_written(self, which: str, tmp_path: Path) -> None:
        """`adopt` and an interrupted run rest on it: the same references and balances, in the same order."""
        invoices = {"sample": open_rows(), "hostile": hostile_rows(), "none": frame([])}[which]
        read = self._destination().read_report(io.BytesIO(self._write(invoices, tmp_path)))
        missing = {"invoice_ref", "balance"} - {*read.columns}
        assert not missing, f"read_report() gives no column {missing}; rename the receiver's headers to canonical names"
        refs, balances = read["invoice_ref"].tolist(), [Decimal(text) for text in read["balance"]]
        assert refs == invoices["invoice_ref"].tolist(), "the references are not those that were written"
        assert balances == invoices["balance"].tolist(), "the balances are not those that were written"
        lean = self._destination().read_balances(io.BytesIO(self._write(invoices, tmp_path)))
        assert lean[["invoice_ref", "balance"]].equals(read[["invoice_ref", "balance"]]), (
            "read_balances() does not read what read_report() reads"
        )

    def test_the_header_is_always_the_same(self, tmp_path: Path) -> None:
        """Receivers map columns once, by the first upload."""
        # Also for an empty report: a receiver that maps columns by the first upload may get that one first.
        headers = {self._write(each, tmp_path).splitlines()[0] for each in (open_rows(), hostile_rows(), frame([]))}
        assert len(headers) == 1, f"there are several headers: {headers}"

    def test_it_leaves_the_invoices_as_they_were(self) -> None:
        """They are compared and recorded afterwards."""
        invoices = open_rows()
        self._destination().report(invoices)
        assert invoices.equals(open_rows()), "report() changed the frame it was given; work on a copy"

    def test_the_same_invoices_make_the_same_bytes(self, tmp_path: Path) -> None:
        """A report is known by its hash."""
        # An approval and a receipt name a report by its hash, and a resent one must be recognised.
        first, second = (self._write(open_rows(), tmp_path) for _ in range(2))
        assert first == second, "the same invoices made two different reports"

    # --- names --------------------------------------------------------------------------------------------------------

    def test_a_report_is_known_by_its_name_and_later_ones_sort_behind(self) -> None:
        """Names are unique to the second, and never run backwards."""
        destination = self._destination()
        times = [AT + timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days", "weeks")]
        names = [destination.report_name(at) for at in (AT, *times, AT.replace(year=2027))]
        assert names == sorted(set(names)), f"these names are not in the order of their times: {names}"
        strange = [name for name in names if not destination.is_report(name) or not _SAFE.fullmatch(name)]
        assert not strange, f"is_report() does not know {strange}, or a name is not a plain file name"
        # A receiver's rule that takes the hidden name for a report would read half a file.
        hidden = f".{names[0]}.20260404T101500Z-0a1b2c.part"
        assert not destination.is_report(hidden), f"is_report() takes an upload under way for a report: {hidden}"

    def test_the_names_of_pdfs_are_plain_and_lasting(self) -> None:
        """No reference leads out of the folder, and none is taken for a report."""
        destination = self._destination()
        # The names of systems' invoices reach this as they are, "../../etc/passwd" included.
        for ref in HOSTILE_REFS:
            name = destination.document_name(ref)
            assert name == self._destination().document_name(ref), f"the PDF of {ref!r} has another name every time"
            assert _SAFE.fullmatch(name), f"the PDF of {ref!r} would be called {name!r}, which is not a plain file name"
            assert not name.startswith("."), f"the PDF of {ref!r} would be hidden: {name!r}"
            # In one folder, a PDF taken for a report would be a foreign report, and stop every run.
            shared = destination.report_folder == destination.document_folder
            assert not (shared and destination.is_report(name)), f"the PDF {name!r} would be taken for a report"

    def test_its_folders_lie_below_the_root(self) -> None:
        """Plain paths, without a slash at either end."""
        destination = self._destination()
        for folder in (destination.report_folder, destination.document_folder):
            parts = folder.split("/") if folder else []
            assert not {"", ".", ".."} & {*parts}, f"the folder {folder!r} is not a plain path below the root"

    # --- deliveries ---------------------------------------------------------------------------------------------------

    def test_days_go_by_on_a_real_server(self, arfeed_project: ArfeedProject, sftp_server: SFTPServer) -> None:
        """A first delivery, the same again, and a day when an invoice is gone and nothing may be sent."""
        project, destination = arfeed_project, self._destination()
        # Numbered, so that the PDF written below belongs to one of them.
        invoices = [replace(invoice, invoice_ref=f"INV-{number}") for number, invoice in enumerate(sample_invoices())]
        self._configure(project, sftp_server)
        project.write({"erp.csv": as_csv(invoices), "pdf/INV-0.pdf": PDF})
        first = project.deliver()
        assert first.code == 0, f"the first delivery failed:\n{first.err}"
        names = [name.removeprefix(f"{destination.report_folder}/") for name in sftp_server.files]
        assert [*map(destination.is_report, names)].count(True) == 1, f"there is not one report on the server: {names}"
        pdf = "/".join(filter(None, [destination.document_folder, destination.document_name("INV-0")]))
        assert sftp_server.files.get(pdf) == PDF, f"{pdf} is not on the server, but {[*sftp_server.files]}"
        again = project.run("sync", "--json")
        assert again.code == 0, f"the second delivery failed:\n{again.err}"
        assert again.json()["plan"]["counts"]["unchanged"] == len(invoices), "the same invoices were not recognised"
        # Nothing may change from here on, not even a PDF: a refused plan sends nothing at all.
        before = sftp_server.files
        project.write({"erp.csv": as_csv(invoices[1:])})
        assert project.run("sync").code == RefusedError.exit_code, "an invoice was gone, and the plan was not refused"
        assert sftp_server.files == before, "the plan was refused, and something was sent"

    # ------------------------------------------------------------------------------------------------------------------

    def _destination(self) -> Destination:
        # An address that is never opened: layout and names must not need a server.
        settings = {"url": "memory://conformance", **self.settings()}
        return self.destination(self.destination.Settings.model_validate(settings))

    def _write(self, invoices: pd.DataFrame, folder: Path) -> bytes:
        return write_report(self._destination(), invoices, folder / "report").path.read_bytes()

    def _configure(self, project: ArfeedProject, server: SFTPServer) -> None:
        source = {"use": "folder", "path": "erp.csv", "dates": "YMD", "documents": "pdf/{invoice_ref}.pdf"}
        destination = {"use": self.destination.name, **self.settings(), **server.settings}
        project.configure([self.plugin, "folder"], {"erp": source}, destination=destination)


def sample_invoices() -> list[Invoice]:
    """Return the open invoices of the sample."""
    return [invoice for invoice in SAMPLE if invoice.status == "open" and invoice.kind == "invoice"]


def open_rows() -> pd.DataFrame:
    """Return what is open in the sample, as a report."""
    return frame([invoice for invoice in SAMPLE if invoice.status == "open"])


def hostile_rows() -> pd.DataFrame:
    """Return credit notes with the strangest numbers and names."""
    plain, names = Invoice("INV-1", Decimal("-10.01"), kind="credit_note"), HOSTILE_NAMES
    return frame(
        [
            replace(plain, invoice_ref=ref, customer_name=names[number % len(names)])
            for number, ref in enumerate(HOSTILE_REFS)
        ]
    )


def as_csv(invoices: Sequence[Invoice]) -> str:
    """Return a file that the connector `folder` reads."""
    columns = _HEADER.split(",")
    lines = [",".join(f'"{getattr(invoice, name) or ""}"' for name in columns) for invoice in invoices]
    return "\n".join([_HEADER, *lines]) + "\n"
