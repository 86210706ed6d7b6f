"""`arfeed board verify` and `export`: the audit log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arfeed.cli.commands.board.opening import HERE, DatabaseUrl, Folder, open_board
from arfeed.cli.display.output import console, print_json
from arfeed.model.errors import ConfigError

if TYPE_CHECKING:
    from arfeed.operations.board.audit import Entry


def verify(
    feeds: Folder = HERE,
    database: DatabaseUrl = None,
    known: Annotated[
        str | None,
        typer.Option("--known", metavar="HASH", help="A hash noted earlier, which must still be in the log."),
    ] = None,
) -> None:
    """Check that the audit log is as it was written; print the hash of its end, to be noted elsewhere."""
    from arfeed.operations.board.audit import verify as check

    lines = _entries(feeds, database)
    if wrong := [*check(lines, known)]:
        raise ConfigError(*wrong, "the audit log was changed from outside; restore a backup of it")
    end = f", ending with {lines[-1].hash}" if lines else ""
    console().print(f"✓ {len(lines)} lines of the audit log are as they were written{end}", markup=False)


def export(feeds: Folder = HERE, database: DatabaseUrl = None) -> None:
    """Print the audit log as JSON, the oldest line first."""
    from arfeed.operations.board.audit import as_data

    print_json([as_data(line) for line in _entries(feeds, database)])


def _entries(feeds: Path, url: str | None) -> list[Entry]:
    from arfeed.operations.board.audit import entries

    with open_board(feeds, url) as opened, opened.reading() as connection:
        return entries(connection)
