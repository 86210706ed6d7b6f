"""arfeed's delivery beside its peers, over a real OpenSSH server."""
