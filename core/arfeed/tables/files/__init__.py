"""Which files a source reads, and where they are kept."""
