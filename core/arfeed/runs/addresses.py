"""The address of a destination, and the one name by which the history knows it."""

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
    """Return the one name by which the history knows the destination.

    It is the address, unless the address was joined with another one, or an older arfeed spelled it differently.
    """
    address = address_of(project)
    # What a person has joined counts first, even if the history also has deliveries under the address itself.
    if joined := history.receivers.find_joined(address):
        return joined[0]
    known = history.receivers.destinations()
    # An older spelling keeps its baseline: under today's, the same receiver would look like a first delivery.
    spelled = (each for each in known if normalize(each) == address)
    return address if address in known else next(spelled, address)


def normalize(destination: str) -> str:
    """Return a destination's name as it would be spelled today; unchanged if it can no longer be parsed."""
    try:
        return _canonical(destination)
    except (ArfeedError, ValueError, ImportError):
        return destination


def is_rehearsed(destination: str) -> bool:
    """Whether this is a local receiver for rehearsals, which is known by its name alone."""
    return destination.startswith(REHEARSAL)


def _canonical(url: str) -> str:
    # A rehearsed receiver takes a free port each time, so host and port would say nothing.
    return url if is_rehearsed(url) else destination_id(url)
