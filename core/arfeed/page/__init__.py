"""A plan or a receipt as one HTML file that needs nothing else."""

from arfeed.page.render import PastRun, render

__all__ = ["PastRun", "render"]
