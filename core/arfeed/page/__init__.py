"""A plan or a receipt as one HTML file that needs nothing else."""

from arfeed.page.rendering import PastRun, render

__all__ = ["PastRun", "render"]
