"""The plugins.toml that is being made: its settings with the reason for each, and how they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from arfeed.model.errors import ConfigError
from arfeed.plugins.toml_text import toml_key, toml_value

RECEIVER = "kolleno"
_WIDTH = 54
_KEEP = ("# Only these are what customers owe.", "[[transforms]]", 'use = "keep"')


@dataclass(frozen=True, slots=True)
class Line:
    """One setting, and the reason for it."""

    key: str
    value: object
    why: str = ""

    def __str__(self) -> str:
        """Write it as TOML, with the reason behind it."""
        pair = f"{toml_key(self.key)} = {toml_value(self.value)}"
        return f"{pair:<{_WIDTH}}  # {' '.join(self.why.split())}" if self.why else pair


@dataclass(slots=True)
class Draft:
    """A feed of one source. `destination` and `source` are the settings in their tables beside `use`."""

    name: str
    plugin: str = ""
    connector: str = ""
    about: str = ""
    source: list[Line] = field(default_factory=list)
    columns: list[Line] = field(default_factory=list)
    values: list[Line] = field(default_factory=list)
    only: list[Line] = field(default_factory=list)
    control_account: list[Line] = field(default_factory=list)
    destination: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    timezone: str | None = None
    send: list[str] = field(default_factory=list)
    """What to send to the receiver, a line each."""

    def text(self, today: date | None = None) -> str:
        """Return the file's text."""
        when = f" on {today}" if today else ""
        plugins = list(dict.fromkeys([self.plugin, "transforms", RECEIVER]))
        source = f"sources.{toml_key(self.connector)}"
        columns = [f"\n# What arfeed calls it = the heading in the file.\n[{source}.columns]"]
        values = [f"\n# What the file's words mean; false leaves a column alone.\n[{source}.values]"]
        account = [
            f"\n# A second report of what is owed, which finds what the list has lost.\n[{source}.control_account]"
        ]
        zone = [str(Line("timezone", self.timezone))] if self.timezone else []
        parts = [
            f"# Written by `arfeed init`{when}. All of it may be changed; `arfeed check` looks it over.",
            f"# `arfeed plugins show {self.plugin}` lists every setting of the source.",
            f"plugins = {toml_value(plugins)}",
            "",
            "[feed]",
            f"name = {toml_value(self.name)}",
            *zone,
            "# arfeed remembers here what it delivered last, and compares the next report with it. Keep this file.",
            'history = "sqlite:///.arfeed/history.db"',
            "",
            f"# {self.about or 'Where the invoices come from.'}",
            f"[{source}]",
            f"use = {toml_value(self.connector)}",
            *map(str, self.source),
            *([*columns, *map(str, self.columns)] if self.columns else []),
            *([*values, *map(str, self.values)] if self.values else []),
            *([*account, *map(str, self.control_account)] if self.control_account else []),
            *(["", *_KEEP, f"sources = {toml_value([self.connector])}", *map(str, self.only)] if self.only else []),
            "",
            "# Careful: an invoice that was in the last report and is missing from the new one is taken as PAID.",
            "[destination]",
            f'use = "{RECEIVER}"',
            'mode = "open-ar"',
            *map(str, self.destination),
            *(f"# {note}" for note in self.notes),
        ]
        return "\n".join(parts) + "\n"


def refuse_taken(file: Path) -> None:
    """Raise `ConfigError` if the file exists already."""
    if file.exists() or file.is_symlink():
        raise ConfigError(
            f"{file}: it already exists and was left as it is; `arfeed check` looks it over, and "
            "`arfeed init --config OTHER.toml` makes another feed"
        )


def write(draft: Draft, file: Path, today: date) -> None:
    """Write the file. Raise `ConfigError` if it exists already or can't be written."""
    refuse_taken(file)
    try:
        # Exclusively: another process may have written it since it was looked for.
        with file.open("x", encoding="utf-8") as target:
            target.write(draft.text(today))
    except OSError as exc:
        raise ConfigError(f"{file}: it can't be written: {exc.strerror}; name another with --config FILE") from exc


def find_setting(lines: Sequence[Line], key: str) -> object:
    """Return the value of a setting, None if it is not set."""
    return next((line.value for line in lines if line.key == key), None)
