"""A receiver to rehearse with: an SFTP server on this machine that marks as paid what a report no longer lists."""
