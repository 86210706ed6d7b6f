"""Write the reference pages of the built-in plugins; `make docs` runs it."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

from arfeed.plugins.loading import load
from arfeed.plugins.reference import page

FOLDER = Path(__file__).parent / "reference"


def pages() -> dict[str, str]:
    """Return the page of each plugin that comes with arfeed, by its name."""
    points = entry_points(group="arfeed")
    names = sorted(point.name for point in points if point.dist and point.dist.name == "arfeed")
    registry = load(names)
    return {name: page(registry, registry.infos[name]) for name in names}


if __name__ == "__main__":
    for name, text in pages().items():
        FOLDER.joinpath(f"{name}.md").write_text(text, encoding="utf-8")
