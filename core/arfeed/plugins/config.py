"""plugins.toml: read, checked as a whole, and turned into sources, transforms and a destination."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from arfeed.model.errors import ArfeedError, ConfigError
from arfeed.model.parts import Connector, Destination, Notifier, Part, PartKind, Transform
from arfeed.model.settings import GuardSettings
from arfeed.model.text.secrets import VARIABLE, collect_secrets, look_up
from arfeed.plugins.feed import DESTINATION_NAME, BoardSettings, FeedSettings, ScheduleSettings
from arfeed.plugins.loading import Registry, close_match, describe_installed
from arfeed.plugins.shared import KEY, Resolved, resolve

_PASSWORD = re.compile(r"(://[^\s:/@]*:)[^\s'\"]*@")


@dataclass(frozen=True, slots=True)
class Project:
    """A feed, ready to run: its settings, and the parts that its plugins provide, in the file's order."""

    path: Path
    feed: FeedSettings
    sources: tuple[Connector, ...]
    transforms: tuple[Transform, ...]
    guards: GuardSettings
    destinations: Mapping[str, Destination]
    """By the names of [destinations.NAME]; that of [destination] has a blank one."""
    notifiers: tuple[Notifier, ...]
    registry: Registry
    variables: frozenset[str] = field(default=frozenset(), repr=False)
    """Values from the environment and the keyring; the settings' types decide which are secret."""
    shared: Mapping[str, Path] = field(default_factory=dict)
    """The file of each key that comes from a file which plugins.toml extends, as `destination.mode`."""
    board: BoardSettings = field(default_factory=BoardSettings)
    extended: tuple[Path, ...] = ()
    """The files that plugins.toml extends, one after the other."""
    schedule: ScheduleSettings | None = None

    @property
    def folder(self) -> Path:
        """The folder of plugins.toml, to which paths are relative."""
        return self.path.parent

    @property
    def destination(self) -> Destination:
        """The destination. Raise `ConfigError` if there are several, of which `choose` has to take one."""
        if len(self.destinations) > 1:
            raise ConfigError(
                f"{self.path.name} has {len(self.destinations)} destinations, {', '.join(self.destinations)}: choose "
                f"one, as in --destination {next(iter(self.destinations))}"
            )
        return next(iter(self.destinations.values()))

    @property
    def chosen(self) -> str:
        """The name of the destination as a command needs it; blank if the feed has the one of [destination] only."""
        return next(iter(self.destinations)) if len(self.destinations) == 1 else ""

    def choose(self, name: str) -> Project:
        """Return the feed as one that has this destination only. Raise `ConfigError` if it has none of that name."""
        if name not in self.destinations or not name:
            named = ", ".join(filter(None, self.destinations))
            there = f"; there are {named}" if named else ": it has the one of [destination] only, so leave the name out"
            raise ConfigError(f"--destination {name}: {self.path.name} has no [destinations.{name}]{there}")
        return replace(self, destinations={name: self.destinations[name]})

    def each(self) -> tuple[Project, ...]:
        """Return the feed once for each of its destinations, with that one only."""
        return tuple(replace(self, destinations={name: each}) for name, each in self.destinations.items())

    @property
    def secrets(self) -> frozenset[str]:
        """All secrets of the settings, which `mask_secrets` masks in a text."""
        shaping: list[Connector | Transform | Destination] = [*self.sources, *self.transforms]
        shaping += self.destinations.values()
        parts = [*shaping, *self.notifiers]
        return collect_secrets([self.feed, *(part.settings for part in parts)], self.variables)


_TABLES = (
    "plugins", "feed", "sources", "transforms", "guards", "destination", "destinations", "notifiers", "board",
    "schedule",
)  # fmt: skip


def read_project(path: Path, describe: Callable[[tuple[str, ...]], Registry] = describe_installed) -> Project:
    """Read a plugins.toml. Raise `ConfigError` with every mistake in it, each with its key and what was found.

    `describe` tells of plugins: whoever reads thousands of files gives one that remembers, since most enable the same.
    """
    return _Reader(path, _resolve(path), describe).project()


def parse_project(text: str, path: Path) -> Project:
    """Return what `read_project` would if the file had this text."""
    return _Reader(path, resolve(path, tomllib.loads(text), _parse)).project()


def enabled_plugins(path: Path) -> list[str]:
    """Return the `plugins` of a plugins.toml without validating the rest."""
    return _strings(_resolve(path).document.get("plugins", []))


def variables(path: Path) -> list[str]:
    """Return the names that a plugins.toml takes from the environment or the keyring, in the file's order."""
    return list(dict.fromkeys(_variables(_resolve(path).document)))


def resolved_settings(path: Path) -> dict[str, Any]:
    """Return what a plugins.toml says together with the files that it extends, as written: `${NAME}` stays that."""
    return _resolve(path).document


def _resolve(path: Path) -> Resolved:
    return resolve(path, _parse(path), _parse)


def _variables(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from VARIABLE.findall(value)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _variables(item)


class _Reader:
    """Reads one file, with those that it extends, and collects every mistake in them."""

    def __init__(
        self, path: Path, resolved: Resolved, describe: Callable[[tuple[str, ...]], Registry] = describe_installed
    ) -> None:
        self.path = path.absolute()
        self.describe = describe
        # All of them are reported together: a file that is set up by hand has several, and each round costs somebody
        # a run.
        self.mistakes: list[str] = []
        self.resolved = resolved
        self.document = self._interpolate_document(resolved.document)

    def project(self) -> Project:
        # A misspelt [guards] would otherwise leave every limit at its default without a word.
        for key in self.document.keys() - set(_TABLES):
            self._add_mistake(key, f"there is no such table{close_match(key, (*_TABLES, KEY))}")
        feed = self._settings("feed", FeedSettings, self._table("feed"))
        registry = self._registry()
        sources = [cast("Connector | None", part) for part in self._named(registry, "connector", "sources")]
        if not sources:
            self._add_mistake("sources", "missing; add a table such as [sources.xero-uk]")
        transforms = [self._part(registry, "transform", key, table) for key, table in self._steps()]
        known = [source.source for source in sources if source]
        for key, transform in zip((key for key, _ in self._steps()), transforms, strict=True):
            self._check_sources(key, cast("Transform | None", transform), known)
        guards = self._settings("guards", GuardSettings, self._table("guards"))
        board = self._settings("board", BoardSettings, self._table("board"))
        due = self._table("schedule")
        schedule = self._settings("schedule", ScheduleSettings, due) if due else None
        self._check_timezone(feed, sources)
        # Parts are made even after mistakes, so that those of later tables are found as well; they open nothing yet.
        destinations = self._destinations(registry)
        notifiers = self._named(registry, "notifier", "notifiers")
        if self.mistakes or not feed:
            raise ConfigError(*self.mistakes)
        return Project(
            self.path,
            cast("FeedSettings", feed),
            tuple(source for source in sources if source),
            tuple(cast("Transform", transform) for transform in transforms),
            cast("GuardSettings", guards),
            destinations,
            tuple(cast("Notifier", notifier) for notifier in notifiers),
            registry,
            frozenset(self._raw),
            self.resolved.origins,
            cast("BoardSettings", board),
            self.resolved.files,
            cast("ScheduleSettings | None", schedule),
        )

    def _destinations(self, registry: Registry) -> dict[str, Destination]:
        """Return the destinations that could be made, by name."""
        tables = dict(self._tables("destinations"))
        if "destinations" not in self.document:
            named = {"": ("destination", self._table("destination"))}
        else:
            named = {name: (f"destinations.{name}", table) for name, table in tables.items()}
            self._check_names(named)
        made = {name: self._part(registry, "destination", key, table) for name, (key, table) in named.items()}
        destinations = {name: cast("Destination", part) for name, part in made.items() if part}
        self._check_addresses({named[name][0]: each.settings.url for name, each in destinations.items()})
        return destinations

    def _check_names(self, names: Collection[str]) -> None:
        if "destination" in self.document:
            where = self.resolved.origin("destination") or self.path
            self._add_mistake(
                "destinations",
                f"beside it, {where.name} has [destination]; call that one [destinations.NAME] too, by any name: its "
                "history goes by the address",
            )
        if not names:
            self._add_mistake("destinations", "missing; add a table such as [destinations.kolleno]")
        for name in names:
            if not re.fullmatch(DESTINATION_NAME, name):
                self._add_mistake(f"destinations.{name}", "name it with letters, digits, - and _ only")

    def _check_addresses(self, urls: Mapping[str, str]) -> None:
        """Refuse two destinations with one address: each would take the other's reports for its own."""
        if len(urls) < 2:
            return
        from arfeed.sftp.address import destination_id

        seen: dict[str, str] = {}
        for key, url in urls.items():
            # The receiver on this machine to rehearse with is known by its name alone.
            try:
                address = url if url.startswith("rehearsal://") else destination_id(url)
            except ArfeedError as exc:
                self._add_mistake(f"{key}.url", str(exc))
                continue
            if address in seen:
                self._add_mistake(
                    f"{key}.url", f"[{seen[address]}] has the same address, {address}; remove one of them"
                )
            seen.setdefault(address, key)

    def _registry(self) -> Registry:
        enabled = _strings(self.document.get("plugins"))
        if not enabled:
            self._add_mistake("plugins", 'it must be a list of plugin names, such as ["xero", "kolleno"]')
        registry = self.describe((*enabled,))
        for mistake in registry.mistakes:
            self._add_mistake("plugins", mistake)
        return registry

    def _named(self, registry: Registry, kind: PartKind, key: str) -> list[Connector | Notifier | None]:
        """Return a part for each of the tables [key.NAME], None for one that can't be made."""
        return [self._one(registry, kind, f"{key}.{name}", name, table) for name, table in self._tables(key)]

    def _one(
        self, registry: Registry, kind: PartKind, key: str, name: str, table: dict[str, Any]
    ) -> Connector | Notifier | None:
        part = self._class(registry, kind, key, table)
        settings = self._settings(key, part.Settings, table) if part else None
        return cast("type[Connector] | type[Notifier]", part)(name, settings) if part and settings else None  # type: ignore[arg-type]

    def _part(
        self, registry: Registry, kind: PartKind, key: str, table: dict[str, Any]
    ) -> Transform | Destination | None:
        part = self._class(registry, kind, key, table)
        settings = self._settings(key, part.Settings, table) if part else None
        return cast("type[Transform]", part)(settings) if part and settings else None  # type: ignore[arg-type]

    def _class(self, registry: Registry, kind: PartKind, key: str, table: dict[str, Any]) -> Part | None:
        # Taken out, as it is not a setting of the part, and an unknown key would be refused.
        use = table.pop("use", None)
        if not isinstance(use, str):
            self._add_mistake(f"{key}.use", f"name the {kind}{close_match('', registry.parts[kind])}")
            return None
        try:
            return registry.find(kind, use)
        except ConfigError as exc:
            self._add_mistake(f"{key}.use", str(exc))
            return None

    def _settings(self, key: str, model: type[BaseModel], table: dict[str, Any]) -> BaseModel | None:
        try:
            # The folder goes along as context, since relative paths are meant from the file that states them, not from
            # where arfeed was started.
            context = {"folder": self.path.parent, "folders": self.resolved.folders(key)}
            return model.model_validate(table, context=context)
        except ValidationError as exc:
            for error in exc.errors(include_url=False):
                self._add_mistake(".".join([key, *map(str, error["loc"])]), _explain(error, model, self._raw))
            return None

    def _check_sources(self, key: str, transform: Transform | None, known: list[str]) -> None:
        for name in (transform.settings.sources or ()) if transform else ():
            if name not in known:
                self._add_mistake(f"{key}.sources", f"there is no source {name!r}{close_match(name, known)}")

    def _check_timezone(self, feed: BaseModel | None, sources: list[Connector | None]) -> None:
        aged = [source.source for source in sources if source and source.settings.max_age is not None]
        # Without a time zone nobody knows which day it is, and a source would be a day too old for some hours.
        if aged and isinstance(feed, FeedSettings) and feed.timezone is None:
            self._add_mistake(
                "feed.timezone", f"it is required, since sources.{aged[0]} has max_age: e.g. Europe/London"
            )

    def _table(self, key: str) -> dict[str, Any]:
        table = self.document.get(key, {})
        if not isinstance(table, dict):
            self._add_mistake(key, f"it must be a table, [{key}]")
            return {}
        return dict(table)

    def _tables(self, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, table in self._table(key).items():
            if isinstance(table, dict):
                yield name, dict(table)
            else:
                self._add_mistake(f"{key}.{name}", f"it must be a table, [{key}.{name}]")

    def _steps(self) -> list[tuple[str, dict[str, Any]]]:
        steps = self.document.get("transforms", [])
        if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
            self._add_mistake("transforms", "write each step as a table [[transforms]]")
            return []
        return [(f"transforms[{number}]", dict(step)) for number, step in enumerate(steps, 1)]

    def _add_mistake(self, key: str, text: str) -> None:
        line = f"{(self.resolved.origin(key) or self.path).name}: {key}: {text}"
        # One undefined variable may stand in several settings; it is one mistake.
        if line not in self.mistakes:
            self.mistakes.append(line)

    def _interpolate_document(self, raw: dict[str, Any]) -> dict[str, Any]:
        self._raw: set[str] = set()
        return cast("dict[str, Any]", self._interpolate(raw, ""))

    def _interpolate(self, value: object, key: str) -> object:
        if isinstance(value, dict):
            return {name: self._interpolate(item, f"{key}.{name}".lstrip(".")) for name, item in value.items()}
        if isinstance(value, list):
            return [self._interpolate(item, f"{key}[{number}]") for number, item in enumerate(value, 1)]
        # After TOML was parsed, so that a value can't add keys or end a text, whatever it holds.
        return VARIABLE.sub(lambda match: self._variable(match[1], key), value) if isinstance(value, str) else value

    def _variable(self, name: str, key: str) -> str:
        try:
            value = look_up(name)
        except LookupError as exc:
            self._add_mistake(key, str(exc))
            return ""
        # Kept to mask them: whether a value is secret depends on the setting it ends up in.
        self._raw.add(value)
        return value


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise ConfigError(
            f"{path}: there is no such file; go to the folder with your plugins.toml, name it with --config FILE, or "
            "make one with `arfeed init`"
        ) from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path}: it can't be read: {exc}; save it as UTF-8") from exc
    except OSError as exc:
        raise ConfigError(
            f"{path}: it can't be read: {exc.strerror}; fix that, or name another with --config FILE"
        ) from exc
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(
            f"{path.name}: it is not valid TOML: {exc}. Write texts in quotes; one with a backslash, such as a "
            r"Windows path, in single quotes: 'C:\exports'"
        ) from exc


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _explain(error: ErrorDetails, model: type[BaseModel], secrets: set[str]) -> str:
    """Return a message for a pydantic error: what was found, and what would be right."""
    where = str(error["loc"][-1]) if error["loc"] else ""
    if error["type"] == "extra_forbidden":
        return f"there is no such key{close_match(where, model.model_fields)}"
    if error["type"] == "missing":
        return f"it is required: {_description(model, where)}"
    text = error["msg"].removeprefix("Value error, ")
    return f"{_describe_found(error, model, secrets)}{text[0].lower()}{text[1:]}"


def _describe_found(error: ErrorDetails, model: type[BaseModel], secrets: set[str]) -> str:
    """Return what was found, unless it is a secret by its type, came from the environment, or is the whole table."""
    if not error["loc"]:
        return ""
    value = error.get("input")
    field = model.model_fields.get(str(error["loc"][0]))
    secret = field is not None and (field.annotation is SecretStr or SecretStr in get_args(field.annotation))
    if secret or any(text and text in str(value) for text in secrets):
        return "found a value that is not shown: "
    # A URL with a password is plain text to pydantic if it stands in a field where no secret was expected.
    shown = _PASSWORD.sub(r"\1***@", repr(value))
    return f"found {shown}: "


def _description(model: type[BaseModel], name: str) -> str:
    field = model.model_fields.get(name)
    return (field.description if field else None) or "a value"
