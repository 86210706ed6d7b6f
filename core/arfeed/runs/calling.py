"""Deliver to an API by calls, and compare what the receiver says that it holds with what it was sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from arfeed.history.receipts import documents_of
from arfeed.model.errors import ArfeedError, DestinationError
from arfeed.model.shipping.api import ApiDestination, Held
from arfeed.model.text.legible import list_some
from arfeed.plugins.isolation import restore_process_state

if TYPE_CHECKING:
    import pandas as pd

    from arfeed.delivery.http.sending import ApiRemote
    from arfeed.delivery.remote import Remote
    from arfeed.delivery.uploads import Outcome, Upload
    from arfeed.history.records import RunRecord
    from arfeed.model.results import DeliveredFile
    from arfeed.planning.shipments.staged import ShippedFile
    from arfeed.runs.chapters import Delivery
    from arfeed.runs.context import OpenContext


@dataclass(frozen=True, slots=True)
class Calling:
    """A delivery to an API under way: all calls but the closings, the PDFs, the closings, and the proof."""

    delivery: Delivery

    @property
    def may_have_changed(self) -> bool:
        """Whether the receiver may have taken anything."""
        return self._server.api.may_have_changed

    def send_ahead(self) -> None:
        """Send all calls but the closings, each kind when the one before it is there."""
        for number in range(len(self._parts) - 1):
            self._send(number)

    def send_documents(self, uploads: Iterable[Upload]) -> list[Outcome]:
        """Send the PDFs, whose invoices are there now."""
        progress, destination = self.delivery.context.progress, self._destination
        send = self.delivery.prepared.plan.documents.send
        refs = dict(zip(send["name"], send["invoice_ref"], strict=True))
        with restore_process_state():
            paths = {upload: destination.document_path(refs[upload.name]) for upload in uploads}
        progress.step("Sending the PDFs")
        progress.expect(len(paths), sum(upload.size for upload in paths))
        return self._server.send_documents(
            paths,
            run=self.delivery.context.run,
            check=self.delivery.lease.check_held,
            done=lambda outcome: progress.done(outcome.upload.size),
        )

    def send_closings(self) -> None:
        """Send what is closed, which can't be taken back."""
        self._send(len(self._parts) - 1)

    def prove(self, sent: Iterable[Outcome]) -> None:
        """Ask the receiver what it holds, of the PDFs that were `sent` as well.

        Raise `DestinationError` if that is not what was sent.
        """
        plan, context = self.delivery.prepared.plan, self.delivery.context
        context.progress.step("Asking the receiver what it holds")
        refs = dict(zip(plan.documents.send["name"], plan.documents.send["invoice_ref"], strict=True))
        documents = {refs[each.upload.name]: each.upload.sha256 for each in sent if each.error is None}
        closed = plan.missing["invoice_ref"].tolist()
        differences = _compare(context, self._server, _Expected(plan.report, closed, documents))
        if differences:
            raise DestinationError(
                f"the receiver answered every call, but does not hold what was sent:\n{list_some(differences)}\nRun "
                "sync again, which sends all of it once more; if this stays, ask the receiver"
            )

    def _send(self, number: int) -> None:
        from arfeed.delivery.http.sending import portions_of

        file = self._file
        portion = portions_of(file.path, file.contents, file.rules)[number]
        self.delivery.context.progress.step(f"Sending {portion.part.name}")
        self._server.send_calls(portion, run=self.delivery.context.run, check=self.delivery.lease.check_held)

    @property
    def _server(self) -> ApiRemote:
        return cast("ApiRemote", self.delivery.server)

    @property
    def _destination(self) -> ApiDestination:
        return cast("ApiDestination", self.delivery.context.project.destination)

    @property
    def _file(self) -> ShippedFile:
        shipped = self.delivery.prepared.shipped
        if shipped is None:
            raise AssertionError("a delivery to an API is staged as a file of calls")
        return shipped.files[0]

    @property
    def _parts(self) -> Sequence[DeliveredFile]:
        return self._file.contents


def has_arrived(context: OpenContext, server: Remote, run: RunRecord) -> bool:
    """Whether an API holds all that an interrupted run was to send; False also if it can't be asked."""
    if not isinstance(context.project.destination, ApiDestination) or run.receipt is None:
        return False
    report = context.history.report(run.id, context.destination)
    closed = [str(row["invoice_ref"]) for row in json.loads(run.receipt)["missing"]]
    planned, sent = context.history.planned_documents(run.id), documents_of(run.receipt)
    documents = {each.invoice_ref: each.sha256 for each in planned if each.name in sent}
    return _compare(context, cast("ApiRemote", server), _Expected(report, closed, documents)) == []


@dataclass(frozen=True, slots=True)
class _Expected:
    """What the receiver should hold: the invoices of `report` open, `closed` not, and PDFs by number and SHA-256."""

    report: pd.DataFrame
    closed: Sequence[str]
    documents: Mapping[str, str]


def _compare(context: OpenContext, server: ApiRemote, expected: _Expected) -> list[str] | None:
    """Return how what the receiver holds differs from what it was sent, a line each; None if it can't be asked."""
    report, closed = expected.report, expected.closed
    balances = dict(zip(report["invoice_ref"].tolist(), report["balance"].tolist(), strict=True))
    held = _ask(cast("ApiDestination", context.project.destination), server, [*balances, *closed])
    if held is None:
        return None
    lines = []
    for ref, balance in balances.items():
        there = held.get(ref)
        if there is None or not there.is_open:
            lines.append(f"{ref}: {'not there' if there is None else 'closed there'}, and open here")
        elif there.balance is not None and there.balance != balance:
            lines.append(f"{ref}: {_plain(there.balance)} are owed there, and {_plain(balance)} here")
    # One that it does not know owes nothing there.
    lines += [f"{ref}: open there, and closed here" for ref in closed if ref in held and held[ref].is_open]
    for ref, sha256 in expected.documents.items():
        theirs = held[ref].document if ref in held else None
        if theirs is not None and theirs.lower() != sha256:
            lines.append(
                f"{ref}: {'another PDF is there than was sent' if theirs else 'its PDF was sent, and is not there'}"
            )
    return lines


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():,f}"


def _ask(destination: ApiDestination, server: ApiRemote, refs: Sequence[str]) -> Mapping[str, Held] | None:
    """Ask a plugin what its receiver holds; what fails in it is a `DestinationError`."""
    try:
        with restore_process_state():
            found = destination.held(server.api, refs)
            return None if found is None else {each.invoice_ref: each for each in found}
    except ArfeedError:
        raise
    except (Exception, SystemExit) as exc:
        raise DestinationError(f"{destination.name}: its held() failed: {type(exc).__name__}: {exc}") from exc
