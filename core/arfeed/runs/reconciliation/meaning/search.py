"""What was found out about an export so far, and who answers what stays open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from arfeed.model import schema
from arfeed.model.errors import ConfigError
from arfeed.model.fields import headings_of
from arfeed.runs.reconciliation.meaning.evidence import DISAGREES, Evidence

if TYPE_CHECKING:
    from arfeed.model.settings import ReconcileSettings


class Asker(Protocol):
    """Somebody who answers; raises `ConfigError` naming the setting if nobody does."""

    def choose(self, question: str, option: str, choices: Mapping[str, str], default: str | None = None) -> str:
        """Return one of the choices, each of which is explained."""


@dataclass(slots=True)
class Meaning:
    """What was found out about an export: its columns by canonical name, and the evidence for each of these settings.

    `left` are columns that are there and not compared, with the reason. `currencies` says what each symbol or word of
    its currencies means, where that needs no answer. `below` are the lines below the list.
    """

    columns: dict[str, str] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)
    decimal: str | None = None
    dates: str | None = None
    currencies: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)


class _Later:
    """Nobody is asked any more, since it is open already what something else means."""

    def choose(self, question: str, option: str, choices: Mapping[str, str], default: str | None = None) -> str:
        del choices, default
        raise ConfigError(f"{question} Say {option}")


@dataclass(slots=True)
class Search:
    """A search for the meaning of an export's columns; `excused` are those that the settings have left uncompared.

    `unanswered` is what is open, and was found out by the way: all of it is told at once.
    """

    evidence: Evidence
    settings: ReconcileSettings
    asker: Asker
    found: Meaning = field(default_factory=Meaning)
    excused: set[str] = field(default_factory=set)
    unanswered: list[str] = field(default_factory=list)

    def attempt(self, step: Callable[[], object]) -> None:
        """Take a step of the search, and go on with the next one if it stays open what it is about."""
        try:
            step()
        except ConfigError as exc:
            self.unanswered.append(str(exc))
            self.asker = _Later()

    def take(self, name: str, header: str, why: str) -> None:
        """Take a column for what a canonical name means."""
        self.found.columns[name] = header
        self.found.evidence[name] = why

    def free(self) -> list[str]:
        """Return the headings that were not taken, and that the settings do not pass over."""
        taken = {*headings_of(self.found.columns), *self.list_ignored(), *self.excused}
        return [name for name in self.evidence.headers if name not in taken]

    def list_ignored(self) -> list[str]:
        """Return the headings that the settings pass over."""
        return [name for name in self.evidence.headers if self.passes_over(name) is not None]

    def passes_over(self, header: str) -> list[str] | Literal["texts", "anything"] | None:
        """Return which words of a heading's column the settings pass over; None if they do not name it."""
        said = self.settings.passed_over.items()
        return next((words for name, words in said if _same(name) == _same(header)), None)

    def has(self, header: str) -> bool:
        """Whether the export has a heading, letter case and blanks around it aside."""
        return _same(header) in map(_same, self.evidence.headers)

    def called(self, name: str) -> list[str]:
        """Return the free headings that are called like a column, though their values are not like its."""
        return [header for header in self.evidence.proposal.called.get(name, ()) if header in self.free()]

    def named(self, name: str) -> str | None:
        """Return the heading that is called like a column, also if some of its values can't be read."""
        if header := self.evidence.proposal.columns.get(name):
            return header
        good = [each for each in self.called(name) if (self.evidence.agreement(name, each) or 0) >= DISAGREES]
        return good[0] if len(good) == 1 else None

    def ask(self, name: str, headers: Sequence[str], found: str = "", instead: str = "") -> str:
        """Ask for a column; `found` is why that is open, and `instead` what else the settings may say."""
        meaning = next(column.meaning for column in schema.COLUMNS if column.name == name)
        choices = {header: self._explained(header) for header in dict.fromkeys(headers)}
        option = f'columns.{name} = "HEADING" in [destination.reconcile]'
        question = f"Which column of the export holds {meaning}?"
        question, option = (
            (f"{found}. {question}" if found else question),
            (f"{option}, or {instead}" if instead else option),
        )
        try:
            return self.asker.choose(question, option, choices)
        except ConfigError:
            self.excused.update(choices)  # they are not asked about twice
            raise

    def _explained(self, header: str) -> str:
        if header not in self.evidence.texts:
            return "what is left of the one"
        return f"such as {self.evidence.example(header)}"


def _same(header: str) -> str:
    return header.strip().casefold()
