"""Strangers' plugins, installed without pip: a module and a dist-info folder are all that Python asks for."""

from __future__ import annotations

from pathlib import Path


def install(
    folder: Path, name: str, source: str, *, distribution: str | None = None, module: str | None = None
) -> Path:
    """Install a plugin of version 1.2 into a folder, and return the folder to put on the path."""
    distribution, module = distribution or f"arfeed-{name}", module or f"arfeed_{name}"
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath(f"{module}.py").write_text(source, encoding="utf-8")
    info = folder / f"{distribution.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
    info.joinpath("entry_points.txt").write_text(f"[arfeed]\n{name} = {module}\n")
    return folder
