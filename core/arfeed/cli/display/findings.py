"""What the checks find, as one line each and as data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from arfeed.operations.check.finding import Finding, State

_MARKS: dict[State, tuple[str, str]] = {"ok": ("✓", "green"), "doubt": ("!", "yellow"), "failed": ("✗", "red")}


def show_findings(findings: Iterable[Finding], people: Console) -> list[Finding]:
    """Print each finding as soon as it is there, since a source may take minutes to read. Return them all."""
    shown = []
    for finding in findings:
        shown.append(finding)
        mark, style = _MARKS[finding.state]
        # Wrapped for people; in a log each finding stays one line, so that it can be searched.
        people.print(f"{mark} {_line(finding)}", markup=False, style=style, soft_wrap=not people.is_terminal)
    return shown


def _line(finding: Finding) -> str:
    text = "; ".join(filter(None, [finding.said, finding.advice]))
    return f"{finding.what}: {text}" if text else finding.what


def finding_as_data(finding: Finding) -> dict[str, object]:
    """Return a finding as `check --json` prints it."""
    return {
        "what": finding.what,
        "state": finding.state,
        "said": finding.said,
        "advice": finding.advice or None,
        "error": finding.said if finding.state == "failed" else None,
        **({"facts": dict(finding.facts)} if finding.facts else {}),
    }
