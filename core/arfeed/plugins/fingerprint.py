"""The hash of a feed's settings, which changes if they might make another report."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from arfeed.model.parts import Connector, Destination, Transform
from arfeed.model.settings import TRANSPORT

if TYPE_CHECKING:
    from arfeed.plugins.config import Project

_TELLING = frozenset({"arfeed_notifiers", "arfeed_delivered", "arfeed_refused", "arfeed_failed"})


def plugin_versions(project: Project) -> dict[str, str]:
    """Return the distribution and version behind each enabled plugin."""
    return {name: f"{info.distribution} {info.version}" for name, info in project.registry.infos.items()}


def settings_hash(project: Project) -> str:
    """Return the SHA-256 of what shapes a report: the settings of all parts, without secrets, and plugin versions.

    Logging in, sending and notifying do not change a report, so a new key leaves the hash as it is; the URL does not.
    """
    parts: list[Connector | Transform | Destination] = [*project.sources, *project.transforms, project.destination]
    names = [source.source for source in project.sources]
    shaping = [
        [part.name, {key: value for key, value in settings_of(part).items() if not _of_transport(part, key)}]
        for part in parts
    ]
    # A plugin that only notifies shapes no report; to enable or update one must not void an approval.
    telling = [name for name, info in project.registry.infos.items() if info.hooks and _TELLING.issuperset(info.hooks)]
    versions = {name: version for name, version in plugin_versions(project).items() if name not in telling}
    # The names too: a source that is renamed loses the connection to its rows in the baseline.
    document = [names, shaping, versions]
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    # Folders may be others on another machine: the feed's own, and those of the files that it extends.
    for folder in (project.folder, *dict.fromkeys(file.parent for file in project.shared.values())):
        text = text.replace(json.dumps(str(folder), ensure_ascii=False)[1:-1], _relative_path(project.folder, folder))
    return hashlib.sha256(text.encode()).hexdigest()


def _relative_path(folder: Path, other: Path) -> str:
    try:
        return os.path.relpath(other.resolve(), folder.resolve())
    except ValueError:  # on another drive of Windows
        return str(other)


def _of_transport(part: Connector | Transform | Destination, key: str) -> bool:
    return isinstance(part, Destination) and key in TRANSPORT


def settings_of(part: Connector | Transform | Destination) -> Mapping[str, object]:
    """Return a part's settings as plain data, with secrets masked."""
    return part.settings.model_dump(mode="json")
