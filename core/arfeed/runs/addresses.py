"""The address of a destination, and the one name that the history knows it by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arfeed.model.errors import ArfeedError
from arfeed.sftp.address import destination_id

if TYPE_CHECKING:
    from arfeed.history.store import History
    from arfeed.plugins.config import Project

REHEARSAL = "rehearsal://"


def address_of(project: Project) -> str:
    """Return the address of the destination, the same however it is spelled."""
    return _canonical(project.destination.settings.url)


def name_in_history(project: Project, history: History) -> str:
    """Return the one name that the history knows the destination by.

    It is the address, unless the address was joined with another one, or an older arfeed spelled it differently.
    """
    address = address_of(project)
    if joined := history.receivers.find_joined(address):
        return joined[0]
    known = history.receivers.destinations()
    spelled = (each for each in known if normalize(each) == address)
    return address if address in known else next(spelled, address)


def normalize(destination: str) -> str:
    """Return a destination's name as it would be spelled today; unchanged if it can no longer be parsed."""
    try:
        return _canonical(destination)
    except (ArfeedError, ValueError, ImportError):
        return destination


def is_rehearsed(destination: str) -> bool:
    """Whether it is a local receiver to rehearse with, which is known by its name alone."""
    return destination.startswith(REHEARSAL)


def _canonical(url: str) -> str:
    return url if is_rehearsed(url) else destination_id(url)
