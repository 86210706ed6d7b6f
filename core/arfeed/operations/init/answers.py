"""The answers given on the command line, and who is asked for the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol

from arfeed.model.errors import ConfigError

_MOST_NAMED = 12
_ACCOUNT = "control_account."
_PREFIX = "prefix."
_TRUTHS = {"true": True, "false": False}

SIGN_OPTION = "--set sign.column=HEADING and --set sign.negative=WORD, or --set sign=false"

Complaint = Callable[[str], str | None]
"""Returns what is wrong with an answer, or None."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers given by options. None was not given; a blank text means that there is none."""

    config: Path
    sample: str | None = None
    source: str | None = None
    name: str | None = None
    dates: str | None = None
    currency: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    documents: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    timezone: str | None = None
    to: str | None = None
    key: str | None = None
    all_debts: bool = False
    only: Mapping[str, Sequence[str]] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    control_account: str | None = None
    control_columns: Mapping[str, str] = field(default_factory=dict)
    absent_means_paid: bool | None = None
    sign: Mapping[str, str | Sequence[str]] | Literal[False] | None = None
    prefixes: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The folder of plugins.toml, to which relative paths refer."""
        return self.config.absolute().parent

    def sorted_out(self) -> Answers:
        """Return the answers; a setting that has its own option is moved there."""
        rest = dict(self.settings)
        columns = {name.removeprefix(_ACCOUNT): rest.pop(name) for name in [*rest] if name.startswith(_ACCOUNT)}
        prefixes = {name.removeprefix(_PREFIX): rest.pop(name) for name in [*rest] if name.startswith(_PREFIX)}
        # One prefix for all kinds would not keep a credit note and an invoice of one number apart.
        if "prefix" in rest:
            raise ConfigError("--set prefix=…: name the kind of document, as in --set prefix.credit_note=CN-")
        sign = {name: rest.pop(name) for name in [*rest] if name.startswith("sign")}
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
            sign=_sign(sign),
            prefixes=prefixes,
        )


def _sign(said: Mapping[str, str]) -> Mapping[str, str | Sequence[str]] | Literal[False] | None:
    """Return the setting `sign`. Raise `ConfigError` unless it is false, or names a column and its negative words."""
    if not said:
        return None
    if said == {"sign": "false"}:
        return False
    if not {"sign.column", "sign.negative"} <= said.keys() <= {"sign.column", "sign.negative", "sign.positive"}:
        raise ConfigError(f"--set {next(iter(said))}=…: {SIGN_OPTION}")
    table: dict[str, str | Sequence[str]] = {"column": said["sign.column"]}
    lists = {name: said[f"sign.{name}"].split(",") for name in ("negative", "positive") if f"sign.{name}" in said}
    return table | lists


class Asker(Protocol):
    """Somebody who answers. `option` is the command line's option that would have answered the question."""

    def found(self, text: str) -> None:
        """Report what was found out."""

    def doubt(self, text: str) -> None:
        """Report what a person should check."""

    def ask(self, question: str, option: str, default: str | None = None, wrong: Complaint = lambda _: None) -> str:
        """Return a valid answer."""

    def choose(self, question: str, option: str, choices: Mapping[str, str], default: str | None = None) -> str:
        """Return one of the choices, each of which is explained."""

    def agree(self, question: str) -> bool:
        """Return whether the person agrees; if nobody can be asked, the options given are the agreement."""


class Unattended:
    """Nobody can be asked: what has no default must be given by an option."""

    def __init__(self, report: Callable[[str, str], None]) -> None:
        """Report findings by `report`, which takes a mark and a text."""
        self._report = report

    def found(self, text: str) -> None:
        """Report it."""
        self._report("✓", text)

    def doubt(self, text: str) -> None:
        """Report it."""
        self._report("!", text)

    def ask(self, question: str, option: str, default: str | None = None, wrong: Complaint = lambda _: None) -> str:
        """Return the default; raise `ConfigError` naming the option if there is none."""
        # Never a guess: what a person would have been asked decides about money.
        if default is None or wrong(default):
            raise ConfigError(f"{question} Not interactive; pass {option}")
        return default

    def choose(self, question: str, option: str, choices: Mapping[str, str], default: str | None = None) -> str:
        """Return the default; raise `ConfigError` naming option and choices if there is none."""
        if default is None:
            listed = "; ".join(f"{name}: {what}" for name, what in [*choices.items()][:_MOST_NAMED])
            # What the option says of each already is not told again.
            said = any(what.removeprefix("say ") in option for what in choices.values())
            told = "" if said else f". The choices are {listed}"
            raise ConfigError(f"{question} Not interactive; pass {option}{told}")
        return default

    def agree(self, question: str) -> bool:
        """Agree."""
        del question
        return True


def use_or_ask(
    asker: Asker, given: str | None, question: str, option: str, default: str | None, wrong: Complaint
) -> str:
    """Return the answer that was given, or ask. Raise `ConfigError` if the given answer is wrong."""
    if given is None:
        return asker.ask(question, option, default, wrong)
    if complaint := wrong(given):
        raise ConfigError(f"{option.split()[0]} {given}: {complaint}")
    return given
