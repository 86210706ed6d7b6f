"""What was said beforehand, and whom to ask for the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from arfeed.model.errors import ConfigError

_MOST_NAMED = 12
_ACCOUNT = "control_account."
_TRUTHS = {"true": True, "false": False}

Complaint = Callable[[str], str | None]
"""Says what is wrong with an answer; None where nothing is."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the command line says already. None is not said; a blank text says that there is none."""

    config: Path
    sample: str | None = None
    source: str | None = None
    name: str | None = None
    dates: str | None = None
    currency: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    documents: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    timezone: str | None = None
    to: str | None = None
    key: str | None = None
    all_debts: bool = False
    control_account: str | None = None
    control_columns: Mapping[str, str] = field(default_factory=dict)
    absent_means_paid: bool | None = None

    @property
    def folder(self) -> Path:
        """The folder of plugins.toml, which relative paths start from."""
        return self.config.absolute().parent

    def sorted_out(self) -> Answers:
        """Return the answers, those that have an option of their own taken out of the settings."""
        rest = dict(self.settings)
        columns = {name.removeprefix(_ACCOUNT): rest.pop(name) for name in [*rest] if name.startswith(_ACCOUNT)}
        path, absent = columns.pop("path", self.control_account), rest.get("absent_means_paid")
        if absent in _TRUTHS:
            del rest["absent_means_paid"]
        return replace(
            self,
            dates=rest.pop("dates", self.dates),
            currency=rest.pop("currency", self.currency),
            documents=rest.pop("documents", self.documents),
            settings=rest,
            control_account=path,
            control_columns=columns,
            absent_means_paid=_TRUTHS.get(absent or "", self.absent_means_paid),
        )


class Asker(Protocol):
    """Somebody to talk to. `option` is the one of the command line that would have answered."""

    def found(self, text: str) -> None:
        """Say what was found out."""

    def doubt(self, text: str) -> None:
        """Say what somebody should look at."""

    def ask(self, question: str, option: str, default: str | None = None, wrong: Complaint = lambda _: None) -> str:
        """Return an answer that is not wrong."""

    def choose(self, question: str, option: str, choices: Mapping[str, str], default: str | None = None) -> str:
        """Return one of the choices, each of which has its explanation."""

    def agree(self, question: str) -> bool:
        """Return whether somebody agrees; without anybody there, everything that was said before is agreed to."""


class Unattended:
    """Nobody is there: what has no default must have been said by an option."""

    def __init__(self, say: Callable[[str, str], None]) -> None:
        """Take where what is found goes: a mark and a text."""
        self._say = say

    def found(self, text: str) -> None:
        """Say it."""
        self._say("✓", text)

    def doubt(self, text: str) -> None:
        """Say it."""
        self._say("!", text)

    def ask(self, question: str, option: str, default: str | None = None, wrong: Complaint = lambda _: None) -> str:
        """Return the default; raise `ConfigError` naming the option where there is none."""
        if default is None or wrong(default):
            raise ConfigError(f"{question} Nobody is there to ask, so say it: {option}")
        return default

    def choose(self, question: str, option: str, choices: Mapping[str, str], default: str | None = None) -> str:
        """Return the default; raise `ConfigError` naming option and choices where there is none."""
        if default is None:
            listed = "; ".join(f"{name}: {what}" for name, what in [*choices.items()][:_MOST_NAMED])
            raise ConfigError(f"{question} Nobody is there to ask, so say it: {option}. There are {listed}")
        return default

    def agree(self, question: str) -> bool:
        """Agree."""
        del question
        return True


def answered(asker: Asker, said: str | None, question: str, option: str, default: str | None, wrong: Complaint) -> str:
    """Return what was said, or ask. Raise `ConfigError` where what was said is wrong."""
    if said is None:
        return asker.ask(question, option, default, wrong)
    if complaint := wrong(said):
        raise ConfigError(f"{option.split()[0]} {said}: {complaint}")
    return said
