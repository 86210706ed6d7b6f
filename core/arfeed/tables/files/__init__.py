"""Finding and opening the files of a source, wherever they are kept."""
