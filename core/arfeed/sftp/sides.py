"""How messages name what a connection is for: the destination of a feed, or the files of a source."""

from __future__ import annotations

from dataclasses import dataclass

from arfeed.model.errors import ArfeedError, ConfigError, DestinationError, SourceError


@dataclass(frozen=True, slots=True)
class Wording:
    """What messages call the URL, the table of its settings and the server's owner, and which errors carry them.

    `outcome` completes "so …" after a connection was refused; `path` is an example of a URL's path.
    """

    url: str
    table: str
    owner: str
    outcome: str
    path: str
    error: type[ArfeedError]
    config_error: type[ArfeedError]


DESTINATION = Wording(
    url="destination.url",
    table="[destination]",
    owner="the receiver",
    outcome="nothing was sent",
    path="/PATH",
    error=DestinationError,
    config_error=ConfigError,
)
# A source's URL may be that of several settings, so none is named. All errors are SourceErrors, so that a source whose
# server cannot be reached may carry its last rows forward.
SOURCE = Wording(
    url="the address",
    table="the table of the source",
    owner="its owner",
    outcome="nothing was read",
    path="/PATH/NAME*.csv",
    error=SourceError,
    config_error=SourceError,
)
