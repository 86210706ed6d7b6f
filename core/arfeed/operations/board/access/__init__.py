"""Who may use the board, and what stands before every page."""
