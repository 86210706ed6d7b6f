"""Text with separators."""
