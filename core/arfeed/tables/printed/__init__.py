"""Reports laid out for paper: groups, totals and rows told apart."""
