"""`arfeed check`: the configuration, the history, the sources and the destination."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arfeed.cli.display.output import console, print_json
from arfeed.cli.options import DEFAULT_CONFIG, Config, Json

if TYPE_CHECKING:
    from arfeed.operations.check.finding import Finding, State

Probe = Annotated[
    bool, typer.Option("--probe", help="Also write, rename and remove a scratch file in the receiver's folders.")
]
Quick = Annotated[bool, typer.Option("--quick", help="Leave the rows of the sources unread.")]

_MARKS: dict[State, tuple[str, str]] = {"ok": ("✓", "green"), "doubt": ("!", "yellow"), "failed": ("✗", "red")}


def check(config: Config = DEFAULT_CONFIG, probe: Probe = False, quick: Quick = False, as_json: Json = False) -> None:
    """Check the configuration, the history, every source and the way to the destination.

    Writes nothing there, but for --probe.
    """
    code = run_checks(config, probe=probe, quick=quick, as_json=as_json)
    if code:
        raise SystemExit(code)


def run_checks(config: Path, *, probe: bool = False, quick: bool = False, as_json: bool = False) -> int:
    """Print what is found, a line each, and return the exit code."""
    from arfeed.cli.display.masking import read_feed
    from arfeed.operations.check.examination import examine
    from arfeed.runs.context import utc_now

    people = console(beside_json=as_json)
    findings: list[Finding] = []
    for finding in examine(read_feed(config), utc_now, probe=probe, quick=quick):
        findings.append(finding)
        mark, style = _MARKS[finding.state]
        people.print(f"{mark} {_line(finding)}", markup=False, style=style, soft_wrap=not people.is_terminal)
    code = max(finding.exit_code for finding in findings)
    if as_json:
        print_json({"ok": code == 0, "checks": [_as_data(finding) for finding in findings]})
    return code


def _line(finding: Finding) -> str:
    said = "; ".join(filter(None, [finding.said, finding.advice]))
    return f"{finding.what}: {said}" if said else finding.what


def _as_data(finding: Finding) -> dict[str, object]:
    return {
        "what": finding.what,
        "state": finding.state,
        "said": finding.said,
        "advice": finding.advice or None,
        "error": finding.said if finding.state == "failed" else None,
        **({"facts": dict(finding.facts)} if finding.facts else {}),
    }
