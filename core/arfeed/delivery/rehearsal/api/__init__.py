"""A receiver on this machine that is an API: an HTTP server, with books by the rule that its destination states."""
