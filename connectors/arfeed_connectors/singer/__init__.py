"""Any Singer tap, run as its own process and without state: the whole of its streams, or nothing.

Messages: https://hub.meltano.com/singer/spec
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, Secret

from arfeed import Complete, Connector, Location, SourceError, hookimpl
from arfeed_connectors.records import Records, RecordSettings, named, texts
from arfeed_connectors.singer.catalog import incremental, is_bookmarked, message_names, select
from arfeed_connectors.singer.process import Running, Tap, private_place

if TYPE_CHECKING:
    import pandas as pd

ARFEED_CONTRACT = 1

# Nothing else of arfeed's environment: it holds the secrets of other sources.
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
_START = "start_date"


def _without_state(command: list[str]) -> list[str]:
    if any(argument.split("=")[0] in ("--state", "-s") for argument in command):
        raise ValueError("a tap with a state gives only what changed, which would mark the rest as paid; leave it out")
    return command


class Singer(Connector):
    """The streams of a Singer tap."""

    name = "singer"

    class Settings(RecordSettings):
        """Settings of the connector `singer`."""

        command: Annotated[list[str], AfterValidator(_without_state)] = Field(
            min_length=1, examples=[["taps/xero/bin/tap-xero"]], description="The tap's executable and arguments."
        )
        config: Secret[dict[str, Any]] | Location | None = Field(
            default=None,
            examples=["tap.json"],
            description="The tap's configuration: a table, kept secret, or a separate JSON file.",
        )
        catalog: Location | None = Field(default=None, description="The tap's catalog; asked of the tap if unset.")
        streams: list[str] = Field(min_length=1, examples=[["invoices"]], description="The streams to read.")
        incremental: Literal["from-start"] | None = Field(
            default=None, description='"from-start" takes incremental streams, as they are without a state.'
        )
        environment: list[str] = Field(
            default_factory=list, description="Environment variables that the tap may see beside PATH, HOME and locale."
        )
        working_folder: Location = Field(
            default=".", validate_default=True, description="Where the tap runs; the folder of plugins.toml if unset."
        )
        silence_seconds: float = Field(default=600, gt=0, description="How long the tap may stay silent.")

    settings: Settings

    def invoices(self) -> Generator[pd.DataFrame, None, Complete]:
        """Yield the last record of each key once the tap has ended well. Taps have no control total."""
        records = Records(self.settings)
        with named(self.source), self._tap() as tap:
            catalog = self._catalog(tap)
            file = Path(tap.place.folder, "catalog.json")
            file.write_text(json.dumps(catalog), encoding="utf-8")
            with tap.running("--catalog", str(file)) as process:
                messages = _Messages(self.settings, message_names(catalog, self.settings.streams), records)
                messages.read(process)
        # Only after the tap has ended well: until then any record may still be replaced by a later one.
        yield from records.frames()
        return Complete(lists_closed=records.lists_closed, notes=(*self._notes(tap), *records.notes()))

    def check(self) -> None:
        """Check that the tap runs, and that its catalog has the streams."""
        with named(self.source), self._tap() as tap:
            self._catalog(tap)

    @contextmanager
    def _tap(self) -> Iterator[Tap]:
        """Prepare the tap with its configuration, which nobody else can read and which is removed in the end."""
        settings, config = self.settings, self._config()
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        for name in settings.environment:
            if name not in os.environ:
                raise SourceError(f"the environment variable {name!r} is not set; export it before running arfeed")
            environment[name] = os.environ[name]
        # Only the tap knows which values are secret, so all are masked but start_date, which the plan shows.
        secrets = tuple(texts([{**config, _START: None}, [environment[name] for name in settings.environment]]))
        with private_place() as place:
            file = settings.config
            if isinstance(file, Secret):
                file = str(Path(place.folder, "config.json"))
                # Created with its mode: a chmod afterwards would leave a moment in which others can read it.
                with open(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w", encoding="utf-8") as text:  # noqa: PTH123 - the mode is the point
                    json.dump(config, text)
            arguments = ["--config", file] if file else []
            command = (self._executable(), *settings.command[1:], *arguments)
            yield Tap(command, place, settings.working_folder, environment, settings.silence_seconds, secrets)

    def _executable(self) -> str:
        """Return the tap's path: relative ones start from the working folder, plain names are looked up in PATH."""
        name = self.settings.command[0]
        if "/" in name:
            return str(Path(self.settings.working_folder, Path(name).expanduser()))
        return shutil.which(name) or name

    def _config(self) -> Mapping[str, Any]:
        config = self.settings.config
        if isinstance(config, Secret):
            return config.get_secret_value()
        return _object(config, "config") if config else {}

    def _catalog(self, tap: Tap) -> Mapping[str, Any]:
        """Return the catalog with the streams selected. Raise `SourceError` if the tap would give only a part."""
        settings = self.settings
        found = _object(settings.catalog, "catalog") if settings.catalog else _discover(tap)
        catalog = select(found, settings.streams)
        said = incremental(catalog, settings.streams)
        if said and not settings.incremental:
            raise SourceError(
                f"the catalog says {'; '.join(said)}: an incremental stream gives what changed, which would mark the "
                "rest as paid; if the tap can read all of it, set FULL_TABLE in your own `catalog`, or set "
                'incremental = "from-start" to take what it gives without a state'
            )
        if settings.absent_means_paid and (said or _START in self._config()):
            raise SourceError(
                "absent_means_paid = true can't be relied on for a tap that reads from a start_date on or "
                "incrementally: what it leaves out may be open; remove absent_means_paid"
            )
        return catalog

    def _notes(self, tap: Tap) -> Iterator[str]:
        yield f"{', '.join(self.settings.streams)} read by {_version(tap.command[0])}, without state"
        if self.settings.incremental:
            yield 'incremental = "from-start": whether the tap gives everything without a state is not known here'
        start = self._config().get(_START)
        if start:
            yield f"the tap reads from start_date {start} on: it leaves out older documents, open ones too"


class _Messages:
    """The messages of a tap, one by one."""

    def __init__(self, settings: Singer.Settings, streams: Iterable[str], records: Records) -> None:
        self._whole = settings.incremental is None
        self._keys: dict[str, list[str] | None] = dict.fromkeys(streams)
        self._records = records

    def read(self, process: Running) -> None:
        """Take every message. Raise `SourceError` for anything else, and unless each stream was described."""
        for number, line in enumerate(process.lines(), 1):
            try:
                self._take(json.loads(line, parse_float=Decimal))
            # A line that can't be understood may have been a record, so it is never skipped.
            except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as exc:
                raise process.failure(
                    f"line {number} of what the tap writes to stdout is not a Singer message ({type(exc).__name__}): "
                    f"{process.shown(line)}"
                ) from exc
        # Even an empty stream is described by its SCHEMA; without one the tap has not read it at all.
        silent = [stream for stream, keys in self._keys.items() if keys is None]
        if silent:
            raise process.failure(f"the tap ended without describing {', '.join(silent)} (no SCHEMA message)")

    def _take(self, message: Mapping[str, Any]) -> None:
        kind = message["type"]
        if kind == "STATE":
            self._refuse_bookmarks(message["value"])
        # A BATCH, for example, points to files of records, which would then be missing.
        elif kind not in ("SCHEMA", "RECORD", "ACTIVATE_VERSION"):
            raise SourceError(f"the tap writes a message {kind!r}, which is not read here; set it up without")
        elif message["stream"] in self._keys:
            self._take_of_stream(kind, message["stream"], message)

    def _take_of_stream(self, kind: str, stream: str, message: Mapping[str, Any]) -> None:
        keys = self._keys[stream]
        if kind == "SCHEMA":
            self._keys[stream] = [str(name) for name in message.get("key_properties") or ()]
            # Records from before and after would no longer replace each other.
            if keys not in (None, self._keys[stream]):
                raise SourceError(f"{stream}: the tap changes its key from {keys} to {self._keys[stream]} on the way")
        elif keys is None:
            raise SourceError(f"{stream}: the tap writes a message {kind} before it described the stream")
        elif kind == "RECORD":
            self._records.put(stream, keys, message["record"], message.get("version"))
        else:
            self._records.activate(stream, message["version"])

    def _refuse_bookmarks(self, state: object) -> None:
        # A catalog may keep silent about how a stream is read; what the tap remembers of it does not.
        stream = next((name for name in self._keys if is_bookmarked(state, name)), None)
        if stream and self._whole:
            raise SourceError(
                f"{stream}: the tap remembers how far it read, so it is an incremental stream: another run gives what "
                "changed, which would mark the rest as paid; have it read the whole stream (FULL_TABLE in your own "
                '`catalog`), or set incremental = "from-start" to take what it gives without a state'
            )


def _discover(tap: Tap) -> object:
    with tap.running("--discover") as process:
        text = b"\n".join(process.lines())
        try:
            return json.loads(text)
        except ValueError as exc:
            raise process.failure(f"what the tap discovers is not JSON: {process.shown(text)}") from exc


def _object(file: str, setting: str) -> dict[str, Any]:
    try:
        content = json.loads(Path(file).read_bytes())
    except (OSError, ValueError) as exc:
        raise SourceError(f"{file}: `{setting}` can't be read as JSON: {exc}") from exc
    if not isinstance(content, dict):
        raise SourceError(f"{file}: `{setting}` must be a JSON object")
    return content


def _version(executable: str) -> str:
    """Return the tap's distribution and version, as its own environment knows them, and its path."""
    # In a virtual environment, bin and lib are neighbours.
    folders = Path(executable).resolve().parent.parent.glob("lib/python*/site-packages")
    for distribution in distributions(path=[str(folder) for folder in folders]):
        if distribution.entry_points.select(group="console_scripts", name=Path(executable).name):
            return f"{distribution.name} {distribution.version} ({executable})"
    return executable


@hookimpl
def arfeed_connectors() -> Iterable[type[Connector]]:
    """Offer Singer's taps."""
    return [Singer]
