"""The REST client of sources and destinations that are APIs."""
