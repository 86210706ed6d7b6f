"""`arfeed schema`: the JSON Schema of plugins.toml, for editors."""

from __future__ import annotations

from arfeed.cli.display.output import console, print_json
from arfeed.cli.options import DEFAULT_CONFIG, Config


def schema(config: Config = DEFAULT_CONFIG) -> None:
    """Print the JSON Schema of plugins.toml, with the settings of the plugins that it enables."""
    from arfeed.plugins.config import enabled_plugins
    from arfeed.plugins.loading import describe_installed
    from arfeed.plugins.toml_schema import plugins_toml_schema

    registry = describe_installed(enabled_plugins(config) if config.exists() else [])
    for mistake in registry.mistakes:
        # A broken plugin costs its own part of the schema only: an editor with half a schema is better than one with
        # none.
        console(beside_json=True).print(f"! left out: {mistake}", markup=False, style="yellow")
    print_json(plugins_toml_schema(registry))
