"""Options that several commands share."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

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

DEFAULT_CONFIG = Path("plugins.toml")


def typed(command: str, config: Path) -> str:
    """Return a command as it is to be typed for a feed."""
    # Printed commands can be copied as they are, so a path with a blank is quoted.
    return command if config == DEFAULT_CONFIG else f"{command} --config {shlex.quote(str(config))}"
