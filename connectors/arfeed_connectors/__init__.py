"""The connectors and the destination that come with arfeed, written on its public API only."""
