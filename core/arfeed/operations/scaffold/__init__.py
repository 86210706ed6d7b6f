"""`arfeed plugins new`: a complete package of a plugin, from the files below `template`."""

from __future__ import annotations

import re
import runpy
from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from keyword import iskeyword
from pathlib import Path
from string import Template
from typing import Literal

from arfeed.model.errors import ConfigError
from arfeed.model.parts import CONTRACT, CONTRACTS, PARTS, PartKind
from arfeed.plugins.loading import describe_installed
from arfeed.plugins.reference import readme_block

Kind = Literal["connector", "transform", "destination", "notifier", "reviewer"]
Shape = Literal["file", "files", "archive", "api"]

LAYOUTS: Mapping[Shape, str] = {
    "file": "reports of five columns in `reports`, PDFs in `pdf`",
    "files": "three tables and a done-file in `in`, PDFs in `in/pdf`",
    "archive": "a ZIP of two tables and the PDFs, then a done-file, in `in`",
    "api": "an API that takes a request for each invoice",
}
"""What a destination of each shape sends as it is made."""

NEXT_STEPS = ('python -m pip install -e ".[test]"', "python -m pytest")

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# Until they are filled in, templates are not valid Python, so no tool should take them for it.
_SUFFIX = ".tmpl"
_LONGEST = 50


def create(name: str, kind: Kind, where: Path, shape: Shape | None = None) -> Path:
    """Write a package into a new folder, and return that. Raise `ConfigError` for a name that can't be used.

    `shape` is that of a destination: one file, several files, an archive, or an API; one file if unset.
    """
    if shape is not None and kind != "destination":
        raise ConfigError(
            f"--shape is about destinations, and this is a {kind}; leave it out, or add: --kind destination"
        )
    own = kind if shape in (None, "file") else f"{kind}_{shape}"
    _check_name(name, own)
    folder, package = where / f"arfeed-{name}", f"arfeed_{name.replace('-', '_')}"
    if folder.exists():
        raise ConfigError(f"{folder.name}: there is something of that name already; choose another, or move it away")
    values = {
        "name": name,
        "kind": kind,
        "distribution": f"arfeed-{name}",
        "package": package,
        "part": _part(name),
        "contract": str(CONTRACT if own == kind else max(CONTRACTS)),
        "layout": LAYOUTS[shape or "file"],
        "extra": "[http]" if shape == "api" else "",
        "arfeed": version("arfeed"),
        "settings": "",
    }
    template = files("arfeed.operations.scaffold") / "template"
    _write(template / "common", folder, values)
    # A reviewer is made of hooks: it has neither a class nor settings.
    if kind != "reviewer":
        _write(template / own / "src", folder / "src", values)
        # After its module is written, since the README lists the settings of that very class.
        values["settings"] = _settings(folder / "src" / package / "__init__.py", kind)
        _write(template / "part", folder, values)
    for each in dict.fromkeys((kind, own)):
        _write(template / each, folder, values)
    return folder


def _part(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


def _check_name(name: str, template: str) -> None:
    if not _NAME.fullmatch(name):
        plain = re.sub(r"[^a-z0-9]+", "-", name.casefold().removeprefix("arfeed-")).strip("-0123456789")
        hint = f"; {plain!r} would do" if _NAME.fullmatch(plain) else ""
        raise ConfigError(f"{name!r} is not a name for a plugin: use lower-case letters, digits and hyphens{hint}")
    if name.startswith("arfeed-"):
        raise ConfigError(f"leave the prefix out: {name.removeprefix('arfeed-')!r} becomes the package {name!r}")
    module = files("arfeed.operations.scaffold").joinpath(
        "template", template, "src", "PACKAGE", "__init__.py" + _SUFFIX
    )
    # The class must not hide a name that its module imports from arfeed.
    if len(name) > _LONGEST or iskeyword(_part(name)) or re.search(rf"\b{_part(name)}\b", module.read_text("utf-8")):
        raise ConfigError(
            f"{name!r} can't be used: its class would be called {_part(name)}, which is taken or too long; choose "
            "another"
        )
    for info in describe_installed().installed:
        if info.name == name:
            owner = f"{info.distribution} {info.version}"
            raise ConfigError(f"a plugin {name!r} is installed already, by {owner}; choose another name")


def _write(template: Traversable, folder: Path, values: dict[str, str]) -> None:
    for item in template.iterdir():
        target = folder / item.name.removesuffix(_SUFFIX).replace("PACKAGE", values["package"])
        if item.is_dir():
            _write(item, target, values)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(Template(item.read_text(encoding="utf-8")).substitute(values), encoding="utf-8")


def _settings(module: Path, kind: PartKind) -> str:
    """Return the settings of the class in a module that was just written, as the README lists them."""
    base = PARTS[kind]
    found = [each for each in runpy.run_path(str(module)).values() if isinstance(each, type) and issubclass(each, base)]
    (part,) = [each for each in found if each.__module__ == "<run_path>"]
    return readme_block(kind, part)
