"""How feeds are, for Prometheus: as its client's metrics, or as a file for its node exporter (textfile collector)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from arfeed.operations.many.outcome import Outcome

if TYPE_CHECKING:
    from prometheus_client.metrics_core import GaugeMetricFamily

_PREFIX = "arfeed_feed_"


@dataclass(frozen=True, slots=True)
class Metric:
    """A gauge with a value for each feed."""

    name: str
    help: str
    values: Mapping[str, float]


def families(metrics: Iterable[Metric]) -> Iterator[GaugeMetricFamily]:
    """Yield metrics as Prometheus' client writes them; it comes with the extras that answer requests."""
    from prometheus_client.metrics_core import GaugeMetricFamily

    for metric in metrics:
        family = GaugeMetricFamily(f"{_PREFIX}{metric.name}", metric.help, labels=["feed"])
        for feed, value in metric.values.items():
            family.add_metric([feed], value)
        yield family


def write_metrics(file: Path, outcomes: Mapping[str, Outcome], delivered: Mapping[str, float], now: float) -> None:
    """Replace a file with what is known of each feed, by name. Raise `OSError` if it can't be written.

    `outcomes` are of this run, `delivered` the Unix times at which feeds were delivered last.
    """
    lines = [line for metric in _metrics(outcomes, delivered) for line in _lines(metric)]
    lines += ["# HELP arfeed_run_timestamp_seconds When sync --all ended.", "# TYPE arfeed_run_timestamp_seconds gauge"]
    lines.append(f"arfeed_run_timestamp_seconds {now:.3f}")
    # At once: the exporter may read at any time, and takes no file whose name does not end with .prom.
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")
        os.replace(part, file)  # noqa: PTH105 - Path.replace does the same; this is the call that is atomic
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _metrics(outcomes: Mapping[str, Outcome], delivered: Mapping[str, float]) -> Sequence[Metric]:
    counts = {name: outcome.counts for name, outcome in outcomes.items()}
    return (
        Metric("exit_code", "Exit code of the last run.", {name: each.code for name, each in outcomes.items()}),
        Metric("run_seconds", "How long the last run took.", {name: each.seconds for name, each in outcomes.items()}),
        Metric("open_invoices", "Documents in the last plan.", {name: of[0] for name, of in counts.items() if of}),
        Metric(
            "missing_invoices",
            "Invoices that the last plan marks as paid.",
            {name: of[1] for name, of in counts.items() if of},
        ),
        Metric("last_delivery_timestamp_seconds", "When a report was delivered last.", delivered),
    )


def _lines(metric: Metric) -> Iterator[str]:
    name = f"{_PREFIX}{metric.name}"
    yield f"# HELP {name} {metric.help}"
    yield f"# TYPE {name} gauge"
    for feed, value in sorted(metric.values.items()):
        label = feed.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
        yield f'{name}{{feed="{label}"}} {value:.15g}'
