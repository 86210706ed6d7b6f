"""Many feeds on many machines: workers that share a queue in PostgreSQL.

The queue decides when a feed is run and by which worker, and nothing about money: that two runs do not deliver to one
destination is held by the lock and the fencing of the history, as for every other run.
"""
