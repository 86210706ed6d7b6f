"""What `arfeed init` asks, finds out and writes: a first plugins.toml, each line with the evidence for it."""
