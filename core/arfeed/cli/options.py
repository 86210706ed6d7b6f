"""Options that several commands share."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields
from functools import wraps
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from arfeed.model.errors import ConfigError
from arfeed.model.text.commands import with_destination

Config = Annotated[
    Path, typer.Option("--config", envvar="ARFEED_CONFIG", help="The feed's configuration.", show_default=True)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, and nothing else there.")]

Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Also write it as an HTML page that needs no network.")
]

Approve = Annotated[
    str | None, typer.Option("--approve", metavar="N-HASH", help="Deliver the very plan that printed this code.")
]

Destination = Annotated[
    str | None,
    typer.Option("--destination", metavar="NAME", help="Of a feed with several, this one: [destinations.NAME]."),
]

DEFAULT_CONFIG = Path("plugins.toml")

Options = TypeVar("Options")


def takes(record: type[Options]) -> Callable[[Callable[[Options], None]], Callable[..., None]]:
    """Let a command take what was typed as one dataclass, whose annotated fields are its options and arguments."""

    def decorate(command: Callable[[Options], None]) -> Callable[..., None]:
        @wraps(command)
        def with_record(**values: Any) -> None:
            command(record(**values))

        hints = get_type_hints(record, include_extras=True)
        # typer looks at both: the order and defaults come from the signature, the types from the annotations.
        with_record.__annotations__ = hints
        with_record.__signature__ = Signature(  # type: ignore[attr-defined]
            [
                Parameter(each.name, Parameter.KEYWORD_ONLY, default=_default(each), annotation=hints[each.name])
                for each in fields(record)  # type: ignore[arg-type]
            ]
        )
        return with_record

    return decorate


def _default(option: Field[Any]) -> Any:
    if option.default_factory is not MISSING:
        return option.default_factory()
    return Parameter.empty if option.default is MISSING else option.default


def insist_on_code(approver: str | None, approve: str | None) -> None:
    """Raise `ConfigError` if it was said who approves, and not what."""
    if approver and approve is None:
        raise ConfigError("--approver names who gave an approval: give its code as well, as --approve N-HASH")


def format_command(command: str, config: Path, destination: str = "") -> str:
    """Return a command as it is to be typed for a feed, about one of its destinations if that has a name."""
    about = with_destination(command, destination)
    # Printed commands can be copied as they are, so a path with a blank is quoted.
    return about if config == DEFAULT_CONFIG else f"{about} --config {shlex.quote(str(config))}"


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed: the command, the feed's file, and the name of the destination if it has one."""

    what: str
    config: Path
    destination: str

    @property
    def command(self) -> str:
        """What to type to deliver."""
        return format_command(self.what, self.config, self.destination)

    @property
    def adopt(self) -> str:
        """What to type to adopt a report."""
        return format_command("arfeed adopt", self.config, self.destination)
