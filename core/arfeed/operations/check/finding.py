"""One thing that was checked, and what was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from arfeed.model.errors import ArfeedError, SourceError

State = Literal["ok", "doubt", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was checked, what was found, and what to do about it; `facts` are the same for programs."""

    what: str
    state: State
    said: str = ""
    advice: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    exit_code: int = 0


def ok(what: str, said: str = "", **facts: object) -> Finding:
    """Return the finding that something is as it should be."""
    return Finding(what, "ok", said, facts=facts)


def doubt(what: str, said: str, advice: str, **facts: object) -> Finding:
    """Return the finding that something may be wrong, and what to do about it; the exit code stays 0."""
    return Finding(what, "doubt", said, advice, facts)


def make_failure(what: str, error: BaseException) -> Finding:
    """Return a finding of what was raised. An unexpected error comes from a plugin: its source has failed."""
    if isinstance(error, ArfeedError):
        return Finding(what, "failed", str(error), exit_code=error.exit_code)
    return Finding(what, "failed", f"{type(error).__name__}: {error}", exit_code=SourceError.exit_code)


def under_name(named: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield findings about one of several destinations under its name; blank if there is one only."""
    for finding in findings:
        yield replace(finding, what=f"{named}: {finding.what}") if named else finding
