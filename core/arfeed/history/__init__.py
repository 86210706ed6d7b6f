"""What was delivered, kept for the next comparison."""
