"""What every destination that is an API must keep to, on a real HTTP server with its rule and its books."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, get_args

import pytest

from arfeed.delivery.http.sending import ApiRemote
from arfeed.delivery.rehearsal.api.books import ApiBooks
from arfeed.delivery.rehearsal.api.server import ApiFaults, ApiServer, Fault, serving
from arfeed.model.errors import RefusedError
from arfeed.model.shipping.api import ApiDestination
from arfeed.testing.destinations import PDF, as_csv, sample_invoices
from arfeed.testing.project import ArfeedProject
from arfeed.testing.shipments import KilledError

_FAULTS = [fault for fault in get_args(Fault) if fault != "stall"]


class ApiConformance:
    """Inherit, name `plugin` and `destination`, and return its settings; it has to have a `rehearsal()`."""

    plugin: ClassVar[str]
    destination: ClassVar[type[ApiDestination]]

    def settings(self) -> Mapping[str, object]:
        """Return the settings that it needs beside the URL."""
        return {}

    def test_days_go_by_and_nothing_is_closed_unasked(self, arfeed_project: ArfeedProject, tmp_path: Path) -> None:
        """A first delivery, the same again, and a day when an invoice is gone: it is closed only once approved."""
        with self._serving(arfeed_project, tmp_path) as server:
            for _ in range(2):
                done = arfeed_project.deliver()
                assert done.code == 0, f"the delivery failed:\n{done.err}"
                self._check(server.journal.books)
            before = len(server.journal.books.bookings)
            arfeed_project.write({"erp.csv": as_csv(_invoices()[1:])})
            refused = arfeed_project.run("sync", "--json")
            assert refused.code == RefusedError.exit_code, "an invoice was gone, and the plan was not refused"
            assert len(server.journal.books.bookings) == before, "the plan was refused, and something was sent"
            approved = arfeed_project.run("sync", "--approve", refused.json()["plan"]["approval"])
            assert approved.code == 0, f"approved, it was not delivered:\n{approved.err}"
            assert [*server.journal.books.closed] == ["INV-0"], "what was approved as closed was not closed"

    @pytest.mark.parametrize("fault", _FAULTS)
    def test_whatever_goes_wrong_once_each_invoice_is_there_once(
        self, fault: Fault, arfeed_project: ArfeedProject, tmp_path: Path
    ) -> None:
        """Answers that are lost after the receiver has taken an invoice, 429, 500, half an answer."""
        faults = ApiFaults(_once(fault), let_in=True)
        with self._serving(arfeed_project, tmp_path, faults) as server:
            done = arfeed_project.deliver()
            assert done.code == 0, f"with {fault} at each first request, the delivery failed:\n{done.err}"
            self._check(server.journal.books)

    @pytest.mark.parametrize("step", [0, 1, 2, 3])
    def test_killed_at_any_step_the_next_run_converges(
        self, step: int, arfeed_project: ArfeedProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Before each kind of call, and before the PDFs."""
        with self._serving(arfeed_project, tmp_path) as server:
            code = arfeed_project.run("plan", "--json").json()["approval"]
            with monkeypatch.context() as patch:
                _kill_at(step, patch)
                try:
                    arfeed_project.run("sync", "--approve", code)
                except KilledError:
                    assert not server.journal.books.closed, "it was killed, and something is closed"
            done = arfeed_project.deliver()
            assert done.code == 0, f"killed before step {step}, the next run failed:\n{done.err}"
            self._check(server.journal.books)

    # ------------------------------------------------------------------------------------------------------------------

    @contextmanager
    def _serving(self, project: ArfeedProject, folder: Path, faults: ApiFaults | None = None) -> Iterator[ApiServer]:
        one = self._destination()
        rule = one.rehearsal()
        assert rule is not None, f"{one.name} has no rehearsal(), so there is no server to try it with"
        with serving(folder / "api", rule, faults or ApiFaults(let_in=True)) as server:
            source = {"use": "folder", "path": "erp.csv", "dates": "YMD", "documents": "pdf/{invoice_ref}.pdf"}
            destination = {"use": one.name, "url": server.url, **self.settings()}
            project.configure([self.plugin, "folder"], {"erp": source}, destination=destination)
            project.write({"erp.csv": as_csv(_invoices()), "pdf/INV-0.pdf": PDF})
            yield server

    def _destination(self) -> ApiDestination:
        settings = {"url": "https://api.example.com", **self.settings()}
        return self.destination(self.destination.Settings.model_validate(settings))

    def _check(self, books: ApiBooks) -> None:
        wanted = {invoice.invoice_ref: invoice.balance for invoice in _invoices()}
        assert {number: Decimal(owed) for number, owed in books.open.items()} == wanted, "its books are not the report"
        assert not books.closed, f"these were closed, and are open: {[*books.closed]}"
        pdfs = ["INV-0"] if self._destination().documents != "none" else []
        assert [*books.documents] == pdfs, f"it has the PDFs of {[*books.documents]}"


def _once(fault: Fault) -> Callable[[int, str, str], Fault | None]:
    seen: set[tuple[str, str]] = set()

    def choose(number: int, method: str, path: str) -> Fault | None:
        del number
        first = (method, path) not in seen
        seen.add((method, path))
        return fault if first else None

    return choose


def _invoices() -> list[Any]:
    return [replace(invoice, invoice_ref=f"INV-{number}") for number, invoice in enumerate(sample_invoices())]


def _kill_at(step: int, patch: pytest.MonkeyPatch) -> None:
    """Kill the run before the call of that number that sends something."""
    left = [step]

    def mortal(send: Callable[..., Any]) -> Callable[..., Any]:
        def sent(*arguments: Any, **options: Any) -> Any:
            if left[0] == 0:
                raise KilledError
            left[0] -= 1
            return send(*arguments, **options)

        return sent

    for name in ("send_calls", "send_documents"):
        patch.setattr(ApiRemote, name, mortal(getattr(ApiRemote, name)))
