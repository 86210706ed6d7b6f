"""The address of a destination, and the one name by which the history knows it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from arfeed.model.errors import ArfeedError
from arfeed.sftp.address import destination_id

if TYPE_CHECKING:
    from arfeed.history.store import History
    from arfeed.plugins.config import Project

REHEARSAL = "rehearsal://"


def address_of(project: Project) -> str:
    """Return the address of the destination, the same however it is spelled."""
    return identify(project.destination.settings.url)


def name_in_history(project: Project, history: History) -> str:
    """Return the one name by which the history knows the destination.

    It is the address, unless the address was joined with another one, or an older arfeed spelled it differently.
    """
    address = address_of(project)
    return names_in_history({address}, history)[address]


def names_in_history(addresses: Collection[str], history: History) -> dict[str, str]:
    """Return the name by which the history knows each of these addresses."""
    # What a person has joined counts first, even if the history also has deliveries under the address itself.
    joined = history.receivers.list_joined()
    names = {address: joined.get(address, address) for address in addresses}
    unknown = {*addresses} - joined.keys()
    unknown -= history.receivers.known_among(unknown)
    if unknown:
        # An older spelling keeps its baseline: under today's, the same receiver would look like a first delivery.
        for known in reversed(history.receivers.destinations()):
            if (today := normalize(known)) in unknown:
                names[today] = known
    return names


def normalize(destination: str) -> str:
    """Return a destination's name as it would be spelled today; unchanged if it can no longer be parsed."""
    try:
        return identify(destination)
    except (ArfeedError, ValueError, ImportError):
        return destination


def is_rehearsed(destination: str) -> bool:
    """Whether this is a local receiver for rehearsals, which is known by its name alone."""
    return destination.startswith(REHEARSAL)


def identify(url: str) -> str:
    """Return the address that a URL is a spelling of."""
    # A rehearsed receiver takes a free port each time, so host and port would say nothing.
    return url if is_rehearsed(url) else destination_id(url)
