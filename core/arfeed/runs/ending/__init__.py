"""How a run ended: kept for the board, told to notifiers, plugins and monitors."""
