"""Faults switched by name, with a number if one is needed, effective at once."""

from __future__ import annotations

import sys
from collections.abc import Container, Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, NonNegativeInt, PositiveInt

from arfeed.delivery.rehearsal.faults import Faults


def _number(value: object) -> object:
    return None if value == "" else value


def _names(value: object) -> object:
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


class Switches(BaseModel):
    """What goes wrong at the receiver; nothing at first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    refuse_login: bool = Field(default=False, description="It lets nobody log in any more.")
    refuse_rename: bool = Field(default=False, description="It renames nothing: permission denied.")
    refuse_replacing: bool = Field(default=False, description="It renames nothing over a file that exists.")
    lose_rename: bool = Field(default=False, description="It renames, and hangs up instead of answering.")
    take_away: bool = Field(default=False, description="It removes files as soon as they have arrived.")
    disconnect_every: Annotated[PositiveInt | None, BeforeValidator(_number)] = Field(
        default=None, description="It hangs up at every Nth request: 1 for each, 20 for the 20th, 40th …"
    )
    stall_every: Annotated[PositiveInt | None, BeforeValidator(_number)] = Field(
        default=None, description="It leaves every Nth request unanswered: 1 for all, 20 for the 20th, 40th …"
    )
    disk_full_after: Annotated[NonNegativeInt | None, BeforeValidator(_number)] = Field(
        default=None, description="Its disk is full after this many more bytes; 0: at once."
    )
    most_handles: Annotated[PositiveInt | None, BeforeValidator(_number)] = Field(
        default=None, description="A session may have at most this many files open."
    )
    permission_denied: Annotated[tuple[str, ...], BeforeValidator(_names)] = Field(
        default=(), description="Files with these in their paths may not be written, such as .pdf, csv_data_uploads."
    )

    def changed(self, wanted: Mapping[str, object]) -> Switches:
        """Return a copy with some changed. Raise pydantic's `ValidationError` for unknown ones."""
        return Switches.model_validate({**self.model_dump(), **wanted})


def switch(faults: Faults, before: Switches, now: Switches) -> None:
    """Apply the changes to a running receiver; requests and bytes are counted from now."""
    for name in Switches.model_fields:
        value = getattr(now, name)
        # What is set and stays so goes on counting from when it was set.
        if value == getattr(before, name):
            continue
        if name in ("disconnect_every", "stall_every"):
            setattr(faults, name.replace("every", "at"), _every(value, faults.requests))
        elif name == "disk_full_after":
            faults.disk_full_after = None if value is None else faults.written + value
        else:
            setattr(faults, name, value)


def _every(count: int | None, since: int) -> Container[int]:
    return () if count is None else range(since + count, sys.maxsize, count)
