"""`arfeed check`: the configuration, the sources and the destination."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from arfeed.cli.options import DEFAULT_CONFIG, Config, Json
from arfeed.cli.output import console, print_json
from arfeed.errors import ArfeedError, DestinationError, SourceError

if TYPE_CHECKING:
    from arfeed.config import Project


@dataclass(frozen=True, slots=True)
class _Finding:
    what: str
    error: ArfeedError | None


Probe = Annotated[
    bool, typer.Option("--probe", help="Also write, rename and remove a scratch file in the receiver's folders.")
]


def check(config: Config = DEFAULT_CONFIG, probe: Probe = False, as_json: Json = False) -> None:
    """Check the configuration, every source and the way to the destination. Writes nothing, but for --probe."""
    from arfeed import pipeline
    from arfeed.cli.masking import read_feed
    from arfeed.desk import identity
    from arfeed.intake.documents import look

    project = read_feed(config)
    findings = [_Finding(str(config), None)]
    findings += [_tried(f"source {source.source} ({source.name})", source.check) for source in project.sources]
    with_pdfs = [source for source in project.sources if source.settings.documents]
    findings += [_tried(f"documents of {source.source}", partial(look, source)) for source in with_pdfs]
    findings.append(_tried(f"destination {identity(project)}", lambda: pipeline.reach(project)))
    if probe and findings[-1].error is None:
        findings += _probed(project)
    people = console(beside_json=as_json)
    for finding in findings:
        line = f"✗ {finding.what}: {finding.error}" if finding.error else f"✓ {finding.what}"
        people.print(line, markup=False, style="red" if finding.error else "green", soft_wrap=True)
    failed = [finding.error for finding in findings if finding.error]
    if as_json:
        data = [{"what": item.what, "error": str(item.error) if item.error else None} for item in findings]
        print_json({"ok": not failed, "checks": data})
    if failed:
        raise SystemExit(max(error.exit_code for error in failed))


def _probed(project: Project) -> list[_Finding]:
    from arfeed import pipeline

    try:
        tries = pipeline.probe(project)
    except ArfeedError as exc:
        return [_Finding("trying the destination out", exc)]
    advice = "Ask the receiver for the right to do so."
    return [
        _Finding(what, DestinationError(f"the server answered {error!r}. {advice}") if error else None)
        for what, error in tries
    ]


def _tried(what: str, attempt: Callable[[], None]) -> _Finding:
    try:
        attempt()
    except ArfeedError as exc:
        return _Finding(what, exc)
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - a stranger's check may raise anything
        return _Finding(what, SourceError(f"{type(exc).__name__}: {exc}"))
    return _Finding(what, None)
