"""Read plugins.toml; find plugins, hold them to their contract, isolate them; describe their settings."""
