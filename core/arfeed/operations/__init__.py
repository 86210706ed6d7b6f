"""What people do around the runs: check, init, schedule, scaffold, many feeds."""
