"""The available connectors, and which of them fits a file."""

from __future__ import annotations

import glob
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from arfeed.model.errors import ConfigError, SourceError
from arfeed.model.parts import Connector
from arfeed.model.settings import FileSettings
from arfeed.plugins.loading import close_match, describe_installed, load
from arfeed.tables.dbase import is_dbase
from arfeed.tables.files.search import find_files
from arfeed.tables.separated.text import find_encoding
from arfeed.tables.workbook.sheets import is_workbook

OWN = "arfeed"
"""Our distribution: its plugins are asked about a file. A third-party plugin is imported only if somebody names it."""

ANY_TABLE = "folder"
"""The connector that reads any table, once its headings are explained."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A connector, and the plugin that must be enabled for it."""

    plugin: str
    connector: type[Connector]

    @property
    def description(self) -> str:
        """Its own description, in one line."""
        return (self.connector.__doc__ or "").strip().partition("\n")[0]

    @property
    def reads_files(self) -> bool:
        """Whether it reads exported files."""
        return issubclass(self.connector.Settings, FileSettings)


def own_offers() -> dict[str, Offer]:
    """Return our own connectors by name."""
    return _offers([info.name for info in describe_installed().installed if info.distribution == OWN])


def third_party_plugins() -> list[str]:
    """Return the names of third-party plugins, without importing them."""
    return [info.name for info in describe_installed().installed if info.name and info.distribution != OWN]


def offer(name: str) -> Offer:
    """Return a connector by its name or its plugin's. Raise `ConfigError` that lists the available ones."""
    # Ours first: a third party's plugin of the same name must not be imported by chance.
    ours, theirs = own_offers(), third_party_plugins()
    if name in ours:
        return ours[name]
    if name not in theirs:
        raise ConfigError(f"there is no connector {name!r}{close_match(name, [*ours, *theirs])}")
    load([name])  # raises with what is wrong with it
    found = _offers([name])
    if not found:
        raise ConfigError(f"the plugin {name!r} offers no connector{close_match('', ours)}")
    return found.get(name) or next(iter(found.values()))


def _offers(plugins: list[str]) -> dict[str, Offer]:
    registry = describe_installed(plugins)
    found: dict[str, Offer] = {}
    for info in registry.infos.values():
        for name, part in registry.parts["connector"].items():
            if f"connector {name}" in info.provides and issubclass(part, Connector):
                found[name] = Offer(info.name, part)
    return found


def configure_for(offer: Offer, sample: Path, settings: Mapping[str, object]) -> Connector:
    """Return the connector, set to read just this file."""
    # No settling time: the sample is not being written while somebody answers questions about it.
    values = {"path": glob.escape(str(sample.absolute())), "settle_seconds": 0, **settings}
    try:
        return offer.connector(offer.connector.name, offer.connector.Settings.model_validate(values))
    except ValidationError as exc:
        error = exc.errors(include_url=False)[0]
        name = ".".join(map(str, error["loc"]))
        raise ConfigError(f"--set {name}=…: found {error['input']!r}: {error['msg']}") from None


def recognize_connector(sample: Path, sheet: str | None = None) -> Offer:
    """Return the connector that a file is for. Raise `SourceError` if no connector can read it.

    A file of a known system that can't be a source is refused by that system's connector, with what to export instead.
    """
    find_files(FileSettings.model_validate({"path": glob.escape(str(sample.absolute()))}))
    if not sample.stat().st_size:
        raise SourceError(f"{sample}: it is empty; export it again")
    is_workbook(str(sample))  # raises for a file that is not a table, naming what it is
    ours = own_offers()
    known = {"encoding": encoding_of(sample), "sheet": sheet}
    for one in ours.values():
        # The one that reads any table would claim every file, so it comes last.
        if one.reads_files and one.connector.name != ANY_TABLE:
            connector = configure_for(one, sample, known)
            if _claims(connector):
                # A file of a known system that is the wrong report is refused here, with the one to export instead.
                connector.check()
                return one
    return ours[ANY_TABLE]


def encoding_of(sample: Path) -> str | None:
    """Return the encoding that has to be named; None for Excel files, UTF-8, and files that declare it."""
    if is_dbase(str(sample)) or is_workbook(str(sample)):
        return None
    return "cp1252" if find_encoding(str(sample), None, fallback="cp1252") == "cp1252" else None


def _claims(connector: Connector) -> bool:
    try:
        return connector.recognizes()
    except SourceError:
        return False
