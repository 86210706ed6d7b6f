"""`arfeed plugins`: what is installed, what its settings are, and a package to begin one's own with."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from arfeed.cli.display.output import console, print_json
from arfeed.cli.options import DEFAULT_CONFIG, Config, Json
from arfeed.operations.scaffold import NEXT_STEPS, Kind, Shape, create

app = typer.Typer(no_args_is_help=True, help="List plugins, show their settings, or start a new one.")

Readme = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Renew the settings in this README, between their marks."),
]


@app.command("list")
def list_plugins(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List all installed plugins; the ones that the feed enables are tried."""
    from arfeed.plugins.config import enabled_plugins
    from arfeed.plugins.loading import describe_installed

    # Only what the feed enables is imported; the others are listed by their metadata.
    infos = describe_installed(enabled_plugins(config) if config.exists() else []).installed
    if as_json:
        print_json([asdict(info) for info in infos])
        return
    table = _table("plugin", "distribution", "enabled", "contract", "hooks", "provides")
    for info in infos:
        enabled, contract = "yes" if info.enabled else "no", "" if info.contract is None else str(info.contract)
        offers = "broken, see below" if info.broken else ", ".join(info.provides)
        row = (
            info.name or "—",
            f"{info.distribution} {info.version}",
            enabled,
            contract,
            ", ".join(info.hooks),
            offers,
        )
        # What other distributions call themselves must not be taken for rich's markup.
        table.add_row(*map(escape, row))
    people = console()
    people.print(table)
    for info in infos:
        if info.broken:
            people.print(f"✗ {info}: {info.broken}", markup=False, style="red")


@app.command("show")
def show(
    name: str,
    as_json: Json = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a page for the docs.")] = False,
    readme: Readme = None,
) -> None:
    """Show the settings of everything that a plugin offers, and an example for plugins.toml."""
    from arfeed.model.fields import json_schema
    from arfeed.plugins.loading import load
    from arfeed.plugins.reference import example, page, parts_of, renew_readme, settings_in_words

    # Only the plugin that was named, whatever the feed enables: this is for looking before enabling.
    registry = load([name])
    info = registry.infos[name]
    parts = [*parts_of(registry, info)]
    if as_json:
        print_json({f"{kind} {part.name}": json_schema(part.Settings) for kind, part in parts})
        return
    people = console()
    if readme:
        # All parts are put in before the file is written, so that a missing mark leaves it as it was.
        text = readme.read_text(encoding="utf-8")
        for kind, part in parts:
            text = renew_readme(text, kind, part)
        readme.write_text(text, encoding="utf-8")
        people.print(f"✓ {readme} has the settings as they are now", style="green", markup=False)
        return
    if as_markdown:
        people.print(page(registry, info), end="", markup=False)
        return
    people.print(f"plugin {info}: {', '.join(info.hooks)}", markup=False)
    for kind, part in parts:
        table = _table("setting", "type", "default", "meaning", title=f"\n{kind} {part.name}")
        for item in settings_in_words(part):
            default = "required" if item.required else item.default
            table.add_row(*map(escape, (item.name, item.type, default, item.meaning)))
        people.print(table)
        people.print(f"\n{example(kind, part)}", end="", markup=False)


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="What the plugin is called, such as larch.")],
    kind: Annotated[Kind, typer.Option(help="What it is.")] = "connector",
    shape: Annotated[
        Shape | None, typer.Option(help="What a destination sends: one file, several, a ZIP and a done-file, or calls.")
    ] = None,
) -> None:
    """Make a package in a new folder: a working plugin with its tests, README, licence and CI."""
    folder = create(name, kind, Path.cwd(), shape)
    people = console()
    people.print(f"✓ made {folder.name}; next:", style="green", markup=False)
    for line in (f"cd {folder.name}", *NEXT_STEPS):
        people.print(f"  {line}", markup=False)


def _table(*columns: str, title: str | None = None) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2))
    for column in columns:
        # Folded, not cut: a name that lost its end can't be copied into plugins.toml.
        table.add_column(column, overflow="fold")
    return table
