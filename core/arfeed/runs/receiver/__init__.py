"""Which receiver a feed delivers to: its name in the history, its other addresses, joined histories."""
