"""Keep installed distributions that were never enabled from being run, and from stopping arfeed.

Importing this module does that. It must come before everything else, since pydantic and fsspec go through the entry
points of every distribution while they are being imported.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoints, distributions, entry_points
from traceback import walk_tb

# pydantic would import what any distribution offers it, and show it all settings. An empty variable allows that.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

OURS = "arfeed"
"""The distribution of the built-in plugins: another plugin with the name of one of them is refused."""

_read = Distribution.entry_points.fget  # type: ignore[attr-defined]  # typeshed hides that it is a property


def identify(distribution: Distribution | None, fallback: str = "") -> tuple[str, str]:
    """Return a distribution's name and version; if its metadata can't be read, its path and no version."""
    where = str(getattr(distribution, "_path", None) or fallback)
    try:
        return (distribution.name or where, distribution.version or "") if distribution else (where, "")
    except Exception:  # noqa: BLE001 - third-party files may hold anything
        return where, ""


def find_culprit(error: BaseException) -> str | None:
    """Return the name and version of the third-party plugin that raised an error, if one did."""
    points = [point for point in entry_points(group="arfeed") if identify(point.dist)[0] != OURS]
    strangers = {point.value.partition(".")[0]: " ".join(identify(point.dist, point.value)) for point in points}
    modules = [str(frame.f_globals.get("__name__")).partition(".")[0] for frame, _ in walk_tb(error.__traceback__)]
    # The innermost frame first: a plugin that calls another library is named, not arfeed, which called it.
    return next((strangers[module] for module in reversed(modules) if module in strangers), None)


def find_unreadable() -> Iterator[tuple[str, str, str]]:
    """Yield the name and version of each distribution with entry points that can't be read, and why they can't."""
    for distribution in distributions():
        try:
            _read(distribution)
        except Exception as exc:  # noqa: BLE001 - as above
            yield (*identify(distribution), f"{type(exc).__name__}: {exc}")


def _readable(distribution: Distribution) -> EntryPoints:
    try:
        found: EntryPoints = _read(distribution)
    except Exception:  # noqa: BLE001 - as above; `find_unreadable` reports why
        return EntryPoints(())
    return found


try:
    entry_points()
except Exception:  # noqa: BLE001 - as above
    # One such file breaks every program that asks for entry points. Here it counts as having none.
    Distribution.entry_points = property(_readable)  # type: ignore[assignment,method-assign]
