"""The board: a web application on which people see every feed, and approve what was refused."""
