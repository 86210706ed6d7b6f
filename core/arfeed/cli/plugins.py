"""`arfeed plugins`: what is installed, and what its settings are."""

from __future__ import annotations

from dataclasses import asdict

import typer
from rich.table import Table

from arfeed.cli.options import DEFAULT_CONFIG, Config, Json
from arfeed.cli.output import console, print_json
from arfeed.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="See what plugins are installed, and what their settings are.")


@app.command("list")
def list_plugins(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List all installed plugins; the ones that the feed enables are tried."""
    from arfeed.config import enabled_plugins
    from arfeed.plugins import survey

    infos = survey(enabled_plugins(config) if config.exists() else [])
    if as_json:
        print_json([asdict(info) for info in infos])
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for name in ("plugin", "distribution", "enabled", "provides"):
        table.add_column(name)
    for info in infos:
        offers = f"broken: {info.broken}" if info.broken else ", ".join(info.provides)
        table.add_row(info.name, f"{info.distribution} {info.version}", "yes" if info.enabled else "no", offers)
    console().print(table)


@app.command("show")
def show(name: str, as_json: Json = False) -> None:
    """Show the settings of everything that a plugin offers."""
    from arfeed.plugins import close_match, installed, load

    known = installed()
    if name not in known:
        raise ConfigError(f"there is no plugin {name!r} installed{close_match(name, known)}")
    registry = load([name])
    parts = [(kind, part) for kind, parts in registry.parts.items() for part in parts.values()]
    if as_json:
        print_json({f"{kind} {part.name}": part.Settings.model_json_schema() for kind, part in parts})
        return
    for kind, part in parts:
        table = Table(title=f'{kind} {part.name}: use = "{part.name}"', title_justify="left", box=None, padding=(0, 2))
        for column in ("setting", "required", "meaning"):
            table.add_column(column)
        for setting, field in part.Settings.model_fields.items():
            table.add_row(setting, "yes" if field.is_required() else "", (field.description or "").replace("[", r"\["))
        console().print(table)
