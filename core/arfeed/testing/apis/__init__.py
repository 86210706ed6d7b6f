"""The kit for destinations that are APIs."""
