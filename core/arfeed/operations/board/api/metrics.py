"""What Prometheus asks for: how each feed stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, get_args

from arfeed.operations.board.api.models import Feed, FeedState
from arfeed.operations.board.application import Application, Path
from arfeed.operations.board.lookup import Overview, look_at_all, visible_feeds
from arfeed.operations.board.tables import now
from arfeed.operations.many.metrics import Metric, families

if TYPE_CHECKING:
    from prometheus_client.metrics_core import GaugeMetricFamily
    from starlette.responses import Response

    from arfeed.operations.board.access.guard import Visit


def show_metrics(application: Application, visit: Visit, path: Path) -> Response:
    """Answer with the feeds that the token may see, in Prometheus' text format."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
    from starlette.responses import Response

    del path
    overviews = look_at_all(application, [*visible_feeds(application, visit)])
    registry = CollectorRegistry()
    state = Gauge("arfeed_feed_state", "1 for the state that the feed is in", ("feed", "state"), registry=registry)
    for feed in map(Feed.of, overviews):
        for each in get_args(FeedState):
            state.labels(feed.name, each).set(feed.state == each)
    registry.register(_Collected(_metrics(overviews)))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Collected:
    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[GaugeMetricFamily]:
        return families(self._metrics)


def _metrics(overviews: Sequence[Overview]) -> Sequence[Metric]:
    waiting = {each.feed.name: each.waiting.missing if each.waiting else 0 for each in overviews}
    moment = now()
    last = {feed.name: feed.last_delivery for feed in map(Feed.of, overviews) if feed.last_delivery}
    return (
        Metric(
            "last_delivery_timestamp_seconds",
            "When the last report was delivered",
            {name: delivery.at.timestamp() for name, delivery in last.items()},
        ),
        Metric(
            "open_invoices",
            "Open invoices in the last report",
            {name: delivery.open_invoices for name, delivery in last.items()},
        ),
        Metric(
            "marked_as_paid_invoices",
            "Invoices that the last report marked as paid",
            {name: delivery.marked_as_paid for name, delivery in last.items()},
        ),
        Metric(
            "next_run_timestamp_seconds",
            "When a fleet runs the feed next",
            {each.feed.name: due.timestamp() for each in overviews if (due := each.feed.next_run(moment))},
        ),
        Metric("invoices_to_approve", "Invoices that the waiting plan would mark as paid", waiting),
    )
