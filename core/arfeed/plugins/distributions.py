"""Keep installed distributions that were never enabled from being run, and from stopping arfeed.

Importing this module does that. It must come before everything else, since pydantic and fsspec go through the entry
points of every distribution while they are being imported.
"""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Sequence
from importlib.metadata import Distribution, EntryPoints
from traceback import walk_tb

from arfeed.plugins.installed import entry_points, find_installed, identify_all, read

# pydantic would import what any distribution offers it, and show it all settings. An empty variable allows that.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

OURS = "arfeed"
"""The distribution of the built-in plugins: another plugin with the name of one of them is refused."""


def find_culprit(error: BaseException) -> str | None:
    """Return the name and version of the third-party plugin that raised an error, if one did."""
    points = identify_all(entry_points(group="arfeed"))
    strangers = {point.value.partition(".")[0]: f"{name} {version}" for point, name, version in points if name != OURS}
    modules = [str(frame.f_globals.get("__name__")).partition(".")[0] for frame, _ in walk_tb(error.__traceback__)]
    # The innermost frame first: a plugin that calls another library is named, not arfeed, which called it.
    return next((strangers[module] for module in reversed(modules) if module in strangers), None)


def find_unreadable() -> Sequence[tuple[str, str, str]]:
    """Return the name and version of each distribution with entry points that can't be read, and why they can't."""
    return find_installed().unreadable


def _readable(distribution: Distribution) -> EntryPoints:
    try:
        found: EntryPoints = read(distribution)
    except Exception:  # noqa: BLE001 - third-party files may hold anything; `find_unreadable` reports why
        return EntryPoints(())
    return found


# fsspec reads the metadata of all distributions while it is imported, which takes as long as a small delivery.
importlib.metadata.entry_points = entry_points

if find_unreadable():
    # One such file breaks every program that asks for entry points. Here it counts as having none.
    Distribution.entry_points = property(_readable)  # type: ignore[assignment,method-assign]
