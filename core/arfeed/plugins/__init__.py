"""plugins.toml read; plugins found, held to their contract, isolated; their settings in words and as JSON Schema."""
