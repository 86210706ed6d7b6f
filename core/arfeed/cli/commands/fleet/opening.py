"""What the commands of the fleet share: options, and its database opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arfeed.cli.extras import insist_on_extra
from arfeed.model.errors import ConfigError

if TYPE_CHECKING:
    from arfeed.operations.fleet.store import Fleet

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        envvar="ARFEED_FLEET_DATABASE",
        help="URL of the fleet's PostgreSQL database, the same for all workers.",
        # typer would print the variable's value, and with it a password.
        show_envvar=False,
        show_default=False,
    ),
]


def insist_on_url(url: str | None) -> str:
    """Return the database's URL. Raise `ConfigError` if none was given, or the extra is not installed."""
    insist_on_extra("fleet", ("cronsim", "procrastinate", "prometheus_client", "psycopg"), "the fleet")
    if not url:
        raise ConfigError(
            "--database is required: the URL of a PostgreSQL database, such as postgresql://arfeed@HOST/fleet; or set "
            "ARFEED_FLEET_DATABASE"
        )
    return url


def open_fleet(url: str | None) -> Fleet:
    """Open the fleet's database. Raise `ConfigError` if it can't be used."""
    url = insist_on_url(url)
    from arfeed.operations.fleet.store import Fleet

    return Fleet(url)


def cache_folder() -> Path:
    """Return the folder for copies of feeds: beside the witness if `ARFEED_STATE` names one, else the user's cache."""
    if named := os.environ.get("ARFEED_STATE"):
        return Path(named).absolute() / "fleet"
    import platformdirs

    return Path(platformdirs.user_cache_dir("arfeed")) / "fleet"
