"""Commands that are run once, when a feed is set up."""
