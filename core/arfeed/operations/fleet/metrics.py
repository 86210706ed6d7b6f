"""What Prometheus asks a worker for: the runs of this worker, and how all feeds of the fleet stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Summary, start_http_server
from prometheus_client.registry import Collector

from arfeed.model.errors import ArfeedError, ConfigError
from arfeed.operations.many.metrics import Metric, families

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric as Family

    from arfeed.operations.fleet.messages import Report
    from arfeed.operations.fleet.store import Entry, Fleet


class Metrics:
    """Counts the runs of one worker, and asks the database how the feeds stand whenever it is asked itself."""

    def __init__(self, fleet: Fleet) -> None:
        """Count from nothing, as Prometheus expects of a process that was started."""
        self.registry = CollectorRegistry()
        self.registry.register(_Feeds(fleet))
        self._runs = Counter("arfeed_runs", "Runs that have ended", ["outcome"], registry=self.registry)
        self._seconds = Summary("arfeed_run_seconds", "How long runs took", registry=self.registry)
        self._phases = Summary("arfeed_phase_seconds", "How long their phases took", ["phase"], registry=self.registry)
        self._invoices = Counter("arfeed_delivered_invoices", "Invoices in reports delivered", registry=self.registry)
        self._closed = Counter(
            "arfeed_marked_as_paid_invoices", "Invoices that they marked as paid", ["evidence"], registry=self.registry
        )

    def count(self, report: Report) -> None:
        """Count a run that has ended."""
        self._runs.labels(report.ended.outcome).inc()
        self._seconds.observe(report.ended.seconds)
        self._invoices.inc(report.invoices)
        for phase, seconds in report.seconds.items():
            self._phases.labels(phase).observe(seconds)
        for evidence, number in report.closed.items():
            self._closed.labels(evidence).inc(number)

    def serve(self, host: str, port: int) -> None:
        """Answer requests in the background. Raise `ConfigError` if the port can't be held."""
        try:
            start_http_server(port, host, registry=self.registry)
        except OSError as exc:
            raise ConfigError(f"--metrics {host}:{port}: it can't be listened at: {exc.strerror or exc}") from exc


class _Feeds(Collector):
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def collect(self) -> Iterator[Family]:
        try:
            entries = self._fleet.entries()
        except ArfeedError:
            return iter(())  # without the database this worker still counts its runs
        return families(of_feeds(entries))


def of_feeds(entries: Sequence[Entry]) -> Sequence[Metric]:
    """Return how feeds stand."""
    ended = [entry for entry in entries if entry.exit_code is not None]
    return (
        Metric("exit_code", "Exit code of the last run", {each.name: each.exit_code or 0 for each in ended}),
        Metric("runs_in_a_row", "Runs that ended with it, one after the other", {e.name: e.in_a_row for e in ended}),
        Metric("to_approve", "1 if a plan waits for approval", {e.name: e.approval is not None for e in entries}),
        Metric(
            "mistaken", "1 if the feed can't be run as it was registered", {e.name: e.mistake != "" for e in entries}
        ),
        Metric(
            "last_delivery_timestamp_seconds",
            "When the last report was delivered",
            {each.name: each.delivered_at.timestamp() for each in entries if each.delivered_at},
        ),
        Metric(
            "next_run_timestamp_seconds",
            "When the feed is due next",
            {each.name: each.next_due.timestamp() for each in entries if each.next_due and not each.paused},
        ),
    )
