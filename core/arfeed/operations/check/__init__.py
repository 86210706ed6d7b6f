"""What `arfeed check` finds: the configuration, the history, every source, and the connection to the destination.

Every check is made, whatever the others found; nothing is written at the receiver unless a probe is asked for.
"""
