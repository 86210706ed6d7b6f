"""The built-in objections: to whom a report goes, what it no longer lists, and what its sources and books say."""
