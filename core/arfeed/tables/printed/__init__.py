"""Reports laid out for paper: lines told from groups, and totals checked."""
