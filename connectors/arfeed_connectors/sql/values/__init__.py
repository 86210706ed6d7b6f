"""What databases answer, as columns of a frame."""
