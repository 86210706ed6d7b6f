"""The built-in objections: to where a report goes, to what it no longer lists, and to its sources and books."""
