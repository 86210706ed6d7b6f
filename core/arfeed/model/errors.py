"""Every error arfeed raises on purpose, grouped by what the caller can do about it.

ArfeedError
├── ConfigError         fix plugins.toml or the command line            exit 2
├── RefusedError        read the plan; approve it or fix the source     exit 3
├── SourceError         a source could not be read to its end           exit 4
│   └── ProblemsError   rows that are not invoices, all of them listed  exit 4
├── DestinationError    the receiver's server, or the way to it         exit 5
└── LockedError         another run is under way; wait for it           exit 6
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar


class ArfeedError(Exception):
    """The root of all expected errors; `exit_code` is what the command line ends with."""

    exit_code: ClassVar[int] = 1


class ConfigError(ArfeedError):
    """The configuration or the command line is wrong. `mistakes` holds every one found, a sentence each."""

    exit_code = 2

    def __init__(self, *mistakes: str) -> None:
        """Take all mistakes together."""
        # Kept apart as well, since the lines of one mistake can't be told from the next one's in the text.
        self.mistakes = mistakes
        super().__init__("\n".join(mistakes))


class RefusedError(ArfeedError):
    """The plan was reviewed and may not be delivered as it is."""

    exit_code = 3


class SourceError(ArfeedError):
    """A source failed, or did not prove that it was read completely: nothing is delivered."""

    exit_code = 4


class ProblemsError(SourceError):
    """Rows that are not valid invoices. Dropping one would mark it as paid, so all of them stop the run."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Take the problems as printable lines, grouped and shortened already."""
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


class DestinationError(ArfeedError):
    """The destination could not be reached, or rejected what was sent."""

    exit_code = 5


class LockedError(ArfeedError):
    """Another run holds the lock of this destination."""

    exit_code = 6


def worst_exit_code(codes: Iterable[int]) -> int:
    """Return the exit code that stands for those of several runs; 0 if there are none.

    It is the highest, but for that of a lock that another run holds: nothing is to be done about that one, so that it
    would hide the others from a scheduler.
    """
    return max(codes, key=lambda code: (code > 0, code != LockedError.exit_code, code), default=0)
