"""What is read in a query's own words, before any database sees it."""
