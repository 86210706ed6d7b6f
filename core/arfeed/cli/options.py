"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path, typer.Option("--config", envvar="ARFEED_CONFIG", help="The feed's configuration.", show_default=True)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, and nothing else there.")]

DEFAULT_CONFIG = Path("plugins.toml")
