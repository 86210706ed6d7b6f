"""Extras that a command needs, which `pip install arfeed` alone does not bring."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

from arfeed.model.errors import ConfigError


def insist_on_extra(extra: str, packages: Iterable[str], what: str) -> None:
    """Raise `ConfigError`, naming what needs the extra, unless all of its packages are installed."""
    if missing := [name for name in packages if find_spec(name) is None]:
        raise ConfigError(f"{what} needs {', '.join(missing)}: pip install 'arfeed[{extra}]'")
