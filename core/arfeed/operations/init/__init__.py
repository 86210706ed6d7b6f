"""What `arfeed init` asks, finds out and writes: a first plugins.toml, every line of it with its evidence."""
