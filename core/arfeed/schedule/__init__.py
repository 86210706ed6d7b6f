"""A feed's schedule, for systemd, cron, Windows or Kubernetes: what runs when, and what follows each exit code.

A delivery that failed or met another run (5, 6) is tried again; what a person has to look at (1 to 4) is not.
"""

from arfeed.schedule.cron import crontab
from arfeed.schedule.document import Document, Schedule
from arfeed.schedule.install import install
from arfeed.schedule.job import Job, job_of
from arfeed.schedule.kubernetes import cron_job
from arfeed.schedule.systemd import units
from arfeed.schedule.times import Times, read_times
from arfeed.schedule.windows import task

__all__ = [
    "Document",
    "Job",
    "Schedule",
    "Times",
    "cron_job",
    "crontab",
    "install",
    "job_of",
    "read_times",
    "task",
    "units",
]
