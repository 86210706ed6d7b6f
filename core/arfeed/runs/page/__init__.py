"""A plan or a receipt as one HTML file that needs nothing else."""
