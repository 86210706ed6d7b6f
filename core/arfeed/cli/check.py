"""`arfeed check`: the configuration, the sources and the destination, without writing anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from arfeed.cli.options import DEFAULT_CONFIG, Config, Json
from arfeed.cli.output import console, print_json
from arfeed.errors import ArfeedError, SourceError


@dataclass(frozen=True, slots=True)
class _Finding:
    what: str
    error: ArfeedError | None


def check(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Check the configuration, every source and the way to the destination. Writes nothing."""
    from arfeed import pipeline
    from arfeed.cli.masking import read_feed
    from arfeed.desk import identity

    project = read_feed(config)
    findings = [_Finding(str(config), None)]
    findings += [_tried(f"source {source.source} ({source.name})", source.check) for source in project.sources]
    findings.append(_tried(f"destination {identity(project)}", lambda: pipeline.reach(project)))
    people = console(beside_json=as_json)
    for finding in findings:
        line = f"✗ {finding.what}: {finding.error}" if finding.error else f"✓ {finding.what}"
        people.print(line, markup=False, style="red" if finding.error else "green")
    failed = [finding.error for finding in findings if finding.error]
    if as_json:
        data = [{"what": item.what, "error": str(item.error) if item.error else None} for item in findings]
        print_json({"ok": not failed, "checks": data})
    if failed:
        raise SystemExit(max(error.exit_code for error in failed))


def _tried(what: str, attempt: Callable[[], None]) -> _Finding:
    try:
        attempt()
    except ArfeedError as exc:
        return _Finding(what, exc)
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - a stranger's check may raise anything
        return _Finding(what, SourceError(f"{type(exc).__name__}: {exc}"))
    return _Finding(what, None)
