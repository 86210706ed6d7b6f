"""Connect to a feed's receiver: the real one, or the one on this machine to rehearse with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from arfeed.delivery.remote import Remote, open_remote
from arfeed.model.errors import ConfigError
from arfeed.model.shipping.api import ApiDestination
from arfeed.model.shipping.destination import ShipmentDestination
from arfeed.runs.addresses import REHEARSAL

if TYPE_CHECKING:
    from arfeed.delivery.http.sending import ApiRemote
    from arfeed.delivery.rehearsal.receiver import Reads
    from arfeed.plugins.config import Project


@contextmanager
def connect(project: Project, *, meanwhile: bool = False) -> Iterator[Remote]:
    """Connect to the destination; with `meanwhile`, go on while the connection is being made.

    `rehearsal://NAME` is the local receiver, which is started for as long as needed unless it is running already.
    """
    settings = project.destination.settings
    if isinstance(project.destination, ApiDestination):
        with _connect_to_api(project.destination, project.folder) as api:
            # It answers all that a server is asked; a test compares the two.
            yield cast("Remote", api)
        return
    if not settings.url.startswith(REHEARSAL):
        with open_remote(settings, meanwhile=meanwhile) as server:
            yield server
        return
    from arfeed.delivery.rehearsal.standing import at_hand

    name = settings.url.removeprefix(REHEARSAL)
    with at_hand(name, project.folder / ".arfeed" / "rehearsal" / name, _headers(project)) as local:
        keys = {"private_key": (str(local.private_key),), "known_hosts": str(local.known_hosts)}
        # The rehearsed receiver makes its own keys; those of the feed are for the real one and stay unused.
        with open_remote(settings.model_copy(update=keys), url=local.url, meanwhile=meanwhile) as server:
            yield server


@contextmanager
def _connect_to_api(destination: ApiDestination, folder: Path) -> Iterator[ApiRemote]:
    from arfeed.delivery.http.sending import open_api

    url = destination.settings.url
    if not url.startswith(REHEARSAL):
        with open_api(destination) as api:
            yield api
        return
    from arfeed.delivery.rehearsal.api.standing import at_hand

    if (rule := destination.rehearsal()) is None:
        raise ConfigError(
            f"destination.url: there is no receiver on this machine for {destination.name}, since its plugin has no "
            "rehearsal()"
        )
    name = url.removeprefix(REHEARSAL)
    with (
        at_hand(name, folder / ".arfeed" / "rehearsal" / name, rule) as local,
        open_api(destination, url=local.url, key=local.key) as api,
    ):
        yield api


def _headers(project: Project) -> Reads:
    """Return this feed's names for the columns that a receiver must recognize; a real receiver is told them once."""
    from arfeed.delivery.rehearsal.reports import Headers

    if isinstance(project.destination, ShipmentDestination):
        if rule := project.destination.rehearsal():
            return rule
        raise ConfigError(
            f"destination.url: there is no receiver on this machine for {project.destination.name}, since its plugin "
            "has no rehearsal(); write a folder instead"
        )
    # Read from the dump, since only some destinations have a setting `columns`.
    columns = project.destination.settings.model_dump().get("columns", {})
    return Headers(ref=columns.get("invoice_ref", "invoice_ref"), balance=columns.get("balance", "balance"))
