"""Commands as people type them."""

from __future__ import annotations


def with_destination(command: str, named: str) -> str:
    """Return a command as it is typed about a destination of a feed that has several; `named` is blank otherwise."""
    return f"{command} --destination {named}" if named else command
