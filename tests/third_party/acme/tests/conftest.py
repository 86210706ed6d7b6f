"""Makes arfeed's fixtures known."""

pytest_plugins = ["arfeed.testing"]
