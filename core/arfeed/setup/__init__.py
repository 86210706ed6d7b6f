"""What `arfeed init` asks, finds out and writes: a first plugins.toml, every line of it with its evidence."""

from arfeed.setup.answers import Answers, Asker, Unattended
from arfeed.setup.draft import Draft, write
from arfeed.setup.interview import interview

__all__ = ["Answers", "Asker", "Draft", "Unattended", "interview", "write"]
