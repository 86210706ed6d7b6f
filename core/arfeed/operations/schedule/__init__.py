"""A feed's schedule, for systemd, cron, Windows or Kubernetes: what runs when, and what follows each exit code.

A delivery that failed or met another run (5, 6) is tried again; what a person has to look at (1 to 4) is not.
"""
